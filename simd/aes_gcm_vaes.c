/* SPDX-License-Identifier: Apache-2.0
 *
 * AES in counter mode and GHASH, sixteen blocks (four registers of 512 bits) a turn.
 *
 * GHASH's bits run the other way round within a block. With bytes reversed, and the hash key moved
 * up one bit beforehand (key_double), the carry-less product of two blocks is what the standard
 * calls their product, but for the reduction (Gueron and Kounavis, "Intel Carry-Less Multiplication
 * Instruction and its Usage for Computing the GCM Mode"). So:
 *
 *	sum = (sum + c0) * h^16 + c1 * h^15 + ... + c15 * h
 *
 * is sixteen independent products whose halves are added up before one reduction. When sealing, the
 * blocks of the last turn are hashed while this turn's are encrypted, and so the two chains fill
 * each other's gaps.
 */
#include "simd/aes_gcm.h"

#include <immintrin.h>
#include <string.h>

#include "simd/kernels.h"

#define BLOCK_SIZE UINT64_C(16)
#define WIDE_SIZE  (BLOCK_SIZE * HW_AES_GCM_WIDE)
#define QUADS      4U /* registers of four blocks */
#define QUAD_SIZE  (4 * BLOCK_SIZE)

struct quads {
	__m512i at[QUADS];
};

/* The halves of a sum of products, before the reduction. */
struct product {
	__m512i low;
	__m512i middle;
	__m512i high;
};

static inline __m128i load(const void *bytes)
{
	return _mm_loadu_si128((const __m128i_u *)bytes);
}

static inline void store(void *bytes, __m128i x)
{
	_mm_storeu_si128((__m128i_u *)bytes, x);
}

static inline __m128i swap(__m128i x)
{
	return _mm_shuffle_epi8(x,
				_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

static inline __m512i swap_quad(__m512i x)
{
	const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	return _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(order));
}

bool hw_aes_gcm_is_there(void)
{
	return hw_simd_kernels()->has_aes_gcm;
}

/* -- keys -- */

/* What the next round key is made of: the last one, each word added to those behind it. */
static inline __m128i spread(__m128i key)
{
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	return _mm_xor_si128(key, _mm_slli_si128(key, 4));
}

/* The instruction wants its constant in the code. */
static inline __m128i assist(__m128i key, uint32_t round)
{
	switch (round) {
	case 1:
		return _mm_aeskeygenassist_si128(key, 0x01);
	case 2:
		return _mm_aeskeygenassist_si128(key, 0x02);
	case 3:
		return _mm_aeskeygenassist_si128(key, 0x04);
	case 4:
		return _mm_aeskeygenassist_si128(key, 0x08);
	case 5:
		return _mm_aeskeygenassist_si128(key, 0x10);
	case 6:
		return _mm_aeskeygenassist_si128(key, 0x20);
	case 7:
		return _mm_aeskeygenassist_si128(key, 0x40);
	case 8:
		return _mm_aeskeygenassist_si128(key, 0x80);
	case 9:
		return _mm_aeskeygenassist_si128(key, 0x1b);
	default:
		return _mm_aeskeygenassist_si128(key, 0x36);
	}
}

static void rounds_set_128(struct hw_aes_gcm_key *key, const uint8_t *bytes)
{
	__m128i round = load(bytes);
	store(key->rounds, round);
	for (uint32_t i = 1; i <= 10; i++) {
		__m128i word = _mm_shuffle_epi32(assist(round, i), 0xff);
		round = _mm_xor_si128(spread(round), word);
		store(key->rounds + i * BLOCK_SIZE, round);
	}
	key->round_count = 10;
}

static void rounds_set_256(struct hw_aes_gcm_key *key, const uint8_t *bytes)
{
	__m128i even = load(bytes);
	__m128i odd = load(bytes + BLOCK_SIZE);
	store(key->rounds, even);
	store(key->rounds + BLOCK_SIZE, odd);
	for (uint64_t i = 1; i <= 7; i++) {
		even = _mm_xor_si128(spread(even),
				     _mm_shuffle_epi32(assist(odd, (uint32_t)i), 0xff));
		store(key->rounds + i * (2 * BLOCK_SIZE), even);
		if (i < 7) {
			__m128i word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xaa);
			odd = _mm_xor_si128(spread(odd), word);
			store(key->rounds + (2 * i + 1) * BLOCK_SIZE, odd);
		}
	}
	key->round_count = 14;
}

