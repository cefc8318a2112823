/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: space comes back in bounded pieces, each hole once, never one that somebody needs; and a
 * segment is unlinked when it is sealed and empty, not before.
 * Method: every call of the port is remembered; large deletes with a crash after every piece. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int seal(struct fixture *fixture, uint32_t shard, uint32_t segment)
{
	return hw_catalog_db_segment_known(fixture->db, shard, segment);
}

static void punches_are_unique(struct fixture *fixture)
{
	for (uint32_t i = 0; i < fixture->act_count; i++) {
		if (!fixture->acts[i].is_unlink) {
			assert_int_equal(punches_of(fixture, &fixture->acts[i].extent), 1);
		}
	}
}

static void release_goes_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1300);
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 1300);
	const int64_t left[] = {788, 276, 0};
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t before = fixture->act_count;
		assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
		assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), left[i]);
		assert_true(fixture->act_count - before <= 16);
		fixture_judge(fixture);
	}
	uint64_t commits = hw_catalog_db_stats(fixture->db)->commits;
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 1300);
	punches_are_unique(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
	/* 1300 rows went with few commits. */
	assert_true(hw_catalog_db_stats(fixture->db)->commits - commits <= 10);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_punched, 1300);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_dropped, 1300);
}

static void many_small_files_go_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < 150; i++) {
		file_make(fixture, i, i, 1);
	}
	for (uint32_t i = 0; i < 150; i++) {
		assert_int_equal(share_delete(fixture, i), 0);
	}
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 150 - 64);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
	assert_int_equal(acts_count(fixture, false), 150);
}

static void release_survives_crashes(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1300);
	file_make(fixture, 2, 700, 100); /* shares 100 chunks with the first */
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 100);
	assert_int_equal(share_delete(fixture, 1), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
		fixture_judge(fixture);
		if (i == 1) {
			fixture_crash(fixture);
			break;
		}
	}
	fixture_judge(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 100);
	assert_int_equal(fixture_number(fixture, "SELECT sum(refs) FROM chunk"), 100);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 0);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 0);
	struct hw_catalog_request found;
	assert_int_equal(share_lookup(fixture, 2, &found), 0);
}

/* The rows of what was punched go with the next group of writes, if one comes. */
static void writes_take_the_rows_along(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 100);
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(fixture->act_count, 32);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 100);
	uint64_t commits = hw_catalog_db_stats(fixture->db)->commits;
	file_make(fixture, 2, 500, 0);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->commits, commits + 1);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 68);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 100);
	punches_are_unique(fixture);
}

/* Rows that come in behind the cursor of a running pass are not forgotten. */
static void late_rows_are_found(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 20); /* the lower places */
	file_make(fixture, 2, 100, 40);
	assert_int_equal(share_delete(fixture, 2), 0);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(fixture->act_count, 16);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 60);
	punches_are_unique(fixture);
}

static void failed_punch_is_not_tried_for_ever(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 5);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture->port_result = -EIO;
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 5);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->reclaim_errors, 5);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_punched, 0);
	assert_false(hw_catalog_db_is_broken(fixture->db));
}

/* What is on its way to somebody waits, and holds up nobody else; its segment stays. */
static void busy_extents_are_tried_again(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 40);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture->busy_count = 3;
	fixture_drain(fixture);                   /* it ends */
	assert_int_equal(fixture->act_count, 40); /* the second pass found them free */
	punches_are_unique(fixture);
	file_make(fixture, 2, 40, 20);
	assert_int_equal(share_delete(fixture, 2), 0);
	fixture->busy_count = 1000;
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 40);
	for (uint32_t i = 0; i < 3; i++) {
		hw_catalog_db_reclaim_again(fixture->db);
		fixture_drain(fixture);
		assert_int_equal(fixture->act_count, 40);
	}
	assert_int_equal(hw_catalog_db_stats(fixture->db)->reclaim_errors, 0);
	fixture->busy_count = 0;
	fixture_drain(fixture); /* nobody said again */
	assert_int_equal(fixture->act_count, 40);
	hw_catalog_db_reclaim_again(fixture->db);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 60);
	punches_are_unique(fixture);
	hw_catalog_db_reclaim_again(fixture->db);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 0);
}

