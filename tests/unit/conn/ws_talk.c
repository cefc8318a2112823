/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/ws_talk.h"

#include <string.h>

static struct ws_talk *g_talk; /* a request's world does not say whose it is */

static void message(void *user, char *bytes, uint32_t size, bool is_text)
{
	struct ws_echo *echo = user;
	uint8_t head[HW_WS_HEAD_SIZE_MAX];
	hw_assert(!echo->has_message);
	echo->has_message = true;
	g_talk->message_count++;
	if (g_talk->is_mute) {
		return;
	}
	uint32_t at = hw_ws_frame_head(is_text ? HW_WS_TEXT : HW_WS_BINARY, false,
				       g_talk->times * size, head);
	memcpy(echo->bytes, head, at);
	for (uint32_t i = 0; i < g_talk->times; i++) {
		memcpy(echo->bytes + at, bytes, size);
		at += size;
	}
	hw_ws_conn_send(&echo->ws, echo->bytes, at);
}

static void sent(void *user)
{
	struct ws_echo *echo = user;
	hw_assert(echo->has_message);
	echo->has_message = false;
	hw_ws_conn_message_done(&echo->ws);
}

static void closed(void *user)
{
	struct ws_echo *echo = user;
	g_talk->closed_count++;
	echo->has_message = false;
	echo->conn = NULL;
}

static const struct hw_ws_handler g_ws_handler = {message, sent, closed};

static void answered(void *user, int res)
{
	struct ws_echo *echo = user;
	if (res < 0) {
		hw_http_conn_abort(hw_move(&echo->conn));
		return;
	}
	hw_ws_conn_open(&echo->ws, &g_talk->server, echo->conn, &g_ws_handler, echo, false);
}

static void no_body(void *user, int res)
{
	(void)user;
	(void)res;
	hw_assert_fail("it asked for no body", __FILE__, __LINE__);
}

static const struct hw_http_handler g_http_handler = {.body_done = no_body, .send_done = answered};

bool ws_talk_takes(struct conn_world *world, struct hw_http_conn *conn)
{
	struct hw_http_writer head;
	(void)world;
	for (uint32_t i = 0; i < WS_TALK_ECHOES_MAX; i++) {
		struct ws_echo *echo = &g_talk->echoes[i];
		if (echo->conn == NULL) {
			echo->conn = conn;
			hw_http_conn_handle(conn, &g_http_handler, echo);
			hw_http_conn_reply_begin(conn, &head, 101);
			hw_http_writer_head_end(&head);
			hw_http_conn_reply_send(conn, &head, NULL, 0);
			return true;
		}
	}
	return false;
}

void ws_talk_begin(struct ws_talk *talk, struct conn_world *world)
{
	talk->world = world;
	talk->times = 1;
	talk->is_mute = false;
	talk->message_count = 0;
	talk->closed_count = 0;
	g_talk = talk;
	assert_int_equal(hw_ws_server_init(&talk->server, &world->reactor), 0);
}

void ws_talk_end(struct ws_talk *talk)
{
	for (uint32_t i = 0; i < WS_TALK_ECHOES_MAX; i++) {
		assert_null(talk->echoes[i].conn);
		assert_int_equal(talk->echoes[i].ws.state, HW_WS_FREE);
	}
	assert_int_equal(hw_metrics_read(&talk->world->metrics, HW_METRIC_websockets_open), 0);
	hw_ws_server_deinit(&talk->server);
}
