/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the bytes; two halves that meet in `ahead`:
 *
 *   begin -> (admission.c) -> find -> find_done -> (admission.c) -> head_send -> read_next
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

#include "core/base/log.h"
#include "net/talk/client.h"
#include "net/talk/download_head.h"
#include "net/talk/hot_download.h"
#include "net/talk/link.h"
#include "net/talk/reply.h"
#include "net/talk/share_read.h"

static void admitted(struct hw_admission *admission, bool is_in);
static void find(struct hw_download *download);
static void find_done(struct hw_catalog_request *request);
static void missing_ask(struct hw_download *download);
static void missing_reply(struct hw_download *download, bool is_in);
static void begin_sending(struct hw_download *download);
static void head_send(struct hw_download *download, uint32_t status);
static void read_next(struct hw_download *download);
static void read_done(struct hw_follower *file, const struct hw_piece *piece, int res);
static void send_next(struct hw_download *download);
static void send_done(void *talk, int res);
static void give_way(struct hw_download *download);
static void fail(struct hw_download *download, int error);
static void join(struct hw_download *download);
static void finish(struct hw_download *download);
static void leave(struct hw_download *download);
static void download_free(struct hw_download *download);
static void left(struct hw_follower *file);
static bool is_wanted(struct hw_follower *file);
static void unpin(struct hw_download *download);

static const struct hw_http_handler g_handler = {
	.body_done = hw_reply_no_body, .send_done = send_done, .gives_way = true};

static void set_state(struct hw_download *download, enum hw_download_state state)
{
	static const uint16_t g_next[HW_DOWNLOAD_STATE_COUNT] = {
		[HW_DOWNLOAD_FREE] = 1U << HW_DOWNLOAD_ASKING,
		[HW_DOWNLOAD_ASKING] = 1U << HW_DOWNLOAD_FINDING | 1U << HW_DOWNLOAD_FREE,
		[HW_DOWNLOAD_FINDING] = 1U << HW_DOWNLOAD_CHECKING | 1U << HW_DOWNLOAD_FREE,
		[HW_DOWNLOAD_CHECKING] = 1U << HW_DOWNLOAD_SENDING | 1U << HW_DOWNLOAD_LEAVING |
					 1U << HW_DOWNLOAD_FREE,
		[HW_DOWNLOAD_SENDING] = 1U << HW_DOWNLOAD_ENDING | 1U << HW_DOWNLOAD_LEAVING,
		[HW_DOWNLOAD_ENDING] = 1U << HW_DOWNLOAD_LEAVING,
		[HW_DOWNLOAD_LEAVING] = 1U << HW_DOWNLOAD_COUNTING | 1U << HW_DOWNLOAD_UNPINNING,
		[HW_DOWNLOAD_COUNTING] = 1U << HW_DOWNLOAD_UNPINNING,
		[HW_DOWNLOAD_UNPINNING] = 1U << HW_DOWNLOAD_TELLING | 1U << HW_DOWNLOAD_FREE,
		[HW_DOWNLOAD_TELLING] = 1U << HW_DOWNLOAD_FREE,
	};
	hw_assert((g_next[download->state] & (1U << state)) != 0);
	download->state = state;
}

static struct hw_reactor *reactor_of(const struct hw_download *download)
{
	return download->talks->reactor;
}

/* -- find -- */

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
	download->ahead = (struct hw_piece){.slab = NULL};
	download->sending = (struct hw_piece){.slab = NULL};
	download->read_range = 0;
	download->sent_range = 0;
	download->head_size = 0;
	download->error = 0;
	download->is_sending = false;
	download->chunk_left = 0;
	download->is_multipart = false;
	download->is_chunked = false;
	download->is_head_early = false;
	download->must_count = false;
	download->pipe = NULL;
	download->object = NULL;
	download->is_named = name.size > 0;
	download->is_pinned = false;
	download->is_whole_sent = false;
	download->is_waiting = false;
	download->has_part_head = false;
	download->file.done = read_done;
	download->file.left = left;
	download->file.is_wanted = is_wanted;
	hw_follower_init(&download->file, talks);
	hw_link_parse(&download->file.reader.request, id, name);
	set_state(download, HW_DOWNLOAD_ASKING);
	hw_metrics_add(talks->reactor->metrics, HW_METRIC_downloads_open, 1);
	hw_admission_init(&download->admission, talks, conn, admitted);
	switch (hw_admission_rate(&download->admission, HW_RATE_DOWNLOAD)) {
	case HW_ADMISSION_IN:
		find(download);
		break;
	case HW_ADMISSION_OUT:
		download_free(download);
		break;
	default:
		break;
	}
}

