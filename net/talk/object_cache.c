/* SPDX-License-Identifier: Apache-2.0
 *
 *   prepare -> (the body is written) -> list -> find, find, ... -> board_wipe
 *
 * One mapping: boards' bytes | boards | buckets.
 */
#include "net/talk/object_cache.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/metrics.h"

#define OBJECT_SIZE_USUAL 2048U /* bytes; how many buckets there are for how many boards */

struct layout {
	uint64_t boards_offset;
	uint64_t buckets_offset;
	uint64_t size;
	uint32_t board_count;
	uint32_t bucket_count;
};

static struct layout layout_of(uint64_t size)
{
	struct layout layout = {.board_count = (uint32_t)(size / HW_SLAB_SIZE), .bucket_count = 1};
	while (layout.bucket_count < size / OBJECT_SIZE_USUAL) {
		layout.bucket_count *= 2;
	}
	layout.boards_offset = (uint64_t)layout.board_count * HW_SLAB_SIZE;
	layout.buckets_offset =
		layout.boards_offset + layout.board_count * sizeof(struct hw_object_board);
	layout.size = layout.buckets_offset + layout.bucket_count * sizeof(struct hw_object *);
	return layout;
}

uint64_t hw_object_cache_bytes(uint64_t size)
{
	return size < HW_SLAB_SIZE ? 0 : layout_of(size).size;
}

