/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request:
 *
 *   open [-> name_submit -> name_done] -> idle_begin -> input_submit -> input_done -> head_feed
 *     head_feed: MORE -> spill, input_submit again     BAD -> refuse -> (REFUSING) send ... end
 *                DONE -> request_begin -> the talk: body (http_body.c), send -> send_done, end |
 * abort end -> request_done -> next head (idle_begin, or at once from the input) | linger | close
 *
 * The states:
 *
 *   FREE -> [NAMING ->] IDLE <-> HEAD -> ANSWERING -> IDLE ...
 *                        |        |          |
 *                        |        +-> REFUSING --> LINGERING (unread bytes) -> CLOSING -> FREE
 *                        +----------------------------------------------------^ (from any)
 *
 * The timer means, by state: IDLE nothing comes; HEAD the head takes too long; else: look whether
 * the operation in flight makes progress (it is cancelled to see, and submitted again if it does).
 */
#include "net/conn/http_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "net/conn/http_body.h"
#include "net/conn/http_server.h"

#define HOLD_PATIENCE_MS  UINT64_C(1000) /* for a client that keeps a slab */
#define LINGER_TIMEOUT_MS 2000U          /* for what a client still sends after a final answer */
#define LINGER_SIZE_MAX   16777216U      /* bytes of it; then the connection is cut */
#define BUSY              "too many slow requests at once; try again in a moment"

static const char g_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

static void name_done(struct hw_op *op);
static void idle_begin(struct hw_http_conn *conn);
static void input_done(struct hw_op *op);
static void input_ended(struct hw_http_conn *conn, int32_t res);
static void head_begin(struct hw_http_conn *conn);
static void head_received(struct hw_http_conn *conn, int32_t res);
static void head_feed(struct hw_http_conn *conn);
static void request_begin(struct hw_http_conn *conn);
static void refuse(struct hw_http_conn *conn, uint32_t status, const char *reason);
static void send_submit(struct hw_http_conn *conn);
static void send_done(struct hw_op *op);
static void request_done(struct hw_http_conn *conn);
static void linger_begin(struct hw_http_conn *conn);
static void shutdown_done(struct hw_op *op);
static void linger_received(struct hw_http_conn *conn, int32_t res);
static void timer_fire(struct hw_timer *timer);
static void close_begin(struct hw_http_conn *conn);
static void close_join(struct hw_http_conn *conn);
static void close_done(struct hw_op *op);

static void set_state(struct hw_http_conn *conn, enum hw_http_conn_state state)
{
	static const uint16_t g_next[HW_CONN_STATE_COUNT] = {
		[HW_CONN_FREE] = 1U << HW_CONN_NAMING | 1U << HW_CONN_IDLE,
		[HW_CONN_NAMING] = 1U << HW_CONN_IDLE | 1U << HW_CONN_CLOSING,
		[HW_CONN_IDLE] = 1U << HW_CONN_HEAD | 1U << HW_CONN_CLOSING,
		[HW_CONN_HEAD] =
			1U << HW_CONN_ANSWERING | 1U << HW_CONN_REFUSING | 1U << HW_CONN_CLOSING,
		[HW_CONN_ANSWERING] =
			1U << HW_CONN_IDLE | 1U << HW_CONN_LINGERING | 1U << HW_CONN_CLOSING,
		[HW_CONN_REFUSING] = 1U << HW_CONN_LINGERING | 1U << HW_CONN_CLOSING,
		[HW_CONN_LINGERING] = 1U << HW_CONN_CLOSING,
		[HW_CONN_CLOSING] = 1U << HW_CONN_FREE,
	};
	hw_assert((g_next[conn->state] & (1U << state)) != 0);
	conn->state = state;
}

static struct hw_reactor *reactor_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor;
}

/* -- open
 * ------------------------------------------------------------------------------------------ */

