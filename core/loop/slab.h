/* SPDX-License-Identifier: Apache-2.0
 *
 * slab.h - 256 KiB of registered, page-aligned memory: the unit in which bytes pass through a
 * reactor
 *
 * Room: core/loop    Thread: the owning reactor    Blocks: never    Allocates: at init only (mmap)
 * Owns: one arena, huge pages where there are any
 * Limits: a fixed count; take answers NULL when empty and the caller waits in line
 *
 * A slab has one writer and then only readers (DESIGN, rule 2): FILLING while its one holder
 * receives or reads into it; hw_slab_seal() makes it HELD, after which holders may be added and
 * nobody writes. The last holder gives it back.
 */
#ifndef HW_CORE_LOOP_SLAB_H
#define HW_CORE_LOOP_SLAB_H

#include "core/base/limits.h"
#include "core/base/list.h"

enum hw_slab_state {
	HW_SLAB_FREE = 0, /* in the pool */
	HW_SLAB_FILLING,  /* one holder, who may write */
	HW_SLAB_HELD,     /* read only, counted */
	HW_SLAB_STATE_COUNT,
};

struct hw_slab_pool;

struct hw_slab {
	uint8_t *bytes; /* HW_SLAB_SIZE, page-aligned, registered with the pool's ring */
	uint32_t size;  /* bytes filled; the writer's */
	uint16_t holder_count;
	uint8_t state;             /* enum hw_slab_state */
	struct hw_slab_pool *pool; /* whose it is */
	struct hw_slab *next_free; /* in the pool only */
};

/* Somebody who waits for a slab; embedded. ready runs from hw_slab_pool_serve(), in the order of
 * waiting, and is given the slab (moved, as hw_slab_take gives it). */
struct hw_slab_waiter {
	struct hw_list link;
	void (*ready)(struct hw_slab_waiter *waiter, struct hw_slab *slab);
};

struct hw_slab_pool {
	uint8_t *arena;
	uint64_t arena_size; /* bytes mapped */
	struct hw_slab *slabs;
	struct hw_slab *free_first;
	struct hw_list waiters;
	uint32_t count;
	uint32_t free_count;
	bool has_huge_pages;
};

/* @count slabs. Returns 0 or -ENOMEM. */
int hw_slab_pool_init(struct hw_slab_pool *pool, uint32_t count) HW_MUST_CHECK;
/* Accepts the half-built; asserts that every slab came back. */
void hw_slab_pool_deinit(struct hw_slab_pool *pool);

/* A slab in state FILLING with size 0, or NULL: none is free, or others wait in line before. */
struct hw_slab *hw_slab_take(struct hw_slab_pool *pool) HW_MUST_CHECK;
/* Stand in line. @waiter: lent until ready runs or hw_slab_wait_end(). */
void hw_slab_wait(struct hw_slab_pool *pool, struct hw_slab_waiter *waiter);
void hw_slab_wait_end(struct hw_slab_waiter *waiter);
bool hw_slab_has_waiters(const struct hw_slab_pool *pool);
/* Let those in line go on while there are slabs; called once a turn by the reactor. */
void hw_slab_pool_serve(struct hw_slab_pool *pool);

/* The writer is done: read only from now on. */
void hw_slab_seal(struct hw_slab *slab);
/* One holder more; HELD only. */
struct hw_slab *hw_slab_ref(struct hw_slab *slab);
/* One holder less; the last one returns it to its pool. Accepts NULL. */
void hw_slab_unref(struct hw_slab *slab);

#endif
