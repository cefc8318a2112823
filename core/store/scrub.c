/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a pass:
 *
 *   pass_begin -> ask -> next_done -> extent_begin -> opened -> read_next -> read_done -+
 *                  ^        | (none)      ^ |  ^                    ^ | (rate, slabs)    |
 *                  |        v             | |  +- damaged_done      | +-> pace ----------+
 *                  |     pass_end         | |          ^            +--------------------+
 *                  |        |             | |          | (does not match)                |
 *                  +--------|-- (batch) --+ +--> extent_failed <-------------------------+
 *                           v                          | (the disk refused) again, or later
 *                       rest -> pass_begin             v
 *
 * Every function that begins something looks at is_stopping first (stop_look), so a stop is seen by
 * whatever lands next.
 */
#include "core/store/scrub.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "simd/crc32c.h"

#define DAY_MS         UINT64_C(86400000)
#define REST_MS        1000U              /* a look at the clock, while there is nothing to do */
#define RETRY_MS       1000U              /* before an extent that the disk refused is read again */
#define EMPTY_MS       60000U             /* before an empty store is looked at again */
#define FAILING_MS     60000U             /* before a disk or a catalog that fails is asked again */
#define SLAB_RETRY_MS  20U                /* before we look again whether clients left slabs */
#define NOTE_US        UINT64_C(60000000) /* between two notes */
#define LAG_US         UINT64_C(1000000)  /* what was not read in time is made up for, at most */
#define TRIES_MAX      2U                 /* reads of an extent that the disk refuses */
#define UNREADABLE_MAX 4U     /* extents in a row: more are the disk's fault, not theirs */
#define EXTENT_COST    16384U /* bytes: what an extent costs at least, for the seek */

static const uint8_t g_magic[8] = {'h', 'w', 's', 'c', 'r', 'u', 'b', '1'};

static void pass_begin(struct hw_scrub *scrub);
static void pass_fired(struct hw_timer *timer);
static void ask(struct hw_scrub *scrub);
static void extent_begin(struct hw_scrub *scrub);
static void opened(struct hw_chunk_reader *reader, int res);
static void read_next(struct hw_scrub *scrub);
static void pace(struct hw_scrub *scrub, uint64_t delay_ms);
static void read_done(struct hw_chunk_reader *reader, int res);
static void extent_failed(struct hw_scrub *scrub, int res);
static void extent_end(struct hw_scrub *scrub);
static void pass_end(struct hw_scrub *scrub);
static void rest(struct hw_scrub *scrub, uint64_t delay_ms, hw_timer_fn *fire);
static void note(struct hw_scrub *scrub);

static void set_state(struct hw_scrub *scrub, enum hw_scrub_state state)
{
	static const uint8_t g_next[HW_SCRUB_STATE_COUNT] = {
		[HW_SCRUB_OFF] = 1U << HW_SCRUB_RESTING,
		[HW_SCRUB_RESTING] = 1U << HW_SCRUB_OFF | 1U << HW_SCRUB_RESTING |
				     1U << HW_SCRUB_ASKING | 1U << HW_SCRUB_OPENING,
		[HW_SCRUB_ASKING] =
			1U << HW_SCRUB_OFF | 1U << HW_SCRUB_RESTING | 1U << HW_SCRUB_OPENING,
		[HW_SCRUB_OPENING] = 1U << HW_SCRUB_OFF | 1U << HW_SCRUB_RESTING |
				     1U << HW_SCRUB_PACING | 1U << HW_SCRUB_READING |
				     1U << HW_SCRUB_REPORTING,
		[HW_SCRUB_PACING] =
			1U << HW_SCRUB_OFF | 1U << HW_SCRUB_PACING | 1U << HW_SCRUB_READING,
		[HW_SCRUB_READING] = 1U << HW_SCRUB_OFF | 1U << HW_SCRUB_RESTING |
				     1U << HW_SCRUB_PACING | 1U << HW_SCRUB_READING |
				     1U << HW_SCRUB_REPORTING | 1U << HW_SCRUB_ASKING |
				     1U << HW_SCRUB_OPENING,
		[HW_SCRUB_REPORTING] =
			1U << HW_SCRUB_OFF | 1U << HW_SCRUB_ASKING | 1U << HW_SCRUB_OPENING,
	};
	hw_assert((g_next[scrub->state] & (1U << state)) != 0);
	scrub->state = state;
}

