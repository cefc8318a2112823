/* SPDX-License-Identifier: Apache-2.0
 *
 * base32.h - lower-case RFC 4648 base32 without padding: how a share's id stands in a link
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_BASE32_H
#define HW_NET_WIRE_BASE32_H

#include "core/base/limits.h"
#include "core/base/span.h"

/* Characters for so many bytes. */
#define HW_BASE32_SIZE(size)  (((size)*8U + 4U) / 5U)
#define HW_SHARE_ID_TEXT_SIZE HW_BASE32_SIZE(HW_SHARE_ID_SIZE) /* 26 */

/* @ret_text: HW_BASE32_SIZE(size) bytes, the caller's; not terminated. */
void hw_base32_encode(const uint8_t *bytes, uint32_t size, char *ret_text);

/* hw_base32_decode - the one text that encode gives for these bytes, or nothing
 * @ret_bytes  @size bytes, the caller's; untouched on failure; @size <= HW_HASH_SIZE
 * Returns 0; -EINVAL for another size, a character outside a-z2-7, or trailing bits that are not 0.
 */
int hw_base32_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size) HW_MUST_CHECK;

#endif
