/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: booleans and integers of RFC 9651 are read with any parameters; every fault makes the whole
 * value none.
 *
 * Method: tables, most from the RFC's own examples of each kind of item.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/structured.h"

static void boolean_test(void **state)
{
	(void)state;
	static const char *const good[] = {"?1",
					   " ?1 ",
					   "?1;a",
					   "?1; a;b=?0",
					   "?1;a=1;a=2",
					   "?1;a=-1.5",
					   "?1;a=\"x;\\\"\\\\\"",
					   "?1;a=:YQ==:",
					   "?1;a=::",
					   "?1;a=tok/en:x",
					   "?1;*a.b-c_d=*x",
					   "?1;a=@1659578233",
					   "?1;a=@-1",
					   "?1;a=%\"f%c3%bc \"",
					   "?1;a=\"\"",
					   "?1;a=999999999999.999"};
	static const char *const bad[] = {"",
					  "?",
					  "?2",
					  "1",
					  "true",
					  "?1,?1",
					  "?1 x",
					  "??1",
					  "?1;",
					  "?1;A=1",
					  "?1;1=1",
					  "?1;a=",
					  "?1;a= 1",
					  "?1 ;a",
					  "?1;a =1",
					  "?1;a=\"x",
					  "?1;a=\"\\x\"",
					  "?1;a=\"\x7f\"",
					  "?1;a=:YQ",
					  "?1;a=:Y-:",
					  "?1;a=1.",
					  "?1;a=.5",
					  "?1;a=1.2345",
					  "?1;a=1234567890123.1",
					  "?1;a=@1.5",
					  "?1;a=@",
					  "?1;a=-",
					  "?1;a=1234567890123456",
					  "?1;a=%x",
					  "?1;a=%\"%zz\"",
					  "?1;a=%\"%c\"",
					  "?1;a=%\"x",
					  "?1;a=(1)",
					  "?1;a=\"\\",
					  "\t?1",
					  "?1\t"};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		bool value = false;
		if (hw_structured_boolean(hw_span_of(good[i]), &value) != 0 || !value) {
			fail_msg("%s is refused", good[i]);
		}
	}
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		bool value = true;
		if (hw_structured_boolean(hw_span_of(bad[i]), &value) != -EINVAL || !value) {
			fail_msg("%s is taken", bad[i]);
		}
	}
	bool value = true;
	assert_int_equal(hw_structured_boolean(HW_SPAN("?0"), &value), 0);
	assert_false(value);
}

static void count_test(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t number;
	} good[] = {{"0", 0},
		    {"-0", 0},
		    {"42", 42},
		    {"0042", 42},
		    {"5;a", 5},
		    {" 7 ", 7},
		    {"999999999999999", HW_STRUCTURED_INTEGER_MAX}};
	static const char *const bad[] = {
		"",   "-",     "-1", "+1",  "1.0", "1 2", "1,2", "1000000000000000",
		"a1", "\"1\"", "?1", ":1:", "@1",  "1e3", "0x1", "1;"};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		uint64_t number = 777;
		assert_int_equal(hw_structured_count(hw_span_of(good[i].text), &number), 0);
		assert_true(number == good[i].number);
	}
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		uint64_t number = 777;
		if (hw_structured_count(hw_span_of(bad[i]), &number) != -EINVAL) {
			fail_msg("%s is taken", bad[i]);
		}
		assert_int_equal(number, 777);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boolean_test),
		cmocka_unit_test(count_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
