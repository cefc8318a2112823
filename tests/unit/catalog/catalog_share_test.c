/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a share is what its owner chose, is found by id and by link, is changed and ended by those
 * who may, and is gone when its time or its downloads are over: with one and the same answer
 * whether or not anybody swept. Method: one small catalog for each case, judged by SQL after it. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static struct hw_share_policy policy_full(void)
{
	struct hw_share_policy policy = {.expires_ms = DAY_MS,
					 .downloads_max = 3,
					 .mode = HW_SHARE_SPILL,
					 .link_name_size = 7,
					 .password_size = 10,
					 .message_size = HW_MESSAGE_SIZE_MAX};
	memcpy(policy.link_name, "my-link", 7);
	memcpy(policy.password, "$argon2id$", 10);
	memset(policy.message, 'm', HW_MESSAGE_SIZE_MAX);
	return policy;
}

static int share_get(struct fixture *fixture, uint32_t share, uint64_t now_ms,
		     struct hw_catalog_request *request, struct hw_share *ret_share)
{
	request_share(request, HW_CATALOG_SHARE_GET, share);
	request->now_ms = now_ms;
	request->share = ret_share;
	return run_one(fixture, request);
}

static void by_link(struct hw_catalog_request *request, const char *name)
{
	memset(request->share_id, 0, HW_SHARE_ID_SIZE);
	request->link_name_size = (uint8_t)strlen(name);
	memcpy(request->link_name, name, request->link_name_size);
}

static void all_that_was_chosen_is_kept(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy policy = policy_full();
	assert_int_equal(share_create(fixture, 1, &policy, 55), 0);
	assert_int_equal(share_create(fixture, 1, NULL, 55), -EEXIST);
	assert_int_equal(share_create(fixture, 2, &policy, 55), -EEXIST); /* the link's name */
	for (uint32_t i = 0; i < 2; i++) {
		struct hw_catalog_request request;
		struct hw_share share;
		assert_int_equal(share_get(fixture, 1, 0, &request, &share), 0);
		assert_true(request.is_owner);
		assert_int_equal(share.created_ms, 55);
		assert_int_equal(share.size, 0);
		assert_int_equal(share.file_count, 0);
		assert_int_equal(share.downloads, 0);
		assert_memory_equal(&share.policy, &policy, sizeof(policy));
		request.owner_hash[0] ^= 1;
		assert_int_equal(run_one(fixture, &request), 0);
		assert_false(request.is_owner);
		memset(request.owner_hash, 0, HW_HASH_SIZE);
		request.is_operator = true;
		assert_int_equal(run_one(fixture, &request), 0);
		assert_false(request.is_owner);
		fixture_restart(fixture);
	}
}

static void nobody_owns_by_giving_no_token(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_share share = {.created_ms = 1};
	request_share(&request, HW_CATALOG_SHARE_CREATE, 1);
	memcpy(share.share_id, request.share_id, HW_SHARE_ID_SIZE);
	request.share = &share; /* with an owner hash of zeros */
	assert_int_equal(run_one(fixture, &request), 0);
	request_share(&request, HW_CATALOG_SHARE_END, 1);
	memset(request.owner_hash, 0, HW_HASH_SIZE);
	assert_int_equal(run_one(fixture, &request), -EACCES);
}

static void link_finds_the_share(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy policy = policy_full();
	struct hw_catalog_request id;
	struct hw_catalog_request found;
	assert_int_equal(share_create(fixture, 1, &policy, 55), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "a", 0, NULL), 0);
	request_share(&id, HW_CATALOG_LOOKUP, 1);
	request_share(&found, HW_CATALOG_LOOKUP, 1);
	by_link(&found, "my-link");
	found.name_size = 0;
	assert_int_equal(run_one(fixture, &found), 0);
	assert_memory_equal(found.share_id, id.share_id, HW_SHARE_ID_SIZE);
	assert_int_equal(found.access.mode, HW_SHARE_SPILL);
	assert_int_equal(found.access.downloads_max, 3);
	assert_int_equal(found.access.expires_ms, DAY_MS);
	assert_int_equal(found.access.password_size, 10);
	assert_memory_equal(found.access.password, policy.password, 10);
	by_link(&found, "my-lin");
	assert_int_equal(run_one(fixture, &found), -ENOENT);
	by_link(&found, "my-linK");
	assert_int_equal(run_one(fixture, &found), -ENOENT);
	found.link_name_size = HW_LINK_NAME_SIZE_MAX + 1;
	assert_int_equal(run_one(fixture, &found), -EINVAL);
}

