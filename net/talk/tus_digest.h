/* SPDX-License-Identifier: Apache-2.0
 *
 * tus_digest.h - the checksum that a client sends along with a body (tus 1.0.0, checksum)
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 *
 * SHA-256 is ours (simd); SHA-1, which the standard demands, is OpenSSL's.
 */
#ifndef HW_NET_TALK_TUS_DIGEST_H
#define HW_NET_TALK_TUS_DIGEST_H

#include <openssl/sha.h>

#include "net/wire/tus_head.h"
#include "simd/sha256.h"

/* Embedded in its owner. */
struct hw_tus_digest {
	struct hw_sha256 sha256;
	SHA_CTX sha1;
	uint8_t kind; /* enum hw_tus_checksum; NONE: every body matches */
	uint8_t expected[HW_HASH_SIZE];
};

void hw_tus_digest_begin(struct hw_tus_digest *digest, const struct hw_tus_head *head);
void hw_tus_digest_add(struct hw_tus_digest *digest, const uint8_t *bytes, uint32_t size);
/* Once, at the end: are the bytes those that were meant? */
bool hw_tus_digest_matches(struct hw_tus_digest *digest);

#endif
