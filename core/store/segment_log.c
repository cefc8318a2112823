/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a segment:
 *
 *   FREE --[ahead_create]--> CREATING --[create_done]--> BINDING --[bind_done]--> READY
 *     ^                        | (no space)        (refused) |        [active_switch] |
 *     +------------------------+                             v                        v
 *     +-[close_done]- CLOSING <-[seal_done]- SEALING <-[seal_maybe]- FULL <-[retire]- ACTIVE
 *
 * Invariants:
 *  1. tail only grows; every byte below it was reserved once, by one writer.
 *  2. A sync covers the writes that were done when it was submitted; who comes later waits again.
 *  3. After a failed write or sync the segment is FULL: nothing goes in, nothing unsynced is named.
 *  4. A segment is sealed only with unsettled_count 0 and nobody waiting for a sync.
 */
#include "core/store/segment_log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/failpoint.h"
#include "core/base/log.h"

#define SEGMENT_SIZE_MIN (16U << 20) /* bytes; the least that is worth a file */
static_assert(SEGMENT_SIZE_MIN >= 2 * HW_CHUNK_SIZE, "any extent fits in any new segment");

#define CREATE_RETRY_US 1000000U /* after a failed create, before the next try */
#define FREE_ASK_US     500000U  /* how old free_size may get while uploads come */

static void ahead_create(struct hw_segment_log *log);
static void ahead_fail(struct hw_segment_log *log, const struct hw_segment *segment, int error);
static void create_run(struct hw_job *job);
static void create_done(struct hw_job *job);
static void bind_done(struct hw_op *op);
static void waiters_wake(struct hw_segment_log *log, int res);
static bool syncs_submit(struct hw_turn_hook *hook);
static void crowd_thin(struct hw_segment_log *log);
static void sync_done(struct hw_op *op);
static void retire(struct hw_segment *segment);
static void seal_maybe(struct hw_segment *segment);
static void seal_submit(struct hw_segment *segment);
static void seal_run(struct hw_job *job);
static void seal_done(struct hw_job *job);
static void close_done(struct hw_op *op);
static void segment_free(struct hw_segment *segment);
static void free_ask(struct hw_segment_log *log);

static void set_state(struct hw_segment *segment, enum hw_segment_state state)
{
	bool is_forward = state == segment->state + 1;
	bool is_given_up = segment->state == HW_SEGMENT_CREATING && state == HW_SEGMENT_FREE;
	bool is_closed = segment->state == HW_SEGMENT_CLOSING && state == HW_SEGMENT_FREE;
	/* What the ring did not take has nothing in it, and no slot to give back. */
	bool is_unbound = (segment->state == HW_SEGMENT_BINDING && state == HW_SEGMENT_SEALING) ||
			  (segment->state == HW_SEGMENT_SEALING && state == HW_SEGMENT_FREE &&
			   !segment->is_bound);
	hw_assert(is_forward || is_given_up || is_closed || is_unbound);
	segment->state = state;
}

/* -- life -- */

void hw_segment_log_init(struct hw_segment_log *log, const struct hw_segment_log_options *options)
{
	hw_assert(options->segment_size >= SEGMENT_SIZE_MIN);
	hw_assert(options->segment_size % HW_PAGE_SIZE == 0);
	memset(log, 0, sizeof(*log));
	log->options = *options;
	log->hook.run = syncs_submit;
	hw_list_init(&log->waiters);
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		struct hw_segment *segment = &log->segments[i];
		segment->log = log;
		segment->slot =
			hw_ring_file_slot(options->reactor->ring, options->file_index_base + i);
		hw_list_init(&segment->sync_next);
		hw_list_init(&segment->sync_now);
	}
	hw_reactor_hook_add(options->reactor, &log->hook);
	if (hw_files_free_size(options->files, &log->free_size) < 0) {
		log->free_size = 0; /* asked again soon */
	}
}

