/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: after recovery exactly the live extents take space, whatever lay around them; a catalog
 * that does not fit its segments is refused before anything of them is lost.
 * Method: seeded layouts of real files in several shards, compared page by page (contents and
 * SEEK_DATA) with a model; then again, which must change nothing. Usage: recover_test [SEED]
 */
#include "core/store/recover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "core/base/prng.h"
#include "tests/unit/store/data_dir.h"

#define SEED_COUNT   150U
#define PAGES_MAX    160U
#define SEGMENTS_MAX 24U
#define EXTENTS_MAX  256U

struct model_segment {
	uint32_t shard;
	uint32_t number;
	uint32_t page_count;
	uint32_t live_end; /* pages up to the end of the last live extent; 0: none lives */
	bool is_live[PAGES_MAX];
};

/* In the order of the disk, as the catalog would give them. */
struct model {
	struct data_dir dir;
	struct hw_files files;
	struct hw_prng prng;
	struct model_segment segments[SEGMENTS_MAX];
	uint32_t segment_count;
	struct hw_extent extents[EXTENTS_MAX];
	uint32_t extent_count;
	uint32_t kept_count; /* told by recovery */
};

static uint64_t g_seed_only;
static uint64_t g_seed; /* of the layout at work */
static struct model g_model;

static void model_begin(uint64_t seed)
{
	memset(&g_model, 0, sizeof(g_model));
	hw_prng_init(&g_model.prng, seed);
	data_dir_make(&g_model.dir);
	assert_int_equal(hw_files_open(&g_model.files, g_model.dir.path, 0, false), 0);
}

static void model_end(void)
{
	hw_files_close(&g_model.files);
	data_dir_remove(&g_model.dir);
}

/* Every byte of page @page differs from zero and from its neighbours'. */
static uint8_t page_mark(const struct model_segment *segment, uint32_t page)
{
	return (uint8_t)(1 + (segment->number * 7 + segment->shard * 3 + page) % 255);
}

static struct model_segment *segment_make(uint32_t shard, uint32_t number, uint32_t page_count)
{
	assert_true(g_model.segment_count < SEGMENTS_MAX && page_count <= PAGES_MAX);
	struct model_segment *segment = &g_model.segments[g_model.segment_count++];
	segment->shard = shard;
	segment->number = number;
	segment->page_count = page_count;
	char path[300];
	data_dir_segment_path(&g_model.dir, shard, number, path);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	(void)mkdir(path, 0700); /* may be there */
	*slash = '/';
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (uint32_t i = 0; i < page_count; i++) {
		uint8_t page[HW_PAGE_SIZE];
		memset(page, page_mark(segment, i), sizeof(page));
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	}
	assert_int_equal(close(fd), 0);
	return segment;
}

static struct hw_extent extent_at(const struct model_segment *segment, uint32_t page, uint32_t size)
{
	return (struct hw_extent){.offset = (uint64_t)page * HW_PAGE_SIZE,
				  .segment = segment->number,
				  .shard = segment->shard,
				  .size = size};
}

/* Returns the first page behind it. */
static uint32_t extent_make(struct model_segment *segment, uint32_t page, uint32_t size)
{
	uint32_t end = page + hw_extent_disk_size(size) / HW_PAGE_SIZE;
	assert_true(end <= segment->page_count && g_model.extent_count < EXTENTS_MAX);
	g_model.extents[g_model.extent_count++] = extent_at(segment, page, size);
	for (uint32_t i = page; i < end; i++) {
		segment->is_live[i] = true;
	}
	segment->live_end = end;
	return end;
}

static void segment_fill(struct model_segment *segment)
{
	static const uint32_t sizes[] = {1, 4095, 4096, 4097, 16384, 16385, 32768, 70000, 262144};
	struct hw_prng *prng = &g_model.prng;
	uint32_t gap_percent = (uint32_t)hw_prng_below(prng, 101);
	uint32_t page = 0;
	for (uint32_t i = 0; i < 12; i++) {
		if (hw_prng_chance(prng, gap_percent)) {
			page += (uint32_t)hw_prng_between(prng, 1, 9);
		}
		uint32_t size = sizes[hw_prng_below(prng, hw_count_of(sizes))];
		if (hw_prng_chance(prng, 50)) {
			size = (uint32_t)hw_prng_between(prng, 1, 40000);
		}
		if (page + hw_extent_disk_size(size) / HW_PAGE_SIZE > segment->page_count) {
			return;
		}
		page = extent_make(segment, page, size);
	}
}

static void shard_make(uint32_t shard)
{
	struct hw_prng *prng = &g_model.prng;
	uint32_t count = (uint32_t)hw_prng_below(prng, 5);
	uint32_t number = 0;
	for (uint32_t i = 0; i < count; i++) {
		number += (uint32_t)hw_prng_between(prng, 1, 3);
		uint32_t page_count = (uint32_t)hw_prng_below(prng, PAGES_MAX + 1);
		struct model_segment *segment = segment_make(shard, number, page_count);
		if (hw_prng_chance(prng, 70)) {
			segment_fill(segment);
		}
	}
}

