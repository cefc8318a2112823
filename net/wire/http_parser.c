/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the bytes; each state is one function, which takes what it can and names the next:
 *
 *   START -> (EMPTY_LF ->) METHOD -> TARGET -> VERSION -> REQUEST_LF -> FIELD
 *   FIELD -> NAME -> VALUE_BEGIN -> VALUE -> VALUE_LF -> FIELD       [hw_http_framing_field]
 *   FIELD -> HEAD_LF -> done                                         [hw_http_framing_end]
 *
 * Invariants:
 * 1. Each byte is judged once, in order, by the state and the bytes before it alone. So a verdict
 * does not depend on where the head was cut.
 * 2. Nothing remembers an address: the head may move between two calls.
 * 3. No place reaches behind offset, and offset never exceeds HW_HEAD_SIZE_MAX.
 */
#include "net/wire/http_parser.h"

#include "net/wire/http_char.h"

#define HW_METHOD_SIZE_MAX 32U /* longer than any registered one; RFC 9112, 3: answer 501 */
#define HW_VERSION_SIZE    8U  /* "HTTP/1.1" */

enum state {
	STATE_START = 0,   /* before the request line */
	STATE_EMPTY_LF,    /* behind the CR of an empty line before it */
	STATE_METHOD,      /* in the method */
	STATE_TARGET,      /* in the target */
	STATE_VERSION,     /* in HTTP/x.y */
	STATE_REQUEST_LF,  /* behind the CR of the request line */
	STATE_FIELD,       /* at the beginning of a field line */
	STATE_NAME,        /* in a field's name */
	STATE_VALUE_BEGIN, /* in the white space before a value */
	STATE_VALUE,       /* in a value */
	STATE_VALUE_LF,    /* behind the CR of a field line */
	STATE_HEAD_LF,     /* behind the CR of the empty line */
};

static void start_read(struct hw_http_parser *parser, const char *bytes);
static void empty_lf_read(struct hw_http_parser *parser, const char *bytes);
static void method_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit);
static void target_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit);
static void version_read(struct hw_http_parser *parser, const char *bytes);
static void request_lf_read(struct hw_http_parser *parser, const char *bytes);
static void field_read(struct hw_http_parser *parser, const char *bytes);
static void name_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit);
static void value_begin_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit);
static void value_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit);
static void value_lf_read(struct hw_http_parser *parser, const char *bytes);
static void head_lf_read(struct hw_http_parser *parser, const char *bytes);

void hw_http_parser_init(struct hw_http_parser *parser)
{
	/* Not the table of fields: 800 bytes that field_count keeps from being read. */
	memset(parser, 0, offsetof(struct hw_http_parser, request.fields));
	parser->framing = (struct hw_http_framing){0};
	parser->reason = NULL;
	parser->offset = 0;
	parser->mark = 0;
	parser->state = STATE_START;
	parser->verdict = HW_HTTP_MORE;
	parser->has_empty_line = false;
}

static void refuse(struct hw_http_parser *parser, enum hw_http_verdict verdict, const char *reason)
{
	hw_assert(verdict > HW_HTTP_DONE);
	parser->verdict = (uint8_t)verdict;
	parser->reason = reason;
}

static void bad(struct hw_http_parser *parser, const char *reason)
{
	refuse(parser, HW_HTTP_BAD, reason);
}

static void judged(struct hw_http_parser *parser, struct hw_http_judgement judgement)
{
	parser->verdict = (uint8_t)judgement.verdict;
	parser->reason = judgement.reason;
}

/* A byte that ends a token of the head where none may end. */
static void bad_byte(struct hw_http_parser *parser, char c, const char *reason)
{
	if (c == '\n') {
		bad(parser, "a line must end with CR LF, not with LF alone");
	} else if (c == '\r') {
		bad(parser, "a line ends too early");
	} else {
		bad(parser, reason);
	}
}

static struct hw_http_place place_from_mark(const struct hw_http_parser *parser)
{
	hw_assert(parser->mark <= parser->offset);
	hw_assert(parser->offset <= HW_HEAD_SIZE_MAX);
	return (struct hw_http_place){(uint16_t)parser->mark,
				      (uint16_t)(parser->offset - parser->mark)};
}

