/* SPDX-License-Identifier: Apache-2.0
 *
 * base64.h - RFC 4648 base64: with padding for digests and tus metadata, URL-safe for tokens
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 *
 * Decoding is strict: one text for each content; no white space, no missing or further padding,
 * trailing bits 0.
 */
#ifndef HW_NET_WIRE_BASE64_H
#define HW_NET_WIRE_BASE64_H

#include "core/base/limits.h"
#include "core/base/span.h"

/* Characters for so many bytes, with padding and without. */
#define HW_BASE64_SIZE(size)    (((size) + 2U) / 3U * 4U)
#define HW_BASE64URL_SIZE(size) (((size)*4U + 2U) / 3U)
#define HW_TOKEN_TEXT_SIZE      HW_BASE64URL_SIZE(HW_TOKEN_SIZE) /* 43 */

/* @ret_text: HW_BASE64_SIZE(size) bytes, the caller's; not terminated. */
void hw_base64_encode(const uint8_t *bytes, uint32_t size, char *ret_text);

/* hw_base64_decode - text of any size, padded
 * @ret_bytes  @capacity bytes, the caller's; of no meaning after a failure
 * Returns the size; -EINVAL bad text; -ENOBUFS more than @capacity. */
int hw_base64_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t capacity) HW_MUST_CHECK;

/* @ret_text: HW_BASE64URL_SIZE(size) bytes, the caller's; not terminated. */
void hw_base64url_encode(const uint8_t *bytes, uint32_t size, char *ret_text);

/* hw_base64url_decode - exactly @size bytes, without padding
 * @ret_bytes  @size bytes, the caller's; of no meaning after a failure
 * Returns 0 or -EINVAL. Not constant time: compare hashes of tokens, never tokens. */
int hw_base64url_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size) HW_MUST_CHECK;

#endif
