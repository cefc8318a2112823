/* SPDX-License-Identifier: Apache-2.0
 *
 * forwarded.h - who asked, when proxies that we trust stand between
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; spans are lent from the head's bytes
 *
 * A proxy appends the address it was asked from. So the list is true from its right end on for as
 * long as each address belongs to a proxy we trust; what stands to the left of the first stranger
 * is what the stranger chose to write. Whatever cannot be read ends the walk as well.
 *
 * A proxy that writes one of the two kinds of fields passes the other on untouched, as its client
 * sent it. So which kind counts is configured, and never guessed from what is there.
 */
#ifndef HW_NET_WIRE_FORWARDED_H
#define HW_NET_WIRE_FORWARDED_H

#include "net/wire/cidr.h"
#include "net/wire/http_request.h"

enum hw_forwarded_kind {
	HW_FORWARDED_X = 0,    /* X-Forwarded-For, -Proto, -Host */
	HW_FORWARDED_STANDARD, /* Forwarded (RFC 7239) */
	HW_FORWARDED_KIND_COUNT
};

struct hw_forwarded {
	struct hw_address client;
	struct hw_span scheme; /* "http" or "https"; size 0: not said */
	struct hw_span host;   /* host[:port] as the client asked for; plain; size 0: not said */
};

/* hw_forwarded_read - the client's address, and how it reached the outermost trusted proxy
 * @peer     whose socket it is; not trusted: it is the client, and no field is looked at
 * @trusted  the networks of our proxies
 *
 * Scheme and host of Forwarded stand in the element that names the client. Those of the
 * X-Forwarded fields are the last of their list, what the proxy next to us says: the others do not
 * tell who wrote them. */
void hw_forwarded_read(const struct hw_http_request *request, const char *bytes,
		       enum hw_forwarded_kind kind, const struct hw_address *peer,
		       const struct hw_cidr_set *trusted, struct hw_forwarded *ret_forwarded);

/* hw_forwarded_node_parse - an address as proxies write it, perhaps with a port, which is forgotten
 * "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", "[2001:db8::1]:_x"; "unknown" and
 * "_hidden" are no addresses. Returns 0 or -EINVAL. */
int hw_forwarded_node_parse(struct hw_span node, struct hw_address *ret_address) HW_MUST_CHECK;

#endif
