/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit -> (mail) -> run_deliver: run -> (mail back) -> done_deliver: done
 */
#include "core/loop/job.h"

static void run_deliver(struct hw_mail *mail);
static void done_deliver(struct hw_mail *mail);

void hw_job_submit(struct hw_job *job, struct hw_reactor *reactor, struct hw_worker *worker,
		   hw_job_fn *run, hw_job_fn *done)
{
	hw_assert(!job->in_flight);
	hw_assert(run != NULL && done != NULL);
	job->reactor = reactor;
	job->worker = worker;
	job->run = run;
	job->done = done;
	job->in_flight = true;
	job->mail.deliver = run_deliver;
	hw_mailbox_post(&worker->mailbox, reactor->ring, &job->mail);
}

static void run_deliver(struct hw_mail *mail)
{
	struct hw_job *job = hw_container_of(mail, struct hw_job, mail);
	job->run(job);
	job->mail.deliver = done_deliver;
	hw_mailbox_post(&job->reactor->mailbox, job->worker->ring, &job->mail);
}

static void done_deliver(struct hw_mail *mail)
{
	struct hw_job *job = hw_container_of(mail, struct hw_job, mail);
	hw_assert(job->in_flight);
	job->in_flight = false;
	job->done(job);
}
