/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each verb on files does what catalog.h says, and every error of a request leaves the
 * catalog and the request as they were. Method: one small catalog for each case; after it the file
 * is judged by SQL of its own. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

static void upload_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_extent extents[3];
	for (uint32_t i = 0; i < 3; i++) {
		extents[i] = fixture_extent(fixture, i, i < 2 ? HW_CHUNK_SIZE : 5000);
	}
	request_append(&request, 0);
	request_extent(&request, extents[0]);
	request_extent(&request, extents[1]);
	assert_int_equal(run_one(fixture, &request), 0);
	uint64_t file_id = request.file_id;
	assert_int_not_equal(file_id, 0);

	struct hw_catalog_request found;
	assert_int_equal(share_lookup(fixture, 9, &found), -ENOENT); /* P5: nothing partial */

	request_commit(&request, file_id, 9, 2 * HW_CHUNK_SIZE + 5000);
	request_extent(&request, extents[2]);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(share_lookup(fixture, 9, &found), 0);
	assert_int_equal(found.file_id, file_id);
	assert_int_equal(found.file_size, 2 * HW_CHUNK_SIZE + 5000);
	assert_int_equal(found.created_ms, request.created_ms);
	assert_memory_equal(found.file_root, request.file_root, HW_HASH_SIZE);
	assert_int_equal(found.extent_count, 3);
	assert_memory_equal(found.extents, extents, sizeof(extents));
	assert_int_equal(file_unpin(fixture, file_id), 0);
	assert_int_equal(file_unpin(fixture, file_id), -ENOENT);
}

static void only_file_needs_no_name(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 3, 100, 1);
	struct hw_catalog_request found;
	request_share(&found, HW_CATALOG_LOOKUP, 3);
	found.name_size = 0;
	memset(found.name, 0, sizeof(found.name));
	assert_int_equal(run_one(fixture, &found), 0);
	assert_int_equal(found.name_size, strlen("file-3.bin"));
	assert_memory_equal(found.name, "file-3.bin", found.name_size);
	struct hw_upload upload = {.length = 0};
	request_share(&found, HW_CATALOG_UPLOAD_CREATE, 3);
	found.name[0] = 'A';
	found.upload = &upload;
	found.home = HW_HOME_NONE;
	assert_int_equal(run_one(fixture, &found), 0);
	request_share(&found, HW_CATALOG_LOOKUP, 3);
	found.name_size = 0;
	assert_int_equal(run_one(fixture, &found), -EINVAL);
	request_share(&found, HW_CATALOG_DELETE, 3);
	found.name_size = 0;
	assert_int_equal(run_one(fixture, &found), -EINVAL);
	assert_int_equal(share_delete(fixture, 3), 0);
	request_share(&found, HW_CATALOG_DELETE, 3);
	found.name_size = 0;
	assert_int_equal(run_one(fixture, &found), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 0);
}

static void unknown_and_wrong_name_are_one_answer(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	struct hw_catalog_request request;
	struct hw_catalog_request before;
	assert_int_equal(share_lookup(fixture, 2, &request), -ENOENT);
	request_share(&request, HW_CATALOG_LOOKUP, 1);
	request.name[0] = 'F';
	before = request;
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	before.res = -ENOENT;
	assert_memory_equal(&request, &before, sizeof(request));
	request_share(&request, HW_CATALOG_LOOKUP, 1);
	request.name_size--;
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	request.name_size = HW_NAME_SIZE_MAX + 1;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

static void extents_come_in_batches(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 40);
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_EXTENTS, 1);
	assert_int_equal(run_one(fixture, &request), -ENOENT); /* not pinned */
	struct hw_catalog_request found;
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	assert_int_equal(found.extent_count, HW_EXTENT_BATCH_MAX);
	const uint32_t firsts[] = {0, 16, 32, 39, 40, 1000, UINT32_MAX};
	const uint32_t counts[] = {16, 16, 8, 1, 0, 0, 0};
	for (uint32_t i = 0; i < hw_count_of(firsts); i++) {
		request_file(&request, HW_CATALOG_EXTENTS, found.file_id);
		request.chunk_index = firsts[i];
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.extent_count, counts[i]);
		for (uint32_t k = 0; k < counts[i]; k++) {
			uint8_t root[HW_HASH_SIZE];
			fixture_root(firsts[i] + k, root);
			assert_memory_equal(request.extents[k].root, root, HW_HASH_SIZE);
		}
	}
}

static void empty_file_is_a_file(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 0);
	struct hw_catalog_request found;
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	assert_int_equal(found.file_size, 0);
	assert_int_equal(found.extent_count, 0);
	assert_int_equal(file_unpin(fixture, found.file_id), 0);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
}

