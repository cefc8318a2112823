/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whoever takes a file while it is sent gets its bytes and no others, in order, as soon as
 * they are there; an answer that is complete is the whole file, one that is not is seen to be cut;
 * nothing is left behind by receivers that leave, are slow, or come late.
 *
 * Method: a sender that is cut and goes on (tus_client.h), and receivers of all kinds at once, over
 * seeds with and without failures; then one receiver that leaves at every step.
 *
 *	unit_talk_follower [SEED]           one seed only
 *	HW_TEST_MS=15000                    how long to go on with new seeds
 */
#include "tests/unit/talk/tus_client.h"

#define RECEIVERS_MAX 20U
#define KIB           (UINT64_C(1) << 10)
#define MIB           (UINT64_C(1) << 20)
#define SHIFT         11U

enum receiver_end { OPEN = 0, WHOLE, CUT };

struct receiver {
	struct hw_sim_peer *peer; /* NULL: it has not come yet */
	uint64_t come_us;
	uint64_t leave_us;  /* 0: never */
	uint64_t unhold_us; /* 0: it reads at once */
	uint64_t first;     /* of its range; UINT64_MAX: none asked for */
	uint64_t last;
	uint32_t seen_size; /* bytes of the answer that were looked at */
	bool is_old;        /* HTTP/1.0 */
	bool has_left;
	enum receiver_end end;
};

static struct talk_world g_world;
static struct talk_share g_share;
static struct tus_sender g_sender;
static struct receiver g_receivers[RECEIVERS_MAX];
static uint32_t g_receiver_count;
static bool g_is_calm;
static uint64_t g_only_seed;
static uint64_t g_leave_step; /* 0: at none */

static uint32_t pick(struct hw_prng *prng, uint32_t low, uint32_t high)
{
	return (uint32_t)hw_prng_between(prng, low, high);
}

static uint32_t level(struct hw_prng *prng, uint32_t percent_max)
{
	return hw_prng_chance(prng, 50) ? 0 : pick(prng, 1, percent_max);
}

/* -- receivers */

static void receiver_come(struct receiver *receiver)
{
	char text[512];
	char range[80] = "";
	if (receiver->first != UINT64_MAX) {
		(void)snprintf(range, sizeof(range), "Range: bytes=%llu-%llu\r\n",
			       (unsigned long long)receiver->first,
			       (unsigned long long)receiver->last); /* fits */
	}
	int size = snprintf(text, sizeof(text), "GET %s/%s HTTP/1.%d\r\nHost: here\r\n%s\r\n",
			    g_share.path, g_sender.name, receiver->is_old ? 0 : 1, range);
	receiver->peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	if (receiver->unhold_us > 0) {
		hw_sim_peer_hold(receiver->peer, true);
	}
	hw_sim_peer_write(receiver->peer, text, (uint64_t)size);
}

static void content_check(struct hw_span bytes, uint64_t offset)
{
	hw_assert(talk_content_equal(bytes.bytes, bytes.size, SHIFT, offset));
	hw_assert(offset + bytes.size <= g_sender.size);
}

/* The transfer coding's chunks: each as far as it came. Returns true when the last one did. */
static bool chunks_check(struct hw_span body)
{
	uint64_t offset = 0;
	while (body.size > 0) {
		const char *end = memmem(body.bytes, body.size, "\r\n", 2);
		if (end == NULL) {
			return false;
		}
		uint32_t size = (uint32_t)strtoul(body.bytes, NULL, 16);
		body = hw_span_skip(body, (uint32_t)(end - body.bytes) + 2);
		if (size == 0) {
			hw_assert(offset == g_sender.size);
			return body.size >= 2;
		}
		content_check((struct hw_span){body.bytes, hw_min(body.size, size)}, offset);
		offset += size;
		if (body.size < size + 2) {
			return false;
		}
		hw_assert(body.bytes[size] == '\r' && body.bytes[size + 1] == '\n');
		body = hw_span_skip(body, size + 2);
	}
	return false;
}

/* What came so far is right; is it all? */
static bool is_whole(const struct receiver *receiver)
{
	struct hw_span got = hw_sim_peer_got(receiver->peer);
	if (got.size == 0 || memmem(got.bytes, got.size, "\r\n\r\n", 4) == NULL) {
		return false;
	}
	uint32_t status = talk_answer_status(got);
	if (status != 200 && status != 206) {
		hw_assert(!g_is_calm || status == 416);
		return true; /* an answer, and a whole one */
	}
	struct hw_span body = talk_answer_body(got);
	struct hw_span length = talk_answer_field(got, "Content-Length");
	if (talk_answer_field(got, "Transfer-Encoding").size > 0) {
		hw_assert(!receiver->is_old);
		return chunks_check(body);
	}
	uint64_t first = status == 206 ? receiver->first : 0;
	content_check(body, first);
	if (length.size == 0) {
		hw_assert(receiver->is_old);
		return body.size == g_sender.size;
	}
	uint64_t size = talk_number(length);
	uint64_t last =
		status == 206 ? hw_min(receiver->last, g_sender.size - 1) + 1 : g_sender.size;
	hw_assert(size == last - first);
	return body.size == size;
}

