/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of chains over a fixed array, as in pins.c: add -> of -> remove.
 */
#include "core/catalog/homes.h"

#include <errno.h>
#include <stdlib.h>

#include "core/catalog/catalog_verbs.h"

#define HOME_CAPACITY_MAX (1U << 24) /* entries; what a start may ask for */

struct hw_home {
	uint64_t file_id;
	uint32_t next; /* index + 1, in the bucket or the free list */
	uint16_t home;
};

static uint32_t *slot_of(const struct hw_homes *homes, uint64_t file_id);

int hw_homes_init(struct hw_homes *homes, uint32_t capacity)
{
	hw_assert(capacity >= 1);
	hw_assert(capacity <= HOME_CAPACITY_MAX);
	uint32_t bucket_count = 1;
	while (bucket_count < capacity) {
		bucket_count *= 2;
	}
	*homes = (struct hw_homes){.capacity = capacity, .bucket_mask = bucket_count - 1};
	homes->homes = calloc(capacity, sizeof(*homes->homes));
	homes->buckets = calloc(bucket_count, sizeof(*homes->buckets));
	if (homes->homes == NULL || homes->buckets == NULL) {
		hw_homes_deinit(homes);
		return -ENOMEM;
	}
	for (uint32_t i = capacity; i > 0; i--) {
		homes->homes[i - 1].next = homes->free_first;
		homes->free_first = i;
	}
	return 0;
}

void hw_homes_deinit(struct hw_homes *homes)
{
	if (homes == NULL) {
		return;
	}
	free(hw_move(&homes->homes));
	free(hw_move(&homes->buckets));
}

int hw_homes_add(struct hw_homes *homes, uint64_t file_id, uint16_t home)
{
	hw_assert(file_id != 0);
	hw_assert(home != HW_HOME_NONE);
	uint32_t *slot = slot_of(homes, file_id);
	hw_assert(*slot == 0);
	uint32_t index = homes->free_first;
	if (index == 0) {
		return -ENOBUFS;
	}
	struct hw_home *entry = &homes->homes[index - 1];
	homes->free_first = entry->next;
	*entry = (struct hw_home){.file_id = file_id, .home = home};
	*slot = index;
	homes->used_count++;
	return 0;
}

uint16_t hw_homes_of(const struct hw_homes *homes, uint64_t file_id)
{
	uint32_t index = *slot_of(homes, file_id);
	return index == 0 ? HW_HOME_NONE : homes->homes[index - 1].home;
}

bool hw_homes_remove(struct hw_homes *homes, uint64_t file_id)
{
	uint32_t *slot = slot_of(homes, file_id);
	uint32_t index = *slot;
	if (index == 0) {
		return false;
	}
	struct hw_home *entry = &homes->homes[index - 1];
	*slot = entry->next;
	*entry = (struct hw_home){.next = homes->free_first};
	homes->free_first = index;
	hw_assert(homes->used_count > 0);
	homes->used_count--;
	return true;
}

/* Where the index of the file's entry stands; where it would be added if there is none. */
static uint32_t *slot_of(const struct hw_homes *homes, uint64_t file_id)
{
	/* Ids are consecutive, so their low bits spread as evenly as any hash would. */
	uint32_t *slot = &homes->buckets[file_id & homes->bucket_mask];
	while (*slot != 0 && homes->homes[*slot - 1].file_id != file_id) {
		slot = &homes->homes[*slot - 1].next;
	}
	return slot;
}
