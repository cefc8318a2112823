/* SPDX-License-Identifier: Apache-2.0
 *
 *   input_submit -+-> (a record is there) mail -> input_deliver ---+-> input_ended
 *                 +-> poll -> (a room) -> recv -> input_received --+
 *   body_recv -> (a room) -> recv -> http_body.c: received, open ... -> body_recv
 */
#include <errno.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

/* Records in a row that carry nothing: more are an attack, not padding (as OpenSSL has it). */
#define DATALESS_MAX 32U

static void input_poll(struct hw_http_conn *conn);
static void input_polled(struct hw_op *op);
static void input_recv(struct hw_http_conn *conn);
static void input_received(struct hw_op *op);
static void input_deliver(struct hw_mail *mail);
static void body_go(struct hw_http_conn *conn);

static struct hw_ring *ring_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor->ring;
}

/* -- records -- */

/* The peer broke the rules: it is told which, and nothing that it says is looked at any more. */
static int fault(struct hw_http_conn *conn, enum hw_tls_alert alert)
{
	struct hw_tls *tls = conn->tls;
	tls->is_over = true;
	tls->owes_alert = true;
	tls->alert = (uint8_t)alert;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_tls_records_refused, 1);
	return -ECONNRESET;
}

static int over(struct hw_tls *tls)
{
	tls->is_over = true;
	return -ECONNRESET;
}

static int updated(struct hw_http_conn *conn, bool wants_ours)
{
	struct hw_tls *tls = conn->tls;
	if (wants_ours && tls->is_offloaded) { /* before Linux 6.14 it takes no second key */
		return fault(conn, HW_TLS_INTERNAL_ERROR);
	}
	tls->owes_update = tls->owes_update || wants_ours;
	return hw_tls_half_update(&tls->in) < 0 ? fault(conn, HW_TLS_INTERNAL_ERROR) : 0;
}

static int record_judge(struct hw_http_conn *conn, struct hw_tls_opened opened,
			const uint8_t *bytes)
{
	struct hw_tls *tls = conn->tls;
	enum hw_tls_event event = hw_tls_judge(tls->in.suite, opened, bytes);
	tls->dataless_count = event == HW_TLS_EVENT_DATA ? 0 : tls->dataless_count + 1;
	if (tls->dataless_count > DATALESS_MAX) {
		return fault(conn, HW_TLS_UNEXPECTED_MESSAGE);
	}
	switch (event) {
	case HW_TLS_EVENT_DATA:
		return (int)opened.size;
	case HW_TLS_EVENT_NOTHING:
		return 0;
	case HW_TLS_EVENT_UPDATE:
	case HW_TLS_EVENT_UPDATE_US:
		return updated(conn, event == HW_TLS_EVENT_UPDATE_US);
	case HW_TLS_EVENT_CLOSED:
	case HW_TLS_EVENT_FATAL:
		return over(tls);
	default:
		return fault(conn, HW_TLS_UNEXPECTED_MESSAGE);
	}
}

/* The next record of the room, into @bytes when it surely fits, else in its own place. Returns what
 * it carries, 0: nothing, and another may follow; -EAGAIN, -ECONNRESET. */
static int record_open(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size,
		       uint8_t **ret_place)
{
	struct hw_tls *tls = conn->tls;
	struct hw_tls_room *room = &tls->in_room;
	uint32_t record_size = 0;
	if (tls->is_over) {
		return -ECONNRESET;
	}
	uint8_t *record = room->bytes + room->offset;
	enum hw_tls_frame frame = hw_tls_frame_find(record, hw_tls_room_used(room), &record_size);
	if (frame == HW_TLS_FRAME_MORE) {
		return -EAGAIN;
	}
	if (frame != HW_TLS_FRAME_WHOLE) {
		return fault(conn, frame == HW_TLS_FRAME_FOREIGN ? HW_TLS_UNEXPECTED_MESSAGE
								 : HW_TLS_RECORD_OVERFLOW);
	}
	struct hw_tls_opened opened = {0};
	bool is_fitting = hw_tls_open_size(tls->in.suite, record_size) <= size;
	uint8_t *place = is_fitting ? bytes : hw_tls_open_place(tls->in.suite, record);
	enum hw_tls_verdict verdict = hw_tls_open(&tls->in, record, record_size, place, &opened);
	room->offset += record_size;
	if (verdict != HW_TLS_OPENED) {
		return fault(conn, hw_tls_verdict_alert(verdict));
	}
	*ret_place = place;
	return record_judge(conn, opened, place);
}

