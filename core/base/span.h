/* SPDX-License-Identifier: Apache-2.0
 *
 * span.h - a view of bytes that somebody else owns
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: nothing; a span is valid as long as the bytes it was made from
 */
#ifndef HW_CORE_BASE_SPAN_H
#define HW_CORE_BASE_SPAN_H

#include <string.h>

#include "core/base/check.h"

struct hw_span {
	const char *bytes; /* may be NULL when size is 0 */
	uint32_t size;
};

#define HW_SPAN(literal) ((struct hw_span){(literal), (uint32_t)(sizeof(literal) - 1)})

static inline struct hw_span hw_span_of(const char *text)
{
	uint64_t size = strlen(text);
	hw_assert(size <= UINT32_MAX);
	return (struct hw_span){text, (uint32_t)size};
}

static inline bool hw_span_equal(struct hw_span a, struct hw_span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* ASCII only, as HTTP's field names and tokens are (RFC 9110, 5.1). */
static inline bool hw_span_equal_nocase(struct hw_span a, struct hw_span b)
{
	if (a.size != b.size) {
		return false;
	}
	for (uint32_t i = 0; i < a.size; i++) {
		uint8_t x = (uint8_t)a.bytes[i];
		uint8_t y = (uint8_t)b.bytes[i];
		x = (uint8_t)(x >= 'A' && x <= 'Z' ? x + 32U : x);
		y = (uint8_t)(y >= 'A' && y <= 'Z' ? y + 32U : y);
		if (x != y) {
			return false;
		}
	}
	return true;
}

static inline bool hw_span_starts_with(struct hw_span span, struct hw_span prefix)
{
	return span.size >= prefix.size &&
	       (prefix.size == 0 || memcmp(span.bytes, prefix.bytes, prefix.size) == 0);
}

/* Without its first @count bytes; @count must not exceed the size. */
static inline struct hw_span hw_span_skip(struct hw_span span, uint32_t count)
{
	hw_assert(count <= span.size);
	if (count == 0) {
		return span; /* NULL + 0 is undefined in C */
	}
	return (struct hw_span){span.bytes + count, span.size - count};
}

#endif
