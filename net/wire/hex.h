/* SPDX-License-Identifier: Apache-2.0
 *
 * hex.h - lower-case hexadecimal: how a hash is written
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_HEX_H
#define HW_NET_WIRE_HEX_H

#include "core/base/limits.h"
#include "core/base/span.h"

#define HW_HASH_TEXT_SIZE (2U * HW_HASH_SIZE) /* 64 */

/* @ret_text: 2 * size bytes, the caller's; not terminated. */
void hw_hex_encode(const uint8_t *bytes, uint32_t size, char *ret_text);

/* hw_hex_decode - exactly 2 * size digits, of either case
 * @ret_bytes  @size bytes, the caller's; untouched on failure; @size <= HW_HASH_SIZE
 * Returns 0 or -EINVAL. */
int hw_hex_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size) HW_MUST_CHECK;

/* The value of one digit, 0..15; -1 when it is none (a table look-up, no error to handle). */
int hw_hex_digit(char digit);

#endif
