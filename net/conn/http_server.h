/* SPDX-License-Identifier: Apache-2.0
 *
 * http_server.h - the connections of one reactor: listeners, pools, limits
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the pools of connections, heads and spilled heads
 * Limits: connections_max; head_count heads being read or looked at; spill_count of them longer
 * than one buffer or in pieces
 */
#ifndef HW_NET_CONN_HTTP_SERVER_H
#define HW_NET_CONN_HTTP_SERVER_H

#include "core/base/pool.h"
#include "net/conn/http_conn.h"
#include "net/conn/http_handover.h"
#include "net/conn/tls_server.h"

#define HW_LISTENER_COUNT_MAX 16U
#define HW_HEAD_BUFFER_COUNT  256U /* of HW_HEAD_BUFFER_SIZE; all of a reactor: 2 MiB */
#define HW_HEAD_SPILL_COUNT   128U /* of HW_HEAD_SIZE_MAX: slow or long heads at a time; 4 MiB */
/* Connections beyond connections_max: those that each listener's accept still takes, and those
 * that were handed over by others who have not heard yet. So all who come have a place. */
#define HW_SPARE_CONN_COUNT  (HW_LISTENER_COUNT_MAX + HW_HANDOVERS_UNSEEN_MAX)
#define HW_PROGRESS_RATE_MIN 1024U /* bytes/s; slower is a stall */

/* PORT: what requests mean; plugged by core/main. */
struct hw_route_port {
	void *user;
	/* A request is complete; the talk drives @conn from here. Must not be answered from inside
	 * a callback of the caller's; it may be answered at once. */
	void (*begin)(void *user, struct hw_http_conn *conn);
	/* An answer to a request that never became a talk's: @status and a sentence. Writes the
	 * whole answer into
	 * @conn's reply buffer and sends it with hw_http_conn_reply_send(). */
	void (*refuse)(void *user, struct hw_http_conn *conn, uint32_t status, const char *reason);
};

struct hw_http_limits {
	uint32_t connections_max;
	/* Connections that an accept of many brings before we hear of the first: the listener's
	 * backlog, and who comes meanwhile. */
	uint32_t accept_burst_max;
	uint32_t head_timeout_ms;
	uint32_t idle_timeout_ms;
	uint32_t stall_timeout_ms;
	bool has_access_log;
	bool has_peers; /* each connection's peer is asked for when it comes */
};

struct hw_listener {
	struct hw_op op;
	struct hw_timer timer; /* before it is armed again after an error */
	struct hw_http_server *server;
	uint32_t slot;
	uint32_t places; /* connections that the accept in flight may still bring */
	bool is_loopback;
	bool has_tls;
};

struct hw_http_server {
	struct hw_reactor *reactor;
	struct hw_route_port route;
	struct hw_http_limits limits;
	struct hw_pool conns;
	struct hw_pool heads;
	struct hw_pool spills;
	struct hw_tls_server tls;
	struct hw_handovers handovers;
	struct hw_list open_conns;
	struct hw_list buffer_waiters;
	struct hw_turn_hook hook; /* hands freed buffers to those who wait */
	struct hw_list splicers;  /* who has pages to send (http_splice.c) */
	struct hw_turn_hook splice_hook;
	struct hw_turn_hook accept_hook; /* ends accepts that could bring too many */
	struct hw_listener listeners[HW_LISTENER_COUNT_MAX];
	uint32_t listener_count;
	uint32_t buffers_free; /* head buffers nobody holds */
	bool is_draining;
};

/* Bytes of the pools: the budget's term. */
uint64_t hw_http_server_bytes(const struct hw_http_limits *limits);
int hw_http_server_init(struct hw_http_server *server, struct hw_reactor *reactor,
			const struct hw_route_port *route,
			const struct hw_http_limits *limits) HW_MUST_CHECK;
/* After init: some of its listeners speak TLS. Returns 0 or -ENOMEM. */
int hw_http_server_tls(struct hw_http_server *server,
		       const struct hw_tls_options *options) HW_MUST_CHECK;
/* After init: there are others; connections are spread over all. @homes: by index of reactor, lent
 * until deinit; const from the first turn on. */
void hw_http_server_spread(struct hw_http_server *server, const struct hw_server_home *homes,
			   uint32_t home_count);
void hw_http_server_deinit(struct hw_http_server *server);

/* Accept on the listener in ring slot @slot, from the reactor's first turn on. */
void hw_http_server_listen(struct hw_http_server *server, uint32_t slot, bool is_loopback,
			   bool has_tls);
/* No new connections; idle ones close, the others after their answer. */
void hw_http_server_drain(struct hw_http_server *server);
/* What still runs ends now, with an error to its client. */
void hw_http_server_cut(struct hw_http_server *server);
bool hw_http_server_is_idle(const struct hw_http_server *server);

/* -- for http_handover.c -- */

/* @socket: moved, unless there is no connection left for it: false. */
bool hw_http_server_take(struct hw_listener *listener, uint32_t socket) HW_MUST_CHECK;
/* Somebody left: listeners that had paused accept again. */
void hw_http_server_resume(struct hw_http_server *server);

/* -- for http_conn.c -- */

void hw_http_server_closed(struct hw_http_server *server, struct hw_http_conn *conn);
void hw_http_server_buffer_give(struct hw_http_server *server, uint16_t buffer_id);

#endif
