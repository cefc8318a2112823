/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a sweep ends what has expired, in pieces, and leaves alone what has not and what is being
 * received; what was there is remembered for a week, and not more of it than fits. Method: one
 * small catalog for each case, judged by SQL after it. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

#define WEEK_MS UINT64_C(604800000)

static int sweep(struct fixture *fixture, uint64_t now_ms)
{
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_SWEEP, 0);
	request.now_ms = now_ms;
	return run_one(fixture, &request);
}

static void shares_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < 100; i++) {
		const struct hw_share_policy policy = {.expires_ms = i < 90 ? 1000 + i : i % 2};
		assert_int_equal(share_create(fixture, i, &policy, 5), 0);
	}
	assert_int_equal(sweep(fixture, 0), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM gone"), 0);
	assert_int_equal(sweep(fixture, 1), 0); /* five of the last ten, with 1 */
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM gone"), 5);
	assert_int_equal(sweep(fixture, 1079), 1);
	assert_int_equal(sweep(fixture, 1079), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM gone"), 85);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 15);
	assert_int_equal(sweep(fixture, UINT64_MAX), -EINVAL);
}

static void uploads_that_nobody_receives(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	for (uint32_t i = 0; i < 150; i++) {
		char name[] = {'f', (char)('a' + i / 16), (char)('a' + i % 16), 0};
		struct hw_upload upload = {.length = 10, .expires_ms = 100 + i};
		uint32_t number = i + 1;
		memcpy(upload.upload_id, &number, sizeof(number));
		request_share(&request, HW_CATALOG_UPLOAD_CREATE, 1);
		request.name_size = 3;
		memcpy(request.name, name, 3);
		request.upload = &upload;
		request.home = i < 40 ? 1 : HW_HOME_NONE; /* the first to expire are received */
		request.free_size = UINT64_MAX;
		assert_int_equal(run_one(fixture, &request), 0);
	}
	assert_int_equal(sweep(fixture, 239), 1); /* 100 of them, 64 at a time */
	assert_int_equal(sweep(fixture, 239), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 0"), 50);
	fixture_drain(fixture);
	fixture_restart(fixture); /* nobody receives them any more */
	assert_int_equal(sweep(fixture, 239), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 0"), 10);
	assert_int_equal(fixture_number(fixture, "SELECT size FROM share"), 100);
	struct hw_upload upload;
	assert_int_equal(upload_get(fixture, 1, &request, &upload), -EIDRM);
}

static void sealed_does_not_expire(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_upload upload = {.length = 0, .expires_ms = 10};
	uint64_t file_id = 0;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "a", 0, &file_id), 0);
	assert_int_equal(upload_append(fixture, file_id, &upload, (struct hw_extent){0}, 0), 0);
	request_commit(&request, file_id, 1, 0);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(sweep(fixture, 1000000), 0);
	assert_int_equal(upload_get(fixture, 9, &request, &upload), 0);
	assert_true(upload.is_sealed);
}

static void remembered_for_a_week(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(share_create(fixture, i, NULL, 5), 0);
		request_share(&request, HW_CATALOG_SHARE_END, i);
		request.now_ms = 1000 + i;
		assert_int_equal(run_one(fixture, &request), 0);
	}
	fixture_drain(fixture);
	assert_int_equal(sweep(fixture, WEEK_MS + 1000), 0);
	assert_int_equal(share_lookup(fixture, 0, &request), -EIDRM);
	assert_int_equal(sweep(fixture, WEEK_MS + 1001), 0);
	assert_int_equal(share_lookup(fixture, 0, &request), -ENOENT);
	assert_int_equal(share_lookup(fixture, 1, &request), -EIDRM);
	assert_int_equal(fixture->db->gone_count, 1);
}

static void remembers_only_so_much(void **state)
{
	struct fixture *fixture = *state;
	fixture_execute(fixture, "INSERT INTO gone WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
				 "SELECT i + 1 FROM n WHERE i < 100300) SELECT 0, "
				 "CAST(printf('%016d', i) AS BLOB), i FROM n");
	fixture_restart(fixture);
	assert_int_equal(fixture->db->gone_count, 100300);
	assert_int_equal(sweep(fixture, 200000), 1);
	assert_int_equal(sweep(fixture, 200000), 0);
	assert_int_equal(fixture->db->gone_count, 100000);
	assert_int_equal(fixture_number(fixture, "SELECT min(gone_ms) FROM gone"), 301);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(shares_in_pieces),       CASE(uploads_that_nobody_receives),
		CASE(sealed_does_not_expire), CASE(remembered_for_a_week),
		CASE(remembers_only_so_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
