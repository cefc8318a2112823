/* SPDX-License-Identifier: Apache-2.0
 *
 * parse -> body_judge
 *       -> object_read -> field_read -> expires_in_read, expires_at_read, downloads_read,
 *                         password_read, message_read, link_name_read, mode_read -> text_read
 */
#include "net/wire/share_wish.h"

#include <stdio.h>

#include <jansson.h>

#include "net/wire/duration.h"
#include "net/wire/link_name.h"
#include "net/wire/rfc3339.h"
#include "net/wire/utf8.h"

#define HW_SHOWN_SIZE_MAX 48U /* bytes of an unknown field's name in a sentence */

/* Each takes one value, and returns NULL or the sentence that says what it must be. */
typedef const char *read_fn(const json_t *value, struct hw_share_wish *wish);

struct field {
	const char *name;
	read_fn *read;
	uint32_t bit;  /* HW_SHARE_WISH_* */
	bool is_fixed; /* once the share is there */
};

static const char *body_judge(struct hw_span body);
static enum hw_share_wish_verdict object_read(json_t *object, bool is_change,
					      struct hw_share_wish *wish, char *ret_sentence);
static enum hw_share_wish_verdict field_read(const char *name, const json_t *value, bool is_change,
					     struct hw_share_wish *wish, char *ret_sentence);
static const char *expires_in_read(const json_t *value, struct hw_share_wish *wish);
static const char *expires_at_read(const json_t *value, struct hw_share_wish *wish);
static const char *downloads_read(const json_t *value, struct hw_share_wish *wish);
static const char *password_read(const json_t *value, struct hw_share_wish *wish);
static const char *message_read(const json_t *value, struct hw_share_wish *wish);
static const char *link_name_read(const json_t *value, struct hw_share_wish *wish);
static const char *mode_read(const json_t *value, struct hw_share_wish *wish);
static void sentence_write(char *ret_sentence, const char *field, const char *sentence);

static const struct field g_fields[] = {
	{"expires_in", expires_in_read, HW_SHARE_WISH_EXPIRES_IN, false},
	{"expires_at", expires_at_read, HW_SHARE_WISH_EXPIRES_AT, false},
	{"downloads_max", downloads_read, HW_SHARE_WISH_DOWNLOADS, false},
	{"password", password_read, HW_SHARE_WISH_PASSWORD, false},
	{"message", message_read, HW_SHARE_WISH_MESSAGE, false},
	{"link_name", link_name_read, HW_SHARE_WISH_LINK_NAME, true},
	{"mode", mode_read, HW_SHARE_WISH_MODE, true},
};

void hw_share_wish_seed(uint64_t seed)
{
	hw_assert(seed != 0);
	json_object_seed(seed);
}

enum hw_share_wish_verdict hw_share_wish_parse(struct hw_span body, bool is_change,
					       struct hw_share_wish *ret_wish, char *ret_sentence)
{
	struct hw_share_wish wish = {0};
	const char *sentence = body_judge(body);
	if (sentence != NULL) {
		sentence_write(ret_sentence, NULL, sentence);
		return body.size > HW_SHARE_WISH_SIZE_MAX ? HW_SHARE_WISH_TOO_LARGE
							  : HW_SHARE_WISH_NOT_JSON;
	}
	if (body.size == 0) {
		*ret_wish = wish;
		return HW_SHARE_WISH_GOOD;
	}
	json_error_t error;
	json_t *root = json_loadb(body.bytes, body.size, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		bool is_full = json_error_code(&error) == json_error_out_of_memory;
		const char *why = json_error_code(&error) == json_error_duplicate_key
					  ? "The JSON has a field twice."
					  : "The body is not valid JSON in UTF-8.";
		sentence_write(ret_sentence, NULL, is_full ? "The server has no memory now." : why);
		return is_full ? HW_SHARE_WISH_NO_MEMORY : HW_SHARE_WISH_NOT_JSON;
	}
	enum hw_share_wish_verdict verdict = object_read(root, is_change, &wish, ret_sentence);
	json_decref(root);
	if (verdict == HW_SHARE_WISH_GOOD) {
		*ret_wish = wish;
	}
	explicit_bzero(&wish, sizeof(wish));
	return verdict;
}

/* What jansson would do with the body is bounded before it sees it: a level of nesting is a call, a
 * value an allocation. Every value but the first follows a comma, a colon or a bracket. */
