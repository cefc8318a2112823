/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request; what stands in brackets is tus's (tus_create.c, tus_patch.c, tus_query.c):
 *
 *   create_begin -> judge_creation -> [create -> receive] -> announce (104) -> [stored, named]
 *   patch_begin -> [ask -> opened] -> judge -+-> [receive -> stored, named] -> answer_write
 *                                            +-> [refuse -> left] -> refused
 *   query_begin -> [ask -> asked] -> offset_answered
 */
#include "net/talk/resume.h"

#include <errno.h>
#include <string.h>

#include "net/talk/reply.h"
#include "net/wire/disposition.h"
#include "net/wire/name.h"
#include "net/wire/resume_head.h"
#include "net/wire/uri.h"

#define PROBLEM_SIZE_MAX 512U /* bytes of a refusal's body; the sentences are ours and short */
#define PROBLEM_URL      "https://iana.org/assignments/http-problem-types#"
#define OFFSET_PROBLEM   "mismatching-upload-offset"
#define LENGTH_PROBLEM   "inconsistent-upload-length"

static void offset_answered(struct hw_tus_query *query, int res);

/* -- which protocol -- */

static bool has_field(const struct hw_http_conn *conn, struct hw_span name)
{
	struct hw_span value;
	return hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				     name, &value);
}

bool hw_resume_is_spoken(const struct hw_http_conn *conn)
{
	if (has_field(conn, HW_SPAN("Tus-Resumable"))) {
		return false;
	}
	return conn->method == HW_HTTP_GET || has_field(conn, HW_SPAN("Upload-Complete")) ||
	       has_field(conn, HW_SPAN("Upload-Draft-Interop-Version")) ||
	       hw_http_request_has_media_type(hw_http_conn_request(conn),
					      hw_http_conn_head_bytes(conn),
					      HW_SPAN(HW_RESUME_MEDIA_TYPE));
}

/* -- limits -- */

static void limit_write(const struct hw_talks *talks, struct hw_http_writer *writer, uint64_t age_s)
{
	struct hw_resume_limit limit = {.max_size = talks->options.file_size_max,
					.max_age_s = age_s};
	hw_resume_limit_write(writer, &limit);
}

void hw_resume_prepare(struct hw_talks *talks)
{
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, talks->upload_limit, sizeof(talks->upload_limit));
	limit_write(talks, &writer, talks->options.upload_expiry_ms / 1000);
	hw_assert(!writer.is_overflowed);
	talks->upload_limit_size = writer.size;
}

void hw_resume_mark(const struct hw_talks *talks, struct hw_http_conn *conn)
{
	conn->reply_extra[0] = (struct hw_span){talks->upload_limit, talks->upload_limit_size};
}

/* Of an upload that is there its own time is said, instead of what a new one has. */
static void state_begin(const struct hw_talks *talks, struct hw_http_conn *conn,
			struct hw_http_writer *head, uint32_t status,
			const struct hw_upload *upload)
{
	uint64_t now_ms = talks->reactor->wall_ms;
	bool has_time = !upload->is_sealed && upload->expires_ms > now_ms;
	conn->reply_extra[0].size = 0;
	hw_http_conn_reply_begin(conn, head, status);
	limit_write(talks, head, has_time ? (upload->expires_ms - now_ms) / 1000 : 0);
	hw_resume_complete_write(head, upload->is_sealed);
	hw_http_writer_field_number(head, HW_SPAN("Upload-Offset"), upload->offset);
	hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
}

/* -- refusals -- */

/* What RFC 9457 calls a problem. */
struct problem {
	const char *type; /* of the draft's; NULL: the status says it all */
	const char *sentence;
	uint32_t status;
	bool has_offsets;
	uint64_t expected_offset;
	uint64_t provided_offset;
};

static void member_write(struct hw_http_writer *body, const char *key, uint64_t number)
{
	hw_http_writer_text(body, key);
	hw_http_writer_number(body, number);
}

/* Ends the head, and writes the body behind it. */
static void problem_write(struct hw_http_writer *head, const struct problem *problem)
{
	char bytes[PROBLEM_SIZE_MAX];
	struct hw_http_writer body;
	hw_http_writer_init(&body, bytes, sizeof(bytes));
	hw_http_writer_text(&body, "{\"type\":\"");
	hw_http_writer_text(&body, problem->type != NULL ? PROBLEM_URL : "about:blank");
	hw_http_writer_text(&body, problem->type != NULL ? problem->type : "");
	hw_http_writer_text(&body, "\",\"title\":");
	hw_http_writer_json_string(&body, hw_span_of(hw_http_status_phrase(problem->status)));
	member_write(&body, ",\"status\":", problem->status);
	hw_http_writer_text(&body, ",\"detail\":");
	hw_http_writer_json_string(&body, hw_span_of(problem->sentence));
	if (problem->has_offsets) {
		member_write(&body, ",\"expected-offset\":", problem->expected_offset);
		member_write(&body, ",\"provided-offset\":", problem->provided_offset);
	}
	hw_http_writer_text(&body, "}\n");
	hw_assert(!body.is_overflowed);
	hw_http_writer_field(head, HW_SPAN("Content-Type"), HW_SPAN("application/problem+json"));
	hw_http_writer_field_number(head, HW_SPAN("Content-Length"), body.size);
	hw_http_writer_head_end(head);
	hw_http_writer_bytes(head, hw_http_writer_span(&body));
}

