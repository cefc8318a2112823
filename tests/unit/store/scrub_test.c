/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what rots on the disk is found, every time, and nothing else is called damaged; an extent
 * that is dropped while it is read is no damage; the scrubber keeps its rate, takes no slab that
 * clients need, holds nobody up when the disk hangs, goes on where it was, and stops at any moment.
 * Method: chunks stored in the simulated disk; a port with a list of what is live, that answers
 * late; seeds that choose what rots and which reads are short, late or refused; a stop at every
 * step.
 * Usage: scrub_test [SEED]; SCRUB_TEST_SEEDS in the environment says how many.
 */
#include "core/store/scrub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/store/chunk_upload.h"

#define SEED_COUNT  200U
#define CHUNK_COUNT 12U
#define DAYS        7U
#define DAY_MS      UINT64_C(86400000)

enum rot {
	ROT_BIT = 0,
	ROT_SECTOR, /* 512 bytes of something else */
	ROT_ZEROS,  /* a page that was never written */
	ROT_COUNT,
};

/* What the catalog would know. */
static struct {
	struct hw_extent live[STORED_MAX]; /* in the order of the disk */
	bool is_live[STORED_MAX];
	bool is_rotten[STORED_MAX];
	bool is_marked[STORED_MAX];
	uint32_t count;
	uint64_t stored_size;
	uint32_t drop_percent; /* of the extents that are asked about: gone meanwhile */
	int error;             /* what next answers */
	uint32_t next_count;
	uint32_t marked_count;
	uint32_t gone_count; /* reported, and not live any more */
	struct hw_timer timer;
	struct hw_extent asked;
	bool has_after;
	bool is_damage;
} g_port;

static struct hw_scrub g_scrub;

/* -- the port */

