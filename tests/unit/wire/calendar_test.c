/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every day of 1970 to 9999 has one date and every date one day; nothing else is a date.
 *
 * Method: all days in order, each date checked to be the next one by the plain rules of the
 * calendar, and taken back to its day; dates that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/calendar.h"

static bool is_leap(uint32_t year)
{
	return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
}

static void date_next(struct hw_calendar_date *date)
{
	static const uint32_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t last = days[date->month] + (date->month == 1 && is_leap(date->year));
	if (date->day < last) {
		date->day++;
		return;
	}
	date->day = 1;
	date->month = (date->month + 1) % 12;
	date->year += date->month == 0;
}

static void days_test(void **state)
{
	(void)state;
	struct hw_calendar_date expected = {1970, 0, 1};
	uint32_t last = (uint32_t)(HW_CALENDAR_SECONDS_MAX / HW_CALENDAR_DAY_SECONDS);
	for (uint32_t day = 0; day <= last; day++) {
		struct hw_calendar_date date = hw_calendar_date_of_day(day);
		assert_int_equal(date.year, expected.year);
		assert_int_equal(date.month, expected.month);
		assert_int_equal(date.day, expected.day);
		uint32_t back = 0;
		assert_int_equal(hw_calendar_day_of_date(&date, &back), 0);
		assert_int_equal(back, day);
		date_next(&expected);
	}
	assert_int_equal(expected.year, HW_CALENDAR_YEAR_MAX + 1);
}

static void bad_test(void **state)
{
	(void)state;
	static const struct hw_calendar_date bad[] = {
		{1969, 11, 31}, {10000, 0, 1}, {2026, 12, 1},         {2026, 0, 0},
		{2026, 0, 32},  {2026, 1, 29}, {2100, 1, 29},         {2024, 1, 30},
		{2026, 3, 31},  {0, 0, 1},     {2026, UINT32_MAX, 1}, {2026, 0, UINT32_MAX}};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		uint32_t day = 777;
		assert_int_equal(hw_calendar_day_of_date(&bad[i], &day), -EINVAL);
		assert_int_equal(day, 777);
	}
}

static void digits_test(void **state)
{
	(void)state;
	char text[] = "abcdef";
	hw_calendar_digits_write(42, 4, text + 1);
	assert_string_equal(text, "a0042f");
	hw_calendar_digits_write(12345, 2, text);
	assert_string_equal(text, "45042f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_test),
		cmocka_unit_test(bad_test),
		cmocka_unit_test(digits_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
