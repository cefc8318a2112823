/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the bytes:
 *
 *   begin -> receive -> body_wait -> slab_take -> slab_ready -> body_recv -> body_done
 *               ^                  (or in line)                                 |
 *               +------------------------ slab_append <-------------------------+
 *                                    (chunk full: finish)
 *   writer_done -> collect (in the order of the file) -> 16 chunks: append_done -> collect
 *   body over, all collected -> commit_submit -> commit_done -> reply
 *   any error -> fail -> join (receive, writers, catalog) -> drop -> abort -> the error's answer
 *
 * Invariants:
 *  1. An extent is in request.extents, unsettled, from collect until the catalog has answered.
 *  2. Chunks reach the tree and the catalog in the order of the file, whichever is done first.
 *  3. The promise covers what was announced and not yet received.
 */
#include "net/talk/put.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/log.h"
#include "net/talk/may.h"
#include "net/talk/reply.h"
#include "net/wire/base32.h"
#include "net/wire/base64.h"
#include "net/wire/hex.h"
#include "net/wire/name.h"

static void receive(struct hw_put *put);
static void body_done(void *talk, int res);
static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab);
static void slab_take(struct hw_put *put);
static void slab_append(struct hw_put *put);
static void body_over(struct hw_put *put);
static void writer_progress(struct hw_chunk_writer *writer);
static void writer_done(struct hw_chunk_writer *writer, int res);
static void collect(struct hw_put *put);
static void append_done(struct hw_catalog_request *request);
static void commit_submit(struct hw_put *put);
static void commit_done(struct hw_catalog_request *request);
static void send_done(void *talk, int res);
static void fail(struct hw_put *put, int error);
static void join(struct hw_put *put);
static void drop_done(struct hw_catalog_request *request);
static void dropped(struct hw_put *put);
static void abort_done(struct hw_catalog_request *request);
static void fail_end(struct hw_put *put);

static const struct hw_http_handler g_handler = {.body_done = body_done, .send_done = send_done};

static void set_state(struct hw_put *put, enum hw_put_state state)
{
	static const uint16_t g_next[HW_PUT_STATE_COUNT] = {
		[HW_PUT_FREE] = 1U << HW_PUT_RECEIVING,
		[HW_PUT_RECEIVING] = 1U << HW_PUT_STORING | 1U << HW_PUT_FAILING,
		[HW_PUT_STORING] = 1U << HW_PUT_COMMITTING | 1U << HW_PUT_FAILING,
		[HW_PUT_COMMITTING] = 1U << HW_PUT_REPLYING | 1U << HW_PUT_FAILING,
		[HW_PUT_REPLYING] = 1U << HW_PUT_FREE,
		[HW_PUT_FAILING] = 1U << HW_PUT_DROPPING,
		[HW_PUT_DROPPING] = 1U << HW_PUT_ABORTING | 1U << HW_PUT_FAILING,
		[HW_PUT_ABORTING] = 1U << HW_PUT_FREE,
	};
	hw_assert((g_next[put->state] & (1U << state)) != 0);
	put->state = state;
}

static struct hw_metrics *metrics_of(const struct hw_put *put)
{
	return put->talks->reactor->metrics;
}

/* -- begin -- */

static void put_init(struct hw_put *put, struct hw_talks *talks, struct hw_http_conn *conn,
		     uint64_t announced_size)
{
	put->talks = talks;
	put->conn = conn;
	put->slab = NULL;
	put->begun_us = talks->reactor->now_us;
	put->announced_size = announced_size;
	put->received_size = 0;
	put->chunks_begun = 0;
	put->chunks_collected = 0;
	put->chunk_size = 0;
	put->kept_size = 0;
	put->error = 0;
	put->is_receiving = false;
	put->is_asking = false;
	put->is_chunk_open = false;
	put->is_body_over = false;
	put->request.file_id = 0;
	put->request.extent_count = 0;
	put->slab_waiter.ready = slab_ready;
	for (uint32_t i = 0; i < HW_PUT_WRITERS; i++) {
		put->writers[i].progress = writer_progress;
		put->writers[i].done = writer_done;
		put->writers[i].owner = put;
		put->is_written[i] = false;
	}
	hw_merkle_init(&put->merkle);
}

