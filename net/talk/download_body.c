/* SPDX-License-Identifier: Apache-2.0
 *
 * Two halves that meet in `ahead`:
 *
 *   read_next -> (file_reader.c) -> read_done -> ahead
 *       ^                                          |
 *       |        send_done <- (the client) <- head or part head + piece <- send_next
 *       +-----------+  | (slow: -EAGAIN)
 *                      +-> give_way: slabs back, wait without one, read_next again
 *
 *   the last byte sent -> (download.c: finish)     any error -> (download.c: fail)
 */
#include <errno.h>
#include <string.h>

#include "net/talk/download_head.h"
#include "net/talk/download_steps.h"
#include "net/talk/hot_download.h"
#include "net/talk/reply.h"

static void read_next(struct hw_download *download);
static void end_came(struct hw_download *download);
static void send_next(struct hw_download *download);
static void send_done(void *talk, int res);
static void give_way(struct hw_download *download);
static void client_left(void *talk, int res);

const struct hw_http_handler hw_download_handler = {.body_done = hw_reply_no_body,
						    .send_done = send_done,
						    .left = client_left,
						    .gives_way = true};

static struct hw_reactor *reactor_of(const struct hw_download *download)
{
	return download->talks->reactor;
}

void hw_download_body_begin(struct hw_download *download)
{
	if (download->ranges.count == 0) {
		send_next(download);
		return;
	}
	download->read_offset = download->ranges.ranges[0].first;
	download->sent_offset = download->read_offset;
	/* Nobody knows when the first byte comes; but whether any will, where not all is stored. */
	download->is_head_early = hw_download_is_growing(download) &&
				  download->file.reader.request.access.mode == HW_SHARE_STORED;
	read_next(download);
	send_next(download);
}

/* -- read -- */

/* The object that the head began for the cache gets its bytes. */
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

/* May the next piece go from the page cache to the socket unseen? Returns how much of it. */
static uint32_t lend_size(const struct hw_download *download)
{
	const struct hw_http_range *range = &download->ranges.ranges[download->read_range];
	uint64_t left_size = range->last - download->read_offset + 1;
	bool is_stored = download->file.reader.request.access.mode != HW_SHARE_LIVE;
	if (!hw_http_conn_can_splice(download->conn, left_size) || !is_stored ||
	    download->is_multipart || download->is_chunked || left_size < HW_LEND_SIZE_MIN) {
		return 0;
	}
	return (uint32_t)hw_min(left_size, (uint64_t)HW_LEND_SIZE_MAX);
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

/* What was cancelled has landed; meanwhile the client may take more, or be gone. */
void hw_download_read_done(struct hw_follower *file, const struct hw_piece *piece, int res)
{
	struct hw_download *download = hw_container_of(file, struct hw_download, file);
	if (download->state == HW_DOWNLOAD_ENDING) {
		hw_assert(piece == NULL);
		hw_download_join(download);
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
		hw_download_fail(download, res);
		return;
	}
	const struct hw_http_range *range = &download->ranges.ranges[download->read_range];
	uint64_t left_size = range->last - download->read_offset + 1;
	if (download->chunk_left > 0) { /* a slow client took a part of the coding's chunk */
		left_size = hw_min(left_size, (uint64_t)download->chunk_left);
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

/* What the client took so far; @stalled: it takes nothing more just now. */
static void report_progress(struct hw_download *download, const char *stalled)
{
	if (download->sent_offset > download->ranges.ranges[0].first) {
		hw_report_progress(&download->report, download->sent_offset, stalled);
	}
}

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
	struct hw_http_splice splice = {.file = download->sending.lent_file,
					.file_fd = download->sending.lent_fd,
					.offset = download->sending.lent_offset,
					.size = download->sending.size};
	hw_assert(download->head_size == 0);
	download->tail_size = 0;
	download->is_whole_sent = is_all_sent(download);
	download->is_sending = true;
	hw_report_wait(&download->report, HW_STALL_RECEIVER);
	hw_http_conn_splice(download->conn, &splice);
}

/* read_done comes to send_next again; a sender may take its time, and then so may the client. */
static void wait(struct hw_download *download)
{
	bool is_growing = hw_download_is_growing(download);
	hw_report_wait(&download->report, is_growing ? HW_STALL_SENDER : HW_STALL_DISK);
	if (is_growing) {
		hw_http_conn_send_pause(download->conn);
	}
}

static void client_left(void *talk, int res)
{
	struct hw_download *download = talk;
	if (download->state == HW_DOWNLOAD_SENDING) { /* else it ends already */
		hw_download_fail(download, res);
	}
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
		wait(download);
		return;
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
		hw_download_finish(download);
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
	bool is_forgotten = res == -ENODATA && hw_piece_is_lent(&download->sending);
	if ((res == -EAGAIN || is_forgotten) && download->state == HW_DOWNLOAD_SENDING) {
		if (is_forgotten) {
			hw_file_reader_distrust(&download->file.reader);
		}
		give_way(download);
		return;
	}
	download->is_waiting = false; /* if it was, the client takes more, or is gone */
	download->is_sending = false;
	hw_follower_release(&download->file, &download->sending);
	if (download->state == HW_DOWNLOAD_ENDING) {
		hw_download_join(download);
		return;
	}
	if (res < 0) {
		hw_download_fail(download, res);
		return;
	}
	report_progress(download, NULL);
	if (download->is_whole_sent) {
		hw_download_finish(download);
		return;
	}
	read_next(download);
	send_next(download);
}
