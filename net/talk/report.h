/* SPDX-License-Identifier: Apache-2.0
 *
 * report.h - what a talk tells those who follow its share: how a transfer goes
 *
 * Room: net/talk    Thread: the talk's reactor    Blocks: never    Allocates: never
 * Owns: nothing; embedded in the talk that moves the bytes
 * Limits: HW_REPORT_INTERVAL_MS between two letters of one transfer; HW_REPORT_QUIET_MS while
 * nobody follows the share; one letter on its way at a time
 *
 *	begin -> progress | wait ... -> end | pause -> (hw_report_is_idle? else done) -> the talk
 *	may go
 *
 * Progress is cheap: most calls only note a number, and where nobody follows any share of that
 * reactor no letter is sent at all. The share's room is on another reactor, so a letter is a mail
 * that lies in the report: the talk must not go before it is back.
 */
#ifndef HW_NET_TALK_REPORT_H
#define HW_NET_TALK_REPORT_H

#include "net/talk/room.h"

#define HW_REPORT_INTERVAL_MS 250U
#define HW_REPORT_QUIET_MS    1000U
#define HW_REPORT_STALL_MS    1000U /* without a byte, after which it is said why */

struct hw_talks;
struct hw_report;
typedef void hw_report_fn(struct hw_report *report);

/* Why no byte passes (hw_report_progress). */
#define HW_STALL_SENDER   "sender idle"
#define HW_STALL_RECEIVER "receiver slow"
#define HW_STALL_DISK     "disk"
#define HW_STALL_QUOTA    "quota"

struct hw_report_options {
	const uint8_t *share_id;  /* HW_SHARE_ID_SIZE bytes; copied, as is all here */
	struct hw_span name;      /* of the file; at most HW_NAME_SIZE_MAX bytes */
	uint64_t size;            /* bytes; UINT64_MAX: not known */
	uint64_t offset;          /* bytes that had passed before (a resumed upload) */
	const uint8_t *client_id; /* HW_CLIENT_ID_SIZE bytes, if the client has said who it is in
				     the room; else NULL */
	const uint8_t *upload_id; /* HW_UPLOAD_ID_SIZE bytes: whoever goes on with it goes on with
				     the same transfer; NULL: a transfer of its own */
	bool is_down;             /* from us to a receiver */
};

/* The fields are private to report.c. */
struct hw_report {
	struct hw_mail mail;
	struct hw_list link; /* among the talks' open reports, from begin to the end */
	struct hw_talks *talks;
	const struct hw_room_home *home; /* NULL: begin was not called, and nothing is told */
	struct hw_timer timer;
	hw_report_fn *done;
	struct hw_room_letter letter; /* lent while in_flight, but for what next has */
	/* What the next letter says. */
	struct {
		enum hw_transfer_state state;
		const char *stalled;
		uint64_t moved_size;
		uint64_t size;
	} next;
	const char *waits_for; /* said when no byte passes for a while; NULL: nothing */
	uint64_t moved_us;     /* when the last byte passed */
	uint64_t rate;         /* bytes/s, smoothed */
	uint64_t told_size;    /* bytes, in the last letter */
	uint64_t told_us;      /* when that was posted; 0: never */
	bool in_flight;
	bool has_news;
	bool is_heard; /* somebody followed the share when the last letter arrived */
	bool has_id;   /* letter.transfer_id is made when there is somebody to hear it */
	bool has_ended;
};

/* Says "waiting" (offset 0) or "uploading" at once. Without a begin, or before it, the other calls
 * do nothing; so does a report that is all zero. */
void hw_report_begin(struct hw_report *report, struct hw_talks *talks,
		     const struct hw_report_options *options);
/* @moved_size: bytes so far, @offset included. @stalled: HW_STALL_*, or NULL: bytes pass. */
void hw_report_progress(struct hw_report *report, uint64_t moved_size, const char *stalled);
/* What is waited for from now on, HW_STALL_*: if no byte passes for HW_REPORT_STALL_MS, it is
 * said. Costs a store. */
void hw_report_wait(struct hw_report *report, const char *stalled);
/* The length has become known. */
void hw_report_size_set(struct hw_report *report, uint64_t size);
/* UPLOADED, FAILED or CANCELLED; the last call but for join. */
void hw_report_end(struct hw_report *report, enum hw_transfer_state state);
/* Instead of end: the request is over, and the transfer is not. It can be gone on with, and stays
 * what it is; @stalled: why it does not go on now, or NULL. */
void hw_report_pause(struct hw_report *report, const char *stalled);
/* Nothing is on its way or waits to be: the report's memory may be used for something else. */
bool hw_report_is_idle(const struct hw_report *report);
/* Does anybody follow any share whose room is where this one's would be? */
bool hw_report_is_heard(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE]);
/* After end or pause, if it is not idle: @done runs, once, when it is. */
void hw_report_join(struct hw_report *report, hw_report_fn *done);

/* -- what is no transfer -- */

struct hw_notice;
typedef void hw_notice_fn(struct hw_notice *notice);

enum hw_notice_kind {
	HW_NOTICE_SHARE_CHANGED = 0,
	HW_NOTICE_SHARE_ENDED,
	HW_NOTICE_FILE_ADDED, /* sealed, or announced: a list of the share shows which */
	HW_NOTICE_FILE_REMOVED,
	HW_NOTICE_KIND_COUNT,
};

/* Embedded in the talk that did it; lent from tell until done. */
struct hw_notice {
	struct hw_mail mail;
	struct hw_talks *talks;
	const struct hw_room_home *home;
	hw_notice_fn *done;
	enum hw_notice_kind kind;
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint16_t name_size;
	char name[HW_NAME_SIZE_MAX];
};

/* @name: of the file, copied; empty for a share. Returns true: @done runs once, from a later turn;
 * false: nobody is there to hear it, and it is over. */
bool hw_notice_tell(struct hw_notice *notice, struct hw_talks *talks,
		    const uint8_t share_id[HW_SHARE_ID_SIZE], enum hw_notice_kind kind,
		    struct hw_span name, hw_notice_fn *done);

#endif
