/* SPDX-License-Identifier: Apache-2.0
 *
 * read -> lines_collect; walk -> element_last (from the right), element_read -> pair_read
 *      -> x_last (X-Forwarded-Proto, X-Forwarded-Host)
 */
#include "net/wire/forwarded.h"

#include "core/base/error.h"
#include "net/wire/http_char.h"
#include "net/wire/http_host.h"

/* The lines of one field; a later line continues the list of an earlier one. */
struct lines {
	uint32_t count;
	struct hw_span spans[HW_FIELD_COUNT_MAX];
};

/* One element of a list, whichever kind. */
struct element {
	struct hw_address address;
	struct hw_span scheme;
	struct hw_span host;
};

static void lines_collect(const struct hw_http_request *request, const char *bytes,
			  struct hw_span name, struct lines *ret_lines);
static bool element_last(struct lines *lines, struct hw_span *ret_element);
static uint32_t last_comma(struct hw_span line);
static int element_read(struct hw_span text, enum hw_forwarded_kind kind,
			struct element *ret_element);
static int pair_read(struct hw_span *rest, struct hw_span *ret_name, struct hw_span *ret_value);
static uint32_t quoted_size(struct hw_span text);
static struct hw_span scheme_of(struct hw_span value);
static struct hw_span host_of(struct hw_span value);
static struct hw_span x_last(const struct hw_http_request *request, const char *bytes,
			     struct hw_span name);

void hw_forwarded_read(const struct hw_http_request *request, const char *bytes,
		       enum hw_forwarded_kind kind, const struct hw_address *peer,
		       const struct hw_cidr_set *trusted, struct hw_forwarded *ret_forwarded)
{
	struct hw_forwarded forwarded = {.client = *peer};
	bool is_x = kind == HW_FORWARDED_X;
	bool is_trusted = hw_cidr_set_has(trusted, peer);
	if (is_trusted && is_x) {
		forwarded.scheme = scheme_of(x_last(request, bytes, HW_SPAN("x-forwarded-proto")));
		forwarded.host = host_of(x_last(request, bytes, HW_SPAN("x-forwarded-host")));
	}
	struct lines lines;
	struct hw_span text;
	lines_collect(request, bytes, is_x ? HW_SPAN("x-forwarded-for") : HW_SPAN("forwarded"),
		      &lines);
	while (is_trusted && element_last(&lines, &text)) {
		struct element element = {0};
		if (element_read(text, kind, &element) < 0) {
			break;
		}
		forwarded.client = element.address;
		if (!is_x) {
			forwarded.scheme = element.scheme;
			forwarded.host = element.host;
		}
		is_trusted = hw_cidr_set_has(trusted, &element.address);
	}
	*ret_forwarded = forwarded;
}

static void lines_collect(const struct hw_http_request *request, const char *bytes,
			  struct hw_span name, struct lines *ret_lines)
{
	uint32_t index = 0;
	ret_lines->count = 0;
	while (hw_http_request_field_next(request, bytes, name, &index,
					  &ret_lines->spans[ret_lines->count])) {
		ret_lines->count++;
		if (ret_lines->count == HW_FIELD_COUNT_MAX) {
			return;
		}
	}
}

/* Takes the last element that is not empty off the lines. False when there is none. */
static bool element_last(struct lines *lines, struct hw_span *ret_element)
{
	while (lines->count > 0) {
		struct hw_span *line = &lines->spans[lines->count - 1];
		uint32_t comma = last_comma(*line);
		bool is_whole = comma == line->size;
		struct hw_span element = is_whole ? *line : hw_span_skip(*line, comma + 1);
		line->size = is_whole ? 0 : comma;
		lines->count -= is_whole ? 1 : 0;
		element = hw_http_char_trim(element);
		if (element.size > 0) {
			*ret_element = element;
			return true;
		}
	}
	return false;
}

/* The offset of the last comma that is not quoted; the size when there is none. From the right,
 * because the left may be a stranger's, who could leave a quote open and swallow the rest. */
static uint32_t last_comma(struct hw_span line)
{
	bool is_quoted = false;
	for (uint32_t i = line.size; i > 0; i--) {
		char c = line.bytes[i - 1];
		if (c == ',' && !is_quoted) {
			return i - 1;
		}
		if (c != '"') {
			continue;
		}
		uint32_t escapes = 0;
		while (escapes < i - 1 && line.bytes[i - 2 - escapes] == '\\') {
			escapes++;
		}
		is_quoted = is_quoted && escapes % 2 == 1 ? true : !is_quoted;
	}
	return line.size;
}