static void enter(struct hw_http_parser *parser, enum state state)
{
	parser->state = (uint8_t)state;
	parser->mark = parser->offset;
}

enum hw_http_verdict hw_http_parser_feed(struct hw_http_parser *parser, const char *bytes,
					 uint32_t size)
{
	hw_assert(parser->offset <= size);
	uint32_t limit = hw_min(size, HW_HEAD_SIZE_MAX);
	/* Bounded: every state takes a byte, or passes on to one that does, or refuses. */
	while (parser->verdict == HW_HTTP_MORE && parser->offset < limit) {
		switch ((enum state)parser->state) {
		case STATE_START:
			start_read(parser, bytes);
			break;
		case STATE_EMPTY_LF:
			empty_lf_read(parser, bytes);
			break;
		case STATE_METHOD:
			method_read(parser, bytes, limit);
			break;
		case STATE_TARGET:
			target_read(parser, bytes, limit);
			break;
		case STATE_VERSION:
			version_read(parser, bytes);
			break;
		case STATE_REQUEST_LF:
			request_lf_read(parser, bytes);
			break;
		case STATE_FIELD:
			field_read(parser, bytes);
			break;
		case STATE_NAME:
			name_read(parser, bytes, limit);
			break;
		case STATE_VALUE_BEGIN:
			value_begin_read(parser, bytes, limit);
			break;
		case STATE_VALUE:
			value_read(parser, bytes, limit);
			break;
		case STATE_VALUE_LF:
			value_lf_read(parser, bytes);
			break;
		case STATE_HEAD_LF:
			head_lf_read(parser, bytes);
			break;
		}
	}
	if (parser->verdict == HW_HTTP_MORE && parser->offset == HW_HEAD_SIZE_MAX) {
		refuse(parser, HW_HTTP_HEAD_TOO_LARGE, "the head of the request is too large");
	}
	return (enum hw_http_verdict)parser->verdict;
}

static void start_read(struct hw_http_parser *parser, const char *bytes)
{
	char c = bytes[parser->offset];
	if (hw_http_char_is(c, HW_HTTP_CHAR_TOKEN)) {
		enter(parser, STATE_METHOD);
	} else if (c == '\r' && !parser->has_empty_line) {
		/* RFC 9112, 2.2: old clients send one too many behind a POST's body. */
		parser->has_empty_line = true;
		parser->offset++;
		parser->state = STATE_EMPTY_LF;
	} else if (c == 0x16) {
		bad(parser, "this port speaks plain HTTP, not TLS");
	} else {
		bad_byte(parser, c, "a request must begin with a method");
	}
}

static void empty_lf_read(struct hw_http_parser *parser, const char *bytes)
{
	if (bytes[parser->offset] != '\n') {
		bad(parser, "a CR must be followed by LF");
		return;
	}
	parser->offset++;
	parser->state = STATE_START;
}

static enum hw_http_method method_find(struct hw_span name)
{
	for (uint32_t i = HW_HTTP_GET; i < HW_HTTP_METHOD_COUNT; i++) {
		if (hw_span_equal(name, hw_span_of(hw_http_method_name((enum hw_http_method)i)))) {
			return (enum hw_http_method)i;
		}
	}
	return HW_HTTP_METHOD_NONE;
}

static void method_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit)
{
	uint32_t end = hw_min(limit, parser->mark + HW_METHOD_SIZE_MAX + 1);
	uint32_t at = parser->offset;
	while (at < end && hw_http_char_is(bytes[at], HW_HTTP_CHAR_TOKEN)) {
		at++;
	}
	parser->offset = at;
	if (at - parser->mark > HW_METHOD_SIZE_MAX) {
		refuse(parser, HW_HTTP_METHOD_UNKNOWN, "this server does not know the method");
		return;
	}
	if (at == limit) {
		return;
	}
	if (bytes[at] != ' ') {
		bad_byte(parser, bytes[at], "a method is made of letters");
		return;
	}
	/* An unknown one is told at the end of the head, if all else was well. */
	struct hw_span name = hw_http_place_span(place_from_mark(parser), bytes);
	parser->request.method = (uint8_t)method_find(name);
	parser->offset++;
	enter(parser, STATE_TARGET);
}

