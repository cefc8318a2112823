/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of pages from a file to the client, without a copy:
 *
 *   splice -> (http_unsent.c: hold) -> held -> (in line) -> run -+-> the talk's send_done
 *                                                  ^ (kernel TLS) |
 *                                         room ----+--------------+  the socket is full
 *
 * A run does not wait: the socket says -EAGAIN, and pages that have left memory are -ENODATA. It
 * moves RUN_SIZE_MAX at most, in a tenth of a millisecond; one is run each turn, so that small
 * requests do not wait for a crowd of large ones. What is not sent after HW_HOLD_PATIENCE_MS goes
 * back to the talk, which looks again whether it is in memory.
 */
#include <errno.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

#define RUN_SIZE_MAX    1048576U /* bytes of one run */
#define RUN_SIZE_MIN    65536U
#define SEALED_RUN_SIZE 262144U /* bytes that the kernel seals in one run: as many as we do */

static void held(struct hw_http_conn *conn);
static void turn_come(struct hw_http_conn *conn);
static void run(struct hw_http_conn *conn);
static void room_wait(struct hw_http_conn *conn);
static void room_done(struct hw_op *op);

bool hw_http_conn_can_splice(const struct hw_http_conn *conn, uint64_t size)
{
	return !conn->has_no_fd && (conn->tls == NULL || hw_http_tls_kernel_may(conn, size));
}

void hw_http_conn_splice(struct hw_http_conn *conn, const struct hw_http_splice *splice)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(splice->size > 0);
	conn->splice = *splice;
	conn->is_pausing = false;
	conn->run_size = conn->run_size > 0 ? conn->run_size : RUN_SIZE_MAX;
	conn->send_left_size = splice->size;
	conn->message_us = conn->server->reactor->now_us;
	conn->is_answered = true;
	conn->action = "sending the answer";
	if (!hw_http_unsent_hold(conn, held)) {
		held(conn);
	}
}

static void end(struct hw_http_conn *conn, int res)
{
	conn->handler->send_done(conn->talk, res);
}

/* At the end of the line; and send_done never comes inside the talk's call. */
static void held(struct hw_http_conn *conn)
{
	hw_list_append(&conn->server->splicers, &conn->splice_link);
}

bool hw_http_splices_run(struct hw_turn_hook *hook)
{
	struct hw_http_server *server = hw_container_of(hook, struct hw_http_server, splice_hook);
	if (!hw_list_is_empty(&server->splicers)) {
		struct hw_list *link = hw_list_take_first(&server->splicers);
		turn_come(hw_container_of(link, struct hw_http_conn, splice_link));
	}
	return !hw_list_is_empty(&server->splicers);
}

static void turn_come(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	if (conn->is_cut) {
		end(conn, -ESHUTDOWN);
	} else if (conn->socket_fd < 0) { /* no descriptor to be had: not this way then */
		conn->has_no_fd = true;
		end(conn, -EAGAIN);
	} else if (hw_http_tls_unsent(conn) > 0) {
		room_wait(conn); /* what is sealed goes first */
	} else if (hw_http_tls_seals(conn) && hw_http_tls_kernel_begin(conn) < 0) {
		end(conn, -EAGAIN); /* likewise: hw_http_conn_can_splice() says so from now on */
	} else {
		run(conn);
	}
}

/* What it did not take is fetched again: so it is offered twice what it took the last time. */
static void run_size_set(struct hw_http_conn *conn, uint32_t taken_size)
{
	conn->run_size = 2 * hw_min(hw_max(taken_size, RUN_SIZE_MIN / 2), RUN_SIZE_MAX / 2);
}

/* Returns bytes, or -errno. */
static int pages_send(struct hw_http_conn *conn, bool *ret_is_full)
{
	const struct hw_http_splice *splice = &conn->splice;
	uint32_t size_max = conn->tls != NULL ? SEALED_RUN_SIZE : conn->run_size;
	struct hw_ring_pages pages = {
		.offset = splice->offset + splice->size - conn->send_left_size,
		.file = splice->file,
		.file_fd = splice->file_fd,
		.socket = conn->socket,
		.socket_fd = conn->socket_fd,
		.size = (uint32_t)hw_min(conn->send_left_size, (uint64_t)size_max),
	};
	int r = hw_ring_pages_send(conn->server->reactor->ring, &pages);
	*ret_is_full = pages.is_full;
	r = hw_http_tls_kernel_note(conn, r);
	run_size_set(conn, r > 0 ? (uint32_t)r : 0);
	if (r < 0) {
		return r;
	}
	conn->sent_size += (uint32_t)r;
	conn->send_left_size -= (uint32_t)r;
	conn->moved_size += (uint32_t)r;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_sent, (uint32_t)r);
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_spliced, (uint32_t)r);
	return r;
}

static void run(struct hw_http_conn *conn)
{
	bool is_full = false;
	int r = pages_send(conn, &is_full);
	if (r < 0 && r != -EINTR && r != -EAGAIN) {
		end(conn, r);
	} else if (conn->send_left_size == 0) {
		end(conn, 0);
	} else if (is_full && r != -EINTR) {
		room_wait(conn);
	} else {
		held(conn); /* the others first */
	}
}

/* It takes what we have sealed, or shows that it is slow. */
static void flushed(struct hw_http_conn *conn, int res, uint64_t moved)
{
	bool was_probed = conn->is_probing;
	bool is_fast = hw_http_conn_progress(conn, moved);
	if (conn->is_cut) {
		end(conn, -ESHUTDOWN);
	} else if (res < 0) {
		end(conn, res);
	} else if (hw_http_tls_unsent(conn) == 0) {
		held(conn);
	} else if (!is_fast) {
		end(conn, -ETIMEDOUT);
	} else if (was_probed && conn->handler->gives_way) {
		end(conn, -EAGAIN);
	} else {
		room_wait(conn);
	}
}

static void room_wait(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, hw_http_hold_left_ms(conn));
	if (hw_http_tls_unsent(conn) > 0) {
		hw_http_tls_flush(conn, flushed);
		return;
	}
	hw_ring_poll_out(conn->server->reactor->ring, &conn->send_op, conn->socket, room_done);
	if (conn->is_cut) {
		hw_ring_cancel(conn->server->reactor->ring, &conn->send_op);
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
	} else if (op->res > 0) {
		held(conn);
	} else if (!is_nothing || !is_fast) {
		end(conn, is_nothing ? -ETIMEDOUT : op->res);
	} else if (was_probed && conn->handler->gives_way) {
		end(conn, -EAGAIN);
	} else {
		room_wait(conn);
	}
}
