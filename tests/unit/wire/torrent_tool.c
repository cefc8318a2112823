/* SPDX-License-Identifier: Apache-2.0
 *
 * torrent_tool - write the .torrent of a file
 *
 * Usage: torrent_tool FILE NAME URL TIME > TORRENT. What is written is also counted: the size that
 * was announced must be the size that came.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/wire/torrent.h"

#define PIECES_MAX 1024U

static uint8_t g_chunk[HW_CHUNK_SIZE];
static struct hw_hash g_ids[PIECES_MAX];

/* The ids of the chunks and the root, as an upload finds them. */
static uint64_t file_hash(FILE *file, struct hw_hash *ret_root)
{
	struct hw_merkle merkle;
	uint64_t size = 0;
	hw_merkle_init(&merkle);
	for (uint32_t i = 0; i < PIECES_MAX; i++) {
		struct hw_hash leaves[HW_CHUNK_BLOCKS];
		uint32_t got = (uint32_t)fread(g_chunk, 1, sizeof(g_chunk), file);
		if (got == 0) {
			break;
		}
		uint32_t blocks = (uint32_t)hw_merkle_blocks(got);
		hw_merkle_leaves(g_chunk, got, leaves);
		hw_merkle_chunk_id(leaves, blocks, &g_ids[i]);
		hw_merkle_add(&merkle, &g_ids[i], blocks);
		size += got;
	}
	hw_merkle_root(&merkle, ret_root);
	return size;
}

static uint64_t part_write(const struct hw_http_writer *writer)
{
	hw_assert(!writer->is_overflowed);
	return fwrite(writer->bytes, 1, writer->size, stdout);
}

static uint64_t torrent_write(const struct hw_torrent *torrent)
{
	char bytes[4096];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, HW_TORRENT_HEAD_SIZE_MAX);
	hw_torrent_head_write(torrent, &writer);
	uint64_t size = part_write(&writer);
	for (uint64_t i = 0; i < hw_torrent_piece_count(torrent); i++) {
		struct hw_hash piece;
		hw_torrent_piece(torrent, i, &g_ids[i], &piece);
		size += fwrite(piece.bytes, 1, HW_HASH_SIZE, stdout);
	}
	hw_http_writer_init(&writer, bytes, HW_TORRENT_TAIL_SIZE(torrent->url.size));
	hw_torrent_tail_write(torrent, &writer);
	return size + part_write(&writer);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 5 ? fopen(argv[1], "rb") : NULL;
	if (file == NULL) {
		(void)fprintf(stderr, "torrent_tool: FILE NAME URL TIME\n");
		return 2;
	}
	struct hw_hash root;
	struct hw_torrent torrent = {
		.name = hw_span_of(argv[2]),
		.url = hw_span_of(argv[3]),
		.root = &root,
		.created_s = strtoull(argv[4], NULL, 10),
	};
	torrent.size = file_hash(file, &root);
	if (torrent_write(&torrent) != hw_torrent_size(&torrent)) {
		return 3;
	}
	return fclose(file) == 0 && fflush(stdout) == 0 ? 0 : 4;
}
