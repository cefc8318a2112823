/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an upload of mode spill writes nothing while everybody keeps up, holds up no sender when
 * somebody does not, and gives every receiver every byte or a clear end; what is without its
 * beginning says so everywhere.
 *
 * Method: PUTs into a share of mode spill with receivers that are fast, slow, late, or leave; then
 * the same over seeds with failures, and with an end at every step.
 */
#include "core/base/prng.h"
#include "tests/unit/talk/live_world.h"

#define HERE " HTTP/1.1\r\nHost: here\r\n"
/* ASan is some thirty times slower with so many large pieces: it sees fewer of the same. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEED_COUNT 6U
#define DENSITY    2U
#else
#define SEED_COUNT 20U
#define DENSITY    12U
#endif
#define RECEIVERS 3U

static uint64_t written_size(void)
{
	return hw_metrics_read(&g_world.metrics, HW_METRIC_segment_write_bytes);
}

static uint64_t spill_count(void)
{
	return hw_metrics_read(&g_world.metrics, HW_METRIC_spills);
}

static void row(const char *request, uint32_t status, const char *field, const char *body)
{
	struct talk_row check = {request, status, field, NULL, body};
	talk_rows_check(&g_world, &g_share, &check, 1);
}

/* Whoever keeps up has it all, and nothing was written; of a file that fits into memory, too. */
static void who_keeps_up_costs_no_write(void **state)
{
	(void)state;
	g_running.part = "who_keeps_up_costs_no_write";
	uint64_t sizes[] = {1, 16384, 300000, 4 * MIB, 6 * MIB + 1, 33 * MIB + 5};
	for (uint32_t i = 0; i < 2 * hw_count_of(sizes); i++) {
		uint64_t size = sizes[i / 2];
		struct hw_sim_peer *receivers[RECEIVERS];
		bool is_chunked = i % 2 == 1;
		live_begin(HW_SHARE_SPILL);
		struct hw_sim_peer *sender = sender_begin(size, is_chunked);
		for (uint32_t j = 0; j < RECEIVERS; j++) {
			receivers[j] = receiver_come(false);
		}
		sender_say(sender, 0, size, is_chunked);
		hw_sim_peer_write(sender, "0\r\n\r\n", is_chunked ? 5 : 0);
		talk_world_pass(&g_world, 5000);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
		for (uint32_t j = 0; j < RECEIVERS && !is_chunked; j++) {
			receiver_has(receivers[j], size);
		}
		assert_int_equal(written_size(), 0);
		assert_int_equal(spill_count(), 0);
		row("GET %P" HERE "\r\n", 200, NULL, "There is no file in this share yet.");
		talk_table_end(&g_world);
	}
}

/* Nobody comes: it is stored, whole, and an ordinary file from then on. */
static void who_is_late_finds_it_stored(void **state)
{
	(void)state;
	g_running.part = "who_is_late_finds_it_stored";
	uint64_t sizes[] = {0, 1, 300000, 4 * MIB, 8 * MIB, 24 * MIB + 5};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		live_begin(HW_SHARE_SPILL);
		struct hw_sim_peer *sender = sender_begin(sizes[i], false);
		sender_say(sender, 0, sizes[i], false);
		talk_world_pass(&g_world, 3000);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 201);
		assert_int_equal(spill_count(), 1);
		tus_file_check(&g_world, &g_share, "f", sizes[i], SHIFT);
		talk_table_end(&g_world);
	}
}

/* The beginning is in memory: who comes a little late finds it there. */
static void who_comes_while_it_is_in_memory_gets_all(void **state)
{
	(void)state;
	g_running.part = "who_comes_while_it_is_in_memory_gets_all";
	uint64_t size = 7 * MIB;
	live_begin(HW_SHARE_SPILL);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *first = receiver_come(false);
	sender_say(sender, 0, size - MIB, false);
	talk_world_pass(&g_world, 2000);
	struct hw_sim_peer *late = receiver_come(false);
	talk_world_pass(&g_world, 2000);
	sender_say(sender, size - MIB, MIB, false);
	talk_world_pass(&g_world, 2000);
	receiver_has(first, size);
	receiver_has(late, size);
	assert_int_equal(written_size(), 0);
	talk_table_end(&g_world);
}

/* Who is slow from the beginning gets it from the disk; its sender is done long before. */
static void who_is_slow_holds_nobody_up(void **state)
{
	(void)state;
	g_running.part = "who_is_slow_holds_nobody_up";
	uint64_t size = 40 * MIB;
	live_begin(HW_SHARE_SPILL);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *slow = receiver_come(true);
	struct hw_sim_peer *fast = receiver_come(false);
	sender_say(sender, 0, size, false);
	talk_world_pass(&g_world, 6000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 201);
	assert_int_equal(spill_count(), 1);
	receiver_has(fast, size);
	hw_sim_peer_hold(slow, false);
	talk_world_pass(&g_world, 6000);
	receiver_has(slow, size);
	tus_file_check(&g_world, &g_share, "f", size, SHIFT);
	talk_table_end(&g_world);
}

