/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a chunked body is cut at the right places or refused, however it arrives; what belongs to
 * the next request is never touched.
 *
 * Method: a table of bodies with their data and verdict. Each is decoded in one piece, byte by byte
 * and cut in two at every place, with the data taken whole or byte by byte. Limits are tried at
 * their last good and first bad value. Negative space: RELIABILITY H1's chunk sizes and line ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/http_chunked.h"

#include "core/base/span.h"

#define T(literal)                                                                                 \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
#define ROOM 65536U

struct body_case {
	struct hw_span body;
	struct hw_span data; /* bytes NULL: refused */
	uint32_t left;       /* bytes of the next request at the end */
};

/* What came of a body: data, verdict, and how far it was read. */
struct outcome {
	enum hw_http_chunked_verdict verdict;
	const char *reason;
	uint32_t offset;
	uint32_t data_size;
	char data[ROOM];
};

/* Feed bytes up to @size; data is taken @grain bytes a time. */
static void decode(struct hw_http_chunked *decoder, const char *bytes, uint32_t size,
		   uint32_t grain, struct outcome *out)
{
	for (;;) {
		uint32_t consumed = 0;
		out->verdict = hw_http_chunked_feed(decoder, bytes + out->offset,
						    size - out->offset, &consumed);
		assert_true(consumed <= size - out->offset);
		out->offset += consumed;
		out->reason = decoder->reason;
		if (out->verdict != HW_HTTP_CHUNKED_DATA) {
			assert_true(out->verdict != HW_HTTP_CHUNKED_MORE || out->offset == size);
			return;
		}
		assert_true(decoder->data_left > 0);
		uint64_t fits = hw_min(decoder->data_left, (uint64_t)(size - out->offset));
		uint32_t taken = (uint32_t)hw_min(fits, (uint64_t)grain);
		if (taken == 0) {
			return;
		}
		memcpy(out->data + out->data_size, bytes + out->offset, taken);
		out->data_size += taken;
		out->offset += taken;
		hw_http_chunked_data_taken(decoder, taken);
	}
}

static struct outcome g_whole;
static struct outcome g_cut;

static void outcome_start(struct outcome *out)
{
	out->offset = 0;
	out->data_size = 0;
}

static void assert_same(struct hw_span body, uint32_t cut)
{
	bool same = g_whole.verdict == g_cut.verdict && g_whole.reason == g_cut.reason &&
		    g_whole.offset == g_cut.offset && g_whole.data_size == g_cut.data_size &&
		    memcmp(g_whole.data, g_cut.data, g_cut.data_size) == 0;
	if (!same) {
		fail_msg("cut at %u: verdict %u at %u, whole %u at %u: %.*s", cut, g_cut.verdict,
			 g_cut.offset, g_whole.verdict, g_whole.offset, (int)body.size, body.bytes);
	}
}

/* Leaves the outcome in g_whole. */
static void decode_every_way(struct hw_span body)
{
	struct hw_http_chunked decoder;
	char *copy = malloc(body.size + 1);
	assert_non_null(copy);
	memcpy(copy, body.bytes, body.size);
	hw_http_chunked_init(&decoder);
	outcome_start(&g_whole);
	decode(&decoder, copy, body.size, ROOM, &g_whole);
	uint32_t step = body.size < 512 ? 1 : 97;
	for (uint32_t cut = 0; cut <= body.size; cut += step) {
		hw_http_chunked_init(&decoder);
		outcome_start(&g_cut);
		decode(&decoder, copy, cut, cut % 2 == 0 ? ROOM : 1, &g_cut);
		decode(&decoder, copy, body.size, cut % 3 == 0 ? ROOM : 1, &g_cut);
		assert_same(body, cut);
	}
	hw_http_chunked_init(&decoder);
	outcome_start(&g_cut);
	for (uint32_t size = 0; size <= body.size; size++) {
		decode(&decoder, copy, size, 1, &g_cut);
	}
	assert_same(body, 0);
	free(copy);
}

