/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_config_value_parse   -> number_parse (units), bool_parse, choice_parse, text_parse,
 *                            cpus_parse -> cpu_range_parse,
 *                            networks_parse, origins_parse, config_listen.c
 * hw_config_value_print   -> unit_print, cpus_print, networks_print, config_listen.c
 * hw_config_value_allowed -> words_print
 */
#include "core/base/config_value.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/config_listen.h"
#include "core/base/config_text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit *units_of(const struct hw_config_rule *rule);
static const char *units_hint(const struct hw_config_rule *rule);
static const char *number_parse(const struct hw_config_rule *rule, const char *text,
				uint64_t *ret_value);
static const char *unit_find(const struct hw_config_rule *rule, const char *name, uint64_t value,
			     uint64_t *ret_factor);
static const char *bool_parse(const char *text, bool *ret_value);
static const char *choice_parse(const char *const *words, const char *text, uint32_t *ret_value);
static const char *text_parse(const struct hw_config_rule *rule, const char *text, char *ret_text);
static const char *url_check(const char *text);
static const char *cpus_parse(const char *text, struct hw_config_cpus *ret_cpus);
static const char *cpu_range_parse(struct hw_span item, struct hw_config_cpus *cpus);
static const char *networks_parse(const char *text, struct hw_networks *ret_networks);
static const char *origins_parse(const struct hw_config_rule *rule, const char *text,
				 char *ret_text);
static const char *origin_check(struct hw_span item, bool is_only);
static void unit_print(const struct unit *units, uint64_t value, char *ret_text);
static void cpus_print(const struct hw_config_cpus *cpus, char *ret_text);
static void networks_print(const struct hw_networks *networks, char *ret_text);
static void words_print(const char *const *words, char *ret_text);

/* The first name of a factor is the one that is printed. MB and its like are not known: half the
 * world means 10^6 by them. */
static const struct unit g_size_units[] = {
	{"PiB", UINT64_C(1) << 50},
	{"p", UINT64_C(1) << 50},
	{"TiB", UINT64_C(1) << 40},
	{"t", UINT64_C(1) << 40},
	{"GiB", UINT64_C(1) << 30},
	{"g", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"m", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"k", UINT64_C(1) << 10},
	{"", 1},
	{NULL, 0},
};

static const struct unit g_time_units[] = {
	{"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000},
	{"s", 1000},      {"ms", 1},       {NULL, 0},
};

static const struct unit g_count_units[] = {{"", 1}, {NULL, 0}};

const char *hw_config_value_parse(const struct hw_config_rule *rule, const char *text,
				  void *ret_field)
{
	uint64_t number = 0;
	const char *reason = NULL;
	switch (rule->type) {
	case HW_CONFIG_TYPE_COUNT:
	case HW_CONFIG_TYPE_TIME:
		hw_assert(rule->high <= UINT32_MAX);
		reason = number_parse(rule, text, &number);
		if (reason == NULL) {
			*(uint32_t *)ret_field = (uint32_t)number;
		}
		return reason;
	case HW_CONFIG_TYPE_SIZE:
	case HW_CONFIG_TYPE_DURATION:
		return number_parse(rule, text, ret_field);
	case HW_CONFIG_TYPE_BOOL:
		return bool_parse(text, ret_field);
	case HW_CONFIG_TYPE_CHOICE:
		return choice_parse(rule->words, text, ret_field);
	case HW_CONFIG_TYPE_WORD:
	case HW_CONFIG_TYPE_URL:
	case HW_CONFIG_TYPE_PATH:
		return text_parse(rule, text, ret_field);
	case HW_CONFIG_TYPE_CPUS:
		return cpus_parse(text, ret_field);
	case HW_CONFIG_TYPE_LISTEN:
		return hw_config_listen_parse(text, rule->low == 0, ret_field);
	case HW_CONFIG_TYPE_NETWORKS:
		return networks_parse(text, ret_field);
	case HW_CONFIG_TYPE_ORIGINS:
		return origins_parse(rule, text, ret_field);
	}
	return "is of no known type";
}

static const struct unit *units_of(const struct hw_config_rule *rule)
{
	if (rule->type == HW_CONFIG_TYPE_COUNT) {
		return g_count_units;
	}
	return rule->type == HW_CONFIG_TYPE_SIZE ? g_size_units : g_time_units;
}

static const char *units_hint(const struct hw_config_rule *rule)
{
	if (rule->type == HW_CONFIG_TYPE_COUNT) {
		return "";
	}
	return rule->type == HW_CONFIG_TYPE_SIZE ? " (bytes, k, m, g, t)" : " (ms, s, m, h, d, w)";
}

static const char *number_parse(const struct hw_config_rule *rule, const char *text,
				uint64_t *ret_value)
{
	const char *end = NULL;
	uint64_t value = 0;
	uint64_t factor = 0;
	const char *reason = hw_config_text_digits(text, &end, &value);
	if (reason == NULL) {
		reason = unit_find(rule, end, value, &factor);
	}
	if (reason != NULL) {
		return reason;
	}
	if (value > rule->high / factor) {
		return "is too large";
	}
	if (value * factor < rule->low) {
		return "is too small";
	}
	*ret_value = value * factor;
	return NULL;
}

/* Upper and lower case are one, except that a bare M would be taken for "mega" in a time. */
static const char *unit_find(const struct hw_config_rule *rule, const char *name, uint64_t value,
			     uint64_t *ret_factor)
{
	bool is_size = rule->type == HW_CONFIG_TYPE_SIZE;
	for (const struct unit *unit = units_of(rule); unit->name != NULL; unit++) {
		bool is_same =
			is_size ? strcasecmp(unit->name, name) == 0 : strcmp(unit->name, name) == 0;
		if (is_same) {
			*ret_factor = unit->factor;
			return NULL;
		}
	}
	if (value == 0 && *name == '\0') {
		*ret_factor = 1; /* nothing is nothing in every unit */
		return NULL;
	}
	return *name == '\0' ? "has no unit" : "has an unknown unit";
}

static const char *bool_parse(const char *text, bool *ret_value)
{
	static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
	for (uint32_t i = 0; i < hw_count_of(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_value = i % 2 == 1;
			return NULL;
		}
	}
	return "is neither on nor off";
}

static const char *choice_parse(const char *const *words, const char *text, uint32_t *ret_value)
{
	for (uint32_t i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_value = i;
			return NULL;
		}
	}
	return "is none of the choices";
}

