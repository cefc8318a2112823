/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each type takes what it should, refuses the rest with a reason, and prints what it takes
 * again. Method: tables of good and bad texts for each type; for each option of the product its
 * default, its limits and one beyond.
 */
#include "core/base/config_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "core/base/config_table.h"

static const struct hw_config_rule g_count = {HW_CONFIG_TYPE_COUNT, 2, 100, NULL};
static const struct hw_config_rule g_size = {HW_CONFIG_TYPE_SIZE, 0, UINT64_C(1) << 53, NULL};
static const struct hw_config_rule g_time = {HW_CONFIG_TYPE_TIME, 0, 86400000, NULL};
static const struct hw_config_rule g_duration = {HW_CONFIG_TYPE_DURATION, 0, HW_CONFIG_DURATION_MAX,
						 NULL};
static const struct hw_config_rule g_networks = {HW_CONFIG_TYPE_NETWORKS, 0, 10, NULL};
static const struct hw_config_rule g_origins = {HW_CONFIG_TYPE_ORIGINS, 0, 511, NULL};
static const struct hw_config_rule g_bool = {HW_CONFIG_TYPE_BOOL, 0, 1, NULL};
static const struct hw_config_rule g_word = {HW_CONFIG_TYPE_WORD, 0, 15, NULL};
static const struct hw_config_rule g_url = {HW_CONFIG_TYPE_URL, 0, 40, NULL};
static const struct hw_config_rule g_path = {HW_CONFIG_TYPE_PATH, 1, 511, NULL};
static const struct hw_config_rule g_cpus = {HW_CONFIG_TYPE_CPUS, 0, 1024, NULL};
static const struct hw_config_rule g_listen = {HW_CONFIG_TYPE_LISTEN, 1, 8, NULL};
static const struct hw_config_rule g_listen_none = {HW_CONFIG_TYPE_LISTEN, 0, 8, NULL};
static const char *const g_words[] = {"auto", "off", NULL};
static const struct hw_config_rule g_choice = {HW_CONFIG_TYPE_CHOICE, 0, 0, g_words};

/* @printed: NULL where it must be refused. */
struct example {
	const struct hw_config_rule *rule;
	const char *text;
	const char *printed;
};

static const struct example g_numbers[] = {
	{&g_count, "2", "2"},
	{&g_count, "100", "100"},
	{&g_count, "007", "7"},
	{&g_count, "1", NULL},
	{&g_count, "101", NULL},
	{&g_count, "", NULL},
	{&g_count, "-2", NULL},
	{&g_count, "+2", NULL},
	{&g_count, " 2", NULL},
	{&g_count, "2 ", NULL},
	{&g_count, "2k", NULL},
	{&g_count, "0x10", NULL},
	{&g_count, "2.5", NULL},
	{&g_count, "18446744073709551618", NULL},
	{&g_size, "0", "0"},
	{&g_size, "1", "1"},
	{&g_size, "1023", "1023"},
	{&g_size, "1024", "1KiB"},
	{&g_size, "4k", "4KiB"},
	{&g_size, "4K", "4KiB"},
	{&g_size, "4kib", "4KiB"},
	{&g_size, "64MiB", "64MiB"},
	{&g_size, "1g", "1GiB"},
	{&g_size, "1536m", "1536MiB"},
	{&g_size, "3t", "3TiB"},
	{&g_size, "8PiB", "8PiB"},
	{&g_size, "9PiB", NULL},
	{&g_size, "4MB", NULL},
	{&g_size, "4 m", NULL},
	{&g_size, "k", NULL},
	{&g_size, "99999999999999999999", NULL},
	{&g_size, "18014398509481984k", NULL},
	{&g_time, "0", "0"},
	{&g_time, "250ms", "250ms"},
	{&g_time, "1000ms", "1s"},
	{&g_time, "90s", "90s"},
	{&g_time, "120s", "2m"},
	{&g_time, "24h", "1d"},
	{&g_time, "1d", "1d"},
	{&g_time, "25h", NULL},
	{&g_time, "10", NULL},
	{&g_time, "10M", NULL},
	{&g_time, "10d", NULL},
	{&g_time, "1m30s", NULL},
	{&g_duration, "0", "0"},
	{&g_duration, "14d", "2w"},
	{&g_duration, "8d", "8d"},
	{&g_duration, "3650d", "3650d"},
	{&g_duration, "3651d", NULL},
	{&g_duration, "87600h", "3650d"},
	{&g_duration, "1y", NULL},
	{&g_duration, "213503982335d", NULL},
};

