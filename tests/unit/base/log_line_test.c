/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an event is one line, whatever stands in it, and JSON stays JSON.
 * Method: exact lines; hostile texts; 20000 seeds of random bytes whose lines are read back by a
 * small reader that knows nothing of the writer.
 */
#include "core/base/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/prng.h"

/* 2026-11-20T12:01:02.345Z */
#define NOON_MS UINT64_C(1795176062345)

static char g_line[HW_LOG_LINE_SIZE_MAX + 1];

static const char *write_line(const struct hw_log_line *line, enum hw_log_format format)
{
	memset(g_line, '~', sizeof(g_line));
	uint32_t size = hw_log_line_write(line, format, g_line);
	assert_in_range(size, 1, HW_LOG_LINE_SIZE_MAX);
	assert_int_equal(g_line[size - 1], '\n');
	assert_null(memchr(g_line, '\n', size - 1));
	g_line[size - 1] = '\0';
	return g_line;
}

static const char *write_text(enum hw_log_format format, struct hw_span text)
{
	const struct hw_log_field field = HW_F_SPAN("k", text);
	return write_line(&(struct hw_log_line){.level = HW_LOG_INFO,
						.event = "e",
						.thread = "",
						.fields = &field,
						.field_count = 1},
			  format);
}

static void test_every_type(void **state)
{
	(void)state;
	const struct hw_log_field fields[] = {
		HW_F_U64("size", UINT64_MAX),        HW_F_I64("change", -3),
		HW_F_BOOL("is_new", true),           HW_F_SPAN("name", HW_SPAN("a b")),
		HW_F_TEXT("word", "plain-1.2"),      HW_F_TEXT("none", NULL),
		HW_F_HEX("root", "\x00\xab\xff", 3), HW_F_ERRNO("error", -ENOSPC),
	};
	const struct hw_log_line line = {
		.level = HW_LOG_INFO,
		.event = "put.done",
		.thread = "reactor-0",
		.wall_ms = NOON_MS,
		.fields = fields,
		.field_count = hw_count_of(fields),
	};
	assert_string_equal(write_line(&line, HW_LOG_FORMAT_TEXT),
			    "12:01:02.345 info  put.done size=18446744073709551615 change=-3 "
			    "is_new=true name=\"a b\" word=plain-1.2 none=\"\" root=00abff "
			    "error=ENOSPC");
	assert_string_equal(write_line(&line, HW_LOG_FORMAT_JSON),
			    "{\"time\":\"2026-11-20T12:01:02.345Z\",\"level\":\"info\","
			    "\"event\":\"put.done\",\"thread\":\"reactor-0\","
			    "\"size\":18446744073709551615,\"change\":-3,\"is_new\":true,"
			    "\"name\":\"a b\",\"word\":\"plain-1.2\",\"none\":\"\","
			    "\"root\":\"00abff\",\"error\":\"ENOSPC\"}");
}

