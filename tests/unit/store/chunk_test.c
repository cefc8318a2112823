/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a chunk that was said to be durable is, after any power loss, on the disk to the byte and
 * is read back verified; one that was not leaves nothing behind; and whatever happens on the way,
 * done comes once and every slab, extent and waiter is let go of.
 * Method: uploads over the simulated ring and disk, thousands of seeds of sizes, paces, faults and
 * aborts, then a power loss, recovery, and readers with faults of their own; a bit flipped anywhere
 * must be found. Then one upload aborted, and failed, at every one of its steps.
 * Usage: chunk_test [SEED]; CHUNK_TEST_SEEDS in the environment says how many.
 */
#include "core/store/chunk_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/store/chunk_reader.h"
#include "core/store/recover.h"
#include "simd/kernels.h"
#include "simd/merkle.h"
#include "tests/unit/store/chunk_upload.h"
#define SEED_COUNT 300U
#define READS_MAX  400U /* of one chunk, failed ones included */
#define OPEN_TRIES 200U

/* -- what is on the disk */

static int extent_compare(const void *a, const void *b)
{
	const struct hw_extent *left = &((const struct stored *)a)->extent;
	const struct hw_extent *right = &((const struct stored *)b)->extent;
	if (left->segment != right->segment) {
		return left->segment < right->segment ? -1 : 1;
	}
	return left->offset < right->offset ? -1 : 1;
}

static void zeros_check(int fd, uint64_t offset, uint32_t size)
{
	static uint8_t bytes[HW_CHUNK_SIZE + HW_LEAVES_SIZE];
	uint32_t count = hw_sim_file_peek(fd, bytes, size, offset); /* short behind the cut */
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(bytes[i], 0);
	}
}

static void stored_check(const struct stored *stored)
{
	static uint8_t bytes[HW_CHUNK_SIZE + HW_LEAVES_SIZE];
	static struct hw_hash leaves[HW_CHUNK_BLOCKS];
	const struct hw_extent *extent = &stored->extent;
	uint32_t disk_size = hw_extent_disk_size(extent->size);
	int fd = hw_sim_disk_segment_fd(extent->shard, extent->segment);
	if (stored->is_dropped) {
		if (fd >= 0) {
			zeros_check(fd, extent->offset, disk_size);
			(void)close(fd); /* a memfd */
		}
		return;
	}
	assert_true(fd >= 0);
	assert_int_equal(hw_sim_file_peek(fd, bytes, disk_size, extent->offset), disk_size);
	(void)close(fd); /* a memfd */
	content_check(stored->content, 0, bytes, extent->size);
	uint32_t count = hw_extent_block_count(extent->size);
	hw_merkle_leaves(bytes, extent->size, leaves);
	struct hw_hash root;
	hw_merkle_chunk_id(leaves, count, &root);
	assert_memory_equal(root.bytes, extent->root, HW_HASH_SIZE);
	if (count > 1) {
		const uint8_t *on_disk = bytes + hw_page_round(extent->size);
		assert_memory_equal(on_disk, leaves, (size_t)count * HW_HASH_SIZE);
		memset(bytes + hw_page_round(extent->size), 0, (size_t)count * HW_HASH_SIZE);
	}
	for (uint32_t i = extent->size; i < disk_size; i++) {
		assert_int_equal(bytes[i], 0); /* the padding */
	}
}

static void recover_check(uint32_t *ret_next_segment)
{
	struct hw_files files;
	struct hw_recover recover;
	assert_int_equal(hw_files_open(&files, "", 0, false), 0);
	assert_int_equal(hw_recover_begin(&recover, &files, NULL, NULL), 0);
	for (uint32_t i = 0; i < g_scene.stored_count; i++) {
		const struct stored *stored = &g_scene.stored[i];
		if (!stored->is_dropped) {
			assert_int_equal(hw_recover_extent(&recover, &stored->extent), 0);
		}
	}
	assert_int_equal(hw_recover_end(&recover, true), 0);
	hw_files_close(&files);
	*ret_next_segment = recover.next_segments[STORE_WORLD_SHARD];
	for (uint32_t i = 0; i < g_scene.stored_count; i++) {
		const struct stored *stored = &g_scene.stored[i];
		assert_true(stored->is_dropped || stored->extent.segment < *ret_next_segment);
		stored_check(stored);
	}
}

/* -- readers */

