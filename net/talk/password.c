/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/password.h"

#include <errno.h>

#include "core/base/error.h"
#include "net/talk/client.h"
#include "net/talk/reply.h"
#include "net/wire/authorization.h"

#define USER_SIZE_MAX 64U /* bytes of the user's name in Basic, which means nothing here */

static_assert(HW_PHC_SIZE_MAX == HW_PASSWORD_PHC_MAX, "what is made fits into a policy");

static void named(void *user);
static void done(struct hw_crypt_request *request);

int hw_password_set(struct hw_password_job *job, struct hw_span text)
{
	hw_assert(!job->request.in_flight);
	if (text.size == 0 || text.size > HW_PASSWORD_SIZE_MAX) {
		return -EINVAL;
	}
	memcpy(job->request.password, text.bytes, text.size);
	job->request.password_size = (uint16_t)text.size;
	return 0;
}

void hw_password_drop(struct hw_password_job *job)
{
	hw_assert(!job->request.in_flight);
	explicit_bzero(job->request.password, sizeof(job->request.password));
	job->request.password_size = 0;
}

/* The password of Basic. Returns 0, -ENOENT: there is no Basic, or -EINVAL. */
static int basic_set(struct hw_password_job *job, const struct hw_http_request *request,
		     const char *bytes)
{
	char both[USER_SIZE_MAX + 1 + HW_PASSWORD_SIZE_MAX];
	struct hw_basic_auth auth;
	int r = hw_authorization_basic(request, bytes, both, sizeof(both), &auth);
	if (r == 0) {
		r = hw_password_set(job, auth.password);
	}
	explicit_bzero(both, sizeof(both));
	return r < 0 && r != -ENOENT ? -EINVAL : r;
}

int hw_password_take(struct hw_password_job *job, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span value;
	int r = 0;
	if (hw_http_request_field(request, bytes, HW_SPAN("Hawser-Password"), &value)) {
		r = hw_password_set(job, value);
	} else {
		r = basic_set(job, request, bytes);
		if (r == -ENOENT ||
		    !hw_http_request_field(request, bytes, HW_SPAN("Authorization"), &value)) {
			return 0;
		}
	}
	hw_http_conn_head_wipe(conn, value);
	return r < 0 ? r : 1;
}

void hw_password_hash(struct hw_password_job *job, struct hw_talks *talks, hw_password_fn *done_fn)
{
	job->done = done_fn;
	hw_crypt_submit(talks->options.crypt, talks->reactor, &job->request, HW_CRYPT_HASH, done);
}

void hw_password_check(struct hw_password_job *job, struct hw_talks *talks,
		       struct hw_http_conn *conn, const uint8_t share_id[HW_SHARE_ID_SIZE],
		       const struct hw_share_access *access, hw_password_fn *done_fn)
{
	hw_assert(access->password_size > 0);
	job->done = done_fn;
	job->talks = talks;
	job->conn = conn;
	memcpy(job->request.share_id, share_id, HW_SHARE_ID_SIZE);
	memcpy(job->request.phc, access->password, access->password_size);
	job->request.phc_size = access->password_size;
	if (!hw_http_conn_peer_ask(conn, named, job)) {
		named(job);
	}
}

static void named(void *user)
{
	struct hw_password_job *job = user;
	struct hw_talks *talks = job->talks;
	job->request.client = hw_client_of(talks, job->conn);
	hw_crypt_submit(talks->options.crypt, talks->reactor, &job->request, HW_CRYPT_CHECK, done);
}

static void done(struct hw_crypt_request *request)
{
	struct hw_password_job *job = hw_container_of(request, struct hw_password_job, request);
	hw_assert(job->request.password_size == 0); /* and nothing of it is left */
	job->done(job);
}

void hw_password_reply(const struct hw_password_job *job, struct hw_http_conn *conn)
{
	const struct hw_crypt_request *request = &job->request;
	switch (request->res) {
	case -EACCES:
		hw_reply_password(conn, "The password is wrong.");
		return;
	case -EAGAIN:
		hw_reply_later(conn, 429, request->retry_s,
			       "There were too many wrong passwords; try again later.");
		return;
	case -ENOBUFS:
		hw_reply_later(conn, 503, request->retry_s,
			       "Too many passwords are being checked; try again in a moment.");
		return;
	case -ENOMEM:
		hw_reply_later(conn, 503, HW_CRYPT_RETRY_S,
			       "The server has no memory to check a password; try again later.");
		return;
	default:
		hw_reply_errno(conn, request->res);
	}
}

void hw_password_reply_wanted(struct hw_http_conn *conn)
{
	hw_reply_password(conn, "This share has a password: send it as Hawser-Password, or as "
				"curl --user :password does.");
}
