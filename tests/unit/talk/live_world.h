/* SPDX-License-Identifier: Apache-2.0
 *
 * live_world.h - a share, who sends a file into it by PUT, and who follows
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_TALK_LIVE_WORLD_H
#define HW_TESTS_UNIT_TALK_LIVE_WORLD_H

#include "tests/unit/talk/tus_client.h"

#define MIB   (UINT64_C(1) << 20)
#define SHIFT 3U

static struct talk_world g_world;
static struct talk_share g_share;

static inline void live_begin(enum hw_share_mode mode)
{
	struct talk_world_options options = talk_world_plenty();
	options.stall_timeout_ms = 20000;
	options.slab_count = 96;
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, mode, &g_share);
}

static inline struct hw_sim_peer *sender_begin(uint64_t size, bool is_chunked)
{
	char text[512];
	char framing[64] = "Transfer-Encoding: chunked";
	if (!is_chunked) {
		(void)snprintf(framing, sizeof(framing), "Content-Length: %llu",
			       (unsigned long long)size); /* fits */
	}
	int head = snprintf(
		text, sizeof(text),
		"PUT %s/f HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n",
		g_share.path, g_share.token, framing);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text, (uint64_t)head);
	talk_world_pass(&g_world, 50);
	return peer;
}

static inline void sender_say(struct hw_sim_peer *peer, uint64_t offset, uint64_t size,
			      bool is_chunked)
{
	char line[32];
	char *bytes = malloc(size + 1);
	assert_non_null(bytes);
	talk_content_copy(bytes, size, SHIFT, offset);
	if (is_chunked) {
		int length = snprintf(line, sizeof(line), "%llx\r\n", (unsigned long long)size);
		hw_sim_peer_write(peer, line, (uint64_t)length);
	}
	hw_sim_peer_write(peer, bytes, size);
	hw_sim_peer_write(peer, "\r\n", is_chunked ? 2 : 0);
	free(bytes);
}

static inline struct hw_sim_peer *receiver_come(bool is_held)
{
	char text[256];
	int size = snprintf(text, sizeof(text), "GET %s/f HTTP/1.1\r\nHost: here\r\n\r\n",
			    g_share.path);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_hold(peer, is_held);
	hw_sim_peer_write(peer, text, (uint64_t)size);
	talk_world_pass(&g_world, 50);
	return peer;
}

static inline void receiver_has(const struct hw_sim_peer *peer, uint64_t size)
{
	struct hw_span answer = hw_sim_peer_got(peer);
	struct hw_span body = talk_answer_body(answer);
	assert_int_equal(talk_answer_status(answer), 200);
	assert_int_equal(body.size, size);
	assert_true(talk_content_equal(body.bytes, body.size, SHIFT, 0));
}

#endif
