/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> itself_done -> (not there) -> (admission.c) -> find_done -> (admission.c)
 *                                                       -> head_write -> go_on
 *               | (there: a download of that name)
 *
 *   go_on: fill the buffer -> the extents it needs: extents_done -> go_on
 *                          -> full, or all in it: send -> send_done -> go_on ... -> leave
 *
 * One buffer, no slab: who is slow keeps nothing that others need.
 */
#include "net/talk/metainfo.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/talk/download.h"
#include "net/talk/link.h"
#include "net/talk/pass.h"
#include "net/talk/reply.h"
#include "net/wire/base32.h"

static const struct hw_span g_suffix = {".torrent", 8};

static_assert(HW_TORRENT_HEAD_SIZE_MAX <= HW_METAINFO_BUFFER_SIZE, "it begins an empty buffer");
static_assert(HW_TORRENT_TAIL_SIZE(HW_METAINFO_URL_SIZE) <= HW_METAINFO_BUFFER_SIZE, "it fits");

static void itself_done(struct hw_catalog_request *request);
static void admitted(struct hw_admission *admission, bool is_in);
static void find_done(struct hw_catalog_request *request);
static void file_look(struct hw_metainfo *metainfo);
static void head_write(struct hw_metainfo *metainfo);
static void go_on(struct hw_metainfo *metainfo);
static void extents_done(struct hw_catalog_request *request);
static void send_done(void *talk, int res);
static void cut(struct hw_metainfo *metainfo, int error);
static void leave(struct hw_metainfo *metainfo, hw_catalog_fn *done);

static const struct hw_http_handler g_handler = {.body_done = hw_reply_no_body,
						 .send_done = send_done};

static void set_state(struct hw_metainfo *metainfo, enum hw_metainfo_state state)
{
	static const uint16_t g_next[HW_METAINFO_STATE_COUNT] = {
		[HW_METAINFO_FREE] = 1U << HW_METAINFO_ITSELF,
		[HW_METAINFO_ITSELF] = 1U << HW_METAINFO_ASKING | 1U << HW_METAINFO_LEAVING |
				       1U << HW_METAINFO_FREE,
		[HW_METAINFO_ASKING] = 1U << HW_METAINFO_FINDING | 1U << HW_METAINFO_FREE,
		[HW_METAINFO_FINDING] = 1U << HW_METAINFO_CHECKING | 1U << HW_METAINFO_FREE,
		[HW_METAINFO_CHECKING] = 1U << HW_METAINFO_SENDING | 1U << HW_METAINFO_FILLING |
					 1U << HW_METAINFO_FREE | 1U << HW_METAINFO_LEAVING,
		[HW_METAINFO_FILLING] = 1U << HW_METAINFO_SENDING | 1U << HW_METAINFO_LEAVING,
		[HW_METAINFO_SENDING] = 1U << HW_METAINFO_SENDING | 1U << HW_METAINFO_FILLING |
					1U << HW_METAINFO_LEAVING,
		[HW_METAINFO_LEAVING] = 1U << HW_METAINFO_FREE,
	};
	hw_assert((g_next[metainfo->state] & (1U << state)) != 0);
	metainfo->state = state;
}

static void metainfo_free(struct hw_metainfo *metainfo)
{
	hw_admission_leave(&metainfo->admission);
	set_state(metainfo, HW_METAINFO_FREE);
	hw_pool_give(&metainfo->talks->metainfos, metainfo);
}

/* -- find -- */

/* Is there a file of that name? With nothing of what was asked before. */
static void ask(struct hw_metainfo *metainfo, struct hw_span name, hw_catalog_fn *done)
{
	metainfo->request = (struct hw_catalog_request){.file_id = 0};
	hw_link_parse(&metainfo->request, metainfo->path_id, name);
	hw_catalog_submit(metainfo->talks->catalog, &metainfo->request, HW_CATALOG_LOOKUP, done);
}

