/* SPDX-License-Identifier: Apache-2.0
 *
 *   read -> fields_read -> value_read -> expires_read, downloads_read, ...
 *        -> query_read --> value_read
 */
#include "net/talk/policy_fields.h"

#include <stdio.h>
#include <string.h>

#include "net/wire/decimal.h"
#include "net/wire/duration.h"
#include "net/wire/link_name.h"
#include "net/wire/uri.h"

#define SHOWN_SIZE_MAX 40U /* bytes of a name that somebody made up, in a sentence */

/* Each takes one value, and returns NULL or the sentence that says what it must be. */
typedef const char *read_fn(struct hw_span value, struct hw_share_wish *wish);

static const char *expires_read(struct hw_span value, struct hw_share_wish *wish);
static const char *downloads_read(struct hw_span value, struct hw_share_wish *wish);
static const char *message_read(struct hw_span value, struct hw_share_wish *wish);
static const char *link_read(struct hw_span value, struct hw_share_wish *wish);
static const char *password_read(struct hw_span value, struct hw_share_wish *wish);

static const struct row {
	const char *field; /* behind "Hawser-" */
	const char *parameter;
	read_fn *read;
	uint32_t bit; /* HW_SHARE_WISH_* */
} g_rows[] = {
	{"Expires", "expires", expires_read, HW_SHARE_WISH_EXPIRES_IN},
	{"Downloads", "downloads", downloads_read, HW_SHARE_WISH_DOWNLOADS},
	{"Message", "message", message_read, HW_SHARE_WISH_MESSAGE},
	{"Link", "link", link_read, HW_SHARE_WISH_LINK_NAME},
	{"Password", "password", password_read, HW_SHARE_WISH_PASSWORD},
};

/* "name: sentence". */
static uint32_t refuse(uint32_t status, struct hw_span name, const char *sentence,
		       char *ret_sentence)
{
	char shown[SHOWN_SIZE_MAX + 1];
	uint32_t shown_size = hw_min(name.size, SHOWN_SIZE_MAX);
	for (uint32_t i = 0; i < shown_size; i++) {
		shown[i] = name.bytes[i];
		if (shown[i] <= ' ' || shown[i] >= 0x7f) {
			shown[i] = '?';
		}
	}
	shown[shown_size] = '\0';
	int size = snprintf(ret_sentence, HW_SHARE_WISH_SENTENCE_MAX, "%s: %s", shown, sentence);
	hw_assert(size > 0 && (uint32_t)size < HW_SHARE_WISH_SENTENCE_MAX);
	return status;
}

static uint32_t value_read(const struct row *row, struct hw_span name, struct hw_span value,
			   struct hw_share_wish *wish, char *ret_sentence)
{
	if ((wish->given & row->bit) != 0) {
		return refuse(400, name, "It is said twice.", ret_sentence);
	}
	const char *sentence = row->read(value, wish);
	if (sentence != NULL) {
		return refuse(422, name, sentence, ret_sentence);
	}
	wish->given |= row->bit;
	return 0;
}

/* -- header fields -- */

static const struct row *row_by_field(struct hw_span name)
{
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		if (hw_span_equal_nocase(name, hw_span_of(g_rows[i].field))) {
			return &g_rows[i];
		}
	}
	return NULL;
}

static uint32_t fields_read(const struct hw_http_request *request, const char *bytes,
			    struct hw_share_wish *wish, char *ret_sentence)
{
	struct hw_span prefix = HW_SPAN("Hawser-");
	for (uint32_t i = 0; i < request->field_count; i++) {
		struct hw_span name = hw_http_place_span(request->fields[i].name, bytes);
		struct hw_span value = hw_http_place_span(request->fields[i].value, bytes);
		if (name.size < prefix.size ||
		    !hw_span_equal_nocase((struct hw_span){name.bytes, prefix.size}, prefix)) {
			continue;
		}
		const struct row *row = row_by_field(hw_span_skip(name, prefix.size));
		uint32_t status =
			row != NULL ? value_read(row, name, value, wish, ret_sentence)
				    : refuse(422, name, "There is no such field.", ret_sentence);
		if (status != 0) {
			return status;
		}
	}
	return 0;
}

/* -- the query -- */

