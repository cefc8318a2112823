/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of what comes:
 *
 *   open -> received -> read_go -> read_step -> (ws_inbox.c) -+-> message ... message_done
 *                          ^                                  +-> a ping: its pong is owed
 *                          |                                  +-> close: answered, then finish
 *                          +-- (all used: receive again) -----+-> a fault: close, then finish
 *
 * and of what goes, one send at a time, what is most urgent first:
 *
 *   send_next -> close frame, pong, ping, the talk's frames -> sent -> send_next
 *
 * The states:
 *
 *   OPEN -> SAYING (a close of ours is owed) -> WAITING (for the peer's) -> GONE
 *                                   +-> (the peer said its own, or is not listened to) -> GONE
 *
 * One timer: at its time look() asks which patience has ended, and when the next one will.
 */
#include "net/conn/ws_conn.h"

#include <errno.h>
#include <string.h>

#include "net/conn/http_server.h"
#include "net/wire/utf8.h"

static const struct hw_upgrade_handler g_handler;
static void received(void *user, int res);
static void read_go(struct hw_ws_conn *ws);
static bool read_step(struct hw_ws_conn *ws);
static void send_next(struct hw_ws_conn *ws);
static void finish(struct hw_ws_conn *ws);
static void farewell(struct hw_ws_conn *ws, uint16_t code);
static void sent(void *user, int res);
static void look(struct hw_timer *timer);
static void closed(void *user);

static void set_state(struct hw_ws_conn *ws, enum hw_ws_state state)
{
	static const uint8_t g_next[HW_WS_STATE_COUNT] = {
		[HW_WS_FREE] = 1U << HW_WS_OPEN,
		[HW_WS_OPEN] = 1U << HW_WS_SAYING | 1U << HW_WS_GONE,
		[HW_WS_SAYING] = 1U << HW_WS_WAITING | 1U << HW_WS_GONE,
		[HW_WS_WAITING] = 1U << HW_WS_GONE,
		[HW_WS_GONE] = 1U << HW_WS_FREE,
	};
	hw_assert((g_next[ws->state] & (1U << state)) != 0);
	ws->state = state;
}

static uint64_t now_us(const struct hw_ws_conn *ws)
{
	return ws->server->reactor->now_us;
}

static void count(const struct hw_ws_conn *ws, enum hw_metric metric)
{
	hw_metrics_add(ws->server->reactor->metrics, metric, 1);
}

/* -- time -- */

/* The sooner of @due_us and what begins at @since_us (0: never began) and may last @patience_ms. */
static uint64_t sooner(uint64_t due_us, uint64_t since_us, uint64_t patience_ms)
{
	return since_us == 0 ? due_us : hw_min(due_us, since_us + patience_ms * 1000);
}

static uint64_t due_us(const struct hw_ws_conn *ws)
{
	uint64_t due = UINT64_MAX;
	due = sooner(due, ws->said_us, HW_WS_CLOSE_TIMEOUT_MS);
	due = sooner(due, ws->sending_us, HW_WS_PATIENCE_MS);
	due = sooner(due, ws->message_us, HW_WS_PATIENCE_MS);
	due = sooner(due, ws->pinged_us, HW_WS_PONG_TIMEOUT_MS);
	return ws->pinged_us == 0 ? sooner(due, ws->heard_us, HW_WS_PING_INTERVAL_MS) : due;
}

/* Only what makes the next look sooner needs this. */
static void timer_arm(struct hw_ws_conn *ws)
{
	uint64_t due = due_us(ws);
	uint64_t delay_ms = due > now_us(ws) ? (due - now_us(ws)) / 1000 + 1 : 1;
	hw_timer_start(&ws->server->reactor->timers, &ws->timer, delay_ms, look);
}

static bool is_over(const struct hw_ws_conn *ws, uint64_t since_us, uint64_t patience_ms)
{
	return since_us != 0 && now_us(ws) >= since_us + patience_ms * 1000;
}

static void transport_close(struct hw_ws_conn *ws)
{
	if (ws->state != HW_WS_GONE) {
		set_state(ws, HW_WS_GONE);
		hw_timer_stop(&ws->server->reactor->timers, &ws->timer);
		hw_http_upgrade_close(ws->conn);
	}
}

static void look(struct hw_timer *timer)
{
	struct hw_ws_conn *ws = hw_container_of(timer, struct hw_ws_conn, timer);
	if (is_over(ws, ws->said_us, HW_WS_CLOSE_TIMEOUT_MS)) {
		transport_close(ws); /* it does not answer our close */
		return;
	}
	if (is_over(ws, ws->sending_us, HW_WS_PATIENCE_MS) ||
	    is_over(ws, ws->pinged_us, HW_WS_PONG_TIMEOUT_MS)) {
		count(ws, HW_METRIC_websocket_timeouts);
		transport_close(ws); /* nothing that we say would be heard */
		return;
	}
	if (is_over(ws, ws->message_us, HW_WS_PATIENCE_MS) && ws->state == HW_WS_OPEN) {
		hw_ws_conn_close(ws, HW_WS_CODE_POLICY);
	} else if (ws->pinged_us == 0 && is_over(ws, ws->heard_us, HW_WS_PING_INTERVAL_MS)) {
		ws->owes_ping = true;
		ws->pinged_us = now_us(ws);
		send_next(ws);
	}
	timer_arm(ws);
}

/* -- in -- */

void hw_ws_conn_open(struct hw_ws_conn *ws, struct hw_ws_server *server, struct hw_http_conn *conn,
		     const struct hw_ws_handler *handler, void *user, bool allows_compressed)
{
	*ws = (struct hw_ws_conn){
		.server = server,
		.conn = conn,
		.handler = handler,
		.user = user,
		.heard_us = server->reactor->now_us,
		.allows_compressed = allows_compressed,
	};
	set_state(ws, HW_WS_OPEN);
	hw_metrics_add(server->reactor->metrics, HW_METRIC_websockets_open, 1);
	hw_http_conn_upgrade(conn, &g_handler, ws);
	timer_arm(ws);
	hw_http_upgrade_recv(conn);
	if (conn->server->is_draining) {
		hw_ws_conn_close(ws, HW_WS_CODE_GOING_AWAY);
	}
}

static void received(void *user, int res)
{
	struct hw_ws_conn *ws = user;
	if (ws->state == HW_WS_GONE) {
		return;
	}
	if (res <= 0) { /* gone without a word */
		transport_close(ws);
		return;
	}
	ws->heard_us = now_us(ws);
	ws->pinged_us = 0;
	if (ws->state == HW_WS_WAITING && ws->is_final) {
		finish(ws);
		return;
	}
	read_go(ws);
}

/* Nothing is read while the talk has a message, while a pong is owed, or after the last word. */
static bool may_read(const struct hw_ws_conn *ws)
{
	bool is_listening =
		ws->state == HW_WS_OPEN || ws->state == HW_WS_WAITING || ws->state == HW_WS_SAYING;
	return is_listening && !ws->is_final && !ws->is_busy && !ws->owes_pong;
}

static void read_go(struct hw_ws_conn *ws)
{
	/* Each step uses up input, of which there is one head buffer and wslay's. */
	while (may_read(ws) && read_step(ws)) {
	}
	if (may_read(ws) && !hw_http_upgrade_is_receiving(ws->conn)) {
		hw_http_upgrade_recv(ws->conn);
	}
	send_next(ws);
}

static void inbox_give(struct hw_ws_conn *ws)
{
	if (ws->inbox != NULL) {
		hw_ws_server_inbox_give(ws->server, hw_move(&ws->inbox));
	}
	ws->message_us = 0;
}

static bool inbox_take(struct hw_ws_conn *ws)
{
	for (uint32_t i = 0; i < 2 && ws->inbox == NULL; i++) {
		ws->inbox = hw_ws_server_inbox_take(ws->server, ws, ws->allows_compressed);
		struct hw_ws_conn *oldest = hw_ws_server_oldest_holder(ws->server);
		/* One that a talk has is not slow; it comes back soon. */
		if (ws->inbox == NULL && oldest != NULL && !oldest->is_busy) {
			count(oldest, HW_METRIC_websocket_timeouts);
			hw_ws_conn_close(oldest, HW_WS_CODE_POLICY);
			inbox_give(oldest);
			oldest->is_final = true; /* what it says now has no beginning */
		}
	}
	if (ws->inbox == NULL) {
		ws->is_final = true;
		hw_ws_conn_close(ws, HW_WS_CODE_AGAIN);
	}
	return ws->inbox != NULL;
}

/* All bytes are used: keep the inbox only for what is not complete. */
static void inbox_rest(struct hw_ws_conn *ws)
{
	if (hw_ws_inbox_is_empty(ws->inbox)) {
		inbox_give(ws);
	} else if (ws->message_us == 0) {
		ws->message_us = now_us(ws);
		timer_arm(ws);
	}
}

/* Back into the inbox, which holds as much. Returns false when it is not what it should be. */
static bool message_inflate(struct hw_ws_conn *ws, bool is_text)
{
	struct hw_ws_inbox *inbox = ws->inbox;
	struct hw_ws_server *server = ws->server;
	struct hw_span payload = {inbox->message, inbox->message_size};
	int size = hw_ws_inflate(&server->zlib, payload, server->inflated, HW_WS_INFLATED_SIZE_MAX);
	if (size == -EMSGSIZE) {
		inbox->code = HW_WS_CODE_TOO_BIG;
		return false;
	}
	struct hw_span text = {server->inflated, size < 0 ? 0 : (uint32_t)size};
	if (size < 0 || (is_text && hw_utf8_check(text) != (int64_t)text.size)) {
		inbox->code = HW_WS_CODE_BAD_DATA;
		return false;
	}
	memcpy(inbox->message, server->inflated, text.size);
	inbox->message_size = text.size;
	return true;
}

static void message_found(struct hw_ws_conn *ws, bool is_text)
{
	count(ws, HW_METRIC_websocket_messages_received);
	ws->message_us = 0;
	if (ws->state != HW_WS_OPEN) {
		return; /* we have said goodbye */
	}
	if (ws->inbox->is_compressed && !message_inflate(ws, is_text)) {
		count(ws, HW_METRIC_websocket_faults);
		farewell(ws, ws->inbox->code);
		return;
	}
	ws->is_busy = true;
	ws->handler->message(ws->user, ws->inbox->message, ws->inbox->message_size, is_text);
}

static void pong_owe(struct hw_ws_conn *ws)
{
	if (ws->state == HW_WS_OPEN) {
		ws->pong_size = ws->inbox->control_size;
		memcpy(ws->pong, ws->inbox->control, ws->pong_size);
		ws->owes_pong = true;
		send_next(ws);
	}
}

static void finish(struct hw_ws_conn *ws)
{
	set_state(ws, HW_WS_GONE);
	hw_timer_stop(&ws->server->reactor->timers, &ws->timer);
	hw_http_upgrade_finish(ws->conn);
}

/* The peer has said its last word. */
static void farewell(struct hw_ws_conn *ws, uint16_t code)
{
	ws->is_final = true;
	if (ws->state == HW_WS_WAITING) {
		finish(ws);
		return;
	}
	hw_ws_conn_close(ws, (enum hw_ws_code)code);
}

static bool read_step(struct hw_ws_conn *ws)
{
	struct hw_span bytes = hw_http_upgrade_bytes(ws->conn);
	uint32_t used = 0;
	if (ws->inbox == NULL && (bytes.size == 0 || !inbox_take(ws))) {
		return false;
	}
	enum hw_ws_find find = hw_ws_inbox_feed(ws->inbox, bytes, &used);
	hw_http_upgrade_used(ws->conn, used);
	switch (find) {
	case HW_WS_FOUND_TEXT:
	case HW_WS_FOUND_BINARY:
		message_found(ws, find == HW_WS_FOUND_TEXT);
		return true;
	case HW_WS_FOUND_PING:
		pong_owe(ws);
		return true;
	case HW_WS_FOUND_PONG:
		return true;
	case HW_WS_FOUND_CLOSE:
		ws->heard_code = ws->inbox->code;
		farewell(ws, ws->inbox->code);
		return false;
	case HW_WS_FOUND_FAULT:
		count(ws, HW_METRIC_websocket_faults);
		farewell(ws, ws->inbox->code);
		return false;
	default:
		inbox_rest(ws);
		return false;
	}
}

void hw_ws_conn_message_done(struct hw_ws_conn *ws)
{
	hw_assert(ws->is_busy);
	ws->is_busy = false;
	if (may_read(ws) && !hw_http_upgrade_is_receiving(ws->conn)) {
		hw_http_upgrade_again(ws->conn);
	}
}

/* -- out -- */

void hw_ws_conn_send(struct hw_ws_conn *ws, const void *frames, uint32_t size)
{
	hw_assert(ws->state != HW_WS_FREE && ws->frames == NULL && size > 0);
	ws->frames = frames;
	ws->frames_size = size;
	send_next(ws);
}

bool hw_ws_conn_is_open(const struct hw_ws_conn *ws)
{
	return ws->state == HW_WS_OPEN;
}

bool hw_ws_conn_said_goodbye(const struct hw_ws_conn *ws)
{
	return ws->heard_code == HW_WS_CODE_NORMAL;
}

static void send_begin(struct hw_ws_conn *ws, const void *bytes, uint32_t size)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): struct iovec knows no const */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	ws->sending_us = now_us(ws);
	ws->is_talks = bytes == ws->frames;
	hw_http_upgrade_send(ws->conn, &iov, 1);
	timer_arm(ws);
}

