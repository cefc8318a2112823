/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_etag.h"

#include "net/wire/http_char.h"

/* The first tag of a list. Returns its size with quotes and prefix, 0 when there is none. */
static uint32_t tag_read(struct hw_span list, bool *ret_is_weak, struct hw_span *ret_opaque)
{
	bool is_weak = hw_span_starts_with(list, HW_SPAN("W/")); /* the W is case-sensitive */
	uint32_t begin = is_weak ? 2 : 0;
	if (list.size == begin || list.bytes[begin] != '"') {
		return 0;
	}
	begin++;
	uint32_t end = begin;
	/* etagc: visible but the quote, or >= 0x80. That is the value's class without white space.
	 */
	while (end < list.size && list.bytes[end] != '"' &&
	       hw_http_char_is(list.bytes[end], HW_HTTP_CHAR_VALUE) &&
	       !hw_http_char_is_space(list.bytes[end])) {
		end++;
	}
	if (end == list.size || list.bytes[end] != '"') {
		return 0;
	}
	*ret_is_weak = is_weak;
	*ret_opaque = (struct hw_span){list.bytes + begin, end - begin};
	return end + 1;
}

bool hw_http_etag_list_has(struct hw_span value, struct hw_span etag, bool is_weak_good)
{
	struct hw_span list = hw_http_char_trim(value);
	if (etag.size == 0) {
		return false;
	}
	if (hw_span_equal(list, HW_SPAN("*"))) {
		return true;
	}
	while (list.size > 0) {
		if (list.bytes[0] == ',') { /* an empty element, or the end of one */
			list = hw_http_char_trim(hw_span_skip(list, 1));
			continue;
		}
		bool is_weak = false;
		struct hw_span opaque = {0};
		uint32_t size = tag_read(list, &is_weak, &opaque);
		if (size == 0) {
			return false;
		}
		list = hw_http_char_trim(hw_span_skip(list, size));
		if (list.size > 0 && list.bytes[0] != ',') {
			return false;
		}
		if ((is_weak_good || !is_weak) && hw_span_equal(opaque, etag)) {
			return true;
		}
	}
	return false;
}

bool hw_http_etag_if_match(const struct hw_http_request *request, const char *bytes,
			   struct hw_span etag)
{
	uint32_t index = 0;
	bool is_there = false;
	struct hw_span value;
	while (hw_http_request_field_next(request, bytes, HW_SPAN("if-match"), &index, &value)) {
		is_there = true;
		if (hw_http_etag_list_has(value, etag, false)) {
			return true;
		}
	}
	return !is_there;
}

bool hw_http_etag_if_none_match(const struct hw_http_request *request, const char *bytes,
				struct hw_span etag)
{
	uint32_t index = 0;
	struct hw_span value;
	while (hw_http_request_field_next(request, bytes, HW_SPAN("if-none-match"), &index,
					  &value)) {
		if (hw_http_etag_list_has(value, etag, true)) {
			return false;
		}
	}
	return true;
}

bool hw_http_etag_if_range(const struct hw_http_request *request, const char *bytes,
			   struct hw_span etag)
{
	uint32_t index = 0;
	struct hw_span value;
	struct hw_span further;
	if (!hw_http_request_field_next(request, bytes, HW_SPAN("if-range"), &index, &value)) {
		return true;
	}
	if (hw_http_request_field_next(request, bytes, HW_SPAN("if-range"), &index, &further)) {
		return false;
	}
	bool is_weak = false;
	struct hw_span opaque = {0};
	/* A date is no tag and never matches: our files have no date that is a strong validator. */
	uint32_t size = tag_read(value, &is_weak, &opaque);
	return size > 0 && size == value.size && !is_weak && etag.size > 0 &&
	       hw_span_equal(opaque, etag);
}
