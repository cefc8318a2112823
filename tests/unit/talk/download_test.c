/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: GET and HEAD answer what the fields of the request ask for, byte for byte; a client that
 * does not take what it asked for keeps no slab, and ends cleanly whatever the disk does meanwhile.
 *
 * Method: a table of requests against a file of three blocks; slow clients over a slow and failing
 * disk, by seeds.
 */
#include "tests/unit/talk/talk_table.h"

#define SIZE      40000U
#define FAULTS_US 30000000U

static struct talk_world g_world;
static struct talk_model g_model;

#define GET(fields)  "GET %P HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define HEAD(fields) "HEAD %P HTTP/1.1\r\nHost: here\r\n" fields "\r\n"

static const struct talk_row g_rows[] = {
	{GET(""), 200, "Content-Length", "40000", NULL},
	{GET(""), 200, "ETag", "\"", NULL},
	{GET(""), 200, "Content-Disposition", "attachment; filename=", NULL},
	{GET(""), 200, "Content-Type", "application/octet-stream", NULL},
	{GET(""), 200, "X-Content-Type-Options", "nosniff", NULL},
	{GET(""), 200, "Content-Security-Policy", "sandbox", NULL},
	{GET(""), 200, "Accept-Ranges", "bytes", NULL},
	{GET(""), 200, "Cache-Control", "private, no-cache", NULL},
	{GET(""), 200, "Last-Modified", "Thu, 09 Oct 2025", NULL},
	{HEAD(""), 200, "Content-Length", "40000", ""},
	{HEAD("Range: bytes=0-0\r\n"), 200, "Content-Length", "40000", ""},
	{GET("Range: bytes=0-0\r\n"), 206, "Content-Range", "bytes 0-0/40000", NULL},
	{GET("Range: bytes=0-0\r\n"), 206, "Content-Length", "1", NULL},
	{GET("Range: bytes=39999-\r\n"), 206, "Content-Range", "bytes 39999-39999/40000", NULL},
	{GET("Range: bytes=-5\r\n"), 206, "Content-Range", "bytes 39995-39999/40000", NULL},
	{GET("Range: bytes=0-99999\r\n"), 206, "Content-Range", "bytes 0-39999/40000", NULL},
	{GET("Range: bytes=40000-\r\n"), 416, "Content-Range", "bytes */40000", ""},
	{GET("Range: bytes=-0\r\n"), 416, "Content-Range", "bytes */40000", ""},
	{GET("Range: bytes=5-4\r\n"), 200, "Content-Length", "40000", NULL},
	{GET("Range: items=0-1\r\n"), 200, "Content-Length", "40000", NULL},
	{GET("Range: bytes=0-1\r\nRange: bytes=2-3\r\n"), 200, "Content-Length", "40000", NULL},
	{GET("Range: bytes=0-1, 100-101\r\n"), 206, "Content-Type",
	 "multipart/byteranges; boundary=", "Content-Range: bytes 100-101/40000\r\n\r\n"},
	{GET("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n"), 200, "Content-Length", "40000", NULL},
	{GET("Range: bytes=0-1\r\nIf-Range: \"%R\"\r\n"), 206, "Content-Length", "2", NULL},
	{GET("If-None-Match: \"%R\"\r\n"), 304, "ETag", "\"", ""},
	{GET("If-None-Match: *\r\n"), 304, NULL, NULL, ""},
	{GET("If-None-Match: \"other\"\r\n"), 200, "Content-Length", "40000", NULL},
	{HEAD("If-None-Match: \"%R\"\r\n"), 304, NULL, NULL, ""},
	{GET("If-Match: \"%R\"\r\n"), 200, "Content-Length", "40000", NULL},
	{GET("If-Match: \"other\"\r\n"), 412, NULL, NULL, "If-Match"},
	{HEAD("If-Match: \"other\"\r\n"), 412, NULL, NULL, ""},
	{GET("Connection: close\r\n"), 200, "Connection", "close", NULL},
	{GET("Content-Length: 3\r\n") "abc", 200, "Connection", "close", NULL},
	{"GET %P HTTP/1.0\r\n\r\n", 200, "Connection", "close", NULL},
	{"GET %P HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "Connection", "keep-alive",
	 NULL},
	{"GET %Px HTTP/1.1\r\nHost: here\r\n\r\n", 404, "Cache-Control", "no-store",
	 "no such share"},
	{"GET %P/x HTTP/1.1\r\nHost: here\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /s/x HTTP/1.1\r\nHost: here\r\n\r\n", 404, NULL, NULL, "no such share"},
	{"GET /s/x/%%2e%%2e HTTP/1.1\r\nHost: here\r\n\r\n", 404, NULL, NULL, "no such share"},
	{"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: here\r\n\r\n", 404, NULL, NULL,
	 "no such share"},
};

