/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: exactly RFC 8259's texts are JSON, members are found, strings say what they mean.
 *
 * Method: tables of good and bad texts; every good one cut at every byte is bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/json_scan.h"

#include "core/base/error.h"

static const char *const g_good[] = {
	"{}",
	" { } ",
	"{\"a\":1}",
	"{\"a\":[],\"b\":{},\"c\":[[]],\"d\":[{}]}",
	"{\"a\":[1,-0,0.5,1e9,-1.5E+2,1e-1]}",
	"{ \"a\" : [ true , false , null ] }",
	"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"}",
	"{\"a\":{\"b\":{\"c\":[1,{\"d\":2}]}},\"e\":3}",
	"\t\r\n{\"\":\"\"}",
};

static const char *const g_bad[] = {
	"",
	"[]",
	"1",
	"{",
	"}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"{,}",
	"{\"a\":[1,]}",
	"{\"a\":[,1]}",
	"{\"a\":01}",
	"{\"a\":1.}",
	"{\"a\":.5}",
	"{\"a\":1e}",
	"{\"a\":+1}",
	"{\"a\":-}",
	"{\"a\":nul}",
	"{\"a\":tru}",
	"{\"a\":'b'}",
	"{a:1}",
	"{\"a\":1}x",
	"{\"a\":[}]",
	"{\"a\":[1}",
	"{\"a\":{]}",
	"{\"a\":1 2}",
	"{\"a\" 1}",
	"{\"a\":\"\\x\"}",
	"{\"a\":\"\\u12g4\"}",
	"{\"a\":\"\x01\"}",
	"{\"a\":\"\n\"}",
	"{} {}",
	"{\"a\":1]",
	"{\"a\":\"b}",
};

static void texts_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_good); i++) {
		struct hw_span text = hw_span_of(g_good[i]);
		assert_true(hw_json_is_object(text));
		uint32_t end = text.size;
		while (text.bytes[end - 1] != '}') {
			end--;
		}
		for (uint32_t size = 0; size < end; size++) {
			assert_false(hw_json_is_object((struct hw_span){text.bytes, size}));
		}
	}
	for (uint32_t i = 0; i < hw_count_of(g_bad); i++) {
		if (hw_json_is_object(hw_span_of(g_bad[i]))) {
			print_message("%s\n", g_bad[i]);
		}
		assert_false(hw_json_is_object(hw_span_of(g_bad[i])));
	}
}

static void depth_test(void **state)
{
	(void)state;
	for (uint32_t depth = 1; depth < 40; depth++) {
		char text[256] = "{\"a\":";
		uint32_t size = 5;
		memset(text + size, '[', depth);
		memset(text + size + depth, ']', depth);
		size += 2 * depth;
		text[size++] = '}';
		assert_int_equal(hw_json_is_object((struct hw_span){text, size}),
				 depth + 1 <= HW_JSON_DEPTH_MAX);
	}
}

static void members_test(void **state)
{
	(void)state;
	struct hw_span text =
		HW_SPAN(" {\"type\" : \"x\", \"data\":{\"type\":[1, 2]} , \"n\":7,\"type\":2}");
	struct hw_span value;
	assert_true(hw_json_is_object(text));
	assert_true(hw_json_find(text, HW_SPAN("type"), &value));
	assert_true(hw_span_equal(value, HW_SPAN("\"x\"")));
	assert_true(hw_json_find(text, HW_SPAN("data"), &value));
	assert_true(hw_span_equal(value, HW_SPAN("{\"type\":[1, 2]}")));
	assert_true(hw_json_find(text, HW_SPAN("n"), &value));
	assert_true(hw_span_equal(value, HW_SPAN("7")));
	assert_false(hw_json_find(text, HW_SPAN("m"), &value));
	assert_false(hw_json_find(HW_SPAN("{}"), HW_SPAN(""), &value));
}

static void strings_test(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		const char *text; /* NULL: it is bad */
	} rows[] = {
		{"\"\"", ""},
		{"\"abc\"", "abc"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"",
		 "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\"\\ud83d\"", NULL},
		{"\"\\ud83dx\"", NULL},
		{"\"\\ud83d\\u0041\"", NULL},
		{"\"\\ude00\"", NULL},
		{"7", NULL},
		{"\"a\"b", NULL},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		char bytes[32];
		int size = hw_json_string(hw_span_of(rows[i].value), bytes, sizeof(bytes));
		if (rows[i].text == NULL) {
			assert_int_equal(size, -EINVAL);
			continue;
		}
		assert_int_equal(size, strlen(rows[i].text));
		assert_memory_equal(bytes, rows[i].text, (uint32_t)size);
		for (int capacity = 0; capacity < size; capacity++) {
			int cut = hw_json_string(hw_span_of(rows[i].value), bytes,
						 (uint32_t)capacity);
			assert_int_equal(cut, -ENAMETOOLONG);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_test),
		cmocka_unit_test(depth_test),
		cmocka_unit_test(members_test),
		cmocka_unit_test(strings_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