/* Append one extent to a new file; what comes back must be an error that changed nothing. */
static void refused(struct fixture *fixture, struct hw_extent extent)
{
	struct hw_catalog_request request;
	request_append(&request, 0);
	request_extent(&request, extent);
	struct hw_catalog_request before = request;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	before.res = -EINVAL;
	assert_memory_equal(&request, &before, sizeof(request));
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 0"), 0);
}

static void impossible_extents_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct hw_extent good = fixture_extent(fixture, 1, 20000);
	struct hw_extent bad = good;
	bad.size = 0;
	refused(fixture, bad);
	bad.size = HW_CHUNK_SIZE + 1;
	refused(fixture, bad);
	bad = good;
	bad.offset = 100;
	refused(fixture, bad);
	bad.offset = UINT64_MAX - HW_PAGE_SIZE + 1;
	refused(fixture, bad);
	bad = good;
	bad.shard = HW_SHARD_COUNT_MAX;
	refused(fixture, bad);

	struct hw_catalog_request request;
	request_append(&request, 0);
	assert_int_equal(run_one(fixture, &request), -EINVAL); /* no extent */
	request.extent_count = HW_EXTENT_BATCH_MAX + 1;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(hw_catalog_db_stats(fixture->db)->extents_dropped, 0);
}

static void two_chunks_never_share_a_byte(void **state)
{
	struct fixture *fixture = *state;
	fixture->offset_next = 1U << 20;
	file_make(fixture, 1, 0, 1);
	uint64_t begin = 1U << 20;
	uint64_t end = begin + hw_extent_disk_size(HW_CHUNK_SIZE);
	const struct hw_extent bad[] = {
		{.offset = begin, .size = 1},
		{.offset = begin - HW_PAGE_SIZE, .size = HW_PAGE_SIZE + 1},
		{.offset = end - HW_PAGE_SIZE, .size = 1},
		{.offset = 0, .size = HW_CHUNK_SIZE},
	};
	const struct hw_extent good[] = {
		{.offset = end, .size = 1, .segment = 0},
		{.offset = begin - HW_PAGE_SIZE, .size = HW_PAGE_SIZE},
		{.offset = begin, .size = 1, .segment = 1},
		{.offset = begin, .size = 1, .shard = 1},
	};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		struct hw_extent extent = bad[i];
		fixture_root(50 + i, extent.root);
		refused(fixture, extent); /* new content */
		fixture_root(0, extent.root);
		extent.size = HW_CHUNK_SIZE;
		extent.offset += extent.offset == begin ? HW_PAGE_SIZE : 0;
		refused(fixture, extent); /* known content, which would only be dropped */
	}
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		struct hw_catalog_request request;
		request_append(&request, 0);
		request_extent(&request, good[i]);
		fixture_root(70 + i, request.extents[0].root);
		assert_int_equal(run_one(fixture, &request), 0);
	}
}

static void what_is_to_be_punched_is_taken(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture->port_result = -EIO;
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM dropped"), 1);
	struct hw_extent extent = {.offset = 0, .size = 1};
	fixture_root(5, extent.root);
	refused(fixture, extent);
}

static void only_the_last_chunk_may_be_short(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	request_append(&request, 0);
	request_extent(&request, fixture_extent(fixture, 1, HW_CHUNK_SIZE - 1));
	request_extent(&request, fixture_extent(fixture, 2, HW_CHUNK_SIZE));
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(request.file_id, 0);
	request.extent_count = 1;
	assert_int_equal(run_one(fixture, &request), 0);
	uint64_t file_id = request.file_id;
	request_append(&request, file_id);
	request_extent(&request, fixture_extent(fixture, 3, 1));
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_commit(&request, file_id, 1, HW_CHUNK_SIZE);
	request_extent(&request, fixture_extent(fixture, 3, 1));
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_commit(&request, file_id, 1, HW_CHUNK_SIZE);
	assert_int_equal(run_one(fixture, &request), -EINVAL); /* one byte is missing */
	request_commit(&request, file_id, 1, HW_CHUNK_SIZE - 1);
	assert_int_equal(run_one(fixture, &request), 0);
}

