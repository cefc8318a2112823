/* SPDX-License-Identifier: Apache-2.0
 *
 *   target -> absolute_judge
 *   field  -> content_length_judge, coding_judge -> coding_element_judge, host_judge,
 *             expect_judge, connection_read
 *   end
 */
#include "net/wire/http_framing.h"

#include "net/wire/http_char.h"
#include "net/wire/http_host.h"

static struct hw_http_judgement absolute_judge(struct hw_http_framing *framing,
					       struct hw_http_request *request, const char *bytes,
					       uint32_t scheme_size);
static struct hw_http_judgement content_length_judge(struct hw_http_request *request,
						     struct hw_span value);
static struct hw_http_judgement coding_judge(struct hw_http_framing *framing,
					     struct hw_http_request *request, struct hw_span value);
static struct hw_http_judgement coding_element_judge(struct hw_http_framing *framing,
						     struct hw_http_request *request,
						     struct hw_span element);
static struct hw_http_judgement host_judge(struct hw_http_framing *framing,
					   struct hw_http_request *request, const char *bytes,
					   struct hw_http_place place);
static void expect_judge(struct hw_http_framing *framing, struct hw_http_request *request,
			 struct hw_span value);
static void connection_read(struct hw_http_framing *framing, struct hw_span value);

static struct hw_http_judgement good(void)
{
	return (struct hw_http_judgement){HW_HTTP_MORE, NULL};
}

static struct hw_http_judgement bad(const char *reason)
{
	return (struct hw_http_judgement){HW_HTTP_BAD, reason};
}

struct hw_http_judgement hw_http_framing_target(struct hw_http_framing *framing,
						struct hw_http_request *request, const char *bytes)
{
	struct hw_span target = hw_http_place_span(request->target, bytes);
	hw_assert(target.size > 0);
	if (target.bytes[0] == '/') {
		request->origin = request->target;
		return good();
	}
	if (hw_span_equal(target, HW_SPAN("*"))) {
		request->origin = request->target;
		return request->method == HW_HTTP_OPTIONS ? good()
							  : bad("the target * is for OPTIONS only");
	}
	static const struct hw_span schemes[] = {
		{"http://", sizeof("http://") - 1},
		{"https://", sizeof("https://") - 1},
	};
	for (uint32_t i = 0; i < hw_count_of(schemes); i++) {
		struct hw_span start = {target.bytes, hw_min(target.size, schemes[i].size)};
		if (hw_span_equal_nocase(start, schemes[i])) {
			return absolute_judge(framing, request, bytes, schemes[i].size);
		}
	}
	return bad("the target must begin with a slash");
}

/* http://host[:port][/path][?query]: sent to proxies, and by some clients to everybody. */
static struct hw_http_judgement absolute_judge(struct hw_http_framing *framing,
					       struct hw_http_request *request, const char *bytes,
					       uint32_t scheme_size)
{
	struct hw_span rest = hw_span_skip(hw_http_place_span(request->target, bytes), scheme_size);
	uint32_t host_size = 0;
	while (host_size < rest.size && rest.bytes[host_size] != '/') {
		host_size++;
	}
	struct hw_span host = {rest.bytes, host_size};
	if (!hw_http_host_is_plain(host)) {
		return bad("the target must name a plain host and a path");
	}
	request->host.offset = (uint16_t)(request->target.offset + scheme_size);
	request->host.size = (uint16_t)host_size;
	request->origin.offset = (uint16_t)(request->host.offset + host_size);
	request->origin.size = (uint16_t)(rest.size - host_size);
	framing->has_authority = true;
	return good();
}

struct hw_http_judgement hw_http_framing_field(struct hw_http_framing *framing,
					       struct hw_http_request *request, const char *bytes,
					       const struct hw_http_field *field)
{
	struct hw_span name = hw_http_place_span(field->name, bytes);
	struct hw_span value = hw_http_place_span(field->value, bytes);
	if (hw_span_equal_nocase(name, HW_SPAN("host"))) {
		return host_judge(framing, request, bytes, field->value);
	}
	if (hw_span_equal_nocase(name, HW_SPAN("content-length"))) {
		return content_length_judge(request, value);
	}
	if (hw_span_equal_nocase(name, HW_SPAN("transfer-encoding"))) {
		return coding_judge(framing, request, value);
	}
	if (hw_span_equal_nocase(name, HW_SPAN("connection"))) {
		connection_read(framing, value);
	}
	if (hw_span_equal_nocase(name, HW_SPAN("expect"))) {
		expect_judge(framing, request, value);
	}
	return good();
}

static struct hw_http_judgement content_length_judge(struct hw_http_request *request,
						     struct hw_span value)
{
	if (request->has_content_length) {
		return bad("Content-Length must not come twice");
	}
	if (!hw_http_char_all(value, HW_HTTP_CHAR_DIGIT)) {
		return bad("Content-Length must be one decimal number");
	}
	uint64_t number = 0;
	for (uint32_t i = 0; i < value.size; i++) {
		uint64_t digit = (uint64_t)(value.bytes[i] - '0');
		if (number > ((uint64_t)INT64_MAX - digit) / 10) {
			return bad("Content-Length is too large a number");
		}
		number = number * 10 + digit;
	}
	request->has_content_length = true;
	request->content_length = number;
	return good();
}

