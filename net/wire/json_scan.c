/* SPDX-License-Identifier: Apache-2.0
 *
 *   is_object -> value_skip -> (no recursion: what is open is a bit each) key_skip, scalar_skip
 *   find -> key_skip, value_skip ...
 */
#include "net/wire/json_scan.h"

#include "core/base/error.h"
#include "net/wire/hex.h"

static bool value_skip(struct hw_span *text);
static bool key_skip(struct hw_span *text, struct hw_span *ret_key);
static bool scalar_skip(struct hw_span *text);

static bool is_next(struct hw_span text, char byte)
{
	return text.size > 0 && text.bytes[0] == byte;
}

static bool take(struct hw_span *text, char byte)
{
	if (!is_next(*text, byte)) {
		return false;
	}
	*text = hw_span_skip(*text, 1);
	return true;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void blank_skip(struct hw_span *text)
{
	while (text->size > 0 && is_blank(text->bytes[0])) {
		*text = hw_span_skip(*text, 1);
	}
}

/* What stands behind a backslash, but for u; -1: nothing does. */
static int letter_code(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return letter;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return -1;
	}
}

/* Behind a backslash. */
static bool escape_skip(struct hw_span *text)
{
	if (text->size == 0) {
		return false;
	}
	if (text->bytes[0] != 'u') {
		bool is_known = letter_code(text->bytes[0]) >= 0;
		*text = hw_span_skip(*text, 1);
		return is_known;
	}
	*text = hw_span_skip(*text, 1);
	for (uint32_t i = 0; i < 4; i++) {
		if (text->size == 0 || hw_hex_digit(text->bytes[0]) < 0) {
			return false;
		}
		*text = hw_span_skip(*text, 1);
	}
	return true;
}

static bool string_skip(struct hw_span *text)
{
	if (!take(text, '"')) {
		return false;
	}
	while (text->size > 0) {
		char byte = text->bytes[0];
		*text = hw_span_skip(*text, 1);
		if (byte == '"') {
			return true;
		}
		if ((uint8_t)byte < ' ' || (byte == '\\' && !escape_skip(text))) {
			return false;
		}
	}
	return false;
}

static uint32_t digits_skip(struct hw_span *text)
{
	uint32_t count = 0;
	while (text->size > 0 && text->bytes[0] >= '0' && text->bytes[0] <= '9') {
		*text = hw_span_skip(*text, 1);
		count++;
	}
	return count;
}

static bool number_skip(struct hw_span *text)
{
	(void)take(text, '-'); /* may be */
	bool is_zero = is_next(*text, '0');
	uint32_t count = digits_skip(text);
	if (count == 0 || (is_zero && count > 1)) {
		return false;
	}
	if (take(text, '.') && digits_skip(text) == 0) {
		return false;
	}
	if (take(text, 'e') || take(text, 'E')) {
		if (!take(text, '+')) {
			(void)take(text, '-'); /* may be */
		}
		return digits_skip(text) > 0;
	}
	return true;
}

static bool scalar_skip(struct hw_span *text)
{
	static const char *const words[] = {"true", "false", "null"};
	if (is_next(*text, '"')) {
		return string_skip(text);
	}
	for (uint32_t i = 0; i < hw_count_of(words); i++) {
		struct hw_span word = hw_span_of(words[i]);
		if (hw_span_starts_with(*text, word)) {
			*text = hw_span_skip(*text, word.size);
			return true;
		}
	}
	return number_skip(text);
}

static bool key_skip(struct hw_span *text, struct hw_span *ret_key)
{
	blank_skip(text);
	struct hw_span start = *text;
	if (!string_skip(text)) {
		return false;
	}
	*ret_key = (struct hw_span){start.bytes + 1, start.size - text->size - 2};
	blank_skip(text);
	return take(text, ':');
}

/* What is open: the last bit is the innermost; 1 an object, 0 an array. */
struct nest {
	uint32_t bits;
	uint32_t depth;
};

static bool is_in_object(const struct nest *nest)
{
	return (nest->bits & 1U) != 0;
}

/* A bracket opens. Returns 1 a value follows, 0 the pair is empty (nest_close finds its end), -1
 * bad. */
static int nest_open(struct nest *nest, struct hw_span *text)
{
	struct hw_span key;
	bool is_object = is_next(*text, '{');
	if (nest->depth == HW_JSON_DEPTH_MAX) {
		return -1;
	}
	*text = hw_span_skip(*text, 1);
	nest->bits = nest->bits << 1 | is_object;
	nest->depth++;
	blank_skip(text);
	if (is_next(*text, is_object ? '}' : ']')) {
		return 0;
	}
	return !is_object || key_skip(text, &key) ? 1 : -1;
}

