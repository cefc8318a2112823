/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/wire/base32.h"
#include "net/wire/http_status.h"

#define BODY_SIZE_MAX 768U /* bytes of an error's body; the sentences are ours and short */

static void sent(void *talk, int res)
{
	struct hw_http_conn *conn = talk;
	if (res < 0) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}

void hw_reply_no_body(void *talk, int res)
{
	(void)talk;
	(void)res;
	hw_assert_fail("an answer asked for a body", __FILE__, __LINE__);
}

const struct hw_http_handler hw_reply_handler = {.body_done = hw_reply_no_body, .send_done = sent};

static const struct {
	int error;
	uint32_t status;
	const char *sentence;
} g_errors[] = {
	{ENOSPC, 507,
	 "There is no room left on the server's disk; delete something or ask its operator."},
	{EFBIG, 507, "The server may not write larger files (RLIMIT_FSIZE); tell its operator."},
	{EDQUOT, 413, "The file is larger than this server accepts."},
	{EBADMSG, 500,
	 "Stored bytes did not match their hash; they were not sent. Tell the operator."},
	{ETIMEDOUT, 408, "The request made no progress for too long; try again."},
	{ENOENT, 404,
	 "There is no such share; the link may have been mistyped, or the share was removed."},
	{EIDRM, 410,
	 "The share is over: it expired, was ended, or was taken as often as it may be."},
	{ESTALE, 410,
	 "The transfer began without you: those bytes have passed, and are stored nowhere."},
	{EXDEV, 409, "The parts do not all belong to this share."},
	{EBADE, 460, "The bytes do not match their checksum; they were thrown away."},
	{EPROTO, 400, "The body's chunked framing is broken."},
	{EMSGSIZE, 413, "There are more bytes than were announced; what was announced is kept."},
	{ENOTCONN, 408, "Nobody came to receive the file, which is not stored here."},
	{EEXIST, 409, "There is one of that name already."},
	{ENOBUFS, 503, "Too much is going on at the moment; try again."},
	{ENOMEM, 503, "The server is short of memory; try again in a moment."},
	{EACCES, 403, "The owner token does not belong to this share."},
	{EROFS, 500, "The server's disk refused a write; tell the operator."},
	{EIO, 500, "The server's disk refused an operation; tell the operator."},
	{ESHUTDOWN, 503, "The server is stopping; try again in a moment."},
};

static void body_write(struct hw_http_writer *body, uint32_t status, const char *sentence,
		       bool is_json)
{
	if (!is_json) {
		hw_http_writer_text(body, sentence);
		hw_http_writer_text(body, "\n");
		return;
	}
	hw_http_writer_text(body, "{\"title\":");
	hw_http_writer_json_string(body, hw_span_of(hw_http_status_phrase(status)));
	hw_http_writer_text(body, ",\"status\":");
	hw_http_writer_number(body, status);
	hw_http_writer_text(body, ",\"detail\":");
	hw_http_writer_json_string(body, hw_span_of(sentence));
	hw_http_writer_text(body, "}\n");
}

static void count(const struct hw_http_conn *conn, uint32_t status)
{
	enum hw_metric metric = HW_METRIC_http_errors_bad_request;
	if (status == 408) {
		metric = HW_METRIC_http_errors_timeout;
	} else if (status == 413 || status == 414 || status == 431) {
		metric = HW_METRIC_http_errors_too_large;
	} else if (status == 507) {
		metric = HW_METRIC_http_errors_no_space;
	} else if (status == 503 || status == 429) {
		metric = HW_METRIC_http_errors_busy;
	} else if (status != 400) {
		return;
	}
	hw_metrics_add(conn->server->reactor->metrics, metric, 1);
}

/* The body follows the head in the reply buffer. @field: one more, or NULL. */
static void error_send(struct hw_http_conn *conn, uint32_t status, const char *sentence,
		       const char *field, const char *value)
{
	char bytes[BODY_SIZE_MAX];
	bool is_json = conn->accepts_json;
	struct hw_http_writer body;
	struct hw_http_writer head;
	hw_http_writer_init(&body, bytes, sizeof(bytes));
	body_write(&body, status, sentence, is_json);
	hw_assert(!body.is_overflowed);
	count(conn, status);
	hw_http_conn_reply_begin(conn, &head, status);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"),
			     is_json ? HW_SPAN("application/problem+json")
				     : HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), body.size);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	if (field != NULL) {
		hw_http_writer_field(&head, hw_span_of(field), hw_span_of(value));
	}
	hw_http_writer_head_end(&head);
	if (conn->method != HW_HTTP_HEAD) {
		hw_http_writer_bytes(&head, hw_http_writer_span(&body));
	}
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

void hw_reply_error(struct hw_http_conn *conn, uint32_t status, const char *sentence)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, status, sentence, NULL, NULL);
}

