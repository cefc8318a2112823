/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the bytes; two halves that meet in `ahead`:
 *
 *   begin -> find_done -> head_send -> read_next
 *
 *   read_next -> (file_reader.c) -> read_done -> ahead
 *       ^                                          |
 *       |        send_done <- (the client) <- head or part head + piece <- send_next
 *       +-----------+  | (slow: -EAGAIN)
 *                      +-> give_way: slabs back, wait without one, read_next again
 *
 *   the last byte sent -> finish     any error -> fail -> join -> finish
 *   finish: the connection goes on (or is cut), the file is unpinned, the download is freed
 */
#include "net/talk/download.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "net/talk/reply.h"
#include "net/talk/share_read.h"
#include "net/wire/base32.h"
#include "net/wire/hex.h"
#include "net/wire/http_etag.h"
#include "net/wire/link_name.h"
#include "net/wire/name.h"

static void find_done(struct hw_catalog_request *request);
static void head_send(struct hw_download *download, uint32_t status);
static void read_next(struct hw_download *download);
static void read_done(struct hw_file_reader *file, struct hw_slab *slab, int res);
static void send_next(struct hw_download *download);
static void send_done(void *talk, int res);
static void give_way(struct hw_download *download);
static void fail(struct hw_download *download, int error);
static void join(struct hw_download *download);
static void finish(struct hw_download *download);
static void unpin(struct hw_download *download);

static const struct hw_http_handler g_handler = {
	.body_done = hw_reply_no_body, .send_done = send_done, .gives_way = true};

static void set_state(struct hw_download *download, enum hw_download_state state)
{
	static const uint8_t g_next[HW_DOWNLOAD_STATE_COUNT] = {
		[HW_DOWNLOAD_FREE] = 1U << HW_DOWNLOAD_FINDING,
		[HW_DOWNLOAD_FINDING] = 1U << HW_DOWNLOAD_SENDING | 1U << HW_DOWNLOAD_UNPINNING |
					1U << HW_DOWNLOAD_FREE,
		[HW_DOWNLOAD_SENDING] = 1U << HW_DOWNLOAD_ENDING | 1U << HW_DOWNLOAD_UNPINNING,
		[HW_DOWNLOAD_ENDING] = 1U << HW_DOWNLOAD_UNPINNING,
		[HW_DOWNLOAD_UNPINNING] = 1U << HW_DOWNLOAD_FREE,
	};
	hw_assert((g_next[download->state] & (1U << state)) != 0);
	download->state = state;
}

static struct hw_reactor *reactor_of(const struct hw_download *download)
{
	return download->talks->reactor;
}

/* -- find -- */

void hw_share_ref_parse(struct hw_catalog_request *request, struct hw_span id)
{
	memset(request->share_id, 0, HW_SHARE_ID_SIZE); /* random ids are never all zeros */
	request->link_name_size = 0;
	if (hw_base32_decode(id, request->share_id, HW_SHARE_ID_SIZE) < 0) {
		memset(request->share_id, 0, HW_SHARE_ID_SIZE);
		if (hw_link_name_judge(id) == HW_LINK_NAME_GOOD) {
			memcpy(request->link_name, id.bytes, id.size);
			request->link_name_size = (uint8_t)id.size;
		}
	}
}

void hw_link_parse(struct hw_catalog_request *request, struct hw_span id, struct hw_span name)
{
	uint32_t name_size = 0;
	hw_share_ref_parse(request, id);
	if (name.size > 0 && hw_name_clean(name, request->name, &name_size) != HW_NAME_GOOD) {
		memset(request->share_id, 0, HW_SHARE_ID_SIZE);
		request->link_name_size = 0;
		name_size = 0;
	}
	request->name_size = (uint16_t)name_size;
}

void hw_download_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       struct hw_span name)
{
	struct hw_download *download = hw_pool_take(&talks->downloads);
	if (download == NULL) {
		hw_reply_busy(conn, "Too many downloads are running; try again in a moment.");
		return;
	}
	download->talks = talks;
	download->conn = conn;
	download->ahead.slab = NULL;
	download->sending.slab = NULL;
	download->read_range = 0;
	download->sent_range = 0;
	download->head_size = 0;
	download->error = 0;
	download->is_sending = false;
	download->is_multipart = false;
	download->is_pinned = false;
	download->is_whole_sent = false;
	download->is_waiting = false;
	download->has_part_head = false;
	hw_file_reader_init(&download->file, talks, read_done);
	hw_link_parse(&download->file.request, id, name);
	set_state(download, HW_DOWNLOAD_FINDING);
	hw_metrics_add(talks->reactor->metrics, HW_METRIC_downloads_open, 1);
	hw_http_conn_handle(conn, &g_handler, download);
	hw_catalog_submit(talks->catalog, &download->file.request, HW_CATALOG_LOOKUP, find_done);
}

