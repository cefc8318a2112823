/* SPDX-License-Identifier: Apache-2.0
 *
 *   select_ranges -> (download.c: the state) -> head_write: fields, size; what is sent, what counts
 */
#include "net/talk/download_head.h"

#include "core/base/clock.h"
#include "net/talk/pass.h"
#include "net/wire/hex.h"
#include "net/wire/http_etag.h"

bool hw_download_is_growing(const struct hw_download *download)
{
	return download->file.reader.request.file_state == HW_FILE_UNFINISHED;
}

/* -- what is asked for -- */

/* The conditions of the request. Returns 200: go on; 304 or 412. A file that still grows has no
 * validator, for nobody knows its root. */
static uint32_t judge_conditions(const struct hw_http_request *request, const char *bytes,
				 struct hw_span etag)
{
	if (!hw_http_etag_if_match(request, bytes, etag)) {
		return 412;
	}
	return hw_http_etag_if_none_match(request, bytes, etag) ? 200 : 304;
}

/* Which bytes the request wants. Returns the status: 200, 206, 304, 412 or 416. */
uint32_t hw_download_select_ranges(struct hw_download *download)
{
	const struct hw_http_request *request = hw_http_conn_request(download->conn);
	const char *bytes = hw_http_conn_head_bytes(download->conn);
	char root[2 * HW_HASH_SIZE];
	hw_hex_encode(download->file.reader.request.file_root, HW_HASH_SIZE, root);
	struct hw_span etag = {root, hw_download_is_growing(download) ? 0 : sizeof(root)};
	struct hw_span range;
	uint32_t status = judge_conditions(request, bytes, etag);
	if (status != 200) {
		return status;
	}
	download->ranges.count = download->file_size > 0 ? 1 : 0;
	download->ranges.ranges[0] = (struct hw_http_range){0, download->file_size - 1};
	if (request->method != HW_HTTP_GET || download->is_chunked ||
	    hw_http_request_field_count(request, bytes, HW_SPAN("Range")) != 1 ||
	    !hw_http_request_field(request, bytes, HW_SPAN("Range"), &range) ||
	    !hw_http_etag_if_range(request, bytes, etag)) {
		return 200;
	}
	switch (hw_http_range_parse(range, download->file_size, &download->ranges)) {
	case HW_HTTP_RANGE_SATISFIABLE:
		download->is_multipart = download->ranges.count > 1;
		return 206;
	case HW_HTTP_RANGE_UNSATISFIABLE:
		return 416;
	default:
		return 200;
	}
}

/* Of an upload that spilled the beginning may be nowhere; while it comes, its home is asked. */
bool hw_download_is_before_first(const struct hw_download *download)
{
	uint64_t first_offset = download->file.reader.request.first_offset;
	for (uint32_t i = 0; i < download->ranges.count; i++) {
		if (download->ranges.ranges[i].first < first_offset) {
			return !hw_download_is_growing(download);
		}
	}
	return false;
}

/* -- the head -- */

void hw_download_part_head_write(const struct hw_download *download, struct hw_http_writer *writer,
				 uint32_t index)
{
	const struct hw_http_range *range = &download->ranges.ranges[index];
	hw_http_writer_text(writer, "\r\n--");
	hw_http_writer_bytes(writer, (struct hw_span){download->boundary, HW_BOUNDARY_SIZE});
	hw_http_writer_text(writer, "\r\nContent-Type: application/octet-stream\r\n");
	hw_http_writer_field_content_range(writer, range->first, range->last, download->file_size);
	hw_http_writer_head_end(writer);
}

void hw_download_parts_end_write(const struct hw_download *download, struct hw_http_writer *writer)
{
	hw_http_writer_text(writer, "\r\n--");
	hw_http_writer_bytes(writer, (struct hw_span){download->boundary, HW_BOUNDARY_SIZE});
	hw_http_writer_text(writer, "--\r\n");
}

/* Bytes of the answer's body: the ranges, and for several of them what stands between them. */
static uint64_t content_size(const struct hw_download *download)
{
	char bytes[512];
	struct hw_http_writer writer;
	uint64_t size = 0;
	for (uint32_t i = 0; i < download->ranges.count; i++) {
		const struct hw_http_range *range = &download->ranges.ranges[i];
		size += range->last - range->first + 1;
		if (download->is_multipart) {
			hw_http_writer_init(&writer, bytes, sizeof(bytes));
			hw_download_part_head_write(download, &writer, i);
			size += writer.size;
		}
	}
	if (download->is_multipart) {
		hw_http_writer_init(&writer, bytes, sizeof(bytes));
		hw_download_parts_end_write(download, &writer);
		size += writer.size;
	}
	return size;
}

