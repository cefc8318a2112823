/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a client that leaves while its answer pauses is seen, and one that stays is not disturbed;
 * the poll is there for long pauses only, stays while bytes are sent, and has landed before the
 * next request.
 *
 * Method: a talk that sends its answer in pieces when the test says so; clients that reset, end
 * their side and stay, in a pause and between pauses; the daemon stops; two requests on one
 * connection.
 */
#include <errno.h>
#include <string.h>

#include "tests/sim/seeds.h"
#include "tests/unit/conn/conn_world.h"

#define GET "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n"

static struct conn_world g_world;

static struct {
	struct hw_http_conn *conn; /* NULL: no request */
	uint32_t left_count;
	uint32_t begun_count;
	int left; /* what left said */
	bool is_sending;
	bool is_last;
} g_talk;

static char g_piece[1000];

static void sent(void *user, int res)
{
	(void)user;
	g_talk.is_sending = false;
	if (res < 0) {
		hw_http_conn_abort(hw_move(&g_talk.conn));
	} else if (g_talk.is_last) {
		hw_http_conn_end(hw_move(&g_talk.conn));
	} else {
		hw_http_conn_send_pause(g_talk.conn);
	}
}

static void left(void *user, int res)
{
	(void)user;
	assert_false(g_talk.is_sending);
	g_talk.left = res;
	g_talk.left_count++;
	hw_http_conn_abort(hw_move(&g_talk.conn));
}

static void no_body(void *user, int res)
{
	(void)user;
	(void)res;
	hw_assert_fail("it asked for no body", __FILE__, __LINE__);
}

static const struct hw_http_handler g_handler = {
	.body_done = no_body, .send_done = sent, .left = left};

/* Nothing is said yet: the first piece goes behind the head. */
static bool takes(struct conn_world *world, struct hw_http_conn *conn)
{
	(void)world;
	g_talk.conn = conn;
	g_talk.begun_count++;
	g_talk.is_last = false;
	hw_http_conn_handle(conn, &g_handler, &g_talk);
	hw_http_conn_head_release(conn);
	hw_http_conn_send_pause(conn);
	hw_http_conn_send_pause(conn); /* once more is nothing */
	return true;
}

static void head_send(uint32_t piece_count)
{
	struct hw_http_writer head;
	g_talk.is_sending = true;
	hw_http_conn_reply_begin(g_talk.conn, &head, 200);
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"),
				    piece_count * (uint64_t)sizeof(g_piece));
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(g_talk.conn, &head, NULL, 0);
}

static void piece_send(bool is_last)
{
	struct iovec iov = {g_piece, sizeof(g_piece)};
	g_talk.is_last = is_last;
	g_talk.is_sending = true;
	hw_http_conn_send(g_talk.conn, &iov, 1);
}

static void begin(uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct conn_options options = conn_plenty();
	hw_sim_begin(&sim);
	conn_start(&g_world, &options);
	g_world.takes = takes;
	memset(&g_talk, 0, sizeof(g_talk));
}

static void end(void)
{
	conn_stop(&g_world);
	assert_null(g_talk.conn);
	hw_sim_end();
}

static struct hw_sim_peer *come(void)
{
	struct hw_sim_peer *peer = conn_connect(&g_world);
	conn_say(peer, GET);
	conn_pass(&g_world, 100);
	assert_non_null(g_talk.conn);
	return peer;
}

static void leave(struct hw_sim_peer *peer, bool is_reset)
{
	if (is_reset) {
		hw_sim_peer_reset(peer);
	} else {
		hw_sim_peer_shutdown(peer);
	}
}

/* Before the first byte, between two, and after many pauses. */
static void who_leaves_is_seen(void **state)
{
	(void)state;
	g_running.part = "who_leaves_is_seen";
	for (uint32_t i = 0; i < 12; i++) {
		bool is_late = i % 4 >= 2;
		begin(i);
		struct hw_sim_peer *peer = come();
		conn_pass(&g_world, is_late ? 1500 : 0);
		if (i >= 4) {
			head_send(9);
			conn_pass(&g_world, is_late ? 1500 : 100);
		}
		if (i >= 8) {
			piece_send(false);
			conn_pass(&g_world, is_late ? 5000 : 100);
		}
		leave(peer, i % 2 == 0);
		conn_pass(&g_world, is_late ? 100 : 1200);
		assert_int_equal(g_talk.left_count, 1);
		assert_int_equal(g_talk.left, -ECONNRESET);
		assert_true(hw_sim_peer_is_closed(peer));
		end();
	}
}