void hw_http_conn_open(struct hw_http_conn *conn, struct hw_http_server *server, uint32_t socket,
		       bool is_loopback)
{
	struct hw_list link = conn->link;
	uint16_t recv_generation = conn->recv_op.generation;
	uint16_t send_generation = conn->send_op.generation;
	hw_assert(conn->state == HW_CONN_FREE);
	memset(conn, 0, offsetof(struct hw_http_conn, reply));
	conn->link = link;
	conn->recv_op.generation = recv_generation;
	conn->send_op.generation = send_generation;
	conn->server = server;
	conn->socket = socket;
	conn->is_loopback = is_loopback;
	conn->keep_alive = true;
	hw_list_init(&conn->buffer_link);
	if (server->limits.has_access_log && server->limits.has_fd_install) {
		set_state(conn, HW_CONN_NAMING);
		hw_ring_fd_install(server->reactor->ring, &conn->send_op, socket, name_done);
		return;
	}
	idle_begin(conn);
}

static void peer_set(struct hw_http_conn *conn, const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
		conn->peer_size = 4;
		conn->peer_port = ntohs(in->sin_port);
		memcpy(conn->peer, &in->sin_addr, 4);
	} else if (peer->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
		conn->peer_size = 16;
		conn->peer_port = ntohs(in6->sin6_port);
		memcpy(conn->peer, &in6->sin6_addr, 16);
	}
}

static void name_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (op->res >= 0) {
		struct sockaddr_storage peer = {0};
		socklen_t size = sizeof(peer);
		if (getpeername(op->res, (struct sockaddr *)&peer, &size) == 0) {
			peer_set(conn, &peer);
		}
		(void)close(op->res); /* the slot keeps the socket */
	}
	if (conn->state == HW_CONN_CLOSING) {
		close_join(conn);
		return;
	}
	idle_begin(conn);
}

/* -- input
 * ----------------------------------------------------------------------------------------- */

void hw_http_conn_input_submit(struct hw_http_conn *conn)
{
	hw_assert(conn->input.bytes == NULL);
	hw_ring_recv_head(reactor_of(conn)->ring, &conn->recv_op, conn->socket, input_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	}
}

void hw_http_conn_input_release(struct hw_http_conn *conn)
{
	if (conn->input.bytes != NULL) {
		hw_http_server_buffer_give(conn->server, conn->input.buffer_id);
		conn->input = (struct hw_http_input){0};
	}
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
		close_join(conn);
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
	input_ended(conn, res);
}

static void input_ended(struct hw_http_conn *conn, int32_t res)
{
	if (conn->state == HW_CONN_ANSWERING) {
		hw_http_body_input(conn, res);
	} else if (conn->state == HW_CONN_LINGERING) {
		linger_received(conn, res);
	} else {
		head_received(conn, res);
	}
}

void hw_http_conn_buffer_ready(struct hw_http_conn *conn)
{
	hw_http_conn_input_submit(conn);
}

/* -- heads
 * ----------------------------------------------------------------------------------------- */