static int place_compare(const struct hw_extent *a, const struct hw_extent *b)
{
	if (a->segment != b->segment) {
		return a->segment < b->segment ? -1 : 1;
	}
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static void next_answer(void)
{
	struct hw_extent found[HW_EXTENT_BATCH_MAX];
	uint32_t count = 0;
	g_port.next_count++;
	for (uint32_t i = 0; i < g_port.count && count < 3; i++) { /* small batches: many asks */
		bool is_behind =
			!g_port.has_after || place_compare(&g_port.live[i], &g_port.asked) > 0;
		if (is_behind && g_port.is_live[i] && !g_port.is_marked[i]) {
			found[count++] = g_port.live[i];
		}
	}
	hw_scrub_next_done(&g_scrub, g_port.error, found, g_port.error < 0 ? 0 : count,
			   g_port.stored_size);
}

static void damaged_answer(void)
{
	uint32_t i = 0;
	while (i < g_port.count && place_compare(&g_port.live[i], &g_port.asked) != 0) {
		i++;
	}
	assert_true(i < g_port.count);
	assert_memory_equal(g_port.live[i].root, g_port.asked.root, HW_HASH_SIZE);
	if (!g_port.is_live[i]) {
		g_port.gone_count++;
		hw_scrub_damaged_done(&g_scrub, -ENOENT);
		return;
	}
	assert_true(g_port.is_rotten[i]); /* nothing else is called damaged */
	assert_false(g_port.is_marked[i]);
	g_port.is_marked[i] = true;
	g_port.marked_count++;
	hw_scrub_damaged_done(&g_scrub, 0);
}

static void answer(struct hw_timer *timer)
{
	(void)timer;
	if (g_port.is_damage) {
		damaged_answer();
	} else {
		next_answer();
	}
}

static void answer_later(bool is_damage)
{
	g_port.is_damage = is_damage;
	assert_false(hw_timer_is_running(&g_port.timer)); /* one question at a time */
	hw_timer_start(&g_scene.world.reactor.timers, &g_port.timer,
		       hw_prng_below(&g_scene.prng, 5), answer);
}

static void port_next(void *user, const struct hw_extent *after)
{
	(void)user;
	g_port.has_after = after != NULL;
	if (after != NULL) {
		g_port.asked = *after;
	}
	answer_later(false);
}

static void port_damaged(void *user, const struct hw_extent *extent)
{
	(void)user;
	g_port.asked = *extent;
	answer_later(true);
}

/* -- a store with something in it */

static void live_add(const struct hw_extent *extent)
{
	uint32_t at = g_port.count++;
	while (at > 0 && place_compare(&g_port.live[at - 1], extent) > 0) {
		g_port.live[at] = g_port.live[at - 1];
		at--;
	}
	g_port.live[at] = *extent;
	g_port.stored_size += extent->size;
}

static struct hw_scrub_options options_of(uint64_t rate)
{
	return (struct hw_scrub_options){
		.store = &g_scene.world.store,
		.worker = &g_scene.world.worker,
		.files = &g_scene.world.files,
		.port = {.next = port_next, .damaged = port_damaged},
		.days = DAYS,
		.rate = rate,
		.rate_max = UINT64_C(64) << 20,
	};
}

static void scrub_begin(uint64_t rate)
{
	struct hw_scrub_options options = options_of(rate);
	hw_scrub_init(&g_scrub, &options);
	hw_scrub_start(&g_scrub);
}

static void store_fill(uint64_t seed)
{
	memset(&g_port, 0, sizeof(g_port));
	scene_begin_calm(seed);
	g_scene.world.files.is_direct = seed % 3 != 0;
	g_scene.clients[0].chunks_left = CHUNK_COUNT;
	client_begin(&g_scene.clients[0]);
	assert_int_equal(store_world_run(&g_scene.world, scene_is_finished, NULL), 0);
	for (uint32_t i = 0; i < g_scene.stored_count; i++) {
		if (!g_scene.stored[i].is_dropped) {
			live_add(&g_scene.stored[i].extent);
		}
	}
	for (uint32_t i = 0; i < g_port.count; i++) {
		g_port.is_live[i] = true;
	}
	assert_true(g_port.count > 0);
}

static void quiet(void)
{
	struct hw_sim_options calm = hw_sim_calm(1);
	struct hw_sim_options *options = hw_sim_options();
	options->short_percent = calm.short_percent;
	options->read_error_percent = 0;
	options->disk_error_percent = 0;
	options->interrupt_percent = 0;
	options->before_step = NULL;
}

static bool scrub_is_idle(void *user)
{
	(void)user;
	return hw_scrub_is_idle(&g_scrub) && !hw_timer_is_running(&g_port.timer);
}

static void store_end(void)
{
	quiet();
	hw_scrub_stop(&g_scrub);
	assert_int_equal(store_world_run(&g_scene.world, scrub_is_idle, NULL), 0);
	hw_scrub_deinit(&g_scrub);
	store_world_settle(&g_scene.world);
	scene_quiet_check();
	store_world_stop(&g_scene.world);
	hw_sim_end();
}

static uint64_t metric(enum hw_metric which)
{
	return hw_metrics_read(&g_scene.world.metrics, which);
}

static bool pass_is_over(void *user)
{
	return metric(HW_METRIC_scrub_passes) >= *(const uint64_t *)user;
}

static void pass_run(uint64_t passes)
{
	assert_int_equal(store_world_run(&g_scene.world, pass_is_over, &passes), 0);
}

/* Where it hurts: the chunk's bytes or its leaves, not the padding of either. */
static uint64_t place_of_chance(const struct hw_extent *extent)
{
	uint32_t blocks = hw_extent_block_count(extent->size);
	if (blocks > 1 && hw_prng_chance(&g_scene.prng, 30)) {
		return hw_page_round(extent->size) +
		       hw_prng_below(&g_scene.prng, (uint64_t)blocks * HW_HASH_SIZE);
	}
	return hw_prng_below(&g_scene.prng, extent->size);
}

static void rot(uint32_t index)
{
	const struct hw_extent *extent = &g_port.live[index];
	uint8_t bytes[HW_PAGE_SIZE];
	int fd = hw_sim_disk_segment_fd(extent->shard, extent->segment);
	assert_true(fd >= 0);
	uint64_t at = extent->offset + place_of_chance(extent);
	enum rot way = (enum rot)hw_prng_below(&g_scene.prng, ROT_COUNT);
	uint32_t unit = way == ROT_BIT ? 1 : way == ROT_SECTOR ? 512 : HW_PAGE_SIZE;
	at -= at % unit;
	assert_int_equal(hw_sim_file_peek(fd, bytes, unit, at), unit);
	for (uint32_t i = 0; i < unit; i++) {
		uint32_t flipped = bytes[i] ^ (1U << (at % 8));
		bytes[i] = (uint8_t)(way == ROT_ZEROS ? 0 : flipped);
	}
	hw_sim_file_poke(fd, bytes, unit, at);
	(void)close(fd); /* a memfd */
	g_port.is_rotten[index] = true;
}

/* -- what rots is found */

static void rot_run(uint64_t seed)
{
	store_fill(seed);
	struct hw_sim_options *options = hw_sim_options();
	options->short_percent = scene_level(80);
	options->interrupt_percent = scene_level(20);
	options->delay_percent = scene_level(50);
	uint32_t rotten_count = 0;
	for (uint32_t i = 0; i < g_port.count; i++) {
		if (hw_prng_chance(&g_scene.prng, 40)) {
			rot(i);
			rotten_count++;
		}
	}
	scrub_begin(UINT64_C(64) << 20);
	pass_run(1);
	assert_int_equal(g_port.marked_count, rotten_count);
	for (uint32_t i = 0; i < g_port.count; i++) {
		assert_int_equal(g_port.is_marked[i], g_port.is_rotten[i]);
	}
	assert_int_equal(metric(HW_METRIC_scrub_damaged), rotten_count);
	assert_int_equal(metric(HW_METRIC_blocks_corrupt), 0); /* a client's: nobody was one */
	if (rotten_count < g_port.count) {                     /* else nothing is left to see */
		pass_run(2);
	}
	assert_int_equal(g_port.marked_count, rotten_count); /* each once */
	store_end();
}

static void test_rot(void **state)
{
	(void)state;
	uint64_t last = seeds_setting("SCRUB_TEST_SEEDS", SEED_COUNT);
	for (uint64_t seed = 1; seed <= last; seed++) {
		g_running.seed = seed;
		rot_run(seed);
	}
}

/* -- the file is gone, or ends too early */

static void test_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		store_fill(seed);
		uint32_t last = g_port.count - 1;
		const struct hw_extent *extent = &g_port.live[last];
		int fd = hw_sim_disk_segment_fd(extent->shard, extent->segment);
		/* Within a page too: a direct read that gets no whole page must not go round. */
		hw_sim_file_truncate(fd,
				     extent->offset + hw_prng_below(&g_scene.prng, extent->size));
		(void)close(fd); /* a memfd */
		g_port.is_rotten[last] = true;
		scrub_begin(UINT64_C(64) << 20);
		pass_run(1);
		assert_int_equal(g_port.marked_count, 1);
		assert_true(g_port.is_marked[last]);
		store_end();
	}
}

