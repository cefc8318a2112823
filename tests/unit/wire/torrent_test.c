/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a .torrent is the bytes that BEP 52 asks for, and its size is known before.
 *
 * Method: one of one chunk and one of two, spelled out; the size against what is written, for files
 * up to the longest and for names and URLs up to the longest. That
 * libtorrent makes the same is seen in torrent_readers_test.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/torrent.h"

static struct hw_hash g_root;
static char g_bytes[8192];

static struct hw_torrent sample(uint64_t size)
{
	memset(g_root.bytes, 'R', HW_HASH_SIZE);
	return (struct hw_torrent){
		.name = HW_SPAN("a.b"),
		.url = HW_SPAN("http://h/s/i/"),
		.root = &g_root,
		.size = size,
		.created_s = 1700000000,
	};
}

#define R32 "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR"

static void one_chunk_test(void **state)
{
	(void)state;
	struct hw_torrent torrent = sample(HW_CHUNK_SIZE);
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, g_bytes, sizeof(g_bytes));
	hw_torrent_head_write(&torrent, &writer);
	hw_torrent_tail_write(&torrent, &writer);
	struct hw_span expected =
		HW_SPAN("d13:creation datei1700000000e4:infod9:file treed3:a.bd0:d"
			"6:lengthi4194304e11:pieces root32:" R32 "eee12:meta versioni2e"
			"4:name3:a.b12:piece lengthi4194304ee12:piece layersde"
			"8:url-list13:http://h/s/i/e");
	assert_true(hw_span_equal(hw_http_writer_span(&writer), expected));
	assert_int_equal(hw_torrent_size(&torrent), expected.size);
	assert_int_equal(hw_torrent_piece_count(&torrent), 0);
}

static void two_chunks_test(void **state)
{
	(void)state;
	struct hw_torrent torrent = sample(HW_CHUNK_SIZE + 1);
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, g_bytes, sizeof(g_bytes));
	hw_torrent_head_write(&torrent, &writer);
	struct hw_span written = hw_http_writer_span(&writer);
	struct hw_span end = HW_SPAN("12:piece layersd32:" R32 "64:");
	assert_true(hw_span_equal(hw_span_skip(written, written.size - end.size), end));
	assert_int_equal(hw_torrent_piece_count(&torrent), 2);
	assert_int_equal(hw_torrent_pieces_size(&torrent), 64);
	/* The first is as it is, the second is widened from one block. */
	struct hw_hash id;
	struct hw_hash piece;
	struct hw_hash wide;
	memset(id.bytes, 7, HW_HASH_SIZE);
	hw_torrent_piece(&torrent, 0, &id, &piece);
	assert_true(hw_hash_equal(&piece, &id));
	hw_torrent_piece(&torrent, 1, &id, &piece);
	hw_merkle_chunk_widen(&id, 1, &wide);
	assert_true(hw_hash_equal(&piece, &wide));
	assert_false(hw_hash_equal(&piece, &id));
}

static void sizes_test(void **state)
{
	(void)state;
	static char name[HW_NAME_SIZE_MAX];
	static char url[2048];
	static const uint64_t sizes[] = {0,
					 1,
					 HW_CHUNK_SIZE,
					 HW_CHUNK_SIZE + 1,
					 UINT64_C(40) * HW_CHUNK_SIZE,
					 UINT64_C(1) << 40,
					 HW_FILE_SIZE_MAX};
	memset(name, 'n', sizeof(name));
	memset(url, 'u', sizeof(url));
	for (uint32_t i = 0; i < hw_count_of(sizes) * 6; i++) {
		struct hw_torrent torrent = sample(sizes[i / 6]);
		static const uint32_t name_sizes[] = {1, 9, 10, 99, 100, HW_NAME_SIZE_MAX};
		torrent.name = (struct hw_span){name, name_sizes[i % 6]};
		torrent.url = (struct hw_span){url, name_sizes[i % 6] * 8};
		torrent.created_s = i % 2 == 0 ? UINT64_MAX : 0;
		struct hw_http_writer head;
		struct hw_http_writer tail;
		hw_http_writer_init(&head, g_bytes, HW_TORRENT_HEAD_SIZE_MAX);
		hw_torrent_head_write(&torrent, &head);
		assert_false(head.is_overflowed);
		uint32_t tail_capacity = HW_TORRENT_TAIL_SIZE(torrent.url.size);
		hw_http_writer_init(&tail, g_bytes + HW_TORRENT_HEAD_SIZE_MAX, tail_capacity);
		hw_torrent_tail_write(&torrent, &tail);
		assert_false(tail.is_overflowed);
		assert_int_equal(hw_torrent_size(&torrent),
				 head.size + hw_torrent_pieces_size(&torrent) + tail.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_chunk_test),
		cmocka_unit_test(two_chunks_test),
		cmocka_unit_test(sizes_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
