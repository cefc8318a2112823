/* SPDX-License-Identifier: Apache-2.0
 *
 * http_host.h - a host and port that may be copied into a link
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_HTTP_HOST_H
#define HW_NET_WIRE_HTTP_HOST_H

#include "core/base/span.h"

/* hw_http_host_is_plain - name[:port] or [v6][:port]
 * Far less than RFC 3986 allows, but all that is seen: the host is copied into links, so it must be
 * harmless in HTML, JSON, shells and heads. */
bool hw_http_host_is_plain(struct hw_span host);

/* One to five digits, at most 65535. */
bool hw_http_port_is_plain(struct hw_span port);

#endif
