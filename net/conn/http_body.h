/* SPDX-License-Identifier: Apache-2.0
 *
 * http_body.h - the part of a connection that receives a request's body
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 * For http_conn.c; talks use http_conn.h.
 */
#ifndef HW_NET_CONN_HTTP_BODY_H
#define HW_NET_CONN_HTTP_BODY_H

#include "net/conn/http_conn.h"

/* From a head that is complete. */
void hw_http_body_init(struct hw_http_conn *conn, const struct hw_http_request *request);
/* A receive into a head buffer ended: framing, in conn->input when @res > 0. */
void hw_http_body_input(struct hw_http_conn *conn, int32_t res);
/* "100 Continue" is out (0), or failed. */
void hw_http_body_continued(struct hw_http_conn *conn, int res);

/* -- what http_conn.c does for http_body.c
 * --------------------------------------------------------- */

/* Ask for bytes into a head buffer. */
void hw_http_conn_input_submit(struct hw_http_conn *conn);
void hw_http_conn_input_release(struct hw_http_conn *conn);
void hw_http_conn_continue_submit(struct hw_http_conn *conn);
/* An operation starts: from now on it must make progress. */
void hw_http_conn_watch(struct hw_http_conn *conn);
/* An operation of @size bytes so far ended early by our own probe: fast enough to go on? */
bool hw_http_conn_is_fast(const struct hw_http_conn *conn, uint64_t size);

#endif
