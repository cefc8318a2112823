/* SPDX-License-Identifier: Apache-2.0
 *
 *   (report.c) -> transfer_tell -> transfer_find | transfer_make -> transfer_event
 *   (room.c: a receiver has verified the whole) -> confirm -> transfer_event
 */
#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "net/talk/room_parts.h"

void hw_room_transfer_forget(struct hw_room *room, struct hw_room_transfer *transfer)
{
	hw_list_remove(&transfer->link);
	room->transfer_count--;
	hw_pool_give(&room->rooms->transfers, transfer);
}

static void transfer_event(struct hw_room *room, const struct hw_room_transfer *transfer,
			   enum hw_room_event_kind kind)
{
	struct hw_http_writer json = hw_room_text_begin(room->rooms);
	hw_room_text_transfer(&json, &transfer->letter, room->seq + 1);
	hw_room_event_add(room, &json, kind, transfer->number, 0);
	hw_room_everybody_feed(room);
}

/* What has ended, and who was shown first, makes room. */
static bool transfer_give_way(struct hw_room *room)
{
	for (struct hw_list *link = room->transfers.next; link != &room->transfers;
	     link = link->next) {
		enum hw_transfer_state state = hw_room_transfer_of(link)->letter.state;
		if (state >= HW_TRANSFER_UPLOADED) {
			hw_room_transfer_forget(room, hw_room_transfer_of(link));
			return true;
		}
	}
	return false;
}

static struct hw_room_transfer *transfer_make(struct hw_room *room,
					      const struct hw_room_letter *letter)
{
	if (room->transfer_count == HW_ROOM_TRANSFERS_MAX && !transfer_give_way(room)) {
		return NULL;
	}
	struct hw_room_transfer *transfer = hw_pool_take(&room->rooms->transfers);
	if (transfer == NULL && transfer_give_way(room)) {
		transfer = hw_pool_take(&room->rooms->transfers);
	}
	if (transfer == NULL) {
		return NULL;
	}
	*transfer = (struct hw_room_transfer){.number = ++room->number, .letter = *letter};
	hw_list_append(&room->transfers, &transfer->link);
	room->transfer_count++;
	return transfer;
}

static struct hw_room_transfer *transfer_find(struct hw_room *room,
					      const struct hw_room_letter *letter)
{
	for (struct hw_list *link = room->transfers.next; link != &room->transfers;
	     link = link->next) {
		const struct hw_room_letter *known = &hw_room_transfer_of(link)->letter;
		if (memcmp(known->transfer_id, letter->transfer_id, sizeof(known->transfer_id)) ==
		    0) {
			return hw_room_transfer_of(link);
		}
	}
	return NULL;
}

bool hw_room_transfer_tell(struct hw_rooms *rooms, const struct hw_room_letter *letter)
{
	struct hw_room *room = hw_room_find(rooms, letter->share_id);
	if (room == NULL) {
		return false;
	}
	struct hw_room_transfer *transfer = transfer_find(room, letter);
	if (transfer == NULL) {
		transfer = transfer_make(room, letter);
		if (transfer != NULL) {
			transfer_event(room, transfer, HW_ROOM_EVENT_STATE);
		}
		return true;
	}
	enum hw_transfer_state was = transfer->letter.state;
	enum hw_transfer_state state = hw_transfer_state_next(was, letter->state);
	if (state == was && letter->state != was) {
		return true; /* it comes too late */
	}
	uint64_t moved_size = hw_max(transfer->letter.moved_size, letter->moved_size);
	transfer->letter = *letter;
	transfer->letter.state = state;
	transfer->letter.moved_size = moved_size;
	transfer_event(room, transfer, state == was ? HW_ROOM_EVENT_PROGRESS : HW_ROOM_EVENT_STATE);
	return true;
}

static void confirmed(struct hw_room *room, struct hw_room_transfer *transfer)
{
	enum hw_transfer_state was = transfer->letter.state;
	transfer->letter.state = hw_transfer_state_next(was, HW_TRANSFER_CONFIRMED);
	if (transfer->letter.state != was) {
		transfer_event(room, transfer, HW_ROOM_EVENT_STATE);
	}
}

/* Whose whole has arrived: the client's own download of that file, and the upload that it came
 * from. A download that nobody reported is shown by its confirmation. */
int hw_room_confirm(struct hw_room_seat *seat)
{
	struct hw_room *room = seat->room;
	bool is_shown = false;
	if (room == NULL) {
		return -ENOENT;
	}
	hw_metrics_add(room->rooms->reactor->metrics, HW_METRIC_transfers_confirmed, 1);
	for (struct hw_list *link = room->transfers.next; link != &room->transfers;
	     link = link->next) {
		struct hw_room_transfer *transfer = hw_room_transfer_of(link);
		const struct hw_room_letter *letter = &transfer->letter;
		struct hw_span name = {letter->name, letter->name_size};
		bool is_own = memcmp(letter->client_id, seat->client->id, HW_CLIENT_ID_SIZE) == 0;
		bool is_upload = !letter->is_down && letter->state == HW_TRANSFER_UPLOADED;
		if (hw_span_equal(name, seat->bytes) &&
		    (is_upload || (letter->is_down && is_own))) {
			is_shown |= letter->is_down;
			confirmed(room, transfer);
		}
	}
	struct hw_room_letter letter = {
		.state = HW_TRANSFER_CONFIRMED,
		.is_down = true,
		.moved_size = seat->file_size,
		.size = seat->file_size,
		.name_size = (uint16_t)seat->bytes.size,
	};
	hw_assert(seat->bytes.size <= HW_NAME_SIZE_MAX);
	memcpy(letter.name, seat->bytes.bytes, seat->bytes.size);
	memcpy(letter.client_id, seat->client->id, HW_CLIENT_ID_SIZE);
	memcpy(letter.share_id, room->share_id, HW_SHARE_ID_SIZE);
	hw_random_bytes(letter.transfer_id, sizeof(letter.transfer_id));
	if (!is_shown) {
		(void)hw_room_transfer_tell(room->rooms, &letter); /* the room is there */
	}
	return 0;
}

bool hw_room_share_tell(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE],
			struct hw_span type, struct hw_span text)
{
	struct hw_room *room = hw_room_find(rooms, share_id);
	if (room == NULL) {
		return false;
	}
	struct hw_http_writer json = hw_room_text_begin(rooms);
	hw_room_text_other(&json, room->seq + 1, type, text);
	hw_room_event_add(room, &json, HW_ROOM_EVENT_OTHER, 0, 0);
	hw_room_everybody_feed(room);
	return true;
}