static void control_send(struct hw_ws_conn *ws, enum hw_ws_opcode opcode, uint32_t size)
{
	uint32_t head_size = hw_ws_frame_head(opcode, false, size, ws->control);
	memcpy(ws->control + head_size, ws->pong, size);
	send_begin(ws, ws->control, head_size + size);
}

static void send_next(struct hw_ws_conn *ws)
{
	bool is_able = ws->state == HW_WS_OPEN || ws->state == HW_WS_SAYING;
	if (!is_able || ws->sending_us != 0) {
		return;
	}
	if (ws->state == HW_WS_SAYING) {
		send_begin(ws, ws->control, hw_ws_frame_close(ws->close_code, ws->control));
	} else if (ws->owes_pong) {
		control_send(ws, HW_WS_PONG, ws->pong_size);
	} else if (ws->owes_ping) {
		ws->owes_ping = false;
		control_send(ws, HW_WS_PING, 0);
	} else if (ws->frames != NULL) {
		send_begin(ws, ws->frames, ws->frames_size);
	}
}

static bool is_close_frame(const struct hw_ws_conn *ws)
{
	return !ws->is_talks && (ws->control[0] & 0x0fU) == HW_WS_CLOSE;
}

static void close_said(struct hw_ws_conn *ws)
{
	if (ws->is_final && !hw_http_upgrade_is_receiving(ws->conn)) {
		finish(ws);
		return;
	}
	set_state(ws, HW_WS_WAITING);
	ws->said_us = now_us(ws);
	timer_arm(ws);
}