static void commit_is_judged(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	struct hw_catalog_request request;
	request_commit(&request, 0, 2, 0);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request.name_size = HW_NAME_SIZE_MAX + 1;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_commit(&request, 0, 2, HW_FILE_SIZE_MAX + 1);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_commit(&request, 0, 2, 0);
	request.created_ms = UINT64_MAX;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_commit(&request, 0, 1, 0);
	assert_int_equal(run_one(fixture, &request), -EEXIST); /* the share id is taken */
	const uint64_t unknown[] = {1 /* sealed */, 12345, UINT64_MAX};
	for (uint32_t i = 0; i < hw_count_of(unknown); i++) {
		request_commit(&request, unknown[i], 2, 0);
		assert_int_equal(run_one(fixture, &request), -ENOENT);
		request_append(&request, unknown[i]);
		request_extent(&request, fixture_extent(fixture, 7, 1));
		assert_int_equal(run_one(fixture, &request), -ENOENT);
		request_file(&request, HW_CATALOG_ABORT, unknown[i]);
		assert_int_equal(run_one(fixture, &request), -ENOENT);
	}
	request_commit(&request, 0, 2, 0);
	memset(request.name, 'n', HW_NAME_SIZE_MAX);
	request.name_size = HW_NAME_SIZE_MAX;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 2);
}

static void known_content_is_stored_once(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 3);
	struct hw_catalog_request first;
	struct hw_catalog_request second;
	assert_int_equal(share_lookup(fixture, 1, &first), 0);
	file_make(fixture, 2, 0, 3);
	assert_int_equal(share_lookup(fixture, 2, &second), 0);
	assert_memory_equal(first.extents, second.extents, 3 * sizeof(first.extents[0]));
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk WHERE refs = 2"), 3);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(punches_of(fixture, &first.extents[i]), 0);
	}
}

static void repeated_content_in_one_batch(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	request_commit(&request, 0, 1, UINT64_C(16) * HW_CHUNK_SIZE);
	for (uint32_t i = 0; i < 16; i++) {
		request_extent(&request, fixture_extent(fixture, 77, HW_CHUNK_SIZE));
	}
	struct hw_extent kept = request.extents[0];
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture_number(fixture, "SELECT refs FROM chunk"), 16);
	struct hw_catalog_request found;
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	for (uint32_t i = 0; i < 16; i++) {
		assert_memory_equal(&found.extents[i], &kept, sizeof(kept));
	}
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 15);
	assert_int_equal(file_unpin(fixture, found.file_id), 0);
	assert_int_equal(share_delete(fixture, 1), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &kept), 1);
	assert_int_equal(acts_count(fixture, false), 16);
}

/* The same place twice is the same extent: counted, not dropped. */
static void same_place_is_not_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	request_append(&request, 0);
	struct hw_extent extent = fixture_extent(fixture, 5, HW_CHUNK_SIZE);
	request_extent(&request, extent);
	request_extent(&request, extent);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture_number(fixture, "SELECT refs FROM chunk"), 2);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 0);
}

/* BEP 52 hashes leaves and nodes alike: 64 bytes that are two leaf hashes have the root of those
 * two blocks. Who uploads them first must not get the other's file for his own. */
static void same_root_of_another_size_is_other_content(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	const uint32_t sizes[] = {64, 2 * HW_BLOCK_SIZE};
	struct hw_extent extents[2];
	for (uint32_t i = 0; i < 2; i++) {
		extents[i] = fixture_extent(fixture, 1, sizes[i]);
		request_commit(&request, 0, 10 + i, sizes[i]);
		request_extent(&request, extents[i]);
		assert_int_equal(run_one(fixture, &request), 0);
	}
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(share_lookup(fixture, 10 + i, &request), 0);
		assert_memory_equal(&request.extents[0], &extents[i], sizeof(extents[i]));
		assert_int_equal(file_unpin(fixture, request.file_id), 0);
	}
	assert_int_equal(share_delete(fixture, 10), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &extents[0]), 1);
	assert_int_equal(punches_of(fixture, &extents[1]), 0);
}

static void delete_needs_the_owner(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 1);
	struct hw_catalog_request request;
	for (uint32_t i = 0; i < HW_HASH_SIZE; i += 31) {
		request_share(&request, HW_CATALOG_DELETE, 1);
		request.owner_hash[i] ^= 1;
		assert_int_equal(run_one(fixture, &request), -EACCES);
	}
	assert_int_equal(share_delete(fixture, 2), -ENOENT);
	request_share(&request, HW_CATALOG_DELETE, 1);
	request.name[0] = 'x';
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	request.name_size = HW_NAME_SIZE_MAX + 1;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(share_delete(fixture, 1), -ENOENT);
	assert_int_equal(share_lookup(fixture, 1, &request), -ENOENT);
}

static void pinned_file_outlives_its_name(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 20);
	struct hw_catalog_request a;
	struct hw_catalog_request b;
	assert_int_equal(share_lookup(fixture, 1, &a), 0);
	assert_int_equal(share_lookup(fixture, 1, &b), 0);
	assert_int_equal(share_delete(fixture, 1), 0);
	assert_int_equal(share_lookup(fixture, 1, &b), -ENOENT);
	fixture_drain(fixture);
	assert_int_equal(file_unpin(fixture, a.file_id), 0);
	fixture_drain(fixture);
	assert_int_equal(fixture->act_count, 0);
	request_file(&b, HW_CATALOG_EXTENTS, a.file_id);
	b.chunk_index = 16;
	assert_int_equal(run_one(fixture, &b), 0);
	assert_int_equal(b.extent_count, 4);
	fixture_judge(fixture);
	assert_int_equal(file_unpin(fixture, a.file_id), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 20);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
}