static void room_rest(struct hw_http_conn *conn)
{
	if (hw_tls_room_used(&conn->tls->in_room) == 0) {
		hw_tls_room_give(&conn->server->tls, &conn->tls->in_room);
	}
}

int hw_http_tls_open(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size)
{
	uint8_t *place = NULL;
	int r = 0;
	hw_assert(conn->input.bytes == NULL);
	if (conn->tls->in_room.bytes == NULL) {
		return conn->tls->is_over ? -ECONNRESET : -EAGAIN;
	}
	while (r == 0) { /* as many as DATALESS_MAX carry nothing */
		r = record_open(conn, bytes, size, &place);
	}
	if (r > 0 && place != bytes) {
		conn->input = (struct hw_http_input){
			.bytes = (char *)place, .size = (uint32_t)r, .is_tls = true};
		return 0;
	}
	room_rest(conn);
	return r;
}

/* -- rooms -- */

bool hw_http_tls_in_room(struct hw_http_conn *conn, bool wants_batch, bool is_body)
{
	struct hw_tls *tls = conn->tls;
	struct hw_tls_server *server = &conn->server->tls;
	bool may_batch = wants_batch && !tls->in_pace.is_slow;
	if (tls->in_room.bytes == NULL) {
		if (!hw_tls_room_take(server, &tls->in_room, may_batch)) {
			tls->is_body = is_body;
			hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_tls_room_waits, 1);
			hw_list_append(&server->in_waiters, &conn->buffer_link);
			return false;
		}
	} else if (may_batch) {
		hw_tls_room_grow(server, &tls->in_room);
	}
	struct hw_tls_room *room = &tls->in_room;
	if (room->offset > 0) {
		memmove(room->bytes, room->bytes + room->offset, hw_tls_room_used(room));
		room->size -= room->offset;
		room->offset = 0;
	}
	hw_assert(room->size < room->capacity); /* a whole record would have been opened */
	return true;
}

void hw_http_tls_in_ready(struct hw_http_conn *conn)
{
	if (conn->state == HW_CONN_GREETING) {
		hw_http_tls_greet_ready(conn);
	} else if (conn->tls->is_body) {
		body_go(conn);
	} else {
		input_recv(conn);
	}
}

/* -- what is wanted in unknown measure -- */

/* Open the next record in its place. Returns its size, or as hw_http_tls_open. */
static int input_open(struct hw_http_conn *conn)
{
	int r = hw_http_tls_open(conn, NULL, 0);
	hw_assert(r <= 0); /* no record with bytes in it fits in none */
	return r == 0 ? (int)conn->input.size : r;
}

/* And with it a head: it is waited for as long as for one that can be read. */
static void record_begun(struct hw_http_conn *conn)
{
	if (conn->state == HW_CONN_IDLE) {
		hw_http_conn_timer_start(conn, conn->server->limits.head_timeout_ms);
	}
}

void hw_http_tls_input_submit(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	hw_assert(conn->input.bytes == NULL && !tls->is_mailed);
	int r = input_open(conn);
	if (r != -EAGAIN) {
		tls->is_mailed = true;
		tls->mail.deliver = input_deliver;
		hw_mailbox_post(&conn->server->reactor->mailbox, ring_of(conn), &tls->mail);
		return;
	}
	if (tls->in_room.bytes == NULL) {
		input_poll(conn);
	} else {
		record_begun(conn);
		input_recv(conn);
	}
}

static void input_deliver(struct hw_mail *mail)
{
	struct hw_tls *tls = hw_container_of(mail, struct hw_tls, mail);
	struct hw_http_conn *conn = tls->conn;
	tls->is_mailed = false;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	bool is_unwanted = conn->is_probing || conn->is_cut || conn->body.is_stopped;
	int res = conn->input.bytes != NULL ? (int)conn->input.size : -ECONNRESET;
	hw_http_conn_input_ended(conn, is_unwanted && res < 0 ? -ECANCELED : res);
}

static void started(struct hw_http_conn *conn)
{
	if (conn->is_cut) {
		hw_ring_cancel(ring_of(conn), &conn->recv_op);
	}
}

static void input_poll(struct hw_http_conn *conn)
{
	hw_ring_poll_in(ring_of(conn), &conn->recv_op, conn->socket, input_polled);
	started(conn);
}

static bool is_unwanted(const struct hw_http_conn *conn)
{
	return conn->is_probing || conn->is_cut || conn->body.is_stopped;
}

