/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a network holds exactly the addresses of its prefix; IPv4 and its mapped form are one.
 *
 * Method: tables; every prefix of both families against an address whose bit behind it differs, and
 * one whose last bit before it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "net/wire/cidr.h"

static struct hw_address address(const char *text)
{
	struct hw_address parsed;
	if (hw_address_parse(hw_span_of(text), &parsed) != 0) {
		fail_msg("%s is no address", text);
	}
	return parsed;
}

static bool has(const char *set_text, const char *text)
{
	struct hw_cidr_set set;
	assert_int_equal(hw_cidr_set_parse(hw_span_of(set_text), &set), 0);
	struct hw_address parsed = address(text);
	return hw_cidr_set_has(&set, &parsed);
}

static void address_test(void **state)
{
	(void)state;
	static const char *const same[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::FFFF:c000:0201", "192.0.2.1"},
		{"::1", "::1"},
		{"2001:0DB8:0::0:1", "2001:db8::1"},
		{"::192.0.2.1", "::192.0.2.1"},
		{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"}};
	for (uint32_t i = 0; i < hw_count_of(same); i++) {
		char text[HW_ADDRESS_TEXT_MAX];
		struct hw_address parsed = address(same[i][0]);
		assert_int_equal(hw_address_write(&parsed, text), strlen(same[i][1]));
		assert_string_equal(text, same[i][1]);
	}
	static const char *const bad[] = {
		"",           " ",         "1.2.3",
		"1.2.3.256",  "01.2.3.4",  "1.2.3.4 ",
		"1.2.3.4:80", "0x1.2.3.4", "1.2.3.4.5",
		":",          ":::",       "[::1]",
		"::1%eth0",   "fe80::1%1", "12345::",
		"1::2::3",    "unknown",   "_x",
		"localhost",  "1.2.3.4/8", "0000:0000:0000:0000:0000:ffff:255.255.255.2555"};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		struct hw_address parsed;
		assert_int_equal(hw_address_parse(hw_span_of(bad[i]), &parsed), -EINVAL);
	}
	struct hw_address parsed;
	assert_int_equal(hw_address_parse(HW_SPAN("1.2.3.4\0"), &parsed), -EINVAL);
	parsed = address("10.0.0.1");
	assert_true(hw_address_is_v4(&parsed));
	parsed = address("::10.0.0.1");
	assert_false(hw_address_is_v4(&parsed));
}

static void set_test(void **state)
{
	(void)state;
	static const char set[] =
		" 10.0.0.0/8 , ::1,192.0.2.7,,2001:db8::/33, ::ffff:172.16.0.0/108";
	static const char *const inside[] = {
		"10.0.0.0",  "10.255.255.255",  "::ffff:10.1.2.3", "::1",
		"192.0.2.7", "2001:db8:7fff::", "172.31.1.1"};
	static const char *const outside[] = {
		"9.255.255.255",   "11.0.0.0",   "::2",        "192.0.2.6",
		"2001:db8:8000::", "172.32.0.0", "::10.0.0.1", "::"};
	for (uint32_t i = 0; i < hw_count_of(inside); i++) {
		assert_true(has(set, inside[i]));
	}
	for (uint32_t i = 0; i < hw_count_of(outside); i++) {
		assert_false(has(set, outside[i]));
	}
	assert_false(has("", "::"));
	assert_true(has("0.0.0.0/0", "1.2.3.4"));
	assert_false(has("0.0.0.0/0", "::1"));
	assert_true(has("::/0", "2001:db8::1"));
	assert_false(has("::/0", "1.2.3.4"));
	assert_false(has("::/0", "::ffff:1.2.3.4"));
}

static void prefixes_test(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits <= 128; bits++) {
		char text[HW_ADDRESS_TEXT_MAX + 4];
		struct hw_address network = {{0}};
		for (uint32_t bit = 0; bit < bits; bit++) {
			network.bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
		}
		uint32_t size = hw_address_write(&network, text);
		(void)snprintf(text + size, sizeof(text) - size, "/%u", bits);
		struct hw_cidr_set set;
		assert_int_equal(hw_cidr_set_parse(hw_span_of(text), &set), 0);
		for (uint32_t bit = 0; bit < 128; bit++) {
			struct hw_address other = network;
			other.bytes[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
			assert_int_equal(hw_cidr_set_has(&set, &other), bit >= bits);
		}
	}
}

static void bad_set_test(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"10.0.0.1/8",  "10.0.0.0/33",  "::/129", "10.0.0.0/", "/8",    "10.0.0.0/+8",
		"10.0.0.0 /8", "10.0.0.0/8/8", "a",      "::1 ::2",   "::1/0", "10.0.0.0/-1"};
	struct hw_cidr_set set = {.count = 7};
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(hw_cidr_set_parse(hw_span_of(bad[i]), &set), -EINVAL);
	}
	char text[256] = "::1";
	for (uint32_t i = 1; i < HW_CIDR_COUNT_MAX; i++) {
		memcpy(text + strlen(text), ",::1", 5);
	}
	struct hw_cidr_set full;
	assert_int_equal(hw_cidr_set_parse(hw_span_of(text), &full), 0);
	assert_int_equal(full.count, HW_CIDR_COUNT_MAX);
	memcpy(text + strlen(text), ",::1", 5);
	assert_int_equal(hw_cidr_set_parse(hw_span_of(text), &set), -E2BIG);
	assert_int_equal(set.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_test),
		cmocka_unit_test(set_test),
		cmocka_unit_test(prefixes_test),
		cmocka_unit_test(bad_set_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
