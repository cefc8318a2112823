/* SPDX-License-Identifier: Apache-2.0
 *
 * A client that leaves while there is nothing to send to it:
 *
 *   send_pause -> (a second) -> over -> poll -> hung_up -+-> the talk's left
 *                                ^                       +-> (bytes are sent again) has_left
 *                                +---- (has_left) -------+
 *   end -> pause_end -> hung_up -> the end goes on
 *
 * Nothing else would see it: a receive would take what belongs to the next request, and a send has
 * nothing. Where there is always something to send no pause lasts a second, and nothing is polled;
 * once it is, it stays so until the answer ends, and the receive operation is idle meanwhile.
 */
#include <errno.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"

#define PAUSE_MS 1000U /* shorter ones are not worth an operation */

static void hung_up(struct hw_op *op);

void hw_http_conn_send_pause(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING && !conn->send_op.in_flight);
	hw_assert(conn->handler->left != NULL);
	if (conn->is_pausing) {
		return;
	}
	conn->is_pausing = true;
	conn->action = "waiting for something to send";
	if (conn->is_cut || !conn->is_polled) {
		hw_http_conn_timer_start(conn, conn->is_cut ? 1 : PAUSE_MS);
	}
}

static void tell(struct hw_http_conn *conn)
{
	conn->is_pausing = false;
	conn->handler->left(conn->talk, conn->is_cut ? -ESHUTDOWN : -ECONNRESET);
}

void hw_http_pause_over(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING && conn->is_pausing);
	if (conn->is_cut || conn->has_left) {
		tell(conn);
	} else if (!conn->is_polled) {
		conn->is_polled = true;
		hw_ring_poll_hangup(conn->server->reactor->ring, &conn->recv_op, conn->socket,
				    hung_up);
	}
}

bool hw_http_pause_end(struct hw_http_conn *conn)
{
	conn->is_pausing = false;
	if (!conn->is_polled) {
		return false;
	}
	hw_timer_stop(&conn->server->reactor->timers, &conn->timer);
	hw_ring_cancel(conn->server->reactor->ring, &conn->recv_op);
	return true;
}

/* Of one that ends its side while bytes are sent to it, the next pause sees to it: it may have said
 * all, and read on. */
static void hung_up(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	conn->is_polled = false;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	if (conn->state == HW_CONN_FLUSHING) {
		hw_http_conn_ended(conn);
		return;
	}
	hw_assert(conn->state == HW_CONN_ANSWERING);
	conn->has_left = conn->has_left || op->res > 0;
	if (!conn->is_pausing) {
		return;
	}
	if (conn->is_cut || conn->has_left) {
		tell(conn);
	} else { /* it was cancelled, or failed: once more */
		hw_http_conn_timer_start(conn, PAUSE_MS);
	}
}
