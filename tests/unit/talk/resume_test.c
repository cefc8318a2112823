/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an upload in the IETF's draft is stored whole and right however it is cut into requests
 * and wherever its length is said; what contradicts itself or the upload is refused and changes
 * nothing; 104 goes to who understands it, and to nobody else.
 *
 * Method: a share of one file; tables of requests; files of sizes around a block and a chunk, in
 * one request and in several, against the root that a PUT of the same bytes gets; senders that
 * break off anywhere, over many seeds.
 *
 *	unit_talk_resume [SEED]
 */
#include "core/base/prng.h"
#include "tests/unit/talk/talk_table.h"

#define ID_SIZE    26U
#define SEED_COUNT 60U
#define HEAD       "Host: here\r\nUpload-Draft-Interop-Version: 8\r\n"
#define PARTIAL    "Content-Type: application/partial-upload\r\n"
#define FILES      "/api/v1/shares/%I/files"
#define OWNER      "Authorization: Bearer %T\r\n"

static struct talk_world g_world;
static struct talk_model g_model;
static const struct talk_share *g_share;
static char g_path[TALK_PATH_SIZE]; /* of the upload made last */
static char g_name[16];             /* of the file, where a request says %F */
static bool g_is_late;              /* the end of a chunked body comes long after the last byte */
static uint64_t g_only_seed;

/* -- asking -- */

/* A request: %T is the owner's token, %I the share's id, %U the upload's path, %F g_name,
 * %N @body_size, %O @offset; and then so many bytes of a file from there. The caller frees its
 * bytes. */
static struct hw_span request_make(const char *text, uint64_t body_size, uint64_t shift,
				   uint64_t offset)
{
	char *bytes = malloc(2048 + body_size);
	uint32_t size = 0;
	assert_non_null(bytes);
	for (const char *at = text; *at != '\0'; at++) {
		char one[32] = {*at, '\0'};
		const char *more = one;
		if (*at == '%') {
			at++;
			more = *at == 'T' ? g_share->token : (*at == 'U' ? g_path : one);
			more = *at == 'F' ? g_name : more;
		}
		if (*at == 'I' && at > text && at[-1] == '%') {
			memcpy(one, g_share->path + 3, ID_SIZE);
			one[ID_SIZE] = '\0';
		} else if (at > text && at[-1] == '%' && (*at == 'N' || *at == 'O')) {
			(void)snprintf(one, sizeof(one), "%llu",
				       (unsigned long long)(*at == 'N' ? body_size : offset));
		}
		talk_text_add(bytes, 2048, &size, more);
	}
	for (uint64_t i = 0; i < body_size; i++) {
		bytes[size + i] = (char)talk_content_at(shift, offset + i);
	}
	return (struct hw_span){bytes, size + (uint32_t)body_size};
}

/* What comes behind interim answers. */
static struct hw_span final_of(struct hw_span answer)
{
	while (talk_answer_status(answer) < 200 && talk_answer_status(answer) > 0) {
		answer = talk_answer_body(answer);
	}
	return answer;
}

/* The answer, interim ones included; the upload's path is kept from it. */
static struct hw_span ask(const char *text, uint64_t body_size, uint64_t shift, uint64_t offset)
{
	struct hw_span request = request_make(text, body_size, shift, offset);
	struct hw_span answer = talk_world_ask(&g_world, request);
	talk_text_free(request);
	struct hw_span location = talk_answer_field(answer, "Location");
	if (location.size > 0) {
		assert_true(location.size < sizeof(g_path));
		memcpy(g_path, location.bytes, location.size);
		g_path[location.size] = '\0';
	}
	return answer;
}

static uint32_t ask_status(const char *text, uint64_t body_size, uint64_t shift, uint64_t offset)
{
	return talk_answer_status(final_of(ask(text, body_size, shift, offset)));
}