/* What can be said before the first byte of the body. Returns false when it was said. */
static bool is_acceptable(struct hw_talks *talks, struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	struct hw_span range;
	if (!hw_may_upload(talks, conn)) {
		return false;
	}
	if (!request->has_content_length && !request->is_chunked) {
		hw_reply_error(conn, 411,
			       "Say how long the file is (Content-Length), or send it chunked.");
		return false;
	}
	if (hw_http_request_field(request, hw_http_conn_head_bytes(conn), HW_SPAN("Content-Range"),
				  &range)) {
		hw_reply_error(conn, 400, "A part of a file cannot be PUT; send the whole.");
		return false;
	}
	if (request->content_length > talks->options.file_size_max) {
		hw_reply_errno(conn, -EDQUOT);
		return false;
	}
	return true;
}

void hw_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span segment)
{
	char name[HW_NAME_SIZE_MAX];
	uint32_t name_size = 0;
	if (!is_acceptable(talks, conn)) {
		return;
	}
	enum hw_name_verdict verdict = hw_name_clean(segment, name, &name_size);
	if (verdict != HW_NAME_GOOD) {
		hw_reply_error(conn, 400, hw_name_reason(verdict));
		return;
	}
	const struct hw_http_request *request = hw_http_conn_request(conn);
	uint64_t size = request->is_chunked ? UINT64_MAX : request->content_length;
	uint64_t promised_size = request->is_chunked ? 0 : size;
	if (hw_segment_promise(&talks->store->log, promised_size) < 0) {
		hw_reply_errno(conn, -ENOSPC);
		return;
	}
	struct hw_put *put = hw_pool_take(&talks->puts);
	if (put == NULL) {
		hw_segment_promise_end(&talks->store->log, promised_size);
		hw_reply_busy(conn, "Too many uploads are running; try again in a moment.");
		return;
	}
	put_init(put, talks, conn, size);
	put->promised_size = promised_size;
	memcpy(put->request.name, name, name_size);
	put->request.name_size = (uint16_t)name_size;
	hw_metrics_add(metrics_of(put), HW_METRIC_uploads_started, 1);
	hw_metrics_add(metrics_of(put), HW_METRIC_uploads_open, 1);
	hw_list_init(&put->link);
	hw_list_append(&talks->open_puts, &put->link);
	set_state(put, HW_PUT_RECEIVING);
	hw_http_conn_handle(conn, &g_handler, put);
	receive(put);
}

/* -- receive -- */

static struct hw_chunk_writer *newest_writer(struct hw_put *put)
{
	hw_assert(put->chunks_begun > 0);
	return &put->writers[(put->chunks_begun - 1) % HW_PUT_WRITERS];
}

/* Is there a writer with room for a slab? The next chunk's must be idle, and its last chunk
 * collected. */
static bool has_room(struct hw_put *put)
{
	if (put->is_chunk_open) {
		return hw_chunk_writer_has_room(newest_writer(put));
	}
	uint64_t index = put->chunks_begun % HW_PUT_WRITERS;
	return put->chunks_begun < put->chunks_collected + HW_PUT_WRITERS &&
	       !put->is_written[index] && hw_chunk_writer_is_idle(&put->writers[index]);
}

/* The next step of receiving, if it may be taken now; called after everything that may have allowed
 * it. */
static void receive(struct hw_put *put)
{
	if (put->state != HW_PUT_RECEIVING || put->is_receiving || put->slab != NULL ||
	    hw_list_is_linked(&put->slab_waiter.link) || !has_room(put)) {
		return;
	}
	put->is_receiving = true;
	hw_http_conn_body_wait(put->conn);
}

static void slab_take(struct hw_put *put)
{
	struct hw_slab *slab = hw_slab_take(&put->talks->reactor->slabs);
	if (slab == NULL) {
		hw_metrics_add(metrics_of(put), HW_METRIC_slab_waits, 1);
		hw_slab_wait(&put->talks->reactor->slabs, &put->slab_waiter);
		return;
	}
	slab_ready(&put->slab_waiter, slab);
}

