/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who waits for a file hears of every change of it that it can see, once, and after a second
 * of nothing. Method: a share with an unfinished file, each change of it, watched by two. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

struct watched {
	struct fixture *fixture;
	uint64_t file_id;
	struct hw_upload upload;
	struct hw_catalog_request requests[2];
};

static void watch(struct watched *watched, uint32_t i, uint64_t now_ms, int expected)
{
	struct hw_catalog_request *request = &watched->requests[i];
	request->verb = HW_CATALOG_WATCH;
	request->now_ms = now_ms;
	assert_int_equal(run_one(watched->fixture, request), expected);
}

static uint32_t answers_take(struct watched *watched)
{
	uint32_t count = 0;
	struct hw_catalog_request *request = hw_catalog_db_watch_next(watched->fixture->db);
	while (request != NULL) {
		assert_true(request == &watched->requests[0] || request == &watched->requests[1]);
		assert_int_equal(request->res, 0);
		count++;
		request = hw_catalog_db_watch_next(watched->fixture->db);
	}
	return count;
}

static struct watched *watched_make(struct fixture *fixture)
{
	static struct watched watched;
	watched = (struct watched){.fixture = fixture, .upload = {.length = HW_CHUNK_SIZE}};
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "a", HW_CHUNK_SIZE, &watched.file_id), 0);
	for (uint32_t i = 0; i < 2; i++) {
		request_share(&watched.requests[i], HW_CATALOG_LOOKUP, 1);
		watched.requests[i].name_size = 0;
		assert_int_equal(run_one(fixture, &watched.requests[i]), 0);
	}
	assert_int_equal(answers_take(&watched), 0);
	return &watched;
}

static void watched_free(struct watched *watched)
{
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(file_unpin(watched->fixture, watched->file_id), 0);
	}
}

static void every_change_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct watched *watched = watched_make(fixture);
	struct hw_catalog_request request;
	struct hw_upload found;
	const struct hw_catalog_request *told = &watched->requests[0];
	for (uint32_t change = 0; change < 6; change++) {
		watch(watched, 0, 0, -EINPROGRESS);
		watch(watched, 1, 0, -EINPROGRESS);
		assert_int_equal(answers_take(watched), 0);
		switch (change) {
		case 0:
			assert_int_equal(upload_append(fixture, watched->file_id, &watched->upload,
						       fixture_extent(fixture, 1, HW_BLOCK_SIZE),
						       0),
					 0);
			break;
		case 1:
			assert_int_equal(file_leave(fixture, watched->file_id), 0);
			break;
		case 2:
			request_upload(&request, HW_CATALOG_UPLOAD_OPEN, 9, &found);
			request.home = 6;
			assert_int_equal(run_one(fixture, &request), 0);
			break;
		case 3:
			request_append(&request, watched->file_id);
			request.is_leaving = true; /* and fails */
			assert_int_equal(run_one(fixture, &request), -EINVAL);
			break;
		case 4:
			request_commit(&request, watched->file_id, 1, HW_CHUNK_SIZE);
			request.is_replacing = true;
			request.crc32 = 77;
			request_extent(&request, fixture_extent(fixture, 2, HW_CHUNK_SIZE));
			assert_int_equal(run_one(fixture, &request), 0);
			break;
		default:
			request_share(&request, HW_CATALOG_SHARE_END, 1);
			assert_int_equal(run_one(fixture, &request), 0);
			fixture_drain(fixture);
			break;
		}
		const uint64_t sizes[] = {HW_BLOCK_SIZE, HW_BLOCK_SIZE, HW_BLOCK_SIZE,
					  HW_BLOCK_SIZE, HW_CHUNK_SIZE, HW_CHUNK_SIZE};
		const uint16_t homes[] = {1,           HW_HOME_NONE, 6, HW_HOME_NONE, HW_HOME_NONE,
					  HW_HOME_NONE};
		const enum hw_file_state states[] = {HW_FILE_UNFINISHED, HW_FILE_UNFINISHED,
						     HW_FILE_UNFINISHED, HW_FILE_UNFINISHED,
						     HW_FILE_SEALED,     HW_FILE_TOMBSTONED};
		assert_int_equal(answers_take(watched), 2);
		assert_int_equal(told->file_size, sizes[change]);
		assert_int_equal(told->home, homes[change]);
		assert_int_equal(told->file_state, states[change]);
		assert_int_equal(told->length, HW_CHUNK_SIZE);
		assert_int_equal(told->crc32, change < 4 ? 0 : 77);
	}
	watched_free(watched);
}

static void changed_before_is_told_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct watched *watched = watched_make(fixture);
	watched->requests[0].file_size = 1;
	watch(watched, 0, 0, 0);
	assert_int_equal(watched->requests[0].file_size, 0);
	watched->requests[0].home = HW_HOME_NONE;
	watch(watched, 0, 0, 0);
	assert_int_equal(watched->requests[0].home, 1);
	watched->requests[0].file_state = HW_FILE_SEALED;
	watch(watched, 0, 0, 0);
	assert_int_equal(watched->requests[0].file_state, HW_FILE_UNFINISHED);
	watched->requests[0].file_id = 4711;
	watch(watched, 0, 0, -ENOENT);
	watched_free(watched);
}

static void nothing_is_told_after_a_second(void **state)
{
	struct fixture *fixture = *state;
	struct watched *watched = watched_make(fixture);
	struct hw_catalog_request request;
	watch(watched, 0, 5000, -EINPROGRESS);
	watch(watched, 1, 5600, -EINPROGRESS);
	const uint64_t sweeps[] = {5999, 6000, 6599, 6600};
	for (uint32_t i = 0; i < hw_count_of(sweeps); i++) {
		request_file(&request, HW_CATALOG_SWEEP, 0);
		request.now_ms = sweeps[i];
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(answers_take(watched), i % 2);
	}
	/* The clock was set back. */
	watch(watched, 0, 5000, -EINPROGRESS);
	request.now_ms = 4999;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(answers_take(watched), 1);
	/* The end: all are answered, and nobody waits any more. */
	watch(watched, 0, 5000, -EINPROGRESS);
	watch(watched, 1, 5000, -EINPROGRESS);
	hw_catalog_db_watch_close(fixture->db);
	assert_int_equal(answers_take(watched), 2);
	watch(watched, 0, 5000, 0);
	watched_free(watched);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(every_change_is_told),
		CASE(changed_before_is_told_at_once),
		CASE(nothing_is_told_after_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