/* Whether any of eight bytes is below @low, a "#" or DEL. A byte behind one that is may be taken
 * for one too, which does no harm: whoever asks looks at each of them then. */
static bool has_stop(uint64_t word, uint8_t low)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t below = (word - ones * low) & ~word;
	uint64_t hash = word ^ ones * '#';
	uint64_t del = word ^ ones * 0x7f;
	return ((below | ((hash - ones) & ~hash) | ((del - ones) & ~del)) & ones * 0x80) != 0;
}

/* Eight bytes a step over what is good; stops short of @end and of the first byte that may not be,
 * from which on the table judges. */
static uint32_t plain_skip(const char *bytes, uint32_t at, uint32_t end, uint8_t low)
{
	while (end - at >= sizeof(uint64_t)) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, sizeof(word));
		if (has_stop(word, low)) {
			break;
		}
		at += (uint32_t)sizeof(word);
	}
	return at;
}

static void target_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit)
{
	uint32_t end = hw_min(limit, parser->mark + HW_TARGET_SIZE_MAX + 1);
	uint32_t at = plain_skip(bytes, parser->offset, end, 0x21);
	while (at < end && hw_http_char_is(bytes[at], HW_HTTP_CHAR_TARGET)) {
		at++;
	}
	parser->offset = at;
	if (at - parser->mark > HW_TARGET_SIZE_MAX) {
		refuse(parser, HW_HTTP_TARGET_TOO_LONG, "the target of the request is too long");
		return;
	}
	if (at == limit) {
		return;
	}
	if (bytes[at] != ' ') {
		bad_byte(parser, bytes[at], "the target has a character that must be escaped");
		return;
	}
	if (at == parser->mark) {
		bad(parser, "one space must stand between method and target");
		return;
	}
	parser->request.target = place_from_mark(parser);
	judged(parser, hw_http_framing_target(&parser->framing, &parser->request, bytes));
	parser->offset++;
	enter(parser, STATE_VERSION);
}

static void version_read(struct hw_http_parser *parser, const char *bytes)
{
	static const char pattern[] = "HTTP/0.0"; /* 0 stands for a digit */
	static_assert(sizeof(pattern) - 1 == HW_VERSION_SIZE, "one for each byte");
	char c = bytes[parser->offset];
	uint32_t index = parser->offset - parser->mark;
	if (index == HW_VERSION_SIZE) {
		if (c != '\r') {
			bad_byte(parser, c, "the version must be HTTP/1.1 or HTTP/1.0");
			return;
		}
		parser->offset++;
		parser->state = STATE_REQUEST_LF;
		return;
	}
	bool fits = pattern[index] == '0' ? hw_http_char_is(c, HW_HTTP_CHAR_DIGIT)
					  : c == pattern[index];
	if (!fits) {
		bad_byte(parser, c, "the version must be HTTP/1.1 or HTTP/1.0");
		return;
	}
	parser->offset++;
}

static void request_lf_read(struct hw_http_parser *parser, const char *bytes)
{
	if (bytes[parser->offset] != '\n') {
		bad(parser, "a CR must be followed by LF");
		return;
	}
	/* The version ends at the CR before this LF. */
	const char *version = bytes + parser->mark;
	if (version[5] != '1' || version[7] > '1') {
		refuse(parser, HW_HTTP_VERSION_UNSUPPORTED,
		       "this server speaks HTTP/1.1 and HTTP/1.0");
		return;
	}
	parser->request.version_minor = (uint8_t)(version[7] - '0');
	parser->offset++;
	parser->state = STATE_FIELD;
}

