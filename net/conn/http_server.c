/* SPDX-License-Identifier: Apache-2.0
 *
 *   listen -> accept_submit -> accept_done -> (http_handover.c) -> take -> hw_http_conn_open
 *      |           ^               | (that accept has ended)               ... closed
 *      |           +--- timer -----+ (after an error: not at once, or it would spin)
 *      +-> accepts_fit, each turn: no accept may bring more than there are places
 */
#include "net/conn/http_server.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/conn/http_steps.h"

#define ACCEPT_RETRY_MS 100U

static void accept_submit(struct hw_listener *listener);
static bool accepts_fit(struct hw_turn_hook *hook);
static void accept_done(struct hw_op *op);
static void listener_close(struct hw_listener *listener);
static bool buffers_hand_out(struct hw_turn_hook *hook);

static uint32_t head_count(void)
{
	return HW_HEAD_BUFFER_COUNT + HW_HEAD_SPILL_COUNT;
}

uint64_t hw_http_server_bytes(const struct hw_http_limits *limits)
{
	return hw_pool_bytes(sizeof(struct hw_http_conn), 64,
			     limits->connections_max + HW_SPARE_CONN_COUNT) +
	       hw_pool_bytes(sizeof(struct hw_http_head), 64, head_count()) +
	       hw_pool_bytes(HW_HEAD_SIZE_MAX, 64, HW_HEAD_SPILL_COUNT) +
	       (uint64_t)HW_HEAD_BUFFER_COUNT * HW_HEAD_BUFFER_SIZE + hw_handovers_bytes();
}

int hw_http_server_init(struct hw_http_server *server, struct hw_reactor *reactor,
			const struct hw_route_port *route, const struct hw_http_limits *limits)
{
	hw_assert(limits->accept_burst_max > 0);
	memset(server, 0, sizeof(*server));
	server->reactor = reactor;
	server->route = *route;
	server->limits = *limits;
	server->hook.run = buffers_hand_out;
	server->splice_hook.run = hw_http_splices_run;
	server->accept_hook.run = accepts_fit;
	hw_list_init(&server->splicers);
	server->buffers_free = HW_HEAD_BUFFER_COUNT;
	hw_list_init(&server->open_conns);
	hw_list_init(&server->buffer_waiters);
	int r = hw_pool_init(&server->conns, sizeof(struct hw_http_conn), 64,
			     limits->connections_max + HW_SPARE_CONN_COUNT);
	if (r >= 0) {
		r = hw_pool_init(&server->heads, sizeof(struct hw_http_head), 64, head_count());
	}
	if (r >= 0) {
		r = hw_pool_init(&server->spills, HW_HEAD_SIZE_MAX, 64, HW_HEAD_SPILL_COUNT);
	}
	if (r >= 0) {
		r = hw_handovers_init(&server->handovers);
	}
	if (r < 0) {
		hw_http_server_deinit(server);
		return r;
	}
	hw_reactor_hook_add(reactor, &server->hook);
	hw_reactor_hook_add(reactor, &server->splice_hook);
	hw_reactor_hook_add(reactor, &server->accept_hook);
	return 0;
}

int hw_http_server_tls(struct hw_http_server *server, const struct hw_tls_options *options)
{
	return hw_tls_server_init(&server->tls, server->reactor, options,
				  server->limits.connections_max + HW_SPARE_CONN_COUNT);
}

void hw_http_server_spread(struct hw_http_server *server, const struct hw_server_home *homes,
			   uint32_t home_count)
{
	hw_assert(server->reactor->index < home_count && home_count <= HW_REACTOR_COUNT_MAX);
	server->handovers.homes = homes;
	server->handovers.home_count = home_count;
}

void hw_http_server_deinit(struct hw_http_server *server)
{
	hw_tls_server_deinit(&server->tls);
	hw_handovers_deinit(&server->handovers);
	hw_pool_deinit(&server->spills);
	hw_pool_deinit(&server->heads);
	hw_pool_deinit(&server->conns);
}

/* -- listeners -- */

