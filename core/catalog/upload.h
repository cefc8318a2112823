/* SPDX-License-Identifier: Apache-2.0
 *
 * upload.h - a file that comes in pieces: what of it is durable, and how to go on
 *
 * Room: core/catalog    Thread: any (values)    Blocks: never    Allocates: never
 *
 * What is durable of an unfinished file is: full chunks, as those of any file; then perhaps one
 * short chunk of whole blocks; then a tail of less than a block, which lies in the catalog itself.
 * Who goes on reads the short chunk back, puts the tail behind it, and writes both anew as the
 * beginning of a full chunk. So no extent is ever appended to, and no acknowledged byte depends on
 * memory.
 */
#ifndef HW_CORE_CATALOG_UPLOAD_H
#define HW_CORE_CATALOG_UPLOAD_H

#include <stdbool.h>

#include "core/base/limits.h"
#include "simd/merkle.h"

#define HW_UPLOAD_ID_SIZE 16U /* bytes; 128 random bits are the right to go on */

enum hw_upload_kind {
	HW_UPLOAD_WHOLE = 0, /* a file */
	HW_UPLOAD_PARTIAL,   /* a part of a later concatenation; has no name */
	HW_UPLOAD_FINAL,     /* made of parts; takes no bytes itself */
	HW_UPLOAD_KIND_COUNT,
};

struct hw_upload {
	uint8_t upload_id[HW_UPLOAD_ID_SIZE]; /* all zero: cannot be gone on with (PUT) */
	uint64_t length;                      /* bytes announced, or HW_LENGTH_UNKNOWN */
	uint64_t offset;                      /* durable bytes, the tail's included */
	uint64_t expires_ms;                  /* wall clock: then it is given up if unfinished */
	uint8_t kind;                         /* enum hw_upload_kind */
	bool is_sealed;
	uint16_t metadata_size;
	uint16_t tail_size;
	uint32_t crc32;          /* of the first offset bytes */
	struct hw_merkle merkle; /* of the full chunks; the short one is added when it is final */
	char metadata[HW_UPLOAD_METADATA_MAX];
	uint8_t tail[HW_BLOCK_SIZE];
};

#endif
