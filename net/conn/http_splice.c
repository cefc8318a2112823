/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of pages from a file to the client, through a pipe, without a copy:
 *
 *   splice -> (http_unsent.c: widen) -> fill -> filled -> drain -> drained -> the talk's send_done
 *               ^                 ^         |
 *               |                 +- room --+   the socket is full, or the client slow: -EAGAIN
 *               +---------------------------+   the pipe is empty, and more is wanted
 *
 * The kernel does both steps on a thread of the ring's: neither waits for the client, for the
 * socket says -EAGAIN, nor for the disk, for the talk knows that the pages are in memory.
 */
#include <errno.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"

static void fill(struct hw_http_conn *conn);
static void filled(struct hw_op *op);
static void drain(struct hw_http_conn *conn);
static void drained(struct hw_op *op);
static void room_wait(struct hw_http_conn *conn);
static void room_done(struct hw_op *op);

static struct hw_ring *ring_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor->ring;
}

void hw_http_conn_splice(struct hw_http_conn *conn, const struct hw_http_splice *splice)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(splice->size > 0 && hw_http_conn_is_plain(conn));
	conn->splice = *splice;
	conn->piped_size = 0;
	conn->send_left_size = splice->size;
	conn->is_answered = true;
	conn->action = "sending the answer";
	if (!hw_http_unsent_widen(conn, fill)) {
		fill(conn);
	}
}

/* After -EAGAIN it may go on. */
static void end(struct hw_http_conn *conn, int res)
{
	conn->splice.pipe = res == -EAGAIN ? conn->splice.pipe : NULL;
	conn->handler->send_done(conn->talk, res);
}

void hw_http_splice_more(struct hw_http_conn *conn)
{
	room_wait(conn);
}

static void fill(struct hw_http_conn *conn)
{
	const struct hw_http_splice *splice = &conn->splice;
	uint64_t offset = splice->offset + splice->size - conn->send_left_size;
	uint64_t size = hw_min(conn->send_left_size, (uint64_t)splice->pipe->capacity);
	hw_http_conn_watch(conn, UINT64_MAX);
	hw_ring_splice_in(ring_of(conn), &conn->send_op, splice->file, offset,
			  splice->pipe->target_fd, (uint32_t)size, filled);
}

static void filled(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	hw_assert(conn->state == HW_CONN_ANSWERING);
	conn->is_probing = false; /* we did not wait for the client */
	if (conn->is_cut) {
		end(conn, -ESHUTDOWN);
	} else if (op->res == -EINTR || op->res == -EAGAIN || op->res == -ECANCELED) {
		fill(conn);
	} else if (op->res <= 0) {
		end(conn, op->res < 0 ? op->res : -EBADMSG); /* the file ends before the extent */
	} else {
		conn->piped_size = (uint32_t)op->res;
		drain(conn);
	}
}

static void drain(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, HW_HOLD_PATIENCE_MS);
	hw_ring_splice_out(ring_of(conn), &conn->send_op, conn->splice.pipe->source_fd,
			   conn->socket, conn->piped_size, drained);
}

static void drained(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	int32_t res = op->res;
	uint32_t size = res > 0 ? (uint32_t)res : 0;
	hw_assert(conn->state == HW_CONN_ANSWERING);
	bool is_fast = hw_http_conn_progress(conn, size);
	if (res <= 0 && res != -EINTR && res != -EAGAIN && res != -ECANCELED) {
		end(conn, res < 0 ? res : -EPIPE);
		return;
	}
	conn->piped_size -= size;
	conn->sent_size += size;
	conn->send_left_size -= size;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_sent, size);
	if (conn->send_left_size == 0) {
		end(conn, 0);
	} else if (conn->is_cut || !is_fast) {
		end(conn, conn->is_cut ? -ESHUTDOWN : -ETIMEDOUT);
	} else if (conn->piped_size == 0) {
		fill(conn);
	} else {
		room_wait(conn);
	}
}

static void room_wait(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, HW_HOLD_PATIENCE_MS);
	hw_ring_poll_out(ring_of(conn), &conn->send_op, conn->socket, room_done);
	if (conn->is_cut) {
		hw_ring_cancel(ring_of(conn), &conn->send_op);
	}
}

static void room_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	hw_assert(conn->state == HW_CONN_ANSWERING);
	bool was_probed = conn->is_probing;
	bool is_fast = hw_http_conn_progress(conn, 0);
	bool is_nothing = op->res == -ECANCELED || op->res == -EINTR || op->res == -EAGAIN;
	if (conn->is_cut) {
		end(conn, -ESHUTDOWN);
	} else if (op->res > 0 && conn->piped_size == 0) {
		fill(conn);
	} else if (op->res > 0) {
		drain(conn);
	} else if (!is_nothing || !is_fast) {
		end(conn, is_nothing ? -ETIMEDOUT : op->res);
	} else if (was_probed && conn->handler->gives_way) {
		end(conn, -EAGAIN);
	} else {
		room_wait(conn);
	}
}