struct viewer {
	struct hw_chunk_reader reader;
	struct hw_slab *slab;
	int res;
	bool is_done;
};

static void viewer_opened(struct hw_chunk_reader *reader, int res)
{
	struct viewer *viewer = hw_container_of(reader, struct viewer, reader);
	assert_false(viewer->is_done);
	viewer->is_done = true;
	viewer->res = res;
}

static bool viewer_is_done(void *user)
{
	return ((const struct viewer *)user)->is_done;
}

static int viewer_wait(struct viewer *viewer)
{
	assert_int_equal(store_world_run(&g_scene.world, viewer_is_done, viewer), 0);
	viewer->is_done = false;
	return viewer->res;
}

/* Until the faults of the way let it. Returns 0 or -EBADMSG. */
static int viewer_open(struct viewer *viewer, const struct hw_extent *extent)
{
	viewer->reader.opened = viewer_opened;
	viewer->reader.read_done = viewer_opened;
	int r = -EIO;
	for (uint32_t i = 0; i < OPEN_TRIES && r < 0 && r != -EBADMSG; i++) {
		hw_chunk_reader_open(&viewer->reader, &g_scene.world.store, extent);
		assert_false(viewer->is_done); /* never from inside open */
		r = viewer_wait(viewer);
		assert_true(r == 0 || g_scene.may_fail || r == -EBADMSG);
	}
	return r;
}

static int viewer_read(struct viewer *viewer, uint32_t first_block)
{
	struct hw_slab *slab = hw_slab_take(&g_scene.world.reactor.slabs);
	assert_non_null(slab);
	hw_chunk_reader_read(&viewer->reader, slab, first_block);
	assert_false(viewer->is_done);
	int r = viewer_wait(viewer);
	assert_int_equal(slab->size, r > 0 ? r : 0);
	viewer->slab = slab;
	return r;
}

static void stored_read(const struct stored *stored)
{
	static struct viewer viewer;
	memset(&viewer, 0, sizeof(viewer));
	assert_int_equal(viewer_open(&viewer, &stored->extent), 0);
	uint32_t block = 0;
	uint32_t count = hw_extent_block_count(stored->extent.size);
	for (uint32_t i = 0; block < count; i++) {
		assert_true(i < READS_MAX);
		int r = viewer_read(&viewer, block);
		if (r < 0) {
			assert_int_equal(r, -EIO);
			assert_true(g_scene.may_fail);
			hw_slab_unref(viewer.slab);
			continue;
		}
		uint32_t offset = block * HW_BLOCK_SIZE;
		assert_int_equal(r, hw_min(HW_SLAB_SIZE, stored->extent.size - offset));
		content_check(stored->content, offset, viewer.slab->bytes, (uint32_t)r);
		hw_slab_unref(viewer.slab);
		/* As a range request would: not only from slab to slab. */
		uint32_t read_count = hw_extent_block_count((uint32_t)r);
		block += hw_prng_chance(&g_scene.prng, 80)
				 ? read_count
				 : (uint32_t)hw_prng_between(&g_scene.prng, 1, read_count);
	}
	hw_chunk_reader_close(&viewer.reader);
	hw_chunk_reader_close(&viewer.reader); /* again: harmless */
}

static void bit_flip(const struct hw_extent *extent, uint64_t offset, uint32_t bit)
{
	int fd = hw_sim_disk_segment_fd(extent->shard, extent->segment);
	assert_true(fd >= 0);
	uint8_t byte = 0;
	assert_int_equal(hw_sim_file_peek(fd, &byte, 1, extent->offset + offset), 1);
	byte ^= (uint8_t)(1U << bit);
	hw_sim_file_poke(fd, &byte, 1, extent->offset + offset);
	(void)close(fd); /* a memfd */
}

