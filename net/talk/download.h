/* SPDX-License-Identifier: Apache-2.0
 *
 * download.h - GET and HEAD of a file: whole, in one range, in several
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of
 * downloads) Owns: up to two slabs (one being sent, one being read ahead); the catalog's pin on the
 * file; perhaps an object of the cache that it fills
 */
#ifndef HW_NET_TALK_DOWNLOAD_H
#define HW_NET_TALK_DOWNLOAD_H

#include "net/talk/admission.h"
#include "net/talk/follower.h"
#include "net/talk/report.h"
#include "net/wire/http_range.h"

#define HW_BOUNDARY_SIZE 32U /* hex digits between the parts of a multipart answer */

enum hw_download_state {
	HW_DOWNLOAD_FREE = 0,
	HW_DOWNLOAD_ASKING,   /* the client's limits are looked at; the catalog's thread wakes it */
	HW_DOWNLOAD_FINDING,  /* the catalog wakes it */
	HW_DOWNLOAD_CHECKING, /* the password is looked at; the thread of passwords wakes it */
	HW_DOWNLOAD_SENDING,  /* the disk, the catalog, a slab or the client wake it */
	HW_DOWNLOAD_ENDING,   /* nothing new starts; waits for what is in flight */
	HW_DOWNLOAD_LEAVING,  /* the answer is over; a seat at the upload's home is given up */
	HW_DOWNLOAD_COUNTING, /* the catalog counts a whole download */
	HW_DOWNLOAD_UNPINNING, /* the answer is over; the catalog wakes it */
	HW_DOWNLOAD_TELLING,   /* the share's followers hear of the end; their room wakes it */
	HW_DOWNLOAD_STATE_COUNT,
};

struct hw_download {
	struct hw_follower file;
	struct hw_admission admission;
	struct hw_report report; /* only of what brings the file to its end: see begin */
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_http_range_set ranges; /* what is sent, in this order */
	struct hw_piece ahead;           /* read and verified, not sent yet */
	struct hw_piece sending;
	struct hw_object *object; /* being filled for the cache, held; NULL: none */
	uint64_t revision;        /* of the catalog, before the file was looked up */
	uint64_t file_size;       /* bytes it has or will have; HW_LENGTH_UNKNOWN */
	uint64_t read_offset;     /* of the next byte to read, in the file */
	uint64_t sent_offset;     /* of the next byte to send, in the file */
	uint32_t read_range;      /* index of the range that read_offset is in */
	uint32_t sent_range;
	uint32_t sending_range; /* of the piece being sent */
	uint32_t tail_size; /* bytes behind the piece being sent: the end of a multipart answer */
	uint64_t sending_offset; /* of the piece being sent: where in the file it begins */
	uint32_t fields_offset;  /* in the reply buffer: of what the head says of the file */
	uint32_t fields_size;
	uint32_t head_size;  /* bytes of the reply buffer to send before the next piece */
	uint32_t chunk_left; /* bytes that the transfer coding's chunk still owes */
	int error;
	enum hw_download_state state;
	bool is_sending;
	bool is_multipart;
	bool is_chunked;    /* nobody knows how long it will be */
	bool is_head_early; /* the head is sent before there is a byte to send */
	bool must_count; /* the share has a limit, and the file's last byte is among what is sent */
	bool is_pinned;
	bool has_part_head; /* the next piece's, though it begins its range: it was sent already */
	bool is_waiting;    /* without a slab, for a slow client to take more */
	bool is_named;      /* the path says which file, not only which share */
	bool is_whole_sent; /* the closing bytes are on their way or there */
	char boundary[HW_BOUNDARY_SIZE];
};

/* @id, @name: segments of the path, escaped; @name may be empty: the share's only file. */
void hw_download_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       struct hw_span name);

#endif
