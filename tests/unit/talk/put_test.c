/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what may be uploaded, what is said before and after, and that a file too large is refused
 * in the middle.
 *
 * Method: tables of requests over calm worlds with different options.
 */
#include "simd/sha256.h"
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

#define PUT(path, fields) "PUT " path " HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define LENGTH_3          "Content-Length: 3\r\n"
#define CHUNKED           "Transfer-Encoding: chunked\r\n"

static void rows_check(const struct talk_world_options *options, const struct talk_row *rows,
		       uint32_t count)
{
	talk_table_begin(&g_world, options);
	talk_rows_check(&g_world, NULL, rows, count);
	talk_table_end(&g_world);
}

static void requests_are_judged(void **state)
{
	static const struct talk_row rows[] = {
		{PUT("/a.bin", LENGTH_3) "abc", 201, "Location", "http://here/s/", "/a.bin\n"},
		{PUT("/a.bin", LENGTH_3) "abc", 201, "ETag",
		 "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"", NULL},
		{PUT("/a.bin", LENGTH_3) "abc", 201, "Hawser-Root",
		 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL},
		{PUT("/a.bin", LENGTH_3) "abc", 201, "Hawser-Owner-Token", NULL, NULL},
		{PUT("/a.bin", CHUNKED) "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", 201, "Hawser-Root",
		 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL},
		{PUT("/a.bin", "Content-Length: 0\r\n"), 201, "Location", NULL, NULL},
		{PUT("/a.bin", CHUNKED) "0\r\n\r\n", 201, "Location", NULL, NULL},
		{PUT("/%41%20b", LENGTH_3) "abc", 201, NULL, NULL, "/A%20b\n"},
		{PUT("/a.bin", LENGTH_3 "Expect: 100-continue\r\n"), 100, NULL, NULL, NULL},
		{PUT("/a.bin", LENGTH_3 "Expect: 100-continue\r\n") "abc", 201, NULL, NULL, NULL},
		{PUT("/a.bin", LENGTH_3 "Connection: close\r\n") "abc", 201, "Connection", "close",
		 NULL},
		{"PUT /a.bin HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 201, "Location",
		 "http://localhost/s/", NULL},
		{PUT("/a.bin", ""), 411, NULL, NULL, "Content-Length"},
		{PUT("/a.bin", LENGTH_3 "Content-Range: bytes 0-2/9\r\n") "abc", 400, NULL, NULL,
		 "part of a file"},
		{PUT("/%2e%2e", LENGTH_3) "abc", 400, NULL, NULL, NULL},
		{PUT("/a%00b", LENGTH_3) "abc", 400, NULL, NULL, NULL},
		{PUT("/", LENGTH_3) "abc", 400, "Connection", "close", NULL},
		{PUT("/a%ff", LENGTH_3) "abc", 400, NULL, NULL, NULL},
		{PUT("/a.bin", CHUNKED) "1\r\na\r\nx", 400, "Connection", "close", "framing"},
		{PUT("/a.bin", CHUNKED) "1\r\nab\r\n", 400, "Connection", "close", "framing"},
	};
	(void)state;
	g_running.part = "requests_are_judged";
	struct talk_world_options options = talk_world_plenty();
	rows_check(&options, rows, hw_count_of(rows));
}

static void options_are_kept(void **state)
{
	(void)state;
	g_running.part = "options_are_kept";
	static const struct {
		enum hw_upload_policy policy;
		bool is_remote;
		uint32_t status;
	} policies[] = {
		{HW_UPLOAD_LOOPBACK, false, 201}, {HW_UPLOAD_LOOPBACK, true, 403},
		{HW_UPLOAD_OPEN, false, 201},     {HW_UPLOAD_OPEN, true, 201},
		{HW_UPLOAD_OFF, false, 403},      {HW_UPLOAD_OFF, true, 403},
	};
	for (uint32_t i = 0; i < hw_count_of(policies); i++) {
		struct talk_row row = {PUT("/a", LENGTH_3) "abc", policies[i].status, NULL, NULL,
				       NULL};
		struct talk_world_options options = talk_world_plenty();
		options.upload_policy = policies[i].policy;
		options.is_remote = policies[i].is_remote;
		rows_check(&options, &row, 1);
	}
	static const struct talk_row too_large[] = {
		{PUT("/a", LENGTH_3) "abc", 413, "Connection", "close", "larger"},
		{PUT("/a", "Content-Length: 2\r\n") "ab", 201, NULL, NULL, NULL},
		{PUT("/a", CHUNKED) "2\r\nab\r\n0\r\n\r\n", 201, NULL, NULL, NULL},
		{PUT("/a", CHUNKED) "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 413, NULL, NULL, "larger"},
	};
	struct talk_world_options options = talk_world_plenty();
	options.file_size_max = 2;
	rows_check(&options, too_large, hw_count_of(too_large));
	static const struct talk_row no_room[] = {
		{PUT("/a", "Content-Length: 99999999\r\n"), 507, "Connection", "close", "room"},
	};
	options = talk_world_plenty();
	options.disk_size = UINT64_C(20) << 20;
	rows_check(&options, no_room, hw_count_of(no_room));
	static const struct talk_row named[] = {
		{PUT("/a", LENGTH_3) "abc", 201, "Location", "https://files.example/s/", NULL},
	};
	options = talk_world_plenty();
	options.public_url = "https://files.example";
	rows_check(&options, named, hw_count_of(named));
}

/* The longest name and host make the longest answer. */
static void longest_answer_fits(void **state)
{
	(void)state;
	g_running.part = "longest_answer_fits";
	static const char star[] = "%E2%98%85";
	static char text[4096];
	uint32_t size = 0;
	talk_text_add(text, sizeof(text), &size, "PUT /");
	for (uint32_t i = 0; i < HW_NAME_SIZE_MAX / 3; i++) {
		talk_text_add(text, sizeof(text), &size, star);
	}
	talk_text_add(text, sizeof(text), &size, " HTTP/1.1\r\nContent-Length: 0\r\nHost: ");
	for (uint32_t i = 0; i < 252; i++) {
		talk_text_add(text, sizeof(text), &size, "h");
	}
	talk_text_add(text, sizeof(text), &size, "\r\n\r\n");
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, size});
	assert_int_equal(talk_answer_status(answer), 201);
	struct hw_span link = talk_answer_field(answer, "Location");
	size = 0;
	talk_text_add(text, sizeof(text), &size, "GET ");
	const char *path = memmem(link.bytes, link.size, "/s/", 3);
	memcpy(text + size, path, link.size - (uint32_t)(path - link.bytes));
	size += link.size - (uint32_t)(path - link.bytes);
	text[size] = '\0';
	talk_text_add(text, sizeof(text), &size, " HTTP/1.1\r\nHost: here\r\n\r\n");
	answer = talk_world_ask(&g_world, (struct hw_span){text, size});
	assert_int_equal(talk_answer_status(answer), 200);
	talk_table_end(&g_world);
}

static void no_upload_is_free(void **state)
{
	(void)state;
	g_running.part = "no_upload_is_free";
	struct talk_world_options options = talk_world_plenty();
	options.uploads_max = 1;
	talk_table_begin(&g_world, &options);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, PUT("/a", LENGTH_3), strlen(PUT("/a", LENGTH_3)));
	talk_world_pass(&g_world, 100);
	static const struct talk_row busy = {PUT("/a", LENGTH_3) "abc", 503, "Retry-After", "1",
					     NULL};
	talk_rows_check(&g_world, NULL, &busy, 1);
	hw_sim_peer_write(peer, "abc", 3);
	talk_world_pass(&g_world, 100);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 201);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(options_are_kept),
		cmocka_unit_test(longest_answer_fits),
		cmocka_unit_test(no_upload_is_free),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