static void impossible_policies_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"ab",
					    "UPPER",
					    "a b",
					    "a/b",
					    "\xc3\xa4\xc3\xb6",
					    "abcdefghijklmnopqrstuvwxyz"}; /* as an id */
	for (uint32_t i = 0; i < hw_count_of(names); i++) {
		struct hw_share_policy policy = policy_full();
		policy.link_name_size = (uint8_t)strlen(names[i]);
		memcpy(policy.link_name, names[i], policy.link_name_size);
		assert_int_equal(share_create(fixture, 1, &policy, 0), -EINVAL);
	}
	struct hw_share_policy policies[6];
	for (uint32_t i = 0; i < hw_count_of(policies); i++) {
		policies[i] = policy_full();
	}
	policies[0].link_name_size = HW_LINK_NAME_SIZE_MAX + 1;
	policies[1].mode = HW_SHARE_MODE_COUNT;
	policies[2].password_size = HW_PASSWORD_PHC_MAX + 1;
	policies[3].message_size = HW_MESSAGE_SIZE_MAX + 1;
	policies[4].expires_ms = UINT64_MAX;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(share_create(fixture, 1, &policies[i], 0), -EINVAL);
	}
	assert_int_equal(share_create(fixture, 1, NULL, UINT64_MAX), -EINVAL);
	struct hw_catalog_request request;
	request_share(&request, HW_CATALOG_SHARE_CREATE, 1);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_share(&request, HW_CATALOG_SHARE_GET, 1);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	assert_int_equal(share_create(fixture, 1, &policies[5], 0), 0);
}

static void expired_is_gone_swept_or_not(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy policy = {
		.expires_ms = 1000, .link_name_size = 4, .link_name = {'l', 'i', 'n', 'k'}};
	struct hw_catalog_request request;
	struct hw_share share;
	assert_int_equal(share_create(fixture, 1, &policy, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 9, "a", 100, NULL), 0);
	assert_int_equal(share_get(fixture, 1, 999, &request, &share), 0);
	for (uint32_t round = 0; round < 3; round++) {
		assert_int_equal(share_get(fixture, 1, 1000, &request, &share), -EIDRM);
		static const enum hw_catalog_verb verbs[] = {
			HW_CATALOG_LOOKUP,    HW_CATALOG_FILE_LIST,    HW_CATALOG_DELETE,
			HW_CATALOG_SHARE_END, HW_CATALOG_SHARE_CHANGE, HW_CATALOG_UPLOAD_CREATE};
		for (uint32_t i = 0; i < hw_count_of(verbs); i++) {
			struct hw_upload upload = {.length = 1};
			request_share(&request, verbs[i], 1);
			request.now_ms = 1000;
			request.share = &share;
			request.upload = verbs[i] == HW_CATALOG_UPLOAD_CREATE ? &upload : NULL;
			assert_int_equal(run_one(fixture, &request), -EIDRM);
			by_link(&request, "link");
			assert_int_equal(run_one(fixture, &request), -EIDRM);
		}
		request_share(&request, HW_CATALOG_SWEEP, 1);
		request.now_ms = 1000;
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.reserved_size, round == 0 ? 100 : 0);
		if (round == 1) {
			fixture_crash(fixture);
		} else {
			fixture_drain(fixture);
		}
	}
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
	assert_int_equal(share_create(fixture, 2, &policy, 5), 0); /* the name is free again */
}

static void owner_and_operator_end(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_catalog_request found;
	file_make(fixture, 1, 0, 2);
	assert_int_equal(share_create(fixture, 2, NULL, 5), 0);
	assert_int_equal(share_lookup(fixture, 1, &found), 0);
	for (uint32_t share = 1; share <= 2; share++) {
		request_share(&request, HW_CATALOG_SHARE_END, share);
		request.owner_hash[31] ^= 1;
		assert_int_equal(run_one(fixture, &request), -EACCES);
		request.owner_hash[31] ^= 1;
		if (share == 2) {
			memset(request.owner_hash, 0, HW_HASH_SIZE);
			request.is_operator = true;
		}
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(run_one(fixture, &request), -EIDRM);
	}
	request_share(&request, HW_CATALOG_SHARE_END, 3);
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	/* Who reads goes on, and is told. */
	for (uint32_t i = 0; i < 2; i++) {
		request_file(&request, HW_CATALOG_EXTENTS, found.file_id);
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.extent_count, 2);
		assert_int_equal(request.file_state, HW_FILE_TOMBSTONED);
		fixture_drain(fixture);
	}
	assert_int_equal(acts_count(fixture, false), 0);
	assert_int_equal(file_unpin(fixture, found.file_id), 0);
	fixture_drain(fixture);
	assert_int_equal(acts_count(fixture, false), 2);
}

