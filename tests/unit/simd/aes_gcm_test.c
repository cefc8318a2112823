/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the kernel seals and opens as OpenSSL does, whatever the sizes and however the bytes come
 * in pieces.
 *
 * Method: both key sizes, every size to 600 and some large ones, in one piece and cut at random
 * places, in place and apart, against OpenSSL; counters that run over a byte and more; the
 * standard's test cases are among OpenSSL's own. Without the instructions there is nothing to test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "simd/aes_gcm.h"
#include "simd/kernels.h"

#define SIZE_MAX_HERE 300000U

static uint8_t g_plain[SIZE_MAX_HERE];
static uint8_t g_expected[SIZE_MAX_HERE];
static uint8_t g_sealed[SIZE_MAX_HERE + 64];
static uint8_t g_back[SIZE_MAX_HERE + 64];

struct message {
	uint8_t key[32];
	uint8_t nonce[12];
	uint8_t aad[16];
	uint32_t key_size;
	uint32_t aad_size;
	uint32_t size;
};

static uint32_t g_dice = 1;

static uint32_t dice(uint32_t below)
{
	g_dice = g_dice * 1664525U + 1013904223U;
	return below == 0 ? 0 : (g_dice >> 8) % below;
}

static void openssl_seal(const struct message *message, uint8_t *ret_tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int count = 0;
	assert_non_null(context);
	assert_int_equal(
		EVP_EncryptInit_ex(context,
				   message->key_size == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(),
				   NULL, message->key, message->nonce),
		1);
	assert_int_equal(
		EVP_EncryptUpdate(context, NULL, &count, message->aad, (int)message->aad_size), 1);
	assert_int_equal(
		EVP_EncryptUpdate(context, g_expected, &count, g_plain, (int)message->size), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, g_expected, &count), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, ret_tag), 1);
	EVP_CIPHER_CTX_free(context);
}

/* @piece_max 0: in one. */
static void run(const struct message *message, bool is_sealing, const uint8_t *from, uint8_t *to,
		uint32_t piece_max, uint8_t *ret_tag)
{
	struct hw_aes_gcm_key key;
	struct hw_aes_gcm gcm;
	hw_aes_gcm_key_set(&key, message->key, message->key_size);
	hw_aes_gcm_begin(&gcm, &key, message->nonce, message->aad, message->aad_size, is_sealing);
	for (uint32_t at = 0; at < message->size;) {
		uint32_t rest = message->size - at;
		uint32_t piece = piece_max == 0 ? rest : 1 + dice(piece_max);
		piece = piece < rest ? piece : rest;
		hw_aes_gcm_update(&gcm, from + at, to + at, piece);
		at += piece;
	}
	hw_aes_gcm_end(&gcm, ret_tag);
}

static void check(const struct message *message, uint32_t piece_max)
{
	uint8_t expected_tag[16];
	uint8_t tag[16];
	openssl_seal(message, expected_tag);
	g_sealed[message->size] = 0x5a;
	run(message, true, g_plain, g_sealed, piece_max, tag);
	assert_memory_equal(g_sealed, g_expected, message->size);
	assert_int_equal(g_sealed[message->size], 0x5a);
	assert_memory_equal(tag, expected_tag, 16);
	run(message, false, g_sealed, g_back, piece_max, tag);
	assert_memory_equal(g_back, g_plain, message->size);
	assert_memory_equal(tag, expected_tag, 16);
	memcpy(g_back, g_plain, message->size); /* in place */
	run(message, true, g_back, g_back, piece_max, tag);
	assert_memory_equal(g_back, g_expected, message->size);
	run(message, false, g_back, g_back, piece_max, tag);
	assert_memory_equal(g_back, g_plain, message->size);
	assert_memory_equal(tag, expected_tag, 16);
}

static void message_roll(struct message *message, uint32_t size)
{
	for (uint32_t i = 0; i < sizeof(message->key); i++) {
		message->key[i] = (uint8_t)dice(256);
	}
	for (uint32_t i = 0; i < sizeof(message->nonce); i++) {
		message->nonce[i] = (uint8_t)dice(256);
		message->aad[i] = (uint8_t)dice(256);
	}
	message->key_size = dice(2) == 0 ? 16 : 32;
	message->aad_size = 1 + dice(13);
	message->size = size;
}

static void agrees_with_openssl(void **state)
{
	static const uint32_t sizes[] = {1023,  1024,  1025,  4096,  16383,
					 16384, 16385, 65537, 300000};
	struct message message;
	(void)state;
	for (uint32_t size = 0; size <= 600; size++) {
		message_roll(&message, size);
		check(&message, 0);
		check(&message, 40);
	}
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) * 4; i++) {
		message_roll(&message, sizes[i / 4]);
		check(&message, i % 2 == 0 ? 0 : 1 + dice(3000));
	}
}

/* A hash key whose highest bit falls out when it is moved, and one whose does not: half of all. */
static void many_keys(void **state)
{
	struct message message;
	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		message_roll(&message, 777);
		check(&message, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(many_keys),
	};
	if (hw_simd_init(HW_SIMD_AUTO) != 0 || !hw_aes_gcm_is_there()) {
		return 0;
	}
	for (uint32_t i = 0; i < SIZE_MAX_HERE; i++) {
		g_plain[i] = (uint8_t)dice(256);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