static struct hw_reactor *reactor_of(const struct hw_scrub *scrub)
{
	return scrub->options.store->reactor;
}

/* -- life -- */

static void note_read(struct hw_scrub *scrub)
{
	struct hw_scrub_note found;
	int size = hw_files_note_read(scrub->options.files, &found, sizeof(found));
	bool is_ours = size == (int)sizeof(found) &&
		       memcmp(found.magic, g_magic, sizeof(g_magic)) == 0 &&
		       hw_crc32c(0, &found, offsetof(struct hw_scrub_note, crc32c)) == found.crc32c;
	if (is_ours) { /* else it was never written, or was lost: a new pass */
		scrub->pass = found.pass;
	}
}

void hw_scrub_init(struct hw_scrub *scrub, const struct hw_scrub_options *options)
{
	hw_assert(options->days > 0 && options->rate_max > 0);
	memset(scrub, 0, sizeof(*scrub));
	scrub->options = *options;
	scrub->reader.opened = opened;
	scrub->reader.read_done = read_done;
	scrub->reader.is_direct = true;
	scrub->reader.is_quiet = true;
	note_read(scrub);
}

static void age_tell(struct hw_scrub *scrub)
{
	uint64_t now_ms = reactor_of(scrub)->wall_ms;
	uint64_t begun_ms = scrub->pass.begun_ms;
	hw_metrics_set(reactor_of(scrub)->metrics, HW_METRIC_scrub_cursor_age_seconds,
		       begun_ms != 0 && now_ms > begun_ms ? (now_ms - begun_ms) / 1000 : 0);
}

/* A pass that was running goes on where it was, a rest goes on too. */
static void start_fired(struct hw_timer *timer)
{
	struct hw_scrub *scrub = hw_container_of(timer, struct hw_scrub, timer);
	if (scrub->pass.begun_ms == 0 || scrub->pass.is_over != 0) {
		pass_fired(timer);
		return;
	}
	ask(scrub);
}

void hw_scrub_start(struct hw_scrub *scrub)
{
	hw_assert(scrub->state == HW_SCRUB_OFF && !scrub->is_stopping);
	scrub->noted_us = reactor_of(scrub)->now_us;
	scrub->due_us = reactor_of(scrub)->now_us;
	rest(scrub, 0, start_fired);
}

/* Is it to stop? Then it has: nothing is in flight where this is asked. */
static bool stop_look(struct hw_scrub *scrub)
{
	if (!scrub->is_stopping) {
		return false;
	}
	hw_timer_stop(&reactor_of(scrub)->timers, &scrub->timer);
	hw_slab_unref(hw_move(&scrub->slab));
	hw_chunk_reader_close(&scrub->reader);
	if (scrub->state != HW_SCRUB_OFF) {
		set_state(scrub, HW_SCRUB_OFF);
	}
	return true;
}

void hw_scrub_stop(struct hw_scrub *scrub)
{
	scrub->is_stopping = true;
	bool is_waiting = scrub->state == HW_SCRUB_RESTING || scrub->state == HW_SCRUB_PACING;
	if (is_waiting) {
		(void)stop_look(scrub); /* true: we have just said so */
	}
}

bool hw_scrub_is_idle(const struct hw_scrub *scrub)
{
	return scrub->state == HW_SCRUB_OFF && !scrub->job.in_flight;
}

void hw_scrub_deinit(struct hw_scrub *scrub)
{
	hw_assert(hw_scrub_is_idle(scrub) && scrub->slab == NULL);
}

/* -- a pass -- */

static void pass_begin(struct hw_scrub *scrub)
{
	scrub->pass = (struct hw_scrub_pass){.begun_ms = reactor_of(scrub)->wall_ms};
	ask(scrub);
}