/* Files of strangers never run in the portal's origin: attachment, nosniff, sandbox (DESIGN:
 * security). */
static void file_fields_write(const struct hw_download *download, struct hw_http_writer *head)
{
	const struct hw_catalog_request *file = &download->file.reader.request;
	if (hw_download_is_growing(download)) {
		hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	} else {
		hw_http_writer_field_etag(head, file->file_root, HW_HASH_SIZE);
		hw_http_writer_field_date(head, HW_SPAN("Last-Modified"), file->created_ms / 1000);
		hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("private, no-cache"));
	}
	hw_http_writer_field(head, HW_SPAN("Accept-Ranges"),
			     download->is_chunked ? HW_SPAN("none") : HW_SPAN("bytes"));
	hw_http_writer_field_attachment(head, (struct hw_span){file->name, file->name_size});
	hw_http_writer_field(head, HW_SPAN("X-Content-Type-Options"), HW_SPAN("nosniff"));
	hw_http_writer_field(head, HW_SPAN("Content-Security-Policy"),
			     HW_SPAN("sandbox; default-src 'none'"));
}

static void type_write(struct hw_download *download, struct hw_http_writer *head)
{
	if (!download->is_multipart) {
		hw_http_writer_field(head, HW_SPAN("Content-Type"),
				     HW_SPAN("application/octet-stream"));
		return;
	}
	uint8_t random[HW_BOUNDARY_SIZE / 2];
	hw_random_bytes(random, sizeof(random));
	hw_hex_encode(random, sizeof(random), download->boundary);
	hw_http_writer_text(head, "Content-Type: multipart/byteranges; boundary=");
	hw_http_writer_bytes(head, (struct hw_span){download->boundary, HW_BOUNDARY_SIZE});
	hw_http_writer_text(head, "\r\n");
}

bool hw_download_has_coding(const struct hw_download *download)
{
	return download->is_chunked && download->conn->version_minor > 0;
}

static void size_write(const struct hw_download *download, struct hw_http_writer *head)
{
	if (!download->is_chunked) {
		hw_http_writer_field_number(head, HW_SPAN("Content-Length"),
					    content_size(download));
	} else if (hw_download_has_coding(download)) {
		hw_http_writer_field(head, HW_SPAN("Transfer-Encoding"), HW_SPAN("chunked"));
	}
}

/* Will the last byte of the file be among what is sent? Only such a download counts. */
static bool has_last_byte(const struct hw_download *download)
{
	for (uint32_t i = 0; i < download->ranges.count; i++) {
		if (download->ranges.ranges[i].last + 1 == download->file_size) {
			return true;
		}
	}
	return false;
}

struct hw_span hw_download_fields(const struct hw_download *download)
{
	return (struct hw_span){download->conn->reply + download->fields_offset,
				download->fields_size};
}

void hw_download_head_write(struct hw_download *download, uint32_t status)
{
	struct hw_http_writer head;
	bool has_content = status == 200 || status == 206;
	if (download->is_chunked && download->conn->version_minor == 0) {
		hw_http_conn_close_after(
			download->conn); /* the end of the connection is the file's */
	}
	hw_http_conn_reply_begin(download->conn, &head, status);
	if (download->admission.gives_pass) {
		hw_pass_write(download->talks, download->file.reader.request.share_id,
			      &download->file.reader.request.access, &head);
	}
	download->fields_offset = head.size;
	file_fields_write(download, &head);
	if (has_content) {
		type_write(download, &head);
		size_write(download, &head);
		if (status == 206 && !download->is_multipart) {
			hw_http_writer_field_content_range(&head, download->ranges.ranges[0].first,
							   download->ranges.ranges[0].last,
							   download->file_size);
		}
	} else if (status == 416) {
		hw_http_writer_field_content_range_none(&head, download->file_size);
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), 0);
	}
	download->fields_size = head.size - download->fields_offset;
	hw_http_writer_head_end(&head);
	hw_assert(!head.is_overflowed);
	download->head_size = head.size;
	if (!has_content || download->conn->method == HW_HTTP_HEAD) {
		download->ranges.count = 0;
		download->is_multipart = false;
		download->is_chunked = false; /* and there is no end to write */
	}
	download->must_count = download->file.reader.request.access.downloads_max > 0 &&
			       has_content && download->conn->method == HW_HTTP_GET &&
			       (download->file_size == 0 || has_last_byte(download));
}
