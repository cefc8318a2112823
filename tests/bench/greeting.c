/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_greeting_run -> SSL_connect -> secret_take (each secret, as it comes into force)
 *			-> halves_init
 */
#include "tests/bench/greeting.h"

#include <errno.h>
#include <openssl/ssl.h>

#include "net/wire/tls_keys.h"

#define SUITE "TLS_AES_256_GCM_SHA384"

struct secrets {
	uint8_t client[HW_TLS_SECRET_SIZE_MAX];
	uint8_t server[HW_TLS_SECRET_SIZE_MAX];
	uint32_t client_size;
	uint32_t server_size;
};

static SSL_CTX *g_tls;

static void secret_take(const SSL *ssl, const char *line)
{
	struct secrets *secrets = SSL_get_app_data(ssl);
	struct hw_span text = hw_span_of(line);
	uint32_t size =
		hw_tls_key_log_secret(text, HW_SPAN("CLIENT_TRAFFIC_SECRET_0"), secrets->client);
	secrets->client_size = size > 0 ? size : secrets->client_size;
	size = hw_tls_key_log_secret(text, HW_SPAN("SERVER_TRAFFIC_SECRET_0"), secrets->server);
	secrets->server_size = size > 0 ? size : secrets->server_size;
}

bool hw_greeting_init(void)
{
	g_tls = SSL_CTX_new(TLS_client_method());
	if (g_tls == NULL || SSL_CTX_set_ciphersuites(g_tls, SUITE) != 1 ||
	    SSL_CTX_set_min_proto_version(g_tls, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(g_tls, TLS1_3_VERSION) != 1) {
		return false;
	}
	SSL_CTX_set_keylog_callback(g_tls, secret_take);
	return true;
}

/* Nothing was sealed yet with what these are made of: both count from zero. */
static int halves_init(const struct secrets *secrets, struct hw_tls_half *in,
		       struct hw_tls_half *out)
{
	const struct hw_tls_suite suite = {
		.cipher = HW_TLS_AES_256_GCM, .is_sha384 = true, .is_13 = true};
	uint32_t size = hw_tls_secret_size(suite);
	if (secrets->client_size != size || secrets->server_size != size) {
		return -EPROTO;
	}
	int r = hw_tls_half_init_13(in, suite, secrets->server, false, 0);
	if (r < 0) {
		return r;
	}
	r = hw_tls_half_init_13(out, suite, secrets->client, true, 0);
	if (r < 0) {
		hw_tls_half_deinit(in);
	}
	return r;
}

/* OpenSSL reads record by record, so what comes behind the last one of the handshake, tickets
 * first, is still in the socket. */
int hw_greeting_run(int fd, struct hw_tls_half *ret_in, struct hw_tls_half *ret_out)
{
	struct secrets secrets = {0};
	SSL *ssl = SSL_new(g_tls);
	if (ssl == NULL) {
		return -ENOMEM;
	}
	bool is_good = SSL_set_app_data(ssl, &secrets) == 1 && SSL_set_fd(ssl, fd) == 1 &&
		       SSL_connect(ssl) == 1 && SSL_has_pending(ssl) == 0;
	SSL_free(ssl); /* says nothing to the peer */
	return is_good ? halves_init(&secrets, ret_in, ret_out) : -EPROTO;
}
