/* SPDX-License-Identifier: Apache-2.0
 *
 * worker_thread.h - a worker on its thread, from start to join
 *
 * Room: core/main    Thread: main; run: its own    Blocks: join    Allocates: at init
 * Owns: the worker and its thread
 */
#ifndef HW_CORE_MAIN_WORKER_THREAD_H
#define HW_CORE_MAIN_WORKER_THREAD_H

#include "core/loop/thread.h"
#include "core/loop/worker.h"

struct hw_worker_thread {
	struct hw_worker worker; /* first: it is aligned to a cache line */
	struct hw_thread thread;
	struct hw_mail stop_mail;
	const char *name;
	int nice; /* 0 as the reactors; above: it computes, and they go first */
};

/* @name: a literal, for the log and for ps; @nice: 0 .. 19. What hangs into the worker does so
 * between init and start. Returns 0 or -errno. */
int hw_worker_thread_init(struct hw_worker_thread *thread, const char *name,
			  int nice) HW_MUST_CHECK;
int hw_worker_thread_start(struct hw_worker_thread *thread) HW_MUST_CHECK;
/* When nobody asks it anything any more. @main: the caller's own, which posts and wakes. */
void hw_worker_thread_join(struct hw_worker_thread *thread, struct hw_worker *main_worker);

#endif
