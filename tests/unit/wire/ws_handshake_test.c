/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: only a request that RFC 6455 calls a handshake becomes a WebSocket, with the right answer
 * to its key, and only for pages that may.
 *
 * Method: the RFC's own handshake; one thing wrong with it at a time; tables of origins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/ws_handshake.h"
#include "tests/unit/wire/request_head.h"

#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define KEY        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static struct request_head g_request;

static enum hw_ws_verdict judge(const char *first, const char *fields, struct hw_span *ret_key)
{
	assert_true(request_head_make(&g_request, hw_span_of(first), hw_span_of(fields)));
	return hw_ws_handshake_judge(g_request.request, g_request.bytes, ret_key);
}

static void good_test(void **state)
{
	(void)state;
	static const char *const good[] = {
		UPGRADE CONNECTION VERSION KEY,
		KEY VERSION "connection: keep-alive, UPGRADE\r\nupgrade: h2c, WebSocket\r\n",
		"Connection: keep-alive\r\nContent-Length: 0\r\n" UPGRADE CONNECTION VERSION KEY,
	};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		struct hw_span key = {NULL, 0};
		assert_int_equal(judge("GET /chat", good[i], &key), HW_WS_GOOD);
		char accept[HW_WS_ACCEPT_SIZE];
		assert_int_equal(hw_ws_accept_write(key, accept), 0);
		assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", sizeof(accept));
	}
}

static void bad_test(void **state)
{
	(void)state;
	static const struct {
		const char *first;
		const char *fields;
		enum hw_ws_verdict verdict;
	} bad[] = {
		{"POST /", UPGRADE CONNECTION VERSION KEY, HW_WS_BAD_METHOD},
		{"HEAD /", UPGRADE CONNECTION VERSION KEY, HW_WS_BAD_METHOD},
		{"GET /", CONNECTION VERSION KEY, HW_WS_NO_UPGRADE},
		{"GET /", UPGRADE VERSION KEY, HW_WS_NO_UPGRADE},
		{"GET /", "Upgrade: websockets\r\n" CONNECTION VERSION KEY, HW_WS_NO_UPGRADE},
		{"GET /", UPGRADE "Connection: close\r\n" VERSION KEY, HW_WS_NO_UPGRADE},
		{"GET /", UPGRADE CONNECTION KEY, HW_WS_BAD_VERSION},
		{"GET /", UPGRADE CONNECTION "Sec-WebSocket-Version: 8\r\n" KEY, HW_WS_BAD_VERSION},
		{"GET /", UPGRADE CONNECTION "Sec-WebSocket-Version: 013\r\n" KEY,
		 HW_WS_BAD_VERSION},
		{"GET /", UPGRADE CONNECTION VERSION VERSION KEY, HW_WS_BAD_VERSION},
		{"GET /", UPGRADE CONNECTION VERSION, HW_WS_BAD_KEY},
		{"GET /", UPGRADE CONNECTION VERSION KEY KEY, HW_WS_BAD_KEY},
		{"GET /", UPGRADE CONNECTION VERSION "Sec-WebSocket-Key:\r\n", HW_WS_BAD_KEY},
		{"GET /", UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n",
		 HW_WS_BAD_KEY},
		{"GET /",
		 UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n",
		 HW_WS_BAD_KEY},
		{"GET /",
		 UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n",
		 HW_WS_BAD_KEY},
		{"GET /",
		 UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n",
		 HW_WS_BAD_KEY},
		{"GET /", UPGRADE CONNECTION VERSION KEY "Content-Length: 1\r\n", HW_WS_HAS_BODY},
		{"GET /", UPGRADE CONNECTION VERSION KEY "Transfer-Encoding: chunked\r\n",
		 HW_WS_HAS_BODY},
	};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		struct hw_span key = HW_SPAN("untouched");
		if (judge(bad[i].first, bad[i].fields, &key) != bad[i].verdict) {
			fail_msg("case %u: %s", i, bad[i].fields);
		}
		assert_true(hw_span_equal(key, HW_SPAN("untouched")));
	}
}

