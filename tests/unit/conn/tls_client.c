/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/tls_client.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define PEMS_MAX 8U

static int session_keep(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *client = SSL_get_app_data(ssl);
	SSL_SESSION_free(client->session);
	client->session = session;
	return 1; /* moved */
}

static void suites_set(SSL_CTX *context, const struct tls_client_options *options)
{
	if (options->suites == NULL) {
		return;
	}
	int r = options->version == TLS1_3_VERSION
			? SSL_CTX_set_ciphersuites(context, options->suites)
			: SSL_CTX_set_cipher_list(context, options->suites);
	hw_assert(r == 1);
}

void tls_client_open(struct tls_client *client, const struct tls_client_options *options)
{
	*client = (struct tls_client){.context = SSL_CTX_new(TLS_client_method())};
	hw_assert(client->context != NULL);
	if (options->version != 0) {
		(void)SSL_CTX_set_min_proto_version(client->context, options->version);
		(void)SSL_CTX_set_max_proto_version(client->context, options->version);
	}
	suites_set(client->context, options);
	(void)SSL_CTX_set_session_cache_mode(client->context,
					     SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client->context, session_keep);
	if (options->padding > 0) {
		(void)SSL_CTX_set_block_padding(client->context, options->padding);
	}
	client->ssl = SSL_new(client->context);
	client->in = BIO_new(BIO_s_mem());
	client->out = BIO_new(BIO_s_mem());
	hw_assert(client->ssl != NULL && client->in != NULL && client->out != NULL);
	SSL_set_bio(client->ssl, client->in, client->out);
	SSL_set_connect_state(client->ssl);
	(void)SSL_set_app_data(client->ssl, client);
	if (options->fragment_mode > 0) {
		(void)SSL_set_tlsext_max_fragment_length(client->ssl, options->fragment_mode);
	}
	if (options->fragment_size > 0) {
		(void)SSL_set_max_send_fragment(client->ssl, options->fragment_size);
	}
	if (options->host != NULL) {
		char host[256]; /* OpenSSL's macro takes no const */
		(void)snprintf(host, sizeof(host), "%s", options->host);
		(void)SSL_set_tlsext_host_name(client->ssl, host);
	}
	if (options->protocols != NULL) {
		(void)SSL_set_alpn_protos(client->ssl, (const uint8_t *)options->protocols,
					  (unsigned int)strlen(options->protocols));
	}
	if (options->session != NULL) {
		hw_assert(SSL_set_session(client->ssl, options->session) == 1);
	}
}

void tls_client_close(struct tls_client *client)
{
	SSL_SESSION_free(client->session);
	/* Else its session would not be good for another time. */
	SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	*client = (struct tls_client){0};
}

uint8_t *tls_client_take(struct tls_client *client, uint32_t *ret_size)
{
	char *bytes = NULL;
	long size = BIO_get_mem_data(client->out, &bytes);
	uint8_t *copy = malloc((size_t)size + 1);
	hw_assert(copy != NULL);
	memcpy(copy, bytes, (size_t)size);
	(void)BIO_reset(client->out);
	*ret_size = (uint32_t)size;
	return copy;
}

void tls_client_give(struct tls_client *client, const void *bytes, uint32_t size)
{
	if (size > 0) {
		hw_assert(BIO_write(client->in, bytes, (int)size) == (int)size);
	}
}

/* -- certificates */

static X509 *certificate_make(EVP_PKEY *key, const char *host)
{
	X509 *certificate = X509_new();
	char names[256];
	(void)snprintf(names, sizeof(names), "DNS:%s", host);
	hw_assert(certificate != NULL && X509_set_version(certificate, 2) == 1);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
	(void)X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	(void)X509_set_pubkey(certificate, key);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	hw_assert(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	hw_assert(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

static struct hw_span pem_make(const char *host, bool is_rsa)
{
	EVP_PKEY *key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	hw_assert(key != NULL);
	X509 *certificate = certificate_make(key, host);
	BIO *bio = BIO_new(BIO_s_mem());
	hw_assert(PEM_write_bio_X509(bio, certificate) == 1);
	hw_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	char *bytes = NULL;
	long size = BIO_get_mem_data(bio, &bytes);
	char *copy = malloc((size_t)size);
	hw_assert(copy != NULL);
	memcpy(copy, bytes, (size_t)size);
	BIO_free(bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return (struct hw_span){copy, (uint32_t)size};
}

struct hw_span tls_client_pem(const char *host, bool is_rsa)
{
	static struct {
		const char *host;
		bool is_rsa;
		struct hw_span pem;
	} g_pems[PEMS_MAX];
	for (uint32_t i = 0; i < PEMS_MAX; i++) {
		if (g_pems[i].host == NULL) {
			g_pems[i].host = host;
			g_pems[i].is_rsa = is_rsa;
			g_pems[i].pem = pem_make(host, is_rsa);
		}
		if (strcmp(g_pems[i].host, host) == 0 && g_pems[i].is_rsa == is_rsa) {
			return g_pems[i].pem;
		}
	}
	hw_assert_fail("too many certificates", __FILE__, __LINE__);
}

void tls_client_contexts(struct hw_tls_contexts *contexts, const char *const *hosts, uint32_t count)
{
	const char *reason = NULL;
	*contexts = (struct hw_tls_contexts){0};
	for (uint32_t i = 0; i < count; i++) {
		struct hw_span pem = tls_client_pem(hosts[i], false);
		int r = hw_tls_contexts_add(contexts, pem, pem, &reason);
		hw_assert(r == 0);
	}
}

bool tls_client_saw(const struct tls_client *client, const char *host)
{
	X509 *shown = SSL_get1_peer_certificate(client->ssl);
	bool is_it = shown != NULL && X509_check_host(shown, host, strlen(host), 0, NULL) == 1;
	X509_free(shown);
	return is_it;
}
