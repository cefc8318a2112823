/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a wish is what the JSON says, field by field; what is not exactly that is refused with a
 * sentence that names the field.
 *
 * Method: every field with each kind of value; tables of faults; JSON that is none, too deep, too
 * large or has too many values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/duration.h"
#include "net/wire/share_wish.h"

static struct hw_share_wish g_wish;
static char g_sentence[HW_SHARE_WISH_SENTENCE_MAX];

static enum hw_share_wish_verdict parse_as(const char *body, bool is_change)
{
	memset(&g_wish, 0x5a, sizeof(g_wish));
	g_sentence[0] = '\0';
	enum hw_share_wish_verdict verdict =
		hw_share_wish_parse(hw_span_of(body), is_change, &g_wish, g_sentence);
	assert_int_equal(verdict == HW_SHARE_WISH_GOOD, g_sentence[0] == '\0');
	/* Untouched on failure. */
	assert_true(verdict == HW_SHARE_WISH_GOOD || g_wish.given == 0x5a5a5a5a);
	return verdict;
}

static void assert_good(const char *body, uint32_t given)
{
	if (parse_as(body, false) != HW_SHARE_WISH_GOOD) {
		fail_msg("%s: %s", body, g_sentence);
	}
	assert_int_equal(g_wish.given, given);
}

static void whole_test(void **state)
{
	(void)state;
	assert_good("{\"expires_in\":\"24h\",\"downloads_max\":3,\"password\":\"p\xc3\xa4ss\","
		    "\"message\":\"for\\nyou\",\"link_name\":\"my-link\",\"mode\":\"spill\"}",
		    HW_SHARE_WISH_EXPIRES_IN | HW_SHARE_WISH_DOWNLOADS | HW_SHARE_WISH_PASSWORD |
			    HW_SHARE_WISH_MESSAGE | HW_SHARE_WISH_LINK_NAME | HW_SHARE_WISH_MODE);
	assert_true(g_wish.expires_in_ms == 86400000);
	assert_int_equal(g_wish.downloads_max, 3);
	assert_int_equal(g_wish.password_size, 5);
	assert_memory_equal(g_wish.password, "p\xc3\xa4ss", 5);
	assert_int_equal(g_wish.message_size, 7);
	assert_memory_equal(g_wish.message, "for\nyou", 7);
	assert_int_equal(g_wish.link_name_size, 7);
	assert_memory_equal(g_wish.link_name, "my-link", 7);
	assert_int_equal(g_wish.mode, HW_SHARE_JSON_SPILL);
}

static void values_test(void **state)
{
	(void)state;
	assert_good("", 0);
	assert_good(" {} ", 0);
	assert_int_equal(g_wish.mode, HW_SHARE_JSON_STORED);
	assert_good("{\"expires_in\":3600}", HW_SHARE_WISH_EXPIRES_IN);
	assert_true(g_wish.expires_in_ms == 3600000);
	assert_good("{\"expires_in\":3153600000}", HW_SHARE_WISH_EXPIRES_IN);
	assert_true(g_wish.expires_in_ms == HW_DURATION_MAX_MS);
	assert_good("{\"expires_in\":null}", HW_SHARE_WISH_EXPIRES_IN);
	assert_true(g_wish.expires_in_ms == HW_DURATION_NEVER);
	assert_good("{\"expires_in\":\"never\"}", HW_SHARE_WISH_EXPIRES_IN);
	assert_true(g_wish.expires_in_ms == HW_DURATION_NEVER);
	assert_good("{\"expires_at\":\"2026-11-25T17:38:00Z\"}", HW_SHARE_WISH_EXPIRES_AT);
	assert_true(g_wish.expires_at_ms == 1795628280000);
	assert_good("{\"expires_at\":null}", HW_SHARE_WISH_EXPIRES_AT);
	assert_true(g_wish.expires_at_ms == HW_DURATION_NEVER);
	assert_good("{\"downloads_max\":4294967295}", HW_SHARE_WISH_DOWNLOADS);
	assert_true(g_wish.downloads_max == UINT32_MAX);
	assert_good(
		"{\"downloads_max\":null,\"password\":null,\"message\":null,\"link_name\":null}",
		HW_SHARE_WISH_DOWNLOADS | HW_SHARE_WISH_PASSWORD | HW_SHARE_WISH_MESSAGE |
			HW_SHARE_WISH_LINK_NAME);
	assert_int_equal(g_wish.downloads_max, 0);
	assert_int_equal(g_wish.password_size + g_wish.message_size + g_wish.link_name_size, 0);
	assert_good("{\"message\":\"\"}", HW_SHARE_WISH_MESSAGE);
	assert_good("{\"mode\":\"live\"}", HW_SHARE_WISH_MODE);
	assert_int_equal(g_wish.mode, HW_SHARE_JSON_LIVE);
	assert_good("{\"pass\\u0077ord\":\"x\"}", HW_SHARE_WISH_PASSWORD);
}

