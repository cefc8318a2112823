/* SPDX-License-Identifier: Apache-2.0
 *
 * request_head.h - a request of some field lines, read by the real parser
 *
 * Room: tests/unit/wire    Thread: main    Blocks: never    Allocates: never
 * Owns: one head at a time; the next one overwrites it
 */
#ifndef HW_TESTS_UNIT_WIRE_REQUEST_HEAD_H
#define HW_TESTS_UNIT_WIRE_REQUEST_HEAD_H

#include "net/wire/http_parser.h"

struct request_head {
	struct hw_http_parser parser;
	const struct hw_http_request *request;
	uint32_t size;
	char bytes[2 * HW_HEAD_SIZE_MAX];
};

static inline void request_head_add(struct request_head *head, struct hw_span bytes)
{
	hw_assert(bytes.size <= sizeof(head->bytes) - head->size);
	if (bytes.size > 0) {
		memcpy(head->bytes + head->size, bytes.bytes, bytes.size);
	}
	head->size += bytes.size;
}

/* @first: "PATCH /u" ; @fields: whole lines, "A: b\r\n". False when it is no good request. */
static inline bool request_head_make(struct request_head *head, struct hw_span first,
				     struct hw_span fields)
{
	head->size = 0;
	request_head_add(head, first);
	request_head_add(head, HW_SPAN(" HTTP/1.1\r\nHost: files.example\r\n"));
	request_head_add(head, fields);
	request_head_add(head, HW_SPAN("\r\n"));
	hw_http_parser_init(&head->parser);
	head->request = &head->parser.request;
	return hw_http_parser_feed(&head->parser, head->bytes, head->size) == HW_HTTP_DONE &&
	       head->request->head_size == head->size;
}

#endif