/* Nor at the end of what fits into memory: it is stored when the sender has waited for a second. */
static void who_is_slow_at_the_end_holds_nobody_up(void **state)
{
	(void)state;
	g_running.part = "who_is_slow_at_the_end_holds_nobody_up";
	uint64_t size = 3 * MIB;
	live_begin(HW_SHARE_SPILL);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *slow = receiver_come(true);
	hw_sim_peer_window_set(slow, 65536);
	sender_say(sender, 0, size, false);
	talk_world_pass(&g_world, 400);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 0);
	assert_int_equal(written_size(), 0);
	talk_world_pass(&g_world, 2000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 201);
	hw_sim_peer_hold(slow, false);
	talk_world_pass(&g_world, 3000);
	receiver_has(slow, size);
	tus_file_check(&g_world, &g_share, "f", size, SHIFT);
	talk_table_end(&g_world);
}

static void range_check(uint64_t first, uint64_t last, uint32_t status)
{
	char text[1024];
	int size = snprintf(text, sizeof(text),
			    "GET %s/f HTTP/1.1\r\nHost: here\r\nRange: bytes=%llu-%llu\r\n\r\n",
			    g_share.path, (unsigned long long)first, (unsigned long long)last);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), status);
	if (status == 206) {
		struct hw_span body = talk_answer_body(answer);
		assert_int_equal(body.size, last - first + 1);
		assert_true(talk_content_equal(body.bytes, body.size, SHIFT, first));
	}
}

/* What is without its beginning says so. */
static void headless_check(uint64_t size)
{
	row("GET %P/f" HERE "\r\n", 410, NULL, "have passed");
	row("HEAD %P/f" HERE "\r\n", 410, NULL, NULL);
	row("GET %P" HERE "\r\n", 410, NULL, NULL);
	row("GET %P.zip" HERE "\r\n", 410, NULL, NULL);
	row("GET %P/f.torrent" HERE "\r\n", 410, NULL, NULL);
	char look[512];
	(void)snprintf(look, sizeof(look), "GET /api/v1/shares/%s" HERE "\r\n",
		       g_share.path + strlen("/s/")); /* fits */
	row(look, 200, NULL, "\"stored_from\":");
	range_check(0, 9, 410);
	range_check(size - 5 * MIB - 3, size - 1, 206);
	range_check(size - 1, size - 1, 206);
}

/* Who becomes slow in the middle misses nothing, though the beginning is nowhere. */
static void who_becomes_slow_misses_nothing(void **state)
{
	(void)state;
	g_running.part = "who_becomes_slow_misses_nothing";
	uint64_t size = 60 * MIB + 7;
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t before = 18 * MIB + i * MIB;
		live_begin(HW_SHARE_SPILL);
		struct hw_sim_peer *sender = sender_begin(size, false);
		struct hw_sim_peer *receiver = receiver_come(false);
		sender_say(sender, 0, before, false);
		talk_world_pass(&g_world, 4000);
		assert_int_equal(written_size(), 0);
		hw_sim_peer_hold(receiver, true);
		sender_say(sender, before, size - before, false);
		talk_world_pass(&g_world, 6000);
		assert_int_equal(spill_count(), 1);
		assert_int_equal(hw_sim_peer_backlog_size(sender), 0);
		range_check(0, 9, 410);
		hw_sim_peer_hold(receiver, false);
		talk_world_pass(&g_world, 6000);
		receiver_has(receiver, size);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
		headless_check(size);
		talk_table_end(&g_world);
	}
}

/* A sender so slow that its slabs are never full, and a receiver that keeps up. */
static void slow_sender_is_not_taken_for_a_slow_receiver(void **state)
{
	(void)state;
	g_running.part = "slow_sender_is_not_taken_for_a_slow_receiver";
	uint64_t size = 5 * MIB;
	live_begin(HW_SHARE_SPILL);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *receiver = receiver_come(false);
	for (uint64_t at = 0; at < size; at += MIB / 16) {
		sender_say(sender, at, MIB / 16, false);
		talk_world_pass(&g_world, 1500);
	}
	receiver_has(receiver, size);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
	assert_int_equal(written_size(), 0);
	talk_table_end(&g_world);
}

