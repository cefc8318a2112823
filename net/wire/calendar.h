/* SPDX-License-Identifier: Apache-2.0
 *
 * calendar.h - days since 1970-01-01 and the Gregorian dates of them
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: years 1970 to 9999
 */
#ifndef HW_NET_WIRE_CALENDAR_H
#define HW_NET_WIRE_CALENDAR_H

#include "core/base/check.h"

#define HW_CALENDAR_DAY_SECONDS 86400U
#define HW_CALENDAR_YEAR_MIN    1970U
#define HW_CALENDAR_YEAR_MAX    9999U

/* The last second that four digits of year can say. */
#define HW_CALENDAR_SECONDS_MAX UINT64_C(253402300799)

struct hw_calendar_date {
	uint32_t year;
	uint32_t month; /* 0..11 */
	uint32_t day;   /* 1..31 */
};

/* @day: since 1970-01-01, in a year of the limits. */
struct hw_calendar_date hw_calendar_date_of_day(uint32_t day);

/* hw_calendar_day_of_date - the inverse
 * Returns 0; -EINVAL for a date that is not in the calendar or not in the years above. */
int hw_calendar_day_of_date(const struct hw_calendar_date *date, uint32_t *ret_day) HW_MUST_CHECK;

/* @number as @count digits, with zeros before it; what is above them is cut off. */
void hw_calendar_digits_write(uint32_t number, uint32_t count, char *ret_text);

#endif
