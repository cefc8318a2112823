/* SPDX-License-Identifier: Apache-2.0
 *
 * job.h - one blocking call, made on the worker's thread for a reactor
 *
 * Room: core/loop    Thread: submit and done on the reactor, run on the worker    Blocks: only run
 * Allocates: never    Owns: nothing; embedded in what it works for, which is lent from submit to
 * done
 */
#ifndef HW_CORE_LOOP_JOB_H
#define HW_CORE_LOOP_JOB_H

#include "core/loop/worker.h"

struct hw_job;
typedef void hw_job_fn(struct hw_job *job);

struct hw_job {
	struct hw_mail mail;
	struct hw_reactor *reactor;
	struct hw_worker *worker;
	hw_job_fn *run;  /* on the worker; sets res */
	hw_job_fn *done; /* on the reactor, from a later turn */
	int res;         /* >= 0 or -errno, as run left it */
	bool in_flight;
};

void hw_job_submit(struct hw_job *job, struct hw_reactor *reactor, struct hw_worker *worker,
		   hw_job_fn *run, hw_job_fn *done);

#endif