static void short_pauses_poll_nothing(void **state)
{
	(void)state;
	g_running.part = "short_pauses_poll_nothing";
	begin(1);
	struct hw_sim_peer *peer = come();
	head_send(9);
	for (uint32_t i = 0; i < 9; i++) {
		conn_pass(&g_world, 900);
		assert_false(g_talk.conn->recv_op.in_flight);
		piece_send(i == 8);
		hw_sim_peer_shutdown(peer); /* it reads on: it gets all */
	}
	conn_pass(&g_world, 100);
	assert_int_equal(g_talk.left_count, 0);
	assert_int_equal(g_world.reactor.timers.count, 0);
	end();
}

/* The poll lands before the next request, which may be there already. */
static void requests_follow(void **state)
{
	(void)state;
	g_running.part = "requests_follow";
	for (uint32_t i = 0; i < 8; i++) {
		bool is_early = i % 2 == 1;
		begin(i);
		struct hw_sim_peer *peer = come();
		if (is_early) {
			conn_say(peer, GET);
		}
		head_send(2);
		conn_pass(&g_world, 3000);
		assert_true(g_talk.conn->recv_op.in_flight);
		piece_send(false);
		conn_pass(&g_world, 100);
		assert_true(g_talk.conn->recv_op.in_flight);
		piece_send(true);
		conn_pass(&g_world, 100);
		if (!is_early) {
			assert_null(g_talk.conn);
			conn_say(peer, GET);
			conn_pass(&g_world, 100);
		}
		assert_int_equal(g_talk.begun_count, 2);
		head_send(1);
		conn_pass(&g_world, 100);
		piece_send(true);
		conn_pass(&g_world, 100);
		assert_int_equal(conn_answer_count(peer), 2);
		assert_int_equal(g_talk.left_count, 0);
		end();
	}
}

/* Who ended its side while bytes came is gone when there are none for a second. */
static void an_end_while_sending_waits(void **state)
{
	(void)state;
	g_running.part = "an_end_while_sending_waits";
	for (uint32_t is_over = 0; is_over < 2; is_over++) {
		begin(is_over);
		struct hw_sim_peer *peer = come();
		head_send(3);
		conn_pass(&g_world, 3000);
		hw_sim_peer_hold(peer, true);
		hw_sim_peer_window_set(peer, 10);
		piece_send(is_over == 1);
		conn_pass(&g_world, 100);
		hw_sim_peer_shutdown(peer);
		conn_pass(&g_world, 2500);
		assert_int_equal(g_talk.left_count, 0);
		assert_non_null(g_talk.conn);
		hw_sim_peer_hold(peer, false);
		conn_pass(&g_world, 500);
		assert_int_equal(g_talk.left_count, 0);
		conn_pass(&g_world, 1000);
		assert_int_equal(g_talk.left_count, 1 - is_over);
		end();
	}
}

static void a_stop_is_heard(void **state)
{
	(void)state;
	g_running.part = "a_stop_is_heard";
	for (uint32_t i = 0; i < 3; i++) {
		begin(i);
		struct hw_sim_peer *peer = come();
		conn_pass(&g_world, i * 1500);
		hw_http_server_drain(&g_world.server);
		conn_pass(&g_world, 2000);
		assert_int_equal(g_talk.left_count, 0);
		hw_http_server_cut(&g_world.server);
		conn_pass(&g_world, 50);
		assert_int_equal(g_talk.left_count, 1);
		assert_int_equal(g_talk.left, -ESHUTDOWN);
		assert_true(hw_sim_peer_is_closed(peer));
		end();
	}
}

/* The client resets, the daemon stops: in every millisecond around the end of an answer. */
static void ends_meet(void **state)
{
	(void)state;
	g_running.part = "ends_meet";
	for (uint32_t i = 0; i < 240; i++) {
		g_running.place = i;
		begin(i);
		struct hw_sim_peer *peer = come();
		head_send(1);
		conn_pass(&g_world, 1090 + i % 20);
		if (g_talk.conn != NULL) {
			piece_send(true);
		}
		conn_pass(&g_world, i / 20 % 3);
		if (i < 60) {
			hw_sim_peer_reset(peer);
		} else if (i < 120) {
			hw_sim_peer_shutdown(peer);
		} else if (i < 180) {
			hw_http_server_drain(&g_world.server);
		} else {
			hw_http_server_drain(&g_world.server);
			hw_http_server_cut(&g_world.server);
		}
		conn_pass(&g_world, 3000);
		assert_true(hw_sim_peer_is_closed(peer));
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_leaves_is_seen), cmocka_unit_test(short_pauses_poll_nothing),
		cmocka_unit_test(requests_follow),    cmocka_unit_test(an_end_while_sending_waits),
		cmocka_unit_test(a_stop_is_heard),    cmocka_unit_test(ends_meet),
	};
	seeds_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