static int element_read(struct hw_span text, enum hw_forwarded_kind kind,
			struct element *ret_element)
{
	if (kind == HW_FORWARDED_X) {
		return hw_forwarded_node_parse(text, &ret_element->address);
	}
	bool has_for = false;
	struct hw_span rest = text;
	while (rest.size > 0) {
		struct hw_span name;
		struct hw_span value;
		int r = pair_read(&rest, &name, &value);
		if (r < 0) {
			return r;
		}
		if (hw_span_equal_nocase(name, HW_SPAN("for"))) {
			/* RFC 7239, 4: each parameter at most once. */
			r = has_for ? -EINVAL
				    : hw_forwarded_node_parse(value, &ret_element->address);
			has_for = true;
		} else if (hw_span_equal_nocase(name, HW_SPAN("proto"))) {
			r = ret_element->scheme.size > 0 ? -EINVAL : 0;
			ret_element->scheme = scheme_of(value);
		} else if (hw_span_equal_nocase(name, HW_SPAN("host"))) {
			r = ret_element->host.size > 0 ? -EINVAL : 0;
			ret_element->host = host_of(value);
		}
		if (r < 0) {
			return r;
		}
	}
	return has_for ? 0 : -EINVAL;
}

/* name=token or name="quoted", and the ";" behind it with the spaces that some write around it. The
 * value of a quoted one with escapes is given as size 0: nothing that we read needs one. */
static int pair_read(struct hw_span *rest, struct hw_span *ret_name, struct hw_span *ret_value)
{
	const char *equals = memchr(rest->bytes, '=', rest->size);
	if (equals == NULL) {
		return -EINVAL;
	}
	struct hw_span name = {rest->bytes, (uint32_t)(equals - rest->bytes)};
	struct hw_span tail = hw_span_skip(*rest, name.size + 1);
	bool is_quoted = tail.size > 0 && tail.bytes[0] == '"';
	uint32_t size = is_quoted ? quoted_size(tail) : 0;
	while (!is_quoted && size < tail.size &&
	       (hw_http_char_is(tail.bytes[size], HW_HTTP_CHAR_TOKEN) || tail.bytes[size] == ':')) {
		size++; /* the colon is no token's, but host:port is often sent bare */
	}
	if (size == 0 || !hw_http_char_all(name, HW_HTTP_CHAR_TOKEN)) {
		return -EINVAL;
	}
	struct hw_span value = {tail.bytes, size};
	if (is_quoted) {
		bool is_escaped = memchr(value.bytes, '\\', value.size) != NULL;
		value = (struct hw_span){value.bytes + 1, is_escaped ? 0 : size - 2};
	}
	tail = hw_http_char_trim(hw_span_skip(tail, size));
	if (tail.size > 0) {
		if (tail.bytes[0] != ';' || tail.size == 1) {
			return -EINVAL;
		}
		tail = hw_http_char_trim(hw_span_skip(tail, 1));
	}
	*ret_name = name;
	*ret_value = value;
	*rest = tail;
	return 0;
}

/* With both quotes; 0 when the second is missing. */
static uint32_t quoted_size(struct hw_span text)
{
	for (uint32_t i = 1; i < text.size; i++) {
		if (text.bytes[i] == '"') {
			return i + 1;
		}
		i += text.bytes[i] == '\\' ? 1 : 0;
	}
	return 0;
}

static struct hw_span scheme_of(struct hw_span value)
{
	if (hw_span_equal_nocase(value, HW_SPAN("https"))) {
		return HW_SPAN("https");
	}
	bool is_http = hw_span_equal_nocase(value, HW_SPAN("http"));
	return is_http ? HW_SPAN("http") : (struct hw_span){NULL, 0};
}

static struct hw_span host_of(struct hw_span value)
{
	return hw_http_host_is_plain(value) ? value : (struct hw_span){NULL, 0};
}

static struct hw_span x_last(const struct hw_http_request *request, const char *bytes,
			     struct hw_span name)
{
	struct lines lines;
	struct hw_span element = {NULL, 0};
	lines_collect(request, bytes, name, &lines);
	(void)element_last(&lines, &element); /* none: it stays empty, which says so */
	return element;
}

static bool port_is_good(struct hw_span port)
{
	/* RFC 7239, 6: the port may be hidden too. */
	bool is_hidden =
		port.size > 1 && port.bytes[0] == '_' && hw_http_char_all(port, HW_HTTP_CHAR_HOST);
	return is_hidden || hw_http_port_is_plain(port);
}

int hw_forwarded_node_parse(struct hw_span node, struct hw_address *ret_address)
{
	if (node.size == 0) {
		return -EINVAL;
	}
	struct hw_span host = node;
	const char *colon = memchr(node.bytes, ':', node.size);
	if (node.bytes[0] == '[') {
		const char *end = memchr(node.bytes, ']', node.size);
		if (end == NULL) {
			return -EINVAL;
		}
		host = (struct hw_span){node.bytes + 1, (uint32_t)(end - node.bytes) - 1};
		if (memchr(host.bytes, ':', host.size) == NULL) {
			return -EINVAL; /* only IPv6 has brackets */
		}
		node = hw_span_skip(node, host.size + 2);
	} else if (colon != NULL &&
		   memchr(colon + 1, ':', node.size - (uint32_t)(colon - node.bytes) - 1) == NULL) {
		host.size = (uint32_t)(colon - node.bytes);
		node = hw_span_skip(node, host.size);
	} else {
		node = hw_span_skip(node, node.size); /* nothing behind the address */
	}
	if (node.size > 0 && (node.bytes[0] != ':' || !port_is_good(hw_span_skip(node, 1)))) {
		return -EINVAL;
	}
	return hw_address_parse(host, ret_address);
}
