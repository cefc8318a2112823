/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a head is written byte for byte as meant, never beyond the buffer, and no value can end its
 * field; names and JSON come back as they were.
 *
 * Method: whole heads against their text; every capacity below what a head needs must overflow and
 * leave the byte behind the buffer alone; hostile values; a name of each byte, whose filename* is
 * decoded again; a JSON string read back by an unescaper written here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/http_writer.h"

#include "core/base/limits.h"
#include "net/wire/uri.h"
#include "net/wire/utf8.h"

static char g_bytes[8192];
static struct hw_http_writer g_writer;

static void writer_start(void)
{
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
}

static void assert_written(const char *text)
{
	assert_false(g_writer.is_overflowed);
	struct hw_span span = hw_http_writer_span(&g_writer);
	if (!hw_span_equal(span, hw_span_of(text))) {
		fail_msg("wrote \"%.*s\", expected \"%s\"", (int)span.size, span.bytes, text);
	}
}

static void head_write(struct hw_http_writer *writer)
{
	static const uint8_t hash[4] = {0xde, 0xad, 0x00, 0x0f};
	hw_http_writer_status(writer, 206);
	hw_http_writer_field(writer, HW_SPAN("Server"), HW_SPAN("hawser"));
	hw_http_writer_field(writer, HW_SPAN("Empty"), HW_SPAN(""));
	hw_http_writer_field_number(writer, HW_SPAN("Content-Length"), UINT64_MAX);
	hw_http_writer_field_number(writer, HW_SPAN("Age"), 0);
	hw_http_writer_field_date(writer, HW_SPAN("Date"), 784111777);
	hw_http_writer_field_etag(writer, hash, sizeof(hash));
	hw_http_writer_field_content_range(writer, 0, 9, 10);
	hw_http_writer_field_content_range_none(writer, 10);
	hw_http_writer_field_attachment(writer, HW_SPAN("a\xc3\xa4.txt"));
	hw_http_writer_head_end(writer);
	hw_http_writer_json_string(writer, HW_SPAN("a\n\"b\""));
	hw_http_writer_uri(writer, HW_SPAN("/x"));
}

static const char g_head[] = "HTTP/1.1 206 Partial Content\r\n"
			     "Server: hawser\r\n"
			     "Empty: \r\n"
			     "Content-Length: 18446744073709551615\r\n"
			     "Age: 0\r\n"
			     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			     "ETag: \"dead000f\"\r\n"
			     "Content-Range: bytes 0-9/10\r\n"
			     "Content-Range: bytes */10\r\n"
			     "Content-Disposition: attachment; filename=\"a_.txt\"; "
			     "filename*=UTF-8''a%C3%A4.txt\r\n"
			     "\r\n"
			     "\"a\\u000a\\\"b\\\"\"%2Fx";

static void head_test(void **state)
{
	(void)state;
	writer_start();
	head_write(&g_writer);
	assert_written(g_head);
}

static void capacity_test(void **state)
{
	(void)state;
	for (uint32_t capacity = 0; capacity < sizeof(g_head) + 8; capacity++) {
		char *bytes = malloc(capacity + 1);
		assert_non_null(bytes);
		bytes[capacity] = '!';
		struct hw_http_writer writer;
		hw_http_writer_init(&writer, bytes, capacity);
		head_write(&writer);
		assert_int_equal(bytes[capacity], '!');
		assert_true(writer.size <= capacity);
		assert_int_equal(writer.is_overflowed, capacity < sizeof(g_head) - 1);
		if (writer.is_overflowed) {
			/* It stays, and nothing more is written. */
			uint32_t size = writer.size;
			hw_http_writer_number(&writer, 1);
			hw_http_writer_uri(&writer, HW_SPAN(""));
			hw_http_writer_bytes(&writer, HW_SPAN(""));
			assert_true(writer.is_overflowed);
			assert_int_equal(writer.size, size);
		}
		free(bytes);
	}
}

/* No byte of a value can begin another line. */
static void injection_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		char value[3] = {'a', (char)i, 'b'};
		writer_start();
		hw_http_writer_field(&g_writer, HW_SPAN("X"), (struct hw_span){value, 3});
		char expected[] = "X: a?b\r\n";
		bool is_control = (i < 0x20 && i != '\t') || i == 0x7f;
		expected[4] = (char)(is_control ? ' ' : i);
		assert_int_equal(g_writer.size, sizeof(expected) - 1);
		assert_memory_equal(g_bytes, expected, sizeof(expected) - 1);
	}
	writer_start();
	hw_http_writer_field(&g_writer, HW_SPAN("X"), HW_SPAN("a\r\nSet-Cookie: b\r\n\r\n<html>"));
	assert_written("X: a  Set-Cookie: b    <html>\r\n");
}

