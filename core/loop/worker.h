/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.h - the loop of a thread that may block: mail, then hooks, then sleep
 *
 * Room: core/loop    Thread: its own    Blocks: yes, that is what it is for
 * Allocates: at init only    Owns: a ring (to sleep in and to wake others with), a mailbox
 *
 * A turn delivers all mail that is there and then runs the hooks: so a hook sees everything that
 * came while the last one blocked, which is what makes group commit.
 */
#ifndef HW_CORE_LOOP_WORKER_H
#define HW_CORE_LOOP_WORKER_H

#include "core/loop/reactor.h"

struct hw_worker {
	struct hw_mailbox mailbox;
	struct hw_ring *ring;
	struct hw_list hooks; /* struct hw_turn_hook */
	bool is_stopping;
};

int hw_worker_init(struct hw_worker *worker) HW_MUST_CHECK;
void hw_worker_deinit(struct hw_worker *worker);
void hw_worker_hook_add(struct hw_worker *worker, struct hw_turn_hook *hook);
/* One turn; sleeps at most @wait_ms when there is nothing to do. Returns 0 or -errno. */
int hw_worker_turn(struct hw_worker *worker, uint32_t wait_ms) HW_MUST_CHECK;
int hw_worker_run(struct hw_worker *worker) HW_MUST_CHECK;
void hw_worker_stop(struct hw_worker *worker);

#endif
