/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a client who drips keeps no slab, one who stalls is told, and the slowest of all do not
 * keep the others from the disk.
 *
 * Method: one upload at a time over calm worlds, looked at from inside. Whatever else may go wrong
 * on the way of a body is conversation_test.c's and steps_test.c's.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

#define PUT(path, fields) "PUT " path " HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define LENGTH_3          "Content-Length: 3\r\n"
#define CHUNKED           "Transfer-Encoding: chunked\r\n"

static void rows_check(const struct talk_world_options *options, const struct talk_row *rows,
		       uint32_t count)
{
	talk_table_begin(&g_world, options);
	talk_rows_check(&g_world, NULL, rows, count);
	talk_table_end(&g_world);
}

/* 600 bytes in 0.9 s are too fast to be cut and too slow to keep a slab. */
static void drip(bool is_chunked)
{
	struct talk_world_options options = talk_world_plenty();
	options.stall_timeout_ms = 20000;
	talk_table_begin(&g_world, &options);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	const char *head = is_chunked ? PUT("/a", CHUNKED) : PUT("/a", "Content-Length: 90000\r\n");
	hw_sim_peer_write(peer, head, strlen(head));
	uint32_t held_ms = 0;
	for (uint32_t i = 0; i < 60; i++) {
		char piece[1508];
		memset(piece, 'x', sizeof(piece));
		memcpy(piece, "5dc\r\n", 5);
		memcpy(piece + 1505, "\r\n", 2);
		uint32_t skip = is_chunked ? 0 : 5;
		hw_sim_peer_write(peer, piece + skip, is_chunked ? 1507 : 1500);
		for (uint32_t j = 0; j < 9; j++) {
			talk_world_pass(&g_world, 100);
			bool is_held =
				g_world.reactor.slabs.free_count < g_world.reactor.slabs.count;
			held_ms = is_held ? held_ms + 100 : 0;
			assert_true(held_ms <= 1500);
		}
	}
	hw_sim_peer_write(peer, "0\r\n\r\n", is_chunked ? 5 : 0);
	talk_world_pass(&g_world, 3000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 201);
	talk_table_end(&g_world);
}

static void dripping_clients_keep_no_slab(void **state)
{
	(void)state;
	g_running.part = "dripping_clients_keep_no_slab";
	drip(false);
	drip(true);
}

/* Below 1 KiB/s for stall_timeout: 408, whatever the shape of the body. */
static void stalled_clients_are_told(void **state)
{
	(void)state;
	g_running.part = "stalled_clients_are_told";
	static const char *const requests[] = {
		PUT("/a", LENGTH_3),          PUT("/a", LENGTH_3) "ab",
		PUT("/a", CHUNKED),           PUT("/a", CHUNKED) "5",
		PUT("/a", CHUNKED) "5\r\nab", PUT("/a", CHUNKED) "2\r\nab\r\n0\r\n",
	};
	struct talk_world_options options = talk_world_plenty();
	options.stall_timeout_ms = 5000;
	for (uint32_t i = 0; i < hw_count_of(requests); i++) {
		struct talk_row row = {requests[i], 408, "Connection", "close", "progress"};
		rows_check(&options, &row, 1);
	}
}

/* Each takes the place of a whole chunk and then says nothing more: 32 segments of three such
 * places. The next one finds room all the same, for those who are there longest are given up. */
static void slowest_give_up_their_segment(void **state)
{
	enum { COUNT = 3 * HW_SEGMENT_OPEN_MAX + 1 };
	static struct hw_sim_peer *peers[COUNT];
	static char begun[HW_SLAB_SIZE];
	(void)state;
	g_running.part = "slowest_give_up_their_segment";
	struct talk_world_options options = talk_world_plenty();
	options.segment_size = UINT64_C(16) << 20;
	options.connections_max = COUNT + 1;
	options.uploads_max = COUNT + 1;
	talk_table_begin(&g_world, &options);
	const char *head = PUT("/a", "Content-Length: 5000000\r\n");
	for (uint32_t i = 0; i < COUNT; i++) {
		peers[i] = hw_sim_connect(g_world.reactor.ring, g_world.listener);
		hw_sim_peer_write(peers[i], head, strlen(head));
		hw_sim_peer_write(peers[i], begun, sizeof(begun));
		talk_world_pass(&g_world, 20);
	}
	static const struct talk_row good = {PUT("/a", LENGTH_3) "abc", 201, NULL, NULL, NULL};
	talk_rows_check(&g_world, NULL, &good, 1);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t status = talk_answer_status(hw_sim_peer_got(peers[i]));
		assert_int_equal(status, i < 3 ? 408 : 0);
	}
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dripping_clients_keep_no_slab),
		cmocka_unit_test(stalled_clients_are_told),
		cmocka_unit_test(slowest_give_up_their_segment),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
