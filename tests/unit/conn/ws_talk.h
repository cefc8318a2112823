/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_talk.h - a talk that upgrades whoever asks it, and echoes WebSocket messages
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: see ws_server.h
 */
#ifndef HW_TESTS_UNIT_CONN_WS_TALK_H
#define HW_TESTS_UNIT_CONN_WS_TALK_H

#include "net/conn/ws_conn.h"
#include "tests/unit/conn/conn_world.h"

#define WS_TALK_ECHOES_MAX 8U
#define WS_TALK_TIMES_MAX  2U
#define WS_TALK_ECHO_SIZE  (WS_TALK_TIMES_MAX * HW_WS_MESSAGE_SIZE_MAX + HW_WS_HEAD_SIZE_MAX)

struct ws_echo {
	struct hw_ws_conn ws;
	struct hw_http_conn *conn; /* NULL: free */
	bool has_message;
	char bytes[WS_TALK_ECHO_SIZE];
};

struct ws_talk {
	struct conn_world *world;
	struct hw_ws_server server;
	struct ws_echo echoes[WS_TALK_ECHOES_MAX];
	/* May be set. */
	uint32_t times; /* an echo says what it heard so often, in one frame */
	bool is_mute;   /* messages stay with it */
	/* What it saw. */
	uint32_t message_count;
	uint32_t closed_count;
};

/* After conn_start(). */
void ws_talk_begin(struct ws_talk *talk, struct conn_world *world);
/* After conn_stop(); asserts that all came back. */
void ws_talk_end(struct ws_talk *talk);
/* For world->takes: any request is answered 101. False: as many are upgraded as it can have. */
bool ws_talk_takes(struct conn_world *world, struct hw_http_conn *conn);

#endif
