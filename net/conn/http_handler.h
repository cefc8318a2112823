/* SPDX-License-Identifier: Apache-2.0
 *
 * http_handler.h - what a talk hears of its request's connection
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_CONN_HTTP_HANDLER_H
#define HW_NET_CONN_HTTP_HANDLER_H

#include <stdbool.h>

/* What a talk hears. res of body_done: bytes (less than asked for only at the body's end, 0 at the
 * end); res of body_wait: 1 bytes are there, 0 the body is over. Errors: -ECONNRESET the peer left,
 * -ETIMEDOUT it was too slow, -EBADMSG its framing is broken, -ESHUTDOWN we are stopping. After an
 * error: abort, or an answer and end. send_done: 0 or an error, after which only abort is left;
 * -EAGAIN: see gives_way; -ENODATA: http_splice.h.
 *
 * A client that is slow must not keep what others need. So a body_recv that is not full after a
 * second answers with what there is (hw_http_conn_has_body() says whether more comes): the talk may
 * put its buffer to other use and body_wait. Likewise a send, for handlers that give way:
 * send_done(-EAGAIN) says that send_left_size bytes of it were not sent, and the talk either goes
 * on (send_more) or takes its buffers back and waits (send_wait).
 *
 * left, for who has nothing to send for a while (send_pause): -ECONNRESET the client has gone, or
 * has ended its side, -ESHUTDOWN we are stopping. Abort, or an answer and end. */
struct hw_http_handler {
	void (*body_done)(void *talk, int res);
	void (*send_done)(void *talk, int res);
	void (*left)(void *talk, int res);
	bool gives_way;
};

#endif
