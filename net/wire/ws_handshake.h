/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_handshake.h - the server's side of the WebSocket handshake (RFC 6455, 4.2)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: inside OpenSSL (SHA-1)
 * Owns: nothing; spans are lent from the head's bytes
 */
#ifndef HW_NET_WIRE_WS_HANDSHAKE_H
#define HW_NET_WIRE_WS_HANDSHAKE_H

#include "net/wire/http_request.h"

#define HW_WS_VERSION     "13"
#define HW_WS_KEY_SIZE    24U /* characters of Sec-WebSocket-Key */
#define HW_WS_ACCEPT_SIZE 28U /* characters of Sec-WebSocket-Accept */

enum hw_ws_verdict {
	HW_WS_GOOD = 0,
	HW_WS_BAD_METHOD,  /* 405: not GET */
	HW_WS_NO_UPGRADE,  /* 426 and "Upgrade: websocket": an ordinary request */
	HW_WS_BAD_VERSION, /* 426 and "Sec-WebSocket-Version: 13" */
	HW_WS_BAD_KEY,     /* 400 */
	HW_WS_HAS_BODY,    /* 400 */
	HW_WS_VERDICT_COUNT
};

/* hw_ws_handshake_judge - whether this request may become a WebSocket
 * @ret_key  written when GOOD: Sec-WebSocket-Key, HW_WS_KEY_SIZE characters */
enum hw_ws_verdict hw_ws_handshake_judge(const struct hw_http_request *request, const char *bytes,
					 struct hw_span *ret_key);

/* What to answer: the status, 0 for GOOD; and one plain sentence, static, NULL for GOOD. */
uint32_t hw_ws_status(enum hw_ws_verdict verdict);
const char *hw_ws_reason(enum hw_ws_verdict verdict);

/* hw_ws_accept_write - the answer to a key
 * @key         from a good handshake
 * @ret_accept  HW_WS_ACCEPT_SIZE characters, the caller's; not terminated
 * Returns 0; -ENOTSUP: OpenSSL has no SHA-1, or no memory for it. */
int hw_ws_accept_write(struct hw_span key, char *ret_accept) HW_MUST_CHECK;

/* Whether the client offered this subprotocol, whose case counts. The server names at most one. */
bool hw_ws_protocol_offered(const struct hw_http_request *request, const char *bytes,
			    struct hw_span protocol);

/* hw_ws_origin_allowed - whether the page that opened the socket may
 * @origin   the Origin field; browsers always send it, other clients need not: whether one without
 *           may come in is the caller's to say
 * @scheme   "http" or "https", as the client reached us; @host: host[:port], likewise
 * @allowed  further origins with commas between them ("https://a.example, http://b:81"), or "*"
 * "null" (a sandbox, a file) is allowed only where it is listed, or by "*". */
bool hw_ws_origin_allowed(struct hw_span origin, struct hw_span scheme, struct hw_span host,
			  struct hw_span allowed);

#endif
