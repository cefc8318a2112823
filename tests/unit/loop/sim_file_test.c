/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: files of the simulator lose what a disk may lose and nothing else: what a good sync covered
 *       is there after a power loss; the disk's directory does as core/store/files.h says.
 * Method: one operation at a time over many seeds; each fault must have happened somewhere; broken
 *         callers in a child that must abort.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/files_sim.h"
#include "tests/unit/base/dies.h"
#include "tests/unit/loop/sim_fixture.h"

/* -- files */

static struct hw_ring *with_file(const struct hw_sim_options *options, int *ret_fd)
{
	hw_sim_begin(options);
	struct hw_ring *ring = ring_new(0, 1);
	g_op = (struct hw_op){0};
	*ret_fd = hw_sim_file_create();
	assert_int_equal(hw_ring_enable(ring), 0);
	hw_ring_file_set(ring, &g_op, 0, *ret_fd, any_done);
	finish(ring, &g_op);
	assert_true(g_op.res >= 0);
	return ring;
}

static void without_file(struct hw_ring *ring, int fd)
{
	hw_ring_close(ring, &g_op, 0, any_done);
	finish(ring, &g_op);
	hw_ring_deinit(ring);
	hw_sim_end();
	assert_int_equal(close(fd), 0);
}

static void write_at(struct hw_ring *ring, const uint8_t *bytes, uint32_t size, uint64_t offset)
{
	while (size > 0) {
		hw_ring_write(ring, &g_op, 0, bytes, size, offset, any_done);
		finish(ring, &g_op);
		assert_in_range(g_op.res, 1, size);
		bytes += g_op.res;
		offset += (uint64_t)g_op.res;
		size -= (uint32_t)g_op.res;
	}
}

/* What was synced is there after a power loss; what was not is there, or not, sector by sector. */
static void test_power_loss_keeps_what_was_synced(void **state)
{
	(void)state;
	static uint8_t one[8192];
	static uint8_t two[8192];
	static uint8_t seen[8192];
	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	uint32_t kept_count = 0;
	uint32_t lost_count = 0;
	uint32_t torn_count = 0;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		options.short_percent = 50;
		int fd = -1;
		struct hw_ring *ring = with_file(&options, &fd);
		write_at(ring, one, sizeof(one), 0);
		hw_ring_datasync(ring, &g_op, 0, any_done);
		finish(ring, &g_op);
		assert_int_equal(hw_sim_file_unsynced_size(fd), 0);
		write_at(ring, two, 4096, 2048);
		assert_int_equal(hw_sim_file_unsynced_size(fd), 4096);
		hw_sim_file_crash(fd, seed);
		assert_int_equal(hw_sim_file_peek(fd, seen, sizeof(seen), 0), sizeof(seen));
		assert_memory_equal(seen, one, 2048);
		assert_memory_equal(seen + 6144, one, 2048);
		uint32_t twos = 0;
		for (uint32_t i = 2048; i < 6144; i += 1) {
			twos += seen[i] == 2;
			assert_true(seen[i] == 1 || seen[i] == 2);
		}
		kept_count += twos == 4096;
		lost_count += twos == 0;
		torn_count += twos > 0 && twos < 4096;
		without_file(ring, fd);
	}
	assert_true(kept_count > 0 && lost_count > 0 && torn_count > 0);
}

/* A write whose done has not run when the sync is submitted is not covered by it. */
static void test_sync_covers_only_what_was_done(void **state)
{
	(void)state;
	static uint8_t bytes[512];
	static uint8_t seen[512];
	uint32_t lost_count = 0;
	memset(bytes, 7, sizeof(bytes));
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		int fd = -1;
		struct hw_ring *ring = with_file(&options, &fd);
		hw_sim_file_truncate(fd, 512);
		struct hw_op sync_op = {0};
		hw_ring_write(ring, &g_op, 0, bytes, 512, 0, any_done);
		hw_ring_datasync(ring, &sync_op, 0, any_done);
		finish(ring, &g_op);
		finish(ring, &sync_op);
		assert_int_equal(sync_op.res, 0);
		assert_int_equal(hw_sim_file_unsynced_size(fd), 512);
		hw_sim_file_crash(fd, seed);
		(void)hw_sim_file_peek(fd, seen, sizeof(seen), 0); /* zeros, if that */
		lost_count += memcmp(seen, bytes, sizeof(seen)) != 0;
		without_file(ring, fd);
	}
	assert_true(lost_count > 20);
}