static void download_free(struct hw_download *download)
{
	hw_assert(download->ahead.slab == NULL && download->sending.slab == NULL);
	hw_assert(!hw_file_reader_is_reading(&download->file));
	set_state(download, HW_DOWNLOAD_FREE);
	hw_metrics_sub(reactor_of(download)->metrics, HW_METRIC_downloads_open, 1);
	hw_pool_give(&download->talks->downloads, download);
}

/* Which bytes the request wants. Returns the status: 200, 206, 304, 412 or 416. */
static uint32_t select_ranges(struct hw_download *download)
{
	const struct hw_http_request *request = hw_http_conn_request(download->conn);
	const char *bytes = hw_http_conn_head_bytes(download->conn);
	char root[2 * HW_HASH_SIZE];
	hw_hex_encode(download->file.request.file_root, HW_HASH_SIZE, root);
	struct hw_span etag = {root, sizeof(root)};
	struct hw_span range;
	if (!hw_http_etag_if_match(request, bytes, etag)) {
		return 412;
	}
	if (!hw_http_etag_if_none_match(request, bytes, etag)) {
		return 304;
	}
	download->ranges.count = download->file_size > 0 ? 1 : 0;
	download->ranges.ranges[0] = (struct hw_http_range){0, download->file_size - 1};
	if (request->method != HW_HTTP_GET ||
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

static void find_done(struct hw_catalog_request *request)
{
	struct hw_download *download = hw_container_of(request, struct hw_download, file.request);
	struct hw_http_conn *conn = download->conn;
	if (request->res < 0) {
		int error = request->res;
		bool is_none = error == -EINVAL || error == -ENODATA; /* but several, or none yet */
		if (is_none && request->name_size == 0) {
			hw_share_read_links(download->talks, conn, request);
			download_free(download);
			return;
		}
		download_free(download);
		hw_reply_errno(conn, error);
		return;
	}
	download->is_pinned = true;
	download->file_size = request->file_size;
	hw_file_reader_begin(&download->file);
	uint32_t status = select_ranges(download);
	if (status == 412) {
		hw_reply_error(conn, 412, "The file is not the one that If-Match names.");
		unpin(download);
		return;
	}
	hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_downloads_started, 1);
	set_state(download, HW_DOWNLOAD_SENDING);
	head_send(download, status);
}

/* -- the head -- */

static void part_head_write(const struct hw_download *download, struct hw_http_writer *writer,
			    uint32_t index)
{
	const struct hw_http_range *range = &download->ranges.ranges[index];
	hw_http_writer_text(writer, "\r\n--");
	hw_http_writer_bytes(writer, (struct hw_span){download->boundary, HW_BOUNDARY_SIZE});
	hw_http_writer_text(writer, "\r\nContent-Type: application/octet-stream\r\n");
	hw_http_writer_field_content_range(writer, range->first, range->last, download->file_size);
	hw_http_writer_head_end(writer);
}

static void parts_end_write(const struct hw_download *download, struct hw_http_writer *writer)
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
			part_head_write(download, &writer, i);
			size += writer.size;
		}
	}
	if (download->is_multipart) {
		hw_http_writer_init(&writer, bytes, sizeof(bytes));
		parts_end_write(download, &writer);
		size += writer.size;
	}
	return size;
}

/* Files of strangers never run in the portal's origin: attachment, nosniff, sandbox (DESIGN:
 * security). */
static void file_fields_write(const struct hw_download *download, struct hw_http_writer *head)
{
	const struct hw_catalog_request *file = &download->file.request;
	hw_http_writer_field_etag(head, file->file_root, HW_HASH_SIZE);
	hw_http_writer_field_date(head, HW_SPAN("Last-Modified"), file->created_ms / 1000);
	hw_http_writer_field(head, HW_SPAN("Cache-Control"), HW_SPAN("private, no-cache"));
	hw_http_writer_field(head, HW_SPAN("Accept-Ranges"), HW_SPAN("bytes"));
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

static void head_send(struct hw_download *download, uint32_t status)
{
	struct hw_http_writer head;
	bool has_content = status == 200 || status == 206;
	hw_http_conn_reply_begin(download->conn, &head, status);
	file_fields_write(download, &head);
	if (has_content) {
		type_write(download, &head);
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"),
					    content_size(download));
		if (status == 206 && !download->is_multipart) {
			hw_http_writer_field_content_range(&head, download->ranges.ranges[0].first,
							   download->ranges.ranges[0].last,
							   download->file_size);
		}
	} else if (status == 416) {
		hw_http_writer_field_content_range_none(&head, download->file_size);
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), 0);
	}
	hw_http_writer_head_end(&head);
	hw_assert(!head.is_overflowed);
	download->head_size = head.size;
	hw_http_conn_head_release(download->conn);
	if (!has_content || download->conn->method == HW_HTTP_HEAD) {
		download->ranges.count = 0;
		download->is_multipart = false;
	}
	if (download->ranges.count == 0) {
		send_next(download);
		return;
	}
	download->read_offset = download->ranges.ranges[0].first;
	download->sent_offset = download->read_offset;
	read_next(download);
}

