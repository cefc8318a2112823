/* SPDX-License-Identifier: Apache-2.0
 *
 * An upload that is live as long as everybody keeps up, and stored from the moment somebody does
 * not. Until then its chunks are kept: hashed, their slabs held by the writers and the window.
 *
 *   receive -> keep_on: no room? -+-> the oldest slab was taken: it goes, its chunk passes
 *                                 +-> nobody is there to take it, for a second: spill
 *                                 +-> somebody is: the sender waits -> keep_look: too long: spill
 *   body over, slabs taken, keep_look -> keep_end: all was taken: all passes | nobody there: spill
 *
 * Invariants:
 *  1. What passed is a beginning of the file: chunk n passes only after chunk n - 1.
 *  2. Of a chunk that is kept, every slab is in the window.
 *  3. What is stored begins with the first chunk that was kept; of what is before it, only the
 *     window has anything, until all who follow have taken it (live.h: stored_from).
 */
#include "core/base/log.h"
#include "net/talk/intake_steps.h"

/* Waits that are forgotten with each look: a sender that waits less than half of the time is not
 * held up by anybody who is slow. */
#define WAIT_LEAK_US (HW_INTAKE_LOOK_MS * UINT64_C(1000) / 2)

static struct hw_chunk_writer *writer_of(struct hw_intake *intake, uint64_t chunk)
{
	return &intake->writers[chunk % HW_INTAKE_WRITERS];
}

static bool is_kept(const struct hw_chunk_writer *writer)
{
	return writer->is_keeping &&
	       (writer->state == HW_WRITER_OPEN || writer->state == HW_WRITER_FINISHING);
}

/* The first slab of it to leave the window takes the chunk with it: it cannot be stored whole. */
static void chunk_pass(struct hw_intake *intake, uint64_t offset)
{
	uint64_t chunk = offset / HW_CHUNK_SIZE;
	struct hw_chunk_writer *writer = writer_of(intake, chunk);
	if (chunk + HW_INTAKE_WRITERS >= intake->chunks_begun && is_kept(writer)) {
		hw_chunk_writer_pass(writer);
	}
}

static bool oldest_pass(struct hw_intake *intake)
{
	if (!hw_live_is_oldest_taken(&intake->live)) {
		return false;
	}
	chunk_pass(intake, hw_live_oldest_drop(&intake->live));
	return true;
}

static void spill(struct hw_intake *intake)
{
	struct hw_metrics *metrics = intake->talks->reactor->metrics;
	uint64_t begun = intake->chunks_begun;
	uint64_t first = begun;
	for (uint64_t i = begun - hw_min(begun, (uint64_t)HW_INTAKE_WRITERS); i < begun; i++) {
		if (is_kept(writer_of(intake, i))) {
			first = hw_min(first, i);
			hw_chunk_writer_store(writer_of(intake, i));
		}
	}
	intake->request.first_offset = first * HW_CHUNK_SIZE;
	hw_live_spill(&intake->live, intake->request.first_offset);
	hw_metrics_add(metrics, HW_METRIC_spills, 1);
	HW_LOG(HW_LOG_INFO, "upload.spilled", HW_F_U64("file", intake->request.file_id),
	       HW_F_U64("received", hw_intake_size(intake)),
	       HW_F_U64("stored_from", intake->request.first_offset));
}

/* Nothing more fits into the window, or the next chunk has no writer. */
static bool is_full(struct hw_intake *intake)
{
	const struct hw_chunk_writer *newest = writer_of(intake, intake->chunks_begun - 1);
	if (!hw_live_has_room(&intake->live, &intake->talks->reactor->slabs)) {
		return true;
	}
	if (intake->is_chunk_open) {
		return is_kept(newest) && !hw_chunk_writer_has_room(newest);
	}
	return is_kept(writer_of(intake, intake->chunks_begun));
}

/* The sender waits for those who follow, from now on or not any more. */
static void wait_set(struct hw_intake *intake, bool is_waiting)
{
	uint64_t now_us = intake->talks->reactor->now_us;
	if (intake->waits_since_us != 0) {
		intake->waited_us += now_us - intake->waits_since_us;
	}
	intake->waits_since_us = is_waiting ? now_us : 0;
}

bool hw_intake_keep_on(struct hw_intake *intake)
{
	while (is_full(intake) && oldest_pass(intake)) {
	}
	bool has_room = !is_full(intake);
	bool is_followed = hw_live_is_followed(&intake->live);
	wait_set(intake, !has_room && is_followed);
	if (has_room || is_followed) {
		return has_room;
	}
	uint64_t alone_us = intake->talks->reactor->now_us - intake->live.empty_since_us;
	if (alone_us < HW_INTAKE_ALONE_MS * UINT64_C(1000)) {
		return false; /* a receiver may have just heard that there is something to take */
	}
	spill(intake);
	return true;
}

void hw_intake_keep_end(struct hw_intake *intake)
{
	struct hw_live *live = &intake->live;
	if (hw_live_is_taken(live, hw_intake_size(intake))) {
		while (live->count > 0) {
			chunk_pass(intake, hw_live_oldest_drop(live));
		}
		wait_set(intake, false);
		intake->waited_us = 0;
	} else if (!hw_live_is_followed(live)) {
		spill(intake);
	} else {
		wait_set(intake, true);
	}
}

/* Slabs are scarce: what was taken goes without anybody asking here, and what nobody follows; where
 * there are hardly any, what somebody has not taken yet goes to the disk, too. */
static void shrink(struct hw_intake *intake)
{
	const struct hw_slab_pool *slabs = &intake->talks->reactor->slabs;
	while (slabs->free_count < slabs->count / 2 && oldest_pass(intake)) {
	}
	uint32_t scarce_count =
		hw_live_is_followed(&intake->live) ? slabs->count / 8 : slabs->count / 2;
	if (slabs->free_count < scarce_count && intake->live.count > 0) {
		spill(intake);
	}
}

void hw_intake_keep_look(struct hw_intake *intake)
{
	if (intake->state != HW_INTAKE_RECEIVING && intake->state != HW_INTAKE_STORING) {
		return;
	}
	wait_set(intake, intake->waits_since_us != 0);
	if (intake->waited_us >= HW_INTAKE_SPILL_WAIT_MS * UINT64_C(1000)) {
		spill(intake);
		return;
	}
	intake->waited_us -= hw_min(intake->waited_us, WAIT_LEAK_US);
	if (intake->state == HW_INTAKE_RECEIVING) {
		shrink(intake);
	}
}

bool hw_intake_is_stored(const struct hw_intake *intake)
{
	return !intake->live.is_only_store &&
	       (intake->request.first_offset == 0 ||
		intake->request.first_offset < hw_intake_size(intake));
}
