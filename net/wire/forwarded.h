/* SPDX-License-Identifier: Apache-2.0
 *
 * forwarded.h - what proxies say of the client: Forwarded (RFC 7239) and X-Forwarded-For
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: HW_FORWARDED_COUNT_MAX hops; of a longer list the last ones are kept
 *
 * Each proxy adds at the end. What stands before the first proxy that we trust may be anybody's
 * invention, so the list is read from its end, by who knows whom we trust.
 */
#ifndef HW_NET_WIRE_FORWARDED_H
#define HW_NET_WIRE_FORWARDED_H

#include "core/base/address.h"

#define HW_FORWARDED_COUNT_MAX 16U

/* Hops in the order of the list, nearest last. What is no address (a name, "unknown", _hidden) has
 * size 0. All zero is empty. */
struct hw_forwarded {
	struct hw_address hops[HW_FORWARDED_COUNT_MAX];
	uint32_t count;
};

/* Add the hops of one field's value; more than one field is one list. What does not parse is a hop
 * without an address: whoever reads from the end stops there. */
void hw_forwarded_add_for(struct hw_forwarded *forwarded,
			  struct hw_span value);                             /* X-Forwarded-For */
void hw_forwarded_add(struct hw_forwarded *forwarded, struct hw_span value); /* Forwarded */

/* The address nearest to the client that can be believed: @peer, unless it is one of @trusted; then
 * the last hop that is not, or the last that has an address. */
struct hw_address hw_forwarded_client(const struct hw_forwarded *forwarded,
				      const struct hw_networks *trusted,
				      const struct hw_address *peer);

#endif
