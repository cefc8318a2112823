/* SPDX-License-Identifier: Apache-2.0
 *
 *   send -> [width] -> (a room) -> seal -> go -> gone -+-> sent    all, an error, slow
 *                                          ^           |
 *                                 flush ---+-----------+   the kernel took a part only
 */
#include <errno.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

static void send_go(struct hw_http_conn *conn);
static void seal(struct hw_http_conn *conn);
static void go(struct hw_http_conn *conn);
static void gone(struct hw_op *op);

/* Where in the message sealing is; the message itself is its owner's. */
struct cursor {
	const struct iovec *pieces;
	uint64_t left_count;
	uint64_t offset; /* in the first */
};

static struct hw_tls_server *server_of(const struct hw_http_conn *conn)
{
	return &conn->server->tls;
}

uint32_t hw_http_tls_unsent(const struct hw_http_conn *conn)
{
	return conn->tls == NULL ? 0 : hw_tls_room_used(&conn->tls->out_room);
}

bool hw_http_tls_seals(const struct hw_http_conn *conn)
{
	return conn->tls != NULL && !conn->tls->is_offloaded;
}

void hw_http_tls_send(struct hw_http_conn *conn, hw_tls_sent_fn *sent)
{
	hw_assert(hw_http_tls_seals(conn));
	conn->tls->sent = sent;
	conn->tls->is_flushing = false;
	send_go(conn);
}

void hw_http_tls_flush(struct hw_http_conn *conn, hw_tls_sent_fn *sent)
{
	hw_assert(hw_http_tls_unsent(conn) > 0);
	conn->tls->sent = sent;
	conn->tls->is_flushing = true;
	go(conn);
}

static void width_is_set(struct hw_http_conn *conn)
{
	hw_http_conn_watch(conn, HW_HOLD_PATIENCE_MS);
	send_go(conn);
}

/* As with pages of a file: the kernel takes more at once while the client is fast (http_unsent.c).
 * Returns true when that is changed first. */
static bool width_set(struct hw_http_conn *conn)
{
	if (conn->state != HW_CONN_ANSWERING || !conn->is_answered) {
		return false; /* nobody watches it, or somebody who waits for a body */
	}
	if (conn->tls->out_pace.is_slow) {
		return hw_http_unsent_narrow(conn, width_is_set);
	}
	return conn->send_left_size > HW_UNSENT_NARROW && hw_http_unsent_widen(conn, width_is_set);
}

static void send_go(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	if (width_set(conn)) {
		return;
	}
	if (hw_http_tls_unsent(conn) == 0) {
		bool wants_batch = conn->send_left_size > HW_TLS_PLAIN_SIZE_MAX &&
				   tls->record_size == HW_TLS_PLAIN_SIZE_MAX;
		if (!hw_tls_room_take(server_of(conn), &tls->out_room,
				      wants_batch && !tls->out_pace.is_slow)) {
			hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_tls_room_waits, 1);
			hw_list_append(&server_of(conn)->out_waiters, &tls->out_link);
			return; /* hw_http_tls_out_ready goes on */
		}
		seal(conn);
	}
	go(conn);
}

void hw_http_tls_out_ready(struct hw_http_conn *conn)
{
	send_go(conn);
}

bool hw_http_tls_wait_end(struct hw_http_conn *conn)
{
	if (conn->tls == NULL || !hw_list_is_linked(&conn->tls->out_link)) {
		return false;
	}
	hw_list_remove(&conn->tls->out_link);
	conn->watched_us = conn->server->reactor->now_us; /* it waited for us, not we for it */
	conn->tls->sent(conn, 0, 0);
	return true;
}

/* -- sealing -- */

/* The pieces of the next record, of @size_max bytes. Returns its size. */
static uint32_t record_gather(struct cursor *cursor, uint32_t size_max, struct iovec *ret_pieces,
			      uint32_t *ret_count)
{
	uint32_t size = 0;
	*ret_count = 0;
	while (cursor->left_count > 0 && size < size_max) {
		const struct iovec *piece = cursor->pieces;
		uint64_t rest = piece->iov_len - cursor->offset;
		uint32_t step = (uint32_t)hw_min(rest, (uint64_t)size_max - size);
		if (step > 0) {
			ret_pieces[(*ret_count)++] =
				(struct iovec){(char *)piece->iov_base + cursor->offset, step};
		}
		size += step;
		cursor->offset += step;
		if (cursor->offset == piece->iov_len) {
			cursor->pieces++;
			cursor->left_count--;
			cursor->offset = 0;
		}
	}
	return size;
}

