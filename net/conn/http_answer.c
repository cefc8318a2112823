/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an answer:
 *
 *   reply_begin ... reply_send | send -> send_submit -> send_done -> the talk's send_done
 *                                           ^   |  (a slow client, a talk that gives way)
 *                              send_more ---+   +-> -EAGAIN -> send_wait -> room_done -> 0
 */
#include <errno.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

static void interim_sent(struct hw_http_conn *conn, int res, uint64_t moved);
static const char g_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

static void send_submit(struct hw_http_conn *conn);
static void room_wait(struct hw_http_conn *conn);
static void unsent_judge(struct hw_http_conn *conn);
static void flush_go(struct hw_http_conn *conn);
static void send_done(struct hw_op *op);
static void sent(struct hw_http_conn *conn, int res, uint64_t moved);

static struct hw_reactor *reactor_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor;
}

/* -- answers -- */

void hw_http_conn_close_after(struct hw_http_conn *conn)
{
	conn->keep_alive = false;
}

void hw_http_conn_reply_begin(struct hw_http_conn *conn, struct hw_http_writer *writer,
			      uint32_t status)
{
	hw_assert(!conn->is_answered);
	if (conn->server->is_draining || !conn->body.is_over || hw_http_tls_kernel_is_worn(conn)) {
		conn->keep_alive = false; /* an unread body is not read just to be thrown away */
	}
	conn->interim_size = 0; /* nobody asked for the body */
	conn->status = status;
	hw_http_writer_init(writer, conn->reply, HW_REPLY_SIZE);
	hw_http_writer_status(writer, status);
	hw_http_writer_field_date(writer, HW_SPAN("Date"), reactor_of(conn)->wall_ms / 1000);
	hw_http_writer_field(writer, HW_SPAN("Server"), HW_SPAN("hawser"));
	if (!conn->keep_alive) {
		hw_http_writer_field(writer, HW_SPAN("Connection"), HW_SPAN("close"));
	} else if (conn->version_minor == 0) {
		hw_http_writer_field(writer, HW_SPAN("Connection"), HW_SPAN("keep-alive"));
	}
	if (conn->tls != NULL && conn->server->tls.hsts_s > 0) {
		hw_http_writer_text(writer, "Strict-Transport-Security: max-age=");
		hw_http_writer_number(writer, conn->server->tls.hsts_s);
		hw_http_writer_text(writer, "\r\n");
	}
	for (uint32_t i = 0; i < HW_REPLY_EXTRA_MAX; i++) {
		hw_http_writer_bytes(writer, conn->reply_extra[i]);
	}
}

void hw_http_conn_send(struct hw_http_conn *conn, const struct iovec *iov, uint32_t count)
{
	hw_assert(conn->state == HW_CONN_ANSWERING || conn->state == HW_CONN_REFUSING);
	hw_assert(count > 0 && count <= HW_SEND_IOV_MAX);
	conn->is_pausing = false;
	conn->send_left_size = 0;
	for (uint32_t i = 0; i < count; i++) {
		conn->iov[i] = iov[i];
		conn->send_left_size += iov[i].iov_len;
	}
	conn->message = (struct msghdr){.msg_iov = conn->iov, .msg_iovlen = count};
	conn->message_us = reactor_of(conn)->now_us;
	conn->action = "sending the answer";
	/* A short answer goes into what the last one has left empty. TLS sees to it by itself. */
	if (conn->send_left_size <= HW_REPLY_SIZE || hw_http_tls_seals(conn) ||
	    !hw_http_unsent_narrow(conn, send_submit)) {
		send_submit(conn);
	}
}

void hw_http_conn_reply_send(struct hw_http_conn *conn, const struct hw_http_writer *writer,
			     const void *body, uint64_t body_size)
{
	hw_assert(!writer->is_overflowed);
	struct iovec iov[2] = {
		{.iov_base = writer->bytes, .iov_len = writer->size},
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): struct iovec knows no const */
		{.iov_base = (void *)(uintptr_t)body, .iov_len = body_size},
	};
	bool has_body = body_size > 0 && conn->method != HW_HTTP_HEAD;
	hw_http_conn_send(conn, iov, has_body ? 2 : 1);
}

uint64_t hw_http_hold_left_ms(const struct hw_http_conn *conn)
{
	uint64_t held_ms = (reactor_of(conn)->now_us - conn->message_us) / 1000;
	return held_ms < HW_HOLD_PATIENCE_MS ? HW_HOLD_PATIENCE_MS - held_ms : 1;
}

/* For all parts of one message together, where the kernel seals and takes it in parts. */
static uint64_t patience_ms(const struct hw_http_conn *conn)
{
	bool is_in_parts = conn->tls != NULL && conn->tls->is_offloaded;
	return is_in_parts ? hw_http_hold_left_ms(conn) : HW_HOLD_PATIENCE_MS;
}