/* Before there is an upload. */
static void refuse(struct hw_http_conn *conn, const struct problem *problem)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, problem->status);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	problem_write(&head, problem);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

void hw_resume_refused(struct hw_tus *tus)
{
	struct hw_http_conn *conn = tus->query.conn;
	struct hw_http_writer head;
	struct problem problem = {.type = tus->problem,
				  .sentence = tus->sentence,
				  .status = tus->refusal,
				  .has_offsets = tus->offset != tus->query.upload.offset,
				  .expected_offset = tus->query.upload.offset,
				  .provided_offset = tus->offset};
	state_begin(tus->query.talks, conn, &head, tus->refusal, &tus->query.upload);
	problem_write(&head, &problem);
	hw_tus_free(tus);
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}

/* -- what a request says -- */

/* Of the length: by a field, or by ending with so many bytes. Returns false when it says two
 * things. */
static bool length_read(const struct hw_resume_head *head, const struct hw_http_request *request,
			uint64_t *ret_length)
{
	uint64_t end = head->offset + request->content_length;
	bool is_last = head->is_complete && !request->is_chunked;
	*ret_length = is_last ? end : HW_LENGTH_UNKNOWN;
	if (!head->has_length) {
		return true;
	}
	*ret_length = head->length;
	return end <= head->length && !(is_last && end != head->length);
}

/* What creation and PATCH have in common. Returns the status of the refusal, 0: go on. */
static uint32_t judge_request(const struct hw_talks *talks, const struct hw_resume_head *head,
			      const struct hw_http_request *request, uint64_t *ret_length,
			      struct problem *problem)
{
	uint64_t size_max = talks->options.file_size_max;
	*ret_length = HW_LENGTH_UNKNOWN;
	if (!head->has_complete) {
		problem->sentence = "Say whether the file ends with these bytes: "
				    "Upload-Complete: ?1, or ?0.";
		return 400;
	}
	if (request->content_length > size_max || (head->has_length && head->length > size_max) ||
	    head->offset > size_max - request->content_length) {
		problem->sentence = "The file is larger than this server accepts.";
		return 413;
	}
	if (!length_read(head, request, ret_length)) {
		problem->type = LENGTH_PROBLEM;
		problem->sentence = "Upload-Length is not where these bytes end.";
		return 400;
	}
	return 0;
}

/* -- creation -- */

/* The file's name: of the query, or of Content-Disposition, or at random. Returns what is wrong
 * with it, or NULL. */
static const char *name_set(struct hw_catalog_request *create, const struct hw_http_conn *conn,
			    struct hw_span query)
{
	struct hw_span value;
	uint32_t name_size = 0;
	if (hw_uri_query_find(query, HW_SPAN("name"), &value)) {
		enum hw_name_verdict verdict = hw_name_clean(value, create->name, &name_size);
		create->name_size = (uint16_t)name_size;
		return hw_name_reason(verdict);
	}
	int size = -ENOENT;
	if (hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				  HW_SPAN("Content-Disposition"), &value)) {
		size = hw_disposition_filename(value, create->name, HW_NAME_SIZE_MAX);
	}
	if (size == -ENOENT) {
		hw_tus_name_random(create);
		return NULL;
	}
	if (size < 0) {
		return size == -ENAMETOOLONG ? hw_name_reason(HW_NAME_TOO_LONG)
					     : "The Content-Disposition is malformed.";
	}
	create->name_size = (uint16_t)size;
	return hw_name_reason(hw_name_judge((struct hw_span){create->name, (uint32_t)size}));
}

/* The object of a request that may bring bytes; NULL: the answer was sent. */
static struct hw_tus *take(struct hw_talks *talks, struct hw_http_conn *conn,
			   const struct hw_resume_head *head, uint64_t length)
{
	struct hw_tus *tus = hw_tus_take(talks, conn);
	if (tus != NULL) {
		tus->is_draft = true;
		tus->is_last = head->is_complete;
		tus->wants_interim = head->has_interop && head->interop == HW_RESUME_INTEROP;
		tus->offset = head->offset;
		tus->length = length;
		tus->digest.kind = HW_TUS_CHECKSUM_NONE;
	}
	return tus;
}

void hw_resume_create_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
			    struct hw_span query)
{
	struct hw_resume_head head;
	struct problem problem = {.type = NULL};
	uint8_t owner_hash[HW_HASH_SIZE];
	uint64_t length = 0;
	const struct hw_http_request *request = hw_http_conn_request(conn);
	hw_resume_head_parse(request, hw_http_conn_head_bytes(conn), &head);
	head.offset = 0; /* it is the first request, whatever it says */
	problem.status = judge_request(talks, &head, request, &length, &problem);
	if (problem.status != 0) {
		refuse(conn, &problem);
		return;
	}
	if (!hw_tus_owner(conn, owner_hash)) {
		return;
	}
	struct hw_tus *tus = take(talks, conn, &head, length);
	if (tus == NULL) {
		return;
	}
	problem.sentence = name_set(&tus->query.request, conn, query);
	if (problem.sentence != NULL) {
		problem.status = 400;
		hw_tus_free(tus);
		refuse(conn, &problem);
		return;
	}
	hw_tus_create(tus, id, owner_hash);
}

