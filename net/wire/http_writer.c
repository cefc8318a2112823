/* SPDX-License-Identifier: Apache-2.0
 *
 * Every byte goes through room_take: the one place that knows the capacity.
 */
#include "net/wire/http_writer.h"

#include "core/base/error.h"
#include "net/wire/hex.h"
#include "net/wire/http_char.h"
#include "net/wire/http_date.h"
#include "net/wire/uri.h"
#include "net/wire/utf8.h"

#define HW_NUMBER_SIZE_MAX 20U /* digits of 2^64 - 1 */

static char *room_take(struct hw_http_writer *writer, uint32_t size);
static void value_write(struct hw_http_writer *writer, struct hw_span value);
static uint32_t json_char_write(struct hw_http_writer *writer, struct hw_span text);
static uint32_t plain_char_write(struct hw_http_writer *writer, struct hw_span name);
static bool name_is_plain(struct hw_span name);

void hw_http_writer_init(struct hw_http_writer *writer, char *bytes, uint32_t capacity)
{
	writer->bytes = bytes;
	writer->capacity = capacity;
	writer->size = 0;
	writer->is_overflowed = false;
}

struct hw_span hw_http_writer_span(const struct hw_http_writer *writer)
{
	return (struct hw_span){writer->bytes, writer->size};
}

void hw_http_writer_cut(struct hw_http_writer *writer, uint32_t size)
{
	hw_assert(size <= writer->size);
	writer->size = size;
	writer->is_overflowed = false;
}

/* Where the next @size bytes go; NULL when they do not fit, now or before. */
static char *room_take(struct hw_http_writer *writer, uint32_t size)
{
	hw_assert(writer->size <= writer->capacity);
	if (writer->is_overflowed || size > writer->capacity - writer->size) {
		writer->is_overflowed = true;
		return NULL;
	}
	char *room = writer->bytes + writer->size;
	writer->size += size;
	return room;
}

void hw_http_writer_bytes(struct hw_http_writer *writer, struct hw_span bytes)
{
	char *room = room_take(writer, bytes.size);
	if (room != NULL && bytes.size > 0) {
		memcpy(room, bytes.bytes, bytes.size);
	}
}

void hw_http_writer_text(struct hw_http_writer *writer, const char *text)
{
	hw_http_writer_bytes(writer, hw_span_of(text));
}

void hw_http_writer_number(struct hw_http_writer *writer, uint64_t number)
{
	char digits[HW_NUMBER_SIZE_MAX];
	uint32_t at = HW_NUMBER_SIZE_MAX;
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	hw_http_writer_bytes(writer, (struct hw_span){digits + at, HW_NUMBER_SIZE_MAX - at});
}

void hw_http_writer_hex(struct hw_http_writer *writer, const uint8_t *bytes, uint32_t size)
{
	hw_assert(size <= UINT32_MAX / 2);
	char *room = room_take(writer, 2 * size);
	if (room != NULL) {
		hw_hex_encode(bytes, size, room);
	}
}

void hw_http_writer_date(struct hw_http_writer *writer, uint64_t unix_seconds)
{
	char *room = room_take(writer, HW_HTTP_DATE_SIZE);
	if (room != NULL) {
		hw_http_date_write(unix_seconds, room);
	}
}

void hw_http_writer_json_string(struct hw_http_writer *writer, struct hw_span text)
{
	hw_http_writer_bytes(writer, HW_SPAN("\""));
	while (text.size > 0) {
		text = hw_span_skip(text, json_char_write(writer, text));
	}
	hw_http_writer_bytes(writer, HW_SPAN("\""));
}

/* Returns the bytes of the character written. */
static uint32_t json_char_write(struct hw_http_writer *writer, struct hw_span text)
{
	uint32_t code = 0;
	int size = hw_utf8_next(text, &code);
	if (size < 0) {
		hw_http_writer_bytes(writer, HW_SPAN("\\ufffd"));
		return 1;
	}
	if (code == '"' || code == '\\') {
		hw_http_writer_bytes(writer, HW_SPAN("\\"));
	}
	if (code >= 0x20 && code != '<' && code != 0x7f && code != 0x2028 && code != 0x2029) {
		hw_http_writer_bytes(writer, (struct hw_span){text.bytes, (uint32_t)size});
		return (uint32_t)size;
	}
	uint8_t unit[2] = {(uint8_t)(code >> 8), (uint8_t)code};
	hw_http_writer_bytes(writer, HW_SPAN("\\u"));
	hw_http_writer_hex(writer, unit, sizeof(unit));
	return (uint32_t)size;
}

void hw_http_writer_uri(struct hw_http_writer *writer, struct hw_span text)
{
	if (writer->is_overflowed) {
		return;
	}
	int size = hw_uri_encode(text, writer->bytes + writer->size,
				 hw_min(writer->capacity - writer->size, (uint32_t)INT32_MAX));
	if (size < 0) {
		writer->is_overflowed = true;
		return;
	}
	(void)room_take(writer, (uint32_t)size); /* it fitted: encode was told what is left */
}

