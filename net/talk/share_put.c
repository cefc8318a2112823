/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request:
 *
 *   begin -> enter (admission.c) -> entered
 *   entered -> UPLOAD_CREATE -> created -> receive: the intake takes the body -> stored -> commit
 *                                |                         \                     (live: end_live)
 *                                |                          \-> failed             -> named
 *                                +-> no room: abandon -> abandoned     \            -> reply
 *                                                               \-> the error's answer
 */
#include "net/talk/share_put.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/talk/client.h"
#include "net/talk/link.h"
#include "net/talk/put.h"
#include "net/talk/reply.h"
#include "net/talk/share_talk.h"
#include "net/wire/hex.h"
#include "net/wire/name.h"

static void enter(struct hw_share_put *put);
static void entered(struct hw_admission *admission, bool is_in);
static void created(struct hw_catalog_request *request);
static void receive(struct hw_share_put *put, uint64_t promised_size);
static void abandoned(struct hw_catalog_request *request);
static void stored(struct hw_intake *intake);
static void named(struct hw_intake *intake);
static void failed(struct hw_intake *intake, int error);
static void body_done(void *talk, int res);
static void send_done(void *talk, int res);

static const struct hw_http_handler g_handler = {.body_done = body_done, .send_done = send_done};
static const struct hw_intake_handler g_intake_handler = {
	.stored = stored, .named = named, .failed = failed};

static void set_state(struct hw_share_put *put, enum hw_share_put_state state)
{
	static const uint8_t g_next[HW_SHARE_PUT_STATE_COUNT] = {
		[HW_SHARE_PUT_FREE] = 1U << HW_SHARE_PUT_ENTERING,
		[HW_SHARE_PUT_ENTERING] = 1U << HW_SHARE_PUT_CREATING | 1U << HW_SHARE_PUT_FREE,
		[HW_SHARE_PUT_CREATING] = 1U << HW_SHARE_PUT_TAKING |
					  1U << HW_SHARE_PUT_ABANDONING | 1U << HW_SHARE_PUT_FREE,
		[HW_SHARE_PUT_TAKING] = 1U << HW_SHARE_PUT_REPLYING | 1U << HW_SHARE_PUT_TELLING |
					1U << HW_SHARE_PUT_FREE,
		[HW_SHARE_PUT_ABANDONING] = 1U << HW_SHARE_PUT_FREE,
		[HW_SHARE_PUT_REPLYING] = 1U << HW_SHARE_PUT_TELLING | 1U << HW_SHARE_PUT_FREE,
		[HW_SHARE_PUT_TELLING] = 1U << HW_SHARE_PUT_FREE,
	};
	hw_assert((g_next[put->state] & (1U << state)) != 0);
	put->state = state;
}

static void tell(struct hw_share_put *put);

static void reported(struct hw_report *report)
{
	tell(hw_container_of(report, struct hw_share_put, report));
}

static void noticed(struct hw_notice *notice)
{
	tell(hw_container_of(notice, struct hw_share_put, notice));
}

/* The last letters are in the object: it goes when they are back. */
static void tell(struct hw_share_put *put)
{
	const struct hw_catalog_request *request = &put->request;
	bool is_idle = hw_report_is_idle(&put->report);
	if ((!is_idle || put->has_notice) && put->state != HW_SHARE_PUT_TELLING) {
		set_state(put, HW_SHARE_PUT_TELLING);
	}
	if (!is_idle) {
		hw_report_join(&put->report, reported);
		return;
	}
	struct hw_span name = {request->name, request->name_size};
	bool has_notice = put->has_notice;
	put->has_notice = false;
	if (has_notice && hw_notice_tell(&put->notice, put->talks, request->share_id,
					 HW_NOTICE_FILE_ADDED, name, noticed)) {
		return;
	}
	set_state(put, HW_SHARE_PUT_FREE);
	hw_pool_give(&put->talks->puts, put);
}

static void put_free(struct hw_share_put *put)
{
	hw_admission_leave(&put->admission);
	tell(put);
}

/* -- begin -- */

/* What can be said before the catalog is asked. Returns false when it was said. */
static bool is_acceptable(const struct hw_talks *talks, struct hw_http_conn *conn,
			  struct hw_span name)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	char clean[HW_NAME_SIZE_MAX];
	uint32_t clean_size = 0;
	enum hw_name_verdict verdict = hw_name_clean(name, clean, &clean_size);
	if (verdict != HW_NAME_GOOD) {
		hw_reply_error(conn, 400, hw_name_reason(verdict));
		return false;
	}
	if (!hw_put_is_whole(conn)) {
		return false;
	}
	if (request->content_length > talks->options.file_size_max) {
		hw_reply_errno(conn, -EDQUOT);
		return false;
	}
	return true;
}

