/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what is written is JSON that says what the struct says; a page holds whole rows only.
 *
 * Method: the text of one of each; the worst strings against the sizes promised; pages of every
 * capacity, read back by jansson.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "net/wire/share_json.h"

static char g_bytes[65536];
static struct hw_http_writer g_writer;
static const uint8_t g_root[HW_HASH_SIZE] = {0xab};

static const struct hw_share_json_share g_share = {
	.id = {"abc", 3},
	.url = {"http://h/s/abc", 14},
	.owner_token = {"tok", 3},
	.link_name = {"my-link", 7},
	.message = {"a\"<b>\n", 6},
	.created_ms = 1795628280000,
	.expires_ms = 1795714680999,
	.size = 9007199254740992,
	.file_count = 2,
	.downloads = 1,
	.downloads_max = 5,
	.mode = HW_SHARE_JSON_SPILL,
	.has_password = true,
};

static void assert_written(const char *expected)
{
	assert_false(g_writer.is_overflowed);
	if (!hw_span_equal(hw_http_writer_span(&g_writer), hw_span_of(expected))) {
		fail_msg("%.*s", (int)g_writer.size, g_writer.bytes);
	}
}

static void share_test(void **state)
{
	(void)state;
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_share_write(&g_writer, &g_share);
	assert_written(
		"{\"id\":\"abc\",\"url\":\"http://h/s/abc\",\"owner_token\":\"tok\","
		"\"link_name\":\"my-link\",\"mode\":\"spill\","
		"\"created_at\":\"2026-11-25T17:38:00Z\","
		"\"expires_at\":\"2026-11-26T17:38:00Z\",\"downloads\":1,\"downloads_max\":5,"
		"\"has_password\":true,\"message\":\"a\\\"\\u003cb>\\u000a\","
		"\"size\":9007199254740992,\"file_count\":2}");
	const struct hw_share_json_share bare = {.id = {"x", 1}, .url = {"u", 1}};
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_share_write(&g_writer, &bare);
	assert_written(
		"{\"id\":\"x\",\"url\":\"u\",\"link_name\":null,\"mode\":\"stored\","
		"\"created_at\":\"1970-01-01T00:00:00Z\",\"expires_at\":null,\"downloads\":0,"
		"\"downloads_max\":null,\"has_password\":false,\"message\":null,\"size\":0,"
		"\"file_count\":0}");
	struct hw_share_json_share stranger = bare;
	stranger.downloads = 7;
	stranger.is_for_strangers = true;
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_share_write(&g_writer, &stranger);
	assert_written("{\"id\":\"x\",\"url\":\"u\",\"link_name\":null,\"mode\":\"stored\","
		       "\"created_at\":\"1970-01-01T00:00:00Z\",\"expires_at\":null,"
		       "\"downloads_max\":null,\"has_password\":false,\"message\":null,\"size\":0,"
		       "\"file_count\":0}");
}

/* A share with its files is one object. */
static void share_page_test(void **state)
{
	(void)state;
	const struct hw_share_json_share bare = {.id = {"x", 1}, .url = {"u", 1}};
	struct hw_share_json_page page;
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_share_write(&g_writer, &bare);
	hw_share_json_page_continue(&page, &g_writer, "files", 1);
	const struct hw_share_json_file file = {.name = {"a", 1}, .url = {"v", 1}};
	assert_true(hw_share_json_page_file(&page, &file));
	hw_share_json_page_end(&page, (struct hw_span){"a", 1});
	json_t *root = json_loadb(g_bytes, g_writer.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "id")), "x");
	assert_int_equal(json_array_size(json_object_get(root, "files")), 1);
	assert_string_equal(json_string_value(json_object_get(root, "next")), "a");
	json_decref(root);
}

static void file_test(void **state)
{
	(void)state;
	struct hw_share_json_file file = {
		.name = {"a b", 3}, .url = {"u", 1}, .length = HW_LENGTH_UNKNOWN, .offset = 7};
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_file_write(&g_writer, &file);
	assert_written(
		"{\"name\":\"a b\",\"url\":\"u\",\"size\":null,\"received\":7,"
		"\"is_complete\":false,\"root\":null,\"created_at\":\"1970-01-01T00:00:00Z\"}");
	file.root = g_root;
	file.length = 7;
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_file_write(&g_writer, &file);
	assert_written(
		"{\"name\":\"a b\",\"url\":\"u\",\"size\":7,\"received\":7,"
		"\"is_complete\":true,\"root\":\"ab00000000000000000000000000000000000000000000"
		"000000000000000000\",\"created_at\":\"1970-01-01T00:00:00Z\"}");
}