static void sent(void *user, int res)
{
	struct hw_ws_conn *ws = user;
	if (ws->state == HW_WS_GONE) {
		return;
	}
	if (res < 0) {
		transport_close(ws);
		return;
	}
	ws->sending_us = 0;
	if (is_close_frame(ws)) {
		close_said(ws);
		return;
	}
	if (ws->is_talks) {
		ws->frames = NULL;
		ws->is_talks = false;
		count(ws, HW_METRIC_websocket_messages_sent);
		ws->handler->sent(ws->user);
	} else if ((ws->control[0] & 0x0fU) == HW_WS_PONG) {
		ws->owes_pong = false;
	}
	read_go(ws);
}

/* -- the end -- */

void hw_ws_conn_close(struct hw_ws_conn *ws, enum hw_ws_code code)
{
	if (ws->state != HW_WS_OPEN) {
		return;
	}
	if (code == HW_WS_CODE_POLICY || code == HW_WS_CODE_AGAIN) {
		count(ws, HW_METRIC_websocket_refusals);
	}
	set_state(ws, HW_WS_SAYING);
	ws->close_code = (uint16_t)code;
	ws->owes_pong = false;
	ws->owes_ping = false;
	send_next(ws);
}

static void drained(void *user)
{
	struct hw_ws_conn *ws = user;
	hw_ws_conn_close(ws, HW_WS_CODE_GOING_AWAY);
}

static void closed(void *user)
{
	struct hw_ws_conn *ws = user;
	if (ws->state != HW_WS_GONE) { /* it was cut */
		set_state(ws, HW_WS_GONE);
		hw_timer_stop(&ws->server->reactor->timers, &ws->timer);
	}
	set_state(ws, HW_WS_FREE);
	inbox_give(ws);
	ws->frames = NULL;
	hw_metrics_sub(ws->server->reactor->metrics, HW_METRIC_websockets_open, 1);
	ws->handler->closed(ws->user);
}

static const struct hw_upgrade_handler g_handler = {
	.received = received,
	.sent = sent,
	.drained = drained,
	.closed = closed,
};