/* The client may begin; or it knows the password. */
static void admitted(struct hw_admission *admission, bool is_in)
{
	struct hw_download *download = hw_container_of(admission, struct hw_download, admission);
	if (download->state == HW_DOWNLOAD_ASKING) {
		if (is_in) {
			find(download);
		} else {
			download_free(download);
		}
		return;
	}
	if (!download->is_pinned) {
		missing_reply(download, is_in);
	} else if (is_in) {
		begin_sending(download);
	} else {
		leave(download);
	}
}

static void find(struct hw_download *download)
{
	struct hw_talks *talks = download->talks;
	set_state(download, HW_DOWNLOAD_FINDING);
	download->revision = hw_catalog_revision(talks->catalog);
	hw_http_conn_handle(download->conn, &g_handler, download);
	hw_catalog_submit(talks->catalog, &download->file.reader.request, HW_CATALOG_LOOKUP,
			  find_done);
}

static void download_free(struct hw_download *download)
{
	hw_assert(download->ahead.size == 0 && download->sending.size == 0);
	hw_assert(!hw_follower_is_reading(&download->file));
	hw_admission_leave(&download->admission);
	set_state(download, HW_DOWNLOAD_FREE);
	hw_metrics_sub(reactor_of(download)->metrics, HW_METRIC_downloads_open, 1);
	hw_pool_give(&download->talks->downloads, download);
}

/* There is no such file; but who does not know the share's password is not told so. */
static void missing_ask(struct hw_download *download)
{
	const struct hw_catalog_request *request = &download->file.reader.request;
	set_state(download, HW_DOWNLOAD_CHECKING);
	enum hw_admission_verdict verdict =
		hw_admission_password(&download->admission, request->share_id, &request->access);
	if (verdict != HW_ADMISSION_WAIT) {
		missing_reply(download, verdict == HW_ADMISSION_IN);
	}
}

static void missing_reply(struct hw_download *download, bool is_in)
{
	struct hw_http_conn *conn = download->conn;
	download_free(download);
	if (is_in) {
		hw_reply_errno(conn, -ENOENT);
	}
}

static void find_done(struct hw_catalog_request *request)
{
	struct hw_download *download =
		hw_container_of(request, struct hw_download, file.reader.request);
	struct hw_http_conn *conn = download->conn;
	if (request->res < 0) {
		int error = request->res;
		bool is_none = error == -EINVAL || error == -ENODATA; /* but several, or none yet */
		if (is_none && request->name_size == 0) {
			hw_share_read_links(download->talks, conn, request);
			download_free(download);
			return;
		}
		if (error == -ENOENT && request->access.password_size > 0) {
			missing_ask(download);
			return;
		}
		download_free(download);
		hw_reply_errno(conn, error);
		return;
	}
	download->is_pinned = true;
	download->file_size =
		hw_download_is_growing(download) ? request->length : request->file_size;
	download->is_chunked = download->file_size == HW_LENGTH_UNKNOWN;
	hw_follower_begin(&download->file);
	set_state(download, HW_DOWNLOAD_CHECKING);
	switch (hw_admission_password(&download->admission, request->share_id, &request->access)) {
	case HW_ADMISSION_IN:
		begin_sending(download);
		break;
	case HW_ADMISSION_OUT:
		leave(download);
		break;
	default:
		break;
	}
}

static void begin_sending(struct hw_download *download)
{
	uint32_t status = hw_download_select_ranges(download);
	hw_http_conn_handle(download->conn, &g_handler, download);
	if (status == 412) {
		hw_reply_error(download->conn, 412, "The file is not the one that If-Match names.");
		leave(download);
		return;
	}
	if (hw_download_is_before_first(download)) {
		hw_reply_errno(download->conn, -ESTALE);
		leave(download);
		return;
	}
	hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_downloads_started, 1);
	set_state(download, HW_DOWNLOAD_SENDING);
	head_send(download, status);
}

/* Followers hear of what brings the file to its end, as a share counts it: the whole, or the rest
 * of it. Who fetches pieces here and there would be a crowd of transfers that say nothing. */
