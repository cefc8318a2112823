/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the decoder stays inside its bytes; how a body was cut, and in what portions its data was
 * taken, changes nothing; and a second decoder, written to be read and not to be fast, agrees.
 *
 * Method: the first two bytes of the input choose the cuts, the rest is the body.
 */
#include <stdlib.h>

#include "core/base/span.h"
#include "net/wire/http_chunked.h"

#define BODY_SIZE_MAX 65536U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	enum hw_http_chunked_verdict verdict;
	const char *reason;
	uint32_t offset;
	uint32_t data_size;
	uint64_t data_left;
	char data[BODY_SIZE_MAX];
};

static struct outcome g_whole;
static struct outcome g_pieces;
static char g_slow_data[BODY_SIZE_MAX];

static void decode(struct hw_http_chunked *decoder, const char *bytes, uint32_t size,
		   uint32_t grain, struct outcome *out)
{
	for (;;) {
		uint32_t consumed = 0;
		uint32_t left = size - out->offset;
		char *copy = malloc(left == 0 ? 1 : left);
		hw_assert(copy != NULL);
		memcpy(copy, bytes + out->offset, left);
		out->verdict = hw_http_chunked_feed(decoder, copy, left, &consumed);
		free(copy);
		hw_assert(consumed <= left);
		out->offset += consumed;
		out->reason = decoder->reason;
		out->data_left = decoder->data_left;
		uint64_t fits = hw_min(decoder->data_left, (uint64_t)(size - out->offset));
		uint32_t taken = (uint32_t)hw_min(fits, (uint64_t)grain);
		if (out->verdict != HW_HTTP_CHUNKED_DATA || taken == 0) {
			return;
		}
		memcpy(out->data + out->data_size, bytes + out->offset, taken);
		out->data_size += taken;
		out->offset += taken;
		hw_http_chunked_data_taken(decoder, taken);
	}
}

static int digit_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c == 0 ? NULL : strchr(digits, c);
	return found == NULL ? -1 : (int)(found - digits) % 16;
}

/* One size line: the bytes that it has, -1 malformed or cut, -2 an extension. */
static int64_t slow_size(const char *bytes, uint32_t size, uint64_t *ret_chunk)
{
	uint64_t chunk = 0;
	uint32_t at = 0;
	for (; at < size && bytes[at] != '\r'; at++) {
		int digit = digit_value(bytes[at]);
		if (digit < 0) {
			return bytes[at] == ';' && at > 0 ? -2 : -1;
		}
		if (at == 16) {
			return -1;
		}
		chunk = chunk * 16 + (uint64_t)digit;
	}
	if (at == 0 || at + 2 > size || bytes[at + 1] != '\n' || chunk > INT64_MAX) {
		return -1;
	}
	*ret_chunk = chunk;
	return at + 2;
}

/* The grammar once more, over a whole body: returns the bytes of data, -1 refused or not complete.
 * Knows nothing of extensions and trailers: -2 where one begins. */
static int64_t slow_decode(const char *bytes, uint32_t size, uint32_t *ret_offset)
{
	uint32_t at = 0;
	uint32_t data_size = 0;
	uint64_t chunk = 1;
	while (chunk > 0) {
		int64_t line_size = slow_size(bytes + at, size - at, &chunk);
		if (line_size < 0) {
			return line_size;
		}
		at += (uint32_t)line_size;
		if (chunk > size - at) {
			return -1;
		}
		memcpy(g_slow_data + data_size, bytes + at, chunk);
		data_size += (uint32_t)chunk;
		at += (uint32_t)chunk;
		if (chunk == 0 && at < size && bytes[at] != '\r') {
			return -2;
		}
		if (at + 2 > size || bytes[at] != '\r' || bytes[at + 1] != '\n') {
			return -1;
		}
		at += 2;
	}
	*ret_offset = at;
	return (int64_t)data_size;
}

static void slow_check(const char *bytes, uint32_t size)
{
	uint32_t offset = 0;
	int64_t data_size = slow_decode(bytes, size, &offset);
	if (data_size == -2) {
		return;
	}
	hw_assert((data_size >= 0) == (g_whole.verdict == HW_HTTP_CHUNKED_DONE));
	if (data_size >= 0) {
		hw_assert(data_size == g_whole.data_size);
		hw_assert(offset == g_whole.offset);
		hw_assert(memcmp(g_slow_data, g_whole.data, (size_t)data_size) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size - 2 > BODY_SIZE_MAX) {
		return 0;
	}
	uint32_t step = 1U + data[0];
	uint32_t cut = data[1];
	const char *bytes = (const char *)data + 2;
	uint32_t body_size = (uint32_t)size - 2;

	struct hw_http_chunked decoder;
	hw_http_chunked_init(&decoder);
	g_whole.offset = 0;
	g_whole.data_size = 0;
	decode(&decoder, bytes, body_size, UINT32_MAX, &g_whole);

	hw_http_chunked_init(&decoder);
	g_pieces.offset = 0;
	g_pieces.data_size = 0;
	for (; cut < body_size; cut += step) {
		decode(&decoder, bytes, cut, step, &g_pieces);
		step = step * 5 % 257 + 1;
	}
	decode(&decoder, bytes, body_size, step, &g_pieces);

	hw_assert(g_pieces.verdict == g_whole.verdict);
	hw_assert(g_pieces.reason == g_whole.reason);
	hw_assert(g_pieces.offset == g_whole.offset);
	hw_assert(g_pieces.data_left == g_whole.data_left);
	hw_assert(g_pieces.data_size == g_whole.data_size);
	hw_assert(memcmp(g_pieces.data, g_whole.data, g_whole.data_size) == 0);
	hw_assert((g_whole.reason != NULL) == (g_whole.verdict == HW_HTTP_CHUNKED_BAD));
	slow_check(bytes, body_size);
	return 0;
}
