/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever happens on the way of an upload that is gone on with, no byte that was
 * acknowledged is lost, none is there twice, and the file that comes of it is the one that was
 * sent. In the end everything has come back.
 *
 * Method: a sender that asks for the offset after every failure and goes on there (tus_client.h).
 * First one small upload, disturbed once at each of its steps, operations, calls and requests; then
 * seeds of everything at once, with several senders, cuts, drains and disks that fail.
 *
 *	unit_talk_tus_steps [SEED]          one seed only
 *	HW_TEST_MS=15000                    how long to go on with new seeds
 */
#include "tests/unit/talk/tus_client.h"

#define SENDERS_MAX 4U
#define KIB         (UINT64_C(1) << 10)
#define MIB         (UINT64_C(1) << 20)

enum disturbance {
	NOTHING = 0,
	CLIENT_RESETS,   /* before step n */
	CLIENT_FINISHES, /* before step n */
	CLIENT_HANGS,    /* before step n: it comes back on another connection */
	SECOND_ASKS,     /* before step n: somebody else asks for the offset, the sender loses it */
	DRAIN,
	CUT,
	OPERATION_FAILS, /* the nth */
	CALL_FAILS,      /* the nth of the disk */
	REQUEST_FAILS,   /* the nth of the catalog */
};

struct run {
	enum disturbance disturbance;
	uint64_t place; /* 1 is the first */
	uint64_t step_count;
	uint64_t attempt_count;
	uint64_t call_count;
	uint64_t request_count;
	uint64_t drain_us; /* 0: never */
	uint64_t cut_us;
	uint32_t sender_count;
	uint64_t seed;
};

static struct talk_world g_world;
static struct talk_share g_share;
static struct tus_sender g_senders[SENDERS_MAX];
static uint64_t g_only_seed;

static const char *const g_names[SENDERS_MAX] = {"a.bin", "b.bin", "c.bin", "d.bin"};

static void sender_disturb(struct tus_sender *sender, enum disturbance disturbance)
{
	if (sender->peer == NULL) {
		return;
	}
	hw_sim_peer_unsay(sender->peer);
	if (disturbance == CLIENT_RESETS) {
		hw_sim_peer_reset(sender->peer);
	} else if (disturbance == CLIENT_FINISHES) {
		hw_sim_peer_shutdown(sender->peer);
	} else if (sender->step == TUS_PATCH_SAY) {
		sender->peer = NULL;
		sender->has_left = true;
		sender->step = TUS_HEAD_ASK;
	}
}

static void second_ask(const struct tus_sender *sender)
{
	char text[512];
	int size =
		snprintf(text, sizeof(text),
			 "HEAD %s HTTP/1.1\r\n" TUS_HEAD "Connection: close\r\n\r\n", sender->path);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text, (uint64_t)size);
	hw_sim_peer_shutdown(peer);
}