/* One bit of the data: only the blocks read with it fail. One of the leaves: nothing is read. */
static void stored_flip(const struct stored *stored)
{
	static struct viewer viewer;
	memset(&viewer, 0, sizeof(viewer));
	const struct hw_extent *extent = &stored->extent;
	uint32_t count = hw_extent_block_count(extent->size);
	uint32_t bit = (uint32_t)hw_prng_below(&g_scene.prng, 8);
	bool is_leaf = count > 1 && hw_prng_chance(&g_scene.prng, 40);
	uint64_t offset =
		is_leaf ? hw_page_round(extent->size) +
				  hw_prng_below(&g_scene.prng, (uint64_t)count * HW_HASH_SIZE)
			: hw_prng_below(&g_scene.prng, extent->size);
	uint64_t corrupt_before = hw_metrics_read(&g_scene.world.metrics, HW_METRIC_blocks_corrupt);
	bit_flip(extent, offset, bit);
	hw_sim_clock_advance(HW_VERIFIED_US); /* what memory had of it is not taken to be there */
	int r = viewer_open(&viewer, extent);
	assert_int_equal(r, is_leaf ? -EBADMSG : 0);
	if (!is_leaf) {
		uint32_t bad_slab = (uint32_t)(offset / HW_SLAB_SIZE);
		uint32_t slab = (uint32_t)hw_prng_below(
			&g_scene.prng, (count + HW_SLAB_BLOCKS - 1) / HW_SLAB_BLOCKS);
		slab = hw_prng_chance(&g_scene.prng, 50) ? slab : bad_slab;
		r = -EIO;
		for (uint32_t i = 0; i < OPEN_TRIES && r == -EIO; i++) {
			r = viewer_read(&viewer, slab * HW_SLAB_BLOCKS);
			hw_slab_unref(viewer.slab);
		}
		assert_int_equal(r < 0 ? r : 0, slab == bad_slab ? -EBADMSG : 0);
		is_leaf = slab == bad_slab; /* it was told */
		hw_chunk_reader_close(&viewer.reader);
	}
	uint64_t corrupt = hw_metrics_read(&g_scene.world.metrics, HW_METRIC_blocks_corrupt);
	assert_int_equal(corrupt - corrupt_before, is_leaf ? 1 : 0);
	bit_flip(extent, offset, bit);
}

static void readers_run(uint32_t next_segment)
{
	struct hw_sim_options *options = hw_sim_options();
	options->before_step = NULL;
	options->read_error_percent = scene_level(20);
	options->disk_error_percent = scene_level(30);
	options->set_error_percent = scene_level(30);
	options->interrupt_percent = scene_level(40);
	options->short_percent = scene_level(60);
	g_scene.may_fail = options->read_error_percent + options->disk_error_percent +
				   options->set_error_percent >
			   0;
	struct store_world_options world = {
		.segment_size = STORE_WORLD_SEGMENT_MIN,
		.slab_count = 2,
		.next_segment = next_segment,
	};
	store_world_start(&g_scene.world, &world);
	for (uint32_t i = 0; i < g_scene.stored_count; i++) {
		const struct stored *stored = &g_scene.stored[i];
		if (stored->is_dropped) {
			continue;
		}
		stored_read(stored);
		stored_flip(stored);
	}
	store_world_settle(&g_scene.world);
	store_world_stop(&g_scene.world);
}

static void scene_end(uint64_t seed)
{
	uint32_t next_segment = 0;
	if (hw_sim_step_count() < g_scene.crash_step) {
		scene_quiet_check();
		store_world_stop(&g_scene.world);
		hw_sim_disk_crash(seed);
	} else {
		store_world_crash(&g_scene.world, seed);
	}
	hw_sim_options()->disk_error_percent = 0;
	qsort(g_scene.stored, g_scene.stored_count, sizeof(g_scene.stored[0]), extent_compare);
	recover_check(&next_segment);
	readers_run(next_segment);
	hw_sim_end();
}

static void seed_run(uint64_t seed)
{
	scene_begin(seed);
	assert_int_equal(store_world_run(&g_scene.world, scene_is_finished, NULL), 0);
	scene_end(seed);
}

/* The scenes must have seen both ends. */
static struct {
	uint64_t stored_count;
	uint64_t failed_count;
} g_totals;

static void test_seeds(void **state)
{
	(void)state;
	const char *count = getenv("CHUNK_TEST_SEEDS"); /* NOLINT(concurrency-mt-unsafe) */
	uint64_t last = count != NULL ? strtoull(count, NULL, 10) : SEED_COUNT;
	for (uint64_t seed = 1; seed <= last; seed++) {
		seed_run(seed);
		g_totals.stored_count += g_scene.stored_count;
		g_totals.failed_count += g_scene.failed_count;
	}
	print_message("%llu chunks stored, %llu not\n", (unsigned long long)g_totals.stored_count,
		      (unsigned long long)g_totals.failed_count);
	assert_true(g_totals.stored_count > last && g_totals.failed_count > last / 4);
}

