/* SPDX-License-Identifier: Apache-2.0
 *
 * asking.h - a connection that is nothing but a request's head, for those who only look at it
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: never
 */
#ifndef HW_TESTS_UNIT_TALK_ASKING_H
#define HW_TESTS_UNIT_TALK_ASKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "net/talk/talk.h"

struct asking {
	struct hw_http_server server;
	struct hw_http_conn conn;
	struct hw_http_head head;
	char bytes[HW_HEAD_SIZE_MAX];
};

/* @fields: each with its \r\n. */
static inline struct hw_http_conn *asking(struct asking *asking, const char *fields)
{
	int size = snprintf(asking->bytes, sizeof(asking->bytes),
			    "GET /x HTTP/1.1\r\nHost: here\r\n%s\r\n", fields);
	assert_in_range(size, 1, sizeof(asking->bytes) - 1);
	memset(&asking->conn, 0, sizeof(asking->conn));
	memset(&asking->head, 0, sizeof(asking->head));
	hw_http_parser_init(&asking->head.parser);
	assert_int_equal(hw_http_parser_feed(&asking->head.parser, asking->bytes, (uint32_t)size),
			 HW_HTTP_DONE);
	asking->conn.server = &asking->server;
	asking->conn.head = &asking->head;
	asking->conn.input.bytes = asking->bytes;
	asking->conn.state = HW_CONN_ANSWERING;
	return &asking->conn;
}

/* Who asks. */
static inline void asking_peer(struct asking *asking, const char *text)
{
	struct hw_address address;
	assert_int_equal(hw_address_parse(hw_span_of(text), &address), 0);
	memcpy(asking->conn.peer, address.bytes, sizeof(asking->conn.peer));
	asking->conn.peer_size = address.size;
}

#endif
