/* SPDX-License-Identifier: Apache-2.0
 *
 * http_upgrade.h - a connection whose client and talk have agreed on another protocol (RFC 9110,
 * 7.8)
 *
 * Room: net/conn    Thread: the connection's reactor    Blocks: never    Allocates: never
 *
 * The connection keeps its socket, its operations and the only way to close; who takes it over gets
 * bytes in, sends bytes out, and is told when all has ended. No callback runs inside a call of his.
 *
 *	upgrade -> [recv -> received] ..., [send -> sent] ... -> finish | close -> closed
 */
#ifndef HW_NET_CONN_HTTP_UPGRADE_H
#define HW_NET_CONN_HTTP_UPGRADE_H

#include "core/base/span.h"
#include "net/conn/http_conn.h"

struct hw_upgrade_handler {
	/* res > 0: look at the input; 0 the peer said all; < 0 an error. After 0 and errors: finish
	 * or close. */
	void (*received)(void *user, int res);
	/* 0: all of it is sent; else an error, and close. */
	void (*sent)(void *user, int res);
	/* The daemon stops: say goodbye, then finish or close. */
	void (*drained)(void *user);
	/* Nothing is lent any more. The last call. */
	void (*closed)(void *user);
};

/* After the answer 101 was sent (send_done 0): the request is over. */
void hw_http_conn_upgrade(struct hw_http_conn *conn, const struct hw_upgrade_handler *handler,
			  void *user);

/* Ask for bytes; no buffer is held until some are there. What is left of the input comes first. */
void hw_http_upgrade_recv(struct hw_http_conn *conn);
/* received(1) comes soon, with what is left of the input, though it be nothing. */
void hw_http_upgrade_again(struct hw_http_conn *conn);
bool hw_http_upgrade_is_receiving(const struct hw_http_conn *conn);
/* Bytes that came and were not used yet; may be written to (masks). Lent until used. */
struct hw_span hw_http_upgrade_bytes(const struct hw_http_conn *conn);
void hw_http_upgrade_used(struct hw_http_conn *conn, uint32_t size);

/* @iov: copied, what it points to is lent until sent or closed. */
void hw_http_upgrade_send(struct hw_http_conn *conn, const struct iovec *iov, uint32_t count);

/* All is said, and the peer shall be able to read it; nothing is in flight. */
void hw_http_upgrade_finish(struct hw_http_conn *conn);
/* Now, whatever is in flight. Idempotent. */
void hw_http_upgrade_close(struct hw_http_conn *conn);

#endif