/* -- one upload, disturbed at every step */

enum disturbance {
	DISTURB_NOTHING = 0,
	DISTURB_ABORT,
	DISTURB_WRITE,
	DISTURB_SYNC,
	DISTURB_DISK,
	DISTURB_SET,
	DISTURB_ABORT_AND_WRITE, /* what is in flight at the abort has failed already */
	DISTURB_COUNT,
};

static struct {
	enum disturbance way;
	uint64_t step;
} g_disturbance;

static void disturb_step(void *user, uint64_t step)
{
	(void)user;
	struct hw_sim_options *options = hw_sim_options();
	/* What a step submits is attempted before the next one. */
	bool is_both = g_disturbance.way == DISTURB_ABORT_AND_WRITE;
	uint32_t percent = step == g_disturbance.step ? 100 : 0;
	options->write_error_percent = g_disturbance.way == DISTURB_WRITE ? percent : 0;
	options->write_error_percent =
		is_both && step >= g_disturbance.step ? 100 : options->write_error_percent;
	options->sync_error_percent = g_disturbance.way == DISTURB_SYNC ? percent : 0;
	options->disk_error_percent = g_disturbance.way == DISTURB_DISK ? percent : 0;
	options->set_error_percent = g_disturbance.way == DISTURB_SET ? percent : 0;
	struct client *client = &g_scene.clients[0];
	bool is_abort = (g_disturbance.way == DISTURB_ABORT && percent > 0) ||
			(is_both && step == g_disturbance.step + 1);
	if (is_abort && client->is_active && !client->is_aborted) {
		client_abort(client);
	}
}

/* Returns the steps that it took. */
static uint64_t disturbed_run(uint64_t seed)
{
	g_seed = seed;
	memset(&g_scene, 0, sizeof(g_scene));
	hw_prng_init(&g_scene.prng, seed);
	struct hw_sim_options options = hw_sim_calm(seed);
	options.short_percent = seed % 2 == 0 ? 50 : 0;
	options.before_step = disturb_step;
	hw_sim_begin(&options);
	g_scene.crash_step = NEVER;
	g_scene.may_fail = g_disturbance.way != DISTURB_NOTHING;
	struct store_world_options world = {.segment_size = STORE_WORLD_SEGMENT_MIN,
					    .slab_count = 6};
	store_world_start(&g_scene.world, &world);
	g_scene.client_count = 1;
	hw_prng_init(&g_scene.clients[0].prng, seed);
	g_scene.clients[0].chunks_left = 3;
	client_begin(&g_scene.clients[0]);
	assert_int_equal(store_world_run(&g_scene.world, scene_is_finished, NULL), 0);
	uint64_t steps = hw_sim_step_count();
	scene_end(seed);
	return steps;
}

static void every_step_run(uint64_t seed, enum disturbance way, uint64_t step_count)
{
	uint64_t failed_count = 0;
	g_disturbance.way = way;
	for (uint64_t step = 0; step < step_count; step++) {
		g_disturbance.step = step;
		(void)disturbed_run(seed); /* may take more or fewer steps */
		failed_count += g_scene.failed_count;
	}
	/* A disk that fails for one step may be asked for nothing that matters. */
	assert_true(failed_count > 0 || way == DISTURB_DISK || way == DISTURB_SET);
}

static void test_every_step(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		g_disturbance.way = DISTURB_NOTHING;
		uint64_t step_count = disturbed_run(seed);
		assert_int_equal(g_scene.failed_count, 0);
		for (uint32_t way = DISTURB_ABORT; way < DISTURB_COUNT; way++) {
			every_step_run(seed, (enum disturbance)way, step_count);
		}
	}
}

/* -- what never ends, and what never was */

static void upload_run(uint32_t chunk_count)
{
	g_scene.clients[0].chunks_left = chunk_count;
	client_begin(&g_scene.clients[0]);
	assert_int_equal(store_world_run(&g_scene.world, scene_is_finished, NULL), 0);
}

