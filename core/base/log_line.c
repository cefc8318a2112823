/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_log_line_write -> text_head | json_head
 *                   -> field_put -> key_put, value_put -> text_put -> character_put
 *                   -> tail_put
 */
#include "core/base/log_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/error.h"

/* Kept free until the end: `,"cut":true}` and the line feed. */
#define TAIL_SIZE      16U
#define PIECE_SIZE_MAX 128U /* bytes of one printf: numbers and names of ours */

/* The line as it grows. Once something did not fit, is_full stays until the field is taken back. */
struct sink {
	char *bytes;
	uint32_t used_size;
	bool is_json;
	bool is_full;
};

static void text_head(struct sink *sink, const struct hw_log_line *line);
static void json_head(struct sink *sink, const struct hw_log_line *line);
static void field_put(struct sink *sink, const struct hw_log_field *field);
static void key_put(struct sink *sink, const char *key);
static void value_put(struct sink *sink, const struct hw_log_field *field);
static void text_put(struct sink *sink, struct hw_span text);
static bool is_plain(struct hw_span text);
static void character_put(struct sink *sink, struct hw_span text, uint32_t size);
static uint32_t character_size(struct hw_span text);
static uint32_t code_point_of(struct hw_span text, uint32_t size);
static bool is_dangerous(uint32_t code_point);
static void hex_put(struct sink *sink, struct hw_span bytes);
static void tail_put(struct sink *sink, bool is_cut);
static void put(struct sink *sink, const char *bytes, uint32_t size);
static void put_format(struct sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A moment in UTC. Not gmtime_r(): it takes libc's lock on the time zone. */
struct moment {
	uint32_t year;
	uint32_t month;
	uint32_t day;
	uint32_t day_ms;
};

static struct moment moment_of(uint64_t wall_ms);

uint32_t hw_log_line_write(const struct hw_log_line *line, enum hw_log_format format,
			   char *ret_bytes)
{
	hw_assert(format == HW_LOG_FORMAT_TEXT || format == HW_LOG_FORMAT_JSON);
	hw_assert(line->level < HW_LOG_LEVEL_COUNT);
	struct sink sink = {.is_json = format == HW_LOG_FORMAT_JSON};
	sink.bytes = ret_bytes;
	if (sink.is_json) {
		json_head(&sink, line);
	} else {
		text_head(&sink, line);
	}
	hw_assert(!sink.is_full); /* events and thread names are short and ours */
	bool is_cut = false;
	for (uint32_t i = 0; i < line->field_count; i++) {
		uint32_t before_size = sink.used_size;
		field_put(&sink, &line->fields[i]);
		if (sink.is_full) {
			sink.used_size = before_size;
			sink.is_full = false;
			is_cut = true;
		}
	}
	tail_put(&sink, is_cut);
	hw_assert(sink.used_size <= HW_LOG_LINE_SIZE_MAX);
	return sink.used_size;
}

static void text_head(struct sink *sink, const struct hw_log_line *line)
{
	struct moment at = moment_of(line->wall_ms);
	put_format(sink, "%02u:%02u:%02u.%03u %-5s %s", at.day_ms / 3600000, at.day_ms / 60000 % 60,
		   at.day_ms / 1000 % 60, at.day_ms % 1000, hw_log_level_name(line->level),
		   line->event);
}

static void json_head(struct sink *sink, const struct hw_log_line *line)
{
	struct moment at = moment_of(line->wall_ms);
	put_format(sink, "{\"time\":\"%04u-%02u-%02uT%02u:%02u:%02u.%03uZ\"", at.year, at.month,
		   at.day, at.day_ms / 3600000, at.day_ms / 60000 % 60, at.day_ms / 1000 % 60,
		   at.day_ms % 1000);
	put_format(sink, ",\"level\":\"%s\",\"event\":\"%s\"", hw_log_level_name(line->level),
		   line->event);
	if (line->thread[0] != '\0') {
		put_format(sink, ",\"thread\":\"%s\"", line->thread);
	}
}

static void field_put(struct sink *sink, const struct hw_log_field *field)
{
	key_put(sink, field->key);
	value_put(sink, field);
}

static void key_put(struct sink *sink, const char *key)
{
	put_format(sink, sink->is_json ? ",\"%s\":" : " %s=", key);
}

static void value_put(struct sink *sink, const struct hw_log_field *field)
{
	switch (field->type) {
	case HW_LOG_TYPE_U64:
		put_format(sink, "%" PRIu64, field->u64);
		return;
	case HW_LOG_TYPE_I64:
		put_format(sink, "%" PRId64, field->i64);
		return;
	case HW_LOG_TYPE_BOOL:
		put_format(sink, "%s", field->u64 != 0 ? "true" : "false");
		return;
	case HW_LOG_TYPE_TEXT:
		text_put(sink, field->text);
		return;
	case HW_LOG_TYPE_HEX:
		hex_put(sink, field->text);
		return;
	case HW_LOG_TYPE_ERRNO:
		text_put(sink, hw_span_of(hw_error_name((int)field->i64)));
		return;
	case HW_LOG_TYPE_COUNT:
		break;
	}
	hw_assert(false);
}

static void text_put(struct sink *sink, struct hw_span text)
{
	bool is_cut = text.size > HW_LOG_TEXT_SIZE_MAX;
	if (is_cut) {
		text.size = HW_LOG_TEXT_SIZE_MAX;
		/* Not through the middle of a character: its half would read as invalid. */
		for (uint32_t i = 0; i < 3 && ((uint8_t)text.bytes[text.size] & 0xc0) == 0x80;
		     i++) {
			text.size--;
		}
	}
	if (!sink->is_json && !is_cut && is_plain(text)) {
		put(sink, text.bytes, text.size);
		return;
	}
	put(sink, "\"", 1);
	while (text.size > 0) {
		uint32_t size = character_size(text);
		character_put(sink, text, size);
		text = hw_span_skip(text, hw_max(size, 1));
	}
	put(sink, is_cut ? "...\"" : "\"", is_cut ? 4 : 1);
}

/* May stand in a line of text without quotes. */
static bool is_plain(struct hw_span text)
{
	for (uint32_t i = 0; i < text.size; i++) {
		uint8_t byte = (uint8_t)text.bytes[i];
		if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\' || byte == '=') {
			return false;
		}
	}
	return text.size > 0;
}

