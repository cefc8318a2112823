/* SPDX-License-Identifier: Apache-2.0
 *
 *   go_on -> make_next -> piece_step: the cursor says what is next, until the piece is ready
 *     |                     | an entry:  out of the page, or page_fetch -> page_done -> go_on
 *     |                     | records:   into the piece
 *     |                     | a file:    (archive_file.c) -> read_done -> go_on
 *     |                     | its end:   (archive_file.c) -> go_on
 *     |                     v
 *   send_next -> send_done -> go_on ... -> finish
 *                   | (slow: -EAGAIN)
 *                   +-> give_way: slabs back, the cursor too; wait without one
 *
 * A piece is a function of where it begins. So what a slow client did not take is made again. Only
 * how much of a file it has is one of the moment, where that is still being uploaded: such a piece
 * has no records, and is begun again where the client stopped.
 */
#include <errno.h>
#include <string.h>

#include "net/talk/archive_steps.h"
#include "net/talk/reply.h"

static int make_next(struct hw_archive *archive);
static void page_done(struct hw_catalog_request *request);
static bool send_next(struct hw_archive *archive);
static void send_done(void *talk, int res);
static void give_way(struct hw_archive *archive);
static void client_left(void *talk, int res);

const struct hw_http_handler hw_archive_handler = {.body_done = hw_reply_no_body,
						   .send_done = send_done,
						   .left = client_left,
						   .gives_way = true};

void hw_archive_body_begin(struct hw_archive *archive)
{
	hw_archive_go_on(archive);
}

/* Make a piece, send it, make the one behind it. */
void hw_archive_go_on(struct hw_archive *archive)
{
	int r = make_next(archive);
	if (r >= 0 && send_next(archive)) {
		r = make_next(archive);
	}
	if (r < 0) {
		hw_archive_fail(archive, r);
	} else if (archive->layout.is_live && !archive->is_sending &&
		   archive->state == HW_ARCHIVE_SENDING) {
		hw_http_conn_send_pause(archive->conn); /* a sender may take its time */
	}
}

static void client_left(void *talk, int res)
{
	struct hw_archive *archive = talk;
	if (archive->state == HW_ARCHIVE_SENDING) { /* else it ends already */
		hw_archive_fail(archive, res);
	}
}

/* -- pieces -- */

static struct hw_archive_piece *piece_sent(struct hw_archive *archive)
{
	return &archive->pieces[archive->sent_index];
}

static struct hw_archive_piece *piece_ahead(struct hw_archive *archive)
{
	return &archive->pieces[1 - archive->sent_index];
}

static void piece_begin(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	piece->begin = archive->cursor;
	piece->begin_entry = archive->entry;
	piece->records_size = 0;
	piece->is_last = false;
	piece->is_begun = true;
}

static void piece_drop(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	hw_follower_release(&archive->file, &piece->bytes);
	piece->is_begun = false;
	piece->is_ready = false;
}

bool hw_archive_may_read(struct hw_archive *archive)
{
	const struct hw_slab_pool *slabs = &archive->talks->reactor->slabs;
	return piece_sent(archive)->bytes.size == 0 || slabs->free_count > slabs->count / 2;
}

/* Its row, if it is in the page. What the directory says was asked for when all was there. */
static const struct hw_share_file *row_find(const struct hw_archive *archive, uint32_t index)
{
	bool is_old = archive->layout.is_live && archive->row_phase != archive->cursor.phase;
	bool is_there = !is_old && index >= archive->row_first &&
			index - archive->row_first < archive->row_count;
	return is_there ? &archive->rows[index - archive->row_first] : NULL;
}

/* Give the cursor its entry. Returns 1, 0: the catalog is asked for it first, or -EIDRM: what was
 * sent is not what there is. */
