/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what --print-config prints is a file that gives the same configuration; --help knows every
 * option. Method: print, feed back, print again; every option looked up in the help's text.
 */
#include "core/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/config_table.h"

static char g_path[] = "/tmp/hawser_config_XXXXXX";
static char g_message[HW_CONFIG_MESSAGE_SIZE];

static int parse(struct hw_config *config, int argc, const char *const *arguments)
{
	static char storage[16][64];
	static char variables[2][32] = {"LOG_LEVEL=warn", "HAWSER_USER=env"};
	char *argv[16] = {NULL};
	char *envp[] = {variables[0], variables[1], NULL};
	for (int i = 0; i < argc; i++) {
		(void)snprintf(storage[i], sizeof(storage[i]), "%s", arguments[i]);
		argv[i] = storage[i];
	}
	return hw_config_parse(config, argc, argv, envp, g_message, sizeof(g_message));
}

/* The values, without where they came from. */
static void config_text(const struct hw_config *config, char *ret_text, size_t size)
{
	FILE *out = fmemopen(ret_text, size, "w");
	assert_non_null(out);
	struct hw_config bare = *config;
	memset(bare.sources, 0, sizeof(bare.sources));
	bare.config[0] = '\0';
	hw_config_print(&bare, out);
	assert_int_equal(fclose(out), 0);
}

static void test_print_is_a_file(void **state)
{
	(void)state;
	static const char *const arguments[] = {
		"hawser",
		"--data-dir=/a \"b\" \\ #c ",
		"--listen=0.0.0.0:80, [::1]:443",
		"--cpus=0-3,9",
		"--reserve=1536m",
		"--head-timeout=1500ms",
		"--sandbox=off",
		"--simd=shani",
		"--public-url=https://a.b/",
		"--file-size-max=3g",
	};
	struct hw_config first;
	assert_int_equal(parse(&first, (int)hw_count_of(arguments), arguments), 0);
	FILE *file = fopen(g_path, "w");
	assert_non_null(file);
	hw_config_print(&first, file);
	assert_int_equal(fclose(file), 0);
	struct hw_config second;
	const char *const again[] = {"hawser", "--config", g_path};
	assert_int_equal(parse(&second, 3, again), 0);
	static char texts[2][16384];
	config_text(&first, texts[0], sizeof(texts[0]));
	config_text(&second, texts[1], sizeof(texts[1]));
	assert_string_equal(texts[0], texts[1]);
	assert_string_equal(second.data_dir, "/a \"b\" \\ #c ");
	/* Every key of the file was read: nothing is a default but the file's own name. */
	for (uint32_t i = 0; i < HW_CONFIG_KEY_COUNT; i++) {
		assert_int_not_equal(second.sources[i].origin, HW_CONFIG_FROM_DEFAULT);
	}
}

static void test_sources(void **state)
{
	(void)state;
	FILE *file = fopen(g_path, "w");
	assert_non_null(file);
	assert_true(fputs("\nreserve = 1k\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	const char *const arguments[] = {"hawser", "--config", g_path, "--cpus=1"};
	struct hw_config config;
	assert_int_equal(parse(&config, 4, arguments), 0);
	static char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	hw_config_print(&config, out);
	assert_int_equal(fclose(out), 0);
	static const char *const lines[][2] = {
		{"\ncpus ", " # --cpus\n"},         {"\nuser ", " # HAWSER_USER\n"},
		{"\nlog_level ", " # LOG_LEVEL\n"}, {"\nmemory ", " # default\n"},
		{"\n# config ", " # --config\n"},
	};
	for (uint32_t i = 0; i < hw_count_of(lines); i++) {
		const char *line = strstr(text, lines[i][0]);
		assert_non_null(line);
		const char *source = strchr(line + 3, '#');
		assert_non_null(source);
		assert_int_equal(strncmp(source - 1, lines[i][1], strlen(lines[i][1])), 0);
	}
	char source[64];
	(void)snprintf(source, sizeof(source), " # %s:2\n", g_path);
	assert_non_null(strstr(text, source));
}

static void test_help(void **state)
{
	(void)state;
	static char text[32768];
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	hw_config_print_help(out);
	assert_int_equal(fclose(out), 0);
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		assert_non_null(strstr(text, row->sentence));
		if (row->key == NULL) {
			continue;
		}
		char flag[HW_CONFIG_NAME_SIZE_MAX];
		char line[64];
		hw_config_row_spell(row, HW_CONFIG_SPELLING_FLAG, flag);
		(void)snprintf(line, sizeof(line), "\n  %s ", flag);
		assert_non_null(strstr(text, line));
	}
	for (uint32_t i = 0; i < hw_config_alias_count; i++) {
		assert_non_null(strstr(text, hw_config_aliases[i].variable));
	}
	uint64_t column = 0;
	for (const char *at = text; *at != '\0'; at++) {
		column = *at == '\n' ? 0 : column + 1;
		assert_true(column <= 100);
	}
}

/* What only prints answers 1, and help does so whatever else is wrong. */
static void test_what_only_prints(void **state)
{
	(void)state;
	struct hw_config config;
	static const char *const lines[][4] = {
		{"hawser", "--help", "--nonsense"},
		{"hawser", "nonsense", "-h"},
		{"hawser", "--version", "--data-dir=/a"},
		{"hawser", "-V", "--print-config"},
		{"hawser", "--print-config", "--data-dir=/a"},
	};
	int saved = dup(1);
	assert_non_null(freopen("/dev/null", "w", stdout));
	int results[hw_count_of(lines)];
	for (uint32_t i = 0; i < hw_count_of(lines); i++) {
		results[i] = parse(&config, 3, lines[i]);
	}
	const char *const wrong[] = {"hawser", "--print-config", "--nonsense"};
	int r = parse(&config, 3, wrong);
	(void)fflush(stdout);
	(void)dup2(saved, 1);
	(void)close(saved);
	for (uint32_t i = 0; i < hw_count_of(lines); i++) {
		assert_int_equal(results[i], 1);
	}
	assert_true(r < 0);
}

static int file_make(void **state)
{
	(void)state;
	int fd = mkstemp(g_path);
	return fd < 0 ? -1 : close(fd);
}

static int file_remove(void **state)
{
	(void)state;
	return unlink(g_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_is_a_file),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_what_only_prints),
	};
	return cmocka_run_group_tests(tests, file_make, file_remove);
}
