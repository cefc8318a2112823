/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/utf8.h"

#include "core/base/error.h"

#define HW_CODE_MAX      0x10ffffU
#define HW_SURROGATE_MIN 0xd800U
#define HW_SURROGATE_MAX 0xdfffU

int hw_utf8_next(struct hw_span text, uint32_t *ret_code)
{
	/* The least code that needs so many bytes; a smaller one is overlong. */
	static const uint32_t code_mins[] = {0, 0, 0x80, 0x800, 0x10000};
	hw_assert(text.size > 0);
	uint8_t lead = (uint8_t)text.bytes[0];
	uint32_t size = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (size == 0 || size > text.size || lead >= 0xf8) {
		return -EILSEQ;
	}
	uint32_t code = size == 1 ? lead : lead & (0x7fU >> size);
	for (uint32_t i = 1; i < size; i++) {
		uint8_t byte = (uint8_t)text.bytes[i];
		if ((byte & 0xc0U) != 0x80) {
			return -EILSEQ;
		}
		code = code << 6 | (byte & 0x3fU);
	}
	bool is_surrogate = code >= HW_SURROGATE_MIN && code <= HW_SURROGATE_MAX;
	if (code < code_mins[size] || code > HW_CODE_MAX || is_surrogate) {
		return -EILSEQ;
	}
	*ret_code = code;
	return (int)size;
}

/* A beginning is good when the least or the greatest bytes that may follow make it a character:
 * what is overlong, a surrogate or too large is so at both ends. */
static bool can_begin(struct hw_span text)
{
	static const uint8_t ends[] = {0x80, 0xbf};
	for (uint32_t i = 0; i < hw_count_of(ends); i++) {
		char bytes[4];
		uint32_t code = 0;
		memset(bytes, ends[i], sizeof(bytes));
		memcpy(bytes, text.bytes, text.size);
		int size = hw_utf8_next((struct hw_span){bytes, sizeof(bytes)}, &code);
		if (size > (int)text.size) {
			return true;
		}
	}
	return false;
}

int64_t hw_utf8_check(struct hw_span text)
{
	struct hw_span left = text;
	while (left.size > 0) {
		uint32_t code = 0;
		int size = hw_utf8_next(left, &code);
		if (size < 0 && (left.size > 3 || !can_begin(left))) {
			return -EILSEQ;
		}
		if (size < 0) {
			break;
		}
		left = hw_span_skip(left, (uint32_t)size);
	}
	return text.size - left.size;
}