static void upload_set(struct hw_share_put *put)
{
	const struct hw_http_request *request = hw_http_conn_request(put->conn);
	struct hw_upload *upload = &put->upload;
	memset(upload->upload_id, 0, HW_UPLOAD_ID_SIZE);
	upload->length = request->is_chunked ? HW_LENGTH_UNKNOWN : request->content_length;
	upload->expires_ms = 0;
	upload->kind = HW_UPLOAD_WHOLE;
	upload->metadata_size = 0;
	upload->tail_size = 0;
}

void hw_share_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
			struct hw_span name)
{
	struct hw_catalog_request asker;
	if (!hw_share_talk_asker(talks, conn, &asker)) {
		hw_reply_unauthorized(conn, "Send the share's owner token, as Authorization: "
					    "Bearer <token>.");
		return;
	}
	if (!is_acceptable(talks, conn, name)) {
		return;
	}
	struct hw_share_put *put = hw_pool_take(&talks->puts);
	if (put == NULL) {
		hw_reply_busy(conn, "Too many uploads are running; try again in a moment.");
		return;
	}
	put->talks = talks;
	put->conn = conn;
	put->begun_us = talks->reactor->now_us;
	put->is_live = false;
	put->may_spill = false;
	put->has_notice = false;
	put->report = (struct hw_report){.talks = NULL};
	put->request = (struct hw_catalog_request){
		.upload = &put->upload,
		.home = (uint16_t)talks->reactor->index,
		.is_operator = asker.is_operator,
		.free_size = hw_segment_log_free_size(&talks->store->log),
		.share_size_max = talks->options.share_size_max,
		.store_size_max = talks->options.quota_size,
	};
	memcpy(put->request.owner_hash, asker.owner_hash, HW_HASH_SIZE);
	hw_link_parse(&put->request, id, name);
	upload_set(put);
	enter(put);
}

/* May this client begin one more upload? */
static void enter(struct hw_share_put *put)
{
	/* Behind its intake the object may have been another's. */
	put->state = HW_SHARE_PUT_FREE;
	put->admission = (struct hw_admission){.talks = NULL};
	set_state(put, HW_SHARE_PUT_ENTERING);
	hw_admission_init(&put->admission, put->talks, put->conn, entered);
	enum hw_admission_verdict entry = hw_admission_rate(&put->admission, HW_RATE_UPLOAD);
	if (entry != HW_ADMISSION_WAIT) {
		entered(&put->admission, entry == HW_ADMISSION_IN);
	}
}

static void entered(struct hw_admission *admission, bool is_in)
{
	struct hw_share_put *put = hw_container_of(admission, struct hw_share_put, admission);
	if (!is_in) {
		put_free(put);
		return;
	}
	set_state(put, HW_SHARE_PUT_CREATING);
	hw_http_conn_handle(put->conn, &g_handler, put);
	hw_catalog_submit(put->talks->catalog, &put->request, HW_CATALOG_UPLOAD_CREATE, created);
}

static void created(struct hw_catalog_request *request)
{
	struct hw_share_put *put = hw_container_of(request, struct hw_share_put, request);
	struct hw_http_conn *conn = put->conn;
	if (request->res < 0) {
		int error = request->res;
		put_free(put);
		hw_share_reply_errno(conn, error);
		return;
	}
	put->is_live = request->access.mode == HW_SHARE_LIVE;
	put->may_spill = request->access.mode == HW_SHARE_SPILL;
	bool is_promised = !put->is_live && put->upload.length != HW_LENGTH_UNKNOWN;
	uint64_t promised_size = is_promised ? put->upload.length : 0;
	if (hw_segment_promise(&put->talks->store->log, promised_size) < 0) {
		set_state(put, HW_SHARE_PUT_ABANDONING);
		hw_catalog_submit(put->talks->catalog, request, HW_CATALOG_ABORT, abandoned);
		return;
	}
	receive(put, promised_size);
}

static void abandoned(struct hw_catalog_request *request)
{
	struct hw_share_put *put = hw_container_of(request, struct hw_share_put, request);
	struct hw_http_conn *conn = put->conn;
	put_free(put);
	hw_reply_errno(conn, -ENOSPC);
}

/* -- the body -- */

static void report_begin(struct hw_share_put *put)
{
	uint8_t client_id[HW_CLIENT_ID_SIZE];
	struct hw_report_options options = {
		.share_id = put->request.share_id,
		.name = {put->request.name, put->request.name_size},
		.size = put->upload.length,
		.client_id = hw_client_id_of(put->conn, client_id) ? client_id : NULL,
	};
	hw_report_begin(&put->report, put->talks, &options);
}

static void receive(struct hw_share_put *put, uint64_t promised_size)
{
	report_begin(put);
	struct hw_intake_options options = {
		.handler = &g_intake_handler,
		.conn = put->conn,
		.report = &put->report,
		.length = put->upload.length,
		.promised_size = promised_size,
		.file_id = put->request.file_id,
		.is_live = put->is_live,
		.may_spill = put->may_spill,
	};
	set_state(put, HW_SHARE_PUT_TAKING);
	hw_intake_begin(&put->intake, put->talks, &options);
}

