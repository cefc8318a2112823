/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.h - one character at a time, strictly (RFC 3629)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_UTF8_H
#define HW_NET_WIRE_UTF8_H

#include "core/base/span.h"

/* hw_utf8_next - the first character of a text that is not empty
 * @ret_code  its code point; untouched on failure
 * Returns its size, 1..4 bytes; -EILSEQ when it is cut off, overlong, a surrogate or above
 * U+10FFFF. */
int hw_utf8_next(struct hw_span text, uint32_t *ret_code) HW_MUST_CHECK;

/* hw_utf8_check - how much of a text that may go on is whole characters
 * Returns its size; what is left of @text (at most 3 bytes) may still become a character. -EILSEQ
 * when no byte that follows could make it one. */
int64_t hw_utf8_check(struct hw_span text) HW_MUST_CHECK;

#endif
