/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an extent:
 *
 *   extents_each -> batch_add -> (full) batch_run -> [checker_run on each thread: next -> verify]
 *                                              -> damaged_add -> ... -> mark_all -> report
 *
 * The catalog is asked by one thread only, between the batches.
 */
#include "core/main/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/main/check_report.h"
#include "core/main/prepare.h"
#include "simd/merkle.h"

#define EXIT_CLEAN     0
#define EXIT_DAMAGED   1
#define EXIT_UNCHECKED 2
#define CACHE_SIZE     (64U << 20) /* bytes of SQLite's page cache */
#define EXTENT_SIZE    (HW_CHUNK_SIZE + HW_LEAVES_SIZE)
#define READ_TRIES     3U /* of a read that the disk refuses */

static int prepare(struct hw_check *check);
static int catalog_open(struct hw_check *check);
static int look(struct hw_check *check);
static int hash_all(struct hw_check *check);
static int batch_add(void *context, const struct hw_extent *extent);
static int batch_run(struct hw_check *check);
static void checker_run(void *user);
static int verify(struct hw_checker *checker, const struct hw_extent *extent);
static int mark_all(struct hw_check *check);
static int repair(struct hw_check *check);
static void end(struct hw_check *check);

static int fail(const char *event, int error, const char *advice)
{
	HW_LOG(HW_LOG_ERROR, event, HW_F_ERRNO("error", error), HW_F_TEXT("advice", advice));
	return error;
}

int hw_check_run(const struct hw_config *config)
{
	static struct hw_check check;
	check.config = config;
	check.begun_us = hw_clock_monotonic_us();
	check.told_us = check.begun_us;
	int r = prepare(&check);
	if (r >= 0) {
		r = catalog_open(&check);
	}
	if (r >= 0) {
		r = look(&check);
	}
	if (r >= 0) {
		r = hash_all(&check);
	}
	if (r >= 0) {
		r = mark_all(&check);
	}
	if (r >= 0) {
		r = repair(&check);
	}
	if (r >= 0) {
		r = config->has_json ? hw_check_report_json(&check, stdout)
				     : hw_check_report_text(&check, stdout);
	}
	end(&check);
	if (r < 0) {
		return EXIT_UNCHECKED;
	}
	return check.damaged_count > 0 || check.is_torn ? EXIT_DAMAGED : EXIT_CLEAN;
}

/* -- the data directory -- */

/* A directory that is not there must not be made by looking. */
static int prepare(struct hw_check *check)
{
	struct stat status;
	int r = stat(check->config->data_dir, &status) < 0 ? -errno : 0;
	if (r < 0) {
		return fail("data_dir.missing", r, "there is no such data_dir to check");
	}
	r = hw_prepare_simd(check->config);
	if (r >= 0) {
		r = hw_prepare_user(check->config);
	}
	if (r >= 0) {
		r = hw_prepare_files(check->config, &check->files);
	}
	if (r >= 0) {
		r = hw_prepare_catalog(&check->files);
	}
	if (r >= 0 && hw_files_has(&check->files, HW_CATALOG_NAME) != 1) {
		return fail("catalog.missing", -ENOENT, "nothing was ever stored here");
	}
	return r;
}

static int catalog_open(struct hw_check *check)
{
	char path[HW_CONFIG_TEXT_SIZE_MAX + 16];
	char message[512] = "";
	(void)snprintf(path, sizeof(path), "%s/" HW_CATALOG_NAME, check->config->data_dir);
	check->ports.files = &check->files;
	struct hw_catalog_db_options options = {
		.path = path,
		.reclaim = hw_ports_reclaim(&check->ports),
		.pin_capacity = 1,
		.home_capacity = 1,
		.cache_size = CACHE_SIZE,
		.has_quick_check = true,
	};
	int r = hw_catalog_db_open(&check->ports.db, &options, message, sizeof(message));
	return r < 0 ? fail("catalog.failed", r, message) : 0;
}