void hw_metainfo_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       struct hw_span name)
{
	struct hw_metainfo *metainfo = hw_pool_take(&talks->metainfos);
	if (metainfo == NULL) {
		hw_reply_busy(conn,
			      "Too many .torrent files are being made; try again in a moment.");
		return;
	}
	metainfo->talks = talks;
	metainfo->conn = conn;
	metainfo->path_id = id;
	metainfo->path_name = name;
	metainfo->piece_index = 0;
	metainfo->is_tail_written = false;
	metainfo->is_missing = false;
	metainfo->head_size = 0;
	metainfo->buffer_size = 0;
	hw_admission_init(&metainfo->admission, talks, conn, admitted);
	set_state(metainfo, HW_METAINFO_ITSELF);
	hw_http_conn_handle(conn, &g_handler, metainfo);
	ask(metainfo, name, itself_done);
}

static void answer_errno(struct hw_metainfo *metainfo, int error)
{
	struct hw_http_conn *conn = metainfo->conn;
	metainfo_free(metainfo);
	hw_reply_errno(conn, error);
}

static void itself_unpinned(struct hw_catalog_request *request)
{
	struct hw_metainfo *metainfo = hw_container_of(request, struct hw_metainfo, request);
	struct hw_talks *talks = metainfo->talks;
	struct hw_http_conn *conn = metainfo->conn;
	struct hw_span id = metainfo->path_id;
	struct hw_span name = metainfo->path_name;
	metainfo_free(metainfo);
	hw_download_begin(talks, conn, id, name);
}

static void itself_done(struct hw_catalog_request *request)
{
	struct hw_metainfo *metainfo = hw_container_of(request, struct hw_metainfo, request);
	if (request->res >= 0) {
		metainfo->file_id = request->file_id;
		leave(metainfo, itself_unpinned);
		return;
	}
	if (request->res != -ENOENT) {
		answer_errno(metainfo, request->res);
		return;
	}
	set_state(metainfo, HW_METAINFO_ASKING); /* a download of that name asks for itself */
	enum hw_admission_verdict verdict =
		hw_admission_rate(&metainfo->admission, HW_RATE_DOWNLOAD);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&metainfo->admission, verdict == HW_ADMISSION_IN);
	}
}

static void find(struct hw_metainfo *metainfo)
{
	struct hw_span name = metainfo->path_name;
	name.size -= g_suffix.size;
	set_state(metainfo, HW_METAINFO_FINDING);
	hw_http_conn_handle(metainfo->conn, &g_handler, metainfo);
	ask(metainfo, name, find_done);
}

static void unpinned(struct hw_catalog_request *request)
{
	metainfo_free(hw_container_of(request, struct hw_metainfo, request));
}

static void refuse(struct hw_metainfo *metainfo, uint32_t status, const char *sentence)
{
	hw_reply_error(metainfo->conn, status, sentence);
	leave(metainfo, unpinned);
}

static void find_done(struct hw_catalog_request *request)
{
	struct hw_metainfo *metainfo = hw_container_of(request, struct hw_metainfo, request);
	bool is_missing = request->res == -ENOENT && request->access.password_size > 0;
	if (request->res < 0 && !is_missing) {
		answer_errno(metainfo, request->res);
		return;
	}
	/* There is no such file; but who does not know the share's password is not told so. */
	metainfo->is_missing = is_missing;
	metainfo->file_id = request->file_id;
	set_state(metainfo, HW_METAINFO_CHECKING);
	enum hw_admission_verdict verdict =
		hw_admission_password(&metainfo->admission, request->share_id, &request->access);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&metainfo->admission, verdict == HW_ADMISSION_IN);
	}
}

/* The client may begin; or it knows the password. */
static void admitted(struct hw_admission *admission, bool is_in)
{
	struct hw_metainfo *metainfo = hw_container_of(admission, struct hw_metainfo, admission);
	bool is_found = metainfo->state == HW_METAINFO_CHECKING;
	if (is_found && is_in && metainfo->is_missing) {
		answer_errno(metainfo, -ENOENT);
	} else if (is_found && is_in) {
		hw_http_conn_handle(metainfo->conn, &g_handler, metainfo);
		file_look(metainfo);
	} else if (is_found && !metainfo->is_missing) {
		leave(metainfo, unpinned);
	} else if (is_in) {
		find(metainfo);
	} else {
		metainfo_free(metainfo);
	}
}

