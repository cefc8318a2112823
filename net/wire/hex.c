/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/hex.h"

#include "core/base/error.h"

void hw_hex_encode(const uint8_t *bytes, uint32_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	for (uint32_t i = 0; i < size; i++) {
		*ret_text++ = digits[bytes[i] >> 4];
		*ret_text++ = digits[bytes[i] & 15];
	}
}

int hw_hex_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size)
{
	hw_assert(size <= HW_HASH_SIZE);
	uint8_t bytes[HW_HASH_SIZE];
	if (text.size != 2 * size) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < size; i++, text = hw_span_skip(text, 2)) {
		int high = hw_hex_digit(text.bytes[0]);
		int low = hw_hex_digit(text.bytes[1]);
		if (high < 0 || low < 0) {
			return -EINVAL;
		}
		bytes[i] = (uint8_t)(high * 16 + low);
	}
	memcpy(ret_bytes, bytes, size);
	return 0;
}

int hw_hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}