static void before_step(void *user, uint64_t step)
{
	const struct run *run = user;
	if (run->place == 0 || step + 1 != run->place) {
		return;
	}
	switch (run->disturbance) {
	case CLIENT_RESETS:
	case CLIENT_FINISHES:
	case CLIENT_HANGS:
		sender_disturb(&g_senders[0], run->disturbance);
		break;
	case SECOND_ASKS:
		second_ask(&g_senders[0]);
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

static bool senders_step(void *user)
{
	struct run *run = user;
	uint64_t now_us = hw_clock_monotonic_us();
	bool is_over = true;
	for (uint32_t i = 0; i < run->sender_count; i++) {
		is_over &= tus_sender_step(&g_senders[i], run->seed * SENDERS_MAX + i);
	}
	if (run->drain_us != 0 && now_us >= run->drain_us) {
		run->drain_us = 0;
		hw_http_server_drain(&g_world.server);
	}
	if (run->cut_us != 0 && now_us >= run->cut_us && g_world.server.is_draining) {
		run->cut_us = 0;
		hw_http_server_cut(&g_world.server);
	}
	return is_over;
}

static void peace(void)
{
	struct hw_sim_options *sim = hw_sim_options();
	struct hw_sim_options calm = hw_sim_calm(hw_sim_seed());
	calm.before_step = sim->before_step;
	calm.before_step_user = sim->before_step_user;
	calm.has_fixed_buffers = sim->has_fixed_buffers;
	*sim = calm;
	g_world.catalog.error_percent = 0;
	g_world.catalog.fail_request = 0;
}

/* Every sender ends; what is whole is the right file; nothing is left. */
static void run_end(struct run *run)
{
	int r = talk_world_run(&g_world, senders_step, run);
	assert_int_equal(r, 0);
	run->step_count = hw_sim_step_count();
	run->attempt_count = hw_sim_attempt_count();
	run->call_count = hw_sim_call_count();
	run->request_count = g_world.catalog.request_count;
	run->place = 0;
	peace();
	for (uint32_t i = 0; i < run->sender_count && !g_world.server.is_draining; i++) {
		const struct tus_sender *sender = &g_senders[i];
		if (sender->step == TUS_WHOLE) {
			tus_file_check(&g_world, &g_share, sender->name, sender->size,
				       sender->shift);
		}
	}
	talk_world_quiesce(&g_world);
	talk_world_crash(&g_world, run->seed);
	talk_world_stop(&g_world);
	hw_sim_end();
}

/* -- a disturbance at every place */

static void scenario_run(struct run *run, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct talk_world_options options = talk_world_plenty();
	run->seed = seed;
	run->sender_count = 1;
	sim.close_loss_percent = seed % 2 == 0 ? 0 : 50;
	options.slab_count = seed % 2 == 0 ? 3 : 64;
	options.stall_timeout_ms = 2500;
	options.idle_timeout_ms = 500;
	g_running.seed = seed;
	g_running.place = run->place;
	sim.before_step = before_step;
	sim.before_step_user = run;
	uint64_t place = run->place;
	run->place = 0;
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	uint64_t steps = hw_sim_step_count();
	hw_sim_options()->fail_attempt =
		run->disturbance == OPERATION_FAILS ? hw_sim_attempt_count() + place : 0;
	hw_sim_options()->fail_call =
		run->disturbance == CALL_FAILS ? hw_sim_call_count() + place : 0;
	g_world.catalog.fail_request =
		run->disturbance == REQUEST_FAILS ? g_world.catalog.request_count + place : 0;
	run->place = place > 0 ? place + steps : 0;
	/* Four or five PATCHes, each in a block, with a checksum now and then. */
	g_senders[0] = (struct tus_sender){
		.world = &g_world,
		.share = &g_share,
		.name = g_names[0],
		.size = 300 * KIB + 5,
		.shift = 3,
		.patch_size_max = 120 * KIB,
		.checksum_percent = 25,
		.is_deferring = seed % 2 == 0,
	};
	run_end(run);
	run->step_count -= steps;
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
	uint64_t count = g_only_seed != 0 ? 1 : 2;
	uint64_t total = 0;
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct run calm = {.disturbance = NOTHING};
		scenario_run(&calm, seed);
		assert_int_equal(g_senders[0].step, TUS_WHOLE);
		uint64_t places = place_count(disturbance, &calm);
		assert_true(places > 3);
		for (uint64_t place = seeds_place_first(seed); place <= places;
		     place += seeds_stride()) {
			struct run run = {.disturbance = disturbance, .place = place};
			scenario_run(&run, seed);
			assert_true(g_senders[0].step == TUS_WHOLE || disturbance == DRAIN ||
				    disturbance == CUT ||
				    g_senders[0].path[0] == '\0'); /* never created */
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

PLACES_TEST(sender_resets_at_every_step, CLIENT_RESETS)
PLACES_TEST(sender_finishes_at_every_step, CLIENT_FINISHES)
PLACES_TEST(sender_hangs_at_every_step, CLIENT_HANGS)
PLACES_TEST(sender_loses_it_at_every_step, SECOND_ASKS)
PLACES_TEST(daemon_drains_at_every_step, DRAIN)
PLACES_TEST(daemon_stops_at_every_step, CUT)
PLACES_TEST(every_operation_fails, OPERATION_FAILS)
PLACES_TEST(every_call_of_the_disk_fails, CALL_FAILS)
PLACES_TEST(every_request_to_the_catalog_fails, REQUEST_FAILS)

/* -- seeds */

static uint32_t pick(struct hw_prng *prng, uint32_t low, uint32_t high)
{
	return (uint32_t)hw_prng_between(prng, low, high);
}

/* Off in half of the seeds. */
static uint32_t level(struct hw_prng *prng, uint32_t percent_max)
{
	return hw_prng_chance(prng, 50) ? 0 : pick(prng, 1, percent_max);
}

static struct hw_sim_options chaos(struct hw_prng *prng, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_chaos(seed);
	sim.piece_size_max = hw_max(sim.piece_size_max, 64U); /* not a day for each seed */
	sim.write_error_percent = level(prng, 2);
	sim.read_error_percent = level(prng, 2);
	sim.sync_error_percent = level(prng, 2);
	sim.disk_error_percent = level(prng, 3);
	sim.interrupt_percent = level(prng, 10);
	return sim;
}

static uint64_t file_size(struct hw_prng *prng)
{
	static const uint64_t edges[] = {0, 1, 16383, 16384, 16385, 262144, 600000};
	static const uint64_t chunks[] = {4 * MIB, 4 * MIB + 1, 4 * MIB - 1, 5 * MIB};
	uint32_t chance = pick(prng, 0, 99);
	if (chance < 30) {
		return edges[hw_prng_below(prng, hw_count_of(edges))];
	}
	if (chance < 33) {
		return chunks[hw_prng_below(prng, hw_count_of(chunks))];
	}
	return hw_prng_below(prng, UINT64_C(1) << pick(prng, 4, 20));
}

static void senders_make(struct hw_prng *prng, struct run *run)
{
	run->sender_count = pick(prng, 1, SENDERS_MAX);
	uint32_t cut_percent = level(prng, 60);
	for (uint32_t i = 0; i < run->sender_count; i++) {
		uint64_t size = file_size(prng);
		g_senders[i] = (struct tus_sender){
			.world = &g_world,
			.share = &g_share,
			.name = g_names[i],
			.size = size,
			.shift = hw_prng_chance(prng, 30) ? 7 : hw_prng_below(prng, MIB),
			.patch_size_max = hw_max(size / pick(prng, 1, 12), UINT64_C(1)),
			.cut_percent = cut_percent,
			.checksum_percent = level(prng, 100),
			.is_deferring = hw_prng_chance(prng, 30),
			.next_us = hw_clock_monotonic_us() + hw_prng_below(prng, 50000),
		};
	}
}

static void seed_run(uint64_t seed)
{
	struct hw_prng prng;
	struct run run = {.seed = seed};
	struct talk_world_options options = talk_world_plenty();
	hw_prng_init(&prng, seed);
	bool is_calm = hw_prng_chance(&prng, 30);
	struct hw_sim_options sim = is_calm ? hw_sim_calm(seed) : chaos(&prng, seed);
	g_running.seed = seed;
	g_running.place = 0;
	options.slab_count = hw_prng_chance(&prng, 50) ? pick(&prng, 2, 8) : 64;
	options.segment_size = pick(&prng, 16, 64) * MIB;
	options.stall_timeout_ms = pick(&prng, 500, 5000);
	options.idle_timeout_ms = pick(&prng, 100, 3000);
	options.uploads_max = hw_prng_chance(&prng, 50) ? pick(&prng, 2, 6) : 16;
	options.is_direct = hw_prng_chance(&prng, 80);
	struct hw_sim_options first = hw_sim_calm(seed);
	first.has_fixed_buffers = sim.has_fixed_buffers;
	hw_sim_begin(&first);
	talk_world_start(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	*hw_sim_options() = sim;
	senders_make(&prng, &run);
	if (!is_calm) {
		g_world.catalog.error_percent = level(&prng, 5);
		g_world.catalog.late_percent = level(&prng, 30);
		g_world.catalog.late_us_max = 1U << pick(&prng, 4, 18);
		uint64_t now_us = hw_clock_monotonic_us();
		run.drain_us = hw_prng_chance(&prng, 75)
				       ? 0
				       : now_us + hw_prng_below(&prng, 1U << pick(&prng, 10, 22));
		run.cut_us =
			run.drain_us == 0 || hw_prng_chance(&prng, 50)
				? 0
				: run.drain_us + hw_prng_below(&prng, 1U << pick(&prng, 6, 20));
	}
	run_end(&run);
}

static uint64_t g_wholes;

static void seed_count(uint64_t seed)
{
	seed_run(seed);
	g_wholes += g_senders[0].step == TUS_WHOLE;
}

static void seeds_hold(void **state)
{
	(void)state;
	g_running.part = "seeds";
	struct seeds seeds = seeds_run(g_only_seed, 15000, seed_count);
	uint64_t count = seeds.next - seeds.first;
	print_message("%llu first ones whole\n", (unsigned long long)g_wholes);
	assert_true(count < 10 || g_wholes > count / 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sender_resets_at_every_step),
		cmocka_unit_test(sender_finishes_at_every_step),
		cmocka_unit_test(sender_hangs_at_every_step),
		cmocka_unit_test(sender_loses_it_at_every_step),
		cmocka_unit_test(daemon_drains_at_every_step),
		cmocka_unit_test(daemon_stops_at_every_step),
		cmocka_unit_test(every_operation_fails),
		cmocka_unit_test(every_call_of_the_disk_fails),
		cmocka_unit_test(every_request_to_the_catalog_fails),
		cmocka_unit_test(seeds_hold),
	};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	cmocka_set_test_filter(
		getenv("HW_TEST_ONLY")); /* NOLINT(concurrency-mt-unsafe): one thread */
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
