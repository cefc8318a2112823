/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a share's ZIP is the bytes that its files and net/wire/zip.h make, from any offset to any
 * end, for any client; whatever goes wrong on the way, it is cut and never short; it is counted
 * once, when its last byte was sent.
 *
 * Method: files of all kinds of sizes, more than one page of them; the expected archive is made
 * here. A table of requests; ranges at each border and at random; clients that stop at random
 * places; each request to the catalog and each operation fails in turn; files that go, come and
 * change between one page and the next.
 */
#include "tests/unit/talk/talk_list.h"

#include "core/base/prng.h"
#include "net/talk/archive.h"
#include "net/wire/hex.h"

#define SMALL_COUNT 40U

static struct talk_world g_world;
static struct talk_model g_model;
static uint8_t *g_expected;
static uint64_t g_expected_size;
static char g_tag[HW_HASH_TEXT_SIZE + 1];

/* -- what must come */

static void expected_layout(struct hw_zip_layout *layout, struct hw_zip_entry *entries)
{
	hw_zip_layout_init(layout);
	for (uint32_t i = 0; i < g_list.file_count; i++) {
		const struct hw_share_file *row = &g_list.files[i].row;
		entries[i] = (struct hw_zip_entry){
			{row->name, row->name_size}, row->root,  row->length,
			row->created_ms / 1000,      row->crc32, HW_ZIP_WHOLE};
		assert_int_equal(hw_zip_layout_add(layout, &entries[i]), 0);
	}
	hw_zip_layout_end(layout);
}

static void expected_make(void)
{
	struct hw_zip_layout layout;
	static struct hw_zip_entry entries[TALK_LIST_FILES_MAX];
	struct hw_zip_cursor cursor;
	expected_layout(&layout, entries);
	hw_hex_encode(layout.tag.bytes, HW_HASH_SIZE, g_tag);
	g_expected_size = hw_zip_size(&layout);
	free(g_expected);
	g_expected = malloc(g_expected_size);
	assert_non_null(g_expected);
	hw_zip_cursor_init(&cursor, &layout, 0, g_expected_size);
	while (cursor.state != HW_ZIP_DONE) {
		uint8_t *at = g_expected + cursor.offset;
		uint64_t offset = 0;
		if (cursor.state == HW_ZIP_WANTS_ENTRY) {
			hw_zip_cursor_entry(&cursor, &entries[cursor.entry_index]);
		} else if (cursor.state == HW_ZIP_WANTS_WRITE) {
			(void)hw_zip_cursor_write(&cursor, at, HW_ZIP_RECORD_SIZE_MAX);
		} else {
			uint64_t size = hw_zip_cursor_file(&cursor, &offset);
			for (uint64_t i = 0; i < size; i++) {
				at[i] = talk_content_at(g_list.files[cursor.entry_index].shift,
							offset + i);
			}
			hw_zip_cursor_skip(&cursor, size);
		}
	}
}

/* -- the world */

/* @small_count files of up to some blocks, and what @has_large says. */
static void world_begin(const struct hw_sim_options *sim, const struct talk_world_options *options,
			uint32_t small_count, bool has_large)
{
	hw_sim_begin(sim);
	talk_world_start(&g_world, options);
	memset(&g_model, 0, sizeof(g_model));
	talk_list_begin(&g_world);
	for (uint32_t i = 0; i < small_count; i++) {
		char name[32];
		static const uint32_t sizes[] = {0, 1, 16383, 16384, 16385, 300, 40000};
		(void)snprintf(name, sizeof(name), "%03u file.txt", i);
		talk_list_add(&g_model, name, sizes[i % hw_count_of(sizes)], i);
	}
	if (has_large) {
		talk_list_add(&g_model, "large", HW_CHUNK_SIZE + HW_SLAB_SIZE + 5, 7);
		talk_list_add(&g_model, "z", 600000, 9);
	}
	expected_make();
}

static struct hw_sim_options sim_quick(void)
{
	struct hw_sim_options sim = hw_sim_calm(1);
	sim.piece_gap_us_max = 0;
	return sim;
}

static void calm_begin(uint32_t small_count, bool has_large)
{
	struct hw_sim_options sim = sim_quick();
	struct talk_world_options options = talk_world_plenty();
	world_begin(&sim, &options, small_count, has_large);
}

static struct hw_span ask(const char *method, const char *fields)
{
	static char text[1024];
	int size = snprintf(text, sizeof(text),
			    "%s " TALK_LIST_PATH ".zip HTTP/1.1\r\nHost: here\r\n%s"
			    "Connection: close\r\n\r\n",
			    method, fields);
	return talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
}

static bool is_part(struct hw_span body, uint64_t offset, uint64_t size)
{
	return body.size == size && memcmp(body.bytes, g_expected + offset, size) == 0;
}