static bool field_is(struct hw_span answer, const char *name, const char *value)
{
	struct hw_span found = talk_answer_field(answer, name);
	return value == NULL ? found.size == 0 : hw_span_equal(found, hw_span_of(value));
}

static void offset_check(uint64_t offset, const char *complete, const char *length)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)offset);
	struct hw_span answer = ask("HEAD %U HTTP/1.1\r\n" HEAD "\r\n", 0, 0, 0);
	assert_int_equal(talk_answer_status(answer), 204);
	assert_true(field_is(answer, "Upload-Offset", number));
	assert_true(field_is(answer, "Upload-Complete", complete));
	assert_true(field_is(answer, "Upload-Length", length));
	assert_true(field_is(answer, "Cache-Control", "no-store"));
	assert_true(talk_answer_field(answer, "Upload-Limit").size > 0);
	assert_true(field_is(answer, "Tus-Resumable", NULL));
}

static void begin(const char *part)
{
	g_running.part = part;
	struct talk_world_options options = talk_world_plenty();
	options.file_size_max = UINT64_C(1) << 26;
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	g_share = &g_model.shares[talk_share_make(&g_world, &g_model, 100, 1)];
}

/* The file @name of the share is these bytes, and has the root that a PUT of them gets. */
static void file_check(const char *name, uint64_t size, uint64_t shift)
{
	char get[256];
	(void)snprintf(get, sizeof(get), "GET /s/%%I/%s HTTP/1.1\r\nHost: here\r\n\r\n", name);
	struct hw_span answer = ask(get, 0, 0, 0);
	assert_int_equal(talk_answer_status(answer), 200);
	struct hw_span body = talk_answer_body(answer);
	assert_int_equal(body.size, size);
	assert_true(talk_content_equal(body.bytes, size, shift, 0));
	const struct talk_share *same =
		&g_model.shares[talk_share_make(&g_world, &g_model, size, shift)];
	struct hw_span etag = talk_answer_field(answer, "ETag");
	assert_int_equal(etag.size, 66);
	assert_memory_equal(etag.bytes + 1, same->root, 64);
}

/* -- what is refused -- */

struct refusal {
	const char *request;
	uint32_t body_size;
	uint32_t status;
	const char *body; /* that its body contains */
};

#define POST(fields) "POST " FILES " HTTP/1.1\r\n" HEAD OWNER fields "\r\n"

static void creation_is_judged(void **state)
{
	static const struct refusal rows[] = {
		{POST(""), 0, 400, "Upload-Complete: ?1"},
		{POST("Upload-Complete: yes\r\n"), 0, 400, "Upload-Complete: ?1"},
		{POST("Upload-Complete: ?1\r\nContent-Length: 5\r\nUpload-Length: 6\r\n"), 5, 400,
		 "#inconsistent-upload-length"},
		{POST("Upload-Complete: ?0\r\nContent-Length: 5\r\nUpload-Length: 4\r\n"), 5, 400,
		 "#inconsistent-upload-length"},
		{POST("Upload-Complete: ?0\r\nUpload-Length: 999999999999999\r\n"), 0, 413,
		 "larger"},
		{POST("Upload-Complete: ?1\r\nContent-Length: 99999999999999999\r\n"), 0, 413,
		 "larger"},
		{POST("Upload-Complete: ?0\r\nContent-Disposition: inline; filename=\"a/b\"\r\n"),
		 0, 400, "slash"},
		{POST("Upload-Complete: ?0\r\nContent-Disposition: inline; filename\r\n"), 0, 400,
		 "malformed"},
		{"POST " FILES "?name=%%2e%%2e HTTP/1.1\r\n" HEAD OWNER
		 "Upload-Complete: ?0\r\n\r\n",
		 0, 400, "name"},
		{"POST " FILES " HTTP/1.1\r\n" HEAD "Upload-Complete: ?0\r\n\r\n", 0, 401, "owner"},
		{"POST " FILES " HTTP/1.1\r\n" HEAD "Authorization: Bearer x\r\n"
		 "Upload-Complete: ?0\r\n\r\n",
		 0, 403, "owner"},
		{"POST /api/v1/shares/x/files HTTP/1.1\r\n" HEAD OWNER
		 "Upload-Complete: ?0\r\n\r\n",
		 0, 404, "share"},
		/* tus, whatever else it says */
		{POST("Tus-Resumable: 1.0.0\r\nUpload-Complete: ?1\r\n"), 0, 400, "Upload-Length"},
	};
	(void)state;
	begin("creation_is_judged");
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		g_running.place = i;
		struct hw_span answer = ask(rows[i].request, rows[i].body_size, 1, 0);
		struct hw_span body = talk_answer_body(answer);
		assert_int_equal(talk_answer_status(answer), rows[i].status);
		assert_non_null(memmem(body.bytes, body.size, rows[i].body, strlen(rows[i].body)));
		bool is_tus = strstr(rows[i].request, "Tus-") != NULL;
		assert_int_equal(talk_answer_field(answer, "Upload-Limit").size > 0, !is_tus);
	}
	assert_int_equal(hw_catalog_sim_file_count(&g_world.catalog), 1);
	talk_table_end(&g_world);
}

