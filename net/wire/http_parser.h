/* SPDX-License-Identifier: Apache-2.0
 *
 * http_parser.h - strict, resumable parser of an HTTP/1.x request head (RFC 9112)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; works in place on one contiguous buffer that the caller grows and may move
 * Limits: HW_HEAD_SIZE_MAX, HW_TARGET_SIZE_MAX, HW_FIELD_COUNT_MAX
 *
 * What is judged is the bytes in their order and never how they were cut: any split of a head gives
 * the same verdict, the same reason and the same places as the head in one piece.
 *
 * Stricter than the RFC demands, on purpose: no bare LF, no folded line, no white space but single
 * spaces in the request line, Content-Length once, Host once and plain, no empty list element in
 * Transfer-Encoding. More lenient in one thing: bytes >= 0x80 in the target are passed on (curl
 * sends a name as the user typed it); the path's decoder judges them.
 *
 * Every verdict but MORE and DONE ends the connection: where the next request begins is not known.
 */
#ifndef HW_NET_WIRE_HTTP_PARSER_H
#define HW_NET_WIRE_HTTP_PARSER_H

#include "net/wire/http_request.h"

enum hw_http_verdict {
	HW_HTTP_MORE = 0,            /* the head is not complete: grow the buffer, feed again */
	HW_HTTP_DONE,                /* parser.request is valid */
	HW_HTTP_BAD,                 /* 400 */
	HW_HTTP_TARGET_TOO_LONG,     /* 414 */
	HW_HTTP_HEAD_TOO_LARGE,      /* 431 */
	HW_HTTP_METHOD_UNKNOWN,      /* 501 */
	HW_HTTP_NOT_IMPLEMENTED,     /* 501: a transfer coding besides chunked */
	HW_HTTP_VERSION_UNSUPPORTED, /* 505 */
	HW_HTTP_EXPECTATION_FAILED,  /* 417 */
	HW_HTTP_VERDICT_COUNT
};

/* Embedded in the caller; fields but request and reason are private to http_parser.c. About 900
 * bytes: one a reactor for heads that come whole, one a connection for those that do not. */
struct hw_http_parser {
	struct hw_http_request request;
	const char *reason; /* one plain sentence for the client; static; NULL while MORE or DONE */
	uint32_t offset;    /* bytes judged so far */
	uint32_t mark;      /* where the token under way began */
	uint32_t value_end; /* behind the last byte of the value that is no white space */
	uint8_t state;
	uint8_t verdict;
	uint8_t seen; /* set of fields that may come once */
	bool expects_unknown;
	bool has_other_coding;
	bool method_is_unknown;
	bool connection_close;
	bool connection_keep_alive;
};

/* Start (again) at the first byte of a request. */
void hw_http_parser_init(struct hw_http_parser *parser);

/* hw_http_parser_feed - judge what is new in the head
 * @bytes  lent for the call; ALL bytes of the head so far, from its first; may have moved since the
 *         last call. What follows the head (body, next request) may be in it and is not looked at.
 * @size   bytes; not less than at the last call
 * Returns MORE, or the final verdict, which further calls repeat. After DONE the first
 * request.head_size bytes are the head. Thread: any. */
enum hw_http_verdict hw_http_parser_feed(struct hw_http_parser *parser, const char *bytes,
					 uint32_t size);

/* The status that answers a verdict: 400, 414...; 0 for MORE, 200 for DONE. */
uint32_t hw_http_verdict_status(enum hw_http_verdict verdict);

#endif
