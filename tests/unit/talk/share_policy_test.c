/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: nobody gets more than the operator grants, and what is not said is the default.
 *
 * Method: wishes under options, and the moment or the sentence that comes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/talk/share_policy.h"
#include "net/wire/duration.h"

#define NOW  UINT64_C(1795628280000)
#define HOUR UINT64_C(3600000)

static struct hw_talk_options g_options = {.expiry_default_ms = 24 * HOUR};
static char g_sentence[HW_SHARE_WISH_SENTENCE_MAX];

static void expiries_are_judged(void **state)
{
	static const struct {
		uint32_t given;
		uint64_t in_ms;
		uint64_t at_ms;
		uint64_t max_ms;
		bool may_never;
		uint32_t status;
		uint64_t expires_ms;
		const char *sentence;
	} rows[] = {
		{0, 0, 0, 0, false, 0, NOW + 24 * HOUR, NULL},
		{HW_SHARE_WISH_EXPIRES_IN, HOUR, 0, 0, false, 0, NOW + HOUR, NULL},
		{HW_SHARE_WISH_EXPIRES_IN, HOUR, 0, HOUR, false, 0, NOW + HOUR, NULL},
		{HW_SHARE_WISH_EXPIRES_IN, HOUR + 1, 0, HOUR, false, 422, 0, "1h at most"},
		{HW_SHARE_WISH_EXPIRES_IN, HW_DURATION_MAX_MS, 0, 48 * HOUR, false, 422, 0,
		 "2d at most"},
		{HW_SHARE_WISH_EXPIRES_IN, HOUR, 0, 1500, false, 422, 0, "1s at most"},
		{HW_SHARE_WISH_EXPIRES_IN, HW_DURATION_MAX_MS, 0, 0, false, 0,
		 NOW + HW_DURATION_MAX_MS, NULL},
		{HW_SHARE_WISH_EXPIRES_IN, HW_DURATION_NEVER, 0, 0, false, 422, 0, "for ever"},
		{HW_SHARE_WISH_EXPIRES_IN, HW_DURATION_NEVER, 0, HOUR, true, 0, HW_EXPIRES_NEVER,
		 NULL},
		{HW_SHARE_WISH_EXPIRES_AT, 0, HW_DURATION_NEVER, 0, false, 422, 0, "for ever"},
		{HW_SHARE_WISH_EXPIRES_AT, 0, NOW, 0, false, 422, 0, "over already"},
		{HW_SHARE_WISH_EXPIRES_AT, 0, 0, 0, true, 422, 0, "over already"},
		{HW_SHARE_WISH_EXPIRES_AT, 0, NOW + 1, 0, false, 0, NOW + 1, NULL},
		{HW_SHARE_WISH_EXPIRES_AT, 0, NOW + HOUR + 1, HOUR, false, 422, 0, "1h at most"},
	};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_talk_options options = g_options;
		options.expiry_max_ms = rows[i].max_ms;
		options.may_expire_never = rows[i].may_never;
		const struct hw_share_wish wish = {.given = rows[i].given,
						   .expires_in_ms = rows[i].in_ms,
						   .expires_at_ms = rows[i].at_ms};
		struct hw_share_policy policy = {.expires_ms = 7};
		uint32_t mask = 0;
		uint32_t status = hw_share_policy_make(&options, NOW, &wish, &policy, g_sentence);
		assert_int_equal(status, rows[i].status);
		assert_int_equal(policy.expires_ms, status == 0 ? rows[i].expires_ms : 7);
		if (rows[i].sentence != NULL) {
			assert_int_not_equal(status, 0);
			assert_non_null(strstr(g_sentence, rows[i].sentence));
		}
		policy.expires_ms = 7;
		status = hw_share_policy_change(&options, NOW, &wish, &policy, &mask, g_sentence);
		assert_int_equal(status, rows[i].status);
		bool is_changed = status == 0 && rows[i].given != 0;
		assert_int_equal(mask, is_changed ? HW_SHARE_CHANGE_EXPIRES : 0);
		assert_int_equal(policy.expires_ms, is_changed ? rows[i].expires_ms : 7);
	}
}

static const struct hw_share_wish g_wish = {
	.given = HW_SHARE_WISH_DOWNLOADS | HW_SHARE_WISH_MESSAGE | HW_SHARE_WISH_LINK_NAME |
		 HW_SHARE_WISH_MODE | HW_SHARE_WISH_PASSWORD,
	.downloads_max = 3,
	.mode = HW_SHARE_JSON_LIVE,
	.link_name = "abc",
	.link_name_size = 3,
	.message = "hello",
	.message_size = 5,
	.password = "pw",
	.password_size = 2,
};

static void the_rest_is_taken_over(void **state)
{
	(void)state;
	struct hw_share_policy policy;
	assert_int_equal(hw_share_policy_make(&g_options, NOW, &g_wish, &policy, g_sentence), 0);
	assert_int_equal(policy.downloads_max, 3);
	assert_int_equal(policy.mode, HW_SHARE_LIVE);
	assert_int_equal(policy.link_name_size, 3);
	assert_memory_equal(policy.link_name, "abc", 3);
	assert_int_equal(policy.message_size, 5);
	assert_memory_equal(policy.message, "hello", 5);
	assert_int_equal(policy.password_size, 0); /* not before it is hashed */
}

static void only_what_is_wished_changes(void **state)
{
	(void)state;
	struct hw_share_policy policy = {.downloads_max = 9, .message_size = 1};
	uint32_t mask = 77;
	const struct hw_share_wish nothing = {.downloads_max = 1};
	assert_int_equal(
		hw_share_policy_change(&g_options, NOW, &nothing, &policy, &mask, g_sentence), 0);
	assert_int_equal(mask, 0);
	assert_int_equal(policy.downloads_max, 9);
	assert_int_equal(policy.message_size, 1);
	assert_int_equal(
		hw_share_policy_change(&g_options, NOW, &g_wish, &policy, &mask, g_sentence), 0);
	assert_int_equal(mask, HW_SHARE_CHANGE_DOWNLOADS | HW_SHARE_CHANGE_MESSAGE |
				       HW_SHARE_CHANGE_PASSWORD);
	assert_int_equal(policy.downloads_max, 3);
	assert_memory_equal(policy.message, "hello", 5);
}

static void what_access_needs_is_copied(void **state)
{
	(void)state;
	struct hw_password_job job = {.request = {.phc = "$x", .phc_size = 2}};
	struct hw_share share = {.downloads = 4, .policy = {.expires_ms = 5, .downloads_max = 6}};
	share.policy.mode = HW_SHARE_SPILL;
	hw_share_policy_password_set(&share.policy, &job);
	struct hw_share_access access = hw_share_policy_access(&share);
	assert_int_equal(access.expires_ms, 5);
	assert_int_equal(access.downloads, 4);
	assert_int_equal(access.downloads_max, 6);
	assert_int_equal(access.mode, HW_SHARE_SPILL);
	assert_int_equal(access.password_size, 2);
	assert_memory_equal(access.password, "$x", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expiries_are_judged),
		cmocka_unit_test(the_rest_is_taken_over),
		cmocka_unit_test(only_what_is_wished_changes),
		cmocka_unit_test(what_access_needs_is_copied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
