/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of the bytes, as far as the writers (intake_store.c goes on from there):
 *
 *   begin -> receive -> source wait -> slab_wanted -> slab_ready -> source recv -> source_done
 *               ^                     (or in line)                                     |
 *               +---------------------------- slab_append <----------------------------+
 *                                        (chunk full: finish)
 *   slab_wanted, of a file that is gone on with: first its short chunk is read back (intake_load.c)
 *   body over -> body_over -> STORING
 *
 * Invariants:
 *  1. An extent is in request.extents, unsettled, from collect until the catalog has answered.
 *  2. Chunks reach the tree and the catalog in the order of the file, whichever is done first.
 *  3. The promise covers what was announced and not yet received.
 *  4. received_size + kept_size is how far the file is there; kept is less than a block.
 */
#include "net/talk/intake.h"

#include <errno.h>
#include <string.h>

#include "net/talk/intake_steps.h"
#include "simd/crc32.h"

static void slab_wanted(struct hw_intake *intake);
static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab);
static bool slab_pass(struct hw_intake *intake);
static void slab_append(struct hw_intake *intake);
static void body_over(struct hw_intake *intake);

void hw_intake_set_state(struct hw_intake *intake, enum hw_intake_state state)
{
	static const uint16_t g_next[HW_INTAKE_STATE_COUNT] = {
		[HW_INTAKE_FREE] = 1U << HW_INTAKE_RECEIVING,
		[HW_INTAKE_LOADING] = 1U << HW_INTAKE_RECEIVING | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_RECEIVING] =
			1U << HW_INTAKE_LOADING | 1U << HW_INTAKE_STORING | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_STORING] = 1U << HW_INTAKE_STORED | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_STORED] = 1U << HW_INTAKE_NAMING | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_NAMING] = 1U << HW_INTAKE_FREE | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_FAILING] = 1U << HW_INTAKE_DROPPING,
		[HW_INTAKE_DROPPING] = 1U << HW_INTAKE_LEAVING | 1U << HW_INTAKE_FAILING,
		[HW_INTAKE_LEAVING] = 1U << HW_INTAKE_FREE,
	};
	hw_assert((g_next[intake->state] & (1U << state)) != 0);
	intake->state = state;
}

static bool is_resumed(const struct hw_intake *intake)
{
	return intake->options.upload != NULL;
}

/* -- the body of a connection as source -- */

static bool conn_has_more(struct hw_intake *intake)
{
	return hw_http_conn_has_body(intake->options.conn);
}

static void conn_wait(struct hw_intake *intake)
{
	hw_http_conn_body_wait(intake->options.conn);
}

static void conn_recv(struct hw_intake *intake, uint8_t *bytes, uint32_t size)
{
	hw_http_conn_body_recv(intake->options.conn, bytes, size);
}

static void conn_watch(struct hw_intake *intake)
{
	hw_http_conn_body_watch(intake->options.conn);
}

static void conn_stop(struct hw_intake *intake)
{
	hw_http_conn_body_stop(intake->options.conn);
}

static uint32_t conn_came(const struct hw_intake *intake)
{
	return hw_http_conn_body_came(intake->options.conn);
}

static const struct hw_intake_source g_conn_source = {.has_more = conn_has_more,
						      .wait = conn_wait,
						      .recv = conn_recv,
						      .watch = conn_watch,
						      .stop = conn_stop,
						      .came = conn_came};

/* -- begin -- */

static void resume_init(struct hw_intake *intake)
{
	const struct hw_upload *upload = intake->options.upload;
	hw_assert(upload->tail_size < HW_BLOCK_SIZE && upload->offset >= upload->tail_size);
	intake->request.upload = intake->options.upload;
	intake->merkle = upload->merkle;
	intake->crc32 = upload->crc32;
	intake->received_size = upload->offset - upload->tail_size;
	intake->collected_size = intake->received_size;
	intake->named_size = intake->received_size;
	intake->kept_size = upload->tail_size;
	memcpy(intake->kept, upload->tail, upload->tail_size);
	if (intake->options.short_chunk != NULL) {
		intake->short_chunk = *intake->options.short_chunk;
		intake->last_short = intake->short_chunk;
		hw_assert(intake->short_chunk.size % HW_BLOCK_SIZE == 0);
		hw_assert(intake->short_chunk.size < HW_CHUNK_SIZE);
	}
}

