/* SPDX-License-Identifier: Apache-2.0
 *
 * homes.h - which reactor receives an unfinished file
 *
 * Room: core/catalog    Thread: catalog    Blocks: never    Allocates: at init only
 * Owns: its table    Limits: capacity files that have a home at the same time
 */
#ifndef HW_CORE_CATALOG_HOMES_H
#define HW_CORE_CATALOG_HOMES_H

#include "core/base/check.h"

struct hw_home;

struct hw_homes {
	struct hw_home *homes; /* capacity of them */
	uint32_t *buckets;     /* index + 1 of the first home of each; 0: none */
	uint32_t bucket_mask;
	uint32_t capacity;
	uint32_t free_first; /* index + 1 */
	uint32_t used_count;
};

/* @capacity: 1 .. 2^24. Returns 0 or -ENOMEM. */
int hw_homes_init(struct hw_homes *homes, uint32_t capacity) HW_MUST_CHECK;
/* Accepts zeroed and half-built. */
void hw_homes_deinit(struct hw_homes *homes);

/* The file has none. Returns 0, or -ENOBUFS: too many have one. */
int hw_homes_add(struct hw_homes *homes, uint64_t file_id, uint16_t home) HW_MUST_CHECK;
/* HW_HOME_NONE: it has none. */
uint16_t hw_homes_of(const struct hw_homes *homes, uint64_t file_id);
/* Returns false: it had none. */
bool hw_homes_remove(struct hw_homes *homes, uint64_t file_id);

#endif
