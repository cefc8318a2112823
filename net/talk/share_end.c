/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> SHARE_END -> ended -> followers are told -> 204
 */
#include "net/talk/share_end.h"

#include "core/base/log.h"
#include "net/talk/link.h"
#include "net/talk/remove.h"
#include "net/talk/share_talk.h"

static void ended(struct hw_catalog_request *request);

void hw_share_end_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_removal *removal = hw_pool_take(&talks->removals);
	if (removal == NULL) {
		hw_reply_busy(conn, "Too many shares are being ended; try again in a moment.");
		return;
	}
	removal->talks = talks;
	removal->conn = conn;
	removal->request = (struct hw_catalog_request){.file_id = 0};
	if (!hw_share_talk_asker(talks, conn, &removal->request)) {
		hw_pool_give(&talks->removals, removal);
		hw_reply_unauthorized(conn, "Send the share's owner token, as Authorization: "
					    "Bearer <token>.");
		return;
	}
	hw_share_ref_parse(&removal->request, id);
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_catalog_submit(talks->catalog, &removal->request, HW_CATALOG_SHARE_END, ended);
}

static void ended(struct hw_catalog_request *request)
{
	struct hw_removal *removal = hw_container_of(request, struct hw_removal, request);
	struct hw_http_conn *conn = removal->conn;
	int res = request->res;
	if (res < 0) {
		hw_pool_give(&removal->talks->removals, removal);
		hw_reply_errno(conn, res);
		return;
	}
	HW_LOG(HW_LOG_INFO, "share.ended");
	hw_removal_end(removal, HW_NOTICE_SHARE_ENDED);
}
