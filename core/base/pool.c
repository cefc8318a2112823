/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/pool.h"

#include <errno.h>
#include <sys/mman.h>

#include "core/base/limits.h"

static uint32_t stride_of(uint32_t size, uint32_t alignment)
{
	hw_assert(alignment != 0 && (alignment & (alignment - 1)) == 0);
	hw_assert(alignment <= HW_PAGE_SIZE);
	hw_assert(size <= UINT32_MAX - HW_PAGE_SIZE);
	/* The slots' stack stands behind the objects and must be aligned too. */
	alignment = hw_max(alignment, (uint32_t)sizeof(uint32_t));
	return (size + alignment - 1) & ~(alignment - 1);
}

static uint64_t taken_size_of(uint32_t capacity)
{
	return (capacity + UINT64_C(7)) / 8;
}

uint64_t hw_pool_bytes(uint32_t size, uint32_t alignment, uint32_t capacity)
{
	uint64_t objects_size = (uint64_t)stride_of(size, alignment) * capacity;
	return objects_size + sizeof(uint32_t) * (uint64_t)capacity + taken_size_of(capacity);
}

int hw_pool_init(struct hw_pool *pool, uint32_t size, uint32_t alignment, uint32_t capacity)
{
	hw_assert(size > 0 && capacity > 0);
	uint64_t map_size = hw_pool_bytes(size, alignment, capacity);
	void *map = mmap(NULL, map_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	uint32_t stride = stride_of(size, alignment);
	*pool = (struct hw_pool){
		.base = map,
		.free_slots = (uint32_t *)(void *)((char *)map + (uint64_t)stride * capacity),
		.taken_bits = (uint8_t *)map + map_size - taken_size_of(capacity),
		.map_size = map_size,
		.stride = stride,
		.capacity = capacity,
		.free_count = capacity,
	};
	for (uint32_t i = 0; i < capacity; i++) {
		pool->free_slots[i] = capacity - 1 - i;
	}
	return 0;
}

void hw_pool_deinit(struct hw_pool *pool)
{
	if (pool == NULL || pool->base == NULL) {
		return;
	}
	hw_assert(pool->free_count == pool->capacity);
	(void)munmap(pool->base, pool->map_size); /* cannot fail for what mmap gave */
	*pool = (struct hw_pool){0};
}

void *hw_pool_take(struct hw_pool *pool)
{
	if (pool->free_count == 0) {
		return NULL;
	}
	uint32_t slot = pool->free_slots[--pool->free_count];
	hw_assert((pool->taken_bits[slot / 8] >> slot % 8 & 1) == 0);
	pool->taken_bits[slot / 8] |= (uint8_t)(1U << slot % 8);
	return pool->base + (uint64_t)slot * pool->stride;
}

void hw_pool_give(struct hw_pool *pool, void *object)
{
	uint64_t offset = (uint64_t)((char *)object - pool->base);
	hw_assert(offset % pool->stride == 0);
	hw_assert(offset / pool->stride < pool->capacity);
	uint32_t slot = (uint32_t)(offset / pool->stride);
	/* Given twice, it would be taken by two: the one bug of pools that corrupts in silence. */
	hw_assert((pool->taken_bits[slot / 8] >> slot % 8 & 1) == 1);
	pool->taken_bits[slot / 8] &= (uint8_t) ~(1U << slot % 8);
	pool->free_slots[pool->free_count++] = slot;
}

uint32_t hw_pool_used_count(const struct hw_pool *pool)
{
	return pool->capacity - pool->free_count;
}