static int entry_give(struct hw_archive *archive)
{
	struct hw_zip_cursor *cursor = &archive->cursor;
	const struct hw_share_file *row = row_find(archive, cursor->entry_index);
	if (row == NULL) {
		struct hw_span after = {archive->entry.name, archive->entry.name_size};
		after.size = cursor->entry_index == 0 ? 0 : after.size;
		hw_archive_page_fetch(archive, cursor->entry_index, after, page_done);
		return 0;
	}
	if (cursor->phase == HW_ZIP_CENTRAL && !row->is_sealed) {
		return -EIDRM;
	}
	struct hw_zip_entry entry = hw_archive_row_entry(archive, cursor->entry_index, row);
	archive->entry.file_id = row->file_id;
	archive->entry.name_size = row->name_size;
	memcpy(archive->entry.name, row->name, row->name_size);
	entry.name.bytes = archive->entry.name; /* stays when the page goes */
	hw_zip_cursor_entry(cursor, &entry);
	return 1;
}

static void piece_end(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	piece->is_last = archive->cursor.state == HW_ZIP_DONE;
	piece->is_ready = true;
	if (piece->is_last && archive->layout.is_open) {
		hw_report_size_set(&archive->report, archive->cursor.offset);
	}
}

/* Somebody has to send it first; records do not wait for that. */
static bool is_awaited(const struct hw_archive *archive)
{
	const struct hw_zip_cursor *cursor = &archive->cursor;
	return cursor->state == HW_ZIP_WANTS_END ||
	       (cursor->state == HW_ZIP_WANTS_FILE && cursor->entry.kind != HW_ZIP_WHOLE);
}

/* Returns 1 another step may follow at once, 0, or -errno. What ends the range waits for the rest
 * of the list: it must be the archive that the head spoke of. */
static int piece_step(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	struct hw_zip_cursor *cursor = &archive->cursor;
	uint32_t room = HW_ARCHIVE_RECORDS_SIZE - piece->records_size;
	if (is_awaited(archive) && piece->records_size > 0) {
		piece_end(archive, piece);
		return 0;
	}
	switch (cursor->state) {
	case HW_ZIP_WANTS_ENTRY:
		return entry_give(archive);
	case HW_ZIP_WANTS_WRITE:
		if (room == 0) {
			piece_end(archive, piece);
			return 0;
		}
		piece->records_size +=
			hw_zip_cursor_write(cursor, piece->records + piece->records_size, room);
		return 1;
	case HW_ZIP_WANTS_FILE:
		return hw_archive_file_read(archive);
	case HW_ZIP_WANTS_END:
		return hw_archive_file_end(archive);
	case HW_ZIP_DONE:
		piece_end(archive, piece);
		return 0;
	default:
		return -EIDRM;
	}
}

/* Make the piece that is next, as far as it goes without waiting: a page of entries at most. */
static int make_next(struct hw_archive *archive)
{
	struct hw_archive_piece *piece =
		archive->is_sending ? piece_ahead(archive) : piece_sent(archive);
	if (archive->state != HW_ARCHIVE_SENDING || archive->is_asking || archive->is_waiting ||
	    hw_follower_is_reading(&archive->file) || piece->is_ready ||
	    (archive->is_sending && piece_sent(archive)->is_last)) {
		return 0;
	}
	if (!piece->is_begun) {
		piece_begin(archive, piece);
	}
	int r = 1;
	while (r > 0) {
		r = piece_step(archive, piece);
	}
	return r;
}

static void page_done(struct hw_catalog_request *request)
{
	struct hw_archive *archive =
		hw_container_of(request, struct hw_archive, file.reader.request);
	archive->is_asking = false;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return;
	}
	uint32_t count = request->res < 0 ? 0 : request->row_count;
	hw_assert(count <= HW_ARCHIVE_ROWS);
	archive->row_count = hw_archive_rows_keep(archive, count);
	if (count == HW_ARCHIVE_ROWS && archive->row_count == 0) {
		const struct hw_share_file *last = &archive->rows[count - 1];
		struct hw_span after = {last->name, last->name_size};
		hw_archive_page_fetch(archive, archive->row_first, after, page_done);
		return;
	}
	if (archive->row_count == 0) {
		hw_archive_fail(archive, request->res < 0 ? request->res : -EIDRM);
		return;
	}
	hw_archive_go_on(archive);
}

/* -- the bytes of a file -- */