static const char *text_parse(const struct hw_config_rule *rule, const char *text, char *ret_text)
{
	hw_assert(rule->high < HW_CONFIG_TEXT_SIZE_MAX);
	uint64_t size = strlen(text);
	if (size < rule->low) {
		return "is empty";
	}
	if (size > rule->high) {
		return "is too long";
	}
	for (uint64_t i = 0; i < size; i++) {
		char c = text[i];
		if ((uint8_t)c < 0x20 || c == 0x7f) {
			return "holds a control character";
		}
		if (rule->type == HW_CONFIG_TYPE_WORD && !hw_config_text_is_of_words(c)) {
			return "holds a character that no name has";
		}
	}
	const char *reason = rule->type == HW_CONFIG_TYPE_URL ? url_check(text) : NULL;
	if (reason != NULL) {
		return reason;
	}
	bool has_slash = rule->type == HW_CONFIG_TYPE_URL && size > 0 && text[size - 1] == '/';
	size -= has_slash ? 1 : 0;
	memcpy(ret_text, text, size);
	ret_text[size] = '\0';
	return NULL;
}

/* Enough that links made from it are links; what stands there is the operator's to know. */
static const char *url_check(const char *text)
{
	if (*text == '\0') {
		return NULL;
	}
	uint32_t scheme_size = strncmp(text, "https://", 8) == 0 ? 8 : 7;
	if (scheme_size == 7 && strncmp(text, "http://", 7) != 0) {
		return "does not begin with http:// or https://";
	}
	if (strpbrk(text, " \"<>\\?#") != NULL) {
		return "holds a character that no such address has";
	}
	if (text[scheme_size] == '\0' || text[scheme_size] == '/' || text[scheme_size] == ':') {
		return "names no host";
	}
	return NULL;
}

static const char *cpus_parse(const char *text, struct hw_config_cpus *ret_cpus)
{
	struct hw_config_cpus cpus = {0};
	struct hw_span rest = {*text != '\0' ? text : NULL, (uint32_t)strlen(text)};
	while (rest.bytes != NULL) {
		const char *reason = cpu_range_parse(hw_config_text_item_take(&rest), &cpus);
		if (reason != NULL) {
			return reason;
		}
	}
	*ret_cpus = cpus;
	return NULL;
}

