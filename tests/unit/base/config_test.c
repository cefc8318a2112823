/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: flags over environment over file over defaults; what is wrong stops the start with a
 * sentence that says where. Method: whole command lines, environments and files; each bad one
 * beside the message it must give.
 */
#include "core/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/config_listen.h"
#include "core/base/span.h"

#define ARGUMENT_COUNT_MAX 8U
#define ARGUMENT_SIZE_MAX  128U

static struct hw_config g_config;
static char g_message[HW_CONFIG_MESSAGE_SIZE];
static char g_path[] = "/tmp/hawser_config_XXXXXX";

/* As main gets them: in memory that may be written to. */
static char **arguments_of(const char *const texts[], char (*storage)[ARGUMENT_SIZE_MAX],
			   char **ret_arguments)
{
	uint32_t count = 0;
	for (; texts[count] != NULL; count++) {
		assert_true(count < ARGUMENT_COUNT_MAX);
		(void)snprintf(storage[count], ARGUMENT_SIZE_MAX, "%s", texts[count]);
		ret_arguments[count] = storage[count];
	}
	ret_arguments[count] = NULL;
	return ret_arguments;
}

/* Lists that end in NULL. */
static int parse(const char *const flags[], const char *const variables[])
{
	static char storage[2][ARGUMENT_COUNT_MAX][ARGUMENT_SIZE_MAX];
	char name[] = "hawser";
	char *argv[ARGUMENT_COUNT_MAX + 2] = {name};
	char *envp[ARGUMENT_COUNT_MAX + 1];
	(void)arguments_of(flags, storage[0], argv + 1);
	int argc = 1;
	while (argv[argc] != NULL) {
		argc++;
	}
	(void)snprintf(g_message, sizeof(g_message), "untouched");
	return hw_config_parse(&g_config, argc, argv, arguments_of(variables, storage[1], envp),
			       g_message, sizeof(g_message));
}

#define FLAGS(...)     ((const char *const[]){__VA_ARGS__, NULL})
#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE           ((const char *const[]){NULL})

static void file_write(struct hw_span text)
{
	FILE *file = fopen(g_path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.bytes, 1, text.size, file), text.size);
	assert_int_equal(fclose(file), 0);
}

static int parse_file(struct hw_span text)
{
	file_write(text);
	return parse(FLAGS("--config", g_path), NONE);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(NONE, VARIABLES("HOME=/root", "HAWSER=1", "PORTS=x")), 0);
	assert_string_equal(g_message, "untouched");
	assert_int_equal(g_config.listen.count, 1);
	assert_true(g_config.listen.addresses[0].is_loopback);
	assert_string_equal(g_config.data_dir, "/var/lib/hawser");
	assert_int_equal(g_config.memory_size, 64 << 20);
	assert_int_equal(g_config.file_size_max, HW_FILE_SIZE_MAX); /* 0 stands for this */
	assert_int_equal(g_config.segment_size, 1 << 30);
	assert_int_equal(g_config.reserve_size, 64 << 20);
	assert_int_equal(g_config.head_timeout_ms, 10000);
	assert_int_equal(g_config.idle_timeout_ms, 60000);
	assert_int_equal(g_config.reactor_count, 0);
	assert_int_equal(g_config.cpus.count, 0);
	assert_int_equal(g_config.upload, HW_UPLOADS_LOOPBACK);
	assert_int_equal(g_config.log_level, HW_CONFIG_LOG_INFO);
	assert_true(g_config.has_sandbox);
	assert_false(g_config.has_access_log);
	for (uint32_t i = 0; i < HW_CONFIG_KEY_COUNT; i++) {
		assert_int_equal(g_config.sources[i].origin, HW_CONFIG_FROM_DEFAULT);
	}
}

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(parse(FLAGS("--data-dir", "/a", "--upload=open", "--access-log",
				     "--sandbox", "off", "--reserve", "1g"),
			       NONE),
			 0);
	assert_string_equal(g_config.data_dir, "/a");
	assert_int_equal(g_config.upload, HW_UPLOADS_OPEN);
	assert_true(g_config.has_access_log);
	assert_false(g_config.has_sandbox);
	assert_int_equal(g_config.reserve_size, 1 << 30);
	/* A flag that is on or off leaves the next flag alone. */
	assert_int_equal(parse(FLAGS("--access-log", "--sandbox=off"), NONE), 0);
	assert_true(g_config.has_access_log);
	assert_false(g_config.has_sandbox);
	/* A value may begin with one dash, and hold =. */
	assert_int_equal(parse(FLAGS("--data-dir=-a=b"), NONE), 0);
	assert_string_equal(g_config.data_dir, "-a=b");
}

