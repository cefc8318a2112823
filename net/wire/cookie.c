/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/cookie.h"

#include "net/wire/http_char.h"

/* RFC 6265, 4.1.1: cookie-octet. */
static bool value_is_good(struct hw_span value)
{
	for (uint32_t i = 0; i < value.size; i++) {
		char c = value.bytes[i];
		if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == ';' || c == '\\') {
			return false;
		}
	}
	return true;
}

static bool path_is_good(struct hw_span path)
{
	for (uint32_t i = 0; i < path.size; i++) {
		if (path.bytes[i] < ' ' || path.bytes[i] > '~' || path.bytes[i] == ';') {
			return false;
		}
	}
	return path.size > 0 && path.bytes[0] == '/';
}

/* The value without its quotes, if it has them. */
static struct hw_span unquote(struct hw_span value)
{
	bool is_quoted =
		value.size >= 2 && value.bytes[0] == '"' && value.bytes[value.size - 1] == '"';
	return is_quoted ? (struct hw_span){value.bytes + 1, value.size - 2} : value;
}

/* What stands before the next semicolon. */
static struct hw_span pair_take(struct hw_span *line)
{
	const char *semicolon = memchr(line->bytes, ';', line->size);
	uint32_t size = semicolon == NULL ? line->size : (uint32_t)(semicolon - line->bytes);
	struct hw_span pair = {line->bytes, size};
	*line = hw_span_skip(*line, semicolon == NULL ? size : size + 1);
	return hw_http_char_trim(pair);
}

static bool line_next(struct hw_cookies *cookies, struct hw_span *ret_value)
{
	struct hw_span name = cookies->name;
	while (cookies->line.size > 0) {
		struct hw_span pair = pair_take(&cookies->line);
		if (pair.size <= name.size || !hw_span_starts_with(pair, name) ||
		    pair.bytes[name.size] != '=') {
			continue;
		}
		struct hw_span value = unquote(hw_span_skip(pair, name.size + 1));
		if (value_is_good(value)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

void hw_cookies_init(struct hw_cookies *cookies, const struct hw_http_request *request,
		     const char *bytes, struct hw_span name)
{
	*cookies = (struct hw_cookies){.request = request, .bytes = bytes, .name = name};
}

bool hw_cookies_next(struct hw_cookies *cookies, struct hw_span *ret_value)
{
	do {
		if (line_next(cookies, ret_value)) {
			return true;
		}
	} while (hw_http_request_field_next(cookies->request, cookies->bytes, HW_SPAN("cookie"),
					    &cookies->index, &cookies->line));
	return false;
}

void hw_cookie_write(struct hw_http_writer *writer, const struct hw_cookie *cookie)
{
	hw_assert(hw_http_char_all(cookie->name, HW_HTTP_CHAR_TOKEN));
	hw_assert(value_is_good(cookie->value));
	hw_assert(path_is_good(cookie->path));
	hw_http_writer_text(writer, "Set-Cookie: ");
	hw_http_writer_bytes(writer, cookie->name);
	hw_http_writer_text(writer, "=");
	hw_http_writer_bytes(writer, cookie->value);
	hw_http_writer_text(writer, "; Path=");
	hw_http_writer_bytes(writer, cookie->path);
	hw_http_writer_text(writer, "; Max-Age=");
	hw_http_writer_number(writer, cookie->max_age_s);
	hw_http_writer_text(writer, cookie->is_secure ? "; Secure" : "");
	hw_http_writer_text(writer, "; HttpOnly; SameSite=Lax\r\n");
}