static void http_1_0_test(void **state)
{
	(void)state;
	static const char head[] = "GET / HTTP/1.0\r\n" UPGRADE CONNECTION VERSION KEY "\r\n";
	struct hw_http_parser parser;
	struct hw_span key;
	hw_http_parser_init(&parser);
	assert_int_equal(hw_http_parser_feed(&parser, head, sizeof(head) - 1), HW_HTTP_DONE);
	assert_int_equal(hw_ws_handshake_judge(&parser.request, head, &key), HW_WS_NO_UPGRADE);
}

static bool offered(const char *fields, const char *protocol)
{
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), hw_span_of(fields)));
	return hw_ws_protocol_offered(g_request.request, g_request.bytes, hw_span_of(protocol));
}

static void protocol_test(void **state)
{
	(void)state;
	static const char fields[] = "Sec-WebSocket-Protocol: chat, Super\r\nAccept: x\r\n"
				     "Sec-WebSocket-Protocol: hawser.v1\r\n";
	assert_true(offered(fields, "chat"));
	assert_true(offered(fields, "Super"));
	assert_true(offered(fields, "hawser.v1"));
	assert_false(offered(fields, "super"));
	assert_false(offered(fields, "cha"));
	assert_false(offered(fields, "x"));
	assert_false(offered("", "chat"));
}

static void origin_test(void **state)
{
	(void)state;
	static const struct {
		const char *origin;
		const char *scheme;
		const char *host;
		const char *allowed;
		bool is_allowed;
	} cases[] = {
		{"http://h", "http", "h", "", true},
		{"http://h", "http", "h:80", "", true},
		{"http://h:80", "http", "h", "", true},
		{"HTTPS://H.example", "https", "h.EXAMPLE:443", "", true},
		{"http://h:5000", "http", "h:5000", "", true},
		{"http://[::1]:5000", "http", "[::1]:5000", "", true},
		{"https://h", "http", "h", "", false},
		{"http://h", "https", "h", "", false},
		{"http://h:443", "http", "h", "", false},
		{"http://h", "http", "h:443", "", false},
		{"http://h:5001", "http", "h:5000", "", false},
		{"http://h.evil", "http", "h", "", false},
		{"http://evil/h", "http", "h", "", false},
		{"http://", "http", "", "", false},
		{"://h", "http", "h", "", false},
		{"h", "http", "h", "", false},
		{"", "http", "h", "", false},
		{"", "http", "h", "http://a", false},
		{"null", "http", "h", "", false},
		{"null", "http", "h", "http://a, null", true},
		{"null", "http", "h", "http://null", false},
		{"https://a", "http", "h", "http://b, https://a:443", true},
		{"https://a", "http", "h", "https://a.b, http://a", false},
		{"https://a", "http", "h", ",,", false},
		{"https://a", "http", "h", "*", true},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		bool is_allowed = hw_ws_origin_allowed(
			hw_span_of(cases[i].origin), hw_span_of(cases[i].scheme),
			hw_span_of(cases[i].host), hw_span_of(cases[i].allowed));
		if (is_allowed != cases[i].is_allowed) {
			fail_msg("%s at %s", cases[i].origin, cases[i].host);
		}
	}
}

static void answers_test(void **state)
{
	(void)state;
	assert_null(hw_ws_reason(HW_WS_GOOD));
	assert_int_equal(hw_ws_status(HW_WS_GOOD), 0);
	assert_int_equal(hw_ws_status(HW_WS_BAD_VERSION), 426);
	for (uint32_t v = HW_WS_GOOD + 1; v < HW_WS_VERDICT_COUNT; v++) {
		assert_non_null(hw_ws_reason((enum hw_ws_verdict)v));
		assert_in_range(hw_ws_status((enum hw_ws_verdict)v), 400, 499);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),     cmocka_unit_test(bad_test),
		cmocka_unit_test(http_1_0_test), cmocka_unit_test(protocol_test),
		cmocka_unit_test(origin_test),   cmocka_unit_test(answers_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