static void intake_init(struct hw_intake *intake, struct hw_talks *talks,
			const struct hw_intake_options *options)
{
	intake->talks = talks;
	intake->options = *options;
	if (intake->options.source == NULL) {
		intake->options.source = &g_conn_source;
	}
	intake->slab = NULL;
	intake->received_size = 0;
	intake->collected_size = 0;
	intake->named_size = 0;
	intake->promised_size = options->promised_size;
	intake->chunks_begun = 0;
	intake->chunks_collected = 0;
	intake->chunk_size = 0;
	intake->kept_size = 0;
	intake->loaded_size = 0;
	intake->crc32 = 0;
	intake->waits_since_us = 0;
	intake->waited_us = 0;
	intake->error = 0;
	intake->body_error = 0;
	intake->is_receiving = false;
	intake->is_watching = false;
	intake->is_watched = false;
	intake->is_asking = false;
	intake->is_reading = false;
	intake->is_chunk_open = false;
	intake->is_body_over = false;
	intake->short_chunk.size = 0;
	intake->last_short.size = 0;
	intake->request = (struct hw_catalog_request){
		.file_id = options->file_id,
		.free_size = hw_segment_log_free_size(&talks->store->log),
		.share_size_max = talks->options.share_size_max,
		.store_size_max = talks->options.quota_size,
	};
	hw_live_init(&intake->live, options->is_live, options->may_spill, talks->reactor->now_us);
	intake->slab_waiter.ready = slab_ready;
	for (uint32_t i = 0; i < HW_INTAKE_WRITERS; i++) {
		intake->writers[i].progress = hw_intake_writer_progress;
		intake->writers[i].done = hw_intake_writer_done;
		intake->writers[i].owner = intake;
		intake->writers[i].is_keeping = false;
		intake->is_written[i] = false;
	}
	hw_merkle_init(&intake->merkle);
}

static void patience_over(struct hw_timer *timer);

static void patience_start(struct hw_intake *intake)
{
	hw_timer_start(&intake->talks->reactor->timers, &intake->patience, HW_INTAKE_LOOK_MS,
		       patience_over);
}

/* Why who waits for followers does not go on waiting; 0: it does. Nobody came to follow, or is
 * there any more; or the daemon stops, which a sender that nothing is received from does not hear.
 */
static int patience_judge(struct hw_intake *intake)
{
	if (intake->state != HW_INTAKE_RECEIVING && intake->state != HW_INTAKE_STORING) {
		return 0; /* it ends by itself */
	}
	bool is_held_up = intake->live.is_only_store || hw_live_is_awaited(&intake->live);
	if (is_held_up && intake->options.conn->is_cut) {
		return -ESHUTDOWN;
	}
	bool is_deserted = hw_live_is_deserted(&intake->live, intake->talks->reactor->now_us,
					       HW_LIVE_PATIENCE_MS * UINT64_C(1000));
	return is_deserted ? -ENOTCONN : 0;
}

/* Nothing is received while there is no room, so nobody would see the sender leave. */
static void sender_watch(struct hw_intake *intake)
{
	bool is_waiting = intake->state == HW_INTAKE_RECEIVING && !intake->is_receiving &&
			  intake->slab == NULL && !hw_list_is_linked(&intake->slab_waiter.link);
	if (is_waiting && !intake->is_body_over && !intake->is_watched &&
	    intake->options.source->watch != NULL) {
		intake->is_receiving = true;
		intake->is_watching = true;
		intake->options.source->watch(intake);
	}
}

/* The sender is gone; or there is room again; or all it had to say may be there. */
static void watched(struct hw_intake *intake, int res)
{
	intake->is_watching = false;
	intake->is_watched = res == 0;
	if (res < 0 && res != -ECANCELED) {
		hw_intake_fail(intake, res);
		return;
	}
	hw_intake_receive(intake);
}

static void patience_over(struct hw_timer *timer)
{
	struct hw_intake *intake = hw_container_of(timer, struct hw_intake, patience);
	int verdict = patience_judge(intake);
	patience_start(intake);
	if (verdict < 0) {
		hw_intake_fail(intake, verdict);
		return;
	}
	if (intake->live.is_keeping) {
		hw_intake_keep_look(intake);
	}
	hw_intake_taken(intake); /* it may have waited for others to give slabs back */
	sender_watch(intake);
}