static void test_gone(void **state)
{
	(void)state;
	store_fill(4);
	for (uint32_t i = 0; i < g_port.count; i++) {
		g_port.live[i].segment += 100; /* no such file */
		g_port.is_rotten[i] = true;
	}
	scrub_begin(UINT64_C(64) << 20);
	uint64_t asked = g_port.count;
	while (g_port.marked_count < asked) {
		store_world_pass(&g_scene.world, 100);
	}
	store_end();
}

/* -- dropped while it is read */

static void drop_step(void *user, uint64_t step)
{
	(void)user;
	(void)step;
	if (g_scrub.state != HW_SCRUB_READING && g_scrub.state != HW_SCRUB_OPENING) {
		return;
	}
	uint32_t i = (uint32_t)hw_prng_below(&g_scene.prng, g_port.count);
	const struct hw_extent *extent = &g_scrub.extents[g_scrub.extent_index];
	if (place_compare(extent, &g_port.live[i]) != 0 || !g_port.is_live[i] ||
	    hw_prng_chance(&g_scene.prng, 50)) {
		return;
	}
	g_port.is_live[i] = false;
	int fd = hw_sim_disk_segment_fd(extent->shard, extent->segment);
	hw_sim_file_punch(fd, extent->offset, hw_extent_disk_size(extent->size));
	(void)close(fd); /* a memfd */
}