/* Bytes that all segments take of the disk. */
static int used_size_sum(const struct hw_check *check, uint64_t *ret_size)
{
	*ret_size = 0;
	for (uint32_t shard = 0; shard < HW_SHARD_COUNT_MAX; shard++) {
		uint32_t *segments = NULL;
		int count = hw_files_segment_list(&check->files, shard, &segments);
		int r = count < 0 ? count : 0;
		for (int i = 0; r >= 0 && i < count; i++) {
			uint64_t size = 0;
			r = hw_files_segment_used_size(&check->files, shard, segments[i], &size);
			*ret_size += size;
		}
		hw_files_list_free(segments);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int look(struct hw_check *check)
{
	int r = hw_ports_look(&check->ports, &check->looked);
	check->is_torn = r == -EBADMSG;
	if (check->is_torn) { /* which chunks that hits, hashing says one by one */
		r = 0;
	}
	if (r >= 0) {
		r = hw_catalog_db_counts(check->ports.db, &check->counts);
	}
	if (r >= 0) {
		r = used_size_sum(check, &check->used_size);
	}
	check->left_size = check->used_size;
	return r < 0 ? fail("check.failed", r, "the data directory cannot be read") : 0;
}

/* -- hash -- */

static int checkers_make(struct hw_check *check)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t wanted = check->config->reactor_count;
	if (wanted == 0) {
		wanted = cpus > 0 ? (uint32_t)cpus : 1;
	}
	check->checker_count = hw_min(wanted, HW_CHECK_THREAD_MAX);
	for (uint32_t i = 0; i < check->checker_count; i++) {
		struct hw_checker *checker = &check->checkers[i];
		*checker = (struct hw_checker){.check = check, .fd = -1, .is_main = i == 0};
		checker->bytes = aligned_alloc(HW_PAGE_SIZE, EXTENT_SIZE);
		if (checker->bytes == NULL) {
			check->checker_count = i;
			return i > 0 ? 0 : -ENOMEM;
		}
	}
	return 0;
}

static int hash_all(struct hw_check *check)
{
	int r = checkers_make(check);
	if (r >= 0) {
		r = hw_catalog_db_extents_each(check->ports.db, batch_add, check);
	}
	if (r >= 0) {
		r = batch_run(check);
	}
	return r < 0 ? fail("check.failed", r, "what is stored cannot be read") : 0;
}

static int batch_add(void *context, const struct hw_extent *extent)
{
	struct hw_check *check = context;
	check->live_size += hw_extent_disk_size(extent->size);
	check->batch[check->batch_count++] = *extent;
	return check->batch_count == HW_CHECK_BATCH_MAX ? batch_run(check) : 0;
}

static int damaged_add(struct hw_check *check, const struct hw_extent *extent)
{
	if (check->damaged_count == check->damaged_capacity) {
		uint32_t capacity = hw_max(2 * check->damaged_capacity, 64U);
		void *grown = realloc(check->damaged, capacity * sizeof(*extent));
		if (grown == NULL) {
			return -ENOMEM;
		}
		check->damaged = grown;
		check->damaged_capacity = capacity;
	}
	check->damaged[check->damaged_count++] = *extent;
	return 0;
}

/* All threads, ours among them, take from the batch until it is empty. */
static int batch_run(struct hw_check *check)
{
	atomic_store(&check->next_index, 0);
	memset(check->is_damaged, 0, sizeof(check->is_damaged));
	for (uint32_t i = 1; i < check->checker_count; i++) {
		struct hw_checker *checker = &check->checkers[i];
		int r = hw_thread_start(&checker->thread, "check", HW_THREAD_ANY_CPU, checker_run,
					checker);
		if (r < 0) { /* fewer do it as well */
			break;
		}
	}
	checker_run(&check->checkers[0]);
	for (uint32_t i = 1; i < check->checker_count; i++) {
		hw_thread_join(&check->checkers[i].thread);
	}
	int r = atomic_load(&check->error);
	for (uint32_t i = 0; r >= 0 && i < check->batch_count; i++) {
		r = check->is_damaged[i] ? damaged_add(check, &check->batch[i]) : 0;
	}
	check->batch_count = 0;
	return r;
}

static void checker_run(void *user)
{
	struct hw_checker *checker = user;
	struct hw_check *check = checker->check;
	uint32_t index = atomic_fetch_add(&check->next_index, 1);
	while (index < check->batch_count && atomic_load(&check->error) == 0) {
		const struct hw_extent *extent = &check->batch[index];
		int r = verify(checker, extent);
		check->is_damaged[index] = r == -EBADMSG;
		if (r < 0 && r != -EBADMSG) {
			atomic_store(&check->error, r);
			return;
		}
		atomic_fetch_add(&check->read_size, extent->size);
		if (checker->is_main) {
			hw_check_progress(check, stderr);
		}
		index = atomic_fetch_add(&check->next_index, 1);
	}
}

/* Returns 0; -EBADMSG: the segment is gone; -errno. */
static int segment_enter(struct hw_checker *checker, const struct hw_extent *extent)
{
	if (checker->fd >= 0 && checker->shard == extent->shard &&
	    checker->segment == extent->segment) {
		return 0;
	}
	if (checker->fd >= 0) {
		(void)close(checker->fd); /* read only */
	}
	checker->shard = extent->shard;
	checker->segment = extent->segment;
	checker->fd = hw_files_segment_open_direct(&checker->check->files, extent->shard,
						   extent->segment);
	if (checker->fd < 0) {
		return checker->fd == -ENOENT ? -EBADMSG : checker->fd;
	}
	return 0;
}

/* Returns 0; -EBADMSG: the file ends before, or the disk does not give it; -errno. */
static int extent_read(const struct hw_checker *checker, const struct hw_extent *extent)
{
	uint32_t size = hw_extent_disk_size(extent->size);
	uint32_t tries = 0;
	uint32_t at = 0;
	while (at < size) {
		ssize_t r = pread(checker->fd, checker->bytes + at, size - at,
				  (off_t)(extent->offset + at));
		if (r < 0 && ++tries == READ_TRIES) {
			return errno == EIO || errno == EUCLEAN || errno == EILSEQ ? -EBADMSG
										   : -errno;
		}
		uint32_t got = r > 0 ? (uint32_t)r : 0;
		if (r >= 0 && at + got < size) {
			got -= got % HW_PAGE_SIZE; /* the next read must begin there */
		}
		if (r >= 0 && got == 0) {
			return -EBADMSG;
		}
		at += got;
	}
	return 0;
}

static int verify(struct hw_checker *checker, const struct hw_extent *extent)
{
	int r = segment_enter(checker, extent);
	if (r >= 0) {
		r = extent_read(checker, extent);
	}
	if (r < 0) {
		return r;
	}
	struct hw_hash leaves[HW_CHUNK_BLOCKS];
	struct hw_hash root;
	uint32_t count = hw_extent_block_count(extent->size);
	hw_merkle_leaves(checker->bytes, extent->size, leaves);
	hw_merkle_chunk_id(leaves, count, &root);
	bool is_good = memcmp(root.bytes, extent->root, HW_HASH_SIZE) == 0;
	if (is_good && count > 1) { /* a chunk is read by its leaves: they are as precious */
		is_good = memcmp(checker->bytes + hw_page_round(extent->size), leaves,
				 (size_t)count * HW_HASH_SIZE) == 0;
	}
	return is_good ? 0 : -EBADMSG;
}

/* -- what comes of it -- */

static int mark_all(struct hw_check *check)
{
	static struct hw_catalog_request request;
	struct hw_catalog_request *requests[] = {&request};
	for (uint32_t i = 0; i < check->damaged_count; i++) {
		request.verb = HW_CATALOG_DAMAGED;
		request.now_ms = hw_clock_wall_ms();
		request.extent_count = 1;
		request.extents[0] = check->damaged[i];
		hw_catalog_db_run(check->ports.db, requests, 1);
		check->unmarked_count += request.res < 0;
	}
	return 0;
}

static int repair(struct hw_check *check)
{
	if (!check->config->has_repair) {
		return 0;
	}
	if (check->is_torn) {
		return fail("repair.refused", -EBADMSG,
			    "the catalog names bytes that the segments do not have; nothing was "
			    "given back: restore both from the same backup");
	}
	int r = hw_ports_recover(&check->ports, &check->repaired);
	if (r >= 0) {
		r = used_size_sum(check, &check->left_size);
	}
	check->is_repaired = r >= 0;
	return r < 0 ? fail("repair.failed", r, "the data directory cannot be written") : 0;
}

static void end(struct hw_check *check)
{
	for (uint32_t i = 0; i < check->checker_count; i++) {
		if (check->checkers[i].fd >= 0) {
			(void)close(check->checkers[i].fd); /* read only */
		}
		free(check->checkers[i].bytes);
	}
	free(check->damaged);
	hw_catalog_db_close(check->ports.db);
	hw_files_close(&check->files);
}
