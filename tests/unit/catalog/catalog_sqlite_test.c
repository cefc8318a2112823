/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a group of requests is one commit, in which one request's error hurts no other; a full disk
 * refuses what does not fit and nothing else; an I/O error ends all writing until a restart.
 * Method: groups by hand; a full disk by max_page_count, an I/O error by a limit on the file size.
 */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define GROUP 600U /* more than two transactions */

struct group {
	struct hw_catalog_request requests[GROUP];
	struct hw_catalog_request *pointers[GROUP];
};

static struct group *group_new(void)
{
	struct group *group = calloc(1, sizeof(*group));
	assert_non_null(group);
	for (uint32_t i = 0; i < GROUP; i++) {
		group->pointers[i] = &group->requests[i];
	}
	return group;
}

static void upload(struct fixture *fixture, struct hw_catalog_request *request, uint32_t share)
{
	request_commit(request, 0, share, HW_CHUNK_SIZE);
	request_extent(request, fixture_extent(fixture, share, HW_CHUNK_SIZE));
}

static void group_is_one_commit(void **state)
{
	struct fixture *fixture = *state;
	struct group *group = group_new();
	for (uint32_t i = 0; i < GROUP; i++) {
		upload(fixture, &group->requests[i], i);
	}
	uint64_t before = hw_catalog_db_stats(fixture->db)->commits;
	hw_catalog_db_run(fixture->db, group->pointers, 64);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->commits, before + 1);
	hw_catalog_db_run(fixture->db, &group->pointers[64], GROUP - 64);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->commits, before + 4);
	for (uint32_t i = 0; i < GROUP; i++) {
		assert_int_equal(group->requests[i].res, 0);
	}
	hw_catalog_db_run(fixture->db, group->pointers, 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 1"),
			 GROUP);
	free(group);
}

static void errors_hurt_no_neighbour(void **state)
{
	struct fixture *fixture = *state;
	struct group *group = group_new();
	file_make(fixture, 1000, 1000, 1);
	for (uint32_t i = 0; i < 100; i++) {
		struct hw_catalog_request *request = &group->requests[i];
		upload(fixture, request, i);
		if (i % 5 == 1) {
			request->file_size++; /* found after its chunk was counted as a duplicate */
			fixture_root(1000, request->extents[0].root);
		} else if (i % 5 == 2) {
			memcpy(request->share_id, group->requests[0].share_id, HW_SHARE_ID_SIZE);
		} else if (i % 5 == 3) {
			request_share(request, HW_CATALOG_DELETE, i);
		} else if (i % 5 == 4) {
			request->extents[0].offset = 0; /* where share 1000 has its chunk */
			request->extents[0].segment = 0;
		}
	}
	hw_catalog_db_run(fixture->db, group->pointers, 100);
	const int expected[] = {0, -EINVAL, -EEXIST, -ENOENT, -EINVAL};
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(group->requests[i].res, expected[i % 5]);
	}
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 21);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 21);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 0);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_dropped, 0);
	free(group);
}

static void group_runs_in_its_order(void **state)
{
	struct fixture *fixture = *state;
	struct group *group = group_new();
	file_make(fixture, 1, 1, 1);
	upload(fixture, &group->requests[0], 5);
	request_share(&group->requests[1], HW_CATALOG_LOOKUP, 5);
	request_share(&group->requests[2], HW_CATALOG_DELETE, 5);
	request_share(&group->requests[3], HW_CATALOG_DELETE, 5);
	request_share(&group->requests[4], HW_CATALOG_DELETE, 1);
	request_share(&group->requests[5], HW_CATALOG_LOOKUP, 1);
	hw_catalog_db_run(fixture->db, group->pointers, 6);
	const int expected[] = {0, -ENOENT, 0, -ENOENT, 0, 0};
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(group->requests[i].res, expected[i]);
	}
	/* The look-up came first and pinned: the deleted file can still be read. */
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 1);
	assert_int_equal(punches_of(fixture, &group->requests[5].extents[0]), 0);
	assert_int_equal(file_unpin(fixture, group->requests[5].file_id), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &group->requests[5].extents[0]), 1);
	free(group);
}

