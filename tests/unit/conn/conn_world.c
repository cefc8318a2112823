/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/conn_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"

static void body_done(void *talk, int res);
static void send_done(void *talk, int res);
static void body_next(struct conn_talk *talk);

static const struct hw_http_handler g_handler = {
	.body_done = body_done, .send_done = send_done, .gives_way = true};

uint8_t conn_byte(uint64_t index)
{
	return (uint8_t)(index * 31 + index / 257);
}

/* -- the talk */

static struct conn_talk *talk_take(struct conn_world *world, struct hw_http_conn *conn)
{
	for (uint32_t i = 0; i < CONN_TALKS_MAX; i++) {
		struct conn_talk *talk = &world->talks[i];
		if (talk->conn == NULL) {
			uint8_t *bytes = talk->bytes;
			*talk = (struct conn_talk){.world = world, .conn = conn, .bytes = bytes};
			return talk;
		}
	}
	hw_assert_fail("more requests than talks", __FILE__, __LINE__);
}

static void answer(struct conn_talk *talk, uint32_t status, const void *body, uint32_t size)
{
	struct hw_http_writer head;
	talk->is_waiting = false;
	hw_http_conn_reply_begin(talk->conn, &head, status);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), size);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(talk->conn, &head, body, size);
}

static void body_next(struct conn_talk *talk)
{
	struct conn_world *world = talk->world;
	if (!hw_http_conn_has_body(talk->conn)) {
		char count[32];
		int size = snprintf(count, sizeof(count), "%u", talk->size);
		if (!talk->is_echo) {
			memcpy(talk->bytes, count, (uint32_t)size);
			talk->size = (uint32_t)size;
		}
		answer(talk, 200, talk->bytes, talk->size);
		return;
	}
	if (world->waits_first && !talk->is_waiting) {
		talk->is_waiting = true;
		hw_http_conn_body_wait(talk->conn);
		return;
	}
	talk->is_waiting = false;
	talk->wanted_size = hw_min(world->recv_size, CONN_BODY_MAX - talk->size);
	hw_http_conn_body_recv(talk->conn, talk->bytes + talk->size, talk->wanted_size);
}

static void body_done(void *user, int res)
{
	struct conn_talk *talk = user;
	if (res < 0) {
		talk->world->error = res;
		if (talk->conn->is_answered || res == -ECONNRESET) {
			struct hw_http_conn *conn = hw_move(&talk->conn);
			talk->world->aborted_count++;
			hw_http_conn_abort(conn);
			return;
		}
		hw_http_conn_close_after(talk->conn);
		answer(talk, 400, "error", 5);
		return;
	}
	if (!talk->is_waiting) {
		hw_assert((uint32_t)res <= talk->wanted_size);
		talk->size += (uint32_t)res;
	}
	body_next(talk);
}

static void send_done(void *user, int res)
{
	struct conn_talk *talk = user;
	struct conn_world *world = talk->world;
	if (res == -EAGAIN) {
		world->way_count++;
		if (world->goes_on) {
			hw_http_conn_send_more(talk->conn);
		} else {
			world->wait_count++;
			talk->is_waiting = true;
			hw_http_conn_send_wait(talk->conn);
		}
		return;
	}
	if (talk->is_waiting && res == 0) { /* what was not sent is still where it was */
		talk->is_waiting = false;
		hw_http_conn_send_more(talk->conn);
		return;
	}
	struct hw_http_conn *conn = hw_move(&talk->conn);
	if (res < 0) {
		world->aborted_count++;
		hw_http_conn_abort(conn);
		return;
	}
	world->ended_count++;
	hw_http_conn_end(conn);
}

static void named(void *user)
{
	struct conn_talk *talk = user;
	struct hw_address peer = hw_address_of(talk->conn->peer, talk->conn->peer_size);
	hw_address_print(&peer, (char *)talk->bytes);
	answer(talk, 200, talk->bytes, (uint32_t)strlen((const char *)talk->bytes));
}