void hw_http_server_listen(struct hw_http_server *server, uint32_t slot, bool is_loopback,
			   bool has_tls)
{
	hw_assert(!has_tls || server->tls.is_on);
	hw_assert(server->listener_count < HW_LISTENER_COUNT_MAX);
	struct hw_listener *listener = &server->listeners[server->listener_count++];
	listener->server = server;
	listener->slot = slot;
	listener->is_loopback = is_loopback;
	listener->has_tls = has_tls;
	accept_submit(listener);
}

/* What is on its way to another reactor has a slot here until it is there. */
static uint32_t used_count(const struct hw_http_server *server)
{
	return hw_pool_used_count(&server->conns) + hw_pool_used_count(&server->handovers.pool);
}

static bool is_full(const struct hw_http_server *server)
{
	return used_count(server) >= server->limits.connections_max;
}

/* Any completion that has come may be a connection that has its slot already. */
static uint32_t free_count(const struct hw_http_server *server)
{
	uint32_t used = used_count(server) + hw_ring_ready_count(server->reactor->ring);
	return server->limits.connections_max - hw_min(used, server->limits.connections_max);
}

/* Places that the accepts in flight may still fill. */
static uint32_t promised_count(const struct hw_http_server *server)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < server->listener_count; i++) {
		const struct hw_listener *listener = &server->listeners[i];
		count += listener->op.in_flight ? listener->places : 0;
	}
	return count;
}

/* Many only where each has its place: an accept that finds none closes the connection, which waits
 * in the kernel's backlog otherwise. One has its place among the spare ones. */
static void accept_submit(struct hw_listener *listener)
{
	struct hw_http_server *server = listener->server;
	struct hw_ring *ring = server->reactor->ring;
	uint32_t burst = server->limits.accept_burst_max;
	if (hw_ring_has_accept_many(ring) && free_count(server) >= promised_count(server) + burst) {
		listener->places = burst;
		hw_ring_accept_many(ring, &listener->op, listener->slot, accept_done);
	} else {
		listener->places = 1;
		hw_ring_accept(ring, &listener->op, listener->slot, accept_done);
	}
}

/* Before each time that the ring may take more: those who came since have taken places that were
 * promised to others. What is cancelled with that submit brings no more; it goes on one by one. */
static bool accepts_fit(struct hw_turn_hook *hook)
{
	struct hw_http_server *server = hw_container_of(hook, struct hw_http_server, accept_hook);
	uint32_t promised = promised_count(server);
	for (uint32_t i = 0; i < server->listener_count && promised > free_count(server); i++) {
		struct hw_listener *listener = &server->listeners[i];
		if (listener->op.in_flight && listener->places > 1) {
			hw_ring_cancel(server->reactor->ring, &listener->op);
			promised -= listener->places - 1;
			listener->places = 1;
		}
	}
	return false;
}

static void retry_fire(struct hw_timer *timer)
{
	struct hw_listener *listener = hw_container_of(timer, struct hw_listener, timer);
	if (!listener->server->is_draining) {
		accept_submit(listener);
	}
}

static void open_note(struct hw_http_server *server)
{
	uint32_t count = hw_pool_used_count(&server->conns);
	hw_metrics_set(server->reactor->metrics, HW_METRIC_connections_open, count);
	hw_metrics_set(server->reactor->metrics, HW_METRIC_connections_fullest, count);
}

bool hw_http_server_take(struct hw_listener *listener, uint32_t socket)
{
	struct hw_http_server *server = listener->server;
	struct hw_http_conn *conn = hw_pool_take(&server->conns);
	if (conn == NULL) {
		return false;
	}
	hw_list_append(&server->open_conns, &conn->link);
	open_note(server);
	hw_http_conn_open(conn, listener, socket);
	return true;
}