static struct hw_http_judgement coding_judge(struct hw_http_framing *framing,
					     struct hw_http_request *request, struct hw_span value)
{
	if (framing->has_coding) {
		return bad("Transfer-Encoding must not come twice");
	}
	framing->has_coding = true;
	/* Not hw_http_list_next: it would skip the empty elements that are refused here. Each turn
	 * takes one comma, and one more turn the text behind the last. */
	const char *comma = NULL;
	do {
		comma = value.size == 0 ? NULL : memchr(value.bytes, ',', value.size);
		uint32_t size = comma == NULL ? value.size : (uint32_t)(comma - value.bytes);
		struct hw_span element = hw_http_char_trim((struct hw_span){value.bytes, size});
		struct hw_http_judgement judgement =
			coding_element_judge(framing, request, element);
		if (judgement.verdict != HW_HTTP_MORE) {
			return judgement;
		}
		value = hw_span_skip(value, comma == NULL ? size : size + 1);
	} while (comma != NULL);
	/* RFC 9112, 6.3: without chunked at the end, nobody knows where the body ends. */
	return request->is_chunked ? good() : bad("the last transfer coding must be chunked");
}

static struct hw_http_judgement coding_element_judge(struct hw_http_framing *framing,
						     struct hw_http_request *request,
						     struct hw_span element)
{
	uint32_t name_size = 0;
	while (name_size < element.size &&
	       hw_http_char_is(element.bytes[name_size], HW_HTTP_CHAR_TOKEN)) {
		name_size++;
	}
	if (name_size == 0) {
		return bad("Transfer-Encoding must be a list of names");
	}
	if (request->is_chunked) {
		return bad("chunked must be the last transfer coding");
	}
	struct hw_span name = {element.bytes, name_size};
	struct hw_span rest = hw_http_char_trim(hw_span_skip(element, name_size));
	if (rest.size > 0 && rest.bytes[0] != ';') {
		return bad("Transfer-Encoding must be a list of names");
	}
	if (!hw_span_equal_nocase(name, HW_SPAN("chunked"))) {
		framing->has_other_coding = true;
		return good();
	}
	if (rest.size > 0) {
		return bad("chunked has no parameters");
	}
	request->is_chunked = true;
	return good();
}

static struct hw_http_judgement host_judge(struct hw_http_framing *framing,
					   struct hw_http_request *request, const char *bytes,
					   struct hw_http_place place)
{
	if (framing->has_host) {
		return bad("Host must not come twice");
	}
	framing->has_host = true;
	struct hw_span host = hw_http_place_span(place, bytes);
	if (!hw_http_host_is_plain(host)) {
		return bad("Host must be one plain name or address");
	}
	if (framing->has_authority &&
	    !hw_span_equal_nocase(host, hw_http_place_span(request->host, bytes))) {
		return bad("Host must be the host of the target");
	}
	request->host = place;
	return good();
}

static void expect_judge(struct hw_http_framing *framing, struct hw_http_request *request,
			 struct hw_span value)
{
	if (hw_span_equal_nocase(value, HW_SPAN("100-continue"))) {
		request->expect_continue = true;
	} else {
		framing->has_unknown_expect = true;
	}
}

/* Unknown options, and what is no token at all, mean nothing to us. */
static void connection_read(struct hw_http_framing *framing, struct hw_span value)
{
	struct hw_span option;
	while (hw_http_list_next(&value, &option)) {
		if (hw_span_equal_nocase(option, HW_SPAN("close"))) {
			framing->has_close = true;
		}
		if (hw_span_equal_nocase(option, HW_SPAN("keep-alive"))) {
			framing->has_keep_alive = true;
		}
	}
}

/* Faults of the message come before what we merely do not support: a 501 must not hide that the
 * bytes make no sense. */
struct hw_http_judgement hw_http_framing_end(const struct hw_http_framing *framing,
					     struct hw_http_request *request)
{
	if (framing->has_coding && request->has_content_length) {
		return bad("Transfer-Encoding and Content-Length exclude each other");
	}
	if (framing->has_coding && request->version_minor == 0) {
		return bad("HTTP/1.0 has no Transfer-Encoding");
	}
	if (!framing->has_host && request->version_minor > 0) {
		return bad("Host is missing");
	}
	if (request->method == HW_HTTP_METHOD_NONE) {
		return (struct hw_http_judgement){HW_HTTP_METHOD_UNKNOWN,
						  "this server does not know the method"};
	}
	if (framing->has_other_coding) {
		return (struct hw_http_judgement){
			HW_HTTP_NOT_IMPLEMENTED,
			"this server knows only the transfer coding chunked"};
	}
	if (framing->has_unknown_expect) {
		return (struct hw_http_judgement){HW_HTTP_EXPECTATION_FAILED,
						  "this server knows only Expect: 100-continue"};
	}
	bool has_body = request->is_chunked || request->content_length > 0;
	request->expect_continue =
		request->expect_continue && has_body && request->version_minor > 0;
	request->keep_alive =
		!framing->has_close && (request->version_minor > 0 || framing->has_keep_alive);
	return (struct hw_http_judgement){HW_HTTP_DONE, NULL};
}
