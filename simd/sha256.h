/* SPDX-License-Identifier: Apache-2.0
 *
 * sha256.h - SHA-256 of one message, of a stream, and of many equal messages at once
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; every pointer is lent for the length of the call
 *
 * This is the manual of the family. The work is done by a kernel out of the table of kernels.h,
 * which hw_simd_init() chooses once before threads start; before that, and on every machine, the
 * portable kernel answers. All kernels give the same bytes; only the time differs.
 *
 * The batch is the way to hash blocks and tree levels: the lanes of a wide kernel run over many
 * messages side by side, so sixteen messages take the time of four to seven. Give it as many at
 * once as there are; it splits them into groups itself and hands the rest to the best narrower
 * kernel.
 *
 * Limits: a message is at most 2^61 - 1 bytes, as FIPS 180-4 has it.
 */
#ifndef HW_SIMD_SHA256_H
#define HW_SIMD_SHA256_H

#include <stdbool.h>
#include <stdint.h>

#define HW_SHA256_SIZE       32U /* bytes of a hash */
#define HW_SHA256_BLOCK_SIZE 64U /* bytes that one compression takes */

/* No alignment is asked for, so bytes off a disk or a wire may be looked at as hashes in place. */
struct hw_hash {
	uint8_t bytes[HW_SHA256_SIZE];
};

/* A hash in the making. Embedded in the caller; the fields are private to sha256.c. */
struct hw_sha256 {
	uint32_t state[8];
	uint8_t held[HW_SHA256_BLOCK_SIZE]; /* the bytes that do not fill a block yet */
	uint64_t size;                      /* bytes seen so far */
};

/* hw_sha256_batch - hash @count messages of @size bytes each; message i starts at @blocks + i *
 * @stride
 * @blocks      any alignment; @stride may be anything, also 0 or less than @size (overlapping
 * messages)
 * @size        bytes of each message, 0 allowed; 16384 (leaves) and 64 (nodes) are the sizes tuned
 * for
 * @count       any, 0 allowed
 * @ret_hashes  @count hashes. May be @blocks itself when @size and @stride are both 64 (a level of
 * a tree reduced in place): hashes are written only where every message was read. No other overlap
 * is allowed. Cannot fail. Time is proportional to @size * @count: bound it per turn. */
void hw_sha256_batch(const uint8_t *blocks, uint64_t stride, uint32_t size, uint32_t count,
		     struct hw_hash *ret_hashes);

/* The same of messages that lie anywhere, each hash to a place of its own: blocks of several
 * connections in one batch. @ret_hashes overlap no message. */
void hw_sha256_gather(const uint8_t *const *blocks, uint32_t size, uint32_t count,
		      struct hw_hash *const *ret_hashes);

/* Hash one message of @size bytes; @bytes may be NULL when @size is 0. */
void hw_sha256(const void *bytes, uint64_t size, struct hw_hash *ret_hash);

/* The same in pieces: init, update as often as there are pieces (of any size, 0 allowed), final.
 * After final @sha holds nothing of use; init starts the next. */
void hw_sha256_init(struct hw_sha256 *sha);
void hw_sha256_update(struct hw_sha256 *sha, const void *bytes, uint64_t size);
void hw_sha256_final(struct hw_sha256 *sha, struct hw_hash *ret_hash);

/* Equal in constant time: how long it takes says nothing about where two hashes differ, so it
 * serves for hashes of secrets (tokens, passwords) as well as for content. */
bool hw_hash_equal(const struct hw_hash *a, const struct hw_hash *b);

#endif