#define PATCH(fields) "PATCH %U HTTP/1.1\r\n" HEAD PARTIAL fields "\r\n"

static void append_is_judged(void **state)
{
	static const struct refusal rows[] = {
		{"PATCH %U HTTP/1.1\r\n" HEAD "Upload-Offset: 10\r\nUpload-Complete: ?0\r\n\r\n", 0,
		 415, "application/partial-upload"},
		{PATCH("Upload-Complete: ?0\r\n"), 0, 400, "Upload-Offset"},
		{PATCH("Upload-Offset: 10\r\n"), 0, 400, "Upload-Complete"},
		{PATCH("Upload-Offset: 9\r\nUpload-Complete: ?0\r\nContent-Length: 5\r\n"), 5, 409,
		 "#mismatching-upload-offset\",\"title\":\"Conflict\",\"status\":409,"},
		{PATCH("Upload-Offset: 11\r\nUpload-Complete: ?0\r\n"), 0, 409,
		 "\"expected-offset\":10,\"provided-offset\":11}"},
		{PATCH("Upload-Offset: 10\r\nUpload-Complete: ?0\r\nUpload-Length: 101\r\n"), 0,
		 400, "#inconsistent-upload-length"},
		{PATCH("Upload-Offset: 10\r\nUpload-Complete: ?1\r\nContent-Length: 5\r\n"), 5, 400,
		 "#inconsistent-upload-length"},
		{PATCH("Upload-Offset: 10\r\nUpload-Complete: ?0\r\nContent-Length: 91\r\n"), 91,
		 400, "#inconsistent-upload-length"},
		{PATCH("Upload-Offset: 10\r\nUpload-Complete: ?0\r\n"
		       "Content-Length: 99999999999999\r\n"),
		 0, 413, "larger"},
		{"POST %U HTTP/1.1\r\n" HEAD "Upload-Complete: ?0\r\n\r\n", 0, 405, "method"},
	};
	(void)state;
	begin("append_is_judged");
	assert_int_equal(ask_status(POST("Upload-Complete: ?0\r\nUpload-Length: 100\r\n"
					 "Content-Length: 10\r\n"),
				    10, 3, 0),
			 201);
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		g_running.place = i;
		struct hw_span answer = ask(rows[i].request, rows[i].body_size, 3, 10);
		struct hw_span body = talk_answer_body(answer);
		assert_int_equal(talk_answer_status(answer), rows[i].status);
		assert_non_null(memmem(body.bytes, body.size, rows[i].body, strlen(rows[i].body)));
		if (rows[i].status == 409) {
			assert_true(field_is(answer, "Upload-Offset", "10"));
			assert_true(field_is(answer, "Upload-Complete", "?0"));
			assert_true(field_is(answer, "Content-Type", "application/problem+json"));
		}
		offset_check(10, "?0", "100");
	}
	talk_table_end(&g_world);
}

