/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a short last chunk is replaced and not lost; a damaged chunk gets no more references and is
 * healed by an upload of the same content. Method: one small catalog for each case, judged by SQL
 * after it. catalog_file_test.c has the sharing of chunks. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

static uint64_t short_file(struct fixture *fixture, struct hw_extent extent)
{
	struct hw_catalog_request request;
	request_append(&request, 0);
	request_extent(&request, extent);
	assert_int_equal(run_one(fixture, &request), 0);
	return request.file_id;
}

static void replaced_is_dropped_once_nobody_has_it(void **state)
{
	struct fixture *fixture = *state;
	struct hw_extent old = fixture_extent(fixture, 1, 5000);
	struct hw_extent new = fixture_extent(fixture, 2, HW_CHUNK_SIZE);
	struct hw_extent twin = fixture_extent(fixture, 1, 5000);
	uint64_t files[] = {short_file(fixture, old), short_file(fixture, twin)};
	for (uint32_t i = 0; i < 2; i++) {
		struct hw_catalog_request request;
		request_append(&request, files[i]);
		request.is_replacing = true;
		request_extent(&request, i == 0 ? new : fixture_extent(fixture, 2, HW_CHUNK_SIZE));
		request_extent(&request, fixture_extent(fixture, 3 + i, 10));
		assert_int_equal(run_one(fixture, &request), 0);
		fixture_judge(fixture);
		fixture_drain(fixture);
		assert_int_equal(punches_of(fixture, &old), i); /* the twin had it, till now */
	}
	assert_int_equal(punches_of(fixture, &twin), 1);
	assert_int_equal(punches_of(fixture, &new), 0);
	assert_int_equal(fixture_number(fixture, "SELECT file_size FROM file WHERE file_id = 1"),
			 HW_CHUNK_SIZE + 10);
	assert_int_equal(fixture->db->stored_size, HW_CHUNK_SIZE + 2 * 10);
}

static void replaced_by_the_same(void **state)
{
	struct fixture *fixture = *state;
	struct hw_extent old = fixture_extent(fixture, 1, 5000);
	struct hw_extent new = fixture_extent(fixture, 1, 5000);
	uint64_t file_id = short_file(fixture, old);
	struct hw_catalog_request request;
	request_append(&request, file_id);
	request.is_replacing = true;
	request_extent(&request, new);
	assert_int_equal(run_one(fixture, &request), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &old) + punches_of(fixture, &new), 1);
	assert_int_equal(fixture_number(fixture, "SELECT refs FROM chunk"), 1);
	/* A full one, or none, is not replaced. */
	request_append(&request, 0);
	request.is_replacing = true;
	request_extent(&request, fixture_extent(fixture, 9, 1));
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request.file_id = short_file(fixture, fixture_extent(fixture, 10, HW_CHUNK_SIZE));
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

static int damage(struct fixture *fixture, struct hw_extent extent)
{
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_DAMAGED, 0);
	request.now_ms = 44;
	request_extent(&request, extent);
	return run_one(fixture, &request);
}

static void damaged_is_healed_for_all(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request found;
	struct hw_catalog_request healed;
	file_make(fixture, 1, 0, 2);
	file_make(fixture, 2, 0, 2);
	fixture_drain(fixture);
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	struct hw_extent bad = found.extents[1];
	struct hw_extent elsewhere = bad;
	elsewhere.offset += HW_PAGE_SIZE;
	assert_int_equal(damage(fixture, elsewhere), -ENOENT);
	assert_int_equal(damage(fixture, bad), 0);
	assert_int_equal(damage(fixture, bad), 0);
	fixture_restart(fixture);
	fixture->act_count = 0;
	file_make(fixture, 3, 0, 2);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &bad), 1); /* and not what came */
	assert_int_equal(punches_of(fixture, &found.extents[0]), 0);
	for (uint32_t share = 1; share <= 3; share++) {
		assert_int_equal(share_lookup(fixture, share, &healed), 0);
		assert_memory_equal(&healed.extents[0], &found.extents[0], sizeof(bad));
		assert_memory_equal(healed.extents[1].root, bad.root, HW_HASH_SIZE);
		assert_int_not_equal(healed.extents[1].offset, bad.offset);
	}
	assert_int_equal(fixture_number(fixture, "SELECT refs FROM chunk WHERE offset > 0 LIMIT 1"),
			 3);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk WHERE damaged_ms > 0"),
			 0);
	assert_int_equal(damage(fixture, bad), -ENOENT); /* it is not live any more */
	assert_int_equal(fixture->db->stored_size, 2 * HW_CHUNK_SIZE);
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_DAMAGED, 0);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

static void scrub_goes_over_what_is_not_damaged(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request scrub;
	struct hw_catalog_request found;
	file_make(fixture, 1, 0, 40);
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	assert_int_equal(damage(fixture, found.extents[0]), 0);
	assert_int_equal(damage(fixture, found.extents[7]), 0);
	request_file(&scrub, HW_CATALOG_SCRUB_NEXT, 0);
	uint32_t seen = 0;
	const uint32_t counts[] = {16, 16, 6, 0};
	for (uint32_t i = 0; i < hw_count_of(counts); i++) {
		assert_int_equal(run_one(fixture, &scrub), 0);
		assert_int_equal(scrub.extent_count, counts[i]);
		for (uint32_t k = 0; k < scrub.extent_count; k++) {
			uint8_t root[HW_HASH_SIZE];
			seen += seen == 0 || seen == 7 ? 1 : 0;
			fixture_root(seen++, root);
			assert_memory_equal(scrub.extents[k].root, root, HW_HASH_SIZE);
		}
		if (scrub.extent_count > 0) {
			scrub.extents[0] = scrub.extents[scrub.extent_count - 1];
			scrub.extent_count = 1;
		}
	}
	scrub.extent_count = 1;
	scrub.extents[0].size = 0;
	assert_int_equal(run_one(fixture, &scrub), -EINVAL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(replaced_is_dropped_once_nobody_has_it),
		CASE(replaced_by_the_same),
		CASE(damaged_is_healed_for_all),
		CASE(scrub_goes_over_what_is_not_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
