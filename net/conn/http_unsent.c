/* SPDX-License-Identifier: Apache-2.0
 *
 * How much the kernel takes of an answer that is not on its way yet (TCP_NOTSENT_LOWAT):
 *
 *   widen | narrow -> set_begin -> (a descriptor for a moment) -> set_done -> next
 *
 * A listener's sockets begin narrow (core/main/listen.c). Pages of a file go out in half the steps,
 * for two thirds of the CPU, when the kernel takes more at once; but then a slow client seems to
 * take nothing for minutes, and would be cut. So it is wide only while a client is fast.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"

static void set_done(struct hw_op *op);

static bool set_begin(struct hw_http_conn *conn, bool is_wide,
		      void (*next)(struct hw_http_conn *conn))
{
	struct hw_http_server *server = conn->server;
	if (conn->is_wide == is_wide || !server->limits.has_fd_install) {
		return false;
	}
	conn->is_wide = is_wide;
	conn->unsent_set = next;
	hw_http_conn_watch(conn, UINT64_MAX);
	hw_ring_fd_install(server->reactor->ring, &conn->send_op, conn->socket, set_done);
	return true;
}

bool hw_http_unsent_widen(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	return set_begin(conn, true, next);
}

bool hw_http_unsent_narrow(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn))
{
	return set_begin(conn, false, next);
}

/* Where there is no descriptor to be had all goes on as it was, only slower. */
static void set_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (op->res >= 0) {
		int size = conn->is_wide ? HW_UNSENT_WIDE : HW_UNSENT_NARROW;
		(void)setsockopt(op->res, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &size, sizeof(size));
		(void)close(op->res); /* the slot keeps the socket */
	}
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	conn->is_probing = false;
	conn->unsent_set(conn);
}
