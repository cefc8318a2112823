/* SPDX-License-Identifier: Apache-2.0
 *
 * aes_gcm.h - AES-GCM (NIST SP 800-38D) sixteen blocks at a time, where the machine can
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; a key is its owner's to wipe
 *
 * Only for machines with VAES, VPCLMULQDQ and AVX-512: elsewhere hw_aes_gcm_is_there() is false and
 * OpenSSL's is as good. The bytes of one message may come in pieces of any size.
 *
 *	key -> begin -> update ... -> end
 */
#ifndef HW_SIMD_AES_GCM_H
#define HW_SIMD_AES_GCM_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#define HW_AES_GCM_NONCE_SIZE 12U
#define HW_AES_GCM_TAG_SIZE   16U
#define HW_AES_GCM_AAD_MAX    16U /* bytes that are not hidden: one block of them is enough */
#define HW_AES_GCM_ROUNDS_MAX 14U
#define HW_AES_GCM_WIDE       16U /* blocks at a time */

struct hw_aes_gcm_key {
	alignas(64) uint8_t powers[16 * HW_AES_GCM_WIDE]; /* of the hash key: 16th to 1st */
	uint8_t rounds[16 * (HW_AES_GCM_ROUNDS_MAX + 1)];
	uint32_t round_count;
};

/* One message. Fields are private to the kernel. */
struct hw_aes_gcm {
	const struct hw_aes_gcm_key *key;
	alignas(16) uint8_t sum[16];
	uint8_t nonce[HW_AES_GCM_NONCE_SIZE];
	uint32_t counter;    /* of the next block */
	uint8_t stream[16];  /* of the block that has begun */
	uint8_t sealed[16];  /* of it, so far */
	uint32_t begun_size; /* bytes of it; 0: none has */
	uint32_t aad_size;
	uint64_t size;
	bool is_sealing;
};

/* As hw_simd_init found it, and was told. */
bool hw_aes_gcm_is_there(void);

/* @key_size: 16 or 32. */
void hw_aes_gcm_key_set(struct hw_aes_gcm_key *key, const uint8_t *bytes, uint32_t key_size);
/* @key: lent until end. @aad_size: up to HW_AES_GCM_AAD_MAX. */
void hw_aes_gcm_begin(struct hw_aes_gcm *gcm, const struct hw_aes_gcm_key *key,
		      const uint8_t *nonce, const uint8_t *aad, uint32_t aad_size, bool is_sealing);
/* @from and @ret_to: the same, or apart. */
void hw_aes_gcm_update(struct hw_aes_gcm *gcm, const uint8_t *from, uint8_t *ret_to, uint64_t size);
/* The tag of all of it; the message's state is wiped. */
void hw_aes_gcm_end(struct hw_aes_gcm *gcm, uint8_t *ret_tag);

#endif