/* -- the life of an upload -- */

static void one_upload_in_pieces(void **state)
{
	(void)state;
	begin("one_upload_in_pieces");
	struct hw_span answer =
		ask(POST("Upload-Complete: ?0\r\nContent-Disposition: inline; filename=n\r\n"), 0,
		    0, 0);
	assert_int_equal(talk_answer_status(answer), 201); /* no byte came: no 104 */
	assert_true(field_is(answer, "Upload-Complete", "?0"));
	assert_true(hw_span_starts_with(talk_answer_field(answer, "Upload-Limit"),
					HW_SPAN("min-size=0, max-size=67108864, max-age=86")));
	offset_check(0, "?0", NULL);
	answer = ask(PATCH("Upload-Offset: 0\r\nUpload-Complete: ?0\r\nContent-Length: 20000\r\n"),
		     20000, 7, 0);
	assert_int_equal(talk_answer_status(answer), 204); /* 104 is of a creation */
	assert_true(field_is(answer, "Upload-Complete", "?0"));
	assert_true(field_is(answer, "Upload-Offset", "20000"));
	offset_check(20000, "?0", NULL);
	/* tus goes on with it, and says how long it will be. */
	assert_int_equal(ask_status("PATCH %U HTTP/1.1\r\nHost: here\r\nTus-Resumable: 1.0.0\r\n"
				    "Content-Type: application/offset+octet-stream\r\n"
				    "Upload-Offset: 20000\r\nUpload-Length: 50000\r\n"
				    "Content-Length: 10000\r\n\r\n",
				    10000, 7, 20000),
			 204);
	offset_check(30000, "?0", "50000");
	answer = ask(PATCH("Upload-Offset: 30000\r\nUpload-Complete: ?1\r\n"
			   "Content-Length: 20000\r\n"),
		     20000, 7, 30000);
	assert_int_equal(talk_answer_status(answer), 200);
	assert_true(field_is(answer, "Upload-Complete", "?1"));
	offset_check(50000, "?1", "50000");
	file_check("n", 50000, 7);
	/* Said again, it is as complete; but nothing comes behind it. */
	assert_int_equal(
		ask_status(PATCH("Upload-Offset: 50000\r\nUpload-Complete: ?1\r\n"), 0, 0, 0), 200);
	answer = ask(PATCH("Upload-Offset: 50000\r\nUpload-Complete: ?1\r\nContent-Length: 1\r\n"),
		     1, 7, 50000);
	assert_int_equal(talk_answer_status(answer), 400);
	assert_true(field_is(answer, "Upload-Complete", "?1"));
	assert_int_equal(ask_status("DELETE %U HTTP/1.1\r\n" HEAD "\r\n", 0, 0, 0), 403);
	talk_table_end(&g_world);
}

static void an_upload_is_ended(void **state)
{
	(void)state;
	begin("an_upload_is_ended");
	assert_int_equal(
		ask_status(POST("Upload-Complete: ?0\r\nContent-Length: 10\r\n"), 10, 3, 0), 201);
	struct hw_span answer = ask("GET %U HTTP/1.1\r\nHost: here\r\n\r\n", 0, 0, 0);
	assert_int_equal(talk_answer_status(answer), 204);
	assert_true(field_is(answer, "Upload-Offset", "10"));
	assert_int_equal(ask_status("DELETE %U HTTP/1.1\r\n" HEAD "\r\n", 0, 0, 0), 204);
	uint32_t status = ask_status("HEAD %U HTTP/1.1\r\n" HEAD "\r\n", 0, 0, 0);
	assert_true(status == 404 || status == 410);
	answer = ask("OPTIONS " FILES " HTTP/1.1\r\nHost: here\r\n\r\n", 0, 0, 0);
	assert_int_equal(talk_answer_status(answer), 204);
	assert_true(talk_answer_field(answer, "Upload-Limit").size > 0);
	assert_non_null(memmem(answer.bytes, answer.size, "application/partial-upload", 26));
	talk_table_end(&g_world);
}

