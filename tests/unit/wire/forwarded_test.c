/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the client is the first address from the right that no trusted proxy has; nothing that a
 * stranger writes changes that.
 *
 * Method: the examples of RFC 7239, chains of proxies, and forged, broken and hidden elements.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/forwarded.h"
#include "tests/unit/wire/request_head.h"

static struct request_head g_request;

static struct hw_forwarded read_from(const char *peer, enum hw_forwarded_kind kind,
				     const char *fields)
{
	struct hw_cidr_set trusted;
	struct hw_address address;
	struct hw_forwarded forwarded;
	assert_int_equal(hw_cidr_set_parse(HW_SPAN("10.0.0.0/8, ::1, fd00::/8"), &trusted), 0);
	assert_int_equal(hw_address_parse(hw_span_of(peer), &address), 0);
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), hw_span_of(fields)));
	hw_forwarded_read(g_request.request, g_request.bytes, kind, &address, &trusted, &forwarded);
	return forwarded;
}

static void assert_client(const char *peer, enum hw_forwarded_kind kind, const char *fields,
			  const char *expected)
{
	char text[HW_ADDRESS_TEXT_MAX];
	struct hw_forwarded forwarded = read_from(peer, kind, fields);
	(void)hw_address_write(&forwarded.client, text);
	if (strcmp(text, expected) != 0) {
		fail_msg("%s: %s, expected %s", fields, text, expected);
	}
}

static void x_test(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "10.0.0.1"},
		{"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 192.0.2.1, 10.9.9.9\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.9.9.9\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 10.9.9.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 10.0.0.3,10.0.0.2\r\n", "10.0.0.3"},
		{"X-Forwarded-For: ::ffff:192.0.2.1, ::ffff:10.0.0.2\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 2001:db8::1, ::1\r\n", "2001:db8::1"},
		{"X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"},
		{"X-Forwarded-For: 192.0.2.1:5000\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 192.0.2.1, ,\r\n", "192.0.2.1"},
		{"X-Forwarded-For:\r\n", "10.0.0.1"},
		{"X-Forwarded-For: unknown\r\n", "10.0.0.1"},
		{"X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.2\r\n", "10.0.0.2"},
		{"X-Forwarded-For: 192.0.2.1 10.0.0.2\r\n", "10.0.0.1"},
		{"X-Forwarded-For: \"x, 192.0.2.1\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 192.0.2.1\"\r\n", "10.0.0.1"},
		{"Forwarded: for=192.0.2.1\r\n", "10.0.0.1"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		assert_client("10.0.0.1", HW_FORWARDED_X, cases[i][0], cases[i][1]);
		/* A stranger may write what it wants. */
		assert_client("203.0.113.5", HW_FORWARDED_X, cases[i][0], "203.0.113.5");
	}
}

static void standard_test(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "10.0.0.1"},
		{"Forwarded: for=192.0.2.43\r\n", "192.0.2.43"},
		{"Forwarded: For=\"[2001:db8:cafe::17]:4711\"\r\n", "2001:db8:cafe::17"},
		{"Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\r\n", "192.0.2.60"},
		{"Forwarded: for=192.0.2.43, for=198.51.100.17\r\n", "198.51.100.17"},
		{"Forwarded: for=192.0.2.43, for=10.0.0.7;by=_a\r\n", "192.0.2.43"},
		{"Forwarded: for=192.0.2.43\r\nForwarded: for=10.0.0.7\r\n", "192.0.2.43"},
		{"Forwarded: for=192.0.2.43;by=\"a, b\", for=10.0.0.7\r\n", "192.0.2.43"},
		{"Forwarded: for=\"192.0.2.43:80\"\r\n", "192.0.2.43"},
		{"Forwarded: for=192.0.2.43:80\r\n", "192.0.2.43"},
		{"Forwarded: for=\"[2001:db8::1]:_port\"\r\n", "2001:db8::1"},
		{"Forwarded: for=192.0.2.43 ; proto=https\r\n", "192.0.2.43"},
		{"Forwarded: for=192.0.2.43;ext=\"\\\"\"\r\n", "192.0.2.43"},
		{"Forwarded: for=192.0.2.43;ext=\"\\\\\", for=10.0.0.7\r\n", "192.0.2.43"},
		{"Forwarded: for=\"x, for=198.51.100.17\r\n", "198.51.100.17"},
		{"Forwarded: for=\"x\\, for=198.51.100.17\r\n", "198.51.100.17"},
		{"Forwarded: for=_hidden, for=10.0.0.7\r\n", "10.0.0.7"},
		{"Forwarded: for=unknown\r\n", "10.0.0.1"},
		{"Forwarded: for=_SEVKISEK\r\n", "10.0.0.1"},
		{"Forwarded: proto=https\r\n", "10.0.0.1"},
		{"Forwarded: for=192.0.2.1;for=192.0.2.2\r\n", "10.0.0.1"},
		{"Forwarded: for=192.0.2.1;\r\n", "10.0.0.1"},
		{"Forwarded: for=192.0.2.1;x\r\n", "10.0.0.1"},
		{"Forwarded: for = 192.0.2.1\r\n", "10.0.0.1"},
		{"Forwarded: for=\r\n", "10.0.0.1"},
		{"Forwarded: for=\"192.0.2.1\r\n", "10.0.0.1"},
		{"Forwarded: for=\"1\\92.0.2.1\"\r\n", "10.0.0.1"},
		{"Forwarded: 192.0.2.1\r\n", "10.0.0.1"},
		{"X-Forwarded-For: 192.0.2.1\r\n", "10.0.0.1"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		assert_client("10.0.0.1", HW_FORWARDED_STANDARD, cases[i][0], cases[i][1]);
		assert_client("203.0.113.5", HW_FORWARDED_STANDARD, cases[i][0], "203.0.113.5");
	}
}