static void many_files_are_let_go_of_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	for (uint32_t i = 0; i < 200; i++) {
		char name[16];
		struct hw_upload upload = {.length = 10};
		request_share(&request, HW_CATALOG_UPLOAD_CREATE, 1);
		request.name_size = (uint16_t)snprintf(name, sizeof(name), "f%u", i);
		memcpy(request.name, name, request.name_size);
		request.upload = &upload;
		request.home = HW_HOME_NONE;
		request.free_size = 2000;
		assert_int_equal(run_one(fixture, &request), 0);
	}
	assert_int_equal(request.reserved_size, 2000);
	request_share(&request, HW_CATALOG_SHARE_END, 1);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 0"), 200);
	assert_int_equal(hw_catalog_db_reclaim(fixture->db), 1);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file WHERE state = 0"),
			 200 - HW_CATALOG_PIECE_FILES);
	fixture_crash(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
	assert_int_equal(fixture_number(fixture, "SELECT reserved FROM total"), 0);
}

static void last_download_ends_the_share(void **state)
{
	struct fixture *fixture = *state;
	struct hw_share_policy policy = {.downloads_max = 2};
	struct hw_share described = {.policy = policy};
	struct hw_catalog_request request;
	struct hw_catalog_request found[3];
	request_commit(&request, 0, 1, 100);
	request_extent(&request, fixture_extent(fixture, 1, 100));
	request.share = &described;
	assert_int_equal(run_one(fixture, &request), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(share_lookup(fixture, 1, &found[i]), 0);
		assert_int_equal(found[i].access.downloads_max, 2);
	}
	for (uint32_t i = 0; i < 3; i++) {
		request_file(&request, HW_CATALOG_COUNT, found[i].file_id);
		assert_int_equal(run_one(fixture, &request), i < 2 ? 0 : -EIDRM);
		struct hw_catalog_request late;
		assert_int_equal(share_lookup(fixture, 1, &late), i < 1 ? 0 : -EIDRM);
		if (i < 1) {
			assert_int_equal(late.access.downloads, 1);
			assert_int_equal(file_unpin(fixture, late.file_id), 0);
		}
		fixture_drain(fixture);
		request_file(&request, HW_CATALOG_EXTENTS, found[i].file_id);
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.extent_count, 1);
	}
	assert_int_equal(acts_count(fixture, false), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(file_unpin(fixture, found[i].file_id), 0);
	}
	request_file(&request, HW_CATALOG_COUNT, 4711);
	assert_int_equal(run_one(fixture, &request), -ENOENT);
}

static void downloads_are_counted_without_a_limit(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_share share;
	file_make(fixture, 1, 0, 1);
	for (uint32_t i = 0; i < 5; i++) {
		request_file(&request, HW_CATALOG_COUNT, 1);
		assert_int_equal(run_one(fixture, &request), 0);
	}
	assert_int_equal(share_get(fixture, 1, 0, &request, &share), 0);
	assert_int_equal(share.downloads, 5);
	assert_int_equal(share.size, HW_CHUNK_SIZE);
	assert_int_equal(share.file_count, 1);
	/* A limit that is reached already ends it. */
	request_share(&request, HW_CATALOG_SHARE_CHANGE, 1);
	request.share = &share;
	share.policy.downloads_max = 5;
	request.change_mask = HW_SHARE_CHANGE_DOWNLOADS;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(share.policy.downloads_max, 5);
	assert_int_equal(share_get(fixture, 1, 0, &request, &share), -EIDRM);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file"), 0);
}

