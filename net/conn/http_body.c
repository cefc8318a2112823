/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a body's bytes, by what the connection has:
 *
 *   body_recv -> step -+-> bytes behind the head: copied (at most one head buffer's worth)
 *                      +-> else: received straight into the talk's bytes, until they are full
 *                      +-> chunked: framing is received into a head buffer, data as above
 *                      +-> TLS: received sealed into a room, opened into the talk's bytes
 *   -> answer -> the talk's body_done
 *
 * step() is called again after each receive until the talk has what it asked for.
 *
 * Who has no room watches instead: body_watch -> watch_done [-> counted] -> answer
 */

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

#define COUNT_MAX (UINT64_C(1) << 30) /* bytes; no socket's queue is as long */

static void step(struct hw_http_conn *conn, bool is_inside_call);
static bool step_once(struct hw_http_conn *conn, bool is_inside_call);
static bool sealed_step(struct hw_http_conn *conn, uint32_t size, bool is_inside_call);
static void sealed_done(struct hw_op *op);
static void recv_done(struct hw_op *op);
static void watch_done(struct hw_op *op);
static void counted(struct hw_op *op);
static int error_of(const struct hw_http_conn *conn, int32_t res);
static void answer(struct hw_http_conn *conn, int res, bool is_inside_call);
static void answer_deliver(struct hw_mail *mail);

void hw_http_body_init(struct hw_http_conn *conn, const struct hw_http_request *request)
{
	conn->body = (struct hw_http_body){
		.left_size = request->content_length,
		.is_chunked = request->is_chunked,
		.is_over = !request->is_chunked && request->content_length == 0,
		.needs_continue = request->expect_continue,
	};
	if (request->is_chunked) {
		hw_http_chunked_init(&conn->body.chunked);
	}
}

bool hw_http_conn_has_body(const struct hw_http_conn *conn)
{
	return !conn->body.is_over;
}

static void want(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size)
{
	struct hw_http_body *body = &conn->body;
	hw_assert(conn->state == HW_CONN_ANSWERING && !body->is_wanted);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	hw_http_conn_head_release(conn);
	body->is_wanted = true;
	body->is_stopped = false;
	body->bytes = bytes;
	body->size = size;
	body->done_size = 0;
	body->begun_us = conn->server->reactor->now_us;
	hw_http_conn_watch(conn, UINT64_MAX);
	if (body->needs_continue && conn->input.bytes == NULL && !body->is_over) {
		hw_http_conn_continue_add(conn);
	}
	body->needs_continue = false;
	if (conn->interim_size > 0) {
		hw_http_conn_interim_submit(conn);
		return; /* hw_http_body_continued goes on */
	}
	step(conn, true);
}

void hw_http_conn_body_wait(struct hw_http_conn *conn)
{
	want(conn, NULL, 0);
}

void hw_http_conn_body_recv(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size)
{
	hw_assert(bytes != NULL && size > 0);
	want(conn, bytes, size);
}

uint32_t hw_http_conn_body_came(const struct hw_http_conn *conn)
{
	return conn->body.done_size;
}

void hw_http_conn_body_stop(struct hw_http_conn *conn)
{
	if (!conn->body.is_wanted) {
		return;
	}
	conn->body.is_stopped = true;
	if (hw_list_is_linked(&conn->buffer_link)) { /* nothing in flight would bring the answer */
		hw_list_remove(&conn->buffer_link);
		answer(conn, -ECANCELED, true);
		return;
	}
	hw_ring_cancel(conn->server->reactor->ring, &conn->recv_op);
	hw_ring_cancel(conn->server->reactor->ring, &conn->send_op);
}

void hw_http_body_continued(struct hw_http_conn *conn, int res)
{
	(void)hw_http_conn_progress(conn, 0); /* the receive that follows is judged */
	if (res < 0 || conn->is_cut || conn->body.is_stopped) {
		answer(conn, error_of(conn, res), false);
		return;
	}
	step(conn, false);
}

/* Bytes of data that come next on the wire without framing between them. */
static uint64_t data_left(const struct hw_http_body *body)
{
	return body->is_chunked ? body->chunked.data_left : body->left_size;
}

static void data_take(struct hw_http_conn *conn, uint32_t size)
{
	struct hw_http_body *body = &conn->body;
	body->done_size += size;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_received, size);
	if (body->is_chunked) {
		hw_http_chunked_data_taken(&body->chunked, size);
		return;
	}
	body->left_size -= size;
	body->is_over = body->left_size == 0;
}