void hw_intake_begin(struct hw_intake *intake, struct hw_talks *talks,
		     const struct hw_intake_options *options)
{
	struct hw_metrics *metrics = talks->reactor->metrics;
	intake_init(intake, talks, options);
	if (options->upload != NULL) {
		resume_init(intake);
	}
	hw_metrics_add(metrics, HW_METRIC_uploads_started, 1);
	hw_metrics_add(metrics, HW_METRIC_uploads_open, 1);
	hw_list_init(&intake->link);
	hw_list_append(&talks->open_intakes, &intake->link);
	hw_intake_set_state(intake, HW_INTAKE_RECEIVING);
	if (options->is_live || options->may_spill) {
		patience_start(intake);
	}
	hw_intake_receive(intake);
}

struct hw_intake *hw_intake_find(struct hw_talks *talks, uint64_t file_id)
{
	for (struct hw_list *link = talks->open_intakes.next; link != &talks->open_intakes;
	     link = link->next) {
		struct hw_intake *intake = hw_container_of(link, struct hw_intake, link);
		if (intake->request.file_id == file_id && intake->state < HW_INTAKE_FAILING) {
			return intake;
		}
	}
	return NULL;
}

uint64_t hw_intake_size(const struct hw_intake *intake)
{
	return intake->received_size + intake->kept_size;
}

bool hw_intake_is_complete(const struct hw_intake *intake)
{
	if (!is_resumed(intake)) {
		return intake->is_body_over;
	}
	return intake->options.length != HW_LENGTH_UNKNOWN &&
	       hw_intake_size(intake) == intake->options.length;
}

/* -- receive -- */

static struct hw_chunk_writer *newest_writer(struct hw_intake *intake)
{
	hw_assert(intake->chunks_begun > 0);
	return &intake->writers[(intake->chunks_begun - 1) % HW_INTAKE_WRITERS];
}

/* The next chunk's writer must be idle, and its last chunk collected. */
bool hw_intake_has_room(const struct hw_intake *intake)
{
	if (intake->is_chunk_open) {
		uint64_t newest = (intake->chunks_begun - 1) % HW_INTAKE_WRITERS;
		return hw_chunk_writer_has_room(&intake->writers[newest]);
	}
	uint64_t index = intake->chunks_begun % HW_INTAKE_WRITERS;
	return intake->chunks_begun < intake->chunks_collected + HW_INTAKE_WRITERS &&
	       !intake->is_written[index] && hw_chunk_writer_is_idle(&intake->writers[index]);
}

/* Why no byte is asked for now; NULL: one may be. */
static const char *obstacle(struct hw_intake *intake)
{
	if (intake->live.is_keeping && !hw_intake_keep_on(intake)) {
		return HW_STALL_RECEIVER;
	}
	if (!hw_live_has_room(&intake->live, &intake->talks->reactor->slabs) ||
	    (!intake->live.is_only_store &&
	     !hw_live_has_rest_room(&intake->live, intake->received_size))) {
		return HW_STALL_RECEIVER;
	}
	return hw_intake_has_room(intake) ? NULL : HW_STALL_DISK;
}

static void waits(struct hw_intake *intake, const char *stalled)
{
	if (intake->options.report != NULL) {
		hw_report_wait(intake->options.report, stalled);
	}
}

/* Called after everything that may have allowed it. */
void hw_intake_receive(struct hw_intake *intake)
{
	if (intake->state != HW_INTAKE_RECEIVING || intake->slab != NULL ||
	    (intake->is_receiving && !intake->is_watching) ||
	    hw_list_is_linked(&intake->slab_waiter.link)) {
		return;
	}
	const char *stalled = obstacle(intake);
	if (intake->is_watching) {
		if (stalled == NULL) {
			intake->options.source->stop(intake); /* and then it is received */
		}
		return;
	}
	waits(intake, stalled != NULL ? stalled : HW_STALL_SENDER);
	if (stalled != NULL) {
		return;
	}
	if (intake->is_body_over) { /* the last block was read back, and waited for room */
		slab_wanted(intake);
		return;
	}
	intake->is_receiving = true;
	intake->options.source->wait(intake);
}

