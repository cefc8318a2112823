/* SPDX-License-Identifier: Apache-2.0
 *
 * choose -> line_choose -> offer_read -> parameter_read -> token_take, value_take
 *                                     -> parameter_judge -> bits_read
 */
#include "net/wire/ws_deflate.h"

#include "net/wire/decimal.h"
#include "net/wire/http_char.h"

#define HW_WINDOW_BITS_MIN 8U
#define HW_WINDOW_BITS_MAX 15U

enum parameter {
	SERVER_NO_CONTEXT = 0,
	CLIENT_NO_CONTEXT,
	SERVER_BITS,
	CLIENT_BITS,
	PARAMETER_COUNT
};

static const char *const g_names[PARAMETER_COUNT] = {
	[SERVER_NO_CONTEXT] = "server_no_context_takeover",
	[CLIENT_NO_CONTEXT] = "client_no_context_takeover",
	[SERVER_BITS] = "server_max_window_bits",
	[CLIENT_BITS] = "client_max_window_bits",
};

struct offer {
	bool is_good;  /* ours, and every parameter as the RFC allows it */
	uint32_t seen; /* bits of enum parameter */
};

static bool line_choose(struct hw_span line, struct hw_ws_deflate *ret_deflate);
static bool offer_read(struct hw_span *line, struct offer *ret_offer);
static bool parameter_read(struct hw_span *line, struct hw_span *ret_name,
			   struct hw_span *ret_value);
static struct hw_span token_take(struct hw_span *line);
static bool value_take(struct hw_span *line, struct hw_span *ret_value);
static void parameter_judge(struct hw_span name, struct hw_span value, struct offer *offer);
static bool bits_are_good(struct hw_span value, uint64_t min);

void hw_ws_deflate_choose(const struct hw_http_request *request, const char *bytes,
			  struct hw_ws_deflate *ret_deflate)
{
	uint32_t index = 0;
	struct hw_span line;
	struct hw_span name = HW_SPAN("sec-websocket-extensions");
	*ret_deflate = (struct hw_ws_deflate){0};
	while (hw_http_request_field_next(request, bytes, name, &index, &line) &&
	       line_choose(line, ret_deflate)) {
	}
}

/* Returns whether to look at the next line: nothing agreed yet, and all of this could be read. */
static bool line_choose(struct hw_span line, struct hw_ws_deflate *ret_deflate)
{
	line = hw_http_char_trim(line);
	while (line.size > 0) {
		struct offer offer;
		if (!offer_read(&line, &offer)) {
			return false;
		}
		if (offer.is_good) {
			ret_deflate->is_agreed = true;
			ret_deflate->names_window = (offer.seen & 1U << SERVER_BITS) != 0;
			return false;
		}
	}
	return true;
}

/* One extension, its parameters and the comma behind it. False: no such list. */
static bool offer_read(struct hw_span *line, struct offer *ret_offer)
{
	struct hw_span name = token_take(line);
	ret_offer->is_good = hw_span_equal(name, HW_SPAN("permessage-deflate"));
	ret_offer->seen = 0;
	if (name.size == 0) {
		return false;
	}
	while (line->size > 0 && line->bytes[0] == ';') {
		struct hw_span parameter;
		struct hw_span value;
		*line = hw_http_char_trim(hw_span_skip(*line, 1));
		if (!parameter_read(line, &parameter, &value)) {
			return false;
		}
		parameter_judge(parameter, value, ret_offer);
	}
	if (line->size > 0) {
		if (line->bytes[0] != ',') {
			return false;
		}
		*line = hw_http_char_trim(hw_span_skip(*line, 1));
	}
	return true;
}

/* @ret_value: bytes NULL when there is none. */
static bool parameter_read(struct hw_span *line, struct hw_span *ret_name,
			   struct hw_span *ret_value)
{
	*ret_name = token_take(line);
	*ret_value = (struct hw_span){NULL, 0};
	if (ret_name->size == 0) {
		return false;
	}
	if (line->size == 0 || line->bytes[0] != '=') {
		return true;
	}
	*line = hw_http_char_trim(hw_span_skip(*line, 1));
	return value_take(line, ret_value);
}

/* With the spaces behind it. Size 0 when there is none. */
static struct hw_span token_take(struct hw_span *line)
{
	uint32_t size = 0;
	while (size < line->size && hw_http_char_is(line->bytes[size], HW_HTTP_CHAR_TOKEN)) {
		size++;
	}
	struct hw_span token = {line->bytes, size};
	*line = hw_http_char_trim(hw_span_skip(*line, size));
	return token;
}

/* A token, bare or in quotes (RFC 6455, 9.1: without the quotes it must be a token too). */
static bool value_take(struct hw_span *line, struct hw_span *ret_value)
{
	bool is_quoted = line->size > 0 && line->bytes[0] == '"';
	if (is_quoted) {
		*line = hw_span_skip(*line, 1);
	}
	struct hw_span before = *line;
	struct hw_span value = token_take(line);
	if (value.size == 0) {
		return false;
	}
	if (is_quoted) {
		*line = hw_span_skip(before, value.size);
		if (line->size == 0 || line->bytes[0] != '"') {
			return false;
		}
		*line = hw_http_char_trim(hw_span_skip(*line, 1));
	}
	*ret_value = value;
	return true;
}

static void parameter_judge(struct hw_span name, struct hw_span value, struct offer *offer)
{
	bool has_value = value.bytes != NULL;
	for (uint32_t p = 0; p < PARAMETER_COUNT; p++) {
		if (!hw_span_equal(name, hw_span_of(g_names[p]))) {
			continue;
		}
		bool is_good = !has_value;
		if (p == SERVER_BITS) {
			is_good = has_value && bits_are_good(value, HW_WINDOW_BITS_MAX);
		} else if (p == CLIENT_BITS) {
			is_good = !has_value || bits_are_good(value, HW_WINDOW_BITS_MIN);
		}
		bool is_first = (offer->seen & 1U << p) == 0;
		offer->seen |= 1U << p;
		offer->is_good = offer->is_good && is_good && is_first;
		return;
	}
	offer->is_good = false;
}

/* RFC 7692, 7.1.2: decimal without leading zeros. */
static bool bits_are_good(struct hw_span value, uint64_t min)
{
	uint64_t bits = 0;
	return value.bytes[0] != '0' && hw_decimal_parse(value, HW_WINDOW_BITS_MAX, &bits) == 0 &&
	       bits >= min;
}

void hw_ws_deflate_write(struct hw_http_writer *writer, const struct hw_ws_deflate *deflate)
{
	if (!deflate->is_agreed) {
		return;
	}
	hw_http_writer_text(writer, "Sec-WebSocket-Extensions: permessage-deflate; "
				    "server_no_context_takeover; client_no_context_takeover");
	hw_http_writer_text(writer, deflate->names_window ? "; server_max_window_bits=15" : "");
	hw_http_writer_text(writer, "\r\n");
}