static void step(struct hw_http_conn *conn, bool is_inside_call)
{
	/* Each round uses up input, ends, or starts an operation: the input's size bounds it. */
	while (step_once(conn, is_inside_call)) {
	}
}

/* For all receives of one call together: small chunks do not make a slow client a fast one. */
static uint64_t patience_ms(const struct hw_http_conn *conn)
{
	uint64_t held_ms = (conn->server->reactor->now_us - conn->body.begun_us) / 1000;
	if (conn->body.bytes == NULL) {
		return UINT64_MAX; /* it keeps nothing */
	}
	return held_ms < HW_HOLD_PATIENCE_MS ? HW_HOLD_PATIENCE_MS - held_ms : 1;
}

/* The framing of the next chunk, out of the input. Returns true to go on. */
static bool framing_step(struct hw_http_conn *conn, bool is_inside_call)
{
	struct hw_http_input *input = &conn->input;
	struct hw_http_body *body = &conn->body;
	if (input->bytes == NULL) {
		conn->action = "receiving the body";
		hw_http_conn_watch(conn, patience_ms(conn));
		hw_http_conn_input_submit(conn);
		return false;
	}
	uint32_t consumed = 0;
	enum hw_http_chunked_verdict verdict =
		hw_http_chunked_feed(&body->chunked, input->bytes + input->offset,
				     input->size - input->offset, &consumed);
	input->offset += consumed;
	if (input->offset == input->size) {
		hw_http_conn_input_release(conn);
	}
	if (verdict == HW_HTTP_CHUNKED_BAD) {
		answer(conn, -EBADMSG, is_inside_call);
		return false;
	}
	body->is_over = verdict == HW_HTTP_CHUNKED_DONE;
	return true;
}

static void input_copy(struct hw_http_conn *conn)
{
	struct hw_http_input *input = &conn->input;
	struct hw_http_body *body = &conn->body;
	uint64_t size = hw_min((uint64_t)(input->size - input->offset), data_left(body));
	size = hw_min(size, (uint64_t)(body->size - body->done_size));
	memcpy(body->bytes + body->done_size, input->bytes + input->offset, size);
	input->offset += (uint32_t)size;
	if (input->offset == input->size) {
		hw_http_conn_input_release(conn);
	}
	data_take(conn, (uint32_t)size);
}

/* Returns true to be called again. */
static bool step_once(struct hw_http_conn *conn, bool is_inside_call)
{
	struct hw_http_body *body = &conn->body;
	struct hw_ring *ring = conn->server->reactor->ring;
	bool is_waiting = body->bytes == NULL;
	if (body->is_over || (!is_waiting && body->done_size == body->size)) {
		answer(conn, (int)body->done_size, is_inside_call);
		return false;
	}
	if (data_left(body) == 0) {
		return framing_step(conn, is_inside_call);
	}
	if (conn->input.bytes != NULL) {
		if (is_waiting) {
			answer(conn, 1, is_inside_call);
			return false;
		}
		input_copy(conn);
		return true;
	}
	uint64_t size = hw_min((uint64_t)(body->size - body->done_size), data_left(body));
	if (conn->tls != NULL) {
		return sealed_step(conn, is_waiting ? 0 : (uint32_t)size, is_inside_call);
	}
	hw_http_conn_watch(conn, patience_ms(conn));
	if (is_waiting) {
		conn->action = "waiting for the body";
		hw_ring_poll_in(ring, &conn->recv_op, conn->socket, recv_done);
	} else {
		conn->action = "receiving the body";
		hw_ring_recv(ring, &conn->recv_op, conn->socket, body->bytes + body->done_size,
			     (uint32_t)size, true, recv_done);
	}
	if (conn->is_cut) {
		hw_ring_cancel(ring, &conn->recv_op);
	}
	return false;
}

