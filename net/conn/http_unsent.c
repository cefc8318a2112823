/* SPDX-License-Identifier: Apache-2.0
 *
 * How much the kernel takes of an answer that is not on its way yet (TCP_NOTSENT_LOWAT):
 *
 *   widen | narrow | ask -> begin -> (a descriptor for a moment) -> done -> next
 *
 * A listener's sockets begin narrow (core/main/listen.c). Pages of a file go out in half the steps,
 * for two thirds of the CPU, when the kernel takes more at once; but then a slow client seems to
 * take nothing for minutes, and would be cut. So it is wide only while a client is fast; and of one
 * that became slow we ask how much of what lies there has gone, before it is cut.
 */
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/descriptor.h"
#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"

static void done(struct hw_op *op);

static void width_set(int fd, int size)
{
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &size, sizeof(size)); /* a wish */
}

static void begin(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	conn->unsent_done = next;
	hw_http_conn_watch(conn, UINT64_MAX);
	hw_ring_fd_install(conn->server->reactor->ring, &conn->send_op, conn->socket, done);
}

bool hw_http_unsent_widen(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	if (conn->is_wide) {
		return false;
	}
	conn->is_wide = true;
	begin(conn, next);
	return true;
}

bool hw_http_unsent_hold(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	if (conn->socket_fd >= 0 && conn->is_wide) {
		return false;
	}
	conn->is_wide = true;
	conn->is_holding = true;
	begin(conn, next);
	return true;
}

void hw_http_unsent_let_go(struct hw_http_conn *conn)
{
	if (conn->socket_fd < 0) {
		return;
	}
	if (conn->is_wide && conn->keep_alive) { /* what comes last need not wait for room */
		width_set(conn->socket_fd, HW_UNSENT_NARROW);
	}
	(void)close(conn->socket_fd); /* the slot keeps the socket */
	conn->socket_fd = -1;
	conn->is_wide = false;
}

bool hw_http_unsent_narrow(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	if (!conn->is_wide) {
		return false;
	}
	conn->is_wide = false;
	begin(conn, next);
	return true;
}

bool hw_http_unsent_ask(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	if (conn->unsent_size == 0) {
		return false;
	}
	begin(conn, next);
	return true;
}

/* What lies there now, if there is anything to be said of it. */
static void measure(struct hw_http_conn *conn, int fd)
{
	int size = 0;
	uint32_t before = conn->unsent_size;
	bool is_known = !conn->is_wide && ioctl(fd, SIOCOUTQNSD, &size) == 0 && size > 0;
	conn->unsent_size = is_known ? (uint32_t)size : 0;
	conn->unsent_gone_size = before > conn->unsent_size ? before - conn->unsent_size : 0;
}

/* The slot keeps the socket, whatever becomes of the descriptor. */
static void fd_keep(struct hw_http_conn *conn, int fd)
{
	if (!conn->is_holding || conn->socket_fd >= 0 || conn->state == HW_CONN_CLOSING ||
	    hw_descriptor_is_scarce(fd)) {
		(void)close(fd); /* as said */
		return;
	}
	conn->socket_fd = fd;
}

/* Where there is no descriptor to be had all goes on as it was, only slower; and what cannot be
 * asked has not gone. */
static void done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (op->res >= 0) {
		width_set(op->res, conn->is_wide ? HW_UNSENT_WIDE : HW_UNSENT_NARROW);
		measure(conn, op->res);
		fd_keep(conn, op->res);
	} else {
		conn->unsent_gone_size = 0;
	}
	conn->is_holding = false;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	conn->is_probing = false;
	conn->unsent_done(conn);
}
