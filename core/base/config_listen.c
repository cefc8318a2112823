/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_config_listen_parse -> listener_parse -> address_parse -> host_parse
 *                                          -> congestion_parse
 * hw_config_listen_print -> listener_text -> hw_config_address_text
 */
#include "core/base/config_listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/base/config_text.h"

#define CONGESTION_KEY "congestion=" /* behind a listener's address */
#define LISTENER_TEXT_SIZE                                                                         \
	(HW_CONFIG_ADDRESS_TEXT_SIZE + sizeof(CONGESTION_KEY) + HW_CONFIG_CONGESTION_SIZE)

static bool listen_has(const struct hw_config_listen *listen,
		       const struct hw_config_address *address);
static const char *listener_parse(struct hw_span item, struct hw_config_address *ret_address);
static const char *congestion_parse(struct hw_span text, char *ret_name);
static const char *address_parse(struct hw_span item, struct hw_config_address *ret_address);
static const char *host_parse(const char *host, bool is_bracketed, uint16_t port,
			      struct hw_config_address *ret_address);
static uint32_t listener_text(const struct hw_config_address *address, char *ret_text);

const char *hw_config_listen_parse(const char *text, bool may_be_empty,
				   struct hw_config_listen *ret_listen)
{
	struct hw_config_listen listen = {0};
	struct hw_span rest = hw_span_of(text);
	char printed[LISTENER_TEXT_SIZE];
	uint32_t printed_size = 0;
	if (rest.size == 0 && !may_be_empty) {
		return "is empty";
	}
	while (rest.bytes != NULL && *text != '\0') {
		struct hw_config_address address = {0};
		const char *reason = listener_parse(hw_config_text_item_take(&rest), &address);
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
	while (address.size < item.size && !hw_config_text_is_blank(item.bytes[address.size])) {
		address.size++;
	}
	const char *reason = address_parse(address, ret_address);
	struct hw_span rest = hw_span_skip(item, address.size);
	while (rest.size > 0 && hw_config_text_is_blank(rest.bytes[0])) {
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
		is_name = hw_config_text_is_of_words(name.bytes[i]);
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
	const char *reason = hw_config_text_digits(colon + 1, &end, &port);
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

void hw_config_listen_print(const struct hw_config_listen *listen, char *ret_text)
{
	ret_text[0] = '\0';
	for (uint32_t i = 0; i < listen->count; i++) {
		char text[LISTENER_TEXT_SIZE];
		(void)listener_text(&listen->addresses[i], text); /* the sum was looked at */
		hw_config_text_append(ret_text, "%s%s", i > 0 ? ", " : "", text);
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
