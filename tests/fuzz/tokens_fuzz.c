/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: any file of tokens is read or refused with a line of it; what was read is read again from
 *       what we print of it.
 *
 * Method: the input as the file; then the print of what it gave.
 */
#include <stdlib.h>

#include "core/gate/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hw_tokens g_tokens;
static struct hw_tokens g_again;

static uint32_t line_count(struct hw_span text)
{
	uint32_t count = 1;
	for (uint32_t i = 0; i < text.size; i++) {
		count += text.bytes[i] == '\n';
	}
	return count;
}

static void good_check(void)
{
	static char text[HW_TOKEN_COUNT_MAX * HW_TOKEN_LINE_SIZE];
	uint32_t size = 0;
	uint32_t line = 0;
	for (uint32_t i = 0; i < g_tokens.count; i++) {
		const struct hw_token *token = &g_tokens.tokens[i];
		hw_assert(token->kind > HW_TOKEN_NONE && token->kind < HW_TOKEN_KIND_COUNT);
		hw_assert(hw_tokens_find(&g_tokens, &token->hash) != NULL);
		size += hw_token_print(token, text + size);
	}
	const char *reason = hw_tokens_parse((struct hw_span){text, size}, &g_again, &line);
	hw_assert(reason == NULL);
	hw_assert(g_again.count == g_tokens.count);
	for (uint32_t i = 0; i < g_tokens.count; i++) {
		const struct hw_token *a = &g_tokens.tokens[i];
		const struct hw_token *b = &g_again.tokens[i];
		hw_assert(a->kind == b->kind && a->created_s == b->created_s);
		hw_assert(hw_hash_equal(&a->hash, &b->hash));
		hw_assert(hw_span_equal((struct hw_span){a->name, a->name_size},
					(struct hw_span){b->name, b->name_size}));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hw_span text = {(const char *)data, (uint32_t)hw_min(size, HW_TOKENS_SIZE_MAX)};
	uint32_t line = 0;
	const char *reason = hw_tokens_parse(text, &g_tokens, &line);
	if (reason != NULL) {
		hw_assert(line > 0 && line <= line_count(text));
		return 0;
	}
	good_check();
	return 0;
}
