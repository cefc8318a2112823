/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/ws_handshake.h"

#include <assert.h>

#include <openssl/evp.h>

#include "core/base/error.h"
#include "net/wire/base64.h"

#define HW_KEY_BYTES  16U /* of a key, decoded */
#define HW_SHA1_BYTES 20U

static_assert(HW_BASE64_SIZE(HW_KEY_BYTES) == HW_WS_KEY_SIZE, "as the header says");
static_assert(HW_BASE64_SIZE(HW_SHA1_BYTES) == HW_WS_ACCEPT_SIZE, "as the header says");

static bool field_once(const struct hw_http_request *request, const char *bytes,
		       struct hw_span name, struct hw_span *ret_value)
{
	uint32_t index = 0;
	struct hw_span further;
	return hw_http_request_field_next(request, bytes, name, &index, ret_value) &&
	       !hw_http_request_field_next(request, bytes, name, &index, &further);
}

static bool key_is_good(struct hw_span key)
{
	uint8_t decoded[HW_KEY_BYTES];
	return hw_base64_decode(key, decoded, sizeof(decoded)) == (int)HW_KEY_BYTES;
}

enum hw_ws_verdict hw_ws_handshake_judge(const struct hw_http_request *request, const char *bytes,
					 struct hw_span *ret_key)
{
	if (request->method != HW_HTTP_GET) {
		return HW_WS_BAD_METHOD;
	}
	if (request->version_minor == 0 ||
	    !hw_http_request_has_token(request, bytes, HW_SPAN("upgrade"), HW_SPAN("websocket")) ||
	    !hw_http_request_has_token(request, bytes, HW_SPAN("connection"), HW_SPAN("upgrade"))) {
		return HW_WS_NO_UPGRADE;
	}
	struct hw_span version;
	if (!field_once(request, bytes, HW_SPAN("sec-websocket-version"), &version) ||
	    !hw_span_equal(version, HW_SPAN(HW_WS_VERSION))) {
		return HW_WS_BAD_VERSION;
	}
	struct hw_span key;
	if (!field_once(request, bytes, HW_SPAN("sec-websocket-key"), &key) || !key_is_good(key)) {
		return HW_WS_BAD_KEY;
	}
	/* Its bytes would be read as frames. */
	if (request->is_chunked || request->content_length > 0) {
		return HW_WS_HAS_BODY;
	}
	*ret_key = key;
	return HW_WS_GOOD;
}

static const struct {
	uint16_t status;
	const char *reason;
} g_answers[HW_WS_VERDICT_COUNT] = {
	[HW_WS_GOOD] = {0, NULL},
	[HW_WS_BAD_METHOD] = {405, "A WebSocket is opened with GET."},
	[HW_WS_NO_UPGRADE] = {426, "This address is a WebSocket: it needs HTTP/1.1 with "
				   "\"Connection: Upgrade\" and \"Upgrade: websocket\"."},
	[HW_WS_BAD_VERSION] = {426, "Sec-WebSocket-Version must be 13."},
	[HW_WS_BAD_KEY] = {400, "Sec-WebSocket-Key must be 16 bytes in base64."},
	[HW_WS_HAS_BODY] = {400, "A WebSocket is opened without a body."},
};

uint32_t hw_ws_status(enum hw_ws_verdict verdict)
{
	hw_assert(verdict < HW_WS_VERDICT_COUNT);
	return g_answers[verdict].status;
}

const char *hw_ws_reason(enum hw_ws_verdict verdict)
{
	hw_assert(verdict < HW_WS_VERDICT_COUNT);
	return g_answers[verdict].reason;
}

int hw_ws_accept_write(struct hw_span key, char *ret_accept)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[HW_WS_KEY_SIZE + sizeof(guid) - 1];
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t digest_size = 0;
	hw_assert(key.size == HW_WS_KEY_SIZE);
	memcpy(text, key.bytes, key.size);
	memcpy(text + key.size, guid, sizeof(guid) - 1);
	/* Not SHA1(): a FIPS provider answers here too, with an error. */
	if (EVP_Q_digest(NULL, "SHA1", NULL, text, sizeof(text), digest, &digest_size) != 1 ||
	    digest_size != HW_SHA1_BYTES) {
		return -ENOTSUP;
	}
	hw_base64_encode(digest, HW_SHA1_BYTES, ret_accept);
	return 0;
}

/* As hw_http_request_has_token, but the case counts. */
static bool list_has(struct hw_span list, struct hw_span token)
{
	struct hw_span element;
	while (hw_http_list_next(&list, &element)) {
		if (hw_span_equal(element, token)) {
			return true;
		}
	}
	return false;
}

bool hw_ws_protocol_offered(const struct hw_http_request *request, const char *bytes,
			    struct hw_span protocol)
{
	uint32_t index = 0;
	struct hw_span list;
	while (hw_http_request_field_next(request, bytes, HW_SPAN("sec-websocket-protocol"), &index,
					  &list)) {
		if (list_has(list, protocol)) {
			return true;
		}
	}
	return false;
}

/* "https://h:443" is the origin that browsers call "https://h". */
static struct hw_span port_drop(struct hw_span host, bool is_https)
{
	struct hw_span port = is_https ? HW_SPAN(":443") : HW_SPAN(":80");
	bool has_port = host.size > port.size &&
			memcmp(host.bytes + host.size - port.size, port.bytes, port.size) == 0;
	host.size -= has_port ? port.size : 0;
	return host;
}

/* "scheme://host[:port]" apart; false when it is none. */
static bool origin_split(struct hw_span origin, struct hw_span *ret_scheme,
			 struct hw_span *ret_host)
{
	static const struct hw_span separator = {"://", 3};
	const char *colon = origin.size == 0 ? NULL : memchr(origin.bytes, ':', origin.size);
	if (colon == NULL) {
		return false;
	}
	struct hw_span scheme = {origin.bytes, (uint32_t)(colon - origin.bytes)};
	struct hw_span rest = hw_span_skip(origin, scheme.size);
	if (scheme.size == 0 || !hw_span_starts_with(rest, separator)) {
		return false;
	}
	*ret_scheme = scheme;
	*ret_host = port_drop(hw_span_skip(rest, separator.size),
			      hw_span_equal_nocase(scheme, HW_SPAN("https")));
	return ret_host->size > 0;
}

static bool origin_equal(struct hw_span a, struct hw_span b)
{
	struct hw_span a_scheme;
	struct hw_span b_scheme;
	struct hw_span a_host;
	struct hw_span b_host;
	if (!origin_split(a, &a_scheme, &a_host) || !origin_split(b, &b_scheme, &b_host)) {
		return a.size > 0 && hw_span_equal(a, b); /* "null" */
	}
	return hw_span_equal_nocase(a_scheme, b_scheme) && hw_span_equal_nocase(a_host, b_host);
}

bool hw_ws_origin_allowed(struct hw_span origin, struct hw_span scheme, struct hw_span host,
			  struct hw_span allowed)
{
	struct hw_span origin_scheme;
	struct hw_span origin_host;
	if (origin_split(origin, &origin_scheme, &origin_host)) {
		host = port_drop(host, hw_span_equal_nocase(scheme, HW_SPAN("https")));
		if (hw_span_equal_nocase(origin_scheme, scheme) &&
		    hw_span_equal_nocase(origin_host, host)) {
			return true;
		}
	}
	struct hw_span element;
	while (hw_http_list_next(&allowed, &element)) {
		if (hw_span_equal(element, HW_SPAN("*")) || origin_equal(origin, element)) {
			return true;
		}
	}
	return false;
}