static void good_test(void **state)
{
	(void)state;
	static const struct body_case cases[] = {
		{T("0\r\n\r\n"), T(""), 0},
		{T("5\r\nhello\r\n0\r\n\r\n"), T("hello"), 0},
		{T("5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), T("hello"), 16},
		{T("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), T("abc"), 0},
		{T("A\r\n0123456789\r\n0\r\n\r\n"), T("0123456789"), 0},
		{T("a\r\n0123456789\r\n000\r\n\r\n"), T("0123456789"), 0},
		{T("0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n"), T("abc"), 0},
		{T("4\r\n\r\n\r\n\r\n0\r\n\r\n"), T("\r\n\r\n"), 0},
		{T("3\r\n0\r\n\r\n0\r\n\r\n"), T("0\r\n"), 0},
		{T("2\r\n\0\xff\r\n0\r\n\r\n"), T("\0\xff"), 0},
		{T("1;x\r\na\r\n0;y\r\n\r\n"), T("a"), 0},
		{T("1;x=y\r\na\r\n0\r\n\r\n"), T("a"), 0},
		{T("1;x=\"a;b \xc3\xa4\"; z\t\r\na\r\n0\r\n\r\n"), T("a"), 0},
		{T("0\r\nX: y\r\n\r\n"), T(""), 0},
		{T("0\r\nX:\r\nDigest: sha-256=:AA==:\r\n\r\n"), T(""), 0},
		{T("0\r\nX:\xff\t z \r\n\r\n!"), T(""), 1},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		decode_every_way(cases[i].body);
		assert_int_equal(g_whole.verdict, HW_HTTP_CHUNKED_DONE);
		assert_null(g_whole.reason);
		assert_int_equal(g_whole.data_size, cases[i].data.size);
		assert_memory_equal(g_whole.data, cases[i].data.bytes, cases[i].data.size);
		assert_int_equal(g_whole.offset, cases[i].body.size - cases[i].left);
	}
}

/* The framing that is refused, and how much of it was good. */
static const struct {
	struct hw_span body;
	uint32_t good_size;
} g_bad[] = {
	{T("\r\n"), 0},
	{T("\n"), 0},
	{T(" 5\r\nhello\r\n"), 0},
	{T("\t5\r\n"), 0},
	{T("5 \r\nhello\r\n"), 1},
	{T("5\t\r\n"), 1},
	{T("5 ;x\r\n"), 1},
	{T("+5\r\nhello\r\n"), 0},
	{T("-1\r\n"), 0},
	{T("-0\r\n"), 0},
	{T("0x5\r\nhello\r\n"), 1},
	{T("0X5\r\n"), 1},
	{T("x5\r\n"), 0},
	{T("5_\r\n"), 1},
	{T("1_0\r\n"), 1},
	{T("5h\r\n"), 1},
	{T("5.0\r\n"), 1},
	{T("5,5\r\n"), 1},
	{T("g\r\n"), 0},
	{T("\"5\"\r\n"), 0},
	{T("\0"
	   "5\r\n"),
	 0},
	{T("5\0\r\n"), 1},
	{T("\xd9\xa5\r\n"), 0},
	{T(";x\r\n"), 0},
	{T("00000000000000005\r\nhello\r\n"), 16},
	{T("10000000000000000\r\n"), 16},
	{T("fffffffffffffffff\r\n"), 16},
	{T("8000000000000000\r\n"), 16},
	{T("ffffffffffffffff\r\n"), 16},
	{T("5\nhello\r\n"), 1},
	{T("5\rhello\r\n"), 2},
	{T("5\r\rhello"), 2},
	{T("5\r\r\nhello"), 2},
	{T("5\n\rhello"), 1},
	{T("5;\r\nhello"), 2},
	{T("5;=y\r\nhello"), 2},
	{T("5; x\r\nhello"), 2},
	{T("5;;x\r\nhello"), 2},
	{T("5;x\nhello\r\n0\r\n\r\n"), 3},
	{T("5;x\ry\r\nhello"), 4},
	{T("5;x\r\r\nhello"), 4},
	{T("5;x\0\r\nhello"), 3},
	{T("5;x=\"\n\"\r\nhello"), 5},
	{T("5;x=\x7f\r\nhello"), 4},
	{T("5\r\nhello0\r\n\r\n"), 8},
	{T("5\r\nhello\n0\r\n\r\n"), 8},
	{T("5\r\nhello\r0\r\n\r\n"), 9},
	{T("5\r\nhello!\r\n"), 8},
	{T("5\r\nhello\r\r\n"), 9},
	{T("4\r\nhello\r\n"), 7},
	{T("6\r\nhello\r\n0\r\n\r\n"), 9},
	{T("1\r\na\r\n\r\n0\r\n\r\n"), 6},
	{T("0\n\n"), 1},
	{T("0\r\n\n"), 3},
	{T("0\r\n\r\r\n"), 4},
	{T("0\r\n\rX"), 4},
	{T("0\r\n X: y\r\n\r\n"), 3},
	{T("0\r\n: y\r\n\r\n"), 3},
	{T("0\r\nX\r\n\r\n"), 4},
	{T("0\r\nX : y\r\n\r\n"), 4},
	{T("0\r\nX: y\n\r\n"), 7},
	{T("0\r\nX: y\rz\r\n\r\n"), 8},
	{T("0\r\nX: \0\r\n\r\n"), 6},
	{T("0\r\nX: y\r\n z\r\n\r\n"), 9},
	{T("0\r\nX\x80: y\r\n\r\n"), 4},
};

static void bad_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_bad); i++) {
		decode_every_way(g_bad[i].body);
		if (g_whole.verdict != HW_HTTP_CHUNKED_BAD ||
		    g_whole.offset != g_bad[i].good_size) {
			fail_msg("case %u: verdict %u at %u, expected BAD at %u", i,
				 g_whole.verdict, g_whole.offset, g_bad[i].good_size);
		}
		assert_non_null(g_whole.reason);
	}
}

static void prefix_test(void **state)
{
	(void)state;
	static const char whole[] = "3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n";
	for (uint32_t size = 0; size < sizeof(whole) - 1; size++) {
		decode_every_way((struct hw_span){whole, size});
		assert_true(g_whole.verdict == HW_HTTP_CHUNKED_MORE ||
			    g_whole.verdict == HW_HTTP_CHUNKED_DATA);
	}
}

/* Every byte in every place of the framing: good exactly where the grammar has it. */
static void byte_test(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		char c = (char)i;
		bool is_hex =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		uint32_t consumed = 0;
		struct hw_http_chunked decoder;
		hw_http_chunked_init(&decoder);
		bool is_good =
			hw_http_chunked_feed(&decoder, &c, 1, &consumed) == HW_HTTP_CHUNKED_MORE;
		assert_int_equal(is_good, is_hex);
		assert_int_equal(consumed, is_good ? 1 : 0);
		char size_line[] = {'0', c};
		hw_http_chunked_init(&decoder);
		is_good = hw_http_chunked_feed(&decoder, size_line, 2, &consumed) ==
			  HW_HTTP_CHUNKED_MORE;
		assert_int_equal(is_good, is_hex || c == '\r' || c == ';');
	}
}

