/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: lists of listeners are taken or refused with a reason, print what is taken again, and are
 * ready for bind(2). Method: a table of good and bad texts; the longest list there may be; the
 * fields of single addresses.
 */
#include "core/base/config_listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

/* @printed: NULL where it must be refused. */
struct example {
	const char *text;
	const char *printed;
};

static const struct example g_examples[] = {
	{"127.0.0.1:5000", "127.0.0.1:5000"},
	{"localhost:0", "127.0.0.1:0"},
	{"127.0.0.1:5000, [::1]:5000", "127.0.0.1:5000, [::1]:5000"},
	{"[0:0::0]:65535", "[::]:65535"},
	{"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1"},
	{"[::]:443 congestion=bbr", "[::]:443 congestion=bbr"},
	{"127.0.0.1:1 \t congestion=reno , [::1]:2,127.0.0.1:3 congestion=a-b_c.4",
	 "127.0.0.1:1 congestion=reno, [::1]:2, 127.0.0.1:3 congestion=a-b_c.4"},
	{"127.0.0.1:1 congestion=123456789012345", "127.0.0.1:1 congestion=123456789012345"},
	{"127.0.0.1:1 congestion=1234567890123456", NULL},
	{"127.0.0.1:1 congestion=", NULL},
	{"127.0.0.1:1 congestion", NULL},
	{"127.0.0.1:1 congestion= bbr", NULL},
	{"127.0.0.1:1 Congestion=bbr", NULL},
	{"127.0.0.1:1 congestion=bbr reno", NULL},
	{"127.0.0.1:1 congestion=b/r", NULL},
	{"127.0.0.1:1 congestion=bbr;", NULL},
	{"127.0.0.1:1,congestion=bbr", NULL},
	{"congestion=bbr 127.0.0.1:1", NULL},
	{"congestion=bbr", NULL},
	{"127.0.0.1:1 127.0.0.1:2", NULL},
	{"127.0.0.1:1 bbr", NULL},
	{"127.0.0.1:1congestion=bbr", NULL},
	{"127.0.0.1:1 congestion=bbr,127.0.0.1:1 congestion=reno", NULL},
	{"127.0.0.1", NULL},
	{"127.0.0.1:", NULL},
	{":5000", NULL},
	{"5000", NULL},
	{"127.0.0.1:65536", NULL},
	{"127.0.0.1:80x", NULL},
	{"127.0.0.256:80", NULL},
	{"127.1:80", NULL},
	{"[127.0.0.1]:80", NULL},
	{"::1:5000", NULL},
	{"[::1]", NULL},
	{"[::1]5000", NULL},
	{"[]:80", NULL},
	{"[:80", NULL},
	{"example.org:80", NULL},
	{"127.0.0.1:1,", NULL},
	{"127.0.0.1:1,127.0.0.1:1", NULL},
	{"127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,127.0.0.1:4,127.0.0.1:5,127.0.0.1:6,"
	 "127.0.0.1:7,127.0.0.1:8,127.0.0.1:9",
	 NULL},
};

/* What is printed parses again to the same. */
static void example_check(const struct example *example)
{
	struct hw_config_listen listen;
	struct hw_config_listen again;
	char printed[HW_CONFIG_TEXT_SIZE_MAX];
	memset(&listen, 0x5a, sizeof(listen));
	memset(&again, 0x5a, sizeof(again));
	const char *reason = hw_config_listen_parse(example->text, false, &listen);
	if ((reason == NULL) != (example->printed != NULL)) {
		fail_msg("\"%s\": %s", example->text, reason != NULL ? reason : "was accepted");
	}
	if (reason != NULL) {
		assert_memory_equal(&listen, &again, sizeof(listen)); /* untouched */
		return;
	}
	hw_config_listen_print(&listen, printed);
	assert_string_equal(printed, example->printed);
	assert_null(hw_config_listen_parse(printed, false, &again));
	hw_config_listen_print(&again, printed);
	assert_string_equal(printed, example->printed);
}

