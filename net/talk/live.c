/* SPDX-License-Identifier: Apache-2.0
 *
 * A question, between two reactors (or back to the same one):
 *
 *   follower: hw_follow_ask -> mail -> home: asked -> seat_take -> answer_try -+-> replied -> mail
 *                                                                             +-> waits
 *   home: publish, chunk_done, end -> waiters_serve -> answer_try
 *   follower: answered -> done
 *
 * A slab is lent to a follower by a reference that the home counts: it comes back with the
 * follower's next question, or with its last. So only the home's thread ever counts.
 */
#include "net/talk/live.h"

#include "net/talk/intake.h"

/* One follower of an upload, as its home knows it. */
struct hw_live_seat {
	struct hw_list link;
	struct hw_live *live; /* NULL: the upload has ended */
	uint64_t position;    /* everything before it was given back */
};

static void asked(struct hw_mail *mail);
static void answered(struct hw_mail *mail);

uint64_t hw_live_seats_bytes(uint32_t count)
{
	return hw_pool_bytes(sizeof(struct hw_live_seat), 64, count);
}

int hw_live_seats_init(struct hw_pool *pool, uint32_t count)
{
	return hw_pool_init(pool, sizeof(struct hw_live_seat), 64, count);
}

/* -- the window -- */

void hw_live_init(struct hw_live *live, bool is_only_store, bool may_spill, uint64_t now_us)
{
	hw_list_init(&live->seats);
	hw_list_init(&live->waiters);
	live->first = 0;
	live->count = 0;
	live->chunk_count = 0;
	live->empty_since_us = now_us;
	live->taken_offset = 0;
	live->is_only_store = is_only_store || may_spill;
	live->is_keeping = may_spill;
	live->stored_from = live->is_only_store ? UINT64_MAX : 0;
}

static struct hw_live_piece *piece_at(struct hw_live *live, uint32_t index)
{
	return &live->window[(live->first + index) % HW_LIVE_WINDOW_MAX];
}

static void oldest_drop(struct hw_live *live)
{
	hw_slab_unref(hw_move(&piece_at(live, 0)->slab));
	live->first = (live->first + 1) % HW_LIVE_WINDOW_MAX;
	live->count--;
}

static uint64_t piece_end(const struct hw_live_piece *piece)
{
	return piece->offset + piece->slab->size;
}

/* What every follower has given back; UINT64_MAX when there is none. */
static uint64_t position_least(const struct hw_live *live)
{
	uint64_t least = UINT64_MAX;
	for (struct hw_list *link = live->seats.next; link != &live->seats; link = link->next) {
		struct hw_live_seat *seat = hw_container_of(link, struct hw_live_seat, link);
		least = hw_min(least, seat->position);
	}
	return least;
}

/* The oldest piece is nowhere else, and never will be. */
static bool is_oldest_only_here(struct hw_live *live)
{
	return live->count > 0 && piece_at(live, 0)->offset < live->stored_from;
}

/* Where the window is the store, what all have taken goes; nobody there: everything stays. */
static void taken_drop(struct hw_live *live)
{
	uint64_t least = position_least(live);
	if (least == UINT64_MAX) {
		return;
	}
	while (!live->is_keeping && is_oldest_only_here(live) &&
	       piece_end(piece_at(live, 0)) <= least) {
		oldest_drop(live);
	}
}

/* Whoever comes now finds the chunk on the disk; only of the open one nothing is there. */
static void before_drop(struct hw_live *live, uint64_t offset)
{
	while (live->count > 0 && piece_at(live, 0)->offset < offset &&
	       !is_oldest_only_here(live)) {
		oldest_drop(live);
	}
}

/* A window for followers is a luxury: with half of the slabs in use it shrinks to nothing. */
static void luxury_drop(struct hw_live *live, const struct hw_slab_pool *slabs)
{
	while (live->count > 0 && slabs->free_count < slabs->count / 2 &&
	       (!is_oldest_only_here(live) || hw_list_is_empty(&live->seats))) {
		oldest_drop(live);
	}
}

bool hw_live_has_room(const struct hw_live *live, const struct hw_slab_pool *slabs)
{
	if (!live->is_only_store) {
		return true;
	}
	if (live->count < HW_LIVE_WINDOW_MIN) {
		return slabs->free_count >= slabs->count / 8; /* else looked at again: patience */
	}
	return live->count < HW_LIVE_WINDOW_MAX && slabs->free_count >= slabs->count / 2;
}

