/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/config_table.h"

#include <string.h>

#define NEAR_DISTANCE_MAX 3U /* changed, missing or added letters that may be a slip */

static uint32_t distance_of(struct hw_span a, struct hw_span b);

#define CHOICE_WORD(value, word) word,
#define HW_GROUP(title)          {.sentence = (title)},
#define HW_OPTION(key_, type_, field, initial_, low_, high_, sentence_)                            \
	{                                                                                          \
		.key = #key_,                                                                      \
		.id = HW_CONFIG_##key_,                                                            \
		.field_offset = offsetof(struct hw_config, field),                                 \
		.rule = {.type = HW_CONFIG_TYPE_##type_, .low = (low_), .high = (high_)},          \
		.initial = (initial_),                                                             \
		.sentence = (sentence_),                                                           \
	},
#define HW_CHOICE(key_, field, list, initial_, sentence_)                                          \
	{                                                                                          \
		.key = #key_,                                                                      \
		.id = HW_CONFIG_##key_,                                                            \
		.field_offset = offsetof(struct hw_config, field),                                 \
		.rule = {.type = HW_CONFIG_TYPE_CHOICE,                                            \
			 .words = (const char *const[]){HW_CONFIG_##list(CHOICE_WORD) NULL}},      \
		.initial = (initial_),                                                             \
		.sentence = (sentence_),                                                           \
	},
#define HW_ALIAS(variable, key, prefix)
#define HW_FOREIGN(variable)
const struct hw_config_row hw_config_rows[] = {
#include "core/base/config.def"
};
const uint32_t hw_config_row_count = hw_count_of(hw_config_rows);
#undef HW_GROUP
#undef HW_OPTION
#undef HW_CHOICE
#undef HW_ALIAS

#define HW_GROUP(title)
#define HW_OPTION(key, type, field, initial, low, high, sentence)
#define HW_CHOICE(key, field, list, initial, sentence)
#define HW_ALIAS(variable, key, prefix) {#variable, (prefix), HW_CONFIG_##key},
const struct hw_config_alias hw_config_aliases[] = {
#include "core/base/config.def"
};
const uint32_t hw_config_alias_count = hw_count_of(hw_config_aliases);
#undef HW_ALIAS
#undef HW_FOREIGN

#define HW_ALIAS(variable, key, prefix)
#define HW_FOREIGN(variable) #variable,
static const char *const g_foreign[] = {
#include "core/base/config.def"
};
#undef HW_GROUP
#undef HW_OPTION
#undef HW_CHOICE
#undef HW_ALIAS
#undef HW_FOREIGN

const struct hw_config_row *hw_config_row_of(enum hw_config_key id)
{
	const struct hw_config_row *found = NULL;
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		if (hw_config_rows[i].key != NULL && hw_config_rows[i].id == id) {
			found = &hw_config_rows[i];
			break;
		}
	}
	hw_assert(found != NULL);
	return found;
}

const struct hw_config_row *hw_config_row_find(struct hw_span name,
					       enum hw_config_spelling spelling)
{
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		if (hw_config_rows[i].key == NULL) {
			continue;
		}
		char spelled[HW_CONFIG_NAME_SIZE_MAX];
		hw_config_row_spell(&hw_config_rows[i], spelling, spelled);
		if (hw_span_equal(name, hw_span_of(spelled))) {
			return &hw_config_rows[i];
		}
	}
	return NULL;
}

const struct hw_config_row *hw_config_row_nearest(struct hw_span name,
						  enum hw_config_spelling spelling)
{
	const struct hw_config_row *nearest = NULL;
	uint32_t least = NEAR_DISTANCE_MAX + 1;
	if (name.size >= HW_CONFIG_NAME_SIZE_MAX) {
		return NULL;
	}
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		if (hw_config_rows[i].key == NULL) {
			continue;
		}
		char spelled[HW_CONFIG_NAME_SIZE_MAX];
		hw_config_row_spell(&hw_config_rows[i], spelling, spelled);
		uint32_t distance = distance_of(name, hw_span_of(spelled));
		if (distance < least) {
			least = distance;
			nearest = &hw_config_rows[i];
		}
	}
	return nearest;
}

/* Levenshtein's: letters to change, add or take away; one row of the matrix at a time. */
static uint32_t distance_of(struct hw_span a, struct hw_span b)
{
	uint32_t row[HW_CONFIG_NAME_SIZE_MAX + 1];
	hw_assert(b.size <= HW_CONFIG_NAME_SIZE_MAX);
	for (uint32_t j = 0; j <= b.size; j++) {
		row[j] = j;
	}
	for (uint32_t i = 0; i < a.size; i++) {
		uint32_t diagonal = row[0];
		row[0] = i + 1;
		for (uint32_t j = 0; j < b.size; j++) {
			uint32_t above = row[j + 1];
			uint32_t changed = diagonal + (a.bytes[i] == b.bytes[j] ? 0 : 1);
			row[j + 1] = hw_min(changed, hw_min(above, row[j]) + 1);
			diagonal = above;
		}
	}
	return row[b.size];
}

void hw_config_row_spell(const struct hw_config_row *row, enum hw_config_spelling spelling,
			 char *ret_name)
{
	static const char *const prefixes[] = {"", "--", "HAWSER_"};
	int r = snprintf(ret_name, HW_CONFIG_NAME_SIZE_MAX, "%s%s", prefixes[spelling], row->key);
	hw_assert(r > 0 && (uint32_t)r < HW_CONFIG_NAME_SIZE_MAX);
	for (char *c = ret_name + strlen(prefixes[spelling]); *c != '\0'; c++) {
		if (spelling == HW_CONFIG_SPELLING_FLAG && *c == '_') {
			*c = '-';
		}
		if (spelling == HW_CONFIG_SPELLING_VARIABLE && *c >= 'a' && *c <= 'z') {
			*c = (char)(*c - 'a' + 'A');
		}
	}
}

bool hw_config_is_foreign(struct hw_span variable)
{
	for (uint32_t i = 0; i < hw_count_of(g_foreign); i++) {
		if (hw_span_equal(variable, hw_span_of(g_foreign[i]))) {
			return true;
		}
	}
	return false;
}
