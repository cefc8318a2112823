/* SPDX-License-Identifier: Apache-2.0
 *
 *   greet -> poll -> recv -> feed -+-> answer -> recv ...
 *                                  +-> (done) answer -> hw_http_conn_idle_begin
 *                                  +-> (failed) answer, which says why -> linger
 *                                  +-> (not TLS) refuse, in plain text
 */
#include "net/conn/http_tls.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "core/base/log.h"
#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"

#define QUICK_US    UINT64_C(100000) /* a record; slower is a slow client's */
#define QUICK_COUNT 16U              /* records in a row that make it a fast one */
#define PLAIN_HTTP  "this port speaks TLS: ask again with https://"

static void greet_poll(struct hw_http_conn *conn);
static void greet_polled(struct hw_op *op);
static void greet_received(struct hw_op *op);
static void greet_step(struct hw_http_conn *conn);
static void greet_send(struct hw_http_conn *conn);
static void greet_sent(struct hw_op *op);
static void greet_done(struct hw_http_conn *conn);

static struct hw_reactor *reactor_of(const struct hw_http_conn *conn)
{
	return conn->server->reactor;
}

static struct hw_tls_server *server_of(const struct hw_http_conn *conn)
{
	return &conn->server->tls;
}

static void count(const struct hw_http_conn *conn, enum hw_metric metric)
{
	hw_metrics_add(reactor_of(conn)->metrics, metric, 1);
}

void hw_tls_pace_note(struct hw_tls_pace *pace, const struct hw_http_conn *conn, bool was_probed)
{
	if (was_probed) {
		*pace = (struct hw_tls_pace){.is_slow = true};
		return;
	}
	bool is_quick = reactor_of(conn)->now_us - conn->watched_us < QUICK_US;
	pace->quick_count = is_quick ? (uint8_t)(pace->quick_count + 1) : 0;
	if (pace->quick_count >= QUICK_COUNT) {
		*pace = (struct hw_tls_pace){0};
	}
}

/* -- the handshake -- */

void hw_http_tls_greet(struct hw_http_conn *conn)
{
	struct hw_tls *tls = hw_pool_take(&server_of(conn)->conns);
	hw_assert(tls != NULL); /* there are as many as connections */
	*tls = (struct hw_tls){.conn = conn};
	hw_list_init(&tls->out_link);
	conn->tls = tls;
	hw_http_conn_set_state(conn, HW_CONN_GREETING);
	conn->action = "agreeing on keys";
	hw_http_conn_timer_start(conn, conn->server->limits.head_timeout_ms);
	greet_poll(conn);
}

/* Nothing of ours waits for a client that says nothing. */
static void greet_poll(struct hw_http_conn *conn)
{
	hw_ring_poll_in(reactor_of(conn)->ring, &conn->recv_op, conn->socket, greet_polled);
}

static void greet_fail(struct hw_http_conn *conn)
{
	count(conn, HW_METRIC_tls_handshakes_failed);
	hw_http_conn_close_begin(conn);
}

/* Returns false when it is over: closed, or being closed. */
static bool greet_goes_on(struct hw_http_conn *conn, int32_t res)
{
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return false;
	}
	bool is_nothing = res == -EINTR || res == -EAGAIN;
	if (conn->is_probing || conn->is_cut || conn->server->is_draining ||
	    (res <= 0 && !is_nothing)) {
		greet_fail(conn);
		return false;
	}
	return true;
}

static void greet_recv(struct hw_http_conn *conn)
{
	struct hw_tls_room *room = &conn->tls->in_room;
	hw_ring_recv(reactor_of(conn)->ring, &conn->recv_op, conn->socket, room->bytes + room->size,
		     room->capacity - room->size, false, greet_received);
}

static void greet_polled(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	if (greet_goes_on(conn, op->res) && hw_http_tls_in_room(conn, false, false)) {
		greet_recv(conn);
	}
}

void hw_http_tls_greet_ready(struct hw_http_conn *conn)
{
	if (hw_http_tls_in_room(conn, false, false)) {
		greet_recv(conn);
	}
}

static void greet_received(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, recv_op);
	conn->tls->in_room.size += op->res > 0 ? (uint32_t)op->res : 0;
	if (greet_goes_on(conn, op->res)) {
		greet_step(conn);
	}
}

