/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_conn.h - one WebSocket connection: messages in, frames out, pings, closes (RFC 6455)
 *
 * Room: net/conn    Thread: the connection's reactor    Blocks: never    Allocates: see ws_inbox.h
 * Owns: while a message is coming in: an inbox
 * Limits: one message in and one send out at a time; a message takes at most HW_WS_PATIENCE_MS, so
 * does a send; who says nothing is pinged, and closed when even that brings nothing
 *
 *	open -> [message -> message_done] ..., [send -> sent] ..., close -> closed
 *
 * While a talk has a message no more is read: it is the client's backpressure. No callback runs
 * inside a call of the talk.
 */
#ifndef HW_NET_CONN_WS_CONN_H
#define HW_NET_CONN_WS_CONN_H

#include "net/conn/http_upgrade.h"
#include "net/conn/ws_server.h"

#define HW_WS_PING_INTERVAL_MS 25000U /* of silence */
#define HW_WS_PONG_TIMEOUT_MS  10000U /* to answer it with anything */
#define HW_WS_PATIENCE_MS      30000U /* for one message to come, or to be taken */
#define HW_WS_CLOSE_TIMEOUT_MS 2000U  /* for the peer's close after ours */

enum hw_ws_state {
	HW_WS_FREE = 0,
	HW_WS_OPEN,
	HW_WS_SAYING,  /* our close frame waits for its turn; the send wakes it */
	HW_WS_WAITING, /* it is sent; the peer's, or the timer, wakes it */
	HW_WS_GONE,    /* closed(), once the transport has given all back */
	HW_WS_STATE_COUNT,
};

struct hw_ws_handler {
	/* @bytes: lent until message_done; text is UTF-8. */
	void (*message)(void *user, char *bytes, uint32_t size, bool is_text);
	/* What send was lent is the talk's again, and all of it was taken by the kernel. */
	void (*sent)(void *user);
	/* The last call, also without a close of ours: all that was lent comes back, and @ws may be
	 * used for something else. */
	void (*closed)(void *user);
};

/* Embedded in its talk; the fields are private to ws_conn.c. */
struct hw_ws_conn {
	struct hw_ws_server *server;
	struct hw_http_conn *conn;
	const struct hw_ws_handler *handler;
	void *user;
	struct hw_ws_inbox *inbox;
	struct hw_timer timer;
	const void *frames; /* of the talk, sent or waiting; NULL: none */
	uint32_t frames_size;
	uint64_t heard_us;   /* when the last byte came */
	uint64_t pinged_us;  /* since then we wait to hear anything; 0: we do not */
	uint64_t sending_us; /* since then a send is in flight; 0: none is */
	uint64_t message_us; /* since then a message is coming; 0: none is */
	uint64_t said_us;    /* since then our close is sent */
	enum hw_ws_state state;
	uint16_t close_code; /* what we say */
	uint16_t heard_code; /* what the peer has said; 0: nothing */
	bool is_talks;       /* the send in flight is the talk's */
	bool is_busy;        /* the talk has a message */
	bool is_final; /* after our close nothing is read: the peer said it, or talks rubbish */
	bool owes_ping;
	bool owes_pong;
	bool allows_compressed;
	uint8_t pong_size;
	uint8_t pong[HW_WS_CONTROL_SIZE_MAX];
	uint8_t control[HW_WS_HEAD_SIZE_MAX + HW_WS_CONTROL_SIZE_MAX]; /* being sent */
};

/* After the answer 101 was sent. @allows_compressed: permessage-deflate was agreed on. */
void hw_ws_conn_open(struct hw_ws_conn *ws, struct hw_ws_server *server, struct hw_http_conn *conn,
		     const struct hw_ws_handler *handler, void *user, bool allows_compressed);
void hw_ws_conn_message_done(struct hw_ws_conn *ws);
/* Whole frames (ws_frame.h), lent until sent or closed; one send at a time. */
void hw_ws_conn_send(struct hw_ws_conn *ws, const void *frames, uint32_t size);
bool hw_ws_conn_is_open(const struct hw_ws_conn *ws);
/* In closed(): the peer left on purpose (1000), and will hardly come back. */
bool hw_ws_conn_said_goodbye(const struct hw_ws_conn *ws);
/* Say goodbye; idempotent. closed() comes when the peer has answered, or does not. */
void hw_ws_conn_close(struct hw_ws_conn *ws, enum hw_ws_code code);

#endif
