/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: all reactors have the same ticket keys at the same time; a key is found for two periods,
 * and nothing that is kept says what it was.
 *
 * Method: tables made of one seed, turned at different times and in different steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/conn/tls_tickets.h"

static const uint8_t g_seed[HW_TLS_SEED_SIZE] = {7};

static void tables_agree(void **state)
{
	(void)state;
	struct hw_tls_tickets often;
	struct hw_tls_tickets rarely;
	hw_tls_tickets_init(&often, g_seed, 1000);
	hw_tls_tickets_init(&rarely, g_seed, 1000);
	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t now_us = 1000 + i * HW_TLS_TICKET_PERIOD_US / 4;
		hw_tls_tickets_turn(&often, now_us);
		hw_tls_tickets_turn(&often, now_us); /* the same moment twice */
		if (i % 13 == 0) {
			hw_tls_tickets_turn(&rarely, now_us);
			assert_memory_equal(&often, &rarely, sizeof(often));
		}
	}
}

static void keys_live_for_two_periods(void **state)
{
	(void)state;
	struct hw_tls_tickets tickets;
	hw_tls_tickets_init(&tickets, g_seed, 0);
	struct hw_tls_ticket_key first = tickets.now;
	static const uint8_t none[HW_TLS_TICKET_NAME_SIZE];
	assert_ptr_equal(hw_tls_tickets_find(&tickets, first.name), &tickets.now);
	assert_null(hw_tls_tickets_find(&tickets, none)); /* there is none before the first */
	hw_tls_tickets_turn(&tickets, HW_TLS_TICKET_PERIOD_US - 1);
	assert_ptr_equal(hw_tls_tickets_find(&tickets, first.name), &tickets.now);
	hw_tls_tickets_turn(&tickets, HW_TLS_TICKET_PERIOD_US);
	assert_ptr_equal(hw_tls_tickets_find(&tickets, first.name), &tickets.before);
	assert_memory_equal(&tickets.before, &first, sizeof(first));
	assert_memory_not_equal(&tickets.now, &first, sizeof(first));
	hw_tls_tickets_turn(&tickets, 2 * HW_TLS_TICKET_PERIOD_US);
	assert_null(hw_tls_tickets_find(&tickets, first.name));
	assert_null(memmem(&tickets, sizeof(tickets), first.cipher, 16));
	assert_null(memmem(&tickets, sizeof(tickets), g_seed, sizeof(g_seed)));
	hw_tls_tickets_deinit(&tickets);
}

static void seeds_differ(void **state)
{
	(void)state;
	struct hw_tls_tickets a;
	struct hw_tls_tickets b;
	const uint8_t other[HW_TLS_SEED_SIZE] = {8};
	hw_tls_tickets_init(&a, g_seed, 0);
	hw_tls_tickets_init(&b, other, 0);
	assert_null(hw_tls_tickets_find(&b, a.now.name));
	assert_memory_not_equal(a.now.cipher, a.now.mac, HW_TLS_TICKET_KEY_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_agree),
		cmocka_unit_test(keys_live_for_two_periods),
		cmocka_unit_test(seeds_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
