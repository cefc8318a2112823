/* SPDX-License-Identifier: Apache-2.0
 *
 * reply.h - answers that need no conversation: errors and short texts
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 *
 * Each of these takes the request over: the caller's talk has nothing in flight on the connection
 * and forgets it. An error is application/problem+json (RFC 9457) for who accepts JSON, else one
 * plain sentence.
 */
#ifndef HW_NET_TALK_REPLY_H
#define HW_NET_TALK_REPLY_H

#include "core/catalog/share.h"
#include "net/conn/http_server.h"

/* Bytes of a link to a share: an origin of 300 bytes, and its id or name. */
#define HW_SHARE_URL_SIZE_MAX 512U

/* @sentence: what happened and what to do; ASCII; copied. */
void hw_reply_error(struct hw_http_conn *conn, uint32_t status, const char *sentence);
/* With one field more: literals. */
void hw_reply_error_field(struct hw_http_conn *conn, uint32_t status, const char *sentence,
			  const char *field, const char *value);
/* What an errno of ours is to the client (error.h; the table is in reply.c). */
void hw_reply_errno(struct hw_http_conn *conn, int error);
/* 405, with what would be allowed. */
void hw_reply_method(struct hw_http_conn *conn, const char *allowed);
/* 401, with the scheme that is expected. */
void hw_reply_unauthorized(struct hw_http_conn *conn, const char *sentence);
/* 426: what is here speaks WebSocket only. */
void hw_reply_upgrade(struct hw_http_conn *conn, const char *sentence);
/* 401 for a share's password: a scheme of our own, so that no browser asks for it by itself. */
void hw_reply_password(struct hw_http_conn *conn, const char *sentence);
/* 429 or 503, with so many seconds as Retry-After. */
void hw_reply_later(struct hw_http_conn *conn, uint32_t status, uint32_t retry_s,
		    const char *sentence);
/* 503 with Retry-After. */
void hw_reply_busy(struct hw_http_conn *conn, const char *sentence);
/* 200 text/plain; @text: lent until it is sent (static, in practice). */
void hw_reply_text(struct hw_http_conn *conn, struct hw_span text);
/* The same as application/json, with any status; @json: copied, at most 512 bytes. */
void hw_reply_json(struct hw_http_conn *conn, uint32_t status, struct hw_span json);
/* A status without a body: 204. */
void hw_reply_empty(struct hw_http_conn *conn, uint32_t status);
/* 204 with Allow: the answer to OPTIONS. */
void hw_reply_allow(struct hw_http_conn *conn, const char *allowed);

/* For requests that never became one: plain text, no Accept to look at. */
void hw_reply_refuse(void *user, struct hw_http_conn *conn, uint32_t status, const char *reason);

/* "https://host" for links: @public_url, or what the request's Host said. */
void hw_reply_write_origin(const struct hw_http_conn *conn, struct hw_http_writer *writer,
			   const char *public_url);

/* The link to a share, "https://host/s/id", or with its own name. At most HW_SHARE_URL_SIZE_MAX
 * bytes. */
void hw_reply_write_share(const struct hw_http_conn *conn, struct hw_http_writer *writer,
			  const char *public_url, const struct hw_share *share);

/* The handler that ends the request when all is sent, for talks that leave the rest to it. */
extern const struct hw_http_handler hw_reply_handler;
/* The body_done of handlers that never ask for a body. */
void hw_reply_no_body(void *talk, int res);

#endif
