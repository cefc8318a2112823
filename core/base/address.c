/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static const uint8_t g_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct hw_address hw_address_of(const uint8_t *bytes, uint32_t size)
{
	struct hw_address address = {.size = 0};
	if (size == 16 && memcmp(bytes, g_mapped, sizeof(g_mapped)) == 0) {
		bytes += sizeof(g_mapped);
		size = 4;
	}
	if (size == 4 || size == 16) {
		memcpy(address.bytes, bytes, size);
		address.size = (uint8_t)size;
	}
	return address;
}

int hw_address_parse(struct hw_span text, struct hw_address *ret_address)
{
	char copy[HW_ADDRESS_TEXT_SIZE];
	uint8_t bytes[16];
	if (text.size == 0 || text.size >= sizeof(copy) ||
	    memchr(text.bytes, '\0', text.size) != NULL) {
		return -EINVAL;
	}
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1) {
		*ret_address = hw_address_of(bytes, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, copy, bytes) == 1) {
		*ret_address = hw_address_of(bytes, 16);
		return 0;
	}
	return -EINVAL;
}

void hw_address_print(const struct hw_address *address, char *ret_text)
{
	memcpy(ret_text, "-", 2);
	if (address->size != 0) {
		const char *text = inet_ntop(address->size == 4 ? AF_INET : AF_INET6,
					     address->bytes, ret_text, HW_ADDRESS_TEXT_SIZE);
		hw_assert(text != NULL);
	}
}

bool hw_address_equal(const struct hw_address *a, const struct hw_address *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The first @bits of @address; the others become 0. */
static struct hw_address masked(const struct hw_address *address, uint32_t bits)
{
	struct hw_address result = *address;
	for (uint32_t i = 0; i < sizeof(result.bytes); i++) {
		uint32_t kept = bits > 8 * i ? hw_min(bits - 8 * i, 8U) : 0;
		result.bytes[i] &= (uint8_t)(0xff00U >> kept);
	}
	return result;
}

struct hw_address hw_address_client(const struct hw_address *address)
{
	return address->size == 16 ? masked(address, HW_CLIENT_PREFIX_BITS) : *address;
}

/* One to three digits, nothing else. */
static int bits_parse(struct hw_span text, uint32_t most, uint8_t *ret_bits)
{
	uint32_t value = 0;
	if (text.size == 0 || text.size > 3) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9') {
			return -EINVAL;
		}
		value = value * 10 + (uint32_t)(text.bytes[i] - '0');
	}
	if (value > most) {
		return -EINVAL;
	}
	*ret_bits = (uint8_t)value;
	return 0;
}

int hw_network_parse(struct hw_span text, struct hw_network *ret_network)
{
	struct hw_network network = {.prefix_bits = 0};
	const char *slash = text.size > 0 ? memchr(text.bytes, '/', text.size) : NULL;
	uint32_t size = slash != NULL ? (uint32_t)(slash - text.bytes) : text.size;
	int r = hw_address_parse((struct hw_span){text.bytes, size}, &network.address);
	if (r < 0) {
		return r;
	}
	uint32_t most = network.address.size * 8U;
	network.prefix_bits = (uint8_t)most;
	if (slash != NULL) {
		r = bits_parse(hw_span_skip(text, size + 1), most, &network.prefix_bits);
	}
	if (r < 0) {
		return r;
	}
	struct hw_address whole = masked(&network.address, network.prefix_bits);
	if (!hw_address_equal(&whole, &network.address)) {
		return -EINVAL;
	}
	*ret_network = network;
	return 0;
}

void hw_network_print(const struct hw_network *network, char *ret_text)
{
	char address[HW_ADDRESS_TEXT_SIZE];
	hw_address_print(&network->address, address);
	int r = 0;
	if (network->prefix_bits == network->address.size * 8U) {
		r = snprintf(ret_text, HW_NETWORK_TEXT_SIZE, "%s", address);
	} else {
		r = snprintf(ret_text, HW_NETWORK_TEXT_SIZE, "%s/%u", address,
			     network->prefix_bits);
	}
	hw_assert(r > 0 && (uint32_t)r < HW_NETWORK_TEXT_SIZE);
}

bool hw_networks_have(const struct hw_networks *networks, const struct hw_address *address)
{
	for (uint32_t i = 0; i < networks->count; i++) {
		const struct hw_network *network = &networks->networks[i];
		struct hw_address part = masked(address, network->prefix_bits);
		if (hw_address_equal(&part, &network->address)) {
			return true;
		}
	}
	return false;
}