bool hw_segment_log_is_idle(const struct hw_segment_log *log)
{
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		const struct hw_segment *segment = &log->segments[i];
		if (segment->job.in_flight || segment->slot_op.in_flight ||
		    segment->sync_op.in_flight) {
			return false;
		}
	}
	return !log->free_job.in_flight && log->drop_count == 0;
}

void hw_segment_log_deinit(struct hw_segment_log *log)
{
	hw_assert(hw_segment_log_is_idle(log));
	hw_assert(hw_list_is_empty(&log->waiters));
}

/* -- new segments -- */

static struct hw_segment *free_find(struct hw_segment_log *log)
{
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		if (log->segments[i].state == HW_SEGMENT_FREE) {
			return &log->segments[i];
		}
	}
	return NULL;
}

static bool has_failed_lately(const struct hw_segment_log *log)
{
	return log->failed_us != 0 &&
	       log->options.reactor->now_us - log->failed_us < CREATE_RETRY_US;
}

/* Make the next segment before it is needed. Nothing when one is on its way, or the last try failed
 * just now. */
static void ahead_create(struct hw_segment_log *log)
{
	if (log->ahead != NULL || has_failed_lately(log)) {
		return;
	}
	struct hw_segment *segment = free_find(log);
	if (segment == NULL) {
		log->is_crowded = true; /* slow uploads hold them all; close_done tries again */
		return;
	}
	log->ahead = segment;
	segment->number = log->options.next_segment++;
	segment->size = log->options.segment_size;
	segment->tail = 0;
	segment->is_failed = false;
	segment->is_bound = false;
	set_state(segment, HW_SEGMENT_CREATING);
	hw_job_submit(&segment->job, log->options.reactor, log->options.worker, create_run,
		      create_done);
}

/* There is no next segment: who waits for it hears why. */
static void ahead_fail(struct hw_segment_log *log, const struct hw_segment *segment, int error)
{
	hw_assert(log->ahead == segment);
	HW_LOG(error == -ENOSPC ? HW_LOG_WARN : HW_LOG_ERROR, "segment.create_failed",
	       HW_F_ERRNO("error", error), HW_F_U64("shard", log->options.shard),
	       HW_F_U64("segment", segment->number));
	log->ahead = NULL;
	log->failed_us = log->options.reactor->now_us;
	log->create_error = error;
	waiters_wake(log, error);
}

/* On the worker. The segment's fields are lent to it with the job. */
static void create_run(struct hw_job *job)
{
	struct hw_segment *segment = hw_container_of(job, struct hw_segment, job);
	const struct hw_segment_log_options *options = &segment->log->options;
	job->res = hw_files_segment_create(options->files, options->shard, segment->number,
					   &segment->size, SEGMENT_SIZE_MIN);
	HW_FAILPOINT(segment_created);
}

static void create_done(struct hw_job *job)
{
	struct hw_segment *segment = hw_container_of(job, struct hw_segment, job);
	struct hw_segment_log *log = segment->log;
	if (job->res < 0) {
		set_state(segment, HW_SEGMENT_FREE);
		ahead_fail(log, segment, job->res);
		return;
	}
	/* What the segment took is no longer free on the disk: else it would be promised twice
	 * until the disk is asked again. */
	log->free_size -= hw_min(segment->size, log->free_size);
	segment->fd = job->res;
	set_state(segment, HW_SEGMENT_BINDING);
	hw_ring_file_set(log->options.reactor->ring, &segment->slot_op, segment->slot, segment->fd,
			 bind_done);
}

static void bind_done(struct hw_op *op)
{
	struct hw_segment *segment = hw_container_of(op, struct hw_segment, slot_op);
	struct hw_segment_log *log = segment->log;
	(void)close(segment->fd); /* synced and empty; the ring holds the file if it took it */
	segment->fd = -1;
	if (op->res < 0) { /* the kernel had no memory: the file is cut and reported as sealed */
		seal_submit(segment);
		ahead_fail(log, segment, op->res);
		return;
	}
	segment->is_bound = true;
	log->failed_us = 0;
	log->create_error = 0;
	set_state(segment, HW_SEGMENT_READY);
	waiters_wake(log, 0);
}