/* Bytes of the chunk that comes next, or is under way. */
static uint32_t chunk_size_max(const struct hw_put *put)
{
	if (put->announced_size == UINT64_MAX) {
		return HW_CHUNK_SIZE;
	}
	uint64_t chunk_offset = put->received_size - put->chunk_size;
	return (uint32_t)hw_min(put->announced_size - chunk_offset, (uint64_t)HW_CHUNK_SIZE);
}

static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct hw_put *put = hw_container_of(waiter, struct hw_put, slab_waiter);
	hw_assert(put->state == HW_PUT_RECEIVING && put->slab == NULL);
	put->slab = slab;
	memcpy(slab->bytes, put->kept, put->kept_size); /* nothing, but for slow clients */
	slab->size = put->kept_size;
	put->kept_size = 0;
	if (put->is_body_over) {
		slab_append(put);
		return;
	}
	put->asked_size = hw_min(HW_SLAB_SIZE, chunk_size_max(put) - put->chunk_size);
	put->is_receiving = true;
	hw_http_conn_body_recv(put->conn, slab->bytes + slab->size, put->asked_size - slab->size);
}

static void body_done(void *talk, int res)
{
	struct hw_put *put = talk;
	put->is_receiving = false;
	if (put->state == HW_PUT_FAILING) {
		hw_slab_unref(hw_move(&put->slab));
		join(put);
		return;
	}
	hw_assert(put->state == HW_PUT_RECEIVING);
	if (res < 0) {
		fail(put, res == -EBADMSG ? -EPROTO : res);
		return;
	}
	put->is_body_over = !hw_http_conn_has_body(put->conn);
	if (put->slab != NULL) {
		put->slab->size += (uint32_t)res;
		slab_append(put);
	} else if (res > 0 || put->kept_size > 0) { /* a byte is there, or some are left over */
		slab_take(put);
	} else {
		body_over(put);
	}
}

/* A client that stopped in the middle of a slab does not keep it: whole blocks go on their way, the
 * rest of a block waits in kept. Returns the slab if there is anything in it to go on. */
static struct hw_slab *slab_give_way(struct hw_put *put, struct hw_slab *slab)
{
	uint32_t rest_size = slab->size % HW_BLOCK_SIZE;
	slab->size -= rest_size;
	memcpy(put->kept, slab->bytes + slab->size, rest_size);
	put->kept_size = rest_size;
	if (slab->size == 0) {
		hw_slab_unref(slab);
		return NULL;
	}
	return slab;
}

static void writer_begin(struct hw_put *put)
{
	struct hw_chunk_writer *writer = &put->writers[put->chunks_begun % HW_PUT_WRITERS];
	put->chunks_begun++;
	put->is_chunk_open = true;
	hw_chunk_writer_begin(writer, put->talks->store, chunk_size_max(put),
			      put->announced_size != UINT64_MAX);
}

static void chunk_finish(struct hw_put *put)
{
	put->is_chunk_open = false;
	put->chunk_size = 0;
	hw_chunk_writer_finish(newest_writer(put));
}

/* Count @size bytes as received. Returns false when the file is too long now. */
static bool size_account(struct hw_put *put, uint32_t size)
{
	uint64_t promise_used = hw_min(put->promised_size, (uint64_t)size);
	put->received_size += size;
	put->chunk_size += size;
	put->promised_size -= promise_used;
	hw_segment_promise_end(&put->talks->store->log, promise_used);
	return put->received_size <= put->talks->options.file_size_max;
}

static void slab_append(struct hw_put *put)
{
	struct hw_slab *slab = hw_move(&put->slab);
	bool is_slow = !put->is_body_over && slab->size < put->asked_size;
	if (is_slow) {
		slab = slab_give_way(put, slab);
	}
	if (slab == NULL) {
		receive(put);
		return;
	}
	if (slab->size == 0) { /* chunked, and what we waited for was its end */
		hw_slab_unref(slab);
		body_over(put);
		return;
	}
	if (!put->is_chunk_open) {
		writer_begin(put);
	}
	bool is_chunk_full = put->chunk_size + slab->size == chunk_size_max(put);
	if (!size_account(put, slab->size)) {
		hw_slab_unref(slab);
		fail(put, -EDQUOT);
		return;
	}
	hw_chunk_writer_append(newest_writer(put), slab);
	if (put->state == HW_PUT_RECEIVING && is_slow) {
		hw_chunk_writer_reserve(newest_writer(put)); /* or the slab would wait for more */
	}
	if (put->state != HW_PUT_RECEIVING) {
		return; /* the writer failed at once */
	}
	if (put->is_body_over) {
		body_over(put);
	} else {
		if (is_chunk_full) {
			chunk_finish(put);
		}
		receive(put);
	}
}