static void slab_wanted(struct hw_intake *intake)
{
	if (intake->short_chunk.size > 0) {
		hw_intake_load_begin(intake);
		return;
	}
	struct hw_slab *slab = hw_slab_take(&intake->talks->reactor->slabs);
	if (slab == NULL) {
		hw_metrics_add(intake->talks->reactor->metrics, HW_METRIC_slab_waits, 1);
		waits(intake, HW_STALL_DISK); /* who has the slabs writes them, or sends them */
		hw_slab_wait(&intake->talks->reactor->slabs, &intake->slab_waiter);
		return;
	}
	slab_ready(&intake->slab_waiter, slab);
}

/* Bytes of the chunk that comes next, or is under way. */
static uint32_t chunk_size_max(const struct hw_intake *intake)
{
	if (intake->options.length == HW_LENGTH_UNKNOWN) {
		return HW_CHUNK_SIZE;
	}
	uint64_t chunk_offset = intake->received_size - intake->chunk_size;
	return (uint32_t)hw_min(intake->options.length - chunk_offset, (uint64_t)HW_CHUNK_SIZE);
}

static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct hw_intake *intake = hw_container_of(waiter, struct hw_intake, slab_waiter);
	hw_assert(intake->slab == NULL);
	if (intake->state == HW_INTAKE_LOADING) {
		hw_intake_load_slab(intake, slab);
		return;
	}
	hw_assert(intake->state == HW_INTAKE_RECEIVING);
	intake->slab = slab;
	memcpy(slab->bytes, intake->kept, intake->kept_size); /* nothing, but for slow clients */
	slab->size = intake->kept_size;
	intake->kept_size = 0;
	if (intake->is_body_over) {
		if (slab_pass(intake)) {
			body_over(intake);
		}
		return;
	}
	intake->asked_size = hw_min(HW_SLAB_SIZE, chunk_size_max(intake) - intake->chunk_size);
	intake->is_receiving = true;
	waits(intake, HW_STALL_SENDER);
	intake->options.source->recv(intake, slab->bytes + slab->size,
				     intake->asked_size - slab->size);
}

void hw_intake_loaded(struct hw_intake *intake)
{
	bool is_last_block = intake->kept_size > 0 && hw_intake_is_complete(intake);
	if (intake->is_body_over && !is_last_block) { /* we were stopped meanwhile */
		body_over(intake);
		return;
	}
	hw_chunk_writer_reserve(newest_writer(intake)); /* or it keeps what is less than a slab */
	if (intake->state == HW_INTAKE_RECEIVING) {
		hw_intake_receive(intake); /* the writer may be busy with what was read back */
	}
}

/* The body broke off, or there is more of it than was announced: what is there shall stay. */
static void break_off(struct hw_intake *intake, int error)
{
	intake->is_body_over = true;
	if (intake->body_error == 0) {
		intake->body_error = error;
	}
}

static void bytes_came(struct hw_intake *intake, uint32_t size)
{
	struct hw_slab *slab = intake->slab;
	if (size > 0 && intake->options.handler->received != NULL) {
		intake->options.handler->received(intake, slab->bytes + slab->size, size);
	}
	intake->crc32 = hw_crc32(intake->crc32, slab->bytes + slab->size, size);
	slab->size += size;
	if (intake->options.report != NULL && size > 0) {
		hw_report_progress(intake->options.report, intake->received_size + slab->size,
				   NULL);
	}
}

/* The body ended as it should: where that is the file's end, the length is known now. */
static void length_learn(struct hw_intake *intake, uint32_t size)
{
	bool is_end = intake->is_body_over && intake->body_error == 0;
	if (intake->options.ends_with_body && is_end &&
	    intake->options.length == HW_LENGTH_UNKNOWN) {
		uint32_t slab_size = intake->slab != NULL ? intake->slab->size + size : 0;
		intake->options.length = hw_intake_size(intake) + slab_size;
	}
}

