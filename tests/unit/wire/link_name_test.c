/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a link's own name is plain and is never taken for an id or for a page of the server.
 *
 * Method: tables; every byte at the first and at a later place; ids of random bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/prng.h"
#include "net/wire/base32.h"
#include "net/wire/link_name.h"

static enum hw_link_name_verdict judge(const char *name)
{
	return hw_link_name_judge(hw_span_of(name));
}

static void table_test(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum hw_link_name_verdict verdict;
	} cases[] = {
		{"abc", HW_LINK_NAME_GOOD},
		{"a-b_c", HW_LINK_NAME_GOOD},
		{"2026-report", HW_LINK_NAME_GOOD},
		{"a--", HW_LINK_NAME_GOOD},
		{"abcdefghijklmnopqrstuvwxy", HW_LINK_NAME_GOOD},
		{"abcdefghijklmnopqrstuvwxyza", HW_LINK_NAME_GOOD},
		{"abcdefghijklmnopqrstuvwxy8", HW_LINK_NAME_GOOD},
		{"abcdefghijklmnopqrstuvwxy-", HW_LINK_NAME_GOOD},
		{"abcdefghijklmnopqrstuvwxyz", HW_LINK_NAME_LIKE_ID},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaa", HW_LINK_NAME_LIKE_ID},
		{"77777777777777777777777777", HW_LINK_NAME_LIKE_ID},
		{"0123456789012345678901234567890123456789012345678901234567890123",
		 HW_LINK_NAME_GOOD},
		{"01234567890123456789012345678901234567890123456789012345678901234",
		 HW_LINK_NAME_TOO_LONG},
		{"", HW_LINK_NAME_TOO_SHORT},
		{"ab", HW_LINK_NAME_TOO_SHORT},
		{"-ab", HW_LINK_NAME_CHARACTER},
		{"_ab", HW_LINK_NAME_CHARACTER},
		{"Abc", HW_LINK_NAME_CHARACTER},
		{"abC", HW_LINK_NAME_CHARACTER},
		{"a.b", HW_LINK_NAME_CHARACTER},
		{"a/b", HW_LINK_NAME_CHARACTER},
		{"a b", HW_LINK_NAME_CHARACTER},
		{"a%2d", HW_LINK_NAME_CHARACTER},
		{"\xc3\xa4\xc3\xb6", HW_LINK_NAME_CHARACTER},
		{"api", HW_LINK_NAME_RESERVED},
		{"health", HW_LINK_NAME_RESERVED},
		{"metrics", HW_LINK_NAME_RESERVED},
		{"well-known", HW_LINK_NAME_RESERVED},
		{"apis", HW_LINK_NAME_GOOD},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		assert_int_equal(judge(cases[i].name), cases[i].verdict);
	}
}

static void bytes_test(void **state)
{
	(void)state;
	for (uint32_t byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		char first[] = {c, 'x', 'y', 'z'};
		char later[] = {'x', 'y', 'z', c};
		assert_int_equal(hw_link_name_judge((struct hw_span){first, 4}),
				 is_alnum ? HW_LINK_NAME_GOOD : HW_LINK_NAME_CHARACTER);
		assert_int_equal(hw_link_name_judge((struct hw_span){later, 4}),
				 is_alnum || c == '-' || c == '_' ? HW_LINK_NAME_GOOD
								  : HW_LINK_NAME_CHARACTER);
	}
}

static void ids_test(void **state)
{
	(void)state;
	struct hw_prng prng;
	hw_prng_init(&prng, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t id[2] = {hw_prng_next(&prng), hw_prng_next(&prng)};
		char text[HW_SHARE_ID_TEXT_SIZE];
		hw_base32_encode((const uint8_t *)id, sizeof(id), text);
		assert_int_equal(hw_link_name_judge((struct hw_span){text, sizeof(text)}),
				 HW_LINK_NAME_LIKE_ID);
	}
}

static void reasons_test(void **state)
{
	(void)state;
	assert_null(hw_link_name_reason(HW_LINK_NAME_GOOD));
	for (uint32_t v = HW_LINK_NAME_GOOD + 1; v < HW_LINK_NAME_VERDICT_COUNT; v++) {
		assert_non_null(hw_link_name_reason((enum hw_link_name_verdict)v));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_test),
		cmocka_unit_test(bytes_test),
		cmocka_unit_test(ids_test),
		cmocka_unit_test(reasons_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
