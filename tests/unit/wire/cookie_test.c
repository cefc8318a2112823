/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a cookie is found by its whole name and in no other's value; what is written comes back.
 *
 * Method: tables of Cookie fields; the written field against its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/cookie.h"
#include "tests/unit/wire/request_head.h"

static struct request_head g_request;

static const char *find(const char *fields, const char *name)
{
	static char text[64];
	struct hw_span value = HW_SPAN("untouched");
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), hw_span_of(fields)));
	struct hw_cookies cookies;
	hw_cookies_init(&cookies, g_request.request, g_request.bytes, hw_span_of(name));
	if (!hw_cookies_next(&cookies, &value)) {
		assert_true(hw_span_equal(value, HW_SPAN("untouched")));
		return NULL;
	}
	(void)snprintf(text, sizeof(text), "%.*s", (int)value.size, value.bytes);
	return text;
}

static void find_test(void **state)
{
	(void)state;
	assert_string_equal(find("Cookie: a=1\r\n", "a"), "1");
	assert_string_equal(find("Cookie: a=1; b=2;c=3\r\n", "b"), "2");
	assert_string_equal(find("Cookie: a=1; b=2;c=3\r\n", "c"), "3");
	assert_string_equal(find("Cookie: a=1\r\nCookie: b=2\r\n", "b"), "2");
	assert_string_equal(find("Cookie: a=1; a=2\r\n", "a"), "1");
	assert_string_equal(find("Cookie: a=\r\n", "a"), "");
	assert_string_equal(find("Cookie: a=\"x\"\r\n", "a"), "x");
	assert_string_equal(find("Cookie: a=\"\"\r\n", "a"), "");
	assert_string_equal(find("Cookie: a=b=c==\r\n", "a"), "b=c==");
	assert_string_equal(find("Cookie: ;; x; =y; a=1\r\n", "a"), "1");
	assert_string_equal(find("Cookie: a=\"1; a=2\r\n", "a"), "2");
	assert_string_equal(find("Cookie: a=1 2; a=3\r\n", "a"), "3");
	assert_null(find("", "a"));
	assert_null(find("Cookie: A=1\r\n", "a"));
	assert_null(find("Cookie: aa=1; ba=1; b=a=1\r\n", "a"));
	assert_null(find("Cookie: a\r\n", "a"));
	assert_null(find("Cookie: a =1\r\n", "a"));
	assert_null(find("Cookie: a=1,2\r\n", "a"));
	assert_null(find("Cookie: a=\xc3\xa4\r\n", "a"));
	assert_null(find("Cookie: a=1\\\r\n", "a"));
	assert_null(find("Cookies: a=1\r\n", "a"));
}

static void all_test(void **state)
{
	struct hw_cookies cookies;
	struct hw_span value;
	struct hw_span fields =
		HW_SPAN("Cookie: a=1; b=2; a=\"3; a=4\r\nX: a=5\r\nCookie: a=6\r\n");
	char all[8];
	uint32_t count = 0;
	(void)state;
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), fields));
	hw_cookies_init(&cookies, g_request.request, g_request.bytes, HW_SPAN("a"));
	while (hw_cookies_next(&cookies, &value)) {
		assert_int_equal(value.size, 1);
		assert_in_range(count, 0, sizeof(all) - 1);
		all[count++] = value.bytes[0];
	}
	assert_true(hw_span_equal((struct hw_span){all, count}, HW_SPAN("146")));
	assert_false(hw_cookies_next(&cookies, &value));
}

static void assert_cookie(struct hw_cookie cookie, const char *expected)
{
	char bytes[256];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_cookie_write(&writer, &cookie);
	assert_true(hw_span_equal(hw_http_writer_span(&writer), hw_span_of(expected)));
}

static void write_test(void **state)
{
	(void)state;
	assert_cookie(
		(struct hw_cookie){HW_SPAN("share"), HW_SPAN("a-b_c="), HW_SPAN("/s/x"), 600, true},
		"Set-Cookie: share=a-b_c=; Path=/s/x; Max-Age=600; Secure; HttpOnly; "
		"SameSite=Lax\r\n");
	assert_cookie((struct hw_cookie){HW_SPAN("s"), HW_SPAN(""), HW_SPAN("/"), 0, false},
		      "Set-Cookie: s=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_test),
		cmocka_unit_test(all_test),
		cmocka_unit_test(write_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