/* As step_once, for bytes that come sealed. @size: that are wanted without framing between them; 0:
 * it waits for any. */
static bool sealed_step(struct hw_http_conn *conn, uint32_t size, bool is_inside_call)
{
	struct hw_http_body *body = &conn->body;
	if (size == 0) {
		conn->action = "waiting for the body";
		hw_http_conn_watch(conn, patience_ms(conn));
		hw_http_conn_input_submit(conn);
		return false;
	}
	int r = hw_http_tls_open(conn, body->bytes + body->done_size, size);
	if (r >= 0) { /* 0: more than fits, and input now */
		data_take(conn, (uint32_t)r);
		return true;
	}
	if (r != -EAGAIN) {
		answer(conn, error_of(conn, r), is_inside_call);
		return false;
	}
	conn->action = "receiving the body";
	hw_http_conn_watch(conn, patience_ms(conn));
	hw_http_tls_body_recv(conn, size, sealed_done);
	return false;
}

/* What an early end of a receive means. */
static int error_of(const struct hw_http_conn *conn, int32_t res)
{
	if (conn->is_cut) {
		return -ESHUTDOWN;
	}
	if (conn->body.is_stopped) {
		return -ECANCELED;
	}
	if (res == -ECANCELED) {
		return -ETIMEDOUT;
	}
	return res == 0 ? -ECONNRESET : res;
}

/* Has the call what it asked for, or all there is? */
static bool is_complete(const struct hw_http_body *body)
{
	return body->is_over || (body->bytes != NULL && body->done_size == body->size);
}

/* A receive ended that brought @size bytes; @is_good: it may go on. One that our own probe ended
 * goes on while the client is fast enough; but a talk that lent its bytes gets what is there, for
 * it may have a better use for the rest of them. */
static void received(struct hw_http_conn *conn, int32_t res, uint64_t size, bool is_good)
{
	const struct hw_http_body *body = &conn->body;
	bool was_probed = conn->is_probing;
	bool is_fast = hw_http_conn_progress(conn, size);
	bool is_unwanted = conn->is_cut || body->is_stopped;
	bool is_late = !is_fast && !is_complete(body);
	bool is_broken = !is_good && !(was_probed && res == -ECANCELED);
	if (is_unwanted || is_late || is_broken) {
		answer(conn, error_of(conn, is_late ? -ECANCELED : res), false);
	} else if (was_probed && body->bytes != NULL && !is_complete(body)) {
		answer(conn, (int)body->done_size, false);
	} else {
		step(conn, false);
	}
}

void hw_http_body_input(struct hw_http_conn *conn, int32_t res)
{
	received(conn, res, res > 0 ? (uint64_t)res : 0, res > 0);
}

/* Of the receive into the talk's bytes, and of the poll. */
static void recv_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	int32_t res = op->res;
	bool is_poll = conn->body.bytes == NULL;
	/* A talk that waits for its bytes is never closed under: see hw_http_conn_abort. */
	hw_assert(conn->state == HW_CONN_ANSWERING);
	if (res > 0 && is_poll && !conn->is_cut && !conn->body.is_stopped) {
		(void)hw_http_conn_progress(conn, 0); /* the receive that follows is judged */
		answer(conn, 1, false);               /* its res is a mask of events */
		return;
	}
	uint64_t size = res > 0 && !is_poll ? (uint64_t)res : 0;
	if (size > 0) {
		data_take(conn, (uint32_t)size);
	}
	received(conn, res, size, res > 0 || res == -EINTR || res == -EAGAIN);
}

/* All that came and is whole is opened before it is judged what the client did. */
static void sealed_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	struct hw_http_body *body = &conn->body;
	int32_t res = op->res;
	int r = 1;
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_http_tls_received(conn, res);
	while (r > 0 && data_left(body) > 0 && body->done_size < body->size) {
		uint64_t size = hw_min((uint64_t)(body->size - body->done_size), data_left(body));
		r = hw_http_tls_open(conn, body->bytes + body->done_size, (uint32_t)size);
		data_take(conn, r > 0 ? (uint32_t)r : 0);
	}
	bool is_good = res > 0 || res == -EINTR || res == -EAGAIN;
	if (r < 0 && r != -EAGAIN) {
		res = r;
		is_good = false;
	}
	received(conn, res, res > 0 ? (uint64_t)res : 0, is_good);
}