static void range_check(uint64_t first, uint64_t last)
{
	char field[256];
	(void)snprintf(field, sizeof(field), "Range: bytes=%llu-%llu\r\nIf-Range: \"%s\"\r\n",
		       (unsigned long long)first, (unsigned long long)last, g_tag);
	struct hw_span answer = ask("GET", field);
	assert_int_equal(talk_answer_status(answer), 206);
	assert_true(is_part(talk_answer_body(answer), first, last - first + 1));
}

/* -- tests */

static void whole_comes(void **state)
{
	(void)state;
	g_running.part = "whole_comes";
	calm_begin(SMALL_COUNT, true);
	struct hw_span answer = ask("GET", "");
	assert_int_equal(talk_answer_status(answer), 200);
	assert_true(is_part(talk_answer_body(answer), 0, g_expected_size));
	assert_int_equal(g_list.count_count, 1);
	struct hw_span name = talk_answer_field(answer, "Content-Disposition");
	assert_non_null(memmem(name.bytes, name.size, &TALK_LIST_PATH[3], 26));
	talk_table_end(&g_world);
}

static void fields_decide(void **state)
{
	(void)state;
	g_running.part = "fields_decide";
	calm_begin(3, false);
	char size[32];
	char whole[64];
	char tag_range[256];
	char tag_none[256];
	char tag_match[256];
	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)g_expected_size);
	(void)snprintf(whole, sizeof(whole), "bytes 5-9/%s", size);
	(void)snprintf(tag_range, sizeof(tag_range), "Range: bytes=5-9\r\nIf-Range: \"%s\"\r\n",
		       g_tag);
	(void)snprintf(tag_none, sizeof(tag_none), "If-None-Match: \"%s\"\r\n", g_tag);
	(void)snprintf(tag_match, sizeof(tag_match), "If-Match: \"%s\"\r\n", g_tag);
	const struct {
		const char *method;
		const char *fields;
		uint32_t status;
		const char *field;
		const char *value;
		int64_t body_size;
	} rows[] = {
		{"GET", "", 200, "Content-Length", size, (int64_t)g_expected_size},
		{"GET", "", 200, "Content-Type", "application/zip", -1},
		{"GET", "", 200, "Accept-Ranges", "bytes", -1},
		{"GET", "", 200, "Content-Security-Policy", "sandbox", -1},
		{"HEAD", "", 200, "Content-Length", size, 0},
		{"HEAD", "Range: bytes=0-0\r\n", 200, "Content-Length", size, 0},
		{"GET", "Range: bytes=5-9\r\n", 206, "Content-Range", whole, 5},
		{"GET", tag_range, 206, "Content-Length", "5", 5},
		{"GET", "Range: bytes=5-9\r\nIf-Range: \"other\"\r\n", 200, "Content-Length", size,
		 (int64_t)g_expected_size},
		{"GET", "Range: bytes=0-1, 9-10\r\n", 200, "Content-Length", size, -1},
		{"GET", "Range: bytes=99999999-\r\n", 416, "Content-Range", "bytes */", 0},
		{"GET", tag_none, 304, "ETag", "\"", 0},
		{"GET", "If-None-Match: \"other\"\r\n", 200, NULL, NULL, -1},
		{"GET", tag_match, 200, NULL, NULL, -1},
		{"GET", "If-Match: \"other\"\r\n", 412, NULL, NULL, -1},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		g_running.place = i;
		struct hw_span answer = ask(rows[i].method, rows[i].fields);
		assert_int_equal(talk_answer_status(answer), rows[i].status);
		if (rows[i].field != NULL) {
			assert_true(hw_span_starts_with(talk_answer_field(answer, rows[i].field),
							hw_span_of(rows[i].value)));
		}
		if (rows[i].body_size >= 0) {
			assert_int_equal(talk_answer_body(answer).size, rows[i].body_size);
		}
	}
	talk_table_end(&g_world);
}

static void ranges_are_exact(void **state)
{
	(void)state;
	g_running.part = "ranges_are_exact";
	calm_begin(5, true);
	struct hw_prng prng;
	hw_prng_init(&prng, 11);
	range_check(0, 0);
	range_check(g_expected_size - 1, g_expected_size - 1);
	range_check(g_expected_size - 23, g_expected_size - 22);
	for (uint32_t i = 0; i < 300; i++) {
		uint64_t first = hw_prng_below(&prng, g_expected_size);
		uint64_t size = hw_prng_below(&prng, UINT64_C(1) << hw_prng_below(&prng, 24));
		g_running.place = i;
		range_check(first, hw_min(first + size, g_expected_size - 1));
	}
	/* A part is counted when it is the last one. */
	uint32_t count = g_list.count_count;
	range_check(0, g_expected_size - 2);
	assert_int_equal(g_list.count_count, count);
	range_check(100, g_expected_size - 1);
	assert_int_equal(g_list.count_count, count + 1);
	talk_table_end(&g_world);
}