static void test_examples(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_examples); i++) {
		example_check(&g_examples[i]);
	}
}

static void test_none(void **state)
{
	(void)state;
	struct hw_config_listen listen;
	char printed[HW_CONFIG_TEXT_SIZE_MAX];
	assert_string_equal(hw_config_listen_parse("", false, &listen), "is empty");
	assert_null(hw_config_listen_parse("", true, &listen));
	assert_int_equal(listen.count, 0);
	hw_config_listen_print(&listen, printed);
	assert_string_equal(printed, "");
}

static bool is_loopback(const char *text)
{
	struct hw_config_listen listen;
	assert_null(hw_config_listen_parse(text, false, &listen));
	assert_int_equal(listen.count, 1);
	return listen.addresses[0].is_loopback;
}

/* Who may upload hangs on this. */
static void test_loopback(void **state)
{
	(void)state;
	assert_true(is_loopback("127.0.0.1:1"));
	assert_true(is_loopback("127.255.0.9:1"));
	assert_true(is_loopback("localhost:1"));
	assert_true(is_loopback("[::1]:1"));
	assert_true(is_loopback("[::ffff:127.0.0.1]:1"));
	assert_false(is_loopback("0.0.0.0:1"));
	assert_false(is_loopback("[::]:1"));
	assert_false(is_loopback("128.0.0.1:1"));
	assert_false(is_loopback("[::ffff:10.0.0.127]:1"));
	assert_false(is_loopback("[::127.0.0.1]:1"));
	assert_false(is_loopback("[fe80::1]:1"));
}

/* As many as there may be, as long as they may be: what would not fit when printed is refused. */
static void test_listeners_that_are_long(void **state)
{
	(void)state;
	struct hw_config_listen listen;
	char printed[HW_CONFIG_TEXT_SIZE_MAX];
	for (uint32_t name_size = 1; name_size < HW_CONFIG_CONGESTION_SIZE; name_size++) {
		char text[1024] = "";
		uint32_t size = 0;
		for (uint32_t i = 0; i < HW_CONFIG_LISTEN_COUNT_MAX; i++) {
			size += (uint32_t)snprintf(text + size, sizeof(text) - size,
						   "%s[ffff:ffff:ffff::ffff:ffff:ffff:%u]:65535 "
						   "congestion=%.*s",
						   i > 0 ? "," : "", 1000 + i, (int)name_size,
						   "aaaaaaaaaaaaaaa");
		}
		const char *reason = hw_config_listen_parse(text, false, &listen);
		assert_true(reason == NULL || strcmp(reason, "is too long") == 0);
		bool fits = size + HW_CONFIG_LISTEN_COUNT_MAX * 2 < HW_CONFIG_TEXT_SIZE_MAX;
		assert_true(reason == NULL || !fits);
		if (reason == NULL) {
			hw_config_listen_print(&listen, printed);
			assert_null(hw_config_listen_parse(printed, false, &listen));
		}
	}
}

static void test_address_is_ready_for_bind(void **state)
{
	(void)state;
	struct hw_config_listen listen;
	assert_null(hw_config_listen_parse("127.0.0.1:5000,[::1]:80", false, &listen));
	const struct sockaddr_in *v4 = (const void *)&listen.addresses[0].socket;
	const struct sockaddr_in6 *v6 = (const void *)&listen.addresses[1].socket;
	assert_int_equal(listen.addresses[0].socket_size, sizeof(*v4));
	assert_int_equal(v4->sin_family, AF_INET);
	assert_int_equal(v4->sin_port, htons(5000));
	assert_int_equal(v4->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(listen.addresses[1].socket_size, sizeof(*v6));
	assert_int_equal(v6->sin6_family, AF_INET6);
	assert_int_equal(v6->sin6_port, htons(80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_listeners_that_are_long),
		cmocka_unit_test(test_address_is_ready_for_bind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