/* Returns true when it goes on; else it was ended. */
static bool input_goes_on(struct hw_http_conn *conn, int32_t res)
{
	bool is_nothing = res == -EINTR || res == -EAGAIN;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return false;
	}
	if (is_unwanted(conn)) {
		hw_http_conn_input_ended(conn, -ECANCELED);
		return false;
	}
	if (res <= 0 && !is_nothing) {
		hw_http_conn_input_ended(conn, res);
		return false;
	}
	return true;
}

static void input_polled(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	if (!input_goes_on(conn, op->res)) {
		return;
	}
	if (op->res < 0) {
		input_poll(conn);
		return;
	}
	record_begun(conn);
	input_recv(conn);
}

static void input_recv(struct hw_http_conn *conn)
{
	if (!hw_http_tls_in_room(conn, false, false)) {
		return; /* hw_http_tls_in_ready goes on */
	}
	struct hw_tls_room *room = &conn->tls->in_room;
	hw_ring_recv(ring_of(conn), &conn->recv_op, conn->socket, room->bytes + room->size,
		     room->capacity - room->size, false, input_received);
	started(conn);
}

static void input_received(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	int32_t res = op->res;
	conn->tls->in_room.size += res > 0 ? (uint32_t)res : 0;
	if (res > 0 && conn->state != HW_CONN_CLOSING) {
		int r = input_open(conn);
		if (r != -EAGAIN) {
			hw_http_conn_input_ended(conn, r);
			return;
		}
	}
	if (input_goes_on(conn, res)) {
		conn->moved_size += res > 0 ? (uint64_t)res : 0; /* it is slow, but not still */
		hw_tls_room_shrink(&conn->server->tls, &conn->tls->in_room);
		if (conn->tls->in_room.bytes == NULL) { /* what came carried nothing */
			input_poll(conn);
		} else {
			input_recv(conn);
		}
	}
}

void hw_http_tls_input_used(struct hw_http_conn *conn)
{
	hw_assert(conn->input.is_tls);
	room_rest(conn);
}

bool hw_http_tls_input_may_stay(const struct hw_http_conn *conn)
{
	return hw_pool_used_count(&conn->server->tls.records) < HW_TLS_RECORD_COUNT / 2;
}

void hw_http_tls_input_drop(struct hw_http_conn *conn)
{
	conn->tls->is_over = true;
	if (conn->input.is_tls) {
		conn->input = (struct hw_http_input){0};
	}
	hw_tls_room_give(&conn->server->tls, &conn->tls->in_room);
}

/* -- bodies -- */

void hw_http_tls_body_recv(struct hw_http_conn *conn, uint32_t size, hw_op_fn *done)
{
	conn->tls->wanted_size = size;
	conn->tls->in_done = done;
	body_go(conn);
}

/* What must come at the least: all that is wanted, in records as full as they may be; and the end
 * of the record that has begun. */
static uint32_t sealed_least(const struct hw_tls *tls)
{
	const struct hw_tls_room *room = &tls->in_room;
	uint32_t overhead = hw_tls_overhead(tls->in.suite);
	uint64_t records =
		((uint64_t)tls->wanted_size + HW_TLS_PLAIN_SIZE_MAX - 1) / HW_TLS_PLAIN_SIZE_MAX;
	uint64_t least = tls->wanted_size + records * overhead;
	uint32_t begun = HW_TLS_HEAD_SIZE;
	if (room->size >= HW_TLS_HEAD_SIZE) {
		begun += (uint32_t)room->bytes[3] << 8 | room->bytes[4];
	}
	least = hw_max(least, (uint64_t)begun);
	least = hw_min(least, (uint64_t)room->capacity);
	hw_assert(least > room->size); /* else a record would be whole */
	return (uint32_t)least - room->size;
}

static void body_go(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	if (!hw_http_tls_in_room(conn, tls->wanted_size > HW_TLS_PLAIN_SIZE_MAX, true)) {
		return; /* hw_http_tls_in_ready goes on */
	}
	struct hw_tls_room *room = &tls->in_room;
	hw_ring_recv(ring_of(conn), &conn->recv_op, conn->socket, room->bytes + room->size,
		     sealed_least(tls), true, tls->in_done);
	started(conn);
}

void hw_http_tls_received(struct hw_http_conn *conn, int32_t res)
{
	conn->tls->in_room.size += res > 0 ? (uint32_t)res : 0;
	hw_tls_pace_note(&conn->tls->in_pace, conn, conn->is_probing);
	if (conn->is_probing) {
		hw_tls_room_shrink(&conn->server->tls, &conn->tls->in_room);
	}
	room_rest(conn);
}
