/* SPDX-License-Identifier: Apache-2.0
 *
 *   ask -> (mail) begin_run -> asked -> owner's done ... leave -> (mail) end_run -> ended: to
 *   the pool
 *                                  (the owner left meanwhile: leave at once)
 */
#include "net/talk/rate.h"

#include <errno.h>

#include "core/base/clock.h"
#include "net/talk/reply.h"

static void begin_run(struct hw_job *job);
static void asked(struct hw_job *job);
static void end_run(struct hw_job *job);
static void ended(struct hw_job *job);

int hw_rate_ask(struct hw_talks *talks, const struct hw_address *client, enum hw_rate_kind kind,
		hw_rate_fn *done, void *owner, struct hw_rate_hold **ret_hold)
{
	*ret_hold = NULL;
	/* Whom the kernel cannot name cannot be counted; core/main does not start so. */
	if (talks->options.rates == NULL || client->size == 0 ||
	    !hw_rates_limit(talks->options.rates, kind)) {
		return 0;
	}
	struct hw_rate_hold *hold = hw_pool_take(&talks->holds);
	if (hold == NULL) {
		return -ENOBUFS;
	}
	struct hw_address counted = hw_address_client(client);
	hold->talks = talks;
	hold->done = done;
	hold->owner = owner;
	hold->kind = kind;
	hold->client = hw_key_of_address(&counted);
	hold->is_counted = false;
	hw_job_submit(&hold->job, talks->reactor, talks->options.worker, begin_run, asked);
	*ret_hold = hold;
	return 1;
}

/* On the worker. */
static void begin_run(struct hw_job *job)
{
	struct hw_rate_hold *hold = hw_container_of(job, struct hw_rate_hold, job);
	job->res = (int)hw_rates_begin(hold->talks->options.rates, &hold->client, hold->kind,
				       hw_clock_monotonic_us());
}

static void asked(struct hw_job *job)
{
	struct hw_rate_hold *hold = hw_container_of(job, struct hw_rate_hold, job);
	hold->is_counted = job->res == 0;
	if (hold->done == NULL) {
		hw_rate_leave(hold);
		return;
	}
	hold->done(hold->owner, (uint32_t)job->res);
}

void hw_rate_leave(struct hw_rate_hold *hold)
{
	if (hold == NULL) {
		return;
	}
	hold->done = NULL;
	if (hold->job.in_flight) {
		return; /* asked() sees to it */
	}
	if (!hold->is_counted) {
		hw_pool_give(&hold->talks->holds, hold);
		return;
	}
	hw_job_submit(&hold->job, hold->talks->reactor, hold->talks->options.worker, end_run,
		      ended);
}

/* On the worker. */
static void end_run(struct hw_job *job)
{
	struct hw_rate_hold *hold = hw_container_of(job, struct hw_rate_hold, job);
	hw_rates_end(hold->talks->options.rates, &hold->client);
	job->res = 0;
}

static void ended(struct hw_job *job)
{
	struct hw_rate_hold *hold = hw_container_of(job, struct hw_rate_hold, job);
	hw_pool_give(&hold->talks->holds, hold);
}

void hw_rate_reply(struct hw_http_conn *conn, enum hw_rate_kind kind, uint32_t retry_s)
{
	hw_reply_later(conn, 429, retry_s,
		       kind == HW_RATE_UPLOAD
			       ? "You have begun as many uploads as one client may; wait a little."
			       : "You have begun as many downloads as one client may; wait a "
				 "little.");
}
