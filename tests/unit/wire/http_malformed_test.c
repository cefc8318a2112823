/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every head that two servers could read differently, or that breaks a limit, gets exactly
 * its verdict; and no verdict, reason or place depends on how the head was cut on its way.
 *
 * Method: families of heads (RELIABILITY H1, from RFC 9112 and RFC 9110) are made from tables: a
 * line, a value or a byte is put into a head that is good otherwise, so that the one thing under
 * test is what decides. Each head is fed in one piece, then cut in two at every place (the second
 * time from other memory, of exactly its size, so that a sanitizer sees a read too far), then byte
 * by byte. Negative space: each family also has heads that must pass, and every true prefix of a
 * good head must ask for more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/http_parser.h"

#define CASE_COUNT_MIN 400U
#define HEAD_ROOM      (2U * HW_HEAD_SIZE_MAX)
#define CUT_ALL_SIZE   1024U /* longer heads are cut at every CUT_STEP-th place only */
#define CUT_STEP       509U

#define T(literal)                                                                                 \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
#define GOOD(literal)                                                                              \
	{                                                                                          \
		T(literal), HW_HTTP_DONE                                                           \
	}
#define BAD(literal)                                                                               \
	{                                                                                          \
		T(literal), HW_HTTP_BAD                                                            \
	}

struct text_case {
	struct hw_span text;
	enum hw_http_verdict verdict;
};

static char g_head[HEAD_ROOM];
static uint32_t g_head_size;
static uint32_t g_case_count;

static void head_begin(void)
{
	g_head_size = 0;
}

static void head_add(struct hw_span text)
{
	assert_true(text.size <= HEAD_ROOM - g_head_size);
	memcpy(g_head + g_head_size, text.bytes, text.size);
	g_head_size += text.size;
}

static void head_text(const char *text)
{
	head_add(hw_span_of(text));
}

static void head_fill(char c, uint32_t count)
{
	assert_true(count <= HEAD_ROOM - g_head_size);
	memset(g_head + g_head_size, c, count);
	g_head_size += count;
}

