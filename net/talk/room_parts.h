/* SPDX-License-Identifier: Apache-2.0
 *
 * room_parts.h - who and what is in a room, and what the four files of one are to each other
 *
 * Room: net/talk    Thread: the room's reactor    Blocks: never    Allocates: never
 * Limits: no text is longer than HW_ROOM_TEXT_SIZE
 */
#ifndef HW_NET_TALK_ROOM_PARTS_H
#define HW_NET_TALK_ROOM_PARTS_H

#include "net/talk/room.h"
#include "net/wire/http_writer.h"

struct hw_room_client {
	struct hw_list link;       /* in its room, in the order they came */
	struct hw_room_seat *seat; /* NULL: it went at gone_us */
	uint64_t gone_us;
	uint64_t number; /* in its room; never 0, never used again */
	uint8_t id[HW_CLIENT_ID_SIZE];
	uint8_t secret[HW_CLIENT_ID_SIZE];
	enum hw_room_role role;
};

struct hw_room_transfer {
	struct hw_list link; /* in its room, by number */
	uint64_t number;
	struct hw_room_letter letter; /* the newest */
};

struct hw_room {
	struct hw_list link; /* in its bucket */
	struct hw_rooms *rooms;
	struct hw_list seats;
	struct hw_list clients;
	struct hw_list transfers;
	struct hw_room_log log;
	struct hw_timer ghost_timer;
	struct hw_timer presence_timer;
	uint64_t seq;         /* of the last event */
	uint64_t number;      /* of the last client or transfer */
	uint64_t presence_us; /* when the last presence event was made */
	uint32_t client_count;
	uint32_t transfer_count;
	uint8_t share_id[HW_SHARE_ID_SIZE];
};

static inline struct hw_room_transfer *hw_room_transfer_of(struct hw_list *link)
{
	return hw_container_of(link, struct hw_room_transfer, link);
}

/* -- room.c */

struct hw_room *hw_room_find(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE]);
/* What a seat asked is answered. */
void hw_room_answer(struct hw_room_seat *seat, int res);

/* -- room_feed.c */

/* An event with seq room->seq + 1 is written into rooms->text, and then added. */
struct hw_http_writer hw_room_text_begin(struct hw_rooms *rooms);
void hw_room_event_add(struct hw_room *room, const struct hw_http_writer *json,
		       enum hw_room_event_kind kind, uint64_t key, uint64_t to);
/* Send what has not been heard, when nothing is on its way. */
void hw_room_feed(struct hw_room_seat *seat);
void hw_room_everybody_feed(struct hw_room *room);
/* Somebody came or went. */
void hw_room_presence_tell(struct hw_room *room);

/* -- room_transfer.c */

void hw_room_transfer_forget(struct hw_room *room, struct hw_room_transfer *transfer);
/* The question CONFIRM. */
int hw_room_confirm(struct hw_room_seat *seat);

/* -- room_text.c: one event each */

void hw_room_text_welcome(struct hw_http_writer *json, const struct hw_room *room,
			  const struct hw_room_client *client, bool is_back);
/* @has_gap: it stands for events that were lost. The transfers follow, an event each. */
void hw_room_text_snapshot(struct hw_http_writer *json, const struct hw_room *room, bool has_gap);
void hw_room_text_presence(struct hw_http_writer *json, const struct hw_room *room, uint64_t seq);
void hw_room_text_transfer(struct hw_http_writer *json, const struct hw_room_letter *letter,
			   uint64_t seq);
/* @json_value: as the client sent it; known to be JSON. */
void hw_room_text_signal(struct hw_http_writer *json, uint64_t seq,
			 const uint8_t from[HW_CLIENT_ID_SIZE], struct hw_span json_value);
/* {"seq":n,"type":@type,@members}; @members: empty, or JSON. */
void hw_room_text_other(struct hw_http_writer *json, uint64_t seq, struct hw_span type,
			struct hw_span members);

#endif
