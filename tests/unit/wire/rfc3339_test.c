/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a moment survives being written and read; every form of RFC 3339, 5.6 is read, and what is
 * no moment is refused.
 *
 * Method: one moment of every day until 9999; the examples of RFC 3339, 5.8; what browsers and
 * Python write; tables of faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/calendar.h"
#include "net/wire/rfc3339.h"

static void both_ways_test(void **state)
{
	(void)state;
	char text[HW_RFC3339_SIZE + 1] = {0};
	for (uint64_t s = 0; s <= HW_CALENDAR_SECONDS_MAX; s += HW_CALENDAR_DAY_SECONDS + 61) {
		uint64_t back = 0;
		hw_rfc3339_write(s * 1000 + s % 1000, text);
		assert_int_equal(hw_rfc3339_parse(hw_span_of(text), &back), 0);
		assert_true(back == s * 1000);
	}
	hw_rfc3339_write(1795628280000 + 999, text);
	assert_string_equal(text, "2026-11-25T17:38:00Z");
	hw_rfc3339_write(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	hw_rfc3339_write(HW_CALENDAR_SECONDS_MAX * 1000, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	hw_rfc3339_write(UINT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void good_test(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{"2026-11-25T17:38:00Z", 1795628280000},
		{"2026-11-25t17:38:00z", 1795628280000},
		{"2026-11-25 17:38:00Z", 1795628280000},
		{"2026-11-25T17:38:00+00:00", 1795628280000},
		{"2026-11-25T17:38:00-00:00", 1795628280000},
		{"2026-11-25T18:38:00+01:00", 1795628280000},
		{"2026-11-25T12:08:00-05:30", 1795628280000},
		{"2026-11-26T01:23:00+07:45", 1795628280000},
		{"2026-11-25T17:38:00.000Z", 1795628280000},
		{"2026-11-25T17:38:00.1Z", 1795628280100},
		{"2026-11-25T17:38:00.0059Z", 1795628280005},
		{"2026-11-25T17:38:00.123456789123456789+00:00", 1795628280123},
		{"1985-04-12T23:20:50.52Z", 482196050520},
		{"1996-12-19T16:39:57-08:00", 851042397000},
		{"1990-12-31T23:59:60Z", 662688000000},
		{"1990-12-31T15:59:60-08:00", 662688000000},
		{"1970-01-01T00:00:00Z", 0},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"2024-02-29T00:00:00Z", 1709164800000},
	};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		uint64_t ms = 0;
		assert_int_equal(hw_rfc3339_parse(hw_span_of(good[i].text), &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"2026-11-25",
		"2026-11-25T17:38:00",
		"2026-11-25T17:38Z",
		"2026-11-25T17:38:00 Z",
		"2026-11-25T17:38:00ZZ",
		"2026-11-25T17:38:00.Z",
		"2026-11-25T17:38:00,5Z",
		"2026-11-25T17:38:00.5",
		"2026-11-25T17:38:00+0100",
		"2026-11-25T17:38:00+01",
		"2026-11-25T17:38:00+24:00",
		"2026-11-25T17:38:00+01:60",
		"2026-11-25T17:38:00*01:00",
		"2026-11-25T24:00:00Z",
		"2026-11-25T17:60:00Z",
		"2026-11-25T17:38:61Z",
		"2026-11-25T17:38:60Z",
		"2026-11-25T23:59:60+01:00",
		"2026-13-25T17:38:00Z",
		"2026-00-25T17:38:00Z",
		"2026-11-00T17:38:00Z",
		"2026-11-31T17:38:00Z",
		"2026-02-29T17:38:00Z",
		"2026/11/25T17:38:00Z",
		"2026-11-25X17:38:00Z",
		"2026-11-25T17.38.00Z",
		"+026-11-25T17:38:00Z",
		"20261125T173800Z0000",
		" 2026-11-25T17:38:00Z",
		"1795628280000000000000",
	};
	uint64_t ms = 777;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(hw_rfc3339_parse(hw_span_of(bad[i]), &ms), -EINVAL);
	}
	static const char *const outside[] = {"1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
					      "1970-01-01T00:00:00+00:01",
					      "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"};
	for (uint32_t i = 0; i < hw_count_of(outside); i++) {
		assert_int_equal(hw_rfc3339_parse(hw_span_of(outside[i]), &ms), -ERANGE);
	}
	assert_int_equal(ms, 777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_test),
		cmocka_unit_test(good_test),
		cmocka_unit_test(bad_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
