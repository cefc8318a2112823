/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what is found is what was put there last under that path, byte for byte, whatever was
 * thrown away meanwhile; what is held stays; what differs is never taken for the same.
 *
 * Method: a cache of two boards against a list of what was put in, by seeds; the rules one by one.
 */
#include "net/talk/object_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "tests/sim/seeds.h"

#define CACHE_SIZE (2U * HW_SLAB_SIZE)
#define PATH_COUNT 40U
#define HELD_MAX   6U
#define STEP_COUNT 400U
#define SEED_COUNT 200U

static struct hw_object_cache g_cache;

/* What is under a path, as far as the test knows. */
struct known {
	uint32_t body_size; /* 0: nothing was ever put there */
	uint8_t fill;
	char fields[32];
};

static struct known g_known[PATH_COUNT];
static struct hw_object *g_held[HELD_MAX];
static uint8_t g_held_fill[HELD_MAX];

static struct hw_span key_of(uint32_t path, char *text, uint32_t capacity)
{
	return (struct hw_span){text, (uint32_t)snprintf(text, capacity, "/s/%u/%.*s", path,
							 (int)(path % 9), "abcdefghi")};
}

static void body_check(struct hw_object *object, uint8_t fill)
{
	const char *body = hw_object_body(object);
	for (uint32_t i = 0; i < object->body_size; i += 97) {
		assert_int_equal((uint8_t)body[i], fill);
	}
	assert_int_equal((uint8_t)body[object->body_size - 1], fill);
}

/* Twice, for what is asked for once is not kept. */
static struct hw_object *prepare(struct hw_span key, const char *fields, uint32_t body_size,
				 uint64_t revision)
{
	static const uint8_t share_id[HW_SHARE_ID_SIZE] = {1};
	struct hw_object_wish wish = {.key = key,
				      .fields = hw_span_of(fields),
				      .share_id = share_id,
				      .revision = revision,
				      .body_size = body_size};
	struct hw_object *object = hw_object_prepare(&g_cache, &wish);
	return object != NULL ? object : hw_object_prepare(&g_cache, &wish);
}

static void put(struct hw_prng *prng, uint32_t path)
{
	char text[64];
	char fields[32];
	struct known *known = &g_known[path];
	uint32_t body_size =
		1 + (uint32_t)hw_prng_below(prng, hw_prng_chance(prng, 20) ? 131072 : 3000);
	uint8_t fill = (uint8_t)hw_prng_below(prng, 256);
	(void)snprintf(fields, sizeof(fields), "ETag: %u-%u", body_size, fill);
	struct hw_object *object = prepare(key_of(path, text, sizeof(text)), fields, body_size, 1);
	if (object == NULL) { /* no room: what was there with other fields is gone */
		known->body_size = 0;
		return;
	}
	memset(hw_object_body(object), fill, body_size);
	hw_object_list(&g_cache, object);
	hw_object_unref(object);
	known->body_size = body_size;
	known->fill = fill;
	memcpy(known->fields, fields, sizeof(fields));
}

static void look(struct hw_prng *prng, uint32_t path)
{
	char text[64];
	struct known *known = &g_known[path];
	struct hw_object *object = hw_object_find(&g_cache, key_of(path, text, sizeof(text)));
	if (object == NULL) {
		return; /* thrown away for others */
	}
	assert_int_not_equal(known->body_size, 0);
	assert_int_equal(object->body_size, known->body_size);
	assert_true(hw_span_equal(hw_object_fields(object), hw_span_of(known->fields)));
	body_check(object, known->fill);
	uint32_t place = (uint32_t)hw_prng_below(prng, HELD_MAX);
	if (g_held[place] == NULL) {
		hw_object_ref(object);
		g_held[place] = object;
		g_held_fill[place] = known->fill;
	}
}

static void let_go(uint32_t place)
{
	if (g_held[place] != NULL) {
		body_check(g_held[place], g_held_fill[place]);
		hw_object_unref(g_held[place]);
		g_held[place] = NULL;
	}
}