static void fields_decide(void **state)
{
	(void)state;
	g_running.part = "fields_decide";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t share = talk_share_make(&g_world, &g_model, SIZE, 5);
	talk_rows_check(&g_world, &g_model.shares[share], g_rows, hw_count_of(g_rows));
	/* The id alone is the share's only file. */
	struct talk_share alone = g_model.shares[share];
	*strrchr(alone.path, '/') = '\0';
	static const struct talk_row whole = {GET(""), 200, "Content-Length", "40000", NULL};
	talk_rows_check(&g_world, &alone, &whole, 1);
	talk_table_end(&g_world);
}

/* Every first and last byte around the borders of blocks. */
static void ranges_are_exact(void **state)
{
	(void)state;
	g_running.part = "ranges_are_exact";
	static const uint32_t places[] = {0, 1, 16383, 16384, 16385, 32767, 32768, 39998, 39999};
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	const struct talk_share *share =
		&g_model.shares[talk_share_make(&g_world, &g_model, SIZE, 77)];
	for (uint32_t i = 0; i < hw_count_of(places); i++) {
		for (uint32_t j = i; j < hw_count_of(places); j++) {
			char text[512];
			int size = snprintf(text, sizeof(text),
					    "GET %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
					    "Range: bytes=%u-%u\r\n\r\n",
					    share->path, places[i], places[j]);
			struct hw_span answer =
				talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
			struct hw_span body = talk_answer_body(answer);
			assert_int_equal(talk_answer_status(answer), 206);
			assert_int_equal(body.size, places[j] - places[i] + 1);
			assert_true(talk_content_equal(body.bytes, body.size, 77, places[i]));
		}
	}
	talk_table_end(&g_world);
}

/* What a client gets that stops after @window bytes (0: never), long enough for us to give way, and
 * then goes on. Worlds are equal, so boundaries and dates are. */
static struct hw_span stopped_answer(const char *request, uint32_t window, char *ret_bytes,
				     uint32_t capacity)
{
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t share = talk_share_make(&g_world, &g_model, SIZE, 5);
	char text[512];
	struct hw_span filled = talk_row_fill(request, &g_model.shares[share], text, sizeof(text));
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_hold(peer, window > 0);
	hw_sim_peer_window_set(peer, hw_max(window, 1U));
	hw_sim_peer_write(peer, filled.bytes, filled.size);
	talk_world_pass(&g_world, 1500);
	if (window > 0) {
		assert_int_equal(hw_sim_peer_got(peer).size, window);
	}
	hw_sim_peer_hold(peer, false);
	talk_world_pass(&g_world, 1500);
	struct hw_span got = hw_sim_peer_got(peer);
	assert_true(got.size < capacity);
	memcpy(ret_bytes, got.bytes, got.size);
	talk_table_end(&g_world);
	return (struct hw_span){ret_bytes, got.size};
}

/* Wherever the client stops, in heads, pieces and ends: nothing is lost, nothing is said twice. */
static void parts_go_on_anywhere(void **state)
{
	static const char *const requests[] = {GET("Range: bytes=0-9, 100-109, 39990-39999\r\n"),
					       GET("Range: bytes=7-20\r\n")};
	static char whole_bytes[4096];
	static char bytes[4096];
	(void)state;
	g_running.part = "parts_go_on_anywhere";
	for (uint32_t i = 0; i < hw_count_of(requests); i++) {
		struct hw_span whole = stopped_answer(requests[i], 0, whole_bytes, 4096);
		assert_true(whole.size > 100);
		for (uint32_t window = 1; window < whole.size; window++) {
			g_running.place = window;
			struct hw_span answer = stopped_answer(requests[i], window, bytes, 4096);
			assert_int_equal(answer.size, whole.size);
			assert_memory_equal(answer.bytes, whole.bytes, whole.size);
		}
	}
}

/* -- slow clients */

struct slow {
	struct talk_client client;
	uint64_t faults_us; /* from then on the disk is slow, and perhaps fails */
	uint64_t calm_us;   /* from then on it is well again */
	bool is_failing;
};

static bool slow_step(void *user)
{
	struct slow *slow = user;
	talk_client_step(&slow->client);
	if (slow->faults_us != 0 && hw_clock_monotonic_us() >= slow->faults_us) {
		slow->calm_us = slow->faults_us + FAULTS_US;
		slow->faults_us = 0;
		hw_sim_options()->delay_percent = 100;
		hw_sim_options()->delay_us_max = 4000000;
		hw_sim_options()->read_error_percent = slow->is_failing ? 30 : 0;
		hw_sim_options()->evict_percent = 10;
	}
	if (slow->calm_us != 0 && hw_clock_monotonic_us() >= slow->calm_us) {
		slow->calm_us = 0;
		hw_sim_options()->delay_us_max = 500;
		hw_sim_options()->read_error_percent = 0;
	}
	return slow->client.is_over;
}

