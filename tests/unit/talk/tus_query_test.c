/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what HEAD and DELETE say of an upload at each time of its life.
 *
 * Method: tables over a calm world, one for each time; time goes on between them.
 */
#include "tests/unit/talk/tus_client.h"

#define DAY_MS   UINT64_C(86400000)
#define HEAD     "HEAD %P HTTP/1.1\r\n"
#define DELETE   "DELETE %P HTTP/1.1\r\n"
#define NOTHING  TUS_PATH "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OVERRIDE "X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n"

static struct talk_world g_world;
static struct talk_share g_share;

static struct talk_share upload_make(const char *name, uint64_t length)
{
	struct talk_share upload = g_share;
	tus_create(&g_world, &g_share, name, length, upload.path);
	return upload;
}

static void begin(uint32_t uploads_max)
{
	struct talk_world_options options = talk_world_plenty();
	options.uploads_max = uploads_max;
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
}

static void uploads_are_asked_about(void **state)
{
	static const struct talk_row young[] = {
		{HEAD "Host: here\r\n\r\n", 412, "Tus-Version", "1.0.0", NULL},
		{HEAD TUS_HEAD "\r\n", 200, "Upload-Offset", "0", ""},
		{HEAD TUS_HEAD "\r\n", 200, "Upload-Length", "5", ""},
		{HEAD TUS_HEAD "\r\n", 200, "Upload-Metadata", "filename eA==", ""},
		{HEAD TUS_HEAD "\r\n", 200, "Upload-Expires", NULL, ""},
		{HEAD TUS_HEAD "\r\n", 200, "Cache-Control", "no-store", ""},
		{HEAD TUS_HEAD "\r\n", 200, "Tus-Resumable", "1.0.0", ""},
		{"HEAD " NOTHING " HTTP/1.1\r\n" TUS_HEAD "\r\n", 404, NULL, NULL, ""},
		{"DELETE " NOTHING " HTTP/1.1\r\n" TUS_HEAD "\r\n", 404, NULL, NULL, NULL},
		{"GET %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 405, "Allow", "HEAD", NULL},
		{"OPTIONS %P HTTP/1.1\r\nHost: here\r\n\r\n", 204, "Tus-Version", "1.0.0", ""},
	};
	static const struct talk_row whole[] = {
		{HEAD TUS_HEAD "\r\n", 200, "Upload-Offset", "5", ""},
		{DELETE TUS_HEAD "\r\n", 403, NULL, NULL, "complete"},
	};
	(void)state;
	g_running.part = "uploads_are_asked_about";
	begin(16);
	struct talk_share upload = upload_make("x", 5);
	talk_rows_check(&g_world, &upload, young, hw_count_of(young));
	assert_int_equal(tus_patch(&g_world, upload.path, 0, 5, 0, ""), 204);
	talk_rows_check(&g_world, &upload, whole, hw_count_of(whole));
	talk_table_end(&g_world);
}

static void uploads_end(void **state)
{
	static const struct talk_row ends[] = {
		{DELETE TUS_HEAD "\r\n", 204, "Tus-Resumable", "1.0.0", ""},
		{DELETE TUS_HEAD "\r\n", 410, NULL, NULL, NULL},
		{HEAD TUS_HEAD "\r\n", 410, NULL, NULL, ""},
	};
	static const struct talk_row overridden[] = {
		{"POST %P HTTP/1.1\r\n" TUS_HEAD OVERRIDE "\r\n", 204, NULL, NULL, ""},
		{HEAD TUS_HEAD "\r\n", 410, NULL, NULL, ""},
	};
	static const struct talk_row expired[] = {
		{HEAD TUS_HEAD "\r\n", 410, NULL, NULL, ""},
		{DELETE TUS_HEAD "\r\n", 410, NULL, NULL, NULL},
	};
	(void)state;
	g_running.part = "uploads_end";
	begin(16);
	struct talk_share upload = upload_make("x", 5);
	assert_int_equal(tus_patch(&g_world, upload.path, 0, 3, 0, ""), 204);
	talk_rows_check(&g_world, &upload, ends, hw_count_of(ends));
	upload = upload_make("y", 5);
	talk_rows_check(&g_world, &upload, overridden, hw_count_of(overridden));
	/* Each piece puts the end off. */
	upload = upload_make("z", 5);
	talk_world_pass(&g_world, DAY_MS - 10000);
	assert_int_equal(tus_patch(&g_world, upload.path, 0, 1, 0, ""), 204);
	talk_world_pass(&g_world, DAY_MS - 10000);
	assert_int_equal(tus_offset(&g_world, upload.path), 1);
	talk_world_pass(&g_world, 20000);
	talk_rows_check(&g_world, &upload, expired, hw_count_of(expired));
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_are_asked_about),
		cmocka_unit_test(uploads_end),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
