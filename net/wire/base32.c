/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/base32.h"

#include "core/base/error.h"

void hw_base32_encode(const uint8_t *bytes, uint32_t size, char *ret_text)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint32_t bits = 0; /* read and not yet written, right-aligned */
	uint32_t bit_count = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < size; i++) {
		bits = (bits << 8 | bytes[i]) & 0xfffU;
		bit_count += 8;
		while (bit_count >= 5) {
			bit_count -= 5;
			ret_text[at++] = digits[bits >> bit_count & 31U];
		}
	}
	if (bit_count > 0) {
		ret_text[at++] = digits[bits << (5 - bit_count) & 31U];
	}
	hw_assert(at == HW_BASE32_SIZE(size));
}

static int digit_value(char digit)
{
	if (digit >= 'a' && digit <= 'z') {
		return digit - 'a';
	}
	return digit >= '2' && digit <= '7' ? digit - '2' + 26 : -1;
}

int hw_base32_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size)
{
	hw_assert(size <= HW_HASH_SIZE);
	uint8_t bytes[HW_HASH_SIZE];
	if (text.size != HW_BASE32_SIZE(size)) {
		return -EINVAL;
	}
	uint32_t bits = 0;
	uint32_t bit_count = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < text.size; i++) {
		int value = digit_value(text.bytes[i]);
		if (value < 0) {
			return -EINVAL;
		}
		bits = (bits << 5 | (uint32_t)value) & 0xfffU;
		bit_count += 5;
		if (bit_count >= 8) {
			bit_count -= 8;
			bytes[at++] = (uint8_t)(bits >> bit_count);
		}
	}
	hw_assert(at == size);
	if ((bits & ((1U << bit_count) - 1)) != 0) {
		return -EINVAL;
	}
	memcpy(ret_bytes, bytes, size);
	return 0;
}
