/* SPDX-License-Identifier: Apache-2.0
 *
 * history.h - what the daemon did in the last hour, ten seconds by ten seconds
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Owns: its timer; a sample of every column for each step
 * Limits: HW_HISTORY_STEPS; the oldest makes room for the next
 *
 * Each reactor keeps the history of the whole daemon for itself, out of the counters that all
 * threads keep anyway: so whichever is asked can answer at once, and none reads another's memory.
 */
#ifndef HW_NET_TALK_HISTORY_H
#define HW_NET_TALK_HISTORY_H

#include "core/base/metrics.h"
#include "core/loop/reactor.h"

#define HW_HISTORY_STEP_MS 10000U
#define HW_HISTORY_STEPS   360U

enum hw_history_column {
	HW_HISTORY_RECEIVED = 0, /* bytes from clients */
	HW_HISTORY_SENT,         /* bytes to clients */
	HW_HISTORY_REQUESTS,     /* answered */
	HW_HISTORY_ERRORS,       /* of them with 5xx: our fault, or no room */
	HW_HISTORY_CPU_US,       /* of all threads, what the kernel did for them included */
	HW_HISTORY_CONNECTIONS,  /* open at this moment; the only one that is no sum */
	HW_HISTORY_COLUMN_COUNT,
};

struct hw_history_sample {
	uint64_t values[HW_HISTORY_COLUMN_COUNT];
};

/* The fields are private to history.c. */
struct hw_history {
	struct hw_timer timer;
	struct hw_reactor *reactor;
	const struct hw_metrics *const *all_metrics;
	uint32_t metrics_count;
	struct hw_history_sample last; /* the sums at the end of the newest step */
	struct hw_history_sample steps[HW_HISTORY_STEPS];
	uint64_t step_count; /* ever made */
	uint64_t end_ms;     /* wall clock at the end of the newest */
};

/* @all_metrics: of every thread; lent until stop. */
void hw_history_start(struct hw_history *history, struct hw_reactor *reactor,
		      const struct hw_metrics *const *all_metrics, uint32_t metrics_count);
/* Accepts one that was never started. */
void hw_history_stop(struct hw_history *history);
/* The sums as they are now. Thread: any. */
struct hw_history_sample hw_history_now(const struct hw_metrics *const *all_metrics,
					uint32_t metrics_count);
/* Steps that are known: HW_HISTORY_STEPS at most. */
uint32_t hw_history_count(const struct hw_history *history);
/* What happened in a step; @index 0 is the oldest that is known. */
const struct hw_history_sample *hw_history_step(const struct hw_history *history, uint32_t index);

#endif
