/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_config_parse -> defaults_set
 *                 -> flags_read       -> row_set
 *                 -> environment_read -> variable_read, alias_read -> row_set
 *                 -> file_read        -> file_parse -> line_parse -> value_unquote -> row_set
 *                 -> relations_settle
 *
 * The sources are read from the strongest to the weakest, because flags and environment say which
 * file to read; a value is kept only where no stronger source spoke, but it is always checked.
 */
#include "core/base/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "core/base/config_table.h"
#include "core/base/log.h"
#include "core/base/span.h"

#define SHOWN_SIZE_MAX 64U /* bytes of what is wrong that a message repeats */
#define WHERE_SIZE_MAX (HW_CONFIG_TEXT_SIZE_MAX + HW_CONFIG_NAME_SIZE_MAX + 16U)

enum action {
	ACTION_RUN = 0,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_PRINT,
};

/* One source while it is read. */
struct layer {
	struct hw_config *config;
	enum hw_config_origin origin;
	uint32_t seen_lines[HW_CONFIG_KEY_COUNT]; /* line + 1 where a key stood; 0: not yet */
	char *message;
	uint32_t message_size;
};

static enum action action_of(int argc, char **argv);
static int defaults_set(struct layer *layer);
static void layer_begin(struct layer *layer, enum hw_config_origin origin);
static int flags_read(struct layer *layer, int argc, char **argv);
static int token_flag_read(struct layer *layer, int argc, char **argv, int *index);
static int flag_read(struct layer *layer, int argc, char **argv, int *index);
static int environment_read(struct layer *layer, char **envp);
static int variable_read(struct layer *layer, const char *entry, uint32_t index);
static int alias_read(struct layer *layer, const struct hw_config_alias *alias, char **envp);
static int file_read(struct layer *layer);
static int file_load(struct layer *layer, char *ret_bytes, uint32_t *ret_size);
static int file_parse(struct layer *layer, struct hw_span bytes);
static int line_parse(struct layer *layer, struct hw_span line, uint32_t number);
static const char *value_unquote(struct hw_span text, char *ret_value);
static struct hw_span trimmed(struct hw_span text);
static bool is_blank(char c);
static int row_set(struct layer *layer, const struct hw_config_row *row, const char *value,
		   uint32_t line, const char *where);
static int relations_settle(struct layer *layer);
static int refuse_unknown(struct layer *layer, struct hw_span name,
			  enum hw_config_spelling spelling, const char *where);
static int refuse(struct layer *layer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static_assert((int)HW_CONFIG_LOG_ERROR == (int)HW_LOG_ERROR, "the words are those of log.h");
static_assert((int)HW_CONFIG_LOG_DEBUG == (int)HW_LOG_DEBUG, "the words are those of log.h");
static_assert((int)HW_CONFIG_LOG_AUTO == (int)HW_LOG_FORMAT_AUTO, "the words are those of log.h");
static_assert((int)HW_CONFIG_LOG_JSON == (int)HW_LOG_FORMAT_JSON, "the words are those of log.h");

int hw_config_parse(struct hw_config *config, int argc, char **argv, char **envp, char *ret_message,
		    uint32_t message_size)
{
	hw_assert(message_size > 0);
	enum action action = action_of(argc, argv);
	if (action == ACTION_HELP) {
		hw_config_print_help(stdout);
		return 1;
	}
	if (action == ACTION_VERSION) {
		(void)puts("hawser " HW_VERSION); /* nobody is left to tell */
		return 1;
	}
	*config = (struct hw_config){0};
	struct layer layer = {.config = config, .message_size = message_size};
	layer.message = ret_message;
	int r = defaults_set(&layer);
	hw_assert(r == 0); /* the table is ours */
	r = flags_read(&layer, argc, argv);
	if (r == 0) {
		r = environment_read(&layer, envp);
	}
	if (r == 0) {
		r = file_read(&layer);
	}
	if (r == 0) {
		r = relations_settle(&layer);
	}
	if (r == 0 && action == ACTION_PRINT) {
		hw_config_print(config, stdout);
		return 1;
	}
	return r;
}

/* --help wins over everything, also over what is wrong on the line: who asks needs an answer. */
static enum action action_of(int argc, char **argv)
{
	enum action action = ACTION_RUN;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			return ACTION_HELP;
		}
		if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
			action = ACTION_VERSION;
		}
		if (strcmp(argv[i], "--print-config") == 0 && action == ACTION_RUN) {
			action = ACTION_PRINT;
		}
	}
	return action;
}

