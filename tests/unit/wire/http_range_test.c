/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a Range names exactly the bytes that RFC 9110, 14 says, or is ignored, or is refused; never
 * a byte outside the file, whatever the numbers.
 *
 * Method: a table of values, sizes and answers; then random sets whose answer is checked against a
 * map of the file's bytes. Negative space: other units, faults of syntax, numbers beyond 64 bits,
 * more ranges and more overlaps than we serve.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/http_range.h"

#define NONE  "none"
#define UNSAT "unsatisfiable"

struct range_case {
	const char *value;
	uint64_t size;
	const char *answer; /* "0-4 7-9", NONE or UNSAT */
};

static const char *answer_of(const char *value, uint64_t size)
{
	static char text[1024];
	struct hw_http_range_set set = {.count = 77};
	enum hw_http_range_verdict verdict = hw_http_range_parse(hw_span_of(value), size, &set);
	if (verdict != HW_HTTP_RANGE_SATISFIABLE) {
		assert_int_equal(set.count, 77);
		return verdict == HW_HTTP_RANGE_NONE ? NONE : UNSAT;
	}
	assert_in_range(set.count, 1, HW_RANGE_COUNT_MAX);
	size_t at = 0;
	for (uint32_t i = 0; i < set.count; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu-%llu",
				       i == 0 ? "" : " ", (unsigned long long)set.ranges[i].first,
				       (unsigned long long)set.ranges[i].last);
	}
	return text;
}

static void check(const struct range_case *cases, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *answer = answer_of(cases[i].value, cases[i].size);
		if (strcmp(answer, cases[i].answer) != 0) {
			fail_msg("\"%s\" of %llu: %s, expected %s", cases[i].value,
				 (unsigned long long)cases[i].size, answer, cases[i].answer);
		}
	}
}

#define MAX UINT64_MAX

static void one_test(void **state)
{
	(void)state;
	static const struct range_case cases[] = {
		{"bytes=0-0", 10, "0-0"},
		{"bytes=0-9", 10, "0-9"},
		{"bytes=0-10", 10, "0-9"},
		{"bytes=9-9", 10, "9-9"},
		{"bytes=9-", 10, "9-9"},
		{"bytes=0-", 10, "0-9"},
		{"bytes=5-99999999999999999999999999999", 10, "5-9"},
		{"bytes=0000000000000000000000000000003-00000000000000000000000000000005", 10,
		 "3-5"},
		{"bytes=-1", 10, "9-9"},
		{"bytes=-10", 10, "0-9"},
		{"bytes=-11", 10, "0-9"},
		{"bytes=-99999999999999999999999999999", 10, "0-9"},
		{"BYTES=1-2", 10, "1-2"},
		{"Bytes=1-2", 10, "1-2"},
		{"bytes= 1-2 ", 10, "1-2"},
		{"bytes=,1-2", 10, "1-2"},
		{"bytes=,\t,1-2, ,", 10, "1-2"},
		{"bytes=10-", 10, UNSAT},
		{"bytes=10-10", 10, UNSAT},
		{"bytes=10-20", 10, UNSAT},
		{"bytes=-0", 10, UNSAT},
		{"bytes=-000", 10, UNSAT},
		{"bytes=99999999999999999999999999999-", 10, UNSAT},
		{"bytes=18446744073709551615-18446744073709551616", 10, UNSAT},
		{"bytes=18446744073709551616-18446744073709551615", 10, NONE},
		{"bytes=99999999999999999999999-99999999999999999999998", 10, NONE},
		{"bytes=99999999999999999999999-099999999999999999999999", 10, UNSAT},
		{"bytes=0-0", 1, "0-0"},
		{"bytes=0-18446744073709551615", MAX, "0-18446744073709551614"},
		{"bytes=18446744073709551614-", MAX, "18446744073709551614-18446744073709551614"},
		{"bytes=18446744073709551615-", MAX, UNSAT},
		{"bytes=-18446744073709551615", MAX, "0-18446744073709551614"},
		{"bytes=-18446744073709551614", MAX, "1-18446744073709551614"},
		/* a file of zero bytes */
		{"bytes=0-", 0, UNSAT},
		{"bytes=0-0", 0, UNSAT},
		{"bytes=5-9", 0, UNSAT},
		{"bytes=-0", 0, UNSAT},
		{"bytes=-1", 0, NONE},
		{"bytes=0-0,-1", 0, NONE},
	};
	check(cases, hw_count_of(cases));
}

