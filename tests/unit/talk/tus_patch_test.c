/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a PATCH is judged as tus 1.0.0 has it; whatever the sizes of the pieces, the file is the
 * one that was sent; what came before a cut stays, to the byte.
 *
 * Method: tables of requests and sizes over calm worlds. What fails on the way is
 * tus_steps_test.c's.
 */
#include "tests/unit/talk/tus_client.h"

#define KIB       (UINT64_C(1) << 10)
#define MIB       (UINT64_C(1) << 20)
#define PATCH     "PATCH %P HTTP/1.1\r\n"
#define AT(n)     "Upload-Offset: " #n "\r\n"
#define LENGTH(n) "Content-Length: " #n "\r\n"
#define CHUNKED   "Transfer-Encoding: chunked\r\n"

static struct talk_world g_world;
static struct talk_share g_share;

static void begin(const struct talk_world_options *options)
{
	talk_table_begin(&g_world, options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
}

static void begin_plenty(void)
{
	struct talk_world_options options = talk_world_plenty();
	begin(&options);
}

/* An upload as the rows' %P. */
static struct talk_share upload_make(uint64_t length)
{
	struct talk_share upload = g_share;
	tus_create(&g_world, &g_share, "f", length, upload.path);
	return upload;
}

static const struct talk_row g_judged[] = {
	{PATCH "Host: here\r\n" TUS_PATCHING AT(0) LENGTH(1) "\r\na", 412, "Tus-Version", "1.0.0",
	 NULL},
	{PATCH "Host: here\r\nTus-Resumable: 0.2.2\r\n" TUS_PATCHING AT(0) LENGTH(1) "\r\na", 412,
	 "Tus-Version", "1.0.0", NULL},
	{PATCH TUS_HEAD "Content-Type: text/plain\r\n" AT(0) LENGTH(1) "\r\na", 415, NULL, NULL,
	 NULL},
	{PATCH TUS_HEAD AT(0) LENGTH(1) "\r\na", 415, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING LENGTH(1) "\r\na", 400, NULL, NULL, "Upload-Offset"},
	{PATCH TUS_HEAD TUS_PATCHING AT(-1) LENGTH(1) "\r\na", 400, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(1) LENGTH(1) "\r\na", 409, NULL, NULL, "HEAD"},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(11) "\r\n01234567890", 413, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(1) "Upload-Length: 11\r\n\r\na", 400, NULL, NULL,
	 "announced"},
	{PATCH TUS_HEAD TUS_PATCHING AT(0)
		 LENGTH(1) "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\na",
	 460, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(1) "Upload-Checksum: md5 AAAA\r\n\r\na", 400,
	 NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(1) "Upload-Checksum: sha1 AAAA\r\n\r\na", 400,
	 NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) CHUNKED
	 "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n0\r\n\r\n",
	 411, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(0)
		 LENGTH(62914561) "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
	 413, NULL, NULL, "60 MiB"},
	{"PATCH " TUS_PATH "aaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" TUS_HEAD TUS_PATCHING AT(0)
		 LENGTH(1) "\r\na",
	 404, NULL, NULL, NULL},
	{"PATCH " TUS_PATH "nonsense HTTP/1.1\r\n" TUS_HEAD TUS_PATCHING AT(0) LENGTH(1) "\r\na",
	 404, NULL, NULL, NULL},
	{"PUT %P HTTP/1.1\r\n" TUS_HEAD LENGTH(1) "\r\na", 405, "Allow", "HEAD, GET, PATCH, DELETE",
	 NULL},
	{"POST %P HTTP/1.1\r\n" TUS_HEAD LENGTH(0) "\r\n", 405, "Allow", NULL, NULL},
	/* Chunked, and more than announced: that stays. Not a byte is there. */
	{PATCH TUS_HEAD TUS_PATCHING AT(0) CHUNKED "\r\nzz\r\n", 400, NULL, NULL, NULL},
	{"HEAD %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 200, "Upload-Offset", "0", NULL},
	/* Good ones, each with what the last left. */
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(0) "\r\n", 204, "Upload-Offset", "0", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(2) "\r\n01", 204, "Upload-Offset", "2", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(2)
		 LENGTH(1) "Upload-Checksum: sha1 2kuSN7rMzfGcB2DKt67EqDWQELA=\r\n\r\n2",
	 204, "Upload-Offset", "3", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(3) CHUNKED "\r\n2\r\n34\r\n1\r\n5\r\n0\r\n\r\n", 204,
	 "Upload-Expires", NULL, ""},
	{"POST %P HTTP/1.1\r\n" TUS_HEAD "X-HTTP-Method-Override: PATCH\r\n" TUS_PATCHING AT(6)
		 LENGTH(1) "\r\n6",
	 204, "Tus-Resumable", "1.0.0", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(7) LENGTH(1) "Upload-Length: 10\r\n\r\n7", 204,
	 "Upload-Offset", "8", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(8) CHUNKED "\r\n4\r\n89xx\r\n0\r\n\r\n", 413, "Connection",
	 "close", NULL},
	{"HEAD %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 200, "Upload-Offset", "10", NULL},
	/* It is whole. */
	{PATCH TUS_HEAD TUS_PATCHING AT(10) LENGTH(0) "\r\n", 204, "Upload-Offset", "10", ""},
	{PATCH TUS_HEAD TUS_PATCHING AT(8) LENGTH(2) "\r\n89", 409, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(10) LENGTH(1) "\r\nx", 413, NULL, NULL, NULL},
	{PATCH TUS_HEAD TUS_PATCHING AT(10) CHUNKED "\r\n1\r\nx\r\n0\r\n\r\n", 413, NULL, NULL,
	 NULL},
};

