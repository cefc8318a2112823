/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every kernel gives the SHA-256 of FIPS 180-4, for every way of asking: whole, in pieces, in
 * batches of any size, count, stride and alignment.
 * Method: the standard's vectors, a million 'a', then random bytes against the portable kernel and
 * against OpenSSL, for each kernel of this machine in turn. Canaries around the results catch a
 * write past the end. The seed is fixed and printed.
 */
#include "tests/unit/simd/simd_test.h"

#include <openssl/sha.h>
#include <stdlib.h>

#define SEED             UINT64_C(20240611)
#define LENGTH_MAX       1100U
#define BATCH_COUNT_MAX  40U
#define BATCH_STRIDE_MAX 2500U

static void vectors_one(void)
{
	static const struct {
		const char *text;
		const char *hex;
	} vectors[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};
	for (uint32_t i = 0; i < hw_count_of(vectors); i++) {
		struct hw_hash hash;
		hw_sha256(vectors[i].text, strlen(vectors[i].text), &hash);
		assert_hex(hash.bytes, HW_SHA256_SIZE, vectors[i].hex);
	}
	struct hw_hash empty;
	hw_sha256(NULL, 0, &empty);
	assert_hex(empty.bytes, HW_SHA256_SIZE, vectors[0].hex);
}

static void vectors(void **state)
{
	(void)state;
	for_each_kernel(vectors_one);
}

