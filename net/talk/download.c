/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> (admission.c) -> find -> find_done -> (admission.c) -> begin_sending -> head_send
 *                                                                   -> (download_body.c)
 *
 *   the last byte sent -> finish     any error -> fail -> join -> finish
 *   finish: the connection goes on (or is cut) -> leave: seat, count, unpin, tell, free
 */
#include "net/talk/download.h"

#include <errno.h>

#include "core/base/log.h"
#include "net/talk/client.h"
#include "net/talk/download_head.h"
#include "net/talk/download_steps.h"
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
static void leave(struct hw_download *download);
static void download_free(struct hw_download *download);
static void left(struct hw_follower *file);
static bool is_wanted(struct hw_follower *file);
static void unpin(struct hw_download *download);

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
	download->object = NULL;
	download->is_named = name.size > 0;
	download->is_pinned = false;
	download->is_whole_sent = false;
	download->is_waiting = false;
	download->has_part_head = false;
	download->file.done = hw_download_read_done;
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

/* Where a pause has not begun yet. */
static bool is_wanted(struct hw_follower *file)
{
	const struct hw_download *download = hw_container_of(file, struct hw_download, file);
	return download->conn == NULL || !download->conn->is_cut;
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
	hw_http_conn_handle(download->conn, &hw_download_handler, download);
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
	hw_http_conn_handle(download->conn, &hw_download_handler, download);
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

static void head_send(struct hw_download *download, uint32_t status)
{
	hw_download_head_write(download, status);
	object_prepare(download, status);
	report_begin(download);
	hw_http_conn_head_release(download->conn);
	hw_download_body_begin(download);
}

/* -- the end -- */

void hw_download_fail(struct hw_download *download, int error)
{
	hw_assert(download->state == HW_DOWNLOAD_SENDING);
	download->error = error;
	set_state(download, HW_DOWNLOAD_ENDING);
	(void)hw_follower_cancel(&download->file); /* join looks whether anything is under way */
	hw_download_join(download);
}

void hw_download_join(struct hw_download *download)
{
	hw_assert(download->state == HW_DOWNLOAD_ENDING);
	if (!hw_follower_is_reading(&download->file) && !download->is_sending) {
		hw_download_finish(download);
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

void hw_download_finish(struct hw_download *download)
{
	struct hw_http_conn *conn = download->conn;
	hw_object_unref(hw_move(&download->object));
	hw_follower_release(&download->file, &download->ahead);
	bool is_under_way = hw_follower_cancel(&download->file);
	hw_assert(!is_under_way);
	if (download->error < 0) {
		hw_metrics_add(reactor_of(download)->metrics, HW_METRIC_downloads_failed, 1);
		log_failed(download);
		if (conn->is_answered || download->error == -ECONNRESET) {
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
