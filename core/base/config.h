/* SPDX-License-Identifier: Apache-2.0
 *
 * config.h - what the operator decided: flags over environment over file over defaults
 *
 * Room: core/base    Thread: main, before others; read-only afterwards
 * Blocks: on reading the file and on printing    Allocates: never
 * Owns: nothing; struct hw_config is plain and may be copied
 * Limits: HW_CONFIG_*
 *
 * The table is config.def: a row there is a field here, a flag, a variable, a key of the file and a
 * line of --help. What is unknown, twice or out of range stops the start with one sentence.
 */
#ifndef HW_CORE_BASE_CONFIG_H
#define HW_CORE_BASE_CONFIG_H

#include <stdio.h>
#include <sys/socket.h>

#include "core/base/address.h"
#include "core/base/limits.h"

#define HW_CONFIG_LISTEN_COUNT_MAX 8U
#define HW_CONFIG_CONGESTION_SIZE  16U /* the kernel's TCP_CA_NAME_MAX, with the NUL */
#define HW_CONFIG_CPU_COUNT_MAX    1024U
#define HW_CONFIG_TEXT_SIZE_MAX    512U   /* bytes of one value, with its NUL */
#define HW_CONFIG_FILE_SIZE_MAX    65536U /* bytes of the file */
#define HW_CONFIG_MESSAGE_SIZE     1024U  /* bytes that hold every message */
#define HW_CONFIG_DURATION_MAX     (UINT64_C(3650) * 86400000) /* ms; ten years: for ever */

/* The words of each choice, in the order of their values: HW_UPLOADS_LOOPBACK is 0, "loopback". */
#define HW_CONFIG_UPLOAD(X)                                                                        \
	X(HW_UPLOADS_LOOPBACK, "loopback")                                                         \
	X(HW_UPLOADS_OPEN, "open")                                                                 \
	X(HW_UPLOADS_TOKEN, "token")                                                               \
	X(HW_UPLOADS_OFF, "off")
#define HW_CONFIG_PROXY_HEADER(X)                                                                  \
	X(HW_PROXY_X_FORWARDED_FOR, "x-forwarded-for")                                             \
	X(HW_PROXY_FORWARDED, "forwarded")
#define HW_CONFIG_DIRECT_IO(X)                                                                     \
	X(HW_DIRECT_IO_AUTO, "auto")                                                               \
	X(HW_DIRECT_IO_OFF, "off")
#define HW_CONFIG_SIMD(X)                                                                          \
	X(HW_CONFIG_SIMD_AUTO, "auto")                                                             \
	X(HW_CONFIG_SIMD_SCALAR, "scalar")                                                         \
	X(HW_CONFIG_SIMD_SHANI, "shani")                                                           \
	X(HW_CONFIG_SIMD_AVX2, "avx2")                                                             \
	X(HW_CONFIG_SIMD_AVX512, "avx512")
/* As enum hw_log_level and enum hw_log_format of log.h; config.c asserts it. */
#define HW_CONFIG_LOG_LEVEL(X)                                                                     \
	X(HW_CONFIG_LOG_ERROR, "error")                                                            \
	X(HW_CONFIG_LOG_WARN, "warn")                                                              \
	X(HW_CONFIG_LOG_INFO, "info")                                                              \
	X(HW_CONFIG_LOG_DEBUG, "debug")
#define HW_CONFIG_LOG_FORMAT(X)                                                                    \
	X(HW_CONFIG_LOG_AUTO, "auto")                                                              \
	X(HW_CONFIG_LOG_TEXT, "text")                                                              \
	X(HW_CONFIG_LOG_JSON, "json")

#define HW_CHOICE_VALUE(value, word) value,
enum hw_config_upload { HW_CONFIG_UPLOAD(HW_CHOICE_VALUE) };
enum hw_config_proxy_header { HW_CONFIG_PROXY_HEADER(HW_CHOICE_VALUE) };
enum hw_config_direct_io { HW_CONFIG_DIRECT_IO(HW_CHOICE_VALUE) };
enum hw_config_simd { HW_CONFIG_SIMD(HW_CHOICE_VALUE) };
enum hw_config_log_level { HW_CONFIG_LOG_LEVEL(HW_CHOICE_VALUE) };
enum hw_config_log_format { HW_CONFIG_LOG_FORMAT(HW_CHOICE_VALUE) };
#undef HW_CHOICE_VALUE

struct hw_config_address {
	struct sockaddr_storage socket; /* AF_INET or AF_INET6, ready for bind(2) */
	uint32_t socket_size;
	bool is_loopback;
	char congestion[HW_CONFIG_CONGESTION_SIZE]; /* this listener's; "": as `congestion` says */
};

