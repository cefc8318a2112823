/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request through the files of a connection:
 *
 *   open [-> name_done] [-> http_tls.c: keys]
 *     -> idle_begin -> (http_head.c: the head) -+-> request_begin -> the talk
 *            ^                                  +-> refuse
 *   the talk: (http_body.c: the body), (http_answer.c: the answer) -> end | abort
 *   end -> request_done -+-> idle_begin       the next request
 *                        +-> linger_begin     unread bytes: wait, so that the answer is seen
 *                        +-> close_begin -> close_join -> close_done
 *
 * The states:
 *
 *   FREE -> [NAMING ->] [GREETING ->] IDLE <-> HEAD -> ANSWERING [-> FLUSHING] -> IDLE ...
 *                        |        |          |
 *                        |        |          +-> UPGRADED (http_upgrade.c) -+
 *                        |        +-> REFUSING --> LINGERING (unread bytes) <+> CLOSING -> FREE
 *                        +-----------------------------------------------------^ (from any)
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
#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"
#include "net/conn/http_upgrade.h"

#define LINGER_TIMEOUT_MS 2000U     /* for what a client still sends after a final answer */
#define PEER_TIMEOUT_MS   2000U     /* for the kernel to say who the peer is */
#define LINGER_SIZE_MAX   16777216U /* bytes of it; then the connection is cut */

static void name_done(struct hw_op *op);
static void farewell_done(struct hw_op *op);
static void shutdown_done(struct hw_op *op);
static void close_go(struct hw_http_conn *conn);
static void timer_fire(struct hw_timer *timer);
static void close_done(struct hw_op *op);

void hw_http_conn_set_state(struct hw_http_conn *conn, enum hw_http_conn_state state)
{
	static const uint16_t g_next[HW_CONN_STATE_COUNT] = {
		[HW_CONN_FREE] = 1U << HW_CONN_NAMING | 1U << HW_CONN_GREETING | 1U << HW_CONN_IDLE,
		[HW_CONN_NAMING] =
			1U << HW_CONN_GREETING | 1U << HW_CONN_IDLE | 1U << HW_CONN_CLOSING,
		[HW_CONN_GREETING] = 1U << HW_CONN_IDLE | 1U << HW_CONN_REFUSING |
				     1U << HW_CONN_LINGERING | 1U << HW_CONN_CLOSING,
		[HW_CONN_IDLE] = 1U << HW_CONN_HEAD | 1U << HW_CONN_CLOSING,
		[HW_CONN_HEAD] =
			1U << HW_CONN_ANSWERING | 1U << HW_CONN_REFUSING | 1U << HW_CONN_CLOSING,
		[HW_CONN_ANSWERING] = 1U << HW_CONN_IDLE | 1U << HW_CONN_UPGRADED |
				      1U << HW_CONN_FLUSHING | 1U << HW_CONN_LINGERING |
				      1U << HW_CONN_CLOSING,
		[HW_CONN_FLUSHING] =
			1U << HW_CONN_IDLE | 1U << HW_CONN_LINGERING | 1U << HW_CONN_CLOSING,
		[HW_CONN_UPGRADED] = 1U << HW_CONN_LINGERING | 1U << HW_CONN_CLOSING,
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

/* -- open -- */

static void greet(struct hw_http_conn *conn)
{
	if (conn->wants_tls) {
		hw_http_tls_greet(conn);
	} else {
		hw_http_conn_idle_begin(conn);
	}
}

void hw_http_conn_open(struct hw_http_conn *conn, const struct hw_listener *listener,
		       uint32_t socket)
{
	struct hw_http_server *server = listener->server;
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
	conn->is_loopback = listener->is_loopback;
	conn->wants_tls = listener->has_tls;
	conn->keep_alive = true;
	conn->socket_fd = -1;
	hw_list_init(&conn->splice_link);
	hw_list_init(&conn->buffer_link);
	if (server->limits.has_peers) {
		hw_http_conn_set_state(conn, HW_CONN_NAMING);
		hw_ring_fd_install(server->reactor->ring, &conn->send_op, socket, name_done);
		return;
	}
	greet(conn);
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
	if (conn->state == HW_CONN_ANSWERING) {
		hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
		conn->named(conn->named_user);
		return;
	}
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	greet(conn);
}

/* It never waits for the client; the timer is there because everything that is in flight has
 * one. */
bool hw_http_conn_peer_ask(struct hw_http_conn *conn, void (*named)(void *user), void *user)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	if (conn->peer_size != 0) {
		return false;
	}
	conn->named = named;
	conn->named_user = user;
	hw_http_conn_timer_start(conn, PEER_TIMEOUT_MS);
	hw_ring_fd_install(reactor_of(conn)->ring, &conn->send_op, conn->socket, name_done);
	return true;
}

bool hw_http_conn_is_plain(const struct hw_http_conn *conn)
{
	return conn->tls == NULL;
}

/* -- requests -- */

static void request_copy(struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span host = hw_http_request_host(request, bytes);
	struct hw_span target = hw_http_request_target(request, bytes);
	struct hw_span accept;
	conn->accepts_json = hw_http_request_field(request, bytes, HW_SPAN("Accept"), &accept) &&
			     memmem(accept.bytes, accept.size, "json", 4) != NULL;
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
	conn->has_dropped = false;
	conn->is_probing = false;
	conn->is_pausing = false;
	conn->has_left = false;
	conn->interim_size = 0;
	conn->interim_sent_size = 0;
	conn->waited_us = 0;
	conn->moved_size = 0;
	conn->handler = NULL;
	conn->upgrade = NULL;
	conn->talk = NULL;
	for (uint32_t i = 0; i < HW_REPLY_EXTRA_MAX; i++) {
		conn->reply_extra[i].size = 0;
	}
}

void hw_http_conn_request_begin(struct hw_http_conn *conn)
{
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	request_reset(conn);
	request_copy(conn);
	hw_http_body_init(conn, hw_http_conn_request(conn));
	if (conn->server->is_draining) {
		conn->keep_alive = false;
	}
	hw_http_conn_set_state(conn, HW_CONN_ANSWERING);
	conn->action = "answering";
	conn->server->route.begin(conn->server->route.user, conn);
}

void hw_http_conn_handle(struct hw_http_conn *conn, const struct hw_http_handler *handler,
			 void *talk)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(conn->is_polled || !conn->recv_op.in_flight);
	hw_assert(!conn->send_op.in_flight);
	conn->is_pausing = false;
	conn->handler = handler;
	conn->talk = talk;
}

