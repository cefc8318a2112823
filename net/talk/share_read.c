/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin, links -> SHARE_GET -> got -> (password) -> looked -> FILE_LIST -> listed -> JSON, or
 *   links
 */
#include "net/talk/share_read.h"

#include <errno.h>
#include <string.h>

#include "net/talk/link.h"
#include "net/talk/pass.h"
#include "net/talk/share_policy.h"
#include "net/wire/uri.h"

#define FILE_URL_SIZE_MAX (HW_SHARE_URL_SIZE_MAX + 1U + 3U * HW_NAME_SIZE_MAX)

static void ask(struct hw_share_talk *talk);
static void got(struct hw_catalog_request *request);
static void looked(struct hw_admission *admission, bool is_in);
static void listed(struct hw_catalog_request *request);

/* ?after= into the request's name. Returns false when it is no name. */
static bool after_read(const struct hw_http_conn *conn, struct hw_catalog_request *request)
{
	struct hw_span path;
	struct hw_span query;
	struct hw_span value;
	hw_uri_split(
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn)),
		&path, &query);
	request->name_size = 0;
	if (!hw_uri_query_find(query, HW_SPAN("after"), &value)) {
		return true;
	}
	int size = hw_uri_decode(value, HW_URI_PLUS_IS_SPACE, request->name, HW_NAME_SIZE_MAX);
	request->name_size = (uint16_t)hw_max(size, 0);
	return size >= 0;
}

void hw_share_read_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_share_talk *talk = hw_share_talk_take(talks, conn);
	if (talk != NULL) {
		hw_share_ref_parse(&talk->request, id);
		ask(talk);
	}
}

void hw_share_read_links(struct hw_talks *talks, struct hw_http_conn *conn,
			 const struct hw_catalog_request *asked)
{
	struct hw_share_talk *talk = hw_share_talk_take(talks, conn);
	if (talk == NULL) {
		return;
	}
	talk->is_text = !conn->accepts_json;
	memcpy(talk->request.share_id, asked->share_id, HW_SHARE_ID_SIZE);
	memcpy(talk->request.link_name, asked->link_name, asked->link_name_size);
	talk->request.link_name_size = asked->link_name_size;
	ask(talk);
}

static void ask(struct hw_share_talk *talk)
{
	if (!after_read(talk->conn, &talk->request)) {
		hw_share_talk_refuse(talk, 400, "after= is not the name of a file.");
		return;
	}
	(void)hw_share_talk_asker(talk->talks, talk->conn, &talk->request); /* or a stranger */
	hw_admission_init(&talk->admission, talk->talks, talk->conn, looked);
	hw_catalog_submit(talk->talks->catalog, &talk->request, HW_CATALOG_SHARE_GET, got);
}

/* Whoever made it needs no password; a stranger brings it, or a pass. */
static enum hw_admission_verdict look(struct hw_share_talk *talk)
{
	const struct hw_catalog_request *request = &talk->request;
	struct hw_share_access access = hw_share_policy_access(&talk->share);
	if (request->is_owner || request->is_operator) {
		return HW_ADMISSION_IN;
	}
	return hw_admission_password(&talk->admission, talk->share.share_id, &access);
}

static void got(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	if (request->res < 0) {
		hw_share_talk_fail(talk, request->res);
		return;
	}
	enum hw_admission_verdict verdict = look(talk);
	if (verdict != HW_ADMISSION_WAIT) {
		looked(&talk->admission, verdict == HW_ADMISSION_IN);
	}
}

static void looked(struct hw_admission *admission, bool is_in)
{
	struct hw_share_talk *talk = hw_container_of(admission, struct hw_share_talk, admission);
	struct hw_catalog_request *request = &talk->request;
	if (!is_in) {
		hw_share_talk_free(talk);
		return;
	}
	if (!hw_text_body_take(&talk->body)) {
		hw_share_talk_fail(talk, -ENOBUFS);
		return;
	}
	request->files = talk->body.text->files;
	request->row_capacity = HW_TEXT_FILES_MAX;
	hw_catalog_submit(talk->talks->catalog, request, HW_CATALOG_FILE_LIST, listed);
}

