/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_date.h"

#include <assert.h>
#include <string.h>

#include "net/wire/calendar.h"

void hw_http_date_write(uint64_t unix_seconds, char *ret_text)
{
	/* The first is that of 1970-01-01. */
	static const char week_days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	static const char pattern[] = "Thu, 00 Jan 0000 00:00:00 GMT";
	static_assert(sizeof(pattern) - 1 == HW_HTTP_DATE_SIZE, "as the header says");
	uint64_t seconds = hw_min(unix_seconds, HW_HTTP_DATE_MAX);
	uint32_t day = (uint32_t)(seconds / HW_CALENDAR_DAY_SECONDS);
	uint32_t second = (uint32_t)(seconds % HW_CALENDAR_DAY_SECONDS);
	struct hw_calendar_date date = hw_calendar_date_of_day(day);
	hw_assert(date.month < 12);

	memcpy(ret_text, pattern, sizeof(pattern) - 1);
	memcpy(ret_text, week_days[day % 7], 3);
	hw_calendar_digits_write(date.day, 2, ret_text + 5);
	memcpy(ret_text + 8, months[date.month], 3);
	hw_calendar_digits_write(date.year, 4, ret_text + 12);
	hw_calendar_digits_write(second / 3600, 2, ret_text + 17);
	hw_calendar_digits_write(second / 60 % 60, 2, ret_text + 20);
	hw_calendar_digits_write(second % 60, 2, ret_text + 23);
}
