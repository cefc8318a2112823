/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C with SSE4.2's instruction, three pieces at a time.
 *
 * crc32q takes three clocks and can start every clock, so one stream of bytes uses a third of it.
 * The bytes are cut into three pieces of equal size whose checksums run side by side; the first one
 * is then moved on over the two pieces that follow it, the second over one, and the three are added
 * (xor). To move a checksum on over n bytes is to multiply it by x^(8n) modulo the polynomial: one
 * carry-less multiply by a constant and one crc32q, which reduces the product.
 */
#include "simd/crc32c_kernels.h"

#include <immintrin.h>
#include <string.h>

#define LONG_SIZE  4096U /* bytes of a piece: the joints cost 1 % */
#define SHORT_SIZE 256U  /* and for what is left: 15 % */

/* x^(8n - 33) mod P, reflected: 32 of the 33 come back by crc32q, one by the reflected product. */
struct joint {
	uint32_t over_one; /* n is the size of a piece */
	uint32_t over_two; /* n is twice that */
};

static const struct joint g_long = {0x82f89c77, 0x54a86326};
static const struct joint g_short = {0xb9e02b86, 0xdd7e3b0c};

static inline uint64_t load(const uint8_t *bytes)
{
	uint64_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline uint64_t move_on(uint64_t crc, uint32_t constant)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc),
					       _mm_cvtsi64_si128((int64_t)constant), 0x00);
	return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* Three pieces of @size bytes, a multiple of 32. @crc and the result are not inverted. */
static inline uint64_t pieces_run(uint64_t crc, const uint8_t *bytes, uint64_t size,
				  const struct joint *joint)
{
	const uint8_t *first = bytes;
	const uint8_t *second = bytes + size;
	const uint8_t *third = bytes + 2 * size;
	uint64_t crc_second = 0;
	uint64_t crc_third = 0;
	for (uint64_t i = 0; i < size; i += 32) {
		for (uint64_t j = 0; j < 32; j += 8) {
			crc = _mm_crc32_u64(crc, load(first + i + j));
			crc_second = _mm_crc32_u64(crc_second, load(second + i + j));
			crc_third = _mm_crc32_u64(crc_third, load(third + i + j));
		}
	}
	return move_on(crc, joint->over_two) ^ move_on(crc_second, joint->over_one) ^ crc_third;
}

uint32_t hw_crc32c_sse42(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	uint64_t running = ~crc;
	for (; size >= UINT64_C(3) * LONG_SIZE; size -= UINT64_C(3) * LONG_SIZE) {
		running = pieces_run(running, bytes, LONG_SIZE, &g_long);
		bytes += UINT64_C(3) * LONG_SIZE;
	}
	for (; size >= UINT64_C(3) * SHORT_SIZE; size -= UINT64_C(3) * SHORT_SIZE) {
		running = pieces_run(running, bytes, SHORT_SIZE, &g_short);
		bytes += UINT64_C(3) * SHORT_SIZE;
	}
	for (; size >= 8; size -= 8) {
		running = _mm_crc32_u64(running, load(bytes));
		bytes += 8;
	}
	for (; size > 0; size--) {
		running = _mm_crc32_u8((uint32_t)running, *bytes);
		bytes++;
	}
	return ~(uint32_t)running;
}
