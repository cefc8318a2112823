/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 with the SHA extensions: one, two and four messages at a time.
 *
 * sha256rnds2 takes four clocks and each waits for the one before, so a single message leaves the
 * unit idle. How much depends on the machine: Intel's (Golden Cove) starts one every third clock,
 * so a second message gains a third and there is no more to gain; AMD's (Zen 5) starts one every
 * second, and four messages gain nine tenths. kernels.c measures and takes what is faster. The
 * messages run in step through the same code; all of it is inlined and unrolled. Four do not fit
 * into sixteen registers, and the compiler keeps the words that are waiting on the stack: loads are
 * free here.
 */
#include "simd/sha256_kernels.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

#define LANES_MAX 4U

/* One message: the state in the order the instruction wants, and the newest sixteen words. */
struct lane {
	__m128i abef;
	__m128i cdgh;
	__m128i w[4];
};

INLINE __m128i load(const void *bytes)
{
	return _mm_loadu_si128((const __m128i *)bytes);
}

/* Message words are big-endian. */
INLINE __m128i load_words(const uint8_t *bytes)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	return _mm_shuffle_epi8(load(bytes), swap);
}

INLINE void words_load(struct lane *lane, const uint8_t *block)
{
	for (uint32_t i = 0; i < 4; i++) {
		lane->w[i] = load_words(block + (size_t)i * 16);
	}
}

/* Four rounds with words w[i]. */
INLINE void rounds_run(struct lane *lane, uint32_t i, __m128i k)
{
	__m128i wk = _mm_add_epi32(lane->w[i], k);
	lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, wk);
	lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* Replace words w[i], the oldest four, by the next four. */
INLINE void schedule_run(struct lane *lane, uint32_t i)
{
	__m128i *w = lane->w;
	__m128i newest = w[(i + 3) & 3U];
	__m128i middle = _mm_alignr_epi8(newest, w[(i + 2) & 3U], 4);
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i], w[(i + 1) & 3U]), middle);
	w[i] = _mm_sha256msg2_epu32(sum, newest);
}

INLINE void lanes_rounds(struct lane *lanes, uint32_t count, uint32_t i, const uint32_t *k)
{
	for (uint32_t l = 0; l < count; l++) {
		rounds_run(&lanes[l], i, load(k));
	}
}

INLINE void lanes_schedule(struct lane *lanes, uint32_t count, uint32_t i)
{
	for (uint32_t l = 0; l < count; l++) {
		schedule_run(&lanes[l], i);
	}
}

INLINE void block_run(struct lane *lanes, uint32_t count)
{
	const uint32_t *k = hw_sha256_round_constants;
	struct lane was[LANES_MAX];
	for (uint32_t l = 0; l < count; l++) {
		was[l].abef = lanes[l].abef;
		was[l].cdgh = lanes[l].cdgh;
	}
	for (uint32_t t = 0; t < 48; t += 16) {
		lanes_rounds(lanes, count, 0, k + t);
		lanes_schedule(lanes, count, 0);
		lanes_rounds(lanes, count, 1, k + t + 4);
		lanes_schedule(lanes, count, 1);
		lanes_rounds(lanes, count, 2, k + t + 8);
		lanes_schedule(lanes, count, 2);
		lanes_rounds(lanes, count, 3, k + t + 12);
		lanes_schedule(lanes, count, 3);
	}
	lanes_rounds(lanes, count, 0, k + 48);
	lanes_rounds(lanes, count, 1, k + 52);
	lanes_rounds(lanes, count, 2, k + 56);
	lanes_rounds(lanes, count, 3, k + 60);
	for (uint32_t l = 0; l < count; l++) {
		lanes[l].abef = _mm_add_epi32(lanes[l].abef, was[l].abef);
		lanes[l].cdgh = _mm_add_epi32(lanes[l].cdgh, was[l].cdgh);
	}
}

INLINE void state_load(struct lane *lane, const uint32_t *state, uint64_t count)
{
	lane->abef = _mm_set_epi32((int)state[0], (int)state[count], (int)state[4 * count],
				   (int)state[5 * count]);
	lane->cdgh = _mm_set_epi32((int)state[2 * count], (int)state[3 * count],
				   (int)state[6 * count], (int)state[7 * count]);
}

INLINE void state_store(const struct lane *lane, uint32_t *state, uint64_t count)
{
	state[0] = (uint32_t)_mm_extract_epi32(lane->abef, 3);
	state[count] = (uint32_t)_mm_extract_epi32(lane->abef, 2);
	state[2 * count] = (uint32_t)_mm_extract_epi32(lane->cdgh, 3);
	state[3 * count] = (uint32_t)_mm_extract_epi32(lane->cdgh, 2);
	state[4 * count] = (uint32_t)_mm_extract_epi32(lane->abef, 1);
	state[5 * count] = (uint32_t)_mm_extract_epi32(lane->abef, 0);
	state[6 * count] = (uint32_t)_mm_extract_epi32(lane->cdgh, 1);
	state[7 * count] = (uint32_t)_mm_extract_epi32(lane->cdgh, 0);
}

INLINE void lanes_run(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count,
		      uint32_t count)
{
	struct lane lanes[LANES_MAX];
	for (uint32_t l = 0; l < count; l++) {
		state_load(&lanes[l], state + l, count);
	}
	for (uint64_t i = 0; i < block_count; i++) {
		for (uint32_t l = 0; l < count; l++) {
			words_load(&lanes[l], blocks[l] + i * HW_SHA256_BLOCK_SIZE);
		}
		block_run(lanes, count);
	}
	for (uint32_t l = 0; l < count; l++) {
		state_store(&lanes[l], state + l, count);
	}
}

void hw_sha256_ni_x1(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	lanes_run(state, blocks, block_count, 1);
}

void hw_sha256_ni_x2(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	lanes_run(state, blocks, block_count, 2);
}

void hw_sha256_ni_x4(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	lanes_run(state, blocks, block_count, 4);
}