static void syntax_test(void **state)
{
	(void)state;
	static const char *const values[] = {
		"",
		"bytes",
		"bytes=",
		"bytes= ",
		"bytes=,",
		"bytes=-",
		"bytes=--",
		"bytes=--1",
		"bytes=1",
		"bytes=a",
		"bytes=a-b",
		"bytes=1-a",
		"bytes=a-1",
		"bytes=-a",
		"bytes=1-2-3",
		"bytes=1--2",
		"bytes=+1-2",
		"bytes=1-+2",
		"bytes=0x1-0x2",
		"bytes=1_0-20",
		"bytes=1.0-2",
		"bytes=1 -2",
		"bytes=1- 2",
		"bytes= - 1",
		"bytes=1-2;3-4",
		"bytes=1-2 3-4",
		"bytes=1-2,x",
		"bytes=x,1-2",
		"bytes=1-2,5-4",
		"bytes=5-4",
		"bytes=1-0",
		"bytes =1-2",
		" bytes=1-2",
		"bytes:1-2",
		"bytes 1-2",
		"byte=1-2",
		"bytess=1-2",
		"items=1-2",
		"seconds=0-5",
		"none",
		"=1-2",
		"bytes==1-2",
		"bytes=\"1-2\"",
		"bytes=1-2\x0b",
		"bytes=\xd9\xa1-2",
		"bytes=1-2, bytes=3-4",
		"bytes=*",
		"bytes */10",
		"bytes=1-2/10",
	};
	for (uint32_t i = 0; i < hw_count_of(values); i++) {
		struct range_case one = {values[i], 10, NONE};
		check(&one, 1);
	}
	struct range_case nul = {"bytes=0-1", 10, "0-1"};
	check(&nul, 1);
	struct hw_http_range_set set;
	assert_int_equal(hw_http_range_parse(HW_SPAN("bytes=0-1\0"), 10, &set), HW_HTTP_RANGE_NONE);
	assert_int_equal(hw_http_range_parse((struct hw_span){NULL, 0}, 10, &set),
			 HW_HTTP_RANGE_NONE);
}

static void set_test(void **state)
{
	(void)state;
	static const struct range_case cases[] = {
		{"bytes=0-1,5-6", 10, "0-1 5-6"},
		{"bytes=5-6,0-1", 10, "5-6 0-1"},
		{"bytes=5-6, 0-1 ,-1", 10, "5-6 0-1 9-9"},
		{"bytes=0-1,20-30", 10, "0-1"},
		{"bytes=20-30,0-1,-0", 10, "0-1"},
		{"bytes=20-30,40-,-0", 10, UNSAT},
		/* neighbours are joined, at the place of the first */
		{"bytes=0-1,2-3", 10, "0-3"},
		{"bytes=2-3,0-1", 10, "0-3"},
		{"bytes=0-1,3-4", 10, "0-1 3-4"},
		{"bytes=0-1,6-7,4-5,2-3", 10, "0-7"},
		{"bytes=8-8,0-1,4-5,2-3", 10, "8-8 0-5"},
		{"bytes=0-1,8-8,4-5,2-3", 10, "0-5 8-8"},
		/* one overlap is joined, two are too many */
		{"bytes=0-5,3-7", 10, "0-7"},
		{"bytes=3-7,0-5", 10, "0-7"},
		{"bytes=0-9,3-4", 10, "0-9"},
		{"bytes=3-4,0-9", 10, "0-9"},
		{"bytes=1-2,1-2", 10, "1-2"},
		{"bytes=0-5,-9", 10, "0-9"},
		{"bytes=0-2,4-6,9-9,2-3", 10, "0-6 9-9"},
		{"bytes=0-2,4-6,2-4", 10, NONE},
		{"bytes=0-0,0-0,0-0", 10, NONE},
		{"bytes=0-,0-,0-,0-", 10, NONE},
		{"bytes=0-5,1-6,2-7", 10, NONE},
		{"bytes=-1,-2,-3", 10, NONE},
		{"bytes=0-18446744073709551614,1-2", MAX, "0-18446744073709551614"},
		{"bytes=18446744073709551613-,0-0,18446744073709551612-18446744073709551612", MAX,
		 "18446744073709551612-18446744073709551614 0-0"},
	};
	check(cases, hw_count_of(cases));
}

