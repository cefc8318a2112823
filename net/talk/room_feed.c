/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an event, on the room's reactor:
 *
 *   text_begin -> event_add -> (room_log.c) -> everybody's feed -> parcel_fill -> text_next
 *                                                 ^                    |
 *   parcel_back <- (the connection's reactor) <- parcel_deliver <------+
 *
 * What a client is told, in this order: its welcome; where it has not heard what came before, a
 * snapshot and a transfer event for each transfer; then the log from there on.
 */
#include <string.h>

#include "net/talk/room_parts.h"
#include "net/wire/ws_frame.h"

static void parcel_deliver(struct hw_mail *mail);
static void parcel_back(struct hw_mail *mail);

/* -- events -- */

struct hw_http_writer hw_room_text_begin(struct hw_rooms *rooms)
{
	struct hw_http_writer json;
	hw_http_writer_init(&json, rooms->text, HW_ROOM_TEXT_SIZE);
	return json;
}

void hw_room_everybody_feed(struct hw_room *room)
{
	for (struct hw_list *link = room->seats.next; link != &room->seats; link = link->next) {
		hw_room_feed(hw_container_of(link, struct hw_room_seat, link));
	}
}

/* @json: what was written since hw_room_text_begin(), with seq room->seq + 1. */
void hw_room_event_add(struct hw_room *room, const struct hw_http_writer *json,
		       enum hw_room_event_kind kind, uint64_t key, uint64_t to)
{
	struct hw_room_event_head head = {.seq = ++room->seq, .key = key, .to = to, .kind = kind};
	hw_assert(!json->is_overflowed);
	uint32_t gap_count = hw_room_log_append(&room->log, &room->rooms->logs, &head,
						hw_http_writer_span(json));
	hw_metrics_add(room->rooms->reactor->metrics, HW_METRIC_events_dropped, gap_count);
	hw_metrics_add(room->rooms->reactor->metrics, HW_METRIC_events_made, 1);
}

static void presence_make(struct hw_room *room)
{
	struct hw_http_writer json = hw_room_text_begin(room->rooms);
	room->presence_us = room->rooms->reactor->now_us;
	hw_room_text_presence(&json, room, room->seq + 1);
	hw_room_event_add(room, &json, HW_ROOM_EVENT_PRESENCE, 0, 0);
	hw_room_everybody_feed(room);
}

static void presence_fire(struct hw_timer *timer)
{
	presence_make(hw_container_of(timer, struct hw_room, presence_timer));
}

/* A thousand who come at once are a few events, not a thousand. */
void hw_room_presence_tell(struct hw_room *room)
{
	uint64_t passed_ms = (room->rooms->reactor->now_us - room->presence_us) / 1000;
	if (hw_timer_is_running(&room->presence_timer)) {
		return;
	}
	if (room->presence_us != 0 && passed_ms < HW_ROOM_PRESENCE_MS) {
		hw_timer_start(&room->rooms->reactor->timers, &room->presence_timer,
			       HW_ROOM_PRESENCE_MS - passed_ms, presence_fire);
		return;
	}
	presence_make(room);
}

/* -- parcels -- */

static const struct hw_room_event *event_next(const struct hw_room_seat *seat)
{
	return hw_room_log_next(&seat->room->log, seat->seq, seat->own_seq, seat->client->number);
}

static const struct hw_room_transfer *shown_next(const struct hw_room_seat *seat)
{
	const struct hw_list *first = &seat->room->transfers;
	for (struct hw_list *link = first->next; link != first; link = link->next) {
		uint64_t number = hw_room_transfer_of(link)->number;
		if (number > seat->shown_number && number <= seat->shown_last) {
			return hw_room_transfer_of(link);
		}
	}
	return NULL;
}

/* What it is to hear next, into rooms->text. Returns false: nothing. Called again with the same
 * state it writes the same; text_heard() then goes on. */
static bool text_next(struct hw_room_seat *seat, struct hw_http_writer *json)
{
	struct hw_room *room = seat->room;
	const struct hw_room_event *event = event_next(seat);
	const struct hw_room_transfer *shown = shown_next(seat);
	*json = hw_room_text_begin(room->rooms);
	if (seat->wants_welcome) {
		hw_room_text_welcome(json, room, seat->client, !seat->wants_snapshot);
	} else if (seat->wants_snapshot) {
		hw_room_text_snapshot(json, room, seat->has_gap);
	} else if (shown != NULL) {
		hw_room_text_transfer(json, &shown->letter, seat->seq);
	} else if (event != NULL) {
		hw_room_event_text(event, room->rooms->text);
		json->size = event->size;
	} else {
		return false;
	}
	hw_assert(!json->is_overflowed);
	return true;
}

static void text_heard(struct hw_room_seat *seat)
{
	const struct hw_room_event *event = event_next(seat);
	const struct hw_room_transfer *shown = shown_next(seat);
	if (seat->wants_welcome) {
		seat->wants_welcome = false;
	} else if (seat->wants_snapshot) {
		seat->wants_snapshot = false;
		seat->has_gap = false;
		seat->shown_number = 0;
		seat->shown_last = seat->room->number;
		seat->seq = seat->room->seq;
	} else if (shown != NULL) {
		seat->shown_number = shown->number;
	} else {
		hw_assert(event != NULL);
		uint64_t *seq = event->to == 0 ? &seat->seq : &seat->own_seq;
		*seq = event->seq;
	}
}

/* The text as it goes to this client: deflated, if it agreed and that is worth it. */
static struct hw_span text_pack(struct hw_room_seat *seat, struct hw_span text)
{
	struct hw_rooms *rooms = seat->room->rooms;
	if (!seat->takes_deflated || text.size < HW_WS_DEFLATE_SIZE_MIN) {
		return text;
	}
	int size = hw_ws_deflate(&rooms->zlib, text, rooms->deflated, text.size);
	return size < 0 ? text : (struct hw_span){rooms->deflated, (uint32_t)size};
}

static bool parcel_add(struct hw_room_parcel *parcel, struct hw_span text)
{
	uint8_t head[HW_WS_HEAD_SIZE_MAX];
	struct hw_span payload = text_pack(parcel->seat, text);
	bool is_deflated = payload.bytes != text.bytes;
	uint32_t head_size = hw_ws_frame_head(HW_WS_TEXT, is_deflated, payload.size, head);
	if (parcel->size + head_size + payload.size > HW_PARCEL_SIZE) {
		return false;
	}
	memcpy(parcel->bytes + parcel->size, head, head_size);
	memcpy(parcel->bytes + parcel->size + head_size, payload.bytes, payload.size);
	parcel->size += head_size + payload.size;
	return true;
}

static void parcel_fill(struct hw_room_parcel *parcel, struct hw_room_seat *seat)
{
	struct hw_http_writer json;
	parcel->size = 0;
	/* Each round adds bytes to the parcel, or ends. */
	while (text_next(seat, &json) && parcel_add(parcel, hw_http_writer_span(&json))) {
		text_heard(seat);
	}
	hw_assert(parcel->size > 0);
}

/* On the connection's reactor. */
static void parcel_deliver(struct hw_mail *mail)
{
	struct hw_room_parcel *parcel = hw_container_of(mail, struct hw_room_parcel, mail);
	parcel->seat->brought(parcel->seat, parcel);
}

void hw_room_feed(struct hw_room_seat *seat)
{
	struct hw_rooms *rooms = seat->room->rooms;
	if (seat->parcel != NULL || hw_list_is_linked(&seat->hungry_link)) {
		return;
	}
	if (!seat->wants_snapshot && !hw_room_log_is_whole(&seat->room->log, seat->seq)) {
		seat->wants_snapshot = true;
		seat->has_gap = true;
	}
	bool has_more = seat->wants_welcome || seat->wants_snapshot || shown_next(seat) != NULL ||
			event_next(seat) != NULL;
	if (!has_more) { /* what is pushed out now is no gap for it */
		seat->seq = seat->room->seq;
		return;
	}
	seat->parcel = hw_pool_take(&rooms->parcels);
	if (seat->parcel == NULL) {
		hw_list_append(&rooms->hungry, &seat->hungry_link);
		return;
	}
	seat->parcel->rooms = rooms;
	seat->parcel->seat = seat;
	parcel_fill(seat->parcel, seat);
	seat->parcel->mail.deliver = parcel_deliver;
	hw_mailbox_post(seat->mailbox, rooms->reactor->ring, &seat->parcel->mail);
}

static void parcel_back(struct hw_mail *mail)
{
	struct hw_room_parcel *parcel = hw_container_of(mail, struct hw_room_parcel, mail);
	struct hw_rooms *rooms = parcel->rooms;
	struct hw_room_seat *seat = parcel->seat;
	hw_assert(seat->parcel == parcel);
	seat->parcel = NULL;
	hw_pool_give(&rooms->parcels, parcel);
	struct hw_list *link = hw_list_take_first(&rooms->hungry);
	if (link != NULL) { /* first, or it would wait for ever */
		hw_room_feed(hw_container_of(link, struct hw_room_seat, hungry_link));
	}
	if (seat->is_leaving) {
		seat->is_leaving = false;
		hw_room_answer(seat, 0);
	} else if (seat->client != NULL) {
		hw_room_feed(seat);
	}
}

void hw_room_parcel_return(struct hw_room_parcel *parcel, struct hw_ring *ring,
			   const struct hw_room_home *home)
{
	parcel->mail.deliver = parcel_back;
	hw_mailbox_post(home->mailbox, ring, &parcel->mail);
}