/* Bytes of the file that the piece may have: while the coding's chunk owes some, it has those. */
static uint64_t size_wanted(const struct hw_archive *archive, const struct hw_archive_piece *piece)
{
	uint64_t offset = 0;
	uint64_t size = hw_zip_cursor_file(&archive->cursor, &offset);
	uint32_t taken_size = archive->is_sending ? 0 : archive->sent_size;
	if (archive->chunk_left == 0) {
		return size;
	}
	hw_assert(archive->chunk_left + taken_size > piece->records_size);
	return hw_min(size, (uint64_t)(archive->chunk_left + taken_size - piece->records_size));
}

static void bytes_came(struct hw_archive *archive, const struct hw_piece *bytes)
{
	struct hw_archive_piece *piece =
		archive->is_sending ? piece_ahead(archive) : piece_sent(archive);
	hw_assert(piece->is_begun && !piece->is_ready && piece->bytes.size == 0);
	hw_assert(!hw_piece_is_lent(bytes));
	uint64_t wanted_size = size_wanted(archive, piece);
	piece->bytes = *bytes;
	piece->bytes.size = (uint32_t)hw_min((uint64_t)bytes->size, wanted_size);
	hw_zip_cursor_skip(&archive->cursor, piece->bytes.size);
	if (archive->cursor.offset < archive->cursor.end_offset) {
		piece_end(archive, piece);
	}
}

void hw_archive_read_done(struct hw_follower *file, const struct hw_piece *piece, int res)
{
	struct hw_archive *archive = hw_container_of(file, struct hw_archive, file);
	bool is_open = archive->cursor.entry.kind == HW_ZIP_OPEN;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_assert(piece == NULL);
		hw_archive_join(archive);
		return;
	}
	if (res == -ENODATA && is_open) {
		hw_zip_cursor_file_ends(&archive->cursor);
	} else if (res < 0 && res != -ECANCELED) {
		hw_archive_fail(archive, res);
		return;
	} else if (res >= 0) {
		bytes_came(archive, piece);
	}
	hw_archive_go_on(archive);
}

/* -- send -- */

static uint32_t piece_size(const struct hw_archive_piece *piece)
{
	return piece->records_size + piece->bytes.size;
}

/* A piece is a chunk of the transfer coding, or the rest of one. What ends a chunk is said with the
 * next. */
static void chunk_head_add(struct hw_archive *archive, uint32_t size)
{
	struct hw_http_writer writer;
	if (!archive->is_chunked || size == 0) {
		return;
	}
	if (archive->chunk_left == 0) {
		uint8_t digits[4];
		for (uint32_t i = 0; i < sizeof(digits); i++) {
			digits[i] = (uint8_t)(size >> (24 - 8 * i));
		}
		hw_http_writer_init(&writer, archive->conn->reply, HW_REPLY_SIZE);
		writer.size = archive->head_size;
		hw_http_writer_text(&writer, archive->has_chunk ? "\r\n" : "");
		hw_http_writer_hex(&writer, digits, sizeof(digits));
		hw_http_writer_text(&writer, "\r\n");
		hw_assert(!writer.is_overflowed);
		archive->head_size = writer.size;
		archive->chunk_left = size;
		archive->has_chunk = true;
	}
	hw_assert(size <= archive->chunk_left);
	archive->chunk_left -= size;
}

/* What follows the last piece, behind the head in the reply buffer. Returns its size. */
static uint32_t tail_write(struct hw_archive *archive, const struct hw_archive_piece *piece)
{
	struct hw_http_writer writer;
	if (!archive->is_chunked || !piece->is_last) {
		return 0;
	}
	hw_http_writer_init(&writer, archive->conn->reply, HW_REPLY_SIZE);
	writer.size = archive->head_size;
	hw_http_writer_text(&writer, "\r\n0\r\n\r\n");
	hw_assert(!writer.is_overflowed && piece->bytes.size == 0);
	return writer.size - archive->head_size;
}