static void requests_are_judged(void **state)
{
	(void)state;
	g_running.part = "requests_are_judged";
	begin_plenty();
	struct talk_share upload = upload_make(10);
	talk_rows_check(&g_world, &upload, g_judged, hw_count_of(g_judged));
	struct talk_row get = {"GET %P/f HTTP/1.1\r\nHost: here\r\n\r\n", 200, "Content-Length",
			       "10", "0123456789"};
	talk_rows_check(&g_world, &g_share, &get, 1);
	talk_table_end(&g_world);
}

static void deferred_length_is_kept(void **state)
{
	static const struct talk_row rows[] = {
		{PATCH TUS_HEAD TUS_PATCHING AT(0) LENGTH(3) "\r\n012", 204, "Upload-Offset", "3",
		 ""},
		{"HEAD %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 200, "Upload-Defer-Length", "1", NULL},
		{PATCH TUS_HEAD TUS_PATCHING AT(3) LENGTH(1) "Upload-Length: 2\r\n\r\n3", 400, NULL,
		 NULL, "More bytes"},
		{PATCH TUS_HEAD TUS_PATCHING AT(3) LENGTH(2) "Upload-Length: 4\r\n\r\n34", 413,
		 NULL, NULL, NULL},
		{PATCH TUS_HEAD TUS_PATCHING AT(3) LENGTH(1) "Upload-Length: 1001\r\n\r\n3", 413,
		 NULL, NULL, "larger"},
		{"HEAD %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 200, "Upload-Defer-Length", "1", NULL},
		{PATCH TUS_HEAD TUS_PATCHING AT(3) LENGTH(1) "Upload-Length: 5\r\n\r\n3", 204,
		 "Upload-Offset", "4", ""},
		{"HEAD %P HTTP/1.1\r\n" TUS_HEAD "\r\n", 200, "Upload-Length", "5", NULL},
		{PATCH TUS_HEAD TUS_PATCHING AT(4) LENGTH(1) "\r\n4", 204, "Upload-Offset", "5",
		 ""},
	};
	static const struct talk_row longer = {
		PATCH TUS_HEAD TUS_PATCHING AT(0) CHUNKED "\r\n3ea\r\n", 413, NULL, NULL, "larger"};
	(void)state;
	g_running.part = "deferred_length_is_kept";
	struct talk_world_options options = talk_world_plenty();
	options.file_size_max = 1000;
	begin(&options);
	struct talk_share upload = upload_make(HW_LENGTH_UNKNOWN);
	talk_rows_check(&g_world, &upload, rows, hw_count_of(rows));
	/* Of unknown length, and more than the server takes: seen when it is there. */
	tus_create(&g_world, &g_share, "g", HW_LENGTH_UNKNOWN, upload.path);
	char text[2048];
	struct hw_span head = talk_row_fill(longer.request, &upload, text, sizeof(text) - 1100);
	memset(text + head.size, 'x', 1002);
	memcpy(text + head.size + 1002, "\r\n0\r\n\r\n", 7);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, head.size + 1009});
	assert_int_equal(talk_answer_status(answer), 413);
	assert_int_equal(tus_offset(&g_world, upload.path), 0);
	/* Deferred to the very end: nothing comes with the length. */
	tus_create(&g_world, &g_share, "h", HW_LENGTH_UNKNOWN, upload.path);
	assert_int_equal(tus_patch(&g_world, upload.path, 0, 900, 5, ""), 204);
	assert_int_equal(tus_patch(&g_world, upload.path, 900, 0, 5, "Upload-Length: 900\r\n"),
			 204);
	tus_file_check(&g_world, &g_share, "h", 900, 5);
	tus_create(&g_world, &g_share, "i", HW_LENGTH_UNKNOWN, upload.path);
	assert_int_equal(tus_patch(&g_world, upload.path, 0, 0, 5, "Upload-Length: 0\r\n"), 204);
	tus_file_check(&g_world, &g_share, "i", 0, 5);
	talk_table_end(&g_world);
}

/* PATCHes that end at @ends, one after the other. */
static void pieces_check(const uint64_t *ends, uint32_t count, uint32_t index)
{
	char path[TALK_PATH_SIZE];
	char name[16];
	uint64_t offset = 0;
	uint64_t size = ends[count - 1];
	(void)snprintf(name, sizeof(name), "p%u", index); /* fits */
	tus_create(&g_world, &g_share, name, size, path);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(tus_patch(&g_world, path, offset, ends[i] - offset, index, ""),
				 204);
		offset = ends[i];
		assert_int_equal(tus_offset(&g_world, path), offset);
	}
	tus_file_check(&g_world, &g_share, name, size, index);
}