static void report_begin(struct hw_download *download)
{
	const struct hw_catalog_request *file = &download->file.reader.request;
	const struct hw_http_range *range = &download->ranges.ranges[0];
	uint8_t client_id[HW_CLIENT_ID_SIZE];
	if (download->ranges.count != 1 || range->last + 1 != download->file_size) {
		return;
	}
	struct hw_report_options options = {
		.share_id = file->share_id,
		.name = {file->name, file->name_size},
		.size = download->file_size,
		.offset = range->first,
		.client_id = hw_client_id_of(download->conn, client_id) ? client_id : NULL,
		.is_down = true,
	};
	hw_report_begin(&download->report, download->talks, &options);
}

/* What the client took so far; @stalled: it takes nothing more just now. */
static void report_progress(struct hw_download *download, const char *stalled)
{
	if (download->sent_offset > download->ranges.ranges[0].first) {
		hw_report_progress(&download->report, download->sent_offset, stalled);
	}
}

static void report_end(struct hw_download *download)
{
	bool is_over = download->error == 0 && download->is_whole_sent;
	bool is_gone = download->error == -ECONNRESET || download->error == -EPIPE;
	enum hw_transfer_state state = is_over   ? HW_TRANSFER_UPLOADED
				       : is_gone ? HW_TRANSFER_CANCELLED
						 : HW_TRANSFER_FAILED;
	hw_report_end(&download->report, state);
}

/* A small file that is asked for often is kept in memory: with its head's fields now, with its
 * bytes when they are there. */
static void object_prepare(struct hw_download *download, uint32_t status)
{
	if (status == 200 && download->ranges.count > 0 && download->is_named &&
	    !hw_download_is_growing(download)) {
		download->object = hw_hot_download_prepare(
			download->talks, download->conn, &download->file.reader.request,
			hw_download_fields(download), download->revision);
	}
}

static void object_fill(struct hw_download *download)
{
	struct hw_object *object = hw_move(&download->object);
	const struct hw_piece *piece = &download->ahead;
	if (object != NULL && piece->slab != NULL && piece->size == object->body_size) {
		memcpy(hw_object_body(object), piece->slab->bytes + piece->offset, piece->size);
		hw_object_list(&download->talks->objects, object);
		hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_object_cache_fills, 1);
	}
	hw_object_unref(object);
}

static void head_send(struct hw_download *download, uint32_t status)
{
	hw_download_head_write(download, status);
	object_prepare(download, status);
	report_begin(download);
	hw_http_conn_head_release(download->conn);
	if (download->ranges.count == 0) {
		send_next(download);
		return;
	}
	download->read_offset = download->ranges.ranges[0].first;
	download->sent_offset = download->read_offset;
	/* Nobody knows when the first byte comes; but whether any will, where not all is stored. */
	download->is_head_early = hw_download_is_growing(download) &&
				  download->file.reader.request.access.mode == HW_SHARE_STORED;
	if (download->is_head_early) {
		send_next(download);
	}
	read_next(download);
}

/* -- read -- */

static bool is_all_read(const struct hw_download *download)
{
	return download->read_range == download->ranges.count;
}

/* A second slab is a luxury that is taken only while there are plenty. What is lent must be sent
 * before more is asked for, and costs no time to read. */
static bool may_read_ahead(const struct hw_download *download)
{
	const struct hw_slab_pool *slabs = &reactor_of(download)->slabs;
	return download->sending.size == 0 ||
	       (!hw_piece_is_lent(&download->sending) && slabs->free_count > slabs->count / 2);
}

/* A pipe is held from the question until what it brought is sent. @is_empty: as far as we know. */
static void pipe_give(struct hw_download *download, bool is_empty)
{
	struct hw_pipe *pipe = hw_move(&download->pipe);
	if (pipe == NULL) {
		return;
	}
	if (!is_empty) {
		hw_pipe_empty(pipe);
	}
	hw_pipe_give(&reactor_of(download)->pipes, pipe);
}

