/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what is printed is read again; what is wrong is named with its line; a token has the
 * kind it was given.
 *
 * Method: tables of texts; each token asked for among many, and its neighbours' hashes.
 */
#include "core/gate/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct hw_tokens g_tokens;

static void test_there_and_back(void **state)
{
	(void)state;
	static char text[HW_TOKENS_SIZE_MAX];
	uint32_t size = 0;
	for (uint32_t i = 0; i < HW_TOKEN_COUNT_MAX; i++) {
		struct hw_token token = {
			.kind = i % 3 == 0 ? HW_TOKEN_OPERATOR : HW_TOKEN_UPLOAD,
			.created_s = 1764000000 + i,
		};
		hw_sha256(&i, sizeof(i), &token.hash);
		token.name_size = (uint32_t)snprintf(token.name, sizeof(token.name), "t-%u", i);
		size += hw_token_print(&token, text + size);
	}
	uint32_t line = 0;
	assert_null(hw_tokens_parse((struct hw_span){text, size}, &g_tokens, &line));
	assert_int_equal(g_tokens.count, HW_TOKEN_COUNT_MAX);
	assert_int_equal(hw_tokens_count(&g_tokens, HW_TOKEN_OPERATOR), 86);
	assert_int_equal(hw_tokens_count(&g_tokens, HW_TOKEN_UPLOAD), 170);
	for (uint32_t i = 0; i < HW_TOKEN_COUNT_MAX; i++) {
		struct hw_hash hash;
		hw_sha256(&i, sizeof(i), &hash);
		const struct hw_token *token = hw_tokens_find(&g_tokens, &hash);
		assert_ptr_equal(token, &g_tokens.tokens[i]);
		assert_int_equal(token->kind, i % 3 == 0 ? HW_TOKEN_OPERATOR : HW_TOKEN_UPLOAD);
		assert_int_equal(token->created_s, 1764000000 + i);
		hash.bytes[i % 32] ^= 1;
		assert_null(hw_tokens_find(&g_tokens, &hash));
	}
	size += (uint32_t)snprintf(text + size, 100, "upload more " HASH " 1");
	assert_string_equal(hw_tokens_parse((struct hw_span){text, size}, &g_tokens, &line),
			    "there are more tokens than 256");
	assert_int_equal(line, 257);
}

static void test_good(void **state)
{
	(void)state;
	uint32_t line = 0;
	assert_null(hw_tokens_parse(HW_SPAN(""), &g_tokens, &line));
	assert_int_equal(g_tokens.count, 0);
	assert_null(hw_tokens_parse(HW_SPAN("# a comment\n\n \t\r\n  operator\ta.b-c_D  " HASH
					    " 0 \r\nupload x " HASH " 5"),
				    &g_tokens, &line));
	assert_int_equal(g_tokens.count, 2);
	assert_non_null(hw_tokens_find_name(&g_tokens, HW_SPAN("a.b-c_D")));
	assert_int_equal(g_tokens.tokens[0].hash.bytes[0], 0x01);
	assert_int_equal(g_tokens.tokens[0].hash.bytes[31], 0xef);
	assert_int_equal(g_tokens.tokens[1].created_s, 5);
}

static void test_bad(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *reason;
		uint32_t line;
	} cases[] = {
		{"admin x " HASH " 1\n", "the kind is neither operator nor upload", 1},
		{"\n# x\nOperator x " HASH " 1\n", "the kind is neither operator nor upload", 3},
		{"upload a/b " HASH " 1\n", "the name is not 1 to 32 letters, digits, - _ .", 1},
		{"upload abcdefghijklmnopqrstuvwxyz0123456 " HASH " 1\n",
		 "the name is not 1 to 32 letters, digits, - _ .", 1},
		{"upload\n", "the name is not 1 to 32 letters, digits, - _ .", 1},
		{"upload x 0123\n", "the hash is not 64 hexadecimal digits", 1},
		{"upload x " HASH "0 1\n", "the hash is not 64 hexadecimal digits", 1},
		{"upload x 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef 1\n",
		 "the hash is not 64 hexadecimal digits", 1},
		{"upload x " HASH "\n", "the time of creation is not a number of seconds", 1},
		{"upload x " HASH " -1\n", "the time of creation is not a number of seconds", 1},
		{"upload x " HASH " 1234567890123\n",
		 "the time of creation is not a number of seconds", 1},
		{"upload x " HASH " 1 y\n", "the line goes on after the time of creation", 1},
		{"upload x " HASH " 1\nupload x " HASH " 1\n", "this name is there already", 2},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		uint32_t line = 0;
		const char *reason = hw_tokens_parse(hw_span_of(cases[i].text), &g_tokens, &line);
		assert_non_null(reason);
		assert_string_equal(reason, cases[i].reason);
		assert_int_equal(line, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