/* -- 104 -- */

static void interim_goes_to_who_knows_it(void **state)
{
	static const struct {
		const char *request;
		uint32_t first_status;
	} rows[] = {
		{POST("Upload-Complete: ?1\r\nContent-Length: 5\r\n"), 104},
		{POST("Upload-Complete: ?0\r\nContent-Length: 5\r\n"), 104},
		{"POST " FILES " HTTP/1.1\r\nHost: here\r\n" OWNER
		 "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\n",
		 201},
		{"POST " FILES
		 " HTTP/1.1\r\nHost: here\r\nUpload-Draft-Interop-Version: 7\r\n" OWNER
		 "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\n",
		 201},
		{"POST " FILES " HTTP/1.0\r\n" HEAD OWNER
		 "Upload-Complete: ?1\r\nContent-Length: 5\r\n\r\n",
		 201},
	};
	(void)state;
	begin("interim_goes_to_who_knows_it");
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		g_running.place = i;
		struct hw_span answer = ask(rows[i].request, 5, 1, 0);
		assert_int_equal(talk_answer_status(answer), rows[i].first_status);
		struct hw_span last = final_of(answer);
		assert_int_equal(talk_answer_status(last), 201);
		assert_true(field_is(last, "Location", g_path));
		if (rows[i].first_status == 104) {
			assert_true(field_is(answer, "Upload-Draft-Interop-Version", "8"));
			assert_true(talk_answer_field(answer, "Upload-Limit").size > 0);
			answer.size = (uint32_t)(talk_answer_body(answer).bytes - answer.bytes);
			assert_true(field_is(answer, "Location", g_path));
		}
		offset_check(5, i == 1 ? "?0" : "?1", i == 1 ? NULL : "5");
	}
	talk_table_end(&g_world);
}

/* Who waits for 100 gets 104, 100, and then the answer. */
static void interim_and_continue(void **state)
{
	(void)state;
	begin("interim_and_continue");
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	struct hw_span request = request_make(POST("Upload-Complete: ?1\r\nContent-Length: 5\r\n"
						   "Expect: 100-continue\r\n"),
					      0, 0, 0);
	hw_sim_peer_write(peer, request.bytes, request.size);
	talk_world_pass(&g_world, 500);
	struct hw_span answer = hw_sim_peer_got(peer);
	assert_int_equal(talk_answer_status(answer), 104);
	answer = talk_answer_body(answer);
	assert_true(hw_span_equal(answer, HW_SPAN("HTTP/1.1 100 Continue\r\n\r\n")));
	hw_sim_peer_write(peer, "12345", 5);
	talk_world_pass(&g_world, 500);
	assert_int_equal(talk_answer_status(final_of(hw_sim_peer_got(peer))), 201);
	talk_text_free(request);
	talk_table_end(&g_world);
}

/* -- where the length comes from -- */

static const uint64_t g_sizes[] = {0,
				   1,
				   HW_BLOCK_SIZE - 1,
				   HW_BLOCK_SIZE,
				   HW_BLOCK_SIZE + 1,
				   HW_SLAB_SIZE,
				   300000,
				   HW_CHUNK_SIZE - 1,
				   HW_CHUNK_SIZE,
				   HW_CHUNK_SIZE + HW_BLOCK_SIZE + 1};

