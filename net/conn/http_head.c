/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a head:
 *
 *   idle_begin -> input_submit -> input_done -> head_begin -> head_feed
 *     DONE -> request_begin      MORE -> spill, input_submit again      else -> refuse
 *
 * Bytes come into a head buffer that the ring chose. A head that is whole in one stays there until
 * the talk has seen it; one in pieces moves to a spill.
 */
#include <errno.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

#define BUSY "too many slow requests at once; try again in a moment"

static void input_done(struct hw_op *op);
static void head_begin(struct hw_http_conn *conn);
static void head_received(struct hw_http_conn *conn, int32_t res);
static void head_feed(struct hw_http_conn *conn);

static struct hw_reactor *reactor_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor;
}

/* -- input -- */

void hw_http_conn_input_submit(struct hw_http_conn *conn)
{
	hw_assert(conn->input.bytes == NULL);
	if (conn->tls != NULL && conn->state != HW_CONN_LINGERING) {
		hw_http_tls_input_submit(conn);
		return;
	}
	hw_ring_recv_head(reactor_of(conn)->ring, &conn->recv_op, conn->socket, input_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	}
}

void hw_http_conn_input_release(struct hw_http_conn *conn)
{
	struct hw_http_input *input = &conn->input;
	if (input->is_tls) {
		hw_http_tls_input_used(conn);
	} else if (input->bytes != NULL && input->is_spill) {
		hw_pool_give(&conn->server->spills, input->bytes);
	} else if (input->bytes != NULL) {
		hw_http_server_buffer_give(conn->server, input->buffer_id);
	}
	*input = (struct hw_http_input){0};
}

static void input_take(struct hw_http_conn *conn, const struct hw_op *op)
{
	hw_assert(conn->input.bytes == NULL);
	hw_assert(conn->server->buffers_free > 0);
	conn->server->buffers_free--;
	conn->input.bytes = hw_ring_head_bytes(reactor_of(conn)->ring, op->buffer_id);
	conn->input.buffer_id = op->buffer_id;
	conn->input.offset = 0;
	conn->input.size = (uint32_t)op->res;
}

static void input_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	int32_t res = op->res;
	if (res > 0) {
		input_take(conn, op);
	}
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	bool is_nothing = res == -ENOBUFS || res == -EINTR || res == -EAGAIN;
	if (is_nothing && (conn->is_probing || conn->is_cut || conn->body.is_stopped)) {
		res = -ECANCELED;     /* the cancel that was on its way has found nothing to end */
	} else if (res == -ENOBUFS) { /* the bytes stay in the socket until a buffer is free */
		hw_metrics_add(reactor_of(conn)->metrics, HW_METRIC_head_buffer_waits, 1);
		hw_list_append(&conn->server->buffer_waiters, &conn->buffer_link);
		return;
	} else if (is_nothing) {
		hw_http_conn_input_submit(conn);
		return;
	}
	hw_http_conn_input_ended(conn, res);
}

void hw_http_conn_input_ended(struct hw_http_conn *conn, int32_t res)
{
	if (conn->state == HW_CONN_ANSWERING) {
		hw_http_body_input(conn, res);
	} else if (conn->state == HW_CONN_LINGERING) {
		hw_http_conn_linger_received(conn, res);
	} else if (conn->state == HW_CONN_UPGRADED) {
		hw_http_upgrade_input(conn, res);
	} else if (conn->state == HW_CONN_GREETING) {
		hw_http_conn_close_begin(conn);
	} else {
		head_received(conn, res);
	}
}

void hw_http_conn_buffer_ready(struct hw_http_conn *conn)
{
	hw_http_conn_input_submit(conn);
}

/* -- heads -- */