/* Bytes [*skip, size) of a part go into @iov. Returns how many entries that took. */
static uint32_t part_add(struct iovec *iov, void *bytes, uint32_t size, uint32_t *skip)
{
	if (*skip >= size) {
		*skip -= size;
		return 0;
	}
	*iov = (struct iovec){(char *)bytes + *skip, size - *skip};
	*skip = 0;
	return 1;
}

/* Returns whether something was sent. */
static bool send_next(struct hw_archive *archive)
{
	struct hw_archive_piece *piece = piece_sent(archive);
	if (archive->state != HW_ARCHIVE_SENDING || archive->is_sending || !piece->is_ready) {
		return false;
	}
	struct iovec iov[HW_SEND_IOV_MAX];
	uint32_t skip = archive->sent_size;
	uint32_t count = 0;
	chunk_head_add(archive, piece_size(piece) - skip);
	if (archive->head_size > 0) {
		iov[count++] = (struct iovec){archive->conn->reply, archive->head_size};
	}
	count += part_add(&iov[count], piece->records, piece->records_size, &skip);
	if (piece->bytes.size > 0) {
		count += part_add(&iov[count], piece->bytes.slab->bytes + piece->bytes.offset,
				  piece->bytes.size, &skip);
	}
	uint32_t tail_size = tail_write(archive, piece);
	if (tail_size > 0) {
		iov[count++] = (struct iovec){archive->conn->reply + archive->head_size, tail_size};
	}
	archive->head_size = 0;
	archive->is_sending = true;
	hw_report_wait(&archive->report, HW_STALL_RECEIVER);
	hw_http_conn_send(archive->conn, iov, count);
	return true;
}

static void send_done(void *talk, int res)
{
	struct hw_archive *archive = talk;
	if (res == -EAGAIN && archive->state == HW_ARCHIVE_SENDING) {
		give_way(archive);
		return;
	}
	bool was_waiting = archive->is_waiting; /* then the client takes more, or is gone */
	archive->is_waiting = false;
	archive->is_sending = false;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return;
	}
	if (res < 0) {
		hw_archive_fail(archive, res);
		return;
	}
	struct hw_archive_piece *piece = piece_sent(archive);
	if (!was_waiting) {
		hw_report_progress(&archive->report, piece->begin.offset + piece_size(piece), NULL);
		hw_report_wait(&archive->report,
			       is_awaited(archive) ? HW_STALL_SENDER : HW_STALL_DISK);
		bool is_last = piece->is_last;
		piece_drop(archive, piece);
		archive->sent_size = 0;
		if (is_last) {
			hw_archive_finish(archive);
			return;
		}
		archive->sent_index = 1 - archive->sent_index;
	}
	hw_archive_go_on(archive);
}

/* The client is slow: it does not keep our slabs. A head that it did not take is simply sent on. */
static void give_way(struct hw_archive *archive)
{
	struct hw_archive_piece *piece = piece_sent(archive);
	uint64_t unsent_size = archive->conn->send_left_size;
	if (unsent_size > piece_size(piece) ||
	    (piece->bytes.size == 0 && piece_ahead(archive)->bytes.size == 0 &&
	     !hw_follower_is_reading(&archive->file))) {
		hw_http_conn_send_more(archive->conn);
		return;
	}
	archive->sent_size = piece_size(piece) - (uint32_t)unsent_size;
	hw_report_progress(&archive->report, piece->begin.offset + archive->sent_size,
			   HW_STALL_RECEIVER);
	archive->cursor = piece->begin;
	archive->entry = piece->begin_entry;
	archive->chunk_left += archive->is_chunked ? (uint32_t)unsent_size : 0;
	if (piece->records_size == 0 && archive->cursor.state == HW_ZIP_WANTS_FILE &&
	    archive->sent_size > 0) {
		hw_zip_cursor_skip(&archive->cursor, archive->sent_size);
		archive->sent_size = 0;
	}
	piece_drop(archive, piece_ahead(archive));
	piece_drop(archive, piece);
	archive->is_waiting = true;
	(void)hw_follower_cancel(&archive->file); /* if done still comes, it says -ECANCELED */
	hw_http_conn_send_wait(archive->conn);
}
