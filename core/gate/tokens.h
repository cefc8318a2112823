/* SPDX-License-Identifier: Apache-2.0
 *
 * tokens.h - whom the operator gave a token, and what it is good for
 *
 * Room: core/gate    Thread: any (values)    Blocks: never    Allocates: never
 * Limits: HW_TOKEN_COUNT_MAX, HW_TOKEN_NAME_SIZE_MAX
 *
 * The text is <data_dir>/tokens, one line each: kind name sha256-of-the-token created. Only hashes
 * are kept: who reads the file cannot use it. Empty lines and lines that begin with # are skipped.
 */
#ifndef HW_CORE_GATE_TOKENS_H
#define HW_CORE_GATE_TOKENS_H

#include "core/base/limits.h"
#include "core/base/span.h"
#include "simd/sha256.h"

#define HW_TOKEN_COUNT_MAX     256U   /* each is compared at each question */
#define HW_TOKEN_NAME_SIZE_MAX 32U    /* bytes: letters, digits, - _ . */
#define HW_TOKEN_LINE_SIZE     160U   /* bytes of one line as we print it, with \n and NUL */
#define HW_TOKENS_SIZE_MAX     65536U /* bytes of the whole text */

enum hw_token_kind {
	HW_TOKEN_NONE = 0,
	HW_TOKEN_UPLOAD,   /* may upload where upload = token */
	HW_TOKEN_OPERATOR, /* may upload anywhere, look at everything and end it */
	HW_TOKEN_KIND_COUNT,
};

struct hw_token {
	enum hw_token_kind kind;
	uint32_t name_size;
	char name[HW_TOKEN_NAME_SIZE_MAX];
	struct hw_hash hash; /* SHA-256 of the token's HW_TOKEN_SIZE bytes */
	uint64_t created_s;  /* since 1970 */
};

struct hw_tokens {
	struct hw_token tokens[HW_TOKEN_COUNT_MAX];
	uint32_t count;
};

/* "operator", "upload"; NONE for any other word. */
enum hw_token_kind hw_token_kind_of(struct hw_span word);
bool hw_token_name_is_good(struct hw_span name);

/* Read the whole text. @ret_tokens: of no meaning after a failure; @ret_line: from 1, on failure.
 * Returns NULL, or what is wrong: a literal that ends the sentence "tokens:3: ...". */
const char *hw_tokens_parse(struct hw_span text, struct hw_tokens *ret_tokens,
			    uint32_t *ret_line) HW_MUST_CHECK;
/* The line, with its \n. @ret_text: HW_TOKEN_LINE_SIZE bytes. Returns its size. */
uint32_t hw_token_print(const struct hw_token *token, char *ret_text);

/* Whose token hashes to this, or NULL. How long it takes says nothing but how many there are. */
const struct hw_token *hw_tokens_find(const struct hw_tokens *tokens, const struct hw_hash *hash);
const struct hw_token *hw_tokens_find_name(const struct hw_tokens *tokens, struct hw_span name);
uint32_t hw_tokens_count(const struct hw_tokens *tokens, enum hw_token_kind kind);

#endif
