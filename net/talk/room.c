/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a question, on the room's reactor:
 *
 *   ask_deliver -> join | signal | confirm | leave -> answer -> (the connection's reactor)
 *
 * and of an event:
 *
 *   event_make -> (room_log.c) -> everybody's feed -> parcel_fill -> text_next -> parcel_post
 *                                                        ^
 *   parcel_return ----------------------------------- feed
 *
 * What a client is told, in this order: its welcome; where it has not heard what came before, a
 * snapshot and a transfer event for each transfer; then the log from there on.
 */
#include "net/talk/room.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "net/talk/room_parts.h"
#include "net/wire/ws_frame.h"

#define TRANSFERS_PER_REACTOR 4096U

static void ask_deliver(struct hw_mail *mail);
static int join(struct hw_rooms *rooms, struct hw_room_seat *seat);
static int signal_relay(struct hw_room_seat *seat);
static void leave(struct hw_room_seat *seat);
static void room_close(struct hw_room *room);

/* -- the reactor's own -- */

uint64_t hw_rooms_bytes(uint32_t clients_max)
{
	return HW_WS_ZLIB_SIZE + hw_pool_bytes(sizeof(struct hw_room), 64, clients_max) +
	       hw_pool_bytes(sizeof(struct hw_room_client), 8, 2 * clients_max) +
	       hw_pool_bytes(sizeof(struct hw_room_transfer), 8, TRANSFERS_PER_REACTOR) +
	       hw_pool_bytes(sizeof(struct hw_room_parcel), 64, HW_PARCEL_COUNT) +
	       hw_room_log_pools_bytes(2 * clients_max + HW_ROOM_LOG_EVENTS_MAX);
}

int hw_rooms_init(struct hw_rooms *rooms, struct hw_reactor *reactor, uint32_t clients_max)
{
	memset(rooms, 0, offsetof(struct hw_rooms, deflated));
	rooms->reactor = reactor;
	hw_list_init(&rooms->hungry);
	for (uint32_t i = 0; i < HW_ROOM_BUCKETS; i++) {
		hw_list_init(&rooms->buckets[i]);
	}
	int r = hw_pool_init(&rooms->rooms, sizeof(struct hw_room), 64, clients_max);
	if (r >= 0) {
		r = hw_pool_init(&rooms->clients, sizeof(struct hw_room_client), 8,
				 2 * clients_max);
	}
	if (r >= 0) {
		r = hw_pool_init(&rooms->transfers, sizeof(struct hw_room_transfer), 8,
				 TRANSFERS_PER_REACTOR);
	}
	if (r >= 0) {
		r = hw_pool_init(&rooms->parcels, sizeof(struct hw_room_parcel), 64,
				 HW_PARCEL_COUNT);
	}
	if (r >= 0) {
		r = hw_room_log_pools_init(&rooms->logs, 2 * clients_max + HW_ROOM_LOG_EVENTS_MAX);
	}
	if (r >= 0) {
		r = hw_ws_zlib_init(&rooms->zlib);
	}
	if (r < 0) {
		hw_rooms_deinit(rooms);
	}
	return r;
}

static struct hw_room *room_of(struct hw_list *link)
{
	return hw_container_of(link, struct hw_room, link);
}

static void bucket_empty(struct hw_list *head)
{
	struct hw_list *link = head->next;
	while (link != head && link != NULL) { /* NULL: never inited */
		struct hw_list *next = link->next;
		if (hw_list_is_empty(&room_of(link)->seats)) {
			room_close(room_of(link));
		}
		link = next;
	}
}

/* Those that nobody is in, however lately somebody went. */
static void rooms_empty(struct hw_rooms *rooms)
{
	for (uint32_t i = 0; i < HW_ROOM_BUCKETS; i++) {
		bucket_empty(&rooms->buckets[i]);
	}
}

void hw_rooms_deinit(struct hw_rooms *rooms)
{
	rooms_empty(rooms);
	hw_ws_zlib_deinit(&rooms->zlib);
	hw_room_log_pools_deinit(&rooms->logs);
	hw_pool_deinit(&rooms->parcels);
	hw_pool_deinit(&rooms->transfers);
	hw_pool_deinit(&rooms->clients);
	hw_pool_deinit(&rooms->rooms);
}

void hw_rooms_drain(struct hw_rooms *rooms)
{
	rooms->is_draining = true;
	rooms_empty(rooms);
}

/* -- rooms -- */

/* Share ids are random: any of their bytes will do. */
static uint32_t hash_of(const uint8_t share_id[HW_SHARE_ID_SIZE], uint32_t at)
{
	uint32_t hash = 0;
	memcpy(&hash, share_id + at, sizeof(hash));
	return hash;
}

const struct hw_room_home *hw_room_home_of(const struct hw_room_home *homes, uint32_t count,
					   const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	hw_assert(count > 0);
	return &homes[hash_of(share_id, 0) % count];
}

static struct hw_list *bucket_of(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	return &rooms->buckets[hash_of(share_id, 4) % HW_ROOM_BUCKETS];
}

struct hw_room *hw_room_find(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	struct hw_list *head = bucket_of(rooms, share_id);
	for (struct hw_list *link = head->next; link != head; link = link->next) {
		if (memcmp(room_of(link)->share_id, share_id, HW_SHARE_ID_SIZE) == 0) {
			return room_of(link);
		}
	}
	return NULL;
}

static struct hw_room *room_open(struct hw_rooms *rooms, const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	struct hw_room *room = hw_pool_take(&rooms->rooms);
	if (room == NULL) {
		return NULL;
	}
	*room = (struct hw_room){.rooms = rooms};
	hw_list_init(&room->seats);
	hw_list_init(&room->clients);
	hw_list_init(&room->transfers);
	hw_room_log_init(&room->log);
	memcpy(room->share_id, share_id, HW_SHARE_ID_SIZE);
	hw_list_append(bucket_of(rooms, share_id), &room->link);
	hw_metrics_add(rooms->reactor->metrics, HW_METRIC_rooms_open, 1);
	return room;
}

static void client_forget(struct hw_room *room, struct hw_room_client *client)
{
	hw_assert(client->seat == NULL);
	hw_list_remove(&client->link);
	room->client_count--;
	hw_pool_give(&room->rooms->clients, client);
}

static struct hw_room_client *client_of(struct hw_list *link)
{
	return hw_container_of(link, struct hw_room_client, link);
}

static void room_close(struct hw_room *room)
{
	struct hw_rooms *rooms = room->rooms;
	hw_assert(hw_list_is_empty(&room->seats));
	hw_timer_stop(&rooms->reactor->timers, &room->ghost_timer);
	hw_timer_stop(&rooms->reactor->timers, &room->presence_timer);
	while (!hw_list_is_empty(&room->clients)) {
		client_forget(room, client_of(room->clients.next));
	}
	while (!hw_list_is_empty(&room->transfers)) {
		hw_room_transfer_forget(room, hw_room_transfer_of(room->transfers.next));
	}
	hw_room_log_clear(&room->log, &rooms->logs);
	hw_list_remove(&room->link);
	hw_metrics_sub(rooms->reactor->metrics, HW_METRIC_rooms_open, 1);
	hw_pool_give(&rooms->rooms, room);
}

/* -- those who went -- */

static void ghosts_look(struct hw_timer *timer)
{
	struct hw_room *room = hw_container_of(timer, struct hw_room, ghost_timer);
	uint64_t now_us = room->rooms->reactor->now_us;
	uint64_t next_us = UINT64_MAX;
	bool has_changed = false;
	struct hw_list *link = room->clients.next;
	while (link != &room->clients) {
		struct hw_list *next = link->next;
		struct hw_room_client *client = client_of(link);
		uint64_t until_us = client->gone_us + HW_ROOM_GHOST_MS * UINT64_C(1000);
		if (client->seat == NULL && now_us >= until_us) {
			client_forget(room, client);
			has_changed = true;
		} else if (client->seat == NULL) {
			next_us = hw_min(next_us, until_us);
		}
		link = next;
	}
	if (room->client_count == 0) {
		room_close(room);
		return;
	}
	if (next_us != UINT64_MAX) {
		hw_timer_start(&room->rooms->reactor->timers, &room->ghost_timer,
			       (next_us - now_us) / 1000 + 1, ghosts_look);
	}
	if (has_changed) {
		hw_room_presence_tell(room);
	}
}

static void ghost_make(struct hw_room *room, struct hw_room_client *client)
{
	client->seat = NULL;
	client->gone_us = room->rooms->reactor->now_us;
	if (!hw_timer_is_running(&room->ghost_timer)) {
		hw_timer_start(&room->rooms->reactor->timers, &room->ghost_timer, HW_ROOM_GHOST_MS,
			       ghosts_look);
	}
}

/* -- questions -- */

void hw_room_ask(struct hw_room_seat *seat, struct hw_ring *ring, enum hw_room_question question)
{
	hw_assert(seat->question == HW_ROOM_NOTHING && question != HW_ROOM_NOTHING);
	seat->question = question;
	seat->mail.deliver = ask_deliver;
	hw_mailbox_post(seat->home->mailbox, ring, &seat->mail);
}

static void ask_deliver(struct hw_mail *mail)
{
	struct hw_room_seat *seat = hw_container_of(mail, struct hw_room_seat, mail);
	int res = 0;
	switch (seat->question) {
	case HW_ROOM_JOIN:
		res = join(seat->home->rooms, seat);
		break;
	case HW_ROOM_SIGNAL:
		res = signal_relay(seat);
		break;
	case HW_ROOM_CONFIRM:
		res = hw_room_confirm(seat);
		break;
	default:
		hw_assert(seat->question == HW_ROOM_LEAVE);
		leave(seat);
		if (seat->is_leaving) {
			return; /* parcel_back answers */
		}
		break;
	}
	hw_room_answer(seat, res);
}

/* On the connection's reactor. */
static void answer_deliver(struct hw_mail *mail)
{
	struct hw_room_seat *seat = hw_container_of(mail, struct hw_room_seat, mail);
	seat->question = HW_ROOM_NOTHING;
	seat->answered(seat, seat->res);
}

void hw_room_answer(struct hw_room_seat *seat, int res)
{
	seat->res = res;
	seat->mail.deliver = answer_deliver;
	hw_mailbox_post(seat->mailbox, seat->home->rooms->reactor->ring, &seat->mail);
}

/* On the connection's reactor. */
static void replaced_deliver(struct hw_mail *mail)
{
	struct hw_room_seat *seat = hw_container_of(mail, struct hw_room_seat, replaced_mail);
	seat->replaced(seat);
}

static void unseat(struct hw_room_seat *seat)
{
	hw_list_remove(&seat->link);
	hw_list_remove(&seat->hungry_link);
	seat->client = NULL;
	seat->room = NULL;
}

/* Secrets are compared without telling by time how much of one was right. */
static bool is_equal(const uint8_t *a, const uint8_t *b, uint32_t size)
{
	uint8_t difference = 0;
	for (uint32_t i = 0; i < size; i++) {
		difference |= (uint8_t)(a[i] ^ b[i]);
	}
	return difference == 0;
}

static struct hw_room_client *client_find(struct hw_room *room, const uint8_t id[HW_CLIENT_ID_SIZE])
{
	for (struct hw_list *link = room->clients.next; link != &room->clients; link = link->next) {
		if (memcmp(client_of(link)->id, id, HW_CLIENT_ID_SIZE) == 0) {
			return client_of(link);
		}
	}
	return NULL;
}

/* The one who went first makes room. */
static bool ghost_give_way(struct hw_room *room)
{
	struct hw_room_client *oldest = NULL;
	for (struct hw_list *link = room->clients.next; link != &room->clients; link = link->next) {
		struct hw_room_client *client = client_of(link);
		bool is_older = oldest == NULL || client->gone_us < oldest->gone_us;
		if (client->seat == NULL && is_older) {
			oldest = client;
		}
	}
	if (oldest != NULL) {
		client_forget(room, oldest);
	}
	return oldest != NULL;
}

static struct hw_room_client *client_make(struct hw_room *room)
{
	if (room->client_count == HW_ROOM_CLIENTS_MAX && !ghost_give_way(room)) {
		return NULL;
	}
	struct hw_room_client *client = hw_pool_take(&room->rooms->clients);
	if (client == NULL && ghost_give_way(room)) {
		client = hw_pool_take(&room->rooms->clients);
	}
	if (client == NULL) {
		return NULL;
	}
	*client = (struct hw_room_client){.number = ++room->number};
	hw_random_bytes(client->id, HW_CLIENT_ID_SIZE);
	hw_random_bytes(client->secret, HW_CLIENT_ID_SIZE);
	hw_list_append(&room->clients, &client->link);
	room->client_count++;
	return client;
}

static void seat_give(struct hw_room *room, struct hw_room_seat *seat,
		      struct hw_room_client *client, bool is_back)
{
	bool has_heard = is_back && seat->since <= room->seq &&
			 hw_room_log_is_whole(&room->log, seat->since);
	struct hw_room_seat *old = client->seat;
	if (old != NULL) {
		unseat(old);
		old->replaced_mail.deliver = replaced_deliver;
		hw_mailbox_post(old->mailbox, room->rooms->reactor->ring, &old->replaced_mail);
	}
	client->seat = seat;
	client->role = seat->role;
	seat->room = room;
	seat->client = client;
	seat->seq = has_heard ? seat->since : room->seq;
	seat->own_seq = is_back ? seat->since : room->seq;
	seat->wants_welcome = true;
	seat->wants_snapshot = !has_heard;
	seat->has_gap = is_back && !has_heard;
	hw_list_append(&room->seats, &seat->link);
}

static int join(struct hw_rooms *rooms, struct hw_room_seat *seat)
{
	if (rooms->is_draining) {
		return -ESHUTDOWN;
	}
	struct hw_room *room = hw_room_find(rooms, seat->share_id);
	struct hw_room_client *client = NULL;
	if (room == NULL) {
		room = room_open(rooms, seat->share_id);
	} else if (seat->has_identity) {
		client = client_find(room, seat->client_id);
	}
	if (room == NULL) {
		return -ENOBUFS;
	}
	bool is_back = client != NULL;
	if (is_back && !is_equal(client->secret, seat->secret, HW_CLIENT_ID_SIZE)) {
		return -EACCES;
	}
	if (!is_back) {
		client = client_make(room);
	}
	if (client == NULL) {
		if (room->client_count == 0) {
			room_close(room);
		}
		return -ENOBUFS;
	}
	seat_give(room, seat, client, is_back);
	hw_room_feed(seat);
	hw_room_presence_tell(room);
	return 0;
}

static void leave(struct hw_room_seat *seat)
{
	struct hw_room *room = seat->room;
	struct hw_room_client *client = seat->client;
	seat->is_leaving = seat->parcel != NULL;
	if (client == NULL) {
		return; /* replaced */
	}
	unseat(seat);
	ghost_make(room, client);
	if (seat->is_leaving_for_good) {
		client_forget(room, client);
	}
	bool is_empty = hw_list_is_empty(&room->seats);
	if (is_empty && (room->client_count == 0 || room->rooms->is_draining)) {
		room_close(room);
		return;
	}
	hw_room_presence_tell(room);
}

static int signal_relay(struct hw_room_seat *seat)
{
	struct hw_room *room = seat->room;
	if (room == NULL) {
		return -ENOENT; /* replaced */
	}
	struct hw_room_client *to = client_find(room, seat->to);
	struct hw_http_writer json = hw_room_text_begin(room->rooms);
	if (to == NULL) {
		return -ENOENT;
	}
	hw_room_text_signal(&json, room->seq + 1, seat->client->id, seat->bytes);
	hw_room_event_add(room, &json, HW_ROOM_EVENT_OTHER, 0, to->number);
	if (to->seat != NULL) {
		hw_room_feed(to->seat);
	}
	return 0;
}
