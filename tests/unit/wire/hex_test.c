/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a hash comes back from its 64 digits, and from nothing else.
 *
 * Method: all 256 bytes there and back; each digit of a hash replaced by each byte; wrong sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/hex.h"

#include "core/base/error.h"

static void bytes_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		uint8_t back = 0;
		char text[2];
		char expected[3];
		hw_hex_encode(&byte, 1, text);
		(void)snprintf(expected, sizeof(expected), "%02x", i);
		assert_memory_equal(text, expected, 2);
		assert_int_equal(hw_hex_decode((struct hw_span){text, 2}, &back, 1), 0);
		assert_int_equal(back, byte);
		(void)snprintf(expected, sizeof(expected), "%02X", i);
		assert_int_equal(hw_hex_decode((struct hw_span){expected, 2}, &back, 1), 0);
		assert_int_equal(back, byte);
	}
}

static void strict_test(void **state)
{
	(void)state;
	char text[HW_HASH_TEXT_SIZE + 1];
	uint8_t hash[HW_HASH_SIZE];
	for (uint32_t place = 0; place < HW_HASH_TEXT_SIZE; place++) {
		for (uint32_t c = 0; c < 256; c++) {
			memset(text, 'a', sizeof(text));
			memset(hash, 0x55, sizeof(hash));
			text[place] = (char)c;
			bool is_digit =
				c != 0 && c < 128 && strchr("0123456789abcdefABCDEF", (int)c);
			struct hw_span span = {text, HW_HASH_TEXT_SIZE};
			assert_int_equal(hw_hex_decode(span, hash, HW_HASH_SIZE),
					 is_digit ? 0 : -EINVAL);
			assert_int_equal(hash[HW_HASH_SIZE - 1] == 0x55, !is_digit);
		}
	}
	memset(text, 'a', sizeof(text));
	static const uint32_t sizes[] = {0, 1, 32, 63, 65};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		assert_int_equal(
			hw_hex_decode((struct hw_span){text, sizes[i]}, hash, HW_HASH_SIZE),
			-EINVAL);
	}
	assert_int_equal(hw_hex_decode((struct hw_span){NULL, 0}, hash, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_test),
		cmocka_unit_test(strict_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