static void handshake_give(struct hw_http_conn *conn)
{
	struct hw_tls_handshake *handshake = hw_move(&conn->tls->handshake);
	if (handshake != NULL) {
		hw_list_remove(&handshake->link);
		hw_tls_handshake_end(handshake);
		hw_pool_give(&server_of(conn)->handshakes, handshake);
	}
}

/* The oldest handshake makes place: an honest one is over in the time of two ways there and back,
 * whoever fills the table has to fill all of it in that time. One whose answer is under way keeps
 * its place. */
static bool handshake_make_place(struct hw_tls_server *server)
{
	struct hw_list *link = server->greeting.next;
	hw_assert(link != &server->greeting);
	struct hw_http_conn *oldest = hw_container_of(link, struct hw_tls_handshake, link)->user;
	if (oldest->send_op.in_flight) {
		return false;
	}
	handshake_give(oldest);
	if (oldest->state == HW_CONN_GREETING) {
		greet_fail(oldest);
	}
	return true;
}

static bool handshake_take(struct hw_http_conn *conn)
{
	struct hw_tls_server *server = server_of(conn);
	bool is_full = hw_pool_used_count(&server->handshakes) == HW_TLS_HANDSHAKE_COUNT;
	if (is_full && !handshake_make_place(server)) {
		return false;
	}
	struct hw_tls_handshake *handshake = hw_pool_take(&server->handshakes);
	hw_assert(handshake != NULL);
	hw_tls_tickets_turn(&server->tickets, reactor_of(conn)->now_us);
	if (hw_tls_handshake_begin(handshake, server->contexts, &server->tickets) < 0) {
		hw_pool_give(&server->handshakes, handshake);
		return false;
	}
	handshake->user = conn;
	hw_list_append(&server->greeting, &handshake->link);
	conn->tls->handshake = handshake;
	return true;
}

/* A browser or a curl that was told http:// is told better, in the language it speaks. */
static void plain_refuse(struct hw_http_conn *conn)
{
	bool is_first = conn->tls->handshake == NULL;
	count(conn, HW_METRIC_tls_handshakes_failed);
	if (!is_first) {
		hw_http_conn_close_begin(conn);
		return;
	}
	bool is_closed = hw_http_tls_close(conn);
	hw_assert(is_closed); /* nothing was begun */
	hw_http_conn_refuse(conn, 400, PLAIN_HTTP);
}

static bool keys_take(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	if (hw_tls_handshake_keys(tls->handshake, &tls->in, &tls->out) < 0) {
		return false;
	}
	tls->record_size = hw_tls_handshake_record_size(tls->handshake);
	tls->is_secured = true;
	return true;
}

/* Returns true to go on with the next record. */
static bool record_feed(struct hw_http_conn *conn, uint32_t size)
{
	struct hw_tls *tls = conn->tls;
	if (tls->handshake == NULL && !handshake_take(conn)) {
		greet_fail(conn);
		return false;
	}
	struct hw_tls_room *room = &tls->in_room;
	enum hw_tls_feed feed = hw_tls_handshake_feed(tls->handshake, server_of(conn)->contexts,
						      room->bytes + room->offset, size);
	room->offset += size;
	if (feed == HW_TLS_FEED_DONE && !keys_take(conn)) {
		feed = HW_TLS_FEED_FAILED;
	}
	tls->is_failed = feed == HW_TLS_FEED_FAILED;
	if (hw_tls_handshake_output(tls->handshake).size > 0) {
		room = &tls->out_room; /* counts what of it is sent; the bytes are OpenSSL's */
		*room = (struct hw_tls_room){0};
		greet_send(conn);
		return false;
	}
	if (feed != HW_TLS_FEED_MORE) {
		greet_done(conn);
		return false;
	}
	return true;
}