static void body_done(void *talk, int res)
{
	struct hw_share_put *put = talk;
	hw_intake_source_done(&put->intake, res);
}

static void stored(struct hw_intake *intake)
{
	struct hw_share_put *put = hw_container_of(intake, struct hw_share_put, intake);
	if (put->may_spill && !hw_intake_is_stored(intake)) {
		put->is_live = true;
		if (!hw_live_was_taken(&intake->live, hw_intake_size(intake))) {
			hw_intake_discard(intake, -ENOTCONN); /* its end was for nobody */
			return;
		}
	}
	if (put->is_live) {
		hw_intake_end_live(intake);
		return;
	}
	memcpy(intake->request.name, put->request.name, put->request.name_size);
	intake->request.name_size = put->request.name_size;
	hw_intake_commit(intake);
}

/* -- the answer -- */

/* The link as the share was named in the request. */
static void link_write(const struct hw_share_put *put, struct hw_http_writer *writer)
{
	const struct hw_catalog_request *request = &put->request;
	struct hw_share share;
	memcpy(share.share_id, request->share_id, HW_SHARE_ID_SIZE);
	memcpy(share.policy.link_name, request->link_name, request->link_name_size);
	share.policy.link_name_size = request->link_name_size;
	hw_reply_write_share(put->conn, writer, put->talks->options.public_url, &share);
	hw_http_writer_text(writer, "/");
	hw_http_writer_uri(writer, (struct hw_span){request->name, request->name_size});
}

static void reply(struct hw_share_put *put)
{
	char link_bytes[HW_SHARE_URL_SIZE_MAX + 1 + 3 * HW_NAME_SIZE_MAX];
	char root[2 * HW_HASH_SIZE];
	struct hw_http_writer link;
	struct hw_http_writer head;
	hw_hex_encode(put->intake.request.file_root, HW_HASH_SIZE, root);
	hw_http_writer_init(&link, link_bytes, sizeof(link_bytes));
	link_write(put, &link);
	hw_assert(!link.is_overflowed);
	bool is_whole = !put->is_live && put->intake.request.first_offset == 0;
	hw_http_conn_reply_begin(put->conn, &head, is_whole ? 201 : 200);
	if (!put->is_live) {
		hw_http_writer_field(&head, HW_SPAN("Location"), hw_http_writer_span(&link));
		hw_http_writer_field_etag(&head, put->intake.request.file_root, HW_HASH_SIZE);
	}
	struct hw_span body = hw_http_writer_span(&link);
	if (put->is_live) {
		body = HW_SPAN("Received; nothing of it is stored here.");
	} else if (!is_whole) {
		body = HW_SPAN("Received; its beginning has passed, the rest is stored here.");
	}
	hw_http_writer_field(&head, HW_SPAN("Hawser-Root"), (struct hw_span){root, sizeof(root)});
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), body.size + 1U);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_writer_bytes(&head, body);
	hw_http_writer_text(&head, "\n");
	hw_assert(!head.is_overflowed);
	hw_http_conn_reply_send(put->conn, &head, NULL, 0);
}

static void named(struct hw_intake *intake)
{
	struct hw_share_put *put = hw_container_of(intake, struct hw_share_put, intake);
	struct hw_metrics *metrics = put->talks->reactor->metrics;
	uint64_t now_us = put->talks->reactor->now_us;
	hw_metrics_add(metrics, HW_METRIC_uploads_completed, 1);
	hw_metrics_observe_us(metrics, HW_HISTOGRAM_upload_duration, now_us - put->begun_us);
	HW_LOG(HW_LOG_INFO, "share_put.done", HW_F_U64("size", intake->request.file_size),
	       HW_F_HEX("root", intake->request.file_root, HW_HASH_SIZE),
	       HW_F_U64("live", put->is_live), HW_F_U64("us", now_us - put->begun_us));
	hw_report_end(&put->report, HW_TRANSFER_UPLOADED);
	put->has_notice = true;
	set_state(put, HW_SHARE_PUT_REPLYING);
	reply(put);
}

static void send_done(void *talk, int res)
{
	struct hw_share_put *put = talk;
	struct hw_http_conn *conn = put->conn;
	put_free(put);
	if (res < 0) {
		hw_http_conn_abort(conn); /* the file is there; who sent it will not know */
		return;
	}
	hw_http_conn_end(conn);
}

static void failed(struct hw_intake *intake, int error)
{
	struct hw_share_put *put = hw_container_of(intake, struct hw_share_put, intake);
	struct hw_http_conn *conn = put->conn;
	bool is_gone = error == -ECONNRESET || error == -EPIPE || conn->is_answered;
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_WARN, "share_put.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("received", intake->received_size));
	hw_report_end(&put->report, is_gone ? HW_TRANSFER_CANCELLED : HW_TRANSFER_FAILED);
	put_free(put);
	if (is_gone) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_close_after(conn);
	hw_share_reply_errno(conn, error);
}
