/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: any byte of a file comes in a slab that is right to the last byte; a read that is cancelled
 * at any moment leaves nothing behind, and the next one is right all the same.
 *
 * Method: a file of more extents than one answer of the catalog holds; offsets at the borders of
 * blocks, slabs, chunks and windows, there and back; each read cancelled after each number of
 * turns, with the catalog failing and not; no slab to be had; rows that do not add up.
 */
#include "tests/unit/talk/talk_table.h"

#include <errno.h>

#include "net/talk/file_reader.h"

#define WINDOW_SIZE (UINT64_C(1) * HW_EXTENT_BATCH_MAX * HW_CHUNK_SIZE)
#define FILE_SIZE   (WINDOW_SIZE + HW_CHUNK_SIZE + 70000)
#define SHIFT       23U
#define TURNS_MAX   60U

static struct talk_world g_world;
static struct talk_model g_model;

static struct {
	struct hw_file_reader file;
	struct hw_slab *slab;
	int res;
	uint32_t done_count;
	uint32_t found_count;
	uint32_t turns; /* left of a bounded run */
} g_run;

static void read_done(struct hw_file_reader *file, struct hw_slab *slab, int res)
{
	assert_ptr_equal(file, &g_run.file);
	assert_int_equal(slab == NULL, res < 0);
	g_run.slab = slab;
	g_run.res = res;
	g_run.done_count++;
}

static void catalog_done(struct hw_catalog_request *request)
{
	assert_int_equal(request->res, 0);
	g_run.found_count++;
}

static bool catalog_has_answered(void *user)
{
	(void)user;
	return g_run.found_count > 0;
}

static bool is_done(void *user)
{
	(void)user;
	return g_run.done_count > 0;
}

static bool is_turns_over(void *user)
{
	(void)user;
	return g_run.turns-- == 0;
}

static void catalog_ask(enum hw_catalog_verb verb)
{
	g_run.found_count = 0;
	hw_catalog_submit(g_world.talks.catalog, &g_run.file.request, verb, catalog_done);
	assert_int_equal(talk_world_run(&g_world, catalog_has_answered, NULL), 0);
}

static void begin(uint32_t slab_count)
{
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = slab_count;
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	memset(&g_run, 0, sizeof(g_run));
	uint32_t share = talk_share_make(&g_world, &g_model, FILE_SIZE, SHIFT);
	hw_file_reader_init(&g_run.file, &g_world.talks, read_done);
	memcpy(g_run.file.request.share_id, g_model.shares[share].share_id, HW_SHARE_ID_SIZE);
	catalog_ask(HW_CATALOG_LOOKUP);
	hw_file_reader_begin(&g_run.file);
}

static void end(void)
{
	hw_file_reader_cancel(&g_run.file);
	assert_false(hw_file_reader_is_reading(&g_run.file));
	g_run.file.request.file_id = g_run.file.file_id;
	catalog_ask(HW_CATALOG_UNPIN);
	talk_table_end(&g_world);
}

/* Read at @offset to the end of it. Returns what done said; a slab was checked and given back. */
static int read_at(uint64_t offset)
{
	g_run.done_count = 0;
	assert_int_equal(hw_file_reader_read(&g_run.file, offset), 0);
	assert_int_equal(g_run.done_count, 0);
	assert_int_equal(talk_world_run(&g_world, is_done, NULL), 0);
	assert_int_equal(g_run.done_count, 1);
	if (g_run.res < 0) {
		return g_run.res;
	}
	assert_int_equal(g_run.res, offset % HW_BLOCK_SIZE);
	uint64_t first = offset - offset % HW_BLOCK_SIZE;
	uint64_t chunk_end = offset - offset % HW_CHUNK_SIZE + HW_CHUNK_SIZE;
	uint64_t size = hw_min(chunk_end, FILE_SIZE) - first;
	assert_int_equal(g_run.slab->size, hw_min(size, (uint64_t)HW_SLAB_SIZE));
	assert_true(talk_content_equal(g_run.slab->bytes, g_run.slab->size, SHIFT, first));
	hw_slab_unref(hw_move(&g_run.slab));
	return g_run.res;
}

static const uint64_t g_offsets[] = {
	0,
	1,
	16383,
	16384,
	HW_SLAB_SIZE - 1,
	HW_SLAB_SIZE,
	HW_CHUNK_SIZE - 1,
	HW_CHUNK_SIZE,
	WINDOW_SIZE - 1,
	WINDOW_SIZE,
	WINDOW_SIZE + HW_CHUNK_SIZE,
	FILE_SIZE - 1,
};

static void reads_anywhere(void **state)
{
	(void)state;
	g_running.part = "reads_anywhere";
	begin(2);
	for (uint32_t i = 0; i < hw_count_of(g_offsets); i++) {
		for (uint32_t j = 0; j < hw_count_of(g_offsets); j++) {
			assert_true(read_at(g_offsets[i]) >= 0);
			assert_true(read_at(g_offsets[j]) >= 0);
		}
	}
	end();
}

