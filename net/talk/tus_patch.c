/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a PATCH:
 *
 *   begin -> enter (admission.c) -> ask: the upload becomes ours -> opened -> judge
 *         -> receive: the intake takes the body
 *   stored: all of it, or as far as it came
 *         -> checksum wrong: discard -> failed -> 460
 *         -> complete: commit, else save -> named -> 204 (the body broke off: close)
 *   what is wrong before the body: refuse -> left -> the answer
 */
#include <errno.h>
#include <string.h>

#include "core/base/failpoint.h"
#include "core/base/log.h"
#include "net/talk/client.h"
#include "net/talk/reply.h"
#include "net/talk/resume.h"
#include "net/talk/tus.h"

/* A body with a checksum is named as one: as many chunks as one request to the catalog takes,
 * less one that it may have begun before. */
#define CHECKED_SIZE_MAX ((uint64_t)(HW_EXTENT_BATCH_MAX - 1) * HW_CHUNK_SIZE)

static void tell(struct hw_tus *tus);
static void ask(struct hw_tus *tus);
static void opened(struct hw_tus_query *query, int res);
static void received(struct hw_intake *intake, const uint8_t *bytes, uint32_t size);
static void stored(struct hw_intake *intake);
static void parts_closed(void *owner, int res);
static void named(struct hw_intake *intake);
static void failed(struct hw_intake *intake, int error);
static void left(struct hw_catalog_request *request);
static void body_done(void *talk, int res);
static void send_done(void *talk, int res);

static const struct hw_http_handler g_handler = {.body_done = body_done, .send_done = send_done};
static const struct hw_intake_handler g_intake_handler = {
	.received = received, .stored = stored, .named = named, .failed = failed};

static void set_state(struct hw_tus *tus, enum hw_tus_state state)
{
	static const uint8_t g_next[HW_TUS_STATE_COUNT] = {
		[HW_TUS_FREE] = 1U << HW_TUS_ASKING,
		[HW_TUS_ASKING] = 1U << HW_TUS_TAKING | 1U << HW_TUS_LEAVING | 1U << HW_TUS_FREE |
				  1U << HW_TUS_REPLYING | 1U << HW_TUS_TELLING,
		[HW_TUS_TAKING] = 1U << HW_TUS_REPLYING | 1U << HW_TUS_TELLING | 1U << HW_TUS_FREE,
		[HW_TUS_LEAVING] = 1U << HW_TUS_FREE,
		[HW_TUS_REPLYING] = 1U << HW_TUS_TELLING | 1U << HW_TUS_FREE,
		[HW_TUS_TELLING] = 1U << HW_TUS_FREE,
	};
	hw_assert((g_next[tus->state] & (1U << state)) != 0);
	tus->state = state;
}

/* -- begin -- */

struct hw_tus *hw_tus_take(struct hw_talks *talks, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	uint64_t body_size = request->is_chunked ? HW_LENGTH_UNKNOWN : request->content_length;
	uint64_t promised_size = request->is_chunked ? 0 : body_size;
	if (hw_segment_promise(&talks->store->log, promised_size) < 0) {
		hw_reply_errno(conn, -ENOSPC);
		return NULL;
	}
	struct hw_tus *tus = hw_pool_take(&talks->puts);
	if (tus == NULL) {
		hw_segment_promise_end(&talks->store->log, promised_size);
		hw_reply_busy(conn, "Too many uploads are running; try again in a moment.");
		return NULL;
	}
	tus->query.talks = talks;
	tus->query.conn = conn;
	tus->query.request = (struct hw_catalog_request){.file_id = 0};
	tus->begun_us = talks->reactor->now_us;
	tus->body_size = body_size;
	tus->promised_size = promised_size;
	tus->is_creation = false;
	tus->concat = NULL;
	tus->query.evict = (struct hw_evict){.talks = NULL};
	tus->state = HW_TUS_FREE; /* behind its intake the object may have been another's */
	tus->is_live = false;
	tus->is_draft = false;
	tus->is_last = false;
	tus->wants_interim = false;
	tus->problem = NULL;
	tus->has_notice = false;
	tus->admission = (struct hw_admission){.talks = NULL};
	tus->query.report = (struct hw_report){.talks = NULL};
	set_state(tus, HW_TUS_ASKING);
	hw_http_conn_handle(conn, &g_handler, tus);
	return tus;
}