static void begin(void *user, struct hw_http_conn *conn)
{
	struct conn_world *world = user;
	if (world->takes != NULL && world->takes(world, conn)) {
		return;
	}
	struct conn_talk *talk = talk_take(world, conn);
	struct hw_span target =
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn));
	uint32_t size = hw_min(target.size, (uint32_t)sizeof(world->target) - 1);
	memcpy(world->target, target.bytes, size);
	world->target[size] = '\0';
	world->begun_count++;
	hw_http_conn_handle(conn, &g_handler, talk);
	talk->is_echo = strcmp(world->target, "/echo") == 0;
	talk->is_held = strcmp(world->target, "/hold") == 0;
	if (strcmp(world->target, "/bytes") == 0) {
		for (uint32_t i = 0; i < world->answer_size; i++) {
			talk->bytes[i] = conn_byte(i);
		}
		answer(talk, 200, talk->bytes, world->answer_size);
	} else if (strcmp(world->target, "/peer") == 0) {
		if (!hw_http_conn_peer_ask(conn, named, talk)) {
			named(talk);
		}
	} else if (!talk->is_held) {
		body_next(talk);
	}
}

static void refuse(void *user, struct hw_http_conn *conn, uint32_t status, const char *reason)
{
	struct conn_world *world = user;
	struct hw_http_writer head;
	world->refused_count++;
	hw_http_conn_reply_begin(conn, &head, status);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), strlen(reason));
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, reason, strlen(reason));
}

struct conn_talk *conn_held(struct conn_world *world)
{
	struct conn_talk *held = NULL;
	for (uint32_t i = 0; i < CONN_TALKS_MAX; i++) {
		if (world->talks[i].conn != NULL && world->talks[i].is_held) {
			hw_assert(held == NULL);
			held = &world->talks[i];
		}
	}
	hw_assert(held != NULL);
	return held;
}

void conn_release(struct conn_talk *talk)
{
	talk->is_held = false;
	answer(talk, 200, "held", 4);
}

/* -- the world */

struct conn_options conn_plenty(void)
{
	return (struct conn_options){
		.limits = {.connections_max = 8,
			   .accept_burst_max = 4,
			   .head_timeout_ms = 10000,
			   .idle_timeout_ms = 20000,
			   .stall_timeout_ms = 15000},
		.head_buffer_count = 16,
	};
}

void conn_start(struct conn_world *world, const struct conn_options *options)
{
	memset(world, 0, sizeof(*world));
	world->recv_size = 65536;
	for (uint32_t i = 0; i < CONN_TALKS_MAX; i++) {
		world->talks[i].bytes = malloc(CONN_BODY_MAX);
		assert_non_null(world->talks[i].bytes);
	}
	struct hw_reactor_options reactor = {
		.index = options->index,
		.slab_count = 1,
		.ring = {.in_flight_max = 256 + 2 * options->limits.connections_max,
			 .socket_slots = options->limits.connections_max + options->spare_slots,
			 .file_slots = 3,
			 .head_buffer_count = options->head_buffer_count},
		.metrics = &world->metrics,
	};
	assert_int_equal(hw_reactor_init(&world->reactor, &reactor), 0);
	world->listener = hw_ring_file_slot(world->reactor.ring, 0);
	for (uint32_t i = 0; i <= options->more_listeners; i++) {
		assert_int_equal(hw_ring_file_register(world->reactor.ring, world->listener + i,
						       hw_sim_listener_fd()),
				 0);
	}
	assert_int_equal(hw_ring_enable(world->reactor.ring), 0);
	struct hw_route_port route = {.user = world, .begin = begin, .refuse = refuse};
	assert_int_equal(
		hw_http_server_init(&world->server, &world->reactor, &route, &options->limits), 0);
	world->server.buffers_free = options->head_buffer_count;
	if (options->contexts != NULL) {
		struct hw_tls_options tls = {.contexts = options->contexts,
					     .hsts_s = 60,
					     .kernel_ciphers = options->kernel_ciphers};
		assert_int_equal(hw_http_server_tls(&world->server, &tls), 0);
	}
	for (uint32_t i = 0; i <= options->more_listeners; i++) {
		hw_http_server_listen(&world->server, world->listener + i, true,
				      options->contexts != NULL);
	}
}