static void send_submit(struct hw_http_conn *conn)
{
	hw_assert(conn->send_left_size > 0 || hw_http_tls_unsent(conn) > 0);
	conn->is_answered = true;
	hw_http_conn_watch(conn, patience_ms(conn));
	if (hw_http_tls_seals(conn)) {
		hw_http_tls_send(conn, sent);
		return;
	}
	hw_http_message_submit(conn, send_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}

void hw_http_message_submit(struct hw_http_conn *conn, hw_op_fn *done)
{
	struct hw_ring *ring = reactor_of(conn)->ring;
	hw_assert(!hw_http_tls_seals(conn));
	if (conn->tls != NULL) {
		hw_ring_sendmsg_some(ring, &conn->send_op, conn->socket, &conn->message, done);
	} else {
		hw_ring_sendmsg(ring, &conn->send_op, conn->socket, &conn->message, done);
	}
}

void hw_http_iov_advance(struct msghdr *message, uint64_t size)
{
	while (size > 0) {
		struct iovec *piece = message->msg_iov;
		uint64_t step = hw_min(size, (uint64_t)piece->iov_len);
		piece->iov_base = (char *)piece->iov_base + step;
		piece->iov_len -= step;
		size -= step;
		if (piece->iov_len == 0 && message->msg_iovlen > 1) {
			message->msg_iov++;
			message->msg_iovlen--;
		}
	}
}

static void answer_sent(struct hw_http_conn *conn, int res)
{
	if (conn->state == HW_CONN_REFUSING) {
		if (res < 0) {
			hw_http_conn_close_begin(conn);
		} else {
			hw_http_conn_request_done(conn);
		}
		return;
	}
	conn->handler->send_done(conn->talk, res);
}

static void send_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	int32_t res = hw_http_tls_kernel_note(conn, op->res);
	sent(conn, res, res > 0 ? (uint64_t)res : 0);
}

/* @moved: bytes on the wire. With TLS what is sealed counts as sent, but the answer is not before
 * all of it is; unless the talk would rather have its buffers back from a slow client. */
static void sent(struct hw_http_conn *conn, int res, uint64_t moved)
{
	bool was_probed = conn->is_probing;
	bool gives_way = was_probed && conn->handler != NULL && conn->handler->gives_way;
	uint64_t size = res > 0 ? (uint64_t)res : 0;
	bool is_fast = hw_http_conn_progress(conn, moved);
	if (res < 0 && res != -EINTR && res != -EAGAIN && res != -ECANCELED) {
		answer_sent(conn, res);
		return;
	}
	conn->sent_size += size;
	conn->send_left_size -= size;
	hw_metrics_add(reactor_of(conn)->metrics, HW_METRIC_bytes_sent, size);
	bool is_taken = conn->send_left_size == 0;
	if (is_taken && hw_http_tls_unsent(conn) == 0) {
		answer_sent(conn, 0);
	} else if (conn->is_cut || !is_fast) {
		answer_sent(conn, conn->is_cut ? -ESHUTDOWN : -ETIMEDOUT);
	} else {
		hw_http_iov_advance(&conn->message, size);
		if (gives_way) {
			answer_sent(conn, is_taken ? 0 : -EAGAIN);
			return;
		}
		send_submit(conn);
	}
}

void hw_http_conn_send_more(struct hw_http_conn *conn)
{
	conn->message_us = reactor_of(conn)->now_us;
	send_submit(conn);
}

/* There was no room for more in stall_timeout; but it may have taken of what lies in the kernel. */
static bool has_taken(const struct hw_http_conn *conn)
{
	uint64_t least_size =
		(uint64_t)conn->server->limits.stall_timeout_ms * HW_PROGRESS_RATE_MIN / 1000;
	return conn->unsent_gone_size >= least_size;
}

static void unsent_judge(struct hw_http_conn *conn)
{
	if (conn->is_cut) {
		answer_sent(conn, -ESHUTDOWN);
	} else if (has_taken(conn)) {
		room_wait(conn);
	} else {
		answer_sent(conn, -ETIMEDOUT);
	}
}

static void room_flushed(struct hw_http_conn *conn, int res, uint64_t moved)
{
	bool is_fast = hw_http_conn_progress(conn, moved);
	hw_assert(conn->state == HW_CONN_ANSWERING);
	if (conn->is_cut) {
		answer_sent(conn, -ESHUTDOWN);
	} else if (res < 0) {
		answer_sent(conn, res);
	} else if (hw_http_tls_unsent(conn) == 0) {
		answer_sent(conn, 0);
	} else if (is_fast) {
		hw_http_conn_send_wait(conn);
	} else if (!hw_http_unsent_ask(conn, unsent_judge)) {
		answer_sent(conn, -ETIMEDOUT);
	}
}

/* The same when no talk is left to be told. */
static void flush_judge(struct hw_http_conn *conn)
{
	if (has_taken(conn)) {
		flush_go(conn);
	} else {
		hw_http_conn_close_begin(conn); /* and the client sees that it was cut */
	}
}

