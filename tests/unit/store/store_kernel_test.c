/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the store works on a real ring, a real disk and a real thread as it does on the simulated
 * ones.
 * Method: uploads of all sizes through one reactor and one worker thread, with and without
 * O_DIRECT, read back verified; then recovery, which must leave exactly the live extents, and one
 * flipped bit.
 */
#include "core/store/chunk_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/prng.h"
#include "core/store/chunk_reader.h"
#include "core/store/recover.h"
#include "tests/unit/store/data_dir.h"

#define SEGMENT_SIZE (UINT64_C(16) << 20)
#define TURNS_MAX    100000U /* of 1 ms at most */

static const uint32_t g_sizes[] = {
	1,
	4096,
	HW_BLOCK_SIZE,
	HW_BLOCK_SIZE + 1,
	100000,
	HW_SLAB_SIZE,
	HW_SLAB_SIZE + 1,
	3 * HW_SLAB_SIZE,
	HW_CHUNK_SIZE - 77,
	HW_CHUNK_SIZE,
	HW_CHUNK_SIZE,
	HW_CHUNK_SIZE,
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one of it, in the order of use */
static struct {
	struct data_dir dir;
	struct hw_files files;
	struct hw_fills fills;
	struct hw_metrics metrics;
	struct hw_reactor reactor;
	struct hw_worker worker;
	struct hw_store store;
	struct hw_chunk_writer writer;
	struct hw_chunk_reader reader;
	struct hw_extent extents[hw_count_of(g_sizes)];
	struct hw_mail stop;
	pthread_t thread;
	atomic_uint sealed_count;
	int res;
	bool is_done;
} g_world;

static void *worker_run(void *user)
{
	(void)user;
	int r = hw_ring_enable(g_world.worker.ring);
	hw_assert(r == 0);
	r = hw_worker_run(&g_world.worker);
	hw_assert(r == 0);
	return NULL;
}

static void worker_stop(struct hw_mail *mail)
{
	(void)mail;
	hw_worker_stop(&g_world.worker);
}

static void sealed(void *user, uint32_t shard, uint32_t segment)
{
	(void)user;
	(void)shard;
	(void)segment;
	atomic_fetch_add(&g_world.sealed_count, 1);
}

static void start(uint32_t next_segment)
{
	struct hw_reactor_options reactor = {
		.slab_count = 8,
		.ring = {.in_flight_max = 256,
			 .file_slots = HW_STORE_FILE_COUNT + 1,
			 .io_workers_max = 4,
			 .is_restricted = true},
		.metrics = &g_world.metrics,
	};
	assert_int_equal(hw_reactor_init(&g_world.reactor, &reactor), 0);
	assert_int_equal(hw_worker_init(&g_world.worker), 0);
	uint32_t lock_slot = hw_ring_file_slot(g_world.reactor.ring, 0);
	assert_int_equal(
		hw_ring_file_register(g_world.reactor.ring, lock_slot, g_world.files.lock_fd), 0);
	assert_int_equal(hw_ring_enable(g_world.reactor.ring), 0);
	struct hw_segment_log_options log = {
		.reactor = &g_world.reactor,
		.worker = &g_world.worker,
		.files = &g_world.files,
		.port = {.sealed = sealed},
		.segment_size = SEGMENT_SIZE,
		.shard = 1,
		.next_segment = next_segment,
		.file_index_base = 1,
	};
	hw_store_init(&g_world.store, &log, &g_world.fills);
	assert_int_equal(pthread_create(&g_world.thread, NULL, worker_run, NULL), 0);
}

static void turn(void)
{
	assert_int_equal(hw_reactor_turn(&g_world.reactor, 1), 0);
}

static void stop(void)
{
	for (uint32_t i = 0; !hw_store_is_idle(&g_world.store); i++) {
		assert_true(i < TURNS_MAX);
		turn();
	}
	hw_store_deinit(&g_world.store);
	g_world.stop.deliver = worker_stop;
	hw_mailbox_post(&g_world.worker.mailbox, g_world.reactor.ring, &g_world.stop);
	assert_int_equal(hw_reactor_turn(&g_world.reactor, 0), 0); /* submits the wake */
	assert_int_equal(pthread_join(g_world.thread, NULL), 0);
	hw_worker_deinit(&g_world.worker);
	hw_reactor_deinit(&g_world.reactor);
}

static int wait_done(void)
{
	for (uint32_t i = 0; !g_world.is_done; i++) {
		assert_true(i < TURNS_MAX);
		turn();
	}
	g_world.is_done = false;
	return g_world.res;
}

static void ended(int res)
{
	assert_false(g_world.is_done);
	g_world.res = res;
	g_world.is_done = true;
}

/* -- up */

static void progress(struct hw_chunk_writer *writer)
{
	(void)writer; /* looked at each turn */
}

static void written(struct hw_chunk_writer *writer, int res)
{
	(void)writer;
	ended(res);
}

/* Fill the slab at @offset of chunk @index: to be had again when it is read. */
static void bytes_fill(uint32_t index, uint32_t offset, uint8_t *ret_bytes, uint32_t size)
{
	struct hw_prng prng;
	for (uint32_t i = 0; i < size; i += HW_BLOCK_SIZE) {
		hw_prng_init(&prng, ((uint64_t)index << 32) + offset + i);
		hw_prng_fill(&prng, ret_bytes + i, hw_min(HW_BLOCK_SIZE, size - i));
	}
}

static void upload(uint32_t index, bool is_exact)
{
	uint32_t size = g_sizes[index];
	g_world.writer.progress = progress;
	g_world.writer.done = written;
	hw_chunk_writer_begin(&g_world.writer, &g_world.store, is_exact ? size : HW_CHUNK_SIZE,
			      is_exact);
	for (uint32_t offset = 0; offset < size;) {
		struct hw_slab *slab = hw_chunk_writer_has_room(&g_world.writer)
					       ? hw_slab_take(&g_world.reactor.slabs)
					       : NULL;
		if (slab == NULL) {
			turn();
			continue;
		}
		slab->size = hw_min(HW_SLAB_SIZE, size - offset);
		bytes_fill(index, offset, slab->bytes, slab->size);
		offset += slab->size;
		hw_chunk_writer_append(&g_world.writer, slab);
	}
	hw_chunk_writer_finish(&g_world.writer);
	assert_int_equal(wait_done(), 0);
	g_world.extents[index] = g_world.writer.extent;
	hw_segment_settle(g_world.writer.segment);
}

/* -- down */

static void reader_ended(struct hw_chunk_reader *reader, int res)
{
	(void)reader;
	ended(res);
}

static int open_and_wait(uint32_t index)
{
	g_world.reader.opened = reader_ended;
	g_world.reader.read_done = reader_ended;
	hw_chunk_reader_open(&g_world.reader, &g_world.store, &g_world.extents[index]);
	return wait_done();
}

static int download(uint32_t index)
{
	static uint8_t expected[HW_SLAB_SIZE];
	int r = open_and_wait(index);
	uint32_t size = g_sizes[index];
	for (uint32_t offset = 0; r >= 0 && offset < size;) {
		struct hw_slab *slab = hw_slab_take(&g_world.reactor.slabs);
		assert_non_null(slab);
		hw_chunk_reader_read(&g_world.reader, slab, offset / HW_BLOCK_SIZE);
		r = wait_done();
		if (r >= 0) {
			assert_int_equal(r, hw_min(HW_SLAB_SIZE, size - offset));
			bytes_fill(index, offset, expected, (uint32_t)r);
			assert_memory_equal(slab->bytes, expected, (size_t)r);
			offset += (uint32_t)r;
		}
		hw_slab_unref(slab);
	}
	hw_chunk_reader_close(&g_world.reader);
	return r < 0 ? r : 0;
}

static uint32_t recover(void)
{
	struct hw_recover recover;
	assert_int_equal(hw_recover_begin(&recover, &g_world.files, NULL, NULL), 0);
	for (uint32_t i = 0; i < hw_count_of(g_sizes); i++) {
		assert_int_equal(hw_recover_extent(&recover, &g_world.extents[i]), 0);
	}
	assert_int_equal(hw_recover_end(&recover, true), 0);
	return recover.next_segments[1];
}

/* On the disk; what memory had of it is gone, as it is when a disk's own bytes change. */
static void bit_flip(uint32_t index)
{
	char path[300];
	data_dir_segment_path(&g_world.dir, 1, g_world.extents[index].segment, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	off_t offset = (off_t)g_world.extents[index].offset + (off_t)g_sizes[index] / 2;
	uint8_t byte = 0;
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	assert_int_equal(close(fd), 0);
}

static void live_check(void)
{
	int64_t live_size = 0;
	int64_t used_size = 0;
	for (uint32_t i = 0; i < hw_count_of(g_sizes); i++) {
		live_size += hw_extent_disk_size(g_sizes[i]);
		if (i == 0 || g_world.extents[i].segment != g_world.extents[i - 1].segment) {
			int64_t size =
				data_dir_used_size(&g_world.dir, 1, g_world.extents[i].segment);
			assert_true(size > 0);
			used_size += size;
		}
	}
	assert_true(used_size >= live_size);
	assert_true(used_size - live_size <= 32768); /* the file system's own maps */
}

static void run(bool wants_direct)
{
	data_dir_make(&g_world.dir);
	assert_int_equal(hw_files_open(&g_world.files, g_world.dir.path, 0, wants_direct), 0);
	start(1);
	for (uint32_t i = 0; i < hw_count_of(g_sizes); i++) {
		upload(i, i % 2 == 0);
		assert_int_equal(download(i), 0); /* while its segment is still written */
	}
	for (uint32_t i = 0; i < hw_count_of(g_sizes); i++) {
		assert_int_equal(download(i), 0);
	}
	stop();
	assert_true(atomic_load(&g_world.sealed_count) > 0);
	uint32_t next_segment = recover();
	assert_true(next_segment > g_world.extents[hw_count_of(g_sizes) - 1].segment);
	live_check();
	start(next_segment);
	for (uint32_t i = 0; i < hw_count_of(g_sizes); i++) {
		assert_int_equal(download(i), 0);
		bit_flip(i);
		assert_int_equal(download(i), -EBADMSG);
		bit_flip(i);
		assert_int_equal(download(i), 0);
	}
	stop();
	hw_files_close(&g_world.files);
	data_dir_remove(&g_world.dir);
	memset(&g_world, 0, sizeof(g_world));
}

static void test_through_the_page_cache(void **state)
{
	(void)state;
	run(false);
}

static void test_direct(void **state)
{
	(void)state;
	run(true); /* or as before, where the file system has no O_DIRECT */
}

int main(void)
{
	struct hw_ring_probe probe;
	if (hw_ring_probe(&probe) < 0) {
		print_message("no io_uring here: skipped\n");
		return 0;
	}
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct hw_log_options quiet = {.fd = null, .level = HW_LOG_ERROR};
	hw_log_start(&quiet); /* each flipped bit is logged */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_the_page_cache),
		cmocka_unit_test(test_direct),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
