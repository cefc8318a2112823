/* SPDX-License-Identifier: Apache-2.0
 *
 * thread.h - name, pin, start, join
 *
 * Room: core/loop    Thread: main    Blocks: join does    Allocates: the thread's stack
 */
#ifndef HW_CORE_LOOP_THREAD_H
#define HW_CORE_LOOP_THREAD_H

#include <pthread.h>

#include "core/base/check.h"

#define HW_THREAD_ANY_CPU UINT32_MAX

struct hw_thread {
	pthread_t id;
	void (*run)(void *user);
	void *user;
	char name[16];
	bool is_running;
};

/* @thread, @user: lent until join. @name: copied, 15 bytes at most. @cpu: to run on, or
 * HW_THREAD_ANY_CPU. All signals are blocked in it. Returns 0 or -errno (-EINVAL: no such cpu). */
int hw_thread_start(struct hw_thread *thread, const char *name, uint32_t cpu,
		    void (*run)(void *user), void *user) HW_MUST_CHECK;
/* Accepts a thread that was never started. */
void hw_thread_join(struct hw_thread *thread);

#endif