static void attachment_test(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"report.pdf", "filename=\"report.pdf\""},
		{"a b;c=d'e.txt", "filename=\"a b;c=d'e.txt\""},
		{"a\"b", "filename=\"a_b\"; filename*=UTF-8''a%22b"},
		{"a\\b", "filename=\"a_b\"; filename*=UTF-8''a%5Cb"},
		{"100%.txt", "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"},
		{"%41", "filename=\"_41\"; filename*=UTF-8''%2541"},
		{"\xe2\x82\xac 5", "filename=\"_ 5\"; filename*=UTF-8''%E2%82%AC%205"},
		{"\xf0\x9f\x98\x80", "filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"},
		{"a\r\nX: y", "filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
		{"\";x=\"", "filename=\"_;x=_\"; filename*=UTF-8''%22%3Bx%3D%22"},
		{"\xff\xfe", "filename=\"__\"; filename*=UTF-8''%FF%FE"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		char expected[256];
		(void)snprintf(expected, sizeof(expected),
			       "Content-Disposition: attachment; %s\r\n", cases[i][1]);
		writer_start();
		hw_http_writer_field_attachment(&g_writer, hw_span_of(cases[i][0]));
		assert_written(expected);
	}
}

/* The longest names of each kind fit what the header promises, and come back. */
static void long_name_test(void **state)
{
	(void)state;
	static const char *const parts[] = {
		"a", "\"", "%", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x01"};
	for (uint32_t i = 0; i < hw_count_of(parts); i++) {
		char name[HW_NAME_SIZE_MAX];
		uint32_t part_size = (uint32_t)strlen(parts[i]);
		uint32_t size = 0;
		for (; size + part_size <= HW_NAME_SIZE_MAX; size += part_size) {
			memcpy(name + size, parts[i], part_size);
		}
		hw_http_writer_init(&g_writer, g_bytes, HW_HTTP_ATTACHMENT_SIZE(size));
		hw_http_writer_field_attachment(&g_writer, (struct hw_span){name, size});
		assert_false(g_writer.is_overflowed);
		g_bytes[g_writer.size] = '\0';
		const char *star = strstr(g_bytes, "filename*=UTF-8''");
		assert_int_equal(star == NULL, i == 0);
		if (star != NULL) {
			star += strlen("filename*=UTF-8''");
			char back[HW_NAME_SIZE_MAX];
			struct hw_span raw = {star, (uint32_t)strcspn(star, "\r")};
			assert_int_equal(hw_uri_decode(raw, HW_URI_CONTROL, back, sizeof(back)),
					 size);
			assert_memory_equal(back, name, size);
		}
	}
}

static void json_test(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "\"\""},
		{"abc", "\"abc\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\b\f\n\r\t", "\"\\u0008\\u000c\\u000a\\u000d\\u0009\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
		{"</script>", "\"\\u003c/script>\""},
		{"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\""},
		{"\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
		 "\"a\\ufffdb\""},
		{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"a\xc3", "\"a\\ufffd\""},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		writer_start();
		hw_http_writer_json_string(&g_writer, hw_span_of(cases[i][0]));
		assert_written(cases[i][1]);
	}
	writer_start();
	hw_http_writer_json_string(&g_writer, HW_SPAN("a\0b"));
	assert_written("\"a\\u0000b\"");
}

/* Whatever two bytes: the text is one JSON string, of valid UTF-8, without a bare control. */
static void json_bytes_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 0x10000; i++) {
		char text[4] = {(char)(i >> 8), (char)i, 'x', '"'};
		writer_start();
		hw_http_writer_json_string(&g_writer, (struct hw_span){text, 4});
		struct hw_span rest = hw_http_writer_span(&g_writer);
		assert_int_equal(rest.bytes[0], '"');
		assert_int_equal(rest.bytes[rest.size - 1], '"');
		rest = (struct hw_span){rest.bytes + 1, rest.size - 2};
		while (rest.size > 0) {
			uint32_t code = 0;
			int size = hw_utf8_next(rest, &code);
			assert_true(size > 0);
			assert_true(code >= 0x20 && code != '"' && code != '<');
			if (code == '\\') {
				bool is_unit = rest.bytes[1] == 'u';
				assert_true(is_unit || rest.bytes[1] == '"' ||
					    rest.bytes[1] == '\\');
				size = is_unit ? 6 : 2;
				assert_true((uint32_t)size <= rest.size);
			}
			rest = hw_span_skip(rest, (uint32_t)size);
		}
	}
}

static void cut_test(void **state)
{
	(void)state;
	char bytes[8];
	hw_http_writer_init(&g_writer, bytes, 4);
	hw_http_writer_text(&g_writer, "ab");
	hw_http_writer_text(&g_writer, "cde");
	assert_true(g_writer.is_overflowed);
	hw_http_writer_cut(&g_writer, 2);
	assert_written("ab");
	hw_http_writer_text(&g_writer, "cd");
	assert_written("abcd");
	hw_http_writer_cut(&g_writer, 0);
	assert_written("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_test),       cmocka_unit_test(capacity_test),
		cmocka_unit_test(injection_test),  cmocka_unit_test(attachment_test),
		cmocka_unit_test(long_name_test),  cmocka_unit_test(json_test),
		cmocka_unit_test(json_bytes_test), cmocka_unit_test(cut_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