static void ask(struct hw_scrub *scrub)
{
	if (stop_look(scrub)) {
		return;
	}
	const struct hw_scrub_pass *pass = &scrub->pass;
	struct hw_extent after = {
		.offset = pass->offset,
		.segment = pass->segment,
		.shard = pass->shard,
		.size = 1, /* a place: how much was there does not matter, but nothing never is */
	};
	set_state(scrub, HW_SCRUB_ASKING);
	scrub->options.port.next(scrub->options.port.user, pass->has_cursor != 0 ? &after : NULL);
}

static void rate_set(struct hw_scrub *scrub, uint64_t stored_size)
{
	const struct hw_scrub_options *options = &scrub->options;
	uint64_t rate = options->rate;
	if (rate == 0) {
		rate = stored_size / (options->days * (DAY_MS / 1000));
		rate = hw_max(rate, HW_SCRUB_RATE_MIN);
	}
	scrub->rate = hw_min(rate, options->rate_max);
}

static void ask_fired(struct hw_timer *timer)
{
	ask(hw_container_of(timer, struct hw_scrub, timer));
}

void hw_scrub_next_done(struct hw_scrub *scrub, int res, const struct hw_extent *extents,
			uint32_t count, uint64_t stored_size)
{
	hw_assert(scrub->state == HW_SCRUB_ASKING);
	hw_assert(count <= HW_EXTENT_BATCH_MAX);
	if (stop_look(scrub)) {
		return;
	}
	if (res < 0) { /* the catalog has said why, and is what must be looked after */
		rest(scrub, FAILING_MS, ask_fired);
		return;
	}
	if (count == 0) {
		pass_end(scrub);
		return;
	}
	rate_set(scrub, stored_size);
	memcpy(scrub->extents, extents, count * sizeof(*extents));
	scrub->extent_count = count;
	scrub->extent_index = 0;
	scrub->tries = 0;
	extent_begin(scrub);
}

/* An empty store is not worth a line; it is looked at again soon. */
static void pass_end(struct hw_scrub *scrub)
{
	struct hw_scrub_pass *pass = &scrub->pass;
	if (pass->extent_count == 0) {
		rest(scrub, scrub->options.rate != 0 ? REST_MS : EMPTY_MS, pass_fired);
		return;
	}
	pass->is_over = 1;
	hw_metrics_add(reactor_of(scrub)->metrics, HW_METRIC_scrub_passes, 1);
	uint64_t now_ms = reactor_of(scrub)->wall_ms;
	uint64_t passed_ms = now_ms > pass->begun_ms ? now_ms - pass->begun_ms : 0;
	HW_LOG(HW_LOG_INFO, "scrub.pass", HW_F_U64("bytes", pass->size),
	       HW_F_U64("chunks", pass->extent_count), HW_F_U64("seconds", passed_ms / 1000),
	       HW_F_U64("damaged", pass->damaged_count),
	       HW_F_U64("unreadable", pass->unreadable_count));
	note(scrub);
	rest(scrub, REST_MS, pass_fired);
}

/* The wall clock, for a rest outlives a restart; a clock that was set back must not make it longer.
 */
static bool is_pass_due(const struct hw_scrub *scrub)
{
	const struct hw_scrub_pass *pass = &scrub->pass;
	uint64_t now_ms = reactor_of(scrub)->wall_ms;
	bool is_done_anyway = pass->is_over == 0 || scrub->options.rate != 0;
	return is_done_anyway || now_ms < pass->begun_ms ||
	       now_ms - pass->begun_ms >= scrub->options.days * DAY_MS;
}

static void pass_fired(struct hw_timer *timer)
{
	struct hw_scrub *scrub = hw_container_of(timer, struct hw_scrub, timer);
	age_tell(scrub);
	if (is_pass_due(scrub)) {
		pass_begin(scrub);
		return;
	}
	rest(scrub, REST_MS, pass_fired);
}