static void flushed(struct hw_http_conn *conn, int res, uint64_t moved)
{
	bool is_fast = hw_http_conn_progress(conn, moved);
	if (res >= 0 && hw_http_tls_unsent(conn) == 0) {
		hw_http_conn_request_done(conn);
	} else if (res >= 0 && !conn->is_cut && is_fast) {
		flush_go(conn);
	} else if (res < 0 || conn->is_cut || !hw_http_unsent_ask(conn, flush_judge)) {
		hw_http_conn_close_begin(conn);
	}
}

static void flush_go(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, UINT64_MAX);
	hw_http_tls_flush(conn, flushed);
}

void hw_http_answer_flush(struct hw_http_conn *conn)
{
	conn->action = "sending the rest of the answer";
	if (!hw_http_unsent_narrow(conn, flush_go)) {
		flush_go(conn);
	}
}

static void room_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	/* A talk that waits for its client is never closed under: see hw_http_conn_abort. */
	hw_assert(conn->state == HW_CONN_ANSWERING);
	bool is_fast = hw_http_conn_progress(conn, 0);
	bool is_nothing = op->res == -ECANCELED || op->res == -EINTR || op->res == -EAGAIN;
	if (conn->is_cut) {
		answer_sent(conn, -ESHUTDOWN);
	} else if (op->res > 0) {
		answer_sent(conn, 0);
	} else if (is_nothing && is_fast) {
		hw_http_conn_send_wait(conn);
	} else if (!is_nothing || !hw_http_unsent_ask(conn, unsent_judge)) {
		answer_sent(conn, is_nothing ? -ETIMEDOUT : op->res);
	}
}

void hw_http_conn_send_wait(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	conn->action = "waiting for the client to take more";
	if (!hw_http_unsent_narrow(conn, room_wait)) {
		room_wait(conn);
	}
}

static void room_wait(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, UINT64_MAX);
	if (hw_http_tls_unsent(conn) > 0) { /* who takes that takes more */
		hw_http_tls_flush(conn, room_flushed);
		return;
	}
	hw_ring_poll_out(reactor_of(conn)->ring, &conn->send_op, conn->socket, room_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}

/* -- before the body -- */

void hw_http_conn_interim_begin(struct hw_http_conn *conn, struct hw_http_writer *writer,
				uint32_t status)
{
	hw_assert(!conn->is_answered && !conn->body.is_wanted && conn->interim_size == 0);
	hw_assert(status > 101 && status < 200);
	hw_http_writer_init(writer, conn->reply, HW_REPLY_SIZE - sizeof(g_continue));
	hw_http_writer_status(writer, status);
}

void hw_http_conn_interim_end(struct hw_http_conn *conn, struct hw_http_writer *writer)
{
	hw_http_writer_head_end(writer);
	hw_assert(!writer->is_overflowed);
	conn->interim_size = conn->version_minor > 0 ? writer->size : 0;
}

void hw_http_conn_continue_add(struct hw_http_conn *conn)
{
	hw_assert(conn->interim_size + sizeof(g_continue) <= HW_REPLY_SIZE);
	memcpy(conn->reply + conn->interim_size, g_continue, sizeof(g_continue) - 1);
	conn->interim_size += sizeof(g_continue) - 1;
}

static void interim_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	interim_sent(conn, hw_http_tls_kernel_note(conn, op->res), 0);
}

static void interim_sent(struct hw_http_conn *conn, int res, uint64_t moved)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	(void)moved; /* the receive that follows is judged */
	conn->interim_sent_size += res > 0 ? (uint32_t)res : 0;
	bool is_whole =
		conn->interim_sent_size == conn->interim_size && hw_http_tls_unsent(conn) == 0;
	bool is_nothing = res == -EINTR || res == -EAGAIN;
	bool may_go_on = !conn->is_probing && !conn->is_cut && !conn->body.is_stopped;
	if (!is_whole && (res >= 0 || is_nothing) && may_go_on) {
		hw_http_conn_interim_submit(conn);
		return;
	}
	if (!is_whole && conn->interim_sent_size > 0) {
		/* Whatever we sent now would be read as the rest of it. */
		conn->is_answered = true;
		res = -ECONNRESET;
	}
	conn->interim_size = 0;
	conn->interim_sent_size = 0;
	hw_http_body_continued(conn, res);
}

void hw_http_conn_interim_submit(struct hw_http_conn *conn)
{
	conn->action = "asking for the body";
	conn->send_left_size = conn->interim_size - conn->interim_sent_size;
	conn->iov[0] = (struct iovec){conn->reply + conn->interim_sent_size, conn->send_left_size};
	conn->message = (struct msghdr){.msg_iov = conn->iov, .msg_iovlen = 1};
	if (hw_http_tls_seals(conn)) {
		hw_http_tls_send(conn, interim_sent);
		return;
	}
	hw_assert(conn->send_left_size > 0);
	hw_http_message_submit(conn, interim_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}
