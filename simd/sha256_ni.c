/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 with the SHA extensions: one, two and four messages at a time.
 *
 * sha256rnds2 takes four clocks and each waits for the one before, so a single message leaves the
 * unit idle. How much depends on the machine: Intel's (Golden Cove) starts one every third clock,
 * so a second message gains a third and there is no more to gain; AMD's (Zen 5) starts one every
 * second, and four messages nearly double it. kernels.c measures and takes what is faster. All of
 * it is inlined and unrolled.
 *
 * One message and two run in step, and the compiler finds the registers. Four do not fit into
 * sixteen, and what is kept where decides: gcc's own choice reached 87 % of what the unit can do,
 * the places and the order written down below 95 %.
 */
#include "simd/sha256_kernels.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

#define LANES_MAX 2U /* in step; four have their own code */

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

INLINE void lane_load(__m128i *abef, __m128i *cdgh, const uint32_t *state, uint64_t count)
{
	*abef = _mm_set_epi32((int)state[0], (int)state[count], (int)state[4 * count],
			      (int)state[5 * count]);
	*cdgh = _mm_set_epi32((int)state[2 * count], (int)state[3 * count], (int)state[6 * count],
			      (int)state[7 * count]);
}

INLINE void lane_store(__m128i abef, __m128i cdgh, uint32_t *state, uint64_t count)
{
	state[0] = (uint32_t)_mm_extract_epi32(abef, 3);
	state[count] = (uint32_t)_mm_extract_epi32(abef, 2);
	state[2 * count] = (uint32_t)_mm_extract_epi32(cdgh, 3);
	state[3 * count] = (uint32_t)_mm_extract_epi32(cdgh, 2);
	state[4 * count] = (uint32_t)_mm_extract_epi32(abef, 1);
	state[5 * count] = (uint32_t)_mm_extract_epi32(abef, 0);
	state[6 * count] = (uint32_t)_mm_extract_epi32(cdgh, 1);
	state[7 * count] = (uint32_t)_mm_extract_epi32(cdgh, 0);
}