static void test_dropped(void **state)
{
	(void)state;
	uint32_t gone_count = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		g_running.seed = seed;
		store_fill(seed);
		hw_sim_options()->before_step = drop_step;
		scrub_begin(UINT64_C(64) << 20);
		pass_run(1);
		assert_int_equal(g_port.marked_count, 0);
		assert_int_equal(metric(HW_METRIC_scrub_damaged), 0);
		assert_int_equal(g_scrub.pass.damaged_count, 0);
		gone_count += g_port.gone_count;
		store_end();
	}
	assert_true(gone_count > 20); /* it did happen */
}

/* -- the rate */

static void test_rate(void **state)
{
	(void)state;
	for (uint64_t rate = UINT64_C(1) << 16; rate <= UINT64_C(1) << 25; rate *= 8) {
		store_fill(7);
		uint64_t begun_us = g_scene.world.reactor.now_us;
		scrub_begin(rate);
		pass_run(1);
		uint64_t passed_us = g_scene.world.reactor.now_us - begun_us;
		/* The last read need not be waited for; a second may be made up for. */
		uint64_t wanted_us = g_port.stored_size * 1000000 / rate;
		assert_true(passed_us + UINT64_C(2000000) +
				    UINT64_C(1000000) * HW_SLAB_SIZE / rate >=
			    wanted_us);
		assert_true(passed_us <= wanted_us * 2 + 5000000);
		assert_int_equal(metric(HW_METRIC_scrub_bytes), g_port.stored_size);
		assert_int_equal(g_scrub.pass.size, g_port.stored_size);
		store_end();
	}
}

/* The days' rate, its floor, its cap. */
static void test_rate_of_days(void **state)
{
	(void)state;
	static const struct {
		uint64_t stored_size;
		uint64_t rate;
	} cases[] = {
		{1, HW_SCRUB_RATE_MIN},
		{HW_SCRUB_RATE_MIN * DAYS * 86400, HW_SCRUB_RATE_MIN},
		{3 * HW_SCRUB_RATE_MIN * DAYS * 86400, 3 * HW_SCRUB_RATE_MIN},
		{UINT64_C(1) << 50, UINT64_C(64) << 20},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		store_fill(2);
		g_port.stored_size = cases[i].stored_size;
		scrub_begin(0);
		pass_run(1);
		assert_int_equal(g_scrub.rate, cases[i].rate);
		store_end();
	}
}

/* Who is done early rests, and begins again when the days are over. */
static void test_rest(void **state)
{
	(void)state;
	store_fill(3);
	scrub_begin(0);
	pass_run(1);
	uint64_t begun_ms = g_scrub.pass.begun_ms;
	uint32_t asked = g_port.next_count;
	store_world_pass(&g_scene.world, DAY_MS / 24);
	assert_int_equal(g_port.next_count, asked);
	assert_true(metric(HW_METRIC_scrub_cursor_age_seconds) >= 3600);
	g_scrub.pass.begun_ms -= DAYS * DAY_MS; /* seven days are a long time, simulated */
	pass_run(2);
	assert_true(g_scrub.pass.begun_ms > begun_ms);
	assert_true(metric(HW_METRIC_scrub_cursor_age_seconds) < 3600);
	store_end();
}

static void test_empty(void **state)
{
	(void)state;
	store_fill(3);
	uint32_t count = g_port.count;
	g_port.count = 0;
	scrub_begin(0);
	store_world_pass(&g_scene.world, 1000);
	assert_int_equal(g_port.next_count, 1);
	store_world_pass(&g_scene.world, 30000);
	assert_int_equal(g_port.next_count, 1); /* no hurry */
	g_port.count = count;
	pass_run(1); /* the first one that found something */
	assert_int_equal(metric(HW_METRIC_scrub_bytes), g_port.stored_size);
	store_end();
}

/* -- others come first */

static void test_slabs(void **state)
{
	(void)state;
	store_fill(5);
	struct hw_slab_pool *slabs = &g_scene.world.reactor.slabs;
	struct hw_slab *held[6] = {NULL};
	uint32_t held_count = 0;
	while (slabs->free_count > slabs->count / 2) {
		held[held_count++] = hw_slab_take(slabs);
	}
	scrub_begin(UINT64_C(64) << 20);
	store_world_pass(&g_scene.world, 5000);
	assert_int_equal(metric(HW_METRIC_scrub_bytes), 0);
	assert_int_equal(slabs->free_count, slabs->count / 2);
	hw_slab_unref(held[--held_count]); /* one more than half: now it may */
	pass_run(1);
	while (held_count > 0) {
		hw_slab_unref(held[--held_count]);
	}
	store_end();
}

