/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/tls_kernel.h"

#include <endian.h>
#include <linux/tls.h>
#include <string.h>

#define TAG_SIZE 16U

/* What differs between the ciphers in what TLS_TX takes. */
struct far_key {
	const EVP_CIPHER *cipher;
	const uint8_t *key;
	uint8_t *number;
	uint8_t nonce[12];
};

static struct far_key key_of(void *keys)
{
	const struct tls_crypto_info *info = keys;
	struct tls12_crypto_info_aes_gcm_128 *aes_128 = keys;
	struct tls12_crypto_info_aes_gcm_256 *aes_256 = keys;
	struct tls12_crypto_info_chacha20_poly1305 *chacha20 = keys;
	struct far_key key;
	assert_int_equal(info->version, TLS_1_3_VERSION);
	switch (info->cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		key = (struct far_key){EVP_aes_128_gcm(), aes_128->key, aes_128->rec_seq, {0}};
		memcpy(key.nonce, aes_128->salt, 4);
		memcpy(key.nonce + 4, aes_128->iv, 8);
		break;
	case TLS_CIPHER_AES_GCM_256:
		key = (struct far_key){EVP_aes_256_gcm(), aes_256->key, aes_256->rec_seq, {0}};
		memcpy(key.nonce, aes_256->salt, 4);
		memcpy(key.nonce + 4, aes_256->iv, 8);
		break;
	default:
		assert_int_equal(info->cipher_type, TLS_CIPHER_CHACHA20_POLY1305);
		key = (struct far_key){
			EVP_chacha20_poly1305(), chacha20->key, chacha20->rec_seq, {0}};
		memcpy(key.nonce, chacha20->iv, 12);
		break;
	}
	for (uint32_t i = 0; i < 8; i++) {
		key.nonce[4 + i] ^= key.number[i];
	}
	return key;
}

/* RFC 8446, 5.2. */
static uint32_t seal(void *keys, uint8_t type, const void *bytes, uint32_t size,
		     uint8_t *ret_record)
{
	struct far_key key = key_of(keys);
	uint32_t inner_size = size + 1 + TAG_SIZE;
	uint8_t head[5] = {23, 3, 3, (uint8_t)(inner_size >> 8), (uint8_t)inner_size};
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *at = ret_record + sizeof(head);
	int step = 0;
	assert_non_null(context);
	memcpy(ret_record, head, sizeof(head));
	assert_int_equal(EVP_EncryptInit_ex(context, key.cipher, NULL, key.key, key.nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(context, NULL, &step, head, sizeof(head)), 1);
	assert_int_equal(EVP_EncryptUpdate(context, at, &step, bytes, (int)size), 1);
	assert_int_equal(EVP_EncryptUpdate(context, at + size, &step, &type, 1), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, at + size + 1, &step), 1);
	assert_int_equal(
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, at + size + 1), 1);
	EVP_CIPHER_CTX_free(context);
	uint64_t number = 0;
	memcpy(&number, key.number, sizeof(number));
	number = htobe64(be64toh(number) + 1);
	memcpy(key.number, &number, sizeof(number));
	return (uint32_t)sizeof(head) + inner_size;
}

struct hw_sim_options tls_kernel_calm(uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	sim.seal = seal;
	return sim;
}

void tls_kernel_start(const struct hw_sim_options *sim, struct conn_world *world,
		      struct file_talk *talk, const struct hw_tls_contexts *contexts,
		      uint32_t ciphers)
{
	struct conn_options options = conn_plenty();
	struct hw_sim_options calm = *sim;
	options.contexts = contexts;
	options.kernel_ciphers = ciphers;
	calm.set_error_percent = 0; /* until the file is bound */
	hw_sim_begin(&calm);
	conn_start(world, &options);
	file_talk_begin(talk, world);
	talk->piece_size_max = TLS_KERNEL_PIECE_SIZE;
	hw_sim_options()->set_error_percent = sim->set_error_percent;
}

void tls_kernel_cut(struct conn_world *world)
{
	if (!world->server.is_draining) {
		hw_http_server_drain(&world->server);
	}
	hw_http_server_cut(&world->server);
}

void tls_kernel_end(struct far *far, struct file_talk *talk)
{
	struct conn_world *world = talk->world;
	far_close(far);
	tls_kernel_cut(world);
	conn_pass(world, 10000);
	file_talk_end(talk);
	conn_stop(world);
	hw_sim_end();
}

bool tls_kernel_has_file(const struct far *far, const struct file_talk *talk)
{
	return far->got_size > talk->size &&
	       memcmp(far->got + far->got_size - talk->size, talk->bytes, talk->size) == 0;
}

void tls_kernel_pass(struct far *far, const struct file_talk *talk)
{
	for (uint32_t i = 0; i < 2000 && !talk->is_over && !far->is_broken; i++) {
		far_pass(far, 50);
	}
	far_pass(far, 200);
}
