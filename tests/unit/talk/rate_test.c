/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a transfer is asked for, counted and given back exactly once, whenever its talk leaves;
 * where
 *       there is no limit nobody asks.
 *
 * Method: a talk world with limits; holds left before, after and without an answer, in many orders
 *         of turns.
 */
#include "net/talk/rate.h"

#include <errno.h>

#include "tests/unit/talk/asking.h"
#include "tests/unit/talk/talk_world.h"

#define SEEDS   100U
#define HOLDERS 8U

struct holder {
	struct hw_rate_hold *hold;
	uint32_t retry_s;
	bool is_asked;
};

static struct talk_world g_world;
static struct hw_rates g_rates;
static struct holder g_holders[HOLDERS];
static struct hw_address g_client;

static void world_start(uint64_t seed, uint32_t transfers_max)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct talk_world_options options = talk_world_plenty();
	struct hw_rate_limits limits = {.transfers_max = transfers_max};
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	hw_rates_init(&g_rates, &limits, seed);
	g_world.talks.options.rates = &g_rates;
	g_world.talks.options.worker = &g_world.worker;
	assert_int_equal(
		hw_pool_init(&g_world.talks.holds, sizeof(struct hw_rate_hold), 64, HOLDERS - 1),
		0);
	memset(g_holders, 0, sizeof(g_holders));
	assert_int_equal(hw_address_parse(HW_SPAN("192.0.2.1"), &g_client), 0);
}

static bool all_given(void *user)
{
	(void)user;
	return hw_pool_used_count(&g_world.talks.holds) == 0;
}

static void world_stop(void)
{
	assert_int_equal(talk_world_run(&g_world, all_given, NULL), 0);
	talk_world_quiesce(&g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void asked(void *owner, uint32_t retry_s)
{
	struct holder *holder = owner;
	assert_false(holder->is_asked);
	assert_non_null(holder->hold);
	holder->is_asked = true;
	holder->retry_s = retry_s;
}

static int ask(uint32_t i)
{
	return hw_rate_ask(&g_world.talks, &g_client, HW_RATE_DOWNLOAD, asked, &g_holders[i],
			   &g_holders[i].hold);
}

static void test_no_limit(void **state)
{
	(void)state;
	world_start(1, 0);
	assert_int_equal(ask(0), 0);
	assert_null(g_holders[0].hold);
	hw_rate_leave(g_holders[0].hold);
	world_stop();
	world_start(1, 1);
	g_client.size = 0; /* nobody can say who it is */
	assert_int_equal(ask(0), 0);
	g_world.talks.options.rates = NULL;
	assert_int_equal(ask(0), 0);
	world_stop();
}

static void test_a_limit(void **state)
{
	(void)state;
	world_start(2, 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask(i), 1);
		assert_false(g_holders[i].is_asked); /* never inside the call */
	}
	talk_world_pass(&g_world, 10);
	assert_true(g_holders[0].is_asked && g_holders[0].retry_s == 0);
	assert_true(g_holders[1].is_asked && g_holders[1].retry_s == 0);
	assert_true(g_holders[2].is_asked && g_holders[2].retry_s == HW_RATES_RETRY_S);
	hw_rate_leave(hw_move(&g_holders[0].hold));
	hw_rate_leave(hw_move(&g_holders[2].hold));
	talk_world_pass(&g_world, 10);
	g_holders[2].is_asked = false;
	assert_int_equal(ask(2), 1);
	talk_world_pass(&g_world, 10);
	assert_int_equal(g_holders[2].retry_s, 0);
	hw_rate_leave(hw_move(&g_holders[1].hold));
	hw_rate_leave(hw_move(&g_holders[2].hold));
	world_stop();
}

static void test_too_many_ask(void **state)
{
	(void)state;
	world_start(3, 100);
	for (uint32_t i = 0; i < HOLDERS - 1; i++) {
		assert_int_equal(ask(i), 1);
	}
	assert_int_equal(ask(HOLDERS - 1), -ENOBUFS);
	assert_null(g_holders[HOLDERS - 1].hold);
	for (uint32_t i = 0; i < HOLDERS; i++) {
		hw_rate_leave(hw_move(&g_holders[i].hold)); /* before they hear */
	}
	world_stop();
	for (uint32_t i = 0; i < HOLDERS; i++) {
		assert_false(g_holders[i].is_asked);
	}
}

/* However it went, in the end nothing is counted. */
static void test_any(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		world_start(seed, 3);
		for (uint32_t step = 0; step < 200; step++) {
			uint32_t i = (uint32_t)hw_prng_below(&prng, HOLDERS);
			struct holder *holder = &g_holders[i];
			if (holder->hold != NULL) {
				hw_rate_leave(hw_move(&holder->hold));
			} else {
				holder->is_asked = false;
				(void)ask(i);
			}
			if (hw_prng_chance(&prng, 40)) {
				talk_world_pass(&g_world, 1);
			}
			uint32_t counted = 0;
			for (uint32_t j = 0; j < HOLDERS; j++) {
				counted += g_holders[j].hold != NULL && g_holders[j].is_asked &&
					   g_holders[j].retry_s == 0;
			}
			assert_true(counted <= 3);
		}
		for (uint32_t i = 0; i < HOLDERS; i++) {
			hw_rate_leave(hw_move(&g_holders[i].hold));
		}
		assert_int_equal(talk_world_run(&g_world, all_given, NULL), 0);
		assert_int_equal(g_rates.clients[0].transfer_count, 0);
		world_stop();
	}
}

static enum hw_rate_kind g_kind;

static void reply_begin(void *user, struct hw_http_conn *conn)
{
	(void)user;
	hw_rate_reply(conn, g_kind, 30);
}

static void test_reply(void **state)
{
	(void)state;
	world_start(4, 1);
	g_world.server.route.begin = reply_begin;
	for (g_kind = HW_RATE_UPLOAD; g_kind < HW_RATE_KIND_COUNT; g_kind++) {
		struct hw_span answer =
			talk_world_ask(&g_world, HW_SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
		assert_int_equal(talk_answer_status(answer), 429);
		assert_true(hw_span_equal(talk_answer_field(answer, "Retry-After"), HW_SPAN("30")));
	}
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_limit),     cmocka_unit_test(test_a_limit),
		cmocka_unit_test(test_too_many_ask), cmocka_unit_test(test_any),
		cmocka_unit_test(test_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
