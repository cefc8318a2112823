/* SPDX-License-Identifier: Apache-2.0
 *
 * reactor.h - one thread's world: ring, timers, slabs, mail; and one turn of it
 *
 * Room: core/loop    Thread: the reactor    Blocks: only to wait for the next event
 * Allocates: at init only    Owns: ring, slabs, timers, mailbox
 *
 * A turn: mail -> completions -> timers -> hooks (hash batches, those who wait for slabs) -> submit
 * and wait. Each part is bounded (limits at the top of reactor.c): what is over stays queued for
 * the next turn.
 */
#ifndef HW_CORE_LOOP_REACTOR_H
#define HW_CORE_LOOP_REACTOR_H

#include "core/base/metrics.h"
#include "core/loop/mailbox.h"
#include "core/loop/ring.h"
#include "core/loop/slab.h"
#include "core/loop/timers.h"

/* Work that is done once a turn; embedded in its owner, added before the reactor runs. */
struct hw_turn_hook {
	struct hw_list link;
	/* Returns true when work is left: the reactor does not sleep before the next turn. */
	bool (*run)(struct hw_turn_hook *hook);
};

struct hw_reactor_options {
	uint32_t index;              /* 0 .. reactor count - 1 */
	uint32_t slab_count;         /* of HW_SLAB_SIZE */
	struct hw_ring_options ring; /* arena and arena_size are set by hw_reactor_init */
	struct hw_metrics *metrics;  /* lent until deinit */
};

struct hw_reactor {
	struct hw_mailbox mailbox; /* first: a cache line of its own, for others write to it */
	struct hw_ring *ring;
	struct hw_slab_pool slabs;
	struct hw_timers timers;
	struct hw_list hooks;
	struct hw_metrics *metrics;
	uint64_t now_us;  /* monotonic, read once a turn: what everything on the reactor uses */
	uint64_t wall_ms; /* likewise, for dates */
	uint32_t index;
	bool is_stopping; /* hw_reactor_run returns when nothing is left to do */
};

int hw_reactor_init(struct hw_reactor *reactor,
		    const struct hw_reactor_options *options) HW_MUST_CHECK;
void hw_reactor_deinit(struct hw_reactor *reactor);
void hw_reactor_hook_add(struct hw_reactor *reactor, struct hw_turn_hook *hook);

/* One turn; waits for at most @wait_ms when there is nothing to do. Returns 0 or -errno (the ring
 * broke). */
int hw_reactor_turn(struct hw_reactor *reactor, uint32_t wait_ms) HW_MUST_CHECK;
/* Turns until hw_reactor_stop(). */
int hw_reactor_run(struct hw_reactor *reactor) HW_MUST_CHECK;
/* From the reactor's own thread (by mail from others). */
void hw_reactor_stop(struct hw_reactor *reactor);

static inline uint64_t hw_reactor_now_ms(const struct hw_reactor *reactor)
{
	return reactor->now_us / 1000U;
}

#endif
