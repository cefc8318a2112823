/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: cookies and Authorization are read inside their bytes, and what they give is clean; a
 * cookie that is written is found again with its value.
 *
 * Method: the input as field lines of a request; a value that was found is written as Set-Cookie
 * and sent back as a browser would.
 */
#include "net/wire/authorization.h"
#include "net/wire/cookie.h"
#include "tests/fuzz/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cookie_check(struct hw_span value)
{
	static char bytes[HW_HEAD_SIZE_MAX + 256];
	struct hw_http_writer writer;
	struct fields fields;
	struct hw_cookies cookies;
	struct hw_span again;
	const struct hw_cookie cookie = {HW_SPAN("a"), value, HW_SPAN("/s"), 60, true};
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_cookie_write(&writer, &cookie);
	hw_assert(!writer.is_overflowed);
	hw_assert(memchr(bytes, '\n', writer.size) == bytes + writer.size - 1);
	/* "Cookie: a=value", up to the first semicolon. */
	const char *end = memchr(bytes, ';', writer.size);
	hw_assert(end != NULL);
	uint32_t size = (uint32_t)(end - bytes) - 4;
	if (fields_make(&fields, "GET /", (const uint8_t *)bytes + 4, size)) {
		hw_cookies_init(&cookies, &fields.parser.request, fields.bytes, HW_SPAN("a"));
		hw_assert(hw_cookies_next(&cookies, &again));
		hw_assert(hw_span_equal(again, value));
		fields_free(&fields);
	}
}

static void authorization_check(const struct hw_http_request *request, const char *bytes)
{
	char buffer[256];
	struct hw_basic_auth auth;
	struct hw_span token;
	bool is_basic = hw_authorization_basic(request, bytes, buffer, sizeof(buffer), &auth) == 0;
	bool is_bearer = hw_authorization_bearer(request, bytes, &token) == 0;
	hw_assert(!(is_basic && is_bearer));
	if (is_basic) {
		hw_assert(auth.user.size + auth.password.size < sizeof(buffer));
		hw_assert(auth.user.size == 0 ||
			  memchr(auth.user.bytes, ':', auth.user.size) == NULL);
	}
	if (is_bearer) {
		hw_assert(token.size > 0 && memchr(token.bytes, ' ', token.size) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields fields;
	if (!fields_make(&fields, "GET /", data, size)) {
		return 0;
	}
	struct hw_cookies cookies;
	struct hw_span value;
	hw_cookies_init(&cookies, &fields.parser.request, fields.bytes, HW_SPAN("a"));
	while (hw_cookies_next(&cookies, &value)) {
		cookie_check(value);
	}
	authorization_check(&fields.parser.request, fields.bytes);
	fields_free(&fields);
	return 0;
}
