/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a file is found also while it is unfinished, its extents and state are told as they are,
 * and a list shows all files with a name, in order and page by page. Method: one small catalog for
 * each case, judged by SQL after it. catalog_file_test.c has the look-up of sealed files. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

static void unfinished_is_found(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	struct hw_upload upload = {.length = UINT64_C(2) * HW_CHUNK_SIZE};
	struct hw_catalog_request found;
	struct hw_catalog_request request;
	struct hw_extent extent = fixture_extent(fixture, 1, HW_CHUNK_SIZE);
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "file-1.bin", upload.length, &file_id), 0);
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	assert_int_equal(found.file_size, 0);
	assert_int_equal(found.extent_count, 0);
	assert_int_equal(upload_append(fixture, file_id, &upload, extent, 0), 0);
	request_file(&request, HW_CATALOG_EXTENTS, file_id);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.file_size, HW_CHUNK_SIZE);
	assert_int_equal(request.length, 2 * HW_CHUNK_SIZE);
	assert_int_equal(request.file_state, HW_FILE_UNFINISHED);
	assert_int_equal(request.home, 1);
	assert_int_equal(request.extent_count, 1);
	assert_memory_equal(&request.extents[0], &extent, sizeof(extent));
	/* Given up while it is read: it stays readable, and says so. */
	struct hw_catalog_request give_up;
	request_file(&give_up, HW_CATALOG_ABORT, file_id);
	assert_int_equal(run_one(fixture, &give_up), 0);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.file_state, HW_FILE_TOMBSTONED);
	assert_int_equal(request.home, HW_HOME_NONE);
	assert_int_equal(request.extent_count, 1);
	assert_int_equal(share_lookup(fixture, 1, &found), -ENOENT);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 0);
	assert_int_equal(file_unpin(fixture, file_id), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &extent), 1);
}

static void list_pages_by_name(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"b", "a", "a.txt", "\xc3\xa4", "B", "aa"};
	static const char *const sorted[] = {"B", "a", "a.txt", "aa", "b", "\xc3\xa4"};
	struct hw_share_file rows[4];
	struct hw_catalog_request list;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(share_create(fixture, 2, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 2, 77, "other", 1, NULL), 0);
	for (uint32_t i = 0; i < hw_count_of(names); i++) {
		assert_int_equal(upload_create(fixture, 1, i + 1, names[i], 10 + i, NULL), 0);
	}
	assert_int_equal(upload_create(fixture, 1, 50, "", 1, NULL), 0); /* a part */
	request_share(&list, HW_CATALOG_FILE_LIST, 1);
	list.name_size = 0;
	list.files = rows;
	list.row_capacity = 4;
	for (uint32_t page = 0; page < 3; page++) {
		const uint32_t counts[] = {4, 2, 0};
		assert_int_equal(run_one(fixture, &list), 0);
		assert_int_equal(list.row_count, counts[page]);
		assert_int_equal(list.newest_id, 2 + hw_count_of(names));
		for (uint32_t i = 0; i < list.row_count; i++) {
			const char *name = sorted[page * 4 + i];
			assert_int_equal(rows[i].name_size, strlen(name));
			assert_memory_equal(rows[i].name, name, rows[i].name_size);
			assert_false(rows[i].is_sealed);
			assert_false(rows[i].has_crc32);
		}
		if (list.row_count > 0) {
			const struct hw_share_file *last = &rows[list.row_count - 1];
			list.name_size = last->name_size;
			memcpy(list.name, last->name, last->name_size);
		}
	}
	list.name_size = HW_NAME_SIZE_MAX + 1;
	assert_int_equal(run_one(fixture, &list), -EINVAL);
	request_share(&list, HW_CATALOG_FILE_LIST, 3);
	list.name_size = 0;
	assert_int_equal(run_one(fixture, &list), -ENOENT);
}

static void list_tells_how_far_a_file_is(void **state)
{
	struct fixture *fixture = *state;
	struct hw_share_file rows[2];
	struct hw_catalog_request list;
	struct hw_catalog_request commit;
	struct hw_upload upload = {.length = HW_LENGTH_UNKNOWN};
	uint64_t file_id = 0;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "a", HW_LENGTH_UNKNOWN, &file_id), 0);
	assert_int_equal(upload_append(fixture, file_id, &upload,
				       fixture_extent(fixture, 1, HW_BLOCK_SIZE), 3),
			 0);
	request_share(&list, HW_CATALOG_FILE_LIST, 1);
	list.name_size = 0;
	list.files = rows;
	list.row_capacity = 2;
	assert_int_equal(run_one(fixture, &list), 0);
	assert_int_equal(list.row_count, 1);
	assert_true(rows[0].length == HW_LENGTH_UNKNOWN);
	assert_int_equal(rows[0].offset, HW_BLOCK_SIZE + 3);
	request_commit(&commit, file_id, 1, HW_BLOCK_SIZE + 3);
	commit.is_replacing = true;
	upload.crc32 = UINT32_MAX;
	commit.upload = &upload;
	request_extent(&commit, fixture_extent(fixture, 2, HW_BLOCK_SIZE + 3));
	assert_int_equal(run_one(fixture, &commit), 0);
	assert_int_equal(run_one(fixture, &list), 0);
	assert_int_equal(rows[0].file_id, file_id);
	assert_true(rows[0].is_sealed);
	assert_true(rows[0].has_crc32);
	assert_int_equal(rows[0].crc32, UINT32_MAX);
	assert_int_equal(rows[0].length, HW_BLOCK_SIZE + 3);
	assert_int_equal(rows[0].offset, HW_BLOCK_SIZE + 3);
	assert_int_equal(rows[0].created_ms, commit.created_ms);
	assert_memory_equal(rows[0].root, commit.file_root, HW_HASH_SIZE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(unfinished_is_found),
		CASE(list_pages_by_name),
		CASE(list_tells_how_far_a_file_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
