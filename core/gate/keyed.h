/* SPDX-License-Identifier: Apache-2.0
 *
 * keyed.h - a bounded number of places, one for each key; the one longest not asked for is given
 * away
 *
 * Room: core/gate    Thread: its owner's    Blocks: never    Allocates: never
 * Owns: its places; what stands there is its owner's, in an array of as many
 * Limits: HW_KEYED_CAPACITY
 */
#ifndef HW_CORE_GATE_KEYED_H
#define HW_CORE_GATE_KEYED_H

#include "core/base/address.h"

#define HW_KEYED_CAPACITY 4096U /* clients or shares that are remembered at a time */
#define HW_KEYED_BUCKETS  8192U /* a power of two */

/* A share's id, or a client's address. */
struct hw_key {
	uint8_t bytes[16];
};

struct hw_keyed_place {
	struct hw_key key;
	uint16_t next; /* in its bucket; indices are one more than the place, 0 is none */
	uint16_t newer;
	uint16_t older;
	bool is_held; /* not in the order of age, so never given away */
};

/* All zero is empty. Fields are private to keyed.c. */
struct hw_keyed {
	uint64_t seed; /* so that nobody can choose keys that meet in one bucket */
	uint32_t used_count;
	uint16_t newest;
	uint16_t oldest;
	uint16_t buckets[HW_KEYED_BUCKETS];
	struct hw_keyed_place places[HW_KEYED_CAPACITY];
};

struct hw_key hw_key_of_address(const struct hw_address *address);

/* @seed: random. */
void hw_keyed_init(struct hw_keyed *keyed, uint64_t seed);
/* Returns the key's place, or -ENOENT. */
int hw_keyed_find(const struct hw_keyed *keyed, const struct hw_key *key) HW_MUST_CHECK;
/* The key's place, now the newest. @ret_is_new: it was not there, and what stood in its place was
 * another's. Returns -ENOBUFS when all places are held. */
int hw_keyed_get(struct hw_keyed *keyed, const struct hw_key *key, bool *ret_is_new) HW_MUST_CHECK;
/* The place is not given away until it is released. Both idempotent. */
void hw_keyed_hold(struct hw_keyed *keyed, uint32_t place);
void hw_keyed_release(struct hw_keyed *keyed, uint32_t place);

#endif
