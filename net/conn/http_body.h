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
/* An operation that waits for the client starts. @is_holding: it has a buffer of the talk's. */
void hw_http_conn_watch(struct hw_http_conn *conn, bool is_holding);
/* It ended, having moved @size bytes. False: the client is below HW_PROGRESS_RATE_MIN, and was for
 * stall_timeout. */
bool hw_http_conn_progress(struct hw_http_conn *conn, uint64_t size);

#endif
