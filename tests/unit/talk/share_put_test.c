/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: its owner puts files into a share, which are there while they come and gone when they break
 * off; nothing of a live one is stored.
 *
 * Method: tables of requests; a body in halves, looked at between them; a receiver of a live file.
 */
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;
static struct talk_share g_share;

#define PUT(name, fields) "PUT %P/" name HERE AS_OWNER fields "\r\n"
#define LENGTH_3          "Content-Length: 3\r\n"
#define CHUNKED           "Transfer-Encoding: chunked\r\n"
#define ABC_ROOT          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void requests_are_judged(void **state)
{
	static const struct talk_row rows[] = {
		{PUT("a", LENGTH_3) "abc", 201, "Hawser-Root", ABC_ROOT, "http://here/s/"},
		{PUT("b", CHUNKED) "3\r\nabc\r\n0\r\n\r\n", 201, "ETag", "\"" ABC_ROOT "\"",
		 "/b\n"},
		{PUT("c%20d", "Content-Length: 0\r\n"), 201, "Location", "http://here/s/",
		 "/c%20d\n"},
		{PUT("a", LENGTH_3) "abc", 409, "Connection", "close", "that name"},
		{"PUT %P/e" HERE LENGTH_3 "\r\nabc", 401, "WWW-Authenticate", "Bearer", NULL},
		{"PUT %P/e" HERE "Authorization: Bearer x\r\n" LENGTH_3 "\r\nabc", 403, NULL, NULL,
		 NULL},
		{PUT("e", ""), 411, NULL, NULL, "Content-Length"},
		{PUT("e", LENGTH_3 "Content-Range: bytes 0-2/9\r\n") "abc", 400, NULL, NULL,
		 "part of a file"},
		{PUT("%2e%2e", LENGTH_3) "abc", 400, NULL, NULL, NULL},
		{PUT("", LENGTH_3) "abc", 400, NULL, NULL, NULL},
		{PUT("e", CHUNKED) "1\r\nab\r\n", 400, "Connection", "close", "framing"},
		{"PUT /s/aaaaaaaaaaaaaaaaaaaaaaaaaa/e" HERE AS_OWNER LENGTH_3 "\r\nabc", 404, NULL,
		 NULL, NULL},
		{PUT("e", "Content-Length: 11\r\n") "abcdefghijk", 413, NULL, NULL, "larger"},
		{PUT("e", CHUNKED) "b\r\nabcdefghijk\r\n0\r\n\r\n", 413, NULL, NULL, "larger"},
		{PUT("e", "Content-Length: 10\r\n") "abcdefghij", 413, NULL, NULL, "share"},
		{PUT("e", CHUNKED) "a\r\nabcdefghij\r\n0\r\n\r\n", 413, NULL, NULL, "share"},
		{PUT("e", LENGTH_3) "abc", 201, NULL, NULL, NULL},
		{"GET %P/e" HERE "\r\n", 200, NULL, NULL, "abc"},
		{"DELETE %P/e" HERE AS_OWNER "\r\n", 204, NULL, NULL, ""},
		{"GET %P/e" HERE "\r\n", 404, NULL, NULL, NULL},
		{SHARE_GET(""), 200, NULL, NULL, "\"file_count\":3"},
	};
	(void)state;
	g_running.part = "requests_are_judged";
	struct talk_world_options options = talk_world_plenty();
	options.file_size_max = 10;
	options.share_size_max = 15;
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{}", &g_share);
	talk_rows_check(&g_world, &g_share, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

static struct hw_sim_peer *say(const char *request)
{
	char text[1024];
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	struct hw_span filled = talk_row_fill(request, &g_share, text, sizeof(text));
	hw_sim_peer_write(peer, filled.bytes, filled.size);
	talk_world_pass(&g_world, 100);
	return peer;
}

static void files_are_there_while_they_come(void **state)
{
	(void)state;
	g_running.part = "files_are_there_while_they_come";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{}", &g_share);
	struct hw_sim_peer *peer = say(PUT("a", LENGTH_3) "ab");
	share_row(&g_world, &g_share, SHARE_GET(""), 200, "\"name\":\"a\"");
	share_row(&g_world, &g_share, SHARE_GET(""), 200, "\"is_complete\":false");
	hw_sim_peer_write(peer, "c", 1);
	talk_world_pass(&g_world, 500);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 201);
	share_row(&g_world, &g_share, "GET %P" HERE "\r\n", 200, "abc");
	hw_sim_peer_reset(say(PUT("b", LENGTH_3) "ab"));
	talk_world_pass(&g_world, 1000);
	share_row(&g_world, &g_share, SHARE_GET(""), 200, "\"file_count\":1");
	share_row(&g_world, &g_share, PUT("b", LENGTH_3) "abc", 201, NULL);
	talk_table_end(&g_world);
}

static void live_files_are_not_stored(void **state)
{
	(void)state;
	g_running.part = "live_files_are_not_stored";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{\"mode\":\"live\"}", &g_share);
	struct hw_sim_peer *sender = say(PUT("a", LENGTH_3) "ab");
	struct hw_sim_peer *receiver = say("GET %P/a" HERE "\r\n");
	hw_sim_peer_write(sender, "c", 1);
	talk_world_pass(&g_world, 2000);
	struct hw_span got = talk_answer_body(hw_sim_peer_got(receiver));
	assert_int_equal(talk_answer_status(hw_sim_peer_got(receiver)), 200);
	assert_true(hw_span_equal(got, HW_SPAN("abc")));
	struct hw_span answer = hw_sim_peer_got(sender);
	assert_int_equal(talk_answer_status(answer), 200);
	assert_true(hw_span_equal(talk_answer_field(answer, "Hawser-Root"), HW_SPAN(ABC_ROOT)));
	share_row(&g_world, &g_share, SHARE_GET(""), 200, "\"files\":[]");
	assert_int_equal(hw_catalog_sim_file_count(&g_world.catalog), 0);
	talk_table_end(&g_world);
}

#define TUS_POST(fields)                                                                           \
	"POST /api/v1/shares/%R/files" HERE AS_OWNER "Tus-Resumable: 1.0.0\r\n" fields "\r\n"
#define TUS_BYTES "Content-Type: application/offset+octet-stream\r\n"

/* What is not stored cannot be gone on with: tus brings the whole, or nothing. */
static void live_tus_brings_the_whole(void **state)
{
	static const struct talk_row rows[] = {
		{TUS_POST("Upload-Length: 3\r\nContent-Length: 0\r\n"), 409, NULL, NULL, "whole"},
		{TUS_POST("Upload-Defer-Length: 1\r\nContent-Length: 0\r\n"), 409, NULL, NULL,
		 NULL},
		{TUS_POST("Upload-Length: 3\r\n" TUS_BYTES "Content-Length: 2\r\n") "ab", 409, NULL,
		 NULL, NULL},
		{TUS_POST("Upload-Length: 3\r\n" TUS_BYTES CHUNKED) "3\r\nabc\r\n0\r\n\r\n", 409,
		 NULL, NULL, NULL},
		{TUS_POST(
			 "Upload-Length: 3\r\nUpload-Concat: partial\r\n" TUS_BYTES LENGTH_3) "abc",
		 409, NULL, NULL, NULL},
		{SHARE_GET(""), 200, NULL, NULL, "\"files\":[]"},
	};
	(void)state;
	g_running.part = "live_tus_brings_the_whole";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{\"mode\":\"live\"}", &g_share);
	talk_rows_check(&g_world, &g_share, rows, hw_count_of(rows));
	struct hw_sim_peer *sender = say(TUS_POST(
		"Upload-Length: 3\r\nUpload-Metadata: filename YQ==\r\n" TUS_BYTES LENGTH_3) "ab");
	struct hw_sim_peer *receiver = say("GET %P/a" HERE "\r\n");
	hw_sim_peer_write(sender, "c", 1);
	talk_world_pass(&g_world, 2000);
	assert_true(hw_span_equal(talk_answer_body(hw_sim_peer_got(receiver)), HW_SPAN("abc")));
	struct hw_span answer = hw_sim_peer_got(sender);
	assert_int_equal(talk_answer_status(answer), 201);
	assert_true(hw_span_equal(talk_answer_field(answer, "Upload-Offset"), HW_SPAN("3")));
	talk_table_end(&g_world);
}

static void no_room_is_said(void **state)
{
	(void)state;
	g_running.part = "no_room_is_said";
	struct talk_world_options options = talk_world_plenty();
	options.disk_size = UINT64_C(20) << 20;
	options.uploads_max = 1;
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{}", &g_share);
	share_row(&g_world, &g_share, PUT("a", "Content-Length: 99999999\r\n"), 507, "room");
	share_row(&g_world, &g_share, SHARE_GET(""), 200, "\"files\":[]");
	struct hw_sim_peer *peer = say(PUT("a", LENGTH_3) "ab");
	share_row(&g_world, &g_share, PUT("b", LENGTH_3) "abc", 503, NULL);
	hw_sim_peer_write(peer, "c", 1);
	talk_world_pass(&g_world, 500);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 201);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(files_are_there_while_they_come),
		cmocka_unit_test(live_files_are_not_stored),
		cmocka_unit_test(live_tus_brings_the_whole),
		cmocka_unit_test(no_room_is_said),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
