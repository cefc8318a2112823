/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what memory answers is what the catalog and the disk would answer, to the byte, and no
 * longer than they would; slow, gone and cut clients let go of it.
 *
 * Method: each request of a table three times (looked up, copied, out of memory), compared; then
 * what ends a share, and what changes who may have it. The counters say where an answer came from.
 */
#include "tests/unit/talk/share_world.h"

#define SIZE 40000U

static struct talk_world g_world;
static struct talk_model g_model;

#define GET(fields)  "GET %P HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define HEAD(fields) "HEAD %P HTTP/1.1\r\nHost: here\r\n" fields "\r\n"

static uint64_t hits(void)
{
	return hw_metrics_read(&g_world.metrics, HW_METRIC_object_cache_hits);
}

static const struct talk_share *begin(const char *part, const struct talk_world_options *options)
{
	g_running.part = part;
	talk_table_begin(&g_world, options);
	memset(&g_model, 0, sizeof(g_model));
	return &g_model.shares[talk_share_make(&g_world, &g_model, SIZE, 5)];
}

/* An answer without its Date, which moves on. */
static struct hw_span ask(const struct talk_share *share, const char *request, char *copy,
			  uint32_t capacity)
{
	char text[1024];
	struct hw_span answer =
		talk_world_ask(&g_world, talk_row_fill(request, share, text, sizeof(text)));
	assert_true(answer.size < capacity);
	memcpy(copy, answer.bytes, answer.size);
	char *date = memmem(copy, answer.size, "Date: ", 6);
	assert_non_null(date);
	memset(date, 'x', 35);
	return (struct hw_span){copy, answer.size};
}

static void warm(const struct talk_share *share)
{
	static const struct talk_row whole = {GET(""), 200, "Content-Length", "40000", NULL};
	uint64_t before = hits();
	for (uint32_t i = 0; i < 3; i++) {
		talk_rows_check(&g_world, share, &whole, 1);
	}
	assert_true(hits() > before);
}

static void answers_are_the_same(void **state)
{
	static const struct {
		const char *request;
		bool is_hit;
	} cases[] = {
		{GET(""), true},
		{GET("Accept: */*\r\nUser-Agent: x\r\n"), true},
		{HEAD(""), true},
		{GET("Connection: close\r\n"), true},
		{"GET %P HTTP/1.0\r\n\r\n", true},
		{GET("Range: bytes=0-3\r\n"), false},
		{GET("if-none-match: \"%R\"\r\n"), false},
		{GET("If-Range: \"%R\"\r\nRange: bytes=1-2\r\n"), false},
		{GET("If-Modified-Since: Thu, 09 Oct 2025 00:00:00 GMT\r\n"), false},
		{GET("Content-Length: 1\r\n") "x", false},
		{"GET %P?a=b HTTP/1.1\r\nHost: here\r\n\r\n", false},
	};
	static char first[SIZE + 4096];
	static char again[SIZE + 4096];
	(void)state;
	struct talk_world_options options = talk_world_plenty();
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		const struct talk_share *share = begin("answers_are_the_same", &options);
		struct hw_span cold = ask(share, cases[i].request, first, sizeof(first));
		warm(share);
		uint64_t before = hits();
		struct hw_span hot = ask(share, cases[i].request, again, sizeof(again));
		assert_true(hw_span_equal(cold, hot));
		assert_int_equal(hits(), before + cases[i].is_hit);
		talk_table_end(&g_world);
	}
}

/* Deleting one share must not make another's file wrong, only looked up once more. */
static void what_is_over_is_not_given(void **state)
{
	static const struct talk_row gone[] = {
		{"DELETE %P" HERE AS_OWNER "\r\n", 204, NULL, NULL, ""},
		{GET(""), 404, NULL, NULL, NULL},
	};
	static const struct talk_row whole = {GET(""), 200, "Content-Length", "40000", NULL};
	(void)state;
	struct talk_world_options options = talk_world_plenty();
	const struct talk_share *share = begin("what_is_over_is_not_given", &options);
	const struct talk_share *other =
		&g_model.shares[talk_share_make(&g_world, &g_model, SIZE, 6)];
	warm(share);
	warm(other);
	talk_rows_check(&g_world, share, gone, hw_count_of(gone));
	uint64_t before = hits();
	talk_rows_check(&g_world, other, &whole, 1); /* looked up, and good again */
	assert_int_equal(hits(), before);
	talk_rows_check(&g_world, other, &whole, 1);
	assert_int_equal(hits(), before + 1);
	talk_table_end(&g_world);
}

/* A share of its own, with one file. */
static void file_make(const char *wish, struct talk_share *ret_share)
{
	share_make(&g_world, wish, ret_share);
	strcat(ret_share->path, "/f");
	share_row(&g_world, ret_share, "PUT %P" HERE AS_OWNER "Content-Length: 5\r\n\r\nhello", 201,
		  NULL);
}

#define CHANGE(size, wish)                                                                         \
	"PATCH /api/v1/shares/%R" HERE AS_OWNER "Content-Length: " size "\r\n\r\n" wish

static void policies_are_kept(void **state)
{
	(void)state;
	g_running.part = "policies_are_kept";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	struct talk_share share;
	file_make("{}", &share);
	for (uint32_t i = 0; i < 3; i++) {
		share_row(&g_world, &share, GET(""), 200, "hello");
	}
	assert_int_equal(hits(), 1);
	share_row(&g_world, &share, CHANGE("19", "{\"downloads_max\":2}"), 200, NULL);
	share_row(&g_world, &share, GET(""), 200, "hello");
	share_row(&g_world, &share, GET(""), 200, "hello");
	share_row(&g_world, &share, GET(""), 410, NULL);
	assert_int_equal(hits(), 1);
	struct talk_share brief;
	file_make("{\"expires_in\":20}", &brief);
	for (uint32_t i = 0; i < 3; i++) {
		share_row(&g_world, &brief, GET(""), 200, "hello");
	}
	assert_int_equal(hits(), 2);
	talk_world_pass(&g_world, 20000);
	share_row(&g_world, &brief, GET(""), 410, NULL);
	assert_int_equal(hits(), 2);
	talk_table_end(&g_world);
}

/* A client that takes nothing and leaves, and one that is there when the daemon stops. */
static void nothing_stays_held(void **state)
{
	(void)state;
	struct talk_world_options options = talk_world_plenty();
	const struct talk_share *share = begin("nothing_stays_held", &options);
	warm(share);
	char text[512];
	struct hw_span get = talk_row_fill(GET(""), share, text, sizeof(text));
	struct hw_sim_peer *gone = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_window_set(gone, 1000);
	hw_sim_peer_hold(gone, true);
	hw_sim_peer_write(gone, get.bytes, get.size);
	struct hw_sim_peer *slow = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_window_set(slow, 1000);
	hw_sim_peer_hold(slow, true);
	hw_sim_peer_write(slow, get.bytes, get.size);
	talk_world_pass(&g_world, 100);
	assert_int_equal(hw_pool_used_count(&g_world.talks.hot_downloads), 2);
	hw_sim_peer_reset(gone);
	talk_world_pass(&g_world, 2000);
	assert_int_equal(hw_pool_used_count(&g_world.talks.hot_downloads), 1);
	hw_http_server_drain(&g_world.server);
	hw_http_server_cut(&g_world.server);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_the_same),
		cmocka_unit_test(what_is_over_is_not_given),
		cmocka_unit_test(policies_are_kept),
		cmocka_unit_test(nothing_stays_held),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