static void only_what_the_mask_says_changes(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy before = policy_full();
	const uint32_t masks[] = {0,
				  HW_SHARE_CHANGE_EXPIRES,
				  HW_SHARE_CHANGE_DOWNLOADS,
				  HW_SHARE_CHANGE_PASSWORD,
				  HW_SHARE_CHANGE_MESSAGE,
				  15};
	for (uint32_t i = 0; i < hw_count_of(masks); i++) {
		struct hw_share_policy policy = before;
		policy.link_name[0] = (char)('a' + i);
		assert_int_equal(share_create(fixture, i, &policy, 5), 0);
		struct hw_catalog_request request;
		struct hw_share share = {
			.policy = {.expires_ms = 777, .mode = HW_SHARE_LIVE, .message_size = 2}};
		memcpy(share.policy.message, "hi", 2);
		request_share(&request, HW_CATALOG_SHARE_CHANGE, i);
		request.share = &share;
		request.change_mask = masks[i];
		request.owner_hash[0] ^= 1;
		assert_int_equal(run_one(fixture, &request), -EACCES);
		request.owner_hash[0] ^= 1;
		assert_int_equal(run_one(fixture, &request), 0);
		struct hw_share_policy expected = policy;
		if ((masks[i] & HW_SHARE_CHANGE_EXPIRES) != 0) {
			expected.expires_ms = 777;
		}
		if ((masks[i] & HW_SHARE_CHANGE_DOWNLOADS) != 0) {
			expected.downloads_max = 0;
		}
		if ((masks[i] & HW_SHARE_CHANGE_PASSWORD) != 0) {
			expected.password_size = 0;
			memset(expected.password, 0, sizeof(expected.password));
		}
		if ((masks[i] & HW_SHARE_CHANGE_MESSAGE) != 0) {
			expected.message_size = 2;
			memset(expected.message, 0, sizeof(expected.message));
			memcpy(expected.message, "hi", 2);
		}
		assert_memory_equal(&share.policy, &expected, sizeof(expected));
		assert_int_equal(share_get(fixture, i, 0, &request, &share), 0);
		assert_memory_equal(&share.policy, &expected, sizeof(expected));
	}
	struct hw_catalog_request request;
	struct hw_share share = {.policy = {.message_size = HW_MESSAGE_SIZE_MAX + 1}};
	request_share(&request, HW_CATALOG_SHARE_CHANGE, 0);
	request.share = &share;
	request.change_mask = HW_SHARE_CHANGE_MESSAGE;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

static void list_is_newest_first_and_pages(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_share shares[4];
	for (uint32_t i = 0; i < 10; i++) {
		const struct hw_share_policy policy = {.expires_ms = i == 3 ? 100 : 0};
		assert_int_equal(share_create(fixture, i, &policy, 5 + i / 2), 0);
	}
	request_share(&request, HW_CATALOG_SHARE_END, 8);
	assert_int_equal(run_one(fixture, &request), 0);
	request_share(&request, HW_CATALOG_SHARE_LIST, 0);
	request.shares = shares;
	request.row_capacity = 4;
	request.cursor_ms = UINT64_MAX;
	request.now_ms = 100;
	assert_int_equal(run_one(fixture, &request), -EACCES);
	request.is_operator = true;
	const uint32_t expected[] = {9, 7, 6, 5, 4, 2, 1, 0};
	for (uint32_t page = 0; page < 3; page++) {
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.row_count, page < 2 ? 4 : 0);
		for (uint32_t i = 0; i < request.row_count; i++) {
			uint32_t share = 0;
			memcpy(&share, shares[i].share_id, sizeof(share));
			assert_int_equal(share, expected[page * 4 + i]);
		}
		request.cursor_ms = shares[3].created_ms;
		memcpy(request.share_id, shares[3].share_id, HW_SHARE_ID_SIZE);
	}
	request.shares = NULL;
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

static void share_stays_without_files(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	assert_int_equal(share_create(fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(fixture, 1, 1, "a", 5, NULL), 0);
	request_share(&request, HW_CATALOG_DELETE, 1);
	request.name_size = 1;
	request.name[0] = 'a';
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(run_one(fixture, &request), -ENOENT);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), -ENODATA);
	request_share(&request, HW_CATALOG_LOOKUP, 1);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), -ENODATA);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_was_chosen_is_kept, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(nobody_owns_by_giving_no_token, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(link_finds_the_share, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(impossible_policies_are_refused, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(expired_is_gone_swept_or_not, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(owner_and_operator_end, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(many_files_are_let_go_of_in_pieces, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(last_download_ends_the_share, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(downloads_are_counted_without_a_limit,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(only_what_the_mask_says_changes, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(list_is_newest_first_and_pages, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(share_stays_without_files, fixture_setup,
						fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
