/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin: the token's hash -> the catalog compares, tombstones, commits -> remove_done
 *   -> followers are told -> 204
 */
#include "net/talk/remove.h"

#include <errno.h>

#include "core/base/log.h"
#include "net/talk/link.h"
#include "net/talk/reply.h"
#include "net/talk/share_talk.h"

static void remove_done(struct hw_catalog_request *request);

void hw_remove_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		     struct hw_span name)
{
	struct hw_removal *removal = hw_pool_take(&talks->removals);
	if (removal == NULL) {
		hw_reply_busy(conn, "Too many shares are being removed; try again in a moment.");
		return;
	}
	removal->talks = talks;
	removal->conn = conn;
	/* Another's may have been an operator's. */
	removal->request = (struct hw_catalog_request){.is_operator = false};
	if (!hw_share_talk_asker(talks, conn, &removal->request)) {
		hw_pool_give(&talks->removals, removal);
		hw_reply_unauthorized(conn, "Send the owner token that came with the link, as "
					    "Authorization: Bearer <token>.");
		return;
	}
	hw_link_parse(&removal->request, id, name);
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_catalog_submit(talks->catalog, &removal->request, HW_CATALOG_DELETE, remove_done);
}

static void remove_done(struct hw_catalog_request *request)
{
	struct hw_removal *removal = hw_container_of(request, struct hw_removal, request);
	struct hw_http_conn *conn = removal->conn;
	int res = request->res;
	if (res == -EINVAL) {
		hw_pool_give(&removal->talks->removals, removal);
		hw_reply_error(conn, 409,
			       "The share has several files: say which, or end the share with "
			       "DELETE /api/v1/shares/{id}.");
		return;
	}
	if (res < 0) {
		hw_pool_give(&removal->talks->removals, removal);
		hw_reply_errno(conn, res == -ENODATA ? -ENOENT : res);
		return;
	}
	HW_LOG(HW_LOG_INFO, "share.removed");
	hw_removal_end(removal, HW_NOTICE_FILE_REMOVED);
}

static void told(struct hw_notice *notice)
{
	struct hw_removal *removal = hw_container_of(notice, struct hw_removal, notice);
	struct hw_http_conn *conn = removal->conn;
	hw_pool_give(&removal->talks->removals, removal);
	hw_reply_empty(conn, 204);
}

void hw_removal_end(struct hw_removal *removal, enum hw_notice_kind kind)
{
	const struct hw_catalog_request *request = &removal->request;
	bool is_file = kind == HW_NOTICE_FILE_REMOVED;
	struct hw_span name = {request->name, is_file ? request->name_size : 0};
	if (!hw_notice_tell(&removal->notice, removal->talks, request->share_id, kind, name,
			    told)) {
		told(&removal->notice);
	}
}