static void head_print(const char *what)
{
	print_error("%s:\n", what);
	for (uint32_t i = 0; i < hw_min(g_head_size, 400U); i++) {
		char c = g_head[i];
		print_error(c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", (uint8_t)c);
	}
	print_error("\n");
}

/* The bytes of the head from its first to @size, elsewhere, and nothing behind them. */
static enum hw_http_verdict feed_moved(struct hw_http_parser *parser, uint32_t size)
{
	char *copy = malloc(size == 0 ? 1 : size);
	assert_non_null(copy);
	memcpy(copy, g_head, size);
	enum hw_http_verdict verdict = hw_http_parser_feed(parser, copy, size);
	free(copy);
	return verdict;
}

static bool same_result(const struct hw_http_parser *a, const struct hw_http_parser *b)
{
	const struct hw_http_request *x = &a->request;
	const struct hw_http_request *y = &b->request;
	return a->verdict == b->verdict && a->reason == b->reason && a->offset == b->offset &&
	       memcmp(x, y, offsetof(struct hw_http_request, fields)) == 0 &&
	       memcmp(x->fields, y->fields, x->field_count * sizeof(x->fields[0])) == 0;
}

static void check_cuts(const struct hw_http_parser *whole)
{
	uint32_t step = g_head_size <= CUT_ALL_SIZE ? 1 : CUT_STEP;
	for (uint32_t cut = 0; cut <= g_head_size; cut += step) {
		struct hw_http_parser parser;
		hw_http_parser_init(&parser);
		(void)feed_moved(&parser, cut); /* judged together with the rest below */
		(void)feed_moved(&parser, g_head_size);
		if (!same_result(whole, &parser)) {
			head_print("another result when cut");
			fail_msg("cut at %u: verdict %u (%s), whole %u (%s)", cut, parser.verdict,
				 parser.reason == NULL ? "-" : parser.reason, whole->verdict,
				 whole->reason == NULL ? "-" : whole->reason);
		}
	}
	struct hw_http_parser parser;
	hw_http_parser_init(&parser);
	for (uint32_t size = 0; size <= g_head_size; size++) {
		(void)hw_http_parser_feed(&parser, g_head, size);
	}
	if (!same_result(whole, &parser)) {
		head_print("another result byte by byte");
		fail();
	}
}

static void head_check(enum hw_http_verdict expected)
{
	g_case_count++;
	struct hw_http_parser parser;
	hw_http_parser_init(&parser);
	enum hw_http_verdict verdict = feed_moved(&parser, g_head_size);
	if (verdict != expected) {
		head_print("wrong verdict");
		fail_msg("verdict %u (%s), expected %u", verdict,
			 parser.reason == NULL ? "-" : parser.reason, expected);
	}
	bool is_refused = verdict != HW_HTTP_MORE && verdict != HW_HTTP_DONE;
	assert_true(is_refused == (parser.reason != NULL));
	if (verdict == HW_HTTP_DONE) {
		assert_int_equal(parser.request.head_size, g_head_size);
	}
	check_cuts(&parser);
}

/* A line where the first, the middle and the last field line stands. */
static void line_check(struct text_case line)
{
	for (uint32_t place = 0; place < 3; place++) {
		head_begin();
		head_text("GET /a HTTP/1.1\r\n");
		for (uint32_t i = 0; i < 3; i++) {
			if (i == place) {
				head_add(line.text);
			}
			head_text(i == 0 ? "Host: h\r\n" : i == 1 ? "X-A: b\r\n" : "");
		}
		head_text("\r\n");
		head_check(line.verdict);
	}
}

static void lines_test(void **state)
{
	(void)state;
	static const struct text_case lines[] = {
		GOOD("X: y\r\n"),
		GOOD("X:y\r\n"),
		GOOD("X:\r\n"),
		GOOD("X: \t \r\n"),
		GOOD("X:  y z \t\r\n"),
		GOOD("!#$%&'*+-.^_`|~09azAZ: v\r\n"),
		GOOD("X: \x80\xff\r\n"),
		GOOD("X: a\tb\r\n"),
		GOOD("X: \"quoted, and (comment)\"\r\n"),
		BAD("X: y\n"),
		BAD("X: y\r"),
		BAD("X: y\r\r\n"),
		BAD("X: y\n\r"),
		BAD("X: a\rb\r\n"),
		BAD("X: a\nb\r\n"),
		BAD("X: a\r\n b\r\n"),
		BAD("X: a\r\n\tb\r\n"),
		BAD("X: a\r\n \r\n"),
		BAD(" X: y\r\n"),
		BAD("\tX: y\r\n"),
		BAD(" \r\n"),
		BAD("X : y\r\n"),
		BAD("X\t: y\r\n"),
		BAD("X y: z\r\n"),
		BAD(": y\r\n"),
		BAD(":\r\n"),
		BAD("X\r\n"),
		BAD("X y\r\n"),
		BAD("X\n"),
		BAD("X\r"),
		BAD("\n"),
		BAD("\r"),
		BAD("\rX: y\r\n"),
		BAD("X: a\0b\r\n"),
		BAD("X\0: b\r\n"),
		BAD("X: \x7f\r\n"),
		BAD("X: \x1b[31m\r\n"),
		BAD("X\x80: y\r\n"),
		BAD("\xef\xbb\xbfX: y\r\n"),
		BAD("Content-Length : 0\r\n"),
		BAD("Transfer-Encoding : chunked\r\n"),
		BAD("Transfer-Encoding\t: chunked\r\n"),
		BAD("\"X\": y\r\n"),
		BAD("GET / HTTP/1.1\r\n"),
	};
	for (uint32_t i = 0; i < hw_count_of(lines); i++) {
		line_check(lines[i]);
	}
}

/* One byte of each value in the middle of each part of a head. */
static void byte_check(const char *before, uint8_t byte, const char *after, bool is_good)
{
	head_begin();
	head_text(before);
	head_add((struct hw_span){(const char *)&byte, 1});
	head_text(after);
	head_check(is_good ? HW_HTTP_DONE : HW_HTTP_BAD);
}

static bool is_token(uint8_t byte)
{
	bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
	bool is_digit = byte >= '0' && byte <= '9';
	return is_letter || is_digit || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static void bytes_test(void **state)
{
	(void)state;
	static const char fields[] = " HTTP/1.1\r\nHost: h\r\n\r\n";
	for (uint32_t i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		bool is_visible = byte > 0x20 && byte != 0x7f;
		/* A space splits the target in two, and the rest is no version. */
		byte_check("GET /a", byte, fields, is_visible && byte != '#');
		byte_check("GET / HTTP/1.1\r\nHost: h\r\nX: a", byte, "b\r\n\r\n",
			   is_visible || byte == ' ' || byte == '\t');
		/* "Xa: b: c" is a name and a value with a colon in it. */
		byte_check("GET / HTTP/1.1\r\nHost: h\r\nX", byte, "a: b\r\n\r\n",
			   is_token(byte) || byte == ':');
		byte_check("GET / HTTP/1.1", byte, "\r\nHost: h\r\n\r\n", false);
		byte_check("GET / HTTP/1", byte, "1\r\nHost: h\r\n\r\n", byte == '.');
		if (!is_token(
			    byte)) { /* tokens make another method, which is not bad but unknown */
			byte_check("G", byte, "ET / HTTP/1.1\r\nHost: h\r\n\r\n", false);
		}
		if (!is_token(byte) && byte != '\r') { /* CR: an empty line may begin there */
			byte_check("", byte, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false);
		}
	}
}

static void values_check(const char *line, const char *name, const struct text_case *values,
			 uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		head_begin();
		head_text(line);
		head_text(name);
		head_text(": ");
		head_add(values[i].text);
		head_text("\r\n\r\n");
		head_check(values[i].verdict);
	}
}

static const char g_post[] = "POST /u HTTP/1.1\r\nHost: h\r\n";

static void content_length_test(void **state)
{
	(void)state;
	static const struct text_case values[] = {
		GOOD("0"),
		GOOD("5"),
		GOOD("010"),
		GOOD("0000000000000000000000000000000000000005"),
		GOOD("5 "),
		GOOD("5\t"),
		GOOD("9223372036854775807"),
		BAD("9223372036854775808"),
		BAD("9999999999999999999"),
		BAD("18446744073709551615"),
		BAD("18446744073709551616"),
		BAD("18446744073709551621"),
		BAD("99999999999999999999999999999999999999999"),
		BAD(""),
		BAD("+5"),
		BAD("-5"),
		BAD("-48"),
		BAD("-0"),
		BAD("0x5"),
		BAD("5h"),
		BAD("a"),
		BAD("1_0"),
		BAD("1,000"),
		BAD("5,5"),
		BAD("5, 5"),
		BAD("5,"),
		BAD(",5"),
		BAD("5 5"),
		BAD("5;5"),
		BAD("5.0"),
		BAD("5e0"),
		BAD("\"5\""),
		BAD("'5'"),
		BAD("\xd9\xa5"),
		BAD("\xa0\x35"),
		BAD("5\x0b"),
		BAD("5\x0c"),
		BAD("\0005"),
		BAD("five"),
		BAD("chunked"),
		BAD("5\r\nContent-Length: 5"),
		BAD("5\r\nContent-Length: 6"),
		BAD("5\r\ncontent-length: 5"),
		BAD("0\r\nX: y\r\nCONTENT-LENGTH: 0"),
	};
	values_check(g_post, "Content-Length", values, hw_count_of(values));
	values_check(g_post, "cOnTeNt-lEnGtH", values, hw_count_of(values));
}

static void coding_test(void **state)
{
	(void)state;
	static const struct text_case values[] = {
		GOOD("chunked"),
		GOOD("Chunked"),
		GOOD("CHUNKED"),
		GOOD("chunked "),
		GOOD(" \tchunked\t "),
		{T("gzip, chunked"), HW_HTTP_NOT_IMPLEMENTED},
		{T("gzip;q=1 ,chunked"), HW_HTTP_NOT_IMPLEMENTED},
		{T("identity, chunked"), HW_HTTP_NOT_IMPLEMENTED},
		{T("deflate, gzip, chunked"), HW_HTTP_NOT_IMPLEMENTED},
		{T("xchunked, chunked"), HW_HTTP_NOT_IMPLEMENTED},
		BAD(""),
		BAD(","),
		BAD(",,"),
		BAD(",chunked"),
		BAD("chunked,"),
		BAD("gzip,,chunked"),
		BAD("chunked, identity"),
		BAD("chunked,identity"),
		BAD("chunked, gzip"),
		BAD("chunked, chunked"),
		BAD("identity"),
		BAD("gzip"),
		BAD("xchunked"),
		BAD("chunkedx"),
		BAD("x chunked"),
		BAD("chunked x"),
		BAD("chunked;q=1"),
		BAD("chunked;"),
		BAD("\"chunked\""),
		BAD("'chunked"),
		BAD("chunked\x0b"),
		BAD("\x0b"
		    "chunked"),
		BAD("\x0c"
		    "chunked"),
		BAD("\xa0"
		    "chunked"),
		BAD("\x85"
		    "chunked"),
		BAD("chunke\0d"),
		BAD("chun\xe2\x84\xaa"
		    "ed"), /* the Kelvin sign, which lower-cases to k */
		BAD("[chunked]"),
		BAD("0"),
		BAD("chunked\r\nTransfer-Encoding: chunked"),
		BAD("chunked\r\nTransfer-Encoding: identity"),
		BAD("identity\r\nTransfer-Encoding: chunked"),
		BAD("gzip\r\nTransfer-Encoding: chunked"),
		BAD("chunked\r\nContent-Length: 5"),
		BAD("chunked\r\nContent-Length: 0"),
		BAD("chunked\r\nX: y\r\ncontent-length: 5"),
		BAD("gzip, chunked\r\nContent-Length: 5"),
	};
	values_check(g_post, "Transfer-Encoding", values, hw_count_of(values));
	values_check(g_post, "transfer-encoding", values, hw_count_of(values));
	values_check("POST /u HTTP/1.1\r\nContent-Length: 5\r\nHost: h\r\n", "Transfer-Encoding",
		     (const struct text_case[]){BAD("chunked"), BAD("gzip, chunked"), BAD("")}, 3);
	values_check("POST /u HTTP/1.0\r\nHost: h\r\n", "Transfer-Encoding",
		     (const struct text_case[]){BAD("chunked"), BAD("gzip, chunked"), BAD("gzip")},
		     3);
}

static void host_test(void **state)
{
	(void)state;
	static const struct text_case values[] = {
		GOOD("h"),
		GOOD("example.com"),
		GOOD("EXAMPLE.com:80"),
		GOOD("my_box.local:5000"),
		GOOD("127.0.0.1:65535"),
		GOOD("a-b~c"),
		GOOD("[::1]"),
		GOOD("[::1]:5000"),
		GOOD("[2001:DB8::Fe]"),
		BAD("[::G]"),
		GOOD("[2001:db8::10.0.0.1]:0"),
		BAD(""),
		BAD(" "),
		BAD("a,b"),
		BAD("a, a"),
		BAD("a b"),
		BAD("a:"),
		BAD(":80"),
		BAD("a:65536"),
		BAD("a:99999"),
		BAD("a:000080"),
		BAD("a:8a"),
		BAD("a:-1"),
		BAD("a:+80"),
		BAD("a:80:80"),
		BAD("a/b"),
		BAD("a?b"),
		BAD("a#b"),
		BAD("a@b"),
		BAD("user:pass@b"),
		BAD("http://a"),
		BAD("a\\b"),
		BAD("<script>"),
		BAD("a\"b"),
		BAD("a'b"),
		BAD("a%41"),
		BAD("\xc3\xa4.example"),
		BAD("[::1"),
		BAD("::1"),
		BAD("[]"),
		BAD("[::1]x"),
		BAD("[::1]:x"),
		BAD("[::1%25eth0]"),
		BAD("[g::1]"),
		BAD("a\x01"),
		BAD("a\r\nHost: a"),
		BAD("a\r\nHost: b"),
		BAD("a\r\nX: y\r\nHOST: a"),
		BAD("a\r\n b"),
	};
	values_check("GET / HTTP/1.1\r\n", "Host", values, hw_count_of(values));
	values_check("GET / HTTP/1.0\r\n", "host", values, hw_count_of(values));
}

static void request_lines_check(const struct text_case *lines, uint32_t count, const char *rest)
{
	for (uint32_t i = 0; i < count; i++) {
		head_begin();
		head_add(lines[i].text);
		head_text(rest);
		head_check(lines[i].verdict);
	}
}

static void version_test(void **state)
{
	(void)state;
	static const struct text_case lines[] = {
		GOOD("GET / HTTP/1.1"),
		GOOD("GET / HTTP/1.0"),
		{T("GET / HTTP/0.9"), HW_HTTP_VERSION_UNSUPPORTED},
		{T("GET / HTTP/1.2"), HW_HTTP_VERSION_UNSUPPORTED},
		{T("GET / HTTP/1.9"), HW_HTTP_VERSION_UNSUPPORTED},
		{T("GET / HTTP/2.0"), HW_HTTP_VERSION_UNSUPPORTED},
		{T("PRI * HTTP/2.0"), HW_HTTP_BAD}, /* "*" with a method that is not OPTIONS */
		{T("GET / HTTP/3.0"), HW_HTTP_VERSION_UNSUPPORTED},
		{T("GET / HTTP/9.9"), HW_HTTP_VERSION_UNSUPPORTED},
		BAD("GET / HTTP/1.32"),
		BAD("GET / HTTP/1.10"),
		BAD("GET / HTTP/10.1"),
		BAD("GET / HTTP/01.1"),
		BAD("GET / HTTP/4294967295.255"),
		BAD("GET / HTTP/1.1.1"),
		BAD("GET / HTTP/\r\r1.1"),
		BAD("GET / HTTP/1.\r1"),
		BAD("GET / HTTP/1"),
		BAD("GET / HTTP/1."),
		BAD("GET / HTTP/.1"),
		BAD("GET / HTTP/-1.1"),
		BAD("GET / HTTP/+1.1"),
		BAD("GET / HTTP/1.x"),
		BAD("GET / HTTP/1,1"),
		BAD("GET / HTTP 1.1"),
		BAD("GET / HTTP1.1"),
		BAD("GET / HTTP//1.1"),
		BAD("GET / http/1.1"),
		BAD("GET / Http/1.1"),
		BAD("GET / HTTPS/1.1"),
		BAD("GET / ICY/1.1"),
		BAD("GET / HTTP/1.1 "),
		BAD("GET / HTTP/1.1\t"),
		BAD("GET / HTTP/1.1 x"),
		BAD("GET /  HTTP/1.1"),
		BAD("GET /\tHTTP/1.1"),
		BAD("GET  / HTTP/1.1"),
		BAD("GET\t/ HTTP/1.1"),
		BAD("GET / / HTTP/1.1"),
		BAD(" GET / HTTP/1.1"),
		BAD("\tGET / HTTP/1.1"),
		BAD("GET /"),
		BAD("GET / "),
		BAD("GET"),
		BAD("GET "),
		BAD("GET HTTP/1.1"),
		BAD("GET  HTTP/1.1"),
		BAD("/ HTTP/1.1"),
		BAD(""
		    "\r\n\r\nGET / HTTP/1.1"),
		BAD("\r\n\r\n\r\nGET / HTTP/1.1"),
		BAD("\r\n GET / HTTP/1.1"),
		BAD("\nGET / HTTP/1.1"),
		BAD("\rGET / HTTP/1.1"),
		BAD("\r\rGET / HTTP/1.1"),
		GOOD("\r\nGET / HTTP/1.1"),
		BAD("HTTP/1.1 200 OK"),
		BAD("\x16\x03\x01\x02"),
		BAD("\x80\x2e\x01"),
		BAD("{\"json\":1}"),
		BAD("SSH-2.0-OpenSSH_9.2"),
		BAD("EHLO example.com"),
		BAD("\"GET\" / HTTP/1.1"),
		BAD("GET\x0b/ HTTP/1.1"),
	};
	request_lines_check(lines, hw_count_of(lines), "\r\nHost: h\r\n\r\n");
}

static void target_test(void **state)
{
	(void)state;
	static const struct text_case lines[] = {
		GOOD("GET / HTTP/1.1"),
		GOOD("GET //h/x HTTP/1.1"),
		GOOD("GET /../../etc/passwd HTTP/1.1"), /* judged by whoever takes the path apart */
		GOOD("GET /a?b=c&d HTTP/1.1"),
		GOOD("GET /?? HTTP/1.1"),
		GOOD("GET /%00 HTTP/1.1"),
		GOOD("GET /\xc3\xa4 HTTP/1.1"),
		GOOD("GET /a|b^c{d}[e]`\"<>\\ HTTP/1.1"),
		GOOD("GET http://h HTTP/1.1"),
		GOOD("GET http://h/ HTTP/1.1"),
		GOOD("GET HTTP://H/x?y HTTP/1.1"),
		GOOD("GET https://h/x HTTP/1.1"),
		GOOD("OPTIONS * HTTP/1.1"),
		GOOD("OPTIONS / HTTP/1.1"),
		GOOD("OPTIONS http://h HTTP/1.1"),
		BAD("GET * HTTP/1.1"),
		BAD("PUT * HTTP/1.1"),
		BAD("OPTIONS ** HTTP/1.1"),
		BAD("OPTIONS *x HTTP/1.1"),
		BAD("GET h HTTP/1.1"),
		BAD("GET h:80 HTTP/1.1"),
		BAD("GET a/b HTTP/1.1"),
		BAD("GET ?x HTTP/1.1"),
		BAD("GET .. HTTP/1.1"),
		BAD("GET \\ HTTP/1.1"),
		BAD("GET /a#b HTTP/1.1"),
		BAD("GET /a b HTTP/1.1"),
		BAD("GET http:/h/ HTTP/1.1"),
		BAD("GET http:// HTTP/1.1"),
		BAD("GET http:/// HTTP/1.1"),
		BAD("GET http://h?x HTTP/1.1"),
		BAD("GET http://other/ HTTP/1.1"),
		BAD("GET http://h.other/ HTTP/1.1"),
		BAD("GET http://h:80/ HTTP/1.1"),
		BAD("GET http://user@h/ HTTP/1.1"),
		BAD("GET http://h@other/ HTTP/1.1"),
		BAD("GET http://h:x/ HTTP/1.1"),
		BAD("GET http://h,h/ HTTP/1.1"),
		BAD("GET http://h\\@other/ HTTP/1.1"),
		BAD("GET ftp://h/ HTTP/1.1"),
		BAD("GET file:///etc/passwd HTTP/1.1"),
		BAD("GET javascript:alert(1) HTTP/1.1"),
		BAD("GET xhttp://h/ HTTP/1.1"),
		{T("get / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("GETT / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("GE / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("TRACE / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("PROPFIND / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("G!T / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		{T("CONNECT / HTTP/1.1"), HW_HTTP_METHOD_UNKNOWN},
		BAD("CONNECT h:443 HTTP/1.1"),
		GOOD("HEAD / HTTP/1.1"),
		GOOD("PUT /x HTTP/1.1"),
		GOOD("POST /x HTTP/1.1"),
		GOOD("PATCH /x HTTP/1.1"),
		GOOD("DELETE /x HTTP/1.1"),
	};
	request_lines_check(lines, hw_count_of(lines), "\r\nHost: h\r\n\r\n");
	static const struct text_case missing[] = {
		BAD("GET / HTTP/1.1"),
		BAD("GET http://h/ HTTP/1.1"),
		GOOD("GET / HTTP/1.0"),
		GOOD("GET http://h/ HTTP/1.0"),
	};
	request_lines_check(missing, hw_count_of(missing), "\r\nAccept: *\r\n\r\n");
	request_lines_check(missing, hw_count_of(missing), "\r\n\r\n");
}

static void expect_test(void **state)
{
	(void)state;
	static const struct text_case values[] = {
		GOOD("100-continue"),
		GOOD("100-Continue"),
		{T("100"), HW_HTTP_EXPECTATION_FAILED},
		{T(""), HW_HTTP_EXPECTATION_FAILED},
		{T("200-ok"), HW_HTTP_EXPECTATION_FAILED},
		{T("100-continue, x"), HW_HTTP_EXPECTATION_FAILED},
		{T("100-continue\r\nExpect: x"), HW_HTTP_EXPECTATION_FAILED},
		/* A fault of the message counts for more, wherever it stands. */
		BAD("x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
		BAD("x\r\n: y"),
	};
	values_check(g_post, "Expect", values, hw_count_of(values));
}

/* Every line end of a good head, replaced by each that is none. */
static void line_end_test(void **state)
{
	(void)state;
	static const char *const lines[] = {"PUT /x HTTP/1.1", "Host: h", "Content-Length: 3",
					    "Accept:", ""};
	static const struct hw_span ends[] = {
		T("\n"),     T("\r"),     T("\r\r\n"), T("\n\r"),   T("\n\n"),
		T(" \n"),    T("\r \n"),  T("\r\0\n"), T("\x0b\n"), T("\r\x0b\n"),
		T("\x0c\n"), T("\x85\n"), T("\r\t\n"), T("\0\r\n"),
	};
	for (uint32_t broken = 0; broken < hw_count_of(lines); broken++) {
		for (uint32_t end = 0; end < hw_count_of(ends); end++) {
			head_begin();
			for (uint32_t i = 0; i < hw_count_of(lines); i++) {
				head_text(lines[i]);
				head_add(i == broken ? ends[end] : HW_SPAN("\r\n"));
			}
			head_text("body");
			head_check(HW_HTTP_BAD);
		}
	}
}

/* Limits: the last that is good, and the first that is not. */
static void target_limit_check(uint32_t size, enum hw_http_verdict verdict)
{
	head_begin();
	head_text("GET /");
	head_fill('a', size - 1);
	head_text(" HTTP/1.1\r\nHost: h\r\n\r\n");
	head_check(verdict);
}

static void head_limit_check(uint32_t size, enum hw_http_verdict verdict)
{
	head_begin();
	head_text("GET / HTTP/1.1\r\nHost: h\r\nX: ");
	head_fill('a', size - g_head_size - 4);
	head_text("\r\n\r\n");
	assert_int_equal(g_head_size, size);
	head_check(verdict);
}

static void field_limit_check(uint32_t count, enum hw_http_verdict verdict)
{
	head_begin();
	head_text("GET / HTTP/1.1\r\nHost: h\r\n");
	for (uint32_t i = 1; i < count; i++) {
		head_text("X:\r\n");
	}
	head_text("\r\n");
	head_check(verdict);
}

static void method_limit_check(uint32_t size, const char *rest)
{
	head_begin();
	head_fill('M', size);
	head_text(rest);
	head_check(HW_HTTP_METHOD_UNKNOWN);
}

static void limits_test(void **state)
{
	(void)state;
	target_limit_check(HW_TARGET_SIZE_MAX - 1, HW_HTTP_DONE);
	target_limit_check(HW_TARGET_SIZE_MAX, HW_HTTP_DONE);
	target_limit_check(HW_TARGET_SIZE_MAX + 1, HW_HTTP_TARGET_TOO_LONG);
	target_limit_check(HW_HEAD_SIZE_MAX, HW_HTTP_TARGET_TOO_LONG);
	head_limit_check(HW_HEAD_SIZE_MAX - 1, HW_HTTP_DONE);
	head_limit_check(HW_HEAD_SIZE_MAX, HW_HTTP_DONE);
	head_limit_check(HW_HEAD_SIZE_MAX + 1, HW_HTTP_HEAD_TOO_LARGE);
	head_limit_check(HEAD_ROOM, HW_HTTP_HEAD_TOO_LARGE);
	field_limit_check(HW_FIELD_COUNT_MAX, HW_HTTP_DONE);
	field_limit_check(HW_FIELD_COUNT_MAX + 1, HW_HTTP_HEAD_TOO_LARGE);
	field_limit_check(HW_FIELD_COUNT_MAX * 20, HW_HTTP_HEAD_TOO_LARGE);
	method_limit_check(32, " / HTTP/1.1\r\nHost: h\r\n\r\n");
	method_limit_check(33, "");
	method_limit_check(5000, "");
	/* A flood without an end is refused and not waited for. */
	static const char *const starts[] = {"GET / HTTP/1.1\r\n",
					     "GET / HTTP/1.1\r\nX:", "GET / HTTP/1.1\r\nX: "};
	for (uint32_t i = 0; i < hw_count_of(starts); i++) {
		head_begin();
		head_text(starts[i]);
		head_fill(i == 1 ? ' ' : 'a', HEAD_ROOM - g_head_size);
		head_check(HW_HTTP_HEAD_TOO_LARGE);
	}
}

/* Nothing is decided before it is known: each true prefix asks for more. */
static void prefix_test(void **state)
{
	(void)state;
	static const char whole[] =
		"\r\nPUT /a?b HTTP/1.1\r\nHost: h:5000\r\nContent-Length: 12\r\n"
		"Expect: 100-continue\r\nEmpty:\r\nX:  y z \t\r\n\r\n";
	for (uint32_t size = 0; size < sizeof(whole) - 1; size++) {
		head_begin();
		head_add((struct hw_span){whole, size});
		head_check(HW_HTTP_MORE);
	}
	head_begin();
	head_add((struct hw_span){whole, sizeof(whole) - 1});
	head_check(HW_HTTP_DONE);
}

/* Seeded damage to a good head: no expectation but the same result however it is cut. */
static void damage_test(void **state)
{
	(void)state;
	static const char whole[] =
		"POST /s/x?y=1 HTTP/1.1\r\nHost: a.b:80\r\nConnection: close\r\n"
		"Transfer-Encoding: chunked\r\nX: y\r\n\r\n";
	static const char alphabet[] = "\r\n\t :,;/\0\x7f\xff"
				       "aZ09-+*.\"";
	uint64_t chance = 20240607;
	print_message("seed %llu\n", (unsigned long long)chance);
	for (uint32_t round = 0; round < 3000; round++) {
		head_begin();
		head_add((struct hw_span){whole, sizeof(whole) - 1});
		for (uint32_t i = 0; i <= round % 4; i++) {
			chance = chance * 6364136223846793005U + 1442695040888963407U;
			uint32_t place = (uint32_t)(chance >> 33) % g_head_size;
			g_head[place] = alphabet[(chance >> 20) % (sizeof(alphabet) - 1)];
		}
		struct hw_http_parser parser;
		hw_http_parser_init(&parser);
		(void)feed_moved(&parser, g_head_size);
		check_cuts(&parser);
	}
}

static void count_test(void **state)
{
	(void)state;
	print_message("%u heads with a verdict, each cut at every place\n", g_case_count);
	assert_true(g_case_count >= CASE_COUNT_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_test),          cmocka_unit_test(bytes_test),
		cmocka_unit_test(content_length_test), cmocka_unit_test(coding_test),
		cmocka_unit_test(host_test),           cmocka_unit_test(version_test),
		cmocka_unit_test(target_test),         cmocka_unit_test(expect_test),
		cmocka_unit_test(line_end_test),       cmocka_unit_test(limits_test),
		cmocka_unit_test(prefix_test),         cmocka_unit_test(damage_test),
		cmocka_unit_test(count_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
