/* SPDX-License-Identifier: Apache-2.0
 *
 *   feed -> SSL_do_handshake -> (tls_hello.c: name, protocol, ticket, secret) -> output
 *   keys -> keys_13 | keys_12
 */
#include "net/conn/tls_handshake.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/conn/tls_hello.h"
#include "net/wire/tls_keys.h"

/* How many records went out since the key of what we write was made: tickets do, before the first
 * record of ours.
 * NOLINTNEXTLINE(readability-function-size): the type is OpenSSL's */
static void count(int is_written, int version, int type, const void *bytes, size_t size, SSL *ssl,
		  void *user)
{
	struct hw_tls_handshake *handshake = user;
	(void)version;
	(void)bytes;
	(void)size;
	(void)ssl;
	if (is_written == 1 && type == SSL3_RT_HEADER && handshake->server_secret_size > 0) {
		handshake->sealed_count++;
	}
}

int hw_tls_handshake_begin(struct hw_tls_handshake *handshake,
			   const struct hw_tls_contexts *contexts,
			   const struct hw_tls_tickets *tickets)
{
	hw_assert(contexts->count > 0);
	*handshake = (struct hw_tls_handshake){.tickets = tickets};
	hw_list_init(&handshake->link);
	SSL *ssl = SSL_new(contexts->contexts[0]);
	BIO *in = BIO_new(BIO_s_mem());
	BIO *out = BIO_new(BIO_s_mem());
	if (ssl == NULL || in == NULL || out == NULL || SSL_set_app_data(ssl, handshake) != 1) {
		SSL_free(ssl);
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	SSL_set_bio(ssl, in, out); /* moved */
	SSL_set_accept_state(ssl);
	SSL_set_msg_callback(ssl, count);
	SSL_set_msg_callback_arg(ssl, handshake);
	handshake->ssl = ssl;
	handshake->in = in;
	handshake->out = out;
	return 0;
}

void hw_tls_handshake_end(struct hw_tls_handshake *handshake)
{
	if (handshake->ssl != NULL) {
		/* Else OpenSSL would take the session for a broken one. */
		SSL_set_shutdown(handshake->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(handshake->ssl);
	}
	OPENSSL_cleanse(handshake, sizeof(*handshake));
}

enum hw_tls_feed hw_tls_handshake_feed(struct hw_tls_handshake *handshake,
				       const struct hw_tls_contexts *contexts,
				       const uint8_t *record, uint32_t size)
{
	ERR_clear_error();
	handshake->fed_size += size;
	if (handshake->fed_size > HW_TLS_HANDSHAKE_FED_MAX ||
	    BIO_write(handshake->in, record, (int)size) != (int)size) {
		return HW_TLS_FEED_FAILED;
	}
	handshake->contexts = contexts;
	int r = SSL_do_handshake(handshake->ssl);
	int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(handshake->ssl, r);
	handshake->contexts = NULL;
	if (r != 1) {
		return error == SSL_ERROR_WANT_READ ? HW_TLS_FEED_MORE : HW_TLS_FEED_FAILED;
	}
	/* Something behind the last message in its record would be lost with the SSL object. */
	bool is_clean = BIO_pending(handshake->in) == 0 && SSL_has_pending(handshake->ssl) == 0;
	return is_clean ? HW_TLS_FEED_DONE : HW_TLS_FEED_FAILED;
}

struct hw_span hw_tls_handshake_output(const struct hw_tls_handshake *handshake)
{
	char *bytes = NULL;
	long size = BIO_get_mem_data(handshake->out, &bytes);
	return (struct hw_span){bytes, size > 0 ? (uint32_t)size : 0};
}

void hw_tls_handshake_output_taken(struct hw_tls_handshake *handshake)
{
	(void)BIO_reset(handshake->out); /* of memory: cannot fail */
}

bool hw_tls_handshake_is_resumed(const struct hw_tls_handshake *handshake)
{
	return SSL_session_reused(handshake->ssl) == 1;
}

uint32_t hw_tls_handshake_record_size(const struct hw_tls_handshake *handshake)
{
	uint32_t mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(handshake->ssl));
	return mode >= 1 && mode <= 4 ? 512U << (mode - 1) : HW_TLS_PLAIN_SIZE_MAX;
}

/* -- keys -- */

static struct hw_tls_suite suite_of(SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	struct hw_tls_suite suite = {
		.is_13 = SSL_version(ssl) == TLS1_3_VERSION,
		.is_sha384 = EVP_MD_get_type(SSL_CIPHER_get_handshake_digest(cipher)) == NID_sha384,
	};
	switch (SSL_CIPHER_get_cipher_nid(cipher)) {
	case NID_aes_128_gcm:
		suite.cipher = HW_TLS_AES_128_GCM;
		break;
	case NID_aes_256_gcm:
		suite.cipher = HW_TLS_AES_256_GCM;
		break;
	case NID_chacha20_poly1305:
		suite.cipher = HW_TLS_CHACHA20_POLY1305;
		break;
	default:
		break;
	}
	return suite;
}

static int keys_13(const struct hw_tls_handshake *handshake, struct hw_tls_suite suite,
		   struct hw_tls_half *in, struct hw_tls_half *out)
{
	uint32_t size = hw_tls_secret_size(suite);
	if (handshake->client_secret_size != size || handshake->server_secret_size != size) {
		return -EPROTO;
	}
	int r = hw_tls_half_init_13(in, suite, handshake->client_secret, false, 0);
	return r < 0 ? r
		     : hw_tls_half_init_13(out, suite, handshake->server_secret, true,
					   handshake->sealed_count);
}

/* The messages called Finished were number 0 of both directions. */
static int keys_12(SSL *ssl, struct hw_tls_suite suite, struct hw_tls_half *in,
		   struct hw_tls_half *out)
{
	uint8_t master[HW_TLS_MASTER_SIZE];
	uint8_t client_random[HW_TLS_RANDOM_SIZE];
	uint8_t server_random[HW_TLS_RANDOM_SIZE];
	struct hw_tls_keys_12 keys = {0};
	size_t size = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));
	(void)SSL_get_client_random(ssl, client_random, sizeof(client_random));
	(void)SSL_get_server_random(ssl, server_random, sizeof(server_random));
	int r = size == HW_TLS_MASTER_SIZE ? 0 : -EPROTO;
	if (r >= 0) {
		r = hw_tls_keys_12(suite, master, client_random, server_random, &keys);
	}
	if (r >= 0) {
		r = hw_tls_half_init_12(in, suite, keys.client_key, keys.client_iv, false, 1);
	}
	if (r >= 0) {
		r = hw_tls_half_init_12(out, suite, keys.server_key, keys.server_iv, true, 1);
	}
	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(&keys, sizeof(keys));
	return r;
}

int hw_tls_handshake_keys(const struct hw_tls_handshake *handshake, struct hw_tls_half *ret_in,
			  struct hw_tls_half *ret_out)
{
	struct hw_tls_half in = {0};
	struct hw_tls_half out = {0};
	struct hw_tls_suite suite = suite_of(handshake->ssl);
	if (suite.cipher == HW_TLS_CIPHER_NONE) {
		return -EPROTO;
	}
	int r = suite.is_13 ? keys_13(handshake, suite, &in, &out)
			    : keys_12(handshake->ssl, suite, &in, &out);
	if (r < 0) {
		hw_tls_half_deinit(&in);
		hw_tls_half_deinit(&out);
		return r;
	}
	*ret_in = in;
	*ret_out = out;
	OPENSSL_cleanse(&in, sizeof(in));
	OPENSSL_cleanse(&out, sizeof(out));
	return 0;
}