static void record_seal(struct hw_tls *tls, enum hw_tls_type type, const struct iovec *pieces,
			uint32_t count)
{
	struct hw_tls_room *room = &tls->out_room;
	uint32_t size = hw_tls_seal(&tls->out, type, pieces, count, room->bytes + room->size);
	hw_assert(size > 0); /* it has all it needs since the handshake */
	room->size += size;
}

/* A new key is said under the old one, before the next bytes. */
static void key_update(struct hw_tls *tls)
{
	bool is_worn = tls->out.suite.is_13 && tls->out.sequence + 32 >= HW_TLS_KEY_RECORDS_MAX;
	if (!tls->owes_update && !is_worn) {
		return;
	}
	uint8_t message[HW_TLS_KEY_UPDATE_SIZE];
	struct iovec piece = {message, sizeof(message)};
	hw_tls_key_update_write(message);
	record_seal(tls, HW_TLS_HANDSHAKE, &piece, 1);
	int r = hw_tls_half_update(&tls->out);
	hw_assert(r >= 0); /* some hundred bytes for OpenSSL: without them no reactor turns */
	tls->owes_update = false;
}

static void seal(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	struct hw_tls_room *room = &tls->out_room;
	struct cursor cursor = {conn->message.msg_iov, conn->message.msg_iovlen, 0};
	uint64_t left_size = conn->send_left_size;
	uint32_t overhead = hw_tls_overhead(tls->out.suite);
	hw_assert(left_size > 0 && tls->sealed_size == 0);
	key_update(tls);
	/* Full records, and the last one: no slivers where the room ends. */
	while (left_size > 0 && room->capacity - room->size >=
					overhead + hw_min(left_size, (uint64_t)tls->record_size)) {
		struct iovec pieces[HW_SEND_IOV_MAX];
		uint32_t count = 0;
		uint32_t size = record_gather(&cursor, tls->record_size, pieces, &count);
		hw_assert(size > 0 && size <= left_size);
		record_seal(tls, HW_TLS_DATA, pieces, count);
		tls->sealed_size += size;
		left_size -= size;
	}
	hw_assert(tls->sealed_size > 0);
}

/* -- sending -- */

/* A client that is waited for keeps as little as possible: what goes beyond one record's room goes
 * first, the rest moves there. */
static uint32_t flush_size(struct hw_http_conn *conn)
{
	struct hw_tls_room *room = &conn->tls->out_room;
	hw_tls_room_shrink(server_of(conn), room);
	uint32_t size = hw_tls_room_used(room);
	bool is_batch = room->capacity == HW_TLS_BATCH_ROOM_SIZE;
	return is_batch && size > HW_TLS_RECORD_ROOM_SIZE ? size - HW_TLS_RECORD_ROOM_SIZE : size;
}

static void go(struct hw_http_conn *conn)
{
	struct hw_tls *tls = conn->tls;
	uint32_t size = tls->is_flushing ? flush_size(conn) : hw_tls_room_used(&tls->out_room);
	struct hw_ring *ring = conn->server->reactor->ring;
	hw_ring_send(ring, &conn->send_op, conn->socket, tls->out_room.bytes + tls->out_room.offset,
		     size, gone);
	if (conn->is_cut) {
		hw_ring_cancel(ring, &conn->send_op);
	}
}

static void tell(struct hw_http_conn *conn, uint64_t moved)
{
	struct hw_tls *tls = conn->tls;
	uint32_t size = tls->sealed_size;
	tls->sealed_size = 0;
	tls->sent(conn, (int)size, moved);
}

static void gone(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	struct hw_tls *tls = conn->tls;
	int32_t res = op->res;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	if (res < 0 && res != -EINTR && res != -EAGAIN && res != -ECANCELED) {
		tls->sent(conn, res, 0);
		return;
	}
	tls->out_room.offset += res > 0 ? (uint32_t)res : 0;
	hw_tls_pace_note(&tls->out_pace, conn, conn->is_probing);
	if (hw_tls_room_used(&tls->out_room) == 0) {
		hw_tls_room_give(server_of(conn), &tls->out_room);
		tell(conn, res > 0 ? (uint64_t)res : 0);
	} else if (conn->is_probing || conn->is_cut || conn->body.is_stopped || res <= 0) {
		tell(conn, res > 0 ? (uint64_t)res : 0);
	} else {
		go(conn);
	}
}
