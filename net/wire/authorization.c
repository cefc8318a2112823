/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/authorization.h"

#include "core/base/error.h"
#include "net/wire/base64.h"
#include "net/wire/http_char.h"

/* What follows the scheme and its spaces. */
static int credentials_find(const struct hw_http_request *request, const char *bytes,
			    struct hw_span scheme, struct hw_span *ret_credentials)
{
	uint32_t index = 0;
	struct hw_span value;
	struct hw_span further;
	struct hw_span name = HW_SPAN("authorization");
	if (!hw_http_request_field_next(request, bytes, name, &index, &value)) {
		return -ENOENT;
	}
	if (hw_http_request_field_next(request, bytes, name, &index, &further)) {
		return -EINVAL; /* somebody before us may have judged the other one */
	}
	struct hw_span start = {value.bytes, hw_min(value.size, scheme.size)};
	struct hw_span rest = hw_span_skip(value, start.size);
	if (!hw_span_equal_nocase(start, scheme) || (rest.size > 0 && rest.bytes[0] != ' ')) {
		return -ENOENT;
	}
	while (rest.size > 0 && rest.bytes[0] == ' ') {
		rest = hw_span_skip(rest, 1);
	}
	*ret_credentials = rest;
	return 0;
}

/* RFC 9110, 11.2: token68. */
static bool token_is_good(struct hw_span token)
{
	while (token.size > 0 && token.bytes[token.size - 1] == '=') {
		token.size--;
	}
	for (uint32_t i = 0; i < token.size; i++) {
		char c = token.bytes[i];
		if (!hw_http_char_is(c, HW_HTTP_CHAR_HOST) && c != '+' && c != '/') {
			return false;
		}
	}
	return token.size > 0;
}

int hw_authorization_bearer(const struct hw_http_request *request, const char *bytes,
			    struct hw_span *ret_token)
{
	struct hw_span token;
	int r = credentials_find(request, bytes, HW_SPAN("Bearer"), &token);
	if (r < 0) {
		return r;
	}
	if (!token_is_good(token)) {
		return -EINVAL;
	}
	*ret_token = token;
	return 0;
}

static bool has_control(struct hw_span text)
{
	for (uint32_t i = 0; i < text.size; i++) {
		if ((uint8_t)text.bytes[i] < ' ' || text.bytes[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

int hw_authorization_basic(const struct hw_http_request *request, const char *bytes, char *buffer,
			   uint32_t capacity, struct hw_basic_auth *ret_auth)
{
	struct hw_span encoded;
	int r = credentials_find(request, bytes, HW_SPAN("Basic"), &encoded);
	if (r < 0) {
		return r;
	}
	int size = hw_base64_decode(encoded, (uint8_t *)buffer, capacity);
	if (size < 0) {
		return size;
	}
	struct hw_span text = {buffer, (uint32_t)size};
	const char *colon = size == 0 ? NULL : memchr(text.bytes, ':', text.size);
	if (colon == NULL || has_control(text)) {
		return -EINVAL;
	}
	ret_auth->user = (struct hw_span){text.bytes, (uint32_t)(colon - text.bytes)};
	ret_auth->password = hw_span_skip(text, ret_auth->user.size + 1);
	return 0;
}
