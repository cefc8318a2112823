/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/may.h"

#include "net/talk/reply.h"

static bool is_allowed(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	switch (talks->options.upload_policy) {
	case HW_UPLOAD_EVERYONE:
		return true;
	case HW_UPLOAD_LOOPBACK:
		return conn->is_loopback;
	default:
		return false;
	}
}

bool hw_may_upload(const struct hw_talks *talks, struct hw_http_conn *conn)
{
	if (is_allowed(talks, conn)) {
		return true;
	}
	hw_reply_error(conn, 403,
		       "Uploads are closed on this address; the operator can open them with "
		       "uploads = everyone.");
	return false;
}

/* Nobody has an operator's token yet. */
bool hw_may_operate(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	(void)talks;
	(void)conn;
	return false;
}