/* The first read is verified, the others may go from the page cache to the socket. */
static void slow_run(uint64_t seed, uint64_t *ret_spliced_size)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct hw_prng prng;
	g_running.seed = seed;
	hw_prng_init(&prng, seed);
	sim.window_size = 1U << hw_prng_between(&prng, 10, 20);
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = (uint32_t)hw_prng_between(&prng, 1, 8);
	options.stall_timeout_ms = (uint32_t)hw_prng_between(&prng, 2000, 20000);
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	(void)talk_share_make(&g_world, &g_model, (4U << 20) + (1U << 19), seed);
	uint64_t now_us = hw_clock_monotonic_us();
	static const enum talk_verb verbs[] = {TALK_GET, TALK_GET, TALK_RANGES, TALK_GET};
	struct slow slow = {.client = {.exchange_count = hw_count_of(verbs)}};
	for (uint32_t i = 0; i < hw_count_of(verbs); i++) {
		slow.client.exchanges[i] =
			(struct talk_exchange){.verb = verbs[i], .sent_limit = UINT64_MAX};
	}
	slow.client.unhold_us = now_us + hw_prng_below(&prng, 25000000);
	slow.is_failing = seed % 4 == 1;
	slow.faults_us = seed % 2 == 0 ? 0 : now_us + hw_prng_below(&prng, 100000);
	talk_client_begin(&slow.client, &g_world, &g_model, seed);
	int r = talk_world_run(&g_world, slow_step, &slow);
	assert_int_equal(r, 0); /* nobody is forgotten */
	talk_client_end(&slow.client);
	*ret_spliced_size += hw_metrics_read(&g_world.metrics, HW_METRIC_bytes_spliced);
	talk_table_end(&g_world);
}

static void slow_clients_end(void **state)
{
	(void)state;
	g_running.part = "slow_clients_end";
	uint64_t spliced_size = 0;
	for (uint64_t seed = 1; seed <= seeds_setting("HW_TEST_SEED_COUNT", 150); seed++) {
		slow_run(seed, &spliced_size);
	}
	assert_true(spliced_size > UINT64_C(100) << 20);
}

static uint32_t segment_user_count(void)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		count += g_world.store.cache.views[i].user_count;
	}
	return count;
}

/* The same for a file that is in memory: no place in the segment. */
static void held_client_holds_no_pages(void **state)
{
	(void)state;
	g_running.part = "held_client_holds_no_pages";
	static const struct talk_row whole = {GET(""), 200, "Content-Length", "3145728", NULL};
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t share = talk_share_make(&g_world, &g_model, 3U << 20, 9);
	char text[512];
	struct hw_span get = talk_row_fill(GET(""), &g_model.shares[share], text, sizeof(text));
	bool was_lent = false;
	/* Memory forgets by chance: until one is sent from there. */
	for (uint32_t i = 0; !was_lent; i++) {
		assert_true(i < 20);
		talk_rows_check(&g_world, &g_model.shares[share], &whole, 1);
		uint64_t spliced_size = hw_metrics_read(&g_world.metrics, HW_METRIC_bytes_spliced);
		struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
		hw_sim_peer_hold(peer, true);
		hw_sim_peer_window_set(peer, 300000);
		hw_sim_peer_write(peer, get.bytes, get.size);
		talk_world_pass(&g_world, 500);
		was_lent =
			hw_metrics_read(&g_world.metrics, HW_METRIC_bytes_spliced) > spliced_size;
		if (was_lent) {
			assert_int_equal(segment_user_count(), 1);
			talk_world_pass(&g_world, 1500);
			assert_int_equal(segment_user_count(), 0);
			hw_sim_peer_hold(peer, false);
			talk_world_pass(&g_world, 5000);
			struct hw_span body = talk_answer_body(hw_sim_peer_got(peer));
			assert_int_equal(body.size, 3U << 20);
			assert_true(talk_content_equal(body.bytes, body.size, 9, 0));
		}
		hw_sim_peer_reset(peer);
		talk_world_pass(&g_world, 1000);
	}
	talk_table_end(&g_world);
}

/* While it is waited for, nothing of ours is in its hands. */
static void held_client_holds_no_slab(void **state)
{
	(void)state;
	g_running.part = "held_client_holds_no_slab";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t share = talk_share_make(&g_world, &g_model, 3U << 20, 9);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	char text[512];
	int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: here\r\n\r\n",
			    g_model.shares[share].path);
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_write(peer, text, (uint64_t)size);
	talk_world_pass(&g_world, 500);
	assert_true(g_world.reactor.slabs.free_count < g_world.reactor.slabs.count);
	assert_int_equal(segment_user_count(), 1);
	talk_world_pass(&g_world, 1500);
	assert_int_equal(g_world.reactor.slabs.free_count, g_world.reactor.slabs.count);
	assert_int_equal(segment_user_count(), 0);
	hw_sim_peer_hold(peer, false);
	talk_world_pass(&g_world, 2000);
	struct hw_span body = talk_answer_body(hw_sim_peer_got(peer));
	assert_int_equal(body.size, 3U << 20);
	assert_true(talk_content_equal(body.bytes, body.size, 9, 0));
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_decide),
		cmocka_unit_test(ranges_are_exact),
		cmocka_unit_test(parts_go_on_anywhere),
		cmocka_unit_test(held_client_holds_no_slab),
		cmocka_unit_test(slow_clients_end),
		cmocka_unit_test(held_client_holds_no_pages),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
