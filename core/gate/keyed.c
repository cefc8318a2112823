/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate/keyed.h"

#include <assert.h>
#include <errno.h>

static_assert(HW_KEYED_CAPACITY < UINT16_MAX, "a place and one more is 16 bits");
static_assert((HW_KEYED_BUCKETS & (HW_KEYED_BUCKETS - 1)) == 0, "a power of two");

struct hw_key hw_key_of_address(const struct hw_address *address)
{
	struct hw_key key = {{0}};
	if (address->size == 4) { /* as it is mapped into IPv6: no other address is that */
		key.bytes[10] = 0xff;
		key.bytes[11] = 0xff;
		memcpy(key.bytes + 12, address->bytes, 4);
	} else {
		memcpy(key.bytes, address->bytes, address->size);
	}
	return key;
}

void hw_keyed_init(struct hw_keyed *keyed, uint64_t seed)
{
	memset(keyed, 0, sizeof(*keyed));
	keyed->seed = seed;
}

static uint64_t mixed(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static uint32_t bucket_of(const struct hw_keyed *keyed, const struct hw_key *key)
{
	uint64_t words[2];
	memcpy(words, key->bytes, sizeof(words));
	uint64_t hash = mixed(mixed(words[0] ^ keyed->seed) ^ words[1]);
	return (uint32_t)(hash & (HW_KEYED_BUCKETS - 1));
}

static bool is_key(const struct hw_keyed_place *place, const struct hw_key *key)
{
	return memcmp(place->key.bytes, key->bytes, sizeof(key->bytes)) == 0;
}

int hw_keyed_find(const struct hw_keyed *keyed, const struct hw_key *key)
{
	uint32_t index = keyed->buckets[bucket_of(keyed, key)];
	while (index != 0) {
		const struct hw_keyed_place *place = &keyed->places[index - 1];
		if (is_key(place, key)) {
			return (int)index - 1;
		}
		index = place->next;
	}
	return -ENOENT;
}

static void age_remove(struct hw_keyed *keyed, struct hw_keyed_place *place)
{
	*(place->newer != 0 ? &keyed->places[place->newer - 1].older : &keyed->newest) =
		place->older;
	*(place->older != 0 ? &keyed->places[place->older - 1].newer : &keyed->oldest) =
		place->newer;
	place->newer = 0;
	place->older = 0;
}

static void age_add(struct hw_keyed *keyed, struct hw_keyed_place *place)
{
	uint16_t index = (uint16_t)(place - keyed->places + 1);
	place->newer = 0;
	place->older = keyed->newest;
	*(keyed->newest != 0 ? &keyed->places[keyed->newest - 1].newer : &keyed->oldest) = index;
	keyed->newest = index;
}

static void bucket_remove(struct hw_keyed *keyed, const struct hw_keyed_place *place)
{
	uint16_t index = (uint16_t)(place - keyed->places + 1);
	uint16_t *link = &keyed->buckets[bucket_of(keyed, &place->key)];
	while (*link != index) {
		hw_assert(*link != 0);
		link = &keyed->places[*link - 1].next;
	}
	*link = place->next;
}

/* A place that nobody has any more, or NULL. */
static struct hw_keyed_place *place_take(struct hw_keyed *keyed)
{
	if (keyed->used_count < HW_KEYED_CAPACITY) {
		return &keyed->places[keyed->used_count++];
	}
	if (keyed->oldest == 0) {
		return NULL;
	}
	struct hw_keyed_place *place = &keyed->places[keyed->oldest - 1];
	age_remove(keyed, place);
	bucket_remove(keyed, place);
	return place;
}

int hw_keyed_get(struct hw_keyed *keyed, const struct hw_key *key, bool *ret_is_new)
{
	int index = hw_keyed_find(keyed, key);
	if (index >= 0) {
		struct hw_keyed_place *found = &keyed->places[index];
		if (!found->is_held) {
			age_remove(keyed, found);
			age_add(keyed, found);
		}
		*ret_is_new = false;
		return index;
	}
	struct hw_keyed_place *place = place_take(keyed);
	if (place == NULL) {
		return -ENOBUFS;
	}
	uint16_t *bucket = &keyed->buckets[bucket_of(keyed, key)];
	place->key = *key;
	place->next = *bucket;
	*bucket = (uint16_t)(place - keyed->places + 1);
	age_add(keyed, place);
	*ret_is_new = true;
	return (int)(place - keyed->places);
}

void hw_keyed_hold(struct hw_keyed *keyed, uint32_t place)
{
	hw_assert(place < keyed->used_count);
	if (!keyed->places[place].is_held) {
		keyed->places[place].is_held = true;
		age_remove(keyed, &keyed->places[place]);
	}
}

void hw_keyed_release(struct hw_keyed *keyed, uint32_t place)
{
	hw_assert(place < keyed->used_count);
	if (keyed->places[place].is_held) {
		keyed->places[place].is_held = false;
		age_add(keyed, &keyed->places[place]);
	}
}
