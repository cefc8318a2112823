/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the pieces in which bytes come, the same things are found in them; what RFC 6455
 * forbids is found out, with the code that it asks for.
 *
 * Method: tables of frames and what they come to, each fed in pieces of 1, 2, 3 ... bytes; all
 * close codes; all beginnings of a frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/conn/ws_inbox.h"
#include "tests/sim/seeds.h"
#include "tests/sim/ws_peer.h"

#define BYTES_MAX (2U * HW_WS_MESSAGE_SIZE_MAX)
#define FOUND_MAX 8U

struct frame {
	uint32_t first;
	const char *payload; /* NULL: the end */
	uint32_t size;       /* 0: of the text */
	bool is_bare;        /* without a mask */
};

struct row {
	struct frame frames[5];
	const char *found; /* T text, B binary, I ping, O pong, C close, F fault */
	uint32_t code;     /* of the last C or F */
};

static struct hw_ws_inbox g_inbox;
static char g_bytes[BYTES_MAX];
static char g_long[HW_WS_MESSAGE_SIZE_MAX + 1];

static const struct row g_rows[] = {
	{{{0x81, "", 0, false}}, "T", 0},
	{{{0x81, "Hello", 0, false}}, "T", 0},
	{{{0x82, "\x00\xff", 2, false}}, "B", 0},
	{{{0x81, "a", 0, false}, {0x82, "b", 0, false}, {0x81, "c", 0, false}}, "TBT", 0},
	{{{0x01, "a", 0, false}, {0x00, "b", 0, false}, {0x80, "c", 0, false}}, "T", 0},
	{{{0x01, "", 0, false}, {0x00, "", 0, false}, {0x80, "", 0, false}}, "T", 0},
	{{{0x01, "a", 0, false}, {0x89, "ping", 0, false}, {0x80, "c", 0, false}}, "IT", 0},
	{{{0x89, "", 0, false}, {0x8a, "unasked", 0, false}}, "IO", 0},
	{{{0x89, g_long, 125, false}}, "I", 0},
	{{{0x89, g_long, 126, false}}, "F", 1002},
	{{{0x09, "x", 0, false}}, "F", 1002},
	{{{0x81, "Hello", 0, true}}, "F", 1002},
	{{{0x81, "", 0, true}}, "F", 1002},
	{{{0xc1, "x", 0, false}}, "F", 1002},
	{{{0xa1, "x", 0, false}}, "F", 1002},
	{{{0x91, "x", 0, false}}, "F", 1002},
	{{{0x83, "x", 0, false}}, "F", 1002},
	{{{0x8b, "x", 0, false}}, "F", 1002},
	{{{0x81, "ok", 0, false}, {0x87, "", 0, false}}, "TF", 1002},
	{{{0x80, "x", 0, false}}, "F", 1002},
	{{{0x00, "x", 0, false}}, "F", 1002},
	{{{0x01, "x", 0, false}, {0x81, "y", 0, false}}, "F", 1002},
	{{{0x01, "x", 0, false}, {0x82, "y", 0, false}}, "F", 1002},
	{{{0x01, "x", 0, false}, {0xc0, "y", 0, false}}, "F", 1002},
	{{{0x88, "", 0, false}}, "C", 1005},
	{{{0x88, "\x03", 1, false}}, "F", 1002},
	{{{0x88, "\x03\xe8", 2, false}}, "C", 1000},
	{{{0x88, "\x03\xe8 bye \xc3\xa4", 9, false}}, "C", 1000},
	{{{0x88, "\x03\xe8\xff", 3, false}}, "F", 1007},
	{{{0x88, "\x03\xe8\xc3", 3, false}}, "F", 1007},
	{{{0x81, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", 0, false}}, "T", 0},
	{{{0x01, "\xce\xba\xe1", 0, false}, {0x80, "\xbd\xb9", 0, false}}, "T", 0},
	{{{0x01, "\xf0\x90", 0, false}, {0x80, "\x80\x80", 0, false}}, "T", 0},
	{{{0x81, "\xce\xba\xed\xa0\x80", 0, false}}, "F", 1007},
	{{{0x01, "\xce", 0, false}, {0x80, "", 0, false}}, "F", 1007},
	/* At once, though the message goes on. */
	{{{0x01, "\xf4\x90", 0, false}}, "F", 1007},
	{{{0x01, "\xed\xa0", 0, false}}, "F", 1007},
	{{{0x01, "\xc0", 0, false}}, "F", 1007},
	{{{0x01, "\xf5", 0, false}}, "F", 1007},
	{{{0x01, "\xe0\x9f", 0, false}}, "F", 1007},
	{{{0x82, g_long, HW_WS_MESSAGE_SIZE_MAX, false}}, "B", 0},
	{{{0x81, g_long, 65535, false}}, "T", 0},
	{{{0x82, g_long, HW_WS_MESSAGE_SIZE_MAX + 1, false}}, "F", 1009},
	{{{0x01, g_long, 65000, false}, {0x80, g_long, 536, false}}, "T", 0},
	{{{0x01, g_long, 65000, false}, {0x80, g_long, 537, false}}, "F", 1009},
};

static char letter(enum hw_ws_find find)
{
	static const char letters[HW_WS_FIND_COUNT] = "-TBIOCF";
	return letters[find];
}

/* Feed all, @piece_size bytes a time. Returns what was found, as letters. */
static const char *feed(struct hw_span bytes, uint32_t piece_size)
{
	static char found[FOUND_MAX + 1];
	uint32_t count = 0;
	bool is_over = false;
	while (!is_over) {
		struct hw_span piece = {bytes.bytes, hw_min(bytes.size, piece_size)};
		bytes = hw_span_skip(bytes, piece.size);
		enum hw_ws_find find;
		do {
			uint32_t used = 0;
			find = hw_ws_inbox_feed(&g_inbox, piece, &used);
			piece = hw_span_skip(piece, used);
			if (find != HW_WS_FOUND_NONE) {
				assert_true(count < FOUND_MAX);
				found[count++] = letter(find);
			}
		} while (find != HW_WS_FOUND_NONE && find != HW_WS_FOUND_FAULT);
		is_over = bytes.size == 0 || find == HW_WS_FOUND_FAULT;
		assert_true(find == HW_WS_FOUND_FAULT || piece.size == 0);
	}
	found[count] = '\0';
	return found;
}

static uint32_t frames_write(const struct frame *frames, char *bytes)
{
	uint32_t size = 0;
	for (uint32_t i = 0; i < 5 && frames[i].payload != NULL; i++) {
		const struct frame *frame = &frames[i];
		uint32_t payload_size =
			frame->size > 0 ? frame->size : (uint32_t)strlen(frame->payload);
		size += ws_client_frame(frame->first, frame->payload, payload_size, !frame->is_bare,
					bytes + size);
		assert_true(size < BYTES_MAX);
	}
	return size;
}

static void row_check(uint32_t index, uint32_t piece_size)
{
	const struct row *row = &g_rows[index];
	struct hw_span bytes = {g_bytes, frames_write(row->frames, g_bytes)};
	g_running.seed = piece_size;
	g_running.place = index;
	assert_int_equal(hw_ws_inbox_reset(&g_inbox, false), 0);
	const char *found = feed(bytes, piece_size);
	if (strcmp(found, row->found) != 0) {
		print_message("row %u, pieces of %u: %s\n", index, piece_size, found);
	}
	assert_string_equal(found, row->found);
	if (row->code != 0) {
		assert_int_equal(g_inbox.code, row->code);
	}
	assert_int_equal(hw_ws_inbox_is_empty(&g_inbox), strchr(found, 'F') == NULL);
}

static void rows_are_found_in_any_pieces(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		uint32_t size = frames_write(g_rows[i].frames, g_bytes);
		for (uint32_t piece_size = 1; piece_size <= hw_min(size, 40U); piece_size++) {
			row_check(i, piece_size);
		}
		row_check(i, size);
		row_check(i, 4096);
		row_check(i, 4097);
	}
}

static void messages_are_what_was_sent(void **state)
{
	(void)state;
	static char text[HW_WS_MESSAGE_SIZE_MAX];
	for (uint32_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)(' ' + i % 90);
	}
	static const uint32_t sizes[] = {1, 125, 126, 4095, 4096, 4097, 65535, 65536};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		uint32_t first = sizes[i] / 3;
		uint32_t size = ws_client_frame(0x01, text, first, true, g_bytes);
		size += ws_client_frame(0x80, text + first, sizes[i] - first, true, g_bytes + size);
		assert_int_equal(hw_ws_inbox_reset(&g_inbox, false), 0);
		assert_string_equal(feed((struct hw_span){g_bytes, size}, 1000), "T");
		assert_int_equal(g_inbox.message_size, sizes[i]);
		assert_memory_equal(g_inbox.message, text, sizes[i]);
	}
}

