/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each key has its place as long as it is held or is not the oldest of too many.
 *
 * Method: more keys than places; any gets, holds and releases against a list that remembers the
 * order.
 */
#include "core/gate/keyed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <errno.h>

#include "core/base/prng.h"

#define KEYS 8192U
static_assert(KEYS == 2 * HW_KEYED_CAPACITY, "more than there are places");

static struct hw_keyed g_keyed;

static struct hw_key key_of(uint32_t number)
{
	struct hw_key key = {{0}};
	memcpy(key.bytes + 6, &number, sizeof(number));
	return key;
}

static int get(uint32_t number, bool *ret_is_new)
{
	struct hw_key key = key_of(number);
	return hw_keyed_get(&g_keyed, &key, ret_is_new);
}

static int find(uint32_t number)
{
	struct hw_key key = key_of(number);
	return hw_keyed_find(&g_keyed, &key);
}

static void test_the_oldest_is_forgotten(void **state)
{
	(void)state;
	bool is_new = false;
	hw_keyed_init(&g_keyed, 1);
	assert_int_equal(find(0), -ENOENT);
	for (uint32_t i = 0; i < HW_KEYED_CAPACITY; i++) {
		assert_true(get(i, &is_new) >= 0 && is_new);
	}
	assert_true(get(0, &is_new) >= 0 && !is_new); /* now the newest */
	int place = find(1);
	assert_int_equal(get(HW_KEYED_CAPACITY, &is_new), place);
	assert_true(is_new);
	assert_int_equal(find(1), -ENOENT);
	assert_true(find(0) >= 0 && find(2) >= 0);
}

static void test_all_held(void **state)
{
	(void)state;
	bool is_new = false;
	hw_keyed_init(&g_keyed, 2);
	for (uint32_t i = 0; i < HW_KEYED_CAPACITY; i++) {
		int place = get(i, &is_new);
		hw_keyed_hold(&g_keyed, (uint32_t)place);
		hw_keyed_hold(&g_keyed, (uint32_t)place);
	}
	assert_int_equal(get(KEYS, &is_new), -ENOBUFS);
	assert_true(get(7, &is_new) >= 0 && !is_new);
	int place = find(7);
	hw_keyed_release(&g_keyed, (uint32_t)place);
	hw_keyed_release(&g_keyed, (uint32_t)place);
	assert_int_equal(get(KEYS, &is_new), place);
	assert_int_equal(find(7), -ENOENT);
}

/* When each key was last asked for; held ones are never forgotten. */
static uint64_t g_asked[KEYS];
static bool g_held[KEYS];

static uint32_t oldest(void)
{
	uint32_t found = KEYS;
	for (uint32_t i = 0; i < KEYS; i++) {
		if (g_asked[i] != 0 && !g_held[i] &&
		    (found == KEYS || g_asked[i] < g_asked[found])) {
			found = i;
		}
	}
	return found;
}

static void test_any(void **state)
{
	(void)state;
	struct hw_prng prng;
	uint32_t used = 0;
	hw_prng_init(&prng, 3);
	hw_keyed_init(&g_keyed, 3);
	for (uint64_t step = 1; step <= 30000; step++) {
		uint32_t key = (uint32_t)hw_prng_below(&prng, KEYS);
		bool is_new = false;
		uint32_t lost = used == HW_KEYED_CAPACITY && g_asked[key] == 0 ? oldest() : KEYS;
		int place = get(key, &is_new);
		assert_true(place >= 0);
		assert_int_equal(is_new, g_asked[key] == 0);
		if (lost != KEYS) {
			g_asked[lost] = 0;
			assert_int_equal(find(lost), -ENOENT);
		}
		used += is_new && lost == KEYS;
		g_asked[key] = step;
		if (hw_prng_chance(&prng, 20)) {
			hw_keyed_hold(&g_keyed, (uint32_t)place);
			g_held[key] = true;
		} else if (g_held[key]) {
			hw_keyed_release(&g_keyed, (uint32_t)place);
			g_held[key] = false;
		}
		assert_int_equal(find(key), place);
	}
	assert_int_equal(used, HW_KEYED_CAPACITY);
}

/* IPv4 and IPv6 never meet. */
static void test_addresses(void **state)
{
	(void)state;
	static const char *const texts[] = {"1.2.3.4", "::1.2.3.4", "102:304::", "::", "0.0.0.0"};
	for (uint32_t i = 0; i < hw_count_of(texts); i++) {
		for (uint32_t j = 0; j < i; j++) {
			struct hw_address a;
			struct hw_address b;
			assert_int_equal(hw_address_parse(hw_span_of(texts[i]), &a), 0);
			assert_int_equal(hw_address_parse(hw_span_of(texts[j]), &b), 0);
			struct hw_key x = hw_key_of_address(&a);
			struct hw_key y = hw_key_of_address(&b);
			assert_memory_not_equal(x.bytes, y.bytes, sizeof(x.bytes));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_oldest_is_forgotten),
		cmocka_unit_test(test_all_held),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