static void idle_begin(struct hw_http_conn *conn)
{
	set_state(conn, HW_CONN_IDLE);
	conn->action = "waiting for a request";
	conn->is_probing = false;
	if (conn->server->is_draining) {
		close_begin(conn);
		return;
	}
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer,
		       conn->server->limits.idle_timeout_ms, timer_fire);
	if (conn->input.bytes != NULL) { /* the client did not wait for the last answer */
		head_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

static void head_begin(struct hw_http_conn *conn)
{
	set_state(conn, HW_CONN_HEAD);
	conn->action = "receiving a head";
	conn->head = hw_pool_take(&conn->server->heads);
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer,
		       conn->server->limits.head_timeout_ms, timer_fire);
	if (conn->head == NULL) {
		refuse(conn, 503, BUSY);
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
		refuse(conn, 408, "its head took too long");
		return;
	}
	if (res <= 0) { /* gone, idle for too long, or we stop: nobody waits for an answer */
		close_begin(conn);
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
		request_begin(conn);
		return;
	}
	if (verdict != HW_HTTP_MORE) {
		refuse(conn, hw_http_verdict_status(verdict), head->parser.reason);
		return;
	}
	if (head->spill == NULL && !spill_begin(conn)) {
		refuse(conn, 503, BUSY);
		return;
	}
	if (head->spill_size == HW_HEAD_SIZE_MAX) {
		refuse(conn, 431, "its head is longer than 32 KiB");
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
	if (conn->input.bytes != NULL && conn->input.offset == conn->input.size) {
		hw_http_conn_input_release(conn);
	}
}

/* -- requests
 * -------------------------------------------------------------------------------------- */

static void request_copy(struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span host = hw_http_request_host(request, bytes);
	struct hw_span target = hw_http_request_target(request, bytes);
	conn->method = request->method;
	conn->version_minor = request->version_minor;
	conn->keep_alive = request->keep_alive;
	conn->host_size = host.size <= sizeof(conn->host) ? (uint16_t)host.size : 0;
	memcpy(conn->host, host.bytes, conn->host_size);
	conn->access_path_size = (uint8_t)hw_min(target.size, HW_ACCESS_PATH_SIZE);
	memcpy(conn->access_path, target.bytes, conn->access_path_size);
}

static void request_reset(struct hw_http_conn *conn)
{
	conn->request_us = reactor_of(conn)->now_us;
	conn->status = 0;
	conn->sent_size = 0;
	conn->is_answered = false;
	conn->is_probing = false;
	conn->waited_us = 0;
	conn->moved_size = 0;
	conn->handler = NULL;
	conn->talk = NULL;
}

static void request_begin(struct hw_http_conn *conn)
{
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	request_reset(conn);
	request_copy(conn);
	hw_http_body_init(conn, hw_http_conn_request(conn));
	if (conn->server->is_draining) {
		conn->keep_alive = false;
	}
	set_state(conn, HW_CONN_ANSWERING);
	conn->action = "answering";
	conn->server->route.begin(conn->server->route.user, conn);
}

void hw_http_conn_handle(struct hw_http_conn *conn, const struct hw_http_handler *handler,
			 void *talk)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	conn->handler = handler;
	conn->talk = talk;
}

/* What never became a request is answered by us, and then the connection ends: where the next
 * request would begin is not known. */
static void refuse(struct hw_http_conn *conn, uint32_t status, const char *reason)
{
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	request_reset(conn);
	conn->keep_alive = false;
	conn->body = (struct hw_http_body){0};
	conn->method = HW_HTTP_METHOD_NONE;
	set_state(conn, HW_CONN_REFUSING);
	conn->action = "refusing";
	hw_http_conn_head_release(conn);
	conn->server->route.refuse(conn->server->route.user, conn, status, reason);
}

/* -- answers
 * --------------------------------------------------------------------------------------- */

void hw_http_conn_close_after(struct hw_http_conn *conn)
{
	conn->keep_alive = false;
}

void hw_http_conn_reply_begin(struct hw_http_conn *conn, struct hw_http_writer *writer,
			      uint32_t status)
{
	hw_assert(!conn->is_answered);
	if (conn->server->is_draining || !conn->body.is_over) {
		conn->keep_alive = false; /* an unread body is not read just to be thrown away */
	}
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
}

void hw_http_conn_send(struct hw_http_conn *conn, const struct iovec *iov, uint32_t count)
{
	hw_assert(conn->state == HW_CONN_ANSWERING || conn->state == HW_CONN_REFUSING);
	hw_assert(count > 0 && count <= HW_SEND_IOV_MAX);
	conn->send_left_size = 0;
	for (uint32_t i = 0; i < count; i++) {
		conn->iov[i] = iov[i];
		conn->send_left_size += iov[i].iov_len;
	}
	conn->message = (struct msghdr){.msg_iov = conn->iov, .msg_iovlen = count};
	conn->action = "sending the answer";
	send_submit(conn);
}

