/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a pin:
 *
 *   add -> counted  --remove, last one-->  free
 *                   --tombstone; remove, last one-->  due  --forget_due-->  free
 *
 * A table of chains over a fixed array: entries never move, so the list of those due may run
 * through them.
 */
#include "core/catalog/pins.h"

#include <errno.h>
#include <stdlib.h>

#define PIN_CAPACITY_MAX (1U << 24) /* entries; what a start may ask for */

struct hw_pin {
	uint64_t file_id;
	uint32_t count;
	uint32_t next; /* index + 1, in the bucket or the free list */
	uint32_t next_due;
	bool is_tombstoned;
};

static uint32_t *bucket_of(const struct hw_pins *pins, uint64_t file_id);
static struct hw_pin *find(const struct hw_pins *pins, uint64_t file_id);
static void give(struct hw_pins *pins, struct hw_pin *pin);

int hw_pins_init(struct hw_pins *pins, uint32_t capacity)
{
	hw_assert(capacity >= 1);
	hw_assert(capacity <= PIN_CAPACITY_MAX);
	uint32_t bucket_count = 1;
	while (bucket_count < capacity) {
		bucket_count *= 2;
	}
	*pins = (struct hw_pins){.capacity = capacity, .bucket_mask = bucket_count - 1};
	pins->pins = calloc(capacity, sizeof(*pins->pins));
	pins->buckets = calloc(bucket_count, sizeof(*pins->buckets));
	if (pins->pins == NULL || pins->buckets == NULL) {
		hw_pins_deinit(pins);
		return -ENOMEM;
	}
	for (uint32_t i = capacity; i > 0; i--) {
		pins->pins[i - 1].next = pins->free_first;
		pins->free_first = i;
	}
	return 0;
}

void hw_pins_deinit(struct hw_pins *pins)
{
	if (pins == NULL) {
		return;
	}
	free(hw_move(&pins->pins));
	free(hw_move(&pins->buckets));
}

int hw_pins_add(struct hw_pins *pins, uint64_t file_id)
{
	hw_assert(file_id != 0);
	struct hw_pin *pin = find(pins, file_id);
	if (pin != NULL) {
		hw_assert(!pin->is_tombstoned);
		pin->count++;
		return 0;
	}
	uint32_t index = pins->free_first;
	if (index == 0) {
		return -ENOBUFS;
	}
	pin = &pins->pins[index - 1];
	pins->free_first = pin->next;
	uint32_t *bucket = bucket_of(pins, file_id);
	*pin = (struct hw_pin){.file_id = file_id, .count = 1, .next = *bucket};
	*bucket = index;
	pins->used_count++;
	return 0;
}

int hw_pins_remove(struct hw_pins *pins, uint64_t file_id)
{
	struct hw_pin *pin = find(pins, file_id);
	if (pin == NULL || pin->count == 0) {
		return -ENOENT;
	}
	pin->count--;
	if (pin->count == 0 && !pin->is_tombstoned) {
		give(pins, pin);
	} else if (pin->count == 0) {
		pin->next_due = pins->due_first;
		pins->due_first = (uint32_t)(pin - pins->pins) + 1;
	}
	return 0;
}

bool hw_pins_has(const struct hw_pins *pins, uint64_t file_id)
{
	const struct hw_pin *pin = find(pins, file_id);
	return pin != NULL && pin->count > 0;
}

void hw_pins_tombstone(struct hw_pins *pins, uint64_t file_id)
{
	struct hw_pin *pin = find(pins, file_id);
	hw_assert(pin != NULL);
	hw_assert(pin->count > 0);
	hw_assert(!pin->is_tombstoned);
	pin->is_tombstoned = true;
}

uint32_t hw_pins_due(const struct hw_pins *pins, uint64_t *ret_file_ids, uint32_t count_max)
{
	uint32_t count = 0;
	uint32_t index = pins->due_first;
	while (index != 0 && count < count_max) {
		const struct hw_pin *pin = &pins->pins[index - 1];
		ret_file_ids[count++] = pin->file_id;
		index = pin->next_due;
	}
	return count;
}

bool hw_pins_has_due(const struct hw_pins *pins)
{
	return pins->due_first != 0;
}

void hw_pins_forget_due(struct hw_pins *pins, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		hw_assert(pins->due_first != 0);
		struct hw_pin *pin = &pins->pins[pins->due_first - 1];
		pins->due_first = pin->next_due;
		give(pins, pin);
	}
}

static uint32_t *bucket_of(const struct hw_pins *pins, uint64_t file_id)
{
	/* Ids are consecutive, so their low bits spread as evenly as any hash would. */
	return &pins->buckets[file_id & pins->bucket_mask];
}

static struct hw_pin *find(const struct hw_pins *pins, uint64_t file_id)
{
	uint32_t index = *bucket_of(pins, file_id);
	while (index != 0) {
		struct hw_pin *pin = &pins->pins[index - 1];
		if (pin->file_id == file_id) {
			return pin;
		}
		index = pin->next;
	}
	return NULL;
}

static void give(struct hw_pins *pins, struct hw_pin *pin)
{
	uint32_t index = (uint32_t)(pin - pins->pins) + 1;
	uint32_t *slot = bucket_of(pins, pin->file_id);
	while (*slot != index) {
		hw_assert(*slot != 0);
		slot = &pins->pins[*slot - 1].next;
	}
	*slot = pin->next;
	*pin = (struct hw_pin){.next = pins->free_first};
	pins->free_first = index;
	hw_assert(pins->used_count > 0);
	pins->used_count--;
}
