/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: there is no step of a conversation at which a client may not leave, a disk may not fail, a
 * catalog may not refuse, the daemon may not stop.
 *
 * Method: one small scenario (a chunked upload of 600 KiB, its download, its end, on one
 * connection), first undisturbed, which says how many steps, operations, calls and requests it has;
 * then once for each of them, with the disturbance there. The rest of the scenario must then go
 * well or end cleanly, and everything must come back. A few seeds each: the order differs.
 *
 *	unit_talk_steps [SEED]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/talk/talk_client.h"

#define SEED_COUNT 4U
#define FILE_SIZE  (UINT64_C(600) << 10)

enum disturbance {
	NOTHING = 0,
	CLIENT_RESETS,   /* before step n */
	CLIENT_FINISHES, /* before step n; what it still had to say is lost */
	CLIENT_STALLS,   /* before step n; it is there, and says nothing more */
	DRAIN,           /* before step n */
	CUT,             /* before step n */
	OPERATION_FAILS, /* the nth */
	CALL_FAILS,      /* the nth of the disk */
	REQUEST_FAILS,   /* the nth of the catalog */
	DISTURBANCE_COUNT,
};

static struct talk_world g_world;
static struct talk_model g_model;
static struct talk_client g_client;
static uint64_t g_only_seed;

struct run {
	enum disturbance disturbance;
	uint64_t place; /* 1 is the first */
	uint64_t step_count;
	uint64_t attempt_count;
	uint64_t call_count;
	uint64_t request_count;
};

static void client_disturb(enum disturbance disturbance)
{
	hw_sim_peer_unsay(g_client.peer);
	g_client.is_stuck = true;
	g_client.is_doomed = true;
	free(hw_move(&g_client.body_waiting));
	if (disturbance == CLIENT_RESETS) {
		hw_sim_peer_reset(g_client.peer);
	} else if (disturbance == CLIENT_FINISHES) {
		hw_sim_peer_shutdown(g_client.peer);
	}
}

static void before_step(void *user, uint64_t step)
{
	const struct run *run = user;
	if (step + 1 != run->place) {
		return;
	}
	switch (run->disturbance) {
	case CLIENT_RESETS:
	case CLIENT_FINISHES:
	case CLIENT_STALLS:
		if (!g_client.is_over) {
			client_disturb(run->disturbance);
		}
		break;
	case DRAIN:
		hw_http_server_drain(&g_world.server);
		break;
	case CUT:
		hw_http_server_drain(&g_world.server);
		hw_http_server_cut(&g_world.server);
		break;
	default:
		break;
	}
}

static bool client_step(void *user)
{
	(void)user;
	talk_client_step(&g_client);
	return g_client.is_over;
}

static void client_make(uint64_t seed)
{
	memset(&g_client, 0, sizeof(g_client));
	g_client.exchange_count = 4;
	for (uint32_t i = 0; i < g_client.exchange_count; i++) {
		static const enum talk_verb verbs[] = {TALK_PUT, TALK_GET, TALK_RANGES,
						       TALK_DELETE};
		g_client.exchanges[i] = (struct talk_exchange){
			.verb = verbs[i],
			.size = FILE_SIZE,
			.is_chunked = true,
			.is_expecting = true,
			.sent_limit = UINT64_MAX,
		};
	}
	talk_client_begin(&g_client, &g_world, &g_model, seed);
}

static void scenario_run(struct run *run, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	sim.before_step = before_step;
	sim.before_step_user = run;
	sim.fail_attempt = run->disturbance == OPERATION_FAILS ? run->place : 0;
	sim.fail_call = run->disturbance == CALL_FAILS ? run->place : 0;
	sim.close_loss_percent = seed % 2 == 0 ? 0 : 50;
	g_running.seed = seed;
	g_running.place = run->place;
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = 3;
	options.head_buffer_count = 4;
	options.stall_timeout_ms = 2500;
	options.idle_timeout_ms = 500;
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	g_model.is_strict = run->disturbance == NOTHING;
	g_world.catalog.fail_request = run->disturbance == REQUEST_FAILS ? run->place : 0;
	client_make(seed);
	int r = talk_world_run(&g_world, client_step, NULL);
	assert_int_equal(r, 0);
	assert_true(g_client.is_over);
	talk_client_end(&g_client);
	run->step_count = hw_sim_step_count();
	run->attempt_count = hw_sim_attempt_count();
	run->call_count = hw_sim_call_count();
	run->request_count = g_world.catalog.request_count;
	talk_world_quiesce(&g_world);
	talk_model_check(&g_model, &g_world);
	talk_world_crash(&g_world, seed);
	talk_model_check(&g_model, &g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static uint64_t place_count(enum disturbance disturbance, const struct run *calm)
{
	switch (disturbance) {
	case OPERATION_FAILS:
		return calm->attempt_count;
	case CALL_FAILS:
		return calm->call_count;
	case REQUEST_FAILS:
		return calm->request_count;
	default:
		return calm->step_count;
	}
}

static void places_try(enum disturbance disturbance)
{
	uint64_t first = g_only_seed != 0 ? g_only_seed : 1;
	uint64_t count = g_only_seed != 0 ? 1 : SEED_COUNT;
	uint64_t total = 0;
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct run calm = {.disturbance = NOTHING};
		scenario_run(&calm, seed);
		assert_int_equal(g_model.answer_counts[201], 1);
		assert_int_equal(g_model.answer_counts[200], 1);
		assert_int_equal(g_model.answer_counts[204], 1);
		uint64_t places = place_count(disturbance, &calm);
		assert_true(places > 3);
		for (uint64_t place = 1; place <= places; place++) {
			struct run run = {.disturbance = disturbance, .place = place};
			scenario_run(&run, seed);
		}
		total += places;
	}
	print_message("%llu places\n", (unsigned long long)total);
}

#define PLACES_TEST(name, disturbance)                                                             \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		g_running.part = #name;                                                            \
		places_try(disturbance);                                                           \
	}

PLACES_TEST(client_resets_at_every_step, CLIENT_RESETS)
PLACES_TEST(client_finishes_at_every_step, CLIENT_FINISHES)
PLACES_TEST(client_stalls_at_every_step, CLIENT_STALLS)
PLACES_TEST(daemon_drains_at_every_step, DRAIN)
PLACES_TEST(daemon_stops_at_every_step, CUT)
PLACES_TEST(every_operation_fails, OPERATION_FAILS)
PLACES_TEST(every_call_of_the_disk_fails, CALL_FAILS)
PLACES_TEST(every_request_to_the_catalog_fails, REQUEST_FAILS)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_resets_at_every_step),
		cmocka_unit_test(client_finishes_at_every_step),
		cmocka_unit_test(client_stalls_at_every_step),
		cmocka_unit_test(daemon_drains_at_every_step),
		cmocka_unit_test(daemon_stops_at_every_step),
		cmocka_unit_test(every_operation_fails),
		cmocka_unit_test(every_call_of_the_disk_fails),
		cmocka_unit_test(every_request_to_the_catalog_fails),
	};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	seeds_watch();
	seeds_log();
	talk_content_init();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