/* "3" or "0-3". */
static const char *cpu_range_parse(struct hw_span item, struct hw_config_cpus *cpus)
{
	char text[24];
	if (item.size == 0 || item.size >= sizeof(text)) {
		return "is not a list of cpus";
	}
	memcpy(text, item.bytes, item.size);
	text[item.size] = '\0';
	const char *end = NULL;
	uint64_t first = 0;
	const char *reason = hw_config_text_digits(text, &end, &first);
	uint64_t last = first;
	if (reason == NULL && *end == '-') {
		reason = hw_config_text_digits(end + 1, &end, &last);
	}
	if (reason != NULL || *end != '\0' || last < first) {
		return "is not a list of cpus";
	}
	if (last >= HW_CONFIG_CPU_COUNT_MAX) {
		return "names a cpu that cannot be";
	}
	for (uint64_t cpu = first; cpu <= last; cpu++) {
		if (hw_config_cpus_has(cpus, (uint32_t)cpu)) {
			return "names a cpu twice";
		}
		cpus->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
		cpus->count++;
	}
	return NULL;
}

static const char *networks_parse(const char *text, struct hw_networks *ret_networks)
{
	struct hw_networks networks = {.count = 0};
	struct hw_span rest = {*text != '\0' ? text : NULL, (uint32_t)strlen(text)};
	while (rest.bytes != NULL) {
		struct hw_network network;
		if (hw_network_parse(hw_config_text_item_take(&rest), &network) < 0) {
			return "is not a list of networks";
		}
		if (networks.count == HW_NETWORK_COUNT_MAX) {
			return "names too many networks";
		}
		networks.networks[networks.count++] = network;
	}
	*ret_networks = networks;
	return NULL;
}

/* It stays a text: who answers a browser compares it with what the browser says. */
static const char *origins_parse(const struct hw_config_rule *rule, const char *text,
				 char *ret_text)
{
	char copy[HW_CONFIG_TEXT_SIZE_MAX];
	const char *reason = text_parse(rule, text, copy);
	struct hw_span rest = {*text != '\0' ? text : NULL, (uint32_t)strlen(text)};
	while (reason == NULL && rest.bytes != NULL) {
		struct hw_span item = hw_config_text_item_take(&rest);
		reason = origin_check(item, rest.bytes == NULL && strcmp(text, "*") == 0);
	}
	if (reason == NULL) {
		memcpy(ret_text, copy, strlen(copy) + 1);
	}
	return reason;
}

/* Scheme, host and port, as a browser says them: it never sends a path. */
static const char *origin_check(struct hw_span item, bool is_only)
{
	char origin[HW_CONFIG_TEXT_SIZE_MAX];
	memcpy(origin, item.bytes, item.size);
	origin[item.size] = '\0';
	if (strcmp(origin, "*") == 0) {
		return is_only ? NULL : "holds a * that does not stand alone";
	}
	const char *reason = item.size > 0 ? url_check(origin) : "has an empty member";
	if (reason == NULL && strchr(strchr(origin, '/') + 2, '/') != NULL) {
		reason = "holds an origin with a path";
	}
	return reason;
}

void hw_config_value_print(const struct hw_config_rule *rule, const void *field, char *ret_text)
{
	ret_text[0] = '\0';
	switch (rule->type) {
	case HW_CONFIG_TYPE_COUNT:
	case HW_CONFIG_TYPE_TIME:
		unit_print(units_of(rule), *(const uint32_t *)field, ret_text);
		return;
	case HW_CONFIG_TYPE_SIZE:
	case HW_CONFIG_TYPE_DURATION:
		unit_print(units_of(rule), *(const uint64_t *)field, ret_text);
		return;
	case HW_CONFIG_TYPE_BOOL:
		hw_config_text_append(ret_text, "%s", *(const bool *)field ? "on" : "off");
		return;
	case HW_CONFIG_TYPE_CHOICE:
		hw_config_text_append(ret_text, "%s", rule->words[*(const uint32_t *)field]);
		return;
	case HW_CONFIG_TYPE_WORD:
	case HW_CONFIG_TYPE_URL:
	case HW_CONFIG_TYPE_PATH:
	case HW_CONFIG_TYPE_ORIGINS:
		hw_config_text_append(ret_text, "%s", (const char *)field);
		return;
	case HW_CONFIG_TYPE_CPUS:
		cpus_print(field, ret_text);
		return;
	case HW_CONFIG_TYPE_LISTEN:
		hw_config_listen_print(field, ret_text);
		return;
	case HW_CONFIG_TYPE_NETWORKS:
		networks_print(field, ret_text);
		return;
	}
	hw_assert(false);
}