static void body_over(struct hw_put *put)
{
	put->received_us = put->talks->reactor->now_us;
	set_state(put, HW_PUT_STORING);
	if (put->is_chunk_open) {
		chunk_finish(put);
	}
	collect(put);
}

/* -- store -- */

static void writer_progress(struct hw_chunk_writer *writer)
{
	receive(writer->owner);
}

static void writer_done(struct hw_chunk_writer *writer, int res)
{
	struct hw_put *put = writer->owner;
	if (res < 0) {
		fail(put, res);
		return;
	}
	put->is_written[writer == &put->writers[0] ? 0 : 1] = true;
	collect(put);
}

/* The writer whose chunk is taken next: in the order of the file. After a failure the order does
 * not matter any more, and the chunk before may never come. Returns -1 when there is none. */
static int written_find(const struct hw_put *put)
{
	int index = (int)(put->chunks_collected % HW_PUT_WRITERS);
	if (put->is_written[index]) {
		return index;
	}
	static_assert(HW_PUT_WRITERS == 2, "there is one other");
	int other = 1 - index;
	return put->state == HW_PUT_FAILING && put->is_written[other] ? other : -1;
}

static void chunk_collect(struct hw_put *put, int index)
{
	struct hw_chunk_writer *writer = &put->writers[index];
	if (put->state != HW_PUT_FAILING) { /* else nobody asks for the root */
		struct hw_hash id;
		memcpy(id.bytes, writer->extent.root, HW_HASH_SIZE);
		hw_merkle_add(&put->merkle, &id, hw_extent_block_count(writer->extent.size));
	}
	put->segments[put->request.extent_count] = hw_move(&writer->segment);
	put->request.extents[put->request.extent_count++] = writer->extent;
	put->is_written[index] = false;
	put->chunks_collected++;
}

/* Take what the writers have into the batch; then what comes next. */
static void collect(struct hw_put *put)
{
	while (!put->is_asking && put->request.extent_count < HW_EXTENT_BATCH_MAX) {
		int index = written_find(put);
		if (index < 0) {
			break;
		}
		chunk_collect(put, index);
	}
	if (put->state == HW_PUT_FAILING) {
		join(put);
	} else if (put->is_asking) {
		return; /* the catalog's answer comes here again */
	} else if (put->state == HW_PUT_STORING && put->chunks_collected == put->chunks_begun) {
		commit_submit(put);
	} else if (put->request.extent_count == HW_EXTENT_BATCH_MAX) {
		put->is_asking = true;
		hw_catalog_submit(put->talks->catalog, &put->request, HW_CATALOG_APPEND,
				  append_done);
	} else {
		receive(put);
	}
}

static void batch_settle(struct hw_put *put)
{
	for (uint32_t i = 0; i < put->request.extent_count; i++) {
		hw_segment_settle(put->segments[i]);
	}
	put->request.extent_count = 0;
}

static void append_done(struct hw_catalog_request *request)
{
	struct hw_put *put = hw_container_of(request, struct hw_put, request);
	put->is_asking = false;
	if (request->res < 0) {
		fail(put, request->res);
		return;
	}
	batch_settle(put);
	collect(put);
}

static void commit_submit(struct hw_put *put)
{
	struct hw_catalog_request *request = &put->request;
	struct hw_hash hash;
	set_state(put, HW_PUT_COMMITTING);
	hw_random_bytes(request->share_id, HW_SHARE_ID_SIZE);
	hw_random_bytes(put->token, HW_TOKEN_SIZE);
	hw_sha256(put->token, HW_TOKEN_SIZE, &hash);
	memcpy(request->owner_hash, hash.bytes, HW_HASH_SIZE);
	hw_merkle_root(&put->merkle, &hash);
	memcpy(request->file_root, hash.bytes, HW_HASH_SIZE);
	request->file_size = put->received_size;
	request->created_ms = put->talks->reactor->wall_ms;
	put->is_asking = true;
	hw_catalog_submit(put->talks->catalog, request, HW_CATALOG_COMMIT, commit_done);
}