/* -- read -- */

static bool is_all_read(const struct hw_download *download)
{
	return download->read_range == download->ranges.count;
}

/* A second slab is a luxury that is taken only while there are plenty. */
static bool may_read_ahead(const struct hw_download *download)
{
	const struct hw_slab_pool *slabs = &reactor_of(download)->slabs;
	return download->sending.slab == NULL || slabs->free_count > slabs->count / 2;
}

/* The next step of reading, if there is one and it may be taken. */
static void read_next(struct hw_download *download)
{
	if (download->state != HW_DOWNLOAD_SENDING || hw_file_reader_is_reading(&download->file) ||
	    download->is_waiting || download->ahead.slab != NULL || is_all_read(download) ||
	    !may_read_ahead(download)) {
		return;
	}
	int r = hw_file_reader_read(&download->file, download->read_offset);
	if (r < 0) {
		fail(download, r);
	}
}

/* What was cancelled has landed; meanwhile the client may take more, or be gone. */
static void read_done(struct hw_file_reader *file, struct hw_slab *slab, int res)
{
	struct hw_download *download = hw_container_of(file, struct hw_download, file);
	if (download->state == HW_DOWNLOAD_ENDING) {
		hw_assert(slab == NULL);
		join(download);
		return;
	}
	if (res == -ECANCELED) {
		read_next(download);
		return;
	}
	if (res < 0) {
		fail(download, res);
		return;
	}
	const struct hw_http_range *range = &download->ranges.ranges[download->read_range];
	uint32_t offset = (uint32_t)res;
	uint64_t left_size = range->last - download->read_offset + 1;
	download->ahead.slab = slab;
	download->ahead.offset = offset;
	download->ahead.size = (uint32_t)hw_min((uint64_t)(slab->size - offset), left_size);
	download->read_offset += download->ahead.size;
	if (download->read_offset > range->last) {
		download->read_range++;
		if (!is_all_read(download)) {
			download->read_offset = download->ranges.ranges[download->read_range].first;
		}
	}
	send_next(download);
}

/* -- send -- */

/* Before the first byte of a part comes its head; it follows what is in the reply buffer already.
 */
static void part_head_add(struct hw_download *download)
{
	const struct hw_http_range *range = &download->ranges.ranges[download->sent_range];
	bool is_sent = download->has_part_head;
	download->has_part_head = false;
	if (!download->is_multipart || download->sent_offset != range->first || is_sent) {
		return;
	}
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, download->conn->reply, HW_REPLY_SIZE);
	writer.size = download->head_size;
	part_head_write(download, &writer, download->sent_range);
	hw_assert(!writer.is_overflowed);
	download->head_size = writer.size;
}

static void piece_account(struct hw_download *download, uint32_t size)
{
	const struct hw_http_range *range = &download->ranges.ranges[download->sent_range];
	download->sent_offset += size;
	if (download->sent_offset <= range->last) {
		return;
	}
	download->sent_range++;
	if (download->sent_range < download->ranges.count) {
		download->sent_offset = download->ranges.ranges[download->sent_range].first;
	}
}

static uint32_t tail_write(struct hw_download *download, char *bytes, uint32_t capacity)
{
	if (!download->is_multipart || download->sent_range < download->ranges.count) {
		return 0;
	}
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, capacity);
	parts_end_write(download, &writer);
	hw_assert(!writer.is_overflowed);
	return writer.size;
}

/* Send what is there: a head, a piece, and after the last piece what ends a multipart answer. */
static void send_next(struct hw_download *download)
{
	if (download->state != HW_DOWNLOAD_SENDING || download->is_sending) {
		return;
	}
	struct iovec iov[HW_SEND_IOV_MAX];
	uint32_t count = 0;
	if (download->ranges.count > 0) {
		if (download->ahead.slab == NULL) {
			return; /* read_done comes here again */
		}
		part_head_add(download);
		download->sending = download->ahead;
		download->ahead.slab = NULL;
	}
	char *reply = download->conn->reply;
	if (download->head_size > 0) {
		iov[count++] = (struct iovec){reply, download->head_size};
	}
	if (download->sending.slab != NULL) {
		iov[count++] =
			(struct iovec){download->sending.slab->bytes + download->sending.offset,
				       download->sending.size};
		download->sending_range = download->sent_range;
		download->sending_offset = download->sent_offset;
		piece_account(download, download->sending.size);
		download->tail_size = tail_write(download, reply + download->head_size,
						 HW_REPLY_SIZE - download->head_size);
		if (download->tail_size > 0) {
			iov[count++] =
				(struct iovec){reply + download->head_size, download->tail_size};
		}
	}
	download->is_whole_sent = download->sent_range == download->ranges.count;
	download->head_size = 0;
	download->is_sending = true;
	hw_http_conn_send(download->conn, iov, count);
	read_next(download);
}