void hw_intake_source_done(struct hw_intake *intake, int res)
{
	intake->is_receiving = false;
	if (intake->state == HW_INTAKE_FAILING) {
		hw_slab_unref(hw_move(&intake->slab));
		hw_intake_join(intake);
		return;
	}
	hw_assert(intake->state == HW_INTAKE_RECEIVING);
	if (intake->is_watching) {
		watched(intake, res);
		return;
	}
	if (res < 0 && !is_resumed(intake)) {
		hw_intake_fail(intake, res == -EBADMSG ? -EPROTO : res);
		return;
	}
	if (res < 0) {
		break_off(intake, res == -EBADMSG ? -EPROTO : res);
		res = intake->slab != NULL ? (int)intake->options.source->came(intake) : 0;
	} else if (res > 0 && intake->slab == NULL && is_resumed(intake) &&
		   hw_intake_is_complete(intake)) {
		break_off(intake, -EMSGSIZE);
	} else {
		intake->is_body_over |= !intake->options.source->has_more(intake);
		length_learn(intake, (uint32_t)res);
	}
	if (intake->slab != NULL) {
		bytes_came(intake, (uint32_t)res);
		if (intake->received_size + intake->slab->size >
		    intake->talks->options.file_size_max) {
			hw_intake_fail(intake, -EDQUOT);
		} else {
			slab_append(intake);
		}
	} else if (!intake->is_body_over ||
		   (intake->kept_size > 0 && hw_intake_is_complete(intake))) {
		slab_wanted(intake); /* a byte is there, or some are left over */
	} else {
		body_over(intake);
	}
}

/* Whole blocks go on their way, the rest of a block waits in kept: so a client that stopped in the
 * middle of a slab does not keep it. Returns the slab if there is anything in it to go on. */
static struct hw_slab *slab_give_way(struct hw_intake *intake, struct hw_slab *slab)
{
	uint32_t rest_size = slab->size % HW_BLOCK_SIZE;
	slab->size -= rest_size;
	memcpy(intake->kept, slab->bytes + slab->size, rest_size);
	intake->kept_size = rest_size;
	if (slab->size == 0) {
		hw_slab_unref(slab);
		return NULL;
	}
	return slab;
}

static void writer_begin(struct hw_intake *intake)
{
	uint64_t index = intake->chunks_begun % HW_INTAKE_WRITERS;
	bool is_exact = intake->options.length != HW_LENGTH_UNKNOWN && !is_resumed(intake);
	intake->chunks_begun++;
	intake->is_chunk_open = true;
	intake->writers[index].is_volatile = intake->options.is_live;
	intake->writers[index].is_keeping = intake->live.is_keeping;
	hw_chunk_writer_begin(&intake->writers[index], intake->talks->store, chunk_size_max(intake),
			      is_exact);
}

static void chunk_finish(struct hw_intake *intake)
{
	intake->is_chunk_open = false;
	intake->chunk_size = 0;
	intake->crc32_at_end[(intake->chunks_begun - 1) % HW_INTAKE_WRITERS] = intake->crc32;
	hw_chunk_writer_finish(newest_writer(intake));
}

/* Count @size bytes as received. */
static void size_account(struct hw_intake *intake, uint32_t size)
{
	uint64_t promise_used = hw_min(intake->promised_size, (uint64_t)size);
	intake->received_size += size;
	intake->chunk_size += size;
	intake->promised_size -= promise_used;
	hw_segment_promise_end(&intake->talks->store->log, promise_used);
}

bool hw_intake_append(struct hw_intake *intake, struct hw_slab *slab)
{
	enum hw_intake_state state = intake->state;
	if (!intake->is_chunk_open) {
		writer_begin(intake);
	}
	size_account(intake, slab->size);
	uint64_t offset = intake->received_size - slab->size;
	hw_chunk_writer_append(newest_writer(intake), slab);
	if (intake->state != state) {
		return false; /* the writer failed at once */
	}
	if (newest_writer(intake)->state == HW_WRITER_OPEN) { /* else it failed, and we will hear */
		hw_live_publish(intake, slab, offset); /* it holds the slab until a later turn */
	}
	return true;
}

/* Does the file end with what is in the slab? */
static bool is_last(const struct hw_intake *intake, const struct hw_slab *slab)
{
	if (!is_resumed(intake)) {
		return intake->is_body_over;
	}
	return intake->options.length != HW_LENGTH_UNKNOWN &&
	       intake->received_size + slab->size == intake->options.length;
}