void hw_http_writer_status(struct hw_http_writer *writer, uint32_t status)
{
	const char *phrase = hw_http_status_phrase(status);
	hw_assert(phrase != NULL);
	hw_http_writer_bytes(writer, HW_SPAN("HTTP/1.1 "));
	hw_http_writer_number(writer, status);
	hw_http_writer_bytes(writer, HW_SPAN(" "));
	hw_http_writer_text(writer, phrase);
	hw_http_writer_bytes(writer, HW_SPAN("\r\n"));
}

static void field_begin(struct hw_http_writer *writer, struct hw_span name)
{
	/* Names are ours, never a peer's. */
	hw_assert(hw_http_char_all(name, HW_HTTP_CHAR_TOKEN));
	hw_http_writer_bytes(writer, name);
	hw_http_writer_bytes(writer, HW_SPAN(": "));
}

static void field_end(struct hw_http_writer *writer)
{
	hw_http_writer_bytes(writer, HW_SPAN("\r\n"));
}

void hw_http_writer_field(struct hw_http_writer *writer, struct hw_span name, struct hw_span value)
{
	field_begin(writer, name);
	value_write(writer, value);
	field_end(writer);
}

static void value_write(struct hw_http_writer *writer, struct hw_span value)
{
	char *room = room_take(writer, value.size);
	for (uint32_t i = 0; room != NULL && i < value.size; i++) {
		room[i] = value.bytes[i];
		if (!hw_http_char_is(room[i], HW_HTTP_CHAR_VALUE)) {
			room[i] = ' ';
		}
	}
}

void hw_http_writer_field_number(struct hw_http_writer *writer, struct hw_span name,
				 uint64_t number)
{
	field_begin(writer, name);
	hw_http_writer_number(writer, number);
	field_end(writer);
}

void hw_http_writer_field_date(struct hw_http_writer *writer, struct hw_span name,
			       uint64_t unix_seconds)
{
	field_begin(writer, name);
	hw_http_writer_date(writer, unix_seconds);
	field_end(writer);
}

void hw_http_writer_field_etag(struct hw_http_writer *writer, const uint8_t *hash, uint32_t size)
{
	field_begin(writer, HW_SPAN("ETag"));
	hw_http_writer_bytes(writer, HW_SPAN("\""));
	hw_http_writer_hex(writer, hash, size);
	hw_http_writer_bytes(writer, HW_SPAN("\""));
	field_end(writer);
}

/* RFC 6266, D: what is not plain in the old parameter is read differently by each browser, so it is
 * replaced there, and said rightly in the new one, which all that know it prefer. */
void hw_http_writer_field_attachment(struct hw_http_writer *writer, struct hw_span name)
{
	field_begin(writer, HW_SPAN("Content-Disposition"));
	hw_http_writer_bytes(writer, HW_SPAN("attachment; filename=\""));
	for (struct hw_span rest = name; rest.size > 0;) {
		rest = hw_span_skip(rest, plain_char_write(writer, rest));
	}
	hw_http_writer_bytes(writer, HW_SPAN("\""));
	if (!name_is_plain(name)) {
		/* RFC 8187's attr-char holds all of RFC 3986's unreserved. */
		hw_http_writer_bytes(writer, HW_SPAN("; filename*=UTF-8''"));
		hw_http_writer_uri(writer, name);
	}
	field_end(writer);
}

static bool char_is_plain(char c)
{
	uint8_t byte = (uint8_t)c;
	return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
}

static bool name_is_plain(struct hw_span name)
{
	for (uint32_t i = 0; i < name.size; i++) {
		if (!char_is_plain(name.bytes[i])) {
			return false;
		}
	}
	return true;
}

/* One "_" for each character that is not plain. Returns the bytes of the character written. */
static uint32_t plain_char_write(struct hw_http_writer *writer, struct hw_span name)
{
	uint32_t code = 0;
	int size = hw_utf8_next(name, &code);
	bool is_plain = char_is_plain(name.bytes[0]);
	hw_http_writer_bytes(writer, is_plain ? (struct hw_span){name.bytes, 1} : HW_SPAN("_"));
	return size < 0 ? 1 : (uint32_t)size;
}

void hw_http_writer_field_content_range(struct hw_http_writer *writer, uint64_t first,
					uint64_t last, uint64_t size)
{
	hw_assert(first <= last);
	hw_assert(last < size);
	field_begin(writer, HW_SPAN("Content-Range"));
	hw_http_writer_bytes(writer, HW_SPAN("bytes "));
	hw_http_writer_number(writer, first);
	hw_http_writer_bytes(writer, HW_SPAN("-"));
	hw_http_writer_number(writer, last);
	hw_http_writer_bytes(writer, HW_SPAN("/"));
	hw_http_writer_number(writer, size);
	field_end(writer);
}

void hw_http_writer_field_content_range_none(struct hw_http_writer *writer, uint64_t size)
{
	field_begin(writer, HW_SPAN("Content-Range"));
	hw_http_writer_bytes(writer, HW_SPAN("bytes */"));
	hw_http_writer_number(writer, size);
	field_end(writer);
}

void hw_http_writer_head_end(struct hw_http_writer *writer)
{
	field_end(writer);
}
