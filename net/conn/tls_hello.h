/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_hello.h - what OpenSSL asks while a handshake runs
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 * For tls_contexts.c and tls_handshake.c. An SSL's app data is its struct hw_tls_handshake.
 */
#ifndef HW_NET_CONN_TLS_HELLO_H
#define HW_NET_CONN_TLS_HELLO_H

#include <openssl/ssl.h>

/* Which certificate the client names; which protocol it speaks; a ticket's keys; a secret. */
int hw_tls_hello_name(SSL *ssl, int *ret_alert, void *user);
int hw_tls_hello_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_size,
			  const unsigned char *offered, unsigned int offered_size, void *user);
int hw_tls_hello_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			EVP_MAC_CTX *mac, int is_new);
void hw_tls_hello_secret(const SSL *ssl, const char *line);

#endif
