/* SPDX-License-Identifier: Apache-2.0
 *
 * One turn:
 *
 *   submit and wait -> read the clock -> timers -> mail -> completions -> hooks, slab waiters
 *        ^                                                                       |
 *        +------------------- (work left: do not wait) --------------------------+
 *
 * The clock is read after the wait and before any step, so that a time-out started by a step counts
 * from the moment the step ran.
 */
#include "core/loop/reactor.h"

#include <errno.h>

#include "core/base/clock.h"

#define TURN_STEPS_MAX 256U  /* completions run in one turn */
#define TURN_MAILS_MAX 256U  /* mails delivered in one turn */
#define TURN_WAIT_MAX  1000U /* ms; a reactor looks round at least once a second */

static void clock_read(struct hw_reactor *reactor)
{
	reactor->now_us = hw_clock_monotonic_us();
	reactor->wall_ms = hw_clock_wall_ms();
}

int hw_reactor_init(struct hw_reactor *reactor, const struct hw_reactor_options *options)
{
	*reactor = (struct hw_reactor){.index = options->index, .metrics = options->metrics};
	hw_list_init(&reactor->hooks);
	clock_read(reactor);
	hw_timers_init(&reactor->timers, hw_reactor_now_ms(reactor));
	int r = hw_slab_pool_init(&reactor->slabs, options->slab_count);
	if (r < 0) {
		return r;
	}
	struct hw_ring_options ring = options->ring;
	ring.arena = reactor->slabs.arena;
	ring.arena_size = (uint64_t)options->slab_count * HW_SLAB_SIZE;
	r = hw_ring_init(&reactor->ring, &ring);
	if (r < 0) {
		hw_slab_pool_deinit(&reactor->slabs);
		return r;
	}
	hw_metrics_set(reactor->metrics, HW_METRIC_slabs, reactor->slabs.count);
	hw_mailbox_init(&reactor->mailbox, hw_ring_fd(reactor->ring));
	return 0;
}

void hw_reactor_deinit(struct hw_reactor *reactor)
{
	if (reactor == NULL || reactor->ring == NULL) {
		return;
	}
	hw_ring_deinit(hw_move(&reactor->ring));
	hw_slab_pool_deinit(&reactor->slabs);
}

void hw_reactor_hook_add(struct hw_reactor *reactor, struct hw_turn_hook *hook)
{
	hw_assert(hook->run != NULL);
	hw_list_append(&reactor->hooks, &hook->link);
}

static bool hooks_run(struct hw_list *hooks)
{
	bool has_work = false;
	for (struct hw_list *link = hooks->next; link != hooks; link = link->next) {
		struct hw_turn_hook *hook = hw_container_of(link, struct hw_turn_hook, link);
		has_work |= hook->run(hook);
	}
	return has_work;
}

/* Everything but the wait. Returns the number of steps and mails run, or -errno. */
static int work(struct hw_reactor *reactor)
{
	clock_read(reactor);
	(void)hw_timers_advance(&reactor->timers, hw_reactor_now_ms(reactor)); /* count: no use */
	uint32_t mails = hw_mailbox_deliver(&reactor->mailbox, TURN_MAILS_MAX);
	int steps = hw_ring_turn(reactor->ring, 0, TURN_STEPS_MAX);
	if (steps < 0) {
		return steps;
	}
	hw_slab_pool_serve(&reactor->slabs);
	return steps + (int)mails;
}

int hw_reactor_turn(struct hw_reactor *reactor, uint32_t wait_ms)
{
	int done_count = work(reactor);
	if (done_count < 0) {
		return done_count;
	}
	bool has_work = hooks_run(&reactor->hooks);
	/* A hook may have given slabs back for which somebody waits. */
	has_work |= hw_slab_has_waiters(&reactor->slabs) && reactor->slabs.free_count > 0;
	if (done_count > 0) {
		hw_metrics_add(reactor->metrics, HW_METRIC_reactor_turns, 1);
		hw_metrics_set(reactor->metrics, HW_METRIC_slabs_in_use,
			       reactor->slabs.count - reactor->slabs.free_count);
		hw_metrics_add(reactor->metrics, HW_METRIC_cq_overflow,
			       hw_ring_is_overflowing(reactor->ring));
		hw_metrics_observe_us(reactor->metrics, HW_HISTOGRAM_reactor_turn_duration,
				      hw_clock_monotonic_us() - reactor->now_us);
	}
	wait_ms = hw_timers_wait_ms(&reactor->timers, hw_min(wait_ms, TURN_WAIT_MAX));
	if (has_work || reactor->is_stopping || !hw_mailbox_sleep_begin(&reactor->mailbox)) {
		wait_ms = 0;
	}
	int r = hw_ring_turn(reactor->ring, wait_ms, 0);
	hw_mailbox_sleep_end(&reactor->mailbox);
	return r < 0 ? r : 0;
}

int hw_reactor_run(struct hw_reactor *reactor)
{
	while (!reactor->is_stopping) {
		int r = hw_reactor_turn(reactor, TURN_WAIT_MAX);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

void hw_reactor_stop(struct hw_reactor *reactor)
{
	reactor->is_stopping = true;
}
