/* SPDX-License-Identifier: Apache-2.0
 *
 * tus_parts.h - the bytes of several uploads, one after the other, as the source of an intake
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of concats)
 * Owns: a reader of the part it is at, which is pinned as long
 * Limits: HW_UPLOAD_PARTS_MAX parts
 *
 *	init -> size (all parts are complete: so many bytes) -> (the intake reads) -> close
 *
 * Parts begin and end anywhere, chunks do not: the bytes are read, checked, and stored anew.
 */
#ifndef HW_NET_TALK_TUS_PARTS_H
#define HW_NET_TALK_TUS_PARTS_H

#include "net/talk/file_reader.h"
#include "net/talk/intake.h"

struct hw_tus_parts;
typedef void hw_tus_parts_fn(void *owner, int res);

enum hw_tus_parts_state {
	HW_TUS_PARTS_IDLE = 0,
	HW_TUS_PARTS_SIZING,  /* the catalog wakes it */
	HW_TUS_PARTS_FINDING, /* the catalog wakes it: the next part is pinned */
	HW_TUS_PARTS_READING, /* the file reader wakes it */
	HW_TUS_PARTS_LEAVING, /* the catalog wakes it: the part is unpinned */
	HW_TUS_PARTS_STATE_COUNT,
};

struct hw_tus_parts {
	struct hw_file_reader reader;
	struct hw_talks *talks;
	struct hw_intake *intake; /* that reads */
	struct hw_mail mail;
	struct hw_upload part; /* what the catalog says of one */
	void *owner;
	hw_tus_parts_fn *done;
	uint64_t size;        /* bytes of all parts */
	uint64_t left_size;   /* bytes not read yet */
	uint64_t part_offset; /* of the next byte, in the part */
	uint8_t *bytes;       /* the intake's, lent until its source_done */
	uint32_t wanted_size; /* bytes of them */
	uint32_t had_size;    /* bytes that are there */
	uint32_t part_count;
	uint32_t part_index;
	int result; /* what mail carries */
	enum hw_tus_parts_state state;
	bool is_pinned;
	bool is_wanted;  /* the intake waits for source_done */
	bool is_stopped; /* and does not want what may still come */
	bool is_closing;
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t upload_ids[HW_UPLOAD_PARTS_MAX][HW_UPLOAD_ID_SIZE];
};

/* @part_links: of a request's Upload-Concat (tus_head.h); lent for the call. Returns 0 or -EINVAL:
 * one is no link to an upload. */
int hw_tus_parts_init(struct hw_tus_parts *concat, struct hw_talks *talks,
		      struct hw_span part_links) HW_MUST_CHECK;
/* Ask for the parts. @done: 0, and size is known; -ENOENT, -EIDRM; -EAGAIN: one is not complete;
 * -EXDEV: they are not of one share. */
void hw_tus_parts_size(struct hw_tus_parts *concat, void *owner, hw_tus_parts_fn *done);
/* Nothing is read any more; @done, perhaps at once. */
void hw_tus_parts_close(struct hw_tus_parts *concat, void *owner, hw_tus_parts_fn *done);

/* For struct hw_intake_options; the intake's options.source_owner is the concat. */
extern const struct hw_intake_source hw_tus_parts_source;

#endif
