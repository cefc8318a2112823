/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_config_value_parse   -> number_parse (units), bool_parse, choice_parse, text_parse,
 *                            cpus_parse -> cpu_range_parse,
 *                            listen_parse -> listener_parse -> address_parse,
 *                            networks_parse, origins_parse
 * hw_config_value_print   -> unit_print, cpus_print, listen_print
 * hw_config_value_allowed -> words_print
 */
#include "core/base/config_value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>

#define CONGESTION_KEY "congestion=" /* behind a listener's address */
#define LISTENER_TEXT_SIZE                                                                         \
	(HW_CONFIG_ADDRESS_TEXT_SIZE + sizeof(CONGESTION_KEY) + HW_CONFIG_CONGESTION_SIZE)

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
static const char *digits_parse(const char *text, const char **ret_end, uint64_t *ret_value);
static const char *bool_parse(const char *text, bool *ret_value);
static const char *choice_parse(const char *const *words, const char *text, uint32_t *ret_value);
static const char *text_parse(const struct hw_config_rule *rule, const char *text, char *ret_text);
static bool is_of_words(char c);
static const char *url_check(const char *text);
static const char *cpus_parse(const char *text, struct hw_config_cpus *ret_cpus);
static const char *cpu_range_parse(struct hw_span item, struct hw_config_cpus *cpus);
static const char *listen_parse(const struct hw_config_rule *rule, const char *text,
				struct hw_config_listen *ret_listen);
static bool listen_has(const struct hw_config_listen *listen,
		       const struct hw_config_address *address);
static const char *listener_parse(struct hw_span item, struct hw_config_address *ret_address);
static const char *congestion_parse(struct hw_span text, char *ret_name);
static const char *address_parse(struct hw_span item, struct hw_config_address *ret_address);
static const char *host_parse(const char *host, bool is_bracketed, uint16_t port,
			      struct hw_config_address *ret_address);
static const char *networks_parse(const char *text, struct hw_networks *ret_networks);
static const char *origins_parse(const struct hw_config_rule *rule, const char *text,
				 char *ret_text);
static const char *origin_check(struct hw_span item, bool is_only);
static struct hw_span item_take(struct hw_span *rest);
static bool is_blank(char c);
static void unit_print(const struct unit *units, uint64_t value, char *ret_text);
static void cpus_print(const struct hw_config_cpus *cpus, char *ret_text);
static void listen_print(const struct hw_config_listen *listen, char *ret_text);
static uint32_t listener_text(const struct hw_config_address *address, char *ret_text);
static void networks_print(const struct hw_networks *networks, char *ret_text);
static void words_print(const char *const *words, char *ret_text);
static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

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
		return listen_parse(rule, text, ret_field);
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
	const char *reason = digits_parse(text, &end, &value);
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