static const char *body_judge(struct hw_span body)
{
	uint32_t depth = 0;
	uint32_t values = 1;
	bool is_quoted = false;
	if (body.size > HW_SHARE_WISH_SIZE_MAX) {
		return "The JSON is larger than 64 KiB.";
	}
	for (uint32_t i = 0; i < body.size; i++) {
		char c = body.bytes[i];
		if (is_quoted) {
			is_quoted = c != '"';
			i += c == '\\' ? 1 : 0;
			continue;
		}
		is_quoted = c == '"';
		depth += c == '{' || c == '[' ? 1 : 0;
		depth -= (c == '}' || c == ']') && depth > 0 ? 1 : 0;
		values += c == ',' || c == ':' || c == '[' ? 1 : 0;
		if (depth > HW_SHARE_WISH_DEPTH_MAX || values > HW_SHARE_WISH_VALUES_MAX) {
			return "The JSON is nested more deeply, or has more values, than a share.";
		}
	}
	return NULL;
}

static enum hw_share_wish_verdict object_read(json_t *object, bool is_change,
					      struct hw_share_wish *wish, char *ret_sentence)
{
	if (!json_is_object(object)) {
		sentence_write(ret_sentence, NULL, "The JSON must be an object.");
		return HW_SHARE_WISH_NOT_JSON;
	}
	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		enum hw_share_wish_verdict verdict =
			field_read(json_object_iter_key(at), json_object_iter_value(at), is_change,
				   wish, ret_sentence);
		if (verdict != HW_SHARE_WISH_GOOD) {
			return verdict;
		}
	}
	uint32_t both = HW_SHARE_WISH_EXPIRES_IN | HW_SHARE_WISH_EXPIRES_AT;
	if ((wish->given & both) == both) {
		sentence_write(ret_sentence, "expires_at", "It cannot be given with expires_in.");
		return HW_SHARE_WISH_BAD_VALUE;
	}
	return HW_SHARE_WISH_GOOD;
}

static enum hw_share_wish_verdict field_read(const char *name, const json_t *value, bool is_change,
					     struct hw_share_wish *wish, char *ret_sentence)
{
	for (uint32_t i = 0; i < hw_count_of(g_fields); i++) {
		const struct field *field = &g_fields[i];
		if (strcmp(field->name, name) != 0) {
			continue;
		}
		if (is_change && field->is_fixed) {
			sentence_write(ret_sentence, name,
				       "It can only be said when the share is created.");
			return HW_SHARE_WISH_FIXED;
		}
		const char *sentence = field->read(value, wish);
		if (sentence != NULL) {
			sentence_write(ret_sentence, name, sentence);
			return HW_SHARE_WISH_BAD_VALUE;
		}
		wish->given |= field->bit;
		return HW_SHARE_WISH_GOOD;
	}
	sentence_write(ret_sentence, name, "There is no such field.");
	return HW_SHARE_WISH_UNKNOWN;
}

static struct hw_span text_of(const json_t *value)
{
	hw_assert(json_string_length(value) <= HW_SHARE_WISH_SIZE_MAX);
	return (struct hw_span){json_string_value(value), (uint32_t)json_string_length(value)};
}

/* Copies a text; size 0 for null. False: neither text nor null, or none of min to max bytes. */
static bool text_read(const json_t *value, uint32_t min, uint32_t max, char *ret_text,
		      uint16_t *ret_size)
{
	if (json_is_null(value)) {
		*ret_size = 0;
		return true;
	}
	if (!json_is_string(value) || text_of(value).size < min || text_of(value).size > max) {
		return false;
	}
	struct hw_span text = text_of(value);
	if (text.size > 0) {
		memcpy(ret_text, text.bytes, text.size);
	}
	*ret_size = (uint16_t)text.size;
	return true;
}

static const char *expires_in_read(const json_t *value, struct hw_share_wish *wish)
{
	static const char wrong[] = "It must be " HW_DURATION_HINT ".";
	if (json_is_null(value)) {
		wish->expires_in_ms = HW_DURATION_NEVER;
		return NULL;
	}
	if (json_is_integer(value)) {
		json_int_t seconds = json_integer_value(value);
		bool is_good = seconds > 0 && (uint64_t)seconds <= HW_DURATION_MAX_MS / 1000;
		wish->expires_in_ms = is_good ? (uint64_t)seconds * 1000 : 0;
		return is_good ? NULL : wrong;
	}
	bool is_good = json_is_string(value) &&
		       hw_duration_parse(text_of(value), &wish->expires_in_ms) == 0;
	return is_good ? NULL : wrong;
}

static const char *expires_at_read(const json_t *value, struct hw_share_wish *wish)
{
	if (json_is_null(value)) {
		wish->expires_at_ms = HW_DURATION_NEVER;
		return NULL;
	}
	bool is_good = json_is_string(value) &&
		       hw_rfc3339_parse(text_of(value), &wish->expires_at_ms) == 0;
	return is_good ? NULL : "It must be a moment such as 2026-11-25T17:38:00Z, or null.";
}

