/* SPDX-License-Identifier: Apache-2.0
 *
 * http_input.h - what a connection has of what its client sends: bytes that came, a body that comes
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 * Owns: nothing; struct hw_http_conn embeds both, and says whose the bytes are
 */
#ifndef HW_NET_CONN_HTTP_INPUT_H
#define HW_NET_CONN_HTTP_INPUT_H

#include "net/wire/http_chunked.h"

/* What came from the socket and was not used yet: [offset, size) of a head buffer. */
struct hw_http_input {
	char *bytes; /* NULL: no buffer held */
	uint32_t offset;
	uint32_t size;
	uint16_t buffer_id;
	bool is_spill; /* bytes are a spill's, not a head buffer's */
	bool is_tls;   /* bytes are in the room where they came sealed */
};

struct hw_http_body {
	struct hw_http_chunked chunked;
	uint64_t left_size; /* bytes, not chunked */
	uint8_t *bytes;     /* lent by the talk, NULL: it waits for any */
	uint32_t size;      /* bytes asked for */
	uint32_t done_size; /* bytes of them that are there */
	uint64_t begun_us;  /* when the talk asked */
	bool is_chunked;
	bool is_over;
	bool is_wanted;      /* the talk waits for body_done */
	bool is_stopped;     /* and does not want what may still come */
	bool needs_continue; /* 100 is owed before the first receive */
};

#endif
