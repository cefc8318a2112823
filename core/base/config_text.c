/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/config_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/config.h"

const char *hw_config_text_digits(const char *text, const char **ret_end, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (value > (UINT64_MAX - digit) / 10) {
			return "is too large";
		}
		value = value * 10 + digit;
	}
	if (at == text) {
		return "is not a number";
	}
	*ret_end = at;
	*ret_value = value;
	return NULL;
}

bool hw_config_text_is_of_words(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

struct hw_span hw_config_text_item_take(struct hw_span *rest)
{
	struct hw_span item = *rest;
	const char *comma = memchr(rest->bytes, ',', rest->size);
	if (comma != NULL) {
		item.size = (uint32_t)(comma - rest->bytes);
		*rest = hw_span_skip(*rest, item.size + 1);
	} else {
		*rest = (struct hw_span){NULL, 0};
	}
	while (item.size > 0 && hw_config_text_is_blank(item.bytes[0])) {
		item = hw_span_skip(item, 1);
	}
	while (item.size > 0 && hw_config_text_is_blank(item.bytes[item.size - 1])) {
		item.size--;
	}
	return item;
}

bool hw_config_text_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void hw_config_text_append(char *text, const char *format, ...)
{
	uint64_t used_size = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	int r = vsnprintf(text + used_size, HW_CONFIG_TEXT_SIZE_MAX - used_size, format, arguments);
	va_end(arguments);
	hw_assert(r >= 0 && (uint64_t)r < HW_CONFIG_TEXT_SIZE_MAX - used_size);
}