bool hw_live_has_rest_room(const struct hw_live *live, uint64_t received_size)
{
	return received_size >= live->stored_from || live->count < HW_LIVE_WINDOW_MAX ||
	       !hw_live_is_followed(live);
}

bool hw_live_is_awaited(struct hw_live *live)
{
	bool is_waited_for = live->is_only_store || !hw_list_is_empty(&live->seats);
	return is_waited_for && is_oldest_only_here(live);
}

bool hw_live_is_deserted(const struct hw_live *live, uint64_t now_us, uint64_t patience_us)
{
	return live->is_only_store && !live->is_keeping && hw_list_is_empty(&live->seats) &&
	       now_us - live->empty_since_us >= patience_us;
}

/* -- what may spill -- */

bool hw_live_is_followed(const struct hw_live *live)
{
	return !hw_list_is_empty(&live->seats);
}

/* By everybody who is there, and by somebody from the first byte on: who asked for a range has not
 * had what is before it. */
static uint64_t taken_size(const struct hw_live *live)
{
	return hw_min(position_least(live), live->taken_offset);
}

bool hw_live_is_oldest_taken(struct hw_live *live)
{
	return live->count > 0 && piece_end(piece_at(live, 0)) <= taken_size(live);
}

bool hw_live_is_taken(const struct hw_live *live, uint64_t size)
{
	bool was_followed = hw_live_is_followed(live) || live->taken_offset > 0;
	return was_followed && taken_size(live) >= size;
}

bool hw_live_was_taken(const struct hw_live *live, uint64_t size)
{
	bool was_followed = hw_live_is_followed(live) || live->taken_offset > 0;
	return was_followed && live->taken_offset >= size;
}

uint64_t hw_live_oldest_drop(struct hw_live *live)
{
	uint64_t offset = piece_at(live, 0)->offset;
	oldest_drop(live);
	return offset;
}

void hw_live_spill(struct hw_live *live, uint64_t stored_from)
{
	hw_assert(live->is_keeping);
	live->is_only_store = false;
	live->is_keeping = false;
	live->stored_from = stored_from;
	taken_drop(live);
}

/* -- the home's side -- */

static void reply(struct hw_follow *follow, enum hw_follow_answer answer)
{
	follow->answer = answer;
	follow->mail.deliver = answered;
	hw_mailbox_post(&follow->own->reactor->mailbox, follow->home->reactor->ring, &follow->mail);
}

static const struct hw_live_piece *piece_find(struct hw_live *live, uint64_t offset)
{
	for (uint32_t i = 0; i < live->count; i++) {
		const struct hw_live_piece *piece = piece_at(live, i);
		if (offset >= piece->offset && offset < piece->offset + piece->slab->size) {
			return piece;
		}
	}
	return NULL;
}

static const struct hw_live_chunk *chunk_find(const struct hw_live *live, uint64_t offset)
{
	uint32_t kept = hw_min(live->chunk_count, HW_LIVE_CHUNKS_MAX);
	for (uint32_t i = 1; i <= kept; i++) {
		const struct hw_live_chunk *chunk =
			&live->chunks[(live->chunk_count - i) % HW_LIVE_CHUNKS_MAX];
		if (offset >= chunk->offset && offset < chunk->offset + chunk->extent.size) {
			return chunk;
		}
	}
	return NULL;
}

/* What can be said of bytes that are not in the window. NONE: it has to wait. */
static enum hw_follow_answer judge(struct hw_intake *intake, struct hw_follow *follow)
{
	const struct hw_live *live = &intake->live;
	if (intake->is_body_over && hw_intake_is_complete(intake) &&
	    follow->offset == hw_intake_size(intake)) {
		return hw_intake_is_stored(intake) ? HW_FOLLOW_NONE : HW_FOLLOW_END;
	}
	if (live->is_only_store || follow->offset < live->stored_from) {
		return follow->offset < intake->received_size ? HW_FOLLOW_LATE : HW_FOLLOW_NONE;
	}
	if (follow->offset < intake->named_size) {
		return HW_FOLLOW_NAMED; /* known bytes were dropped: only the catalog knows where */
	}
	const struct hw_live_chunk *chunk = chunk_find(live, follow->offset);
	if (chunk == NULL) {
		return HW_FOLLOW_NONE;
	}
	follow->extent = chunk->extent;
	follow->chunk_index = chunk->offset / HW_CHUNK_SIZE;
	return HW_FOLLOW_EXTENT;
}