static void test_failed_sync_loses_for_ever(void **state)
{
	(void)state;
	static uint8_t bytes[512];
	struct hw_sim_options options = hw_sim_calm(5);
	int fd = -1;
	struct hw_ring *ring = with_file(&options, &fd);
	write_at(ring, bytes, sizeof(bytes), 0);
	hw_sim_options()->sync_error_percent = 100;
	hw_ring_datasync(ring, &g_op, 0, any_done);
	finish(ring, &g_op);
	assert_int_equal(g_op.res, -EIO);
	hw_sim_options()->sync_error_percent = 0;
	hw_ring_datasync(ring, &g_op, 0, any_done);
	finish(ring, &g_op);
	assert_int_equal(g_op.res, 0); /* "may succeed", and means nothing */
	assert_int_equal(hw_sim_file_unsynced_size(fd), 512);
	without_file(ring, fd);
}

static void test_file_faults_happen(void **state)
{
	(void)state;
	static uint8_t bytes[4096];
	struct hw_sim_options options = hw_sim_calm(6);
	options.read_error_percent = 20;
	options.write_error_percent = 20;
	options.interrupt_percent = 20;
	options.short_percent = 20;
	int fd = -1;
	struct hw_ring *ring = with_file(&options, &fd);
	uint32_t counts[5] = {0}; /* EIO, ENOSPC, EINTR, short, whole */
	for (uint32_t i = 0; i < 400; i++) {
		if (i % 2 == 0) {
			hw_ring_write(ring, &g_op, 0, bytes, sizeof(bytes), 0, any_done);
		} else {
			hw_ring_read(ring, &g_op, 0, bytes, sizeof(bytes), 0, any_done);
		}
		finish(ring, &g_op);
		counts[0] += g_op.res == -EIO;
		counts[1] += g_op.res == -ENOSPC;
		counts[2] += g_op.res == -EINTR;
		counts[3] += g_op.res >= 0 && g_op.res < 4096;
		counts[4] += g_op.res == 4096;
	}
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(counts[i] > 0);
	}
	without_file(ring, fd);
}

static void test_abandon_gives_all_back(void **state)
{
	(void)state;
	static uint8_t bytes[4096];
	uint32_t part_count = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		int fd = -1;
		struct hw_ring *ring = with_file(&options, &fd);
		uint32_t done_count = g_done_count;
		hw_ring_write(ring, &g_op, 0, bytes, sizeof(bytes), 0, any_done);
		hw_sim_ring_abandon(ring);
		assert_false(g_op.in_flight);
		assert_int_equal(g_done_count, done_count);
		part_count += hw_sim_file_size(fd) > 0 && hw_sim_file_size(fd) < 4096;
		memset(bytes, 0, sizeof(bytes)); /* ours again */
		hw_ring_deinit(ring);
		hw_sim_end();
		assert_int_equal(close(fd), 0);
	}
	assert_true(part_count > 50);
}

/* -- the disk */

static void disk_begin(struct hw_files *files, uint64_t seed)
{
	struct hw_sim_options options = hw_sim_calm(seed);
	hw_sim_begin(&options);
	assert_int_equal(hw_files_open(files, "data", 1000, true), 0);
	assert_true(files->is_direct);
}

static void disk_end(struct hw_files *files)
{
	hw_files_close(files);
	hw_files_close(files); /* twice is no harm */
	hw_sim_end();
}

