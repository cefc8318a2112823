/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request:
 *
 *   begin -> (admission.c) -> entered
 *   entered -> (link_ask -> link_asked: is its name free?) -> (hash -> hashed) -> receive
 *   receive -> the intake takes the body -> stored -> commit -> named -> reply -> send_done
 *                                     \-> failed -> the error's answer
 */
#include "net/talk/put.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/log.h"
#include "net/talk/may.h"
#include "net/talk/policy_fields.h"
#include "net/talk/quota.h"
#include "net/talk/reply.h"
#include "net/talk/share_policy.h"
#include "net/talk/share_talk.h"
#include "net/wire/base32.h"
#include "net/wire/base64.h"
#include "net/wire/hex.h"
#include "net/wire/name.h"
#include "net/wire/rfc3339.h"

static void entered(struct hw_admission *admission, bool is_in);
static void link_ask(struct hw_put *put);
static void link_asked(struct hw_catalog_request *request);
static void password_set(struct hw_put *put, struct hw_share_wish *wish);
static void hash(struct hw_put *put);
static void hashed(struct hw_password_job *job);
static void receive(struct hw_put *put);
static void stored(struct hw_intake *intake);
static void named(struct hw_intake *intake);
static void failed(struct hw_intake *intake, int error);
static void body_done(void *talk, int res);
static void send_done(void *talk, int res);
static void put_drop(struct hw_put *put);
static void put_free(struct hw_put *put);
static void reply_errno(struct hw_http_conn *conn, int error);

static const struct hw_http_handler g_handler = {.body_done = body_done, .send_done = send_done};
static const struct hw_intake_handler g_intake_handler = {
	.stored = stored, .named = named, .failed = failed};

static void set_state(struct hw_put *put, enum hw_put_state state)
{
	static const uint8_t g_next[HW_PUT_STATE_COUNT] = {
		[HW_PUT_FREE] = 1U << HW_PUT_ENTERING,
		[HW_PUT_ENTERING] = 1U << HW_PUT_ASKING | 1U << HW_PUT_HASHING |
				    1U << HW_PUT_TAKING | 1U << HW_PUT_FREE,
		[HW_PUT_ASKING] = 1U << HW_PUT_HASHING | 1U << HW_PUT_TAKING | 1U << HW_PUT_FREE,
		[HW_PUT_HASHING] = 1U << HW_PUT_TAKING | 1U << HW_PUT_FREE,
		[HW_PUT_TAKING] = 1U << HW_PUT_REPLYING | 1U << HW_PUT_FREE,
		[HW_PUT_REPLYING] = 1U << HW_PUT_FREE,
	};
	hw_assert((g_next[put->state] & (1U << state)) != 0);
	put->state = state;
}

static struct hw_metrics *metrics_of(const struct hw_put *put)
{
	return put->talks->reactor->metrics;
}

/* -- begin -- */

bool hw_put_is_whole(struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	struct hw_span range;
	if (!request->has_content_length && !request->is_chunked) {
		hw_reply_error(conn, 411,
			       "Say how long the file is (Content-Length), or send it chunked.");
		return false;
	}
	if (hw_http_request_field(request, hw_http_conn_head_bytes(conn), HW_SPAN("Content-Range"),
				  &range)) {
		hw_reply_error(conn, 400, "A part of a file cannot be PUT; send the whole.");
		return false;
	}
	return true;
}

/* What can be said before the first byte of the body. Returns false when it was said. */
static bool is_acceptable(struct hw_talks *talks, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	if (!hw_may_upload(talks, conn)) {
		return false;
	}
	if (!hw_put_is_whole(conn)) {
		return false;
	}
	int r = hw_quota_judge(talks, request->content_length);
	if (r < 0) {
		hw_reply_errno(conn, r);
		return false;
	}
	return true;
}

/* Nobody shall find it in memory later. */
static void password_wipe(struct hw_http_conn *conn)
{
	struct hw_span value;
	if (hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				  HW_SPAN("Hawser-Password"), &value)) {
		hw_http_conn_head_wipe(conn, value);
	}
}

