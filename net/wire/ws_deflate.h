/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_deflate.h - agreeing on permessage-deflate (RFC 7692)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 *
 * Neither side keeps a window from one message to the next: ten thousand idle connections must not
 * hold ten thousand windows. The window has its full 15 bits within a message.
 */
#ifndef HW_NET_WIRE_WS_DEFLATE_H
#define HW_NET_WIRE_WS_DEFLATE_H

#include "net/wire/http_request.h"
#include "net/wire/http_writer.h"

struct hw_ws_deflate {
	bool is_agreed;
	bool names_window; /* the client asked for a window, so the answer must say one */
};

/* hw_ws_deflate_choose - the first offer of Sec-WebSocket-Extensions that we can keep
 * An offer is passed over when it has an unknown, repeated or wrong parameter, or wants our window
 * smaller than 15 bits. A list that cannot be read ends there. */
void hw_ws_deflate_choose(const struct hw_http_request *request, const char *bytes,
			  struct hw_ws_deflate *ret_deflate);

/* "Sec-WebSocket-Extensions: permessage-deflate; ...\r\n", or nothing when it is not agreed. */
void hw_ws_deflate_write(struct hw_http_writer *writer, const struct hw_ws_deflate *deflate);

#endif
