/* SPDX-License-Identifier: Apache-2.0
 *
 * http_chunked.h - decoder of the chunked transfer coding's framing (RFC 9112, 7.1)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: 16 digits a size, 256 bytes an extension, extensions at most 16 KiB ahead of the data,
 *         8 KiB of trailer
 *
 * Sees the framing and never the data, so the data need not pass through it:
 *
 *   feed -> DATA: data_left bytes of data begin at bytes + consumed. Take them from the buffer, or
 *                 straight from the socket, tell data_taken, and feed what follows them.
 *   feed -> MORE: all of @size is consumed; feed the bytes that come next.
 *   feed -> DONE: the body is over; what is behind consumed is the next request.
 */
#ifndef HW_NET_WIRE_HTTP_CHUNKED_H
#define HW_NET_WIRE_HTTP_CHUNKED_H

#include "core/base/check.h"

enum hw_http_chunked_verdict {
	HW_HTTP_CHUNKED_MORE = 0,
	HW_HTTP_CHUNKED_DATA,
	HW_HTTP_CHUNKED_DONE,
	HW_HTTP_CHUNKED_BAD, /* 400, and the connection ends */
	HW_HTTP_CHUNKED_VERDICT_COUNT
};

/* Embedded in the caller; data_left and reason may be read, all else is private. */
struct hw_http_chunked {
	uint64_t data_left;      /* bytes of this chunk's data not taken yet */
	uint64_t size;           /* bytes; of the chunk under way */
	const char *reason;      /* one plain sentence; static; NULL unless BAD */
	uint32_t digit_count;    /* of the size under way */
	uint32_t extension_size; /* bytes of the extension under way */
	uint32_t extension_debt; /* bytes of extensions not yet outweighed by data */
	uint32_t trailer_size;   /* bytes */
	uint8_t state;
};

void hw_http_chunked_init(struct hw_http_chunked *decoder);

/* hw_http_chunked_feed - judge framing bytes
 * @bytes  lent for the call; what comes after everything consumed or taken so far
 * @ret_consumed  bytes of framing used, <= size; set on every verdict
 * While data_left > 0 the answer is DATA and nothing is consumed. DONE and BAD are final.
 * Any split of the framing gives the same verdicts. Thread: any. */
enum hw_http_chunked_verdict hw_http_chunked_feed(struct hw_http_chunked *decoder,
						  const char *bytes, uint32_t size,
						  uint32_t *ret_consumed);

/* @size bytes of data were taken; not more than data_left. */
void hw_http_chunked_data_taken(struct hw_http_chunked *decoder, uint64_t size);

#endif