INLINE void lanes_run(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count,
		      uint32_t count)
{
	struct lane lanes[LANES_MAX];
	for (uint32_t l = 0; l < count; l++) {
		lane_load(&lanes[l].abef, &lanes[l].cdgh, state + l, count);
	}
	for (uint64_t i = 0; i < block_count; i++) {
		for (uint32_t l = 0; l < count; l++) {
			words_load(&lanes[l], blocks[l] + i * HW_SHA256_BLOCK_SIZE);
		}
		block_run(lanes, count);
	}
	for (uint32_t l = 0; l < count; l++) {
		lane_store(lanes[l].abef, lanes[l].cdgh, state + l, count);
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

/* Four messages. The eight registers of state, one of words ready for the unit for each message,
 * xmm0 where the unit wants them, and three for the schedule make sixteen: all else is in memory,
 * and loads are free here. */
struct quad_lane {
	__m128i abef;
	__m128i cdgh;
	__m128i wk; /* four words and their constants summed, waiting for their rounds */
	__m128i *w; /* the newest sixteen words */
	const uint8_t *block;
};

/* By name and not in an array: gcc 12 keeps the fields of an array's members in memory from block
 * to block, which costs 3 %. */
struct quad {
	struct quad_lane a;
	struct quad_lane b;
	struct quad_lane c;
	struct quad_lane d;
};

/* Words of quarter 0 to 3, off the message. */
INLINE void words_take(struct quad_lane *lane, uint32_t q, const __m128i *k)
{
	__m128i words = load_words(lane->block + (size_t)q * 16);
	__asm__ volatile("movdqa %[words], %[place]\n\t"
			 "paddd %[k], %[words]"
			 : [words] "+x"(words), [place] "=m"(lane->w[q])
			 : [k] "m"(*k));
	lane->wk = words;
}

/* Words of quarter 4 to 15, out of those of the four quarters before: schedule_run() with its
 * registers chosen. */
INLINE void words_make(struct quad_lane *lane, uint32_t q, const __m128i *k)
{
	__m128i sum;
	__m128i newest;
	__asm__ volatile("movdqa %[oldest], %[sum]\n\t"
			 "sha256msg1 %[older], %[sum]\n\t"
			 "movdqa %[newer], %[newest]\n\t"
			 "movdqa %[newest], %[wk]\n\t"
			 "palignr $4, %[middle], %[wk]\n\t"
			 "paddd %[sum], %[wk]\n\t"
			 "sha256msg2 %[newest], %[wk]\n\t"
			 "movdqa %[wk], %[oldest]\n\t"
			 "paddd %[k], %[wk]"
			 : [wk] "=&x"(lane->wk), [sum] "=&x"(sum), [newest] "=&x"(newest),
			   [oldest] "+m"(lane->w[q & 3U])
			 : [older] "m"(lane->w[(q + 1) & 3U]), [middle] "m"(lane->w[(q + 2) & 3U]),
			   [newer] "m"(lane->w[(q + 3) & 3U]), [k] "m"(*k));
}

/* Of four rounds each. What a step below would do before the first or after the last is left out.
 */
#define QUARTERS 16U

INLINE void words(struct quad_lane *lane, uint32_t q)
{
	const __m128i *k =
		(const __m128i *)(const void *)(hw_sha256_round_constants + (size_t)q * 4);
	if (q < 4) {
		words_take(lane, q, k);
	} else if (q < QUARTERS) {
		words_make(lane, q, k);
	}
}

INLINE void rounds_begin(struct quad_lane *lane, uint32_t q)
{
	if (q < QUARTERS) {
		__asm__ volatile("sha256rnds2 %[abef], %[cdgh]"
				 : [cdgh] "+x"(lane->cdgh)
				 : [abef] "x"(lane->abef), "Yz"(lane->wk));
	}
}

INLINE void rounds_end(struct quad_lane *lane, uint32_t q)
{
	if (q < QUARTERS) {
		__m128i upper;
		__asm__ volatile("pshufd $0x0e, %[wk], %[upper]\n\t"
				 "sha256rnds2 %[cdgh], %[abef]"
				 : [abef] "+x"(lane->abef), [upper] "=&Yz"(upper)
				 : [cdgh] "x"(lane->cdgh), [wk] "x"(lane->wk));
	}
}

/* Four rounds of all four. Each message is about a third of this behind the one before, so that
 * the unit never has to wait for words. The order was found by trying a hundred; all in step costs
 * 2 %. */
INLINE void quarter_run(struct quad *n, uint32_t q)
{
	rounds_end(&n->a, q - 1);
	rounds_begin(&n->d, q - 1);
	words(&n->a, q);
	rounds_begin(&n->c, q - 1);
	rounds_end(&n->b, q - 1);
	words(&n->b, q);
	rounds_begin(&n->a, q);
	rounds_end(&n->d, q - 1);
	rounds_end(&n->c, q - 1);
	words(&n->c, q);
	rounds_begin(&n->b, q);
	words(&n->d, q);
}

INLINE void quad_init(struct quad_lane *lane, const uint32_t *state, const uint8_t *block,
		      __m128i *w)
{
	lane_load(&lane->abef, &lane->cdgh, state, 4);
	lane->block = block;
	lane->w = w;
}

INLINE void quad_block_run(struct quad *n)
{
	__m128i was[8] = {n->a.abef, n->a.cdgh, n->b.abef, n->b.cdgh,
			  n->c.abef, n->c.cdgh, n->d.abef, n->d.cdgh};
	__asm__("" : "+m"(was)); /* in memory, where no register is needed for it */
	quarter_run(n, 0);
	quarter_run(n, 1);
	quarter_run(n, 2);
	quarter_run(n, 3);
	quarter_run(n, 4);
	quarter_run(n, 5);
	quarter_run(n, 6);
	quarter_run(n, 7);
	quarter_run(n, 8);
	quarter_run(n, 9);
	quarter_run(n, 10);
	quarter_run(n, 11);
	quarter_run(n, 12);
	quarter_run(n, 13);
	quarter_run(n, 14);
	quarter_run(n, 15);
	quarter_run(n, 16);
	n->a.abef = _mm_add_epi32(n->a.abef, was[0]);
	n->a.cdgh = _mm_add_epi32(n->a.cdgh, was[1]);
	n->b.abef = _mm_add_epi32(n->b.abef, was[2]);
	n->b.cdgh = _mm_add_epi32(n->b.cdgh, was[3]);
	n->c.abef = _mm_add_epi32(n->c.abef, was[4]);
	n->c.cdgh = _mm_add_epi32(n->c.cdgh, was[5]);
	n->d.abef = _mm_add_epi32(n->d.abef, was[6]);
	n->d.cdgh = _mm_add_epi32(n->d.cdgh, was[7]);
	n->a.block += HW_SHA256_BLOCK_SIZE;
	n->b.block += HW_SHA256_BLOCK_SIZE;
	n->c.block += HW_SHA256_BLOCK_SIZE;
	n->d.block += HW_SHA256_BLOCK_SIZE;
}

void hw_sha256_ni_x4(uint32_t *state, const uint8_t *const *blocks, uint64_t block_count)
{
	__m128i w[4][4];
	struct quad n;
	quad_init(&n.a, state, blocks[0], w[0]);
	quad_init(&n.b, state + 1, blocks[1], w[1]);
	quad_init(&n.c, state + 2, blocks[2], w[2]);
	quad_init(&n.d, state + 3, blocks[3], w[3]);
	for (uint64_t i = 0; i < block_count; i++) {
		quad_block_run(&n);
	}
	lane_store(n.a.abef, n.a.cdgh, state, 4);
	lane_store(n.b.abef, n.b.cdgh, state + 1, 4);
	lane_store(n.c.abef, n.c.cdgh, state + 2, 4);
	lane_store(n.d.abef, n.d.cdgh, state + 3, 4);
}