static void test_dates(void **state)
{
	(void)state;
	static const struct {
		uint64_t wall_ms;
		const char *expected;
	} dates[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{UINT64_C(68169599999), "1972-02-28T23:59:59.999Z"},
		{UINT64_C(68169600000), "1972-02-29T00:00:00.000Z"},
		{UINT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
		{UINT64_C(951868800000), "2000-03-01T00:00:00.000Z"},
		{UINT64_C(1767225599999), "2025-12-31T23:59:59.999Z"},
		{UINT64_C(4107542400000), "2100-03-01T00:00:00.000Z"}, /* no leap year */
		{NOON_MS, "2026-11-20T12:01:02.345Z"},
	};
	for (uint32_t i = 0; i < hw_count_of(dates); i++) {
		const struct hw_log_line line = {
			.event = "e", .thread = "", .wall_ms = dates[i].wall_ms};
		char expected[64];
		(void)snprintf(expected, sizeof(expected), "{\"time\":\"%s\",", dates[i].expected);
		const char *got = write_line(&line, HW_LOG_FORMAT_JSON);
		char head[64];
		(void)snprintf(head, strlen(expected) + 1, "%s", got);
		assert_string_equal(head, expected);
	}
}

/* Each would do something to a reader of the log, if it came through. */
static void test_hostile_texts(void **state)
{
	(void)state;
	static const struct {
		struct hw_span text;
		const char *as_text;
		const char *as_json;
	} cases[] = {
		{{"a\nb\r", 4}, "\"a\\u000ab\\u000d\"", "\"a\\u000ab\\u000d\""},
		{{"\x1b[2J", 4}, "\"\\u001b[2J\"", "\"\\u001b[2J\""},
		{{"a\"b\\c", 5}, "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\""},
		{{"x=1 level=error", 15}, "\"x=1 level=error\"", "\"x=1 level=error\""},
		{{"\0\x7f", 2}, "\"\\u0000\\u007f\"", "\"\\u0000\\u007f\""},
		{{"\xc2\x9b", 2}, "\"\\u009b\"", "\"\\u009b\""},           /* CSI in one */
		{{"\xe2\x80\x8f", 3}, "\"\\u200f\"", "\"\\u200f\""},       /* right to left */
		{{"\xe2\x80\xa8", 3}, "\"\\u2028\"", "\"\\u2028\""},       /* line separator */
		{{"\xff", 1}, "\"\\xff\"", "\"\\ufffd\""},                 /* never UTF-8 */
		{{"\xc0\xaf", 2}, "\"\\xc0\\xaf\"", "\"\\ufffd\\ufffd\""}, /* overlong / */
		{{"\xe0\x80\xaf", 3}, "\"\\xe0\\x80\\xaf\"", "\"\\ufffd\\ufffd\\ufffd\""},
		{{"\xed\xa0\x80", 3}, "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\""},
		{{"\xf4\x90\x80\x80", 4},
		 "\"\\xf4\\x90\\x80\\x80\"",
		 "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{{"\xe2\x82", 2}, "\"\\xe2\\x82\"", "\"\\ufffd\\ufffd\""}, /* half a euro */
		{{"\xc3\xa4\xf0\x9f\x98\x80", 6},
		 "\"\xc3\xa4\xf0\x9f\x98\x80\"",
		 "\"\xc3\xa4\xf0\x9f\x98\x80\""},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		const char *text = write_text(HW_LOG_FORMAT_TEXT, cases[i].text);
		assert_string_equal(strstr(text, " k=") + 3, cases[i].as_text);
		char json[128];
		(void)snprintf(json, sizeof(json), "\"k\":%s}", cases[i].as_json);
		text = write_text(HW_LOG_FORMAT_JSON, cases[i].text);
		assert_string_equal(strstr(text, "\"k\":"), json);
	}
}

/* The rest of what turns the direction of writing; no literal holds it, as that would turn this
 * file. */
static void test_directions(void **state)
{
	(void)state;
	static const uint32_t points[] = {0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
					  0x2066, 0x2067, 0x2068, 0x2069, 0xfeff};
	for (uint32_t i = 0; i < hw_count_of(points); i++) {
		uint32_t point = points[i];
		const uint8_t bytes[] = {(uint8_t)(0xe0 | point >> 12),
					 (uint8_t)(0x80 | (point >> 6 & 0x3f)),
					 (uint8_t)(0x80 | (point & 0x3f))};
		const char *line =
			write_text(HW_LOG_FORMAT_TEXT, (struct hw_span){(const char *)bytes, 3});
		char expected[16];
		(void)snprintf(expected, sizeof(expected), "\"\\u%04x\"", point);
		assert_string_equal(strstr(line, " k=") + 3, expected);
	}
}

static void test_long_text_is_cut_between_characters(void **state)
{
	(void)state;
	char text[HW_LOG_TEXT_SIZE_MAX + 4];
	memset(text, 'a', sizeof(text));
	const char *line =
		write_text(HW_LOG_FORMAT_JSON, (struct hw_span){text, HW_LOG_TEXT_SIZE_MAX});
	assert_null(strstr(line, "..."));
	line = write_text(HW_LOG_FORMAT_JSON, (struct hw_span){text, HW_LOG_TEXT_SIZE_MAX + 1});
	assert_non_null(strstr(line, "aaa...\"}"));
	/* A character of four bytes across the limit goes as a whole. */
	static const uint8_t character[] = {0xf0, 0x9f, 0x98, 0x80};
	memcpy(text + HW_LOG_TEXT_SIZE_MAX - 2, character, sizeof(character));
	line = write_text(HW_LOG_FORMAT_JSON, (struct hw_span){text, sizeof(text)});
	assert_non_null(strstr(line, "aaa...\"}"));
	assert_null(strstr(line, "\\ufffd"));
}

static void test_fields_that_do_not_fit_are_left_out(void **state)
{
	(void)state;
	char zeros[HW_LOG_TEXT_SIZE_MAX] = {0}; /* six bytes each, as \u0000 */
	struct hw_log_field fields[40];
	for (uint32_t i = 0; i < hw_count_of(fields); i++) {
		fields[i] = HW_F_U64("n", i);
	}
	fields[3] = HW_F_SPAN("zeros", ((struct hw_span){zeros, sizeof(zeros)}));
	const struct hw_log_line line = {
		.event = "e", .thread = "", .fields = fields, .field_count = hw_count_of(fields)};
	const char *text = write_line(&line, HW_LOG_FORMAT_JSON);
	assert_null(strstr(text, "zeros"));
	assert_non_null(strstr(text, "\"n\":2,\"n\":4"));
	assert_non_null(strstr(text, "\"n\":39,\"cut\":true}"));
	assert_non_null(strstr(write_line(&line, HW_LOG_FORMAT_TEXT), " n=39 cut=true"));
}

/* A reader of its own: the bytes of the UTF-8 character at @at, 0 when it is none. */
static uint32_t utf8_size(const uint8_t *at)
{
	if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && *at < 0xc2) || *at > 0xf4) {
		return 0;
	}
	uint32_t size = *at >= 0xf0 ? 4 : (*at >= 0xe0 ? 3 : (*at >= 0xc0 ? 2 : 1));
	for (uint32_t i = 1; i < size; i++) {
		if (at[i] < 0x80 || at[i] > 0xbf) {
			return 0;
		}
	}
	return size;
}

