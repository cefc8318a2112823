/* SPDX-License-Identifier: Apache-2.0
 *
 * sweep.h - once a second: what has expired ends, and whoever watches the catalog hears from it
 *
 * Room: net/talk    Thread: the first reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_SWEEP_H
#define HW_NET_TALK_SWEEP_H

#include "net/talk/talk.h"

#define HW_SWEEP_PERIOD_MS 1000U

struct hw_sweep {
	struct hw_talks *talks;
	struct hw_timer timer;
	struct hw_catalog_request request;
	bool in_flight;
	bool is_stopping;
	void (*stopped)(struct hw_sweep *sweep);
};

/* @talks: lent until stopped. From the reactor's own thread, as is stop. */
void hw_sweep_start(struct hw_sweep *sweep, struct hw_talks *talks);
/* stopped comes, perhaps at once. */
void hw_sweep_stop(struct hw_sweep *sweep, void (*stopped)(struct hw_sweep *sweep));

#endif
