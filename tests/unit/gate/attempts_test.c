/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: ten guesses, then pauses that double; time forgives; nobody else pays.
 *
 * Method: virtual time, to the millisecond at each edge; a guesser that never rests for a day.
 */
#include "core/gate/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct hw_attempts g_attempts;

static struct hw_key key_of(uint8_t number)
{
	return (struct hw_key){{number}};
}

static uint32_t wait_of(uint8_t number, uint64_t now_ms)
{
	struct hw_key key = key_of(number);
	return hw_attempts_wait_s(&g_attempts, &key, now_ms);
}

static void wrong(uint8_t number, uint64_t now_ms, uint32_t count)
{
	struct hw_key key = key_of(number);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(wait_of(number, now_ms), 0);
		hw_attempts_wrong(&g_attempts, &key, now_ms);
	}
}

static void test_pauses(void **state)
{
	(void)state;
	hw_attempts_init(&g_attempts, 1);
	uint64_t now = 1000;
	wrong(1, now, HW_ATTEMPTS_FREE);
	assert_int_equal(wait_of(1, now), 60);
	assert_int_equal(wait_of(1, now + 1), 60);
	assert_int_equal(wait_of(1, now + 59001), 1);
	assert_int_equal(wait_of(1, now + 59999), 1);
	assert_int_equal(wait_of(1, now + 60000), 0);
	assert_int_equal(wait_of(2, now), 0);
	now += 60000;
	wrong(1, now, 1);
	assert_int_equal(wait_of(1, now), 120);
	now += 120000;
	wrong(1, now, 1);
	assert_int_equal(wait_of(1, now), 240);
	now += 240000 + HW_ATTEMPTS_WINDOW_MS; /* forgiven */
	wrong(1, now, HW_ATTEMPTS_FREE);
	assert_int_equal(wait_of(1, now), 60);
}

static void test_a_window(void **state)
{
	(void)state;
	hw_attempts_init(&g_attempts, 1);
	wrong(1, 0, HW_ATTEMPTS_FREE - 1);
	wrong(1, HW_ATTEMPTS_WINDOW_MS - 1, 1); /* the tenth, just in time */
	assert_int_equal(wait_of(1, HW_ATTEMPTS_WINDOW_MS - 1), 60);
	wrong(2, 0, HW_ATTEMPTS_FREE - 1);
	wrong(2, HW_ATTEMPTS_WINDOW_MS, HW_ATTEMPTS_FREE - 1);
	assert_int_equal(wait_of(2, HW_ATTEMPTS_WINDOW_MS), 0);
}

static void test_a_guesser_that_never_rests(void **state)
{
	(void)state;
	hw_attempts_init(&g_attempts, 1);
	uint32_t in_15_minutes = 0;
	uint32_t in_a_week = 0;
	for (uint64_t now = 0; now < UINT64_C(7) * 86400000; now += 1000) {
		if (wait_of(1, now) == 0) {
			wrong(1, now, 1);
			in_15_minutes += now < HW_ATTEMPTS_WINDOW_MS;
			in_a_week++;
		}
		assert_true(wait_of(1, now) <= HW_ATTEMPTS_PAUSE_MAX_S);
	}
	assert_in_range(in_15_minutes, HW_ATTEMPTS_FREE, 14);
	assert_in_range(in_a_week, 20, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_a_window),
		cmocka_unit_test(test_a_guesser_that_never_rests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
