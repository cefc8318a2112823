/* SPDX-License-Identifier: Apache-2.0
 *
 * share_policy.h - from what a client wishes of a share to what this server grants
 *
 * Room: net/talk    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: the operator's: expiry_default_ms, expiry_max_ms, may_expire_never
 *
 * The password is not part of it: that is hashed elsewhere, and set then.
 */
#ifndef HW_NET_TALK_SHARE_POLICY_H
#define HW_NET_TALK_SHARE_POLICY_H

#include "net/talk/password.h"
#include "net/talk/talk.h"
#include "net/wire/share_wish.h"

/* Of a new share.
 * @now_ms        wall clock
 * @ret_sentence  HW_SHARE_WISH_SENTENCE_MAX bytes, the caller's; written with a status
 * Returns 0, or the status of the refusal. */
uint32_t hw_share_policy_make(const struct hw_talk_options *options, uint64_t now_ms,
			      const struct hw_share_wish *wish, struct hw_share_policy *ret_policy,
			      char *ret_sentence) HW_MUST_CHECK;

/* Of a share that is there: only what is wished is written.
 * @ret_mask  HW_SHARE_CHANGE_*, of a password too */
uint32_t hw_share_policy_change(const struct hw_talk_options *options, uint64_t now_ms,
				const struct hw_share_wish *wish,
				struct hw_share_policy *ret_policy, uint32_t *ret_mask,
				char *ret_sentence) HW_MUST_CHECK;

/* What was hashed. @job: done, with res 0. */
void hw_share_policy_password_set(struct hw_share_policy *policy,
				  const struct hw_password_job *job);
/* What a request for it must know before it may be answered. */
struct hw_share_access hw_share_policy_access(const struct hw_share *share);

#endif