/* Returns false when the read was over before its turns were. */
static bool cancel_after(uint64_t offset, uint32_t turns)
{
	g_run.done_count = 0;
	assert_int_equal(hw_file_reader_read(&g_run.file, offset), 0);
	g_run.turns = turns;
	assert_int_equal(talk_world_run(&g_world, is_turns_over, NULL), 0);
	if (g_run.done_count > 0) {
		hw_slab_unref(hw_move(&g_run.slab));
		return false;
	}
	hw_file_reader_cancel(&g_run.file);
	assert_int_equal(g_run.done_count, 0);
	if (hw_file_reader_is_reading(&g_run.file)) {
		assert_int_equal(talk_world_run(&g_world, is_done, NULL), 0);
		assert_int_equal(g_run.res, -ECANCELED);
	}
	assert_int_equal(g_world.reactor.slabs.free_count, g_world.reactor.slabs.count);
	return true;
}

static void cancelled_at_every_turn(void **state)
{
	(void)state;
	g_running.part = "cancelled_at_every_turn";
	begin(1);
	uint32_t cancelled_count = 0;
	for (uint32_t turns = 0; turns < TURNS_MAX; turns++) {
		g_running.place = turns;
		/* From the first window into the second, and back. */
		assert_true(read_at(5 * UINT64_C(1) * HW_CHUNK_SIZE) >= 0);
		cancelled_count += cancel_after(WINDOW_SIZE + 5, turns);
		assert_true(read_at(WINDOW_SIZE + HW_CHUNK_SIZE) >= 0);
		cancelled_count += cancel_after(HW_CHUNK_SIZE, turns);
		assert_true(read_at(0) >= 0);
	}
	assert_true(cancelled_count > 6);
	end();
}

/* The catalog refuses the second window while nobody wants it any more: what is still there is not
 * taken for it. */
static void window_refused(void **state)
{
	(void)state;
	g_running.part = "window_refused";
	begin(2);
	for (uint32_t is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
		assert_true(read_at(0) >= 0);
		g_world.catalog.fail_request = g_world.catalog.request_count + 1;
		if (is_cancelled == 0) {
			assert_true(read_at(WINDOW_SIZE) < 0);
		} else {
			assert_true(cancel_after(WINDOW_SIZE, 0));
		}
		g_world.catalog.fail_request = 0;
		assert_true(read_at(WINDOW_SIZE) >= 0);
		assert_true(read_at(WINDOW_SIZE + HW_CHUNK_SIZE + 1) >= 0);
	}
	end();
}

static void no_slab_to_be_had(void **state)
{
	(void)state;
	g_running.part = "no_slab_to_be_had";
	begin(1);
	struct hw_slab *slab = hw_slab_take(&g_world.reactor.slabs);
	assert_non_null(slab);
	g_run.done_count = 0;
	assert_int_equal(hw_file_reader_read(&g_run.file, 7), 0);
	talk_world_pass(&g_world, 100);
	assert_int_equal(g_run.done_count, 0);
	assert_true(hw_slab_has_waiters(&g_world.reactor.slabs));
	hw_file_reader_cancel(&g_run.file);
	assert_false(hw_file_reader_is_reading(&g_run.file));
	assert_false(hw_slab_has_waiters(&g_world.reactor.slabs));
	hw_slab_unref(slab);
	assert_true(read_at(7) >= 0);
	end();
}

static void rows_do_not_add_up(void **state)
{
	(void)state;
	g_running.part = "rows_do_not_add_up";
	begin(2);
	struct hw_extent *extent = &g_run.file.request.extents[1];
	uint32_t size = extent->size;
	extent->size = 16384;
	assert_int_equal(hw_file_reader_read(&g_run.file, HW_CHUNK_SIZE + 16384), -EBADMSG);
	assert_false(hw_file_reader_is_reading(&g_run.file));
	extent->size = size;
	assert_true(read_at(HW_CHUNK_SIZE + 16384) >= 0);
	/* Behind the last chunk there is nothing. */
	g_run.done_count = 0;
	assert_int_equal(hw_file_reader_read(&g_run.file, WINDOW_SIZE * 2), 0);
	assert_int_equal(talk_world_run(&g_world, is_done, NULL), 0);
	assert_int_equal(g_run.res, -EBADMSG);
	end();
}

/* A chunk that took the place of another is not read where that one was. */
static void window_is_replaced(void **state)
{
	(void)state;
	g_running.part = "window_is_replaced";
	begin(2);
	struct hw_extent extent = g_run.file.request.extents[0];
	hw_file_reader_window_set(&g_run.file, 0, &extent);
	assert_true(read_at(5) >= 0);
	assert_true(g_run.file.is_open);
	hw_file_reader_window_set(&g_run.file, 0, &extent);
	assert_true(g_run.file.is_open); /* the same again */
	struct hw_extent other = extent;
	other.offset += HW_PAGE_SIZE;
	hw_file_reader_window_set(&g_run.file, 0, &other);
	assert_false(g_run.file.is_open);
	hw_file_reader_window_set(&g_run.file, 0, &extent);
	assert_true(read_at(5) >= 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_anywhere),     cmocka_unit_test(cancelled_at_every_turn),
		cmocka_unit_test(window_refused),     cmocka_unit_test(no_slab_to_be_had),
		cmocka_unit_test(rows_do_not_add_up), cmocka_unit_test(window_is_replaced),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