static void test_precedence(void **state)
{
	(void)state;
	file_write(HW_SPAN("data_dir = /file\nreserve = 1k\nuser = file\n"));
	char variable[64];
	(void)snprintf(variable, sizeof(variable), "HAWSER_CONFIG=%s", g_path);
	assert_int_equal(parse(FLAGS("--data-dir=/flag"),
			       VARIABLES(variable, "HAWSER_DATA_DIR=/env", "HAWSER_RESERVE=2k")),
			 0);
	assert_string_equal(g_config.data_dir, "/flag");
	assert_int_equal(g_config.reserve_size, 2048);
	assert_string_equal(g_config.user, "file");
	assert_int_equal(g_config.sources[HW_CONFIG_data_dir].origin, HW_CONFIG_FROM_FLAG);
	assert_int_equal(g_config.sources[HW_CONFIG_reserve].origin, HW_CONFIG_FROM_ENVIRONMENT);
	assert_int_equal(g_config.sources[HW_CONFIG_user].origin, HW_CONFIG_FROM_FILE);
	assert_int_equal(g_config.sources[HW_CONFIG_user].line, 3);
	/* What is overridden is checked all the same. */
	assert_int_equal(parse(FLAGS("--reserve=1g"), VARIABLES("HAWSER_RESERVE=x")), -EINVAL);
	file_write(HW_SPAN("reserve = x\n"));
	assert_int_equal(parse(FLAGS("--reserve=1g", "--config", g_path), NONE), -EINVAL);
}

static void test_aliases(void **state)
{
	(void)state;
	char text[HW_CONFIG_ADDRESS_TEXT_SIZE];
	assert_int_equal(parse(NONE, VARIABLES("PORT=8080", "MAX_FILE_SIZE=1048576",
					       "LOG_LEVEL=debug", "NODE_ENV=x")),
			 0);
	hw_config_address_text(&g_config.listen.addresses[0], text);
	assert_string_equal(text, "127.0.0.1:8080");
	assert_int_equal(g_config.file_size_max, 1048576);
	assert_int_equal(g_config.log_level, HW_CONFIG_LOG_DEBUG);
	assert_int_equal(g_config.sources[HW_CONFIG_listen].origin, HW_CONFIG_FROM_ALIAS);
	/* HAWSER_ wins, wherever it stands, and then the alias is not even looked at. */
	assert_int_equal(parse(NONE, VARIABLES("LOG_LEVEL=verbose", "HAWSER_LOG_LEVEL=error")), 0);
	assert_int_equal(g_config.log_level, HW_CONFIG_LOG_ERROR);
	/* An alias is a variable: it goes before the file. Empty is not set. */
	file_write(HW_SPAN("log_level = warn\nlisten = 127.0.0.1:1\n"));
	assert_int_equal(parse(FLAGS("--config", g_path), VARIABLES("LOG_LEVEL=debug", "PORT=")),
			 0);
	assert_int_equal(g_config.log_level, HW_CONFIG_LOG_DEBUG);
	assert_int_equal(g_config.sources[HW_CONFIG_listen].origin, HW_CONFIG_FROM_FILE);
	assert_int_equal(parse(NONE, VARIABLES("PORT=x")), -EINVAL);
	assert_non_null(strstr(g_message, "PORT: "));
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(parse_file(HW_SPAN("# a comment\n"
					    "\n"
					    "   \t # another\r\n"
					    "data_dir=/a#b # not part of it\r\n"
					    " user =  www-data\n"
					    "public_url =   # empty\n"
					    "congestion = \"\" # empty too\n"
					    "listen = 127.0.0.1:1, [::1]:2")), /* no line feed */
			 0);
	assert_string_equal(g_config.data_dir, "/a#b");
	assert_string_equal(g_config.user, "www-data");
	assert_string_equal(g_config.public_url, "");
	assert_int_equal(g_config.sources[HW_CONFIG_public_url].line, 6);
	assert_int_equal(g_config.listen.count, 2);
	assert_int_equal(parse_file(HW_SPAN("data_dir = \"/a \\\"b\\\" \\\\ # c \" # comment\n")),
			 0);
	assert_string_equal(g_config.data_dir, "/a \"b\" \\ # c ");
	assert_int_equal(parse_file(HW_SPAN("")), 0);
}

struct refusal {
	struct hw_span text;
	const char *message; /* behind the path */
};

