/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a share is made as it was wished, or not at all, with a sentence; its password is never
 * kept, and its token is said once.
 *
 * Method: tables of wishes over calm worlds with different options; the thread of the passwords is
 * real.
 */
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;
static struct hw_crypt g_crypt;

static void rows_check(const struct talk_world_options *options, const struct talk_row *rows,
		       uint32_t count)
{
	talk_table_begin(&g_world, options);
	talk_rows_check(&g_world, NULL, rows, count);
	talk_table_end(&g_world);
}

static void wishes_are_granted(void **state)
{
	static const struct talk_row rows[] = {
		{SHARE_POST("2", "{}"), 201, "Location", "/api/v1/shares/", "\"owner_token\":\""},
		{SHARE_POST("2", "{}"), 201, "Cache-Control", "no-store", "http://here/s/"},
		{SHARE_POST("2", "{}"), 201, "Content-Type", "application/json",
		 "\"mode\":\"stored\""},
		{SHARE_POST("15", "{\"mode\":\"live\"}"), 201, NULL, NULL, "\"mode\":\"live\""},
		{SHARE_POST("19", "{\"downloads_max\":5}"), 201, NULL, NULL,
		 "\"downloads_max\":5,"},
		{SHARE_POST("19", "{\"link_name\":\"abc\"}"), 201, NULL, NULL,
		 "\"url\":\"http://here/s/abc\""},
		{SHARE_POST("19", "{\"link_name\":\"abc\"}"), 409, NULL, NULL, "link name"},
		{SHARE_POST("19", "{\"link_name\":\"abd\"}"), 201, NULL, NULL, NULL},
		{SHARE_POST("1", "{"), 400, NULL, NULL, "JSON"},
		{SHARE_POST("15", "{\"pasword\":\"x\"}"), 422, NULL, NULL, "pasword"},
		{SHARE_POST("22", "{\"expires_in\":\"never\"}"), 422, NULL, NULL, "for ever"},
		{"POST /api/v1/shares" HERE
		 "Accept: application/json\r\nContent-Length: 1\r\n\r\n{",
		 400, "Content-Type", "application/problem+json", "\"detail\":"},
	};
	(void)state;
	g_running.part = "wishes_are_granted";
	struct talk_world_options options = talk_world_plenty();
	rows_check(&options, rows, hw_count_of(rows));
}

static void options_are_kept(void **state)
{
	static const struct talk_row closed[] = {
		{SHARE_POST("2", "{}"), 403, NULL, NULL, "closed"}};
	static const struct talk_row bounded[] = {
		{SHARE_POST("19", "{\"expires_in\":\"2h\"}"), 422, NULL, NULL, "1h at most"},
		{SHARE_POST("22", "{\"expires_in\":\"never\"}"), 201, NULL, NULL,
		 "\"expires_at\":null"},
	};
	static const struct talk_row named[] = {
		{SHARE_POST("2", "{}"), 201, NULL, NULL, "\"url\":\"https://files.example/s/"}};
	(void)state;
	g_running.part = "options_are_kept";
	struct talk_world_options options = talk_world_plenty();
	options.is_remote = true;
	rows_check(&options, closed, hw_count_of(closed));
	options = talk_world_plenty();
	options.expiry_max_ms = 3600000;
	options.may_expire_never = true;
	rows_check(&options, bounded, hw_count_of(bounded));
	options = talk_world_plenty();
	options.public_url = "https://files.example";
	rows_check(&options, named, hw_count_of(named));
}

static void passwords_are_hashed(void **state)
{
	struct talk_share share;
	(void)state;
	g_running.part = "passwords_are_hashed";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	hw_crypt_init(&g_crypt, &g_world.worker);
	g_world.talks.options.crypt = &g_crypt;
	/* Behind so much white space that no answer is written over it. */
	char wish[3000];
	(void)snprintf(wish, sizeof(wish), "{%2500s\"password\":\"swordfish\"}", "");
	share_make(&g_world, wish, &share);
	share_row(&g_world, &share, SHARE_GET(AS_OWNER), 200, "\"has_password\":true");
	share_row(&g_world, &share, SHARE_GET(""), 401, "password");
	share_row(&g_world, &share, SHARE_GET("Hawser-Password: sword\r\n"), 401, "wrong");
	share_row(&g_world, &share, SHARE_GET("Hawser-Password: swordfish\r\n"), 200, NULL);
	/* Neither the talk nor the text that it came in has kept it. */
	const struct hw_pool *pools[] = {&g_world.talks.shares, &g_world.talks.texts};
	for (uint32_t i = 0; i < hw_count_of(pools); i++) {
		uint64_t size = (uint64_t)pools[i]->stride * pools[i]->capacity;
		assert_null(memmem(pools[i]->base, size, "swordfish", 9));
	}
	talk_world_quiesce(&g_world);
	hw_crypt_deinit(&g_crypt);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void no_talk_is_free(void **state)
{
	void *taken[HW_SHARES_MAX];
	(void)state;
	g_running.part = "no_talk_is_free";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	for (uint32_t i = 0; i < HW_SHARES_MAX; i++) {
		taken[i] = hw_pool_take(&g_world.talks.shares);
	}
	share_row(&g_world, NULL, SHARE_POST("2", "{}"), 503, NULL);
	for (uint32_t i = 0; i < HW_SHARES_MAX; i++) {
		hw_pool_give(&g_world.talks.shares, taken[i]);
	}
	for (uint32_t i = 0; i < HW_TEXTS_MAX; i++) {
		taken[i] = hw_pool_take(&g_world.talks.texts);
	}
	share_row(&g_world, NULL, "POST /api/v1/shares" HERE "\r\n", 503, NULL);
	for (uint32_t i = 0; i < HW_TEXTS_MAX; i++) {
		hw_pool_give(&g_world.talks.texts, taken[i]);
	}
	share_row(&g_world, NULL, SHARE_POST("2", "{}"), 201, NULL);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes_are_granted),
		cmocka_unit_test(options_are_kept),
		cmocka_unit_test(passwords_are_hashed),
		cmocka_unit_test(no_talk_is_free),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
