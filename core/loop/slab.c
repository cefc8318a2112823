/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a slab:
 *
 *   FREE --take--> FILLING --seal--> HELD --unref (the last)--> FREE
 *                     +------------unref (nothing to keep)------^
 */
#include "core/loop/slab.h"

#include <errno.h>
#include <sys/mman.h>

#define HUGE_PAGE_SIZE  (2U << 20)
#define TURN_SERVED_MAX 1024U

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Huge pages if the operator reserved any; else ordinary ones, which the kernel may merge. */
static int arena_map(struct hw_slab_pool *pool, uint64_t size)
{
	uint64_t huge_size = round_up(size, HUGE_PAGE_SIZE);
	void *arena = mmap(NULL, huge_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	pool->has_huge_pages = arena != MAP_FAILED;
	if (arena == MAP_FAILED) {
		arena = mmap(NULL, huge_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		if (arena == MAP_FAILED) {
			return -ENOMEM;
		}
		(void)madvise(arena, huge_size, MADV_HUGEPAGE); /* a wish */
	}
	pool->arena = arena;
	pool->arena_size = huge_size;
	return 0;
}

int hw_slab_pool_init(struct hw_slab_pool *pool, uint32_t count)
{
	hw_assert(count > 0);
	*pool = (struct hw_slab_pool){.count = count, .free_count = count};
	hw_list_init(&pool->waiters);
	/* The slabs' own records follow them in the same mapping. */
	uint64_t bytes_size = (uint64_t)count * HW_SLAB_SIZE;
	int r = arena_map(pool, bytes_size + (uint64_t)count * sizeof(struct hw_slab));
	if (r < 0) {
		return r;
	}
	pool->slabs = (struct hw_slab *)(void *)(pool->arena + bytes_size);
	for (uint32_t i = count; i > 0; i--) {
		struct hw_slab *slab = &pool->slabs[i - 1];
		slab->bytes = pool->arena + (uint64_t)(i - 1) * HW_SLAB_SIZE;
		slab->pool = pool;
		slab->next_free = pool->free_first;
		pool->free_first = slab;
	}
	return 0;
}

void hw_slab_pool_deinit(struct hw_slab_pool *pool)
{
	if (pool == NULL || pool->arena == NULL) {
		return;
	}
	hw_assert(pool->free_count == pool->count);
	hw_assert(hw_list_is_empty(&pool->waiters));
	(void)munmap(pool->arena, pool->arena_size); /* cannot fail for what mmap gave */
	*pool = (struct hw_slab_pool){0};
}

static struct hw_slab *take_first(struct hw_slab_pool *pool)
{
	struct hw_slab *slab = pool->free_first;
	if (slab == NULL) {
		return NULL;
	}
	hw_assert(slab->state == HW_SLAB_FREE && slab->holder_count == 0);
	pool->free_first = slab->next_free;
	pool->free_count--;
	slab->next_free = NULL;
	slab->state = HW_SLAB_FILLING;
	slab->holder_count = 1;
	slab->size = 0;
	return slab;
}

struct hw_slab *hw_slab_take(struct hw_slab_pool *pool)
{
	if (!hw_list_is_empty(&pool->waiters)) {
		return NULL; /* first come, first served */
	}
	return take_first(pool);
}

void hw_slab_wait(struct hw_slab_pool *pool, struct hw_slab_waiter *waiter)
{
	hw_assert(waiter->ready != NULL);
	hw_list_append(&pool->waiters, &waiter->link);
}

void hw_slab_wait_end(struct hw_slab_waiter *waiter)
{
	hw_list_remove(&waiter->link);
}

bool hw_slab_has_waiters(const struct hw_slab_pool *pool)
{
	return !hw_list_is_empty(&pool->waiters);
}

void hw_slab_pool_serve(struct hw_slab_pool *pool)
{
	/* Bounded: one that gives its slab back and waits again must not keep the turn. */
	for (uint32_t i = 0; i < TURN_SERVED_MAX; i++) {
		if (pool->free_first == NULL || hw_list_is_empty(&pool->waiters)) {
			break;
		}
		struct hw_list *link = hw_list_take_first(&pool->waiters);
		struct hw_slab_waiter *waiter = hw_container_of(link, struct hw_slab_waiter, link);
		waiter->ready(waiter, take_first(pool));
	}
}

void hw_slab_seal(struct hw_slab *slab)
{
	hw_assert(slab->state == HW_SLAB_FILLING);
	hw_assert(slab->holder_count == 1);
	hw_assert(slab->size <= HW_SLAB_SIZE);
	slab->state = HW_SLAB_HELD;
}

struct hw_slab *hw_slab_ref(struct hw_slab *slab)
{
	hw_assert(slab->state == HW_SLAB_HELD);
	hw_assert(slab->holder_count < UINT16_MAX);
	slab->holder_count++;
	return slab;
}

void hw_slab_unref(struct hw_slab *slab)
{
	if (slab == NULL) {
		return;
	}
	hw_assert(slab->state == HW_SLAB_FILLING || slab->state == HW_SLAB_HELD);
	hw_assert(slab->holder_count > 0);
	if (--slab->holder_count > 0) {
		return;
	}
	struct hw_slab_pool *pool = slab->pool;
	slab->state = HW_SLAB_FREE;
	slab->next_free = pool->free_first;
	pool->free_first = slab;
	pool->free_count++;
}