static void test_bad_files(void **state)
{
	(void)state;
	static const struct refusal refusals[] = {
		{HW_SPAN("data_dir\n"), ":1: this is not a line of the form key = value"},
		{HW_SPAN("[storage]\n"), ":1: this is not a line of the form key = value"},
		{HW_SPAN("user = a\0b\n"), ":1: this is not a line of the form key = value"},
		{HW_SPAN("= x\n"), ":1: \"\" is no option; see --help"},
		{HW_SPAN("\ndatadir = x\n"),
		 ":2: \"datadir\" is no option, but there is data_dir; see --help"},
		{HW_SPAN("user = a\nuser = b\n"), ":2: user is set twice, first in line 1"},
		{HW_SPAN("config = /x\n"), ":1: config: a file cannot name another"},
		{HW_SPAN("user = \"a\n"), ":1: user: the value has no closing quote"},
		{HW_SPAN("user = \"a\\\"\n"), ":1: user: the value has no closing quote"},
		{HW_SPAN("user = \"a\" b\n"),
		 ":1: user: the value goes on after its closing quote"},
		{HW_SPAN("segment_size = 1k # small\n"),
		 ":1: segment_size: \"1k\" is too small; allowed: 16MiB to 64GiB (bytes, k, m, g, "
		 "t)"},
		{HW_SPAN("upload = all\n"), ":1: upload: \"all\" is none of the choices; allowed: "
					    "loopback, open, token or off"},
		{HW_SPAN("data_dir =\n"),
		 ":1: data_dir: \"\" is empty; allowed: a path of up to 511 bytes"},
		{HW_SPAN("user = a\x1b[2J\n"),
		 ":1: user: \"a?[2J\" holds a control character; allowed: "
		 "up to 31 letters, digits, - _ ."},
	};
	for (uint32_t i = 0; i < hw_count_of(refusals); i++) {
		assert_int_equal(parse_file(refusals[i].text), -EINVAL);
		assert_int_equal(strncmp(g_message, g_path, strlen(g_path)), 0);
		assert_string_equal(g_message + strlen(g_path), refusals[i].message);
	}
}

static void test_unreadable_files(void **state)
{
	(void)state;
	assert_int_equal(parse(FLAGS("--config=/nonexistent/x"), NONE), -EINVAL);
	assert_string_equal(g_message,
			    "/nonexistent/x: cannot be opened: No such file or directory");
	assert_int_equal(parse(FLAGS("--config=/"), NONE), -EINVAL);
	assert_string_equal(g_message, "/: cannot be read: Is a directory");
	static char large[HW_CONFIG_FILE_SIZE_MAX];
	memset(large, '\n', sizeof(large));
	assert_int_equal(parse_file((struct hw_span){large, sizeof(large) - 1}), 0);
	assert_int_equal(parse_file((struct hw_span){large, sizeof(large)}), -EINVAL);
	assert_non_null(strstr(g_message, "is too long; allowed are 65535 bytes"));
	int size = snprintf(large, sizeof(large), "data_dir = %0700d\n", 1);
	assert_int_equal(parse_file((struct hw_span){large, (uint32_t)size}), -EINVAL);
	assert_non_null(strstr(g_message, ":1: data_dir: the value is too long"));
}

static void refused(const char *const flags[], const char *const variables[], const char *message)
{
	assert_int_equal(parse(flags, variables), -EINVAL);
	assert_string_equal(g_message, message);
}

static void test_bad_flags(void **state)
{
	(void)state;
	refused(FLAGS("--folder"), NONE, "\"--folder\" is no option; see --help");
	refused(FLAGS("--data_dir=/a"), NONE,
		"\"--data_dir\" is no option, but there is --data-dir; see --help");
	refused(FLAGS("file"), NONE, "\"file\" is not expected; options begin with --, see --help");
	refused(FLAGS("--"), NONE, "\"--\" is no option; see --help");
	refused(FLAGS("--data-dir"), NONE,
		"--data-dir needs a value; allowed: a path of up to 511 bytes");
	refused(FLAGS("--data-dir", "--access-log"), NONE,
		"--data-dir needs a value; allowed: a path of up to 511 bytes");
	refused(FLAGS("--user=a", "--user=a"), NONE, "--user is set twice");
	refused(FLAGS("--access-log=2"), NONE,
		"--access-log: \"2\" is neither on nor off; allowed: on or off");
	refused(FLAGS("--head-timeout", "10"), NONE,
		"--head-timeout: \"10\" has no unit; allowed: 100ms to 1h (ms, s, m, h, d, w)");
}

