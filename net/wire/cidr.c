/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/cidr.h"

#include <arpa/inet.h>
#include <assert.h>

#include "core/base/error.h"
#include "net/wire/decimal.h"
#include "net/wire/http_request.h"

#define HW_MAPPED_BITS 96U
#define HW_V6_BITS     128U
#define HW_V4_BITS     32U

static const uint8_t g_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static_assert(HW_ADDRESS_TEXT_MAX == INET6_ADDRSTRLEN, "the longest text of inet_ntop");

static int cidr_parse(struct hw_span text, struct hw_cidr *ret_cidr);
static bool prefix_equal(const struct hw_address *a, const struct hw_address *b,
			 uint32_t bit_count);

int hw_address_parse(struct hw_span text, struct hw_address *ret_address)
{
	char copy[HW_ADDRESS_TEXT_MAX];
	struct hw_address address;
	if (text.size == 0 || text.size >= sizeof(copy) ||
	    memchr(text.bytes, '\0', text.size) != NULL) {
		return -EINVAL;
	}
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, address.bytes + sizeof(g_mapped)) == 1) {
		memcpy(address.bytes, g_mapped, sizeof(g_mapped));
	} else if (inet_pton(AF_INET6, copy, address.bytes) != 1) {
		return -EINVAL;
	}
	*ret_address = address;
	return 0;
}

uint32_t hw_address_write(const struct hw_address *address, char *ret_text)
{
	bool is_v4 = hw_address_is_v4(address);
	const uint8_t *bytes = address->bytes + (is_v4 ? sizeof(g_mapped) : 0);
	const char *text =
		inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, ret_text, HW_ADDRESS_TEXT_MAX);
	hw_assert(text != NULL);
	return (uint32_t)strlen(text);
}

bool hw_address_is_v4(const struct hw_address *address)
{
	return memcmp(address->bytes, g_mapped, sizeof(g_mapped)) == 0;
}

int hw_cidr_set_parse(struct hw_span text, struct hw_cidr_set *ret_set)
{
	struct hw_cidr_set set = {0};
	struct hw_span element;
	while (hw_http_list_next(&text, &element)) {
		if (set.count == HW_CIDR_COUNT_MAX) {
			return -E2BIG;
		}
		int r = cidr_parse(element, &set.cidrs[set.count]);
		if (r < 0) {
			return r;
		}
		set.count++;
	}
	*ret_set = set;
	return 0;
}

static int cidr_parse(struct hw_span text, struct hw_cidr *ret_cidr)
{
	const char *slash = memchr(text.bytes, '/', text.size);
	struct hw_span host = {text.bytes,
			       slash == NULL ? text.size : (uint32_t)(slash - text.bytes)};
	struct hw_address network;
	int r = hw_address_parse(host, &network);
	if (r < 0) {
		return r;
	}
	/* "::ffff:10.0.0.0/104" is written as IPv6 and counts as such. */
	bool is_v4_text = memchr(host.bytes, ':', host.size) == NULL;
	uint64_t bit_count = is_v4_text ? HW_V4_BITS : HW_V6_BITS;
	if (slash != NULL &&
	    hw_decimal_parse(hw_span_skip(text, host.size + 1), bit_count, &bit_count) < 0) {
		return -EINVAL;
	}
	bit_count += is_v4_text ? HW_MAPPED_BITS : 0;
	for (uint32_t bit = (uint32_t)bit_count; bit < HW_V6_BITS; bit++) {
		if ((network.bytes[bit / 8] & 0x80U >> bit % 8) != 0) {
			return -EINVAL;
		}
	}
	*ret_cidr = (struct hw_cidr){network, (uint8_t)bit_count};
	return 0;
}

static bool prefix_equal(const struct hw_address *a, const struct hw_address *b, uint32_t bit_count)
{
	uint32_t whole = bit_count / 8;
	uint32_t mask = 0xff00U >> bit_count % 8 & 0xffU;
	return memcmp(a->bytes, b->bytes, whole) == 0 &&
	       (mask == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

bool hw_cidr_set_has(const struct hw_cidr_set *set, const struct hw_address *address)
{
	hw_assert(set->count <= HW_CIDR_COUNT_MAX);
	bool is_v4 = hw_address_is_v4(address);
	for (uint32_t i = 0; i < set->count; i++) {
		const struct hw_cidr *cidr = &set->cidrs[i];
		if ((!is_v4 || cidr->bit_count >= HW_MAPPED_BITS) &&
		    prefix_equal(&cidr->network, address, cidr->bit_count)) {
			return true;
		}
	}
	return false;
}