/* The first character of @text, of @size bytes (0: not UTF-8), between quotes. */
static void character_put(struct sink *sink, struct hw_span text, uint32_t size)
{
	uint8_t byte = (uint8_t)text.bytes[0];
	if (size == 0) {
		/* JSON has no word for a byte; what it was is lost there, not its being there. */
		put_format(sink, sink->is_json ? "\\ufffd" : "\\x%02x", byte);
		return;
	}
	if (byte == '"' || byte == '\\') {
		put_format(sink, "\\%c", byte);
		return;
	}
	uint32_t code_point = code_point_of(text, size);
	if (is_dangerous(code_point)) {
		put_format(sink, "\\u%04x", code_point);
		return;
	}
	put(sink, text.bytes, size);
}

/* Bytes of the character that @text begins with; 0 when they are not UTF-8 (RFC 3629: no overlong
 * form, no surrogate, nothing above U+10FFFF). */
static uint32_t character_size(struct hw_span text)
{
	uint8_t first = (uint8_t)text.bytes[0];
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc2 || first > 0xf4) {
		return 0;
	}
	uint32_t size = first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4);
	if (text.size < size) {
		return 0;
	}
	for (uint32_t i = 1; i < size; i++) {
		if (((uint8_t)text.bytes[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	uint32_t code_point = code_point_of(text, size);
	bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
	bool is_overlong = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
	return is_surrogate || is_overlong || code_point > 0x10ffff ? 0 : size;
}

static uint32_t code_point_of(struct hw_span text, uint32_t size)
{
	static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	hw_assert(size >= 1 && size <= 4);
	uint32_t code_point = (uint8_t)text.bytes[0] & masks[size];
	for (uint32_t i = 1; i < size; i++) {
		code_point = code_point << 6 | ((uint8_t)text.bytes[i] & 0x3fU);
	}
	return code_point;
}

/* What moves a terminal's cursor, ends a line for some reader, or turns the direction of writing
 * so that a line seems to say something else. All are below U+10000: \u has four digits. */
static bool is_dangerous(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
	       (code_point >= 0x200b && code_point <= 0x200f) ||
	       (code_point >= 0x2028 && code_point <= 0x202e) ||
	       (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xfeff;
}

static void hex_put(struct sink *sink, struct hw_span bytes)
{
	uint32_t size = hw_min(bytes.size, HW_LOG_HEX_SIZE_MAX);
	const char *quote = sink->is_json || size == 0 ? "\"" : "";
	put_format(sink, "%s", quote);
	for (uint32_t i = 0; i < size; i++) {
		put_format(sink, "%02x", (uint8_t)bytes.bytes[i]);
	}
	put_format(sink, "%s", quote);
}

static void tail_put(struct sink *sink, bool is_cut)
{
	const char *cut = sink->is_json ? ",\"cut\":true" : " cut=true";
	int r = snprintf(sink->bytes + sink->used_size, TAIL_SIZE, "%s%s", is_cut ? cut : "",
			 sink->is_json ? "}" : "");
	hw_assert(r >= 0 && (uint32_t)r < TAIL_SIZE);
	sink->used_size += (uint32_t)r;
	sink->bytes[sink->used_size++] = '\n';
}

static void put(struct sink *sink, const char *bytes, uint32_t size)
{
	if (sink->is_full || size > HW_LOG_LINE_SIZE_MAX - TAIL_SIZE - sink->used_size) {
		sink->is_full = true;
		return;
	}
	if (size > 0) {
		memcpy(sink->bytes + sink->used_size, bytes, size);
	}
	sink->used_size += size;
}

static void put_format(struct sink *sink, const char *format, ...)
{
	char piece[PIECE_SIZE_MAX];
	va_list arguments;
	va_start(arguments, format);
	int r = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	hw_assert(r >= 0 && (uint32_t)r < sizeof(piece));
	put(sink, piece, (uint32_t)r);
}

/* The civil date of a day number, by eras of 400 years that begin on the first of March: so the
 * leap day is a year's last, and the months' lengths follow one formula. */
static struct moment moment_of(uint64_t wall_ms)
{
	uint64_t days = wall_ms / 86400000 + 719468; /* since 0000-03-01 */
	uint32_t era_day = (uint32_t)(days % 146097);
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * year_day + 2) / 153;
	uint32_t month = march_month < 10 ? march_month + 3 : march_month - 9;
	return (struct moment){
		.year = (uint32_t)(days / 146097) * 400 + era_year + (month <= 2 ? 1 : 0),
		.month = month,
		.day = year_day - (153 * march_month + 2) / 5 + 1,
		.day_ms = (uint32_t)(wall_ms % 86400000),
	};
}
