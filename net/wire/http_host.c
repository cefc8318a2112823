/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/http_host.h"

#include "net/wire/decimal.h"
#include "net/wire/http_char.h"

#define HW_PORT_MAX       65535U
#define HW_PORT_DIGIT_MAX 5U

static bool literal_is_plain(struct hw_span literal)
{
	for (uint32_t i = 0; i < literal.size; i++) {
		char c = literal.bytes[i];
		bool is_hex = hw_http_char_is(c, HW_HTTP_CHAR_DIGIT) || (c >= 'a' && c <= 'f') ||
			      (c >= 'A' && c <= 'F');
		if (!is_hex && c != ':' && c != '.') {
			return false;
		}
	}
	return literal.size >= 2; /* "::" */
}

bool hw_http_host_is_plain(struct hw_span host)
{
	uint32_t size = 0;
	if (host.size > 0 && host.bytes[0] == '[') {
		while (size < host.size && host.bytes[size] != ']') {
			size++;
		}
		if (size == host.size ||
		    !literal_is_plain((struct hw_span){host.bytes + 1, size - 1})) {
			return false;
		}
		size++;
	} else {
		while (size < host.size && hw_http_char_is(host.bytes[size], HW_HTTP_CHAR_HOST)) {
			size++;
		}
	}
	if (size == 0) {
		return false;
	}
	struct hw_span port = hw_span_skip(host, size);
	if (port.size == 0) {
		return true;
	}
	return port.bytes[0] == ':' && hw_http_port_is_plain(hw_span_skip(port, 1));
}

bool hw_http_port_is_plain(struct hw_span port)
{
	uint64_t number = 0;
	return port.size <= HW_PORT_DIGIT_MAX && hw_decimal_parse(port, HW_PORT_MAX, &number) == 0;
}
