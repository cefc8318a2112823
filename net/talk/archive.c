/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> (admission.c) -> list_next -> list_done -> ... (all files) -> head_send
 *                    (the first page: admission.c) <-+                     -> (archive_body.c)
 *
 *   the last byte sent -> finish     any error -> fail -> join -> finish
 *   finish: the connection goes on (or is cut) -> leave: seat, count, unpin, tell, free
 */
#include "net/talk/archive.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/talk/archive_head.h"
#include "net/talk/archive_steps.h"
#include "net/talk/client.h"
#include "net/talk/link.h"
#include "net/talk/reply.h"

static void admitted(struct hw_admission *admission, bool is_in);
static void list_next(struct hw_archive *archive);
static void list_done(struct hw_catalog_request *request);
static void page_look(struct hw_archive *archive);
static void head_send(struct hw_archive *archive);
static void left(struct hw_catalog_request *request);

static void set_state(struct hw_archive *archive, enum hw_archive_state state)
{
	static const uint16_t g_next[HW_ARCHIVE_STATE_COUNT] = {
		[HW_ARCHIVE_FREE] = 1U << HW_ARCHIVE_ASKING,
		[HW_ARCHIVE_ASKING] = 1U << HW_ARCHIVE_LISTING | 1U << HW_ARCHIVE_FREE,
		[HW_ARCHIVE_LISTING] = 1U << HW_ARCHIVE_CHECKING | 1U << HW_ARCHIVE_SENDING |
				       1U << HW_ARCHIVE_FREE,
		[HW_ARCHIVE_CHECKING] = 1U << HW_ARCHIVE_LISTING | 1U << HW_ARCHIVE_FREE,
		[HW_ARCHIVE_SENDING] = 1U << HW_ARCHIVE_ENDING | 1U << HW_ARCHIVE_LEAVING,
		[HW_ARCHIVE_ENDING] = 1U << HW_ARCHIVE_LEAVING,
		[HW_ARCHIVE_LEAVING] = 1U << HW_ARCHIVE_TELLING | 1U << HW_ARCHIVE_FREE,
		[HW_ARCHIVE_TELLING] = 1U << HW_ARCHIVE_FREE,
	};
	hw_assert((g_next[archive->state] & (1U << state)) != 0);
	archive->state = state;
}

static struct hw_metrics *metrics_of(const struct hw_archive *archive)
{
	return archive->talks->reactor->metrics;
}

/* -- find -- */

static void piece_reset(struct hw_archive_piece *piece)
{
	piece->bytes = (struct hw_piece){.slab = NULL};
	piece->is_begun = false;
	piece->is_ready = false;
	piece->is_last = false;
}

static void archive_free(struct hw_archive *archive)
{
	hw_assert(archive->pieces[0].bytes.size == 0 && archive->pieces[1].bytes.size == 0);
	hw_assert(!hw_follower_is_reading(&archive->file));
	hw_assert(archive->hold == HW_ARCHIVE_HOLD_NONE);
	if (archive->is_live) {
		archive->talks->archives_live_count--;
	}
	hw_admission_leave(&archive->admission);
	set_state(archive, HW_ARCHIVE_FREE);
	hw_metrics_sub(metrics_of(archive), HW_METRIC_downloads_open, 1);
	hw_pool_give(&archive->talks->archives, archive);
}

void hw_archive_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_archive *archive = hw_pool_take(&talks->archives);
	if (archive == NULL) {
		hw_reply_busy(conn, "Too many ZIPs are being made; try again in a moment.");
		return;
	}
	archive->talks = talks;
	archive->conn = conn;
	archive->row_first = 0;
	archive->row_count = 0;
	archive->sent_index = 0;
	archive->sent_size = 0;
	archive->head_size = 0;
	archive->error = 0;
	archive->is_asking = false;
	archive->is_sending = false;
	archive->is_waiting = false;
	archive->is_leaving = false;
	archive->is_chunked = false;
	archive->is_live = false;
	archive->has_chunk = false;
	archive->is_counted = false;
	archive->is_admitted = false;
	archive->chunk_left = 0;
	archive->newest_id = 0;
	archive->begun_s = talks->reactor->wall_ms / 1000;
	archive->entry.name_size = 0;
	piece_reset(&archive->pieces[0]);
	piece_reset(&archive->pieces[1]);
	hw_archive_file_init(archive);
	hw_link_parse(&archive->file.reader.request, id, HW_SPAN(""));
	memcpy(archive->share_id, archive->file.reader.request.share_id, HW_SHARE_ID_SIZE);
	hw_zip_layout_init(&archive->layout);
	set_state(archive, HW_ARCHIVE_ASKING);
	hw_metrics_add(metrics_of(archive), HW_METRIC_downloads_open, 1);
	hw_admission_init(&archive->admission, talks, conn, admitted);
	enum hw_admission_verdict verdict =
		hw_admission_rate(&archive->admission, HW_RATE_DOWNLOAD);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&archive->admission, verdict == HW_ADMISSION_IN);
	}
}

