/* SPDX-License-Identifier: Apache-2.0
 *
 * hmac.h - HMAC-SHA-256 (RFC 2104): a hash that only who has the key can make
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; every pointer is lent for the length of the call
 *
 * Of our own, though OpenSSL has one: that allocates for each message, and a reactor must not.
 */
#ifndef HW_SIMD_HMAC_H
#define HW_SIMD_HMAC_H

#include "simd/sha256.h"

struct hw_hmac {
	struct hw_sha256 inner;
	uint8_t outer_key[HW_SHA256_BLOCK_SIZE];
};

/* @key: any size; @key_size 32 is what it should be. */
void hw_hmac_init(struct hw_hmac *hmac, const uint8_t *key, uint32_t key_size);
void hw_hmac_update(struct hw_hmac *hmac, const void *bytes, uint64_t size);
/* Compare with hw_hash_equal. Wipes what is left of the key. */
void hw_hmac_final(struct hw_hmac *hmac, struct hw_hash *ret_mac);

#endif
