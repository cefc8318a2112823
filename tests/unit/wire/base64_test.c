/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: bytes come back from their text, in both alphabets, and no other text gives them.
 *
 * Method: RFC 4648's vectors; every size up to a token's and beyond; every single-byte change of a
 * text is either refused or the text of other bytes; paddings that are wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/wire/base64.h"

#include "core/base/error.h"

static void vectors_test(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
		{"world_domination_plan.pdf", "d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg=="}, /* tus */
	};
	for (uint32_t i = 0; i < hw_count_of(vectors); i++) {
		struct hw_span bytes = hw_span_of(vectors[i][0]);
		struct hw_span text = hw_span_of(vectors[i][1]);
		char encoded[64];
		uint8_t decoded[64];
		assert_int_equal(HW_BASE64_SIZE(bytes.size), text.size);
		hw_base64_encode((const uint8_t *)bytes.bytes, bytes.size, encoded);
		assert_memory_equal(encoded, text.bytes, text.size);
		assert_int_equal(hw_base64_decode(text, decoded, bytes.size), bytes.size);
		assert_memory_equal(decoded, bytes.bytes, bytes.size);
		if (bytes.size > 0) {
			assert_int_equal(hw_base64_decode(text, decoded, bytes.size - 1), -ENOBUFS);
		}
	}
	char url[4];
	hw_base64url_encode((const uint8_t *)"\xfb\xff\xbf", 3, url);
	assert_memory_equal(url, "-_-_", 4);
	assert_int_equal(HW_TOKEN_TEXT_SIZE, 43);
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"Z",        "Zg",       "Zg=",        "Zg===",      "Z===", "====", "=",
		"==",       "A===",     "=Zg=",       "Z=g=",       "Zh==", "Zm9=", "Zm9v====",
		"Zm9v=",    " Zg=",     "Zg==\n",     "Zg= =",      "Zm-v", "Zm_v", "Zm.v",
		"Zm9v Zm9", "Zg==Zg==", "Zm9v\r\n..", "\xc3\xa4==", "Zg=A",
	};
	uint8_t bytes[64];
	for (uint32_t i = 0; i < hw_count_of(texts); i++) {
		if (hw_base64_decode(hw_span_of(texts[i]), bytes, sizeof(bytes)) != -EINVAL) {
			fail_msg("%s", texts[i]);
		}
	}
	static const char *const tokens[] = {"Zg==", "Zg=", "Z",   "Zh", "+A",
					     "/A",   "Z=",  " Zg", "Zga"};
	for (uint32_t i = 0; i < hw_count_of(tokens); i++) {
		assert_int_equal(hw_base64url_decode(hw_span_of(tokens[i]), bytes, 1), -EINVAL);
	}
	assert_int_equal(hw_base64url_decode(HW_SPAN("Zg"), bytes, 1), 0);
	assert_int_equal(bytes[0], 'f');
}

static void changes_test(void **state)
{
	(void)state;
	uint64_t chance = 5;
	print_message("seed %llu\n", (unsigned long long)chance);
	for (uint32_t size = 0; size <= 40; size++) {
		uint8_t bytes[40];
		uint8_t back[42];
		char text[64];
		char again[64];
		for (uint32_t i = 0; i < size; i++) {
			chance = chance * 6364136223846793005U + 1442695040888963407U;
			bytes[i] = (uint8_t)(chance >> 40);
		}
		hw_base64_encode(bytes, size, text);
		assert_int_equal(hw_base64_decode((struct hw_span){text, HW_BASE64_SIZE(size)},
						  back, sizeof(back)),
				 size);
		assert_memory_equal(bytes, back, size);
		hw_base64url_encode(bytes, size, text);
		struct hw_span url = {text, HW_BASE64URL_SIZE(size)};
		assert_int_equal(hw_base64url_decode(url, back, size), 0);
		assert_memory_equal(bytes, back, size);
		for (uint32_t i = 0; i < url.size * 256; i++) {
			char old = text[i / 256];
			text[i / 256] = (char)(i % 256);
			if (hw_base64url_decode(url, back, size) == 0) {
				hw_base64url_encode(back, size, again);
				assert_memory_equal(text, again, url.size);
			}
			text[i / 256] = old;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_test),
		cmocka_unit_test(bad_test),
		cmocka_unit_test(changes_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
