/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> the wish -> wished: policy -> password -> submit -> created -> 201 with the token
 *                                                        ^          |
 *                                                        +-- once --+ (the id was taken)
 */
#include "net/talk/share_create.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "net/talk/may.h"
#include "net/talk/share_policy.h"
#include "net/wire/base64.h"
#include "simd/sha256.h"

static void wished(struct hw_share_talk *talk);
static void submit(struct hw_share_talk *talk);
static void created(struct hw_catalog_request *request);

void hw_share_create_begin(struct hw_talks *talks, struct hw_http_conn *conn)
{
	if (!hw_may_upload(talks, conn)) {
		return;
	}
	struct hw_share_talk *talk = hw_share_talk_take(talks, conn);
	if (talk != NULL) {
		hw_share_talk_wish(talk, false, wished);
	}
}

static void wished(struct hw_share_talk *talk)
{
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	uint32_t status = hw_share_policy_make(&talk->talks->options, talk->talks->reactor->wall_ms,
					       &talk->wish, &talk->share.policy, sentence);
	if (status != 0) {
		hw_share_talk_refuse(talk, status, sentence);
		return;
	}
	hw_share_talk_password(talk, submit);
}

/* The answer's text is taken before: the token would be lost without it. */
static void submit(struct hw_share_talk *talk)
{
	struct hw_share *share = &talk->share;
	struct hw_hash hash;
	if (!hw_text_body_take(&talk->body)) {
		hw_share_talk_fail(talk, -ENOBUFS);
		return;
	}
	hw_random_bytes(share->share_id, HW_SHARE_ID_SIZE);
	hw_random_bytes(talk->token, HW_TOKEN_SIZE);
	hw_sha256(talk->token, HW_TOKEN_SIZE, &hash);
	memcpy(share->owner_hash, hash.bytes, HW_HASH_SIZE);
	share->created_ms = talk->talks->reactor->wall_ms;
	hw_catalog_submit(talk->talks->catalog, &talk->request, HW_CATALOG_SHARE_CREATE, created);
}

static void created(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	char token[HW_TOKEN_TEXT_SIZE];
	if (request->res == -EEXIST && talk->share.policy.link_name_size > 0) {
		hw_share_talk_refuse(talk, 409, "Another share has that link name.");
		return;
	}
	if (request->res == -EEXIST && !talk->is_retried) {
		talk->is_retried = true;
		submit(talk);
		return;
	}
	if (request->res < 0) {
		hw_share_talk_fail(talk, request->res);
		return;
	}
	HW_LOG(HW_LOG_INFO, "share.created", HW_F_U64("mode", talk->share.policy.mode));
	hw_base64url_encode(talk->token, HW_TOKEN_SIZE, token);
	hw_share_talk_answer(talk, 201, (struct hw_span){token, sizeof(token)});
	explicit_bzero(token, sizeof(token));
}
