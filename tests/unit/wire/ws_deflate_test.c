/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: of the client's offers the first that we can keep is agreed on, and no other.
 *
 * Method: what browsers send, the RFC's examples, a table of offers with one fault each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/ws_deflate.h"
#include "tests/unit/wire/request_head.h"

#define ANSWER                                                                                     \
	"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "               \
	"client_no_context_takeover"

static struct request_head g_request;

static void assert_answer(const char *fields, const char *expected)
{
	char bytes[256];
	struct hw_http_writer writer;
	struct hw_ws_deflate deflate;
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), hw_span_of(fields)));
	hw_ws_deflate_choose(g_request.request, g_request.bytes, &deflate);
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_ws_deflate_write(&writer, &deflate);
	if (!hw_span_equal(hw_http_writer_span(&writer), hw_span_of(expected))) {
		fail_msg("%s gives %.*s", fields, (int)writer.size, bytes);
	}
}

static void assert_offer(const char *offer, const char *expected)
{
	char fields[256];
	(void)snprintf(fields, sizeof(fields), "Sec-WebSocket-Extensions: %s\r\n", offer);
	assert_answer(fields, expected);
}

static void good_test(void **state)
{
	(void)state;
	static const char *const plain[] = {
		"permessage-deflate",
		"permessage-deflate; client_max_window_bits", /* browsers */
		"permessage-deflate;client_max_window_bits=8",
		"permessage-deflate; client_max_window_bits=\"15\"",
		"permessage-deflate; client_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; server_max_window_bits=10, permessage-deflate",
		"x-other; a=\"b\"; c, permessage-deflate",
		"permessage-deflate; foo, permessage-deflate",
		"permessage-deflate , permessage-deflate; server_max_window_bits=15",
	};
	for (uint32_t i = 0; i < hw_count_of(plain); i++) {
		assert_offer(plain[i], ANSWER "\r\n");
	}
	assert_offer("permessage-deflate; server_max_window_bits=15",
		     ANSWER "; server_max_window_bits=15\r\n");
	assert_offer("permessage-deflate\t;\tserver_max_window_bits = \"15\" ; "
		     "client_max_window_bits",
		     ANSWER "; server_max_window_bits=15\r\n");
	assert_answer("Sec-WebSocket-Extensions: a\r\n"
		      "Sec-WebSocket-Extensions: permessage-deflate\r\n",
		      ANSWER "\r\n");
}

static void bad_test(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"Permessage-Deflate",
		"x-webkit-deflate-frame",
		"permessage-deflate; server_max_window_bits",
		"permessage-deflate; server_max_window_bits=14",
		"permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits=015",
		"permessage-deflate; server_max_window_bits=1e1",
		"permessage-deflate; server_max_window_bits=\"15",
		"permessage-deflate; server_max_window_bits=\" 15\"",
		"permessage-deflate; server_max_window_bits=",
		"permessage-deflate; server_max_window_bits=\"\"",
		"permessage-deflate; client_max_window_bits=7",
		"permessage-deflate; client_max_window_bits=16",
		"permessage-deflate; client_max_window_bits=08",
		"permessage-deflate; client_max_window_bits=99999999999999999999",
		"permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; client_no_context_takeover=true",
		"permessage-deflate; client_max_window_bits; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; unknown",
		"permessage-deflate;",
		"permessage-deflate;;client_max_window_bits",
		"permessage-deflate client_max_window_bits",
		"a b, permessage-deflate",
		"\"a\", permessage-deflate",
		"a; b=\"c, permessage-deflate",
	};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_offer(bad[i], "");
	}
	assert_answer("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_test),
		cmocka_unit_test(bad_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
