/* SPDX-License-Identifier: Apache-2.0
 *
 * password.h - a password in a conversation: read it, have it hashed or checked, answer
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Owns: the password until it is computed; it is wiped then, and in the request's head at once
 * Limits: HW_PASSWORD_SIZE_MAX bytes; as crypt.h says
 */
#ifndef HW_NET_TALK_PASSWORD_H
#define HW_NET_TALK_PASSWORD_H

#include "core/catalog/share.h"
#include "core/gate/crypt.h"
#include "net/talk/talk.h"

struct hw_password_job;
typedef void hw_password_fn(struct hw_password_job *job);

/* Embedded in a talk, which lives until done has run. */
struct hw_password_job {
	struct hw_crypt_request request; /* res, retry_s; HASH: phc, phc_size */
	struct hw_talks *talks;
	const struct hw_http_conn *conn;
	hw_password_fn *done;
};

/* Take the password out of the request: Hawser-Password, or that of Authorization: Basic (any
 * user). It is overwritten in the head. While the head is there. Returns 1 there was one, 0
 * there was none, -EINVAL empty, too long, or no base64. */
int hw_password_take(struct hw_password_job *job, struct hw_http_conn *conn) HW_MUST_CHECK;
/* From elsewhere (JSON); the caller wipes what @text points to. Returns 0 or -EINVAL. */
int hw_password_set(struct hw_password_job *job, struct hw_span text) HW_MUST_CHECK;
/* Taken, but not needed. */
void hw_password_drop(struct hw_password_job *job);

/* Of what was taken or set: make job->request.phc. */
void hw_password_hash(struct hw_password_job *job, struct hw_talks *talks, hw_password_fn *done);
/* Is it the share's? res 0 yes; then give a pass (pass.h). The request's head is kept until
 * @done has run, and nothing else is done with @conn: who asks may have to be found out first. */
void hw_password_check(struct hw_password_job *job, struct hw_talks *talks,
		       struct hw_http_conn *conn, const uint8_t share_id[HW_SHARE_ID_SIZE],
		       const struct hw_share_access *access, hw_password_fn *done);

/* After done with an error: 401, 429 or 503 with Retry-After, 500. The caller forgets the
 * request. */
void hw_password_reply(const struct hw_password_job *job, struct hw_http_conn *conn);
/* 401 for who brought neither a password nor a pass. */
void hw_password_reply_wanted(struct hw_http_conn *conn);

#endif
