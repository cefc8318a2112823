/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: one client is one address, however it is written; a network has exactly its members.
 *
 * Method: tables of good and bad texts; each network with an address just inside and just outside.
 */
#include "core/base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static struct hw_address parsed(const char *text)
{
	struct hw_address address;
	assert_int_equal(hw_address_parse(hw_span_of(text), &address), 0);
	return address;
}

static void test_texts(void **state)
{
	(void)state;
	static const char *const texts[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"::", "::"},
	};
	for (uint32_t i = 0; i < hw_count_of(texts); i++) {
		char text[HW_ADDRESS_TEXT_SIZE];
		struct hw_address address = parsed(texts[i][0]);
		hw_address_print(&address, text);
		assert_string_equal(text, texts[i][1]);
	}
	static const char *const bad[] = {"",
					  "1.2.3",
					  "1.2.3.4.5",
					  "1.2.3.256",
					  " 1.2.3.4",
					  "[::1]",
					  "fe80::1%eth0",
					  "01.2.3.4",
					  "a.example",
					  "1.2.3.4:80",
					  "::1::",
					  "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000"};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		struct hw_address address = {.size = 7};
		assert_int_equal(hw_address_parse(hw_span_of(bad[i]), &address), -EINVAL);
		assert_int_equal(address.size, 7);
	}
	struct hw_address address;
	assert_int_equal(hw_address_parse(HW_SPAN("1.2.3.4\0"), &address), -EINVAL);
}

static void test_unknown(void **state)
{
	(void)state;
	char text[HW_ADDRESS_TEXT_SIZE];
	struct hw_address none = hw_address_of((const uint8_t *)"abcdefgh", 8);
	assert_int_equal(none.size, 0);
	hw_address_print(&none, text);
	assert_string_equal(text, "-");
	struct hw_networks all = {.count = 1};
	assert_int_equal(hw_network_parse(HW_SPAN("0.0.0.0/0"), &all.networks[0]), 0);
	assert_false(hw_networks_have(&all, &none));
}

/* What is counted as one client. */
static void test_client(void **state)
{
	(void)state;
	struct hw_address a = parsed("2001:db8:1:2:3:4:5:6");
	struct hw_address b = parsed("2001:db8:1:2:ffff::1");
	struct hw_address c = parsed("2001:db8:1:3:3:4:5:6");
	struct hw_address ca = hw_address_client(&a);
	struct hw_address cb = hw_address_client(&b);
	struct hw_address cc = hw_address_client(&c);
	assert_true(hw_address_equal(&ca, &cb));
	assert_false(hw_address_equal(&ca, &cc));
	struct hw_address v4 = parsed("192.0.2.1");
	struct hw_address other = parsed("192.0.2.2");
	struct hw_address cv4 = hw_address_client(&v4);
	struct hw_address cother = hw_address_client(&other);
	assert_true(hw_address_equal(&cv4, &v4));
	assert_false(hw_address_equal(&cv4, &cother));
}

static void test_networks(void **state)
{
	(void)state;
	static const struct {
		const char *network;
		const char *inside;
		const char *outside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
		{"192.0.2.7", "192.0.2.7", "192.0.2.6"},
		{"192.0.2.6/31", "192.0.2.7", "192.0.2.8"},
		{"0.0.0.0/0", "255.1.2.3", "::1"},
		{"::/0", "ffff::", "1.2.3.4"},
		{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
		{"::1", "::1", "::2"},
	};
	for (uint32_t i = 0; i < hw_count_of(cases); i++) {
		struct hw_networks networks = {.count = 1};
		struct hw_address inside = parsed(cases[i].inside);
		struct hw_address outside = parsed(cases[i].outside);
		char text[HW_NETWORK_TEXT_SIZE];
		assert_int_equal(
			hw_network_parse(hw_span_of(cases[i].network), &networks.networks[0]), 0);
		assert_true(hw_networks_have(&networks, &inside));
		assert_false(hw_networks_have(&networks, &outside));
		hw_network_print(&networks.networks[0], text);
		assert_string_equal(text, cases[i].network);
	}
	static const char *const bad[] = {
		"",           "/8",           "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.1/8", "10.0.0.0/-1",  "::/129",    "10.0.0.0/008 ",
		"x/8",        "10.0.0.0/8/8", "::1/64",    "10.0.0.0/1000"};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		struct hw_network network;
		assert_int_equal(hw_network_parse(hw_span_of(bad[i]), &network), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
