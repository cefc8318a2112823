/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: parts become one file whose bytes follow each other in the order that was named, with the
 * right root; parts that are not whole, not there, or of another share do not.
 *
 * Method: parts of sizes around blocks and chunks, made and joined over a calm world; the joined
 * file is compared with a reckoning of its own; a table of what is refused.
 */
#include "net/talk/tus_parts.h"

#include "core/base/limits.h"
#include "tests/unit/talk/tus_client.h"

#define PARTS_MAX 4U

static struct talk_world g_world;
static struct talk_share g_share;

static void begin(void)
{
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
}

/* POST of an upload with these fields and no body. Returns the status. */
static uint32_t post(const struct talk_share *share, const char *fields, char *ret_path)
{
	char text[2048];
	const char *id = share->path + strlen("/s/");
	int size = snprintf(text, sizeof(text),
			    "POST /api/v1/shares/%s/files HTTP/1.1\r\n" TUS_HEAD
			    "Authorization: Bearer %s\r\nContent-Length: 0\r\n%s\r\n",
			    id, share->token, fields);
	assert_in_range(size, 1, sizeof(text) - 1);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	struct hw_span location = talk_answer_field(answer, "Location");
	if (ret_path != NULL) {
		assert_in_range(location.size, 1, TALK_PATH_SIZE - 1);
		memcpy(ret_path, location.bytes, location.size);
		ret_path[location.size] = '\0';
	}
	return talk_answer_status(answer);
}

static void part_make(uint64_t size, uint64_t shift, char *ret_path)
{
	char fields[128];
	(void)snprintf(fields, sizeof(fields), "Upload-Concat: partial\r\nUpload-Length: %llu\r\n",
		       (unsigned long long)size);
	assert_int_equal(post(&g_share, fields, ret_path), 201);
	if (size > 0) {
		assert_int_equal(tus_patch(&g_world, ret_path, 0, size, shift, ""), 204);
	}
}

static uint32_t join(const struct talk_share *share, char paths[][TALK_PATH_SIZE], uint32_t count,
		     char *ret_path)
{
	char fields[PARTS_MAX * TALK_PATH_SIZE + 128];
	uint32_t size = (uint32_t)snprintf(fields, sizeof(fields),
					   "Upload-Metadata: filename eA==\r\n"
					   "Upload-Concat: final;");
	for (uint32_t i = 0; i < count; i++) {
		size += (uint32_t)snprintf(fields + size, sizeof(fields) - size, "%s%s",
					   i > 0 ? " " : "", paths[i]);
	}
	(void)snprintf(fields + size, sizeof(fields) - size, "\r\n");
	return post(share, fields, ret_path);
}

static void parts_follow_each_other(void **state)
{
	static const struct {
		uint64_t sizes[PARTS_MAX];
		uint32_t count;
	} rows[] = {
		{{5}, 1},
		{{5, 7}, 2},
		{{HW_BLOCK_SIZE, 1, HW_BLOCK_SIZE - 1, 3}, 4},
		{{HW_CHUNK_SIZE, 1}, 2},
		{{HW_CHUNK_SIZE - 1, 2, HW_BLOCK_SIZE}, 3},
	};
	(void)state;
	g_running.part = "parts_follow_each_other";
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		char paths[PARTS_MAX][TALK_PATH_SIZE];
		char path[TALK_PATH_SIZE];
		uint64_t whole = 0;
		begin();
		for (uint32_t part = 0; part < rows[i].count; part++) {
			part_make(rows[i].sizes[part], whole, paths[part]);
			whole += rows[i].sizes[part];
		}
		assert_int_equal(join(&g_share, paths, rows[i].count, path), 201);
		assert_int_equal(tus_offset(&g_world, path), whole);
		tus_file_check(&g_world, &g_share, "x", whole, 0);
		talk_table_end(&g_world);
	}
}

static void what_cannot_be_joined(void **state)
{
	char paths[PARTS_MAX][TALK_PATH_SIZE];
	char path[TALK_PATH_SIZE];
	struct talk_share other;
	(void)state;
	g_running.part = "what_cannot_be_joined";
	begin();
	tus_share_make(&g_world, HW_SHARE_STORED, &other);
	part_make(5, 0, paths[0]);
	assert_int_equal(post(&g_share, "Upload-Concat: partial\r\nUpload-Length: 5\r\n", paths[1]),
			 201); /* its bytes have not come */
	tus_create(&g_world, &g_share, "whole", 5, paths[2]);
	assert_int_equal(tus_patch(&g_world, paths[2], 0, 5, 0, ""), 204);
	(void)snprintf(paths[3], TALK_PATH_SIZE, TUS_PATH "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(join(&g_share, paths, 2, NULL), 409);
	assert_int_equal(join(&g_share, &paths[2], 1, NULL), 409); /* it is no part */
	assert_int_equal(join(&g_share, &paths[3], 1, NULL), 404);
	assert_int_equal(join(&other, paths, 1, NULL), 409); /* another share's */
	assert_int_equal(post(&g_share, "Upload-Concat: final;\r\n", NULL), 400);
	assert_int_equal(post(&g_share, "Upload-Concat: final;/elsewhere/x\r\n", NULL), 400);
	/* None of that left anything in the way. */
	assert_int_equal(join(&g_share, paths, 1, path), 201);
	tus_file_check(&g_world, &g_share, "x", 5, 0);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_follow_each_other),
		cmocka_unit_test(what_cannot_be_joined),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
