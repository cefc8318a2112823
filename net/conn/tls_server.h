/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_server.h - what the TLS connections of one reactor share: memory, certificates, ticket keys
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the pools below    Limits: the counts below; an empty pool makes wait, or refuses
 *
 * A room is a place for sealed bytes. There are many for one record each, of which a connection
 * holds at most one for each direction, while a record is incomplete or not sent; and a few for a
 * batch of sixteen, which only fast clients get: where none is free, or the client is slow, a
 * record at a time does it too.
 */
#ifndef HW_NET_CONN_TLS_SERVER_H
#define HW_NET_CONN_TLS_SERVER_H

#include "core/base/pool.h"
#include "core/loop/reactor.h"
#include "net/conn/tls_handshake.h"

#define HW_TLS_RECORD_ROOM_SIZE 17408U  /* bytes; a record, and a KeyUpdate before it */
#define HW_TLS_BATCH_ROOM_SIZE  266240U /* bytes; 16 records: what a slab becomes */
#define HW_TLS_RECORD_COUNT     1024U   /* 17 MiB, as far as it is used */
#define HW_TLS_BATCH_COUNT      32U     /* 8 MiB */
#define HW_TLS_HANDSHAKE_COUNT  512U    /* at a time; the oldest makes place for a new one */
#define HW_TLS_HANDSHAKE_SIZE   65536U  /* bytes that OpenSSL allocates for one, at the most */

/* [offset, size) of it is in use; nothing is held when bytes is NULL. */
struct hw_tls_room {
	uint8_t *bytes;
	uint32_t capacity;
	uint32_t offset;
	uint32_t size;
};

struct hw_tls_server {
	struct hw_reactor *reactor;
	struct hw_pool conns; /* of struct hw_tls */
	struct hw_pool handshakes;
	struct hw_pool records;
	struct hw_pool batches;
	struct hw_list in_waiters;  /* connections, by buffer_link */
	struct hw_list out_waiters; /* struct hw_tls, by out_link */
	struct hw_list greeting;    /* handshakes, oldest first */
	struct hw_turn_hook hook;   /* hands rooms to those who wait */
	struct hw_tls_tickets tickets;
	const struct hw_tls_contexts *contexts; /* lent until others take their place */
	uint32_t hsts_s;                        /* 0: not said */
	bool is_on;
	uint32_t kernel_ciphers; /* the kernel may seal with: bits of enum hw_tls_cipher */
	bool has_refused;        /* it would not, and that was told */
};

struct hw_tls_options {
	const struct hw_tls_contexts *contexts; /* lent until others take their place */
	uint8_t ticket_seed[HW_TLS_SEED_SIZE];
	uint64_t ticket_begun_us;
	uint32_t hsts_s;
	uint32_t kernel_ciphers; /* as the server has it; 0: the kernel is not to seal */
};

/* Bytes of all this: the budget's term. */
uint64_t hw_tls_server_bytes(uint32_t connection_count);
/* Returns 0 or -ENOMEM. */
int hw_tls_server_init(struct hw_tls_server *server, struct hw_reactor *reactor,
		       const struct hw_tls_options *options,
		       uint32_t connection_count) HW_MUST_CHECK;
/* Accepts the half-built and the never inited (zeroed). */
void hw_tls_server_deinit(struct hw_tls_server *server);

/* A batch when it is wanted and may be had, else a record's room. False: none is free. */
bool hw_tls_room_take(struct hw_tls_server *server, struct hw_tls_room *room, bool wants_batch);
/* Accepts the empty. */
void hw_tls_room_give(struct hw_tls_server *server, struct hw_tls_room *room);
/* What is in use moves to the front of a room of the other kind; nothing when there is none. */
void hw_tls_room_shrink(struct hw_tls_server *server, struct hw_tls_room *room);
void hw_tls_room_grow(struct hw_tls_server *server, struct hw_tls_room *room);

static inline uint32_t hw_tls_room_used(const struct hw_tls_room *room)
{
	return room->size - room->offset;
}

#endif
