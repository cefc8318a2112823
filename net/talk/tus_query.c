/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> ask -> catalog -> asked -+-> answered: 200 with the offset, 204, or what is wrong
 *             ^                       +-> somebody has the upload: evict -> evicted --+
 *             +------------------------------------------------------------------------+
 */
#include <errno.h>
#include <string.h>

#include "net/talk/reply.h"
#include "net/talk/tus.h"
#include "net/wire/base32.h"
#include "net/wire/resume_head.h"

#define TUS_EXTENSIONS                                                                             \
	"creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,"     \
	"concatenation"

static void asked(struct hw_catalog_request *request);
static void evicted(struct hw_evict *evict);
static void head_answered(struct hw_tus_query *query, int res);
static void end_answered(struct hw_tus_query *query, int res);

/* -- what every answer needs -- */

bool hw_tus_head_judge(struct hw_http_conn *conn, struct hw_tus_head *ret_head)
{
	enum hw_tus_verdict verdict = hw_tus_head_parse(hw_http_conn_request(conn),
							hw_http_conn_head_bytes(conn), ret_head);
	if (verdict == HW_TUS_GOOD) {
		return true;
	}
	if (verdict == HW_TUS_NO_VERSION || verdict == HW_TUS_BAD_VERSION) {
		hw_reply_error_field(conn, 412,
				     "This address speaks tus; send Tus-Resumable: 1.0.0.",
				     "Tus-Version", "1.0.0");
	} else {
		hw_reply_error(conn, hw_tus_status(verdict), hw_tus_reason(verdict));
	}
	return false;
}

void hw_tus_reply_errno(struct hw_http_conn *conn, int error)
{
	switch (error) {
	case -ENOENT:
		hw_reply_error(conn, 404, "There is no such upload.");
		break;
	case -EIDRM:
		hw_reply_error(conn, 410, "The upload was given up; begin a new one.");
		break;
	case -EBUSY:
		hw_reply_error(conn, 423, "Another request still has this upload; try again.");
		break;
	case -EPERM:
		hw_reply_error(conn, 403,
			       "The upload is complete; its share's owner may remove it.");
		break;
	default:
		hw_reply_errno(conn, error);
	}
}

void hw_tus_write_expires(struct hw_http_writer *head, const struct hw_upload *upload)
{
	if (!upload->is_sealed || upload->kind == HW_UPLOAD_PARTIAL) {
		hw_http_writer_field_date(head, HW_SPAN("Upload-Expires"),
					  upload->expires_ms / 1000);
	}
}

void hw_tus_write_location(struct hw_http_writer *head, const struct hw_upload *upload)
{
	char id[HW_BASE32_SIZE(HW_UPLOAD_ID_SIZE)];
	hw_base32_encode(upload->upload_id, HW_UPLOAD_ID_SIZE, id);
	/* Relative to the host: whoever stands before us may have changed that. */
	hw_http_writer_text(head, "Location: /api/v1/uploads/");
	hw_http_writer_bytes(head, (struct hw_span){id, sizeof(id)});
	hw_http_writer_text(head, "\r\n");
}

void hw_tus_options(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, 204);
	hw_http_writer_field(&head, HW_SPAN("Allow"),
			     HW_SPAN("OPTIONS, POST, HEAD, GET, PATCH, DELETE"));
	hw_http_writer_field(&head, HW_SPAN("Accept-Patch"),
			     HW_SPAN(HW_TUS_MEDIA_TYPE ", " HW_RESUME_MEDIA_TYPE));
	hw_http_writer_bytes(&head,
			     (struct hw_span){talks->upload_limit, talks->upload_limit_size});
	hw_http_writer_field(&head, HW_SPAN("Tus-Version"), HW_SPAN("1.0.0"));
	hw_http_writer_field(&head, HW_SPAN("Tus-Extension"), HW_SPAN(TUS_EXTENSIONS));
	hw_http_writer_field(&head, HW_SPAN("Tus-Checksum-Algorithm"), HW_SPAN("sha1,sha256"));
	hw_http_writer_field_number(&head, HW_SPAN("Tus-Max-Size"), talks->options.file_size_max);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

/* -- a question -- */

void hw_tus_id_parse(struct hw_tus_query *query, struct hw_span id)
{
	if (hw_base32_decode(id, query->upload.upload_id, HW_UPLOAD_ID_SIZE) < 0) {
		memset(query->upload.upload_id, 0, HW_UPLOAD_ID_SIZE); /* never given */
	}
}

void hw_tus_ask(struct hw_tus_query *query, enum hw_catalog_verb verb)
{
	query->verb = verb;
	query->evict.talks = query->talks;
	query->evict.done = evicted;
	query->evict.tries = 0;
	query->request.upload = &query->upload;
	query->request.home = (uint16_t)query->talks->reactor->index;
	hw_catalog_submit(query->talks->catalog, &query->request, verb, asked);
}

