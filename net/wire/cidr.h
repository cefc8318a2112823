/* SPDX-License-Identifier: Apache-2.0
 *
 * cidr.h - internet addresses, and sets of networks: "10.0.0.0/8, ::1"
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: HW_CIDR_COUNT_MAX networks in a set
 *
 * An IPv4 address and its mapped form ::ffff:a.b.c.d are one address here: which of them a socket
 * shows depends on how it listens.
 */
#ifndef HW_NET_WIRE_CIDR_H
#define HW_NET_WIRE_CIDR_H

#include "core/base/span.h"

#define HW_CIDR_COUNT_MAX   32U
#define HW_ADDRESS_TEXT_MAX 46U /* bytes of the longest address and a NUL */

/* Comparable with memcmp. IPv4 as its mapped form. */
struct hw_address {
	uint8_t bytes[16];
};

struct hw_cidr {
	struct hw_address network;
	uint8_t bit_count; /* of bytes; 96 more than written for IPv4 */
};

struct hw_cidr_set {
	uint32_t count;
	struct hw_cidr cidrs[HW_CIDR_COUNT_MAX];
};

/* hw_address_parse - "192.0.2.1" or "2001:db8::1": no port, brackets, zone or spaces
 * Returns 0 or -EINVAL. */
int hw_address_parse(struct hw_span text, struct hw_address *ret_address) HW_MUST_CHECK;

/* @ret_text: HW_ADDRESS_TEXT_MAX bytes, the caller's; with its NUL. Returns the bytes before it. */
uint32_t hw_address_write(const struct hw_address *address, char *ret_text);

bool hw_address_is_v4(const struct hw_address *address);

/* hw_cidr_set_parse - addresses and networks with commas between them; empty: no network
 * Bits behind the prefix must be 0: "10.0.0.1/8" is a mistake that trusts 2^24 addresses.
 * Returns 0; -EINVAL; -E2BIG: more than HW_CIDR_COUNT_MAX. */
int hw_cidr_set_parse(struct hw_span text, struct hw_cidr_set *ret_set) HW_MUST_CHECK;

/* An IPv6 network that is wider than the mapped range ("::/0") holds no IPv4 address. */
bool hw_cidr_set_has(const struct hw_cidr_set *set, const struct hw_address *address);

#endif
