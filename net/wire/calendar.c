/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/calendar.h"

#define ERA_DAYS        146097U /* of 400 years, after which the calendar repeats */
#define ERA_YEARS       400U
#define DAYS_TO_EPOCH   719468U /* from 0000-03-01 to 1970-01-01 */
#define MARCH_YEAR_DAYS 153U    /* of five months from March or August on: 31 30 31 30 31 */

/* Years are counted from March, so that the day which is not always there comes last. */
struct hw_calendar hw_calendar_of(uint64_t unix_seconds)
{
	uint64_t seconds = hw_min(unix_seconds, HW_CALENDAR_SECONDS_MAX);
	uint32_t from_origin = (uint32_t)(seconds / HW_DAY_SECONDS) + DAYS_TO_EPOCH;
	uint32_t second = (uint32_t)(seconds % HW_DAY_SECONDS);
	uint32_t era = from_origin / ERA_DAYS;
	uint32_t era_day = from_origin % ERA_DAYS;
	/* Without the leap days before it, each year of the era has 365 days. */
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * year_day + 2) / MARCH_YEAR_DAYS;
	bool is_next_year = march_month >= 10; /* January and February */
	return (struct hw_calendar){
		.year = era * ERA_YEARS + era_year + (is_next_year ? 1 : 0),
		.month = is_next_year ? march_month - 9 : march_month + 3,
		.day = year_day - (MARCH_YEAR_DAYS * march_month + 2) / 5 + 1,
		.hour = second / 3600,
		.minute = second / 60 % 60,
		.second = second % 60,
	};
}