static const struct example g_texts[] = {
	{&g_bool, "on", "on"},
	{&g_bool, "true", "on"},
	{&g_bool, "yes", "on"},
	{&g_bool, "1", "on"},
	{&g_bool, "off", "off"},
	{&g_bool, "false", "off"},
	{&g_bool, "no", "off"},
	{&g_bool, "0", "off"},
	{&g_bool, "", NULL},
	{&g_bool, "ON", NULL},
	{&g_bool, "2", NULL},
	{&g_choice, "auto", "auto"},
	{&g_choice, "off", "off"},
	{&g_choice, "of", NULL},
	{&g_choice, "offf", NULL},
	{&g_choice, "", NULL},
	{&g_word, "", ""},
	{&g_word, "bbr", "bbr"},
	{&g_word, "www-data_1.x", "www-data_1.x"},
	{&g_word, "123456789012345", "123456789012345"},
	{&g_word, "1234567890123456", NULL},
	{&g_word, "a b", NULL},
	{&g_word, "a/b", NULL},
	{&g_word, "\xc3\xa4", NULL},
	{&g_url, "", ""},
	{&g_url, "http://a", "http://a"},
	{&g_url, "https://a.b:80/c/", "https://a.b:80/c"},
	{&g_url, "https://", NULL},
	{&g_url, "https:///x", NULL},
	{&g_url, "https://:80", NULL},
	{&g_url, "ftp://a", NULL},
	{&g_url, "a.b", NULL},
	{&g_url, "http://a b", NULL},
	{&g_url, "http://a\"", NULL},
	{&g_url, "http://a?x", NULL},
	{&g_path, "/a b#c", "/a b#c"},
	{&g_path, "", NULL},
	{&g_path, "/a\nb", NULL},
	{&g_path, "/a\x7f", NULL},
};

static const struct example g_lists[] = {
	{&g_networks, "", ""},
	{&g_networks, "10.0.0.0/8,::1", "10.0.0.0/8, ::1"},
	{&g_networks, "192.0.2.7/32 , 2001:db8::/32", "192.0.2.7, 2001:db8::/32"},
	{&g_networks, "0.0.0.0/0", "0.0.0.0/0"},
	{&g_networks, "1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
	{&g_networks, "10.0.0.1/8", NULL},
	{&g_networks, "10.0.0.0/33", NULL},
	{&g_networks, "10.0.0.0/", NULL},
	{&g_networks, "a.example", NULL},
	{&g_networks, "10.0.0.0/8,", NULL},
	{&g_networks,
	 "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.2.1",
	 "1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, 1.1.1.6, 1.1.1.7, 1.1.1.8, 1.1.1.9, "
	 "1.1.2.1"},
	{&g_networks,
	 "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.2.1,1.1.2.2",
	 NULL},
	{&g_origins, "", ""},
	{&g_origins, "*", "*"},
	{&g_origins, "https://a.example, http://localhost:5173",
	 "https://a.example, http://localhost:5173"},
	{&g_origins, "*, https://a.example", NULL},
	{&g_origins, "https://a.example, *", NULL},
	{&g_origins, "https://a.example/", NULL},
	{&g_origins, "https://a.example/x", NULL},
	{&g_origins, "https://a.example,", NULL},
	{&g_origins, "a.example", NULL},
	{&g_cpus, "", ""},
	{&g_cpus, "0", "0"},
	{&g_cpus, "1023", "1023"},
	{&g_cpus, "0,1", "0-1"},
	{&g_cpus, " 7 , 0-3 ", "0-3,7"},
	{&g_cpus, "63-65", "63-65"},
	{&g_cpus, "0-1023", "0-1023"},
	{&g_cpus, "1024", NULL},
	{&g_cpus, "0-1024", NULL},
	{&g_cpus, "3-1", NULL},
	{&g_cpus, "1,1", NULL},
	{&g_cpus, "0-3,2", NULL},
	{&g_cpus, "1,", NULL},
	{&g_cpus, ",1", NULL},
	{&g_cpus, ",", NULL},
	{&g_cpus, "a", NULL},
	{&g_cpus, "1-", NULL},
	{&g_cpus, "-1", NULL},
	{&g_cpus, "1--2", NULL},
	{&g_cpus, "18446744073709551616", NULL},
	{&g_cpus, "0000000000000000000000000000001", NULL},
	{&g_listen, "localhost:1, [::]:443 congestion=bbr", "127.0.0.1:1, [::]:443 congestion=bbr"},
	{&g_listen, "", NULL},
	{&g_listen, "127.0.0.1", NULL},
	{&g_listen_none, "", ""},
};

/* What is printed parses again to the same. */
static void example_check(const struct example *example)
{
	union hw_config_field field;
	union hw_config_field again;
	char printed[HW_CONFIG_TEXT_SIZE_MAX];
	memset(&field, 0x5a, sizeof(field));
	memset(&again, 0x5a, sizeof(again));
	const char *reason = hw_config_value_parse(example->rule, example->text, &field);
	if ((reason == NULL) != (example->printed != NULL)) {
		fail_msg("\"%s\": %s", example->text, reason != NULL ? reason : "was accepted");
	}
	if (reason != NULL) {
		assert_memory_equal(&field, &again, sizeof(field)); /* untouched */
		return;
	}
	hw_config_value_print(example->rule, &field, printed);
	assert_string_equal(printed, example->printed);
	assert_null(hw_config_value_parse(example->rule, printed, &again));
	hw_config_value_print(example->rule, &again, printed);
	assert_string_equal(printed, example->printed);
}

static void test_numbers(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_numbers); i++) {
		example_check(&g_numbers[i]);
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_texts); i++) {
		example_check(&g_texts[i]);
	}
	char path[HW_CONFIG_TEXT_SIZE_MAX + 1];
	char field[HW_CONFIG_TEXT_SIZE_MAX];
	memset(path, 'p', sizeof(path));
	path[511] = '\0';
	assert_null(hw_config_value_parse(&g_path, path, field));
	assert_string_equal(field, path);
	path[511] = 'p';
	path[512] = '\0';
	assert_string_equal(hw_config_value_parse(&g_path, path, field), "is too long");
}