static inline __m128i block_encrypt(const struct hw_aes_gcm_key *key, __m128i block)
{
	block = _mm_xor_si128(block, load(key->rounds));
	for (uint32_t i = 1; i < key->round_count; i++) {
		block = _mm_aesenc_si128(block, load(key->rounds + i * BLOCK_SIZE));
	}
	return _mm_aesenclast_si128(block, load(key->rounds + key->round_count * BLOCK_SIZE));
}

/* -- the hash -- */

/* x^128 + x^7 + x^2 + x + 1, in the order of bits that the products have. */
static inline __m128i poly(void)
{
	return _mm_set_epi64x((int64_t)UINT64_C(0xc200000000000000), 1);
}

/* Moved up one bit, and what falls out comes back as the polynomial says. */
static inline __m128i key_double(__m128i h)
{
	__m128i carries = _mm_srli_epi64(h, 63);
	__m128i moved = _mm_or_si128(_mm_slli_epi64(h, 1), _mm_slli_si128(carries, 8));
	bool is_out = _mm_extract_epi64(carries, 1) != 0;
	return is_out ? _mm_xor_si128(moved, poly()) : moved;
}

static inline __m128i reduce(__m128i low, __m128i middle, __m128i high)
{
	low = _mm_xor_si128(low, _mm_slli_si128(middle, 8));
	high = _mm_xor_si128(high, _mm_srli_si128(middle, 8));
	__m128i fold = _mm_clmulepi64_si128(low, poly(), 0x10);
	low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), fold);
	fold = _mm_clmulepi64_si128(low, poly(), 0x10);
	low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), fold);
	return _mm_xor_si128(high, low);
}

static inline __m128i multiply(__m128i a, __m128i b)
{
	__m128i low = _mm_clmulepi64_si128(a, b, 0x00);
	__m128i high = _mm_clmulepi64_si128(a, b, 0x11);
	__m128i middle =
		_mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
	return reduce(low, middle, high);
}

static inline void product_add(struct product *sum, __m512i a, __m512i b)
{
	sum->low = _mm512_xor_si512(sum->low, _mm512_clmulepi64_epi128(a, b, 0x00));
	sum->high = _mm512_xor_si512(sum->high, _mm512_clmulepi64_epi128(a, b, 0x11));
	__m512i first = _mm512_clmulepi64_epi128(a, b, 0x01);
	__m512i second = _mm512_clmulepi64_epi128(a, b, 0x10);
	sum->middle = _mm512_ternarylogic_epi64(sum->middle, first, second, 0x96);
}

