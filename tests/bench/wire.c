/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_wire_init -> hw_wire_open -> shake_hands
 *	hw_wire_send -> plain_send
 *		     -> tls_send -> records_write, hw_wire_flush
 *	hw_wire_recv -> plain_recv, tls_recv -> take
 *
 * Records are encrypted into memory and leave, and come, many at a time: one call of the kernel
 * for each record of 16 KiB would make the load, not the server, the limit.
 */
#include "tests/bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUITE          "TLS_AES_256_GCM_SHA384"
#define TLS_BATCH_SIZE 65536U /* of ciphertext, read or written */
#define ROOM_SIZE      262144U

static SSL_CTX *g_tls;
static uint16_t g_port;
static uint8_t g_room[ROOM_SIZE]; /* of all wires: it stays hot, as whoever receives takes all */

bool hw_wire_init(uint16_t port, bool has_tls)
{
	g_port = port;
	if (!has_tls) {
		return true;
	}
	g_tls = SSL_CTX_new(TLS_client_method());
	if (g_tls == NULL || SSL_CTX_set_ciphersuites(g_tls, SUITE) != 1 ||
	    SSL_CTX_set_min_proto_version(g_tls, TLS1_3_VERSION) != 1) {
		return false;
	}
	SSL_CTX_set_mode(g_tls,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(g_tls, 1);
	SSL_CTX_set_default_read_buffer_len(g_tls, TLS_BATCH_SIZE);
	return true;
}

/* On a socket that still blocks; from then on what is sent goes to memory first. */
static int shake_hands(struct hw_wire *wire)
{
	wire->ssl = SSL_new(g_tls);
	if (wire->ssl == NULL || SSL_set_fd(wire->ssl, wire->fd) != 1 ||
	    SSL_connect(wire->ssl) != 1) {
		return -EPROTO;
	}
	BIO *memory = BIO_new(BIO_s_mem());
	if (memory == NULL) {
		return -ENOMEM;
	}
	SSL_set0_wbio(wire->ssl, memory);
	return 0;
}

int hw_wire_open(struct hw_wire *wire)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(g_port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;
	*wire = (struct hw_wire){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (wire->fd < 0 ||
	    connect(wire->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0) {
		return -errno;
	}
	int result = g_tls != NULL ? shake_hands(wire) : 0;
	if (result == 0 && fcntl(wire->fd, F_SETFL, O_NONBLOCK) < 0) {
		result = -errno;
	}
	return result;
}

void hw_wire_close(struct hw_wire *wire)
{
	SSL_free(wire->ssl);
	(void)close(wire->fd); /* nothing of ours is lost with it */
	*wire = (struct hw_wire){.fd = -1};
}

static int64_t plain_send(struct hw_wire *wire, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

/* Into memory: there is always room. */
static bool records_write(struct hw_wire *wire, const struct iovec *part)
{
	const uint8_t *bytes = part->iov_base;
	size_t written = 0;
	for (size_t at = 0; at < part->iov_len; at += written) {
		if (SSL_write_ex(wire->ssl, bytes + at, part->iov_len - at, &written) != 1) {
			return false;
		}
	}
	return true;
}

static int64_t tls_send(struct hw_wire *wire, const struct iovec *parts, size_t count)
{
	int64_t taken = 0;
	int result = hw_wire_flush(wire);
	if (result < 0) {
		return result;
	}
	for (size_t i = 0; i < count && taken < TLS_BATCH_SIZE; i++) {
		if (!records_write(wire, &parts[i])) {
			return -EPROTO;
		}
		taken += (int64_t)parts[i].iov_len;
	}
	result = hw_wire_flush(wire);
	return result < 0 && result != -EAGAIN ? result : taken;
}

int64_t hw_wire_send(struct hw_wire *wire, struct iovec *parts, size_t count)
{
	return wire->ssl != NULL ? tls_send(wire, parts, count) : plain_send(wire, parts, count);
}

int hw_wire_flush(struct hw_wire *wire)
{
	char *bytes = NULL;
	if (wire->ssl == NULL) {
		return 0;
	}
	BIO *memory = SSL_get_wbio(wire->ssl);
	uint64_t size = (uint64_t)BIO_get_mem_data(memory, &bytes);
	while (wire->flushed_size < size) {
		ssize_t sent = send(wire->fd, bytes + wire->flushed_size, size - wire->flushed_size,
				    MSG_NOSIGNAL);
		if (sent < 0) {
			return -errno;
		}
		wire->flushed_size += (uint64_t)sent;
	}
	wire->flushed_size = 0;
	(void)BIO_reset(memory); /* of memory, which cannot fail */
	return 0;
}

static int plain_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user)
{
	ssize_t got = recv(wire->fd, g_room, ROOM_SIZE, 0);
	if (got < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	if (got == 0) {
		return -ECONNRESET;
	}
	take(user, g_room, (uint64_t)got);
	return 0;
}

/* Until nothing is there: the socket would not announce what the session has already read. */
static int tls_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user)
{
	size_t got = 0;
	while (SSL_read_ex(wire->ssl, g_room, ROOM_SIZE, &got) == 1) {
		take(user, g_room, got);
	}
	return SSL_get_error(wire->ssl, 0) == SSL_ERROR_WANT_READ ? 0 : -ECONNRESET;
}

int hw_wire_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user)
{
	return wire->ssl != NULL ? tls_recv(wire, take, user) : plain_recv(wire, take, user);
}

void hw_wire_congestion(const struct hw_wire *wire, char *ret_name, size_t size)
{
	socklen_t name_size = (socklen_t)(size - 1);
	ret_name[0] = '\0';
	/* Only told to whoever reads the figures. */
	(void)getsockopt(wire->fd, IPPROTO_TCP, TCP_CONGESTION, ret_name, &name_size);
}