/* Valid UTF-8, quotes closed, and only known escapes, inside of them. */
static bool is_json(const char *line)
{
	bool is_inside = false;
	const uint8_t *at = (const uint8_t *)line;
	while (*at != '\0') {
		uint32_t size = utf8_size(at);
		bool is_escape = *at == '\\';
		if (size == 0 || (is_escape && (!is_inside || strchr("\"\\u", at[1]) == NULL))) {
			return false;
		}
		is_inside ^= *at == '"';
		at += is_escape ? 2 : size;
	}
	return !is_inside;
}

static bool is_printable(const char *line)
{
	for (; *line != '\0'; line++) {
		if ((uint8_t)*line < 0x20 || *line == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Half of the bytes from what hurts most. */
static struct hw_span evil_text(struct hw_prng *prng, char *bytes, uint32_t size)
{
	static const char evil[] = "\"\\\n\x1b\xc2\xe2\xf0\x80\xa8=";
	hw_prng_fill(prng, bytes, size);
	for (uint32_t i = 0; i < size; i++) {
		if (hw_prng_chance(prng, 50)) {
			bytes[i] = evil[hw_prng_below(prng, sizeof(evil) - 1)];
		}
	}
	return (struct hw_span){bytes, (uint32_t)hw_prng_below(prng, size + 1)};
}

static void run_seed(uint64_t seed)
{
	struct hw_prng prng;
	char bytes[2][300];
	hw_prng_init(&prng, seed);
	const struct hw_log_field fields[] = {
		HW_F_SPAN("a", evil_text(&prng, bytes[0], sizeof(bytes[0]))),
		HW_F_SPAN("b", evil_text(&prng, bytes[1], sizeof(bytes[1]))),
		HW_F_U64("c", seed),
	};
	const struct hw_log_line line = {
		.event = "e", .thread = "", .fields = fields, .field_count = hw_count_of(fields)};
	const char *text = write_line(&line, HW_LOG_FORMAT_JSON);
	bool is_whole = strstr(text, "\"c\":") != NULL || strstr(text, "\"cut\":true}") != NULL;
	if (!is_json(text) || !is_whole) {
		fail_msg("seed %llu: %s", (unsigned long long)seed, text);
	}
	text = write_line(&line, HW_LOG_FORMAT_TEXT);
	if (!is_printable(text)) {
		fail_msg("seed %llu: %s", (unsigned long long)seed, text);
	}
}

static void test_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		run_seed(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_long_text_is_cut_between_characters),
		cmocka_unit_test(test_fields_that_do_not_fit_are_left_out),
		cmocka_unit_test(test_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