static inline __m128i fold_quad(__m512i x)
{
	__m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
	return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* Sixteen sealed blocks onto the sum. */
static inline __m128i hash_wide(const struct hw_aes_gcm_key *key, __m128i sum,
				const struct quads *sealed)
{
	struct product product = {_mm512_setzero_si512(), _mm512_setzero_si512(),
				  _mm512_setzero_si512()};
	for (uint32_t i = 0; i < QUADS; i++) {
		__m512i blocks = swap_quad(sealed->at[i]);
		if (i == 0) {
			blocks = _mm512_xor_si512(blocks, _mm512_zextsi128_si512(sum));
		}
		product_add(&product, blocks, _mm512_load_si512(key->powers + i * QUAD_SIZE));
	}
	return reduce(fold_quad(product.low), fold_quad(product.middle), fold_quad(product.high));
}

static inline __m128i hash_one(const struct hw_aes_gcm_key *key, __m128i sum, __m128i block)
{
	__m128i h = load(key->powers + WIDE_SIZE - BLOCK_SIZE);
	return multiply(_mm_xor_si128(sum, swap(block)), h);
}

void hw_aes_gcm_key_set(struct hw_aes_gcm_key *key, const uint8_t *bytes, uint32_t key_size)
{
	if (key_size == 16) {
		rounds_set_128(key, bytes);
	} else {
		rounds_set_256(key, bytes);
	}
	__m128i h = key_double(swap(block_encrypt(key, _mm_setzero_si128())));
	__m128i power = h;
	for (uint32_t i = 1; i <= HW_AES_GCM_WIDE; i++) {
		store(key->powers + WIDE_SIZE - i * BLOCK_SIZE, power);
		power = multiply(power, h);
	}
}

/* -- a message -- */

/* The block that is encrypted for number @counter. */
static inline __m128i counter_block(const struct hw_aes_gcm *gcm, uint32_t counter)
{
	uint8_t block[BLOCK_SIZE];
	memcpy(block, gcm->nonce, HW_AES_GCM_NONCE_SIZE);
	uint32_t number = __builtin_bswap32(counter);
	memcpy(block + HW_AES_GCM_NONCE_SIZE, &number, 4);
	return load(block);
}

void hw_aes_gcm_begin(struct hw_aes_gcm *gcm, const struct hw_aes_gcm_key *key,
		      const uint8_t *nonce, const uint8_t *aad, uint32_t aad_size, bool is_sealing)
{
	uint8_t block[BLOCK_SIZE] = {0};
	gcm->key = key;
	gcm->counter = 2; /* 1 is the tag's */
	gcm->begun_size = 0;
	gcm->aad_size = aad_size;
	gcm->size = 0;
	gcm->is_sealing = is_sealing;
	memcpy(gcm->nonce, nonce, HW_AES_GCM_NONCE_SIZE);
	memcpy(block, aad, aad_size);
	store(gcm->sum, hash_one(key, _mm_setzero_si128(), load(block)));
}

/* Numbers of four blocks each, in the order of bytes that adding wants. */
static inline __m512i counters_first(const struct hw_aes_gcm *gcm)
{
	__m512i block = _mm512_broadcast_i32x4(swap(counter_block(gcm, gcm->counter)));
	return _mm512_add_epi32(block,
				_mm512_set_epi32(0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0));
}

static inline void streams_make(const struct hw_aes_gcm_key *key, __m512i *counters,
				struct quads *ret_streams)
{
	const __m512i four = _mm512_set_epi32(0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4);
	__m512i round = _mm512_broadcast_i32x4(load(key->rounds));
	for (uint32_t i = 0; i < QUADS; i++) {
		ret_streams->at[i] = _mm512_xor_si512(swap_quad(*counters), round);
		*counters = _mm512_add_epi32(*counters, four);
	}
	for (uint32_t at = 1; at < key->round_count; at++) {
		round = _mm512_broadcast_i32x4(load(key->rounds + at * BLOCK_SIZE));
		for (uint32_t i = 0; i < QUADS; i++) {
			ret_streams->at[i] = _mm512_aesenc_epi128(ret_streams->at[i], round);
		}
	}
	round = _mm512_broadcast_i32x4(load(key->rounds + key->round_count * BLOCK_SIZE));
	for (uint32_t i = 0; i < QUADS; i++) {
		ret_streams->at[i] = _mm512_aesenclast_epi128(ret_streams->at[i], round);
	}
}

static inline void quads_load(const uint8_t *from, struct quads *ret_quads)
{
	for (uint32_t i = 0; i < QUADS; i++) {
		ret_quads->at[i] = _mm512_loadu_si512(from + i * QUAD_SIZE);
	}
}

/* What goes in or out, whichever is sealed, is hashed. */
static inline void quads_apply(const struct quads *streams, struct quads *bytes, uint8_t *ret_to)
{
	for (uint32_t i = 0; i < QUADS; i++) {
		bytes->at[i] = _mm512_xor_si512(bytes->at[i], streams->at[i]);
		_mm512_storeu_si512(ret_to + i * QUAD_SIZE, bytes->at[i]);
	}
}

/* Each turn's blocks are hashed in the next one, beside its encryption. */
static void seal_wide(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to, uint64_t turns)
{
	const struct hw_aes_gcm_key *key = gcm->key;
	__m512i counters = counters_first(gcm);
	__m128i sum = load(gcm->sum);
	struct quads streams;
	struct quads before;
	struct quads bytes;
	streams_make(key, &counters, &streams);
	quads_load(from, &before);
	quads_apply(&streams, &before, ret_to);
	for (uint64_t i = 1; i < turns; i++) {
		streams_make(key, &counters, &streams);
		sum = hash_wide(key, sum, &before);
		quads_load(from + i * WIDE_SIZE, &bytes);
		quads_apply(&streams, &bytes, ret_to + i * WIDE_SIZE);
		before = bytes;
	}
	store(gcm->sum, hash_wide(key, sum, &before));
}

static void open_wide(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to, uint64_t turns)
{
	const struct hw_aes_gcm_key *key = gcm->key;
	__m512i counters = counters_first(gcm);
	__m128i sum = load(gcm->sum);
	struct quads streams;
	struct quads bytes;
	for (uint64_t i = 0; i < turns; i++) {
		quads_load(from + i * WIDE_SIZE, &bytes);
		streams_make(key, &counters, &streams);
		sum = hash_wide(key, sum, &bytes);
		quads_apply(&streams, &bytes, ret_to + i * WIDE_SIZE);
	}
	store(gcm->sum, sum);
}

static void one_block(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to)
{
	__m128i bytes = load(from);
	__m128i other =
		_mm_xor_si128(bytes, block_encrypt(gcm->key, counter_block(gcm, gcm->counter)));
	store(ret_to, other);
	store(gcm->sum, hash_one(gcm->key, load(gcm->sum), gcm->is_sealing ? other : bytes));
	gcm->counter++;
}

/* Some of the block that has begun. Returns the bytes that were used. */
static uint64_t begun_go_on(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to,
			    uint64_t size)
{
	uint64_t used = 0;
	while (used < size && gcm->begun_size < BLOCK_SIZE) {
		uint8_t byte = from[used];
		uint8_t other = byte ^ gcm->stream[gcm->begun_size];
		ret_to[used++] = other;
		gcm->sealed[gcm->begun_size++] = gcm->is_sealing ? other : byte;
	}
	if (gcm->begun_size == BLOCK_SIZE) {
		store(gcm->sum, hash_one(gcm->key, load(gcm->sum), load(gcm->sealed)));
		gcm->begun_size = 0;
	}
	return used;
}

void hw_aes_gcm_update(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to, uint64_t size)
{
	uint64_t at = 0;
	gcm->size += size;
	if (gcm->begun_size > 0) {
		at = begun_go_on(gcm, from, ret_to, size);
	}
	uint64_t turns = (size - at) / WIDE_SIZE;
	if (turns > 0) {
		if (gcm->is_sealing) {
			seal_wide(gcm, from + at, ret_to + at, turns);
		} else {
			open_wide(gcm, from + at, ret_to + at, turns);
		}
		gcm->counter += (uint32_t)(turns * HW_AES_GCM_WIDE);
		at += turns * WIDE_SIZE;
	}
	for (; size - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
		one_block(gcm, from + at, ret_to + at);
	}
	if (at < size) {
		store(gcm->stream, block_encrypt(gcm->key, counter_block(gcm, gcm->counter++)));
		(void)begun_go_on(gcm, from + at, ret_to + at, size - at);
	}
}

void hw_aes_gcm_end(struct hw_aes_gcm *gcm, uint8_t *ret_tag)
{
	__m128i sum = load(gcm->sum);
	if (gcm->begun_size > 0) {
		memset(gcm->sealed + gcm->begun_size, 0, BLOCK_SIZE - gcm->begun_size);
		sum = hash_one(gcm->key, sum, load(gcm->sealed));
	}
	__m128i sizes = _mm_set_epi64x((int64_t)gcm->aad_size * 8, (int64_t)(gcm->size * 8));
	sum = multiply(_mm_xor_si128(sum, sizes), load(gcm->key->powers + WIDE_SIZE - BLOCK_SIZE));
	__m128i tag = _mm_xor_si128(swap(sum), block_encrypt(gcm->key, counter_block(gcm, 1)));
	store(ret_tag, tag);
	explicit_bzero(gcm, sizeof(*gcm));
}