/* Returns false when it has to wait. */
static bool answer_try(struct hw_intake *intake, struct hw_follow *follow)
{
	const struct hw_live_piece *piece = piece_find(&intake->live, follow->offset);
	enum hw_follow_answer answer = HW_FOLLOW_SLAB;
	if (piece != NULL) {
		follow->slab = hw_slab_ref(piece->slab);
		follow->slab_offset = piece->offset;
	} else {
		answer = judge(intake, follow);
	}
	if (answer != HW_FOLLOW_NONE) {
		reply(follow, answer);
	}
	return answer != HW_FOLLOW_NONE;
}

static void waiters_serve(struct hw_intake *intake)
{
	struct hw_list *link = intake->live.waiters.next;
	while (link != &intake->live.waiters) {
		struct hw_list *next = link->next;
		struct hw_follow *follow = hw_container_of(link, struct hw_follow, link);
		hw_list_remove(link);
		if (!answer_try(intake, follow)) {
			hw_list_append(next, link); /* where it was */
		}
		link = next;
	}
}

/* Nobody follows: somebody may come before the open chunk is on the disk, if it is known before it
 * is whole, and where slabs are not few. */
static bool is_worth_keeping(const struct hw_intake *intake)
{
	const struct hw_live *live = &intake->live;
	const struct hw_slab_pool *slabs = &intake->talks->reactor->slabs;
	if (live->is_only_store || !hw_list_is_empty(&live->seats)) {
		return true;
	}
	return intake->options.file_id != 0 && slabs->free_count >= HW_LIVE_WINDOW_MAX;
}

void hw_live_publish(struct hw_intake *intake, struct hw_slab *slab, uint64_t offset)
{
	struct hw_live *live = &intake->live;
	if (!is_worth_keeping(intake)) {
		return;
	}
	if (intake->options.is_held) {
		return; /* nobody may see what its checksum may throw away */
	}
	if (live->count == HW_LIVE_WINDOW_MAX) {
		hw_assert(!live->is_only_store); /* the sender waited: has_room */
		if (is_oldest_only_here(live) && hw_live_is_followed(live)) {
			hw_assert(offset >=
				  live->stored_from); /* the sender waited: has_rest_room */
			return; /* this one can be read from the disk soon, that one cannot */
		}
		oldest_drop(live);
	}
	*piece_at(live, live->count) =
		(struct hw_live_piece){.slab = hw_slab_ref(slab), .offset = offset};
	live->count++;
	waiters_serve(intake);
	if (!live->is_only_store) {
		luxury_drop(live, &intake->talks->reactor->slabs);
	}
}

void hw_live_chunk_add(struct hw_intake *intake, const struct hw_extent *extent, uint64_t offset)
{
	struct hw_live *live = &intake->live;
	if (intake->options.is_held) {
		return; /* likewise: the catalog will say where it is */
	}
	live->chunks[live->chunk_count % HW_LIVE_CHUNKS_MAX] =
		(struct hw_live_chunk){.extent = *extent, .offset = offset};
	live->chunk_count++;
	waiters_serve(intake);
	if (hw_list_is_empty(&live->seats)) {
		before_drop(live, offset + extent->size);
	}
}

void hw_live_body_over(struct hw_intake *intake)
{
	waiters_serve(intake);
}

/* A follower sits down. Returns its upload, or NULL: nothing to follow, or no seat. */
static struct hw_intake *seat_take(struct hw_follow *follow)
{
	struct hw_live_seat *seat = *follow->seat;
	if (seat != NULL && seat->live != NULL) {
		return hw_container_of(seat->live, struct hw_intake, live);
	}
	struct hw_intake *intake = hw_intake_find(follow->home, follow->file_id);
	if (intake == NULL) {
		return NULL;
	}
	if (seat == NULL) {
		seat = hw_pool_take(&follow->home->live_seats);
	}
	if (seat == NULL) {
		return NULL;
	}
	seat->live = &intake->live;
	seat->position = follow->offset;
	hw_list_init(&seat->link);
	hw_list_append(&intake->live.seats, &seat->link);
	*follow->seat = seat;
	return intake;
}

/* Where the open chunk begins: what is before it can be had from the disk. */
static uint64_t stored_end(const struct hw_live *live)
{
	if (live->chunk_count == 0) {
		return 0;
	}
	const struct hw_live_chunk *last =
		&live->chunks[(live->chunk_count - 1) % HW_LIVE_CHUNKS_MAX];
	return last->offset + last->extent.size;
}

