/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/uri.h"

#include "core/base/error.h"
#include "net/wire/hex.h"
#include "net/wire/http_char.h"

void hw_uri_split(struct hw_span target, struct hw_span *ret_path, struct hw_span *ret_query)
{
	const char *mark = target.size == 0 ? NULL : memchr(target.bytes, '?', target.size);
	uint32_t path_size = mark == NULL ? target.size : (uint32_t)(mark - target.bytes);
	*ret_path = (struct hw_span){target.bytes, path_size};
	*ret_query = hw_span_skip(target, mark == NULL ? path_size : path_size + 1);
}

bool hw_uri_segment_next(struct hw_span *path, struct hw_span *ret_segment)
{
	if (path->size == 0 || path->bytes[0] != '/') {
		return false;
	}
	struct hw_span rest = hw_span_skip(*path, 1);
	const char *slash = rest.size == 0 ? NULL : memchr(rest.bytes, '/', rest.size);
	uint32_t size = slash == NULL ? rest.size : (uint32_t)(slash - rest.bytes);
	*ret_segment = (struct hw_span){rest.bytes, size};
	*path = hw_span_skip(rest, size);
	return true;
}

static bool is_allowed(char c, uint32_t flags)
{
	uint8_t byte = (uint8_t)c;
	if (byte == 0) {
		return (flags & HW_URI_NUL) != 0;
	}
	if (byte == '/') {
		return (flags & HW_URI_SLASH) != 0;
	}
	return (byte >= 0x20 && byte != 0x7f) || (flags & HW_URI_CONTROL) != 0;
}

/* One byte of what is meant; its escape's size is taken from @raw. -EINVAL for a broken escape. */
static int byte_take(struct hw_span *raw, uint32_t flags)
{
	char c = raw->bytes[0];
	if (c != '%') {
		*raw = hw_span_skip(*raw, 1);
		return c == '+' && (flags & HW_URI_PLUS_IS_SPACE) != 0 ? ' ' : (uint8_t)c;
	}
	int high = raw->size < 3 ? -1 : hw_hex_digit(raw->bytes[1]);
	int low = raw->size < 3 ? -1 : hw_hex_digit(raw->bytes[2]);
	if (high < 0 || low < 0) {
		return -EINVAL;
	}
	*raw = hw_span_skip(*raw, 3);
	return high * 16 + low;
}

int hw_uri_decode(struct hw_span raw, uint32_t flags, char *ret_bytes, uint32_t capacity)
{
	hw_assert(capacity <= INT32_MAX);
	uint32_t size = 0;
	while (raw.size > 0) {
		int byte = byte_take(&raw, flags);
		if (byte < 0 || !is_allowed((char)byte, flags)) {
			return -EINVAL;
		}
		if (size == capacity) {
			return -ENAMETOOLONG;
		}
		ret_bytes[size++] = (char)byte;
	}
	return (int)size;
}

bool hw_uri_query_find(struct hw_span query, struct hw_span name, struct hw_span *ret_value)
{
	while (query.size > 0) {
		const char *mark = memchr(query.bytes, '&', query.size);
		uint32_t size = mark == NULL ? query.size : (uint32_t)(mark - query.bytes);
		struct hw_span pair = {query.bytes, size};
		query = hw_span_skip(query, mark == NULL ? size : size + 1);
		if (!hw_span_starts_with(pair, name)) {
			continue;
		}
		struct hw_span value = hw_span_skip(pair, name.size);
		if (value.size == 0) {
			*ret_value = value;
			return true;
		}
		if (value.bytes[0] == '=') {
			*ret_value = hw_span_skip(value, 1);
			return true;
		}
	}
	return false;
}

int hw_uri_encode(struct hw_span raw, char *ret_bytes, uint32_t capacity)
{
	hw_assert(capacity <= INT32_MAX);
	static const char digits[] = "0123456789ABCDEF"; /* RFC 3986, 2.1: upper case */
	uint32_t size = 0;
	for (uint32_t i = 0; i < raw.size; i++) {
		uint8_t byte = (uint8_t)raw.bytes[i];
		/* RFC 3986's unreserved characters are those of a plain host. */
		bool is_plain = hw_http_char_is(raw.bytes[i], HW_HTTP_CHAR_HOST);
		if (capacity - size < (is_plain ? 1U : 3U)) {
			return -ENAMETOOLONG;
		}
		if (is_plain) {
			ret_bytes[size++] = (char)byte;
			continue;
		}
		ret_bytes[size++] = '%';
		ret_bytes[size++] = digits[byte >> 4];
		ret_bytes[size++] = digits[byte & 15];
	}
	return (int)size;
}