void hw_tus_free(struct hw_tus *tus)
{
	hw_segment_promise_end(&tus->query.talks->store->log, tus->promised_size);
	tus->promised_size = 0;
	if (tus->concat != NULL) {
		hw_assert(!tus->concat->is_pinned && !tus->concat->is_wanted);
		hw_pool_give(&tus->query.talks->concats, hw_move(&tus->concat));
	}
	hw_admission_leave(&tus->admission);
	tell(tus);
}

static void reported(struct hw_report *report)
{
	tell(hw_container_of(report, struct hw_tus, query.report));
}

static void noticed(struct hw_notice *notice)
{
	tell(hw_container_of(notice, struct hw_tus, notice));
}

/* The last letters are in the object: it goes when they are back. */
static void tell(struct hw_tus *tus)
{
	const struct hw_catalog_request *request = &tus->query.request;
	struct hw_span name = {request->name, request->name_size};
	bool has_notice = tus->has_notice && name.size > 0;
	bool is_idle = hw_report_is_idle(&tus->query.report);
	if ((!is_idle || has_notice) && tus->state != HW_TUS_TELLING) {
		set_state(tus, HW_TUS_TELLING);
	}
	if (!is_idle) {
		hw_report_join(&tus->query.report, reported);
		return;
	}
	tus->has_notice = false;
	if (has_notice && hw_notice_tell(&tus->notice, tus->query.talks, request->share_id,
					 HW_NOTICE_FILE_ADDED, name, noticed)) {
		return;
	}
	set_state(tus, HW_TUS_FREE);
	hw_pool_give(&tus->query.talks->puts, tus);
}

/* -- limits of the client -- */

static void admitted(struct hw_admission *admission, bool is_in)
{
	struct hw_tus *tus = hw_container_of(admission, struct hw_tus, admission);
	if (!is_in) {
		hw_tus_free(tus);
		return;
	}
	hw_http_conn_handle(tus->query.conn, &g_handler, tus);
	tus->entered(tus);
}

void hw_tus_enter(struct hw_tus *tus, void (*entered)(struct hw_tus *tus))
{
	tus->entered = entered;
	hw_admission_init(&tus->admission, tus->query.talks, tus->query.conn, admitted);
	enum hw_admission_verdict verdict = hw_admission_rate(&tus->admission, HW_RATE_UPLOAD);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&tus->admission, verdict == HW_ADMISSION_IN);
	}
}

/* What can be said of a PATCH without knowing the upload. Returns false when it was said. */
static bool is_acceptable(const struct hw_talks *talks, struct hw_http_conn *conn,
			  const struct hw_tus_head *head)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *sentence = NULL;
	uint32_t status = 400;
	if (!head->has_offset_type) {
		status = 415;
		sentence = "Send the bytes as Content-Type: application/offset+octet-stream.";
	} else if (!head->has_offset) {
		sentence = "Say where the bytes belong: Upload-Offset is missing.";
	} else if (head->checksum != HW_TUS_CHECKSUM_NONE && request->is_chunked) {
		status = 411;
		sentence = "A body with a checksum needs its Content-Length.";
	} else if (head->checksum != HW_TUS_CHECKSUM_NONE &&
		   request->content_length > CHECKED_SIZE_MAX) {
		status = 413;
		sentence = "A body with a checksum may have 60 MiB; send it in parts.";
	} else if (head->has_length && head->length > talks->options.file_size_max) {
		status = 413;
		sentence = "The file is larger than this server accepts.";
	}
	if (sentence != NULL) {
		hw_reply_error(conn, status, sentence);
	}
	return sentence == NULL;
}