static int pump(struct conn_world *world, bool (*is_finished)(void *), uint64_t ms)
{
	struct hw_sim_pump run = {.actors = {hw_sim_actor_reactor(&world->reactor)},
				  .count = 1,
				  .is_finished = is_finished,
				  .user = world,
				  .limit_ms = ms};
	return hw_sim_pump(&run);
}

void conn_pass(struct conn_world *world, uint64_t ms)
{
	if (ms > 0) { /* 0 is the pump's own limit */
		assert_int_equal(pump(world, NULL, ms), 0);
	}
}

static bool is_idle(void *user)
{
	struct conn_world *world = user;
	return hw_http_server_is_idle(&world->server) &&
	       hw_ring_in_flight_count(world->reactor.ring) == 0;
}

void conn_stop(struct conn_world *world)
{
	if (!world->server.is_draining) {
		hw_http_server_drain(&world->server);
	}
	assert_int_equal(pump(world, is_idle, 0), 0);
	assert_int_equal(world->reactor.timers.count, 0);
	assert_true(hw_list_is_empty(&world->server.buffer_waiters));
	assert_int_equal(hw_pool_used_count(&world->server.conns), 0);
	assert_int_equal(hw_pool_used_count(&world->server.heads), 0);
	assert_int_equal(hw_pool_used_count(&world->server.spills), 0);
	if (world->server.tls.is_on) {
		struct hw_tls_server *tls = &world->server.tls;
		assert_int_equal(hw_pool_used_count(&tls->conns), 0);
		assert_int_equal(hw_pool_used_count(&tls->handshakes), 0);
		assert_int_equal(hw_pool_used_count(&tls->records), 0);
		assert_int_equal(hw_pool_used_count(&tls->batches), 0);
		assert_true(hw_list_is_empty(&tls->in_waiters));
		assert_true(hw_list_is_empty(&tls->out_waiters));
		assert_true(hw_list_is_empty(&tls->greeting));
	}
	for (uint32_t i = 0; i < CONN_TALKS_MAX; i++) {
		assert_null(world->talks[i].conn);
		free(world->talks[i].bytes);
	}
	hw_http_server_deinit(&world->server);
	hw_reactor_deinit(&world->reactor);
}

struct hw_sim_peer *conn_connect(struct conn_world *world)
{
	return hw_sim_connect(world->reactor.ring, world->listener);
}

struct hw_sim_peer *conn_connect_by(struct conn_world *world, uint32_t listener)
{
	return hw_sim_connect(world->reactor.ring, world->listener + listener);
}

void conn_say(struct hw_sim_peer *peer, const char *text)
{
	hw_sim_peer_write(peer, text, strlen(text));
}

struct hw_sim_peer *conn_ask(struct conn_world *world, const char *text)
{
	struct hw_sim_peer *peer = conn_connect(world);
	conn_say(peer, text);
	conn_pass(world, 100);
	return peer;
}

bool conn_got(struct hw_sim_peer *peer, const char *text)
{
	struct hw_span got = hw_sim_peer_got(peer);
	return got.size > 0 && memmem(got.bytes, got.size, text, strlen(text)) != NULL;
}

bool conn_got_status(struct hw_sim_peer *peer, uint32_t status)
{
	struct hw_span got = hw_sim_peer_got(peer);
	return got.size > 12 && strncmp(got.bytes, "HTTP/1.1 ", 9) == 0 &&
	       strtoul(got.bytes + 9, NULL, 10) == status;
}

uint32_t conn_answer_count(struct hw_sim_peer *peer)
{
	struct hw_span got = hw_sim_peer_got(peer);
	uint32_t count = 0;
	while (got.size > 0) {
		const char *at = memmem(got.bytes, got.size, "HTTP/1.1 ", 9);
		if (at == NULL) {
			break;
		}
		count++;
		got = hw_span_skip(got, (uint32_t)(at - got.bytes) + 9);
	}
	return count;
}

bool conn_is_over(struct hw_sim_peer *peer)
{
	return hw_sim_peer_has_end(peer) || hw_sim_peer_is_closed(peer) ||
	       hw_sim_peer_is_reset(peer);
}