/* All receivers leave in the middle: the sender is let finish, and who resumes gets the rest. */
static void who_resumes_gets_the_rest(void **state)
{
	(void)state;
	g_running.part = "who_resumes_gets_the_rest";
	uint64_t size = 40 * MIB;
	live_begin(HW_SHARE_SPILL);
	struct hw_sim_peer *sender = sender_begin(size, false);
	struct hw_sim_peer *receiver = receiver_come(false);
	sender_say(sender, 0, 20 * MIB, false);
	talk_world_pass(&g_world, 3000);
	hw_sim_peer_reset(receiver);
	talk_world_pass(&g_world, 500);
	sender_say(sender, 20 * MIB, 20 * MIB, false);
	talk_world_pass(&g_world, 5000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(sender)), 200);
	headless_check(size);
	range_check(24 * MIB, size - 1, 206);
	talk_table_end(&g_world);
}

/* -- seeds -- */

struct run {
	struct hw_sim_peer *sender;
	struct hw_sim_peer *receivers[RECEIVERS];
	uint64_t size;
	uint64_t come_us[RECEIVERS];
	uint64_t hold_size; /* bytes that the second receiver takes before it stops */
	uint64_t unhold_us; /* when it goes on */
	uint64_t end_us;
	uint64_t place; /* the step before which somebody ends; 0: nobody */
	uint32_t who;   /* RECEIVERS: the sender */
	bool is_calm;
};

static struct run g_run;

/* The seeds must have seen all ends. */
static struct {
	uint64_t whole; /* receivers that got it all */
	uint64_t late;  /* that were told so */
	uint64_t spills;
	uint64_t headless; /* uploads that were answered so */
} g_totals;

static void leave(void *user, uint64_t step)
{
	(void)user;
	if (g_run.place == 0 || step + 1 != g_run.place) {
		return;
	}
	struct hw_sim_peer *peer =
		g_run.who == RECEIVERS ? g_run.sender : g_run.receivers[g_run.who];
	if (peer != NULL && !hw_sim_peer_is_reset(peer)) {
		hw_sim_peer_unsay(peer);
		hw_sim_peer_reset(peer);
	}
}

static bool is_gone(const struct hw_sim_peer *peer)
{
	return hw_sim_peer_has_end(peer) || hw_sim_peer_is_closed(peer) ||
	       hw_sim_peer_is_reset(peer);
}

/* All that was asked for came, or an error. */
static bool is_answered(const struct hw_sim_peer *peer, uint64_t size)
{
	struct hw_span got = hw_sim_peer_got(peer);
	if (got.size == 0 || memmem(got.bytes, got.size, "\r\n\r\n", 4) == NULL) {
		return false;
	}
	if (talk_answer_status(got) != 200) {
		return true;
	}
	return talk_answer_body(got).size == size;
}

/* Whatever came is right. */
static void answer_check(const struct hw_sim_peer *peer, uint64_t size)
{
	struct hw_span got = hw_sim_peer_got(peer);
	g_totals.late += talk_answer_status(got) == 410 ? 1 : 0;
	if (talk_answer_status(got) == 200) {
		g_totals.whole += talk_answer_body(got).size == size ? 1 : 0;
		struct hw_span body = talk_answer_body(got);
		assert_true(body.size <= size);
		assert_true(talk_content_equal(body.bytes, body.size, SHIFT, 0));
	}
}

static bool run_step(void *user)
{
	(void)user;
	uint64_t now_us = hw_clock_monotonic_us();
	bool is_over =
		talk_answer_status(hw_sim_peer_got(g_run.sender)) != 0 || is_gone(g_run.sender);
	for (uint32_t i = 0; i < RECEIVERS; i++) {
		struct hw_sim_peer *peer = g_run.receivers[i];
		if (peer == NULL && now_us >= g_run.come_us[i]) {
			char text[1024];
			int size =
				snprintf(text, sizeof(text),
					 "GET %s/f HTTP/1.1\r\nHost: here\r\n\r\n", g_share.path);
			peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
			hw_sim_peer_write(peer, text, (uint64_t)size);
			g_run.receivers[i] = peer;
		}
		if (i == 1 && peer != NULL) {
			hw_sim_peer_hold(peer,
					 now_us < g_run.unhold_us &&
						 hw_sim_peer_got(peer).size >= g_run.hold_size);
		}
		is_over &= peer != NULL && (is_gone(peer) || is_answered(peer, g_run.size));
	}
	return is_over || now_us >= g_run.end_us;
}

