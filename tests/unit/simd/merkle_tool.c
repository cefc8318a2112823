/* SPDX-License-Identifier: Apache-2.0
 *
 * merkle_tool - print the BitTorrent v2 root of a file, then its piece layer at 4 MiB, one hash a
 * line
 *
 * Usage: merkle_tool FILE [auto|scalar|shani|avx2|avx512vl|avx512]. The comparison with libtorrent
 * (libtorrent_test.py) reads what it prints. The file is read a slab at a time, as the daemon does.
 */
#include <stdio.h>

#include "simd/kernels.h"
#include "simd/merkle.h"

#define SLAB_SIZE  262144U
#define CHUNK_SIZE (HW_MERKLE_CHUNK_BLOCKS * HW_MERKLE_BLOCK_SIZE)

static uint8_t g_slab[SLAB_SIZE];

static void print_hash(const struct hw_hash *hash)
{
	for (uint32_t i = 0; i < HW_SHA256_SIZE; i++) {
		(void)printf("%02x", hash->bytes[i]);
	}
	(void)printf("\n");
}

/* The leaves of the next chunk. Returns its bytes, 0 at the end of the file. */
static uint32_t chunk_read(FILE *file, struct hw_hash *ret_leaves)
{
	uint32_t size = 0;
	while (size < CHUNK_SIZE) {
		uint32_t got = (uint32_t)fread(g_slab, 1, SLAB_SIZE, file);
		hw_merkle_leaves(g_slab, got, ret_leaves + hw_merkle_blocks(size));
		size += got;
		if (got < SLAB_SIZE) {
			break;
		}
	}
	return size;
}

static int kernel_choose(const char *name)
{
	enum hw_simd_choice choice = HW_SIMD_AUTO;
	int r = hw_simd_choice_parse(name, &choice);
	return r < 0 ? r : hw_simd_init(choice);
}

int main(int argc, char **argv)
{
	FILE *file = argc >= 2 ? fopen(argv[1], "rb") : NULL;
	if (file == NULL || kernel_choose(argc >= 3 ? argv[2] : "auto") < 0) {
		(void)fprintf(stderr,
			      "merkle_tool: FILE [KERNEL]: cannot read or no such kernel\n");
		return 2;
	}
	static struct hw_hash pieces[1024];
	struct hw_merkle merkle;
	struct hw_hash leaves[HW_MERKLE_CHUNK_BLOCKS];
	uint32_t count = 0;
	hw_merkle_init(&merkle);
	for (uint32_t size = chunk_read(file, leaves); size > 0 && count < 1024;
	     size = chunk_read(file, leaves)) {
		struct hw_hash id;
		uint32_t blocks = (uint32_t)hw_merkle_blocks(size);
		hw_merkle_chunk_id(leaves, blocks, &id);
		hw_merkle_add(&merkle, &id, blocks);
		hw_merkle_chunk_root(leaves, blocks, &pieces[count]);
		count++;
	}
	struct hw_hash root;
	hw_merkle_root(&merkle, &root);
	print_hash(&root);
	for (uint32_t i = 0; count > 1 && i < count; i++) {
		print_hash(&pieces[i]);
	}
	return fclose(file) == 0 ? 0 : 1;
}
