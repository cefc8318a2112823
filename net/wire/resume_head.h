/* SPDX-License-Identifier: Apache-2.0
 *
 * resume_head.h - the fields of the IETF's draft of resumable uploads, interop version 8
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 *
 * A field whose value is bad, or that comes twice, is as if it were not there: the draft and RFC
 * 9651 want it so. Hence no verdict: the talk refuses what it misses.
 */
#ifndef HW_NET_WIRE_RESUME_HEAD_H
#define HW_NET_WIRE_RESUME_HEAD_H

#include "net/wire/http_request.h"
#include "net/wire/http_writer.h"

#define HW_RESUME_INTEROP    8U
#define HW_RESUME_MEDIA_TYPE "application/partial-upload"

struct hw_resume_head {
	uint64_t length;  /* bytes; of meaning with has_length */
	uint64_t offset;  /* bytes; with has_offset */
	uint64_t interop; /* with has_interop; a 104 only for HW_RESUME_INTEROP */
	bool has_length;
	bool has_offset;
	bool has_interop;
	bool has_complete;
	bool is_complete;      /* with has_complete */
	bool has_partial_type; /* Content-Type is HW_RESUME_MEDIA_TYPE */
};

/* hw_resume_head_parse - @ret_head is always written
 * A request belongs to the draft when has_complete or has_interop, and it is not tus. */
void hw_resume_head_parse(const struct hw_http_request *request, const char *bytes,
			  struct hw_resume_head *ret_head);

/* What Upload-Limit says; 0: not said. Above what a structured field can say: said as that. */
struct hw_resume_limit {
	uint64_t max_size;        /* bytes of an upload */
	uint64_t max_append_size; /* bytes of one request */
	uint64_t max_age_s;       /* until an upload that nobody goes on with is given up */
};

/* "Upload-Limit: min-size=0, ...\r\n": min-size alone still says that uploads are possible. */
void hw_resume_limit_write(struct hw_http_writer *writer, const struct hw_resume_limit *limit);

/* "Upload-Complete: ?1\r\n" */
void hw_resume_complete_write(struct hw_http_writer *writer, bool is_complete);

#endif
