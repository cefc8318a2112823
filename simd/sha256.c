/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the data:
 *
 *   hw_sha256_batch -> group_run -> state_begin -> kernel over the whole blocks
 *        |                 |            -> tail_even or tail_ragged -> kernel over the tails
 *        |                 +-> state_store
 *   hw_sha256_gather (a group off anywhere)
 *   hw_sha256 (a group of one, in the one-lane kernel)
 *   hw_sha256_init -> hw_sha256_update* -> hw_sha256_final (the one-lane kernel)
 */
#include "simd/sha256.h"

#include <assert.h>
#include <string.h>

#include "simd/kernels.h"

#define LANES_MAX      HW_SIMD_LANES_MAX
#define TAIL_SIZE      128U /* padding takes one block or two */
#define TAIL_BITS_SIZE 8U   /* bytes of the message's size at its end */

static_assert(TAIL_SIZE == 2 * HW_SHA256_BLOCK_SIZE, "two blocks");

/* What one run of a kernel takes: one message for each lane. */
struct group {
	const struct hw_sha256_kernel *kernel;
	uint64_t size;                   /* bytes of each message */
	const uint8_t *lanes[LANES_MAX]; /* where each message goes on */
};

static const struct hw_sha256_kernel *kernel_for(uint32_t count);
static void group_fill(struct group *group, const uint8_t *blocks, uint64_t stride, uint32_t count);
static void group_run(struct group *group, uint32_t count, struct hw_hash *ret_hashes);
static void state_begin(uint32_t *state, uint32_t lanes);
static void tail_even(const struct group *group, uint32_t *state);
static void tail_ragged(const struct group *group, uint32_t *state);
static uint32_t tail_fill(uint8_t *tail, const uint8_t *rest, uint64_t size);
static void state_store(const uint32_t *state, uint32_t lanes, uint32_t count,
			struct hw_hash *ret_hashes);
static const struct hw_sha256_kernel *kernel_single(void);

void hw_sha256_batch(const uint8_t *blocks, uint64_t stride, uint32_t size, uint32_t count,
		     struct hw_hash *ret_hashes)
{
	for (uint32_t done = 0; done < count;) {
		uint32_t left = count - done;
		struct group group = {.kernel = kernel_for(left), .size = size};
		uint32_t taken = left < group.kernel->lanes ? left : group.kernel->lanes;
		group_fill(&group, blocks + done * stride, stride, taken);
		group_run(&group, taken, ret_hashes + done);
		done += taken;
	}
}

void hw_sha256_gather(const uint8_t *const *blocks, uint32_t size, uint32_t count,
		      struct hw_hash *const *ret_hashes)
{
	for (uint32_t done = 0; done < count;) {
		uint32_t left = count - done;
		struct group group = {.kernel = kernel_for(left), .size = size};
		uint32_t taken = left < group.kernel->lanes ? left : group.kernel->lanes;
		struct hw_hash hashes[LANES_MAX];
		for (uint32_t lane = 0; lane < group.kernel->lanes; lane++) {
			group.lanes[lane] = blocks[done + (lane < taken ? lane : 0)];
		}
		group_run(&group, taken, hashes);
		for (uint32_t i = 0; i < taken; i++) {
			*ret_hashes[done + i] = hashes[i];
		}
		done += taken;
	}
}

void hw_sha256(const void *bytes, uint64_t size, struct hw_hash *ret_hash)
{
	struct group group = {.kernel = kernel_single(), .size = size};
	group_fill(&group, bytes, 0, 1);
	group_run(&group, 1, ret_hash);
}

/* The kernel with which the cheapest way to do @count messages begins (kernels.c measured it). */
static const struct hw_sha256_kernel *kernel_for(uint32_t count)
{
	const struct hw_kernels *kernels = hw_simd_kernels();
	return &kernels->sha256[kernels->sha256_plan[count < LANES_MAX ? count : LANES_MAX]];
}

/* Lanes beyond @count repeat the first message; what they give is not looked at. */
static void group_fill(struct group *group, const uint8_t *blocks, uint64_t stride, uint32_t count)
{
	for (uint32_t lane = 0; lane < group->kernel->lanes; lane++) {
		/* Nothing is added to the first, which may be NULL when it is empty. */
		group->lanes[lane] = lane > 0 && lane < count ? blocks + lane * stride : blocks;
	}
}

/* Nothing is written before all messages were read. */
static void group_run(struct group *group, uint32_t count, struct hw_hash *ret_hashes)
{
	_Alignas(64) uint32_t state[8U * LANES_MAX];
	const struct hw_sha256_kernel *kernel = group->kernel;
	uint64_t rest_size = group->size % HW_SHA256_BLOCK_SIZE;
	uint64_t whole_size = group->size - rest_size;
	state_begin(state, kernel->lanes);
	if (whole_size > 0) {
		kernel->run(state, group->lanes, whole_size / HW_SHA256_BLOCK_SIZE);
	}
	if (rest_size == 0) {
		tail_even(group, state);
	} else {
		for (uint32_t lane = 0; lane < kernel->lanes; lane++) {
			group->lanes[lane] += whole_size;
		}
		tail_ragged(group, state);
	}
	state_store(state, kernel->lanes, count, ret_hashes);
}

