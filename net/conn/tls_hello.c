/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn/tls_hello.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "net/conn/tls_handshake.h"
#include "net/wire/tls_keys.h"

#define TICKET_IV_SIZE 16

/* The certificate whose own names have the one that the client asks for; else the first stays.
 * NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
int hw_tls_hello_name(SSL *ssl, int *ret_alert, void *user)
{
	const struct hw_tls_handshake *handshake = SSL_get_app_data(ssl);
	const struct hw_tls_contexts *contexts = handshake->contexts;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)ret_alert;
	(void)user;
	for (uint32_t i = 0; name != NULL && i < contexts->count && contexts->count > 1; i++) {
		X509 *leaf = SSL_CTX_get0_certificate(contexts->contexts[i]);
		if (X509_check_host(leaf, name, strlen(name), 0, NULL) == 1) {
			(void)SSL_set_SSL_CTX(ssl,
					      contexts->contexts[i]); /* the first stays then */
			break;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

/* Who speaks only what we do not (h2) is told so now, not by a broken answer (RFC 7301, 3.2). */
int hw_tls_hello_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_size,
			  const unsigned char *offered, unsigned int offered_size, void *user)
{
	static const unsigned char g_ours[] = "\x08http/1.1";
	unsigned char *name = NULL;
	(void)ssl;
	(void)user;
	int r = SSL_select_next_proto(&name, ret_size, g_ours, sizeof(g_ours) - 1, offered,
				      offered_size);
	if (r != OPENSSL_NPN_NEGOTIATED) {
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	*ret_name = name;
	return SSL_TLSEXT_ERR_OK;
}

static bool ticket_keys_use(const struct hw_tls_ticket_key *key, unsigned char *iv,
			    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_new)
{
	static char g_sha256[] = "SHA256"; /* as OSSL_PARAM wants it: not const */
	uint8_t mac_key[HW_TLS_TICKET_KEY_SIZE];
	memcpy(mac_key, key->mac, sizeof(mac_key));
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, sizeof(mac_key)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, g_sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	bool is_good =
		EVP_MAC_CTX_set_params(mac, params) == 1 &&
		EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, is_new) == 1;
	OPENSSL_cleanse(mac_key, sizeof(mac_key));
	return is_good;
}

/* 0: no ticket, or not one of ours: the whole handshake. 2: ours, and a new one is due. */
int hw_tls_hello_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			EVP_MAC_CTX *mac, int is_new)
{
	const struct hw_tls_handshake *handshake = SSL_get_app_data(ssl);
	const struct hw_tls_tickets *tickets = handshake->tickets;
	if (is_new == 1) {
		memcpy(name, tickets->now.name, HW_TLS_TICKET_NAME_SIZE);
		if (RAND_bytes(iv, TICKET_IV_SIZE) != 1) {
			return -1;
		}
		return ticket_keys_use(&tickets->now, iv, cipher, mac, 1) ? 1 : -1;
	}
	const struct hw_tls_ticket_key *key = hw_tls_tickets_find(tickets, name);
	if (key == NULL) {
		return 0;
	}
	if (!ticket_keys_use(key, iv, cipher, mac, 0)) {
		return -1;
	}
	return key == &tickets->now ? 1 : 2;
}

/* OpenSSL says each secret at the moment from which it is used. */
void hw_tls_hello_secret(const SSL *ssl, const char *line)
{
	struct hw_tls_handshake *handshake = SSL_get_app_data(ssl);
	struct hw_span text = hw_span_of(line);
	uint8_t secret[HW_TLS_SECRET_SIZE_MAX];
	uint32_t size = hw_tls_key_log_secret(text, HW_SPAN("CLIENT_TRAFFIC_SECRET_0"), secret);
	if (size > 0) {
		memcpy(handshake->client_secret, secret, size);
		handshake->client_secret_size = size;
	}
	size = hw_tls_key_log_secret(text, HW_SPAN("SERVER_TRAFFIC_SECRET_0"), secret);
	if (size > 0) {
		memcpy(handshake->server_secret, secret, size);
		handshake->server_secret_size = size;
		handshake->sealed_count = 0;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
}