void hw_tus_patch_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_tus_head head;
	if (!hw_tus_head_judge(conn, &head) || !is_acceptable(talks, conn, &head)) {
		return;
	}
	struct hw_tus *tus = hw_tus_take(talks, conn);
	if (tus == NULL) {
		return;
	}
	tus->offset = head.offset;
	tus->length = head.has_length ? head.length : HW_LENGTH_UNKNOWN;
	hw_tus_digest_begin(&tus->digest, &head);
	hw_tus_open(tus, id);
}

void hw_tus_open(struct hw_tus *tus, struct hw_span id)
{
	hw_tus_id_parse(&tus->query, id);
	tus->query.answered = opened;
	hw_tus_enter(tus, ask);
}

static void ask(struct hw_tus *tus)
{
	hw_tus_ask(&tus->query, HW_CATALOG_UPLOAD_OPEN);
}

/* -- judge -- */

/* Against what the catalog knows. Returns the status of the refusal, 0: go on. */
static uint32_t judge(struct hw_tus *tus, const char **ret_sentence)
{
	struct hw_upload *upload = &tus->query.upload;
	if (upload->kind == HW_UPLOAD_FINAL) {
		*ret_sentence = "An upload that is made of others takes no bytes.";
		return 403;
	}
	if (tus->offset != upload->offset) {
		*ret_sentence = "The upload is at another offset; ask with HEAD, and go on there.";
		return 409;
	}
	if (tus->length != HW_LENGTH_UNKNOWN && upload->length != HW_LENGTH_UNKNOWN &&
	    tus->length != upload->length) {
		*ret_sentence = "The upload's length was announced already, and is another.";
		return 400;
	}
	uint64_t length = upload->length != HW_LENGTH_UNKNOWN ? upload->length : tus->length;
	if (length < upload->offset) {
		*ret_sentence = "More bytes than that are there already.";
		return 400;
	}
	bool is_sized = tus->body_size != HW_LENGTH_UNKNOWN;
	bool is_over = upload->is_sealed && !is_sized; /* nobody would count those bytes */
	if (is_over ||
	    (length != HW_LENGTH_UNKNOWN && is_sized && tus->body_size > length - upload->offset)) {
		*ret_sentence = "Those are more bytes than the upload was announced with.";
		return 413;
	}
	return 0;
}

static void opened(struct hw_tus_query *query, int res)
{
	struct hw_tus *tus = hw_container_of(query, struct hw_tus, query);
	struct hw_http_conn *conn = query->conn;
	const char *sentence = NULL;
	if (res < 0) {
		hw_tus_free(tus);
		hw_tus_reply_errno(conn, res);
		return;
	}
	uint32_t status = tus->is_draft ? hw_resume_judge(tus, &sentence) : judge(tus, &sentence);
	if (status == 0 &&
	    query->upload.is_sealed) { /* nothing is missing: an empty body is right */
		hw_tus_reply(tus);
		return;
	}
	if (status != 0) {
		hw_tus_refuse(tus, status, sentence);
		return;
	}
	if (query->upload.length == HW_LENGTH_UNKNOWN) {
		query->upload.length = tus->length;
	}
	hw_tus_receive(tus);
}

/* -- refuse -- */

static void leave(struct hw_tus *tus, enum hw_catalog_verb verb, uint32_t status,
		  const char *sentence)
{
	tus->refusal = status;
	tus->sentence = sentence;
	set_state(tus, HW_TUS_LEAVING);
	hw_catalog_submit(tus->query.talks->catalog, &tus->query.request, verb, left);
}

void hw_tus_refuse(struct hw_tus *tus, uint32_t status, const char *sentence)
{
	leave(tus, HW_CATALOG_UPLOAD_LEAVE, status, sentence);
}

void hw_tus_abandon(struct hw_tus *tus, uint32_t status, const char *sentence)
{
	leave(tus, HW_CATALOG_ABORT, status, sentence);
}

static void left(struct hw_catalog_request *request)
{
	struct hw_tus *tus = hw_container_of(request, struct hw_tus, query.request);
	struct hw_http_conn *conn = tus->query.conn;
	uint32_t status = tus->refusal;
	const char *sentence = tus->sentence;
	if (tus->is_draft) {
		hw_resume_refused(tus);
		return;
	}
	hw_tus_free(tus);
	hw_reply_error(conn, status, sentence);
}

