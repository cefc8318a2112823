/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/accept.h"

#include <string.h>

#include "net/wire/http_char.h"

/* What is before the next @separator, without blanks; the rest stays in @text. */
static struct hw_span part_next(struct hw_span *text, char separator)
{
	const char *end = memchr(text->bytes, separator, text->size);
	struct hw_span part = *text;
	if (end == NULL) {
		*text = hw_span_skip(*text, text->size);
	} else {
		part.size = (uint32_t)(end - part.bytes);
		*text = hw_span_skip(*text, part.size + 1);
	}
	return hw_http_char_trim(part);
}

/* "q=0", "q=0.", "q=0.000": not that. Anything else is some weight. */
static bool is_refusal(struct hw_span parameter)
{
	if (parameter.size < 3 || (parameter.bytes[0] | 0x20) != 'q' || parameter.bytes[1] != '=') {
		return false;
	}
	for (uint32_t i = 2; i < parameter.size; i++) {
		char wanted = i == 3 ? '.' : '0';
		if (parameter.bytes[i] != wanted) {
			return false;
		}
	}
	return true;
}

static bool has_weight(struct hw_span parameters)
{
	while (parameters.size > 0) {
		if (is_refusal(part_next(&parameters, ';'))) {
			return false;
		}
	}
	return true;
}

bool hw_accept_names(struct hw_span value, struct hw_span name)
{
	while (value.size > 0) {
		struct hw_span item = part_next(&value, ',');
		struct hw_span range = item.size > 0 ? part_next(&item, ';') : item;
		if (range.size == name.size && hw_span_equal_nocase(range, name)) {
			return has_weight(item);
		}
	}
	return false;
}
