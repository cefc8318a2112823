/* SPDX-License-Identifier: Apache-2.0
 *
 * events.h - GET /api/v1/events: who follows a share, by WebSocket
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of events)
 * Owns: its seat in the share's room; a parcel while it is sent
 * Limits: ws_messages_per_minute messages of a client; HW_SIGNAL_SIZE_MAX bytes of a signal
 *
 *	?share=<id or link name>&role=sender|receiver[&client=<id>&secret=<secret>[&since=<seq>]]
 *
 * The owner's token comes as Authorization: Bearer, or, as browsers cannot set that, as the
 * subprotocol "bearer.<token>" beside "hawser". Who receives from a share that has a password
 * brings it, or a pass, as for a download; an operator's token does instead.
 */
#ifndef HW_NET_TALK_EVENTS_H
#define HW_NET_TALK_EVENTS_H

#include "core/gate/bucket.h"
#include "net/conn/ws_conn.h"
#include "net/talk/admission.h"
#include "net/talk/talk.h"
#include "net/wire/ws_deflate.h"
#include "net/wire/ws_handshake.h"

enum hw_events_state {
	HW_EVENTS_FREE = 0,
	HW_EVENTS_FINDING,  /* the catalog wakes it, then who checks its password: may it? */
	HW_EVENTS_AGREEING, /* 101 is being sent */
	HW_EVENTS_OPEN,     /* the client, its room or the catalog wakes it */
	HW_EVENTS_LEAVING,  /* the client is gone; the catalog and the room wake it */
	HW_EVENTS_STATE_COUNT,
};

/* A question to the catalog: of its own, for one in hundreds has one. */
struct hw_events_ask {
	struct hw_catalog_request request;
	struct hw_share share;
	struct hw_events *events;
	struct hw_admission admission; /* while the head is there */
	struct hw_ws_deflate deflate;
	char accept[HW_WS_ACCEPT_SIZE];
	bool has_protocol;
	bool has_token;
	uint8_t root[HW_HASH_SIZE]; /* that the client has verified */
};

struct hw_events {
	struct hw_ws_conn ws;
	struct hw_room_seat seat;
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_events_ask *ask;     /* the catalog has it, or it is needed for the answer */
	struct hw_room_parcel *parcel; /* being sent */
	struct hw_span message;        /* the client's, held until it is answered */
	char *message_bytes;           /* the same */
	struct hw_bucket bucket;       /* of the client's messages */
	enum hw_events_state state;
	bool is_joined;
	bool is_asking;   /* the room has a question of ours */
	bool has_message; /* message is one */
	bool is_going;    /* and it is the last one */
};

/* @query: of the target, without its "?". */
void hw_events_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span query);

#endif
