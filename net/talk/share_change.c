/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> the wish -> wished: policy -> (a password: SHARE_GET -> got: whose is it? -> hashed)
 *         -> submit -> changed -> followers are told -> 200
 */
#include "net/talk/share_change.h"

#include <errno.h>

#include "core/base/log.h"
#include "net/talk/link.h"
#include "net/talk/share_policy.h"

static void wished(struct hw_share_talk *talk);
static void got(struct hw_catalog_request *request);
static void submit(struct hw_share_talk *talk);
static void changed(struct hw_catalog_request *request);
static void told(struct hw_notice *notice);

void hw_share_change_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_share_talk *talk = hw_share_talk_take(talks, conn);
	if (talk == NULL) {
		return;
	}
	if (!hw_share_talk_asker(talks, conn, &talk->request)) {
		hw_share_talk_free(talk);
		hw_reply_unauthorized(conn, "Send the share's owner token, as Authorization: "
					    "Bearer <token>.");
		return;
	}
	hw_share_ref_parse(&talk->request, id);
	hw_share_talk_wish(talk, true, wished);
}

static void wished(struct hw_share_talk *talk)
{
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	uint32_t status = hw_share_policy_change(
		&talk->talks->options, talk->talks->reactor->wall_ms, &talk->wish,
		&talk->share.policy, &talk->request.change_mask, sentence);
	if (status != 0) {
		hw_share_talk_refuse(talk, status, sentence);
		return;
	}
	if (!hw_share_wishes_password(&talk->wish)) {
		submit(talk);
		return;
	}
	if (!hw_text_body_take(&talk->body)) {
		hw_share_talk_fail(talk, -ENOBUFS);
		return;
	}
	talk->request.share = talk->body.text->shares; /* what is wished stays in talk->share */
	hw_catalog_submit(talk->talks->catalog, &talk->request, HW_CATALOG_SHARE_GET, got);
}

/* A hash costs a tenth of a second of the only thread that makes them: not for strangers. CHANGE
 * has the last word. */
static void got(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	int res = request->res;
	request->share = &talk->share;
	if (res == 0 && !request->is_owner && !request->is_operator) {
		res = -EACCES;
	}
	if (res < 0) {
		hw_share_talk_fail(talk, res);
		return;
	}
	hw_share_talk_password(talk, submit);
}

static void submit(struct hw_share_talk *talk)
{
	if (!hw_text_body_take(&talk->body)) {
		hw_share_talk_fail(talk, -ENOBUFS);
		return;
	}
	hw_catalog_submit(talk->talks->catalog, &talk->request, HW_CATALOG_SHARE_CHANGE, changed);
}

static void changed(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	if (request->res < 0) {
		hw_share_talk_fail(talk, request->res);
		return;
	}
	HW_LOG(HW_LOG_INFO, "share.changed", HW_F_U64("fields", request->change_mask));
	if (!hw_notice_tell(&talk->notice, talk->talks, talk->share.share_id,
			    HW_NOTICE_SHARE_CHANGED, HW_SPAN(""), told)) {
		told(&talk->notice);
	}
}

static void told(struct hw_notice *notice)
{
	struct hw_share_talk *talk = hw_container_of(notice, struct hw_share_talk, notice);
	hw_share_talk_answer(talk, 200, HW_SPAN(""));
}