/* In the largest unit that says it exactly. */
static void unit_print(const struct unit *units, uint64_t value, char *ret_text)
{
	if (value == 0) {
		hw_config_text_append(ret_text, "0");
		return;
	}
	const struct unit *unit = units;
	while (value % unit->factor != 0) {
		unit++;
		hw_assert(unit->name != NULL); /* the last factor is 1 */
	}
	hw_config_text_append(ret_text, "%" PRIu64 "%s", value / unit->factor, unit->name);
}

static void cpus_print(const struct hw_config_cpus *cpus, char *ret_text)
{
	const char *comma = "";
	for (uint32_t first = 0; first < HW_CONFIG_CPU_COUNT_MAX; first++) {
		if (!hw_config_cpus_has(cpus, first)) {
			continue;
		}
		uint32_t last = first;
		while (last + 1 < HW_CONFIG_CPU_COUNT_MAX && hw_config_cpus_has(cpus, last + 1)) {
			last++;
		}
		hw_config_text_append(ret_text, last > first ? "%s%u-%u" : "%s%u", comma, first,
				      last);
		comma = ",";
		first = last;
	}
}

void hw_config_value_allowed(const struct hw_config_rule *rule, char *ret_text)
{
	ret_text[0] = '\0';
	switch (rule->type) {
	case HW_CONFIG_TYPE_COUNT:
	case HW_CONFIG_TYPE_SIZE:
	case HW_CONFIG_TYPE_TIME:
	case HW_CONFIG_TYPE_DURATION:
		unit_print(units_of(rule), rule->low, ret_text);
		hw_config_text_append(ret_text, " to ");
		unit_print(units_of(rule), rule->high, ret_text);
		hw_config_text_append(ret_text, "%s", units_hint(rule));
		return;
	case HW_CONFIG_TYPE_BOOL:
		hw_config_text_append(ret_text, "on or off");
		return;
	case HW_CONFIG_TYPE_CHOICE:
		words_print(rule->words, ret_text);
		return;
	case HW_CONFIG_TYPE_WORD:
		hw_config_text_append(ret_text, "up to %" PRIu64 " letters, digits, - _ .",
				      rule->high);
		return;
	case HW_CONFIG_TYPE_URL:
		hw_config_text_append(ret_text, "http:// or https:// and a host");
		return;
	case HW_CONFIG_TYPE_PATH:
		hw_config_text_append(ret_text, "a path of up to %" PRIu64 " bytes", rule->high);
		return;
	case HW_CONFIG_TYPE_CPUS:
		hw_config_text_append(ret_text, "0 to %u, as 0-3,6", HW_CONFIG_CPU_COUNT_MAX - 1);
		return;
	case HW_CONFIG_TYPE_LISTEN:
		hw_config_text_append(ret_text,
				      "up to %" PRIu64 ", as [::]:80, [::1]:81 congestion=bbr",
				      rule->high);
		return;
	case HW_CONFIG_TYPE_NETWORKS:
		hw_config_text_append(ret_text, "up to %" PRIu64 ", as 10.0.0.0/8, 2001:db8::1",
				      rule->high);
		return;
	case HW_CONFIG_TYPE_ORIGINS:
		hw_config_text_append(ret_text,
				      "*, or a list, as https://a.example, http://b.example");
		return;
	}
	hw_assert(false);
}

static void networks_print(const struct hw_networks *networks, char *ret_text)
{
	for (uint32_t i = 0; i < networks->count; i++) {
		char text[HW_NETWORK_TEXT_SIZE];
		hw_network_print(&networks->networks[i], text);
		hw_config_text_append(ret_text, "%s%s", i > 0 ? ", " : "", text);
	}
}

static void words_print(const char *const *words, char *ret_text)
{
	for (uint32_t i = 0; words[i] != NULL; i++) {
		const char *between = words[i + 1] == NULL ? " or " : ", ";
		hw_config_text_append(ret_text, "%s%s", i == 0 ? "" : between, words[i]);
	}
}

bool hw_config_cpus_has(const struct hw_config_cpus *cpus, uint32_t cpu)
{
	return cpu < HW_CONFIG_CPU_COUNT_MAX && (cpus->bits[cpu / 64] >> cpu % 64 & 1) != 0;
}
