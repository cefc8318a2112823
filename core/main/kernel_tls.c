/* SPDX-License-Identifier: Apache-2.0
 *
 * It is tried, because nothing else says it: the protocol and the cipher are modules of their own.
 */
#include "core/main/kernel_tls.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/wire/tls_aead.h"

/* Only a connected socket takes a key. */
struct pair {
	int listener;
	int client;
	int server;
};

static int pair_open(struct pair *pair)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	struct sockaddr *any = (struct sockaddr *)&address;
	*pair = (struct pair){-1, -1, -1};
	pair->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair->listener < 0 || pair->client < 0 || bind(pair->listener, any, size) < 0 ||
	    listen(pair->listener, 1) < 0 || getsockname(pair->listener, any, &size) < 0 ||
	    connect(pair->client, any, size) < 0) {
		return -errno;
	}
	pair->server = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
	return pair->server < 0 ? -errno : 0;
}

static void pair_close(const struct pair *pair)
{
	const int fds[] = {pair->listener, pair->client, pair->server};
	for (uint32_t i = 0; i < hw_count_of(fds); i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]); /* nothing was written through it */
		}
	}
}

static int key_try(const void *info, socklen_t size)
{
	struct pair pair;
	int r = pair_open(&pair);
	if (r >= 0) {
		r = setsockopt(pair.server, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls"));
		r = r < 0 ? -errno : 0;
	}
	if (r >= 0) {
		r = setsockopt(pair.server, SOL_TLS, TLS_TX, info, size);
		r = r < 0 ? -errno : 0;
	}
	pair_close(&pair);
	return r;
}

int hw_kernel_tls_probe(void)
{
	const struct tls12_crypto_info_aes_gcm_128 aes_128 = {
		.info = {.version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128}};
	const struct tls12_crypto_info_aes_gcm_256 aes_256 = {
		.info = {.version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_256}};
	const struct tls12_crypto_info_chacha20_poly1305 chacha20 = {
		.info = {.version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_CHACHA20_POLY1305}};
	int r = key_try(&aes_128, sizeof(aes_128));
	if (r >= 0) {
		r = key_try(&aes_256, sizeof(aes_256));
	}
	if (r < 0) {
		return r;
	}
	/* Not every kernel has it, and few clients ask for it. */
	bool has_chacha20 = key_try(&chacha20, sizeof(chacha20)) >= 0;
	return 1 << HW_TLS_AES_128_GCM | 1 << HW_TLS_AES_256_GCM |
	       (has_chacha20 ? 1 << HW_TLS_CHACHA20_POLY1305 : 0);
}