static void wrong_test(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		const char *field;
	} cases[] = {
		{"{\"expires_in\":0}", "expires_in"},
		{"{\"expires_in\":-1}", "expires_in"},
		{"{\"expires_in\":1.5}", "expires_in"},
		{"{\"expires_in\":3153600001}", "expires_in"},
		{"{\"expires_in\":9223372036854775807}", "expires_in"},
		{"{\"expires_in\":\"\"}", "expires_in"},
		{"{\"expires_in\":\"0\"}", "expires_in"},
		{"{\"expires_in\":\"1 day\"}", "expires_in"},
		{"{\"expires_in\":true}", "expires_in"},
		{"{\"expires_in\":[\"24h\"]}", "expires_in"},
		{"{\"expires_at\":1795628280}", "expires_at"},
		{"{\"expires_at\":\"2026-11-25\"}", "expires_at"},
		{"{\"expires_at\":false}", "expires_at"},
		{"{\"expires_at\":\"2026-11-25T17:38:00Z\",\"expires_in\":1}", "expires_at"},
		{"{\"expires_at\":null,\"expires_in\":null}", "expires_at"},
		{"{\"downloads_max\":0}", "downloads_max"},
		{"{\"downloads_max\":-1}", "downloads_max"},
		{"{\"downloads_max\":4294967296}", "downloads_max"},
		{"{\"downloads_max\":1.0}", "downloads_max"},
		{"{\"downloads_max\":\"1\"}", "downloads_max"},
		{"{\"password\":\"\"}", "password"},
		{"{\"password\":1}", "password"},
		{"{\"password\":{}}", "password"},
		{"{\"message\":1}", "message"},
		{"{\"message\":\"\\u001b[2J\"}", "message"},
		{"{\"message\":\"\\u0085\"}", "message"},
		{"{\"message\":\"\\u007f\"}", "message"},
		{"{\"link_name\":\"\"}", "link_name"},
		{"{\"link_name\":\"a\"}", "link_name"},
		{"{\"link_name\":\"api\"}", "link_name"},
		{"{\"link_name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "link_name"},
		{"{\"link_name\":7}", "link_name"},
		{"{\"mode\":\"\"}", "mode"},
		{"{\"mode\":\"Stored\"}", "mode"},
		{"{\"mode\":null}", "mode"},
		{"{\"mode\":0}", "mode"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		if (parse_as(cases[i].body, false) != HW_SHARE_WISH_BAD_VALUE) {
			fail_msg("%s is taken, or another fault: %s", cases[i].body, g_sentence);
		}
		uint32_t size = (uint32_t)strlen(cases[i].field);
		assert_memory_equal(g_sentence, cases[i].field, size);
		assert_int_equal(g_sentence[size], ':');
	}
}

static void sizes_test(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		uint32_t size_max;
	} fields[] = {{"password", HW_PASSWORD_SIZE_MAX},
		      {"message", HW_MESSAGE_SIZE_MAX},
		      {"link_name", HW_LINK_NAME_SIZE_MAX}};
	for (uint32_t i = 0; i < hw_count_of(fields); i++) {
		char body[HW_MESSAGE_SIZE_MAX + 64];
		char text[HW_MESSAGE_SIZE_MAX + 2];
		memset(text, 'x', sizeof(text));
		text[fields[i].size_max] = '\0';
		(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", fields[i].field, text);
		assert_int_equal(parse_as(body, false), HW_SHARE_WISH_GOOD);
		assert_int_equal(g_wish.password_size + g_wish.message_size + g_wish.link_name_size,
				 fields[i].size_max);
		text[fields[i].size_max] = 'x';
		text[fields[i].size_max + 1] = '\0';
		(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", fields[i].field, text);
		assert_int_equal(parse_as(body, false), HW_SHARE_WISH_BAD_VALUE);
	}
}

static void unknown_test(void **state)
{
	(void)state;
	assert_int_equal(parse_as("{\"pasword\":\"x\"}", false), HW_SHARE_WISH_UNKNOWN);
	assert_string_equal(g_sentence, "pasword: There is no such field.");
	assert_int_equal(parse_as("{\"\":1}", false), HW_SHARE_WISH_UNKNOWN);
	assert_int_equal(parse_as("{\"Mode\":\"live\"}", false), HW_SHARE_WISH_UNKNOWN);
	assert_int_equal(parse_as("{\"a\\u000ab\":[{}]}", false), HW_SHARE_WISH_UNKNOWN);
	assert_string_equal(g_sentence, "a?b: There is no such field.");
	/* 47 bytes and a character of two: it is left out whole. */
	assert_int_equal(
		parse_as("{\"12345678901234567890123456789012345678901234567\xc3\xa4\":1}", false),
		HW_SHARE_WISH_UNKNOWN);
	assert_string_equal(g_sentence, "12345678901234567890123456789012345678901234567: There is "
					"no such field.");
}

static void change_test(void **state)
{
	(void)state;
	assert_int_equal(parse_as("{\"expires_in\":1,\"downloads_max\":1,\"password\":\"x\","
				  "\"message\":\"\"}",
				  true),
			 HW_SHARE_WISH_GOOD);
	assert_int_equal(parse_as("{\"mode\":\"live\"}", true), HW_SHARE_WISH_FIXED);
	assert_memory_equal(g_sentence, "mode:", 5);
	assert_int_equal(parse_as("{\"link_name\":\"abc\"}", true), HW_SHARE_WISH_FIXED);
}

static void not_json_test(void **state)
{
	(void)state;
	static const char *const bad[] = {" ",
					  "x",
					  "{",
					  "}",
					  "{}{}",
					  "{} x",
					  "[]",
					  "[{}]",
					  "\"a\"",
					  "null",
					  "{\"mode\"}",
					  "{mode:1}",
					  "{'mode':'live'}",
					  "{\"mode\":\"live\",}",
					  "{\"mode\":\"live\",\"mode\":\"live\"}",
					  "{\"mode\":\"live\",\"m\\u006fde\":\"live\"}",
					  "{\"message\":\"\xff\"}",
					  "{\"message\":\"\xed\xa0\x80\"}",
					  "{\"message\":\"\\ud800\"}",
					  "{\"message\":\"\\u0000\"}",
					  "{\"message\":\"a\nb\"}",
					  "{\"message\":\"a",
					  "{\"downloads_max\":01}",
					  "{\"downloads_max\":99999999999999999999}",
					  "/**/{}",
					  "\xef\xbb\xbf{}",
					  "{\"downloads_max\":NaN}"};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		if (parse_as(bad[i], false) != HW_SHARE_WISH_NOT_JSON) {
			fail_msg("%s is not refused as such", bad[i]);
		}
	}
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	assert_int_equal(hw_share_wish_parse(HW_SPAN("{}\0"), false, &g_wish, sentence),
			 HW_SHARE_WISH_NOT_JSON);
}

static void limits_test(void **state)
{
	(void)state;
	static char body[HW_SHARE_WISH_SIZE_MAX + 2];
	memset(body, ' ', sizeof(body) - 1);
	body[0] = '{';
	body[HW_SHARE_WISH_SIZE_MAX - 1] = '}';
	body[HW_SHARE_WISH_SIZE_MAX] = '\0';
	assert_good(body, 0);
	body[HW_SHARE_WISH_SIZE_MAX] = ' ';
	assert_int_equal(parse_as(body, false), HW_SHARE_WISH_TOO_LARGE);

	/* Unknown at the deepest level that is read, refused before one more is. */
	assert_int_equal(parse_as("{\"a\":[[[[[[[]]]]]]]}", false), HW_SHARE_WISH_UNKNOWN);
	assert_int_equal(parse_as("{\"a\":[[[[[[[[]]]]]]]]}", false), HW_SHARE_WISH_NOT_JSON);
	/* Brackets in texts do not count, escaped quotes do not end them. */
	assert_good("{\"message\":\"[[[[[[[[[[\\\"{{{{{{{{{{,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
		    ",,,,,"
		    ",,,,,,,,,,,,,,,,,,,,,,,,,,\"}",
		    HW_SHARE_WISH_MESSAGE);
	memset(body, ',', sizeof(body) - 1);
	body[0] = '[';
	assert_int_equal(
		hw_share_wish_parse((struct hw_span){body, 1000}, false, &g_wish, g_sentence),
		HW_SHARE_WISH_NOT_JSON);
	assert_non_null(strstr(g_sentence, "more values"));
}

static void statuses_test(void **state)
{
	(void)state;
	assert_int_equal(hw_share_wish_status(HW_SHARE_WISH_GOOD), 0);
	assert_int_equal(hw_share_wish_status(HW_SHARE_WISH_TOO_LARGE), 413);
	for (uint32_t v = HW_SHARE_WISH_GOOD + 1; v < HW_SHARE_WISH_VERDICT_COUNT; v++) {
		assert_in_range(hw_share_wish_status((enum hw_share_wish_verdict)v), 400, 503);
	}
}

int main(void)
{
	hw_share_wish_seed(1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_test),    cmocka_unit_test(values_test),
		cmocka_unit_test(wrong_test),    cmocka_unit_test(sizes_test),
		cmocka_unit_test(unknown_test),  cmocka_unit_test(change_test),
		cmocka_unit_test(not_json_test), cmocka_unit_test(limits_test),
		cmocka_unit_test(statuses_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
