/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_config_print_help -> option_help
 * hw_config_print      -> value_quote, source_text -> alias_of
 */
#include <string.h>

#include "core/base/config.h"
#include "core/base/config_table.h"

#define HELP_COLUMN  28 /* where the sentences of --help begin */
#define KEY_COLUMN   22 /* where the = of --print-config stands */
#define VALUE_COLUMN 26 /* width of its values, before their source */

static const char *placeholder_of(enum hw_config_type type);
static void option_help(const struct hw_config_row *row, FILE *out);
static void value_quote(const char *value, char *ret_quoted);
static void source_text(const struct hw_config *config, const struct hw_config_row *row,
			char *ret_text);
static const char *alias_of(enum hw_config_key id);

#define SOURCE_SIZE_MAX (HW_CONFIG_TEXT_SIZE_MAX + 16U)
#define QUOTED_SIZE_MAX                                                                            \
	(2U * HW_CONFIG_TEXT_SIZE_MAX +                                                            \
	 3U) /* each byte escaped, two quotes, NUL                  \
					     */

/* In both functions: a result of printing to stdout is of use to nobody; a full pipe ends us
 * anyway. */
void hw_config_print_help(FILE *out)
{
	(void)fputs("Usage: hawser [--option VALUE]...\n"
		    "Share files: drop one, get a link, the other side downloads while it still "
		    "arrives.\n",
		    out);
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		if (row->key == NULL) {
			(void)fprintf(out, "\n%s\n", row->sentence);
			continue;
		}
		option_help(row, out);
	}
	(void)fputs("  --new-token KIND          Make a token (operator or upload), print it once, "
		    "and leave.\n"
		    "  --token-name NAME         What it is called in the file of tokens.\n"
		    "  --print-config            Print what is in effect and where it comes from, "
		    "and leave.\n"
		    "  --check                   Read all that is stored, report, and leave: 0 all "
		    "well,\n"
		    "                            1 damaged, 2 could not check. The daemon must not "
		    "run.\n"
		    "  --check --repair          And give back the space that belongs to nobody.\n"
		    "  --check --json            The report for machines.\n"
		    "  --help, --version         Print this, or the version, and leave.\n"
		    "\n"
		    "Each option can also be given as a variable (--data-dir is HAWSER_DATA_DIR) "
		    "or as a line\n"
		    "of the file (data_dir = /srv/hawser). Flags go before variables, variables "
		    "before the\n"
		    "file. Also understood, where the variable above is not set:",
		    out);
	for (uint32_t i = 0; i < hw_config_alias_count; i++) {
		(void)fprintf(out, "%s %s", i > 0 ? "," : "", hw_config_aliases[i].variable);
	}
	(void)fputs(".\n", out);
}

static void option_help(const struct hw_config_row *row, FILE *out)
{
	char flag[HW_CONFIG_NAME_SIZE_MAX];
	char both[HW_CONFIG_NAME_SIZE_MAX + 16];
	char allowed[HW_CONFIG_TEXT_SIZE_MAX];
	hw_config_row_spell(row, HW_CONFIG_SPELLING_FLAG, flag);
	(void)snprintf(both, sizeof(both), "%s %s", flag, placeholder_of(row->rule.type));
	hw_config_value_allowed(&row->rule, allowed);
	const char *initial = row->initial[0] != '\0' ? row->initial : "empty";
	(void)fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2, both, row->sentence);
	(void)fprintf(out, "%*s[%s; default %s]\n", HELP_COLUMN, "", allowed, initial);
}

static const char *placeholder_of(enum hw_config_type type)
{
	static const char *const placeholders[] = {
		[HW_CONFIG_TYPE_COUNT] = "N",       [HW_CONFIG_TYPE_SIZE] = "SIZE",
		[HW_CONFIG_TYPE_TIME] = "TIME",     [HW_CONFIG_TYPE_BOOL] = "ON|OFF",
		[HW_CONFIG_TYPE_CHOICE] = "WORD",   [HW_CONFIG_TYPE_WORD] = "NAME",
		[HW_CONFIG_TYPE_URL] = "URL",       [HW_CONFIG_TYPE_PATH] = "PATH",
		[HW_CONFIG_TYPE_CPUS] = "LIST",     [HW_CONFIG_TYPE_LISTEN] = "LIST",
		[HW_CONFIG_TYPE_DURATION] = "TIME", [HW_CONFIG_TYPE_NETWORKS] = "LIST",
		[HW_CONFIG_TYPE_ORIGINS] = "LIST",
	};
	hw_assert(type < hw_count_of(placeholders));
	return placeholders[type];
}

void hw_config_print(const struct hw_config *config, FILE *out)
{
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		if (row->key == NULL) {
			(void)fprintf(out, "%s# %s\n", i > 0 ? "\n" : "", row->sentence);
			continue;
		}
		char value[HW_CONFIG_TEXT_SIZE_MAX];
		char quoted[QUOTED_SIZE_MAX];
		char source[SOURCE_SIZE_MAX];
		hw_config_value_print(&row->rule, (const char *)config + row->field_offset, value);
		value_quote(value, quoted);
		source_text(config, row, source);
		/* A file cannot name another one, so that line is a comment. */
		const char *comment = row->id == HW_CONFIG_config ? "# " : "";
		(void)fprintf(out, "%s%-*s = %-*s # %s\n", comment,
			      KEY_COLUMN - (int)strlen(comment), row->key, VALUE_COLUMN, quoted,
			      source);
	}
}

/* As value_unquote() of config.c reads it; quotes only where they are needed. */
static void value_quote(const char *value, char *ret_quoted)
{
	bool is_plain = value[0] != '\0' && strpbrk(value, "#\"\\") == NULL;
	is_plain = is_plain && value[0] != ' ' && value[strlen(value) - 1] != ' ';
	char *to = ret_quoted;
	if (!is_plain) {
		*to++ = '"';
	}
	for (const char *from = value; *from != '\0'; from++) {
		if (*from == '"' || *from == '\\') {
			*to++ = '\\';
		}
		*to++ = *from;
	}
	if (!is_plain) {
		*to++ = '"';
	}
	*to = '\0';
}

static void source_text(const struct hw_config *config, const struct hw_config_row *row,
			char *ret_text)
{
	char name[HW_CONFIG_NAME_SIZE_MAX] = "default";
	const struct hw_config_source *source = &config->sources[row->id];
	switch (source->origin) {
	case HW_CONFIG_FROM_FILE:
		(void)snprintf(ret_text, SOURCE_SIZE_MAX, "%s:%u", config->config, source->line);
		return;
	case HW_CONFIG_FROM_FLAG:
		hw_config_row_spell(row, HW_CONFIG_SPELLING_FLAG, name);
		break;
	case HW_CONFIG_FROM_ENVIRONMENT:
		hw_config_row_spell(row, HW_CONFIG_SPELLING_VARIABLE, name);
		break;
	case HW_CONFIG_FROM_ALIAS:
		(void)snprintf(name, sizeof(name), "%s", alias_of(row->id)); /* fits */
		break;
	case HW_CONFIG_FROM_DEFAULT:
	case HW_CONFIG_FROM_COUNT:
		break;
	}
	(void)snprintf(ret_text, SOURCE_SIZE_MAX, "%s", name);
}

static const char *alias_of(enum hw_config_key id)
{
	const char *variable = "";
	for (uint32_t i = 0; i < hw_config_alias_count; i++) {
		if (hw_config_aliases[i].id == id) {
			variable = hw_config_aliases[i].variable;
		}
	}
	return variable;
}
