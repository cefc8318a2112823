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
 */
#ifndef HW_NET_WIRE_HTTP_PARSER_H
#define HW_NET_WIRE_HTTP_PARSER_H

#include "net/wire/http_framing.h"

/* Embedded in the caller; fields but request and reason are private to http_parser.c. Its size is
 * that of the field table, less than 1 KiB: one a reactor for heads that come whole, one a
 * connection for those that do not. */
struct hw_http_parser {
	struct hw_http_request request;
	struct hw_http_framing framing;
	const char *reason; /* one plain sentence for the client; static; NULL while MORE or DONE */
	uint32_t offset;    /* bytes judged so far */
	uint32_t mark;      /* where the token under way began */
	uint8_t state;
	uint8_t verdict;
	bool has_empty_line; /* one was there before the request line */
};

static_assert(sizeof(struct hw_http_parser) <= 1024, "small enough for one a connection");

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