static void state_begin(uint32_t *state, uint32_t lanes)
{
	/* FIPS 180-4, 5.3.3 */
	static const uint32_t begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	for (uint32_t word = 0; word < 8; word++) {
		for (uint32_t lane = 0; lane < lanes; lane++) {
			state[word * lanes + lane] = begin[word];
		}
	}
}

/* Messages of whole blocks end in the same block of padding: one copy serves all lanes. This is the
 * case of leaves and nodes. */
static void tail_even(const struct group *group, uint32_t *state)
{
	uint8_t tail[TAIL_SIZE];
	const uint8_t *lanes[LANES_MAX];
	uint32_t tail_blocks = tail_fill(tail, group->lanes[0], group->size);
	for (uint32_t lane = 0; lane < group->kernel->lanes; lane++) {
		lanes[lane] = tail;
	}
	group->kernel->run(state, lanes, tail_blocks);
}

static void tail_ragged(const struct group *group, uint32_t *state)
{
	uint8_t tails[LANES_MAX][TAIL_SIZE];
	const uint8_t *lanes[LANES_MAX];
	uint32_t tail_blocks = 0;
	for (uint32_t lane = 0; lane < group->kernel->lanes; lane++) {
		lanes[lane] = tails[lane];
		tail_blocks = tail_fill(tails[lane], group->lanes[lane], group->size);
	}
	group->kernel->run(state, lanes, tail_blocks);
}

/* The rest of a message of @size bytes with its padding (FIPS 180-4, 5.1.1). Returns blocks, 1
 * or 2. */
static uint32_t tail_fill(uint8_t *tail, const uint8_t *rest, uint64_t size)
{
	uint64_t rest_size = size % HW_SHA256_BLOCK_SIZE;
	uint32_t blocks = rest_size + 1U + TAIL_BITS_SIZE <= HW_SHA256_BLOCK_SIZE ? 1U : 2U;
	uint32_t bits_offset = blocks * HW_SHA256_BLOCK_SIZE - TAIL_BITS_SIZE;
	uint64_t bits = __builtin_bswap64(size * 8U);
	if (rest_size > 0) {
		memcpy(tail, rest, rest_size);
	}
	tail[rest_size] = 0x80;
	memset(tail + rest_size + 1, 0, bits_offset - rest_size - 1);
	memcpy(tail + bits_offset, &bits, sizeof(bits));
	return blocks;
}

static void state_store(const uint32_t *state, uint32_t lanes, uint32_t count,
			struct hw_hash *ret_hashes)
{
	for (uint32_t lane = 0; lane < count; lane++) {
		uint32_t words[8];
		for (uint32_t word = 0; word < 8; word++) {
			words[word] = __builtin_bswap32(state[word * lanes + lane]);
		}
		memcpy(ret_hashes[lane].bytes, words, sizeof(words));
	}
}

void hw_sha256_init(struct hw_sha256 *sha)
{
	state_begin(sha->state, 1);
	sha->size = 0;
}

void hw_sha256_update(struct hw_sha256 *sha, const void *bytes, uint64_t size)
{
	const struct hw_sha256_kernel *kernel = kernel_single();
	const uint8_t *next = bytes;
	uint64_t held_size = sha->size % HW_SHA256_BLOCK_SIZE;
	sha->size += size;
	if (held_size > 0) {
		uint64_t missing = HW_SHA256_BLOCK_SIZE - held_size;
		uint64_t taken = size < missing ? size : missing;
		if (taken > 0) {
			memcpy(sha->held + held_size, next, taken);
		}
		if (taken < missing) {
			return;
		}
		kernel->run(sha->state, &(const uint8_t *){sha->held}, 1);
		next += taken;
		size -= taken;
	}
	uint64_t rest_size = size % HW_SHA256_BLOCK_SIZE;
	if (size > rest_size) {
		kernel->run(sha->state, &next, size / HW_SHA256_BLOCK_SIZE);
		next += size - rest_size;
	}
	if (rest_size > 0) {
		memcpy(sha->held, next, rest_size);
	}
}

void hw_sha256_final(struct hw_sha256 *sha, struct hw_hash *ret_hash)
{
	uint8_t tail[TAIL_SIZE];
	uint32_t tail_blocks = tail_fill(tail, sha->held, sha->size);
	kernel_single()->run(sha->state, &(const uint8_t *){tail}, tail_blocks);
	state_store(sha->state, 1, 1, ret_hash);
}

static const struct hw_sha256_kernel *kernel_single(void)
{
	const struct hw_kernels *kernels = hw_simd_kernels();
	return &kernels->sha256[kernels->sha256_count - 1];
}

bool hw_hash_equal(const struct hw_hash *a, const struct hw_hash *b)
{
	uint32_t differing = 0;
	for (uint32_t i = 0; i < HW_SHA256_SIZE; i++) {
		differing |= (uint32_t)(a->bytes[i] ^ b->bytes[i]);
	}
	/* Without this the compiler may see that one set bit decides, and leave the loop early. */
	__asm__("" : "+r"(differing));
	return differing == 0;
}