/* The other question of a follower that leaves may wait here. */
static void waiters_dismiss(struct hw_live *live, struct hw_live_seat **seat)
{
	struct hw_list *link = live->waiters.next;
	while (link != &live->waiters) {
		struct hw_list *next = link->next;
		struct hw_follow *follow = hw_container_of(link, struct hw_follow, link);
		if (follow->seat == seat) {
			hw_list_remove(link);
			reply(follow, HW_FOLLOW_NONE);
		}
		link = next;
	}
}

static void seat_leave(struct hw_follow *follow)
{
	struct hw_live_seat *seat = hw_move(follow->seat);
	if (seat == NULL) {
		return;
	}
	struct hw_live *live = seat->live;
	if (live != NULL) {
		taken_drop(live); /* what it has taken counts */
	}
	hw_list_remove(&seat->link);
	hw_pool_give(&follow->home->live_seats, seat);
	if (live == NULL) {
		return;
	}
	waiters_dismiss(live, follow->seat);
	if (hw_list_is_empty(&live->seats)) {
		live->empty_since_us = follow->home->reactor->now_us;
	}
	if (live->stored_from > 0) {
		taken_drop(live);
		if (!live->is_only_store) {
			luxury_drop(live, &follow->home->reactor->slabs);
		}
		hw_intake_taken(hw_container_of(live, struct hw_intake, live));
	} else if (hw_list_is_empty(&live->seats)) {
		before_drop(live, stored_end(live)); /* as if nobody had been there */
		luxury_drop(live, &follow->home->reactor->slabs);
	}
}

/* What the follower has done with comes back. */
static void give_back(struct hw_follow *follow)
{
	struct hw_live_seat *seat = *follow->seat;
	struct hw_slab *slab = hw_move(&follow->slab);
	if (slab == NULL) {
		return;
	}
	uint64_t end = follow->slab_offset + slab->size;
	hw_slab_unref(slab);
	if (seat == NULL || seat->live == NULL) {
		return;
	}
	if (follow->slab_offset <= seat->live->taken_offset) {
		seat->live->taken_offset = hw_max(seat->live->taken_offset, end);
	}
	seat->position = end > seat->position ? end : seat->position;
	if (seat->live->stored_from > 0) {
		taken_drop(seat->live);
		hw_intake_taken(hw_container_of(seat->live, struct hw_intake, live));
	}
}

static void asked(struct hw_mail *mail)
{
	struct hw_follow *follow = hw_container_of(mail, struct hw_follow, mail);
	give_back(follow);
	if (follow->is_leaving) {
		seat_leave(follow);
		reply(follow, HW_FOLLOW_NONE);
		return;
	}
	if (!follow->is_asking) {
		reply(follow, HW_FOLLOW_NONE);
		return;
	}
	struct hw_intake *intake = seat_take(follow);
	if (intake == NULL) {
		reply(follow, HW_FOLLOW_GONE);
	} else if (!answer_try(intake, follow)) {
		hw_list_init(&follow->link);
		hw_list_append(&intake->live.waiters, &follow->link);
	}
}

void hw_live_end(struct hw_intake *intake)
{
	struct hw_live *live = &intake->live;
	while (!hw_list_is_empty(&live->waiters)) {
		struct hw_follow *follow =
			hw_container_of(live->waiters.next, struct hw_follow, link);
		hw_list_remove(&follow->link);
		reply(follow, HW_FOLLOW_GONE);
	}
	while (!hw_list_is_empty(&live->seats)) {
		struct hw_live_seat *seat =
			hw_container_of(live->seats.next, struct hw_live_seat, link);
		hw_list_remove(&seat->link);
		seat->live = NULL;
	}
	while (live->count > 0) {
		oldest_drop(live);
	}
}

/* -- the follower's side -- */

void hw_follow_ask(struct hw_follow *follow)
{
	hw_assert(!follow->in_flight);
	follow->in_flight = true;
	follow->mail.deliver = asked;
	hw_mailbox_post(&follow->home->reactor->mailbox, follow->own->reactor->ring, &follow->mail);
}

static void answered(struct hw_mail *mail)
{
	struct hw_follow *follow = hw_container_of(mail, struct hw_follow, mail);
	follow->in_flight = false;
	follow->done(follow);
}