static void worst_test(void **state)
{
	(void)state;
	static char controls[HW_MESSAGE_SIZE_MAX];
	static char bytes[HW_SHARE_JSON_SHARE_SIZE(500U)];
	memset(controls, 1, sizeof(controls)); /* \u0001 */
	struct hw_share_json_share share = {
		.id = {"12345678901234567890123456", 26},
		.url = {controls, 500},
		.owner_token = {"1234567890123456789012345678901234567890123", 43},
		.link_name = {controls, HW_LINK_NAME_SIZE_MAX},
		.message = {controls, HW_MESSAGE_SIZE_MAX},
		.created_ms = UINT64_MAX,
		.expires_ms = UINT64_MAX,
		.size = UINT64_MAX,
		.file_count = UINT32_MAX,
		.downloads = UINT32_MAX,
		.downloads_max = UINT32_MAX,
	};
	hw_http_writer_init(&g_writer, bytes, sizeof(bytes));
	hw_share_json_share_write(&g_writer, &share);
	assert_false(g_writer.is_overflowed);
	struct hw_share_json_file file = {.name = {controls, HW_NAME_SIZE_MAX},
					  .url = {controls, 500},
					  .root = g_root,
					  .length = UINT64_MAX - 1,
					  .offset = UINT64_MAX,
					  .created_ms = UINT64_MAX};
	hw_http_writer_init(&g_writer, bytes, HW_SHARE_JSON_FILE_SIZE(500U));
	hw_share_json_file_write(&g_writer, &file);
	assert_false(g_writer.is_overflowed);
}

/* A page of as many files as fit, and its end. Returns the rows. */
static uint32_t page_write(uint32_t capacity, struct hw_span cursor)
{
	static char bytes[4096];
	struct hw_share_json_page page;
	memset(bytes, '!', sizeof(bytes));
	hw_http_writer_init(&g_writer, bytes, capacity);
	hw_share_json_page_begin(&page, &g_writer, "files", cursor.size);
	uint32_t count = 0;
	char name[16];
	do {
		int size = snprintf(name, sizeof(name), "n%u", count);
		const struct hw_share_json_file file = {.name = {name, (uint32_t)size}};
		if (!hw_share_json_page_file(&page, &file)) {
			break;
		}
		count++;
	} while (count < 100);
	assert_int_equal(page.count, count);
	hw_share_json_page_end(&page, cursor);
	assert_false(g_writer.is_overflowed);
	assert_int_equal(bytes[capacity], '!');
	return count;
}

static void page_test(void **state)
{
	(void)state;
	uint32_t most = 0;
	for (uint32_t capacity = 60; capacity < 2000; capacity++) {
		uint32_t count = page_write(capacity, HW_SPAN("n\"7"));
		most = hw_max(most, count);
		assert_true(count >= most);
		json_t *root =
			json_loadb(g_writer.bytes, g_writer.size, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(root);
		json_t *files = json_object_get(root, "files");
		assert_int_equal(json_array_size(files), count);
		for (uint32_t i = 0; i < count; i++) {
			char name[16];
			(void)snprintf(name, sizeof(name), "n%u", i);
			assert_string_equal(json_string_value(json_object_get(
						    json_array_get(files, i), "name")),
					    name);
		}
		assert_string_equal(json_string_value(json_object_get(root, "next")), "n\"7");
		json_decref(root);
	}
	assert_in_range(most, 10, 99);
}

static void page_of_shares_test(void **state)
{
	(void)state;
	struct hw_share_json_page page;
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_page_begin(&page, &g_writer, "shares", 0);
	hw_share_json_page_end(&page, (struct hw_span){NULL, 0});
	assert_written("{\"shares\":[],\"next\":null}\n");
	hw_http_writer_init(&g_writer, g_bytes, sizeof(g_bytes));
	hw_share_json_page_begin(&page, &g_writer, "shares", 0);
	assert_true(hw_share_json_page_share(&page, &g_share));
	assert_true(hw_share_json_page_share(&page, &g_share));
	hw_share_json_page_end(&page, (struct hw_span){NULL, 0});
	json_t *root = json_loadb(g_writer.bytes, g_writer.size, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_array_size(json_object_get(root, "shares")), 2);
	assert_true(json_is_null(json_object_get(root, "next")));
	json_decref(root);
	hw_http_writer_init(&g_writer, g_bytes, 100);
	hw_share_json_page_begin(&page, &g_writer, "shares", 0);
	assert_false(hw_share_json_page_share(&page, &g_share));
	hw_share_json_page_end(&page, (struct hw_span){NULL, 0});
	assert_written("{\"shares\":[],\"next\":null}\n");
}

static void mode_test(void **state)
{
	(void)state;
	assert_string_equal(hw_share_json_mode_name(HW_SHARE_JSON_STORED), "stored");
	assert_string_equal(hw_share_json_mode_name(HW_SHARE_JSON_LIVE), "live");
	assert_string_equal(hw_share_json_mode_name(HW_SHARE_JSON_SPILL), "spill");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(share_test), cmocka_unit_test(share_page_test),
		cmocka_unit_test(file_test),  cmocka_unit_test(worst_test),
		cmocka_unit_test(page_test),  cmocka_unit_test(page_of_shares_test),
		cmocka_unit_test(mode_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
