/* SPDX-License-Identifier: Apache-2.0
 *
 * config_listen.h - listeners of a value: from text to addresses ready for bind(2), and back
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: nothing      Limits: HW_CONFIG_LISTEN_COUNT_MAX, HW_CONFIG_TEXT_SIZE_MAX of config.h
 */
#ifndef HW_CORE_BASE_CONFIG_LISTEN_H
#define HW_CORE_BASE_CONFIG_LISTEN_H

#include "core/base/config.h"

#define HW_CONFIG_ADDRESS_TEXT_SIZE 64U

/* "127.0.0.1:5000, [::]:443 congestion=bbr". @ret_listen: untouched when it is bad. Returns NULL
 * good, else what is wrong with it, as hw_config_value_parse() does. */
const char *hw_config_listen_parse(const char *text, bool may_be_empty,
				   struct hw_config_listen *ret_listen) HW_MUST_CHECK;

/* The text that parses to @listen. @ret_text: room for HW_CONFIG_TEXT_SIZE_MAX bytes. */
void hw_config_listen_print(const struct hw_config_listen *listen, char *ret_text);

/* "127.0.0.1:5000", "[::1]:5000": the address alone. @ret_text: room for
 * HW_CONFIG_ADDRESS_TEXT_SIZE bytes. */
void hw_config_address_text(const struct hw_config_address *address, char *ret_text);

#endif
