/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/hmac.h"

#include <string.h>

void hw_hmac_init(struct hw_hmac *hmac, const uint8_t *key, uint32_t key_size)
{
	uint8_t inner_key[HW_SHA256_BLOCK_SIZE] = {0};
	struct hw_hash short_key;
	if (key_size > HW_SHA256_BLOCK_SIZE) {
		hw_sha256(key, key_size, &short_key);
		memcpy(inner_key, short_key.bytes, HW_SHA256_SIZE);
	} else {
		memcpy(inner_key, key, key_size);
	}
	for (uint32_t i = 0; i < HW_SHA256_BLOCK_SIZE; i++) {
		hmac->outer_key[i] = inner_key[i] ^ 0x5c;
		inner_key[i] ^= 0x36;
	}
	hw_sha256_init(&hmac->inner);
	hw_sha256_update(&hmac->inner, inner_key, HW_SHA256_BLOCK_SIZE);
	explicit_bzero(inner_key, sizeof(inner_key));
}

void hw_hmac_update(struct hw_hmac *hmac, const void *bytes, uint64_t size)
{
	hw_sha256_update(&hmac->inner, bytes, size);
}

void hw_hmac_final(struct hw_hmac *hmac, struct hw_hash *ret_mac)
{
	struct hw_hash inner;
	hw_sha256_final(&hmac->inner, &inner);
	hw_sha256_init(&hmac->inner);
	hw_sha256_update(&hmac->inner, hmac->outer_key, HW_SHA256_BLOCK_SIZE);
	hw_sha256_update(&hmac->inner, inner.bytes, HW_SHA256_SIZE);
	hw_sha256_final(&hmac->inner, ret_mac);
	explicit_bzero(hmac, sizeof(*hmac));
}