static void count_test(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= 1100; count = count < 40 ? count + 1 : count + 353) {
		static char value[32768];
		static char answer[1024];
		size_t at = (size_t)snprintf(value, sizeof(value), "bytes=");
		size_t answer_at = 0;
		for (uint32_t i = 0; i < count; i++) {
			at += (size_t)snprintf(value + at, sizeof(value) - at, "%s%u-%u",
					       i == 0 ? "" : ",", 10 * i, 10 * i + 3);
			if (count <= HW_RANGE_COUNT_MAX) {
				answer_at += (size_t)snprintf(
					answer + answer_at, sizeof(answer) - answer_at, "%s%u-%u",
					i == 0 ? "" : " ", 10 * i, 10 * i + 3);
			}
		}
		struct range_case one = {value, 1000000,
					 count <= HW_RANGE_COUNT_MAX ? answer : NONE};
		check(&one, 1);
		/* Those outside count too: they cost the same to read. */
		one.size = 4;
		one.answer = count <= HW_RANGE_COUNT_MAX ? "0-3" : NONE;
		check(&one, 1);
	}
}

/* What the set covers is what was asked, byte by byte, and no two parts of it touch. */
static void map_check(const struct hw_http_range_set *set, const bool *asked, uint32_t size)
{
	bool covered[66] = {false};
	for (uint32_t i = 0; i < set->count; i++) {
		struct hw_http_range range = set->ranges[i];
		assert_true(range.first <= range.last);
		assert_true(range.last < size);
		assert_false(range.first > 0 && covered[range.first - 1]);
		assert_false(covered[range.last + 1]);
		for (uint64_t byte = range.first; byte <= range.last; byte++) {
			assert_false(covered[byte]);
			covered[byte] = true;
		}
	}
	assert_memory_equal(covered, asked, size * sizeof(bool));
}

static void random_test(void **state)
{
	(void)state;
	uint64_t chance = 97;
	print_message("seed %llu\n", (unsigned long long)chance);
	uint32_t satisfied = 0;
	for (uint32_t round = 0; round < 50000; round++) {
		char value[256];
		bool asked[66] = {false};
		size_t at = (size_t)snprintf(value, sizeof(value), "bytes=");
		chance = chance * 6364136223846793005U + 1442695040888963407U;
		uint32_t size = (uint32_t)(chance >> 40) % 65;
		uint32_t count = 1 + (uint32_t)(chance >> 33) % 5;
		for (uint32_t i = 0; i < count; i++) {
			chance = chance * 6364136223846793005U + 1442695040888963407U;
			uint32_t first = (uint32_t)(chance >> 35) % 70;
			uint32_t last = first + (uint32_t)(chance >> 50) % 12;
			at += (size_t)snprintf(value + at, sizeof(value) - at, ",%u-%u", first,
					       last);
			for (uint32_t byte = first; byte <= last && byte < size; byte++) {
				asked[byte] = true;
			}
		}
		struct hw_http_range_set set;
		if (hw_http_range_parse(hw_span_of(value), size, &set) ==
		    HW_HTTP_RANGE_SATISFIABLE) {
			map_check(&set, asked, size);
			satisfied++;
		}
	}
	assert_true(satisfied > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_test),    cmocka_unit_test(syntax_test),
		cmocka_unit_test(set_test),    cmocka_unit_test(count_test),
		cmocka_unit_test(random_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