static void close_codes_are_judged(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= UINT16_MAX; code++) {
		uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
		bool is_good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
			       (code >= 3000 && code <= 4999);
		uint32_t size = ws_client_frame(0x88, payload, 2, true, g_bytes);
		assert_int_equal(hw_ws_inbox_reset(&g_inbox, false), 0);
		assert_string_equal(feed((struct hw_span){g_bytes, size}, 100),
				    is_good ? "C" : "F");
		assert_int_equal(g_inbox.code, is_good ? code : 1002);
	}
}

/* The shortest form of a size is the only one (5.2). */
static void sizes_are_minimal(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		uint32_t size;
	} rows[] = {
		{"\x82\xfe\x00\x7d", 4},
		{"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10},
		{"\x82\xff\x80\x00\x00\x00\x00\x00\xff\xff", 10},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		assert_int_equal(hw_ws_inbox_reset(&g_inbox, false), 0);
		assert_string_equal(feed((struct hw_span){rows[i].bytes, rows[i].size}, 100), "F");
		assert_int_equal(g_inbox.code, 1002);
	}
}

static void compressed_only_where_agreed(void **state)
{
	(void)state;
	uint32_t size = ws_client_frame(0xc1, "\xff", 1, true, g_bytes);
	assert_int_equal(hw_ws_inbox_reset(&g_inbox, true), 0);
	assert_string_equal(feed((struct hw_span){g_bytes, size}, 100), "T");
	assert_true(g_inbox.is_compressed);
	size = ws_client_frame(0xc9, "x", 1, true, g_bytes);
	assert_string_equal(feed((struct hw_span){g_bytes, size}, 100), "F");
}

static int setup(void **state)
{
	(void)state;
	memset(g_long, 'x', sizeof(g_long));
	return hw_ws_inbox_init(&g_inbox);
}

static int teardown(void **state)
{
	(void)state;
	hw_ws_inbox_deinit(&g_inbox);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_in_any_pieces),
		cmocka_unit_test(messages_are_what_was_sent),
		cmocka_unit_test(close_codes_are_judged),
		cmocka_unit_test(sizes_are_minimal),
		cmocka_unit_test(compressed_only_where_agreed),
	};
	seeds_watch();
	return cmocka_run_group_tests(tests, setup, teardown);
}
