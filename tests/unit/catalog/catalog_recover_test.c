/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: after a start exactly the chunks of sealed files are named, in the order of the disk, and a
 * map that cannot be true is found before anybody punches by it.
 * Method: catalogs with files in every state, restarted; rows spoiled by hand. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

static int setup(void **state)
{
	static struct fixture fixture;
	fixture_init(&fixture);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	fixture_deinit(*state);
	return 0;
}

struct walk {
	struct hw_extent extents[64];
	uint32_t count;
	uint32_t stop_at;
};

static int walk_step(void *context, const struct hw_extent *extent)
{
	struct walk *walk = context;
	if (walk->count == walk->stop_at) {
		return -ECANCELED;
	}
	walk->extents[walk->count++] = *extent;
	return 0;
}

static void only_sealed_files_stay(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	file_make(fixture, 1, 0, 10);
	file_make(fixture, 2, 5, 10); /* half of it is known */
	file_make(fixture, 3, 100, 4);
	file_make(fixture, 4, 200, 4);
	assert_int_equal(share_delete(fixture, 3), 0); /* to be released */
	assert_int_equal(share_lookup(fixture, 4, &request), 0);
	assert_int_equal(share_delete(fixture, 4), 0); /* tombstoned and pinned */
	request_append(&request, 0);                   /* unfinished */
	request_extent(&request, fixture_extent(fixture, 7, HW_CHUNK_SIZE));
	request_extent(&request, fixture_extent(fixture, 300, HW_CHUNK_SIZE));
	assert_int_equal(run_one(fixture, &request), 0);
	for (uint32_t i = 0; i < 3; i++) {
		if (i < 2) {
			fixture_crash(fixture);
		} else {
			fixture_restart(fixture);
		}
		fixture_judge(fixture);
		struct walk walk = {.stop_at = 64};
		assert_int_equal(hw_catalog_db_extents_each(fixture->db, walk_step, &walk), 0);
		assert_int_equal(walk.count, 15);
		for (uint32_t k = 1; k < 15; k++) {
			uint64_t was = walk.extents[k - 1].segment * (UINT64_C(1) << 40) +
				       walk.extents[k - 1].offset;
			uint64_t is = walk.extents[k].segment * (UINT64_C(1) << 40) +
				      walk.extents[k].offset;
			assert_true(was < is);
		}
		assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 2);
		assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 0);
		assert_int_equal(hw_catalog_db_reclaim(fixture->db), 0);
	}
	/* Recovery itself punches nothing: the store gives back all that is not named. */
	assert_int_equal(fixture->act_count, 0);
	request_append(&request, 0);
	request_extent(&request, fixture_extent(fixture, 9, HW_CHUNK_SIZE));
	assert_int_equal(run_one(fixture, &request), 0);
	assert_true(request.file_id > 2);
}

static void many_files_take_many_transactions(void **state)
{
	struct fixture *fixture = *state;
	fixture_execute(fixture, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
				 "WHERE i < 20000) INSERT INTO file (file_id, state, file_size, "
				 "chunk_count) SELECT i, i % 2 * 2, 0, 0 FROM n");
	fixture_crash(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
}

static void walk_stops_when_asked(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 5);
	struct walk walk = {.stop_at = 3};
	assert_int_equal(hw_catalog_db_extents_each(fixture->db, walk_step, &walk), -ECANCELED);
	assert_int_equal(walk.count, 3);
	walk = (struct walk){.stop_at = 64};
	assert_int_equal(hw_catalog_db_extents_each(fixture->db, walk_step, &walk), 0);
	assert_int_equal(walk.count, 5);
}

static void overlap_is_found(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 5);
	fixture_execute(fixture, "UPDATE chunk SET offset = offset - 4096 WHERE offset = "
				 "(SELECT max(offset) FROM chunk)");
	struct walk walk = {.stop_at = 64};
	assert_int_equal(hw_catalog_db_extents_each(fixture->db, walk_step, &walk), -EBADMSG);
	assert_int_equal(walk.count, 4);
	assert_true(hw_catalog_db_is_broken(fixture->db));
	assert_int_equal(hw_catalog_db_recover(fixture->db), -EROFS);
}

static void impossible_rows_are_found(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 5);
	const char *const spoils[] = {
		"UPDATE chunk SET offset = offset + 1 WHERE offset = 0",
		"UPDATE chunk SET shard = 64 WHERE offset = 0",
		"UPDATE chunk SET shard = -1 WHERE offset = 0",
		"UPDATE chunk SET segment = 4294967296 WHERE offset = 0",
		"UPDATE chunk SET offset = 9223372036854771712 WHERE offset = 0",
	};
	for (uint32_t i = 0; i < hw_count_of(spoils); i++) {
		struct walk walk = {.stop_at = 64};
		fixture_execute(fixture, "BEGIN");
		fixture_execute(fixture, spoils[i]);
		assert_int_equal(hw_catalog_db_extents_each(fixture->db, walk_step, &walk),
				 -EBADMSG);
		fixture_execute(fixture, "ROLLBACK");
	}
}

/* A file that names a chunk which is not there: counted down to nothing, and refused. */
static void reference_to_nothing_is_found(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 5);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_execute(fixture, "DELETE FROM chunk WHERE offset = 0");
	hw_catalog_db_close(hw_move(&fixture->db));
	fixture_open(fixture);
	assert_int_equal(hw_catalog_db_recover(fixture->db), -EBADMSG);
	assert_true(hw_catalog_db_is_broken(fixture->db));
	assert_int_equal(fixture->act_count, 0);
}

static void segments_of_an_earlier_life_are_sealed(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	fixture_restart(fixture);
	assert_int_equal(hw_catalog_db_segment_known(fixture->db, 0, 0), 0);
	assert_int_equal(hw_catalog_db_segment_known(fixture->db, 1, 5), 0);
	assert_int_equal(hw_catalog_db_segment_known(fixture->db, HW_SHARD_COUNT_MAX, 5), -EINVAL);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 1);
	assert_int_equal(fixture->acts[0].extent.shard, 1);
	assert_int_equal(fixture->acts[0].extent.segment, 5);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, true), 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_sealed_files_stay),
		CASE(many_files_take_many_transactions),
		CASE(walk_stops_when_asked),
		CASE(overlap_is_found),
		CASE(impossible_rows_are_found),
		CASE(reference_to_nothing_is_found),
		CASE(segments_of_an_earlier_life_are_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