/* What to do after a slab went on its way, or there was none. */
static void go_on(struct hw_intake *intake)
{
	if (intake->is_body_over) {
		body_over(intake);
	} else {
		hw_intake_receive(intake);
	}
}

/* Returns false when it does not go on: it failed. */
static bool slab_pass(struct hw_intake *intake)
{
	struct hw_slab *slab = hw_move(&intake->slab);
	bool is_slow = !intake->is_body_over && slab->size < intake->asked_size;
	if (is_slow || (intake->is_body_over && !is_last(intake, slab))) {
		slab = slab_give_way(intake, slab);
	}
	if (slab == NULL || slab->size == 0) { /* chunked, and what we waited for was its end */
		hw_slab_unref(slab);
		return true;
	}
	bool is_chunk_full = intake->chunk_size + slab->size == chunk_size_max(intake);
	if (!hw_intake_append(intake, slab)) {
		return false;
	}
	if (is_slow) {
		hw_chunk_writer_reserve(
			newest_writer(intake)); /* or the slab would wait for more */
		if (intake->state != HW_INTAKE_RECEIVING) {
			return false;
		}
	}
	if (is_chunk_full && !intake->is_body_over) {
		chunk_finish(intake);
	}
	return true;
}

static void slab_append(struct hw_intake *intake)
{
	if (slab_pass(intake)) {
		go_on(intake);
	}
}

/* The body is over: called after everything that may have been waited for. */
static void storing_go_on(struct hw_intake *intake)
{
	if (intake->live.is_keeping) {
		hw_intake_keep_end(intake);
	}
	hw_intake_collect(intake);
}

static void body_over(struct hw_intake *intake)
{
	intake->stored_us = intake->talks->reactor->now_us;
	hw_intake_set_state(intake, HW_INTAKE_STORING);
	if (intake->is_chunk_open) {
		chunk_finish(intake);
	}
	hw_live_body_over(intake);
	storing_go_on(intake);
}

void hw_intake_taken(struct hw_intake *intake)
{
	if (intake->state == HW_INTAKE_RECEIVING) {
		hw_intake_receive(intake);
	} else if (intake->state == HW_INTAKE_STORING) {
		storing_go_on(intake);
	}
}

void hw_intake_stop(struct hw_intake *intake, int error)
{
	if (intake->state != HW_INTAKE_RECEIVING && intake->state != HW_INTAKE_LOADING) {
		return; /* it ends by itself */
	}
	if (intake->is_body_over) {
		return; /* likewise: the last block waits for room */
	}
	if (!is_resumed(intake)) {
		hw_intake_fail(intake, error);
		return;
	}
	bool is_waiting = intake->is_receiving || intake->state == HW_INTAKE_LOADING ||
			  hw_list_is_linked(&intake->slab_waiter.link);
	break_off(intake, error);
	if (intake->is_receiving) {
		intake->options.source->stop(intake);
	}
	if (is_waiting) {
		return;
	}
	if (intake->kept_size > 0 && hw_intake_is_complete(intake)) {
		hw_intake_receive(intake); /* the last block goes when there is room */
	} else {
		body_over(intake);
	}
}

static bool has_bytes_in(const struct hw_intake *intake, const struct hw_segment *segment)
{
	for (uint32_t i = 0; i < HW_INTAKE_WRITERS; i++) {
		if (intake->writers[i].segment == segment) {
			return true;
		}
	}
	/* While the catalog has the batch it is about to be settled. */
	for (uint32_t i = 0; !intake->is_asking && i < intake->request.extent_count; i++) {
		if (intake->segments[i] == segment) {
			return true;
		}
	}
	return false;
}

void hw_intake_give_up(void *user, const struct hw_segment *segment)
{
	struct hw_talks *talks = user;
	struct hw_list *link = talks->open_intakes.next;
	while (link != &talks->open_intakes) {
		struct hw_list *next = link->next;
		struct hw_intake *intake = hw_container_of(link, struct hw_intake, link);
		if (has_bytes_in(intake, segment)) {
			hw_intake_stop(intake, -ETIMEDOUT);
		}
		link = next;
	}
}