static void test_lists(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_lists); i++) {
		example_check(&g_lists[i]);
	}
}

static void bounds_check(const struct hw_config_row *row)
{
	union hw_config_field field;
	char text[HW_CONFIG_TEXT_SIZE_MAX];
	const char *unit =
		row->rule.type == HW_CONFIG_TYPE_TIME || row->rule.type == HW_CONFIG_TYPE_DURATION
			? "ms"
			: "";
	uint64_t bounds[] = {row->rule.low, row->rule.high};
	for (uint32_t i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 "%s", bounds[i], unit);
		assert_null(hw_config_value_parse(&row->rule, text, &field));
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64 "%s", row->rule.high + 1, unit);
	assert_string_equal(hw_config_value_parse(&row->rule, text, &field), "is too large");
	if (row->rule.low > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 "%s", row->rule.low - 1, unit);
		assert_string_equal(hw_config_value_parse(&row->rule, text, &field),
				    "is too small");
	}
}

static void test_every_option(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		if (row->key == NULL) {
			continue;
		}
		union hw_config_field field;
		char allowed[HW_CONFIG_TEXT_SIZE_MAX];
		assert_null(hw_config_value_parse(&row->rule, row->initial, &field));
		hw_config_value_allowed(&row->rule, allowed);
		assert_in_range(strlen(allowed), 1, 72);
		if (row->rule.type <= HW_CONFIG_TYPE_DURATION) {
			bounds_check(row);
		}
	}
}

static void test_allowed(void **state)
{
	(void)state;
	char text[HW_CONFIG_TEXT_SIZE_MAX];
	hw_config_value_allowed(&g_size, text);
	assert_string_equal(text, "0 to 8PiB (bytes, k, m, g, t)");
	hw_config_value_allowed(&g_time, text);
	assert_string_equal(text, "0 to 1d (ms, s, m, h, d, w)");
	hw_config_value_allowed(&g_choice, text);
	assert_string_equal(text, "auto or off");
}

static void test_cpus_has(void **state)
{
	(void)state;
	struct hw_config_cpus cpus;
	assert_null(hw_config_value_parse(&g_cpus, "0,64", &cpus));
	assert_int_equal(cpus.count, 2);
	assert_true(hw_config_cpus_has(&cpus, 0));
	assert_true(hw_config_cpus_has(&cpus, 64));
	assert_false(hw_config_cpus_has(&cpus, 1));
	assert_false(hw_config_cpus_has(&cpus, 1024));
	assert_false(hw_config_cpus_has(&cpus, UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_lists),   cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_allowed), cmocka_unit_test(test_cpus_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
