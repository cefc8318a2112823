/* SPDX-License-Identifier: Apache-2.0
 *
 * boolean, count -> item_of -> item_take -> number_size, string_size, display_size, bytes_size,
 *                                        token_size
 *                           -> parameters_are_good -> key_size, item_take
 */
#include "net/wire/structured.h"

#include "core/base/error.h"
#include "net/wire/decimal.h"
#include "net/wire/hex.h"
#include "net/wire/http_char.h"

#define HW_INTEGER_DIGITS_MAX 15U /* RFC 9651, 3.3.1 */
#define HW_WHOLE_DIGITS_MAX   12U /* of a decimal, 3.3.2 */
#define HW_FRACTION_MAX       3U

/* item_take shortens *rest. The others only measure: the bytes of what text begins with, or 0. */
static uint32_t item_take(struct hw_span *rest);
static uint32_t number_size(struct hw_span text);
static uint32_t string_size(struct hw_span text);
static uint32_t display_size(struct hw_span text);
static uint32_t bytes_size(struct hw_span text);
static uint32_t token_size(struct hw_span text);
static uint32_t key_size(struct hw_span text);
static bool parameters_are_good(struct hw_span rest);

static char at(struct hw_span text, uint32_t index)
{
	if (index >= text.size) {
		return '\0';
	}
	return text.bytes[index];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static struct hw_span spaces_skip(struct hw_span text)
{
	uint32_t size = 0;
	while (at(text, size) == ' ') {
		size++;
	}
	return hw_span_skip(text, size);
}

/* The first item without its parameters; size 0 when the value is not one whole, good item. */
static struct hw_span item_of(struct hw_span value)
{
	struct hw_span rest = spaces_skip(value);
	struct hw_span item = rest;
	item.size = item_take(&rest);
	return item.size > 0 && parameters_are_good(rest) ? item : (struct hw_span){NULL, 0};
}

int hw_structured_boolean(struct hw_span value, bool *ret_value)
{
	struct hw_span item = item_of(value);
	if (at(item, 0) != '?') {
		return -EINVAL;
	}
	*ret_value = item.bytes[1] == '1';
	return 0;
}

int hw_structured_count(struct hw_span value, uint64_t *ret_value)
{
	struct hw_span item = item_of(value);
	bool is_negative = at(item, 0) == '-';
	uint64_t number = 0;
	/* Also strings and decimals end here: they are no digits. */
	int r = hw_decimal_parse(hw_span_skip(item, is_negative ? 1 : 0), HW_STRUCTURED_INTEGER_MAX,
				 &number);
	if (r < 0 || (is_negative && number != 0)) {
		return -EINVAL;
	}
	*ret_value = number;
	return 0;
}

static uint32_t item_take(struct hw_span *rest)
{
	char first = at(*rest, 0);
	uint32_t size = 0;
	if (is_digit(first) || first == '-') {
		size = number_size(*rest);
	} else if (first == '"') {
		size = string_size(*rest);
	} else if (first == '%') {
		size = display_size(*rest);
	} else if (first == ':') {
		size = bytes_size(*rest);
	} else if (first == '?') {
		size = at(*rest, 1) == '0' || at(*rest, 1) == '1' ? 2 : 0;
	} else if (first == '@') {
		size = number_size(hw_span_skip(*rest, 1));
		bool is_whole = size > 0 && memchr(rest->bytes + 1, '.', size) == NULL;
		size = is_whole ? size + 1 : 0;
	} else {
		size = token_size(*rest);
	}
	*rest = hw_span_skip(*rest, size);
	return size;
}

static uint32_t digits_size(struct hw_span text, uint32_t from)
{
	uint32_t size = 0;
	while (is_digit(at(text, from + size))) {
		size++;
	}
	return size;
}

static uint32_t number_size(struct hw_span text)
{
	uint32_t sign_size = at(text, 0) == '-' ? 1 : 0;
	uint32_t whole = digits_size(text, sign_size);
	uint32_t size = sign_size + whole;
	if (whole == 0 || whole > HW_INTEGER_DIGITS_MAX || at(text, size) != '.') {
		return whole == 0 || whole > HW_INTEGER_DIGITS_MAX ? 0 : size;
	}
	uint32_t fraction = digits_size(text, size + 1);
	bool is_good = whole <= HW_WHOLE_DIGITS_MAX && fraction > 0 && fraction <= HW_FRACTION_MAX;
	return is_good ? size + 1 + fraction : 0;
}

static uint32_t string_size(struct hw_span text)
{
	for (uint32_t i = 1; i < text.size; i++) {
		char c = text.bytes[i];
		if (c == '"') {
			return i + 1;
		}
		bool is_escape = c == '\\';
		char escaped = at(text, i + 1);
		if (c < ' ' || c > '~' || (is_escape && escaped != '"' && escaped != '\\')) {
			return 0;
		}
		i += is_escape ? 1 : 0;
	}
	return 0;
}

/* %"f%c3%bc": whether it is UTF-8 is of no interest to somebody who forgets it. */
static uint32_t display_size(struct hw_span text)
{
	if (at(text, 1) != '"') {
		return 0;
	}
	for (uint32_t i = 2; i < text.size; i++) {
		char c = text.bytes[i];
		if (c == '"') {
			return i + 1;
		}
		bool is_escape = c == '%';
		if (c < ' ' || c > '~' ||
		    (is_escape &&
		     (hw_hex_digit(at(text, i + 1)) < 0 || hw_hex_digit(at(text, i + 2)) < 0))) {
			return 0;
		}
		i += is_escape ? 2 : 0;
	}
	return 0;
}

static uint32_t bytes_size(struct hw_span text)
{
	for (uint32_t i = 1; i < text.size; i++) {
		char c = text.bytes[i];
		if (c == ':') {
			return i + 1;
		}
		if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '/' && c != '=') {
			return 0;
		}
	}
	return 0;
}

static uint32_t token_size(struct hw_span text)
{
	if (!is_alpha(at(text, 0)) && at(text, 0) != '*') {
		return 0;
	}
	uint32_t size = 1;
	while (size < text.size && (hw_http_char_is(text.bytes[size], HW_HTTP_CHAR_TOKEN) ||
				    text.bytes[size] == ':' || text.bytes[size] == '/')) {
		size++;
	}
	return size;
}

static uint32_t key_size(struct hw_span text)
{
	if (!is_lower(at(text, 0)) && at(text, 0) != '*') {
		return 0;
	}
	uint32_t size = 1;
	for (char c = at(text, size);
	     is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
	     c = at(text, size)) {
		size++;
	}
	return size;
}

/* ";a;b=1", and nothing behind them but spaces. */
static bool parameters_are_good(struct hw_span rest)
{
	while (at(rest, 0) == ';') {
		rest = spaces_skip(hw_span_skip(rest, 1));
		uint32_t size = key_size(rest);
		if (size == 0) {
			return false;
		}
		rest = hw_span_skip(rest, size);
		bool has_value = at(rest, 0) == '=';
		rest = hw_span_skip(rest, has_value ? 1 : 0);
		if (has_value && item_take(&rest) == 0) {
			return false;
		}
	}
	return spaces_skip(rest).size == 0;
}
