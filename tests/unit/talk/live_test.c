/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: of what is not stored, every receiver who is there gets every byte, at the pace of the
 * slowest; who is late is told, who is left alone is cut, and nobody waits for ever. Of what is
 * stored, nobody sees bytes that their checksum throws away.
 *
 * Method: PUTs into a live share over calm worlds, with receivers of all kinds. Followers of what
 * is stored are follower_test.c's.
 */
#include "net/talk/live.h"

#include "tests/unit/talk/live_world.h"

#define RECEIVERS 5U

/* Nothing of it may have come to the disk. */
static void end(void)
{
	assert_int_equal(hw_metrics_read(&g_world.metrics, HW_METRIC_segment_write_bytes), 0);
	talk_table_end(&g_world);
}

static void all_receivers_get_all(void **state)
{
	static struct hw_sim_peer *receivers[RECEIVERS];
	(void)state;
	g_running.part = "all_receivers_get_all";
	uint64_t sizes[] = {0, 1, 16384, 300000, 21 * MIB + 5};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		live_begin(HW_SHARE_LIVE);
		struct hw_sim_peer *sender = sender_begin(sizes[i], false);
		for (uint32_t j = 0; j < RECEIVERS && sizes[i] > 0; j++) {
			receivers[j] = receiver_come(false);
		}
		sender_say(sender, 0, sizes[i], false);
		talk_world_pass(&g_world, 3000);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
		for (uint32_t j = 0; j < RECEIVERS && sizes[i] > 0; j++) {
			receiver_has(receivers[j], sizes[i]);
		}
		end();
	}
}

/* The end of a chunked body is the end of a chunked answer. */
static void unknown_length_ends_when_it_ends(void **state)
{
	(void)state;
	g_running.part = "unknown_length_ends_when_it_ends";
	live_begin(HW_SHARE_LIVE);
	struct hw_sim_peer *sender = sender_begin(0, true);
	struct hw_sim_peer *receiver = receiver_come(false);
	sender_say(sender, 0, 500000, true);
	talk_world_pass(&g_world, 3000);
	struct hw_span answer = hw_sim_peer_got(receiver);
	assert_true(talk_answer_body(answer).size > 480000);
	assert_int_not_equal(memcmp(answer.bytes + answer.size - 5, "0\r\n\r\n", 5), 0);
	hw_sim_peer_write(sender, "0\r\n\r\n", 5);
	talk_world_pass(&g_world, 1000);
	answer = hw_sim_peer_got(receiver);
	assert_true(talk_answer_field(answer, "Transfer-Encoding").size > 0);
	assert_memory_equal(answer.bytes + answer.size - 7, "\r\n0\r\n\r\n", 7);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
	end();
}

/* A receiver that does not read holds its sender back, and no byte of it is lost. */
static void slowest_receiver_is_the_pace(void **state)
{
	static char taken[100000];
	(void)state;
	g_running.part = "slowest_receiver_is_the_pace";
	uint64_t size = 24 * MIB;
	uint64_t offset = 0;
	live_begin(HW_SHARE_LIVE);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *slow = receiver_come(true);
	struct hw_sim_peer *fast = receiver_come(false);
	sender_say(sender, 0, size, false);
	talk_world_pass(&g_world, 5000);
	assert_true(hw_sim_peer_backlog_size(sender) > size - 12 * MIB);
	uint32_t head = 0;
	for (uint32_t i = 0; i < 4000 && offset < size; i++) {
		uint32_t count = hw_sim_peer_read(slow, taken, sizeof(taken));
		uint32_t skip = 0;
		if (head == 0 && count > 0) {
			struct hw_span got = {taken, count};
			skip = head = count - talk_answer_body(got).size;
		}
		assert_true(talk_content_equal(taken + skip, count - skip, SHIFT, offset));
		offset += count - skip;
		talk_world_pass(&g_world, count > 0 ? 3 : 100);
	}
	assert_int_equal(offset, size);
	talk_world_pass(&g_world, 1000);
	receiver_has(fast, size);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
	end();
}

static void who_is_late_is_told(void **state)
{
	(void)state;
	g_running.part = "who_is_late_is_told";
	uint64_t size = 20 * MIB;
	live_begin(HW_SHARE_LIVE);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *first = receiver_come(false);
	sender_say(sender, 0, 12 * MIB, false);
	talk_world_pass(&g_world, 3000);
	struct hw_sim_peer *late = receiver_come(false);
	talk_world_pass(&g_world, 500);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(late)), 410);
	sender_say(sender, 12 * MIB, 8 * MIB, false);
	talk_world_pass(&g_world, 3000);
	receiver_has(first, size);
	end();
}

static void sender_that_vanishes_cuts_all(void **state)
{
	(void)state;
	g_running.part = "sender_that_vanishes_cuts_all";
	for (uint32_t i = 0; i < 2; i++) {
		live_begin(HW_SHARE_LIVE);
		struct hw_sim_peer *sender = sender_begin(2 * MIB, i == 1);
		struct hw_sim_peer *receiver = receiver_come(false);
		sender_say(sender, 0, MIB, i == 1);
		talk_world_pass(&g_world, 1500);
		hw_sim_peer_reset(sender);
		talk_world_pass(&g_world, 5000);
		struct hw_span answer = hw_sim_peer_got(receiver);
		assert_true(hw_sim_peer_is_closed(receiver));
		assert_true(talk_answer_body(answer).size < 2 * MIB);
		assert_int_not_equal(memcmp(answer.bytes + answer.size - 5, "0\r\n\r\n", 5), 0);
		end();
	}
}

