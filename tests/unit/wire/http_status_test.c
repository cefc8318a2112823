/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a status has its phrase, or none; and a phrase can stand in a status line.
 *
 * Method: a few known ones, numbers that are none, and every phrase of the table byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/http_status.h"

static void status_test(void **state)
{
	(void)state;
	assert_string_equal(hw_http_status_phrase(200), "OK");
	assert_string_equal(hw_http_status_phrase(404), "Not Found");
	assert_string_equal(hw_http_status_phrase(507), "Insufficient Storage");
	assert_null(hw_http_status_phrase(0));
	assert_null(hw_http_status_phrase(299));
	assert_null(hw_http_status_phrase(65736)); /* 200 in sixteen bits */
	for (uint32_t status = 0; status < 1000; status++) {
		const char *phrase = hw_http_status_phrase(status);
		for (uint32_t i = 0; phrase != NULL && phrase[i] != '\0'; i++) {
			assert_true(phrase[i] >= ' ' && phrase[i] < 0x7f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
