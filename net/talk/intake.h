/* SPDX-License-Identifier: Apache-2.0
 *
 * intake.h - bytes of one file on their way in: from a body to durable chunks, in order
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (embedded in its owner)
 * Owns: the slab being received, two chunk writers, and the extents that the catalog does not name
 * yet
 * Limits: 2 chunks, 2 * HW_WRITER_SLABS_MAX + 1 slabs at once
 *
 * What every upload shares, whatever its protocol says before and after the bytes:
 *
 *	begin -> stored -> commit | save -> named                  (or discard -> failed)
 *	      \-> failed
 *
 * A file that began with this body (PUT) is forgotten when it fails. One that is gone on with (tus)
 * keeps what the catalog has of it; and when its body breaks off, what came is stored like a body
 * that ended there: stored() comes, and body_error says why.
 */
#ifndef HW_NET_TALK_INTAKE_H
#define HW_NET_TALK_INTAKE_H

#include "core/store/chunk_reader.h"
#include "core/store/chunk_writer.h"
#include "net/talk/live.h"
#include "net/talk/report.h"
#include "net/talk/talk.h"
#include "simd/merkle.h"

#define HW_INTAKE_WRITERS 2U /* one receives while the other is synced */
/* How often it is looked whether anybody follows or sends, where that matters. */
#define HW_INTAKE_LOOK_MS 250U
/* So long, less half of the time, a sender waits for those who follow before it spills: a second
 * when it cannot send at all. */
#define HW_INTAKE_SPILL_WAIT_MS 500U
/* So long it waits for somebody to come, first or again, when there is no more room. */
#define HW_INTAKE_ALONE_MS 1000U

enum hw_intake_state {
	HW_INTAKE_FREE = 0,
	HW_INTAKE_LOADING,   /* the short last chunk is read back; the disk or a slab wakes it */
	HW_INTAKE_RECEIVING, /* the client, a slab or the disk wakes it */
	HW_INTAKE_STORING,   /* the body is over; the writers wake it */
	HW_INTAKE_STORED,    /* the owner decides */
	HW_INTAKE_NAMING,    /* the catalog wakes it */
	HW_INTAKE_FAILING,   /* waits for what is in flight */
	HW_INTAKE_DROPPING,  /* the catalog gives back what was not named */
	HW_INTAKE_LEAVING,   /* the catalog forgets the unfinished file, or that we receive it */
	HW_INTAKE_STATE_COUNT,
};

struct hw_intake;

/* What the owner hears; from a later turn than its call, except that begin may fail at once. */
struct hw_intake_handler {
	/* Bytes of the body came, in order; lent for the call. May be NULL. */
	void (*received)(struct hw_intake *intake, const uint8_t *bytes, uint32_t size);
	/* The body is over, and all of it is durable: commit, save or discard, at once or later. */
	void (*stored)(struct hw_intake *intake);
	/* The catalog has it; the intake is free. */
	void (*named)(struct hw_intake *intake);
	/* Nothing is left of what the catalog does not name; the intake is free. */
	void (*failed)(struct hw_intake *intake, int error);
};

/* Where the bytes come from: a connection's body, or other files. Each call is answered by
 * hw_intake_source_done(), from a later step. */
struct hw_intake_source {
	/* Is there more, or may there be? */
	bool (*has_more)(struct hw_intake *intake);
	/* Answer 1 when a byte is there, 0 when there is none left. */
	void (*wait)(struct hw_intake *intake);
	/* Answer with the bytes that are there: fewer than @size at the end, or from a slow client.
	 * */
	void (*recv)(struct hw_intake *intake, uint8_t *bytes, uint32_t size);
	/* There is no room for more: answer 0 when no more comes and all may be there, or with an
	 * error when it cannot. May be NULL. */
	void (*watch)(struct hw_intake *intake);
	/* Answer soon, with what there is. */
	void (*stop)(struct hw_intake *intake);
	/* Bytes that came before the error that was the answer. */
	uint32_t (*came)(const struct hw_intake *intake);
};

struct hw_intake_options {
	const struct hw_intake_handler *handler;
	const struct hw_intake_source *source; /* NULL: the body of conn */
	void *source_owner;                    /* the source's own */
	struct hw_http_conn *conn;
	struct hw_report
		*report;        /* hears of the bytes; its begin and end are the owner's; or NULL */
	uint64_t length;        /* bytes the file will have, or HW_LENGTH_UNKNOWN */
	uint64_t promised_size; /* bytes the owner was promised by the segment log: moved */
	/* To go on with a file: what UPLOAD_OPEN said (lent until the intake is free; its crc32,
	 * offset, tail and merkle follow what the catalog has), its id, and its short last chunk.
	 * Else NULL. */
	struct hw_upload *upload;
	uint64_t file_id;
	const struct hw_extent *short_chunk; /* copied; or NULL */
	/* Nothing is stored: the slabs of the window are all there is, and followers take them. The
	 * file, file_id, has no chunks and is forgotten at the end; upload is NULL. */
	bool is_live;
	/* As is_live, until somebody who follows is slow or nobody is there: from then on it is
	 * stored (intake_spill.c). hw_intake_is_stored() says how it ended. */
	bool may_spill;
	/* To go on with a file whose length is not known: where the body ends as it should, the
	 * file does. */
	bool ends_with_body;
	/* Nothing is named before the owner says so: at most HW_EXTENT_BATCH_MAX chunks. */
	bool is_held;
};

