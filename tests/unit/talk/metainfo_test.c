/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a file's .torrent has the pieces of the catalog, its root, its length and the folder it is
 * in; one that cannot be made is an answer that says why; a file that is called so is itself.
 *
 * Method: files of one chunk, of a few, of more than one answer of the catalog holds; the expected
 * bytes are made here out of the contents. A table of requests; each request to the catalog and
 * each operation fails in turn.
 */
#include "tests/unit/talk/talk_list.h"

#include "net/talk/metainfo.h"

#define LARGE_SIZE (UINT64_C(18) * HW_CHUNK_SIZE + 20000)
#define SHIFT      3U

static struct talk_world g_world;
static struct talk_model g_model;
static char g_expected[8192];
static uint32_t g_expected_size;

static void expected_make(const struct talk_list_file *file)
{
	static uint8_t bytes[HW_CHUNK_SIZE];
	static const char url[] = "http://here" TALK_LIST_PATH "/";
	struct hw_hash root;
	memcpy(root.bytes, file->row.root, HW_HASH_SIZE);
	struct hw_torrent torrent = {
		.name = {file->row.name, file->row.name_size},
		.url = HW_SPAN(url),
		.root = &root,
		.size = file->row.length,
		.created_s = TALK_LIST_CREATED_S,
	};
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, g_expected, sizeof(g_expected));
	hw_torrent_head_write(&torrent, &writer);
	for (uint64_t i = 0; i < hw_torrent_piece_count(&torrent); i++) {
		struct hw_hash leaves[HW_CHUNK_BLOCKS];
		struct hw_hash piece;
		uint64_t offset = i * HW_CHUNK_SIZE;
		uint32_t size = (uint32_t)hw_min(torrent.size - offset, (uint64_t)HW_CHUNK_SIZE);
		for (uint32_t k = 0; k < size; k++) {
			bytes[k] = talk_content_at(file->shift, offset + k);
		}
		hw_merkle_leaves(bytes, size, leaves);
		hw_merkle_chunk_root(leaves, (uint32_t)hw_merkle_blocks(size), &piece);
		hw_http_writer_bytes(&writer,
				     (struct hw_span){(const char *)piece.bytes, HW_HASH_SIZE});
	}
	hw_torrent_tail_write(&torrent, &writer);
	assert_false(writer.is_overflowed);
	g_expected_size = writer.size;
	assert_int_equal(g_expected_size, hw_torrent_size(&torrent));
}

static void world_begin(uint64_t seed, uint64_t size)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct talk_world_options options = talk_world_plenty();
	options.stall_timeout_ms = 5000;
	sim.piece_gap_us_max = 0;
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	talk_list_begin(&g_world);
	talk_list_add(&g_model, "a b.bin", size, SHIFT);
	expected_make(&g_list.files[0]);
}

static struct hw_span ask(const char *method, const char *name)
{
	static char text[512];
	int size = snprintf(text, sizeof(text),
			    "%s " TALK_LIST_PATH "/%s HTTP/1.1\r\nHost: here\r\n"
			    "Connection: close\r\n\r\n",
			    method, name);
	return talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
}

static bool is_whole(struct hw_span answer)
{
	struct hw_span body = talk_answer_body(answer);
	return talk_answer_status(answer) == 200 && body.size == g_expected_size &&
	       memcmp(body.bytes, g_expected, body.size) == 0;
}

static void every_size_comes(void **state)
{
	(void)state;
	g_running.part = "every_size_comes";
	static const uint64_t sizes[] = {1, HW_CHUNK_SIZE, HW_CHUNK_SIZE + 1,
					 5 * UINT64_C(1) * HW_CHUNK_SIZE, LARGE_SIZE};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		g_running.place = i;
		world_begin(1, sizes[i]);
		struct hw_span answer = ask("GET", "a%20b.bin.torrent");
		assert_true(is_whole(answer));
		char size[16];
		(void)snprintf(size, sizeof(size), "%u", g_expected_size);
		assert_true(hw_span_equal(talk_answer_field(answer, "Content-Length"),
					  hw_span_of(size)));
		answer = ask("HEAD", "a%20b.bin.torrent");
		assert_true(hw_span_equal(talk_answer_field(answer, "Content-Length"),
					  hw_span_of(size)));
		assert_true(hw_span_equal(talk_answer_field(answer, "Content-Type"),
					  HW_SPAN("application/x-bittorrent")));
		assert_int_equal(talk_answer_body(answer).size, 0);
		assert_int_equal(g_list.count_count, 0);
		talk_table_end(&g_world);
	}
}