static void file_look(struct hw_metainfo *metainfo)
{
	const struct hw_catalog_request *request = &metainfo->request;
	if (request->file_state != HW_FILE_SEALED) {
		refuse(metainfo, 409,
		       "This file is still being uploaded; download it as it comes, or wait.");
	} else if (request->first_offset > 0) {
		refuse(metainfo, 410,
		       "The beginning of this file has passed, and is stored nowhere.");
	} else if (request->file_size == 0) {
		refuse(metainfo, 404, "An empty file has no .torrent.");
	} else {
		head_write(metainfo);
	}
}

/* -- the head -- */

static void torrent_describe(struct hw_metainfo *metainfo)
{
	const struct hw_catalog_request *file = &metainfo->request;
	char id[HW_SHARE_ID_TEXT_SIZE];
	struct hw_http_writer url;
	hw_http_writer_init(&url, metainfo->url, sizeof(metainfo->url));
	hw_reply_write_origin(metainfo->conn, &url, metainfo->talks->options.public_url);
	hw_http_writer_text(&url, "/s/");
	hw_base32_encode(file->share_id, HW_SHARE_ID_SIZE, id);
	hw_http_writer_bytes(&url, (struct hw_span){id, sizeof(id)});
	hw_http_writer_text(&url, "/");
	hw_assert(!url.is_overflowed);
	memcpy(metainfo->root.bytes, file->file_root, HW_HASH_SIZE);
	metainfo->name_size = file->name_size;
	memcpy(metainfo->name, file->name, file->name_size);
	metainfo->torrent = (struct hw_torrent){
		.name = {metainfo->name, metainfo->name_size},
		.url = hw_http_writer_span(&url),
		.root = &metainfo->root,
		.size = file->file_size,
		.created_s = file->created_ms / 1000,
	};
}

static void head_write(struct hw_metainfo *metainfo)
{
	struct hw_http_writer head;
	char name[HW_NAME_SIZE_MAX + 8];
	torrent_describe(metainfo);
	memcpy(name, metainfo->name, metainfo->name_size);
	memcpy(name + metainfo->name_size, g_suffix.bytes, g_suffix.size);
	hw_http_conn_reply_begin(metainfo->conn, &head, 200);
	if (metainfo->admission.gives_pass) {
		hw_pass_write(metainfo->talks, metainfo->request.share_id,
			      &metainfo->request.access, &head);
	}
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("application/x-bittorrent"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"),
				    hw_torrent_size(&metainfo->torrent));
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("private, no-cache"));
	hw_http_writer_field_attachment(
		&head, (struct hw_span){name, metainfo->name_size + g_suffix.size});
	hw_http_writer_field(&head, HW_SPAN("X-Content-Type-Options"), HW_SPAN("nosniff"));
	hw_http_writer_head_end(&head);
	hw_assert(!head.is_overflowed);
	metainfo->head_size = head.size;
	hw_http_conn_head_release(metainfo->conn);

	struct hw_http_writer body;
	hw_http_writer_init(&body, metainfo->buffer, HW_METAINFO_BUFFER_SIZE);
	if (metainfo->conn->method == HW_HTTP_HEAD) {
		metainfo->is_tail_written = true; /* nothing follows */
	} else {
		hw_torrent_head_write(&metainfo->torrent, &body);
		hw_assert(!body.is_overflowed);
	}
	metainfo->buffer_size = body.size;
	go_on(metainfo);
}

/* -- the body -- */

static void buffer_send(struct hw_metainfo *metainfo)
{
	struct iovec iov[2];
	uint32_t count = 0;
	if (metainfo->head_size > 0) {
		iov[count++] = (struct iovec){metainfo->conn->reply, metainfo->head_size};
	}
	if (metainfo->buffer_size > 0) {
		iov[count++] = (struct iovec){metainfo->buffer, metainfo->buffer_size};
	}
	metainfo->head_size = 0;
	set_state(metainfo, HW_METAINFO_SENDING);
	hw_http_conn_send(metainfo->conn, iov, count);
}