static void too_many_pins_is_an_answer(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request found;
	for (uint32_t i = 0; i <= FIXTURE_PINS; i++) {
		file_make(fixture, i, i, 1);
		int expected = i < FIXTURE_PINS ? 0 : -ENOBUFS;
		assert_int_equal(share_lookup(fixture, i, &found), expected);
	}
	assert_int_equal(found.file_id, 0);
	assert_int_equal(share_lookup(fixture, 0, &found), 0);
}

static void abort_gives_back(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	request_append(&request, 0);
	request_extent(&request, fixture_extent(fixture, 1, HW_CHUNK_SIZE));
	request_extent(&request, fixture_extent(fixture, 2, 1));
	assert_int_equal(run_one(fixture, &request), 0);
	uint64_t file_id = request.file_id;
	request_file(&request, HW_CATALOG_ABORT, file_id);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	request_commit(&request, file_id, 1, HW_CHUNK_SIZE + 1);
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 2);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
}

/* A catalog that says impossible things stops writing; it does not crash and does not punch. */
static void damage_is_an_answer(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 3);
	fixture_execute(fixture, "UPDATE chunk SET offset = 4097 WHERE offset = 0");
	struct hw_catalog_request request;
	assert_int_equal(share_lookup(fixture, 1, &request), -EBADMSG);
	assert_true(hw_catalog_db_is_broken(fixture->db));
	assert_int_equal(share_delete(fixture, 1), -EROFS);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), -EROFS);
	assert_int_equal(fixture->act_count, 0);
	fixture_execute(fixture, "UPDATE chunk SET offset = 0 WHERE offset = 4097");
	fixture_restart(fixture);
	fixture_execute(fixture, "CREATE TEMP TABLE kept AS SELECT * FROM file_chunk; "
				 "DELETE FROM file_chunk WHERE chunk_index = 1");
	assert_int_equal(share_lookup(fixture, 1, &request), -EBADMSG);
	fixture_execute(fixture, "INSERT INTO file_chunk SELECT * FROM kept WHERE chunk_index = 1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void new_share_has_its_policy(void **state)
{
	struct fixture *fixture = *state;
	struct hw_share share = {.policy = {.expires_ms = 50,
					    .link_name_size = 4,
					    .link_name = {'l', 'i', 'n', 'k'},
					    .password_size = 3,
					    .password = {'$', 'a', '$'}}};
	struct hw_catalog_request request;
	for (uint32_t i = 1; i <= 2; i++) {
		request_commit(&request, 0, i, 0);
		request.share = &share;
		assert_int_equal(run_one(fixture, &request), i == 1 ? 0 : -EEXIST);
	}
	request.share->policy.mode = HW_SHARE_MODE_COUNT;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 1);
	assert_int_equal(share_lookup(fixture, 1, &request), 0);
	assert_int_equal(request.access.expires_ms, 50);
	assert_int_equal(request.access.password_size, 3);
	assert_memory_equal(request.access.password, share.policy.password, 3);
	/* Quotas hold for what came without an announcement. */
	request_commit(&request, 0, 3, 100);
	request_extent(&request, fixture_extent(fixture, 1, 100));
	request.share_size_max = 99;
	assert_int_equal(run_one(fixture, &request), -EDQUOT);
	request.share_size_max = 0;
	request.store_size_max = 99;
	assert_int_equal(run_one(fixture, &request), -ENOSPC);
	request.store_size_max = 100;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.stored_size, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(upload_is_found),
		CASE(new_share_has_its_policy),
		CASE(only_file_needs_no_name),
		CASE(unknown_and_wrong_name_are_one_answer),
		CASE(extents_come_in_batches),
		CASE(empty_file_is_a_file),
		CASE(impossible_extents_are_refused),
		CASE(two_chunks_never_share_a_byte),
		CASE(what_is_to_be_punched_is_taken),
		CASE(only_the_last_chunk_may_be_short),
		CASE(commit_is_judged),
		CASE(known_content_is_stored_once),
		CASE(repeated_content_in_one_batch),
		CASE(same_place_is_not_dropped),
		CASE(same_root_of_another_size_is_other_content),
		CASE(delete_needs_the_owner),
		CASE(pinned_file_outlives_its_name),
		CASE(too_many_pins_is_an_answer),
		CASE(abort_gives_back),
		CASE(damage_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
