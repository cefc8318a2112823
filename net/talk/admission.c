/* SPDX-License-Identifier: Apache-2.0
 *
 *   rate -> rate_done -> done        password -> password_done -> done
 */
#include "net/talk/admission.h"

#include <errno.h>

#include "net/talk/client.h"
#include "net/talk/pass.h"
#include "net/talk/reply.h"

static void rate_done(void *owner, uint32_t retry_s);
static void password_done(struct hw_password_job *job);

void hw_admission_init(struct hw_admission *admission, struct hw_talks *talks,
		       struct hw_http_conn *conn,
		       void (*done)(struct hw_admission *admission, bool is_in))
{
	hw_assert(!admission->password.request.in_flight);
	admission->talks = talks;
	admission->conn = conn;
	admission->hold = NULL;
	admission->done = done;
	admission->gives_pass = false;
}

enum hw_admission_verdict hw_admission_rate(struct hw_admission *admission, enum hw_rate_kind kind)
{
	struct hw_address client = hw_client_of(admission->talks, admission->conn);
	admission->kind = kind;
	int r = hw_rate_ask(admission->talks, &client, kind, rate_done, admission,
			    &admission->hold);
	if (r == -ENOBUFS) {
		hw_reply_busy(admission->conn,
			      "Too many transfers are running; try again in a moment.");
		return HW_ADMISSION_OUT;
	}
	return r == 1 ? HW_ADMISSION_WAIT : HW_ADMISSION_IN;
}

static void rate_done(void *owner, uint32_t retry_s)
{
	struct hw_admission *admission = owner;
	if (retry_s > 0) {
		hw_rate_reply(admission->conn, admission->kind, retry_s);
	}
	admission->done(admission, retry_s == 0);
}

enum hw_admission_verdict hw_admission_password(struct hw_admission *admission,
						const uint8_t share_id[HW_SHARE_ID_SIZE],
						const struct hw_share_access *access)
{
	struct hw_http_conn *conn = admission->conn;
	if (access->password_size == 0 || hw_pass_came(admission->talks, conn, share_id, access)) {
		return HW_ADMISSION_IN;
	}
	int r = hw_password_take(&admission->password, conn);
	if (r <= 0) {
		hw_password_drop(&admission->password);
		hw_password_reply_wanted(conn);
		return HW_ADMISSION_OUT;
	}
	hw_password_check(&admission->password, admission->talks, conn, share_id, access,
			  password_done);
	return HW_ADMISSION_WAIT;
}

static void password_done(struct hw_password_job *job)
{
	struct hw_admission *admission = hw_container_of(job, struct hw_admission, password);
	bool is_in = job->request.res == 0;
	admission->gives_pass = is_in;
	if (!is_in) {
		hw_password_reply(job, admission->conn);
	}
	admission->done(admission, is_in);
}

void hw_admission_leave(struct hw_admission *admission)
{
	hw_rate_leave(hw_move(&admission->hold));
}
