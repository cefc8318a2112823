/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/worker_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/log.h"

int hw_worker_thread_init(struct hw_worker_thread *thread, const char *name, int nice)
{
	thread->name = name;
	thread->nice = nice;
	return hw_worker_init(&thread->worker);
}

static void run(void *user)
{
	struct hw_worker_thread *thread = user;
	if (hw_log_thread_start(thread->name) < 0) {
		HW_LOG(HW_LOG_WARN, "log.no_ring"); /* lines are written directly then */
	}
	if (thread->nice > 0 && setpriority(PRIO_PROCESS, (id_t)gettid(), thread->nice) < 0) {
		HW_LOG(HW_LOG_WARN, "worker.not_nice", HW_F_ERRNO("error", -errno));
	}
	int r = hw_ring_enable(thread->worker.ring);
	if (r >= 0) {
		r = hw_worker_run(&thread->worker);
	}
	if (r < 0) {
		HW_LOG(HW_LOG_ERROR, "worker.failed", HW_F_ERRNO("error", r));
		abort();
	}
	hw_log_thread_stop();
}

int hw_worker_thread_start(struct hw_worker_thread *thread)
{
	return hw_thread_start(&thread->thread, thread->name, HW_THREAD_ANY_CPU, run, thread);
}

static void stop_deliver(struct hw_mail *mail)
{
	struct hw_worker_thread *thread = hw_container_of(mail, struct hw_worker_thread, stop_mail);
	hw_worker_stop(&thread->worker);
}

void hw_worker_thread_join(struct hw_worker_thread *thread, struct hw_worker *main_worker)
{
	thread->stop_mail.deliver = stop_deliver;
	hw_mailbox_post(&thread->worker.mailbox, main_worker->ring, &thread->stop_mail);
	int r = hw_worker_turn(main_worker, 0); /* submits the wake */
	hw_assert(r == 0);                      /* or nobody could be told anything any more */
	hw_thread_join(&thread->thread);
}
