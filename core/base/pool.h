/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h - a fixed number of equal objects, made at start
 *
 * Room: core/base    Thread: one at a time    Blocks: never    Allocates: at init only (mmap)
 * Owns: the memory of its objects; take/give move the right to use one
 * Limits: capacity, fixed at init; take answers NULL when empty
 *
 * Pages are touched on first use, so a large pool costs memory only as far as it was ever used.
 * Objects are handed out most-recently-given first (warm), and lie at multiples of @alignment.
 */
#ifndef HW_CORE_BASE_POOL_H
#define HW_CORE_BASE_POOL_H

#include "core/base/check.h"

struct hw_pool {
	char *base;
	uint32_t *free_slots; /* stack of indices */
	uint8_t *taken_bits;  /* one for each slot: is it out? */
	uint64_t map_size;    /* bytes mapped for all three */
	uint32_t stride;      /* bytes from object to object */
	uint32_t capacity;
	uint32_t free_count;
};

/* @size and @alignment in bytes; alignment a power of two up to a page.
 * Returns 0 or -ENOMEM. */
int hw_pool_init(struct hw_pool *pool, uint32_t size, uint32_t alignment,
		 uint32_t capacity) HW_MUST_CHECK;
/* Accepts a pool that was never inited (zeroed); asserts that every object was given back. */
void hw_pool_deinit(struct hw_pool *pool);

/* An object with the contents it was given back with (zero at first), or NULL when empty. */
void *hw_pool_take(struct hw_pool *pool) HW_MUST_CHECK;
/* @object: moved; asserts that it is one of the pool's and was taken. */
void hw_pool_give(struct hw_pool *pool, void *object);

uint32_t hw_pool_used_count(const struct hw_pool *pool);
/* Bytes that init maps for these figures: the budget's term. */
uint64_t hw_pool_bytes(uint32_t size, uint32_t alignment, uint32_t capacity);

#endif