static const struct row *row_by_parameter(struct hw_span name)
{
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		if (hw_span_equal(name, hw_span_of(g_rows[i].parameter))) {
			return &g_rows[i];
		}
	}
	return NULL;
}

/* What stands before the first @mark, which is taken away from @rest too. */
static struct hw_span cut(struct hw_span *rest, char mark)
{
	const char *at = rest->size > 0 ? memchr(rest->bytes, mark, rest->size) : NULL;
	struct hw_span piece = {rest->bytes,
				at != NULL ? (uint32_t)(at - rest->bytes) : rest->size};
	*rest = hw_span_skip(*rest, at != NULL ? piece.size + 1 : piece.size);
	return piece;
}

static uint32_t parameter_read(struct hw_span pair, struct hw_share_wish *wish, char *ret_sentence)
{
	char value[HW_MESSAGE_SIZE_MAX];
	struct hw_span name = cut(&pair, '=');
	const struct row *row = row_by_parameter(name);
	if (row == NULL) {
		return refuse(422, name, "There is no such parameter.", ret_sentence);
	}
	if (row->bit == HW_SHARE_WISH_PASSWORD) {
		return refuse(400, name,
			      "Addresses are kept in logs; send it as the header field "
			      "Hawser-Password.",
			      ret_sentence);
	}
	int size = hw_uri_decode(pair, HW_URI_PLUS_IS_SPACE | HW_URI_SLASH | HW_URI_CONTROL, value,
				 sizeof(value));
	if (size < 0) {
		return refuse(422, name, "It is too long, or wrongly escaped.", ret_sentence);
	}
	return value_read(row, name, (struct hw_span){value, (uint32_t)size}, wish, ret_sentence);
}

static uint32_t query_read(struct hw_span query, struct hw_share_wish *wish, char *ret_sentence)
{
	while (query.size > 0) {
		struct hw_span pair = cut(&query, '&');
		uint32_t status = pair.size > 0 ? parameter_read(pair, wish, ret_sentence) : 0;
		if (status != 0) {
			return status;
		}
	}
	return 0;
}

uint32_t hw_policy_fields_read(const struct hw_http_request *request, const char *bytes,
			       struct hw_share_wish *ret_wish, char *ret_sentence)
{
	struct hw_span path;
	struct hw_span query;
	*ret_wish = (struct hw_share_wish){.given = 0};
	hw_uri_split(hw_http_request_target(request, bytes), &path, &query);
	uint32_t status = fields_read(request, bytes, ret_wish, ret_sentence);
	return status != 0 ? status : query_read(query, ret_wish, ret_sentence);
}

/* -- values -- */

static const char *expires_read(struct hw_span value, struct hw_share_wish *wish)
{
	return hw_duration_parse(value, &wish->expires_in_ms) == 0 ? NULL
								   : "It must be " HW_DURATION_HINT
								     ".";
}

static const char *downloads_read(struct hw_span value, struct hw_share_wish *wish)
{
	uint64_t count = 0;
	int r = hw_decimal_parse(value, UINT32_MAX, &count);
	wish->downloads_max = (uint32_t)count;
	return r == 0 && count > 0 ? NULL : "It must be a whole number from 1 on.";
}

static const char *message_read(struct hw_span value, struct hw_share_wish *wish)
{
	if (!hw_share_wish_message_is_good(value)) {
		return "It must be a text of up to 1000 bytes without control characters.";
	}
	wish->message_size = (uint16_t)value.size;
	memcpy(wish->message, value.bytes, value.size);
	return NULL;
}

static const char *link_read(struct hw_span value, struct hw_share_wish *wish)
{
	enum hw_link_name_verdict verdict = hw_link_name_judge(value);
	if (verdict != HW_LINK_NAME_GOOD) {
		return hw_link_name_reason(verdict);
	}
	wish->link_name_size = (uint8_t)value.size;
	memcpy(wish->link_name, value.bytes, value.size);
	return NULL;
}

static const char *password_read(struct hw_span value, struct hw_share_wish *wish)
{
	if (value.size == 0 || value.size > HW_PASSWORD_SIZE_MAX) {
		return "It must be a text of 1 to 256 bytes.";
	}
	wish->password_size = (uint16_t)value.size;
	memcpy(wish->password, value.bytes, value.size);
	return NULL;
}
