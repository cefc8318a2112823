/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a check counts what is there, and finds every file that has a chunk, whatever state it
 * is in.
 * Method: catalogs with files in every state and chunks that several of them share; rows spoiled. */
#include "core/catalog/catalog_check.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/catalog/fixture.h"

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

static void an_empty_catalog_has_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_counts counts;
	assert_int_equal(hw_catalog_db_counts(fixture->db, &counts), 0);
	struct hw_catalog_counts none = {0};
	assert_memory_equal(&counts, &none, sizeof(none));
}

static void all_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_catalog_counts counts;
	file_make(fixture, 1, 0, 10);
	file_make(fixture, 2, 5, 10); /* half of it is known */
	request_append(&request, 0);  /* unfinished */
	request_extent(&request, fixture_extent(fixture, 300, HW_BLOCK_SIZE + 1));
	assert_int_equal(run_one(fixture, &request), 0);
	for (uint32_t i = 0; i < 2; i++) { /* asking changes nothing */
		assert_int_equal(hw_catalog_db_counts(fixture->db, &counts), 0);
		assert_int_equal(counts.share_count, 2);
		assert_int_equal(counts.file_count, 2);
		assert_int_equal(counts.unfinished_count, 1);
		assert_int_equal(counts.chunk_count, 16);
		assert_int_equal(counts.chunk_size,
				 UINT64_C(15) * HW_CHUNK_SIZE + HW_BLOCK_SIZE + 1);
	}
}

struct owners {
	struct hw_catalog_owner rows[8];
	uint32_t count;
	uint32_t stop_at;
};

static int owner_step(void *context, const struct hw_catalog_owner *owner)
{
	struct owners *owners = context;
	if (owners->count == owners->stop_at) {
		return -ECANCELED;
	}
	owners->rows[owners->count++] = *owner;
	return 0;
}

static struct owners owners_of(struct fixture *fixture, uint32_t content, uint32_t size)
{
	struct owners owners = {.stop_at = 8};
	struct hw_extent extent = {.size = size};
	fixture_root(content, extent.root);
	assert_int_equal(hw_catalog_db_owners_each(fixture->db, &extent, owner_step, &owners), 0);
	return owners;
}

static void owner_check(const struct hw_catalog_owner *owner, uint32_t share)
{
	struct hw_catalog_request request;
	request_share(&request, HW_CATALOG_LOOKUP, share);
	assert_memory_equal(owner->share_id, request.share_id, HW_SHARE_ID_SIZE);
	assert_int_equal(owner->name_size, request.name_size);
	assert_memory_equal(owner->name, request.name, request.name_size);
}

static void owners_are_found(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	file_make(fixture, 1, 0, 10);
	file_make(fixture, 2, 5, 10);
	request_append(&request, 0);
	request_extent(&request, fixture_extent(fixture, 7, HW_CHUNK_SIZE));
	assert_int_equal(run_one(fixture, &request), 0);
	struct owners owners = owners_of(fixture, 2, HW_CHUNK_SIZE);
	assert_int_equal(owners.count, 1);
	owner_check(&owners.rows[0], 1);
	owners = owners_of(fixture, 7, HW_CHUNK_SIZE);
	assert_int_equal(owners.count, 3);
	owner_check(&owners.rows[0], 1);
	owner_check(&owners.rows[1], 2);
	static const uint8_t none[HW_SHARE_ID_SIZE];
	assert_memory_equal(owners.rows[2].share_id, none, sizeof(none));
	assert_int_equal(owners.rows[2].name_size, 0);
	assert_int_equal(owners_of(fixture, 2, HW_CHUNK_SIZE - 1).count, 0); /* another chunk */
	assert_int_equal(owners_of(fixture, 99, HW_CHUNK_SIZE).count, 0);
}

static void asking_stops_when_asked(void **state)
{
	struct fixture *fixture = *state;
	file_make(fixture, 1, 0, 2);
	file_make(fixture, 2, 0, 2);
	struct owners owners = {.stop_at = 1};
	struct hw_extent extent = {.size = HW_CHUNK_SIZE};
	fixture_root(0, extent.root);
	assert_int_equal(hw_catalog_db_owners_each(fixture->db, &extent, owner_step, &owners),
			 -ECANCELED);
	assert_int_equal(owners.count, 1);
	assert_int_equal(owners_of(fixture, 0, HW_CHUNK_SIZE).count, 2);
}

static void a_catalog_without_its_tables_is_told(void **state)
{
	struct fixture *fixture = *state;
	fixture_execute(fixture, "ALTER TABLE file_chunk RENAME TO elsewhere");
	struct owners owners = {.stop_at = 8};
	struct hw_extent extent = {.size = HW_CHUNK_SIZE};
	assert_int_equal(hw_catalog_db_owners_each(fixture->db, &extent, owner_step, &owners),
			 -EBADMSG);
	fixture_execute(fixture, "ALTER TABLE elsewhere RENAME TO file_chunk");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_catalog_has_nothing),
		CASE(all_is_counted),
		CASE(owners_are_found),
		CASE(asking_stops_when_asked),
		CASE(a_catalog_without_its_tables_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
