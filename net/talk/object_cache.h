/* SPDX-License-Identifier: Apache-2.0
 *
 * object_cache.h - small files that are asked for often, each with its head's fields, ready to send
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: boards of 256 KiB, filled in turn from one end to the other; the oldest is wiped for the
 *       next, unless something on it is being sent: then nothing new is kept
 * Limits: HW_OBJECT_SIZE_MAX, HW_OBJECT_KEY_MAX
 *
 * What is kept was verified when it was copied here. It is as good as a look-up in the catalog
 * while the catalog's revision is the one that the look-up saw (hw_catalog_revision), and until it
 * expires; whoever finds it asks for both.
 */
#ifndef HW_NET_TALK_OBJECT_CACHE_H
#define HW_NET_TALK_OBJECT_CACHE_H

#include "core/base/limits.h"
#include "core/base/span.h"

#define HW_OBJECT_SIZE_MAX   131072U /* bytes of a file that is kept */
#define HW_OBJECT_KEY_MAX    512U    /* bytes of the path that it is asked for by */
#define HW_OBJECT_FIELDS_MAX 2048U   /* bytes of its head's fields */
#define HW_OBJECT_SEEN_COUNT 4096U   /* paths remembered that were asked for once; a power of two */

/* Files of one board; counted. */
struct hw_object_board {
	uint8_t *bytes;
	uint32_t used_size;
	uint32_t ref_count; /* objects of it that are being filled or sent */
};

/* Readable by who holds it; written by object_cache.c, but for the body before it is listed. */
struct hw_object {
	struct hw_object *next; /* in its bucket */
	struct hw_object_board *board;
	uint64_t hash; /* of the key */
	uint64_t revision;
	uint64_t expires_ms;
	uint32_t stride; /* bytes to the next object of the board */
	uint32_t body_size;
	uint16_t key_size;
	uint16_t fields_size;
	bool is_listed; /* can be found */
	uint8_t share_id[HW_SHARE_ID_SIZE];
	char bytes[]; /* the key, the fields, the body */
};

struct hw_object_cache {
	struct hw_object_board *boards;
	struct hw_object **buckets;
	uint8_t *map; /* the boards' bytes, the boards, the buckets */
	uint64_t map_size;
	uint64_t seed;        /* so that nobody can choose paths that meet in one bucket */
	uint32_t board_count; /* 0: nothing is kept */
	uint32_t board_index; /* the one that is being filled */
	uint32_t bucket_mask;
	uint32_t seen[HW_OBJECT_SEEN_COUNT];
};

/* What is to be kept. */
struct hw_object_wish {
	struct hw_span key;
	struct hw_span fields;
	const uint8_t *share_id;
	uint64_t revision;
	uint64_t expires_ms;
	uint32_t body_size; /* 1 .. HW_OBJECT_SIZE_MAX */
};

/* Bytes that init maps for a cache of @size bytes of boards. */
uint64_t hw_object_cache_bytes(uint64_t size);
/* @size: rounded down to boards; 0: an empty cache, for which all below is allowed. */
int hw_object_cache_init(struct hw_object_cache *cache, uint64_t size, uint64_t seed) HW_MUST_CHECK;
/* Nothing may be held. Accepts NULL and the half-built. */
void hw_object_cache_deinit(struct hw_object_cache *cache);

/* The object of this key, or NULL. Lent until the next call; hold it to keep it. */
struct hw_object *hw_object_find(const struct hw_object_cache *cache, struct hw_span key);
void hw_object_ref(struct hw_object *object);
/* Accepts NULL. */
void hw_object_unref(struct hw_object *object);

/* hw_object_prepare - room for an object that shall be kept, if it should
 * Returns it, held: its body is to be written and then hw_object_list() called, or it is let go of.
 * NULL: it was asked for for the first time, there is no room, it is too large; or it is here
 * already with the same fields (its ETag among them), and is now as new as @wish. */
struct hw_object *hw_object_prepare(struct hw_object_cache *cache,
				    const struct hw_object_wish *wish);
/* It can be found from now on. The holder keeps it until hw_object_unref(). */
void hw_object_list(struct hw_object_cache *cache, struct hw_object *object);

static inline struct hw_span hw_object_key(const struct hw_object *object)
{
	return (struct hw_span){object->bytes, object->key_size};
}

static inline struct hw_span hw_object_fields(const struct hw_object *object)
{
	return (struct hw_span){object->bytes + object->key_size, object->fields_size};
}

static inline char *hw_object_body(struct hw_object *object)
{
	return object->bytes + object->key_size + object->fields_size;
}

#endif