static void rest(struct hw_scrub *scrub, uint64_t delay_ms, hw_timer_fn *fire)
{
	set_state(scrub, HW_SCRUB_RESTING);
	hw_timer_start(&reactor_of(scrub)->timers, &scrub->timer, delay_ms, fire);
}

/* -- one extent -- */

static void extent_begin(struct hw_scrub *scrub)
{
	if (stop_look(scrub)) {
		return;
	}
	age_tell(scrub);
	if (scrub->extent_index == scrub->extent_count) {
		ask(scrub);
		return;
	}
	scrub->block = 0;
	set_state(scrub, HW_SCRUB_OPENING);
	hw_chunk_reader_open(&scrub->reader, scrub->options.store,
			     &scrub->extents[scrub->extent_index]);
}

static void opened(struct hw_chunk_reader *reader, int res)
{
	struct hw_scrub *scrub = hw_container_of(reader, struct hw_scrub, reader);
	if (stop_look(scrub)) {
		return;
	}
	if (res < 0) {
		extent_failed(scrub, res);
		return;
	}
	read_next(scrub);
}

static void pace_fired(struct hw_timer *timer)
{
	read_next(hw_container_of(timer, struct hw_scrub, timer));
}

static void pace(struct hw_scrub *scrub, uint64_t delay_ms)
{
	set_state(scrub, HW_SCRUB_PACING);
	hw_timer_start(&reactor_of(scrub)->timers, &scrub->timer, delay_ms, pace_fired);
}

/* A slab is a luxury: only while clients leave more than half of them. */
static bool may_take_slab(const struct hw_scrub *scrub)
{
	const struct hw_slab_pool *slabs = &reactor_of(scrub)->slabs;
	return slabs->free_count > slabs->count / 2;
}

static void read_next(struct hw_scrub *scrub)
{
	if (stop_look(scrub)) {
		return;
	}
	uint64_t now_us = reactor_of(scrub)->now_us;
	if (scrub->due_us > now_us) {
		pace(scrub, (scrub->due_us - now_us + 999) / 1000);
		return;
	}
	scrub->slab = may_take_slab(scrub) ? hw_slab_take(&reactor_of(scrub)->slabs) : NULL;
	if (scrub->slab == NULL) {
		pace(scrub, SLAB_RETRY_MS);
		return;
	}
	set_state(scrub, HW_SCRUB_READING);
	hw_chunk_reader_read(&scrub->reader, scrub->slab, scrub->block);
}

static void pay(struct hw_scrub *scrub, uint64_t cost)
{
	uint64_t now_us = reactor_of(scrub)->now_us;
	uint64_t least_us = now_us > LAG_US ? now_us - LAG_US : 0;
	scrub->due_us = hw_max(scrub->due_us, least_us) + cost * 1000000 / scrub->rate;
}

static void read_done(struct hw_chunk_reader *reader, int res)
{
	struct hw_scrub *scrub = hw_container_of(reader, struct hw_scrub, reader);
	hw_slab_unref(hw_move(&scrub->slab));
	pay(scrub, hw_max((uint64_t)(res > 0 ? res : 0), EXTENT_COST));
	if (stop_look(scrub)) {
		return;
	}
	if (res < 0) {
		extent_failed(scrub, res);
		return;
	}
	hw_metrics_add(reactor_of(scrub)->metrics, HW_METRIC_scrub_bytes, (uint64_t)res);
	scrub->pass.size += (uint64_t)res;
	scrub->block += hw_extent_block_count((uint32_t)res);
	if (scrub->block < hw_extent_block_count(reader->extent.size)) {
		read_next(scrub);
		return;
	}
	scrub->unreadable_count = 0;
	extent_end(scrub);
}

/* Good, damaged or skipped: it is behind us until the next pass. */
static void cursor_move(struct hw_scrub *scrub)
{
	const struct hw_extent *extent = &scrub->extents[scrub->extent_index++];
	scrub->pass.shard = extent->shard;
	scrub->pass.segment = extent->segment;
	scrub->pass.offset = extent->offset;
	scrub->pass.has_cursor = 1;
	scrub->pass.extent_count++;
	scrub->tries = 0;
}