/* May the next piece go from the page cache to the socket unseen? Returns how much of it. */
static uint32_t lend_size(struct hw_download *download)
{
	const struct hw_http_range *range = &download->ranges.ranges[download->read_range];
	uint64_t left_size = range->last - download->read_offset + 1;
	bool is_stored = download->file.reader.request.access.mode != HW_SHARE_LIVE;
	if (!hw_http_conn_can_splice(download->conn) || !is_stored || download->is_multipart ||
	    download->is_chunked || left_size < HW_LEND_SIZE_MIN) {
		return 0;
	}
	if (download->pipe == NULL) {
		download->pipe = hw_pipe_take(&reactor_of(download)->pipes);
	}
	return download->pipe != NULL ? (uint32_t)hw_min(left_size, (uint64_t)HW_LEND_SIZE_MAX) : 0;
}

/* The next step of reading, if there is one and it may be taken. */
static void read_next(struct hw_download *download)
{
	if (download->state != HW_DOWNLOAD_SENDING || hw_follower_is_reading(&download->file) ||
	    download->is_waiting || download->ahead.size > 0 || is_all_read(download) ||
	    !may_read_ahead(download)) {
		return;
	}
	download->file.reader.lend_size_max = lend_size(download);
	hw_follower_read(&download->file, download->read_offset);
}

/* The file ends where nobody knew that it would. */
static void end_came(struct hw_download *download)
{
	download->file_size = download->read_offset;
	hw_report_size_set(&download->report, download->file_size);
	download->ranges.count = download->file_size > 0 ? 1 : 0;
	download->ranges.ranges[0].last = download->file_size - 1;
	download->read_range = download->ranges.count;
	if (download->sent_offset == download->file_size) {
		download->sent_range = download->ranges.count;
	}
	send_next(download);
}

/* A connection that sends nothing does not hear that the daemon stops. */
static bool is_wanted(struct hw_follower *file)
{
	const struct hw_download *download = hw_container_of(file, struct hw_download, file);
	return download->conn == NULL || !download->conn->is_cut;
}

/* What was cancelled has landed; meanwhile the client may take more, or be gone. */
static void read_done(struct hw_follower *file, const struct hw_piece *piece, int res)
{
	struct hw_download *download = hw_container_of(file, struct hw_download, file);
	if (download->state == HW_DOWNLOAD_ENDING) {
		hw_assert(piece == NULL);
		join(download);
		return;
	}
	if (res == -ECANCELED) {
		read_next(download);
		return;
	}
	if (res == -ENODATA && download->is_chunked) {
		end_came(download);
		return;
	}
	if (res < 0) {
		fail(download, res);
		return;
	}
	const struct hw_http_range *range = &download->ranges.ranges[download->read_range];
	uint64_t left_size = range->last - download->read_offset + 1;
	if (download->chunk_left > 0) { /* a slow client took a part of the coding's chunk */
		left_size = hw_min(left_size, (uint64_t)download->chunk_left);
	}
	if (!hw_piece_is_lent(piece)) {
		pipe_give(download, true);
	}
	download->ahead = *piece;
	download->ahead.size = (uint32_t)hw_min((uint64_t)piece->size, left_size);
	download->read_offset += download->ahead.size;
	object_fill(download);
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
	hw_download_part_head_write(download, &writer, download->sent_range);
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

/* A piece is a chunk of the transfer coding, or the rest of one. */
static void chunk_head_add(struct hw_download *download)
{
	struct hw_http_writer writer;
	if (!hw_download_has_coding(download)) {
		return;
	}
	if (download->chunk_left == 0) {
		uint8_t size[4];
		for (uint32_t i = 0; i < sizeof(size); i++) {
			size[i] = (uint8_t)(download->ahead.size >> (24 - 8 * i));
		}
		hw_http_writer_init(&writer, download->conn->reply, HW_REPLY_SIZE);
		writer.size = download->head_size;
		hw_http_writer_hex(&writer, size, sizeof(size));
		hw_http_writer_text(&writer, "\r\n");
		hw_assert(!writer.is_overflowed);
		download->head_size = writer.size;
		download->chunk_left = download->ahead.size;
	}
	hw_assert(download->ahead.size <= download->chunk_left);
	download->chunk_left -= download->ahead.size;
}

static bool is_all_sent(const struct hw_download *download)
{
	return download->sent_range == download->ranges.count;
}

/* What follows the piece, or the last one. Returns its size. */
static uint32_t tail_write(struct hw_download *download, char *bytes, uint32_t capacity)
{
	struct hw_http_writer writer;
	bool has_piece = download->sending.size > 0;
	hw_http_writer_init(&writer, bytes, capacity);
	if (download->is_multipart && has_piece && is_all_sent(download)) {
		hw_download_parts_end_write(download, &writer);
	}
	if (hw_download_has_coding(download)) {
		hw_http_writer_text(&writer, has_piece && download->chunk_left == 0 ? "\r\n" : "");
		hw_http_writer_text(&writer, is_all_sent(download) ? "0\r\n\r\n" : "");
	}
	hw_assert(!writer.is_overflowed);
	return writer.size;
}

static void piece_take(struct hw_download *download)
{
	part_head_add(download);
	chunk_head_add(download);
	download->sending = download->ahead;
	download->ahead = (struct hw_piece){.slab = NULL};
	download->sending_range = download->sent_range;
	download->sending_offset = download->sent_offset;
	piece_account(download, download->sending.size);
}

static void lent_send(struct hw_download *download)
{
	struct hw_http_splice splice = {.pipe = download->pipe,
					.file = download->sending.lent_file,
					.file_fd = download->sending.lent_fd,
					.offset = download->sending.lent_offset,
					.size = download->sending.size};
	hw_assert(download->head_size == 0 && download->pipe != NULL);
	download->tail_size = 0;
	download->is_whole_sent = is_all_sent(download);
	download->is_sending = true;
	hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_bytes_spliced, splice.size);
	hw_report_wait(&download->report, HW_STALL_RECEIVER);
	hw_http_conn_splice(download->conn, &splice);
}

