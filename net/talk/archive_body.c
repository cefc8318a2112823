/* SPDX-License-Identifier: Apache-2.0
 *
 *   go_on -> make_next -> piece_step: the cursor says what is next, until the piece is ready
 *     |                     | an entry:  out of the page, or page_fetch -> page_done -> go_on
 *     |                     | records:   into the piece
 *     |                     | a file:    pin_change -> pin_done -> go_on; read -> read_done ->
 *     go_on v
 *   send_next -> send_done -> go_on ... -> finish
 *                   | (slow: -EAGAIN)
 *                   +-> give_way: slabs back, the cursor too; wait without one
 *
 * A piece is a function of where it begins. So what a slow client did not take is made again.
 */
#include <errno.h>
#include <string.h>

#include "net/talk/archive_steps.h"
#include "net/talk/reply.h"

static void go_on(struct hw_archive *archive);
static int make_next(struct hw_archive *archive);
static void page_done(struct hw_catalog_request *request);
static void pin_change(struct hw_archive *archive);
static void pin_done(struct hw_catalog_request *request);
static void unpin_done(struct hw_catalog_request *request);
static bool send_next(struct hw_archive *archive);
static void send_done(void *talk, int res);
static void give_way(struct hw_archive *archive);

const struct hw_http_handler hw_archive_handler = {
	.body_done = hw_reply_no_body, .send_done = send_done, .gives_way = true};

void hw_archive_body_begin(struct hw_archive *archive)
{
	go_on(archive);
}

/* Make a piece, send it, make the one behind it. */
static void go_on(struct hw_archive *archive)
{
	int r = make_next(archive);
	if (r >= 0 && send_next(archive)) {
		r = make_next(archive);
	}
	if (r < 0) {
		hw_archive_fail(archive, r);
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
	piece->slab_size = 0;
	piece->records_size = 0;
	piece->is_last = false;
	piece->is_begun = true;
}

static void piece_drop(struct hw_archive_piece *piece)
{
	hw_slab_unref(hw_move(&piece->slab));
	piece->is_begun = false;
	piece->is_ready = false;
}

/* A second slab is a luxury that is taken only while there are plenty. */
static bool may_read(struct hw_archive *archive)
{
	const struct hw_slab_pool *slabs = &archive->talks->reactor->slabs;
	return piece_sent(archive)->slab == NULL || slabs->free_count > slabs->count / 2;
}

/* Its row, if it is in the page. */
static const struct hw_share_file *row_find(const struct hw_archive *archive, uint32_t index)
{
	bool is_there =
		index >= archive->row_first && index - archive->row_first < archive->row_count;
	return is_there ? &archive->rows[index - archive->row_first] : NULL;
}

/* Give the cursor its entry. Returns false when the catalog is asked for it first. */
static bool entry_give(struct hw_archive *archive)
{
	struct hw_zip_cursor *cursor = &archive->cursor;
	const struct hw_share_file *row = row_find(archive, cursor->entry_index);
	if (row == NULL) {
		struct hw_span after = {archive->entry.name, archive->entry.name_size};
		after.size = cursor->entry_index == 0 ? 0 : after.size;
		hw_archive_page_fetch(archive, cursor->entry_index, after, page_done);
		return false;
	}
	struct hw_zip_entry entry = hw_archive_row_entry(row);
	archive->entry.file_id = row->file_id;
	archive->entry.name_size = row->name_size;
	memcpy(archive->entry.name, row->name, row->name_size);
	entry.name.bytes = archive->entry.name; /* stays when the page goes */
	hw_zip_cursor_entry(cursor, &entry);
	return true;
}

/* Ask for bytes of the cursor's file. Returns 0 or -errno. */
static int file_read(struct hw_archive *archive)
{
	if (!archive->is_pinned || archive->pinned_id != archive->entry.file_id) {
		pin_change(archive);
		return 0;
	}
	if (!may_read(archive)) {
		return 0; /* when what is sent is sent */
	}
	uint64_t offset = 0;
	(void)hw_zip_cursor_file(&archive->cursor, &offset); /* how many: when they are there */
	return hw_file_reader_read(&archive->file, offset);
}

static void piece_end(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	piece->is_last = archive->cursor.state == HW_ZIP_DONE;
	piece->is_ready = true;
}

/* Returns 1 another step may follow at once, 0, or -errno. What ends the range waits for the rest
 * of the list: it must be the archive that the head spoke of. */
static int piece_step(struct hw_archive *archive, struct hw_archive_piece *piece)
{
	struct hw_zip_cursor *cursor = &archive->cursor;
	uint32_t room = HW_ARCHIVE_RECORDS_SIZE - piece->records_size;
	switch (cursor->state) {
	case HW_ZIP_WANTS_ENTRY:
		return entry_give(archive) ? 1 : 0;
	case HW_ZIP_WANTS_WRITE:
		if (room == 0) {
			piece_end(archive, piece);
			return 0;
		}
		piece->records_size +=
			hw_zip_cursor_write(cursor, piece->records + piece->records_size, room);
		return 1;
	case HW_ZIP_WANTS_FILE:
		return file_read(archive);
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
	    hw_file_reader_is_reading(&archive->file) || piece->is_ready ||
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
	struct hw_archive *archive = hw_container_of(request, struct hw_archive, file.request);
	archive->is_asking = false;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return;
	}
	if (request->res < 0 || request->row_count == 0) {
		hw_archive_fail(archive, request->res < 0 ? request->res : -EIDRM);
		return;
	}
	archive->row_count = request->row_count;
	go_on(archive);
}

/* -- one file after the other -- */

static void pin_change(struct hw_archive *archive)
{
	struct hw_catalog_request *request = &archive->file.request;
	archive->is_asking = true;
	hw_file_reader_cancel(&archive->file);
	if (archive->is_pinned) {
		request->file_id = archive->pinned_id;
		hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_UNPIN, unpin_done);
		return;
	}
	memcpy(request->share_id, archive->share_id, HW_SHARE_ID_SIZE);
	memcpy(request->name, archive->entry.name, archive->entry.name_size);
	request->name_size = archive->entry.name_size;
	archive->asked_id = archive->entry.file_id;
	hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_LOOKUP, pin_done);
}

