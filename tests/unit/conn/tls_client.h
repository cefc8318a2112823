/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_client.h - OpenSSL as a client over memory, and certificates for who it speaks to
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_CONN_TLS_CLIENT_H
#define HW_TESTS_UNIT_CONN_TLS_CLIENT_H

#include <openssl/ssl.h>

#include "core/base/span.h"
#include "net/conn/tls_contexts.h"

struct tls_client_options {
	int version;            /* TLS1_2_VERSION, TLS1_3_VERSION; 0: either */
	const char *suites;     /* of that version; NULL: all */
	const char *host;       /* SNI; NULL: none */
	const char *protocols;  /* ALPN, as on the wire; NULL: none */
	SSL_SESSION *session;   /* to be resumed; NULL: none */
	uint32_t padding;       /* TLS 1.3: records are padded to multiples of it */
	uint32_t fragment_size; /* of a record that it sends; 0: 16384 */
	uint8_t fragment_mode;  /* of those that it wants (RFC 6066, 4); 0: does not say */
};

struct tls_client {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in; /* what it reads */
	BIO *out;
	SSL_SESSION *session; /* the last one it was given; its own */
};

void tls_client_open(struct tls_client *client, const struct tls_client_options *options);
void tls_client_close(struct tls_client *client);
/* All that it wants to send: the caller's (free). */
uint8_t *tls_client_take(struct tls_client *client, uint32_t *ret_size);
/* What came for it. */
void tls_client_give(struct tls_client *client, const void *bytes, uint32_t size);

/* A certificate of its own for @host, ECDSA P-256 or RSA-2048, in PEM with its key behind it; lent
 * until the process ends; the same for the same @host. */
struct hw_span tls_client_pem(const char *host, bool is_rsa);
/* Contexts with one certificate for each host. */
void tls_client_contexts(struct hw_tls_contexts *contexts, const char *const *hosts,
			 uint32_t count);
/* Does the certificate that it was shown name @host? */
bool tls_client_saw(const struct tls_client *client, const char *host);

#endif
