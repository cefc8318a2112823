/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_echo - a server of WebSockets that says back what it hears, over the kernel's ring
 *
 *	ws_echo        prints its port, serves until it is killed
 *
 * What test_31_websocket.py asks of net/conn needs an echo, and the product has none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn/http_server.h"
#include "net/conn/ws_conn.h"
#include "net/wire/ws_deflate.h"
#include "net/wire/ws_handshake.h"

#define ECHOES_MAX 256U

struct echo {
	struct hw_ws_conn ws;
	struct hw_http_conn *conn;
	bool allows_compressed;
	char frame[HW_WS_HEAD_SIZE_MAX + HW_WS_MESSAGE_SIZE_MAX];
};

static struct hw_metrics g_metrics;
static struct hw_reactor g_reactor;
static struct hw_http_server g_server;
static struct hw_ws_server g_ws;
static struct hw_pool g_echoes;

static void message(void *user, char *bytes, uint32_t size, bool is_text)
{
	struct echo *echo = user;
	uint8_t head[HW_WS_HEAD_SIZE_MAX];
	uint32_t head_size =
		hw_ws_frame_head(is_text ? HW_WS_TEXT : HW_WS_BINARY, false, size, head);
	memcpy(echo->frame, head, head_size);
	memcpy(echo->frame + head_size, bytes, size);
	hw_ws_conn_send(&echo->ws, echo->frame, head_size + size);
}

static void sent(void *user)
{
	struct echo *echo = user;
	hw_ws_conn_message_done(&echo->ws);
}

static void closed(void *user)
{
	hw_pool_give(&g_echoes, user);
}

static const struct hw_ws_handler g_ws_handler = {message, sent, closed};

static void answered(void *user, int res)
{
	struct echo *echo = user;
	struct hw_http_conn *conn = echo->conn;
	if (res < 0) {
		hw_pool_give(&g_echoes, echo);
		hw_http_conn_abort(conn);
		return;
	}
	echo->ws.state = HW_WS_FREE;
	hw_ws_conn_open(&echo->ws, &g_ws, conn, &g_ws_handler, echo, echo->allows_compressed);
}

static void no_body(void *user, int res)
{
	(void)user;
	(void)res;
	abort();
}

static const struct hw_http_handler g_http_handler = {.body_done = no_body, .send_done = answered};

static void refuse(void *user, struct hw_http_conn *conn, uint32_t status, const char *reason)
{
	struct hw_http_writer head;
	(void)user;
	(void)reason;
	hw_http_conn_reply_begin(conn, &head, status);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), 0);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

static void begin(void *user, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	char accept[HW_WS_ACCEPT_SIZE];
	struct hw_ws_deflate deflate;
	struct hw_http_writer head;
	struct hw_span key;
	(void)user;
	struct echo *echo = hw_pool_take(&g_echoes);
	if (echo == NULL || hw_ws_handshake_judge(request, bytes, &key) != HW_WS_GOOD ||
	    hw_ws_accept_write(key, accept) < 0) {
		abort(); /* the test is wrong */
	}
	echo->conn = conn;
	hw_ws_deflate_choose(request, bytes, &deflate);
	echo->allows_compressed = deflate.is_agreed;
	hw_http_conn_handle(conn, &g_http_handler, echo);
	hw_http_conn_reply_begin(conn, &head, 101);
	hw_http_writer_field(&head, HW_SPAN("Upgrade"), HW_SPAN("websocket"));
	hw_http_writer_field(&head, HW_SPAN("Connection"), HW_SPAN("Upgrade"));
	hw_http_writer_field(&head, HW_SPAN("Sec-WebSocket-Accept"),
			     (struct hw_span){accept, sizeof(accept)});
	hw_ws_deflate_write(&head, &deflate);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

static int listener_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		return -errno;
	}
	(void)printf("%u\n", ntohs(address.sin_port)); /* a test that reads it */
	(void)fflush(stdout);
	return fd;
}

int main(void)
{
	struct hw_http_limits limits = {.connections_max = ECHOES_MAX - HW_SPARE_CONN_COUNT,
					.accept_burst_max = ECHOES_MAX,
					.head_timeout_ms = 10000,
					.idle_timeout_ms = 60000,
					.stall_timeout_ms = 60000};
	struct hw_reactor_options options = {.slab_count = 1,
					     .ring = {.in_flight_max = 1024,
						      .socket_slots = ECHOES_MAX,
						      .file_slots = 1,
						      .head_buffer_count = HW_HEAD_BUFFER_COUNT,
						      .io_workers_max = 1},
					     .metrics = &g_metrics};
	struct hw_route_port route = {.begin = begin, .refuse = refuse};
	struct hw_ring_probe probe;
	uint32_t listener = 0;
	int fd = listener_open();
	int r = hw_ring_probe(&probe);
	r = r < 0 ? r : hw_pool_init(&g_echoes, sizeof(struct echo), 64, ECHOES_MAX);
	if (fd < 0 || r < 0 || hw_reactor_init(&g_reactor, &options) < 0 ||
	    hw_ring_listener_register(g_reactor.ring, hw_ring_file_slot(g_reactor.ring, 0), fd,
				      &listener) < 0 ||
	    hw_ring_enable(g_reactor.ring) < 0 || hw_ws_server_init(&g_ws, &g_reactor) < 0 ||
	    hw_http_server_init(&g_server, &g_reactor, &route, &limits) < 0) {
		return EXIT_FAILURE;
	}
	hw_http_server_listen(&g_server, listener, true, false);
	return hw_reactor_run(&g_reactor) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