static void field_read(struct hw_http_parser *parser, const char *bytes)
{
	char c = bytes[parser->offset];
	if (hw_http_char_is(c, HW_HTTP_CHAR_TOKEN)) {
		if (parser->request.field_count == HW_FIELD_COUNT_MAX) {
			refuse(parser, HW_HTTP_HEAD_TOO_LARGE, "the head has too many fields");
			return;
		}
		enter(parser, STATE_NAME);
	} else if (c == '\r') {
		parser->offset++;
		parser->state = STATE_HEAD_LF;
	} else if (hw_http_char_is_space(c)) {
		bad(parser, "a field line must not begin with white space");
	} else if (c == ':') {
		bad(parser, "a field must have a name");
	} else {
		bad_byte(parser, c, "a field's name has a character that it must not have");
	}
}

static void name_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit)
{
	uint32_t at = parser->offset;
	while (at < limit && hw_http_char_is(bytes[at], HW_HTTP_CHAR_TOKEN)) {
		at++;
	}
	parser->offset = at;
	if (at == limit) {
		return;
	}
	char c = bytes[at];
	if (c == ':') {
		parser->request.fields[parser->request.field_count].name = place_from_mark(parser);
		parser->offset++;
		parser->state = STATE_VALUE_BEGIN;
	} else if (hw_http_char_is_space(c)) {
		bad(parser, "a field's name must not be followed by a space");
	} else if (c == '\r') {
		bad(parser, "a field line must have a colon");
	} else {
		bad_byte(parser, c, "a field's name has a character that it must not have");
	}
}

static void value_begin_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit)
{
	while (parser->offset < limit && hw_http_char_is_space(bytes[parser->offset])) {
		parser->offset++;
	}
	if (parser->offset < limit) {
		enter(parser, STATE_VALUE);
	}
}

static void value_read(struct hw_http_parser *parser, const char *bytes, uint32_t limit)
{
	uint32_t at = plain_skip(bytes, parser->offset, limit, 0x20);
	while (at < limit && hw_http_char_is(bytes[at], HW_HTTP_CHAR_VALUE)) {
		at++;
	}
	parser->offset = at;
	if (at == limit) {
		return;
	}
	if (bytes[at] != '\r') {
		bad_byte(parser, bytes[at], "a field's value has a control character");
		return;
	}
	struct hw_http_place place = place_from_mark(parser);
	while (place.size > 0 && hw_http_char_is_space(bytes[place.offset + place.size - 1])) {
		place.size--;
	}
	parser->request.fields[parser->request.field_count].value = place;
	parser->offset++;
	parser->state = STATE_VALUE_LF;
}

static void value_lf_read(struct hw_http_parser *parser, const char *bytes)
{
	if (bytes[parser->offset] != '\n') {
		bad(parser, "a CR must be followed by LF");
		return;
	}
	parser->offset++;
	struct hw_http_request *request = &parser->request;
	const struct hw_http_field *field = &request->fields[request->field_count++];
	judged(parser, hw_http_framing_field(&parser->framing, request, bytes, field));
	parser->state = STATE_FIELD;
}

static void head_lf_read(struct hw_http_parser *parser, const char *bytes)
{
	if (bytes[parser->offset] != '\n') {
		bad(parser, "a CR must be followed by LF");
		return;
	}
	parser->offset++;
	parser->request.head_size = parser->offset;
	judged(parser, hw_http_framing_end(&parser->framing, &parser->request));
}

uint32_t hw_http_verdict_status(enum hw_http_verdict verdict)
{
	static const uint16_t statuses[HW_HTTP_VERDICT_COUNT] = {
		[HW_HTTP_MORE] = 0,
		[HW_HTTP_DONE] = 200,
		[HW_HTTP_BAD] = 400,
		[HW_HTTP_TARGET_TOO_LONG] = 414,
		[HW_HTTP_HEAD_TOO_LARGE] = 431,
		[HW_HTTP_METHOD_UNKNOWN] = 501,
		[HW_HTTP_NOT_IMPLEMENTED] = 501,
		[HW_HTTP_VERSION_UNSUPPORTED] = 505,
		[HW_HTTP_EXPECTATION_FAILED] = 417,
	};
	hw_assert(verdict < HW_HTTP_VERDICT_COUNT);
	return statuses[verdict];
}
