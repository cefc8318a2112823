/* SPDX-License-Identifier: Apache-2.0
 *
 * config_text.h - what the texts of all values are made of: digits, letters of names, members of
 * lists
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: nothing      Limits: HW_CONFIG_TEXT_SIZE_MAX of config.h
 */
#ifndef HW_CORE_BASE_CONFIG_TEXT_H
#define HW_CORE_BASE_CONFIG_TEXT_H

#include "core/base/span.h"

/* @ret_end: what follows the digits, of which there must be one. Returns NULL good, else what is
 * wrong, as hw_config_value_parse() does. */
const char *hw_config_text_digits(const char *text, const char **ret_end,
				  uint64_t *ret_value) HW_MUST_CHECK;

/* The next member of a list, without the blanks around it. After the last, rest->bytes is NULL; so
 * "a," has an empty second member, which no list allows. @rest: its bytes are not NULL. */
struct hw_span hw_config_text_item_take(struct hw_span *rest);

/* Every text here has room for HW_CONFIG_TEXT_SIZE_MAX bytes. What came in is shorter than that,
 * and its printed form is no longer; the other texts are ours. */
void hw_config_text_append(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Letters, digits, - _ . of ASCII. */
bool hw_config_text_is_of_words(char c);
bool hw_config_text_is_blank(char c);

#endif
