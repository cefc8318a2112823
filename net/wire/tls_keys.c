/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/tls_keys.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "net/wire/hex.h"

#define LABEL_SIZE_MAX 32U
#define INFO_SIZE_MAX  (2U + 1U + 6U + LABEL_SIZE_MAX + 1U + 1U)
#define KEY_BLOCK_MAX  (2U * (HW_TLS_KEY_SIZE_MAX + HW_TLS_IV_SIZE))
#define GCM_IV_SIZE    4U

static const char g_prefix[] = "tls13 ";
static const char g_key_expansion[] = "key expansion";

/* All that is asked for fits in one block of the hash, so HKDF-Expand is one HMAC. */
int hw_tls_expand(struct hw_tls_suite suite, const uint8_t *secret, struct hw_span label,
		  uint8_t *ret_bytes, uint32_t size)
{
	uint8_t info[INFO_SIZE_MAX];
	uint8_t block[EVP_MAX_MD_SIZE];
	unsigned int block_size = 0;
	uint32_t at = 0;
	hw_assert(size <= hw_tls_secret_size(suite) && label.size <= LABEL_SIZE_MAX);
	info[at++] = (uint8_t)(size >> 8);
	info[at++] = (uint8_t)size;
	info[at++] = (uint8_t)(sizeof(g_prefix) - 1 + label.size);
	memcpy(info + at, g_prefix, sizeof(g_prefix) - 1);
	at += (uint32_t)sizeof(g_prefix) - 1;
	memcpy(info + at, label.bytes, label.size);
	at += label.size;
	info[at++] = 0; /* no context */
	info[at++] = 1; /* the first block */
	const EVP_MD *hash = suite.is_sha384 ? EVP_sha384() : EVP_sha256();
	if (HMAC(hash, secret, (int)hw_tls_secret_size(suite), info, at, block, &block_size) ==
	    NULL) {
		return -ENOMEM;
	}
	hw_assert(block_size >= size);
	memcpy(ret_bytes, block, size);
	OPENSSL_cleanse(block, sizeof(block));
	return 0;
}

static void *piece(const void *bytes)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): OSSL_PARAM knows no const */
	return (void *)(uintptr_t)bytes;
}

/* TLS 1.2's PRF over "key expansion" and both randoms. */
static int block_make(struct hw_tls_suite suite, const uint8_t *master,
		      const uint8_t *client_random, const uint8_t *server_random,
		      uint8_t *ret_block, uint32_t size)
{
	static char g_sha256[] = "SHA256"; /* as OSSL_PARAM wants them: not const */
	static char g_sha384[] = "SHA384";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 suite.is_sha384 ? g_sha384 : g_sha256, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, piece(master),
						  HW_TLS_MASTER_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, piece(g_key_expansion),
						  sizeof(g_key_expansion) - 1),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, piece(server_random),
						  HW_TLS_RANDOM_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, piece(client_random),
						  HW_TLS_RANDOM_SIZE),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool is_good = context != NULL && EVP_KDF_derive(context, ret_block, size, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return is_good ? 0 : -ENOMEM;
}

int hw_tls_keys_12(struct hw_tls_suite suite, const uint8_t *master, const uint8_t *client_random,
		   const uint8_t *server_random, struct hw_tls_keys_12 *ret_keys)
{
	uint8_t block[KEY_BLOCK_MAX];
	uint32_t key_size = hw_tls_key_size(suite);
	uint32_t iv_size = suite.cipher == HW_TLS_CHACHA20_POLY1305 ? HW_TLS_IV_SIZE : GCM_IV_SIZE;
	hw_assert(!suite.is_13);
	int r = block_make(suite, master, client_random, server_random, block,
			   2 * (key_size + iv_size));
	if (r >= 0) {
		*ret_keys = (struct hw_tls_keys_12){0};
		memcpy(ret_keys->client_key, block, key_size);
		memcpy(ret_keys->server_key, block + key_size, key_size);
		memcpy(ret_keys->client_iv, block + UINT64_C(2) * key_size, iv_size);
		memcpy(ret_keys->server_iv, block + UINT64_C(2) * key_size + iv_size, iv_size);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return r;
}

uint32_t hw_tls_key_log_secret(struct hw_span line, struct hw_span label, uint8_t *ret_secret)
{
	uint32_t front = label.size + 1 + 2 * HW_TLS_RANDOM_SIZE + 1;
	if (line.size <= front || !hw_span_starts_with(line, label) ||
	    line.bytes[label.size] != ' ' || line.bytes[front - 1] != ' ') {
		return 0;
	}
	struct hw_span text = hw_span_skip(line, front);
	if (text.size != 64 && text.size != 96) {
		return 0;
	}
	uint32_t half_size = text.size / 4; /* hw_hex_decode takes 32 bytes at most */
	int r = hw_hex_decode((struct hw_span){text.bytes, text.size / 2}, ret_secret, half_size);
	if (r >= 0) {
		r = hw_hex_decode(hw_span_skip(text, text.size / 2), ret_secret + half_size,
				  half_size);
	}
	return r < 0 ? 0 : text.size / 2;
}
