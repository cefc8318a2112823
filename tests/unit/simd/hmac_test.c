/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: HMAC-SHA-256 as everybody has it, and nothing of the key is left.
 *
 * Method: RFC 4231's vectors; OpenSSL for keys and messages of every size around a block.
 */
#include "simd/hmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

static void mac(const void *key, uint32_t key_size, const void *bytes, uint64_t size,
		struct hw_hash *ret_mac)
{
	static const struct hw_hmac nothing;
	struct hw_hmac hmac;
	hw_hmac_init(&hmac, key, key_size);
	hw_hmac_update(&hmac, bytes, size / 2);
	hw_hmac_update(&hmac, (const uint8_t *)bytes + size / 2, size - size / 2);
	hw_hmac_final(&hmac, ret_mac);
	assert_memory_equal(&hmac, &nothing, sizeof(hmac));
}

static void test_rfc_4231(void **state)
{
	(void)state;
	static const uint8_t first[] = {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53,
					0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
					0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7,
					0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7};
	static const uint8_t second[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
					 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
					 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
					 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	uint8_t key[20];
	struct hw_hash hash;
	memset(key, 0x0b, sizeof(key));
	mac(key, sizeof(key), "Hi There", 8, &hash);
	assert_memory_equal(hash.bytes, first, sizeof(first));
	mac("Jefe", 4, "what do ya want for nothing?", 28, &hash);
	assert_memory_equal(hash.bytes, second, sizeof(second));
}

static void test_as_openssl(void **state)
{
	(void)state;
	uint8_t bytes[200];
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 7 + 1);
	}
	for (uint32_t key_size = 1; key_size <= 130; key_size++) {
		for (uint32_t size = 0; size <= 130; size += 13) {
			uint8_t theirs[32];
			unsigned int theirs_size = 0;
			struct hw_hash ours;
			assert_non_null(HMAC(EVP_sha256(), bytes, (int)key_size, bytes, size,
					     theirs, &theirs_size));
			mac(bytes, key_size, bytes, size, &ours);
			assert_memory_equal(ours.bytes, theirs, sizeof(theirs));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_4231),
		cmocka_unit_test(test_as_openssl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