/* The client may begin; or it knows the password. */
static void admitted(struct hw_admission *admission, bool is_in)
{
	struct hw_archive *archive = hw_container_of(admission, struct hw_archive, admission);
	bool is_begun = archive->state == HW_ARCHIVE_CHECKING;
	if (!is_in) {
		archive_free(archive);
		return;
	}
	set_state(archive, HW_ARCHIVE_LISTING);
	hw_http_conn_handle(archive->conn, &hw_archive_handler, archive);
	if (is_begun) {
		page_look(archive);
	} else {
		list_next(archive);
	}
}

/* -- list -- */

void hw_archive_page_fetch(struct hw_archive *archive, uint32_t index, struct hw_span after,
			   hw_catalog_fn *done)
{
	struct hw_catalog_request *request = &archive->file.reader.request;
	hw_assert(after.size <= HW_NAME_SIZE_MAX);
	memcpy(request->share_id, archive->share_id, HW_SHARE_ID_SIZE);
	/* The place may be a row of the page that is being replaced, or in the request itself. */
	memmove(request->name, after.bytes, after.size);
	request->name_size = (uint16_t)after.size;
	request->files = archive->rows;
	request->row_capacity = HW_ARCHIVE_ROWS;
	archive->row_first = index;
	archive->row_count = 0;
	archive->row_phase =
		archive->state == HW_ARCHIVE_SENDING ? archive->cursor.phase : HW_ZIP_FILES;
	archive->is_asking = true;
	hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_FILE_LIST, done);
}

uint32_t hw_archive_rows_keep(struct hw_archive *archive, uint32_t count)
{
	uint32_t kept_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (archive->rows[i].file_id <= archive->newest_id) {
			archive->rows[kept_count++] = archive->rows[i];
		}
	}
	return kept_count;
}

static void kind_set(struct hw_archive *archive, uint32_t index, enum hw_zip_kind kind)
{
	uint32_t shift = index % HW_ARCHIVE_KINDS * (8U / HW_ARCHIVE_KINDS);
	uint8_t *kinds = &archive->kinds[index / HW_ARCHIVE_KINDS];
	*kinds = (uint8_t)((*kinds & ~(3U << shift)) | (uint32_t)kind << shift);
}

static enum hw_zip_kind kind_get(const struct hw_archive *archive, uint32_t index)
{
	uint32_t shift = index % HW_ARCHIVE_KINDS * (8U / HW_ARCHIVE_KINDS);
	uint32_t kinds = archive->kinds[index / HW_ARCHIVE_KINDS];
	return (enum hw_zip_kind)(kinds >> shift & 3U);
}

/* The time of a file that is not there yet is told before it is, and again when it is: it is that
 * of the archive. */
struct hw_zip_entry hw_archive_row_entry(const struct hw_archive *archive, uint32_t index,
					 const struct hw_share_file *row)
{
	enum hw_zip_kind kind = kind_get(archive, index);
	return (struct hw_zip_entry){
		.name = {row->name, row->name_size},
		.root = row->root,
		.size = row->length,
		.mtime_s = kind == HW_ZIP_WHOLE ? row->created_ms / 1000 : archive->begun_s,
		.crc32 = row->crc32,
		.kind = kind,
	};
}

static void list_next(struct hw_archive *archive)
{
	struct hw_span after = {archive->entry.name, archive->entry.name_size};
	hw_archive_page_fetch(archive, archive->layout.entry_count, after, list_done);
}

/* Nothing was said yet: @sentence is the answer. */
static void refuse(struct hw_archive *archive, uint32_t status, const char *sentence)
{
	struct hw_http_conn *conn = archive->conn;
	archive_free(archive);
	hw_reply_error(conn, status, sentence);
}

static enum hw_zip_kind row_kind(const struct hw_share_file *row)
{
	if (row->is_sealed) {
		return HW_ZIP_WHOLE;
	}
	return row->length == HW_LENGTH_UNKNOWN ? HW_ZIP_OPEN : HW_ZIP_SIZED;
}

/* Where not all is stored, files that wait for their turn would hold up their senders, or be gone
 * before it. */
static int row_add(struct hw_archive *archive, const struct hw_share_file *row)
{
	uint8_t mode = archive->file.reader.request.access.mode;
	uint32_t index = archive->layout.entry_count;
	if (!row->is_sealed && mode != HW_SHARE_STORED) {
		return -EBUSY;
	}
	if (row->first_offset > 0) {
		return -ESTALE;
	}
	if (row->is_sealed && !row->has_crc32) {
		return -ENODATA;
	}
	if (index >= HW_SHARE_FILES_MAX) {
		return -EFBIG;
	}
	kind_set(archive, index, row_kind(row));
	struct hw_zip_entry entry = hw_archive_row_entry(archive, index, row);
	return hw_zip_layout_add(&archive->layout, &entry);
}