void hw_http_conn_idle_begin(struct hw_http_conn *conn)
{
	hw_http_conn_set_state(conn, HW_CONN_IDLE);
	conn->action = "waiting for a request";
	conn->is_probing = false;
	if (conn->server->is_draining) {
		hw_http_conn_close_begin(conn);
		return;
	}
	hw_http_conn_timer_start(conn, conn->server->limits.idle_timeout_ms);
	if (conn->input.bytes != NULL) { /* the client did not wait for the last answer */
		head_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

static void head_begin(struct hw_http_conn *conn)
{
	hw_http_conn_set_state(conn, HW_CONN_HEAD);
	conn->action = "receiving a head";
	conn->head = hw_pool_take(&conn->server->heads);
	hw_http_conn_timer_start(conn, conn->server->limits.head_timeout_ms);
	if (conn->head == NULL) {
		hw_http_conn_refuse(conn, 503, BUSY);
		return;
	}
	hw_http_parser_init(&conn->head->parser);
	conn->head->spill = NULL;
	conn->head->spill_size = 0;
	conn->head_offset = conn->input.offset;
	head_feed(conn);
}

static void head_received(struct hw_http_conn *conn, int32_t res)
{
	bool is_late = conn->is_probing || res == -ECANCELED;
	conn->is_probing = false;
	if (conn->state == HW_CONN_HEAD && is_late && !conn->is_cut) {
		hw_http_conn_refuse(conn, 408, "its head took too long");
		return;
	}
	if (res <= 0) { /* gone, idle for too long, or we stop: nobody waits for an answer */
		hw_http_conn_close_begin(conn);
		return;
	}
	if (conn->state == HW_CONN_IDLE) {
		head_begin(conn);
		return;
	}
	head_feed(conn);
}

/* Add what the input has to the spilled head. Returns how many bytes of the head there were before.
 */
static uint32_t spill_append(struct hw_http_conn *conn)
{
	struct hw_http_head *head = conn->head;
	struct hw_http_input *input = &conn->input;
	uint32_t before_size = head->spill_size;
	uint32_t size = hw_min(input->size - input->offset, HW_HEAD_SIZE_MAX - before_size);
	memcpy(head->spill + before_size, input->bytes + input->offset, size);
	head->spill_size += size;
	return before_size;
}

/* The head is longer than what came at once: it moves to a buffer that holds the longest. */
static bool spill_begin(struct hw_http_conn *conn)
{
	conn->head->spill = hw_pool_take(&conn->server->spills);
	if (conn->head->spill == NULL) {
		return false;
	}
	(void)spill_append(conn); /* nothing was before */
	return true;
}

static void head_feed(struct hw_http_conn *conn)
{
	struct hw_http_head *head = conn->head;
	struct hw_http_input *input = &conn->input;
	uint32_t before_size = 0;
	const char *bytes = input->bytes + conn->head_offset;
	uint32_t size = input->size - conn->head_offset;
	if (head->spill != NULL) {
		before_size = spill_append(conn);
		bytes = head->spill;
		size = head->spill_size;
	}
	enum hw_http_verdict verdict = hw_http_parser_feed(&head->parser, bytes, size);
	if (verdict == HW_HTTP_DONE) {
		input->offset += head->parser.request.head_size - before_size;
		hw_http_conn_request_begin(conn);
		return;
	}
	if (verdict != HW_HTTP_MORE) {
		hw_http_conn_refuse(conn, hw_http_verdict_status(verdict), head->parser.reason);
		return;
	}
	if (head->spill == NULL && !spill_begin(conn)) {
		hw_http_conn_refuse(conn, 503, BUSY);
		return;
	}
	if (head->spill_size == HW_HEAD_SIZE_MAX) {
		hw_http_conn_refuse(conn, 431, "its head is longer than 32 KiB");
		return;
	}
	hw_http_conn_input_release(conn);
	hw_http_conn_input_submit(conn);
}

const struct hw_http_request *hw_http_conn_request(const struct hw_http_conn *conn)
{
	hw_assert(conn->head != NULL);
	return &conn->head->parser.request;
}

const char *hw_http_conn_head_bytes(const struct hw_http_conn *conn)
{
	hw_assert(conn->head != NULL);
	return conn->head->spill != NULL ? conn->head->spill
					 : conn->input.bytes + conn->head_offset;
}

void hw_http_conn_head_wipe(struct hw_http_conn *conn, struct hw_span piece)
{
	const struct hw_http_head *head = conn->head;
	hw_assert(head != NULL);
	char *bytes = head->spill != NULL ? head->spill : conn->input.bytes + conn->head_offset;
	uint64_t offset = (uint64_t)(piece.bytes - bytes);
	hw_assert(offset + piece.size <= head->parser.request.head_size);
	explicit_bzero(bytes + offset, piece.size);
}

/* A request that came before this one's answer must not keep one of the few buffers for as long as
 * the answer takes. Where no spill is free it is forgotten, and the connection closes after the
 * answer: who sends ahead must be ready to send again (RFC 9112, 9.3.2). */
static void input_stash(struct hw_http_conn *conn)
{
	struct hw_http_input *input = &conn->input;
	uint32_t size = input->size - input->offset;
	bool is_plenty = input->is_tls ? hw_http_tls_input_may_stay(conn)
				       : conn->server->buffers_free >= HW_HEAD_BUFFER_COUNT / 2;
	if (input->is_spill || is_plenty) {
		return;
	}
	bool has_more = input->is_tls && hw_tls_room_used(&conn->tls->in_room) > 0;
	char *spill = has_more ? NULL : hw_pool_take(&conn->server->spills);
	if (spill == NULL) {
		conn->keep_alive = false;
		conn->has_dropped = true;
		hw_http_conn_input_release(conn);
		if (conn->tls != NULL) {
			hw_http_tls_input_drop(conn);
		}
		return;
	}
	memcpy(spill, input->bytes + input->offset, size);
	hw_http_conn_input_release(conn);
	*input = (struct hw_http_input){.bytes = spill, .size = size, .is_spill = true};
}

void hw_http_conn_head_release(struct hw_http_conn *conn)
{
	struct hw_http_head *head = hw_move(&conn->head);
	if (head == NULL) {
		return;
	}
	if (head->spill != NULL) {
		hw_pool_give(&conn->server->spills, head->spill);
	}
	hw_pool_give(&conn->server->heads, head);
	if (conn->input.bytes == NULL) {
		return;
	}
	if (conn->input.offset == conn->input.size) {
		hw_http_conn_input_release(conn);
	} else if (conn->body.is_over) {
		input_stash(conn);
	}
}