static char g_body[ROOM];
static uint32_t g_body_size;

static void body_add(const char *text)
{
	uint32_t size = (uint32_t)strlen(text);
	assert_true(size <= ROOM - g_body_size);
	memcpy(g_body + g_body_size, text, size);
	g_body_size += size;
}

static void body_fill(char c, uint32_t count)
{
	assert_true(count <= ROOM - g_body_size);
	memset(g_body + g_body_size, c, count);
	g_body_size += count;
}

static enum hw_http_chunked_verdict body_verdict(void)
{
	decode_every_way((struct hw_span){g_body, g_body_size});
	return g_whole.verdict;
}

static void limits_test(void **state)
{
	(void)state;
	for (uint32_t over = 0; over < 2; over++) {
		enum hw_http_chunked_verdict expected =
			over == 0 ? HW_HTTP_CHUNKED_DONE : HW_HTTP_CHUNKED_BAD;
		g_body_size = 0;
		body_add("0;");
		body_fill('x', 256 + over);
		body_add("\r\n\r\n");
		assert_int_equal(body_verdict(), expected);

		g_body_size = 0;
		body_add("0\r\nX: ");
		body_fill('y',
			  8192 - 5 + over); /* "X: ", and the CR of either line end, count too */
		body_add("\r\n\r\n");
		assert_int_equal(body_verdict(), expected);

		/* 65 extensions of 256 bytes are one too many, unless the data outweighs them: of
		 * each byte of data, one byte of extension is forgotten. */
		g_body_size = 0;
		for (uint32_t i = 0; i < 65; i++) {
			body_add(over == 0 ? "10;" : "1;");
			body_fill('x', 256);
			body_add("\r\n");
			body_fill('d', over == 0 ? 16 : 1);
			body_add("\r\n");
		}
		body_add("0\r\n\r\n");
		assert_int_equal(body_verdict(), expected);
	}
}

/* Data of any size passes by without being seen. */
static void large_test(void **state)
{
	(void)state;
	struct hw_http_chunked decoder;
	uint32_t consumed = 0;
	hw_http_chunked_init(&decoder);
	static const char line[] = "7fffffffffffffff\r\n";
	assert_int_equal(hw_http_chunked_feed(&decoder, line, sizeof(line) - 1, &consumed),
			 HW_HTTP_CHUNKED_DATA);
	assert_int_equal(consumed, sizeof(line) - 1);
	assert_true(decoder.data_left == (uint64_t)INT64_MAX);
	hw_http_chunked_data_taken(&decoder, (uint64_t)INT64_MAX - 1);
	assert_int_equal(hw_http_chunked_feed(&decoder, "x\r\n", 3, &consumed),
			 HW_HTTP_CHUNKED_DATA);
	assert_int_equal(consumed, 0);
	hw_http_chunked_data_taken(&decoder, 1);
	assert_int_equal(hw_http_chunked_feed(&decoder, "\r\n0\r\n\r\nG", 8, &consumed),
			 HW_HTTP_CHUNKED_DONE);
	assert_int_equal(consumed, 7);
	assert_int_equal(hw_http_chunked_feed(&decoder, "G", 1, &consumed), HW_HTTP_CHUNKED_DONE);
	assert_int_equal(consumed, 0);
	print_message("sizeof: decoder %zu\n", sizeof(decoder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),   cmocka_unit_test(bad_test),
		cmocka_unit_test(prefix_test), cmocka_unit_test(byte_test),
		cmocka_unit_test(limits_test), cmocka_unit_test(large_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