static int defaults_set(struct layer *layer)
{
	layer->origin = HW_CONFIG_FROM_DEFAULT;
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		if (row->key == NULL) {
			continue;
		}
		int r = row_set(layer, row, row->initial, 0, row->key);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static void layer_begin(struct layer *layer, enum hw_config_origin origin)
{
	layer->origin = origin;
	memset(layer->seen_lines, 0, sizeof(layer->seen_lines));
}

/* Flags that say what to do, not how. */
static bool deed_read(struct hw_config *config, const char *flag)
{
	config->has_check |= strcmp(flag, "--check") == 0;
	config->has_repair |= strcmp(flag, "--repair") == 0;
	config->has_json |= strcmp(flag, "--json") == 0;
	return strcmp(flag, "--print-config") == 0 || strcmp(flag, "--check") == 0 ||
	       strcmp(flag, "--repair") == 0 || strcmp(flag, "--json") == 0;
}

static int flags_read(struct layer *layer, int argc, char **argv)
{
	layer_begin(layer, HW_CONFIG_FROM_FLAG);
	for (int i = 1; i < argc; i++) {
		if (deed_read(layer->config, argv[i])) {
			continue;
		}
		int r = token_flag_read(layer, argc, argv, &i);
		if (r == 0) {
			r = flag_read(layer, argc, argv, &i);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* --new-token and --token-name: no options, for they say what to do and not how to run.
 * Returns 1 it was one, 0 it was none, -EINVAL. */
static int token_flag_read(struct layer *layer, int argc, char **argv, int *index)
{
	static const char *const g_kinds[] = {"operator", "upload", NULL};
	static const char *const g_flags[] = {"--new-token", "--token-name"};
	struct hw_span flag = {argv[*index], (uint32_t)strcspn(argv[*index], "=")};
	bool is_kind = hw_span_equal(flag, hw_span_of(g_flags[0]));
	if (!is_kind && !hw_span_equal(flag, hw_span_of(g_flags[1]))) {
		return 0;
	}
	const char *value = argv[*index][flag.size] == '=' ? argv[*index] + flag.size + 1 : NULL;
	if (value == NULL && *index + 1 < argc) {
		*index += 1;
		value = argv[*index];
	}
	struct hw_config_rule rule = {.type = HW_CONFIG_TYPE_WORD, .low = 1, .high = 31};
	if (is_kind) {
		rule = (struct hw_config_rule){.type = HW_CONFIG_TYPE_CHOICE, .words = g_kinds};
	}
	union hw_config_field field;
	const char *reason = value != NULL ? hw_config_value_parse(&rule, value, &field) : "";
	if (value == NULL || reason != NULL) {
		char allowed[HW_CONFIG_TEXT_SIZE_MAX];
		hw_config_value_allowed(&rule, allowed);
		return refuse(layer, "%.*s: \"%.*s\" %s; allowed: %s", (int)flag.size, flag.bytes,
			      (int)SHOWN_SIZE_MAX, value != NULL ? value : "",
			      value != NULL ? reason : "is no value", allowed);
	}
	*(is_kind ? &layer->config->new_token : &layer->config->token_name) = value;
	return 1;
}

/* "--key=value", "--key value", or, for what is on or off, "--key" alone. */
static int flag_read(struct layer *layer, int argc, char **argv, int *index)
{
	const char *flag = argv[*index];
	if (strncmp(flag, "--", 2) != 0) {
		return refuse(layer, "\"%.*s\" is not expected; options begin with --, see --help",
			      (int)SHOWN_SIZE_MAX, flag);
	}
	uint32_t line = (uint32_t)*index;
	struct hw_span name = {flag, (uint32_t)strcspn(flag, "=")};
	const struct hw_config_row *row = hw_config_row_find(name, HW_CONFIG_SPELLING_FLAG);
	if (row == NULL) {
		return refuse_unknown(layer, name, HW_CONFIG_SPELLING_FLAG, "");
	}
	char where[HW_CONFIG_NAME_SIZE_MAX];
	hw_config_row_spell(row, HW_CONFIG_SPELLING_FLAG, where);
	if (flag[name.size] == '=') {
		return row_set(layer, row, flag + name.size + 1, line, where);
	}
	bool has_value = *index + 1 < argc && strncmp(argv[*index + 1], "--", 2) != 0;
	if (!has_value && row->rule.type == HW_CONFIG_TYPE_BOOL) {
		return row_set(layer, row, "on", line, where);
	}
	if (!has_value) {
		char allowed[HW_CONFIG_TEXT_SIZE_MAX];
		hw_config_value_allowed(&row->rule, allowed);
		return refuse(layer, "%s needs a value; allowed: %s", flag, allowed);
	}
	*index += 1;
	return row_set(layer, row, argv[*index], line, where);
}

static int environment_read(struct layer *layer, char **envp)
{
	layer_begin(layer, HW_CONFIG_FROM_ENVIRONMENT);
	for (uint32_t i = 0; envp[i] != NULL; i++) {
		if (strncmp(envp[i], "HAWSER_", 7) != 0) {
			continue;
		}
		int r = variable_read(layer, envp[i], i);
		if (r < 0) {
			return r;
		}
	}
	/* One whose HAWSER_ variable is set is not even looked at: so that is the way out where
	 * LOG_LEVEL or PORT is meant for somebody else. */
	uint32_t stronger_lines[HW_CONFIG_KEY_COUNT];
	memcpy(stronger_lines, layer->seen_lines, sizeof(stronger_lines));
	layer_begin(layer, HW_CONFIG_FROM_ALIAS);
	for (uint32_t i = 0; i < hw_config_alias_count; i++) {
		if (stronger_lines[hw_config_aliases[i].id] != 0) {
			continue;
		}
		int r = alias_read(layer, &hw_config_aliases[i], envp);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int variable_read(struct layer *layer, const char *entry, uint32_t index)
{
	struct hw_span name = {entry, (uint32_t)strcspn(entry, "=")};
	if (hw_config_is_foreign(name)) {
		return 0;
	}
	const struct hw_config_row *row = hw_config_row_find(name, HW_CONFIG_SPELLING_VARIABLE);
	if (row == NULL || entry[name.size] == '\0') {
		return refuse_unknown(layer, name, HW_CONFIG_SPELLING_VARIABLE, "environment: ");
	}
	char where[HW_CONFIG_NAME_SIZE_MAX];
	hw_config_row_spell(row, HW_CONFIG_SPELLING_VARIABLE, where);
	return row_set(layer, row, entry + name.size + 1, index, where);
}

/* An empty one is as one that is not set. */
static int alias_read(struct layer *layer, const struct hw_config_alias *alias, char **envp)
{
	uint64_t size = strlen(alias->variable);
	for (uint32_t i = 0; envp[i] != NULL; i++) {
		const char *entry = envp[i];
		if (strncmp(entry, alias->variable, size) != 0 || entry[size] != '=' ||
		    entry[size + 1] == '\0') {
			continue;
		}
		char value[HW_CONFIG_TEXT_SIZE_MAX + 32]; /* what is cut is too long anyway */
		(void)snprintf(value, sizeof(value), "%s%s", alias->prefix, entry + size + 1);
		const struct hw_config_row *row = hw_config_row_of(alias->id);
		return row_set(layer, row, value, i, alias->variable);
	}
	return 0;
}

static int file_read(struct layer *layer)
{
	layer_begin(layer, HW_CONFIG_FROM_FILE);
	if (layer->config->config[0] == '\0') {
		return 0;
	}
	char bytes[HW_CONFIG_FILE_SIZE_MAX];
	uint32_t size = 0;
	int r = file_load(layer, bytes, &size);
	return r < 0 ? r : file_parse(layer, (struct hw_span){bytes, size});
}

static int file_load(struct layer *layer, char *ret_bytes, uint32_t *ret_size)
{
	const char *path = layer->config->config;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		return refuse(layer, "%s: cannot be opened: %s", path, strerrordesc_np(errno));
	}
	uint32_t size = 0;
	ssize_t r = 0;
	do {
		r = read(fd, ret_bytes + size, HW_CONFIG_FILE_SIZE_MAX - size);
		size += r > 0 ? (uint32_t)r : 0;
	} while ((r > 0 && size < HW_CONFIG_FILE_SIZE_MAX) || (r < 0 && errno == EINTR));
	int error = r < 0 ? errno : 0;
	(void)close(fd); /* was only read */
	if (error != 0) {
		return refuse(layer, "%s: cannot be read: %s", path, strerrordesc_np(error));
	}
	if (size == HW_CONFIG_FILE_SIZE_MAX) {
		return refuse(layer, "%s: is too long; allowed are %u bytes", path,
			      HW_CONFIG_FILE_SIZE_MAX - 1);
	}
	*ret_size = size;
	return 0;
}

static int file_parse(struct layer *layer, struct hw_span bytes)
{
	for (uint32_t number = 1; bytes.size > 0; number++) {
		const char *end = memchr(bytes.bytes, '\n', bytes.size);
		uint32_t size = end != NULL ? (uint32_t)(end - bytes.bytes) : bytes.size;
		int r = line_parse(layer, (struct hw_span){bytes.bytes, size}, number);
		if (r < 0) {
			return r;
		}
		bytes = hw_span_skip(bytes, end != NULL ? size + 1 : size);
	}
	return 0;
}

static int line_parse(struct layer *layer, struct hw_span line, uint32_t number)
{
	const char *path = layer->config->config;
	char where[WHERE_SIZE_MAX];
	(void)snprintf(where, sizeof(where), "%s:%u: ", path, number); /* fits */
	line = trimmed(line);
	if (line.size == 0 || line.bytes[0] == '#') {
		return 0;
	}
	const char *equals = memchr(line.bytes, '=', line.size);
	if (equals == NULL || memchr(line.bytes, '\0', line.size) != NULL) {
		return refuse(layer, "%sthis is not a line of the form key = value", where);
	}
	uint32_t key_size = (uint32_t)(equals - line.bytes);
	struct hw_span name = trimmed((struct hw_span){line.bytes, key_size});
	const struct hw_config_row *row = hw_config_row_find(name, HW_CONFIG_SPELLING_KEY);
	if (row == NULL) {
		return refuse_unknown(layer, name, HW_CONFIG_SPELLING_KEY, where);
	}
	if (row->id == HW_CONFIG_config) {
		return refuse(layer, "%sconfig: a file cannot name another", where);
	}
	char value[HW_CONFIG_TEXT_SIZE_MAX];
	const char *reason = value_unquote(trimmed(hw_span_skip(line, key_size + 1)), value);
	if (reason != NULL) {
		return refuse(layer, "%s%s: the value %s", where, row->key, reason);
	}
	(void)snprintf(where, sizeof(where), "%s:%u: %s", path, number, row->key); /* fits */
	return row_set(layer, row, value, number, where);
}

/* A value in the file may stand in double quotes, with \" and \\ inside. Outside of quotes, a #
 * after a blank begins a comment. Returns NULL good, else what is wrong. */
static const char *value_unquote(struct hw_span text, char *ret_value)
{
	bool is_quoted = text.size > 0 && text.bytes[0] == '"';
	bool is_open = is_quoted;
	uint32_t size = 0;
	uint32_t at = is_quoted ? 1 : 0;
	for (; at < text.size; at++) {
		char c = text.bytes[at];
		bool is_comment = c == '#' && (at == 0 || is_blank(text.bytes[at - 1]));
		if ((is_quoted && c == '"') || (!is_quoted && is_comment)) {
			is_open = false;
			break;
		}
		if (is_quoted && c == '\\' && at + 1 < text.size) {
			at++;
			c = text.bytes[at];
		}
		if (size + 1 >= HW_CONFIG_TEXT_SIZE_MAX) {
			return "is too long";
		}
		ret_value[size++] = c;
	}
	if (is_open) {
		return "has no closing quote";
	}
	struct hw_span rest = {NULL, 0};
	if (is_quoted) {
		rest = trimmed(hw_span_skip(text, at + 1));
	} else {
		size = trimmed((struct hw_span){ret_value, size}).size;
	}
	if (rest.size > 0 && rest.bytes[0] != '#') {
		return "goes on after its closing quote";
	}
	ret_value[size] = '\0';
	return NULL;
}

static struct hw_span trimmed(struct hw_span text)
{
	while (text.size > 0 && is_blank(text.bytes[0])) {
		text = hw_span_skip(text, 1);
	}
	while (text.size > 0 && is_blank(text.bytes[text.size - 1])) {
		text.size--;
	}
	return text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Check @value, and keep it unless a stronger source spoke. @where: how the message begins. */
static int row_set(struct layer *layer, const struct hw_config_row *row, const char *value,
		   uint32_t line, const char *where)
{
	uint32_t *seen_line = &layer->seen_lines[row->id];
	if (*seen_line != 0 && layer->origin == HW_CONFIG_FROM_FILE) {
		return refuse(layer, "%s is set twice, first in line %u", where, *seen_line - 1);
	}
	if (*seen_line != 0) {
		return refuse(layer, "%s is set twice", where);
	}
	union hw_config_field scratch;
	bool is_kept = layer->origin >= layer->config->sources[row->id].origin;
	void *field = is_kept ? (char *)layer->config + row->field_offset : (char *)&scratch;
	const char *reason = strlen(value) < HW_CONFIG_TEXT_SIZE_MAX
				     ? hw_config_value_parse(&row->rule, value, field)
				     : "is too long";
	if (reason != NULL) {
		char allowed[HW_CONFIG_TEXT_SIZE_MAX];
		hw_config_value_allowed(&row->rule, allowed);
		return refuse(layer, "%s: \"%.*s\" %s; allowed: %s", where, (int)SHOWN_SIZE_MAX,
			      value, reason, allowed);
	}
	*seen_line = line + 1;
	if (is_kept) {
		layer->config->sources[row->id] = (struct hw_config_source){layer->origin, line};
	}
	return 0;
}

/* What no row can check by itself, and the values that stand for another. */
static int relations_settle(struct layer *layer)
{
	struct hw_config *config = layer->config;
	if (config->file_size_max == 0) {
		config->file_size_max = HW_FILE_SIZE_MAX;
	}
	if (config->segment_size % HW_CHUNK_SIZE != 0) {
		return refuse(layer,
			      "segment_size must be a multiple of %u MiB, the size of a chunk",
			      HW_CHUNK_SIZE >> 20);
	}
	if (config->memory_size % HW_SLAB_SIZE != 0) {
		return refuse(layer, "memory must be a multiple of %u KiB, the size of a slab",
			      HW_SLAB_SIZE >> 10);
	}
	if ((config->has_repair || config->has_json) && !config->has_check) {
		return refuse(layer, "--repair and --json go with --check; see --help");
	}
	if (config->expiry_max_ms != 0 && config->expiry_default_ms > config->expiry_max_ms) {
		return refuse(layer, "expiry_default is longer than expiry_max");
	}
	if (config->token_name != NULL && config->new_token == NULL) {
		return refuse(layer, "--token-name is for --new-token");
	}
	if (config->cpus.count > 0 && config->reactor_count > config->cpus.count) {
		return refuse(layer, "reactors is %u, but cpus names only %u of them",
			      config->reactor_count, config->cpus.count);
	}
	return 0;
}

/* @where: what stands before the name, or "". */
static int refuse_unknown(struct layer *layer, struct hw_span name,
			  enum hw_config_spelling spelling, const char *where)
{
	const struct hw_config_row *nearest = hw_config_row_nearest(name, spelling);
	char meant[HW_CONFIG_NAME_SIZE_MAX] = "";
	if (nearest != NULL) {
		hw_config_row_spell(nearest, spelling, meant);
	}
	return refuse(layer, "%s\"%.*s\" is no option%s%s; see --help", where,
		      (int)hw_min(name.size, SHOWN_SIZE_MAX), name.bytes,
		      nearest != NULL ? ", but there is " : "", meant);
}

/* What was given to us may hold anything; the message is one line all the same. */
static int refuse(struct layer *layer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int r = vsnprintf(layer->message, layer->message_size, format, arguments);
	va_end(arguments);
	hw_assert(r > 0); /* cut is fine */
	for (char *c = layer->message; *c != '\0'; c++) {
		if ((uint8_t)*c < 0x20 || *c == 0x7f) {
			*c = '?';
		}
	}
	return -EINVAL;
}