static void pieces_of_any_size_fit(void **state)
{
	static const uint64_t around[] = {16383, 16384, 16385, 262143, 262144, 262145, 278529};
	(void)state;
	g_running.part = "pieces_of_any_size_fit";
	begin_plenty();
	uint32_t index = 1;
	for (uint32_t i = 0; i < hw_count_of(around); i++) {
		for (uint32_t j = 0; j < hw_count_of(around); j++) {
			uint64_t ends[] = {around[i], around[i] + around[j],
					   around[i] + around[j] + 1};
			pieces_check(ends, 3, index++);
		}
	}
	uint64_t chunk = 4 * MIB;
	uint64_t before[] = {chunk - 1, chunk, chunk + 1};
	pieces_check(before, 3, index++);
	uint64_t blocks[] = {chunk - 16384, chunk + 16384, 2 * chunk};
	pieces_check(blocks, 3, index++);
	uint64_t tails[] = {1, chunk - 16385, chunk + 16383, 2 * chunk - 1, 2 * chunk + 1};
	pieces_check(tails, 5, index++);
	uint64_t whole[] = {chunk};
	pieces_check(whole, 1, index++);
	uint64_t bytes[] = {1, 2, 3, 4, 5};
	pieces_check(bytes, 5, index++);
	talk_table_end(&g_world);
}

/* The connection ends behind @size bytes of the body: so many are there. */
static void cut_check(const char *path, uint64_t offset, uint64_t size, bool is_chunked)
{
	char text[512];
	int head = snprintf(text, sizeof(text),
			    "PATCH %s HTTP/1.1\r\n" TUS_HEAD TUS_PATCHING
			    "Upload-Offset: %llu\r\n%s\r\n\r\n%s",
			    path, (unsigned long long)offset,
			    is_chunked ? "Transfer-Encoding: chunked" : "Content-Length: 900000",
			    is_chunked ? "dbba0\r\n" : "");
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	char *bytes = malloc(size + 1);
	assert_non_null(bytes);
	talk_content_copy(bytes, size, 9, offset);
	hw_sim_peer_write(peer, text, (uint64_t)head);
	hw_sim_peer_write(peer, bytes, size);
	hw_sim_peer_shutdown(peer);
	free(bytes);
	talk_world_pass(&g_world, 1000);
	assert_int_equal(tus_offset(&g_world, path), offset + size);
}

static void what_came_before_a_cut_stays(void **state)
{
	static const uint64_t sizes[] = {0,     1,     100,    16383,  16384, 16385,
					 20000, 32768, 262143, 262144, 262145};
	(void)state;
	g_running.part = "what_came_before_a_cut_stays";
	begin_plenty();
	struct talk_share upload = upload_make(5 * MIB);
	uint64_t offset = 0;
	for (uint32_t i = 0; i < 2 * hw_count_of(sizes); i++) {
		uint64_t size = sizes[i % hw_count_of(sizes)];
		cut_check(upload.path, offset, size, i % 3 == 1);
		offset += size;
	}
	assert_int_equal(tus_patch(&g_world, upload.path, offset, 5 * MIB - offset, 9, ""), 204);
	tus_file_check(&g_world, &g_share, "f", 5 * MIB, 9);
	talk_table_end(&g_world);
}

/* All bytes are there, and the last chunk is the sixteenth; only the body's end is missing. */
static void last_short_chunk_may_be_named_early(void **state)
{
	static char head[512];
	(void)state;
	g_running.part = "last_short_chunk_may_be_named_early";
	uint64_t size = 15 * 4 * MIB + 100;
	begin_plenty();
	struct talk_share upload = upload_make(size);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	int head_size =
		snprintf(head, sizeof(head),
			 "PATCH %s HTTP/1.1\r\n" TUS_HEAD TUS_PATCHING AT(0) CHUNKED "\r\n%llx\r\n",
			 upload.path, (unsigned long long)size);
	char *bytes = malloc(size);
	assert_non_null(bytes);
	talk_content_copy(bytes, size, 1, 0);
	hw_sim_peer_write(peer, head, (uint64_t)head_size);
	hw_sim_peer_write(peer, bytes, size);
	free(bytes);
	talk_world_pass(&g_world, 5000);
	assert_int_equal(hw_sim_peer_sent_size(peer), 0);
	hw_sim_peer_write(peer, "\r\n0\r\n\r\n", 7);
	talk_world_pass(&g_world, 5000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 204);
	tus_file_check(&g_world, &g_share, "f", size, 1);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(deferred_length_is_kept),
		cmocka_unit_test(pieces_of_any_size_fit),
		cmocka_unit_test(what_came_before_a_cut_stays),
		cmocka_unit_test(last_short_chunk_may_be_named_early),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