/* Returns 0, -EBUSY: a file passes that is not stored, -ENODATA: one is from before checksums were
 * kept, -ESTALE: one is without its beginning, or -EFBIG. */
static int page_add(struct hw_archive *archive, uint32_t count)
{
	int r = 0;
	archive->row_count = hw_archive_rows_keep(archive, count);
	for (uint32_t i = 0; r >= 0 && i < archive->row_count; i++) {
		r = row_add(archive, &archive->rows[i]);
	}
	if (r >= 0 && count > 0) { /* the last one is where it was, kept or not */
		const struct hw_share_file *last = &archive->rows[count - 1];
		archive->entry.name_size = last->name_size;
		memcpy(archive->entry.name, last->name, last->name_size);
	}
	return r;
}

static void list_done(struct hw_catalog_request *request)
{
	struct hw_archive *archive =
		hw_container_of(request, struct hw_archive, file.reader.request);
	archive->is_asking = false;
	if (request->res < 0) {
		struct hw_http_conn *conn = archive->conn;
		archive_free(archive);
		hw_reply_errno(conn, request->res);
		return;
	}
	hw_assert(request->row_count <= HW_ARCHIVE_ROWS);
	archive->row_count = request->row_count;
	if (archive->is_admitted) {
		page_look(archive);
		return;
	}
	archive->is_admitted = true;
	archive->newest_id = request->newest_id;
	memcpy(archive->share_id, request->share_id, HW_SHARE_ID_SIZE); /* by its link's name */
	set_state(archive, HW_ARCHIVE_CHECKING);
	enum hw_admission_verdict verdict =
		hw_admission_password(&archive->admission, archive->share_id, &request->access);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&archive->admission, verdict == HW_ADMISSION_IN);
	}
}

/* What is in the page is added up; then the next one, or the head. */
static void page_look(struct hw_archive *archive)
{
	uint32_t count = archive->row_count;
	int r = page_add(archive, count);
	if (r == -EBUSY) {
		refuse(archive, 409,
		       "A file of this share is still being uploaded, and is not stored as it "
		       "comes; download the files one by one, or wait.");
	} else if (r == -ENODATA) {
		refuse(archive, 409,
		       "A file of this share is older than this server's ZIPs; download the files "
		       "one by one.");
	} else if (r == -ESTALE) {
		refuse(archive, 410,
		       "The beginning of a file of this share has passed, and is stored nowhere; "
		       "download the files one by one.");
	} else if (r < 0) {
		refuse(archive, 500, "The files of this share are too long for one ZIP.");
	} else if (count == HW_ARCHIVE_ROWS) {
		list_next(archive);
	} else if (archive->layout.entry_count == 0) {
		refuse(archive, 404, "There is no file in this share yet.");
	} else {
		hw_zip_layout_end(&archive->layout);
		head_send(archive);
	}
}

/* -- the head -- */

static void report_begin(struct hw_archive *archive, uint64_t offset)
{
	char name[HW_ARCHIVE_NAME_SIZE];
	uint8_t client_id[HW_CLIENT_ID_SIZE];
	struct hw_report_options options = {
		.share_id = archive->share_id,
		.name = hw_archive_name(archive, name),
		.size = hw_zip_size(&archive->layout),
		.offset = offset,
		.client_id = hw_client_id_of(archive->conn, client_id) ? client_id : NULL,
		.is_down = true,
	};
	hw_report_begin(&archive->report, archive->talks, &options);
}

/* One that waits for senders may last as long as they like: such ones leave room for others. */
static bool live_enter(struct hw_archive *archive)
{
	struct hw_talks *talks = archive->talks;
	if (!archive->layout.is_live) {
		return true;
	}
	if (talks->archives_live_count == HW_ARCHIVES_LIVE_MAX) {
		struct hw_http_conn *conn = archive->conn;
		archive_free(archive);
		hw_reply_busy(conn, "Too many ZIPs wait for their senders; try again in a moment.");
		return false;
	}
	archive->is_live = true;
	talks->archives_live_count++;
	return true;
}