static void refused_beforehand(void **state)
{
	(void)state;
	g_running.part = "refused_beforehand";
	calm_begin(SMALL_COUNT, false);
	g_list.files[SMALL_COUNT - 1].row.is_sealed = false;
	g_list.mode = HW_SHARE_LIVE;
	struct hw_span answer = ask("GET", "");
	assert_int_equal(talk_answer_status(answer), 409);
	struct hw_span body = talk_answer_body(answer);
	assert_non_null(memmem(body.bytes, body.size, "still being uploaded", 20));
	g_list.files[SMALL_COUNT - 1].row.is_sealed = true;
	g_list.files[0].row.has_crc32 = false;
	assert_int_equal(talk_answer_status(ask("GET", "")), 409);
	g_list.files[0].row.has_crc32 = true;
	g_list.password_size = 5;
	assert_int_equal(talk_answer_status(ask("GET", "")), 401);
	g_list.password_size = 0;
	uint32_t count = g_list.file_count;
	g_list.file_count = 0;
	assert_int_equal(talk_answer_status(ask("GET", "")), 404);
	g_list.file_count = count;
	assert_int_equal(talk_answer_status(ask("GET", "")), 200);
	talk_table_end(&g_world);
}

/* Cut, and nothing of it wrong as far as it came; or not begun. */
static bool is_cut_or_whole(struct hw_span answer)
{
	struct hw_span body = talk_answer_body(answer);
	uint32_t status = talk_answer_status(answer);
	if (status != 200) {
		return status == 0 || status >= 400;
	}
	return body.size == 0 ||
	       (body.size <= g_expected_size && memcmp(body.bytes, g_expected, body.size) == 0);
}

static uint32_t g_change_at;
static uint32_t g_change_kind;

/* At the nth request the list is another one. */
static void list_change(uint32_t index)
{
	if (index != g_change_at) {
		return;
	}
	struct talk_list_file *file = &g_list.files[g_change_kind == 0 ? 3 : g_list.file_count - 1];
	switch (g_change_kind) {
	case 0:
	case 1:
		file->is_gone = true;
		break;
	case 2: /* another one of the same name and size */
		file->row.file_id = g_list.files[0].row.file_id;
		file->row.root[0] ^= 1;
		break;
	default:
		file->row.name[0]++;
	}
}

/* Requests that find out what there is: changes among them only make another archive. */
#define LISTING_COUNT 2U

static void changes_on_the_way(void **state)
{
	(void)state;
	g_running.part = "changes_on_the_way";
	uint32_t cut_count = 0;
	for (g_change_kind = 0; g_change_kind < 4; g_change_kind++) {
		uint32_t request_count = 0;
		for (g_change_at = 0; g_change_at <= request_count; g_change_at++) {
			g_running.place = g_change_at;
			calm_begin(SMALL_COUNT, false);
			g_list.before_request = list_change;
			struct hw_span answer = ask("GET", "");
			bool is_whole = talk_answer_body(answer).size == g_expected_size;
			request_count = g_change_at == 0 ? g_list.request_count : request_count;
			assert_true(request_count < 200);
			if (g_change_at == 0 || g_change_at > LISTING_COUNT) {
				/* What came before it was noticed may be wrong; but it is cut. */
				assert_true(!is_whole || is_cut_or_whole(answer));
				assert_int_equal(g_list.count_count, is_whole);
				cut_count += !is_whole;
			}
			talk_table_end(&g_world);
		}
	}
	assert_true(cut_count > 100);
}

static void every_request_fails(void **state)
{
	(void)state;
	g_running.part = "every_request_fails";
	uint32_t request_count = 1;
	for (uint32_t place = 0; place <= request_count; place++) {
		g_running.place = place;
		calm_begin(10, false);
		g_list.fail_request = place;
		struct hw_span answer = ask("GET", "");
		assert_true(is_cut_or_whole(answer));
		bool is_whole = talk_answer_status(answer) == 200 &&
				talk_answer_body(answer).size == g_expected_size;
		assert_int_equal(is_whole, place == 0 || place == request_count);
		request_count = place == 0 ? g_list.request_count : request_count;
		talk_table_end(&g_world);
	}
	assert_true(request_count >= 10);
}

/* -- clients and disks that are not well */

static struct hw_sim_peer *g_peer;

static bool peer_is_through(void *user)
{
	(void)user;
	return hw_sim_peer_is_closed(g_peer) || hw_sim_peer_is_reset(g_peer) ||
	       hw_sim_peer_has_end(g_peer);
}

