/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/tls_aead.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static const EVP_CIPHER *evp_of(enum hw_tls_cipher cipher)
{
	switch (cipher) {
	case HW_TLS_AES_128_GCM:
		return EVP_aes_128_gcm();
	case HW_TLS_AES_256_GCM:
		return EVP_aes_256_gcm();
	default:
		hw_assert(cipher == HW_TLS_CHACHA20_POLY1305);
		return EVP_chacha20_poly1305();
	}
}

int hw_tls_aead_key_set(struct hw_tls_aead *aead, enum hw_tls_cipher cipher, const uint8_t *key,
			bool is_sealing)
{
	aead->is_sealing = is_sealing;
	if (cipher != HW_TLS_CHACHA20_POLY1305 && aead->foreign == NULL && hw_aes_gcm_is_there()) {
		aead->is_own = true;
		hw_aes_gcm_key_set(&aead->own, key, cipher == HW_TLS_AES_128_GCM ? 16 : 32);
		return 0;
	}
	if (aead->foreign == NULL) {
		aead->foreign = EVP_CIPHER_CTX_new();
	}
	if (aead->foreign == NULL ||
	    EVP_CipherInit_ex(aead->foreign, evp_of(cipher), NULL, key, NULL, is_sealing) != 1) {
		hw_tls_aead_deinit(aead);
		return -ENOMEM;
	}
	return 0;
}

void hw_tls_aead_deinit(struct hw_tls_aead *aead)
{
	EVP_CIPHER_CTX_free(aead->foreign); /* wipes its key; NULL is fine */
	OPENSSL_cleanse(aead, sizeof(*aead));
}

bool hw_tls_aead_is_keyed(const struct hw_tls_aead *aead)
{
	return aead->is_own || aead->foreign != NULL;
}

bool hw_tls_pass_begin(struct hw_tls_pass *pass, struct hw_tls_aead *aead, const uint8_t *nonce,
		       const uint8_t *aad, uint32_t aad_size)
{
	int count = 0;
	hw_assert(hw_tls_aead_is_keyed(aead) && aad_size <= HW_TLS_AAD_SIZE_MAX);
	pass->aead = aead;
	if (aead->is_own) {
		hw_aes_gcm_begin(&pass->own, &aead->own, nonce, aad, aad_size, aead->is_sealing);
		return true;
	}
	return EVP_CipherInit_ex(aead->foreign, NULL, NULL, NULL, nonce, -1) == 1 &&
	       EVP_CipherUpdate(aead->foreign, NULL, &count, aad, (int)aad_size) == 1;
}

bool hw_tls_pass_run(struct hw_tls_pass *pass, const void *from, uint32_t size, uint8_t *ret_to)
{
	int count = 0;
	if (size == 0) {
		return true; /* to OpenSSL it would be the end */
	}
	if (pass->aead->is_own) {
		hw_aes_gcm_update(&pass->own, from, ret_to, size);
		return true;
	}
	return EVP_CipherUpdate(pass->aead->foreign, ret_to, &count, from, (int)size) == 1 &&
	       count == (int)size;
}

bool hw_tls_pass_seal_end(struct hw_tls_pass *pass, uint8_t *ret_tag)
{
	uint8_t none[HW_TLS_TAG_SIZE];
	int count = 0;
	if (pass->aead->is_own) {
		hw_aes_gcm_end(&pass->own, ret_tag);
		return true;
	}
	return EVP_CipherFinal_ex(pass->aead->foreign, none, &count) == 1 &&
	       EVP_CIPHER_CTX_ctrl(pass->aead->foreign, EVP_CTRL_AEAD_GET_TAG, HW_TLS_TAG_SIZE,
				   ret_tag) == 1;
}

bool hw_tls_pass_open_end(struct hw_tls_pass *pass, const uint8_t *tag)
{
	uint8_t own[HW_TLS_TAG_SIZE];
	uint8_t none[HW_TLS_TAG_SIZE];
	int count = 0;
	if (pass->aead->is_own) {
		hw_aes_gcm_end(&pass->own, own);
		return CRYPTO_memcmp(own, tag, HW_TLS_TAG_SIZE) == 0;
	}
	memcpy(own, tag, HW_TLS_TAG_SIZE); /* OpenSSL's takes no const */
	return EVP_CIPHER_CTX_ctrl(pass->aead->foreign, EVP_CTRL_AEAD_SET_TAG, HW_TLS_TAG_SIZE,
				   own) == 1 &&
	       EVP_CipherFinal_ex(pass->aead->foreign, none, &count) == 1;
}
