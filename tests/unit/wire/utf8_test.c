/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: exactly the well-formed sequences of RFC 3629 are characters.
 *
 * Method: every code point is encoded by the definition and read back, surrogates excepted; then
 * every sequence of two bytes and every beginning of three, against the table 3-7 of the Unicode
 * standard written out here; then cut sequences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/utf8.h"

#include "core/base/error.h"

static uint32_t encode(uint32_t code, char *bytes)
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	uint32_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (uint32_t i = size - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	bytes[0] = (char)((0xf00U >> size & 0xffU) | code);
	return size;
}

static void codes_test(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x200000; code++) {
		char bytes[5] = {0, 0, 0, 0, 'x'};
		uint32_t size = encode(code, bytes);
		uint32_t read = 77;
		int r = hw_utf8_next((struct hw_span){bytes, 5}, &read);
		bool is_good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
		assert_int_equal(r, is_good ? (int)size : -EILSEQ);
		assert_int_equal(read, is_good ? code : 77);
		for (uint32_t cut = 1; cut < size; cut++) {
			assert_int_equal(hw_utf8_next((struct hw_span){bytes, cut}, &read),
					 -EILSEQ);
		}
	}
}

/* Whether a lead and the byte behind it can begin a character, and of what size. */
static uint32_t size_of(uint32_t lead, uint32_t second)
{
	if (lead < 0x80) {
		return 1;
	}
	uint32_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint32_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0xc2 || lead > 0xf4 || second < low || second > high) {
		return 0;
	}
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static void bytes_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 0x1000000; i += i % 256 == 0xc0 ? 0x40 : 1) {
		/* the third byte from 0x00 to 0xc0 is enough to see both its edges */
		uint32_t lead = i >> 16;
		uint32_t second = i >> 8 & 255;
		uint32_t third = i & 255;
		char bytes[4] = {(char)lead, (char)second, (char)third, (char)0x80};
		uint32_t size = size_of(lead, second);
		bool third_is_good = third >= 0x80 && third <= 0xbf;
		int expected = size == 0 || (size > 2 && !third_is_good) ? -EILSEQ : (int)size;
		uint32_t code = 0;
		int r = hw_utf8_next((struct hw_span){bytes, 4}, &code);
		if (r != expected) {
			fail_msg("%02x %02x %02x: %d, expected %d", lead, second, third, r,
				 expected);
		}
	}
}

/* What is checked in two parts is judged as soon as nothing could make it good. */
static void beginnings_test(void **state)
{
	(void)state;
	for (uint32_t pair = 0; pair < 0x10000; pair++) {
		char bytes[4] = {(char)(pair >> 8), (char)pair, (char)0x80, (char)0x80};
		uint32_t code = 0;
		bool is_good = false;
		for (uint32_t third = 0; third < 2; third++) {
			bytes[2] = third == 0 ? (char)0x80 : (char)0xbf;
			is_good |= hw_utf8_next((struct hw_span){bytes, 4}, &code) > 2;
		}
		int64_t size = hw_utf8_check((struct hw_span){bytes, 2});
		if (is_good) {
			assert_int_equal(size, 0);
		} else {
			int first = hw_utf8_next((struct hw_span){bytes, 2}, &code);
			assert_true(size == -EILSEQ || (first > 0 && size >= first));
		}
	}
	assert_int_equal(hw_utf8_check(HW_SPAN("")), 0);
	assert_int_equal(hw_utf8_check(HW_SPAN("abc\xc3")), 3);
	assert_int_equal(hw_utf8_check(HW_SPAN("abc\xc3\xa4")), 5);
	assert_int_equal(hw_utf8_check(HW_SPAN("\xf4\x8f\xbf")), 0);
	assert_int_equal(hw_utf8_check(HW_SPAN("\xf4\x90")), -EILSEQ);
	assert_int_equal(hw_utf8_check(HW_SPAN("\xed\xa0")), -EILSEQ);
	assert_int_equal(hw_utf8_check(HW_SPAN("\x80")), -EILSEQ);
	assert_int_equal(hw_utf8_check(HW_SPAN("\xc3"
					       "abc")),
			 -EILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beginnings_test),
		cmocka_unit_test(codes_test),
		cmocka_unit_test(bytes_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