/* -- a client that leaves while nothing of it is received -- */

/* Bytes that the body still needs, at least, beyond what we have of it. */
static uint64_t owed_size(const struct hw_http_conn *conn)
{
	const struct hw_http_input *input = &conn->input;
	uint64_t here = input->bytes != NULL ? input->size - input->offset : 0;
	if (conn->tls != NULL) { /* sealed it is longer, never shorter */
		here += hw_tls_room_used(&conn->tls->in_room);
	}
	uint64_t owed = data_left(&conn->body) + (conn->body.is_chunked ? 1 : 0); /* its end */
	return owed > here ? owed - here : 0;
}

/* Until the client is gone without having sent the rest, or has ended its side and all of the rest
 * may be there; or until body_stop, or a time is over. */
void hw_http_conn_body_watch(struct hw_http_conn *conn)
{
	struct hw_ring *ring = conn->server->reactor->ring;
	hw_assert(conn->state == HW_CONN_ANSWERING && !conn->body.is_wanted);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight && !conn->body.is_over);
	conn->body.is_wanted = true;
	conn->body.is_stopped = false;
	conn->body.done_size = 0;
	conn->action = "waiting for room for the body";
	/* It is not the client's time: when it is over, the talk asks again. */
	hw_http_conn_timer_start(conn, conn->server->limits.stall_timeout_ms);
	hw_ring_poll_hangup(ring, &conn->recv_op, conn->socket, watch_done);
	if (conn->is_cut) {
		hw_ring_cancel(ring, &conn->recv_op);
	}
}

static int watch_error(const struct hw_http_conn *conn)
{
	return conn->is_cut ? -ESHUTDOWN : -ECANCELED;
}

/* A client that has ended its side may have sent everything before: then the rest of its body lies
 * in the socket's queue. One that has closed looks the same, but that the rest is not there. */
static void watch_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	bool is_over = conn->is_cut || conn->body.is_stopped || op->res < 0;
	uint64_t owed = owed_size(conn);
	if (is_over || owed == 0) {
		answer(conn, is_over ? watch_error(conn) : 0, false);
	} else if ((op->res & (POLLERR | POLLHUP)) != 0) {
		answer(conn, -ECONNRESET, false);
	} else {
		hw_ring_recv_count(conn->server->reactor->ring, &conn->recv_op, conn->socket,
				   (uint32_t)hw_min(owed, (uint64_t)COUNT_MAX), counted);
	}
}

static void counted(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	bool is_over = conn->is_cut || conn->body.is_stopped || op->res == -ECANCELED;
	bool is_enough = op->res >= 0 && (uint64_t)op->res >= hw_min(owed_size(conn), COUNT_MAX);
	int res = is_enough ? 0 : -ECONNRESET;
	answer(conn, is_over ? watch_error(conn) : res, false);
}

/* -- the answer to the talk -- */

static void answer(struct hw_http_conn *conn, int res, bool is_inside_call)
{
	hw_assert(conn->body.is_wanted);
	conn->body_result = res;
	if (is_inside_call) {
		conn->mail.deliver = answer_deliver;
		hw_mailbox_post(&conn->server->reactor->mailbox, conn->server->reactor->ring,
				&conn->mail);
		return;
	}
	answer_deliver(&conn->mail);
}

static void answer_deliver(struct hw_mail *mail)
{
	struct hw_http_conn *conn = hw_container_of(mail, struct hw_http_conn, mail);
	hw_assert(conn->state == HW_CONN_ANSWERING && conn->body.is_wanted);
	conn->body.is_wanted = false;
	conn->body.is_stopped = false;
	conn->body.bytes = NULL;
	conn->handler->body_done(conn->talk, conn->body_result);
}
