/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each client gets what is its due and no more, also when more come than are remembered.
 *
 * Method: each limit alone, both together; transfers that end; more clients than places.
 */
#include "core/gate/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct hw_rates g_rates;

static struct hw_key key_of(uint32_t number)
{
	struct hw_key key = {{0}};
	memcpy(key.bytes, &number, sizeof(number));
	return key;
}

static uint32_t begin(uint32_t number, enum hw_rate_kind kind, uint64_t now_us)
{
	struct hw_key key = key_of(number);
	return hw_rates_begin(&g_rates, &key, kind, now_us);
}

static void end(uint32_t number)
{
	struct hw_key key = key_of(number);
	hw_rates_end(&g_rates, &key);
}

static void start(uint32_t uploads, uint32_t downloads, uint32_t transfers)
{
	struct hw_rate_limits limits = {.per_minute = {uploads, downloads},
					.transfers_max = transfers};
	hw_rates_init(&g_rates, &limits, 1);
}

static void test_what_is_limited(void **state)
{
	(void)state;
	start(0, 0, 0);
	assert_false(hw_rates_limit(&g_rates, HW_RATE_UPLOAD));
	start(3, 0, 0);
	assert_true(hw_rates_limit(&g_rates, HW_RATE_UPLOAD));
	assert_false(hw_rates_limit(&g_rates, HW_RATE_DOWNLOAD));
	start(0, 0, 1);
	assert_true(hw_rates_limit(&g_rates, HW_RATE_UPLOAD));
	assert_true(hw_rates_limit(&g_rates, HW_RATE_DOWNLOAD));
}

static void test_a_minute(void **state)
{
	(void)state;
	start(2, 3, 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 0);
	}
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 30);
	for (uint32_t i = 0; i < 3; i++) { /* another bucket */
		assert_int_equal(begin(1, HW_RATE_DOWNLOAD, 0), 0);
	}
	assert_int_equal(begin(1, HW_RATE_DOWNLOAD, 0), 20);
	assert_int_equal(begin(2, HW_RATE_UPLOAD, 0), 0); /* another client */
	end(1);                                           /* changes nothing */
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 30);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 30000000), 0);
}

static void test_at_a_time(void **state)
{
	(void)state;
	start(0, 0, 2);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 0);
	assert_int_equal(begin(1, HW_RATE_DOWNLOAD, 0), 0);
	assert_int_equal(begin(1, HW_RATE_DOWNLOAD, 0), HW_RATES_RETRY_S);
	assert_int_equal(begin(2, HW_RATE_DOWNLOAD, 0), 0);
	end(1);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 0);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), HW_RATES_RETRY_S);
}

/* What is refused for one reason is not counted for the other. */
static void test_both(void **state)
{
	(void)state;
	start(2, 0, 1);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 0);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), HW_RATES_RETRY_S);
	end(1);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 0);
	end(1);
	assert_int_equal(begin(1, HW_RATE_UPLOAD, 0), 30);
	assert_int_equal(begin(1, HW_RATE_DOWNLOAD, 0), 0);
	end(1);
}

/* Who has a transfer is not forgotten, whoever else comes. */
static void test_more_than_places(void **state)
{
	(void)state;
	start(0, 0, 1);
	assert_int_equal(begin(0, HW_RATE_UPLOAD, 0), 0);
	for (uint32_t i = 1; i < 2 * HW_KEYED_CAPACITY; i++) {
		assert_int_equal(begin(i, HW_RATE_UPLOAD, 0), 0);
		end(i);
	}
	assert_int_equal(begin(0, HW_RATE_UPLOAD, 0), HW_RATES_RETRY_S);
	for (uint32_t i = 1; i < HW_KEYED_CAPACITY; i++) {
		assert_int_equal(begin(i, HW_RATE_UPLOAD, 0), 0);
	}
	assert_int_equal(begin(HW_KEYED_CAPACITY, HW_RATE_UPLOAD, 0), HW_RATES_RETRY_S);
	end(0);
	assert_int_equal(begin(HW_KEYED_CAPACITY, HW_RATE_UPLOAD, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_limited),  cmocka_unit_test(test_a_minute),
		cmocka_unit_test(test_at_a_time),        cmocka_unit_test(test_both),
		cmocka_unit_test(test_more_than_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
