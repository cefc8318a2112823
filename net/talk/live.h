/* SPDX-License-Identifier: Apache-2.0
 *
 * live.h - an upload under way and those who follow it: what came last lies in slabs for them
 *
 * Room: net/talk    Thread: hw_live: the upload's reactor (its home); hw_follow: the follower's,
 * and lent to the home from ask until done
 * Blocks: never    Allocates: never (seats from a pool of the home)
 * Owns: references to the slabs of the window
 * Limits: HW_LIVE_WINDOW_MAX slabs an upload; fewer when the home is short of slabs
 *
 * A follower asks for the byte at an offset and gets the slab that has it, while it is in the
 * window; or the place of the chunk that has it, once that chunk is durable; or waits until one of
 * both is so. It holds a slab until its next question. Where the upload is stored, nobody waits for
 * a follower. Where nothing is stored (is_only_store), the window is the store: a slab leaves it
 * when every follower gave it back, and while it is full the sender waits. Where it may spill
 * (is_keeping), what was given back stays until its room is needed (intake_spill.c); from the
 * moment it spilled only what is nowhere else, the bytes before stored_from, is kept for followers.
 */
#ifndef HW_NET_TALK_LIVE_H
#define HW_NET_TALK_LIVE_H

#include "core/base/extent.h"
#include "core/base/pool.h"
#include "core/loop/mailbox.h"
#include "core/loop/slab.h"

/* Two chunks: what the writers have under way, and so what cannot be read from the disk yet. */
#define HW_LIVE_WINDOW_MAX (2U * HW_CHUNK_SLABS)
/* What an upload that is not stored may have when slabs are short; when very few are left, none. */
#define HW_LIVE_WINDOW_MIN 2U
/* A batch on its way to the catalog, and what is collected behind it. */
#define HW_LIVE_CHUNKS_MAX (2U * HW_EXTENT_BATCH_MAX)

struct hw_talks;
struct hw_intake;
struct hw_follower;
struct hw_live_seat;

/* A sender of what is not stored waits so long for somebody to follow, first or again. */
#define HW_LIVE_PATIENCE_MS 300000U

enum hw_follow_answer {
	HW_FOLLOW_NONE = 0,
	HW_FOLLOW_SLAB, /* slab has bytes from slab_offset of the file on; lent until given back */
	HW_FOLLOW_EXTENT, /* extent is chunk @chunk_index of the file: read it from the disk */
	HW_FOLLOW_NAMED,  /* the catalog has it already: ask there */
	HW_FOLLOW_END,    /* the file is complete, and has no byte at offset */
	HW_FOLLOW_GONE,   /* nobody here receives this file (any more): ask the catalog */
	HW_FOLLOW_LATE,   /* nothing is stored, and those bytes have passed */
	HW_FOLLOW_ANSWER_COUNT,
};

/* One question; embedded in the follower. Two of them let a follower send one slab while it waits
 * for the next. */
struct hw_follow {
	struct hw_mail mail;
	struct hw_list link;          /* at the home: waits */
	struct hw_talks *home;        /* whom to ask */
	struct hw_talks *own;         /* who asks */
	struct hw_live_seat **seat;   /* shared by the questions of one follower; at first NULL */
	struct hw_follower *follower; /* whose question it is */
	void (*done)(struct hw_follow *follow); /* on the own reactor */
	uint64_t file_id;
	uint64_t offset;      /* in: bytes of the file from here on */
	struct hw_slab *slab; /* in: given back; out: lent */
	uint64_t slab_offset; /* of the slab's first byte, in the file */
	struct hw_extent extent;
	uint64_t chunk_index;
	enum hw_follow_answer answer;
	bool is_asking;  /* in: else it only gives back */
	bool is_leaving; /* in: no more questions; the seat is given up */
	bool in_flight;
};

struct hw_live_piece {
	struct hw_slab *slab;
	uint64_t offset; /* of its first byte, in the file */
};

struct hw_live_chunk {
	struct hw_extent extent;
	uint64_t offset; /* in the file */
};

/* Embedded in an intake. */
struct hw_live {
	struct hw_list seats;
	struct hw_list waiters;                          /* struct hw_follow */
	struct hw_live_piece window[HW_LIVE_WINDOW_MAX]; /* a ring, in the order of the file */
	uint32_t first;
	uint32_t count;
	uint64_t empty_since_us; /* nobody follows since then */
	uint64_t taken_offset;   /* everything before it was had, and given back, by somebody */
	uint64_t stored_from;    /* bytes before it are never on the disk */
	bool is_only_store;
	bool is_keeping; /* is_only_store, and may yet be stored: what was taken is kept */
	/* Chunks that are durable, and that the catalog may not know yet; a ring by index. */
	struct hw_live_chunk chunks[HW_LIVE_CHUNKS_MAX];
	uint32_t chunk_count; /* ever */
};

/* -- the follower's side -- */

/* @follow: home, own, seat, done, file_id, offset are set; lent until done. */
void hw_follow_ask(struct hw_follow *follow);

/* -- the home's side, for intake*.c -- */

/* @may_spill: the window is the store, unless hw_live_spill() is called. */
void hw_live_init(struct hw_live *live, bool is_only_store, bool may_spill, uint64_t now_us);
/* @slab: sealed, held by the caller; its bytes begin at @offset of the file. */
void hw_live_publish(struct hw_intake *intake, struct hw_slab *slab, uint64_t offset);
/* A chunk became durable; its bytes begin at @offset of the file. @extent: copied. */
void hw_live_chunk_add(struct hw_intake *intake, const struct hw_extent *extent, uint64_t offset);
/* The body is over: who waits for more is told, if nothing more can come. */
void hw_live_body_over(struct hw_intake *intake);
/* May another slab come? Where nothing is stored the window grows only while @slabs has plenty:
 * senders that nobody follows must not keep the slabs that all others need. */
bool hw_live_has_room(const struct hw_live *live, const struct hw_slab_pool *slabs);
/* It is stored now, from stored_from on: the bytes before that are here only still, and what comes
 * of them must not push others out that somebody waits for. */
bool hw_live_has_rest_room(const struct hw_live *live, uint64_t received_size);
/* Something is nowhere else, and a follower has not taken it yet, or (nothing is stored) none came.
 */
bool hw_live_is_awaited(struct hw_live *live);
/* Nothing is stored, and nobody has followed for @patience_us. */
bool hw_live_is_deserted(const struct hw_live *live, uint64_t now_us, uint64_t patience_us);
/* While it keeps. Does anybody follow? Have all who did taken the oldest piece, or everything up to
 * @size? Drop the oldest one: the offset of it. */
bool hw_live_is_followed(const struct hw_live *live);
bool hw_live_is_oldest_taken(struct hw_live *live);
bool hw_live_is_taken(const struct hw_live *live, uint64_t size);
uint64_t hw_live_oldest_drop(struct hw_live *live);
/* At the end: has somebody had everything, up to @size? */
bool hw_live_was_taken(const struct hw_live *live, uint64_t size);
/* From here on, and from @stored_from of the file on, it is stored. */
void hw_live_spill(struct hw_live *live, uint64_t stored_from);
/* The intake ends: who waits is told, the window is given up, seats are closed. */
void hw_live_end(struct hw_intake *intake);

/* -- of a reactor -- */

/* The pool of seats: one for each follower of uploads at home here. */
uint64_t hw_live_seats_bytes(uint32_t count);
int hw_live_seats_init(struct hw_pool *pool, uint32_t count) HW_MUST_CHECK;

#endif
