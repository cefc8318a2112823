/* SPDX-License-Identifier: Apache-2.0
 *
 * timers.h - hierarchical timer wheel
 *
 * Room: core/loop    Thread: the owning reactor    Blocks: never    Allocates: never
 * Owns: nothing; timers are embedded in their owners
 * Limits: a timer fires within 1 ms after its time (a turn's length later at most); delays of up to
 *         HW_TIMER_DELAY_MAX_MS, longer ones are cut to it
 *
 * Four wheels of 64 slots, of 1 ms, 64 ms, 4 s and 4 min. Start and stop are O(1); a timer moves to
 * a finer wheel at most three times.
 */
#ifndef HW_CORE_LOOP_TIMERS_H
#define HW_CORE_LOOP_TIMERS_H

#include "core/base/list.h"

#define HW_TIMER_LEVELS       4U
#define HW_TIMER_SLOTS        64U
#define HW_TIMER_DELAY_MAX_MS ((1U << 24) - 1U) /* 4.6 hours: four wheels */

struct hw_timer;
typedef void hw_timer_fn(struct hw_timer *timer);

struct hw_timer {
	struct hw_list link;
	uint64_t due_ms; /* monotonic */
	hw_timer_fn *fire;
};

struct hw_timers {
	struct hw_list slots[HW_TIMER_LEVELS][HW_TIMER_SLOTS];
	uint64_t occupied[HW_TIMER_LEVELS]; /* a bit for each slot that may hold timers */
	uint64_t now_ms;                    /* up to which timers have fired */
	uint32_t count;
};

void hw_timers_init(struct hw_timers *timers, uint64_t now_ms);
/* Fire after @delay_ms; a running timer starts anew. @timer: lent until it fires or is stopped. */
void hw_timer_start(struct hw_timers *timers, struct hw_timer *timer, uint64_t delay_ms,
		    hw_timer_fn *fire);
/* Accepts a timer that is not running. */
void hw_timer_stop(struct hw_timers *timers, struct hw_timer *timer);
bool hw_timer_is_running(const struct hw_timer *timer);
/* Fire what is due at @now_ms. A fire may start and stop any timer, its own included. Returns the
 * count. */
uint32_t hw_timers_advance(struct hw_timers *timers, uint64_t now_ms);
/* ms until hw_timers_advance() has something to do; @limit_ms at most. Never late, may be early. */
uint32_t hw_timers_wait_ms(const struct hw_timers *timers, uint32_t limit_ms);

#endif
