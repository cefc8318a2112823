/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the data directory has one user and one format; segments are allocated, punched, cut and
 * listed as files.h says; what is no segment is left alone.
 * Method: real files under TMPDIR; a full disk is a reserve as large as the disk.
 */
#include "core/store/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "tests/unit/store/data_dir.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	struct data_dir dir;
	struct hw_files files;
};

static int setup(void **state)
{
	static struct fixture fixture;
	memset(&fixture, 0, sizeof(fixture));
	data_dir_make(&fixture.dir);
	*state = &fixture;
	return hw_files_open(&fixture.files, fixture.dir.path, 0, false);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	hw_files_close(&fixture->files);
	data_dir_remove(&fixture->dir);
	return 0;
}

static int create(struct fixture *fixture, uint32_t shard, uint32_t segment, uint64_t size)
{
	uint64_t got_size = size;
	int fd = hw_files_segment_create(&fixture->files, shard, segment, &got_size, MIB);
	assert_true(fd >= 0);
	assert_true(got_size == size);
	return fd;
}

static void name_make(struct fixture *fixture, const char *name, const char *text)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", fixture->dir.path, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* -- the directory */

/* 0: the lock can be had by another process; the child leaves nothing behind. */
static int lock_try(const struct fixture *fixture)
{
	pid_t child = fork();
	if (child == 0) {
		char path[300];
		(void)snprintf(path, sizeof(path), "%s/lock", fixture->dir.path);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		_exit(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_one_user(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(lock_try(fixture), 1);
	hw_files_close(&fixture->files);
	hw_files_close(&fixture->files); /* again: harmless */
	hw_files_close(NULL);
	assert_int_equal(lock_try(fixture), 0);
	assert_int_equal(hw_files_open(&fixture->files, fixture->dir.path, 0, false), 0);
	assert_int_equal(lock_try(fixture), 1);
}

/* The predecessor is dead, but its last writes keep the lock for a moment. That the wait ends with
 * -EBUSY after 5 s is not tested here: it would take 5 s. */
static void test_predecessor(void **state)
{
	struct fixture *fixture = *state;
	hw_files_close(&fixture->files);
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct hw_files files;
		int r = hw_files_open(&files, fixture->dir.path, 0, false);
		(void)!write(ready[1], "x", 1);
		(void)usleep(120000);
		_exit(r == 0 ? 0 : 1); /* the kernel ends the lock, as after a kill */
	}
	char byte = 0;
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(lock_try(fixture), 1);
	assert_int_equal(hw_files_open(&fixture->files, fixture->dir.path, 0, false), 0);
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(close(ready[0]) | close(ready[1]), 0);
}

static void test_not_a_directory(void **state)
{
	struct fixture *fixture = *state;
	char path[300];
	struct hw_files other;
	(void)snprintf(path, sizeof(path), "%s/lock", fixture->dir.path);
	assert_int_equal(hw_files_open(&other, path, 0, false), -ENOTDIR);
	(void)snprintf(path, sizeof(path), "%s/no/where", fixture->dir.path);
	assert_int_equal(hw_files_open(&other, path, 0, false), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/new", fixture->dir.path);
	assert_int_equal(hw_files_open(&other, path, 0, false), 0);
	hw_files_close(&other);
}

static int format_open(struct fixture *fixture, const char *text)
{
	hw_files_close(&fixture->files);
	name_make(fixture, "format", text);
	return hw_files_open(&fixture->files, fixture->dir.path, 0, false);
}

static void test_format(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(format_open(fixture, "hawser 1\n"), 0);
	static const char *const unknown[] = {"hawser 2\n",  "hawser 1\n\n", "\n",
					      "hawser 10\n", "Hawser",       "hawser 1\n "};
	for (uint32_t i = 0; i < hw_count_of(unknown); i++) {
		assert_int_equal(format_open(fixture, unknown[i]), -EPROTO);
		assert_int_equal(fixture->files.lock_fd, -1);
		assert_int_equal(lock_try(fixture), 0); /* the lock is not kept */
	}
	assert_int_equal(format_open(fixture, "hawser 1\n"), 0);
}

/* Killed, or out of space, while the first start wrote it: nothing else is there yet. */
static void test_format_unfinished(void **state)
{
	struct fixture *fixture = *state;
	static const char *const parts[] = {"", "h", "hawser", "hawser 1"};
	for (uint32_t i = 0; i < hw_count_of(parts); i++) {
		assert_int_equal(format_open(fixture, parts[i]), 0);
		hw_files_close(&fixture->files);
		assert_int_equal(hw_files_open(&fixture->files, fixture->dir.path, 0, false), 0);
	}
}

/* -- segments */

static void test_create(void **state)
{
	struct fixture *fixture = *state;
	int fd = create(fixture, 3, 7, 4 * MIB);
	assert_true(data_dir_used_size(&fixture->dir, 3, 7) >= (int64_t)(4 * MIB));
	uint64_t size = 0;
	assert_int_equal(hw_files_segment_size(&fixture->files, 3, 7, &size), 0);
	assert_true(size == 4 * MIB);
	assert_int_equal(pwrite(fd, "hello", 5, 4096), 5);
	assert_int_equal(close(fd), 0);

	uint64_t again = 4 * MIB;
	assert_int_equal(hw_files_segment_create(&fixture->files, 3, 7, &again, MIB), -EEXIST);
	int reading = hw_files_segment_open(&fixture->files, 3, 7);
	assert_true(reading >= 0);
	char text[6] = {0};
	assert_int_equal(pread(reading, text, 5, 4096), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(pwrite(reading, "x", 1, 0), -1); /* for reading only */
	assert_int_equal(close(reading), 0);
	assert_int_equal(hw_files_segment_open(&fixture->files, 3, 8), -ENOENT);
	assert_int_equal(hw_files_segment_open(&fixture->files, 4, 7), -ENOENT);
	assert_int_equal(hw_files_segment_size(&fixture->files, 4, 7, &size), -ENOENT);
	assert_int_equal(hw_files_segment_cut(&fixture->files, 4, 7, 0), -ENOENT);
	assert_int_equal(hw_files_segment_punch(&fixture->files, 4, 7, 0, 4096), 0);
	assert_int_equal(hw_files_segment_unlink(&fixture->files, 4, 7), 0);
}

/* Read as the scrubber does: where there is O_DIRECT, with its rules. */
static void test_open_direct(void **state)
{
	struct fixture *fixture = *state;
	static _Alignas(4096) char page[4096];
	int fd = create(fixture, 1, 1, MIB);
	assert_int_equal(pwrite(fd, "hello", 5, 4096), 5);
	assert_int_equal(close(fd), 0);
	assert_int_equal(hw_files_segment_open_direct(&fixture->files, 1, 2), -ENOENT);
	for (uint32_t i = 0; i < 2; i++) {
		hw_files_close(&fixture->files);
		assert_int_equal(hw_files_open(&fixture->files, fixture->dir.path, 0, i == 1), 0);
		int reading = hw_files_segment_open_direct(&fixture->files, 1, 1);
		assert_true(reading >= 0);
		int flags = fcntl(reading, F_GETFL);
		assert_int_equal((flags & O_DIRECT) != 0, fixture->files.is_direct);
		assert_int_equal(pread(reading, page, sizeof(page), 4096), sizeof(page));
		assert_memory_equal(page, "hello", 6);
		assert_int_equal(pwrite(reading, page, sizeof(page), 0), -1);
		assert_int_equal(close(reading), 0);
	}
}

/* As du has it: a hole takes nothing. */
static void test_used_size(void **state)
{
	struct fixture *fixture = *state;
	uint64_t size = 7;
	assert_int_equal(close(create(fixture, 1, 1, MIB)), 0);
	assert_int_equal(hw_files_segment_used_size(&fixture->files, 1, 2, &size), -ENOENT);
	assert_true(size == 7);
	assert_int_equal(hw_files_segment_used_size(&fixture->files, 1, 1, &size), 0);
	assert_true((int64_t)size == data_dir_used_size(&fixture->dir, 1, 1) && size >= MIB);
	assert_int_equal(hw_files_segment_punch(&fixture->files, 1, 1, 0, MIB / 2), 0);
	assert_int_equal(hw_files_segment_used_size(&fixture->files, 1, 1, &size), 0);
	assert_true((int64_t)size == data_dir_used_size(&fixture->dir, 1, 1) && size < MIB);
}

static void test_note(void **state)
{
	struct fixture *fixture = *state;
	char text[HW_FILES_NOTE_SIZE_MAX] = "";
	assert_int_equal(hw_files_note_read(&fixture->files, text, sizeof(text)), -ENOENT);
	assert_int_equal(hw_files_note_write(&fixture->files, "a long one", 10), 0);
	assert_int_equal(hw_files_note_write(&fixture->files, "short", 5), 0);
	assert_int_equal(hw_files_note_read(&fixture->files, text, sizeof(text)), 5);
	assert_memory_equal(text, "short", 6);
	assert_int_equal(hw_files_note_read(&fixture->files, text, 2), 2);
	assert_int_equal(hw_files_has(&fixture->files, "scrub"), 1);
	assert_int_equal(hw_files_has(&fixture->files, "scrub.new"), 0);
}

static uint64_t disk_free_size(const struct fixture *fixture)
{
	struct statvfs disk;
	assert_int_equal(fstatvfs(fixture->files.dir_fd, &disk), 0);
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;
	uint64_t size = 0;
	/* Others use the disk too while we look: half a MiB to and fro is theirs. */
	uint64_t disk_size = disk_free_size(fixture);
	fixture->files.reserve_size = 0;
	assert_int_equal(hw_files_free_size(&fixture->files, &size), 0);
	assert_true(size > 0);

	fixture->files.reserve_size = UINT64_MAX;
	assert_int_equal(hw_files_free_size(&fixture->files, &size), 0);
	assert_true(size == 0);
	uint64_t wanted = 64 * MIB;
	assert_int_equal(hw_files_segment_create(&fixture->files, 0, 1, &wanted, MIB), -ENOSPC);
	assert_true(wanted == 64 * MIB);                            /* untouched */
	assert_true(data_dir_used_size(&fixture->dir, 0, 1) == -1); /* and no file */

	/* Wants far more than there is: halves until it fits. */
	uint64_t huge = UINT64_C(1) << 62;
	fixture->files.reserve_size = disk_size > 64 * MIB ? disk_size - 64 * MIB : 0;
	int fd = hw_files_segment_create(&fixture->files, 0, 1, &huge, MIB);
	assert_true(fd >= 0);
	assert_true(huge >= MIB && huge <= 256 * MIB);
	assert_true((huge & (huge - 1)) == 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(hw_files_segment_size(&fixture->files, 0, 1, &size), 0);
	assert_true(size == huge);
}

static void test_holes(void **state)
{
	struct fixture *fixture = *state;
	int fd = create(fixture, 0, 1, 4 * MIB);
	char page[4096];
	memset(page, 'x', sizeof(page));
	for (uint64_t offset = 0; offset < 4 * MIB; offset += sizeof(page)) {
		assert_int_equal(pwrite(fd, page, sizeof(page), (off_t)offset), sizeof(page));
	}
	int64_t before = data_dir_used_size(&fixture->dir, 0, 1);
	assert_int_equal(hw_files_segment_punch(&fixture->files, 0, 1, MIB, 2 * MIB), 0);
	int64_t after = data_dir_used_size(&fixture->dir, 0, 1);
	assert_true(before - after == (int64_t)(2 * MIB));
	for (uint64_t offset = 0; offset < 4 * MIB; offset += sizeof(page)) {
		assert_int_equal(pread(fd, page, sizeof(page), (off_t)offset), sizeof(page));
		bool is_hole = offset >= MIB && offset < 3 * MIB;
		assert_int_equal(page[0], is_hole ? 0 : 'x');
		assert_int_equal(page[4095], is_hole ? 0 : 'x');
	}
	uint64_t size = 0;
	assert_int_equal(hw_files_segment_size(&fixture->files, 0, 1, &size), 0);
	assert_true(size == 4 * MIB); /* a hole is no end */
	assert_int_equal(hw_files_segment_punch(&fixture->files, 0, 1, MIB, 2 * MIB), 0);
	assert_true(data_dir_used_size(&fixture->dir, 0, 1) == after);

	assert_int_equal(hw_files_segment_cut(&fixture->files, 0, 1, MIB), 0);
	assert_int_equal(hw_files_segment_size(&fixture->files, 0, 1, &size), 0);
	assert_true(size == MIB);
	assert_true(data_dir_used_size(&fixture->dir, 0, 1) == (int64_t)MIB);
	assert_int_equal(hw_files_segment_unlink(&fixture->files, 0, 1), 0);
	assert_true(data_dir_used_size(&fixture->dir, 0, 1) == -1);
	/* Who had it open does not keep its space. */
	struct stat status;
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_blocks, 0);
	assert_int_equal(close(fd), 0);
}

static void test_list(void **state)
{
	struct fixture *fixture = *state;
	uint32_t *numbers = NULL;
	assert_int_equal(hw_files_segment_list(&fixture->files, 5, &numbers), 0);
	hw_files_list_free(numbers);
	static const uint32_t made[] = {700, 3, 99999999, 12, 1, 100000};
	static const uint32_t sorted[] = {1, 3, 12, 700, 100000, 99999999};
	for (uint32_t i = 0; i < hw_count_of(made); i++) {
		assert_int_equal(close(create(fixture, 5, made[i], MIB)), 0);
	}
	assert_int_equal(close(create(fixture, 50, 2, MIB)), 0); /* another shard's */
	static const char *const others[] = {
		"shard-05/seg-0000002.dat",   "shard-05/seg-000000002.dat",
		"shard-05/seg-+0000002.dat",  "shard-05/seg--0000002.dat",
		"shard-05/seg- 0000002.dat",  "shard-05/seg-00000002.dat~",
		"shard-05/seg-00000002.datx", "shard-05/seg-00000002.da",
		"shard-05/seg-0000000a.dat",  "shard-05/Seg-00000002.dat",
		"shard-05/xseg-00000002.dat", "shard-05/.seg-00000002.dat",
		"shard-05/lost+found",        "shard-05/seg-        2.dat",
	};
	for (uint32_t i = 0; i < hw_count_of(others); i++) {
		name_make(fixture, others[i], "x");
	}
	assert_int_equal(hw_files_segment_list(&fixture->files, 5, &numbers), hw_count_of(sorted));
	assert_memory_equal(numbers, sorted, sizeof(sorted));
	hw_files_list_free(numbers);
}

static void test_direct(void **state)
{
	struct fixture *fixture = *state;
	hw_files_close(&fixture->files);
	assert_int_equal(hw_files_open(&fixture->files, fixture->dir.path, 0, true), 0);
	int fd = create(fixture, 0, 1, MIB);
	int flags = fcntl(fd, F_GETFL);
	assert_int_equal((flags & O_DIRECT) != 0, fixture->files.is_direct);
	assert_int_equal(close(fd), 0);
	fd = hw_files_segment_open(&fixture->files, 0, 1);
	assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0); /* readers use the page cache */
	assert_int_equal(close(fd), 0);
}

static void test_read_ahead_is_known(void **state)
{
	const struct fixture *fixture = *state;
	uint64_t size = hw_files_ahead_size(&fixture->files);
	assert_in_range(size, 1, 128 * MIB);
	assert_int_equal(size % 2048, 0); /* twice some KiB */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_ahead_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_predecessor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_format, setup, teardown),
		cmocka_unit_test_setup_teardown(test_format_unfinished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_direct, setup, teardown),
		cmocka_unit_test_setup_teardown(test_used_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_note, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_direct, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