static void refused(void **state)
{
	(void)state;
	g_running.part = "refused";
	world_begin(1, 50000);
	assert_int_equal(talk_answer_status(ask("GET", "other.torrent")), 404);
	g_list.files[0].row.is_sealed = false;
	assert_int_equal(talk_answer_status(ask("GET", "a%20b.bin.torrent")), 409);
	g_list.files[0].row.is_sealed = true;
	g_list.password_size = 3;
	assert_int_equal(talk_answer_status(ask("GET", "a%20b.bin.torrent")), 401);
	g_list.password_size = 0;
	talk_list_add(&g_model, "empty", 0, 0);
	assert_int_equal(talk_answer_status(ask("GET", "empty.torrent")), 404);
	void *taken[HW_METAINFOS_MAX];
	for (uint32_t i = 0; i < HW_METAINFOS_MAX; i++) {
		taken[i] = hw_pool_take(&g_world.talks.metainfos);
	}
	assert_int_equal(talk_answer_status(ask("GET", "a%20b.bin.torrent")), 503);
	for (uint32_t i = 0; i < HW_METAINFOS_MAX; i++) {
		hw_pool_give(&g_world.talks.metainfos, taken[i]);
	}
	assert_true(is_whole(ask("GET", "a%20b.bin.torrent")));
	talk_table_end(&g_world);
}

static void itself_is_a_download(void **state)
{
	(void)state;
	g_running.part = "itself_is_a_download";
	world_begin(1, 50000);
	talk_list_add(&g_model, "a b.bin.torrent", 777, 31);
	struct hw_span answer = ask("GET", "a%20b.bin.torrent");
	struct hw_span body = talk_answer_body(answer);
	assert_int_equal(talk_answer_status(answer), 200);
	assert_int_equal(body.size, 777);
	assert_true(talk_content_equal(body.bytes, body.size, 31, 0));
	talk_table_end(&g_world);
}

static void everything_fails(void **state)
{
	(void)state;
	g_running.part = "everything_fails";
	uint64_t attempts = 0;
	uint64_t requests = 0;
	for (uint64_t place = 0; place <= attempts + requests; place++) {
		g_running.place = place;
		world_begin(2, LARGE_SIZE);
		uint64_t attempts_before = hw_sim_attempt_count();
		uint64_t requests_before = g_world.catalog.request_count;
		if (place > attempts) {
			g_world.catalog.fail_request = requests_before + place - attempts;
		} else if (place > 0) {
			hw_sim_options()->fail_attempt = attempts_before + place;
		}
		struct hw_span answer = ask("GET", "a%20b.bin.torrent");
		uint32_t status = talk_answer_status(answer);
		struct hw_span body = talk_answer_body(answer);
		bool is_cut = body.size == 0 || (body.size < g_expected_size &&
						 memcmp(body.bytes, g_expected, body.size) == 0);
		assert_true(is_whole(answer) || status == 0 || status >= 400 || is_cut);
		if (place == 0) {
			attempts = hw_sim_attempt_count() - attempts_before;
			requests = g_world.catalog.request_count - requests_before;
			print_message("%llu operations, %llu requests\n",
				      (unsigned long long)attempts, (unsigned long long)requests);
			assert_true(is_whole(answer) && requests >= 2 && attempts >= 2);
		} else if (place > attempts) {
			assert_false(is_whole(answer));
		}
		talk_table_end(&g_world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_comes),
		cmocka_unit_test(refused),
		cmocka_unit_test(itself_is_a_download),
		cmocka_unit_test(everything_fails),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