/* PATCH or POST of @size bytes, the last ones, in chunks that end where they like. */
static uint32_t chunked_ask(const char *text, uint64_t size, uint64_t shift, uint64_t offset)
{
	struct hw_span head = request_make(text, 0, 0, offset);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	char *body = malloc(size + 1);
	char frame[32];
	assert_non_null(body);
	for (uint64_t i = 0; i < size; i++) {
		body[i] = (char)talk_content_at(shift, offset + i);
	}
	hw_sim_peer_write(peer, head.bytes, head.size);
	uint64_t step = size / 3 + 1;
	for (uint64_t at = 0; at < size; at += step) {
		uint64_t part = hw_min(step, size - at);
		int frame_size =
			snprintf(frame, sizeof(frame), "%llx\r\n", (unsigned long long)part);
		hw_sim_peer_write(peer, frame, (uint64_t)frame_size);
		hw_sim_peer_write(peer, body + at, part);
		hw_sim_peer_write(peer, "\r\n", 2);
	}
	if (g_is_late) {
		hw_sim_peer_pause(peer, 2000000); /* what came is taken apart before */
	}
	hw_sim_peer_write(peer, "0\r\n\r\n", 5);
	talk_world_pass(&g_world, 10000);
	free(body);
	talk_text_free(head);
	return talk_answer_status(final_of(hw_sim_peer_got(peer)));
}

static void length_is_where_the_body_ends(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * hw_count_of(g_sizes); i++) {
		begin("length_is_where_the_body_ends");
		g_running.place = i;
		g_is_late = i % 2 == 0;
		uint64_t size = g_sizes[i / 2];
		char length[24];
		(void)snprintf(length, sizeof(length), "%llu", (unsigned long long)size);
		assert_int_equal(chunked_ask("POST " FILES "?name=a HTTP/1.1\r\n" HEAD OWNER
					     "Upload-Complete: ?1\r\n"
					     "Transfer-Encoding: chunked\r\n\r\n",
					     size, 5, 0),
				 201);
		file_check("a", size, 5);
		uint64_t first = size / 3;
		assert_int_equal(ask_status("POST " FILES "?name=b HTTP/1.1\r\n" HEAD OWNER
					    "Upload-Complete: ?0\r\nContent-Length: %N\r\n\r\n",
					    first, 5, 0),
				 201);
		assert_int_equal(chunked_ask(PATCH("Upload-Offset: %O\r\nUpload-Complete: ?1\r\n"
						   "Transfer-Encoding: chunked\r\n"),
					     size - first, 5, first),
				 200);
		offset_check(size, "?1", length);
		file_check("b", size, 5);
		talk_table_end(&g_world);
	}
}

/* It said ?1, but a length was announced, and the chunks end before it. */
static void an_early_end_is_kept(void **state)
{
	(void)state;
	begin("an_early_end_is_kept");
	assert_int_equal(chunked_ask("POST " FILES "?name=a HTTP/1.1\r\nHost: here\r\n" OWNER
				     "Upload-Complete: ?1\r\nUpload-Length: 50000\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n",
				     20000, 5, 0),
			 400);
	talk_table_end(&g_world);
}

/* -- senders that break off -- */

struct sender {
	struct hw_prng prng;
	uint64_t size;
	uint64_t said;  /* bytes of the file, at most, that may have arrived */
	uint64_t known; /* the server said that it has so many */
	bool is_whole;
};

#define POST_NAMED(fields) "POST " FILES "?name=%F HTTP/1.1\r\n" HEAD OWNER fields "\r\n"

