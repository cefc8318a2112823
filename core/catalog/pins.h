/* SPDX-License-Identifier: Apache-2.0
 *
 * pins.h - which files somebody is reading, and which of those were deleted meanwhile
 *
 * Room: core/catalog    Thread: catalog    Blocks: never    Allocates: at init only
 * Owns: its table    Limits: capacity files pinned at the same time
 *
 * A file is here from its first pin until its last one is gone; one that was tombstoned meanwhile
 * stays as "due" until the catalog has written down that its chunks may go.
 */
#ifndef HW_CORE_CATALOG_PINS_H
#define HW_CORE_CATALOG_PINS_H

#include "core/base/check.h"

struct hw_pin;

struct hw_pins {
	struct hw_pin *pins; /* capacity of them */
	uint32_t *buckets;   /* index + 1 of the first pin of each; 0: none */
	uint32_t bucket_mask;
	uint32_t capacity;
	uint32_t free_first; /* index + 1 */
	uint32_t due_first;  /* index + 1 */
	uint32_t used_count;
};

/* @capacity: 1 .. 2^24. Returns 0 or -ENOMEM. */
int hw_pins_init(struct hw_pins *pins, uint32_t capacity) HW_MUST_CHECK;
/* Accepts zeroed and half-built pins; files still pinned are simply forgotten. */
void hw_pins_deinit(struct hw_pins *pins);

/* One pin more. Returns 0, or -ENOBUFS: too many files are pinned. */
int hw_pins_add(struct hw_pins *pins, uint64_t file_id) HW_MUST_CHECK;
/* One pin less. Returns 0, or -ENOENT: it is not pinned. */
int hw_pins_remove(struct hw_pins *pins, uint64_t file_id) HW_MUST_CHECK;
bool hw_pins_has(const struct hw_pins *pins, uint64_t file_id);
/* The pinned file was tombstoned: it is due when its last pin goes. */
void hw_pins_tombstone(struct hw_pins *pins, uint64_t file_id);

/* Those that are due, at most @count_max of them; given again until they are forgotten.
 * @ret_file_ids  room for @count_max. Returns how many. */
uint32_t hw_pins_due(const struct hw_pins *pins, uint64_t *ret_file_ids, uint32_t count_max);
bool hw_pins_has_due(const struct hw_pins *pins);
/* Forget the @count files that hw_pins_due() gave; no pin was removed in between. */
void hw_pins_forget_due(struct hw_pins *pins, uint32_t count);

#endif
