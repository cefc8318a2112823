/* SPDX-License-Identifier: Apache-2.0
 *
 * merkle.h - the tree of hashes of BitTorrent v2 (BEP 52): leaves, chunk ids, file roots
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; every pointer is lent for the length of the call
 * Limits: HW_MERKLE_CHUNK_COUNT_MAX chunks in a file
 *
 * The tree, as numbered invariants:
 *   M1  A leaf is the SHA-256 of one 16 KiB block of one file; the last block may be short and is
 * not padded. Nothing is mixed in (no domain separation): BEP 52 has it so. M2  The tree of n
 * leaves is as wide as the next power of two >= n; leaves that are missing are the zero hash z0 (32
 * zero bytes, not the hash of anything). A parent is SHA-256(left || right). M3  z(k+1) =
 * SHA-256(zk || zk), so a subtree of nothing but missing leaves, 2^k wide, has the root zk, and no
 * one ever has to hash it. M4  The id of a chunk (up to 256 blocks) is the root of the tree of ITS
 * OWN blocks, as wide as M2 makes it. It is a function of the chunk's bytes alone, wherever in a
 * file they stand: that is what deduplication needs, and it is also the BEP 52 root of a file that
 * is this chunk alone. M5  In the tree of a file of more than one chunk every chunk stands as a
 * subtree 256 wide. Chunks but the last are full, so their id is that root; the last one's id is
 * lifted to it by hashing zk to its right, level by level: hw_merkle_chunk_widen(). These widened
 * roots are the file's `piece layers` when the piece length is 4 MiB. M6  A file of one chunk has
 * that chunk's id as its root: its tree is only as wide as its own blocks. M7  BEP 52 gives an
 * empty file no root. Ours is the SHA-256 of no bytes (e3b0c442...b855), which no file with bytes
 * can have; what writes .torrent files must leave it out.
 */
#ifndef HW_SIMD_MERKLE_H
#define HW_SIMD_MERKLE_H

#include "simd/sha256.h"

#define HW_MERKLE_BLOCK_SIZE       16384U /* bytes of a full block */
#define HW_MERKLE_CHUNK_BLOCKS     256U   /* leaves of a full chunk: 4 MiB */
#define HW_MERKLE_CHUNK_LEVEL      8U     /* log2 of that: leaves are level 0 */
#define HW_MERKLE_CHUNK_LEVELS_MAX 32U    /* levels above the chunks: 2^32 chunks, 2^54 bytes */
#define HW_MERKLE_CHUNK_COUNT_MAX  (UINT64_C(1) << HW_MERKLE_CHUNK_LEVELS_MAX)

/* The root of a file in the making: chunks come in order, one hash a level is kept. Embedded in the
 * caller; the fields are private to merkle.c. */
struct hw_merkle {
	uint64_t chunk_count;
	uint32_t last_blocks; /* blocks of the newest chunk; below 256 nothing may follow it */
	struct hw_hash
		first_id; /* id of chunk 0 as it was given: the root if it stays alone (M6) */
	struct hw_hash roots[HW_MERKLE_CHUNK_LEVELS_MAX + 1];
};

/* Blocks of @size bytes: 0 for 0, 1 for 1 to 16384, ... */
uint64_t hw_merkle_blocks(uint64_t size);

/* The leaves of @size bytes that begin on a block's boundary; the last block may be short.
 * @ret_leaves  room for hw_merkle_blocks(@size). Give whole slabs: sixteen blocks fill every
 * kernel. */
void hw_merkle_leaves(const uint8_t *bytes, uint32_t size, struct hw_hash *ret_leaves);

/* The id of a chunk of @count (1 to 256) leaves, by M4: the tree is the next power of two wide. */
void hw_merkle_chunk_id(const struct hw_hash *leaves, uint32_t count, struct hw_hash *ret_id);

/* The root of the same leaves as a subtree 256 wide, by M5; equal to the id when @count is 129 or
 * more. */
void hw_merkle_chunk_root(const struct hw_hash *leaves, uint32_t count, struct hw_hash *ret_root);

/* From the id of a chunk of @blocks (1 to 256) blocks to its root 256 wide; @id may be @ret_root.
 */
void hw_merkle_chunk_widen(const struct hw_hash *id, uint32_t blocks, struct hw_hash *ret_root);

/* True when @count leaves (from a disk or a peer; any count may come) belong to the chunk @id. A
 * count of 0 or above 256 is false, not a bug. */
bool hw_merkle_chunk_verify(const struct hw_hash *leaves, uint64_t count, const struct hw_hash *id);

/* The root of a file, chunk by chunk in order. add: @id by M4 of a chunk of @blocks blocks, 1 to
 * 256; only the last chunk may have fewer than 256. root: of what was added so far, as if it were
 * the whole file; changes nothing, so more chunks may follow if the last one was full. Nothing
 * added: M7. */
void hw_merkle_init(struct hw_merkle *merkle);
void hw_merkle_add(struct hw_merkle *merkle, const struct hw_hash *id, uint32_t blocks);
void hw_merkle_root(const struct hw_merkle *merkle, struct hw_hash *ret_root);

/* A file in the making as bytes, to be kept and gone on with. Little-endian: version, last_blocks
 * (4 bytes each), chunk_count (8); then, unless nothing was added, first_id and the roots of the
 * levels whose bit is set in chunk_count, lowest first. encode: @ret_bytes has room for
 * HW_MERKLE_ENCODED_SIZE_MAX; returns how many were written. decode: false, and nothing written,
 * unless encode could have made exactly these @size bytes (from a disk; any may come). */
#define HW_MERKLE_ENCODED_SIZE_MAX (16U + (HW_MERKLE_CHUNK_LEVELS_MAX + 2U) * HW_SHA256_SIZE)
uint32_t hw_merkle_encode(const struct hw_merkle *merkle, uint8_t *ret_bytes);
bool hw_merkle_decode(const uint8_t *bytes, uint64_t size, struct hw_merkle *ret_merkle);

/* zk of M3 for @level 0 to 40; static storage. Level 8 stands for a whole missing chunk. */
const struct hw_hash *hw_merkle_pad(uint32_t level);

#endif