static void unpin_done(struct hw_catalog_request *request)
{
	struct hw_archive *archive = hw_container_of(request, struct hw_archive, file.request);
	archive->is_asking = false;
	archive->is_pinned = false;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return;
	}
	go_on(archive);
}

/* A file that took the name meanwhile is another one. */
static void pin_done(struct hw_catalog_request *request)
{
	struct hw_archive *archive = hw_container_of(request, struct hw_archive, file.request);
	archive->is_asking = false;
	if (request->res >= 0) {
		archive->is_pinned = true;
		archive->pinned_id = request->file_id;
		hw_file_reader_begin(&archive->file);
	}
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return;
	}
	if (request->res < 0 || archive->pinned_id != archive->asked_id) {
		hw_archive_fail(archive, request->res < 0 ? request->res : -EIDRM);
		return;
	}
	go_on(archive);
}

void hw_archive_read_done(struct hw_file_reader *file, struct hw_slab *slab, int res)
{
	struct hw_archive *archive = hw_container_of(file, struct hw_archive, file);
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_assert(slab == NULL);
		hw_archive_join(archive);
		return;
	}
	if (res == -ECANCELED) {
		go_on(archive);
		return;
	}
	if (res < 0) {
		hw_archive_fail(archive, res);
		return;
	}
	struct hw_archive_piece *piece =
		archive->is_sending ? piece_ahead(archive) : piece_sent(archive);
	hw_assert(piece->is_begun && !piece->is_ready && piece->slab == NULL);
	uint64_t offset = 0;
	uint64_t left_size = hw_zip_cursor_file(&archive->cursor, &offset);
	piece->slab = slab;
	piece->slab_offset = (uint32_t)res;
	piece->slab_size = (uint32_t)hw_min((uint64_t)(slab->size - piece->slab_offset), left_size);
	hw_zip_cursor_skip(&archive->cursor, piece->slab_size);
	if (archive->cursor.offset < archive->cursor.end_offset) {
		piece_end(archive, piece);
	}
	go_on(archive);
}

/* -- send -- */

static uint32_t piece_size(const struct hw_archive_piece *piece)
{
	return piece->records_size + piece->slab_size;
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
	if (archive->head_size > 0) {
		iov[count++] = (struct iovec){archive->conn->reply, archive->head_size};
	}
	count += part_add(&iov[count], piece->records, piece->records_size, &skip);
	if (piece->slab != NULL) {
		count += part_add(&iov[count], piece->slab->bytes + piece->slab_offset,
				  piece->slab_size, &skip);
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
		hw_report_wait(&archive->report, HW_STALL_DISK);
		bool is_last = piece->is_last;
		piece_drop(piece);
		archive->sent_size = 0;
		if (is_last) {
			hw_archive_finish(archive);
			return;
		}
		archive->sent_index = 1 - archive->sent_index;
	}
	go_on(archive);
}

/* The client is slow: it does not keep our slabs. A head that it did not take is simply sent on. */
static void give_way(struct hw_archive *archive)
{
	struct hw_archive_piece *piece = piece_sent(archive);
	uint64_t unsent_size = archive->conn->send_left_size;
	if (unsent_size > piece_size(piece) ||
	    (piece->slab == NULL && piece_ahead(archive)->slab == NULL &&
	     !hw_file_reader_is_reading(&archive->file))) {
		hw_http_conn_send_more(archive->conn);
		return;
	}
	archive->sent_size = piece_size(piece) - (uint32_t)unsent_size;
	hw_report_progress(&archive->report, piece->begin.offset + archive->sent_size,
			   HW_STALL_RECEIVER);
	archive->cursor = piece->begin;
	archive->entry = piece->begin_entry;
	piece_drop(piece_ahead(archive));
	piece_drop(piece);
	archive->is_waiting = true;
	hw_file_reader_cancel(&archive->file);
	hw_http_conn_send_wait(archive->conn);
}