static void accept_done(struct hw_op *op)
{
	struct hw_listener *listener = hw_container_of(op, struct hw_listener, op);
	struct hw_http_server *server = listener->server;
	int res = op->res;
	bool has_ended = !op->has_more;
	if (res >= 0) {
		hw_metrics_add(server->reactor->metrics, HW_METRIC_connections_accepted, 1);
		bool has_gone = hw_handover_begin(listener, (uint32_t)res) ||
				hw_http_server_take(listener, (uint32_t)res);
		if (!has_gone) { /* the last places were taken by handovers meanwhile */
			hw_metrics_add(server->reactor->metrics, HW_METRIC_accept_drops, 1);
			hw_ring_socket_drop(server->reactor->ring, (uint32_t)res);
		}
	}
	if (!has_ended) {
		return;
	}
	if (server->is_draining) {
		listener_close(listener);
		return;
	}
	if (is_full(server)) {
		hw_metrics_add(server->reactor->metrics, HW_METRIC_accept_pauses, 1);
		return; /* hw_http_server_closed goes on */
	}
	if (res >= 0 || res == -ECANCELED) {
		accept_submit(listener);
		return;
	}
	hw_metrics_add(server->reactor->metrics, HW_METRIC_accept_pauses, 1);
	HW_LOG(HW_LOG_WARN, "accept.failed", HW_F_ERRNO("error", res));
	hw_timer_start(&server->reactor->timers, &listener->timer, ACCEPT_RETRY_MS, retry_fire);
}

static void listener_closed(struct hw_op *op)
{
	(void)op; /* hw_http_server_is_idle looks at it */
}

/* Nobody is left waiting in a backlog that is never looked at again, and with SO_REUSEPORT the
 * next daemon gets all who come. */
static void listener_close(struct hw_listener *listener)
{
	listener->places = 0;
	hw_ring_close(listener->server->reactor->ring, &listener->op, listener->slot,
		      listener_closed);
}

void hw_http_server_drain(struct hw_http_server *server)
{
	server->is_draining = true;
	for (uint32_t i = 0; i < server->listener_count; i++) {
		struct hw_listener *listener = &server->listeners[i];
		hw_timer_stop(&server->reactor->timers, &listener->timer);
		if (listener->op.in_flight) {
			hw_ring_cancel(server->reactor->ring, &listener->op);
		} else {
			listener_close(listener);
		}
	}
	struct hw_list *link = server->open_conns.next;
	while (link != &server->open_conns) {
		struct hw_list *next = link->next;
		hw_http_conn_drain(hw_container_of(link, struct hw_http_conn, link));
		link = next;
	}
}

void hw_http_server_cut(struct hw_http_server *server)
{
	hw_assert(server->is_draining);
	struct hw_list *link = server->open_conns.next;
	while (link != &server->open_conns) {
		struct hw_list *next = link->next;
		hw_http_conn_cut(hw_container_of(link, struct hw_http_conn, link));
		link = next;
	}
}

bool hw_http_server_is_idle(const struct hw_http_server *server)
{
	for (uint32_t i = 0; i < server->listener_count; i++) {
		if (server->listeners[i].op.in_flight) {
			return false;
		}
	}
	return hw_list_is_empty(&server->open_conns) &&
	       hw_pool_used_count(&server->handovers.pool) == 0;
}

/* -- what connections give back -- */

void hw_http_server_closed(struct hw_http_server *server, struct hw_http_conn *conn)
{
	hw_list_remove(&conn->link);
	hw_pool_give(&server->conns, conn);
	open_note(server);
	hw_http_server_resume(server);
}

void hw_http_server_resume(struct hw_http_server *server)
{
	for (uint32_t i = 0; i < server->listener_count; i++) {
		struct hw_listener *listener = &server->listeners[i];
		bool is_paused = !listener->op.in_flight && !hw_timer_is_running(&listener->timer);
		if (is_paused && !server->is_draining && !is_full(server)) {
			accept_submit(listener);
		}
	}
}

void hw_http_server_buffer_give(struct hw_http_server *server, uint16_t buffer_id)
{
	hw_assert(server->buffers_free < HW_HEAD_BUFFER_COUNT);
	server->buffers_free++;
	hw_ring_head_give(server->reactor->ring, buffer_id);
}

/* As many of those who wait as there are buffers: more would only be told ENOBUFS again
 * (HAZARDS 1.14). */
static bool buffers_hand_out(struct hw_turn_hook *hook)
{
	struct hw_http_server *server = hw_container_of(hook, struct hw_http_server, hook);
	uint32_t count = server->buffers_free;
	while (count > 0 && !hw_list_is_empty(&server->buffer_waiters)) {
		struct hw_list *link = hw_list_take_first(&server->buffer_waiters);
		hw_http_conn_buffer_ready(hw_container_of(link, struct hw_http_conn, buffer_link));
		count--;
	}
	return false;
}
