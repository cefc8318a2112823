/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the name that a Content-Disposition means is found, whoever wrote it; what is malformed is
 * not guessed at.
 *
 * Method: a table of the RFCs' examples and of what clients send, and of mistakes; a capacity that
 * just fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "net/wire/disposition.h"

static const struct {
	const char *value;
	const char *name; /* NULL: error */
	int error;
} g_rows[] = {
	{"attachment; filename=\"a b.txt\"", "a b.txt", 0},
	{"inline;filename=x.bin", "x.bin", 0},
	{"INLINE ; FileName = \"x\" ; size=3", "x", 0},
	{"attachment; filename=\"a\\\"b\\\\c\"", "a\"b\\c", 0},
	{"attachment; filename=\"\"", "", 0},
	{"attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates",
	 "\xe2\x82\xac rates", 0},
	{"attachment; filename*=UTF-8'en'x%2fy; filename=z", "x/y", 0},
	{"attachment; filename=\"\xc3\xbc\"", "\xc3\xbc", 0},
	{"attachment", NULL, -ENOENT},
	{" form-data; name=\"file\" ", NULL, -ENOENT},
	{"attachment; filenames=x", NULL, -ENOENT},
	{"", NULL, -EINVAL},
	{"; filename=x", NULL, -EINVAL},
	{"attachment;", NULL, -EINVAL},
	{"attachment; filename", NULL, -EINVAL},
	{"attachment; filename=", NULL, -EINVAL},
	{"attachment; filename=a b", NULL, -EINVAL},
	{"attachment filename=a", NULL, -EINVAL},
	{"attachment; filename=\"a", NULL, -EINVAL},
	{"attachment; filename=\"a\\\"", NULL, -EINVAL},
	{"attachment; filename=a; filename=b", NULL, -EINVAL},
	{"attachment; filename*=UTF-8''a; filename*=UTF-8''b", NULL, -EINVAL},
	{"attachment; filename*=a", NULL, -EINVAL},
	{"attachment; filename*=UTF-8'a", NULL, -EINVAL},
	{"attachment; filename*=\"UTF-8''a\"", NULL, -EINVAL},
	{"attachment; filename*=iso-8859-1''%fc; filename=u", NULL, -EINVAL},
	{"attachment; filename*=UTF-8''%f", NULL, -EINVAL},
	{"attachment; filename=a, b", NULL, -EINVAL},
};

static void rows_test(void **state)
{
	(void)state;
	char name[64];
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		int size = hw_disposition_filename(hw_span_of(g_rows[i].value), name, sizeof(name));
		if (g_rows[i].name == NULL) {
			assert_int_equal(size, g_rows[i].error);
			continue;
		}
		assert_int_equal(size, strlen(g_rows[i].name));
		assert_memory_equal(name, g_rows[i].name, (size_t)size);
	}
}

static void capacity_test(void **state)
{
	(void)state;
	static const char *const values[] = {"a; filename=12345678", "a; filename=\"1234567\\8\"",
					     "a; filename*=UTF-8''%312345678"};
	char name[9] = "........";
	for (uint32_t i = 0; i < hw_count_of(values); i++) {
		struct hw_span value = hw_span_of(values[i]);
		assert_int_equal(hw_disposition_filename(value, name, 8), 8);
		assert_memory_equal(name, "12345678", 9);
		assert_int_equal(hw_disposition_filename(value, name, 7), -ENAMETOOLONG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_test),
					   cmocka_unit_test(capacity_test)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