/* What never became a request is answered by us, and then the connection ends: where the next
 * request would begin is not known. */
void hw_http_conn_refuse(struct hw_http_conn *conn, uint32_t status, const char *reason)
{
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	request_reset(conn);
	conn->keep_alive = false;
	conn->body = (struct hw_http_body){0};
	conn->method = HW_HTTP_METHOD_NONE;
	hw_http_conn_set_state(conn, HW_CONN_REFUSING);
	conn->action = "refusing";
	hw_http_conn_head_release(conn);
	conn->server->route.refuse(conn->server->route.user, conn, status, reason);
}

/* -- the end of a request -- */

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

void hw_http_conn_account(struct hw_http_conn *conn, bool is_whole)
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

void hw_http_conn_request_done(struct hw_http_conn *conn)
{
	hw_http_conn_account(conn, true);
	hw_http_unsent_let_go(conn);
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	hw_http_conn_head_release(conn);
	bool is_read = conn->body.is_over && conn->state != HW_CONN_REFUSING;
	if (conn->keep_alive && is_read) {
		hw_http_conn_idle_begin(conn);
	} else if (is_read && conn->input.bytes == NULL && !conn->has_dropped &&
		   conn->tls == NULL) {
		close_go(conn);
	} else {
		hw_http_conn_linger_begin(conn);
	}
}

void hw_http_conn_end(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING && conn->is_answered);
	hw_assert(conn->is_polled || !conn->recv_op.in_flight);
	hw_assert(!conn->send_op.in_flight);
	bool is_polled = hw_http_pause_end(conn);
	if (is_polled || hw_http_tls_unsent(conn) > 0) {
		hw_http_conn_set_state(conn, HW_CONN_FLUSHING);
	}
	if (!is_polled) {
		hw_http_conn_ended(conn);
	}
}

void hw_http_conn_ended(struct hw_http_conn *conn)
{
	if (hw_http_tls_unsent(conn) > 0) {
		hw_http_answer_flush(conn);
		return;
	}
	hw_http_conn_request_done(conn);
}

void hw_http_conn_abort(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_ANSWERING);
	hw_assert(conn->is_polled || !conn->recv_op.in_flight);
	hw_assert(!conn->send_op.in_flight);
	hw_http_conn_account(conn, false);
	hw_http_unsent_let_go(conn);
	hw_http_conn_close_begin(conn);
}

/*
 * Closing a socket that has unread bytes makes the kernel reset it, and the reset may overtake the
 * answer: so the client is told that no more comes (close_notify, FIN), and what it still sends is
 * thrown away, sealed or not, for a while.
 */
void hw_http_conn_linger_begin(struct hw_http_conn *conn)
{
	hw_http_conn_set_state(conn, HW_CONN_LINGERING);
	conn->action = "waiting for the client to read its answer";
	hw_http_conn_input_release(conn);
	/* The kernel takes an alert only behind what the client has still to take of the answer. */
	bool is_behind = conn->tls != NULL && conn->tls->is_offloaded;
	hw_http_conn_timer_start(conn, is_behind ? conn->server->limits.stall_timeout_ms
						 : LINGER_TIMEOUT_MS);
	if (conn->tls != NULL) {
		hw_http_tls_input_drop(conn);
	}
	if (!hw_http_tls_farewell(conn, farewell_done)) {
		hw_ring_shutdown(reactor_of(conn)->ring, &conn->send_op, conn->socket,
				 shutdown_done);
	}
}

