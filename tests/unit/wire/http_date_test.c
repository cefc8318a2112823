/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every second of four-digit years is written as IMF-fixdate.
 *
 * Method: dates known from elsewhere; then one second of every day until 9999-12-31 against the C
 * library (whose locale is C here), and the seconds of one day.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "net/wire/http_date.h"

static void assert_date(uint64_t seconds, const char *expected)
{
	char text[HW_HTTP_DATE_SIZE + 1];
	text[HW_HTTP_DATE_SIZE] = '!';
	hw_http_date_write(seconds, text);
	assert_int_equal(text[HW_HTTP_DATE_SIZE], '!');
	text[HW_HTTP_DATE_SIZE] = '\0';
	assert_string_equal(text, expected);
}

static void known_test(void **state)
{
	(void)state;
	assert_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110's example */
	assert_date(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
	assert_date(951868800, "Wed, 01 Mar 2000 00:00:00 GMT");
	assert_date(1000000000, "Sun, 09 Sep 2001 01:46:40 GMT");
	assert_date(1709164799, "Wed, 28 Feb 2024 23:59:59 GMT");
	assert_date(1709164800, "Thu, 29 Feb 2024 00:00:00 GMT");
	assert_date(2147483647, "Tue, 19 Jan 2038 03:14:07 GMT");
	assert_date(2147483648, "Tue, 19 Jan 2038 03:14:08 GMT");
	assert_date(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
	assert_date(4107542399, "Sun, 28 Feb 2100 23:59:59 GMT");
	assert_date(HW_HTTP_DATE_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_date(HW_HTTP_DATE_MAX + 1, "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_date(UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void library_check(uint64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm parts;
	char expected[64];
	assert_non_null(gmtime_r(&at, &parts));
	assert_int_equal(strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &parts),
			 HW_HTTP_DATE_SIZE);
	assert_date(seconds, expected);
}

static void library_test(void **state)
{
	(void)state;
	for (uint64_t seconds = 0; seconds <= HW_HTTP_DATE_MAX; seconds += 86399) {
		library_check(seconds);
	}
	for (uint64_t seconds = 0; seconds < 86400; seconds++) {
		library_check(1700000000 + seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_test),
		cmocka_unit_test(library_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
