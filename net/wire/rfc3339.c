/* SPDX-License-Identifier: Apache-2.0
 *
 * write
 * parse -> stamp_parse -> number_read; fraction_take, offset_parse
 */
#include "net/wire/rfc3339.h"

#include <assert.h>

#include "core/base/error.h"
#include "net/wire/calendar.h"
#include "net/wire/http_char.h"

#define HW_STAMP_SIZE  19U /* "2026-11-25T17:38:00" */
#define HW_OFFSET_SIZE 6U  /* "+01:00" */

static_assert(HW_STAMP_SIZE + 1 == HW_RFC3339_SIZE, "and the Z");

static int stamp_parse(struct hw_span text, uint64_t *ret_seconds, bool *ret_is_leap);
static int number_read(const char *digits, uint32_t count, uint32_t max, uint32_t *ret_number);
static int fraction_take(struct hw_span *rest, uint32_t *ret_ms);
static int offset_parse(struct hw_span text, int64_t *ret_seconds);

void hw_rfc3339_write(uint64_t unix_ms, char *ret_text)
{
	uint64_t seconds = hw_min(unix_ms / 1000, HW_CALENDAR_SECONDS_MAX);
	uint32_t second = (uint32_t)(seconds % HW_CALENDAR_DAY_SECONDS);
	struct hw_calendar_date date =
		hw_calendar_date_of_day((uint32_t)(seconds / HW_CALENDAR_DAY_SECONDS));
	static const char pattern[] = "0000-00-00T00:00:00Z";
	static_assert(sizeof(pattern) - 1 == HW_RFC3339_SIZE, "as the header says");
	memcpy(ret_text, pattern, sizeof(pattern) - 1);
	hw_calendar_digits_write(date.year, 4, ret_text);
	hw_calendar_digits_write(date.month + 1, 2, ret_text + 5);
	hw_calendar_digits_write(date.day, 2, ret_text + 8);
	hw_calendar_digits_write(second / 3600, 2, ret_text + 11);
	hw_calendar_digits_write(second / 60 % 60, 2, ret_text + 14);
	hw_calendar_digits_write(second % 60, 2, ret_text + 17);
}

int hw_rfc3339_parse(struct hw_span text, uint64_t *ret_unix_ms)
{
	uint64_t seconds = 0;
	uint32_t fraction_ms = 0;
	int64_t offset_seconds = 0;
	bool is_leap = false;
	int r = stamp_parse(text, &seconds, &is_leap);
	if (r < 0) {
		return r;
	}
	struct hw_span rest = hw_span_skip(text, HW_STAMP_SIZE);
	r = fraction_take(&rest, &fraction_ms);
	if (r == 0) {
		r = offset_parse(rest, &offset_seconds);
	}
	if (r < 0) {
		return r;
	}
	int64_t utc = (int64_t)seconds - offset_seconds;
	/* @seconds of a leap second is that of the next minute already. */
	if (is_leap && utc % HW_CALENDAR_DAY_SECONDS != 0) {
		return -EINVAL;
	}
	if (utc < 0 || utc > (int64_t)HW_CALENDAR_SECONDS_MAX) {
		return -ERANGE;
	}
	*ret_unix_ms = (uint64_t)utc * 1000 + fraction_ms;
	return 0;
}

/* Date and time, as if they were UTC. The letter T may be small or a space (RFC 3339, 5.6). */
static int stamp_parse(struct hw_span text, uint64_t *ret_seconds, bool *ret_is_leap)
{
	if (text.size <= HW_STAMP_SIZE) {
		return -EINVAL;
	}
	const char *at = text.bytes;
	bool has_marks = at[4] == '-' && at[7] == '-' && at[13] == ':' && at[16] == ':' &&
			 (at[10] == 'T' || at[10] == 't' || at[10] == ' ');
	struct hw_calendar_date date = {0};
	uint32_t month = 0;
	uint32_t hour = 0;
	uint32_t minute = 0;
	uint32_t second = 0;
	if (!has_marks || number_read(at, 4, HW_CALENDAR_YEAR_MAX, &date.year) < 0 ||
	    number_read(at + 5, 2, 12, &month) < 0 || number_read(at + 8, 2, 31, &date.day) < 0 ||
	    number_read(at + 11, 2, 23, &hour) < 0 || number_read(at + 14, 2, 59, &minute) < 0 ||
	    number_read(at + 17, 2, 60, &second) < 0 || month == 0) {
		return -EINVAL;
	}
	date.month = month - 1;
	uint32_t day = 0;
	if (hw_calendar_day_of_date(&date, &day) < 0) {
		return date.year < HW_CALENDAR_YEAR_MIN ? -ERANGE : -EINVAL;
	}
	*ret_is_leap = second == 60;
	*ret_seconds = (uint64_t)day * HW_CALENDAR_DAY_SECONDS + (uint64_t)hour * 3600 +
		       (uint64_t)minute * 60 + second;
	return 0;
}

static int number_read(const char *digits, uint32_t count, uint32_t max, uint32_t *ret_number)
{
	uint32_t number = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!hw_http_char_is(digits[i], HW_HTTP_CHAR_DIGIT)) {
			return -EINVAL;
		}
		number = number * 10 + (uint32_t)(digits[i] - '0');
	}
	if (number > max) {
		return -EINVAL;
	}
	*ret_number = number;
	return 0;
}

/* ".125" or nothing. */
static int fraction_take(struct hw_span *rest, uint32_t *ret_ms)
{
	*ret_ms = 0;
	if (rest->size == 0 || rest->bytes[0] != '.') {
		return 0;
	}
	uint32_t unit_ms = 100;
	uint32_t at = 1;
	for (; at < rest->size && hw_http_char_is(rest->bytes[at], HW_HTTP_CHAR_DIGIT); at++) {
		*ret_ms += (uint32_t)(rest->bytes[at] - '0') * unit_ms;
		unit_ms /= 10;
	}
	*rest = hw_span_skip(*rest, at);
	return at > 1 ? 0 : -EINVAL;
}

static int offset_parse(struct hw_span text, int64_t *ret_seconds)
{
	if (hw_span_equal_nocase(text, HW_SPAN("Z"))) {
		*ret_seconds = 0;
		return 0;
	}
	uint32_t hours = 0;
	uint32_t minutes = 0;
	if (text.size != HW_OFFSET_SIZE || (text.bytes[0] != '+' && text.bytes[0] != '-') ||
	    text.bytes[3] != ':' || number_read(text.bytes + 1, 2, 23, &hours) < 0 ||
	    number_read(text.bytes + 4, 2, 59, &minutes) < 0) {
		return -EINVAL;
	}
	int64_t seconds = ((int64_t)hours * 60 + minutes) * 60;
	*ret_seconds = text.bytes[0] == '-' ? -seconds : seconds;
	return 0;
}