static void run_begin(uint64_t seed, const struct hw_sim_options *sim, enum hw_share_mode mode,
		      uint64_t size)
{
	char text[512];
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = 40 + (uint32_t)(seed % 3) * 40;
	options.stall_timeout_ms = 3000;
	g_running.seed = seed;
	g_running.place = g_run.place;
	hw_sim_begin(sim);
	talk_world_start(&g_world, &options);
	tus_share_make(&g_world, mode, &g_share);
	uint64_t now_us = hw_clock_monotonic_us();
	g_run.size = size;
	g_run.end_us = now_us + 60000000;
	for (uint32_t i = 0; i < RECEIVERS; i++) {
		g_run.receivers[i] = NULL;
		g_run.come_us[i] += now_us;
	}
	g_run.unhold_us += now_us;
	int head = snprintf(text, sizeof(text),
			    "PUT %s/f HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n"
			    "Content-Length: %llu\r\nConnection: close\r\n\r\n",
			    g_share.path, g_share.token, (unsigned long long)size);
	g_run.sender = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(g_run.sender, text, (uint64_t)head);
	sender_say(g_run.sender, 0, size, false);
}

static void run_end(uint64_t seed)
{
	int r = talk_world_run(&g_world, run_step, NULL);
	assert_int_equal(r, 0);
	for (uint32_t i = 0; i < RECEIVERS; i++) {
		if (g_run.receivers[i] != NULL) {
			answer_check(g_run.receivers[i], g_run.size);
		}
	}
	struct hw_span answer = hw_sim_peer_got(g_run.sender);
	g_totals.spills += spill_count();
	g_totals.headless +=
		talk_answer_status(answer) == 200 && talk_answer_field(answer, "Location").size > 0;
	talk_world_quiesce(&g_world);
	talk_world_crash(&g_world, seed);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void seeds_of_everything(void **state)
{
	(void)state;
	g_running.part = "seeds_of_everything";
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		bool is_calm = hw_prng_chance(&prng, 40);
		struct hw_sim_options sim = is_calm ? hw_sim_calm(seed) : hw_sim_chaos(seed);
		sim.piece_size_max = hw_max(sim.piece_size_max, 65536U);
		sim.before_step = leave;
		g_run = (struct run){.is_calm = is_calm};
		for (uint32_t i = 0; i < RECEIVERS; i++) {
			g_run.come_us[i] = hw_prng_below(&prng, i == 1 ? 5000 : 1000000);
		}
		g_run.come_us[0] = hw_prng_below(&prng, 20000);
		g_run.unhold_us = hw_prng_below(&prng, 6000000);
		g_run.hold_size = hw_prng_below(&prng, 10 * MIB);
		g_run.place = hw_prng_chance(&prng, 50) ? 1 + hw_prng_below(&prng, 4000) : 0;
		g_run.who = (uint32_t)hw_prng_below(&prng, RECEIVERS + 1);
		run_begin(seed, &sim, seed % 4 == 0 ? HW_SHARE_LIVE : HW_SHARE_SPILL,
			  hw_prng_below(&prng, 18 * MIB));
		run_end(seed);
	}
}

static void all_ends_were_seen(void **state)
{
	(void)state;
	print_message("%llu whole, %llu late, %llu spills, %llu without a beginning\n",
		      (unsigned long long)g_totals.whole, (unsigned long long)g_totals.late,
		      (unsigned long long)g_totals.spills, (unsigned long long)g_totals.headless);
	assert_true(g_totals.whole > 0 && g_totals.late > 0);
	assert_true(g_totals.spills > 0 && g_totals.headless > 0);
}

/* The sender, or one of its receivers, is reset before every nth step. */
static void somebody_leaves_at_every_step(void **state)
{
	(void)state;
	g_running.part = "somebody_leaves_at_every_step";
	for (uint32_t who = 0; who <= RECEIVERS; who++) {
		uint64_t last = 1;
		for (uint64_t place = 1; place <= last; place += 1 + place / DENSITY) {
			struct hw_sim_options sim = hw_sim_calm(who + 1);
			sim.before_step = leave;
			g_run = (struct run){.is_calm = true, .place = place, .who = who};
			g_run.come_us[2] = 30000;
			g_run.unhold_us = 2000000;
			g_run.hold_size = MIB;
			run_begin(who + 1, &sim, HW_SHARE_SPILL, 11 * MIB);
			run_end(who + 1);
			last = place == 1 ? hw_sim_step_count() : last;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_keeps_up_costs_no_write),
		cmocka_unit_test(who_is_late_finds_it_stored),
		cmocka_unit_test(who_comes_while_it_is_in_memory_gets_all),
		cmocka_unit_test(who_is_slow_holds_nobody_up),
		cmocka_unit_test(who_is_slow_at_the_end_holds_nobody_up),
		cmocka_unit_test(who_becomes_slow_misses_nothing),
		cmocka_unit_test(slow_sender_is_not_taken_for_a_slow_receiver),
		cmocka_unit_test(who_resumes_gets_the_rest),
		cmocka_unit_test(seeds_of_everything),
		cmocka_unit_test(somebody_leaves_at_every_step),
		cmocka_unit_test(all_ends_were_seen),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
