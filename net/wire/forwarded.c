/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_forwarded_add_for -> list_next -> node_parse -> hop_add
 * hw_forwarded_add     -> quoted_next -> element_add -> quoted_next -> node_parse
 */
#include "net/wire/forwarded.h"

static void hop_add(struct hw_forwarded *forwarded, struct hw_address hop);
static void element_add(struct hw_forwarded *forwarded, struct hw_span element);
static struct hw_span list_next(struct hw_span *rest);
static struct hw_span quoted_next(struct hw_span *rest, char separator, bool *ret_is_open);
static struct hw_span trimmed(struct hw_span text);
static struct hw_address node_parse(struct hw_span node);

void hw_forwarded_add_for(struct hw_forwarded *forwarded, struct hw_span value)
{
	while (value.size > 0) {
		struct hw_span element = list_next(&value);
		if (element.size > 0) {
			hop_add(forwarded, node_parse(element));
		}
	}
}

/* A client that leaves a quote open swallows what our proxy adds behind it: such an element is
 * nobody's word, whatever stands in it. */
void hw_forwarded_add(struct hw_forwarded *forwarded, struct hw_span value)
{
	bool is_open = false;
	while (value.size > 0) {
		struct hw_span element = quoted_next(&value, ',', &is_open);
		if (is_open) {
			hop_add(forwarded, (struct hw_address){.size = 0});
		} else if (element.size > 0) {
			element_add(forwarded, element);
		}
	}
}

static void hop_add(struct hw_forwarded *forwarded, struct hw_address hop)
{
	if (forwarded->count == HW_FORWARDED_COUNT_MAX) {
		memmove(forwarded->hops, forwarded->hops + 1,
			sizeof(forwarded->hops) - sizeof(forwarded->hops[0]));
		forwarded->count--;
	}
	forwarded->hops[forwarded->count++] = hop;
}

/* for=192.0.2.43;proto=https: one hop, whatever else it says. Two "for" in one are nobody's
 * word. */
static void element_add(struct hw_forwarded *forwarded, struct hw_span element)
{
	struct hw_address hop = {.size = 0};
	uint32_t for_count = 0;
	bool is_open = false;
	while (element.size > 0) {
		struct hw_span pair = quoted_next(&element, ';', &is_open);
		const char *equals = pair.size > 0 ? memchr(pair.bytes, '=', pair.size) : NULL;
		uint32_t name_size = equals != NULL ? (uint32_t)(equals - pair.bytes) : 0;
		struct hw_span name = {pair.bytes, name_size};
		if (equals == NULL || !hw_span_equal_nocase(name, HW_SPAN("for"))) {
			continue;
		}
		hop = node_parse(hw_span_skip(pair, name_size + 1));
		for_count++;
	}
	if (for_count != 1) {
		hop.size = 0;
		memset(hop.bytes, 0, sizeof(hop.bytes));
	}
	hop_add(forwarded, hop);
}

/* Up to the next comma: X-Forwarded-For knows no quotes. */
static struct hw_span list_next(struct hw_span *rest)
{
	const char *comma = memchr(rest->bytes, ',', rest->size);
	uint32_t size = comma != NULL ? (uint32_t)(comma - rest->bytes) : rest->size;
	struct hw_span item = {rest->bytes, size};
	*rest = hw_span_skip(*rest, hw_min(size + 1, rest->size));
	return trimmed(item);
}

/* Up to the next @separator that no quotes enclose; both may be absent. @ret_is_open: the quotes
 * have no end. */
static struct hw_span quoted_next(struct hw_span *rest, char separator, bool *ret_is_open)
{
	bool is_quoted = false;
	uint32_t size = 0;
	for (; size < rest->size; size++) {
		char c = rest->bytes[size];
		if (is_quoted && c == '\\') {
			size++; /* what follows means nothing; behind the end is seen to below */
			continue;
		}
		is_quoted ^= c == '"';
		if (c == separator && !is_quoted) {
			break;
		}
	}
	*ret_is_open = is_quoted;
	size = hw_min(size, rest->size);
	struct hw_span item = {rest->bytes, size};
	*rest = hw_span_skip(*rest, hw_min(size + 1, rest->size));
	return trimmed(item);
}

static struct hw_span trimmed(struct hw_span text)
{
	while (text.size > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) {
		text = hw_span_skip(text, 1);
	}
	while (text.size > 0 &&
	       (text.bytes[text.size - 1] == ' ' || text.bytes[text.size - 1] == '\t')) {
		text.size--;
	}
	return text;
}

static bool is_port(struct hw_span text)
{
	for (uint32_t i = 0; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9') {
			return false;
		}
	}
	return text.size > 0 && text.size <= 5;
}

/* "[2001:db8::1]:80" -> the address, if what is behind the bracket is nothing or a port. */
static struct hw_span unbracketed(struct hw_span node)
{
	const char *end = memchr(node.bytes, ']', node.size);
	if (end == NULL) {
		return (struct hw_span){NULL, 0};
	}
	uint32_t size = (uint32_t)(end - node.bytes);
	struct hw_span rest = hw_span_skip(node, size + 1);
	bool is_good = rest.size == 0 || (rest.bytes[0] == ':' && is_port(hw_span_skip(rest, 1)));
	return is_good ? (struct hw_span){node.bytes + 1, size - 1} : (struct hw_span){NULL, 0};
}

/* 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80, each perhaps in quotes. */
static struct hw_address node_parse(struct hw_span node)
{
	struct hw_address address = {.size = 0};
	if (node.size >= 2 && node.bytes[0] == '"' && node.bytes[node.size - 1] == '"') {
		node = (struct hw_span){node.bytes + 1, node.size - 2};
	}
	if (node.size > 0 && node.bytes[0] == '[') {
		node = unbracketed(node);
	} else if (node.size > 0 && memchr(node.bytes, '.', node.size) != NULL) {
		const char *colon = memrchr(node.bytes, ':', node.size);
		uint32_t size = colon != NULL ? (uint32_t)(colon - node.bytes) : node.size;
		bool has_port = colon != NULL && memchr(node.bytes, ':', size) == NULL &&
				is_port(hw_span_skip(node, size + 1));
		node.size = has_port ? size : node.size;
	}
	if (hw_address_parse(node, &address) < 0) {
		address.size = 0;
	}
	return address;
}

struct hw_address hw_forwarded_client(const struct hw_forwarded *forwarded,
				      const struct hw_networks *trusted,
				      const struct hw_address *peer)
{
	struct hw_address client = *peer;
	uint32_t left = forwarded->count;
	while (left > 0 && hw_networks_have(trusted, &client)) {
		left--;
		if (forwarded->hops[left].size == 0) {
			break;
		}
		client = forwarded->hops[left];
	}
	return client;
}