static void what_is_found_is_right(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		memset(g_known, 0, sizeof(g_known));
		assert_int_equal(hw_object_cache_init(&g_cache, CACHE_SIZE, seed), 0);
		for (uint32_t step = 0; step < STEP_COUNT; step++) {
			uint32_t path = (uint32_t)hw_prng_below(&prng, PATH_COUNT);
			if (hw_prng_chance(&prng, 40)) {
				put(&prng, path);
			} else {
				look(&prng, path);
			}
			if (hw_prng_chance(&prng, 30)) {
				let_go((uint32_t)hw_prng_below(&prng, HELD_MAX));
			}
		}
		for (uint32_t i = 0; i < HELD_MAX; i++) {
			let_go(i);
		}
		hw_object_cache_deinit(&g_cache);
	}
}

static void once_is_not_often(void **state)
{
	(void)state;
	static const uint8_t share_id[HW_SHARE_ID_SIZE] = {1};
	struct hw_object_wish wish = {.key = HW_SPAN("/s/a/b"),
				      .fields = HW_SPAN("ETag: 1"),
				      .share_id = share_id,
				      .body_size = 10};
	assert_int_equal(hw_object_cache_init(&g_cache, CACHE_SIZE, 1), 0);
	assert_null(hw_object_prepare(&g_cache, &wish));
	struct hw_object *object = hw_object_prepare(&g_cache, &wish);
	assert_non_null(object);
	assert_null(hw_object_find(&g_cache, wish.key)); /* not before it is there */
	hw_object_list(&g_cache, object);
	hw_object_unref(object);
	assert_ptr_equal(hw_object_find(&g_cache, wish.key), object);
	wish.revision = 7; /* the same again, as a later look-up saw it */
	assert_null(hw_object_prepare(&g_cache, &wish));
	assert_int_equal(hw_object_find(&g_cache, wish.key)->revision, 7);
	wish.fields = HW_SPAN("ETag: 2"); /* another file under that path */
	struct hw_object *other = hw_object_prepare(&g_cache, &wish);
	assert_non_null(other);
	assert_null(hw_object_find(&g_cache, wish.key));
	hw_object_unref(other); /* its bytes never came */
	hw_object_cache_deinit(&g_cache);
}

static void limits_hold(void **state)
{
	(void)state;
	static char long_key[HW_OBJECT_KEY_MAX + 1];
	memset(long_key, 'k', sizeof(long_key));
	assert_int_equal(hw_object_cache_init(&g_cache, CACHE_SIZE, 1), 0);
	assert_null(prepare(HW_SPAN("/a"), "F: 1", 0, 0));
	assert_null(prepare(HW_SPAN("/a"), "F: 1", HW_OBJECT_SIZE_MAX + 1, 0));
	assert_null(prepare((struct hw_span){long_key, sizeof(long_key)}, "F: 1", 1, 0));
	struct hw_object *longest = prepare((struct hw_span){long_key, HW_OBJECT_KEY_MAX}, "F: 1",
					    HW_OBJECT_SIZE_MAX, 0);
	assert_non_null(longest);
	/* The first board is held, the second fills, and then there is no room. */
	struct hw_object *second = prepare(HW_SPAN("/b"), "F: 1", HW_OBJECT_SIZE_MAX, 0);
	assert_non_null(second);
	assert_null(prepare(HW_SPAN("/c"), "F: 1", HW_OBJECT_SIZE_MAX, 0));
	hw_object_unref(longest);
	struct hw_object *third = prepare(HW_SPAN("/c"), "F: 1", HW_OBJECT_SIZE_MAX, 0);
	assert_non_null(third);
	hw_object_unref(second);
	hw_object_unref(third);
	hw_object_cache_deinit(&g_cache);
	assert_int_equal(hw_object_cache_init(&g_cache, 0, 1), 0);
	assert_null(prepare(HW_SPAN("/a"), "F: 1", 1, 0));
	assert_null(hw_object_find(&g_cache, HW_SPAN("/a")));
	hw_object_cache_deinit(&g_cache);
}

int main(void)
{
	seeds_watch();
	seeds_log();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_right),
		cmocka_unit_test(once_is_not_often),
		cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