static bool is_gone(const struct hw_sim_peer *peer)
{
	return hw_sim_peer_has_end(peer) || hw_sim_peer_is_closed(peer) ||
	       hw_sim_peer_is_reset(peer);
}

/* Worth a look at all of it? Something came, and it looks like an end. */
static bool looks_whole(struct receiver *receiver)
{
	struct hw_span got = hw_sim_peer_got(receiver->peer);
	if (got.size == receiver->seen_size || memmem(got.bytes, got.size, "\r\n\r\n", 4) == NULL) {
		return false;
	}
	receiver->seen_size = got.size;
	if (talk_answer_field(got, "Transfer-Encoding").size > 0) {
		return memcmp(got.bytes + got.size - 5, "0\r\n\r\n", 5) == 0;
	}
	struct hw_span length = talk_answer_field(got, "Content-Length");
	return length.size == 0 || talk_answer_body(got).size >= talk_number(length);
}

static void receiver_leave(struct receiver *receiver)
{
	receiver->has_left = true;
	receiver->end = CUT;
	hw_sim_peer_reset(receiver->peer);
}

static bool receiver_step(struct receiver *receiver)
{
	uint64_t now_us = hw_clock_monotonic_us();
	if (receiver->end != OPEN) {
		return true;
	}
	if (receiver->peer == NULL) {
		if (g_sender.step == TUS_LOST || g_world.server.is_draining) {
			receiver->end = CUT;
		} else if (g_sender.path[0] != '\0' && now_us >= receiver->come_us) {
			receiver_come(receiver);
		}
		return false;
	}
	if (receiver->unhold_us > 0 && now_us >= receiver->unhold_us) {
		receiver->unhold_us = 0;
		hw_sim_peer_hold(receiver->peer, false);
	}
	bool is_unheard = g_world.server.is_draining && !hw_sim_peer_is_accepted(receiver->peer);
	if (receiver->leave_us > 0 && now_us >= receiver->leave_us) {
		receiver_leave(receiver);
	} else if (is_gone(receiver->peer) || is_unheard) {
		receiver->end = is_whole(receiver) ? WHOLE : CUT;
	} else if (!receiver->is_old && receiver->unhold_us == 0 && looks_whole(receiver) &&
		   is_whole(receiver)) {
		receiver->end = WHOLE;
		hw_sim_peer_shutdown(receiver->peer);
	}
	return receiver->end != OPEN;
}

static bool all_step(void *user)
{
	uint64_t *drain_us = user;
	bool is_over = tus_sender_step(&g_sender, hw_sim_seed());
	for (uint32_t i = 0; i < g_receiver_count; i++) {
		is_over &= receiver_step(&g_receivers[i]);
	}
	if (*drain_us > 0 && hw_clock_monotonic_us() > *drain_us) {
		*drain_us = 0;
		hw_http_server_drain(&g_world.server);
		hw_http_server_cut(&g_world.server);
	}
	return is_over;
}

static void receivers_make(struct hw_prng *prng)
{
	uint64_t now_us = hw_clock_monotonic_us();
	g_receiver_count = hw_prng_chance(prng, 20) ? RECEIVERS_MAX : pick(prng, 1, 5);
	for (uint32_t i = 0; i < g_receiver_count; i++) {
		struct receiver *receiver = &g_receivers[i];
		*receiver = (struct receiver){.first = UINT64_MAX};
		receiver->come_us = now_us + hw_prng_below(prng, 1U << pick(prng, 4, 19));
		receiver->is_old = hw_prng_chance(prng, 15);
		if (hw_prng_chance(prng, 20)) {
			receiver->first = hw_prng_below(prng, g_sender.size + 10);
			receiver->last = receiver->first + hw_prng_below(prng, g_sender.size + 1);
		}
		if (hw_prng_chance(prng, 15)) {
			receiver->leave_us = receiver->come_us + hw_prng_below(prng, 200000);
		}
		if (hw_prng_chance(prng, 25)) {
			receiver->unhold_us = receiver->come_us + hw_prng_below(prng, 400000);
		}
	}
}

static void sender_make(struct hw_prng *prng)
{
	uint64_t size = hw_prng_below(prng, UINT64_C(1) << pick(prng, 8, 20));
	if (hw_prng_chance(prng, 6)) {
		size = 4 * MIB + hw_prng_below(prng, 6 * MIB);
	}
	g_sender = (struct tus_sender){
		.world = &g_world,
		.share = &g_share,
		.name = "f",
		.size = size,
		.shift = SHIFT,
		.patch_size_max = hw_max(size / pick(prng, 1, 8), UINT64_C(1)),
		.cut_percent = level(prng, 50),
		.checksum_percent = level(prng, 40),
		.is_deferring = hw_prng_chance(prng, 35),
	};
}

