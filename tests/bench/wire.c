/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_wire_init -> hw_wire_open -> (session.c)
 *	hw_wire_send -> plain_send, tls_send
 *	hw_wire_recv -> take, records_take -> (session.c) -> take
 *
 * Records leave, and come, many at a time: one call of the kernel for each record of 16 KiB would
 * make the load, not the server, the limit.
 */
#include "tests/bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/session.h"

#define RECV_SIZE 262144U

static bool g_has_tls;
static uint16_t g_port;
/* Of all wires, so that it stays hot: whoever receives takes all, but for the rest of a record. */
static uint8_t g_room[HW_SESSION_REST_MAX + RECV_SIZE];

bool hw_wire_init(uint16_t port, bool has_tls)
{
	g_port = port;
	g_has_tls = has_tls;
	return !has_tls || hw_session_init();
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
	int result = g_has_tls ? hw_session_open(wire->fd, &wire->session) : 0;
	if (result == 0 && fcntl(wire->fd, F_SETFL, O_NONBLOCK) < 0) {
		result = -errno;
	}
	return result;
}

void hw_wire_close(struct hw_wire *wire)
{
	hw_session_close(wire->session);
	(void)close(wire->fd); /* nothing of ours is lost with it */
	*wire = (struct hw_wire){.fd = -1};
}

static int64_t plain_send(struct hw_wire *wire, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

static int64_t tls_send(struct hw_wire *wire, struct iovec *parts, size_t count)
{
	int result = hw_wire_flush(wire);
	if (result < 0) {
		return result;
	}
	int64_t taken = hw_session_seal(wire->session, parts, count);
	if (taken < 0) {
		return taken;
	}
	result = hw_wire_flush(wire);
	return result < 0 && result != -EAGAIN ? result : taken;
}

int64_t hw_wire_send(struct hw_wire *wire, struct iovec *parts, size_t count)
{
	return wire->session != NULL ? tls_send(wire, parts, count)
				     : plain_send(wire, parts, count);
}

int hw_wire_flush(struct hw_wire *wire)
{
	return wire->session != NULL ? hw_session_flush(wire->session, wire->fd) : 0;
}

static int records_take(struct hw_wire *wire, uint32_t size, hw_wire_take_fn *take, void *user)
{
	const uint8_t *bytes = NULL;
	hw_session_feed(wire->session, g_room, size);
	int64_t got = hw_session_next(wire->session, &bytes);
	while (got > 0) {
		take(user, bytes, (uint64_t)got);
		got = hw_session_next(wire->session, &bytes);
	}
	return (int)got;
}

int hw_wire_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user)
{
	uint32_t rest = wire->session != NULL ? hw_session_rest(wire->session, g_room) : 0;
	ssize_t got = recv(wire->fd, g_room + rest, RECV_SIZE, 0);
	if (got < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	if (got == 0) {
		return -ECONNRESET;
	}
	if (wire->session != NULL) {
		return records_take(wire, rest + (uint32_t)got, take, user);
	}
	take(user, g_room, (uint64_t)got);
	return 0;
}

void hw_wire_congestion(const struct hw_wire *wire, char *ret_name, size_t size)
{
	socklen_t name_size = (socklen_t)(size - 1);
	ret_name[0] = '\0';
	/* Only told to whoever reads the figures. */
	(void)getsockopt(wire->fd, IPPROTO_TCP, TCP_CONGESTION, ret_name, &name_size);
}
