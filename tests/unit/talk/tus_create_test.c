/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who may begin an upload, with which words, and what comes of bytes that come along.
 *
 * Method: tables of requests over a calm world.
 */
#include "tests/unit/talk/tus_client.h"

#define POST     "POST /api/v1/shares/"
#define ID       26U
#define BEARER   "Authorization: Bearer %T\r\n"
#define NAME_A   "Upload-Metadata: filename YQ==\r\n"
#define NO_BODY  "Content-Length: 0\r\n\r\n"
#define LENGTH_3 "Upload-Length: 3\r\n"

static struct talk_world g_world;
static struct talk_share g_share;

/* The share's id is what %P becomes here. */
static struct talk_share id_of(const struct talk_share *share)
{
	struct talk_share id = *share;
	memmove(id.path, id.path + 3, strlen(id.path + 3) + 1);
	return id;
}

#define TO "POST /api/v1/shares/%P/files HTTP/1.1\r\n"

static void requests_are_judged(void **state)
{
	static const struct talk_row rows[] = {
		{"OPTIONS /api/v1/shares/%P/files HTTP/1.1\r\nHost: here\r\n\r\n", 204,
		 "Tus-Version", "1.0.0", ""},
		{"OPTIONS /api/v1/shares/%P/files HTTP/1.1\r\nHost: here\r\n\r\n", 204,
		 "Tus-Extension", "creation,", ""},
		{"OPTIONS /api/v1/shares/%P/files HTTP/1.1\r\nHost: here\r\n\r\n", 204,
		 "Tus-Max-Size", "1000000", ""},
		{"OPTIONS /api/v1/shares/%P/files HTTP/1.1\r\nHost: here\r\n\r\n", 204,
		 "Tus-Checksum-Algorithm", "sha1,sha256", ""},
		{TO "Host: here\r\n" BEARER LENGTH_3 NO_BODY, 412, "Tus-Version", "1.0.0", NULL},
		{TO TUS_HEAD BEARER NO_BODY, 400, NULL, NULL, "Upload-Length"},
		{TO TUS_HEAD BEARER LENGTH_3 "Upload-Defer-Length: 1\r\n" NO_BODY, 400, NULL, NULL,
		 NULL},
		{TO TUS_HEAD BEARER "Upload-Defer-Length: 2\r\n" NO_BODY, 400, NULL, NULL, NULL},
		{TO TUS_HEAD BEARER "Upload-Length: 1000001\r\n" NO_BODY, 413, NULL, NULL,
		 "larger"},
		{TO TUS_HEAD BEARER "Upload-Length: 99999999999999999999\r\n" NO_BODY, 413, NULL,
		 NULL, NULL},
		{TO TUS_HEAD BEARER "Upload-Length: -1\r\n" NO_BODY, 400, NULL, NULL, NULL},
		{TO TUS_HEAD BEARER LENGTH_3 "Content-Length: 3\r\n\r\nabc", 415, NULL, NULL, NULL},
		{TO TUS_HEAD BEARER LENGTH_3 TUS_PATCHING "Content-Length: 4\r\n\r\nabcd", 413,
		 NULL, NULL, NULL},
		{TO TUS_HEAD BEARER LENGTH_3 "Upload-Metadata: filename !\r\n" NO_BODY, 400, NULL,
		 NULL, NULL},
		{TO TUS_HEAD BEARER LENGTH_3 "Upload-Metadata: filename Li4=\r\n" NO_BODY, 400,
		 NULL, NULL, NULL},
		{TO TUS_HEAD LENGTH_3 NO_BODY, 401, "WWW-Authenticate", "Bearer", NULL},
		{TO TUS_HEAD
		 "Authorization: Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n" LENGTH_3
			 NO_BODY,
		 403, NULL, NULL, NULL},
		{TO TUS_HEAD "Authorization: Bearer nonsense\r\n" LENGTH_3 NO_BODY, 403, NULL, NULL,
		 NULL},
		{"POST /api/v1/shares/aaaaaaaaaaaaaaaaaaaaaaaaaa/files HTTP/1.1\r\n" TUS_HEAD BEARER
			 LENGTH_3 NO_BODY,
		 404, NULL, NULL, NULL},
		{"GET /api/v1/shares/%P/files HTTP/1.1\r\n" TUS_HEAD "\r\n", 405, "Allow", "POST",
		 NULL},
		/* Good ones. */
		{TO TUS_HEAD BEARER LENGTH_3 NAME_A NO_BODY, 201, "Location", TUS_PATH, ""},
		{TO TUS_HEAD BEARER LENGTH_3 NAME_A NO_BODY, 409, NULL, NULL, "name"},
		{TO TUS_HEAD BEARER LENGTH_3 "Upload-Metadata: name Yg==\r\n" NO_BODY, 201,
		 "Upload-Expires", NULL, ""},
		{TO TUS_HEAD BEARER LENGTH_3 NO_BODY, 201, "Upload-Offset", "0", ""},
		{TO TUS_HEAD BEARER "Upload-Defer-Length: 1\r\n" NO_BODY, 201, "Location", TUS_PATH,
		 ""},
		{TO TUS_HEAD BEARER LENGTH_3 TUS_PATCHING "Content-Length: 2\r\n\r\nab", 201,
		 "Upload-Offset", "2", ""},
		{TO TUS_HEAD BEARER LENGTH_3 TUS_PATCHING
		 "Upload-Metadata: filename d2hvbGU=\r\nContent-Length: 3\r\n\r\nabc",
		 201, "Upload-Offset", "3", ""},
		{TO TUS_HEAD BEARER "Upload-Defer-Length: 1\r\n" TUS_PATCHING
				    "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
		 201, "Upload-Offset", "2", ""},
		{TO TUS_HEAD BEARER
		 "Upload-Length: 0\r\nUpload-Metadata: filename ZW1wdHk=\r\n" NO_BODY,
		 201, "Upload-Offset", "0", ""},
		{"GET /s/%P/whole HTTP/1.1\r\nHost: here\r\n\r\n", 200, "Content-Length", "3",
		 "abc"},
		{"GET /s/%P/empty HTTP/1.1\r\nHost: here\r\n\r\n", 200, "Content-Length", "0", ""},
	};
	(void)state;
	g_running.part = "requests_are_judged";
	struct talk_world_options options = talk_world_plenty();
	options.file_size_max = 1000000;
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	struct talk_share id = id_of(&g_share);
	talk_rows_check(&g_world, &id, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

/* What a client says of its file is given back as it came: nothing, little, all that fits. */
static void metadata_is_given_back(void **state)
{
	static char metadata[HW_UPLOAD_METADATA_MAX + 1];
	static char text[HW_UPLOAD_METADATA_MAX + 1024];
	static const uint32_t sizes[] = {12, 100, 1000, 4000, HW_UPLOAD_METADATA_MAX};
	(void)state;
	g_running.part = "metadata_is_given_back";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		char path[TALK_PATH_SIZE];
		memset(metadata, 'A', sizes[i]);
		memcpy(metadata, "ab,cdef ", 8);
		metadata[sizes[i]] = '\0';
		uint32_t size = sizes[i] - (sizes[i] - 8) % 4; /* whole groups of base64 */
		metadata[size] = '\0';
		int sent = snprintf(text, sizeof(text),
				    "POST /api/v1/shares/%s/files HTTP/1.1\r\n" TUS_HEAD
				    "Authorization: Bearer %s\r\n" LENGTH_3
				    "Upload-Metadata: %s\r\nContent-Length: 0\r\n\r\n",
				    g_share.path + 3, g_share.token, metadata);
		struct hw_span answer =
			talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)sent});
		assert_int_equal(talk_answer_status(answer), 201);
		struct hw_span link = talk_answer_field(answer, "Location");
		memcpy(path, link.bytes, link.size);
		path[link.size] = '\0';
		sent = snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\n" TUS_HEAD "\r\n", path);
		answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)sent});
		struct hw_span told = talk_answer_field(answer, "Upload-Metadata");
		assert_int_equal(told.size, size);
		assert_memory_equal(told.bytes, metadata, size);
	}
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(metadata_is_given_back),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