static void world_begin(struct hw_prng *prng, const struct hw_sim_options *sim)
{
	struct talk_world_options options = talk_world_plenty();
	struct hw_sim_options first = hw_sim_calm(sim->seed);
	options.slab_count = hw_prng_chance(prng, 40) ? pick(prng, 3, 16) : 64;
	options.downloads_max = 32;
	options.segment_size = pick(prng, 16, 64) * MIB;
	options.stall_timeout_ms = pick(prng, 2000, 8000);
	first.has_fixed_buffers = sim->has_fixed_buffers;
	hw_sim_begin(&first);
	talk_world_start(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	*hw_sim_options() = *sim;
}

static void world_end(void)
{
	struct hw_sim_options calm = hw_sim_calm(hw_sim_seed());
	calm.has_fixed_buffers = hw_sim_options()->has_fixed_buffers;
	*hw_sim_options() = calm;
	g_world.catalog.error_percent = 0;
	if (g_sender.step == TUS_WHOLE && !g_world.server.is_draining) {
		tus_file_check(&g_world, &g_share, "f", g_sender.size, SHIFT);
	}
	talk_world_quiesce(&g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void seed_run(uint64_t seed)
{
	struct hw_prng prng;
	uint64_t drain_us = 0;
	hw_prng_init(&prng, seed);
	g_running.seed = seed;
	g_is_calm = hw_prng_chance(&prng, 50);
	struct hw_sim_options sim = hw_sim_calm(seed);
	if (!g_is_calm) {
		sim = hw_sim_chaos(seed);
		sim.piece_size_max = hw_max(sim.piece_size_max, 64U);
		sim.window_size = hw_max(sim.window_size, 4096U);
		sim.read_error_percent = level(&prng, 2);
		sim.write_error_percent = level(&prng, 1);
	}
	world_begin(&prng, &sim);
	if (!g_is_calm) {
		g_world.catalog.error_percent = level(&prng, 3);
		g_world.catalog.late_percent = level(&prng, 40);
		g_world.catalog.late_us_max = 1U << pick(&prng, 4, 18);
		drain_us = hw_prng_chance(&prng, 80)
				   ? 0
				   : hw_clock_monotonic_us() + hw_prng_below(&prng, 2000000);
	}
	sender_make(&prng);
	receivers_make(&prng);
	int r = talk_world_run(&g_world, all_step, &drain_us);
	assert_int_equal(r, 0);
	for (uint32_t i = 0; i < g_receiver_count && g_is_calm; i++) {
		/* Nothing failed: who stayed has it all. */
		assert_true(g_receivers[i].end == WHOLE || g_receivers[i].has_left);
	}
	world_end();
}

static void seeds_hold(void **state)
{
	(void)state;
	g_running.part = "seeds";
	(void)seeds_run(g_only_seed, 15000, seed_run);
}

/* -- one receiver that leaves at every step */

static void leave_at(void *user, uint64_t step)
{
	(void)user;
	struct receiver *receiver = &g_receivers[0];
	if (g_leave_step > 0 && step + 1 == g_leave_step && receiver->peer != NULL &&
	    receiver->end == OPEN) {
		receiver_leave(receiver);
	}
}

static uint64_t leaving_run(uint64_t seed, uint64_t step)
{
	struct hw_prng prng;
	uint64_t drain_us = 0;
	struct hw_sim_options sim = hw_sim_calm(seed);
	hw_prng_init(&prng, seed);
	sim.before_step = leave_at;
	g_running.place = step;
	g_is_calm = true;
	g_leave_step = 0;
	world_begin(&prng, &sim);
	g_leave_step = step;
	g_sender = (struct tus_sender){.world = &g_world,
				       .share = &g_share,
				       .name = "f",
				       .size = 300 * KIB + 5,
				       .shift = SHIFT,
				       .patch_size_max = 150 * KIB,
				       .is_deferring = seed % 2 == 0};
	g_receiver_count = 2;
	g_receivers[0] = (struct receiver){.first = UINT64_MAX};
	g_receivers[1] = (struct receiver){.first = UINT64_MAX};
	int r = talk_world_run(&g_world, all_step, &drain_us);
	assert_int_equal(r, 0);
	assert_int_equal(g_receivers[1].end, WHOLE);
	assert_int_equal(g_sender.step, TUS_WHOLE);
	uint64_t steps = hw_sim_step_count();
	g_leave_step = 0;
	world_end();
	return steps;
}

static void receiver_leaves_at_every_step(void **state)
{
	(void)state;
	g_running.part = "receiver_leaves_at_every_step";
	for (uint64_t seed = 1; seed <= 2; seed++) {
		g_running.seed = seed;
		uint64_t steps = leaving_run(seed, 0);
		for (uint64_t step = 1; step <= steps; step++) {
			(void)leaving_run(seed, step);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receiver_leaves_at_every_step),
		cmocka_unit_test(seeds_hold),
	};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	cmocka_set_test_filter(
		getenv("HW_TEST_ONLY")); /* NOLINT(concurrency-mt-unsafe): one thread */
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