/* A disk that says "try again" for ever is an error in the end. */
static void test_stuck(void **state)
{
	(void)state;
	scene_begin_calm(1);
	g_scene.may_fail = true;
	upload_run(1);
	assert_int_equal(g_scene.stored_count, 1);
	hw_sim_options()->interrupt_percent = 100;
	upload_run(2);
	assert_int_equal(g_scene.failed_count, 2);
	assert_int_equal(g_scene.stored_count, 1);
	struct stored *stored = &g_scene.stored[0];
	static struct viewer viewer;
	memset(&viewer, 0, sizeof(viewer));
	stored->extent.size = HW_BLOCK_SIZE; /* no leaves: opening reads nothing */
	assert_int_equal(viewer_open(&viewer, &stored->extent), 0);
	assert_int_equal(viewer_read(&viewer, 0), -EIO);
	hw_slab_unref(viewer.slab);
	hw_chunk_reader_close(&viewer.reader);
	stored->extent.size = HW_BLOCK_SIZE + 1;
	assert_int_equal(viewer_open(&viewer, &stored->extent), -EIO);
	hw_sim_options()->interrupt_percent = 0;
	store_world_settle(&g_scene.world);
	scene_quiet_check();
	store_world_stop(&g_scene.world);
	hw_sim_end();
}

static uint32_t g_progress_count;

static void count_progress(struct hw_chunk_writer *writer)
{
	(void)writer;
	g_progress_count++;
}

static void parts_done(struct hw_chunk_writer *writer, int res)
{
	assert_int_equal(res, 0);
	assert_int_equal(writer->extent.size, 5 * HW_BLOCK_SIZE);
	hw_segment_settle(writer->segment);
	g_scene.stored_count++;
}

static void block_append(struct hw_chunk_writer *writer)
{
	struct hw_slab *slab = hw_slab_take(&g_scene.world.reactor.slabs);
	assert_non_null(slab);
	slab->size = HW_BLOCK_SIZE;
	memset(slab->bytes, 'x', HW_BLOCK_SIZE);
	hw_chunk_writer_append(writer, slab);
}

static bool has_progress(void *user)
{
	(void)user;
	return g_progress_count > 0;
}

/* All parts are taken by slabs that are not full, and nobody asks for space: the writer does. */
static void test_parts(void **state)
{
	(void)state;
	scene_begin_calm(3);
	struct hw_chunk_writer *writer = &g_scene.clients[0].writer;
	writer->progress = count_progress;
	writer->done = parts_done;
	g_progress_count = 0;
	hw_chunk_writer_begin(writer, &g_scene.world.store, HW_CHUNK_SIZE, false);
	for (uint32_t i = 0; i < HW_WRITER_SLABS_MAX; i++) {
		assert_true(hw_chunk_writer_has_room(writer));
		block_append(writer);
	}
	assert_false(hw_chunk_writer_has_room(writer));
	assert_int_equal(store_world_run(&g_scene.world, has_progress, NULL), 0);
	assert_true(hw_chunk_writer_has_room(writer));
	block_append(writer);
	hw_chunk_writer_finish(writer);
	while (g_scene.stored_count == 0) {
		store_world_pass(&g_scene.world, 1);
	}
	/* What was reserved and not needed is not kept. */
	assert_true(hw_sim_disk_used_size() < STORE_WORLD_SEGMENT_MIN - HW_CHUNK_SIZE / 2);
	store_world_settle(&g_scene.world);
	scene_quiet_check();
	store_world_stop(&g_scene.world);
	hw_sim_end();
}

static struct {
	uint32_t done_count;
	uint8_t root[HW_HASH_SIZE];
	bool is_volatile;
} g_kept;

static void kept_done(struct hw_chunk_writer *writer, int res)
{
	assert_int_equal(res, 0);
	assert_int_equal(writer->extent.size, 6 * HW_BLOCK_SIZE);
	assert_int_equal(writer->is_volatile, g_kept.is_volatile);
	memcpy(g_kept.root, writer->extent.root, HW_HASH_SIZE);
	g_kept.done_count++;
	if (!writer->is_volatile) {
		hw_segment_settle(writer->segment);
	}
}

static void decide(struct hw_chunk_writer *writer, bool is_volatile)
{
	if (is_volatile) {
		hw_chunk_writer_pass(writer);
	} else {
		hw_chunk_writer_store(writer);
	}
	assert_int_equal(g_kept.done_count, 0); /* not inside */
}

/* More slabs than are written at once are held, and not written before it is said so: at the end,
 * or in the middle. */
