/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: keys are those of the standards, and secrets are found in the lines that have them.
 *
 * Method: the server's handshake keys of RFC 8448, 3; the key block of TLS 1.2 against its parts'
 * order; lines of the key log that are whole, another's, cut, or no hex. That OpenSSL's peer has
 * the same keys is tests/unit/conn/tls_handshake_test.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/hex.h"
#include "net/wire/tls_keys.h"

static void hex(const char *text, uint8_t *ret_bytes, uint32_t size)
{
	assert_int_equal(hw_hex_decode(hw_span_of(text), ret_bytes, size), 0);
}

static void vectors_of_rfc_8448(void **state)
{
	(void)state;
	const struct hw_tls_suite suite = {.cipher = HW_TLS_AES_128_GCM, .is_13 = true};
	uint8_t secret[32];
	uint8_t key[16];
	uint8_t iv[12];
	uint8_t expected[16];
	hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", secret, 32);
	assert_int_equal(hw_tls_expand(suite, secret, HW_SPAN("key"), key, 16), 0);
	hex("3fce516009c21727d0f2e4e86ee403bc", expected, 16);
	assert_memory_equal(key, expected, 16);
	assert_int_equal(hw_tls_expand(suite, secret, HW_SPAN("iv"), iv, 12), 0);
	hex("5d313eb2671276ee13000b30", expected, 12);
	assert_memory_equal(iv, expected, 12);
}

static void blocks_are_cut_in_order(void **state)
{
	(void)state;
	uint8_t master[HW_TLS_MASTER_SIZE] = {1};
	uint8_t client[HW_TLS_RANDOM_SIZE] = {2};
	uint8_t server[HW_TLS_RANDOM_SIZE] = {3};
	const struct hw_tls_suite short_one = {.cipher = HW_TLS_AES_128_GCM};
	const struct hw_tls_suite long_one = {.cipher = HW_TLS_CHACHA20_POLY1305};
	struct hw_tls_keys_12 a;
	struct hw_tls_keys_12 b;
	assert_int_equal(hw_tls_keys_12(short_one, master, client, server, &a), 0);
	assert_int_equal(hw_tls_keys_12(long_one, master, client, server, &b), 0);
	/* One stream: 16 16 4 4 of it, and 32 32 12 12. */
	assert_memory_equal(a.client_key, b.client_key, 16);
	assert_memory_equal(a.server_key, b.client_key + 16, 16);
	assert_memory_equal(a.client_iv, b.server_key, 4);
	assert_memory_equal(a.server_iv, b.server_key + 4, 4);
	client[0]++;
	assert_int_equal(hw_tls_keys_12(short_one, master, client, server, &b), 0);
	assert_memory_not_equal(a.client_key, b.client_key, 16);
}

static void lines_of_the_key_log(void **state)
{
	(void)state;
	static const struct hw_span label = HW_SPAN("CLIENT_TRAFFIC_SECRET_0");
	char line[300];
	uint8_t secret[HW_TLS_SECRET_SIZE_MAX];
	for (uint32_t size = 32; size <= 48; size += 16) {
		int end = snprintf(line, sizeof(line), "CLIENT_TRAFFIC_SECRET_0 %064d %0*d", 5,
				   (int)(2 * size), 17);
		struct hw_span text = {line, (uint32_t)end};
		assert_int_equal(hw_tls_key_log_secret(text, label, secret), size);
		assert_int_equal(secret[size - 1], 0x17);
		assert_int_equal(secret[0], 0);
		assert_int_equal(
			hw_tls_key_log_secret(text, HW_SPAN("SERVER_TRAFFIC_SECRET_0"), secret), 0);
		for (uint32_t cut = 0; cut < text.size; cut++) {
			bool is_shorter_hash = size == 48 && cut == text.size - 32;
			uint32_t found =
				hw_tls_key_log_secret((struct hw_span){line, cut}, label, secret);
			assert_int_equal(found, is_shorter_hash ? 32 : 0);
		}
		line[end - 5] = 'x';
		assert_int_equal(hw_tls_key_log_secret(text, label, secret), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_8448),
		cmocka_unit_test(blocks_are_cut_in_order),
		cmocka_unit_test(lines_of_the_key_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
