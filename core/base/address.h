/* SPDX-License-Identifier: Apache-2.0
 *
 * address.h - who a client is: an IP address, and the networks an operator names
 *
 * Room: core/base    Thread: any (values)    Blocks: never    Allocates: never
 * Owns: nothing    Limits: HW_NETWORK_COUNT_MAX networks in one list
 *
 * An IPv4 address that came mapped into IPv6 (::ffff:a.b.c.d, as dual-stack sockets have it) is the
 * IPv4 address: one client is one address, whichever listener it came by.
 */
#ifndef HW_CORE_BASE_ADDRESS_H
#define HW_CORE_BASE_ADDRESS_H

#include "core/base/span.h"

#define HW_NETWORK_COUNT_MAX  10U /* so that their list fits one option of the configuration */
#define HW_ADDRESS_TEXT_SIZE  46U /* bytes of a printed address, with its NUL: INET6_ADDRSTRLEN */
#define HW_NETWORK_TEXT_SIZE  (HW_ADDRESS_TEXT_SIZE + 4U) /* and "/128" */
#define HW_CLIENT_PREFIX_BITS 64U /* of an IPv6 address: what one site is given, at least */

struct hw_address {
	uint8_t bytes[16]; /* network order; unused ones are 0 */
	uint8_t size;      /* 4, 16, or 0: not known */
};

struct hw_network {
	struct hw_address address; /* its host bits are 0 */
	uint8_t prefix_bits;
};

struct hw_networks {
	struct hw_network networks[HW_NETWORK_COUNT_MAX];
	uint32_t count;
};

/* From @size bytes (4 or 16; else the address is not known). */
struct hw_address hw_address_of(const uint8_t *bytes, uint32_t size);
/* "192.0.2.1" or "2001:db8::1", without brackets, port or zone. Returns 0 or -EINVAL. */
int hw_address_parse(struct hw_span text, struct hw_address *ret_address) HW_MUST_CHECK;
/* @ret_text: HW_ADDRESS_TEXT_SIZE bytes; "-" for the one that is not known. */
void hw_address_print(const struct hw_address *address, char *ret_text);
bool hw_address_equal(const struct hw_address *a, const struct hw_address *b);
/* What limits count: an IPv4 address whole, an IPv6 one as far as HW_CLIENT_PREFIX_BITS. */
struct hw_address hw_address_client(const struct hw_address *address);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone. Host bits must be 0: who writes 10.1.2.3/8
 * has made a mistake. Returns 0 or -EINVAL. */
int hw_network_parse(struct hw_span text, struct hw_network *ret_network) HW_MUST_CHECK;
/* @ret_text: HW_NETWORK_TEXT_SIZE bytes. */
void hw_network_print(const struct hw_network *network, char *ret_text);
bool hw_networks_have(const struct hw_networks *networks, const struct hw_address *address);

#endif