void hw_http_conn_reply_send(struct hw_http_conn *conn, const struct hw_http_writer *writer,
			     const void *body, uint64_t body_size)
{
	hw_assert(!writer->is_overflowed);
	struct iovec iov[2] = {
		{.iov_base = writer->bytes, .iov_len = writer->size},
		{.iov_base = (void *)(uintptr_t)body, .iov_len = body_size},
	};
	bool has_body = body_size > 0 && conn->method != HW_HTTP_HEAD;
	hw_http_conn_send(conn, iov, has_body ? 2 : 1);
}

static void send_submit(struct hw_http_conn *conn)
{
	hw_assert(conn->send_left_size > 0);
	conn->is_answered = true;
	hw_http_conn_watch(conn, true);
	hw_ring_sendmsg(reactor_of(conn)->ring, &conn->send_op, conn->socket, &conn->message,
			send_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}

/* Skip what is sent: the kernel says how much, not up to which piece. */
static void iov_advance(struct msghdr *message, uint64_t size)
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
			close_begin(conn);
		} else {
			request_done(conn);
		}
		return;
	}
	conn->handler->send_done(conn->talk, res);
}

static void send_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	bool was_probed = conn->is_probing;
	int32_t res = op->res;
	if (conn->state == HW_CONN_CLOSING) {
		close_join(conn);
		return;
	}
	uint64_t size = res > 0 ? (uint64_t)res : 0;
	bool is_fast = hw_http_conn_progress(conn, size);
	if (res < 0 && res != -EINTR && res != -EAGAIN && res != -ECANCELED) {
		answer_sent(conn, res);
		return;
	}
	conn->sent_size += size;
	conn->send_left_size -= size;
	hw_metrics_add(reactor_of(conn)->metrics, HW_METRIC_bytes_sent, size);
	if (conn->send_left_size == 0) {
		answer_sent(conn, 0);
	} else if (conn->is_cut || !is_fast) {
		answer_sent(conn, conn->is_cut ? -ESHUTDOWN : -ETIMEDOUT);
	} else {
		iov_advance(&conn->message, size);
		if (was_probed && conn->handler != NULL && conn->handler->gives_way) {
			answer_sent(conn, -EAGAIN);
			return;
		}
		send_submit(conn);
	}
}

void hw_http_conn_send_more(struct hw_http_conn *conn)
{
	send_submit(conn);
}

static void room_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	/* A talk that waits for its client is never closed under: see hw_http_conn_abort. */
	hw_assert(conn->state == HW_CONN_ANSWERING);
	bool is_fast = hw_http_conn_progress(conn, 0);
	if (conn->is_cut) {
		answer_sent(conn, -ESHUTDOWN);
	} else if (op->res > 0) {
		answer_sent(conn, 0);
	} else if (op->res == -ECANCELED && is_fast) {
		hw_http_conn_send_wait(conn);
	} else {
		answer_sent(conn, op->res == -ECANCELED ? -ETIMEDOUT : op->res);
	}
}

void hw_http_conn_send_wait(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	conn->action = "waiting for the client to take more";
	hw_http_conn_watch(conn, false);
	hw_ring_poll_out(reactor_of(conn)->ring, &conn->send_op, conn->socket, room_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}

static void continue_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	int32_t res = op->res;
	hw_assert(conn->state == HW_CONN_ANSWERING);
	if ((res == -EINTR || res == -EAGAIN) && !conn->is_probing && !conn->is_cut) {
		hw_http_conn_continue_submit(conn);
		return;
	}
	if (res >= 0 && (uint32_t)res < sizeof(g_continue) - 1) {
		/* Whatever we sent now would be read as the rest of it. */
		conn->is_answered = true;
		res = -ECONNRESET;
	}
	hw_http_body_continued(conn, res);
}

