/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_keys.h - from the secrets of a handshake to keys (RFC 8446, 7.1; RFC 5246, 6.3)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: OpenSSL, while it runs
 * Owns: nothing; who asks wipes what he was given
 */
#ifndef HW_NET_WIRE_TLS_KEYS_H
#define HW_NET_WIRE_TLS_KEYS_H

#include "core/base/span.h"
#include "net/wire/tls_record.h"

#define HW_TLS_RANDOM_SIZE 32U
#define HW_TLS_MASTER_SIZE 48U

/* HKDF-Expand-Label with an empty context; @size up to that of the hash.
 * Returns 0 or -ENOMEM. */
int hw_tls_expand(struct hw_tls_suite suite, const uint8_t *secret, struct hw_span label,
		  uint8_t *ret_bytes, uint32_t size) HW_MUST_CHECK;

struct hw_tls_keys_12 {
	uint8_t client_key[HW_TLS_KEY_SIZE_MAX];
	uint8_t server_key[HW_TLS_KEY_SIZE_MAX];
	uint8_t client_iv[HW_TLS_IV_SIZE];
	uint8_t server_iv[HW_TLS_IV_SIZE];
};

/* The key block of TLS 1.2. Returns 0 or -ENOMEM. */
int hw_tls_keys_12(struct hw_tls_suite suite, const uint8_t *master, const uint8_t *client_random,
		   const uint8_t *server_random, struct hw_tls_keys_12 *ret_keys) HW_MUST_CHECK;

/* The secret in a line of the key log ("LABEL random secret", in hex), when it is @label's.
 * @ret_secret: HW_TLS_SECRET_SIZE_MAX bytes. Returns its size, 0: another line. */
uint32_t hw_tls_key_log_secret(struct hw_span line, struct hw_span label, uint8_t *ret_secret);

#endif
