/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_char.h"

/* The sums of the classes of each byte: 1 token, 2 target, 4 value, 8 host, 16 digit. Written out,
 * so that the table is const and shared; tests/unit/wire/http_char_test.c compares every entry with
 * the grammar. */
/* clang-format off */
const uint8_t hw_http_char_classes[256] = {
	/* 00 */  0,  0,  0,  0,  0,  0,  0,  0,  0,  4,  0,  0,  0,  0,  0,  0,
	/* 10 */  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
	/* 20 */  4,  7,  6,  5,  7,  7,  7,  7,  6,  6,  7,  7,  6, 15, 15,  6,
	/* 30 */ 31, 31, 31, 31, 31, 31, 31, 31, 31, 31,  6,  6,  6,  6,  6,  6,
	/* 40 */  6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
	/* 50 */ 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  6,  6,  7, 15,
	/* 60 */  7, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
	/* 70 */ 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  7,  6, 15,  0,
	/* 80 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* 90 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* a0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* b0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* c0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* d0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* e0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
	/* f0 */  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
};
/* clang-format on */

bool hw_http_char_all(struct hw_span span, unsigned int class)
{
	for (uint32_t i = 0; i < span.size; i++) {
		if (!hw_http_char_is(span.bytes[i], class)) {
			return false;
		}
	}
	return span.size > 0;
}

struct hw_span hw_http_char_trim(struct hw_span span)
{
	while (span.size > 0 && hw_http_char_is_space(span.bytes[0])) {
		span = hw_span_skip(span, 1);
	}
	while (span.size > 0 && hw_http_char_is_space(span.bytes[span.size - 1])) {
		span.size--;
	}
	return span;
}
