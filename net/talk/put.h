/* SPDX-License-Identifier: Apache-2.0
 *
 * put.h - PUT /{name}: a raw body becomes a share of one file
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of uploads)
 * Owns: the slab being received, two chunk writers, and the extents that the catalog does not name
 * yet Limits: 2 chunks, 2 * HW_WRITER_SLABS_MAX + 1 slabs at once
 */
#ifndef HW_NET_TALK_PUT_H
#define HW_NET_TALK_PUT_H

#include "core/store/chunk_writer.h"
#include "net/talk/talk.h"
#include "simd/merkle.h"

#define HW_PUT_WRITERS 2U /* one receives while the other is synced */

enum hw_put_state {
	HW_PUT_FREE = 0,
	HW_PUT_RECEIVING,  /* the client, a slab or the disk wakes it */
	HW_PUT_STORING,    /* the body is over; the writers wake it */
	HW_PUT_COMMITTING, /* the catalog wakes it */
	HW_PUT_REPLYING,   /* the link is being sent */
	HW_PUT_FAILING,    /* waits for what is in flight */
	HW_PUT_DROPPING,   /* the catalog gives back what was not named */
	HW_PUT_ABORTING,   /* the catalog forgets the unfinished file */
	HW_PUT_STATE_COUNT,
};

struct hw_put {
	struct hw_chunk_writer writers[HW_PUT_WRITERS]; /* chunk n is written by n % 2 */
	struct hw_talks *talks;
	struct hw_list link; /* in talks->open_puts */
	struct hw_http_conn *conn;
	struct hw_slab *slab; /* FILLING, lent to the receive in flight */
	struct hw_slab_waiter slab_waiter;
	struct hw_catalog_request request;
	struct hw_segment *segments[HW_EXTENT_BATCH_MAX]; /* of request.extents: to settle */
	struct hw_merkle merkle;
	uint64_t begun_us;
	uint64_t received_us;    /* when the last byte was there */
	uint64_t announced_size; /* bytes; UINT64_MAX: chunked, nobody knows */
	uint64_t received_size;  /* bytes */
	uint64_t promised_size;  /* bytes of the store's promise not used yet */
	uint64_t chunks_begun;
	uint64_t chunks_collected;
	uint32_t chunk_size; /* bytes received of the chunk under way */
	uint32_t asked_size; /* bytes the slab is to have after the receive in flight */
	uint32_t kept_size;  /* bytes in kept: what a slow client left of a block */
	int error;
	enum hw_put_state state;
	bool is_receiving;  /* a body call is under way */
	bool is_asking;     /* the catalog has the request */
	bool is_chunk_open; /* the newest writer takes slabs */
	bool is_body_over;
	bool is_written[HW_PUT_WRITERS]; /* done(0), not collected yet */
	uint8_t token[HW_TOKEN_SIZE];
	uint8_t kept[HW_BLOCK_SIZE]; /* touched for slow clients only */
};

/* Uploads that have bytes in @segment and still receive are given up (408): they are the slowest of
 * all, and @user (struct hw_talks) has no room for others as long as they go on. */
void hw_put_give_up(void *user, const struct hw_segment *segment);
/* @conn: a request with method PUT; @segment: the only segment of its path, escaped. */
void hw_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span segment);

#endif