void hw_http_conn_continue_submit(struct hw_http_conn *conn)
{
	conn->action = "asking for the body";
	hw_ring_send(reactor_of(conn)->ring, &conn->send_op, conn->socket, g_continue,
		     sizeof(g_continue) - 1, continue_done);
	if (conn->is_cut) {
		hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	}
}

/* -- the end of a request
 * -------------------------------------------------------------------------- */

static void access_log(const struct hw_http_conn *conn)
{
	char peer[INET6_ADDRSTRLEN] = "-";
	if (conn->peer_size > 0) {
		(void)inet_ntop(conn->peer_size == 4 ? AF_INET : AF_INET6, conn->peer, peer,
				sizeof(peer)); /* fits by definition */
	}
	HW_LOG(HW_LOG_INFO, "request", HW_F_TEXT("peer", peer), HW_F_U64("port", conn->peer_port),
	       HW_F_TEXT("method", hw_http_method_name((enum hw_http_method)conn->method)),
	       HW_F_SPAN("path", ((struct hw_span){conn->access_path, conn->access_path_size})),
	       HW_F_U64("status", conn->status), HW_F_U64("sent", conn->sent_size),
	       HW_F_U64("us", reactor_of(conn)->now_us - conn->request_us));
}

/* @is_whole: the answer was sent to its end. */
static void request_account(struct hw_http_conn *conn, bool is_whole)
{
	static const uint8_t g_methods[HW_HTTP_METHOD_COUNT] = {
		[HW_HTTP_METHOD_NONE] = HW_METRICS_OTHER, [HW_HTTP_GET] = HW_METRICS_GET,
		[HW_HTTP_HEAD] = HW_METRICS_HEAD,         [HW_HTTP_PUT] = HW_METRICS_PUT,
		[HW_HTTP_POST] = HW_METRICS_POST,         [HW_HTTP_PATCH] = HW_METRICS_PATCH,
		[HW_HTTP_DELETE] = HW_METRICS_DELETE,     [HW_HTTP_OPTIONS] = HW_METRICS_OPTIONS,
	};
	struct hw_metrics *metrics = reactor_of(conn)->metrics;
	if (conn->status != 0) {
		hw_metrics_request(metrics, (enum hw_metrics_method)g_methods[conn->method],
				   conn->status);
	}
	if (is_whole) {
		hw_metrics_observe_us(metrics, HW_HISTOGRAM_request_duration,
				      reactor_of(conn)->now_us - conn->request_us);
	}
	if (conn->server->limits.has_access_log) {
		access_log(conn);
	}
}

static void request_done(struct hw_http_conn *conn)
{
	request_account(conn, true);
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	hw_http_conn_head_release(conn);
	bool is_read = conn->body.is_over && conn->state == HW_CONN_ANSWERING;
	if (conn->keep_alive && is_read) {
		idle_begin(conn);
	} else if (is_read && conn->input.bytes == NULL) {
		close_begin(conn);
	} else {
		linger_begin(conn);
	}
}

void hw_http_conn_end(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING && conn->is_answered);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	request_done(conn);
}

void hw_http_conn_abort(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	request_account(conn, false);
	close_begin(conn);
}

/*
 * Closing a socket that has unread bytes makes the kernel reset it, and the reset may overtake the
 * answer: so the client is told that no more comes (FIN), and what it still sends is thrown away
 * for a while.
 */
static void linger_begin(struct hw_http_conn *conn)
{
	set_state(conn, HW_CONN_LINGERING);
	conn->action = "waiting for the client to read its answer";
	hw_http_conn_input_release(conn);
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer, LINGER_TIMEOUT_MS, timer_fire);
	hw_ring_shutdown(reactor_of(conn)->ring, &conn->send_op, conn->socket, shutdown_done);
}