static void active_switch(struct hw_segment_log *log)
{
	if (log->active != NULL) {
		retire(hw_move(&log->active));
	}
	log->active = hw_move(&log->ahead);
	set_state(log->active, HW_SEGMENT_ACTIVE);
}

/* -- space -- */

int hw_segment_reserve(struct hw_segment_log *log, uint32_t disk_size,
		       struct hw_segment **ret_segment, uint64_t *ret_offset)
{
	hw_assert(disk_size > 0 && disk_size % HW_PAGE_SIZE == 0);
	struct hw_segment *active = log->active;
	if (active == NULL || active->size - active->tail < disk_size) {
		if (log->ahead == NULL || log->ahead->state != HW_SEGMENT_READY) {
			ahead_create(log);
			bool is_refused = log->ahead == NULL && has_failed_lately(log);
			return is_refused ? log->create_error : -EAGAIN;
		}
		active_switch(log);
		active = log->active;
	}
	*ret_segment = active;
	*ret_offset = active->tail;
	active->tail += disk_size;
	active->unsettled_count++;
	if (active->tail > active->size / 2) {
		ahead_create(log);
	}
	HW_FAILPOINT(extent_reserved);
	return 0;
}

void hw_segment_wait(struct hw_segment_log *log, struct hw_segment_waiter *waiter)
{
	hw_list_append(&log->waiters, &waiter->link);
}

void hw_segment_wait_end(struct hw_segment_waiter *waiter)
{
	hw_list_remove(&waiter->link);
}

/* All of them: each asks again, and who gets -EAGAIN stands in line again. */
static void waiters_wake(struct hw_segment_log *log, int res)
{
	struct hw_list woken;
	hw_list_init(&woken);
	while (!hw_list_is_empty(&log->waiters)) {
		hw_list_append(&woken, hw_list_take_first(&log->waiters));
	}
	while (!hw_list_is_empty(&woken)) {
		struct hw_list *link = hw_list_take_first(&woken);
		struct hw_segment_waiter *waiter =
			hw_container_of(link, struct hw_segment_waiter, link);
		waiter->done(waiter, res);
	}
}

/* -- sync -- */

void hw_segment_sync(struct hw_segment *segment, struct hw_segment_waiter *waiter)
{
	hw_list_append(&segment->sync_next, &waiter->link);
}

/* At the end of each turn: one sync for all who came since the last one of that segment. */
static bool syncs_submit(struct hw_turn_hook *hook)
{
	struct hw_segment_log *log = hw_container_of(hook, struct hw_segment_log, hook);
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		struct hw_segment *segment = &log->segments[i];
		if (hw_list_is_empty(&segment->sync_next) || segment->sync_op.in_flight) {
			continue;
		}
		while (!hw_list_is_empty(&segment->sync_next)) {
			hw_list_append(&segment->sync_now, hw_list_take_first(&segment->sync_next));
		}
		segment->sync_begun_us = log->options.reactor->now_us;
		hw_ring_datasync(log->options.reactor->ring, &segment->sync_op, segment->slot,
				 sync_done);
	}
	if (log->is_crowded) {
		crowd_thin(log);
	}
	if (log->options.reactor->now_us - log->asked_us > FREE_ASK_US) {
		free_ask(log); /* deletes and other programs change it, too */
	}
	return false; /* what is left waits for a completion */
}

/* The slowest uploads would keep everybody else from storing anything. */
static void crowd_thin(struct hw_segment_log *log)
{
	const struct hw_segment *oldest = NULL;
	log->is_crowded = false;
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		const struct hw_segment *segment = &log->segments[i];
		if (segment->state == HW_SEGMENT_FULL &&
		    (oldest == NULL || segment->number < oldest->number)) {
			oldest = segment;
		}
	}
	if (oldest != NULL && log->options.crowded != NULL) {
		HW_LOG(HW_LOG_WARN, "segments.crowded", HW_F_U64("segment", oldest->number),
		       HW_F_U64("uploads", oldest->unsettled_count));
		log->options.crowded(log->options.crowded_user, oldest);
	}
}