static void million_one(void)
{
	struct hw_sha256 sha;
	struct hw_hash hash;
	uint8_t bytes[1000];
	memset(bytes, 'a', sizeof(bytes));
	hw_sha256_init(&sha);
	for (uint32_t i = 0; i < 1000; i++) {
		hw_sha256_update(&sha, bytes, sizeof(bytes));
	}
	hw_sha256_final(&sha, &hash);
	assert_hex(hash.bytes, HW_SHA256_SIZE,
		   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void million(void **state)
{
	(void)state;
	for_each_kernel(million_one);
}

static void every_length_one(void)
{
	uint64_t seed = SEED;
	uint8_t bytes[LENGTH_MAX];
	random_fill(&seed, bytes, sizeof(bytes));
	for (uint32_t size = 0; size <= LENGTH_MAX; size++) {
		uint8_t expected[HW_SHA256_SIZE];
		struct hw_hash whole;
		struct hw_hash pieces;
		struct hw_sha256 sha;
		SHA256(bytes, size, expected);
		hw_sha256(bytes, size, &whole);
		hw_sha256_init(&sha);
		for (uint32_t offset = 0; offset < size;) {
			uint64_t most = random_next(&seed) % 4 == 0 ? 300 : 70;
			uint64_t piece = random_next(&seed) % (most + 1);
			piece = piece < size - offset ? piece : size - offset;
			hw_sha256_update(&sha, bytes + offset, piece);
			offset += (uint32_t)piece;
		}
		hw_sha256_final(&sha, &pieces);
		assert_memory_equal(whole.bytes, expected, HW_SHA256_SIZE);
		assert_memory_equal(pieces.bytes, expected, HW_SHA256_SIZE);
	}
}

static void every_length(void **state)
{
	(void)state;
	print_message("seed %llu\n", (unsigned long long)SEED);
	for_each_kernel(every_length_one);
}

/* One batch against OpenSSL, with a canary after the last hash and the first left untouched. */
static void batch_check(const uint8_t *blocks, uint64_t stride, uint32_t size, uint32_t count)
{
	static const struct hw_hash canary = {{0xca, 0x17, 0xa2, 0x19}};
	struct hw_hash hashes[BATCH_COUNT_MAX + 2];
	hashes[0] = canary;
	hashes[count + 1] = canary;
	hw_sha256_batch(blocks, stride, size, count, hashes + 1);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t expected[HW_SHA256_SIZE];
		SHA256(blocks + i * stride, size, expected);
		assert_memory_equal(hashes[i + 1].bytes, expected, HW_SHA256_SIZE);
	}
	assert_memory_equal(&hashes[0], &canary, sizeof(canary));
	assert_memory_equal(&hashes[count + 1], &canary, sizeof(canary));
}

static uint8_t g_bytes[BATCH_COUNT_MAX * BATCH_STRIDE_MAX + 64 + 3000];

static void batch_random_one(void)
{
	uint64_t seed = SEED;
	random_fill(&seed, g_bytes, sizeof(g_bytes));
	for (uint32_t round = 0; round < 600; round++) {
		/* Sizes near the edges of the padding as often as any. */
		uint32_t size = (uint32_t)(random_next(&seed) % 8 * 64 + random_next(&seed) % 20);
		size = round % 3 == 0 ? (uint32_t)(random_next(&seed) % 3000) : size;
		size = size >= 10 && round % 3 == 1 ? size - 10 : size;
		uint64_t stride = random_next(&seed) % (BATCH_STRIDE_MAX + 1);
		uint32_t count = 1 + (uint32_t)(random_next(&seed) % BATCH_COUNT_MAX);
		batch_check(g_bytes + random_next(&seed) % 64, stride, size, count);
	}
	for (uint32_t count = 0; count <= BATCH_COUNT_MAX; count++) {
		batch_check(g_bytes, 64, 64, count);
		batch_check(g_bytes + 1, 1, 128, count);
		batch_check(g_bytes + 2, 0, 55, count);
		batch_check(g_bytes + 3, 77, 56, count);
		batch_check(g_bytes, 9, 0, count);
	}
}

static void batch_random(void **state)
{
	(void)state;
	print_message("seed %llu\n", (unsigned long long)SEED);
	for_each_kernel(batch_random_one);
}

/* Every alignment, every lane with bytes of its own. */
static void batch_alignments_one(void)
{
	uint64_t seed = SEED;
	random_fill(&seed, g_bytes, sizeof(g_bytes));
	for (uint32_t offset = 0; offset < 64; offset++) {
		batch_check(g_bytes + offset, 256, 192, HW_SIMD_LANES_MAX);
		batch_check(g_bytes + offset, 65, 64, HW_SIMD_LANES_MAX);
	}
}

static void batch_alignments(void **state)
{
	(void)state;
	for_each_kernel(batch_alignments_one);
}

/* Messages from anywhere, in any order, the same one twice; hashes to places in another order. */
static void gather_one(void)
{
	uint64_t seed = SEED;
	random_fill(&seed, g_bytes, sizeof(g_bytes));
	for (uint32_t count = 0; count <= BATCH_COUNT_MAX; count++) {
		const uint8_t *blocks[BATCH_COUNT_MAX];
		struct hw_hash *places[BATCH_COUNT_MAX];
		struct hw_hash hashes[BATCH_COUNT_MAX];
		uint32_t size = count % 3 == 0 ? 192 : count * 19;
		for (uint32_t i = 0; i < count; i++) {
			blocks[i] =
				g_bytes + random_next(&seed) % (UINT64_C(20) * BATCH_STRIDE_MAX);
			places[i] = &hashes[count - 1 - i];
		}
		hw_sha256_gather(blocks, size, count, places);
		for (uint32_t i = 0; i < count; i++) {
			uint8_t expected[HW_SHA256_SIZE];
			SHA256(blocks[i], size, expected);
			assert_memory_equal(places[i]->bytes, expected, HW_SHA256_SIZE);
		}
	}
}

static void gather(void **state)
{
	(void)state;
	for_each_kernel(gather_one);
}

static void batch_blocks_one(void)
{
	uint64_t seed = SEED;
	uint64_t stride = 16384;
	uint8_t *blocks = malloc(33 * stride);
	assert_non_null(blocks);
	random_fill(&seed, blocks, 33 * stride);
	batch_check(blocks, stride, 16384, 33);
	batch_check(blocks, stride, 16384, 16);
	batch_check(blocks, stride, 16384, 1);
	batch_check(blocks + 5, stride, 16384, 31);
	free(blocks);
}

static void batch_blocks(void **state)
{
	(void)state;
	for_each_kernel(batch_blocks_one);
}

/* The promise merkle.c stands on: a level of nodes is reduced into its own beginning. */
static void batch_in_place_one(void)
{
	uint64_t seed = SEED;
	struct hw_hash nodes[2 * BATCH_COUNT_MAX];
	struct hw_hash expected[BATCH_COUNT_MAX];
	for (uint32_t count = 0; count <= BATCH_COUNT_MAX; count++) {
		random_fill(&seed, nodes[0].bytes, sizeof(nodes));
		for (uint32_t i = 0; i < count; i++) {
			SHA256(nodes[(size_t)i * 2].bytes, 64, expected[i].bytes);
		}
		hw_sha256_batch(nodes[0].bytes, 64, 64, count, nodes);
		assert_memory_equal(nodes, expected, count * sizeof(nodes[0]));
	}
}

static void batch_in_place(void **state)
{
	(void)state;
	for_each_kernel(batch_in_place_one);
}

/* Batches that end where the memory ends: idle lanes and ragged tails must not look further. */
static void batch_at_the_end_one(void)
{
	static const uint32_t sizes[] = {1, 55, 63, 64, 65, 120, 128, 1000};
	static uint8_t *bytes = NULL;
	uint64_t seed = SEED;
	if (bytes == NULL) {
		bytes = guarded_bytes();
		random_fill(&seed, bytes, GUARDED_SIZE);
	}
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		for (uint32_t count = 1; count <= BATCH_COUNT_MAX; count++) {
			uint64_t total = (uint64_t)sizes[i] * count;
			batch_check(bytes + GUARDED_SIZE - total, sizes[i], sizes[i], count);
		}
	}
}

static void batch_at_the_end(void **state)
{
	(void)state;
	for_each_kernel(batch_at_the_end_one);
}

static void equal(void **state)
{
	(void)state;
	struct hw_hash a;
	struct hw_hash b;
	hw_sha256("a", 1, &a);
	b = a;
	assert_true(hw_hash_equal(&a, &b));
	for (uint32_t bit = 0; bit < HW_SHA256_SIZE * 8; bit++) {
		b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(hw_hash_equal(&a, &b));
		b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(hw_hash_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),          cmocka_unit_test(million),
		cmocka_unit_test(every_length),     cmocka_unit_test(batch_random),
		cmocka_unit_test(batch_alignments), cmocka_unit_test(gather),
		cmocka_unit_test(batch_blocks),     cmocka_unit_test(batch_in_place),
		cmocka_unit_test(batch_at_the_end), cmocka_unit_test(equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
