/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever arrives, the parser stays inside its bytes, and how they were cut changes nothing.
 *
 * Method: the first two bytes of the input choose the cuts, the rest is the head. It is fed in one
 * piece and then in pieces, each time from other memory of exactly its size. After DONE every place
 * must lie in the head, and what the parser promises about it must hold.
 */
#include <stdlib.h>

#include "net/wire/http_etag.h"
#include "net/wire/http_parser.h"
#include "net/wire/name.h"
#include "net/wire/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hw_http_verdict feed_moved(struct hw_http_parser *parser, const char *bytes,
				       uint32_t size)
{
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, bytes, size);
	enum hw_http_verdict verdict = hw_http_parser_feed(parser, copy, size);
	free(copy);
	return verdict;
}

static void place_check(struct hw_http_place place, const struct hw_http_request *request)
{
	hw_assert((uint32_t)place.offset + place.size <= request->head_size);
}

static void request_check(const struct hw_http_request *request, const char *bytes, uint32_t size)
{
	hw_assert(request->head_size <= size);
	hw_assert(request->head_size <= HW_HEAD_SIZE_MAX);
	hw_assert(memcmp(bytes + request->head_size - 4, "\r\n\r\n", 4) == 0);
	hw_assert(request->field_count <= HW_FIELD_COUNT_MAX);
	hw_assert(!(request->is_chunked && request->has_content_length));
	hw_assert(!(request->is_chunked && request->version_minor == 0));
	hw_assert(request->content_length <= (uint64_t)INT64_MAX);
	hw_assert(request->method > HW_HTTP_METHOD_NONE && request->method < HW_HTTP_METHOD_COUNT);
	place_check(request->target, request);
	place_check(request->origin, request);
	place_check(request->host, request);
	for (uint32_t i = 0; i < request->field_count; i++) {
		place_check(request->fields[i].name, request);
		place_check(request->fields[i].value, request);
		struct hw_span value = hw_http_place_span(request->fields[i].value, bytes);
		hw_assert(value.size == 0 || memchr(value.bytes, '\n', value.size) == NULL);
	}
	hw_assert(request->version_minor == 0 ||
		  hw_http_request_field_count(request, bytes, HW_SPAN("host")) == 1);
	hw_assert(hw_http_request_field_count(request, bytes, HW_SPAN("content-length")) ==
		  (request->has_content_length ? 1 : 0));
	hw_assert(hw_http_request_field_count(request, bytes, HW_SPAN("transfer-encoding")) ==
		  (request->is_chunked ? 1 : 0));
}

/* What a talk does with a good head. */
static void request_use(const struct hw_http_request *request, const char *bytes)
{
	struct hw_span etag = HW_SPAN("0123");
	(void)hw_http_etag_if_match(request, bytes, etag);
	(void)hw_http_etag_if_none_match(request, bytes, etag);
	(void)hw_http_etag_if_range(request, bytes, etag);
	struct hw_span target = hw_http_request_target(request, bytes);
	hw_assert(target.size > 0);
	struct hw_span path;
	struct hw_span query;
	struct hw_span segment;
	hw_uri_split(target, &path, &query);
	while (hw_uri_segment_next(&path, &segment)) {
		char name[HW_NAME_SIZE_MAX];
		uint32_t name_size = 0;
		if (hw_name_clean(segment, name, &name_size) == HW_NAME_GOOD) {
			hw_assert(memchr(name, '/', name_size) == NULL);
			hw_assert(memchr(name, '\0', name_size) == NULL);
		}
	}
	(void)hw_uri_query_find(query, HW_SPAN("a"), &segment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > UINT32_MAX) {
		return 0;
	}
	uint32_t step = 1U + data[0];
	uint32_t cut = data[1];
	const char *bytes = (const char *)data + 2;
	uint32_t head_size = (uint32_t)size - 2;

	struct hw_http_parser whole;
	hw_http_parser_init(&whole);
	enum hw_http_verdict verdict = feed_moved(&whole, bytes, head_size);

	struct hw_http_parser pieces;
	hw_http_parser_init(&pieces);
	for (; cut < head_size; cut += step) {
		(void)feed_moved(&pieces, bytes, cut);
		step = step * 5 % 257 + 1;
	}
	hw_assert(feed_moved(&pieces, bytes, head_size) == verdict);
	hw_assert(pieces.reason == whole.reason);
	hw_assert(pieces.offset == whole.offset);
	hw_assert((whole.reason != NULL) == (verdict > HW_HTTP_DONE));
	const struct hw_http_request *a = &whole.request;
	const struct hw_http_request *b = &pieces.request;
	hw_assert(memcmp(a, b, offsetof(struct hw_http_request, fields)) == 0);
	hw_assert(memcmp(a->fields, b->fields, a->field_count * sizeof(a->fields[0])) == 0);
	if (verdict == HW_HTTP_DONE) {
		request_check(a, bytes, head_size);
		request_use(a, bytes);
	}
	return 0;
}