/* A disk that does not answer: one slab and one view are gone, all else goes on. */
static void test_hanging(void **state)
{
	(void)state;
	store_fill(6);
	scrub_begin(UINT64_C(64) << 20);
	while (g_scrub.state != HW_SCRUB_READING) {
		store_world_pass(&g_scene.world, 1);
	}
	struct hw_slab_pool *slabs = &g_scene.world.reactor.slabs;
	hw_sim_options()->delay_percent = 100;
	hw_sim_options()->delay_us_max = 3600U * 1000000U;
	while (!(g_scrub.state == HW_SCRUB_READING || g_scrub.state == HW_SCRUB_OPENING)) {
		store_world_pass(&g_scene.world, 1);
	}
	for (uint32_t i = 0; i < 100; i++) {
		store_world_pass(&g_scene.world, 10);
		assert_true(slabs->count - slabs->free_count <= 1);
		assert_false(hw_slab_has_waiters(slabs));
	}
	hw_sim_options()->delay_percent = 0;
	uint32_t stored_count = g_scene.stored_count;
	g_scene.clients[0].chunks_left = 2;
	client_begin(&g_scene.clients[0]);
	while (g_scene.stored_count < stored_count + 2) { /* a client meanwhile */
		store_world_pass(&g_scene.world, 10);
	}
	assert_int_equal(g_port.marked_count, 0);
	hw_scrub_stop(&g_scrub);
	assert_int_equal(store_world_run(&g_scene.world, scene_is_finished, NULL), 0);
	hw_sim_options()->delay_us_max = 1;
	store_end();
}

/* -- a disk that refuses */

static void test_refused(void **state)
{
	(void)state;
	store_fill(8);
	for (uint32_t i = 0; i < g_port.count; i++) {
		g_port.is_rotten[i] = true; /* so that it may be marked */
	}
	hw_sim_options()->read_error_percent = 100;
	scrub_begin(UINT64_C(64) << 20);
	pass_run(1);
	/* Some are believed to be bad; then it is the disk, not the chunks. */
	assert_int_equal(g_port.marked_count, 4);
	assert_int_equal(g_scrub.pass.unreadable_count, g_port.count - 4);
	assert_int_equal(g_scrub.pass.damaged_count, 4);
	hw_sim_options()->read_error_percent = 0;
	pass_run(2);
	assert_int_equal(g_port.marked_count, 4);
	assert_int_equal(g_scrub.pass.unreadable_count, 0);
	store_end();
}

/* One read that fails is none. */
static void test_refused_once(void **state)
{
	(void)state;
	store_fill(9);
	scrub_begin(UINT64_C(64) << 20);
	while (g_scrub.state != HW_SCRUB_READING) {
		store_world_pass(&g_scene.world, 1);
	}
	for (uint32_t i = 0; i < 3; i++) {
		hw_sim_options()->fail_attempt = hw_sim_attempt_count() + 2 + i;
		store_world_pass(&g_scene.world, 3000);
	}
	hw_sim_options()->fail_attempt = 0;
	pass_run(1);
	assert_int_equal(g_port.marked_count, 0);
	assert_int_equal(g_scrub.pass.unreadable_count, 0);
	store_end();
}

static void test_catalog_fails(void **state)
{
	(void)state;
	store_fill(10);
	g_port.error = -EROFS;
	scrub_begin(UINT64_C(64) << 20);
	store_world_pass(&g_scene.world, 10000);
	assert_int_equal(g_port.next_count, 1); /* not again and again */
	g_port.error = 0;
	pass_run(1);
	assert_int_equal(metric(HW_METRIC_scrub_bytes), g_port.stored_size);
	store_end();
}

/* -- where it was */

static bool has_noted(void *user)
{
	(void)user;
	uint8_t bytes[HW_FILES_NOTE_SIZE_MAX];
	return hw_files_note_read(&g_scene.world.files, bytes, sizeof(bytes)) > 0;
}