static struct hw_span unwell_run(uint64_t seed, uint64_t fail_attempt, uint64_t *ret_attempts)
{
	static const char request[] = "GET " TALK_LIST_PATH ".zip HTTP/1.1\r\nHost: here\r\n"
				      "Connection: close\r\n\r\n";
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = (uint32_t)(2 + seed % 4);
	options.stall_timeout_ms = 5000;
	sim.window_size = 1U << (10 + seed % 9);
	world_begin(&sim, &options, 8, true);
	uint64_t before = hw_sim_attempt_count();
	hw_sim_options()->fail_attempt = fail_attempt == 0 ? 0 : before + fail_attempt;
	g_peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(g_peer, request, sizeof(request) - 1);
	if (fail_attempt == 0) { /* it stops somewhere, and goes on */
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		for (uint32_t i = 0; i < 6; i++) {
			talk_world_pass(&g_world, hw_prng_below(&prng, 30));
			hw_sim_peer_hold(g_peer, true);
			talk_world_pass(&g_world, hw_prng_below(&prng, 3500));
			hw_sim_peer_hold(g_peer, false);
		}
	}
	assert_int_equal(talk_world_run(&g_world, peer_is_through, NULL), 0);
	*ret_attempts = hw_sim_attempt_count() - before;
	return hw_sim_peer_got(g_peer);
}

static void slow_clients_get_all(void **state)
{
	(void)state;
	g_running.part = "slow_clients_get_all";
	for (uint64_t seed = 1; seed <= seeds_setting("HW_TEST_SEED_COUNT", 60); seed++) {
		uint64_t attempts = 0;
		g_running.seed = seed;
		struct hw_span answer = unwell_run(seed, 0, &attempts);
		assert_int_equal(talk_answer_status(answer), 200);
		assert_true(is_part(talk_answer_body(answer), 0, g_expected_size));
		assert_int_equal(g_list.count_count, 1);
		talk_table_end(&g_world);
	}
}

static void every_operation_fails(void **state)
{
	(void)state;
	g_running.part = "every_operation_fails";
	uint64_t attempts = 0;
	(void)unwell_run(8, UINT32_MAX, &attempts);
	talk_table_end(&g_world);
	assert_true(attempts > 30);
	for (uint64_t place = 1; place <= attempts; place += 1 + attempts / 150) {
		uint64_t ignored = 0;
		g_running.place = place;
		struct hw_span answer = unwell_run(8, place, &ignored);
		assert_true(is_cut_or_whole(answer));
		talk_table_end(&g_world);
	}
}

/* While it is waited for, nothing of ours is in its hands. */
static void held_client_holds_no_slab(void **state)
{
	(void)state;
	g_running.part = "held_client_holds_no_slab";
	calm_begin(0, true);
	static const char request[] = "GET " TALK_LIST_PATH ".zip HTTP/1.1\r\nHost: here\r\n\r\n";
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_write(peer, request, sizeof(request) - 1);
	talk_world_pass(&g_world, 500);
	assert_true(g_world.reactor.slabs.free_count < g_world.reactor.slabs.count);
	talk_world_pass(&g_world, 1500);
	assert_int_equal(g_world.reactor.slabs.free_count, g_world.reactor.slabs.count);
	hw_sim_peer_hold(peer, false);
	talk_world_pass(&g_world, 3000);
	assert_true(is_part(talk_answer_body(hw_sim_peer_got(peer)), 0, g_expected_size));
	talk_table_end(&g_world);
}

static void pool_is_empty(void **state)
{
	(void)state;
	g_running.part = "pool_is_empty";
	calm_begin(1, false);
	void *taken[HW_ARCHIVES_MAX];
	for (uint32_t i = 0; i < HW_ARCHIVES_MAX; i++) {
		taken[i] = hw_pool_take(&g_world.talks.archives);
	}
	assert_int_equal(talk_answer_status(ask("GET", "")), 503);
	for (uint32_t i = 0; i < HW_ARCHIVES_MAX; i++) {
		hw_pool_give(&g_world.talks.archives, taken[i]);
	}
	talk_table_end(&g_world);
}

static int teardown(void **state)
{
	(void)state;
	free(hw_move(&g_expected));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_comes),
		cmocka_unit_test(fields_decide),
		cmocka_unit_test(ranges_are_exact),
		cmocka_unit_test(refused_beforehand),
		cmocka_unit_test(changes_on_the_way),
		cmocka_unit_test(every_request_fails),
		cmocka_unit_test(slow_clients_get_all),
		cmocka_unit_test(every_operation_fails),
		cmocka_unit_test(held_client_holds_no_slab),
		cmocka_unit_test(pool_is_empty),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, teardown);
}
