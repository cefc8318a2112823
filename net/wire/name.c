/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/name.h"

#include "core/base/error.h"
#include "net/wire/uri.h"
#include "net/wire/utf8.h"

static enum hw_name_verdict code_judge(uint32_t code)
{
	if (code == '/' || code == '\\') {
		return HW_NAME_SEPARATOR;
	}
	bool is_line = code == 0x2028 || code == 0x2029;
	if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || is_line) {
		return HW_NAME_CONTROL;
	}
	if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) {
		return HW_NAME_DIRECTION;
	}
	return HW_NAME_GOOD;
}

enum hw_name_verdict hw_name_judge(struct hw_span name)
{
	if (name.size == 0) {
		return HW_NAME_EMPTY;
	}
	if (name.size > HW_NAME_SIZE_MAX) {
		return HW_NAME_TOO_LONG;
	}
	if (hw_span_equal(name, HW_SPAN(".")) || hw_span_equal(name, HW_SPAN(".."))) {
		return HW_NAME_DOTS;
	}
	while (name.size > 0) {
		uint32_t code = 0;
		int size = hw_utf8_next(name, &code);
		if (size < 0) {
			return HW_NAME_NOT_UTF8;
		}
		enum hw_name_verdict verdict = code_judge(code);
		if (verdict != HW_NAME_GOOD) {
			return verdict;
		}
		name = hw_span_skip(name, (uint32_t)size);
	}
	return HW_NAME_GOOD;
}

enum hw_name_verdict hw_name_clean(struct hw_span segment, char *ret_name, uint32_t *ret_size)
{
	/* All bytes are let through, so that hw_name_judge says what is wrong with them. */
	uint32_t flags = HW_URI_SLASH | HW_URI_CONTROL | HW_URI_NUL;
	int size = hw_uri_decode(segment, flags, ret_name, HW_NAME_SIZE_MAX);
	if (size < 0) {
		return size == -ENAMETOOLONG ? HW_NAME_TOO_LONG : HW_NAME_BAD_ESCAPE;
	}
	*ret_size = (uint32_t)size;
	return hw_name_judge((struct hw_span){ret_name, (uint32_t)size});
}

const char *hw_name_reason(enum hw_name_verdict verdict)
{
	static const char *const reasons[HW_NAME_VERDICT_COUNT] = {
		[HW_NAME_GOOD] = NULL,
		[HW_NAME_EMPTY] = "a file must have a name",
		[HW_NAME_TOO_LONG] = "a file's name must not be longer than 255 bytes",
		[HW_NAME_BAD_ESCAPE] = "the file's name has a broken percent escape",
		[HW_NAME_NOT_UTF8] = "a file's name must be UTF-8",
		[HW_NAME_SEPARATOR] = "a file's name must not have a slash or a backslash",
		[HW_NAME_CONTROL] = "a file's name must not have control characters",
		[HW_NAME_DIRECTION] =
			"a file's name must not have characters that change the direction of text",
		[HW_NAME_DOTS] = "a file's name must not be . or ..",
	};
	hw_assert(verdict < HW_NAME_VERDICT_COUNT);
	return reasons[verdict];
}
