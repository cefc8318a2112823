/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/tls_far.h"

#include <stdlib.h>
#include <string.h>

void far_open_as(struct far *far, struct conn_world *world,
		 const struct tls_client_options *options)
{
	*far = (struct far){.world = world, .got = malloc(FAR_GOT_MAX)};
	assert_non_null(far->got);
	tls_client_open(&far->client, options);
	far->peer = conn_connect(world);
}

void far_open(struct far *far, struct conn_world *world, int version)
{
	struct tls_client_options options = {.version = version};
	far_open_as(far, world, &options);
}

void far_close(struct far *far)
{
	tls_client_close(&far->client);
	free(far->got);
	*far = (struct far){0};
}

/* What came, into OpenSSL and out of it. */
void far_read(struct far *far)
{
	uint8_t bytes[4096];
	uint32_t size = 0;
	while ((size = hw_sim_peer_read(far->peer, bytes, sizeof(bytes))) > 0) {
		tls_client_give(&far->client, bytes, size);
	}
	int r = 1;
	while (r > 0 && far->got_size < FAR_GOT_MAX) {
		r = SSL_read(far->client.ssl, far->got + far->got_size,
			     (int)(FAR_GOT_MAX - far->got_size));
		far->got_size += r > 0 ? (uint32_t)r : 0;
	}
	int error = r > 0 ? SSL_ERROR_NONE : SSL_get_error(far->client.ssl, r);
	far->is_closed = far->is_closed || error == SSL_ERROR_ZERO_RETURN;
	far->is_broken = far->is_broken || error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
}

void far_write(struct far *far)
{
	uint32_t size = 0;
	uint8_t *bytes = tls_client_take(&far->client, &size);
	if (!far->is_gone) {
		hw_sim_peer_write(far->peer, bytes, size);
	}
	free(bytes);
}

void far_pass(struct far *far, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i += FAR_ROUND_MS) {
		far_read(far);
		far_write(far);
		conn_pass(far->world, FAR_ROUND_MS);
	}
	far_read(far);
}

bool far_agree(struct far *far)
{
	for (uint32_t i = 0; i < 2000 && SSL_is_init_finished(far->client.ssl) == 0; i++) {
		far_pass(far, FAR_ROUND_MS);
	}
	return SSL_is_init_finished(far->client.ssl) == 1;
}

void far_say(struct far *far, const void *bytes, uint32_t size)
{
	if (size > 0) {
		assert_int_equal(SSL_write(far->client.ssl, bytes, (int)size), (int)size);
	}
}

uint32_t far_answer_count(const struct far *far)
{
	uint32_t count = 0;
	struct hw_span got = {far->got, far->got_size};
	while (got.size > 0) {
		const char *at = memmem(got.bytes, got.size, "HTTP/1.1 200", 12);
		if (at == NULL) {
			break;
		}
		count++;
		got = hw_span_skip(got, (uint32_t)(at - got.bytes) + 12);
	}
	return count;
}
