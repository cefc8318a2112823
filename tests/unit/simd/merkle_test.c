/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: invariants M1 to M7 of merkle.h: our roots are BEP 52's, for every shape of file.
 * Method: golden vectors that three other implementations agree on; a plain reference tree, written
 * here from BEP 52's text (build the full width with zero hashes, halve until one is left), against
 * every count of leaves in a chunk and every count of chunks up to 70; the pads computed again;
 * leaves that were changed must not verify. libtorrent_test.py compares whole files with
 * libtorrent.
 */
#include "tests/unit/simd/simd_test.h"

#include <stdlib.h>

#include "simd/merkle.h"

#define SEED            UINT64_C(52)
#define CHUNK_COUNT_MAX 70U

/* The tree of @count hashes, @width wide (a power of two), missing ones being @pad. Frees nothing
 * it was given; slow and plain on purpose. */
static struct hw_hash reference_root(const struct hw_hash *hashes, uint32_t count, uint32_t width,
				     const struct hw_hash *pad)
{
	struct hw_hash *level = calloc(width, sizeof(*level));
	assert_non_null(level);
	for (uint32_t i = 0; i < width; i++) {
		level[i] = i < count ? hashes[i] : *pad;
	}
	for (; width > 1; width /= 2) {
		for (uint32_t i = 0; i < width / 2; i++) {
			struct hw_hash parent;
			hw_sha256(level + (size_t)i * 2, 64, &parent);
			level[i] = parent;
		}
	}
	struct hw_hash root = level[0];
	free(level);
	return root;
}

static uint32_t width_of(uint32_t count)
{
	uint32_t width = 1;
	while (width < count) {
		width *= 2;
	}
	return width;
}

static void assert_hash_equal(const struct hw_hash *a, const struct hw_hash *b)
{
	assert_memory_equal(a->bytes, b->bytes, HW_SHA256_SIZE);
}

/* The root of a whole file as the rooms above compute it: leaves, chunk ids, the streaming root. */
static struct hw_hash file_root(const uint8_t *bytes, uint64_t size)
{
	static const uint64_t chunk_size = UINT64_C(4194304);
	struct hw_merkle merkle;
	hw_merkle_init(&merkle);
	for (uint64_t offset = 0; offset < size; offset += chunk_size) {
		uint64_t left = size - offset;
		uint32_t taken = (uint32_t)(left < chunk_size ? left : chunk_size);
		struct hw_hash leaves[HW_MERKLE_CHUNK_BLOCKS];
		struct hw_hash id;
		hw_merkle_leaves(bytes + offset, taken, leaves);
		hw_merkle_chunk_id(leaves, (uint32_t)hw_merkle_blocks(taken), &id);
		hw_merkle_add(&merkle, &id, (uint32_t)hw_merkle_blocks(taken));
	}
	struct hw_hash root;
	hw_merkle_root(&merkle, &root);
	return root;
}