static void farewell_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	hw_http_conn_timer_start(conn, LINGER_TIMEOUT_MS);
	hw_ring_shutdown(reactor_of(conn)->ring, &conn->send_op, conn->socket, shutdown_done);
}

static void shutdown_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	if (op->res < 0) {
		hw_http_conn_close_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

void hw_http_conn_linger_received(struct hw_http_conn *conn, int32_t res)
{
	hw_http_conn_input_release(conn);
	if (res <= 0) {
		hw_http_conn_close_begin(conn);
		return;
	}
	conn->lingered_size += (uint32_t)res;
	if (conn->lingered_size > LINGER_SIZE_MAX) {
		hw_http_conn_close_begin(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

/* -- time -- */

void hw_http_conn_timer_start(struct hw_http_conn *conn, uint64_t delay_ms)
{
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer, delay_ms, timer_fire);
}

void hw_http_conn_watch(struct hw_http_conn *conn, uint64_t patience_ms)
{
	uint64_t stall_ms = conn->server->limits.stall_timeout_ms;
	uint64_t waited_ms = conn->waited_us / 1000;
	uint64_t left_ms = waited_ms < stall_ms ? stall_ms - waited_ms : 1;
	conn->watched_us = reactor_of(conn)->now_us;
	conn->is_probing = false;
	hw_timer_start(&reactor_of(conn)->timers, &conn->timer, hw_min(left_ms, patience_ms),
		       timer_fire);
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
		hw_http_conn_close_begin(conn);
		return;
	}
	if (conn->is_pausing) {
		hw_http_pause_over(conn);
		return;
	}
	conn->is_probing = true;
	if (hw_http_tls_wait_end(conn)) {
		return;
	}
	if (hw_list_is_linked(&conn->buffer_link)) { /* nothing is in flight that could be ended */
		hw_list_remove(&conn->buffer_link);
		hw_http_conn_input_ended(conn, -ECANCELED);
		return;
	}
	if (!conn->is_polled) { /* that moves nothing */
		hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	}
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
}

/* -- close -- */

void hw_http_conn_drain(struct hw_http_conn *conn)
{
	conn->keep_alive = false;
	if (conn->state == HW_CONN_IDLE || conn->state == HW_CONN_NAMING ||
	    conn->state == HW_CONN_GREETING) {
		hw_http_conn_close_begin(conn);
	} else if (conn->state == HW_CONN_UPGRADED) {
		conn->upgrade->drained(conn->talk);
	}
}

void hw_http_conn_cut(struct hw_http_conn *conn)
{
	conn->is_cut = true;
	if (conn->state == HW_CONN_CLOSING) {
		return;
	}
	if (conn->state != HW_CONN_ANSWERING) {
		hw_http_conn_close_begin(conn);
		return;
	}
	if (conn->is_pausing) { /* the talk hears it from the next turn */
		hw_http_conn_timer_start(conn, 1);
		return;
	}
	if (hw_http_tls_wait_end(conn)) { /* as in timer_fire */
		return;
	}
	if (hw_list_is_linked(&conn->buffer_link)) {
		hw_list_remove(&conn->buffer_link);
		hw_http_conn_input_ended(conn, -ECANCELED);
		return;
	}
	hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
}

void hw_http_conn_close_begin(struct hw_http_conn *conn)
{
	if (conn->state == HW_CONN_FLUSHING) { /* its answer will never be whole */
		hw_http_conn_account(conn, false);
	}
	close_go(conn);
}

static void close_go(struct hw_http_conn *conn)
{
	hw_http_conn_set_state(conn, HW_CONN_CLOSING);
	conn->action = "closing";
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	conn->is_pausing = false;
	hw_list_remove(&conn->buffer_link);
	if (conn->tls != NULL) {
		hw_list_remove(&conn->tls->out_link);
	}
	hw_ring_cancel(reactor_of(conn)->ring, &conn->recv_op);
	hw_ring_cancel(reactor_of(conn)->ring, &conn->send_op);
	hw_http_conn_close_join(conn);
}

static void alert_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	hw_http_conn_close_join(conn);
}

/* False while something of it runs. What the peer did wrong is said to it first; a close that cuts
 * an answer says nothing, so that nobody takes it for the end. */
static bool tls_close(struct hw_http_conn *conn)
{
	if (conn->tls->owes_alert && hw_http_tls_farewell(conn, alert_done)) {
		hw_http_conn_timer_start(conn, LINGER_TIMEOUT_MS);
		return false;
	}
	hw_http_conn_head_release(conn);
	return hw_http_tls_close(conn);
}

/* Closing a slot with operations in flight is a race: the last one to land closes. */
void hw_http_conn_close_join(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_CLOSING);
	if (conn->recv_op.in_flight || conn->send_op.in_flight || conn->is_mailed) {
		return;
	}
	if (conn->tls != NULL && !tls_close(conn)) {
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
	hw_http_upgrade_closed(conn);
	hw_http_conn_set_state(conn, HW_CONN_FREE);
	hw_http_server_closed(conn->server, conn);
}
