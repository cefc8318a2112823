/* SPDX-License-Identifier: Apache-2.0
 *
 * http_steps.h - what the files of a connection are to each other: head, body, answer,
 * upgrade, and the whole
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: never
 * For http_conn.c, http_head.c, http_body.c, http_answer.c, http_upgrade.c, http_server.c; talks
 * use http_conn.h.
 */
#ifndef HW_NET_CONN_HTTP_STEPS_H
#define HW_NET_CONN_HTTP_STEPS_H

#include "net/conn/http_conn.h"

struct hw_listener;

#define HW_HOLD_PATIENCE_MS UINT64_C(1000) /* with a client that keeps what is lent */

/* -- http_conn.c, for the server */

/* @socket: moved. @conn: from the server's pool. */
void hw_http_conn_open(struct hw_http_conn *conn, const struct hw_listener *listener,
		       uint32_t socket);
/* A head buffer is free again. */
void hw_http_conn_buffer_ready(struct hw_http_conn *conn);
/* We are stopping: close when idle, else after the answer. */
void hw_http_conn_drain(struct hw_http_conn *conn);
/* We are stopping now: what is in flight ends with -ESHUTDOWN. */
void hw_http_conn_cut(struct hw_http_conn *conn);

/* -- http_head.c */

/* Wait for the next request. */
void hw_http_conn_idle_begin(struct hw_http_conn *conn);
/* Ask for bytes into a head buffer; give it back. */
void hw_http_conn_input_submit(struct hw_http_conn *conn);
void hw_http_conn_input_release(struct hw_http_conn *conn);
/* A receive into a head buffer ended, or is given up. */
void hw_http_conn_input_ended(struct hw_http_conn *conn, int32_t res);

/* -- http_body.c */

/* From a head that is complete. */
void hw_http_body_init(struct hw_http_conn *conn, const struct hw_http_request *request);
/* A receive into a head buffer ended: framing, in conn->input when @res > 0. */
void hw_http_body_input(struct hw_http_conn *conn, int32_t res);
/* What goes before the body is out (0), or failed. */
void hw_http_body_continued(struct hw_http_conn *conn, int res);

/* -- http_answer.c */

/* The talk has ended, and what is sealed of its answer is not sent yet: then request_done. */
void hw_http_answer_flush(struct hw_http_conn *conn);
/* Milliseconds, at least 1, until HW_HOLD_PATIENCE_MS have passed since the talk lent what is being
 * sent. */
uint64_t hw_http_hold_left_ms(const struct hw_http_conn *conn);
/* "100 Continue", behind what else goes out before the body. */
void hw_http_conn_continue_add(struct hw_http_conn *conn);
/* Send what there is of that. */
void hw_http_conn_interim_submit(struct hw_http_conn *conn);
/* conn->message as it is: all of it, or, where the kernel seals, perhaps a part. */
void hw_http_message_submit(struct hw_http_conn *conn, hw_op_fn *done);
/* Skip what is sent: the kernel says how much, not up to which piece. */
void hw_http_iov_advance(struct msghdr *message, uint64_t size);

/* -- http_pause.c */

/* The timer fired in a pause. */
void hw_http_pause_over(struct hw_http_conn *conn);
/* The talk has ended. Returns true when the poll has to land first: then hw_http_conn_ended. */
bool hw_http_pause_end(struct hw_http_conn *conn);

/* -- http_splice.c */

/* hw_http_unsent_widen, _narrow - how much the kernel takes of an answer that is not on its way yet
 * Much from pages of a file, for fewer and larger steps; little otherwise, so that what it takes
 * shows how fast the client is. @next runs from a later turn. Return false, and it does not run,
 * when nothing is to be changed or can be. */
bool hw_http_unsent_widen(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn));
bool hw_http_unsent_narrow(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn));
/* As widen; and a descriptor of the socket is kept, socket_fd, until let_go, which makes it narrow.
 * Where there is none to be had it stays -1. */
bool hw_http_unsent_hold(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn));
/* The answer is over. Nothing when none is kept. */
void hw_http_unsent_let_go(struct hw_http_conn *conn);
/* Ask how much has gone of what lay there when it was narrowed: unsent_gone_size, in @next. */
bool hw_http_unsent_ask(struct hw_http_conn *conn, void (*next)(struct hw_http_conn *conn));

/* The first in line, once a turn. */
bool hw_http_splices_run(struct hw_turn_hook *hook);

/* -- http_upgrade.c */

/* A receive into a head buffer ended. */
void hw_http_upgrade_input(struct hw_http_conn *conn, int32_t res);
/* The connection is closed: whoever had it hears so. */
void hw_http_upgrade_closed(struct hw_http_conn *conn);

/* -- http_conn.c */

/* The one place that changes conn->state. */
void hw_http_conn_set_state(struct hw_http_conn *conn, enum hw_http_conn_state state);
/* The head is complete: the route port hears of it. */
void hw_http_conn_request_begin(struct hw_http_conn *conn);
/* What never became a request is answered by us, and then the connection ends. */
void hw_http_conn_refuse(struct hw_http_conn *conn, uint32_t status, const char *reason);
/* The talk has ended, and nothing is in flight. */
void hw_http_conn_ended(struct hw_http_conn *conn);
/* The answer is sent: the next request, a linger or a close. */
void hw_http_conn_request_done(struct hw_http_conn *conn);
/* The answer is complete, or will never be: metrics, access log. */
void hw_http_conn_account(struct hw_http_conn *conn, bool is_whole);
/* We have said all; what the client still sends is thrown away for a while. */
void hw_http_conn_linger_begin(struct hw_http_conn *conn);
void hw_http_conn_linger_received(struct hw_http_conn *conn, int32_t res);
/* Close: begin may be called in any state but CLOSING; every done calls join when it finds CLOSING.
 */
void hw_http_conn_close_begin(struct hw_http_conn *conn);
void hw_http_conn_close_join(struct hw_http_conn *conn);
void hw_http_conn_timer_start(struct hw_http_conn *conn, uint64_t delay_ms);
/* An operation that waits for the client starts; after @patience_ms we look what it brought.
 * UINT64_MAX: not before the client is judged, for it keeps nothing of ours. */
void hw_http_conn_watch(struct hw_http_conn *conn, uint64_t patience_ms);
/* It ended, having moved @size bytes. False: the client is below HW_PROGRESS_RATE_MIN, and was for
 * stall_timeout. */
bool hw_http_conn_progress(struct hw_http_conn *conn, uint64_t size);

#endif