/* Nothing of ours is held while a slow client decides: neither slabs nor the segment's place. */
static void let_go(struct hw_download *download)
{
	hw_slab_unref(hw_move(&download->sending.slab));
	hw_slab_unref(hw_move(&download->ahead.slab));
	hw_file_reader_cancel(&download->file);
}

/*
 * The client is slow: it does not keep our slabs. What it did not take of the piece is read again
 * when it takes more; the page cache has it. A head or an end that it did not take lies in the
 * reply buffer, and is simply sent on.
 */
static void give_way(struct hw_download *download)
{
	uint64_t unsent_size = download->conn->send_left_size;
	uint32_t piece_size = download->sending.size;
	if (download->sending.slab == NULL || unsent_size <= download->tail_size ||
	    unsent_size > download->tail_size + (uint64_t)piece_size) {
		hw_http_conn_send_more(download->conn);
		return;
	}
	let_go(download);
	download->read_range = download->sending_range;
	download->sent_range = download->sending_range;
	download->sent_offset =
		download->sending_offset + piece_size - (unsent_size - download->tail_size);
	download->read_offset = download->sent_offset;
	download->has_part_head = true;
	download->is_whole_sent = false;
	download->is_waiting = true;
	hw_http_conn_send_wait(download->conn);
}

static void send_done(void *talk, int res)
{
	struct hw_download *download = talk;
	if (res == -EAGAIN && download->state == HW_DOWNLOAD_SENDING) {
		give_way(download);
		return;
	}
	download->is_waiting = false; /* if it was, the client takes more, or is gone */
	download->is_sending = false;
	hw_slab_unref(hw_move(&download->sending.slab));
	if (download->state == HW_DOWNLOAD_ENDING) {
		join(download);
		return;
	}
	if (res < 0) {
		fail(download, res);
		return;
	}
	if (download->is_whole_sent) {
		finish(download);
		return;
	}
	read_next(download);
	send_next(download);
}

/* -- the end -- */

static void fail(struct hw_download *download, int error)
{
	hw_assert(download->state == HW_DOWNLOAD_SENDING);
	download->error = error;
	set_state(download, HW_DOWNLOAD_ENDING);
	hw_file_reader_cancel(&download->file);
	join(download);
}

static void join(struct hw_download *download)
{
	hw_assert(download->state == HW_DOWNLOAD_ENDING);
	if (!hw_file_reader_is_reading(&download->file) && !download->is_sending) {
		finish(download);
	}
}

static void log_failed(const struct hw_download *download)
{
	bool is_gone = download->error == -ECONNRESET || download->error == -EPIPE ||
		       download->error == -ETIMEDOUT || download->error == -ESHUTDOWN;
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_ERROR, "download.failed",
	       HW_F_ERRNO("error", download->error), HW_F_U64("sent", download->conn->sent_size),
	       HW_F_HEX("root", download->file.request.file_root, HW_HASH_SIZE));
}

static void finish(struct hw_download *download)
{
	struct hw_http_conn *conn = download->conn;
	hw_slab_unref(hw_move(&download->ahead.slab));
	hw_file_reader_cancel(&download->file);
	if (download->error < 0) {
		hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_downloads_failed, 1);
		log_failed(download);
		if (conn->is_answered) {
			hw_http_conn_abort(conn); /* a cut answer is never a short success */
		} else {
			hw_reply_errno(conn, download->error);
		}
	} else {
		hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_downloads_completed, 1);
		hw_http_conn_end(conn);
	}
	unpin(download);
}

static void unpin_done(struct hw_catalog_request *request)
{
	download_free(hw_container_of(request, struct hw_download, file.request));
}

static void unpin(struct hw_download *download)
{
	hw_assert(download->is_pinned);
	set_state(download, HW_DOWNLOAD_UNPINNING);
	download->conn = NULL;
	download->file.request.file_id = download->file.file_id;
	hw_catalog_submit(download->talks->catalog, &download->file.request, HW_CATALOG_UNPIN,
			  unpin_done);
}