/* Behind a value: close what closes here. Returns 1 another value follows, 0 the end, -1 bad. */
static int nest_close(struct nest *nest, struct hw_span *text)
{
	struct hw_span key;
	while (nest->depth > 0) {
		blank_skip(text);
		if (take(text, ',')) {
			return !is_in_object(nest) || key_skip(text, &key) ? 1 : -1;
		}
		if (!take(text, is_in_object(nest) ? '}' : ']')) {
			return -1;
		}
		nest->bits >>= 1;
		nest->depth--;
	}
	return 0;
}

/* A scalar or a bracket, and what closes behind it. Returns as nest_close. */
static int value_step(struct nest *nest, struct hw_span *text)
{
	blank_skip(text);
	if (is_next(*text, '{') || is_next(*text, '[')) {
		int more = nest_open(nest, text);
		return more != 0 ? more : nest_close(nest, text);
	}
	return scalar_skip(text) ? nest_close(nest, text) : -1;
}

static bool value_skip(struct hw_span *text)
{
	struct nest nest = {0};
	int more;
	do {
		more = value_step(&nest, text);
	} while (more > 0);
	return more == 0;
}

bool hw_json_is_object(struct hw_span text)
{
	blank_skip(&text);
	if (!is_next(text, '{') || !value_skip(&text)) {
		return false;
	}
	blank_skip(&text);
	return text.size == 0;
}

bool hw_json_find(struct hw_span object, struct hw_span name, struct hw_span *ret_value)
{
	struct hw_span text = object;
	struct hw_span key;
	blank_skip(&text);
	bool has_more = take(&text, '{');
	while (has_more && key_skip(&text, &key)) {
		blank_skip(&text);
		struct hw_span start = text;
		if (!value_skip(&text)) {
			return false;
		}
		if (hw_span_equal(key, name)) {
			*ret_value = (struct hw_span){start.bytes, start.size - text.size};
			return true;
		}
		blank_skip(&text);
		has_more = take(&text, ',');
	}
	return false;
}

/* -- strings -- */

struct output {
	char *bytes;
	uint32_t capacity;
	uint32_t size;
};

static bool put(struct output *output, uint32_t byte)
{
	if (output->size == output->capacity) {
		return false;
	}
	output->bytes[output->size++] = (char)byte;
	return true;
}

static bool code_put(struct output *output, uint32_t code)
{
	if (code < 0x80) {
		return put(output, code);
	}
	if (code < 0x800) {
		return put(output, 0xc0U | code >> 6) && put(output, 0x80U | (code & 0x3fU));
	}
	if (code < 0x10000) {
		return put(output, 0xe0U | code >> 12) &&
		       put(output, 0x80U | (code >> 6 & 0x3fU)) &&
		       put(output, 0x80U | (code & 0x3fU));
	}
	return put(output, 0xf0U | code >> 18) && put(output, 0x80U | (code >> 12 & 0x3fU)) &&
	       put(output, 0x80U | (code >> 6 & 0x3fU)) && put(output, 0x80U | (code & 0x3fU));
}

static uint32_t unit_take(struct hw_span *text)
{
	uint32_t unit = 0;
	for (uint32_t i = 0; i < 4; i++) {
		unit = unit << 4 | (uint32_t)hw_hex_digit(text->bytes[i]);
	}
	*text = hw_span_skip(*text, 4);
	return unit;
}

/* Behind a backslash; the escape is known to be well-formed. Returns its code, or -EINVAL. */
static int escape_take(struct hw_span *text)
{
	char letter = text->bytes[0];
	*text = hw_span_skip(*text, 1);
	if (letter != 'u') {
		return letter_code(letter);
	}
	uint32_t unit = unit_take(text);
	if (unit < 0xd800 || unit > 0xdfff) {
		return (int)unit;
	}
	if (unit > 0xdbff || !hw_span_starts_with(*text, HW_SPAN("\\u"))) {
		return -EINVAL;
	}
	*text = hw_span_skip(*text, 2);
	uint32_t low = unit_take(text);
	if (low < 0xdc00 || low > 0xdfff) {
		return -EINVAL;
	}
	return (int)(0x10000U + ((unit - 0xd800U) << 10) + (low - 0xdc00U));
}

/* A byte as it is, or an escape. Returns 0 or -errno. */
static int next_put(struct output *output, struct hw_span *text)
{
	char byte = text->bytes[0];
	*text = hw_span_skip(*text, 1);
	if (byte != '\\') {
		return put(output, (uint8_t)byte) ? 0 : -ENAMETOOLONG;
	}
	int code = escape_take(text);
	if (code < 0) {
		return code;
	}
	return code_put(output, (uint32_t)code) ? 0 : -ENAMETOOLONG;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): output writes there */
int hw_json_string(struct hw_span value, char *ret_bytes, uint32_t capacity)
{
	struct output output = {.bytes = ret_bytes, .capacity = capacity};
	struct hw_span text = value;
	if (!string_skip(&text) || text.size != 0) {
		return -EINVAL;
	}
	text = (struct hw_span){value.bytes + 1, value.size - 2};
	int r = 0;
	while (r == 0 && text.size > 0) {
		r = next_put(&output, &text);
	}
	return r < 0 ? r : (int)output.size;
}
