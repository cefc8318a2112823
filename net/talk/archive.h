/* SPDX-License-Identifier: Apache-2.0
 *
 * archive.h - GET and HEAD of all files of a share as one ZIP: whole, or in one range
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from a pool)
 * Owns: up to two slabs (one being sent, one read ahead); the catalog's pin on one file at a time,
 * and a seat at its upload's home
 * Limits: HW_ARCHIVES_MAX at a time, HW_ARCHIVES_LIVE_MAX of them with files that are still
 * uploaded; more are answered 503; HW_SHARE_FILES_MAX files
 *
 * The files are listed three times, a page at a time: for the archive's size and tag, while they
 * are sent, and for the directory behind them. What is in it is what the first listing found: files
 * that are added later are passed over. net/wire/zip.h notices when the lists differ otherwise, and
 * then, as when a file has gone, the answer is cut.
 *
 * A file that was still uploaded when it was first listed is followed (follower.h); its checksum,
 * or its size too, stands behind its bytes, and is taken from the catalog when the file is sealed.
 * So each file is complete before the next one begins, and all are when the directory is written.
 * How each one was found is kept in two bits of it, for the directory has to say it again.
 */
#ifndef HW_NET_TALK_ARCHIVE_H
#define HW_NET_TALK_ARCHIVE_H

#include "net/talk/admission.h"
#include "net/talk/follower.h"
#include "net/talk/report.h"
#include "net/wire/zip.h"

#define HW_ARCHIVE_ROWS         32U   /* files of one page; 11 KiB */
#define HW_ARCHIVE_RECORDS_SIZE 4096U /* bytes of records that go out at once */
#define HW_ARCHIVE_KINDS        4U    /* of a byte */

enum hw_archive_state {
	HW_ARCHIVE_FREE = 0,
	HW_ARCHIVE_ASKING,   /* the client's limits are looked at; the catalog's thread wakes it */
	HW_ARCHIVE_LISTING,  /* size and tag are added up; the catalog wakes it */
	HW_ARCHIVE_CHECKING, /* the password is looked at; the thread of passwords wakes it */
	HW_ARCHIVE_SENDING,  /* the disk, the catalog, a slab or the client wake it */
	HW_ARCHIVE_ENDING,   /* nothing new starts; waits for what is in flight */
	HW_ARCHIVE_LEAVING,  /* the answer is over; the catalog wakes it */
	HW_ARCHIVE_TELLING,  /* the share's followers hear of the end; their room wakes it */
	HW_ARCHIVE_STATE_COUNT,
};

/* What there is of the file of held_id. */
enum hw_archive_hold {
	HW_ARCHIVE_HOLD_NONE = 0,
	HW_ARCHIVE_HOLD_FOUND, /* the catalog's pin, and what its LOOKUP said */
	HW_ARCHIVE_HOLD_OPEN,  /* and the follower reads it */
	HW_ARCHIVE_HOLD_LEFT,  /* the pin; whoever wants to read again has to look it up again */
	HW_ARCHIVE_HOLD_COUNT,
};

/* The file that the cursor is at: what must stay when its page is gone. */
struct hw_archive_entry {
	uint64_t file_id;
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
};

/* What goes out at once: records, and then perhaps bytes of a file. */
struct hw_archive_piece {
	struct hw_zip_cursor begin; /* where the cursor stood before it, to make it again */
	struct hw_archive_entry begin_entry;
	struct hw_piece bytes; /* behind the records; size 0: none */
	uint32_t records_size;
	bool is_begun;
	bool is_ready;
	bool is_last;
	uint8_t records[HW_ARCHIVE_RECORDS_SIZE];
};

struct hw_archive {
	struct hw_follower file; /* its reader's request asks everything */
	struct hw_admission admission;
	struct hw_report report; /* of what brings the archive to its end */
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_zip_layout layout;
	struct hw_zip_cursor cursor; /* of what is made next */
	struct hw_archive_entry entry;
	struct hw_archive_piece pieces[2];
	struct hw_share_file rows[HW_ARCHIVE_ROWS];
	uint32_t row_first; /* index in the share of rows[0] */
	uint32_t row_count;
	uint32_t sent_index; /* of the piece that is sent, or is next; the other is read ahead */
	uint32_t sent_size;  /* bytes of it that were taken before we gave way */
	uint32_t head_size;  /* bytes of the reply buffer that go out before it */
	uint32_t chunk_left; /* bytes that the transfer coding's chunk still owes */
	enum hw_zip_phase row_phase; /* in which the rows were asked for */
	enum hw_archive_hold hold;
	int error;
	enum hw_archive_state state;
	uint8_t share_id[HW_SHARE_ID_SIZE];
	bool is_asking; /* the catalog will answer */
	bool is_sending;
	bool is_waiting;  /* without a slab, for a slow client to take more */
	bool is_leaving;  /* left comes inside our own call */
	bool is_live;     /* it is one of the talks' archives_live_count */
	bool is_chunked;  /* nobody knows how long it will be */
	bool has_chunk;   /* one of the transfer coding's was begun */
	bool is_admitted; /* the password was asked for, or there is none */
	bool is_counted;  /* the last byte is wanted: a whole download once it was sent */
	uint64_t held_id;
	uint64_t asked_id;  /* whom a LOOKUP should find */
	uint64_t newest_id; /* when the first page was listed: what has a larger one is not in it */
	uint64_t begun_s;   /* Unix time; that of files which were not there yet */
	uint64_t end_asked_us; /* since when the seal is waited for; 0: it is not */
	uint8_t kinds[HW_SHARE_FILES_MAX / HW_ARCHIVE_KINDS]; /* enum hw_zip_kind of each file */
};

/* @id: the segment of the path without ".zip", escaped. */
void hw_archive_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);

#endif