static void unnamed_extents_are_punched_now(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_EXTENT_DROP, 0);
	for (uint32_t i = 0; i < 3; i++) {
		request_extent(&request, fixture_extent(fixture, i, HW_CHUNK_SIZE));
	}
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture->act_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(punches_of(fixture, &request.extents[i]), 1);
	}
	request.extent_count = HW_EXTENT_BATCH_MAX + 1;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request.extent_count = 1;
	request.extents[0].size = 0;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(fixture->act_count, 3);
}

static void named_extents_are_never_dropped(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 2);
	file_make(fixture, 2, 0, 1); /* a duplicate: its extent waits on the list */
	struct hw_catalog_request found;
	struct hw_catalog_request request;
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	struct hw_extent listed = found.extents[1];
	listed.offset += hw_extent_disk_size(HW_CHUNK_SIZE);
	const struct hw_extent named[] = {found.extents[0], found.extents[1], listed};
	for (uint32_t i = 0; i < hw_count_of(named); i++) {
		request_file(&request, HW_CATALOG_EXTENT_DROP, 0);
		request_extent(&request, fixture_extent(fixture, 9, 1));
		request_extent(&request, named[i]);
		assert_int_equal(run_one(fixture, &request), -EINVAL);
		assert_int_equal(fixture->act_count, 0); /* not even the good one before it */
	}
}

static void empty_sealed_segments_are_unlinked(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 2);
	fixture->segment = 7;
	fixture->offset_next = 0;
	file_make(fixture, 2, 100, 2);
	assert_int_equal(seal(fixture, 0, 0), 0);
	assert_int_equal(seal(fixture, HW_SHARD_COUNT_MAX, 0), -EINVAL);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 0); /* a chunk lives in it */
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(share_delete(fixture, 2), 0);
	fixture_drain(fixture);
	/* Both are empty, one is sealed. The unlink comes after all the punches. */
	assert_int_equal(acts_count(fixture, false), 4);
	assert_int_equal(acts_count(fixture, true), 1);
	assert_true(fixture->acts[4].is_unlink);
	assert_int_equal(fixture->acts[4].extent.segment, 0);
	assert_int_equal(seal(fixture, 0, 7), 0);
	assert_int_equal(seal(fixture, 3, 4000000000U), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, true), 3);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->segments_unlinked, 3);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, true), 3);
}

/* A sealed segment stays as long as a row of the list names it, whatever order things take. */
static void segment_waits_for_its_list(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 50);
	fixture->segment = 9;
	assert_int_equal(share_delete(fixture, 1), 0);
	for (uint32_t i = 0; i < 4; i++) {
		for (uint32_t segment = 0; segment < 5; segment++) {
			assert_int_equal(seal(fixture, 0, segment), 0);
		}
		assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	}
	assert_int_equal(acts_count(fixture, true), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 50);
	assert_int_equal(acts_count(fixture, true), 5);
}

/* A row that reclaiming was not told of, from wherever: its segment stays all the same. */
static void segment_waits_for_any_row(void **state)
{
	struct fixture *fixture = *state;
	fixture_drain(fixture);
	fixture_execute(fixture, "INSERT INTO dropped VALUES (0, 3, 0, 1)");
	assert_int_equal(seal(fixture, 0, 3), 0);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 0);
}

static void failed_unlink_is_not_tried_for_ever(void **state)
{
	struct fixture *fixture = *state;
	fixture->port_result = -EIO;
	assert_int_equal(seal(fixture, 0, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, true), 1);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->reclaim_errors, 1);
}

/* C9: a delete must work where nothing else fits. It takes the pages that it frees itself. */
static void full_file_gives_back(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 600);
	fixture_execute(fixture, "PRAGMA max_page_count = 1"); /* not one page more */
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 600);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_dropped, 600);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
	punches_are_unique(fixture);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(release_goes_in_pieces),
		CASE(many_small_files_go_in_pieces),
		CASE(release_survives_crashes),
		CASE(writes_take_the_rows_along),
		CASE(late_rows_are_found),
		CASE(failed_punch_is_not_tried_for_ever),
		CASE(busy_extents_are_tried_again),
		CASE(unnamed_extents_are_punched_now),
		CASE(named_extents_are_never_dropped),
		CASE(empty_sealed_segments_are_unlinked),
		CASE(segment_waits_for_its_list),
		CASE(segment_waits_for_any_row),
		CASE(failed_unlink_is_not_tried_for_ever),
		CASE(full_file_gives_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
