/* SPDX-License-Identifier: Apache-2.0
 *
 * room_log.h - the last events of a room, for those who have not heard them yet
 *
 * Room: net/talk    Thread: the room's reactor    Blocks: never    Allocates: at init of the pools
 * Owns: its events, out of pools that all rooms of a reactor share
 * Limits: HW_ROOM_LOG_EVENTS_MAX events, HW_ROOM_LOG_SIZE_MAX bytes; what is over pushes out
 * progress first, then what is oldest
 *
 * Progress of a transfer, and who is there, are states: a newer event takes the place of the older
 * one. What was pushed out otherwise is a gap: who has not heard it needs a snapshot
 * (hw_room_log_is_whole).
 */
#ifndef HW_NET_TALK_ROOM_LOG_H
#define HW_NET_TALK_ROOM_LOG_H

#include "core/base/list.h"
#include "core/base/pool.h"
#include "core/base/span.h"

#define HW_ROOM_LOG_EVENTS_MAX 256U   /* of one room */
#define HW_ROOM_LOG_SIZE_MAX   65536U /* bytes of their texts */
#define HW_ROOM_CELL_SIZE      504U   /* bytes of text in one cell */

enum hw_room_event_kind {
	HW_ROOM_EVENT_NONE = 0,
	HW_ROOM_EVENT_PROGRESS, /* of the transfer that key names: the newest is enough */
	HW_ROOM_EVENT_STATE,    /* of the transfer that key names; the progress before it is past */
	HW_ROOM_EVENT_PRESENCE, /* the newest is enough */
	HW_ROOM_EVENT_OTHER,    /* all must be heard */
	HW_ROOM_EVENT_KIND_COUNT,
};

struct hw_room_cell {
	struct hw_room_cell *next;
	char bytes[HW_ROOM_CELL_SIZE];
};

struct hw_room_event {
	struct hw_list link;
	uint64_t seq;
	uint64_t key;
	uint64_t to; /* the number of the only client that hears it; 0: all */
	uint32_t size;
	enum hw_room_event_kind kind;
	struct hw_room_cell *cells;
};

/* What all logs of a reactor are made of. */
struct hw_room_log_pools {
	struct hw_pool events;
	struct hw_pool cells;
};

struct hw_room_log {
	struct hw_list events; /* oldest first */
	uint64_t gap_seq;      /* the newest event that was pushed out unheard; 0: none */
	uint32_t count;
	uint32_t size; /* bytes */
};

uint64_t hw_room_log_pools_bytes(uint32_t event_count);
int hw_room_log_pools_init(struct hw_room_log_pools *pools, uint32_t event_count) HW_MUST_CHECK;
void hw_room_log_pools_deinit(struct hw_room_log_pools *pools);

void hw_room_log_init(struct hw_room_log *log);
/* Forget all. */
void hw_room_log_clear(struct hw_room_log *log, struct hw_room_log_pools *pools);

/* What an event is, before its text: seq greater than all before. */
struct hw_room_event_head {
	uint64_t seq;
	uint64_t key;
	uint64_t to;
	enum hw_room_event_kind kind;
};

/* @text: copied; at most HW_ROOM_LOG_SIZE_MAX bytes. Returns how many events were pushed out that
 * somebody may not have heard. What finds no room at all is pushed out itself. */
uint32_t hw_room_log_append(struct hw_room_log *log, struct hw_room_log_pools *pools,
			    const struct hw_room_event_head *head, struct hw_span text);

/* Has everything after @seq been kept that must be heard? */
bool hw_room_log_is_whole(const struct hw_room_log *log, uint64_t seq);
/* The first event for @to that is newer: than @seq when it is for all, than @own_seq when it is for
 * @to alone. NULL: none. */
const struct hw_room_event *hw_room_log_next(const struct hw_room_log *log, uint64_t seq,
					     uint64_t own_seq, uint64_t to);
/* @ret_text: event->size bytes. */
void hw_room_event_text(const struct hw_room_event *event, char *ret_text);

#endif
