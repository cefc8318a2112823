/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a token, or a user and a password, are taken out of Authorization whole or not at all.
 *
 * Method: the RFCs' examples, and tables of faults with the error of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/authorization.h"
#include "tests/unit/wire/request_head.h"

static struct request_head g_request;

static void request_make(const char *value)
{
	char fields[256] = "";
	if (value != NULL) {
		(void)snprintf(fields, sizeof(fields), "Authorization: %s\r\n", value);
	}
	assert_true(request_head_make(&g_request, HW_SPAN("GET /"), hw_span_of(fields)));
}

static void assert_span(struct hw_span span, const char *text)
{
	assert_true(hw_span_equal(span, hw_span_of(text)));
}

static void bearer_test(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		const char *token; /* NULL: refused */
		int error;
	} cases[] = {
		{"Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM", 0},
		{"bearer   a~+/==", "a~+/==", 0},
		{NULL, NULL, -ENOENT},
		{"", NULL, -ENOENT},
		{"Basic YTpi", NULL, -ENOENT},
		{"Bearers a", NULL, -ENOENT},
		{"Beare", NULL, -ENOENT},
		{"Bearer", NULL, -EINVAL},
		{"Bearer =", NULL, -EINVAL},
		{"Bearer a b", NULL, -EINVAL},
		{"Bearer a,b", NULL, -EINVAL},
		{"Bearer a=b", NULL, -EINVAL},
		{"Bearer \"a\"", NULL, -EINVAL},
		{"Bearer\ta", NULL, -ENOENT},
		{"Bearer a\r\nAuthorization: Bearer a", NULL, -EINVAL},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_span token = HW_SPAN("untouched");
		request_make(cases[i].value);
		assert_int_equal(
			hw_authorization_bearer(g_request.request, g_request.bytes, &token),
			cases[i].error);
		assert_span(token, cases[i].error == 0 ? cases[i].token : "untouched");
	}
}

static int basic(const char *value, uint32_t capacity, struct hw_basic_auth *ret_auth)
{
	static char buffer[64];
	request_make(value);
	return hw_authorization_basic(g_request.request, g_request.bytes, buffer, capacity,
				      ret_auth);
}

static void basic_test(void **state)
{
	(void)state;
	struct hw_basic_auth auth;
	assert_int_equal(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 64, &auth), 0);
	assert_span(auth.user, "Aladdin");
	assert_span(auth.password, "open sesame");
	assert_int_equal(basic("basic dGVzdDoxMjPCow==", 64, &auth), 0);
	assert_span(auth.user, "test");
	assert_span(auth.password, "123\xc2\xa3");
	assert_int_equal(basic("Basic OjphOg==", 64, &auth), 0); /* "::a:" */
	assert_span(auth.user, "");
	assert_span(auth.password, ":a:");
	assert_int_equal(basic("Basic YTpi", 3, &auth), 0);
	assert_int_equal(basic("Basic YTpi", 2, &auth), -ENOBUFS);
	static const char *const bad[] = {"Basic",
					  "Basic YWI=",
					  "Basic YTpi=",
					  "Basic YTpi YTpi",
					  "Basic YTo=\r\nAuthorization: Basic YTo=",
					  "Basic YQA6Yg==",
					  "Basic YTpiCg==",
					  "Basic YTp/"};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(basic(bad[i], 64, &auth), -EINVAL);
	}
	assert_int_equal(basic(NULL, 64, &auth), -ENOENT);
	assert_int_equal(basic("Bearer YTpi", 64, &auth), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bearer_test),
		cmocka_unit_test(basic_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