static void layout_make(void)
{
	static const uint32_t shards[] = {0, 1, 2, 17, HW_SHARD_COUNT_MAX - 1};
	for (uint32_t i = 0; i < hw_count_of(shards); i++) {
		shard_make(shards[i]);
	}
}

/* -- what recovery tells, and what it left */

static void kept(void *user, uint32_t shard, uint32_t number)
{
	struct model *model = user;
	uint32_t live_count = 0;
	for (uint32_t i = 0; i < model->segment_count; i++) {
		const struct model_segment *segment = &model->segments[i];
		if (segment->live_end == 0) {
			continue;
		}
		if (live_count++ == model->kept_count) { /* in the order of the disk */
			assert_int_equal(segment->shard, shard);
			assert_int_equal(segment->number, number);
		}
	}
	model->kept_count++;
	assert_true(model->kept_count <= live_count);
}

static int recover(struct hw_recover *recover)
{
	g_model.kept_count = 0;
	int r = hw_recover_begin(recover, &g_model.files, kept, &g_model);
	for (uint32_t i = 0; r >= 0 && i < g_model.extent_count; i++) {
		r = hw_recover_extent(recover, &g_model.extents[i]);
	}
	int end = hw_recover_end(recover, r >= 0);
	return r < 0 ? r : end;
}

static void page_check(int fd, const struct model_segment *segment, uint32_t page)
{
	uint8_t bytes[HW_PAGE_SIZE];
	off_t offset = (off_t)page * (off_t)HW_PAGE_SIZE;
	assert_int_equal(pread(fd, bytes, sizeof(bytes), offset), sizeof(bytes));
	uint8_t mark = segment->is_live[page] ? page_mark(segment, page) : 0;
	for (uint32_t i = 0; i < HW_PAGE_SIZE; i++) {
		assert_int_equal(bytes[i], mark);
	}
	off_t data = lseek(fd, offset, SEEK_DATA);
	assert_int_equal(data == offset, segment->is_live[page]);
}

static void segment_check(const struct model_segment *segment)
{
	if (segment->live_end == 0) {
		assert_true(data_dir_used_size(&g_model.dir, segment->shard, segment->number) < 0);
		return;
	}
	char path[300];
	data_dir_segment_path(&g_model.dir, segment->shard, segment->number, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct stat status;
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(status.st_size == (off_t)segment->live_end * (off_t)HW_PAGE_SIZE);
	uint32_t live_count = 0;
	for (uint32_t i = 0; i < segment->live_end; i++) {
		page_check(fd, segment, i);
		live_count += segment->is_live[i];
	}
	/* The file system's own map of many pieces may take a block or two. */
	assert_true(status.st_blocks * 512 <= (int64_t)(live_count + 2) * (int64_t)HW_PAGE_SIZE);
	assert_int_equal(close(fd), 0);
}

static void result_check(const struct hw_recover *result, bool is_first)
{
	uint32_t live_count = 0;
	uint32_t next[HW_SHARD_COUNT_MAX];
	for (uint32_t i = 0; i < HW_SHARD_COUNT_MAX; i++) {
		next[i] = 1;
	}
	for (uint32_t i = 0; i < g_model.segment_count; i++) {
		const struct model_segment *segment = &g_model.segments[i];
		segment_check(segment);
		live_count += segment->live_end > 0;
		if (segment->live_end > 0 || is_first) {
			next[segment->shard] = segment->number + 1;
		}
	}
	assert_int_equal(g_model.kept_count, live_count);
	assert_int_equal(result->kept_count, live_count);
	assert_int_equal(result->unlinked_count, is_first ? g_model.segment_count - live_count : 0);
	assert_memory_equal(result->next_segments, next, sizeof(next));
}

static void seed_run(uint64_t seed)
{
	g_seed = seed;
	model_begin(seed);
	layout_make();
	struct hw_recover result;
	assert_int_equal(recover(&result), 0);
	result_check(&result, true);
	assert_int_equal(recover(&result), 0);
	result_check(&result, false);
	model_end();
}

static void test_seeds(void **state)
{
	(void)state;
	if (g_seed_only != 0) {
		seed_run(g_seed_only);
		return;
	}
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		seed_run(seed);
	}
}

/* -- a catalog that does not fit */

/* Two segments with three extents each, and one that nobody names. */
static void small_make(void)
{
	model_begin(0);
	for (uint32_t number = 1; number <= 2; number++) {
		struct model_segment *segment = segment_make(2, number, 40);
		uint32_t page = extent_make(segment, 0, 5000);
		page = extent_make(segment, page + 1, 20000);
		(void)extent_make(segment, page + 2, 1); /* its end: not needed */
	}
}

