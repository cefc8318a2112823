/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who sends lies in front of a proxy is not believed; who stands behind trusted ones is
 * found.
 *
 * Method: tables of header values, for both headers, with the client that must come of each.
 */
#include "net/wire/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct hw_address address_of(const char *text)
{
	struct hw_address address;
	assert_int_equal(hw_address_parse(hw_span_of(text), &address), 0);
	return address;
}

/* 10/8 and ::1 are ours; the peer is 10.0.0.1. */
static void client_check(const struct hw_forwarded *forwarded, const char *expected)
{
	struct hw_networks trusted = {.count = 2};
	struct hw_address peer = address_of("10.0.0.1");
	char text[HW_ADDRESS_TEXT_SIZE];
	assert_int_equal(hw_network_parse(HW_SPAN("10.0.0.0/8"), &trusted.networks[0]), 0);
	assert_int_equal(hw_network_parse(HW_SPAN("::1"), &trusted.networks[1]), 0);
	struct hw_address client = hw_forwarded_client(forwarded, &trusted, &peer);
	hw_address_print(&client, text);
	assert_string_equal(text, expected);
}

static void test_x_forwarded_for(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "10.0.0.1"},
		{"192.0.2.1", "192.0.2.1"},
		{"6.6.6.6, 192.0.2.1", "192.0.2.1"}, /* the first is what the client made up */
		{"6.6.6.6, 192.0.2.1, 10.2.3.4", "192.0.2.1"},
		{"192.0.2.1,10.0.0.2,::1 ", "192.0.2.1"},
		{"10.9.9.9, 10.0.0.2", "10.9.9.9"}, /* all ours: the farthest */
		{"192.0.2.1, unknown", "10.0.0.1"},
		{"192.0.2.1, unknown, 10.0.0.3", "10.0.0.3"},
		{"192.0.2.1:4711", "192.0.2.1"},
		{"[2001:db8::1]:80", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"2001:db8::1", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:x", "10.0.0.1"},
		{"[2001:db8::1]x", "10.0.0.1"},
		{"[2001:db8::1", "10.0.0.1"},
		{" , ,192.0.2.1, ", "192.0.2.1"},
		{"\"192.0.2.1\"", "192.0.2.1"},
		{"6.6.6.6, \", 192.0.2.1", "192.0.2.1"}, /* quotes hide nothing */
		{"\\", "10.0.0.1"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_forwarded forwarded = {.count = 0};
		hw_forwarded_add_for(&forwarded, hw_span_of(cases[i][0]));
		client_check(&forwarded, cases[i][1]);
	}
}

static void test_forwarded(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "10.0.0.1"},
		{"for=192.0.2.1", "192.0.2.1"},
		{"For=\"[2001:db8::1]:4711\"", "2001:db8::1"},
		{"proto=https;for=192.0.2.1;by=10.0.0.1", "192.0.2.1"},
		{"for=6.6.6.6, for=192.0.2.1; proto=http", "192.0.2.1"},
		{"for=192.0.2.1, for=10.0.0.7", "192.0.2.1"},
		{"for=192.0.2.1, proto=https", "10.0.0.1"}, /* a hop that does not say */
		{"for=192.0.2.1, for=_hidden", "10.0.0.1"},
		{"for=192.0.2.1;for=192.0.2.2", "10.0.0.1"},
		{"for=\"6.6.6.6, for=192.0.2.1\"", "10.0.0.1"}, /* no second element */
		{"by=\"a\\\", for=6.6.6.6\";for=192.0.2.1", "192.0.2.1"},
		/* what a client leaves open must not swallow our proxy's word and be believed */
		{"for=6.6.6.6;by=\", for=192.0.2.1", "10.0.0.1"},
		{"for=6.6.6.6;by=\"\\, for=192.0.2.1", "10.0.0.1"},
		{"for=6.6.6.6;by=\", for=\"[2001:db8::1]\"", "10.0.0.1"},
		{"fort=6.6.6.6;for=192.0.2.1", "192.0.2.1"},
		{"for", "10.0.0.1"},
		{"for=", "10.0.0.1"},
		{"=192.0.2.1", "10.0.0.1"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_forwarded forwarded = {.count = 0};
		hw_forwarded_add(&forwarded, hw_span_of(cases[i][0]));
		client_check(&forwarded, cases[i][1]);
	}
}

/* Two fields are one list; a list longer than we keep loses what is farthest. */
static void test_many(void **state)
{
	(void)state;
	struct hw_forwarded forwarded = {.count = 0};
	hw_forwarded_add_for(&forwarded, HW_SPAN("6.6.6.6"));
	hw_forwarded_add_for(&forwarded, HW_SPAN("192.0.2.1, 10.0.0.2"));
	client_check(&forwarded, "192.0.2.1");
	for (uint32_t i = 0; i < 3 * HW_FORWARDED_COUNT_MAX; i++) {
		hw_forwarded_add_for(&forwarded, HW_SPAN("10.0.0.3"));
		assert_true(forwarded.count <= HW_FORWARDED_COUNT_MAX);
	}
	client_check(&forwarded, "10.0.0.3");
	hw_forwarded_add_for(&forwarded, HW_SPAN("192.0.2.9"));
	client_check(&forwarded, "192.0.2.9");
}

static void test_a_stranger_is_not_asked(void **state)
{
	(void)state;
	struct hw_forwarded forwarded = {.count = 0};
	struct hw_networks none = {.count = 0};
	struct hw_address peer = address_of("192.0.2.5");
	hw_forwarded_add_for(&forwarded, HW_SPAN("6.6.6.6"));
	struct hw_address client = hw_forwarded_client(&forwarded, &none, &peer);
	assert_true(hw_address_equal(&client, &peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x_forwarded_for),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_a_stranger_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