static void asked(struct hw_catalog_request *request)
{
	struct hw_tus_query *query = hw_container_of(request, struct hw_tus_query, request);
	bool is_held = request->res == -EBUSY ||
		       (request->res == 0 && query->verb == HW_CATALOG_UPLOAD_GET &&
			request->home != HW_HOME_NONE);
	if (!is_held || query->evict.tries == HW_EVICT_TRIES_MAX) {
		query->answered(query, is_held ? -EBUSY : request->res);
		return;
	}
	query->evict.file_id = request->file_id;
	hw_evict_begin(&query->evict, request->home);
}

static void evicted(struct hw_evict *evict)
{
	struct hw_tus_query *query = hw_container_of(evict, struct hw_tus_query, evict);
	query->request.home = (uint16_t)query->talks->reactor->index;
	hw_catalog_submit(query->talks->catalog, &query->request, query->verb, asked);
}

/* -- HEAD and DELETE -- */

void hw_tus_query_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_tus_head head;
	if (hw_tus_head_judge(conn, &head)) {
		hw_tus_query_take(talks, conn, id, head.method == HW_HTTP_DELETE, head_answered);
	}
}

void hw_tus_query_take(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       bool is_end, void (*answered)(struct hw_tus_query *query, int res))
{
	struct hw_tus_query *query = hw_pool_take(&talks->queries);
	if (query == NULL) {
		hw_reply_busy(conn, "Too many uploads are asked about; try again in a moment.");
		return;
	}
	query->talks = talks;
	query->conn = conn;
	query->request = (struct hw_catalog_request){.file_id = 0};
	query->report = (struct hw_report){.talks = NULL};
	query->answered = is_end ? end_answered : answered;
	hw_tus_id_parse(query, id);
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_tus_ask(query, is_end ? HW_CATALOG_UPLOAD_END : HW_CATALOG_UPLOAD_GET);
}

static void ended(struct hw_report *report)
{
	struct hw_tus_query *query = hw_container_of(report, struct hw_tus_query, report);
	hw_pool_give(&query->talks->queries, query);
}

static void end_answered(struct hw_tus_query *query, int res)
{
	struct hw_http_conn *conn = query->conn;
	if (res == 0) {
		hw_tus_report_begin(query); /* of the transfer that ends here */
		hw_report_end(&query->report, HW_TRANSFER_CANCELLED);
	}
	if (hw_report_is_idle(&query->report)) {
		hw_pool_give(&query->talks->queries, query);
	} else {
		hw_report_join(&query->report, ended);
	}
	if (res < 0) {
		hw_tus_reply_errno(conn, res);
		return;
	}
	hw_reply_empty(conn, 204);
}

static void query_sent(void *talk, int res)
{
	struct hw_tus_query *query = talk;
	struct hw_http_conn *conn = query->conn;
	hw_pool_give(&query->talks->queries, query);
	if (res < 0) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}

static const struct hw_http_handler g_sent_handler = {.body_done = hw_reply_no_body,
						      .send_done = query_sent};

static void upload_fields_write(const struct hw_upload *upload, struct hw_http_writer *head)
{
	hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	if (upload->kind != HW_UPLOAD_FINAL || upload->is_sealed) {
		hw_http_writer_field_number(head, HW_SPAN("Upload-Offset"), upload->offset);
	}
	if (upload->length != HW_LENGTH_UNKNOWN) {
		hw_http_writer_field_number(head, HW_SPAN("Upload-Length"), upload->length);
	} else {
		hw_http_writer_field_number(head, HW_SPAN("Upload-Defer-Length"), 1);
	}
	if (upload->kind != HW_UPLOAD_WHOLE) {
		hw_http_writer_field(head, HW_SPAN("Upload-Concat"),
				     upload->kind == HW_UPLOAD_PARTIAL ? HW_SPAN("partial")
								       : HW_SPAN("final"));
	}
	hw_tus_write_expires(head, upload);
}

/* The metadata is longer than a reply buffer: it is sent from where it lies, as the last field. */
static void head_answered(struct hw_tus_query *query, int res)
{
	struct hw_http_conn *conn = query->conn;
	const struct hw_upload *upload = &query->upload;
	struct hw_http_writer head;
	if (res < 0) {
		hw_pool_give(&query->talks->queries, query);
		hw_tus_reply_errno(conn, res);
		return;
	}
	hw_http_conn_handle(conn, &g_sent_handler, query);
	hw_http_conn_reply_begin(conn, &head, 200);
	upload_fields_write(upload, &head);
	if (upload->metadata_size == 0) {
		hw_http_writer_head_end(&head);
		hw_http_conn_reply_send(conn, &head, NULL, 0);
		return;
	}
	hw_http_writer_text(&head, "Upload-Metadata: ");
	uint32_t first_size = head.size;
	hw_http_writer_text(&head, "\r\n\r\n");
	hw_assert(!head.is_overflowed);
	struct iovec iov[] = {
		{conn->reply, first_size},
		{query->upload.metadata, upload->metadata_size},
		{conn->reply + first_size, head.size - first_size},
	};
	hw_http_conn_send(conn, iov, hw_count_of(iov));
}