static void test_disk_keeps_its_books(void **state)
{
	(void)state;
	struct hw_files files;
	struct hw_files second;
	disk_begin(&files, 1);
	assert_int_equal(hw_files_open(&second, "data", 0, false), -EBUSY);
	hw_sim_disk_size_set(1000000);
	uint64_t size = 400000;
	int one = hw_files_segment_create(&files, 2, 9, &size, 100000);
	assert_true(one >= 0);
	assert_int_equal(size, 400000);
	assert_int_equal(hw_sim_file_size(one), 400000);
	size = 800000; /* half of it fits */
	int two = hw_files_segment_create(&files, 2, 3, &size, 100000);
	assert_true(two >= 0);
	assert_int_equal(size, 400000);
	size = 400000;
	assert_int_equal(hw_files_segment_create(&files, 2, 4, &size, 250000), -ENOSPC);
	size = 100000;
	assert_int_equal(hw_files_segment_create(&files, 2, 3, &size, 100000), -EEXIST);
	assert_int_equal(hw_files_free_size(&files, &size), 0);
	assert_int_equal(size, 199000); /* less the reserve */
	uint32_t *numbers = NULL;
	assert_int_equal(hw_files_segment_list(&files, 2, &numbers), 2);
	assert_int_equal(numbers[0], 3); /* rising */
	assert_int_equal(numbers[1], 9);
	hw_files_list_free(numbers);
	assert_int_equal(hw_files_segment_list(&files, 7, &numbers), 0);
	assert_null(numbers);
	assert_int_equal(hw_files_segment_punch(&files, 2, 9, 0, 100000), 0);
	assert_int_equal(hw_files_segment_cut(&files, 2, 3, 1000), 0);
	assert_int_equal(hw_sim_disk_used_size(), 301000);
	assert_int_equal(hw_files_segment_size(&files, 2, 9, &size), 0);
	assert_int_equal(size, 400000); /* a hole takes no size away */
	assert_int_equal(hw_files_segment_unlink(&files, 2, 9), 0);
	assert_int_equal(hw_files_segment_unlink(&files, 2, 9), 0);
	assert_int_equal(hw_files_segment_open(&files, 2, 9), -ENOENT);
	assert_int_equal(hw_files_segment_punch(&files, 2, 9, 0, 1), 0);
	assert_int_equal(hw_files_segment_size(&files, 2, 9, &size), -ENOENT);
	assert_int_equal(hw_sim_disk_segment_count(2), 1);
	assert_int_equal(close(one), 0);
	assert_int_equal(close(two), 0);
	disk_end(&files);
}

/* Made segments are there after a power loss; unlinked ones may be back, whole or cut. */
static void test_disk_survives_a_power_loss(void **state)
{
	(void)state;
	uint32_t back_count = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct hw_files files;
		disk_begin(&files, seed);
		for (uint32_t i = 0; i < 2; i++) {
			uint64_t size = 65536;
			int fd = hw_files_segment_create(&files, 0, i, &size, 65536);
			assert_true(fd >= 0);
			assert_int_equal(close(fd), 0);
		}
		assert_int_equal(hw_files_segment_unlink(&files, 0, 1), 0);
		hw_files_close(&files);
		hw_sim_disk_crash(seed);
		assert_int_equal(hw_files_open(&files, "data", 0, true), 0);
		uint64_t size = 0;
		assert_int_equal(hw_files_segment_size(&files, 0, 0, &size), 0);
		assert_int_equal(size, 65536);
		back_count += hw_sim_disk_segment_count(0) == 2;
		disk_end(&files);
	}
	assert_in_range(back_count, 20, 80);
}

static void test_disk_fails_when_told(void **state)
{
	(void)state;
	struct hw_files files;
	disk_begin(&files, 5);
	hw_sim_options()->disk_error_percent = 100;
	uint64_t size = 65536;
	assert_int_equal(hw_files_segment_create(&files, 0, 0, &size, 65536), -EIO);
	assert_int_equal(hw_files_segment_open(&files, 0, 0), -EIO);
	disk_end(&files);
}

static void not_aligned(void)
{
	struct hw_sim_options options = hw_sim_calm(1);
	int fd = -1;
	hw_sim_begin(&options);
	struct hw_ring *ring = ring_new(0, 1);
	fd = hw_sim_file_create();
	hw_sim_file_direct_set(fd, true);
	assert_int_equal(hw_ring_file_register(ring, 0, fd), 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	static _Alignas(4096) uint8_t bytes[8192];
	hw_ring_write(ring, &g_op, 0, bytes, 4096, 512, any_done);
}

static void written_read_only(void)
{
	struct hw_sim_options options = hw_sim_calm(1);
	hw_sim_begin(&options);
	struct hw_ring *ring = ring_new(0, 1);
	int fd = hw_sim_file_create();
	hw_sim_file_read_only_set(fd, true);
	assert_int_equal(hw_ring_file_register(ring, 0, fd), 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	hw_ring_write(ring, &g_op, 0, "a", 1, 0, any_done);
}

static void test_rules_are_watched(void **state)
{
	(void)state;
	assert_true(aborts(not_aligned));
	assert_true(aborts(written_read_only));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_loss_keeps_what_was_synced),
		cmocka_unit_test(test_sync_covers_only_what_was_done),
		cmocka_unit_test(test_failed_sync_loses_for_ever),
		cmocka_unit_test(test_file_faults_happen),
		cmocka_unit_test(test_abandon_gives_all_back),
		cmocka_unit_test(test_disk_keeps_its_books),
		cmocka_unit_test(test_disk_survives_a_power_loss),
		cmocka_unit_test(test_disk_fails_when_told),
		cmocka_unit_test(test_rules_are_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