/* -- the body -- */

void hw_tus_report_begin(struct hw_tus_query *query)
{
	const struct hw_catalog_request *request = &query->request;
	uint8_t client_id[HW_CLIENT_ID_SIZE];
	if (request->name_size == 0) {
		return; /* a part of a file that is not there yet */
	}
	struct hw_report_options options = {
		.share_id = request->share_id,
		.name = {request->name, request->name_size},
		.size = query->upload.length,
		.offset = query->upload.offset,
		.client_id = hw_client_id_of(query->conn, client_id) ? client_id : NULL,
		.upload_id = query->upload.upload_id,
	};
	hw_report_begin(&query->report, query->talks, &options);
}

void hw_tus_receive(struct hw_tus *tus)
{
	struct hw_catalog_request *request = &tus->query.request;
	hw_tus_report_begin(&tus->query);
	struct hw_intake_options options = {
		.handler = &g_intake_handler,
		.conn = tus->query.conn,
		.report = &tus->query.report,
		.length = tus->query.upload.length,
		.promised_size = tus->promised_size,
		.upload = tus->is_live ? NULL : &tus->query.upload,
		.file_id = request->file_id,
		.short_chunk = request->extent_count > 0 ? &request->extents[0] : NULL,
		.is_live = tus->is_live,
		.ends_with_body = tus->is_last,
		.is_held = tus->digest.kind != HW_TUS_CHECKSUM_NONE,
		.source = tus->concat != NULL ? &hw_tus_parts_source : NULL,
		.source_owner = tus->concat,
	};
	tus->promised_size = 0;
	hw_resume_announce(tus);
	set_state(tus, HW_TUS_TAKING);
	hw_intake_begin(&tus->intake, tus->query.talks, &options);
}

static void body_done(void *talk, int res)
{
	struct hw_tus *tus = talk;
	hw_intake_source_done(&tus->intake, res);
}

static void received(struct hw_intake *intake, const uint8_t *bytes, uint32_t size)
{
	struct hw_tus *tus = hw_container_of(intake, struct hw_tus, intake);
	hw_tus_digest_add(&tus->digest, bytes, size);
}

static void stored(struct hw_intake *intake)
{
	struct hw_tus *tus = hw_container_of(intake, struct hw_tus, intake);
	if (tus->digest.kind != HW_TUS_CHECKSUM_NONE) {
		if (intake->body_error < 0) {
			hw_intake_discard(intake, intake->body_error);
			return;
		}
		if (!hw_tus_digest_matches(&tus->digest)) {
			hw_intake_discard(intake, -EBADE);
			return;
		}
	}
	if (tus->concat != NULL) { /* the last part is let go of first */
		hw_tus_parts_close(tus->concat, tus, parts_closed);
	} else if (tus->is_live) {
		tus->query.upload.offset = hw_intake_size(intake);
		hw_intake_end_live(intake);
	} else if (hw_intake_is_complete(intake)) {
		hw_intake_commit(intake);
	} else {
		hw_intake_save(intake);
	}
}

/* A part that could not be read: nothing of it all stays. */
static void parts_closed(void *owner, int res)
{
	struct hw_tus *tus = owner;
	struct hw_intake *intake = &tus->intake;
	(void)res; /* there is nothing to be done about it */
	if (hw_intake_is_complete(intake)) {
		hw_intake_commit(intake);
	} else {
		hw_intake_discard(intake, intake->body_error < 0 ? intake->body_error : -EBADMSG);
	}
}

/* -- the answer -- */

static void answer_write(struct hw_tus *tus, struct hw_http_writer *head)
{
	hw_http_conn_reply_begin(tus->query.conn, head, tus->is_creation ? 201 : 204);
	if (tus->is_creation) {
		hw_tus_write_location(head, &tus->query.upload);
		hw_http_writer_field_number(head, HW_SPAN("Content-Length"), 0);
	}
	hw_http_writer_field_number(head, HW_SPAN("Upload-Offset"), tus->query.upload.offset);
	hw_tus_write_expires(head, &tus->query.upload);
	hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(head);
}