/* What the header fields and the query wish; returns false when the request was answered. */
static bool policy_read(const struct hw_talks *talks, struct hw_http_conn *conn,
			struct hw_share_wish *ret_wish, struct hw_share_policy *ret_policy)
{
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	uint32_t status = hw_policy_fields_read(hw_http_conn_request(conn),
						hw_http_conn_head_bytes(conn), ret_wish, sentence);
	password_wipe(conn);
	if (status == 0) {
		status = hw_share_policy_make(&talks->options, talks->reactor->wall_ms, ret_wish,
					      ret_policy, sentence);
	}
	if (status != 0) {
		explicit_bzero(ret_wish->password, sizeof(ret_wish->password));
		hw_reply_error(conn, status, sentence);
	}
	return status == 0;
}

/* An object with its promise; NULL: the request was answered. */
static struct hw_put *put_take(struct hw_talks *talks, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	uint64_t promised_size = request->is_chunked ? 0 : request->content_length;
	if (hw_segment_promise(&talks->store->log, promised_size) < 0) {
		hw_reply_errno(conn, -ENOSPC);
		return NULL;
	}
	struct hw_put *put = hw_pool_take(&talks->puts);
	if (put == NULL) {
		hw_segment_promise_end(&talks->store->log, promised_size);
		hw_reply_busy(conn, "Too many uploads are running; try again in a moment.");
		return NULL;
	}
	/* Behind its intake the object may have been another's. */
	put->state = HW_PUT_FREE;
	put->admission = (struct hw_admission){.talks = NULL};
	put->talks = talks;
	put->conn = conn;
	put->begun_us = talks->reactor->now_us;
	put->length = request->is_chunked ? HW_LENGTH_UNKNOWN : request->content_length;
	put->promised_size = promised_size;
	return put;
}

void hw_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span segment)
{
	char name[HW_NAME_SIZE_MAX];
	uint32_t name_size = 0;
	struct hw_share_policy policy;
	struct hw_share_wish wish;
	if (!is_acceptable(talks, conn)) {
		return;
	}
	enum hw_name_verdict verdict = hw_name_clean(segment, name, &name_size);
	if (verdict != HW_NAME_GOOD) {
		hw_reply_error(conn, 400, hw_name_reason(verdict));
		return;
	}
	if (!policy_read(talks, conn, &wish, &policy)) {
		return;
	}
	struct hw_put *put = put_take(talks, conn);
	if (put == NULL) {
		explicit_bzero(wish.password, sizeof(wish.password));
		return;
	}
	put->share = (struct hw_share){.policy = policy};
	put->name_size = name_size;
	memcpy(put->name, name, name_size);
	password_set(put, &wish);
	set_state(put, HW_PUT_ENTERING);
	hw_admission_init(&put->admission, talks, conn, entered);
	enum hw_admission_verdict entry = hw_admission_rate(&put->admission, HW_RATE_UPLOAD);
	if (entry != HW_ADMISSION_WAIT) {
		entered(&put->admission, entry == HW_ADMISSION_IN);
	}
}

static void entered(struct hw_admission *admission, bool is_in)
{
	struct hw_put *put = hw_container_of(admission, struct hw_put, admission);
	if (!is_in) {
		put_drop(put);
		return;
	}
	hw_http_conn_handle(put->conn, &g_handler, put);
	if (put->share.policy.link_name_size > 0) {
		link_ask(put);
		return;
	}
	hash(put);
}

static void password_set(struct hw_put *put, struct hw_share_wish *wish)
{
	put->has_password = hw_share_wishes_password(wish);
	if (put->has_password) {
		int r = hw_password_set(&put->admission.password,
					(struct hw_span){wish->password, wish->password_size});
		hw_assert(r == 0); /* the wish was judged */
	}
	explicit_bzero(wish->password, sizeof(wish->password));
}