/* -- the answer -- */

static void link_write(struct hw_put *put, struct hw_http_writer *writer)
{
	char id[HW_BASE32_SIZE(HW_SHARE_ID_SIZE)];
	hw_base32_encode(put->request.share_id, HW_SHARE_ID_SIZE, id);
	hw_reply_write_origin(put->conn, writer, put->talks->options.public_url);
	hw_http_writer_text(writer, "/s/");
	hw_http_writer_bytes(writer, (struct hw_span){id, sizeof(id)});
	hw_http_writer_text(writer, "/");
	hw_http_writer_uri(writer, (struct hw_span){put->request.name, put->request.name_size});
}

static void reply(struct hw_put *put)
{
	char link_bytes[1536]; /* an origin of 256 bytes and 255 bytes of name, each escaped */
	char root[2 * HW_HASH_SIZE];
	char token[HW_BASE64URL_SIZE(HW_TOKEN_SIZE)];
	struct hw_http_writer link;
	struct hw_http_writer head;
	hw_hex_encode(put->request.file_root, HW_HASH_SIZE, root);
	hw_base64url_encode(put->token, HW_TOKEN_SIZE, token);
	hw_http_writer_init(&link, link_bytes, sizeof(link_bytes));
	link_write(put, &link);
	hw_assert(!link.is_overflowed);
	hw_http_conn_reply_begin(put->conn, &head, 201);
	hw_http_writer_field(&head, HW_SPAN("Location"), hw_http_writer_span(&link));
	hw_http_writer_field_etag(&head, put->request.file_root, HW_HASH_SIZE);
	hw_http_writer_field(&head, HW_SPAN("Hawser-Root"), (struct hw_span){root, sizeof(root)});
	hw_http_writer_field(&head, HW_SPAN("Hawser-Owner-Token"),
			     (struct hw_span){token, sizeof(token)});
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), HW_SPAN("text/plain; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), link.size + 1U);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_writer_bytes(&head, hw_http_writer_span(&link));
	hw_http_writer_text(&head, "\n");
	memset(put->token, 0, sizeof(put->token));
	HW_FAILPOINT(put_before_reply);
	hw_http_conn_reply_send(put->conn, &head, NULL, 0);
}

static void commit_done(struct hw_catalog_request *request)
{
	struct hw_put *put = hw_container_of(request, struct hw_put, request);
	put->is_asking = false;
	if (request->res < 0) {
		fail(put, request->res);
		return;
	}
	batch_settle(put);
	uint64_t now_us = put->talks->reactor->now_us;
	hw_metrics_add(metrics_of(put), HW_METRIC_uploads_completed, 1);
	hw_metrics_observe_us(metrics_of(put), HW_HISTOGRAM_upload_duration,
			      now_us - put->begun_us);
	hw_metrics_observe_us(metrics_of(put), HW_HISTOGRAM_commit_duration,
			      now_us - put->received_us);
	HW_LOG(HW_LOG_INFO, "put.done", HW_F_U64("size", put->received_size),
	       HW_F_HEX("root", request->file_root, HW_HASH_SIZE),
	       HW_F_U64("us", now_us - put->begun_us));
	set_state(put, HW_PUT_REPLYING);
	reply(put);
}

static void put_free(struct hw_put *put)
{
	hw_assert(put->slab == NULL && !put->is_receiving && !put->is_asking);
	hw_segment_promise_end(&put->talks->store->log, put->promised_size);
	put->promised_size = 0;
	hw_metrics_sub(metrics_of(put), HW_METRIC_uploads_open, 1);
	set_state(put, HW_PUT_FREE);
	hw_list_remove(&put->link);
	hw_pool_give(&put->talks->puts, put);
}

static void send_done(void *talk, int res)
{
	struct hw_put *put = talk;
	struct hw_http_conn *conn = put->conn;
	put_free(put);
	if (res < 0) {
		hw_http_conn_abort(conn); /* the file is there; who asked will not know */
		return;
	}
	hw_http_conn_end(conn);
}

/* -- errors -- */

