/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/share_policy.h"

#include <stdio.h>
#include <string.h>

#include "net/wire/duration.h"

#define EXPIRY_WISHES (HW_SHARE_WISH_EXPIRES_IN | HW_SHARE_WISH_EXPIRES_AT)

static uint32_t refuse(char *ret_sentence, const char *sentence)
{
	int size = snprintf(ret_sentence, HW_SHARE_WISH_SENTENCE_MAX, "%s", sentence);
	hw_assert(size > 0 && (uint32_t)size < HW_SHARE_WISH_SENTENCE_MAX); /* ours, and short */
	return 422;
}

/* In the largest unit that says it exactly. */
static uint32_t refuse_long(char *ret_sentence, uint64_t max_ms)
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
	uint32_t unit = 0;
	while (unit + 1 < hw_count_of(units) && max_ms % units[unit].ms != 0) {
		unit++;
	}
	int size = snprintf(ret_sentence, HW_SHARE_WISH_SENTENCE_MAX,
			    "Shares live for %llu%s at most here; ask for less.",
			    (unsigned long long)(max_ms / units[unit].ms), units[unit].name);
	hw_assert(size > 0 && (uint32_t)size < HW_SHARE_WISH_SENTENCE_MAX);
	return 422;
}

static uint32_t expiry_judge(const struct hw_talk_options *options, uint64_t now_ms,
			     const struct hw_share_wish *wish, uint64_t *ret_expires_ms,
			     char *ret_sentence)
{
	bool is_moment = (wish->given & HW_SHARE_WISH_EXPIRES_AT) != 0;
	uint64_t wished_ms = is_moment ? wish->expires_at_ms : wish->expires_in_ms;
	if (wished_ms == HW_DURATION_NEVER && !options->may_expire_never) {
		return refuse(ret_sentence,
			      "Nothing is kept for ever here; say when the share expires.");
	}
	if (wished_ms == HW_DURATION_NEVER) {
		*ret_expires_ms = HW_EXPIRES_NEVER;
		return 0;
	}
	uint64_t expires_ms = is_moment ? wished_ms : now_ms + wished_ms;
	if (expires_ms <= now_ms) {
		return refuse(ret_sentence, "expires_at: That moment is over already.");
	}
	if (options->expiry_max_ms > 0 && expires_ms - now_ms > options->expiry_max_ms) {
		return refuse_long(ret_sentence, options->expiry_max_ms);
	}
	*ret_expires_ms = expires_ms;
	return 0;
}

static void message_set(const struct hw_share_wish *wish, struct hw_share_policy *policy)
{
	policy->message_size = wish->message_size;
	memcpy(policy->message, wish->message, wish->message_size);
}

uint32_t hw_share_policy_make(const struct hw_talk_options *options, uint64_t now_ms,
			      const struct hw_share_wish *wish, struct hw_share_policy *ret_policy,
			      char *ret_sentence)
{
	struct hw_share_policy policy = {
		.expires_ms = now_ms + options->expiry_default_ms,
		.downloads_max = wish->downloads_max,
		.mode = wish->mode,
		.link_name_size = wish->link_name_size,
	};
	static_assert((int)HW_SHARE_MODE_COUNT == (int)HW_SHARE_JSON_MODE_COUNT, "the same modes");
	if ((wish->given & EXPIRY_WISHES) != 0) {
		uint32_t status =
			expiry_judge(options, now_ms, wish, &policy.expires_ms, ret_sentence);
		if (status != 0) {
			return status;
		}
	}
	memcpy(policy.link_name, wish->link_name, wish->link_name_size);
	message_set(wish, &policy);
	*ret_policy = policy;
	return 0;
}

uint32_t hw_share_policy_change(const struct hw_talk_options *options, uint64_t now_ms,
				const struct hw_share_wish *wish,
				struct hw_share_policy *ret_policy, uint32_t *ret_mask,
				char *ret_sentence)
{
	uint32_t mask = 0;
	if ((wish->given & EXPIRY_WISHES) != 0) {
		uint32_t status =
			expiry_judge(options, now_ms, wish, &ret_policy->expires_ms, ret_sentence);
		if (status != 0) {
			return status;
		}
		mask |= HW_SHARE_CHANGE_EXPIRES;
	}
	if ((wish->given & HW_SHARE_WISH_DOWNLOADS) != 0) {
		ret_policy->downloads_max = wish->downloads_max;
		mask |= HW_SHARE_CHANGE_DOWNLOADS;
	}
	if ((wish->given & HW_SHARE_WISH_MESSAGE) != 0) {
		message_set(wish, ret_policy);
		mask |= HW_SHARE_CHANGE_MESSAGE;
	}
	if ((wish->given & HW_SHARE_WISH_PASSWORD) != 0) {
		mask |= HW_SHARE_CHANGE_PASSWORD;
	}
	*ret_mask = mask;
	return 0;
}

void hw_share_policy_password_set(struct hw_share_policy *policy, const struct hw_password_job *job)
{
	const struct hw_crypt_request *request = &job->request;
	hw_assert(request->res == 0 && request->phc_size <= sizeof(policy->password));
	memcpy(policy->password, request->phc, request->phc_size);
	policy->password_size = request->phc_size;
}

struct hw_share_access hw_share_policy_access(const struct hw_share *share)
{
	const struct hw_share_policy *policy = &share->policy;
	struct hw_share_access access = {
		.expires_ms = policy->expires_ms,
		.downloads_max = policy->downloads_max,
		.downloads = share->downloads,
		.mode = policy->mode,
		.password_size = policy->password_size,
	};
	memcpy(access.password, policy->password, policy->password_size);
	return access;
}
