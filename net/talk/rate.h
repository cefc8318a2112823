/* SPDX-License-Identifier: Apache-2.0
 *
 * rate.h - may this client begin a transfer now? asked by mail, and only where there is a limit
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of holds)
 * Limits: one hold for each upload and download that the pools allow
 *
 * rates.h says where the table is and why. A hold is the place of one transfer in it; it lives
 * apart from its talk, so that a talk may end without waiting for mail.
 */
#ifndef HW_NET_TALK_RATE_H
#define HW_NET_TALK_RATE_H

#include "core/gate/rates.h"
#include "core/loop/job.h"
#include "net/talk/talk.h"

/* @retry_s: 0 go on; else answer with hw_rate_reply. */
typedef void hw_rate_fn(void *owner, uint32_t retry_s);

struct hw_rate_hold {
	struct hw_job job;
	struct hw_talks *talks;
	hw_rate_fn *done; /* NULL: the owner has left */
	void *owner;
	struct hw_key client;
	enum hw_rate_kind kind;
	bool is_counted; /* hw_rates_end is due */
};

/* hw_rate_ask - before a transfer of @client (hw_client_of) begins
 * @done       runs from a later turn with @owner, when the result is 1
 * @ret_hold   the transfer's: given back with hw_rate_leave when it ends, also after a refusal;
 * NULL
 *             when the result is not 1
 * Returns 1 asked, 0 there is no limit for this client (go on; done does not run), -ENOBUFS no hold
 * is free (503). */
int hw_rate_ask(struct hw_talks *talks, const struct hw_address *client, enum hw_rate_kind kind,
		hw_rate_fn *done, void *owner, struct hw_rate_hold **ret_hold) HW_MUST_CHECK;
/* @hold: moved; NULL is nothing to do. Also before done has run, which it does not any more
 * then. */
void hw_rate_leave(struct hw_rate_hold *hold);
/* 429 with Retry-After. */
void hw_rate_reply(struct hw_http_conn *conn, enum hw_rate_kind kind, uint32_t retry_s);

#endif
