/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the fields say, a good handshake has a key of 16 bytes and an answer to it, what
 * is agreed on can be offered again, and an origin is equal to itself alone.
 *
 * Method: the input as field lines of a GET; its first line as an origin too.
 */
#include "net/wire/base64.h"
#include "net/wire/ws_deflate.h"
#include "net/wire/ws_handshake.h"
#include "tests/fuzz/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void key_check(struct hw_span key)
{
	char accept[HW_WS_ACCEPT_SIZE];
	uint8_t decoded[32];
	hw_assert(hw_base64_decode(key, decoded, sizeof(decoded)) == 16);
	hw_assert(hw_ws_accept_write(key, accept) == 0);
	hw_assert(hw_base64_decode((struct hw_span){accept, sizeof(accept)}, decoded,
				   sizeof(decoded)) == 20);
}

/* Our answer is an offer too, which we would accept with the same answer. */
static void deflate_check(const struct hw_ws_deflate *deflate)
{
	char bytes[256];
	char again_bytes[256];
	struct hw_http_writer writer;
	struct hw_http_writer again_writer;
	struct hw_ws_deflate again;
	struct fields fields;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_http_writer_init(&again_writer, again_bytes, sizeof(again_bytes));
	hw_ws_deflate_write(&writer, deflate);
	hw_assert(!writer.is_overflowed && deflate->is_agreed == (writer.size > 0));
	uint32_t size = writer.size >= 2 ? writer.size - 2 : 0; /* fields.h ends lines by itself */
	hw_assert(fields_make(&fields, "GET /", (const uint8_t *)bytes, size));
	hw_ws_deflate_choose(&fields.parser.request, fields.bytes, &again);
	hw_ws_deflate_write(&again_writer, &again);
	hw_assert(hw_span_equal(hw_http_writer_span(&writer), hw_http_writer_span(&again_writer)));
	fields_free(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields fields;
	if (!fields_make(&fields, "GET /", data, size)) {
		return 0;
	}
	const struct hw_http_request *request = &fields.parser.request;
	struct hw_span key;
	enum hw_ws_verdict verdict = hw_ws_handshake_judge(request, fields.bytes, &key);
	hw_assert((verdict == HW_WS_GOOD) == (hw_ws_reason(verdict) == NULL));
	if (verdict == HW_WS_GOOD) {
		key_check(key);
	}
	struct hw_ws_deflate deflate;
	hw_ws_deflate_choose(request, fields.bytes, &deflate);
	deflate_check(&deflate);
	(void)hw_ws_protocol_offered(request, fields.bytes, HW_SPAN("hawser.v1"));
	struct hw_span origin;
	struct hw_span host = hw_http_request_host(request, fields.bytes);
	struct hw_span nobody = {NULL, 0};
	if (hw_http_request_field(request, fields.bytes, HW_SPAN("origin"), &origin)) {
		bool is_listed = hw_ws_origin_allowed(origin, HW_SPAN("-"), nobody, origin);
		bool is_list = origin.size == 0 || memchr(origin.bytes, ',', origin.size) != NULL;
		hw_assert(is_listed || is_list);
		bool is_http = hw_ws_origin_allowed(origin, HW_SPAN("http"), host, nobody);
		bool is_https = hw_ws_origin_allowed(origin, HW_SPAN("https"), host, nobody);
		hw_assert(!(is_http && is_https));
	}
	fields_free(&fields);
	return 0;
}
