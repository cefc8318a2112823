/* SPDX-License-Identifier: Apache-2.0
 *
 *   select_range -> (archive.c: the state) -> head_write: fields, size
 */
#include "net/talk/archive_head.h"

#include <string.h>

#include "net/talk/pass.h"
#include "net/wire/base32.h"
#include "net/wire/hex.h"
#include "net/wire/http_etag.h"

/* Which bytes the request wants. Returns the status: 200, 206, 304, 412 or 416. Several ranges are
 * answered with the whole: who resumes asks for one. What is still being uploaded has no validator,
 * and is sent as a whole. */
uint32_t hw_archive_select_range(const struct hw_archive *archive, struct hw_http_range *ret_range)
{
	const struct hw_http_request *request = hw_http_conn_request(archive->conn);
	const char *bytes = hw_http_conn_head_bytes(archive->conn);
	uint64_t size = hw_zip_size(&archive->layout);
	char tag[HW_HTTP_ETAG_SIZE];
	hw_hex_encode(archive->layout.tag.bytes, HW_HASH_SIZE, tag);
	struct hw_span etag = {tag, archive->layout.is_live ? 0 : sizeof(tag)};
	struct hw_http_range_set set;
	struct hw_span range;
	*ret_range = (struct hw_http_range){0, size - 1};
	if (!hw_http_etag_if_match(request, bytes, etag)) {
		return 412;
	}
	if (!hw_http_etag_if_none_match(request, bytes, etag)) {
		return 304;
	}
	if (request->method != HW_HTTP_GET || archive->layout.is_live ||
	    hw_http_request_field_count(request, bytes, HW_SPAN("Range")) != 1 ||
	    !hw_http_request_field(request, bytes, HW_SPAN("Range"), &range) ||
	    !hw_http_etag_if_range(request, bytes, etag)) {
		return 200;
	}
	switch (hw_http_range_parse(range, size, &set)) {
	case HW_HTTP_RANGE_SATISFIABLE:
		if (set.count > 1) {
			return 200;
		}
		*ret_range = set.ranges[0];
		return 206;
	case HW_HTTP_RANGE_UNSATISFIABLE:
		return 416;
	default:
		return 200;
	}
}

/* What the archive is called: the share's id, and ".zip". */
struct hw_span hw_archive_name(const struct hw_archive *archive, char name[HW_ARCHIVE_NAME_SIZE])
{
	const struct hw_span suffix = HW_SPAN(".zip");
	hw_base32_encode(archive->share_id, HW_SHARE_ID_SIZE, name);
	memcpy(name + HW_SHARE_ID_TEXT_SIZE, suffix.bytes, suffix.size);
	return (struct hw_span){name, HW_ARCHIVE_NAME_SIZE};
}

static void fields_write(const struct hw_archive *archive, struct hw_http_writer *head)
{
	char name[HW_ARCHIVE_NAME_SIZE];
	if (archive->layout.is_live) {
		hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
		hw_http_writer_field(head, HW_SPAN("Accept-Ranges"), HW_SPAN("none"));
	} else {
		hw_http_writer_field_etag(head, archive->layout.tag.bytes, HW_HASH_SIZE);
		hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("private, no-cache"));
		hw_http_writer_field(head, HW_SPAN("Accept-Ranges"), HW_SPAN("bytes"));
	}
	hw_http_writer_field_attachment(head, hw_archive_name(archive, name));
	hw_http_writer_field(head, HW_SPAN("X-Content-Type-Options"), HW_SPAN("nosniff"));
	hw_http_writer_field(head, HW_SPAN("Content-Security-Policy"),
			     HW_SPAN("sandbox; default-src 'none'"));
}

uint32_t hw_archive_head_write(struct hw_archive *archive, uint32_t status,
			       const struct hw_http_range *range)
{
	struct hw_http_writer head;
	uint64_t size = hw_zip_size(&archive->layout);
	bool has_coding = archive->layout.is_open && archive->conn->version_minor > 0;
	if (archive->layout.is_open && !has_coding) {
		hw_http_conn_close_after(archive->conn); /* its end is the archive's */
	}
	hw_http_conn_reply_begin(archive->conn, &head, status);
	if (archive->admission.gives_pass) {
		hw_pass_write(archive->talks, archive->share_id,
			      &archive->file.reader.request.access, &head);
	}
	fields_write(archive, &head);
	if (status == 200 || status == 206) {
		hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("application/zip"));
	}
	if ((status == 200 || status == 206) && !archive->layout.is_open) {
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"),
					    range->last - range->first + 1);
	} else if (status == 200 && has_coding) {
		hw_http_writer_field(&head, HW_SPAN("Transfer-Encoding"), HW_SPAN("chunked"));
	}
	if (status == 206) {
		hw_http_writer_field_content_range(&head, range->first, range->last, size);
	} else if (status == 416) {
		hw_http_writer_field_content_range_none(&head, size);
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), 0);
	}
	hw_http_writer_head_end(&head);
	hw_assert(!head.is_overflowed);
	return head.size;
}