static void greet_step(struct hw_http_conn *conn)
{
	struct hw_tls_room *room = &conn->tls->in_room;
	enum hw_tls_frame frame = HW_TLS_FRAME_WHOLE;
	while (frame == HW_TLS_FRAME_WHOLE) { /* each round uses up a record of the room */
		uint32_t size = 0;
		frame = hw_tls_frame_find(room->bytes + room->offset, hw_tls_room_used(room),
					  &size);
		if (frame == HW_TLS_FRAME_WHOLE && !record_feed(conn, size)) {
			return;
		}
	}
	if (frame == HW_TLS_FRAME_FOREIGN) {
		plain_refuse(conn);
	} else if (frame == HW_TLS_FRAME_TOO_LONG) {
		greet_fail(conn);
	} else if (hw_tls_room_used(room) == 0) {
		hw_tls_room_give(server_of(conn), room);
		greet_poll(conn);
	} else {
		memmove(room->bytes, room->bytes + room->offset, hw_tls_room_used(room));
		room->size -= room->offset;
		room->offset = 0;
		greet_recv(conn);
	}
}

static void greet_send(struct hw_http_conn *conn)
{
	struct hw_span output = hw_tls_handshake_output(conn->tls->handshake);
	uint32_t sent_size = conn->tls->out_room.offset;
	hw_ring_send(reactor_of(conn)->ring, &conn->send_op, conn->socket, output.bytes + sent_size,
		     output.size - sent_size, greet_sent);
}

static void greet_sent(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	struct hw_tls *tls = conn->tls;
	tls->out_room.offset += op->res > 0 ? (uint32_t)op->res : 0;
	if (!greet_goes_on(conn, op->res)) {
		return;
	}
	if (tls->out_room.offset < hw_tls_handshake_output(tls->handshake).size) {
		greet_send(conn);
		return;
	}
	tls->out_room = (struct hw_tls_room){0};
	hw_tls_handshake_output_taken(tls->handshake);
	if (tls->is_secured || tls->is_failed) {
		greet_done(conn);
		return;
	}
	greet_step(conn);
}

static void greet_done(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	bool is_resumed = hw_tls_handshake_is_resumed(tls->handshake);
	handshake_give(conn);
	hw_timer_stop(&reactor_of(conn)->timers, &conn->timer);
	if (tls->is_failed) {
		count(conn, HW_METRIC_tls_handshakes_failed);
		tls->is_secured = false;
		hw_http_conn_linger_begin(conn);
		return;
	}
	count(conn, is_resumed ? HW_METRIC_tls_handshakes_resumed : HW_METRIC_tls_handshakes_full);
	if (hw_tls_room_used(&tls->in_room) == 0) {
		hw_tls_room_give(server_of(conn), &tls->in_room);
	}
	hw_http_conn_idle_begin(conn);
}

/* -- the end -- */

bool hw_http_tls_farewell(struct hw_http_conn *conn, hw_op_fn *done)
{
	struct hw_tls *tls = conn->tls;
	if (tls == NULL || !tls->is_secured || hw_http_tls_unsent(conn) > 0) {
		return false;
	}
	uint8_t alert[HW_TLS_ALERT_SIZE];
	struct iovec piece = {.iov_base = alert, .iov_len = sizeof(alert)};
	hw_tls_alert_write(tls->owes_alert ? (enum hw_tls_alert)tls->alert : HW_TLS_CLOSE_NOTIFY,
			   alert);
	tls->is_secured = false; /* nothing is said after it */
	tls->owes_alert = false;
	if (tls->is_offloaded) {
		memcpy(tls->farewell, alert, sizeof(alert));
		hw_http_tls_kernel_alert(conn, done);
		return true;
	}
	uint32_t size = hw_tls_seal(&tls->out, HW_TLS_ALERT, &piece, 1, tls->farewell);
	if (size == 0) {
		return false;
	}
	hw_ring_send(reactor_of(conn)->ring, &conn->send_op, conn->socket, tls->farewell, size,
		     done);
	return true;
}

bool hw_http_tls_close(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	if (tls->is_mailed) {
		return false;
	}
	handshake_give(conn);
	hw_tls_room_give(server_of(conn), &tls->out_room);
	hw_http_tls_input_drop(conn);
	hw_list_remove(&tls->out_link);
	hw_tls_half_deinit(&tls->in);
	hw_tls_half_deinit(&tls->out);
	hw_pool_give(&server_of(conn)->conns, hw_move(&conn->tls));
	return true;
}