/* Nothing new starts; what is in flight comes back to join. */
static void stop_all(struct hw_put *put)
{
	set_state(put, HW_PUT_FAILING);
	hw_slab_wait_end(&put->slab_waiter);
	hw_http_conn_body_stop(put->conn);
	if (!put->is_receiving) {
		hw_slab_unref(hw_move(&put->slab));
	}
	for (uint32_t i = 0; i < HW_PUT_WRITERS; i++) {
		if (put->writers[i].state != HW_WRITER_IDLE) {
			hw_chunk_writer_abort(&put->writers[i]);
		}
	}
}

static void fail(struct hw_put *put, int error)
{
	if (put->error == 0) {
		put->error = error;
	}
	put->talks->is_read_only |= error == -EROFS;
	if (put->state < HW_PUT_FAILING) {
		stop_all(put);
	}
	collect(put); /* what is written already is given back with the rest */
}

static void join(struct hw_put *put)
{
	hw_assert(put->state >= HW_PUT_FAILING);
	bool is_busy = put->is_receiving || put->is_asking ||
		       !hw_chunk_writer_is_idle(&put->writers[0]) ||
		       !hw_chunk_writer_is_idle(&put->writers[1]);
	if (is_busy || put->state != HW_PUT_FAILING) {
		return;
	}
	set_state(put, HW_PUT_DROPPING);
	if (put->request.extent_count > 0) {
		hw_catalog_submit(put->talks->catalog, &put->request, HW_CATALOG_EXTENT_DROP,
				  drop_done);
		return;
	}
	dropped(put);
}

static void drop_done(struct hw_catalog_request *request)
{
	struct hw_put *put = hw_container_of(request, struct hw_put, request);
	batch_settle(put); /* punched, or left to the next start: no longer ours */
	if (put->is_written[0] || put->is_written[1]) { /* found no room in the batch */
		set_state(put, HW_PUT_FAILING);
		collect(put);
		return;
	}
	dropped(put);
}

/* Nothing of ours is unnamed any more; what the catalog knows of an unfinished file comes next. */
static void dropped(struct hw_put *put)
{
	set_state(put, HW_PUT_ABORTING);
	if (put->request.file_id != 0) {
		hw_catalog_submit(put->talks->catalog, &put->request, HW_CATALOG_ABORT, abort_done);
		return;
	}
	fail_end(put);
}

static void abort_done(struct hw_catalog_request *request)
{
	/* If the catalog could not, the next start forgets the file. */
	fail_end(hw_container_of(request, struct hw_put, request));
}

static void fail_end(struct hw_put *put)
{
	struct hw_http_conn *conn = put->conn;
	int error = put->error;
	bool is_gone = error == -ECONNRESET || error == -EPIPE || conn->is_answered;
	hw_metrics_add(metrics_of(put), HW_METRIC_uploads_failed, 1);
	HW_LOG(is_gone ? HW_LOG_INFO : HW_LOG_WARN, "put.failed", HW_F_ERRNO("error", error),
	       HW_F_U64("received", put->received_size));
	put_free(put);
	if (is_gone) {
		hw_http_conn_abort(conn);
	} else if (error == -EPROTO) {
		hw_http_conn_close_after(conn);
		hw_reply_error(conn, 400, "The body's chunked framing is broken.");
	} else {
		hw_http_conn_close_after(conn);
		hw_reply_errno(conn, error);
	}
}

static bool has_bytes_in(const struct hw_put *put, const struct hw_segment *segment)
{
	for (uint32_t i = 0; i < HW_PUT_WRITERS; i++) {
		if (put->writers[i].segment == segment) {
			return true;
		}
	}
	/* While the catalog has the batch it is about to be settled. */
	for (uint32_t i = 0; !put->is_asking && i < put->request.extent_count; i++) {
		if (put->segments[i] == segment) {
			return true;
		}
	}
	return false;
}

void hw_put_give_up(void *user, const struct hw_segment *segment)
{
	struct hw_talks *talks = user;
	struct hw_list *link = talks->open_puts.next;
	while (link != &talks->open_puts) {
		struct hw_list *next = link->next;
		struct hw_put *put = hw_container_of(link, struct hw_put, link);
		if (put->state == HW_PUT_RECEIVING && has_bytes_in(put, segment)) {
			fail(put, -ETIMEDOUT);
		}
		link = next;
	}
}
