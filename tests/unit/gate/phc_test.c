/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a password is known again by what is kept of it, and no other is; no text makes us
 * compute more than ours.
 *
 * Method: the library's own example; ours there and back; texts that are no such text, or dearer.
 */
#include "core/gate/phc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static const uint8_t g_salt[HW_PHC_SALT_SIZE] = "0123456789abcdef";

static void test_there_and_back(void **state)
{
	(void)state;
	char text[HW_PHC_SIZE_MAX];
	int size = hw_phc_make(HW_SPAN("correct horse"), g_salt, text);
	assert_in_range(size, 90, 100);
	struct hw_span phc = {text, (uint32_t)size};
	assert_true(hw_span_starts_with(phc, HW_SPAN("$argon2id$v=19$m=65536,t=3,p=1$")));
	assert_int_equal(hw_phc_check(phc, HW_SPAN("correct horse")), 0);
	assert_int_equal(hw_phc_check(phc, HW_SPAN("correct horsf")), -EACCES);
	assert_int_equal(hw_phc_check(phc, HW_SPAN("correct hors")), -EACCES);
	text[size - 1] = text[size - 1] == 'A' ? 'E' : 'A';
	assert_int_not_equal(hw_phc_check(phc, HW_SPAN("correct horse")), 0);
}

/* From the test of the reference implementation. */
static void test_vector(void **state)
{
	(void)state;
	struct hw_span text = HW_SPAN("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"
				      "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
	assert_int_equal(hw_phc_check(text, HW_SPAN("password")), 0);
	assert_int_equal(hw_phc_check(text, HW_SPAN("passwore")), -EACCES);
}

static void test_bad_texts(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"$argon2id$v=19$",
		"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/"
		"4",
		"$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/"
		"uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
		"$argon2id$v=19$m=256,t=2,p=1$$",
		"$argon2id$v=19$m=256,t=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		/* dearer than ours: memory, passes, lanes */
		"$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/"
		"uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=4,p=1$c29tZXNhbHQ$nf65EOgLrQMR/"
		"uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$nf65EOgLrQMR/"
		"uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=4294967297,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/"
		"uIPnA4rEsF5h7TKyQwu9U1bMA",
	};
	for (uint32_t i = 0; i < hw_count_of(texts); i++) {
		assert_int_equal(hw_phc_check(hw_span_of(texts[i]), HW_SPAN("password")), -EBADMSG);
	}
	char longest[HW_PHC_SIZE_MAX + 1];
	memset(longest, '$', sizeof(longest));
	assert_int_equal(hw_phc_check((struct hw_span){longest, sizeof(longest)}, HW_SPAN("x")),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_bad_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