/* What to do, not how: only on the command line. */
static void test_new_token(void **state)
{
	(void)state;
	assert_int_equal(parse(FLAGS("--data-dir=/a"), NONE), 0);
	assert_null(g_config.new_token);
	assert_int_equal(parse(FLAGS("--new-token", "operator", "--data-dir=/a"), NONE), 0);
	assert_string_equal(g_config.new_token, "operator");
	assert_null(g_config.token_name);
	assert_int_equal(parse(FLAGS("--new-token=upload", "--token-name=ci"), NONE), 0);
	assert_string_equal(g_config.new_token, "upload");
	assert_string_equal(g_config.token_name, "ci");
	refused(FLAGS("--new-token"), NONE,
		"--new-token: \"\" is no value; allowed: operator or upload");
	refused(FLAGS("--new-token=admin"), NONE,
		"--new-token: \"admin\" is none of the choices; allowed: operator or upload");
	refused(FLAGS("--new-token=upload", "--token-name=a b"), NONE,
		"--token-name: \"a b\" holds a character that no name has; allowed: up to 31 "
		"letters, digits, - _ .");
	refused(FLAGS("--new-token=upload", "--token-name="), NONE,
		"--token-name: \"\" is empty; allowed: up to 31 letters, digits, - _ .");
	refused(FLAGS("--token-name=a"), NONE, "--token-name is for --new-token");
	refused(NONE, VARIABLES("HAWSER_NEW_TOKEN=upload"),
		"environment: \"HAWSER_NEW_TOKEN\" is no option; see --help");
}

static void test_bad_variables(void **state)
{
	(void)state;
	refused(NONE, VARIABLES("HAWSER_DATADIR=/a"),
		"environment: \"HAWSER_DATADIR\" is no option, but there is HAWSER_DATA_DIR; see "
		"--help");
	refused(NONE, VARIABLES("HAWSER_=x"), "environment: \"HAWSER_\" is no option; see --help");
	refused(NONE, VARIABLES("HAWSER_data_dir=x"),
		"environment: \"HAWSER_data_dir\" is no option; see --help");
	refused(NONE, VARIABLES("HAWSER_USER=a", "HAWSER_USER=b"), "HAWSER_USER is set twice");
	refused(NONE, VARIABLES("HAWSER_SIMD=mmx"),
		"HAWSER_SIMD: \"mmx\" is none of the choices; allowed: auto, scalar, shani, avx2 "
		"or "
		"avx512");
	assert_int_equal(parse(NONE, VARIABLES("HAWSER_FAILPOINT=slab_written:2")), 0);
}

static void test_deeds(void **state)
{
	(void)state;
	assert_int_equal(parse(NONE, NONE), 0);
	assert_false(g_config.has_check || g_config.has_repair || g_config.has_json);
	assert_int_equal(parse(FLAGS("--check", "--data-dir=/a"), NONE), 0);
	assert_true(g_config.has_check && !g_config.has_repair && !g_config.has_json);
	assert_string_equal(g_config.data_dir, "/a");
	assert_int_equal(parse(FLAGS("--repair", "--check", "--json"), NONE), 0);
	assert_true(g_config.has_check && g_config.has_repair && g_config.has_json);
	assert_int_equal(parse(FLAGS("--repair"), NONE), -EINVAL);
	assert_non_null(strstr(g_message, "--check"));
	assert_int_equal(parse(FLAGS("--json"), NONE), -EINVAL);
	assert_int_equal(parse(FLAGS("--check=yes"), NONE), -EINVAL);
	assert_int_equal(parse(NONE, VARIABLES("HAWSER_CHECK=1")), -EINVAL);
}

static void test_relations(void **state)
{
	(void)state;
	refused(FLAGS("--segment-size=16777217"), NONE,
		"segment_size must be a multiple of 4 MiB, the size of a chunk");
	refused(FLAGS("--expiry-default=2d", "--expiry-max=1d"), NONE,
		"expiry_default is longer than expiry_max");
	assert_int_equal(parse(FLAGS("--expiry-default=9w"), NONE), 0);
	refused(FLAGS("--memory=4194305"), NONE,
		"memory must be a multiple of 256 KiB, the size of a slab");
	refused(FLAGS("--cpus=0-1", "--reactors=3"), NONE,
		"reactors is 3, but cpus names only 2 of them");
	assert_int_equal(parse(FLAGS("--cpus=0-2", "--reactors=3"), NONE), 0);
}

/* The message is cut, not overrun. */
static void test_small_message(void **state)
{
	(void)state;
	char message[16];
	memset(message, '!', sizeof(message));
	char words[2][16] = {"hawser", "nonsense"};
	char *argv[] = {words[0], words[1], NULL};
	char *envp[] = {NULL};
	assert_int_equal(hw_config_parse(&g_config, 2, argv, envp, message, 8), -EINVAL);
	assert_string_equal(message, "\"nonsen");
	assert_int_equal(message[8], '!');
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
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_unreadable_files),
		cmocka_unit_test(test_bad_flags),
		cmocka_unit_test(test_new_token),
		cmocka_unit_test(test_bad_variables),
		cmocka_unit_test(test_deeds),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_small_message),
	};
	return cmocka_run_group_tests(tests, file_make, file_remove);
}