void hw_reply_error_field(struct hw_http_conn *conn, uint32_t status, const char *sentence,
			  const char *field, const char *value)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, status, sentence, field, value);
}

void hw_reply_errno(struct hw_http_conn *conn, int error)
{
	for (uint32_t i = 0; i < hw_count_of(g_errors); i++) {
		if (g_errors[i].error == -error) {
			hw_reply_error(conn, g_errors[i].status, g_errors[i].sentence);
			return;
		}
	}
	hw_reply_error(conn, 500, "The server failed; its log says why.");
}

void hw_reply_method(struct hw_http_conn *conn, const char *allowed)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, 405, "This address does not know that method.", "Allow", allowed);
}

void hw_reply_unauthorized(struct hw_http_conn *conn, const char *sentence)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, 401, sentence, "WWW-Authenticate", "Bearer");
}

void hw_reply_upgrade(struct hw_http_conn *conn, const char *sentence)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, 426);
	hw_http_writer_field(&head, HW_SPAN("Upgrade"), HW_SPAN("websocket"));
	hw_http_writer_field(&head, HW_SPAN("Sec-WebSocket-Version"), HW_SPAN("13"));
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), strlen(sentence) + 1);
	hw_http_writer_head_end(&head);
	if (conn->method != HW_HTTP_HEAD) {
		hw_http_writer_text(&head, sentence);
		hw_http_writer_text(&head, "\n");
	}
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

void hw_reply_password(struct hw_http_conn *conn, const char *sentence)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, 401, sentence, "WWW-Authenticate", "Hawser-Password");
}

void hw_reply_later(struct hw_http_conn *conn, uint32_t status, uint32_t retry_s,
		    const char *sentence)
{
	char seconds[16];
	(void)snprintf(seconds, sizeof(seconds), "%u", retry_s); /* fits */
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, status, sentence, "Retry-After", seconds);
}

void hw_reply_busy(struct hw_http_conn *conn, const char *sentence)
{
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	error_send(conn, 503, sentence, "Retry-After", "1");
}

void hw_reply_refuse(void *user, struct hw_http_conn *conn, uint32_t status, const char *reason)
{
	char sentence[256];
	struct hw_http_writer writer;
	(void)user;
	conn->accepts_json = false; /* it was of the request before */
	hw_http_writer_init(&writer, sentence, sizeof(sentence) - 1);
	hw_http_writer_text(&writer, "The request was refused: ");
	hw_http_writer_text(&writer, reason);
	hw_http_writer_text(&writer, ".");
	hw_assert(!writer.is_overflowed); /* reasons are literals of ours */
	sentence[writer.size] = '\0';
	error_send(conn, status, sentence, status == 503 ? "Retry-After" : NULL, "1");
}

void hw_reply_text(struct hw_http_conn *conn, struct hw_span text)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, 200);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), text.size);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, text.bytes, text.size);
}

void hw_reply_json(struct hw_http_conn *conn, uint32_t status, struct hw_span json)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, status);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("application/json"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), json.size);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	if (conn->method != HW_HTTP_HEAD) {
		hw_http_writer_bytes(&head, json);
	}
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

static void empty_send(struct hw_http_conn *conn, uint32_t status, const char *allowed)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, status);
	if (allowed != NULL) {
		hw_http_writer_field(&head, HW_SPAN("Allow"), hw_span_of(allowed));
	}
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

void hw_reply_empty(struct hw_http_conn *conn, uint32_t status)
{
	empty_send(conn, status, NULL);
}

void hw_reply_allow(struct hw_http_conn *conn, const char *allowed)
{
	empty_send(conn, 204, allowed);
}

void hw_reply_write_origin(const struct hw_http_conn *conn, struct hw_http_writer *writer,
			   const char *public_url)
{
	if (*public_url != '\0') {
		hw_http_writer_text(writer, public_url);
		return;
	}
	hw_http_writer_text(writer, hw_http_conn_is_plain(conn) ? "http://" : "https://");
	if (conn->host_size == 0) { /* HTTP/1.0 without Host: the client knows where it is */
		hw_http_writer_text(writer, "localhost");
		return;
	}
	hw_http_writer_bytes(writer, (struct hw_span){conn->host, conn->host_size});
}

void hw_reply_write_share(const struct hw_http_conn *conn, struct hw_http_writer *writer,
			  const char *public_url, const struct hw_share *share)
{
	const struct hw_share_policy *policy = &share->policy;
	char id[HW_SHARE_ID_TEXT_SIZE];
	hw_reply_write_origin(conn, writer, public_url);
	hw_http_writer_text(writer, "/s/");
	if (policy->link_name_size > 0) {
		hw_http_writer_bytes(writer,
				     (struct hw_span){policy->link_name, policy->link_name_size});
		return;
	}
	hw_base32_encode(share->share_id, HW_SHARE_ID_SIZE, id);
	hw_http_writer_bytes(writer, (struct hw_span){id, sizeof(id)});
}