static void head_send(struct hw_archive *archive)
{
	struct hw_http_range range;
	if (!live_enter(archive)) {
		return;
	}
	uint32_t status = hw_archive_select_range(archive, &range);
	if (status == 412) {
		refuse(archive, 412, "The ZIP is not the one that If-Match names.");
		return;
	}
	bool has_body = (status == 200 || status == 206) && archive->conn->method == HW_HTTP_GET;
	archive->head_size = hw_archive_head_write(archive, status, &range);
	archive->is_chunked =
		has_body && archive->layout.is_open && archive->conn->version_minor > 0;
	set_state(archive, HW_ARCHIVE_SENDING);
	hw_metrics_add(metrics_of(archive), HW_METRIC_downloads_started, 1);
	uint64_t size = hw_zip_size(&archive->layout);
	archive->is_counted = has_body && range.last == size - 1;
	if (archive->is_counted) {
		report_begin(archive, range.first);
	}
	hw_http_conn_head_release(archive->conn);
	archive->cursor.state = HW_ZIP_DONE;
	if (has_body) {
		hw_zip_cursor_init(&archive->cursor, &archive->layout, range.first, range.last + 1);
	}
	archive->entry.name_size = 0;
	hw_archive_body_begin(archive);
}

/* -- the end -- */

void hw_archive_fail(struct hw_archive *archive, int error)
{
	hw_assert(archive->state == HW_ARCHIVE_SENDING && error < 0);
	archive->error = error;
	set_state(archive, HW_ARCHIVE_ENDING);
	(void)hw_follower_cancel(&archive->file); /* join looks whether anything is under way */
	hw_archive_join(archive);
}

void hw_archive_join(struct hw_archive *archive)
{
	hw_assert(archive->state == HW_ARCHIVE_ENDING);
	if (!archive->is_asking && !archive->is_sending &&
	    !hw_follower_is_reading(&archive->file)) {
		hw_archive_finish(archive);
	}
}

static void log_failed(const struct hw_archive *archive)
{
	int error = archive->error;
	bool is_gone = error == -ECONNRESET || error == -EPIPE || error == -ETIMEDOUT ||
		       error == -ESHUTDOWN;
	bool is_changed = error == -ENOENT || error == -EIDRM;
	HW_LOG(is_gone || is_changed ? HW_LOG_INFO : HW_LOG_ERROR, "archive.failed",
	       HW_F_ERRNO("error", error), HW_F_U64("sent", archive->conn->sent_size),
	       HW_F_U64("files", archive->layout.entry_count));
}

static enum hw_transfer_state end_state(const struct hw_archive *archive)
{
	bool is_gone = archive->error == -ECONNRESET || archive->error == -EPIPE;
	if (archive->error == 0) {
		return HW_TRANSFER_UPLOADED;
	}
	return is_gone ? HW_TRANSFER_CANCELLED : HW_TRANSFER_FAILED;
}

void hw_archive_finish(struct hw_archive *archive)
{
	struct hw_http_conn *conn = archive->conn;
	hw_follower_release(&archive->file, &archive->pieces[0].bytes);
	hw_follower_release(&archive->file, &archive->pieces[1].bytes);
	bool is_under_way = hw_follower_cancel(&archive->file);
	hw_assert(!is_under_way);
	if (archive->error == 0) {
		hw_metrics_add(metrics_of(archive), HW_METRIC_downloads_completed, 1);
		hw_http_conn_end(conn);
	} else {
		archive->is_counted = false;
		hw_metrics_add(metrics_of(archive), HW_METRIC_downloads_failed, 1);
		log_failed(archive);
		if (conn->is_answered || archive->error == -ECONNRESET) {
			hw_http_conn_abort(conn); /* a cut answer is never a short success */
		} else {
			hw_reply_errno(conn, archive->error);
		}
	}
	archive->conn = NULL;
	hw_report_end(&archive->report, end_state(archive));
	set_state(archive, HW_ARCHIVE_LEAVING);
	hw_archive_leave(archive);
}

static void told(struct hw_report *report)
{
	archive_free(hw_container_of(report, struct hw_archive, report));
}

/* One question after the other, as there is one request. */
void hw_archive_leave(struct hw_archive *archive)
{
	struct hw_catalog_request *request = &archive->file.reader.request;
	if (archive->hold == HW_ARCHIVE_HOLD_OPEN && !hw_archive_file_leave(archive)) {
		return;
	}
	if (archive->is_counted) {
		archive->is_counted = false;
		request->file_id = archive->entry.file_id;
		hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_COUNT, left);
		return;
	}
	if (archive->hold != HW_ARCHIVE_HOLD_NONE) {
		archive->hold = HW_ARCHIVE_HOLD_NONE;
		request->file_id = archive->held_id;
		hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_UNPIN, left);
		return;
	}
	if (!hw_report_is_idle(&archive->report)) {
		set_state(archive, HW_ARCHIVE_TELLING);
		hw_report_join(&archive->report, told);
		return;
	}
	archive_free(archive);
}

static void left(struct hw_catalog_request *request)
{
	hw_archive_leave(hw_container_of(request, struct hw_archive, file.reader.request));
}
