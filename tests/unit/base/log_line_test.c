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
		if (strncmp(got, expected, strlen(expected)) != 0) {
			fail_msg("%s, not %s", got, dates[i].expected);
		}
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
		{{"\xe2\x80\xae", 3}, "\"\\u202e\"", "\"\\u202e\""},       /* right to left */
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
	memcpy(text + HW_LOG_TEXT_SIZE_MAX - 2, "\xf0\x9f\x98\x80", 4);
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

/* A reader of UTF-8 and JSON strings of its own: 0 good. */
static int json_check(const char *line)
{
	bool is_inside = false;
	for (const uint8_t *at = (const uint8_t *)line; *at != '\0'; at++) {
		uint32_t more = *at >= 0xf0 ? 3 : (*at >= 0xe0 ? 2 : (*at >= 0xc0 ? 1 : 0));
		if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && *at < 0xc2) || *at > 0xf4) {
			return 1;
		}
		for (; more > 0; more--) {
			at++;
			if (*at < 0x80 || *at > 0xbf) {
				return 2;
			}
		}
		if (*at == '"') {
			is_inside = !is_inside;
		} else if (*at == '\\') {
			at++;
			if (!is_inside || strchr("\"\\u", *at) == NULL) {
				return 3;
			}
		}
	}
	return is_inside ? 4 : 0;
}

static void test_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		struct hw_prng prng;
		char bytes[2][300];
		hw_prng_init(&prng, seed);
		hw_prng_fill(&prng, bytes, sizeof(bytes));
		for (uint32_t i = 0; i < 300; i++) {
			/* Half of them from what hurts most. */
			static const char evil[] = "\"\\\n\x1b\xc2\xe2\xf0\x80\xa8=";
			if (hw_prng_chance(&prng, 50)) {
				bytes[0][i] = evil[hw_prng_below(&prng, sizeof(evil) - 1)];
			}
		}
		const struct hw_log_field fields[] = {
			HW_F_SPAN("a", ((struct hw_span){bytes[0],
							 (uint32_t)hw_prng_below(&prng, 300)})),
			HW_F_SPAN("b", ((struct hw_span){bytes[1],
							 (uint32_t)hw_prng_below(&prng, 300)})),
			HW_F_U64("c", seed),
		};
		const struct hw_log_line line = {
			.event = "e", .thread = "", .fields = fields, .field_count = 3};
		const char *text = write_line(&line, HW_LOG_FORMAT_JSON);
		int r = json_check(text);
		if (r != 0) {
			fail_msg("seed %llu: fault %d in %s", (unsigned long long)seed, r, text);
		}
		assert_true(strstr(text, "\"c\":") != NULL ||
			    strstr(text, "\"cut\":true}") != NULL);
		text = write_line(&line, HW_LOG_FORMAT_TEXT);
		for (; *text != '\0'; text++) {
			assert_true((uint8_t)*text >= 0x20 && *text != 0x7f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_long_text_is_cut_between_characters),
		cmocka_unit_test(test_fields_that_do_not_fit_are_left_out),
		cmocka_unit_test(test_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
