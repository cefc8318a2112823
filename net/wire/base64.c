/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/base64.h"

#include "core/base/error.h"

static const char g_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char g_url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Returns the characters written, no padding. */
static uint32_t encode(const char *digits, const uint8_t *bytes, uint32_t size, char *ret_text)
{
	uint32_t bits = 0; /* read and not yet written, right-aligned */
	uint32_t bit_count = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < size; i++) {
		bits = (bits << 8 | bytes[i]) & 0xfffU;
		bit_count += 8;
		while (bit_count >= 6) {
			bit_count -= 6;
			ret_text[at++] = digits[bits >> bit_count & 63U];
		}
	}
	if (bit_count > 0) {
		ret_text[at++] = digits[bits << (6 - bit_count) & 63U];
	}
	return at;
}

void hw_base64_encode(const uint8_t *bytes, uint32_t size, char *ret_text)
{
	uint32_t at = encode(g_digits, bytes, size, ret_text);
	while (at < HW_BASE64_SIZE(size)) {
		ret_text[at++] = '=';
	}
}

void hw_base64url_encode(const uint8_t *bytes, uint32_t size, char *ret_text)
{
	uint32_t at = encode(g_url_digits, bytes, size, ret_text);
	hw_assert(at == HW_BASE64URL_SIZE(size));
}

static int digit_value(char digit, const char *digits)
{
	if (digit >= 'A' && digit <= 'Z') {
		return digit - 'A';
	}
	if (digit >= 'a' && digit <= 'z') {
		return digit - 'a' + 26;
	}
	if (digit >= '0' && digit <= '9') {
		return digit - '0' + 52;
	}
	return digit == digits[62] ? 62 : digit == digits[63] ? 63 : -1;
}

/* Text without padding. Returns 0 or -EINVAL; writes text.size * 6 / 8 bytes. */
static int decode(const char *digits, struct hw_span text, uint8_t *ret_bytes)
{
	uint32_t bits = 0;
	uint32_t bit_count = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < text.size; i++) {
		int value = digit_value(text.bytes[i], digits);
		if (value < 0) {
			return -EINVAL;
		}
		bits = (bits << 6 | (uint32_t)value) & 0x3fffU;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			ret_bytes[at++] = (uint8_t)(bits >> bit_count);
		}
	}
	hw_assert(bit_count != 6); /* a single digit behind the last four: the callers know sizes */
	return (bits & ((1U << bit_count) - 1)) != 0 ? -EINVAL : 0;
}

int hw_base64_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t capacity)
{
	hw_assert(capacity <= INT32_MAX);
	if (text.size % 4 != 0) {
		return -EINVAL;
	}
	/* At most two; a third is left to decode, which refuses it as a digit. */
	while (text.size % 4 != 2 && text.size > 0 && text.bytes[text.size - 1] == '=') {
		text.size--;
	}
	uint32_t size = (uint32_t)((uint64_t)text.size * 6 / 8);
	if (size > capacity) {
		return -ENOBUFS;
	}
	int r = decode(g_digits, text, ret_bytes);
	return r < 0 ? r : (int)size;
}

int hw_base64url_decode(struct hw_span text, uint8_t *ret_bytes, uint32_t size)
{
	return text.size == HW_BASE64URL_SIZE(size) ? decode(g_url_digits, text, ret_bytes)
						    : -EINVAL;
}
