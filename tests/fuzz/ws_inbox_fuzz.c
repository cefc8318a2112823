/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever comes in whatever pieces: the same things are found in the same order, and no byte
 * outside is read. The first byte says how large the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/conn/ws_inbox.h"
#include "net/wire/utf8.h"

#define FINDS_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hw_ws_inbox g_inbox;

struct found {
	uint64_t sum;
	uint32_t count;
};

static void find_note(struct found *found, enum hw_ws_find find)
{
	bool is_message = find == HW_WS_FOUND_TEXT || find == HW_WS_FOUND_BINARY;
	const char *bytes = is_message ? g_inbox.message : g_inbox.control;
	uint32_t size = is_message ? g_inbox.message_size : g_inbox.control_size;
	if (find == HW_WS_FOUND_TEXT && !g_inbox.is_compressed) {
		struct hw_span text = {bytes, size};
		hw_assert(hw_utf8_check(text) == (int64_t)size);
	}
	found->count++;
	found->sum = found->sum * 31 + (uint64_t)find;
	if (find == HW_WS_FOUND_FAULT) {
		found->sum = found->sum * 31 + g_inbox.code;
		return;
	}
	for (uint32_t i = 0; i < size; i++) {
		found->sum = found->sum * 31 + (uint8_t)bytes[i];
	}
}

static struct found feed_all(const uint8_t *data, uint32_t size, uint32_t piece_size, bool deflate)
{
	struct found found = {0};
	bool is_over = hw_ws_inbox_reset(&g_inbox, deflate) < 0;
	hw_assert(!is_over);
	for (uint32_t at = 0; at < size && !is_over; at += piece_size) {
		uint32_t count = hw_min(piece_size, size - at);
		char *copy = malloc(count); /* its own, so that ASan sees its end */
		hw_assert(copy != NULL);
		memcpy(copy, data + at, count);
		struct hw_span piece = {copy, count};
		enum hw_ws_find find;
		do {
			uint32_t used = 0;
			find = hw_ws_inbox_feed(&g_inbox, piece, &used);
			piece = hw_span_skip(piece, used);
			if (find != HW_WS_FOUND_NONE) {
				find_note(&found, find);
			}
			is_over = find == HW_WS_FOUND_FAULT;
		} while (find != HW_WS_FOUND_NONE && !is_over);
		free(copy);
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1) {
		return 0;
	}
	bool deflate = (data[0] & 0x80U) != 0;
	uint32_t piece_size = 1 + (data[0] & 0x7fU);
	struct found whole = feed_all(data + 1, (uint32_t)size - 1, 65536, deflate);
	struct found pieces = feed_all(data + 1, (uint32_t)size - 1, piece_size, deflate);
	hw_assert(whole.count == pieces.count && whole.sum == pieces.sum);
	return 0;
}