/* The request cannot become an upload; the caller has answered it, or does. */
static void put_drop(struct hw_put *put)
{
	hw_segment_promise_end(&put->talks->store->log, put->promised_size);
	hw_password_drop(&put->admission.password);
	put_free(put);
}

/* Before the bytes: nobody likes to send them for nothing. COMMIT has the last word. */
static void link_ask(struct hw_put *put)
{
	struct hw_catalog_request *request = &put->intake.request;
	const struct hw_share_policy *policy = &put->share.policy;
	set_state(put, HW_PUT_ASKING);
	*request = (struct hw_catalog_request){.share = &put->share,
					       .link_name_size = policy->link_name_size};
	memcpy(request->link_name, policy->link_name, policy->link_name_size);
	hw_catalog_submit(put->talks->catalog, request, HW_CATALOG_SHARE_GET, link_asked);
}

static void link_asked(struct hw_catalog_request *request)
{
	struct hw_put *put = hw_container_of(request, struct hw_put, intake.request);
	struct hw_http_conn *conn = put->conn;
	if (request->res == -ENOENT || request->res == -EIDRM) {
		hash(put);
		return;
	}
	int error = request->res == 0 ? -EEXIST : request->res;
	put_drop(put);
	reply_errno(conn, error);
}

/* Before the bytes, too: so many may wait for it that there is no room. */
static void hash(struct hw_put *put)
{
	if (!put->has_password) {
		receive(put);
		return;
	}
	set_state(put, HW_PUT_HASHING);
	hw_password_hash(&put->admission.password, put->talks, hashed);
}

static void hashed(struct hw_password_job *job)
{
	struct hw_put *put = hw_container_of(job, struct hw_put, admission.password);
	if (job->request.res < 0) {
		hw_password_reply(job, put->conn);
		put_drop(put);
		return;
	}
	hw_share_policy_password_set(&put->share.policy, job);
	receive(put);
}

static void receive(struct hw_put *put)
{
	struct hw_intake_options options = {.handler = &g_intake_handler,
					    .conn = put->conn,
					    .length = put->length,
					    .promised_size = put->promised_size};
	set_state(put, HW_PUT_TAKING);
	hw_intake_begin(&put->intake, put->talks, &options);
	memcpy(put->intake.request.name, put->name, put->name_size);
	put->intake.request.name_size = (uint16_t)put->name_size;
}

static void body_done(void *talk, int res)
{
	struct hw_put *put = talk;
	hw_intake_source_done(&put->intake, res);
}

static void stored(struct hw_intake *intake)
{
	struct hw_put *put = hw_container_of(intake, struct hw_put, intake);
	struct hw_catalog_request *request = &intake->request;
	struct hw_hash hash;
	hw_random_bytes(request->share_id, HW_SHARE_ID_SIZE);
	memcpy(put->share.share_id, request->share_id, HW_SHARE_ID_SIZE);
	request->share = &put->share;
	hw_random_bytes(put->token, HW_TOKEN_SIZE);
	hw_sha256(put->token, HW_TOKEN_SIZE, &hash);
	memcpy(request->owner_hash, hash.bytes, HW_HASH_SIZE);
	hw_intake_commit(intake);
}

/* -- the answer -- */

static void link_write(const struct hw_put *put, struct hw_http_writer *writer)
{
	hw_reply_write_share(put->conn, writer, put->talks->options.public_url, &put->share);
	hw_http_writer_text(writer, "/");
	hw_http_writer_uri(writer, (struct hw_span){put->name, put->name_size});
}

/* How long it lives, and how it is known to /api/v1/shares. */
static void share_fields_write(const struct hw_put *put, struct hw_http_writer *head)
{
	char id[HW_SHARE_ID_TEXT_SIZE];
	char expires_at[HW_RFC3339_SIZE];
	uint64_t expires_ms = put->share.policy.expires_ms;
	hw_base32_encode(put->share.share_id, HW_SHARE_ID_SIZE, id);
	hw_http_writer_field(head, HW_SPAN("Hawser-Share"), (struct hw_span){id, sizeof(id)});
	if (expires_ms != HW_EXPIRES_NEVER) {
		hw_rfc3339_write(expires_ms, expires_at);
		hw_http_writer_field(head, HW_SPAN("Hawser-Expires-At"),
				     (struct hw_span){expires_at, sizeof(expires_at)});
	}
}

