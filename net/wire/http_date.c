/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_date.h"

#include <assert.h>
#include <string.h>

#define HW_DAY_SECONDS     86400U
#define HW_ERA_DAYS        146097U /* of 400 years, after which the calendar repeats */
#define HW_ERA_YEARS       400U
#define HW_DAYS_TO_EPOCH   719468U /* from 0000-03-01 to 1970-01-01 */
#define HW_MARCH_YEAR_DAYS 153U    /* of five months from March or August on: 31 30 31 30 31 */

struct date {
	uint32_t year;
	uint32_t month; /* 0..11 */
	uint32_t day;   /* 1..31 */
};

/* Years are counted from March, so that the day which is not always there comes last. */
static struct date date_of_day(uint32_t day)
{
	uint32_t from_origin = day + HW_DAYS_TO_EPOCH;
	uint32_t era = from_origin / HW_ERA_DAYS;
	uint32_t era_day = from_origin % HW_ERA_DAYS;
	/* Without the leap days before it, each year of the era has 365 days. */
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * year_day + 2) / HW_MARCH_YEAR_DAYS;
	bool is_next_year = march_month >= 10; /* January and February */
	return (struct date){
		.year = era * HW_ERA_YEARS + era_year + (is_next_year ? 1 : 0),
		.month = is_next_year ? march_month - 10 : march_month + 2,
		.day = year_day - (HW_MARCH_YEAR_DAYS * march_month + 2) / 5 + 1,
	};
}

static void digits_write(uint32_t number, uint32_t count, char *ret_text)
{
	for (uint32_t i = count; i > 0; i--) {
		ret_text[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
}

void hw_http_date_write(uint64_t unix_seconds, char *ret_text)
{
	/* The first is that of 1970-01-01. */
	static const char week_days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	static const char pattern[] = "Thu, 00 Jan 0000 00:00:00 GMT";
	static_assert(sizeof(pattern) - 1 == HW_HTTP_DATE_SIZE, "as the header says");
	uint64_t seconds = hw_min(unix_seconds, HW_HTTP_DATE_MAX);
	uint32_t day = (uint32_t)(seconds / HW_DAY_SECONDS);
	uint32_t second = (uint32_t)(seconds % HW_DAY_SECONDS);
	struct date date = date_of_day(day);
	hw_assert(date.month < 12);

	memcpy(ret_text, pattern, sizeof(pattern) - 1);
	memcpy(ret_text, week_days[day % 7], 3);
	digits_write(date.day, 2, ret_text + 5);
	memcpy(ret_text + 8, months[date.month], 3);
	digits_write(date.year, 4, ret_text + 12);
	digits_write(second / 3600, 2, ret_text + 17);
	digits_write(second / 60 % 60, 2, ret_text + 20);
	digits_write(second % 60, 2, ret_text + 23);
}
