/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a body comes whole, however it was cut; one too large, too slow, broken or broken off is an
 * error; no buffer is held before a byte is there, and none is left.
 *
 * Method: wishes about shares, by length and chunked, in pieces; as many silent and slow clients as
 * there are buffers.
 */
#include "net/talk/text_body.h"
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;
static char g_text[80000];

#define CHUNKED_POST "POST /api/v1/shares" HERE "Transfer-Encoding: chunked\r\n\r\n"

static void bodies_come_whole(void **state)
{
	static const struct talk_row rows[] = {
		{"POST /api/v1/shares" HERE "\r\n", 201, NULL, NULL, "\"message\":null"},
		{SHARE_POST("0", ""), 201, NULL, NULL, NULL},
		{SHARE_POST("15", "{\"message\":\"a\"}"), 201, NULL, NULL, "\"message\":\"a\""},
		{CHUNKED_POST "0\r\n\r\n", 201, NULL, NULL, NULL},
		{CHUNKED_POST "1\r\n{\r\na\r\n\"message\":\r\n4\r\n\"a\"}\r\n0\r\n\r\n", 201, NULL,
		 NULL, "\"message\":\"a\""},
		{CHUNKED_POST "1\r\n{\r\nx", 400, "Connection", "close", "framing"},
		{CHUNKED_POST "x", 400, "Connection", "close", "framing"},
	};
	(void)state;
	g_running.part = "bodies_come_whole";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

/* @size bytes of white space behind a wish; by length, or as one chunk. */
static uint32_t padded_ask(uint32_t size, bool is_chunked)
{
	int head = snprintf(g_text, sizeof(g_text),
			    is_chunked ? CHUNKED_POST "%x\r\n{}"
				       : "POST /api/v1/shares" HERE "Content-Length: %u\r\n\r\n{}",
			    size);
	uint32_t at = (uint32_t)head;
	memset(g_text + at, ' ', size - 2);
	at += size - 2;
	if (is_chunked) {
		memcpy(g_text + at, "\r\n0\r\n\r\n", 7);
		at += 7;
	}
	return talk_answer_status(talk_world_ask(&g_world, (struct hw_span){g_text, at}));
}

static void size_is_bounded(void **state)
{
	(void)state;
	g_running.part = "size_is_bounded";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
		assert_int_equal(padded_ask(HW_TEXT_SIZE_MAX, is_chunked), 201);
		assert_int_equal(padded_ask(HW_TEXT_SIZE_MAX + 1, is_chunked), 413);
		assert_int_equal(padded_ask(70000, is_chunked), 413);
	}
	talk_table_end(&g_world);
}

static struct hw_sim_peer *slow_begin(const char *first)
{
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	int size = snprintf(g_text, sizeof(g_text),
			    "POST /api/v1/shares" HERE "Content-Length: 100\r\n\r\n%s", first);
	hw_sim_peer_write(peer, g_text, (uint32_t)size);
	talk_world_pass(&g_world, 20);
	return peer;
}

static void slow_ones_keep_nothing_for_long(void **state)
{
	struct hw_sim_peer *peers[HW_TEXTS_MAX];
	(void)state;
	g_running.part = "slow_ones_keep_nothing_for_long";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	for (uint32_t i = 0; i < HW_TEXTS_MAX; i++) { /* silent: they hold no text */
		(void)slow_begin("");
	}
	assert_int_equal(hw_pool_used_count(&g_world.talks.texts), 0);
	for (uint32_t i = 0; i < HW_TEXTS_MAX; i++) {
		peers[i] = slow_begin("{");
	}
	assert_int_equal(hw_pool_used_count(&g_world.talks.texts), HW_TEXTS_MAX);
	share_row(&g_world, NULL, SHARE_POST("2", "{}"), 503, NULL);
	for (uint32_t i = 0; i < 12; i++) { /* a byte a second: never idle, never through */
		for (uint32_t j = 0; j < HW_TEXTS_MAX; j++) {
			hw_sim_peer_write(peers[j], " ", 1);
		}
		talk_world_pass(&g_world, 1000);
	}
	assert_int_equal(hw_pool_used_count(&g_world.talks.texts), 0);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peers[0])), 408);
	share_row(&g_world, NULL, SHARE_POST("2", "{}"), 201, NULL);
	talk_table_end(&g_world);
}

static void who_leaves_leaves_nothing(void **state)
{
	(void)state;
	g_running.part = "who_leaves_leaves_nothing";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	hw_sim_peer_reset(slow_begin("{"));
	hw_sim_peer_shutdown(slow_begin("{"));
	hw_sim_peer_reset(slow_begin(""));
	talk_world_pass(&g_world, 1000);
	assert_int_equal(hw_pool_used_count(&g_world.talks.texts), 0);
	assert_int_equal(hw_pool_used_count(&g_world.talks.shares), 0);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_whole),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(slow_ones_keep_nothing_for_long),
		cmocka_unit_test(who_leaves_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