static void golden_one(void)
{
	static const struct {
		uint32_t size;
		const char *root;
	} golden[] = {
		{1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{16383, "095da957d179a83905896a0e30dc0ef31ecb8c3e796d899ab647fe6eb42bc5ea"},
		{16384, "127c52d4afc9d4e335b94d914f75fbf75b5dc62e6dbd31c6d71c868fc23e5fe5"},
		{16385, "ed50aa6f263172ac5097e54684d484dd9036bae3d7c729b4ede1bd2a125514fe"},
		{32769, "5e17c191acd809f178fb1a56e869fe2270ded1d6ba2a1aa173f6e59fba14a812"},
		{49152, "4908d995d9e4bcb9ccd830b858b9bdb26d7e884d39e22da8a958c7a23fb0d2bb"},
		{65536, "ff68aebb48bc3e3dbd4763ff1c4568ad183e0a3777f6c3395cb9fcf15f561d8e"},
		{65537, "e1597c70b5d603a33a019e5baa078adf1cb5d28c1d97f9bc090bfb8187ec7159"},
		{81920, "9abe38a6d9cb49229620f013c441a9c953ee7c12bbe6c50e6e17a1d7f96bf368"},
		{200000, "d3be8d99f634fdd4739290b9df2d62027ae0a52dd2aa94a419504b5acd0706be"},
		{262145, "b8e7580665bff61401526ca2f19264f357358551f55b4ac76503f1298825ceb7"},
		{1048577, "778914ca01e2fdbda82cf62c66f6bdbf3ce6d4205ff355e4e3069928cb6ca36a"},
	};
	uint32_t size_max = golden[hw_count_of(golden) - 1].size;
	uint8_t *bytes = malloc(size_max);
	assert_non_null(bytes);
	for (uint32_t i = 0; i < size_max; i++) {
		bytes[i] = (uint8_t)(7 * i + 13 * (i >> 8) + 31 * (i >> 16));
	}
	for (uint32_t i = 0; i < hw_count_of(golden); i++) {
		struct hw_hash root = file_root(bytes, golden[i].size);
		assert_hex(root.bytes, HW_SHA256_SIZE, golden[i].root);
	}
	free(bytes);
}

static void golden(void **state)
{
	(void)state;
	for_each_kernel(golden_one);
}

/* M3 */
static void pads(void **state)
{
	(void)state;
	struct hw_hash pad = {{0}};
	for (uint32_t level = 0; level <= 40; level++) {
		assert_hash_equal(hw_merkle_pad(level), &pad);
		uint8_t pair[64];
		memcpy(pair, pad.bytes, 32);
		memcpy(pair + 32, pad.bytes, 32);
		hw_sha256(pair, sizeof(pair), &pad);
	}
}

/* M2, M4, M5 for every count of leaves. */
static void chunk_every_count_one(void)
{
	uint64_t seed = SEED;
	struct hw_hash leaves[HW_MERKLE_CHUNK_BLOCKS];
	random_fill(&seed, leaves[0].bytes, sizeof(leaves));
	for (uint32_t count = 1; count <= HW_MERKLE_CHUNK_BLOCKS; count++) {
		struct hw_hash narrow =
			reference_root(leaves, count, width_of(count), hw_merkle_pad(0));
		struct hw_hash wide =
			reference_root(leaves, count, HW_MERKLE_CHUNK_BLOCKS, hw_merkle_pad(0));
		struct hw_hash id;
		struct hw_hash root;
		struct hw_hash widened;
		hw_merkle_chunk_id(leaves, count, &id);
		hw_merkle_chunk_root(leaves, count, &root);
		hw_merkle_chunk_widen(&id, count, &widened);
		assert_hash_equal(&id, &narrow);
		assert_hash_equal(&root, &wide);
		assert_hash_equal(&widened, &wide);
		hw_merkle_chunk_widen(&id, count, &id);
		assert_hash_equal(&id, &wide);
	}
}

static void chunk_every_count(void **state)
{
	(void)state;
	for_each_kernel(chunk_every_count_one);
}

static void verify(void **state)
{
	(void)state;
	uint64_t seed = SEED;
	struct hw_hash leaves[HW_MERKLE_CHUNK_BLOCKS + 1];
	random_fill(&seed, leaves[0].bytes, sizeof(leaves));
	for (uint32_t count = 1; count <= HW_MERKLE_CHUNK_BLOCKS; count++) {
		struct hw_hash id;
		hw_merkle_chunk_id(leaves, count, &id);
		assert_true(hw_merkle_chunk_verify(leaves, count, &id));
		uint32_t bit = (uint32_t)(random_next(&seed) % (count * UINT64_C(256)));
		leaves[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1U << bit % 8);
		assert_false(hw_merkle_chunk_verify(leaves, count, &id));
		leaves[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1U << bit % 8);
		assert_false(hw_merkle_chunk_verify(leaves, count - 1, &id));
		assert_false(hw_merkle_chunk_verify(leaves, count + 1, &id));
	}
	struct hw_hash id;
	hw_merkle_chunk_id(leaves, 1, &id);
	assert_hash_equal(&id, &leaves[0]);
	assert_false(hw_merkle_chunk_verify(leaves, 0, &id));
	assert_false(hw_merkle_chunk_verify(leaves, 257, &id));
	assert_false(hw_merkle_chunk_verify(leaves, UINT64_C(1) << 32 | 1U, &id));
}

/* M5 and M6: the streaming root after every chunk, short last chunks among them. */
static void file_every_chunk_count_one(void)
{
	uint64_t seed = SEED;
	struct hw_hash ids[CHUNK_COUNT_MAX];
	struct hw_merkle merkle;
	random_fill(&seed, ids[0].bytes, sizeof(ids));
	hw_merkle_init(&merkle);
	for (uint32_t count = 1; count <= CHUNK_COUNT_MAX; count++) {
		struct hw_merkle short_end = merkle;
		struct hw_hash last = ids[count - 1];
		uint32_t blocks = 1 + (uint32_t)(random_next(&seed) % 255);
		struct hw_hash root;
		struct hw_hash expected;

		hw_merkle_add(&merkle, &last, HW_MERKLE_CHUNK_BLOCKS);
		hw_merkle_root(&merkle, &root);
		expected = reference_root(ids, count, width_of(count), hw_merkle_pad(8));
		assert_hash_equal(&root, &expected);

		hw_merkle_add(&short_end, &last, blocks);
		hw_merkle_root(&short_end, &root);
		if (count == 1) {
			assert_hash_equal(&root, &last);
			continue;
		}
		hw_merkle_chunk_widen(&last, blocks, &ids[count - 1]);
		expected = reference_root(ids, count, width_of(count), hw_merkle_pad(8));
		assert_hash_equal(&root, &expected);
		ids[count - 1] = last;
	}
}

static void file_every_chunk_count(void **state)
{
	(void)state;
	for_each_kernel(file_every_chunk_count_one);
}

/* M7 */
static void empty(void **state)
{
	(void)state;
	struct hw_merkle merkle;
	struct hw_hash root;
	hw_merkle_init(&merkle);
	hw_merkle_root(&merkle, &root);
	assert_hex(root.bytes, HW_SHA256_SIZE,
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hw_merkle_leaves(NULL, 0, NULL);
}

static void blocks(void **state)
{
	(void)state;
	assert_int_equal(hw_merkle_blocks(0), 0);
	assert_int_equal(hw_merkle_blocks(1), 1);
	assert_int_equal(hw_merkle_blocks(16384), 1);
	assert_int_equal(hw_merkle_blocks(16385), 2);
	assert_int_equal(hw_merkle_blocks(4194304), 256);
	assert_true(hw_merkle_blocks(UINT64_MAX) == UINT64_C(1) << 50);
}

/* Kept as bytes and taken up again at every count of chunks, a file's root is the same. */
static void kept_and_gone_on_with(void **state)
{
	(void)state;
	struct hw_merkle straight;
	struct hw_merkle kept;
	uint8_t bytes[HW_MERKLE_ENCODED_SIZE_MAX];
	hw_merkle_init(&straight);
	hw_merkle_init(&kept);
	for (uint32_t count = 0; count <= CHUNK_COUNT_MAX; count++) {
		uint32_t size = hw_merkle_encode(&kept, bytes);
		assert_true(size <= sizeof(bytes));
		memset(&kept, 0xee, sizeof(kept));
		for (uint32_t cut = 0; cut < size; cut++) {
			assert_false(hw_merkle_decode(bytes, cut, &kept));
		}
		assert_true(hw_merkle_decode(bytes, size, &kept));
		struct hw_hash expected;
		struct hw_hash root;
		hw_merkle_root(&straight, &expected);
		hw_merkle_root(&kept, &root);
		assert_hash_equal(&root, &expected);
		struct hw_hash id;
		hw_sha256(&count, sizeof(count), &id);
		hw_merkle_add(&straight, &id, HW_MERKLE_CHUNK_BLOCKS);
		hw_merkle_add(&kept, &id, HW_MERKLE_CHUNK_BLOCKS);
	}
}

static void what_nobody_encoded_is_refused(void **state)
{
	(void)state;
	struct hw_merkle merkle;
	struct hw_merkle found;
	struct hw_merkle untouched;
	uint8_t good[HW_MERKLE_ENCODED_SIZE_MAX + 1];
	uint8_t bytes[HW_MERKLE_ENCODED_SIZE_MAX + 1];
	struct hw_hash id;
	hw_sha256("chunk", 5, &id);
	hw_merkle_init(&merkle);
	hw_merkle_add(&merkle, &id, 7);
	uint32_t size = hw_merkle_encode(&merkle, good);
	memset(good + size, 0, sizeof(good) - size);
	memset(&found, 0x5a, sizeof(found));
	untouched = found;
	assert_false(hw_merkle_decode(good, size + 1, &found));
	/* Every byte of the head and of the hashes of a chunk that is alone can be told wrong. */
	for (uint32_t i = 0; i < size; i++) {
		memcpy(bytes, good, size);
		bytes[i] ^= 0x80;
		assert_false(hw_merkle_decode(bytes, size, &found));
	}
	memcpy(bytes, good, size);
	bytes[4] = 0; /* a chunk of no blocks */
	assert_false(hw_merkle_decode(bytes, size, &found));
	hw_merkle_init(&merkle);
	size = hw_merkle_encode(&merkle, bytes);
	bytes[4] = 1; /* blocks of no chunk */
	assert_false(hw_merkle_decode(bytes, size, &found));
	assert_memory_equal(&found, &untouched, sizeof(found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(pads),
		cmocka_unit_test(chunk_every_count),
		cmocka_unit_test(verify),
		cmocka_unit_test(file_every_chunk_count),
		cmocka_unit_test(empty),
		cmocka_unit_test(blocks),
		cmocka_unit_test(kept_and_gone_on_with),
		cmocka_unit_test(what_nobody_encoded_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
