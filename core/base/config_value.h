/* SPDX-License-Identifier: Apache-2.0
 *
 * config_value.h - one option's value: from text to its field, and back
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: nothing      Limits: HW_CONFIG_* of config.h
 */
#ifndef HW_CORE_BASE_CONFIG_VALUE_H
#define HW_CORE_BASE_CONFIG_VALUE_H

#include "core/base/config.h"
#include "core/base/span.h"

enum hw_config_type {
	HW_CONFIG_TYPE_COUNT = 0, /* uint32_t */
	HW_CONFIG_TYPE_SIZE,      /* uint64_t, bytes */
	HW_CONFIG_TYPE_TIME,      /* uint32_t, ms */
	HW_CONFIG_TYPE_DURATION,  /* uint64_t, ms */
	HW_CONFIG_TYPE_BOOL,      /* bool */
	HW_CONFIG_TYPE_CHOICE,    /* uint32_t, index of the word */
	HW_CONFIG_TYPE_WORD,      /* char[32]: letters, digits, - _ . */
	HW_CONFIG_TYPE_URL,       /* char[256]: http or https, without the last slash */
	HW_CONFIG_TYPE_PATH,      /* char[HW_CONFIG_TEXT_SIZE_MAX] */
	HW_CONFIG_TYPE_CPUS,      /* struct hw_config_cpus */
	HW_CONFIG_TYPE_LISTEN,    /* struct hw_config_listen */
	HW_CONFIG_TYPE_NETWORKS,  /* struct hw_networks */
	HW_CONFIG_TYPE_ORIGINS,   /* char[HW_CONFIG_TEXT_SIZE_MAX]: as given */
};

struct hw_config_rule {
	enum hw_config_type type;
	uint64_t low; /* of the number, of the text's bytes, of the list's members */
	uint64_t high;
	const char *const *words; /* of a choice, ends in NULL */
};

/* Any field, for checking a value that is not going to be used. */
union hw_config_field {
	uint32_t count;
	uint64_t size;
	bool is_on;
	char text[HW_CONFIG_TEXT_SIZE_MAX];
	struct hw_config_cpus cpus;
	struct hw_config_listen listen;
	struct hw_networks networks;
};

/* @text: a value, with its NUL. @ret_field: the field the type says, untouched when it is bad.
 * Returns NULL good, else what is wrong with it: a literal that follows the value in a sentence
 * ("is too large"). */
const char *hw_config_value_parse(const struct hw_config_rule *rule, const char *text,
				  void *ret_field) HW_MUST_CHECK;

/* The text that parses to @field. @ret_text: room for HW_CONFIG_TEXT_SIZE_MAX bytes with the NUL.
 */
void hw_config_value_print(const struct hw_config_rule *rule, const void *field, char *ret_text);

/* What the rule allows, for people: "16MiB to 64GiB (bytes, k, m, g, t)". Room as above. */
void hw_config_value_allowed(const struct hw_config_rule *rule, char *ret_text);

#endif