/* Pieces from the extents that the request has, as many as fit. */
static void pieces_write(struct hw_metainfo *metainfo)
{
	const struct hw_catalog_request *request = &metainfo->request;
	uint64_t count = hw_torrent_piece_count(&metainfo->torrent);
	while (metainfo->piece_index < count &&
	       metainfo->piece_index - request->chunk_index < request->extent_count &&
	       metainfo->buffer_size + HW_HASH_SIZE <= HW_METAINFO_BUFFER_SIZE) {
		struct hw_hash piece;
		memcpy(piece.bytes,
		       request->extents[metainfo->piece_index - request->chunk_index].root,
		       HW_HASH_SIZE);
		hw_torrent_piece(&metainfo->torrent, metainfo->piece_index, &piece, &piece);
		memcpy(metainfo->buffer + metainfo->buffer_size, piece.bytes, HW_HASH_SIZE);
		metainfo->buffer_size += HW_HASH_SIZE;
		metainfo->piece_index++;
	}
}

static void go_on(struct hw_metainfo *metainfo)
{
	struct hw_catalog_request *request = &metainfo->request;
	if (metainfo->is_tail_written) {
		buffer_send(metainfo);
		return;
	}
	pieces_write(metainfo);
	uint32_t room = HW_METAINFO_BUFFER_SIZE - metainfo->buffer_size;
	if (metainfo->piece_index == hw_torrent_piece_count(&metainfo->torrent)) {
		if (room >= HW_TORRENT_TAIL_SIZE(metainfo->torrent.url.size)) {
			struct hw_http_writer tail;
			hw_http_writer_init(&tail, metainfo->buffer + metainfo->buffer_size, room);
			hw_torrent_tail_write(&metainfo->torrent, &tail);
			metainfo->buffer_size += tail.size;
			metainfo->is_tail_written = true;
		}
		buffer_send(metainfo);
		return;
	}
	if (room < HW_HASH_SIZE) {
		buffer_send(metainfo);
		return;
	}
	if (metainfo->state != HW_METAINFO_FILLING) {
		set_state(metainfo, HW_METAINFO_FILLING);
	}
	request->file_id = metainfo->file_id;
	request->chunk_index = (uint32_t)metainfo->piece_index;
	hw_catalog_submit(metainfo->talks->catalog, request, HW_CATALOG_EXTENTS, extents_done);
}

static void extents_done(struct hw_catalog_request *request)
{
	struct hw_metainfo *metainfo = hw_container_of(request, struct hw_metainfo, request);
	if (request->res < 0 || request->extent_count == 0) {
		cut(metainfo, request->res < 0 ? request->res : -EBADMSG);
		return;
	}
	go_on(metainfo);
}

static void send_done(void *talk, int res)
{
	struct hw_metainfo *metainfo = talk;
	metainfo->buffer_size = 0;
	if (res < 0) {
		cut(metainfo, res);
		return;
	}
	if (!metainfo->is_tail_written) {
		go_on(metainfo);
		return;
	}
	hw_http_conn_end(metainfo->conn);
	leave(metainfo, unpinned);
}

/* -- the end -- */

static void cut(struct hw_metainfo *metainfo, int error)
{
	struct hw_http_conn *conn = metainfo->conn;
	HW_LOG(HW_LOG_INFO, "torrent.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("sent", conn->sent_size));
	if (conn->is_answered) {
		hw_http_conn_abort(conn); /* a cut answer is never a short success */
	} else {
		hw_reply_errno(conn, error);
	}
	leave(metainfo, unpinned);
}

static void leave(struct hw_metainfo *metainfo, hw_catalog_fn *done)
{
	set_state(metainfo, HW_METAINFO_LEAVING);
	metainfo->request.file_id = metainfo->file_id;
	hw_catalog_submit(metainfo->talks->catalog, &metainfo->request, HW_CATALOG_UNPIN, done);
}
