/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/calendar.h"

#include "core/base/error.h"

#define HW_ERA_DAYS        146097U /* of 400 years, after which the calendar repeats */
#define HW_ERA_YEARS       400U
#define HW_DAYS_TO_EPOCH   719468U /* from 0000-03-01 to 1970-01-01 */
#define HW_MARCH_YEAR_DAYS 153U    /* of five months from March or August on: 31 30 31 30 31 */

/* Years are counted from March, so that the day which is not always there comes last. */
struct hw_calendar_date hw_calendar_date_of_day(uint32_t day)
{
	uint32_t from_origin = day + HW_DAYS_TO_EPOCH;
	uint32_t era = from_origin / HW_ERA_DAYS;
	uint32_t era_day = from_origin % HW_ERA_DAYS;
	/* Without the leap days before it, each year of the era has 365 days. */
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * year_day + 2) / HW_MARCH_YEAR_DAYS;
	bool is_next_year = march_month >= 10; /* January and February */
	return (struct hw_calendar_date){
		.year = era * HW_ERA_YEARS + era_year + (is_next_year ? 1 : 0),
		.month = is_next_year ? march_month - 10 : march_month + 2,
		.day = year_day - (HW_MARCH_YEAR_DAYS * march_month + 2) / 5 + 1,
	};
}

static uint32_t month_days(uint32_t year, uint32_t month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month] + (month == 1 && is_leap ? 1U : 0U);
}

int hw_calendar_day_of_date(const struct hw_calendar_date *date, uint32_t *ret_day)
{
	if (date->year < HW_CALENDAR_YEAR_MIN || date->year > HW_CALENDAR_YEAR_MAX ||
	    date->month >= 12 || date->day == 0 ||
	    date->day > month_days(date->year, date->month)) {
		return -EINVAL;
	}
	uint32_t march_month = (date->month + 10) % 12;
	uint32_t march_year = date->year - (date->month < 2 ? 1 : 0);
	uint32_t era_year = march_year % HW_ERA_YEARS;
	uint32_t year_day = (HW_MARCH_YEAR_DAYS * march_month + 2) / 5 + date->day - 1;
	uint32_t era_day = era_year * 365 + era_year / 4 - era_year / 100 + year_day;
	*ret_day = march_year / HW_ERA_YEARS * HW_ERA_DAYS + era_day - HW_DAYS_TO_EPOCH;
	return 0;
}

void hw_calendar_digits_write(uint32_t number, uint32_t count, char *ret_text)
{
	for (uint32_t i = count; i > 0; i--) {
		ret_text[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
}
