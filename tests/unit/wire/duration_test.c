/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what people write for an expiry is the time they mean, or is refused; no number overflows.
 *
 * Method: a table of each unit and its limit, and a table of what is nearly right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/duration.h"

static void good_test(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{"1", 1000},
		{"3600", 3600000},
		{"90s", 90000},
		{"30m", 1800000},
		{"24h", 86400000},
		{"024h", 86400000},
		{"7d", 604800000},
		{"2w", 1209600000},
		{"never", HW_DURATION_NEVER},
		{"36500d", HW_DURATION_MAX_MS},
		{"876000h", HW_DURATION_MAX_MS},
		{"3153600000", HW_DURATION_MAX_MS},
		{"3153600000s", HW_DURATION_MAX_MS},
	};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		uint64_t ms = 0;
		assert_int_equal(hw_duration_parse(hw_span_of(good[i].text), &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const bad[] = {"",      " ",      "h",    "s",       "-1h",      "+1h",
					  "1 h",   " 1h",    "1h ",  "1H",      "1M",       "1hh",
					  "1h30m", "1.5h",   "1y",   "1ms",     "h1",       "Never",
					  "NEVER", "never ", "nev",  "nevers",  "inf",      "null",
					  "0x10",  "1e3h",   "1,5h", "24hours", "1\xc2\xb5"};
	uint64_t ms = 777;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(hw_duration_parse(hw_span_of(bad[i]), &ms), -EINVAL);
	}
	static const char *const outside[] = {"0",
					      "0s",
					      "000d",
					      "36501d",
					      "3153600001s",
					      "876001h",
					      "5215w",
					      "52560001m",
					      "18446744073709551616",
					      "30500568904944w"};
	for (uint32_t i = 0; i < hw_count_of(outside); i++) {
		assert_int_equal(hw_duration_parse(hw_span_of(outside[i]), &ms), -ERANGE);
	}
	assert_int_equal(hw_duration_parse(HW_SPAN("1h\0"), &ms), -EINVAL);
	assert_int_equal(hw_duration_parse((struct hw_span){NULL, 0}, &ms), -EINVAL);
	assert_int_equal(ms, 777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),
		cmocka_unit_test(bad_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