/* Rows that are shown: the last of a full list only says that there are more. */
static uint32_t shown_count(const struct hw_catalog_request *request)
{
	return hw_min(request->row_count, HW_TEXT_FILES_MAX - 1U);
}

static bool file_write(const struct hw_share_talk *talk, const struct hw_share_file *file,
		       struct hw_share_json_page *page)
{
	char url_bytes[FILE_URL_SIZE_MAX];
	struct hw_http_writer url;
	struct hw_span name = {file->name, file->name_size};
	hw_http_writer_init(&url, url_bytes, sizeof(url_bytes));
	hw_share_talk_file_url_write(talk, &talk->share, name, &url);
	hw_assert(!url.is_overflowed);
	const struct hw_share_json_file row = {
		.name = name,
		.url = hw_http_writer_span(&url),
		.root = file->is_sealed ? file->root : NULL,
		.first_offset = file->first_offset,
		.length = file->length,
		.offset = file->offset,
		.created_ms = file->created_ms,
	};
	return hw_share_json_page_file(page, &row);
}

/* Returns how many rows there was room for. */
static uint32_t json_write(const struct hw_share_talk *talk, struct hw_http_writer *json)
{
	const struct hw_share_file *files = talk->body.text->files;
	uint32_t most = shown_count(&talk->request);
	struct hw_share_json_page page;
	struct hw_share_row row;
	uint32_t count = 0;
	hw_share_talk_row(talk, &talk->share, &row);
	row.json.is_for_strangers = !talk->request.is_owner && !talk->request.is_operator;
	hw_share_json_share_write(json, &row.json);
	hw_share_json_page_continue(&page, json, "files", HW_NAME_SIZE_MAX);
	while (count < most && file_write(talk, &files[count], &page)) {
		count++;
	}
	bool has_more = count < talk->request.row_count && count > 0;
	const struct hw_share_file *last = &files[has_more ? count - 1 : 0];
	hw_share_json_page_end(&page, has_more ? (struct hw_span){last->name, last->name_size}
					       : HW_SPAN(""));
	return count;
}

static uint32_t links_write(const struct hw_share_talk *talk, struct hw_http_writer *text)
{
	const struct hw_share_file *files = talk->body.text->files;
	uint32_t most = shown_count(&talk->request);
	uint32_t count = 0;
	while (count < most) {
		uint32_t before = text->size;
		struct hw_span name = {files[count].name, files[count].name_size};
		hw_share_talk_file_url_write(talk, &talk->share, name, text);
		hw_http_writer_text(text, "\n");
		if (text->is_overflowed) {
			hw_http_writer_cut(text, before);
			break;
		}
		count++;
	}
	if (talk->request.row_count == 0) {
		hw_http_writer_text(text, "There is no file in this share yet.\n");
	}
	return count;
}

/* Link: <...?after=NAME>; rel="next" - for who follows pages without reading JSON. */
static void next_write(const struct hw_share_talk *talk, const struct hw_share_file *last,
		       struct hw_http_writer *head)
{
	hw_http_writer_text(head, "Link: <");
	hw_share_talk_url_write(talk, &talk->share, head);
	hw_http_writer_text(head, "?after=");
	hw_http_writer_uri(head, (struct hw_span){last->name, last->name_size});
	hw_http_writer_text(head, ">; rel=\"next\"\r\n");
}

static void listed(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	struct hw_http_writer body;
	struct hw_http_writer head;
	if (request->res < 0) {
		hw_share_talk_fail(talk, request->res);
		return;
	}
	hw_http_writer_init(&body, talk->body.text->bytes, HW_TEXT_SIZE_MAX);
	uint32_t count = talk->is_text ? links_write(talk, &body) : json_write(talk, &body);
	hw_share_talk_head(talk, 200, body.size, &head);
	if (talk->admission.gives_pass) {
		struct hw_share_access access = hw_share_policy_access(&talk->share);
		hw_pass_write(talk->talks, talk->share.share_id, &access, &head);
	}
	if (talk->is_text && count > 0 && count < request->row_count) {
		next_write(talk, &talk->body.text->files[count - 1], &head);
	}
	hw_share_talk_send(talk, &head, body.size);
}