static void shutdown_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (conn->state == HW_CONN_CLOSING) {
		close_join(conn);
		return;
	}
	if (op->res < 0) {
		close_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

static void linger_received(struct hw_http_conn *conn, int32_t res)
{
	hw_http_conn_input_release(conn);
	if (res <= 0) {
		close_begin(conn);
		return;
	}
	conn->lingered_size += (uint32_t)res;
	if (conn->lingered_size > LINGER_SIZE_MAX) {
		close_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

/* -- time
 * ------------------------------------------------------------------------------------------ */

/* With a buffer of the talk's in its hands, a client has a second; without one, until it is judged.
 */
void hw_http_conn_watch(struct hw_http_conn *conn, bool is_holding)
{
	uint64_t stall_ms = conn->server->limits.stall_timeout_ms;
	uint64_t waited_ms = conn->waited_us / 1000;
	uint64_t left_ms = waited_ms < stall_ms ? stall_ms - waited_ms : 1;
	conn->watched_us = reactor_of(conn)->now_us;
	conn->is_probing = false;
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer,
		       is_holding ? hw_min(left_ms, HOLD_PATIENCE_MS) : left_ms, timer_fire);
}

/* Only the time in which we waited for the client counts, never our own disk's. */
bool hw_http_conn_progress(struct hw_http_conn *conn, uint64_t size)
{
	conn->is_probing = false;
	conn->waited_us += reactor_of(conn)->now_us - conn->watched_us;
	conn->moved_size += size;
	if (conn->waited_us < (uint64_t)conn->server->limits.stall_timeout_ms * 1000) {
		return true;
	}
	bool is_fast = conn->moved_size * 1000000 >= conn->waited_us * HW_PROGRESS_RATE_MIN;
	conn->waited_us = 0;
	conn->moved_size = 0;
	return is_fast;
}

static void timer_fire(struct hw_timer *timer)
{
	struct hw_http_conn *conn = hw_container_of(timer, struct hw_http_conn, timer);
	if (conn->state == HW_CONN_LINGERING) {
		close_begin(conn);
		return;
	}
	conn->is_probing = true;
	if (hw_list_is_linked(&conn->buffer_link)) { /* nothing is in flight that could be ended */
		hw_list_remove(&conn->buffer_link);
		input_ended(conn, -ECANCELED);
		return;
	}
	hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
}

/* -- close
 * ----------------------------------------------------------------------------------------- */

void hw_http_conn_drain(struct hw_http_conn *conn)
{
	conn->keep_alive = false;
	if (conn->state == HW_CONN_IDLE || conn->state == HW_CONN_NAMING) {
		close_begin(conn);
	}
}

void hw_http_conn_cut(struct hw_http_conn *conn)
{
	conn->is_cut = true;
	if (conn->state == HW_CONN_CLOSING) {
		return;
	}
	if (conn->state != HW_CONN_ANSWERING) {
		close_begin(conn);
		return;
	}
	if (hw_list_is_linked(&conn->buffer_link)) { /* as in timer_fire */
		hw_list_remove(&conn->buffer_link);
		input_ended(conn, -ECANCELED);
		return;
	}
	hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
}

static void close_begin(struct hw_http_conn *conn)
{
	set_state(conn, HW_CONN_CLOSING);
	conn->action = "closing";
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	hw_list_remove(&conn->buffer_link);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	close_join(conn);
}

/* Closing a slot with operations in flight is a race: the last one to land closes. */
static void close_join(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_CLOSING);
	if (conn->recv_op.in_flight || conn->send_op.in_flight) {
		return;
	}
	hw_http_conn_head_release(conn);
	hw_http_conn_input_release(conn);
	hw_ring_close(reactor_of(conn)->ring, &conn->send_op, conn->socket, close_done);
}

static void close_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	hw_assert(!conn->recv_op.in_flight);
	set_state(conn, HW_CONN_FREE);
	hw_http_server_closed(conn->server, conn);
}
