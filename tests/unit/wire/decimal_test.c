/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: digits are a number up to the limit, and nothing else is one.
 *
 * Method: tables; every limit from 0 to 300 against every number to 300; the edge of 64 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/decimal.h"

static int parse(const char *text, uint64_t max, uint64_t *ret_number)
{
	return hw_decimal_parse(hw_span_of(text), max, ret_number);
}

static void good_test(void **state)
{
	(void)state;
	char text[24];
	for (uint64_t max = 0; max <= 300; max++) {
		for (uint64_t number = 0; number <= 300; number++) {
			uint64_t got = 777;
			(void)snprintf(text, sizeof(text), "%u", (unsigned int)number);
			assert_int_equal(parse(text, max, &got), number <= max ? 0 : -ERANGE);
			assert_int_equal(got, number <= max ? number : 777);
		}
	}
	uint64_t got = 0;
	assert_int_equal(parse("18446744073709551615", UINT64_MAX, &got), 0);
	assert_true(got == UINT64_MAX);
	assert_int_equal(parse("000000000000000000000000000000007", 7, &got), 0);
	assert_int_equal(got, 7);
	assert_int_equal(parse("9007199254740992", UINT64_C(1) << 53, &got), 0);
	assert_int_equal(parse("9007199254740993", UINT64_C(1) << 53, &got), -ERANGE);
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const bad[] = {"",   " ",   "+1",   "-1",  "-0",  "1 ",
					  " 1", "1.0", "1e3",  "0x1", "1_0", "1,0",
					  "a",  "1a",  "\xb2", "1\n", "１"};
	uint64_t got = 777;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(parse(bad[i], UINT64_MAX, &got), -EINVAL);
	}
	assert_int_equal(hw_decimal_parse(HW_SPAN("1\0"), 9, &got), -EINVAL);
	assert_int_equal(hw_decimal_parse((struct hw_span){NULL, 0}, 9, &got), -EINVAL);
	assert_int_equal(parse("18446744073709551616", UINT64_MAX, &got), -ERANGE);
	assert_int_equal(parse("99999999999999999999999", UINT64_MAX, &got), -ERANGE);
	assert_int_equal(parse("99999999999999999999999x", UINT64_MAX, &got), -EINVAL);
	assert_int_equal(got, 777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),
		cmocka_unit_test(bad_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