/* One request, cut off or not. */
static void request_send(struct sender *sender)
{
	static const char *const texts[2][2] = {
		{POST_NAMED("Upload-Complete: ?0\r\nContent-Length: %N\r\n"),
		 POST_NAMED("Upload-Complete: ?1\r\nContent-Length: %N\r\n")},
		{PATCH("Upload-Complete: ?0\r\nUpload-Offset: %O\r\nContent-Length: %N\r\n"),
		 PATCH("Upload-Complete: ?1\r\nUpload-Offset: %O\r\nContent-Length: %N\r\n")},
	};
	bool is_first = g_path[0] == '\0';
	uint64_t left = sender->size - sender->known;
	bool is_last = hw_prng_below(&sender->prng, 2) == 0;
	uint64_t size = is_last ? left : hw_prng_below(&sender->prng, left + 1);
	struct hw_span request =
		request_make(texts[is_first ? 0 : 1][is_last ? 1 : 0], size, 9, sender->known);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	uint64_t cut = hw_prng_below(&sender->prng, 3) == 0
			       ? request.size
			       : request.size - hw_prng_below(&sender->prng, size + 1);
	hw_sim_peer_write(peer, request.bytes, cut);
	if (cut < request.size) {
		hw_sim_peer_reset(peer);
	}
	talk_world_pass(&g_world, hw_prng_below(&sender->prng, 4000));
	struct hw_span got = hw_sim_peer_got(peer);
	struct hw_span location = talk_answer_field(got, "Location");
	bool is_whole = got.size > 0 && memmem(got.bytes, got.size, "\r\n\r\n", 4) != NULL;
	if (is_first && is_whole && location.size > 0) {
		memcpy(g_path, location.bytes, location.size);
		g_path[location.size] = '\0';
	}
	sender->said = hw_max(sender->said, sender->known + size);
	talk_text_free(request);
}

/* HEAD: who still has it is made to let go. */
static void offset_ask(struct sender *sender)
{
	struct hw_span answer = ask("HEAD %U HTTP/1.1\r\n" HEAD "\r\n", 0, 0, 0);
	assert_int_equal(talk_answer_status(answer), 204);
	struct hw_span offset = talk_answer_field(answer, "Upload-Offset");
	uint64_t known = talk_number(offset);
	assert_true(known >= sender->known && known <= sender->said);
	sender->known = known;
	sender->is_whole = field_is(answer, "Upload-Complete", "?1");
	assert_true(!sender->is_whole || known == sender->size);
}

static void seed_run(uint64_t seed)
{
	begin("senders_break_off");
	g_running.seed = seed;
	struct sender sender = {.known = 0};
	hw_prng_init(&sender.prng, seed);
	sender.size = hw_prng_below(&sender.prng, 3) == 0
			      ? hw_prng_below(&sender.prng, 100000)
			      : hw_prng_below(&sender.prng, 2 * HW_CHUNK_SIZE);
	hw_sim_options()->piece_gap_us_max = (uint32_t)hw_prng_below(&sender.prng, 2000);
	hw_sim_options()->piece_size_max = 1U << hw_prng_between(&sender.prng, 8, 19);
	g_path[0] = '\0';
	for (uint32_t i = 0; i < 200 && !sender.is_whole; i++) {
		if (g_path[0] == '\0') { /* a name may be taken by one that nobody can find */
			(void)snprintf(g_name, sizeof(g_name), "f%u", i);
		}
		request_send(&sender);
		if (g_path[0] != '\0') {
			offset_ask(&sender);
		}
	}
	hw_sim_options()->piece_gap_us_max = 0;
	hw_sim_options()->piece_size_max = UINT32_MAX;
	assert_true(sender.is_whole);
	file_check(g_name, sender.size, 9);
	talk_table_end(&g_world);
}

static void senders_break_off(void **state)
{
	(void)state;
	uint64_t first = g_only_seed > 0 ? g_only_seed : 1;
	uint64_t last = g_only_seed > 0 ? g_only_seed : SEED_COUNT;
	for (uint64_t seed = first; seed <= last; seed++) {
		seed_run(seed);
	}
}

int main(int argc, char **argv)
{
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creation_is_judged),
		cmocka_unit_test(append_is_judged),
		cmocka_unit_test(one_upload_in_pieces),
		cmocka_unit_test(an_upload_is_ended),
		cmocka_unit_test(interim_goes_to_who_knows_it),
		cmocka_unit_test(interim_and_continue),
		cmocka_unit_test(length_is_where_the_body_ends),
		cmocka_unit_test(an_early_end_is_kept),
		cmocka_unit_test(senders_break_off),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