static void sync_done(struct hw_op *op)
{
	struct hw_segment *segment = hw_container_of(op, struct hw_segment, sync_op);
	struct hw_metrics *metrics = segment->log->options.reactor->metrics;
	int res = op->res;
	if (res < 0) {
		hw_segment_fail(segment, res);
	}
	/* A failed sync may have lost any unsynced page: what came after it fails too. */
	res = segment->is_failed ? -EIO : 0;
	hw_metrics_add(metrics, HW_METRIC_segment_syncs, 1);
	hw_metrics_observe_us(metrics, HW_HISTOGRAM_segment_sync_duration,
			      segment->log->options.reactor->now_us - segment->sync_begun_us);
	HW_FAILPOINT(segment_synced);
	while (!hw_list_is_empty(&segment->sync_now)) {
		struct hw_list *link = hw_list_take_first(&segment->sync_now);
		struct hw_segment_waiter *waiter =
			hw_container_of(link, struct hw_segment_waiter, link);
		waiter->done(waiter, res);
	}
	seal_maybe(segment);
}

void hw_segment_fail(struct hw_segment *segment, int error)
{
	struct hw_segment_log *log = segment->log;
	hw_metrics_add(log->options.reactor->metrics, HW_METRIC_store_errors, 1);
	if (segment->is_failed) {
		return;
	}
	segment->is_failed = true;
	HW_LOG(HW_LOG_ERROR, "segment.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("shard", log->options.shard), HW_F_U64("segment", segment->number));
	if (segment == log->active) {
		retire(hw_move(&log->active));
	}
}

/* -- end -- */

static void retire(struct hw_segment *segment)
{
	set_state(segment, HW_SEGMENT_FULL);
	seal_maybe(segment);
}

void hw_segment_settle(struct hw_segment *segment)
{
	hw_assert(segment->unsettled_count > 0);
	segment->unsettled_count--;
	seal_maybe(segment);
}

static void seal_maybe(struct hw_segment *segment)
{
	if (segment->state != HW_SEGMENT_FULL || segment->unsettled_count > 0 ||
	    segment->sync_op.in_flight || !hw_list_is_empty(&segment->sync_next) ||
	    !hw_list_is_empty(&segment->sync_now)) {
		return;
	}
	seal_submit(segment);
}

static void seal_submit(struct hw_segment *segment)
{
	set_state(segment, HW_SEGMENT_SEALING);
	hw_job_submit(&segment->job, segment->log->options.reactor, segment->log->options.worker,
		      seal_run, seal_done);
}

/* On the worker. */
static void seal_run(struct hw_job *job)
{
	struct hw_segment *segment = hw_container_of(job, struct hw_segment, job);
	const struct hw_segment_log_options *options = &segment->log->options;
	job->res = hw_files_segment_cut(options->files, options->shard, segment->number,
					segment->tail);
	options->port.sealed(options->port.user, options->shard, segment->number);
	HW_FAILPOINT(segment_sealed);
}

static void seal_done(struct hw_job *job)
{
	struct hw_segment *segment = hw_container_of(job, struct hw_segment, job);
	if (job->res < 0) { /* space is lost until the next start, nothing else */
		HW_LOG(HW_LOG_WARN, "segment.cut_failed", HW_F_ERRNO("error", job->res),
		       HW_F_U64("segment", segment->number));
	}
	if (!segment->is_bound) {
		segment_free(segment);
		return;
	}
	set_state(segment, HW_SEGMENT_CLOSING);
	hw_ring_close(segment->log->options.reactor->ring, &segment->slot_op, segment->slot,
		      close_done);
}

static void close_done(struct hw_op *op)
{
	segment_free(hw_container_of(op, struct hw_segment, slot_op));
}

static void segment_free(struct hw_segment *segment)
{
	set_state(segment, HW_SEGMENT_FREE);
	if (!hw_list_is_empty(&segment->log->waiters)) {
		ahead_create(segment->log);
	}
}

/* -- space that was never named -- */

/* On the worker. */
static void drop_run(struct hw_job *job)
{
	struct hw_extent_drop *drop = hw_container_of(job, struct hw_extent_drop, job);
	const struct hw_segment_log_options *options = &drop->segment->log->options;
	job->res = hw_files_segment_punch(options->files, options->shard, drop->segment->number,
					  drop->offset, drop->size);
}

static void drop_done(struct hw_job *job)
{
	struct hw_extent_drop *drop = hw_container_of(job, struct hw_extent_drop, job);
	struct hw_segment *segment = drop->segment;
	if (job->res < 0) { /* space is lost until the next start, nothing else */
		HW_LOG(HW_LOG_WARN, "segment.punch_failed", HW_F_ERRNO("error", job->res),
		       HW_F_U64("segment", segment->number));
	}
	hw_assert(segment->log->drop_count > 0);
	segment->log->drop_count--;
	hw_segment_settle(segment);
	if (drop->done != NULL) {
		drop->done(drop);
	}
}

void hw_segment_drop(struct hw_segment *segment, struct hw_extent_drop *drop, bool is_last)
{
	hw_assert(drop->offset + drop->size <= segment->tail);
	if (!is_last) {
		segment->unsettled_count++; /* the drop's own: the file must stay until it is done
					     */
	}
	drop->segment = segment;
	segment->log->drop_count++;
	hw_job_submit(&drop->job, segment->log->options.reactor, segment->log->options.worker,
		      drop_run, drop_done);
}

/* -- how much room there is -- */

/* On the worker. job->res cannot carry 64 bits: MiB do. */
static void free_run(struct hw_job *job)
{
	struct hw_segment_log *log = hw_container_of(job, struct hw_segment_log, free_job);
	uint64_t size = 0;
	int r = hw_files_free_size(log->options.files, &size);
	job->res = r < 0 ? r : (int)hw_min(size >> 20, (uint64_t)INT32_MAX);
}

static void free_done(struct hw_job *job)
{
	struct hw_segment_log *log = hw_container_of(job, struct hw_segment_log, free_job);
	if (job->res >= 0) {
		log->free_size = (uint64_t)job->res << 20;
		hw_metrics_set(log->options.reactor->metrics, HW_METRIC_store_bytes_free,
			       log->free_size);
	}
}

static void free_ask(struct hw_segment_log *log)
{
	if (log->free_job.in_flight) {
		return;
	}
	log->asked_us = log->options.reactor->now_us;
	hw_job_submit(&log->free_job, log->options.reactor, log->options.worker, free_run,
		      free_done);
}

uint64_t hw_segment_log_free_size(const struct hw_segment_log *log)
{
	uint64_t size = log->free_size;
	if (log->active != NULL) {
		size += log->active->size - log->active->tail;
	}
	if (log->ahead != NULL && log->ahead->state != HW_SEGMENT_CREATING) {
		size += log->ahead->size;
	}
	return size;
}

int hw_segment_promise(struct hw_segment_log *log, uint64_t size)
{
	if (log->options.reactor->now_us - log->asked_us > FREE_ASK_US) {
		free_ask(log);
	}
	uint64_t free_size = hw_segment_log_free_size(log);
	if (log->promised_size > free_size || size > free_size - log->promised_size) {
		return -ENOSPC;
	}
	log->promised_size += size;
	return 0;
}

void hw_segment_promise_end(struct hw_segment_log *log, uint64_t size)
{
	hw_assert(log->promised_size >= size);
	log->promised_size -= size;
}
