/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn/tls_server.h"

#include <errno.h>
#include <string.h>

#include "net/conn/http_tls.h"

#define BATCHES_KEPT 4U /* for those who come when many hold one */

static bool rooms_hand_out(struct hw_turn_hook *hook);

static_assert(HW_TLS_RECORD_ROOM_SIZE >=
		      HW_TLS_RECORD_SIZE_MAX + HW_TLS_KEY_UPDATE_SIZE + HW_TLS_OVERHEAD_MAX,
	      "a record and a KeyUpdate");
static_assert(HW_TLS_BATCH_ROOM_SIZE >= 17U * (HW_TLS_PLAIN_SIZE_MAX / 16U * 15U),
	      "a slab's records");

uint64_t hw_tls_server_bytes(uint32_t connection_count)
{
	return hw_pool_bytes(sizeof(struct hw_tls), 64, connection_count) +
	       hw_pool_bytes(sizeof(struct hw_tls_handshake), 64, HW_TLS_HANDSHAKE_COUNT) +
	       hw_pool_bytes(HW_TLS_RECORD_ROOM_SIZE, 64, HW_TLS_RECORD_COUNT) +
	       hw_pool_bytes(HW_TLS_BATCH_ROOM_SIZE, HW_PAGE_SIZE, HW_TLS_BATCH_COUNT) +
	       (uint64_t)HW_TLS_HANDSHAKE_SIZE * HW_TLS_HANDSHAKE_COUNT +
	       (uint64_t)HW_TLS_CIPHER_BYTES * 2 * connection_count;
}

int hw_tls_server_init(struct hw_tls_server *server, struct hw_reactor *reactor,
		       const struct hw_tls_options *options, uint32_t connection_count)
{
	*server = (struct hw_tls_server){.reactor = reactor};
	hw_list_init(&server->in_waiters);
	hw_list_init(&server->out_waiters);
	hw_list_init(&server->greeting);
	server->is_on = true;
	server->contexts = options->contexts;
	server->hsts_s = options->hsts_s;
	server->kernel_ciphers = options->kernel_ciphers;
	server->hook.run = rooms_hand_out;
	hw_tls_tickets_init(&server->tickets, options->ticket_seed, options->ticket_begun_us);
	int r = hw_pool_init(&server->conns, sizeof(struct hw_tls), 64, connection_count);
	if (r >= 0) {
		r = hw_pool_init(&server->handshakes, sizeof(struct hw_tls_handshake), 64,
				 HW_TLS_HANDSHAKE_COUNT);
	}
	if (r >= 0) {
		r = hw_pool_init(&server->records, HW_TLS_RECORD_ROOM_SIZE, 64,
				 HW_TLS_RECORD_COUNT);
	}
	if (r >= 0) {
		r = hw_pool_init(&server->batches, HW_TLS_BATCH_ROOM_SIZE, HW_PAGE_SIZE,
				 HW_TLS_BATCH_COUNT);
	}
	if (r < 0) {
		hw_tls_server_deinit(server);
		return r;
	}
	hw_reactor_hook_add(reactor, &server->hook);
	return 0;
}

void hw_tls_server_deinit(struct hw_tls_server *server)
{
	hw_pool_deinit(&server->batches);
	hw_pool_deinit(&server->records);
	hw_pool_deinit(&server->handshakes);
	hw_pool_deinit(&server->conns);
	hw_tls_tickets_deinit(&server->tickets);
}

/* -- rooms -- */

static bool record_take(struct hw_tls_server *server, struct hw_tls_room *room)
{
	uint8_t *bytes = hw_pool_take(&server->records);
	if (bytes == NULL) {
		return false;
	}
	*room = (struct hw_tls_room){.bytes = bytes, .capacity = HW_TLS_RECORD_ROOM_SIZE};
	return true;
}

static bool batch_take(struct hw_tls_server *server, struct hw_tls_room *room)
{
	if (hw_pool_used_count(&server->batches) >= HW_TLS_BATCH_COUNT - BATCHES_KEPT) {
		return false;
	}
	uint8_t *bytes = hw_pool_take(&server->batches);
	hw_assert(bytes != NULL);
	*room = (struct hw_tls_room){.bytes = bytes, .capacity = HW_TLS_BATCH_ROOM_SIZE};
	return true;
}

bool hw_tls_room_take(struct hw_tls_server *server, struct hw_tls_room *room, bool wants_batch)
{
	hw_assert(room->bytes == NULL);
	return (wants_batch && batch_take(server, room)) || record_take(server, room);
}

void hw_tls_room_give(struct hw_tls_server *server, struct hw_tls_room *room)
{
	if (room->bytes != NULL) {
		bool is_batch = room->capacity == HW_TLS_BATCH_ROOM_SIZE;
		hw_pool_give(is_batch ? &server->batches : &server->records, room->bytes);
		*room = (struct hw_tls_room){0};
	}
}

static void move(struct hw_tls_server *server, struct hw_tls_room *room, struct hw_tls_room *to)
{
	to->size = hw_tls_room_used(room);
	memcpy(to->bytes, room->bytes + room->offset, to->size);
	hw_tls_room_give(server, room);
	*room = *to;
}

void hw_tls_room_shrink(struct hw_tls_server *server, struct hw_tls_room *room)
{
	struct hw_tls_room record = {0};
	bool is_batch = room->capacity == HW_TLS_BATCH_ROOM_SIZE;
	if (is_batch && hw_tls_room_used(room) <= HW_TLS_RECORD_ROOM_SIZE &&
	    record_take(server, &record)) {
		move(server, room, &record);
	}
}

void hw_tls_room_grow(struct hw_tls_server *server, struct hw_tls_room *room)
{
	struct hw_tls_room batch = {0};
	bool is_record = room->capacity == HW_TLS_RECORD_ROOM_SIZE;
	if (is_record && batch_take(server, &batch)) {
		move(server, room, &batch);
	}
}

/* As many of those who wait as there are rooms: answers first, for they free what they hold. */
static bool rooms_hand_out(struct hw_turn_hook *hook)
{
	struct hw_tls_server *server = hw_container_of(hook, struct hw_tls_server, hook);
	uint32_t count = HW_TLS_RECORD_COUNT - hw_pool_used_count(&server->records);
	for (; count > 0 && !hw_list_is_empty(&server->out_waiters); count--) {
		struct hw_list *link = hw_list_take_first(&server->out_waiters);
		hw_http_tls_out_ready(hw_container_of(link, struct hw_tls, out_link)->conn);
	}
	for (; count > 0 && !hw_list_is_empty(&server->in_waiters); count--) {
		struct hw_list *link = hw_list_take_first(&server->in_waiters);
		hw_http_tls_in_ready(hw_container_of(link, struct hw_http_conn, buffer_link));
	}
	return false;
}