static void pages_limit(struct fixture *fixture, long long more)
{
	char sql[64];
	long long count = fixture_number(fixture, "PRAGMA page_count");
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", count + more);
	fixture_execute(fixture, sql);
}

static void full_disk_refuses_what_does_not_fit(void **state)
{
	struct fixture *fixture = *state;
	struct group *group = group_new();
	for (uint32_t i = 0; i < 50; i++) {
		file_make(fixture, 1000 + i, 1000 + i, 1);
	}
	fixture_drain(fixture);
	pages_limit(fixture, 2);
	for (uint32_t i = 0; i < 256; i++) {
		upload(fixture, &group->requests[i], i);
		if (i % 8 == 0) {
			request_share(&group->requests[i], HW_CATALOG_DELETE, 1000 + i / 8);
		}
	}
	hw_catalog_db_run(fixture->db, group->pointers, 256);
	uint32_t refused = 0;
	for (uint32_t i = 0; i < 256; i++) {
		int res = group->requests[i].res;
		if (i % 8 == 0) {
			assert_int_equal(res, 0);
		} else {
			assert_true(res == 0 || res == -ENOSPC);
			refused += res == -ENOSPC ? 1 : 0;
		}
	}
	assert_true(refused > 100);
	assert_false(hw_catalog_db_is_broken(fixture->db));
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 1"),
			 18 + 224 - refused);
	struct hw_catalog_request found;
	for (uint32_t i = 0; i < 256; i++) {
		if (i % 8 != 0) {
			int expected = group->requests[i].res == 0 ? 0 : -ENOENT;
			assert_int_equal(share_lookup(fixture, i, &found), expected);
			assert_int_equal(expected == 0 ? file_unpin(fixture, found.file_id) : 0, 0);
		}
	}
	fixture_execute(fixture, "PRAGMA max_page_count = 1000000");
	hw_catalog_db_run(fixture->db, group->pointers, 256);
	for (uint32_t i = 0; i < 256; i++) {
		int res = group->requests[i].res;
		assert_true(res == 0 || res == -ENOENT); /* what was done is done */
	}
	free(group);
}

static void limit_file_size(uint64_t size)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* HAZARDS P6: what failed to be written is not tried again, and nothing is punched any more. */
static void io_error_ends_all_writing(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct group *group = group_new();
	file_make(fixture, 1, 1, 1);
	fixture_drain(fixture);
	file_make(fixture, 2, 1, 1); /* a duplicate: one extent is to be punched */
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_file_size(4096);
	for (uint32_t i = 0; i < 3; i++) {
		upload(fixture, &group->requests[i], 10 + i);
	}
	hw_catalog_db_run(fixture->db, group->pointers, 3);
	limit_file_size(RLIM_INFINITY);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(group->requests[i].res, -EROFS);
	}
	assert_true(hw_catalog_db_is_broken(fixture->db));
	assert_int_equal(share_delete(fixture, 1), -EROFS);
	request_file(&request, HW_CATALOG_EXTENT_DROP, 0);
	request_extent(&request, group->requests[0].extents[0]);
	assert_int_equal(run_one(fixture, &request), -EROFS);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), -EROFS);
	assert_int_equal(fixture->act_count, 0);
	assert_int_equal(share_lookup(fixture, 1, &request), 0); /* reading goes on */
	assert_int_equal(file_unpin(fixture, request.file_id), 0);

	fixture_crash(fixture);
	assert_int_equal(share_lookup(fixture, 1, &request), 0);
	upload(fixture, &request, 20);
	assert_int_equal(run_one(fixture, &request), 0);
	free(group);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(group_is_one_commit),       CASE(errors_hurt_no_neighbour),
		CASE(group_runs_in_its_order),   CASE(full_disk_refuses_what_does_not_fit),
		CASE(io_error_ends_all_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