struct hw_config_listen {
	struct hw_config_address addresses[HW_CONFIG_LISTEN_COUNT_MAX];
	uint32_t count;
};

struct hw_config_cpus {
	uint64_t bits[HW_CONFIG_CPU_COUNT_MAX / 64]; /* cpu n is bit n % 64 of word n / 64 */
	uint32_t count;                              /* 0: not given */
};

/* Where a value came from, in rising precedence. */
enum hw_config_origin {
	HW_CONFIG_FROM_DEFAULT = 0,
	HW_CONFIG_FROM_FILE,
	HW_CONFIG_FROM_ALIAS,
	HW_CONFIG_FROM_ENVIRONMENT,
	HW_CONFIG_FROM_FLAG,
	HW_CONFIG_FROM_COUNT,
};

struct hw_config_source {
	enum hw_config_origin origin;
	uint32_t line; /* of the file, from 1; of argv or envp, their index */
};

#define HW_GROUP(title)
#define HW_ALIAS(variable, key, prefix)
#define HW_FOREIGN(variable)
#define HW_OPTION(key, type, field, initial, low, high, sentence) HW_CONFIG_##key,
#define HW_CHOICE(key, field, list, initial, sentence)            HW_CONFIG_##key,
enum hw_config_key {
#include "core/base/config.def"
	HW_CONFIG_KEY_COUNT
};
#undef HW_OPTION
#undef HW_CHOICE

#define HW_FIELD_COUNT(field)    uint32_t field;
#define HW_FIELD_SIZE(field)     uint64_t field;
#define HW_FIELD_TIME(field)     uint32_t field;
#define HW_FIELD_DURATION(field) uint64_t field;
#define HW_FIELD_BOOL(field)     bool field;
#define HW_FIELD_WORD(field)     char field[32];
#define HW_FIELD_URL(field)      char field[256];
#define HW_FIELD_PATH(field)     char field[HW_CONFIG_TEXT_SIZE_MAX];
#define HW_FIELD_CPUS(field)     struct hw_config_cpus field;
#define HW_FIELD_LISTEN(field)   struct hw_config_listen field;
#define HW_FIELD_NETWORKS(field) struct hw_networks field;
#define HW_FIELD_ORIGINS(field)  char field[HW_CONFIG_TEXT_SIZE_MAX];

#define HW_OPTION(key, type, field, initial, low, high, sentence) HW_FIELD_##type(field)
#define HW_CHOICE(key, field, list, initial, sentence)            uint32_t field;
struct hw_config {
#include "core/base/config.def"
	struct hw_config_source sources[HW_CONFIG_KEY_COUNT];
	/* Flags that are no options: what to do instead of serving. */
	bool has_check;
	bool has_repair; /* with has_check, as has_json */
	bool has_json;
	/* --new-token and --token-name: what to do instead of running; NULL: not said. Of argv. */
	const char *new_token;
	const char *token_name;
};
#undef HW_OPTION
#undef HW_CHOICE
#undef HW_FIELD_COUNT
#undef HW_FIELD_SIZE
#undef HW_FIELD_TIME
#undef HW_FIELD_DURATION
#undef HW_FIELD_BOOL
#undef HW_FIELD_WORD
#undef HW_FIELD_URL
#undef HW_FIELD_PATH
#undef HW_FIELD_CPUS
#undef HW_FIELD_LISTEN
#undef HW_FIELD_NETWORKS
#undef HW_FIELD_ORIGINS
#undef HW_GROUP
#undef HW_ALIAS
#undef HW_FOREIGN

/* Fill @config from all four sources.
 * @argv, @envp    lent for the call; argv[0] is skipped, envp ends in NULL
 * @ret_message    gets one sentence, with its NUL, when the result is -EINVAL; else untouched
 * @message_size   HW_CONFIG_MESSAGE_SIZE is enough for every message
 * Returns 0 run, 1 help, version or configuration was printed to stdout: leave with success,
 * -EINVAL something is wrong: print the message, leave with failure (@config is then half filled).
 * Thread: main. Blocks: on the file. */
int hw_config_parse(struct hw_config *config, int argc, char **argv, char **envp, char *ret_message,
		    uint32_t message_size) HW_MUST_CHECK;

/* What --help prints. */
void hw_config_print_help(FILE *out);
/* What --print-config prints: effective values with their sources, a valid file in itself. */
void hw_config_print(const struct hw_config *config, FILE *out);

/* Thread: any. */
bool hw_config_cpus_has(const struct hw_config_cpus *cpus, uint32_t cpu);

#endif
