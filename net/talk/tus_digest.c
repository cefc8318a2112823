/* SPDX-License-Identifier: Apache-2.0 */

/* OpenSSL 3 prefers EVP, which allocates a context for each message; SHA_CTX lies in its owner. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "net/talk/tus_digest.h"

#include <string.h>

void hw_tus_digest_begin(struct hw_tus_digest *digest, const struct hw_tus_head *head)
{
	digest->kind = head->checksum;
	memcpy(digest->expected, head->digest, sizeof(digest->expected));
	if (digest->kind == HW_TUS_SHA256) {
		hw_sha256_init(&digest->sha256);
	} else if (digest->kind == HW_TUS_SHA1) {
		int r = SHA1_Init(&digest->sha1);
		hw_assert(r == 1); /* it has nothing that could fail */
	}
}

void hw_tus_digest_add(struct hw_tus_digest *digest, const uint8_t *bytes, uint32_t size)
{
	if (digest->kind == HW_TUS_SHA256) {
		hw_sha256_update(&digest->sha256, bytes, size);
	} else if (digest->kind == HW_TUS_SHA1) {
		int r = SHA1_Update(&digest->sha1, bytes, size);
		hw_assert(r == 1);
	}
}

bool hw_tus_digest_matches(struct hw_tus_digest *digest)
{
	if (digest->kind == HW_TUS_SHA256) {
		struct hw_hash hash;
		hw_sha256_final(&digest->sha256, &hash);
		return memcmp(hash.bytes, digest->expected, HW_SHA256_SIZE) == 0;
	}
	if (digest->kind == HW_TUS_SHA1) {
		uint8_t hash[SHA_DIGEST_LENGTH];
		int r = SHA1_Final(hash, &digest->sha1);
		hw_assert(r == 1);
		return memcmp(hash, digest->expected, sizeof(hash)) == 0;
	}
	return true;
}
