/* SPDX-License-Identifier: Apache-2.0
 *
 * config_table.h - config.def as rows that can be walked and searched
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: const tables   Limits: HW_CONFIG_NAME_SIZE_MAX
 */
#ifndef HW_CORE_BASE_CONFIG_TABLE_H
#define HW_CORE_BASE_CONFIG_TABLE_H

#include "core/base/config_value.h"

#define HW_CONFIG_NAME_SIZE_MAX 48U /* bytes of an option's name in any spelling, with its NUL */

/* An option, or the title of a group: then key is NULL and sentence the title. */
struct hw_config_row {
	const char *key;
	enum hw_config_key id;
	uint32_t field_offset; /* in struct hw_config */
	struct hw_config_rule rule;
	const char *initial;
	const char *sentence;
};

struct hw_config_alias {
	const char *variable;
	const char *prefix; /* set before the value: PORT is only the end of an address */
	enum hw_config_key id;
};

enum hw_config_spelling {
	HW_CONFIG_SPELLING_KEY = 0,  /* data_dir */
	HW_CONFIG_SPELLING_FLAG,     /* --data-dir */
	HW_CONFIG_SPELLING_VARIABLE, /* HAWSER_DATA_DIR */
};

extern const struct hw_config_row hw_config_rows[];
extern const uint32_t hw_config_row_count;
extern const struct hw_config_alias hw_config_aliases[];
extern const uint32_t hw_config_alias_count;

const struct hw_config_row *hw_config_row_of(enum hw_config_key id);
/* The option of exactly this name, or NULL. @name: lent, need not end in NUL. */
const struct hw_config_row *hw_config_row_find(struct hw_span name,
					       enum hw_config_spelling spelling);
/* The option that was most likely meant by @name, or NULL. */
const struct hw_config_row *hw_config_row_nearest(struct hw_span name,
						  enum hw_config_spelling spelling);
/* @ret_name: room for HW_CONFIG_NAME_SIZE_MAX bytes. */
void hw_config_row_spell(const struct hw_config_row *row, enum hw_config_spelling spelling,
			 char *ret_name);
/* A HAWSER_ variable that belongs to another part of the program. */
bool hw_config_is_foreign(struct hw_span variable);

#endif