/* Send what is there: a head, a piece, and after the last piece what ends the answer. */
static void send_next(struct hw_download *download)
{
	struct iovec iov[HW_SEND_IOV_MAX];
	char *reply = download->conn->reply;
	uint32_t count = 0;
	if (download->state != HW_DOWNLOAD_SENDING || download->is_sending) {
		return;
	}
	/* A head goes before a lent piece: the two cannot be sent as one. */
	bool is_head_alone = download->head_size > 0 && hw_piece_is_lent(&download->ahead);
	if (is_head_alone) {
		download->is_head_early = true;
	} else if (download->ahead.size > 0) {
		piece_take(download);
	} else if (!is_all_sent(download) && !download->is_head_early) {
		hw_report_wait(&download->report,
			       hw_download_is_growing(download) ? HW_STALL_SENDER : HW_STALL_DISK);
		return; /* read_done comes here again */
	}
	if (download->head_size > 0) {
		iov[count++] = (struct iovec){reply, download->head_size};
	}
	if (hw_piece_is_lent(&download->sending)) {
		lent_send(download);
		return;
	}
	if (download->sending.size > 0) {
		iov[count++] =
			(struct iovec){download->sending.slab->bytes + download->sending.offset,
				       download->sending.size};
	}
	download->tail_size = tail_write(download, reply + download->head_size,
					 HW_REPLY_SIZE - download->head_size);
	if (download->tail_size > 0) {
		iov[count++] = (struct iovec){reply + download->head_size, download->tail_size};
	}
	download->is_whole_sent = is_all_sent(download);
	download->is_head_early = false;
	download->head_size = 0;
	if (count == 0) { /* HTTP/1.0, and the end came late: the close says it */
		finish(download);
		return;
	}
	download->is_sending = true;
	hw_report_wait(&download->report, HW_STALL_RECEIVER);
	hw_http_conn_send(download->conn, iov, count);
	read_next(download);
}

/* Nothing of ours is held while a slow client decides: neither slabs nor the segment's place. */
static void let_go(struct hw_download *download)
{
	hw_follower_release(&download->file, &download->sending);
	hw_follower_release(&download->file, &download->ahead);
	pipe_give(download, false);
	(void)hw_follower_cancel(&download->file); /* if done still comes, it says -ECANCELED */
}

/*
 * The client is slow: it does not keep our slabs. What it did not take of the piece is read again
 * when it takes more; the page cache has it. A head or an end that it did not take lies in the
 * reply buffer, and is simply sent on. Where not all is stored there may be no second reading: the
 * slab of an upload stays, and its sender waits.
 */
