/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: Upload-Metadata is taken as tus 1.0.0 defines it and gives its values back; what breaks the
 * definition is refused.
 *
 * Method: what real clients send; tables of faults; the limits and one more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/tus_metadata.h"

static int judge(const char *metadata)
{
	return hw_tus_metadata_judge(hw_span_of(metadata));
}

static void assert_value(const char *metadata, const char *key, const char *expected)
{
	char value[64];
	assert_int_equal(judge(metadata), 0);
	int size =
		hw_tus_metadata_find(hw_span_of(metadata), hw_span_of(key), value, sizeof(value));
	assert_int_equal(size, expected == NULL ? -ENOENT : (int)strlen(expected));
	if (expected != NULL) {
		assert_memory_equal(value, expected, strlen(expected));
	}
}

static void find_test(void **state)
{
	(void)state;
	static const char specified[] =
		"filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential";
	assert_value(specified, "filename", "world_domination_plan.pdf");
	assert_value(specified, "is_confidential", "");
	assert_value(specified, "Filename", NULL);
	assert_value(specified, "file", NULL);
	assert_value(specified, "", NULL);
	/* Uppy: a path of null becomes the text, as base64. */
	static const char uppy[] = "relativePath bnVsbA==,name YS5i,type dGV4dC9wbGFpbg==";
	assert_value(uppy, "relativePath", "null");
	assert_value(uppy, "type", "text/plain");
	assert_value("", "filename", NULL);
	assert_value("a", "a", "");
	assert_value("a ", "a", "");
	assert_value("a , b YQ==", "a", "");
	assert_value("a , b YQ==", "b", "a");
	assert_value("a\t,\tb YQ==\t", "b", "a");
	assert_value("a,A YQ==", "A", "a");
	assert_value("~!#$%&'()*+-./:;<=>?@ YQ==", "~!#$%&'()*+-./:;<=>?@", "a");
	char value[2];
	assert_int_equal(hw_tus_metadata_find(HW_SPAN("a YWJj"), HW_SPAN("a"), value, 2), -ENOBUFS);
	assert_int_equal(hw_tus_metadata_find(HW_SPAN("a YWI="), HW_SPAN("a"), value, 2), 2);
}

static void next_test(void **state)
{
	(void)state;
	struct hw_span rest = HW_SPAN("a YQ== , b,c ");
	struct hw_span key;
	struct hw_span value;
	static const char *const pairs[][2] = {{"a", "YQ=="}, {"b", ""}, {"c", ""}};
	for (uint32_t i = 0; i < hw_count_of(pairs); i++) {
		assert_true(hw_tus_metadata_next(&rest, &key, &value));
		assert_true(hw_span_equal(key, hw_span_of(pairs[i][0])));
		assert_true(hw_span_equal(value, hw_span_of(pairs[i][1])));
	}
	assert_false(hw_tus_metadata_next(&rest, &key, &value));
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const bad[] = {" ",         ",",           "a,",       ",a",
					  "a,,b",      "a YQ==,",     "a YQ",     "a YQ=",
					  "a YR==",    "a YQ== YQ==", "a  YQ==",  "a YQ==,a YQ==",
					  "a,a",       "a\tYQ==",     "a \tYQ==", "\xc3\xa4 YQ==",
					  "a Y-==",    "a Y_Q=",      "a YQ==;b", "a\x7f YQ==",
					  "\x01 YQ==", "a \xc3\xa4",  "a ====",   "a ="};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		if (judge(bad[i]) != -EINVAL) {
			fail_msg("\"%s\" is taken", bad[i]);
		}
	}
}

static void limits_test(void **state)
{
	(void)state;
	static char text[HW_UPLOAD_METADATA_MAX + 1];
	uint32_t size = 0;
	for (uint32_t i = 0; i <= HW_TUS_METADATA_KEYS_MAX; i++) {
		size += (uint32_t)snprintf(text + size, sizeof(text) - size,
					   i == 0 ? "k%u" : ",k%u", i);
		assert_int_equal(hw_tus_metadata_judge((struct hw_span){text, size}),
				 i < HW_TUS_METADATA_KEYS_MAX ? 0 : -E2BIG);
	}
	memset(text, 'A', sizeof(text));
	memcpy(text, "key ", 4);
	assert_int_equal(hw_tus_metadata_judge((struct hw_span){text, HW_UPLOAD_METADATA_MAX}), 0);
	assert_int_equal(hw_tus_metadata_judge((struct hw_span){text, sizeof(text)}), -E2BIG);
	static char value[HW_UPLOAD_METADATA_MAX];
	assert_int_equal(hw_tus_metadata_find((struct hw_span){text, HW_UPLOAD_METADATA_MAX},
					      HW_SPAN("key"), value, sizeof(value)),
			 (HW_UPLOAD_METADATA_MAX - 4) / 4 * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_test),
		cmocka_unit_test(next_test),
		cmocka_unit_test(bad_test),
		cmocka_unit_test(limits_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