int hw_object_cache_init(struct hw_object_cache *cache, uint64_t size, uint64_t seed)
{
	struct layout layout = layout_of(size);
	memset(cache, 0, sizeof(*cache));
	cache->seed = seed;
	if (layout.board_count == 0) {
		return 0;
	}
	void *map =
		mmap(NULL, layout.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	cache->map = map;
	cache->map_size = layout.size;
	cache->boards = (struct hw_object_board *)(void *)(cache->map + layout.boards_offset);
	cache->buckets = (struct hw_object **)(void *)(cache->map + layout.buckets_offset);
	cache->board_count = layout.board_count;
	cache->bucket_mask = layout.bucket_count - 1;
	for (uint32_t i = 0; i < cache->board_count; i++) {
		cache->boards[i].bytes = cache->map + (uint64_t)i * HW_SLAB_SIZE;
	}
	return 0;
}

void hw_object_cache_deinit(struct hw_object_cache *cache)
{
	if (cache == NULL || cache->map == NULL) {
		return;
	}
	for (uint32_t i = 0; i < cache->board_count; i++) {
		hw_assert(cache->boards[i].ref_count == 0);
	}
	(void)munmap(cache->map, cache->map_size); /* cannot fail for what mmap gave */
	memset(cache, 0, sizeof(*cache));
}

/* -- keys -- */

static uint64_t mixed(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiplied words under a secret seed: which paths meet cannot be found out from outside. */
static uint64_t hash_of(const struct hw_object_cache *cache, struct hw_span key)
{
	uint64_t hash = cache->seed ^ key.size;
	for (uint32_t offset = 0; offset < key.size; offset += 8) {
		uint64_t word = 0;
		memcpy(&word, key.bytes + offset, hw_min(key.size - offset, 8U));
		hash = mixed(hash ^ word ^ UINT64_C(0x9e3779b97f4a7c15),
			     cache->seed ^ UINT64_C(0xd6e8feb86659fd93));
	}
	return mixed(hash, UINT64_C(0xa0761d6478bd642f));
}

static struct hw_object *listed_find(const struct hw_object_cache *cache, struct hw_span key,
				     uint64_t hash)
{
	struct hw_object *object = cache->buckets[hash & cache->bucket_mask];
	while (object != NULL &&
	       (object->hash != hash || !hw_span_equal(hw_object_key(object), key))) {
		object = object->next;
	}
	return object;
}

struct hw_object *hw_object_find(const struct hw_object_cache *cache, struct hw_span key)
{
	if (cache->board_count == 0 || key.size > HW_OBJECT_KEY_MAX) {
		return NULL;
	}
	return listed_find(cache, key, hash_of(cache, key));
}

static void unlist(struct hw_object_cache *cache, struct hw_object *object)
{
	struct hw_object **link = &cache->buckets[object->hash & cache->bucket_mask];
	while (*link != object) {
		link = &(*link)->next;
	}
	*link = object->next;
	object->is_listed = false;
}

/* -- holding -- */

void hw_object_ref(struct hw_object *object)
{
	object->board->ref_count++;
}

void hw_object_unref(struct hw_object *object)
{
	if (object == NULL) {
		return;
	}
	hw_assert(object->board->ref_count > 0);
	object->board->ref_count--;
}

/* -- boards -- */

static void board_wipe(struct hw_object_cache *cache, struct hw_object_board *board)
{
	uint32_t offset = 0;
	while (offset < board->used_size) {
		struct hw_object *object = (struct hw_object *)(void *)(board->bytes + offset);
		offset += object->stride;
		if (object->is_listed) {
			unlist(cache, object);
		}
	}
	board->used_size = 0;
}

/* @stride bytes, in this board or in the next one that nobody reads from. */
static struct hw_object *place_take(struct hw_object_cache *cache, uint32_t stride)
{
	struct hw_object_board *board = &cache->boards[cache->board_index];
	if (board->used_size + stride > HW_SLAB_SIZE) {
		uint32_t index = (cache->board_index + 1) % cache->board_count;
		board = &cache->boards[index];
		if (board->ref_count > 0) {
			return NULL;
		}
		board_wipe(cache, board);
		cache->board_index = index;
	}
	struct hw_object *object = (struct hw_object *)(void *)(board->bytes + board->used_size);
	board->used_size += stride;
	object->board = board;
	return object;
}

/* Twice is often. */
static bool was_seen(struct hw_object_cache *cache, uint64_t hash)
{
	uint32_t *seen = &cache->seen[hash % HW_OBJECT_SEEN_COUNT];
	uint32_t mark = (uint32_t)(hash >> 32) | 1U;
	if (*seen == mark) {
		return true;
	}
	*seen = mark;
	return false;
}

/* It is here: is it still the same? Returns true when it is, and as new as @wish. */
static bool renew(struct hw_object_cache *cache, struct hw_object *object,
		  const struct hw_object_wish *wish)
{
	if (object->body_size != wish->body_size ||
	    !hw_span_equal(hw_object_fields(object), wish->fields)) {
		unlist(cache, object);
		return false;
	}
	object->revision = wish->revision;
	object->expires_ms = wish->expires_ms;
	return true;
}

struct hw_object *hw_object_prepare(struct hw_object_cache *cache,
				    const struct hw_object_wish *wish)
{
	if (cache->board_count == 0 || wish->body_size == 0 ||
	    wish->body_size > HW_OBJECT_SIZE_MAX || wish->key.size > HW_OBJECT_KEY_MAX ||
	    wish->fields.size > HW_OBJECT_FIELDS_MAX) {
		return NULL;
	}
	uint64_t hash = hash_of(cache, wish->key);
	struct hw_object *old = listed_find(cache, wish->key, hash);
	if ((old != NULL && renew(cache, old, wish)) || !was_seen(cache, hash)) {
		return NULL;
	}
	uint32_t size = (uint32_t)sizeof(struct hw_object) + wish->key.size + wish->fields.size +
			wish->body_size;
	uint32_t stride = (size + HW_CACHE_LINE_SIZE - 1) & ~(HW_CACHE_LINE_SIZE - 1);
	struct hw_object *object = place_take(cache, stride);
	if (object == NULL) {
		return NULL;
	}
	object->hash = hash;
	object->revision = wish->revision;
	object->expires_ms = wish->expires_ms;
	object->stride = stride;
	object->body_size = wish->body_size;
	object->key_size = (uint16_t)wish->key.size;
	object->fields_size = (uint16_t)wish->fields.size;
	object->is_listed = false;
	memcpy(object->share_id, wish->share_id, HW_SHARE_ID_SIZE);
	memcpy(object->bytes, wish->key.bytes, wish->key.size);
	memcpy(object->bytes + wish->key.size, wish->fields.bytes, wish->fields.size);
	hw_object_ref(object);
	return object;
}

void hw_object_list(struct hw_object_cache *cache, struct hw_object *object)
{
	struct hw_object *other = listed_find(cache, hw_object_key(object), object->hash);
	hw_assert(!object->is_listed && object->board->ref_count > 0);
	if (other != NULL) { /* two were read at once */
		unlist(cache, other);
	}
	struct hw_object **bucket = &cache->buckets[object->hash & cache->bucket_mask];
	object->next = *bucket;
	object->is_listed = true;
	*bucket = object;
}
