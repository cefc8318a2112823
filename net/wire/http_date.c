/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_date.h"

#include <assert.h>
#include <string.h>

#include "net/wire/calendar.h"

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
	struct hw_calendar date = hw_calendar_of(seconds);
	hw_assert(date.month >= 1 && date.month <= 12);

	memcpy(ret_text, pattern, sizeof(pattern) - 1);
	memcpy(ret_text, week_days[seconds / HW_DAY_SECONDS % 7], 3);
	digits_write(date.day, 2, ret_text + 5);
	memcpy(ret_text + 8, months[date.month - 1], 3);
	digits_write(date.year, 4, ret_text + 12);
	digits_write(date.hour, 2, ret_text + 17);
	digits_write(date.minute, 2, ret_text + 20);
	digits_write(date.second, 2, ret_text + 23);
}
