/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each day from 1970 to 9999 follows the one before it as the calendar has it.
 *
 * Method: all of them, counted by hand with the rule of leap years; the time of day at its edges;
 * what is later than the last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/calendar.h"

static uint32_t days_in(uint32_t month, uint32_t year)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && is_leap ? 29 : days[month - 1];
}

static void every_day_test(void **state)
{
	(void)state;
	struct hw_calendar expected = {.year = 1970, .month = 1, .day = 1};
	uint64_t day = 0;
	for (; expected.year <= 9999; day++) {
		struct hw_calendar found = hw_calendar_of(day * HW_DAY_SECONDS);
		assert_int_equal(found.year, expected.year);
		assert_int_equal(found.month, expected.month);
		assert_int_equal(found.day, expected.day);
		assert_int_equal(found.hour + found.minute + found.second, 0);
		expected.day++;
		if (expected.day > days_in(expected.month, expected.year)) {
			expected.day = 1;
			expected.month++;
		}
		if (expected.month > 12) {
			expected.month = 1;
			expected.year++;
		}
	}
	assert_int_equal(day * HW_DAY_SECONDS, HW_CALENDAR_SECONDS_MAX + 1);
}

static void time_of_day_test(void **state)
{
	(void)state;
	for (uint32_t second = 0; second < HW_DAY_SECONDS; second++) {
		struct hw_calendar found = hw_calendar_of(HW_DAY_SECONDS * UINT64_C(59) + second);
		assert_int_equal(found.day, 1);
		assert_int_equal(found.month, 3);
		assert_true(found.hour < 24 && found.minute < 60 && found.second < 60);
		assert_int_equal(found.hour * 3600 + found.minute * 60 + found.second, second);
	}
}

static void later_test(void **state)
{
	(void)state;
	struct hw_calendar found = hw_calendar_of(UINT64_MAX);
	assert_int_equal(found.year, 9999);
	assert_int_equal(found.month, 12);
	assert_int_equal(found.day, 31);
	assert_int_equal(found.second, 59);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_test),
		cmocka_unit_test(time_of_day_test),
		cmocka_unit_test(later_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