struct hw_intake {
	struct hw_chunk_writer writers[HW_INTAKE_WRITERS]; /* chunk n is written by n % 2 */
	struct hw_talks *talks;
	struct hw_list link; /* in talks->open_intakes */
	struct hw_intake_options options;
	struct hw_slab *slab; /* FILLING, lent to the receive or read in flight */
	struct hw_slab_waiter slab_waiter;
	struct hw_catalog_request request;
	struct hw_segment *segments[HW_EXTENT_BATCH_MAX]; /* of request.extents: to settle */
	struct hw_merkle merkle;                          /* of the full chunks collected */
	struct hw_extent last_short; /* the last chunk collected, or found; size 0: it is full */
	struct hw_live live;
	struct hw_timer patience; /* is_live, may_spill: is anybody there? */
	struct hw_chunk_reader reader;
	struct hw_extent short_chunk; /* size 0: none, or taken over */
	uint64_t received_size;       /* bytes of the file in chunks, begun ones included */
	uint64_t collected_size;      /* bytes of the file in chunks collected */
	uint64_t named_size;          /* bytes of the file that the catalog knows of */
	uint64_t promised_size;       /* bytes of the store's promise not used yet */
	uint64_t chunks_begun;        /* by this intake */
	uint64_t chunks_collected;
	uint64_t stored_us;      /* when the last byte was there */
	uint64_t waits_since_us; /* may_spill: for those who follow; 0: it does not */
	uint64_t waited_us;      /* of late */
	uint32_t chunk_size;     /* bytes of the chunk under way */
	uint32_t asked_size;     /* bytes the slab is to have after the receive in flight */
	uint32_t kept_size;      /* bytes in kept: the rest of a block */
	uint32_t loaded_size;    /* bytes of the short chunk that are in the new one */
	uint32_t crc32;          /* of all bytes that came */
	uint32_t crc32_at_end[HW_INTAKE_WRITERS]; /* of all bytes to the end of its chunk */
	int error;
	int body_error; /* the body broke off; 0: it ended */
	enum hw_intake_state state;
	bool is_receiving;  /* a source call is under way */
	bool is_watching;   /* and it is one of watch */
	bool is_watched;    /* to no more use: the source has ended, and may have said all */
	bool is_asking;     /* the catalog has the request */
	bool is_reading;    /* the reader has the slab, or is opening */
	bool is_chunk_open; /* the newest writer takes slabs */
	bool is_body_over;
	bool is_written[HW_INTAKE_WRITERS]; /* done(0), not collected yet */
	uint8_t kept[HW_BLOCK_SIZE];
};

/* @intake: in a pool's object, page-aligned, FREE; lent until named or failed. The head of the
 * connection's request is released. */
void hw_intake_begin(struct hw_intake *intake, struct hw_talks *talks,
		     const struct hw_intake_options *options);
/* In stored() or later. commit: the file is complete and sealed; the owner has filled the request's
 * name, share, owner_hash and share_id where they are needed. save: what is there is kept, to be
 * gone on with. discard: as if nothing had come. */
void hw_intake_commit(struct hw_intake *intake);
void hw_intake_save(struct hw_intake *intake);
void hw_intake_discard(struct hw_intake *intake, int error);
/* is_live, or may_spill and it is not stored: everybody has what they came for; the file is
 * forgotten, and named() comes. */
void hw_intake_end_live(struct hw_intake *intake);
/* The body shall end here: somebody else goes on with the file. stored() or failed() comes. */
void hw_intake_stop(struct hw_intake *intake, int error);
/* In stored() or later: there is something to commit, from request.first_offset on. */
bool hw_intake_is_stored(const struct hw_intake *intake);
/* All bytes that were announced are there. */
bool hw_intake_is_complete(const struct hw_intake *intake);
/* Bytes of the file that are there, durable or not. */
uint64_t hw_intake_size(const struct hw_intake *intake);
/* The one that receives this file here, and may be followed; or NULL. */
struct hw_intake *hw_intake_find(struct hw_talks *talks, uint64_t file_id);
/* For live.c: followers gave slabs back that the sender may have waited for. */
void hw_intake_taken(struct hw_intake *intake);
/* The answer of the source. */
void hw_intake_source_done(struct hw_intake *intake, int res);

/* Uploads that have bytes in @segment and still receive are given up or cut short: they are the
 * slowest of all, and @user (struct hw_talks) has no room for others as long as they go on. */
void hw_intake_give_up(void *user, const struct hw_segment *segment);

#endif
