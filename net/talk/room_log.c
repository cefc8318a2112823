/* SPDX-License-Identifier: Apache-2.0
 *
 *   append -> supersede -> (while it is too much) push_out -> event_make
 */
#include "net/talk/room_log.h"

#include <string.h>

/* One cell holds most events; signals and long names take more. */
#define CELLS_PER_EVENT 2U

static void supersede(struct hw_room_log *log, struct hw_room_log_pools *pools,
		      const struct hw_room_event_head *head);
static bool push_out(struct hw_room_log *log, struct hw_room_log_pools *pools);
static struct hw_room_event *event_make(struct hw_room_log_pools *pools, struct hw_span text);

uint64_t hw_room_log_pools_bytes(uint32_t event_count)
{
	return hw_pool_bytes(sizeof(struct hw_room_event), 8, event_count) +
	       hw_pool_bytes(sizeof(struct hw_room_cell), 8, event_count * CELLS_PER_EVENT);
}

int hw_room_log_pools_init(struct hw_room_log_pools *pools, uint32_t event_count)
{
	*pools = (struct hw_room_log_pools){0};
	int r = hw_pool_init(&pools->events, sizeof(struct hw_room_event), 8, event_count);
	if (r >= 0) {
		r = hw_pool_init(&pools->cells, sizeof(struct hw_room_cell), 8,
				 event_count * CELLS_PER_EVENT);
	}
	if (r < 0) {
		hw_room_log_pools_deinit(pools);
	}
	return r;
}

void hw_room_log_pools_deinit(struct hw_room_log_pools *pools)
{
	hw_pool_deinit(&pools->cells);
	hw_pool_deinit(&pools->events);
}

void hw_room_log_init(struct hw_room_log *log)
{
	*log = (struct hw_room_log){0};
	hw_list_init(&log->events);
}

static struct hw_room_event *event_of(struct hw_list *link)
{
	return hw_container_of(link, struct hw_room_event, link);
}

static void cells_give(struct hw_room_log_pools *pools, struct hw_room_cell *cell)
{
	while (cell != NULL) {
		struct hw_room_cell *next = cell->next;
		hw_pool_give(&pools->cells, cell);
		cell = next;
	}
}

static void event_drop(struct hw_room_log *log, struct hw_room_log_pools *pools,
		       struct hw_room_event *event)
{
	log->count--;
	log->size -= event->size;
	hw_list_remove(&event->link);
	cells_give(pools, hw_move(&event->cells));
	hw_pool_give(&pools->events, event);
}

void hw_room_log_clear(struct hw_room_log *log, struct hw_room_log_pools *pools)
{
	while (!hw_list_is_empty(&log->events)) {
		event_drop(log, pools, event_of(log->events.next));
	}
	hw_assert(log->count == 0 && log->size == 0);
}

static bool is_past(const struct hw_room_event *event, const struct hw_room_event_head *head)
{
	bool is_transfer =
		head->kind == HW_ROOM_EVENT_PROGRESS || head->kind == HW_ROOM_EVENT_STATE;
	if (is_transfer) {
		return event->kind == HW_ROOM_EVENT_PROGRESS && event->key == head->key;
	}
	return head->kind == HW_ROOM_EVENT_PRESENCE && event->kind == HW_ROOM_EVENT_PRESENCE;
}

static void supersede(struct hw_room_log *log, struct hw_room_log_pools *pools,
		      const struct hw_room_event_head *head)
{
	struct hw_list *link = log->events.next;
	while (link != &log->events) {
		struct hw_list *next = link->next;
		if (is_past(event_of(link), head)) {
			event_drop(log, pools, event_of(link));
		}
		link = next;
	}
}

/* The oldest progress, else the oldest of all. Returns whether that is a gap. */
static bool push_out(struct hw_room_log *log, struct hw_room_log_pools *pools)
{
	struct hw_room_event *victim = event_of(log->events.next);
	for (struct hw_list *link = log->events.next; link != &log->events; link = link->next) {
		if (event_of(link)->kind == HW_ROOM_EVENT_PROGRESS) {
			victim = event_of(link);
			break;
		}
	}
	bool is_gap = victim->kind != HW_ROOM_EVENT_PROGRESS;
	if (is_gap) {
		log->gap_seq = hw_max(log->gap_seq, victim->seq);
	}
	event_drop(log, pools, victim);
	return is_gap;
}

static struct hw_room_event *event_make(struct hw_room_log_pools *pools, struct hw_span text)
{
	struct hw_room_event *event = hw_pool_take(&pools->events);
	struct hw_room_cell *cells = NULL;
	struct hw_room_cell **tail = &cells;
	bool is_good = event != NULL;
	for (uint32_t at = 0; is_good && at < text.size; at += HW_ROOM_CELL_SIZE) {
		struct hw_room_cell *cell = hw_pool_take(&pools->cells);
		if (cell == NULL) {
			is_good = false;
			break;
		}
		memcpy(cell->bytes, text.bytes + at, hw_min(text.size - at, HW_ROOM_CELL_SIZE));
		cell->next = NULL;
		*tail = cell;
		tail = &cell->next;
	}
	if (!is_good) {
		cells_give(pools, cells);
		if (event != NULL) {
			hw_pool_give(&pools->events, event);
		}
		return NULL;
	}
	*event = (struct hw_room_event){.size = text.size, .cells = cells};
	return event;
}

uint32_t hw_room_log_append(struct hw_room_log *log, struct hw_room_log_pools *pools,
			    const struct hw_room_event_head *head, struct hw_span text)
{
	uint32_t gap_count = 0;
	hw_assert(text.size > 0 && text.size <= HW_ROOM_LOG_SIZE_MAX);
	supersede(log, pools, head);
	while (log->count >= HW_ROOM_LOG_EVENTS_MAX ||
	       log->size + text.size > HW_ROOM_LOG_SIZE_MAX) {
		gap_count += push_out(log, pools);
	}
	struct hw_room_event *event = event_make(pools, text);
	while (event == NULL && log->count > 0) { /* others have the pools: we give way */
		gap_count += push_out(log, pools);
		event = event_make(pools, text);
	}
	if (event == NULL) {
		bool is_gap = head->kind != HW_ROOM_EVENT_PROGRESS;
		log->gap_seq = is_gap ? head->seq : log->gap_seq;
		return gap_count + is_gap;
	}
	event->seq = head->seq;
	event->key = head->key;
	event->to = head->to;
	event->kind = head->kind;
	hw_list_append(&log->events, &event->link);
	log->count++;
	log->size += text.size;
	return gap_count;
}

bool hw_room_log_is_whole(const struct hw_room_log *log, uint64_t seq)
{
	return seq >= log->gap_seq;
}

const struct hw_room_event *hw_room_log_next(const struct hw_room_log *log, uint64_t seq,
					     uint64_t own_seq, uint64_t to)
{
	for (struct hw_list *link = log->events.next; link != &log->events; link = link->next) {
		const struct hw_room_event *event = event_of(link);
		bool is_new =
			event->to == 0 ? event->seq > seq : event->to == to && event->seq > own_seq;
		if (is_new) {
			return event;
		}
	}
	return NULL;
}

void hw_room_event_text(const struct hw_room_event *event, char *ret_text)
{
	uint32_t at = 0;
	for (const struct hw_room_cell *cell = event->cells; cell != NULL; cell = cell->next) {
		uint32_t size = hw_min(event->size - at, HW_ROOM_CELL_SIZE);
		memcpy(ret_text + at, cell->bytes, size);
		at += size;
	}
	hw_assert(at == event->size);
}
