/* SPDX-License-Identifier: Apache-2.0
 *
 * conn.h - one connection of the load: a request goes out, its answer comes in, and then the next
 *
 * Room: tests/bench. Thread: one. Blocks: hw_conn_open only. Allocates: as OpenSSL does.
 * Owns: its wire. Limits: heads of HW_CONN_HEAD_SIZE.
 */
#ifndef HW_TESTS_BENCH_CONN_H
#define HW_TESTS_BENCH_CONN_H

#include "tests/bench/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define HW_CONN_HEAD_SIZE   1024U
#define HW_CONN_ANSWER_SIZE 4096U
#define HW_CONN_TAIL_SIZE   5U /* of "0\r\n\r\n", which ends a chunked answer */

enum hw_conn_state {
	HW_CONN_IDLE,    /* nothing asked */
	HW_CONN_SENDING, /* head and body go out; an answer may come before they are out */
	HW_CONN_HEAD,    /* the answer's head comes */
	HW_CONN_BODY,    /* the answer's body comes */
	HW_CONN_DONE,    /* all of it came; the caller looks, and makes it idle */
	HW_CONN_FAILED,  /* error says why; the caller opens it again */
};

/* What to ask for; a body is bytes [offset, end) of body @number of body.h. */
struct hw_request {
	const char *method;
	const char *path;
	const char *fields; /* whole lines, each with its CRLF */
	bool has_body;
	bool is_verified; /* the answer must be body @number from its beginning */
	uint64_t number;
	uint64_t body_offset;
	uint64_t body_end;
	uint64_t body_hold; /* as hw_conn_hold; 0: send all */
};

struct hw_conn {
	enum hw_conn_state state;
	struct hw_wire wire;
	int epoll;
	bool wants_out;   /* what epoll was told */
	bool is_closing;  /* the server said Connection: close */
	bool is_chunked;  /* the answer */
	bool is_verified; /* the answer */
	int status;
	uint64_t begun_ns;
	uint64_t number;
	uint64_t body_begin;
	uint64_t body_offset; /* of the next byte to send */
	uint64_t body_end;
	uint64_t body_hold;    /* nothing from here on is sent yet */
	uint64_t answer_size;  /* of the answer's body */
	uint64_t answer_taken; /* of it */
	uint32_t head_sent;
	uint32_t head_size;        /* bytes in head[] */
	uint32_t answer_head_size; /* bytes in answer[], which end with a NUL */
	const char *error;
	char tail[HW_CONN_TAIL_SIZE];
	char head[HW_CONN_HEAD_SIZE];
	char answer[HW_CONN_ANSWER_SIZE + 1U];
};

/* 0, or -errno; the server must listen on what hw_wire_init was told */
int hw_conn_open(struct hw_conn *conn, int epoll);
int hw_conn_reopen(struct hw_conn *conn);

/* hw_conn_begin - send what can be sent of @request, which is lent for this call only */
void hw_conn_begin(struct hw_conn *conn, const struct hw_request *request);

/* hw_conn_hold - send no byte of the body from @offset on until it is said again */
void hw_conn_hold(struct hw_conn *conn, uint64_t offset);

/* hw_conn_turn - what epoll saw of it */
void hw_conn_turn(struct hw_conn *conn, uint32_t events);

/* The value of a field of the answer's head, ended by CRLF, or NULL. */
const char *hw_conn_field(const struct hw_conn *conn, const char *name);

uint64_t hw_conn_now_ns(void);

#endif