static void test_keeping(void **state)
{
	uint8_t root[HW_HASH_SIZE] = {0};
	(void)state;
	for (uint32_t way = 0; way < 4; way++) {
		bool is_early = way >= 2;
		scene_begin_calm(5 + way);
		struct hw_chunk_writer *writer = &g_scene.clients[0].writer;
		memset(&g_kept, 0, sizeof(g_kept));
		g_kept.is_volatile = way % 2 == 1;
		writer->progress = count_progress;
		writer->done = kept_done;
		writer->is_keeping = true;
		hw_chunk_writer_begin(writer, &g_scene.world.store, HW_CHUNK_SIZE, false);
		for (uint32_t i = 0; i < 6; i++) {
			while (!hw_chunk_writer_has_room(writer)) {
				store_world_pass(&g_scene.world, 1);
			}
			block_append(writer);
			if (is_early && i == 4) {
				store_world_pass(&g_scene.world, 5);
				decide(writer, g_kept.is_volatile);
			}
		}
		hw_chunk_writer_finish(writer);
		if (!is_early) {
			store_world_pass(&g_scene.world, 50);
			assert_int_equal(hw_sim_disk_used_size(), 0);
			assert_int_equal(g_scene.world.reactor.slabs.free_count,
					 g_scene.world.reactor.slabs.count - 6);
			decide(writer, g_kept.is_volatile);
		}
		store_world_pass(&g_scene.world, 200);
		assert_int_equal(g_kept.done_count, 1);
		assert_int_equal(hw_sim_disk_used_size() > 0, !g_kept.is_volatile);
		if (way > 0) {
			assert_memory_equal(g_kept.root, root, HW_HASH_SIZE);
		}
		memcpy(root, g_kept.root, HW_HASH_SIZE);
		store_world_settle(&g_scene.world);
		scene_quiet_check();
		store_world_stop(&g_scene.world);
		hw_sim_end();
	}
}

/* Rows of a damaged catalog. */
static void test_bad_extents(void **state)
{
	(void)state;
	scene_begin_calm(2);
	upload_run(1);
	const struct hw_extent good = g_scene.stored[0].extent;
	struct hw_extent bad[12];
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		bad[i] = good;
	}
	bad[0].size = 0;
	bad[1].size = HW_CHUNK_SIZE + 1;
	bad[2].size = UINT32_MAX;
	bad[3].offset += 1;
	bad[4].offset = UINT64_MAX - HW_PAGE_SIZE + 1;
	bad[5].offset = (uint64_t)INT64_MAX - HW_PAGE_SIZE + 1;
	bad[6].shard = UINT32_MAX;
	bad[7].shard = HW_SHARD_COUNT_MAX;
	bad[8].root[31] ^= 1;
	bad[9].offset = UINT64_C(1) << 35; /* behind the end of its file */
	bad[10].segment = UINT32_MAX;
	bad[11].shard = 0; /* no such shard */
	static struct viewer viewer;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		memset(&viewer, 0, sizeof(viewer));
		viewer.reader.opened = viewer_opened;
		viewer.reader.read_done = viewer_opened;
		hw_chunk_reader_open(&viewer.reader, &g_scene.world.store, &bad[i]);
		assert_false(viewer.is_done);
		int r = viewer_wait(&viewer);
		if (r == 0) { /* of one block: its leaf is believed until it is read */
			r = viewer_read(&viewer, 0);
			hw_slab_unref(viewer.slab);
			hw_chunk_reader_close(&viewer.reader);
		}
		assert_int_equal(r, i < 10 ? -EBADMSG : -ENOENT);
	}
	store_world_settle(&g_scene.world);
	scene_quiet_check();
	store_world_stop(&g_scene.world);
	hw_sim_end();
}

int main(int argc, char **argv)
{
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct hw_log_options quiet = {.fd = null, .level = HW_LOG_ERROR};
	hw_log_start(&quiet); /* every fault is logged: thousands of lines */
	if (argc > 1) {
		seed_run(strtoull(argv[1], NULL, 10));
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),   cmocka_unit_test(test_every_step),
		cmocka_unit_test(test_stuck),   cmocka_unit_test(test_parts),
		cmocka_unit_test(test_keeping), cmocka_unit_test(test_bad_extents),
	};
	int failed_count = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed_count > 0) {
		print_error("chunk_test: the last seed was %llu (disturbance %u at step %llu)\n",
			    (unsigned long long)g_seed, (unsigned)g_disturbance.way,
			    (unsigned long long)g_disturbance.step);
	}
	return failed_count;
}