static void reply(struct hw_put *put)
{
	char link_bytes[1536]; /* an origin of 256 bytes and 255 bytes of name, each escaped */
	char root[2 * HW_HASH_SIZE];
	char token[HW_BASE64URL_SIZE(HW_TOKEN_SIZE)];
	struct hw_http_writer link;
	struct hw_http_writer head;
	hw_hex_encode(put->intake.request.file_root, HW_HASH_SIZE, root);
	hw_base64url_encode(put->token, HW_TOKEN_SIZE, token);
	hw_http_writer_init(&link, link_bytes, sizeof(link_bytes));
	link_write(put, &link);
	hw_assert(!link.is_overflowed);
	hw_http_conn_reply_begin(put->conn, &head, 201);
	hw_http_writer_field(&head, HW_SPAN("Location"), hw_http_writer_span(&link));
	hw_http_writer_field_etag(&head, put->intake.request.file_root, HW_HASH_SIZE);
	hw_http_writer_field(&head, HW_SPAN("Hawser-Root"), (struct hw_span){root, sizeof(root)});
	hw_http_writer_field(&head, HW_SPAN("Hawser-Owner-Token"),
			     (struct hw_span){token, sizeof(token)});
	share_fields_write(put, &head);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), link.size + 1U);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_writer_bytes(&head, hw_http_writer_span(&link));
	hw_http_writer_text(&head, "\n");
	hw_assert(!head.is_overflowed);
	explicit_bzero(put->token, sizeof(put->token));
	HW_FAILPOINT(put_before_reply);
	hw_http_conn_reply_send(put->conn, &head, NULL, 0);
}

static void named(struct hw_intake *intake)
{
	struct hw_put *put = hw_container_of(intake, struct hw_put, intake);
	uint64_t now_us = put->talks->reactor->now_us;
	hw_metrics_add(metrics_of(put), HW_METRIC_uploads_completed, 1);
	hw_metrics_observe_us(metrics_of(put), HW_HISTOGRAM_upload_duration,
			      now_us - put->begun_us);
	hw_metrics_observe_us(metrics_of(put), HW_HISTOGRAM_commit_duration,
			      now_us - intake->stored_us);
	HW_LOG(HW_LOG_INFO, "put.done", HW_F_U64("size", intake->request.file_size),
	       HW_F_HEX("root", intake->request.file_root, HW_HASH_SIZE),
	       HW_F_U64("us", now_us - put->begun_us));
	set_state(put, HW_PUT_REPLYING);
	reply(put);
}

static void put_free(struct hw_put *put)
{
	hw_admission_leave(&put->admission);
	set_state(put, HW_PUT_FREE);
	hw_pool_give(&put->talks->puts, put);
}

static void send_done(void *talk, int res)
{
	struct hw_put *put = talk;
	struct hw_http_conn *conn = put->conn;
	put_free(put);
	if (res < 0) {
		hw_http_conn_abort(conn); /* the file is there; who asked will not know */
		return;
	}
	hw_http_conn_end(conn);
}

static void reply_errno(struct hw_http_conn *conn, int error)
{
	if (error == -EEXIST) {
		hw_reply_error(conn, 409, "Another share has that link name.");
		return;
	}
	hw_reply_errno(conn, error);
}

static void failed(struct hw_intake *intake, int error)
{
	struct hw_put *put = hw_container_of(intake, struct hw_put, intake);
	struct hw_http_conn *conn = put->conn;
	bool is_gone = error == -ECONNRESET || error == -EPIPE || conn->is_answered;
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_WARN, "put.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("received", intake->received_size));
	put_free(put);
	if (is_gone) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_close_after(conn);
	reply_errno(conn, error);
}