/* The window is full, so nothing is received of the sender. That it leaves is seen all the same;
 * one that has said everything and ended its side has not left. */
static void who_leaves_a_full_window_is_seen(void **state)
{
	(void)state;
	g_running.part = "who_leaves_a_full_window_is_seen";
	uint64_t size = 20 * MIB;
	for (uint32_t i = 0; i < 4; i++) {
		live_begin(HW_SHARE_LIVE);
		struct hw_sim_peer *sender = sender_begin(size, i == 3);
		struct hw_sim_peer *receiver = receiver_come(true);
		sender_say(sender, 0, i == 2 ? size : 16 * MIB, i == 3);
		talk_world_pass(&g_world, 3000);
		assert_false(hw_sim_peer_is_closed(receiver));
		if (i == 0 || i == 3) {
			hw_sim_peer_reset(sender);
		} else {
			hw_sim_peer_shutdown(sender);
		}
		talk_world_pass(&g_world, 1000);
		assert_int_equal(hw_sim_peer_is_closed(sender), i != 2);
		assert_false(
			hw_sim_peer_is_closed(receiver)); /* it takes what is on its way first */
		hw_sim_peer_hold(receiver, false);
		talk_world_pass(&g_world, i == 2 ? 5000 : 1000);
		if (i != 2) {
			assert_true(hw_sim_peer_is_closed(receiver));
			assert_true(talk_answer_body(hw_sim_peer_got(receiver)).size < size);
			end();
			continue;
		}
		receiver_has(receiver, size);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
		end();
	}
}

/* A receiver that leaves while the sender says nothing is seen: before the first byte, and after
 * some; where all is stored, and where nothing is. The others go on. */
static void who_leaves_a_pause_is_seen(void **state)
{
	(void)state;
	g_running.part = "who_leaves_a_pause_is_seen";
	for (uint32_t i = 0; i < 16; i++) {
		bool is_begun = i % 4 >= 2;
		bool is_long = i % 8 >= 4;
		live_begin(i < 8 ? HW_SHARE_STORED : HW_SHARE_LIVE);
		struct hw_sim_peer *sender = sender_begin(2 * MIB, false);
		struct hw_sim_peer *goes = receiver_come(false);
		struct hw_sim_peer *stays = receiver_come(false);
		if (is_begun) {
			sender_say(sender, 0, MIB, false);
		}
		talk_world_pass(&g_world, is_long ? 4000 : 200);
		assert_int_equal(hw_pool_used_count(&g_world.talks.downloads), 2);
		if (i % 2 == 0) {
			hw_sim_peer_reset(goes);
		} else {
			hw_sim_peer_shutdown(goes);
		}
		talk_world_pass(&g_world, is_long ? 200 : 1500);
		assert_int_equal(hw_pool_used_count(&g_world.talks.downloads), 1);
		assert_true(hw_sim_peer_is_closed(goes));
		sender_say(sender, is_begun ? MIB : 0, is_begun ? MIB : 2 * MIB, false);
		talk_world_pass(&g_world, 2000);
		receiver_has(stays, 2 * MIB);
		if (i < 8) {
			talk_table_end(&g_world);
		} else {
			end();
		}
	}
}

/* All receivers leave: the sender is told when nobody comes for five minutes. */
static void nobody_is_waited_for_for_ever(void **state)
{
	(void)state;
	g_running.part = "nobody_is_waited_for_for_ever";
	for (uint32_t i = 0; i < 2; i++) {
		live_begin(HW_SHARE_LIVE);
		struct hw_sim_peer *sender = sender_begin(20 * MIB, false);
		struct hw_sim_peer *receiver = i == 1 ? receiver_come(false) : NULL;
		sender_say(sender, 0, 20 * MIB - 1, false);
		if (receiver != NULL) {
			hw_sim_peer_reset(receiver);
		}
		talk_world_pass(&g_world, HW_LIVE_PATIENCE_MS / 2);
		if (receiver == NULL) { /* it is full, and the sender waits */
			assert_int_equal(hw_sim_peer_sent_size(sender), 0);
		}
		talk_world_pass(&g_world, HW_LIVE_PATIENCE_MS);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 408);
		end();
	}
}

/* A body with a checksum is seen when it has matched. */
static void nobody_sees_what_is_thrown_away(void **state)
{
	(void)state;
	g_running.part = "nobody_sees_what_is_thrown_away";
	char path[TALK_PATH_SIZE];
	live_begin(HW_SHARE_STORED);
	tus_create(&g_world, &g_share, "f", 600000, path);
	struct hw_sim_peer *receiver = receiver_come(false);
	/* Other bytes than those that will come: nothing of them may be seen. */
	assert_int_equal(tus_patch(&g_world, path, 0, 500000, SHIFT + 1,
				   "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"),
			 460);
	receiver_has(receiver, 0);
	assert_int_equal(tus_patch(&g_world, path, 0, 600000, SHIFT, ""), 204);
	talk_world_pass(&g_world, 3000);
	receiver_has(receiver, 600000);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_receivers_get_all),
		cmocka_unit_test(unknown_length_ends_when_it_ends),
		cmocka_unit_test(slowest_receiver_is_the_pace),
		cmocka_unit_test(who_is_late_is_told),
		cmocka_unit_test(sender_that_vanishes_cuts_all),
		cmocka_unit_test(who_leaves_a_full_window_is_seen),
		cmocka_unit_test(who_leaves_a_pause_is_seen),
		cmocka_unit_test(nobody_is_waited_for_for_ever),
		cmocka_unit_test(nobody_sees_what_is_thrown_away),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