/* @ret_end: what follows the digits, of which there must be one. */
static const char *digits_parse(const char *text, const char **ret_end, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (value > (UINT64_MAX - digit) / 10) {
			return "is too large";
		}
		value = value * 10 + digit;
	}
	if (at == text) {
		return "is not a number";
	}
	*ret_end = at;
	*ret_value = value;
	return NULL;
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
		if (rule->type == HW_CONFIG_TYPE_WORD && !is_of_words(c)) {
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

static bool is_of_words(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
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
		const char *reason = cpu_range_parse(item_take(&rest), &cpus);
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
	const char *reason = digits_parse(text, &end, &first);
	uint64_t last = first;
	if (reason == NULL && *end == '-') {
		reason = digits_parse(end + 1, &end, &last);
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

static const char *listen_parse(const struct hw_config_rule *rule, const char *text,
				struct hw_config_listen *ret_listen)
{
	struct hw_config_listen listen = {0};
	struct hw_span rest = hw_span_of(text);
	char printed[LISTENER_TEXT_SIZE];
	uint32_t printed_size = 0;
	if (rest.size == 0 && rule->low > 0) {
		return "is empty";
	}
	while (rest.bytes != NULL && *text != '\0') {
		struct hw_config_address address = {0};
		const char *reason = listener_parse(item_take(&rest), &address);
		if (reason != NULL) {
			return reason;
		}
		if (listen.count == HW_CONFIG_LISTEN_COUNT_MAX) {
			return "names too many addresses";
		}
		if (listen_has(&listen, &address)) {
			return "names an address twice";
		}
		printed_size += listener_text(&address, printed) + 2; /* ", ", or the NUL */
		if (printed_size > HW_CONFIG_TEXT_SIZE_MAX) {
			return "is too long";
		}
		listen.addresses[listen.count++] = address;
	}
	*ret_listen = listen;
	return NULL;
}

static bool listen_has(const struct hw_config_listen *listen,
		       const struct hw_config_address *address)
{
	for (uint32_t i = 0; i < listen->count; i++) {
		const struct sockaddr_storage *socket = &listen->addresses[i].socket;
		if (memcmp(socket, &address->socket, sizeof(*socket)) == 0) {
			return true;
		}
	}
	return false;
}

/* An address, and perhaps what its connections have that others do not: "[::]:443
 * congestion=bbr". */
static const char *listener_parse(struct hw_span item, struct hw_config_address *ret_address)
{
	struct hw_span address = item;
	address.size = 0;
	while (address.size < item.size && !is_blank(item.bytes[address.size])) {
		address.size++;
	}
	const char *reason = address_parse(address, ret_address);
	struct hw_span rest = hw_span_skip(item, address.size);
	while (rest.size > 0 && is_blank(rest.bytes[0])) {
		rest = hw_span_skip(rest, 1);
	}
	return reason != NULL || rest.size == 0 ? reason
						: congestion_parse(rest, ret_address->congestion);
}

static const char *congestion_parse(struct hw_span text, char *ret_name)
{
	static const char key[] = CONGESTION_KEY;
	uint32_t key_size = sizeof(key) - 1;
	if (text.size < key_size || memcmp(text.bytes, key, key_size) != 0) {
		return "has something behind an address that is not congestion=NAME";
	}
	struct hw_span name = hw_span_skip(text, key_size);
	bool is_name = name.size > 0 && name.size < HW_CONFIG_CONGESTION_SIZE;
	for (uint32_t i = 0; is_name && i < name.size; i++) {
		is_name = is_of_words(name.bytes[i]);
	}
	if (!is_name) {
		return "names a congestion control that cannot be";
	}
	memcpy(ret_name, name.bytes, name.size);
	ret_name[name.size] = '\0';
	return NULL;
}

/* "127.0.0.1:5000", "localhost:5000" or "[::1]:5000". Names are not looked up: that would make the
 * start wait for another machine. */
static const char *address_parse(struct hw_span item, struct hw_config_address *ret_address)
{
	char text[HW_CONFIG_ADDRESS_TEXT_SIZE];
	if (item.size == 0 || item.size >= sizeof(text)) {
		return "is not a list of addresses";
	}
	memcpy(text, item.bytes, item.size);
	text[item.size] = '\0';
	char *colon = strrchr(text, ':');
	if (colon == NULL || colon[1] == '\0' || strchr(colon, ']') != NULL) {
		return "names an address without a port";
	}
	const char *end = NULL;
	uint64_t port = 0;
	const char *reason = digits_parse(colon + 1, &end, &port);
	if (reason != NULL || *end != '\0' || port > UINT16_MAX) {
		return "names a port that cannot be";
	}
	*colon = '\0';
	bool is_bracketed = text[0] == '[' && colon[-1] == ']';
	if (is_bracketed) {
		colon[-1] = '\0';
	}
	return host_parse(text + (is_bracketed ? 1 : 0), is_bracketed, (uint16_t)port, ret_address);
}

static const char *host_parse(const char *host, bool is_bracketed, uint16_t port,
			      struct hw_config_address *ret_address)
{
	struct hw_config_address address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address.socket;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address.socket;
	if (is_bracketed) {
		if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) {
			return "names an address that is none";
		}
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		address.socket_size = sizeof(*v6);
		/* ::ffff:127.0.0.1 is loopback by another name. */
		address.is_loopback =
			IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
			(IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
		*ret_address = address;
		return NULL;
	}
	const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
	if (inet_pton(AF_INET, number, &v4->sin_addr) != 1) {
		return "names an address that is none";
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	address.socket_size = sizeof(*v4);
	address.is_loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	*ret_address = address;
	return NULL;
}

static const char *networks_parse(const char *text, struct hw_networks *ret_networks)
{
	struct hw_networks networks = {.count = 0};
	struct hw_span rest = {*text != '\0' ? text : NULL, (uint32_t)strlen(text)};
	while (rest.bytes != NULL) {
		struct hw_network network;
		if (hw_network_parse(item_take(&rest), &network) < 0) {
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
		struct hw_span item = item_take(&rest);
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

/* The next member of a list, without the blanks around it. After the last, rest->bytes is NULL; so
 * "a," has an empty second member, which no list allows. */
static struct hw_span item_take(struct hw_span *rest)
{
	struct hw_span item = *rest;
	const char *comma = memchr(rest->bytes, ',', rest->size);
	if (comma != NULL) {
		item.size = (uint32_t)(comma - rest->bytes);
		*rest = hw_span_skip(*rest, item.size + 1);
	} else {
		*rest = (struct hw_span){NULL, 0};
	}
	while (item.size > 0 && is_blank(item.bytes[0])) {
		item = hw_span_skip(item, 1);
	}
	while (item.size > 0 && is_blank(item.bytes[item.size - 1])) {
		item.size--;
	}
	return item;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
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
		append(ret_text, "%s", *(const bool *)field ? "on" : "off");
		return;
	case HW_CONFIG_TYPE_CHOICE:
		append(ret_text, "%s", rule->words[*(const uint32_t *)field]);
		return;
	case HW_CONFIG_TYPE_WORD:
	case HW_CONFIG_TYPE_URL:
	case HW_CONFIG_TYPE_PATH:
	case HW_CONFIG_TYPE_ORIGINS:
		append(ret_text, "%s", (const char *)field);
		return;
	case HW_CONFIG_TYPE_CPUS:
		cpus_print(field, ret_text);
		return;
	case HW_CONFIG_TYPE_LISTEN:
		listen_print(field, ret_text);
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
		append(ret_text, "0");
		return;
	}
	const struct unit *unit = units;
	while (value % unit->factor != 0) {
		unit++;
		hw_assert(unit->name != NULL); /* the last factor is 1 */
	}
	append(ret_text, "%" PRIu64 "%s", value / unit->factor, unit->name);
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
		append(ret_text, last > first ? "%s%u-%u" : "%s%u", comma, first, last);
		comma = ",";
		first = last;
	}
}

static void listen_print(const struct hw_config_listen *listen, char *ret_text)
{
	for (uint32_t i = 0; i < listen->count; i++) {
		char text[LISTENER_TEXT_SIZE];
		(void)listener_text(&listen->addresses[i], text); /* the sum was looked at */
		append(ret_text, "%s%s", i > 0 ? ", " : "", text);
	}
}

/* As listener_parse reads it. @ret_text: LISTENER_TEXT_SIZE bytes. Returns how many are used. */
static uint32_t listener_text(const struct hw_config_address *address, char *ret_text)
{
	char text[HW_CONFIG_ADDRESS_TEXT_SIZE];
	bool has_own = address->congestion[0] != '\0';
	hw_config_address_text(address, text);
	int r = snprintf(ret_text, LISTENER_TEXT_SIZE, "%s%s%s", text,
			 has_own ? " " CONGESTION_KEY : "", address->congestion);
	hw_assert(r > 0 && (uint32_t)r < LISTENER_TEXT_SIZE);
	return (uint32_t)r;
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
		append(ret_text, " to ");
		unit_print(units_of(rule), rule->high, ret_text);
		append(ret_text, "%s", units_hint(rule));
		return;
	case HW_CONFIG_TYPE_BOOL:
		append(ret_text, "on or off");
		return;
	case HW_CONFIG_TYPE_CHOICE:
		words_print(rule->words, ret_text);
		return;
	case HW_CONFIG_TYPE_WORD:
		append(ret_text, "up to %" PRIu64 " letters, digits, - _ .", rule->high);
		return;
	case HW_CONFIG_TYPE_URL:
		append(ret_text, "http:// or https:// and a host");
		return;
	case HW_CONFIG_TYPE_PATH:
		append(ret_text, "a path of up to %" PRIu64 " bytes", rule->high);
		return;
	case HW_CONFIG_TYPE_CPUS:
		append(ret_text, "0 to %u, as 0-3,6", HW_CONFIG_CPU_COUNT_MAX - 1);
		return;
	case HW_CONFIG_TYPE_LISTEN:
		append(ret_text, "up to %" PRIu64 ", as [::]:80, [::1]:81 congestion=bbr",
		       rule->high);
		return;
	case HW_CONFIG_TYPE_NETWORKS:
		append(ret_text, "up to %" PRIu64 ", as 10.0.0.0/8, 2001:db8::1", rule->high);
		return;
	case HW_CONFIG_TYPE_ORIGINS:
		append(ret_text, "*, or a list, as https://a.example, http://b.example");
		return;
	}
	hw_assert(false);
}

static void networks_print(const struct hw_networks *networks, char *ret_text)
{
	for (uint32_t i = 0; i < networks->count; i++) {
		char text[HW_NETWORK_TEXT_SIZE];
		hw_network_print(&networks->networks[i], text);
		append(ret_text, "%s%s", i > 0 ? ", " : "", text);
	}
}

static void words_print(const char *const *words, char *ret_text)
{
	for (uint32_t i = 0; words[i] != NULL; i++) {
		const char *between = words[i + 1] == NULL ? " or " : ", ";
		append(ret_text, "%s%s", i == 0 ? "" : between, words[i]);
	}
}

void hw_config_address_text(const struct hw_config_address *address, char *ret_text)
{
	char host[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->socket;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->socket;
	bool is_v6 = address->socket.ss_family == AF_INET6;
	const void *bytes = is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;
	const char *text = inet_ntop(address->socket.ss_family, bytes, host, sizeof(host));
	hw_assert(text != NULL);
	int r = snprintf(ret_text, HW_CONFIG_ADDRESS_TEXT_SIZE, is_v6 ? "[%s]:%u" : "%s:%u", host,
			 ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
	hw_assert(r > 0 && (uint32_t)r < HW_CONFIG_ADDRESS_TEXT_SIZE);
}

bool hw_config_cpus_has(const struct hw_config_cpus *cpus, uint32_t cpu)
{
	return cpu < HW_CONFIG_CPU_COUNT_MAX && (cpus->bits[cpu / 64] >> cpu % 64 & 1) != 0;
}

/* Every text here has room for HW_CONFIG_TEXT_SIZE_MAX bytes. What came in is shorter than that,
 * and its printed form is no longer; the other texts are ours. */
static void append(char *text, const char *format, ...)
{
	uint64_t used_size = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	int r = vsnprintf(text + used_size, HW_CONFIG_TEXT_SIZE_MAX - used_size, format, arguments);
	va_end(arguments);
	hw_assert(r >= 0 && (uint64_t)r < HW_CONFIG_TEXT_SIZE_MAX - used_size);
}