static const char *downloads_read(const json_t *value, struct hw_share_wish *wish)
{
	json_int_t count = json_integer_value(value); /* 0 for what is none */
	bool is_good = json_is_null(value) || (count > 0 && count <= (json_int_t)UINT32_MAX);
	wish->downloads_max = is_good ? (uint32_t)count : 0;
	return is_good ? NULL : "It must be a whole number from 1 on, or null for no limit.";
}

static const char *password_read(const json_t *value, struct hw_share_wish *wish)
{
	return text_read(value, 1, HW_PASSWORD_SIZE_MAX, wish->password, &wish->password_size)
		       ? NULL
		       : "It must be a text of 1 to 256 bytes, or null for none.";
}

/* Lines and tabs are for people; other control characters are for terminals. */
static bool is_readable(struct hw_span text)
{
	while (text.size > 0) {
		uint32_t code = 0;
		int size = hw_utf8_next(text, &code);
		bool is_control = (code < 0x20 && code != '\n' && code != '\r' && code != '\t') ||
				  (code >= 0x7f && code < 0xa0);
		if (size < 0 || is_control) {
			return false;
		}
		text = hw_span_skip(text, (uint32_t)size);
	}
	return true;
}

bool hw_share_wish_message_is_good(struct hw_span text)
{
	return text.size <= HW_MESSAGE_SIZE_MAX && is_readable(text);
}

static const char *message_read(const json_t *value, struct hw_share_wish *wish)
{
	bool is_good =
		text_read(value, 0, HW_MESSAGE_SIZE_MAX, wish->message, &wish->message_size) &&
		is_readable((struct hw_span){wish->message, wish->message_size});
	return is_good ? NULL : "It must be a text of up to 1000 bytes without control characters.";
}

static const char *link_name_read(const json_t *value, struct hw_share_wish *wish)
{
	uint16_t size = 0;
	if (json_is_string(value)) {
		enum hw_link_name_verdict verdict = hw_link_name_judge(text_of(value));
		if (verdict != HW_LINK_NAME_GOOD) {
			return hw_link_name_reason(verdict);
		}
	}
	if (!text_read(value, 0, HW_LINK_NAME_SIZE_MAX, wish->link_name, &size)) {
		return "It must be a text, or null for none.";
	}
	wish->link_name_size = (uint8_t)size;
	return NULL;
}

static const char *mode_read(const json_t *value, struct hw_share_wish *wish)
{
	for (uint8_t mode = 0; json_is_string(value) && mode < HW_SHARE_JSON_MODE_COUNT; mode++) {
		if (hw_span_equal(text_of(value), hw_span_of(hw_share_json_mode_name(mode)))) {
			wish->mode = mode;
			return NULL;
		}
	}
	return "It must be stored, live or spill.";
}

/* The first bytes of a name that a client made up, cut between characters, nothing unprintable. */
static void name_show(const char *name, char *ret_shown)
{
	struct hw_span rest = hw_span_of(name);
	uint32_t at = 0;
	while (rest.size > 0) {
		uint32_t code = 0;
		int size = hw_utf8_next(rest, &code);
		hw_assert(size > 0); /* jansson has looked */
		if (at + (uint32_t)size > HW_SHOWN_SIZE_MAX) {
			break;
		}
		memcpy(ret_shown + at, rest.bytes, (uint32_t)size);
		if (code < 0x20 || code == 0x7f) {
			ret_shown[at] = '?';
		}
		at += (uint32_t)size;
		rest = hw_span_skip(rest, (uint32_t)size);
	}
	ret_shown[at] = '\0';
}

static void sentence_write(char *ret_sentence, const char *field, const char *sentence)
{
	char shown[HW_SHOWN_SIZE_MAX + 1] = "";
	if (field != NULL) {
		name_show(field, shown);
	}
	int size = snprintf(ret_sentence, HW_SHARE_WISH_SENTENCE_MAX, "%s%s%s", shown,
			    field == NULL ? "" : ": ", sentence);
	hw_assert(size > 0 && (uint32_t)size < HW_SHARE_WISH_SENTENCE_MAX);
}

uint32_t hw_share_wish_status(enum hw_share_wish_verdict verdict)
{
	static const uint16_t statuses[HW_SHARE_WISH_VERDICT_COUNT] = {
		[HW_SHARE_WISH_GOOD] = 0,        [HW_SHARE_WISH_TOO_LARGE] = 413,
		[HW_SHARE_WISH_NOT_JSON] = 400,  [HW_SHARE_WISH_UNKNOWN] = 422,
		[HW_SHARE_WISH_BAD_VALUE] = 422, [HW_SHARE_WISH_FIXED] = 422,
		[HW_SHARE_WISH_NO_MEMORY] = 503,
	};
	hw_assert(verdict < HW_SHARE_WISH_VERDICT_COUNT);
	return statuses[verdict];
}
