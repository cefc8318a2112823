/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the frames of a server are those of RFC 6455, and a close frame is read as it says.
 *
 * Method: the heads around each change of form, against bytes written out; close payloads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/wire/ws_frame.h"

#include "core/base/error.h"
#include "tests/sim/ws_peer.h"

static void heads_test(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		uint32_t head_size;
		uint32_t size;
		enum hw_ws_opcode opcode;
		bool is_compressed;
	} rows[] = {
		{"\x81\x00", 2, 0, HW_WS_TEXT, false},
		{"\x82\x7d", 2, 125, HW_WS_BINARY, false},
		{"\x81\x7e\x00\x7e", 4, 126, HW_WS_TEXT, false},
		{"\xc1\x7e\xff\xff", 4, 65535, HW_WS_TEXT, true},
		{"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10, 65536, HW_WS_TEXT, false},
		{"\x81\x7f\x00\x00\x00\x00\xff\xff\xff\xff", 10, UINT32_MAX, HW_WS_TEXT, false},
		{"\x89\x7d", 2, 125, HW_WS_PING, false},
		{"\x8a\x00", 2, 0, HW_WS_PONG, false},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		uint8_t head[HW_WS_HEAD_SIZE_MAX];
		uint32_t size =
			hw_ws_frame_head(rows[i].opcode, rows[i].is_compressed, rows[i].size, head);
		assert_int_equal(size, rows[i].head_size);
		assert_memory_equal(head, rows[i].head, size);
	}
}

static void closes_test(void **state)
{
	(void)state;
	uint8_t frame[HW_WS_HEAD_SIZE_MAX];
	assert_int_equal(hw_ws_frame_close(HW_WS_CODE_GOING_AWAY, frame), 4);
	assert_memory_equal(frame, "\x88\x02\x03\xe9", 4);
	assert_int_equal(hw_ws_frame_close(HW_WS_CODE_NONE, frame), 2);
	assert_memory_equal(frame, "\x88\x00", 2);
	assert_int_equal(hw_ws_close_parse(HW_SPAN("")), 1005);
	assert_int_equal(hw_ws_close_parse(HW_SPAN("\x03")), -EPROTO);
	assert_int_equal(hw_ws_close_parse(HW_SPAN("\x03\xed")), -EPROTO); /* 1005 */
	assert_int_equal(hw_ws_close_parse(HW_SPAN("\x0f\xa0why")), 4000);
	assert_int_equal(hw_ws_close_parse(HW_SPAN("\x0f\xa0\xc3\xa4")), 4000);
	assert_int_equal(hw_ws_close_parse(HW_SPAN("\x0f\xa0\xc3")), -EILSEQ);
}

/* What is written is what a client reads. */
static void frames_are_read_back(void **state)
{
	(void)state;
	static char bytes[HW_WS_HEAD_SIZE_MAX + 70000];
	for (uint32_t size = 0; size < 70000; size += size < 200 ? 1 : 997) {
		uint8_t head[HW_WS_HEAD_SIZE_MAX];
		uint32_t head_size = hw_ws_frame_head(HW_WS_TEXT, false, size, head);
		memcpy(bytes, head, head_size);
		struct hw_span whole = {bytes, head_size + size};
		struct hw_span cut = {bytes, head_size + size - 1};
		struct ws_server_frame frame = {0};
		assert_false(ws_server_frame_next(&cut, &frame));
		assert_true(ws_server_frame_next(&whole, &frame));
		assert_int_equal(frame.payload.size, size);
		assert_int_equal(whole.size, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(heads_test),
					   cmocka_unit_test(closes_test),
					   cmocka_unit_test(frames_are_read_back)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
