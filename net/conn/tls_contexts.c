/* SPDX-License-Identifier: Apache-2.0
 *
 *   add -> context_make -> chain_use -> key_use -> kept
 */
#include "net/conn/tls_contexts.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/conn/tls_hello.h"

#define CHAIN_COUNT_MAX 16U   /* certificates of one chain */
#define TICKET_LIFE_S   43200 /* as long as a key is the newest; it is good for twice as long */

static const char g_suites_13[] =
	"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
static const char g_suites_12[] =
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const unsigned char g_session_context[] = "hawser";

static void hooks_set(SSL_CTX *context)
{
	(void)SSL_CTX_set_tlsext_servername_callback(context, hw_tls_hello_name); /* always 1 */
	SSL_CTX_set_alpn_select_cb(context, hw_tls_hello_protocol, NULL);
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(context, hw_tls_hello_ticket); /* always 1 */
	SSL_CTX_set_keylog_callback(context, hw_tls_hello_secret);
}

/* Nothing that our record layer could not go on with; no renegotiation, no early data, nothing
 * kept of a session but its ticket. */
static SSL_CTX *context_make(void)
{
	char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro takes no const */
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (context == NULL) {
		return NULL;
	}
	(void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						   SSL_OP_CIPHER_SERVER_PREFERENCE |
						   SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_timeout(context, TICKET_LIFE_S);
	hooks_set(context);
	bool is_good = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
		       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
		       SSL_CTX_set_ciphersuites(context, g_suites_13) == 1 &&
		       SSL_CTX_set_cipher_list(context, g_suites_12) == 1 &&
		       SSL_CTX_set1_groups_list(context, groups) == 1 &&
		       SSL_CTX_set_session_id_context(context, g_session_context,
						      sizeof(g_session_context) - 1) == 1;
	if (!is_good) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

/* Nobody is there to be asked for a pass phrase.
 * NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
static int no_phrase(char *ret_phrase, int size, int is_new, void *user)
{
	(void)ret_phrase;
	(void)size;
	(void)is_new;
	(void)user;
	return -1;
}

static const char *chain_use(SSL_CTX *context, BIO *pem)
{
	X509 *leaf = PEM_read_bio_X509_AUX(pem, NULL, no_phrase, NULL);
	if (leaf == NULL) {
		return "there is no certificate in it (PEM)";
	}
	int is_used = SSL_CTX_use_certificate(context, leaf);
	X509_free(leaf); /* the context has its own reference */
	if (is_used != 1) {
		return "its certificate cannot be used: a weak key, or one of a kind we do not "
		       "know";
	}
	ERR_clear_error();
	for (uint32_t i = 0; i < CHAIN_COUNT_MAX; i++) {
		X509 *issuer = PEM_read_bio_X509(pem, NULL, no_phrase, NULL);
		if (issuer == NULL) {
			int reason = ERR_GET_REASON(ERR_peek_last_error());
			return reason == PEM_R_NO_START_LINE ? NULL
							     : "a certificate of its chain "
							       "cannot be read";
		}
		if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
			X509_free(issuer);
			return "a certificate of its chain cannot be used";
		}
	}
	return "its chain is longer than 16 certificates";
}

static const char *key_use(SSL_CTX *context, BIO *pem)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_phrase, NULL);
	if (key == NULL) {
		return "there is no private key in it (PEM, without a pass phrase)";
	}
	int is_used = SSL_CTX_use_PrivateKey(context, key);
	EVP_PKEY_free(key); /* the context has its own reference */
	if (is_used != 1 || SSL_CTX_check_private_key(context) != 1) {
		return "the private key is not the certificate's";
	}
	return NULL;
}

static const char *pem_use(SSL_CTX *context, struct hw_span bytes,
			   const char *(*use)(SSL_CTX *context, BIO *pem))
{
	BIO *pem = BIO_new_mem_buf(bytes.bytes, (int)bytes.size);
	if (pem == NULL) {
		return "there is no memory for it";
	}
	const char *reason = use(context, pem);
	BIO_free(pem);
	return reason;
}

int hw_tls_contexts_add(struct hw_tls_contexts *contexts, struct hw_span chain, struct hw_span key,
			const char **ret_reason)
{
	if (contexts->count == HW_TLS_CERTIFICATE_COUNT_MAX) {
		*ret_reason = "there are more than 16 certificates";
		return -ENOSPC;
	}
	SSL_CTX *context = context_make();
	if (context == NULL) {
		*ret_reason = "OpenSSL could not be set up: no memory, or no such algorithms";
		return -ENOMEM;
	}
	const char *reason = pem_use(context, chain, chain_use);
	if (reason == NULL) {
		reason = pem_use(context, key, key_use);
	}
	ERR_clear_error(); /* a chain ends with an error, too */
	if (reason != NULL) {
		SSL_CTX_free(context);
		*ret_reason = reason;
		return -EINVAL;
	}
	contexts->contexts[contexts->count++] = context;
	return 0;
}

void hw_tls_contexts_deinit(struct hw_tls_contexts *contexts)
{
	for (uint32_t i = 0; i < contexts->count; i++) {
		SSL_CTX_free(contexts->contexts[i]);
	}
	*contexts = (struct hw_tls_contexts){0};
}