static void scrub_restart(uint64_t rate)
{
	hw_scrub_stop(&g_scrub);
	assert_int_equal(store_world_run(&g_scene.world, scrub_is_idle, NULL), 0);
	hw_scrub_deinit(&g_scrub);
	scrub_begin(rate);
}

static void test_note(void **state)
{
	(void)state;
	store_fill(11);
	uint64_t slow = g_port.stored_size / 150 + 1; /* 150 s a pass: two notes on the way */
	scrub_begin(slow);
	assert_int_equal(store_world_run(&g_scene.world, has_noted, NULL), 0);
	uint64_t noted_size = g_scrub.note.pass.size;
	assert_true(noted_size > 0 && noted_size < g_port.stored_size);
	scrub_restart(UINT64_C(64) << 20);
	assert_int_equal(g_scrub.pass.size, noted_size);
	pass_run(1);
	assert_int_equal(g_scrub.pass.size,
			 g_port.stored_size); /* nothing twice, nothing left out */
	store_world_pass(&g_scene.world, 10);
	scrub_restart(0); /* and the rest goes on, too */
	uint32_t asked = g_port.next_count;
	store_world_pass(&g_scene.world, 60000);
	assert_int_equal(g_port.next_count, asked);
	store_end();
}

/* A note that is not one, or is not whole, or was changed: a new pass. */
static void test_note_broken(void **state)
{
	(void)state;
	store_fill(12);
	scrub_begin(UINT64_C(64) << 20);
	pass_run(1);
	store_world_pass(&g_scene.world, 10);
	struct hw_scrub_note good;
	assert_int_equal(hw_files_note_read(&g_scene.world.files, &good, sizeof(good)),
			 sizeof(good));
	for (uint32_t i = 0; i < sizeof(good) * 8; i += 5) {
		uint8_t bad[sizeof(good)];
		memcpy(bad, &good, sizeof(good));
		bad[i / 8] ^= (uint8_t)(1U << (i % 8));
		uint32_t size = i % 3 == 0 ? i / 8 + 1 : (uint32_t)sizeof(good);
		assert_int_equal(hw_files_note_write(&g_scene.world.files, bad, size), 0);
		struct hw_scrub_options options = options_of(0);
		static struct hw_scrub other;
		hw_scrub_init(&other, &options);
		assert_int_equal(other.pass.begun_ms, 0);
		hw_scrub_deinit(&other);
	}
	store_end();
}

/* -- a stop at every step */

static uint64_t g_stop_step;

static void stop_step(void *user, uint64_t step)
{
	(void)user;
	if (step == g_stop_step) {
		hw_scrub_stop(&g_scrub);
	}
}

static void test_stop(void **state)
{
	(void)state;
	uint64_t steps = UINT64_MAX;
	for (uint64_t i = 0; i < steps; i += 3) {
		store_fill(13);
		rot(g_port.count / 2);
		uint64_t begun = hw_sim_step_count();
		g_stop_step = steps == UINT64_MAX ? NEVER : begun + i;
		hw_sim_options()->before_step = stop_step;
		scrub_begin(UINT64_C(64) << 20);
		if (steps == UINT64_MAX) {
			pass_run(1);
			steps = hw_sim_step_count() - begun;
		} else {
			assert_int_equal(store_world_run(&g_scene.world, scrub_is_idle, NULL), 0);
		}
		store_end();
	}
}

int main(int argc, char **argv)
{
	seeds_watch();
	seeds_log();
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	if (argc > 1) {
		rot_run(strtoull(argv[1], NULL, 10));
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rot),           cmocka_unit_test(test_cut),
		cmocka_unit_test(test_gone),          cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_rate),          cmocka_unit_test(test_rate_of_days),
		cmocka_unit_test(test_rest),          cmocka_unit_test(test_empty),
		cmocka_unit_test(test_slabs),         cmocka_unit_test(test_hanging),
		cmocka_unit_test(test_refused),       cmocka_unit_test(test_refused_once),
		cmocka_unit_test(test_catalog_fails), cmocka_unit_test(test_note),
		cmocka_unit_test(test_note_broken),   cmocka_unit_test(test_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
