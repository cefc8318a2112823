/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a host that is copied into a link is a plain name or address and perhaps a port.
 *
 * Method: tables of what is seen and of what could do harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/wire/http_host.h"

static void hosts_test(void **state)
{
	(void)state;
	static const char *const good[] = {"a",           "files.example",    "files.example:8080",
					   "10.0.0.1",    "10.0.0.1:0",       "[::1]",
					   "[::1]:65535", "[2001:db8::1]:80", "a_b~c-d.e"};
	static const char *const bad[] = {
		"",       ":80", "a:",      "a:65536", "a:000080", "a:8a",    "a:-1",   "a b",
		"a/b",    "a?b", "a@b",     "a\"b",    "<a>",      "[]",      "[:]",    "[::1",
		"[::1]x", "::1", "[::1%1]", "[a/b]",   "a,b",      "a:80:80", "[::1]:", "\xc3\xa4"};
	for (uint32_t i = 0; i < hw_count_of(good); i++) {
		assert_true(hw_http_host_is_plain(hw_span_of(good[i])));
	}
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_false(hw_http_host_is_plain(hw_span_of(bad[i])));
	}
	assert_false(hw_http_host_is_plain((struct hw_span){NULL, 0}));
}

static void ports_test(void **state)
{
	(void)state;
	assert_true(hw_http_port_is_plain(HW_SPAN("0")));
	assert_true(hw_http_port_is_plain(HW_SPAN("65535")));
	assert_true(hw_http_port_is_plain(HW_SPAN("00080")));
	assert_false(hw_http_port_is_plain(HW_SPAN("65536")));
	assert_false(hw_http_port_is_plain(HW_SPAN("000080")));
	assert_false(hw_http_port_is_plain(HW_SPAN("")));
	assert_false(hw_http_port_is_plain(HW_SPAN("_x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_test),
		cmocka_unit_test(ports_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
