/* SPDX-License-Identifier: Apache-2.0
 *
 * follower.h - pieces of one pinned file from any offset on, also while it is still being uploaded
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Owns: a file reader; questions to the upload's home; a seat there
 * Limits: HW_FOLLOWER_QUESTIONS slabs of an upload at a time
 *
 *	(LOOKUP with reader.request, found) -> begin -> read -> done -> release ... -> leave -> left
 *
 * Of a sealed file it is the file reader and nothing else. Of one that still grows, what the
 * catalog knows comes from the disk, what it does not know yet from the upload's home, by slab
 * or by place (live.h); and where nobody receives it at the moment, the catalog is watched.
 */
#ifndef HW_NET_TALK_FOLLOWER_H
#define HW_NET_TALK_FOLLOWER_H

#include "net/talk/file_reader.h"
#include "net/talk/live.h"

/* So long one waits for a sender that is not there, then its answer is cut. */
#define HW_FOLLOWER_PATIENCE_MS 300000U

#define HW_FOLLOWER_QUESTIONS 3U /* one is sent, one is ahead, one is asked or comes back */

/* A piece of the file. */
struct hw_piece {
	struct hw_slab *slab;     /* NULL: none, or lent says where the bytes are */
	struct hw_follow *follow; /* whose slab it is, when it is lent */
	uint64_t lent_offset;     /* of its first byte, in the file that is lent (file_reader.h) */
	uint32_t lent_file;       /* slot of the ring */
	int lent_fd;              /* the same file */
	uint32_t offset;          /* of its first byte, in the slab */
	uint32_t size;            /* bytes from there; 0: no piece */
};

static inline bool hw_piece_is_lent(const struct hw_piece *piece)
{
	return piece->size > 0 && piece->slab == NULL;
}

struct hw_follower;

enum hw_follower_state {
	HW_FOLLOWER_IDLE = 0, /* nothing is asked for */
	HW_FOLLOWER_READING,  /* the file reader wakes it */
	HW_FOLLOWER_LOOKING,  /* the catalog wakes it: what is known now? */
	HW_FOLLOWER_WATCHING, /* the catalog wakes it: something has changed, or a second is over */
	HW_FOLLOWER_ASKING,   /* the home wakes it */
	HW_FOLLOWER_WAITING,  /* one of its own questions comes back */
	HW_FOLLOWER_ENDING,   /* its own mail wakes it */
	HW_FOLLOWER_STATE_COUNT,
};

/* Embedded in the caller. */
struct hw_follower {
	struct hw_file_reader
		reader; /* reader.request is the caller's until begin, and after leave */
	struct hw_follow questions[HW_FOLLOWER_QUESTIONS];
	struct hw_live_seat *seat;  /* of the home's; written by it alone */
	struct hw_talks *seat_home; /* NULL: none was asked */
	/* The piece with the byte that was asked for; or NULL and: -ENODATA the file ends there,
	 * -EIDRM it was given up, -ESTALE nothing is stored and those bytes have passed,
	 * -ECANCELED, or another -errno. Never inside a call of the caller's. */
	void (*done)(struct hw_follower *follower, const struct hw_piece *piece, int res);
	void (*left)(struct hw_follower *follower);
	/* Asked about once a second while nothing comes: is there anybody to wait for? Else
	 * -ESHUTDOWN. */
	bool (*is_wanted)(struct hw_follower *follower);
	struct hw_mail mail;     /* an answer that must not come inside a call */
	uint64_t offset;         /* of the byte that is asked for */
	uint64_t asked_us;       /* when it was */
	struct hw_extent failed; /* whose bytes did not match; size 0: none */
	int result;
	enum hw_follower_state state;
	bool is_growing; /* as far as we know */
	bool is_cancelled;
	bool is_leaving;
	bool is_home_gone; /* the home said so: it has to change before it is asked again */
};

/* Once, before the file is looked up. done and left are set by the caller. */
void hw_follower_init(struct hw_follower *follower, struct hw_talks *talks);
/* reader.request is a LOOKUP that found the file; after left perhaps another one. */
void hw_follower_begin(struct hw_follower *follower);
/* One at a time; done comes. reader.lend_size_max says whether a piece may be lent, which then
 * lasts until the next call of read or cancel. */
void hw_follower_read(struct hw_follower *follower, uint64_t offset);
/* @piece: from done; it is empty afterwards. Accepts an empty one. */
void hw_follower_release(struct hw_follower *follower, struct hw_piece *piece);
/* What is asked for is not wanted, and nothing else is soon. Returns true when done will still come
 * (with -ECANCELED), false when nothing is under way any more. */
bool hw_follower_cancel(struct hw_follower *follower);
bool hw_follower_is_reading(const struct hw_follower *follower);
/* Every piece was released, nothing is being read: give the seat up. left comes, perhaps at
 * once. */
void hw_follower_leave(struct hw_follower *follower);

#endif