static void assert_origin(struct hw_forwarded forwarded, const char *scheme, const char *host)
{
	assert_true(hw_span_equal(forwarded.scheme, hw_span_of(scheme)));
	assert_true(hw_span_equal(forwarded.host, hw_span_of(host)));
}

static void origin_test(void **state)
{
	(void)state;
	static const char x[] = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http, HTTPS\r\n"
				"X-Forwarded-Host: forged.example, a.example:444\r\n";
	assert_origin(read_from("::1", HW_FORWARDED_X, x), "https", "a.example:444");
	assert_origin(read_from("192.0.2.9", HW_FORWARDED_X, x), "", "");
	assert_origin(read_from("::1", HW_FORWARDED_STANDARD, x), "", "");
	assert_origin(read_from("::1", HW_FORWARDED_X,
				"X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a/b\r\n"),
		      "", "");
	static const char standard[] = "Forwarded: for=198.51.100.1;host=forged;proto=http, "
				       "for=192.0.2.1;proto=https;host=\"a.example:444\", "
				       "for=10.0.0.2;proto=http;host=in\r\n";
	assert_origin(read_from("::1", HW_FORWARDED_STANDARD, standard), "https", "a.example:444");
	assert_origin(read_from("::1", HW_FORWARDED_STANDARD,
				"Forwarded: for=192.0.2.1;proto=ws;host=\"<a>\"\r\n"),
		      "", "");
	assert_origin(read_from("::1", HW_FORWARDED_STANDARD,
				"Forwarded: for=192.0.2.1;proto=http;proto=https\r\n"),
		      "", "");
}

static void many_test(void **state)
{
	(void)state;
	static char fields[HW_FIELD_COUNT_MAX * 32];
	uint32_t size = 0;
	/* Host takes one of them. */
	for (uint32_t i = 0; i < HW_FIELD_COUNT_MAX - 1; i++) {
		size += (uint32_t)snprintf(fields + size, sizeof(fields) - size,
					   "X-Forwarded-For: 10.0.1.%u\r\n", i);
	}
	assert_client("10.0.0.1", HW_FORWARDED_X, fields, "10.0.1.0");
}

static void node_test(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",          "[",      "[]",      "[1.2.3.4]", "[::1",          "::1]",
		"[::1]80",   "[::1]:", "[::1]:x", "1.2.3.4:",  "1.2.3.4:65536", "1.2.3.4:-1",
		"1.2.3.4:_", ":80",    "::1%1",   "a:80",      "1.2.3.4:80:80"};
	struct hw_address address;
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(hw_forwarded_node_parse(hw_span_of(bad[i]), &address), -EINVAL);
	}
	assert_int_equal(hw_forwarded_node_parse(HW_SPAN("[::1]"), &address), 0);
	assert_int_equal(hw_forwarded_node_parse(HW_SPAN("1.2.3.4:_a.b-c"), &address), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x_test),      cmocka_unit_test(standard_test),
		cmocka_unit_test(origin_test), cmocka_unit_test(many_test),
		cmocka_unit_test(node_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
