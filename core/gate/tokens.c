/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_tokens_parse -> line_parse -> word_take, hash_parse, number_parse
 */
#include "core/gate/tokens.h"

#include <inttypes.h>
#include <stdio.h>

static const char *line_parse(struct hw_span line, struct hw_token *ret_token);
static struct hw_span word_take(struct hw_span *rest);
static bool hash_parse(struct hw_span word, struct hw_hash *ret_hash);
static bool number_parse(struct hw_span word, uint64_t *ret_number);

static const char *const g_kinds[HW_TOKEN_KIND_COUNT] = {
	[HW_TOKEN_NONE] = "",
	[HW_TOKEN_UPLOAD] = "upload",
	[HW_TOKEN_OPERATOR] = "operator",
};

enum hw_token_kind hw_token_kind_of(struct hw_span word)
{
	for (uint32_t kind = HW_TOKEN_NONE + 1; kind < HW_TOKEN_KIND_COUNT; kind++) {
		if (hw_span_equal(word, hw_span_of(g_kinds[kind]))) {
			return (enum hw_token_kind)kind;
		}
	}
	return HW_TOKEN_NONE;
}

bool hw_token_name_is_good(struct hw_span name)
{
	for (uint32_t i = 0; i < name.size; i++) {
		char c = name.bytes[i];
		bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
		if (!is_good) {
			return false;
		}
	}
	return name.size > 0 && name.size <= HW_TOKEN_NAME_SIZE_MAX;
}

const char *hw_tokens_parse(struct hw_span text, struct hw_tokens *ret_tokens, uint32_t *ret_line)
{
	ret_tokens->count = 0;
	for (uint32_t number = 1; text.size > 0; number++) {
		const char *end = memchr(text.bytes, '\n', text.size);
		uint32_t size = end != NULL ? (uint32_t)(end - text.bytes) : text.size;
		struct hw_span line = {text.bytes, size};
		text = hw_span_skip(text, end != NULL ? size + 1 : size);
		*ret_line = number;
		struct hw_span rest = line;
		struct hw_span first = word_take(&rest);
		if (first.size == 0 || first.bytes[0] == '#') {
			continue;
		}
		struct hw_token token;
		const char *reason = line_parse(line, &token);
		if (reason != NULL) {
			return reason;
		}
		struct hw_span name = {token.name, token.name_size};
		if (hw_tokens_find_name(ret_tokens, name) != NULL) {
			return "this name is there already";
		}
		if (ret_tokens->count == HW_TOKEN_COUNT_MAX) {
			return "there are more tokens than 256";
		}
		ret_tokens->tokens[ret_tokens->count++] = token;
	}
	return NULL;
}

static const char *line_parse(struct hw_span line, struct hw_token *ret_token)
{
	struct hw_span kind = word_take(&line);
	struct hw_span name = word_take(&line);
	struct hw_span hash = word_take(&line);
	struct hw_span created = word_take(&line);
	*ret_token = (struct hw_token){.kind = hw_token_kind_of(kind)};
	if (ret_token->kind == HW_TOKEN_NONE) {
		return "the kind is neither operator nor upload";
	}
	if (!hw_token_name_is_good(name)) {
		return "the name is not 1 to 32 letters, digits, - _ .";
	}
	if (!hash_parse(hash, &ret_token->hash)) {
		return "the hash is not 64 hexadecimal digits";
	}
	if (!number_parse(created, &ret_token->created_s)) {
		return "the time of creation is not a number of seconds";
	}
	if (word_take(&line).size > 0) {
		return "the line goes on after the time of creation";
	}
	memcpy(ret_token->name, name.bytes, name.size);
	ret_token->name_size = name.size;
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct hw_span word_take(struct hw_span *rest)
{
	while (rest->size > 0 && is_blank(rest->bytes[0])) {
		*rest = hw_span_skip(*rest, 1);
	}
	struct hw_span word = {rest->bytes, 0};
	while (word.size < rest->size && !is_blank(rest->bytes[word.size])) {
		word.size++;
	}
	*rest = hw_span_skip(*rest, word.size);
	return word;
}

static bool hash_parse(struct hw_span word, struct hw_hash *ret_hash)
{
	if (word.size != 2 * HW_HASH_SIZE) {
		return false;
	}
	memset(ret_hash, 0, sizeof(*ret_hash));
	for (uint32_t i = 0; i < word.size; i++) {
		char c = word.bytes[i];
		uint8_t digit = 0;
		if (c >= '0' && c <= '9') {
			digit = (uint8_t)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			digit = (uint8_t)(c - 'a' + 10);
		} else {
			return false;
		}
		ret_hash->bytes[i / 2] |= (uint8_t)(i % 2 == 0 ? digit << 4 : digit);
	}
	return true;
}

static bool number_parse(struct hw_span word, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (word.size == 0 || word.size > 12) {
		return false;
	}
	for (uint32_t i = 0; i < word.size; i++) {
		if (word.bytes[i] < '0' || word.bytes[i] > '9') {
			return false;
		}
		number = number * 10 + (uint64_t)(word.bytes[i] - '0');
	}
	*ret_number = number;
	return true;
}

uint32_t hw_token_print(const struct hw_token *token, char *ret_text)
{
	char hash[2 * HW_HASH_SIZE + 1];
	for (uint32_t i = 0; i < HW_HASH_SIZE; i++) {
		(void)snprintf(hash + 2 * (uint64_t)i, 3, "%02x", token->hash.bytes[i]); /* fits */
	}
	int r = snprintf(ret_text, HW_TOKEN_LINE_SIZE, "%s %.*s %s %" PRIu64 "\n",
			 g_kinds[token->kind], (int)token->name_size, token->name, hash,
			 token->created_s);
	hw_assert(r > 0 && (uint32_t)r < HW_TOKEN_LINE_SIZE);
	return (uint32_t)r;
}

/* All are looked at, whichever matches. */
const struct hw_token *hw_tokens_find(const struct hw_tokens *tokens, const struct hw_hash *hash)
{
	const struct hw_token *found = NULL;
	for (uint32_t i = 0; i < tokens->count; i++) {
		bool is_same = hw_hash_equal(&tokens->tokens[i].hash, hash);
		found = is_same ? &tokens->tokens[i] : found;
	}
	return found;
}

const struct hw_token *hw_tokens_find_name(const struct hw_tokens *tokens, struct hw_span name)
{
	for (uint32_t i = 0; i < tokens->count; i++) {
		const struct hw_token *token = &tokens->tokens[i];
		if (hw_span_equal((struct hw_span){token->name, token->name_size}, name)) {
			return token;
		}
	}
	return NULL;
}

uint32_t hw_tokens_count(const struct hw_tokens *tokens, enum hw_token_kind kind)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < tokens->count; i++) {
		count += tokens->tokens[i].kind == kind;
	}
	return count;
}
