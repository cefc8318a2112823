/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: bytes come back from their text, and no other text gives them: a link has one spelling.
 *
 * Method: RFC 4648's vectors; every size up to the largest with random bytes; then each character
 * of an id replaced by each byte: good only if it is the text of what it decodes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/wire/base32.h"

#include "core/base/error.h"

static void vectors_test(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {
		{"", ""},
		{"f", "my"},
		{"fo", "mzxq"},
		{"foo", "mzxw6"},
		{"foob", "mzxw6yq"},
		{"fooba", "mzxw6ytb"},
		{"foobar", "mzxw6ytboi"},
	};
	for (uint32_t i = 0; i < hw_count_of(vectors); i++) {
		struct hw_span bytes = hw_span_of(vectors[i][0]);
		struct hw_span text = hw_span_of(vectors[i][1]);
		char encoded[16];
		uint8_t decoded[16];
		assert_int_equal(HW_BASE32_SIZE(bytes.size), text.size);
		hw_base32_encode((const uint8_t *)bytes.bytes, bytes.size, encoded);
		assert_memory_equal(encoded, text.bytes, text.size);
		assert_int_equal(hw_base32_decode(text, decoded, bytes.size), 0);
		assert_memory_equal(decoded, bytes.bytes, bytes.size);
	}
	assert_int_equal(HW_SHARE_ID_TEXT_SIZE, 26);
}

static void sizes_test(void **state)
{
	(void)state;
	uint64_t chance = 11;
	print_message("seed %llu\n", (unsigned long long)chance);
	for (uint32_t size = 0; size <= HW_HASH_SIZE; size++) {
		uint8_t bytes[HW_HASH_SIZE];
		uint8_t back[HW_HASH_SIZE];
		char text[64];
		for (uint32_t i = 0; i < size; i++) {
			chance = chance * 6364136223846793005U + 1442695040888963407U;
			bytes[i] = (uint8_t)(chance >> 40);
		}
		hw_base32_encode(bytes, size, text);
		struct hw_span span = {text, HW_BASE32_SIZE(size)};
		assert_int_equal(hw_base32_decode(span, back, size), 0);
		assert_memory_equal(bytes, back, size);
		span.size++;
		assert_int_equal(hw_base32_decode(span, back, size), -EINVAL);
		if (size > 0) {
			span.size -= 2;
			assert_int_equal(hw_base32_decode(span, back, size), -EINVAL);
		}
	}
}

static void strict_test(void **state)
{
	(void)state;
	static const char good[] = "abcdefghijklmnopqrstuvwx24";
	for (uint32_t place = 0; place < HW_SHARE_ID_TEXT_SIZE; place++) {
		for (uint32_t c = 0; c < 256; c++) {
			char text[HW_SHARE_ID_TEXT_SIZE];
			char again[HW_SHARE_ID_TEXT_SIZE];
			uint8_t id[HW_SHARE_ID_SIZE];
			memset(id, 0x55, sizeof(id));
			memcpy(text, good, sizeof(text));
			text[place] = (char)c;
			struct hw_span span = {text, sizeof(text)};
			bool is_digit = (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
			int r = hw_base32_decode(span, id, sizeof(id));
			if (r == 0) {
				assert_true(is_digit);
				hw_base32_encode(id, sizeof(id), again);
				assert_memory_equal(text, again, sizeof(text));
				continue;
			}
			assert_int_equal(r, -EINVAL);
			assert_int_equal(id[0], 0x55); /* untouched */
			/* 26 * 5 bits are two more than 128: the last digit must be a multiple of 4
			 */
			assert_true(!is_digit ||
				    (place == 25 && strchr("aeimquy4", (int)c) == NULL));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_test),
		cmocka_unit_test(sizes_test),
		cmocka_unit_test(strict_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