static void extent_end(struct hw_scrub *scrub)
{
	hw_chunk_reader_close(&scrub->reader);
	cursor_move(scrub);
	if (reactor_of(scrub)->now_us - scrub->noted_us > NOTE_US) {
		note(scrub);
	}
	extent_begin(scrub);
}

static void report(struct hw_scrub *scrub)
{
	set_state(scrub, HW_SCRUB_REPORTING);
	scrub->options.port.damaged(scrub->options.port.user, &scrub->extents[scrub->extent_index]);
}

/* What media say of a sector that cannot be read any more; other errors are of the moment. */
static bool is_of_media(int error)
{
	return error == -EIO || error == -EILSEQ || error == -ENODATA || error == -EUCLEAN;
}

static void retry_fired(struct hw_timer *timer)
{
	extent_begin(hw_container_of(timer, struct hw_scrub, timer));
}

/* A disk that refuses everything must not put a whole store out of use: some extents in a row are
 * believed to be bad, then it is the disk, and they are left for the next pass. */
static void extent_failed(struct hw_scrub *scrub, int res)
{
	hw_chunk_reader_close(&scrub->reader);
	if (res == -EBADMSG || res == -ENOENT) {
		report(scrub);
		return;
	}
	if (++scrub->tries < TRIES_MAX) {
		rest(scrub, RETRY_MS, retry_fired);
		return;
	}
	scrub->unreadable_count++;
	if (is_of_media(res) && scrub->unreadable_count <= UNREADABLE_MAX) {
		report(scrub);
		return;
	}
	const struct hw_extent *extent = &scrub->extents[scrub->extent_index];
	HW_LOG(HW_LOG_WARN, "scrub.unreadable", HW_F_ERRNO("error", res),
	       HW_F_U64("shard", extent->shard), HW_F_U64("segment", extent->segment),
	       HW_F_U64("offset", extent->offset));
	scrub->pass.unreadable_count++;
	cursor_move(scrub);
	rest(scrub, FAILING_MS, retry_fired);
}

void hw_scrub_damaged_done(struct hw_scrub *scrub, int res)
{
	hw_assert(scrub->state == HW_SCRUB_REPORTING);
	const struct hw_extent *extent = &scrub->extents[scrub->extent_index];
	if (res != -ENOENT) { /* else it was dropped while we read it */
		HW_LOG(HW_LOG_ERROR, "scrub.damaged", HW_F_U64("shard", extent->shard),
		       HW_F_U64("segment", extent->segment), HW_F_U64("offset", extent->offset),
		       HW_F_U64("size", extent->size), HW_F_HEX("root", extent->root, HW_HASH_SIZE),
		       HW_F_BOOL("marked", res == 0));
		hw_metrics_add(reactor_of(scrub)->metrics, HW_METRIC_scrub_damaged, 1);
		scrub->pass.damaged_count++;
	}
	extent_end(scrub);
}

/* -- the note -- */

/* On the worker. */
static void note_run(struct hw_job *job)
{
	struct hw_scrub *scrub = hw_container_of(job, struct hw_scrub, job);
	job->res = hw_files_note_write(scrub->options.files, &scrub->note, sizeof(scrub->note));
}

static void note_done(struct hw_job *job)
{
	if (job->res < 0) { /* a restart then begins anew */
		HW_LOG(HW_LOG_WARN, "scrub.not_noted", HW_F_ERRNO("error", job->res));
	}
}

static void note(struct hw_scrub *scrub)
{
	if (scrub->job.in_flight) {
		return;
	}
	scrub->noted_us = reactor_of(scrub)->now_us;
	memset(&scrub->note, 0, sizeof(scrub->note));
	memcpy(scrub->note.magic, g_magic, sizeof(g_magic));
	scrub->note.pass = scrub->pass;
	scrub->note.crc32c = hw_crc32c(0, &scrub->note, offsetof(struct hw_scrub_note, crc32c));
	hw_job_submit(&scrub->job, reactor_of(scrub), scrub->options.worker, note_run, note_done);
}