static void give_way(struct hw_download *download)
{
	uint64_t unsent_size = download->conn->send_left_size;
	uint32_t piece_size = download->sending.size;
	bool is_lent = download->sending.follow != NULL || download->ahead.follow != NULL;
	bool is_only_here = is_lent && download->file.reader.request.access.mode != HW_SHARE_STORED;
	if (is_only_here || download->sending.size == 0 || unsent_size <= download->tail_size ||
	    unsent_size > download->tail_size + (uint64_t)piece_size) {
		hw_http_conn_send_more(download->conn);
		return;
	}
	let_go(download);
	if (hw_download_has_coding(download)) {
		download->chunk_left += (uint32_t)(unsent_size - download->tail_size);
	}
	download->read_range = download->sending_range;
	download->sent_range = download->sending_range;
	download->sent_offset =
		download->sending_offset + piece_size - (unsent_size - download->tail_size);
	download->read_offset = download->sent_offset;
	download->has_part_head = true;
	download->is_whole_sent = false;
	download->is_waiting = true;
	report_progress(download, HW_STALL_RECEIVER);
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
	if (hw_piece_is_lent(&download->sending)) {
		pipe_give(download, res == 0);
	}
	hw_follower_release(&download->file, &download->sending);
	if (download->state == HW_DOWNLOAD_ENDING) {
		join(download);
		return;
	}
	if (res < 0) {
		fail(download, res);
		return;
	}
	report_progress(download, NULL);
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
	(void)hw_follower_cancel(&download->file); /* join looks whether anything is under way */
	join(download);
}

static void join(struct hw_download *download)
{
	hw_assert(download->state == HW_DOWNLOAD_ENDING);
	if (!hw_follower_is_reading(&download->file) && !download->is_sending) {
		finish(download);
	}
}

static void log_failed(const struct hw_download *download)
{
	bool is_gone = download->error == -ECONNRESET || download->error == -EPIPE ||
		       download->error == -ETIMEDOUT || download->error == -ESHUTDOWN ||
		       download->error == -EIDRM || download->error == -ESTALE; /* its sender */
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_ERROR, "download.failed",
	       HW_F_ERRNO("error", download->error), HW_F_U64("sent", download->conn->sent_size),
	       HW_F_HEX("root", download->file.reader.request.file_root, HW_HASH_SIZE));
}

static void finish(struct hw_download *download)
{
	struct hw_http_conn *conn = download->conn;
	hw_object_unref(hw_move(&download->object));
	pipe_give(download, true); /* nothing was lent by it */
	hw_follower_release(&download->file, &download->ahead);
	bool is_under_way = hw_follower_cancel(&download->file);
	hw_assert(!is_under_way);
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
	leave(download);
}

/* The seat, if there is one; then the count, if it counts; then the pin. */
static void leave(struct hw_download *download)
{
	hw_assert(download->is_pinned);
	report_end(download);
	set_state(download, HW_DOWNLOAD_LEAVING);
	download->conn = NULL;
	hw_follower_leave(&download->file);
}

static void counted(struct hw_catalog_request *request)
{
	struct hw_download *download =
		hw_container_of(request, struct hw_download, file.reader.request);
	if (request->res < 0) { /* the share may be over meanwhile */
		HW_LOG(HW_LOG_INFO, "download.not_counted", HW_F_ERRNO("error", request->res));
	}
	unpin(download);
}

static void left(struct hw_follower *file)
{
	struct hw_download *download = hw_container_of(file, struct hw_download, file);
	struct hw_catalog_request *request = &download->file.reader.request;
	request->file_id = download->file.reader.file_id;
	if (download->must_count && download->error == 0 && download->is_whole_sent) {
		set_state(download, HW_DOWNLOAD_COUNTING);
		hw_catalog_submit(download->talks->catalog, request, HW_CATALOG_COUNT, counted);
		return;
	}
	unpin(download);
}

static void told(struct hw_report *report)
{
	download_free(hw_container_of(report, struct hw_download, report));
}

static void unpin_done(struct hw_catalog_request *request)
{
	struct hw_download *download =
		hw_container_of(request, struct hw_download, file.reader.request);
	if (hw_report_is_idle(&download->report)) {
		download_free(download);
		return;
	}
	set_state(download, HW_DOWNLOAD_TELLING);
	hw_report_join(&download->report, told);
}

static void unpin(struct hw_download *download)
{
	struct hw_catalog_request *request = &download->file.reader.request;
	set_state(download, HW_DOWNLOAD_UNPINNING);
	request->file_id = download->file.reader.file_id;
	hw_catalog_submit(download->talks->catalog, request, HW_CATALOG_UNPIN, unpin_done);
}