void hw_tus_reply(struct hw_tus *tus)
{
	struct hw_http_writer head;
	set_state(tus, HW_TUS_REPLYING);
	if (tus->is_draft) {
		hw_resume_answer_write(tus, &head);
	} else {
		answer_write(tus, &head);
	}
	HW_FAILPOINT(tus_before_reply);
	hw_http_conn_reply_send(tus->query.conn, &head, NULL, 0);
}

/* Why an upload does not go on that was left as @error says. Who was asked to let go of it counts
 * as idle too: whoever asked may only have wanted to know how far it is, and who goes on unsays
 * it. */
static const char *stall_of(int error)
{
	switch (error) {
	case -EDQUOT:
	case -ENOSPC:
		return HW_STALL_QUOTA;
	case -EIO:
	case -EROFS:
		return HW_STALL_DISK;
	default:
		return HW_STALL_SENDER;
	}
}

static void log_named(const struct hw_tus *tus)
{
	const struct hw_intake *intake = &tus->intake;
	const struct hw_upload *upload = &tus->query.upload;
	HW_LOG(HW_LOG_INFO, upload->is_sealed ? "tus.done" : "tus.saved",
	       HW_F_U64("offset", upload->offset), HW_F_ERRNO("error", intake->body_error),
	       HW_F_U64("us", tus->query.talks->reactor->now_us - tus->begun_us));
}

static void named(struct hw_intake *intake)
{
	struct hw_tus *tus = hw_container_of(intake, struct hw_tus, intake);
	struct hw_http_conn *conn = tus->query.conn;
	struct hw_metrics *metrics = tus->query.talks->reactor->metrics;
	int error = intake->body_error;
	tus->query.upload.is_sealed = hw_intake_is_complete(intake);
	hw_metrics_add(metrics, HW_METRIC_uploads_completed, tus->query.upload.is_sealed);
	log_named(tus);
	if (tus->query.upload.is_sealed) {
		hw_report_end(&tus->query.report, HW_TRANSFER_UPLOADED);
		tus->has_notice = true;
	} else {
		hw_report_pause(&tus->query.report, stall_of(error));
	}
	if (error == 0) {
		hw_tus_reply(tus);
		return;
	}
	hw_tus_free(tus);
	if (error == -ETIMEDOUT || error == -EPROTO || error == -EMSGSIZE) {
		hw_http_conn_close_after(conn);
		hw_tus_reply_errno(conn, error);
		return;
	}
	hw_http_conn_abort(conn); /* it has gone, or somebody else goes on */
}

static void send_done(void *talk, int res)
{
	struct hw_tus *tus = talk;
	struct hw_http_conn *conn = tus->query.conn;
	hw_tus_free(tus);
	if (res < 0) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}

static void failed(struct hw_intake *intake, int error)
{
	struct hw_tus *tus = hw_container_of(intake, struct hw_tus, intake);
	bool is_gone = error == -ECONNRESET || error == -EPIPE || error == -ECANCELED;
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_WARN, "tus.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("received", intake->received_size));
	if (tus->concat != NULL || tus->is_live) { /* nothing of it stays */
		hw_report_end(&tus->query.report,
			      is_gone && tus->is_live ? HW_TRANSFER_CANCELLED : HW_TRANSFER_FAILED);
	} else {
		hw_report_pause(&tus->query.report, stall_of(error));
	}
	if (tus->concat != NULL) {
		hw_tus_final_failed(tus, error);
	} else {
		hw_tus_failed_reply(tus, error);
	}
}

void hw_tus_failed_reply(struct hw_tus *tus, int error)
{
	struct hw_http_conn *conn = tus->query.conn;
	bool is_gone = error == -ECONNRESET || error == -EPIPE || error == -ECANCELED;
	hw_tus_free(tus);
	if (is_gone) {
		hw_http_conn_abort(conn);
		return;
	}
	if (hw_http_conn_has_body(conn)) {
		hw_http_conn_close_after(conn);
	}
	hw_tus_reply_errno(conn, error);
}
