/* SPDX-License-Identifier: Apache-2.0 */
#include "core/loop/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#define STACK_SIZE (512U << 10) /* bytes: no recursion, no large locals; SQLite is the deepest */

static void *enter(void *user)
{
	struct hw_thread *thread = user;
	(void)pthread_setname_np(pthread_self(), thread->name); /* for ps and perf only */
	thread->run(thread->user);
	return NULL;
}

static int attributes_set(pthread_attr_t *attributes, uint32_t cpu)
{
	int r = pthread_attr_setstacksize(attributes, STACK_SIZE);
	if (r == 0 && cpu != HW_THREAD_ANY_CPU) {
		cpu_set_t cpus;
		CPU_ZERO(&cpus);
		if (cpu >= CPU_SETSIZE) {
			return EINVAL;
		}
		CPU_SET(cpu, &cpus);
		r = pthread_attr_setaffinity_np(attributes, sizeof(cpus), &cpus);
	}
	return r;
}

int hw_thread_start(struct hw_thread *thread, const char *name, uint32_t cpu,
		    void (*run)(void *user), void *user)
{
	hw_assert(!thread->is_running);
	thread->run = run;
	thread->user = user;
	(void)snprintf(thread->name, sizeof(thread->name), "%s", name); /* cut is fine */
	pthread_attr_t attributes;
	int r = pthread_attr_init(&attributes);
	if (r != 0) {
		return -r;
	}
	r = attributes_set(&attributes, cpu);
	sigset_t all;
	sigset_t before;
	(void)sigfillset(&all); /* cannot fail */
	if (r == 0) {
		r = pthread_sigmask(SIG_BLOCK, &all, &before);
	}
	if (r == 0) {
		r = pthread_create(&thread->id, &attributes, enter, thread);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* was valid a moment ago */
	}
	(void)pthread_attr_destroy(&attributes); /* cannot fail */
	thread->is_running = r == 0;
	return -r;
}

void hw_thread_join(struct hw_thread *thread)
{
	if (!thread->is_running) {
		return;
	}
	int r = pthread_join(thread->id, NULL);
	hw_assert(r == 0);
	thread->is_running = false;
}