static void live_pages_check(const struct model_segment *segment)
{
	char path[300];
	data_dir_segment_path(&g_model.dir, segment->shard, segment->number, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (uint32_t page = 0; page < segment->live_end; page++) {
		if (segment->is_live[page]) {
			page_check(fd, segment, page);
		}
	}
	assert_int_equal(close(fd), 0);
}

/* Refused, and what was live in truth is still there, page by page. */
static void refused_check(void)
{
	struct hw_recover result;
	assert_int_equal(recover(&result), -EBADMSG);
	assert_null(result.segments); /* nothing leaks */
	for (uint32_t i = 0; i < g_model.segment_count; i++) {
		live_pages_check(&g_model.segments[i]);
	}
	model_end();
}

static void extents_swap(uint32_t a, uint32_t b)
{
	struct hw_extent extent = g_model.extents[a];
	g_model.extents[a] = g_model.extents[b];
	g_model.extents[b] = extent;
}

/* Only the answer: what was settled on the way there was settled by the catalog's word. */
static void test_out_of_order(void **state)
{
	(void)state;
	static const uint32_t swaps[][2] = {{1, 2}, {0, 5}, {2, 3}, {0, 1}};
	for (uint32_t i = 0; i < hw_count_of(swaps); i++) {
		small_make();
		extents_swap(swaps[i][0], swaps[i][1]);
		struct hw_recover result;
		assert_int_equal(hw_recover_begin(&result, &g_model.files, NULL, NULL), 0);
		int r = 0;
		for (uint32_t k = 0; r >= 0 && k < g_model.extent_count; k++) {
			r = hw_recover_extent(&result, &g_model.extents[k]);
		}
		assert_int_equal(r, -EBADMSG);
		assert_int_equal(hw_recover_end(&result, false), 0);
		model_end();
	}
}

/* Back into a segment before the current one: the current one is not cut for that. */
static void test_segment_backwards(void **state)
{
	(void)state;
	small_make();
	g_model.extents[4].segment = 1;
	refused_check();
}

static void test_shard_backwards(void **state)
{
	(void)state;
	small_make();
	g_model.extents[5].shard = 1;
	refused_check();
}

static void test_overlap(void **state)
{
	(void)state;
	small_make();
	g_model.extents[1].offset -= UINT64_C(2) * HW_PAGE_SIZE;
	refused_check();
	small_make();
	g_model.extents[1] = g_model.extents[0]; /* the same place twice */
	refused_check();
}

static void test_beyond_end(void **state)
{
	(void)state;
	small_make();
	g_model.extents[5].offset = UINT64_C(40) * HW_PAGE_SIZE;
	refused_check();
	small_make();
	g_model.extents[5].size = HW_CHUNK_SIZE;
	refused_check();
	/* So far that offset + size begins at zero again. */
	small_make();
	g_model.extents[4].offset = UINT64_MAX - HW_PAGE_SIZE + 1;
	g_model.extents[4].size = 4096;
	refused_check();
	small_make();
	g_model.extents[4].offset = UINT64_MAX - 8 * (uint64_t)HW_PAGE_SIZE + 1;
	g_model.extents[4].size = 12 * HW_PAGE_SIZE;
	refused_check();
}

static void test_malformed(void **state)
{
	(void)state;
	static const struct {
		uint64_t offset_add;
		uint32_t size;
		uint32_t shard;
	} cases[] = {
		{0, 0, 2},     {0, HW_CHUNK_SIZE + 1, 2},    {0, UINT32_MAX, 2},   {1, 100, 2},
		{512, 100, 2}, {0, 100, HW_SHARD_COUNT_MAX}, {0, 100, UINT32_MAX},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		small_make();
		g_model.extents[5].offset += cases[i].offset_add;
		g_model.extents[5].size = cases[i].size;
		g_model.extents[5].shard = cases[i].shard;
		refused_check();
	}
}

/* One extent more, in a place that is not there. */
static void test_missing_segment(void **state)
{
	(void)state;
	static const struct {
		uint32_t shard;
		uint32_t segment;
	} places[] = {{2, 3}, {2, UINT32_MAX}, {3, 1}, {HW_SHARD_COUNT_MAX - 1, 1}};
	for (uint32_t i = 0; i < hw_count_of(places); i++) {
		small_make();
		g_model.extents[6] = (struct hw_extent){
			.shard = places[i].shard, .segment = places[i].segment, .size = 1};
		g_model.extent_count = 7;
		refused_check();
	}
}

static void test_nothing(void **state)
{
	(void)state;
	model_begin(0);
	struct hw_recover result;
	assert_int_equal(recover(&result), 0);
	result_check(&result, true);
	/* Without anybody who wants to hear. */
	(void)extent_make(segment_make(0, 1, 2), 0, 10);
	assert_int_equal(hw_recover_begin(&result, &g_model.files, NULL, NULL), 0);
	assert_int_equal(hw_recover_extent(&result, &g_model.extents[0]), 0);
	assert_int_equal(hw_recover_end(&result, true), 0);
	assert_int_equal(result.kept_count, 1);
	model_end();
}

int main(int argc, char **argv)
{
	g_seed_only = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_segment_backwards),
		cmocka_unit_test(test_shard_backwards),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_beyond_end),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_missing_segment),
		cmocka_unit_test(test_nothing),
	};
	int failed_count = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed_count > 0) {
		print_error("recover_test: the last seed was %llu\n", (unsigned long long)g_seed);
	}
	return failed_count;
}