void hw_resume_announce(struct hw_tus *tus)
{
	struct hw_http_conn *conn = tus->query.conn;
	struct hw_http_writer interim;
	if (!tus->wants_interim || !tus->is_creation || tus->is_live) {
		return;
	}
	hw_http_conn_interim_begin(conn, &interim, 104);
	hw_tus_write_location(&interim, &tus->query.upload);
	hw_http_writer_bytes(&interim, conn->reply_extra[0]);
	hw_http_writer_field_number(&interim, HW_SPAN("Upload-Draft-Interop-Version"),
				    HW_RESUME_INTEROP);
	hw_http_conn_interim_end(conn, &interim);
}

/* -- PATCH -- */

void hw_resume_patch_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_resume_head head;
	struct problem problem = {.status = 400};
	uint64_t length = 0;
	const struct hw_http_request *request = hw_http_conn_request(conn);
	hw_resume_head_parse(request, hw_http_conn_head_bytes(conn), &head);
	if (!head.has_partial_type) {
		problem.status = 415;
		problem.sentence = "Send the bytes as Content-Type: application/partial-upload.";
	} else if (!head.has_offset) {
		problem.sentence = "Say where the bytes belong: Upload-Offset is missing.";
	} else {
		problem.status = judge_request(talks, &head, request, &length, &problem);
	}
	if (problem.status != 0) {
		refuse(conn, &problem);
		return;
	}
	struct hw_tus *tus = take(talks, conn, &head, length);
	if (tus != NULL) {
		hw_tus_open(tus, id);
	}
}

uint32_t hw_resume_judge(struct hw_tus *tus, const char **ret_sentence)
{
	const struct hw_upload *upload = &tus->query.upload;
	if (upload->kind == HW_UPLOAD_FINAL && !upload->is_sealed) {
		*ret_sentence = "An upload that is made of others takes no bytes.";
		return 403;
	}
	if (tus->offset != upload->offset) {
		tus->problem = OFFSET_PROBLEM;
		*ret_sentence = "The upload is at another offset; go on there.";
		return 409;
	}
	tus->problem = LENGTH_PROBLEM;
	if (upload->is_sealed && tus->body_size > 0) {
		*ret_sentence = "The upload is complete; there is nothing behind it.";
		return 400;
	}
	if (tus->length != HW_LENGTH_UNKNOWN && upload->length != HW_LENGTH_UNKNOWN &&
	    tus->length != upload->length) {
		*ret_sentence = "The upload's length was announced already, and is another.";
		return 400;
	}
	uint64_t length = upload->length != HW_LENGTH_UNKNOWN ? upload->length : tus->length;
	if (length < upload->offset ||
	    (length != HW_LENGTH_UNKNOWN && tus->body_size != HW_LENGTH_UNKNOWN &&
	     tus->body_size > length - upload->offset)) {
		*ret_sentence = "Those are more bytes than the upload was announced with.";
		return 400;
	}
	tus->problem = NULL;
	return 0;
}

/* -- the answer -- */

void hw_resume_answer_write(struct hw_tus *tus, struct hw_http_writer *head)
{
	static const struct problem ended_early = {
		.type = LENGTH_PROBLEM,
		.sentence = "The last bytes came, but fewer than were announced; they are kept.",
		.status = 400};
	const struct hw_upload *upload = &tus->query.upload;
	bool is_early = tus->is_last && !upload->is_sealed;
	uint32_t status = upload->is_sealed ? 200 : 204;
	status = tus->is_creation ? 201 : status;
	status = is_early ? ended_early.status : status;
	state_begin(tus->query.talks, tus->query.conn, head, status, upload);
	if (tus->is_creation) {
		hw_tus_write_location(head, upload);
	}
	if (is_early) {
		problem_write(head, &ended_early);
		return;
	}
	if (status != 204) {
		hw_http_writer_field_number(head, HW_SPAN("Content-Length"), 0);
	}
	hw_http_writer_head_end(head);
}

/* -- HEAD, GET, DELETE -- */

void hw_resume_query_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	hw_tus_query_take(talks, conn, id, conn->method == HW_HTTP_DELETE, offset_answered);
}

static void offset_answered(struct hw_tus_query *query, int res)
{
	struct hw_http_conn *conn = query->conn;
	struct hw_http_writer head;
	if (res < 0) {
		hw_pool_give(&query->talks->queries, query);
		hw_tus_reply_errno(conn, res);
		return;
	}
	state_begin(query->talks, conn, &head, 204, &query->upload);
	if (query->upload.length != HW_LENGTH_UNKNOWN) {
		hw_http_writer_field_number(&head, HW_SPAN("Upload-Length"), query->upload.length);
	}
	hw_http_writer_head_end(&head);
	hw_pool_give(&query->talks->queries, query);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}
