/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_aead.h - one direction's cipher: our own kernel where the machine has what it takes, else
 * OpenSSL's
 *
 * Room: net/wire    Thread: any, pure    Blocks: never
 * Allocates: OpenSSL, at the first key_set of what is not our own; nothing else does
 * Owns: the key, which is wiped at deinit
 *
 *	key_set -> begin -> run ... -> seal_end | open_end
 */
#ifndef HW_NET_WIRE_TLS_AEAD_H
#define HW_NET_WIRE_TLS_AEAD_H

#include "core/base/check.h"
#include "simd/aes_gcm.h"

#define HW_TLS_IV_SIZE      12U
#define HW_TLS_TAG_SIZE     16U
#define HW_TLS_AAD_SIZE_MAX 13U

enum hw_tls_cipher {
	HW_TLS_CIPHER_NONE = 0,
	HW_TLS_AES_128_GCM,
	HW_TLS_AES_256_GCM,
	HW_TLS_CHACHA20_POLY1305,
	HW_TLS_CIPHER_COUNT,
};

/* Zeroed is empty. */
struct hw_tls_aead {
	struct hw_aes_gcm_key own;
	void *foreign; /* EVP_CIPHER_CTX; NULL: own */
	bool is_own;
	bool is_sealing;
};

/* One message under way. */
struct hw_tls_pass {
	struct hw_tls_aead *aead;
	struct hw_aes_gcm own;
};

/* May be called again with another key, of the same kind. Returns 0 or -ENOMEM. */
int hw_tls_aead_key_set(struct hw_tls_aead *aead, enum hw_tls_cipher cipher, const uint8_t *key,
			bool is_sealing) HW_MUST_CHECK;
/* Accepts the empty. */
void hw_tls_aead_deinit(struct hw_tls_aead *aead);
bool hw_tls_aead_is_keyed(const struct hw_tls_aead *aead);

/* @aead: lent until the end. @aad: what is authentic though it is not hidden. All of these return
 * false when OpenSSL refused; the rest of the message is then nobody's. */
bool hw_tls_pass_begin(struct hw_tls_pass *pass, struct hw_tls_aead *aead, const uint8_t *nonce,
		       const uint8_t *aad, uint32_t aad_size);
/* @from and @ret_to: the same, or apart. */
bool hw_tls_pass_run(struct hw_tls_pass *pass, const void *from, uint32_t size, uint8_t *ret_to);
bool hw_tls_pass_seal_end(struct hw_tls_pass *pass, uint8_t *ret_tag);
/* False as well: it is not authentic. */
bool hw_tls_pass_open_end(struct hw_tls_pass *pass, const uint8_t *tag);

#endif
