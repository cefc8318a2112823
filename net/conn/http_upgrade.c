/* SPDX-License-Identifier: Apache-2.0
 *
 *   upgrade -> recv -+-> (http_head.c: input_submit -> input_done) -> input -> received
 *                    +-> again -> again_deliver -> received            bytes are left
 *              send -> send_done -> sent
 *              finish -> linger ... close -> closed
 */
#include "net/conn/http_upgrade.h"

#include <errno.h>

#include "net/conn/http_server.h"
#include "net/conn/http_steps.h"
#include "net/conn/http_tls.h"

static void again_deliver(struct hw_mail *mail);
static void send_submit(struct hw_http_conn *conn);
static void sent(struct hw_http_conn *conn, int res, uint64_t moved);

void hw_http_conn_upgrade(struct hw_http_conn *conn, const struct hw_upgrade_handler *handler,
			  void *user)
{
	hw_assert(conn->state == HW_CONN_ANSWERING && conn->is_answered);
	hw_assert(!conn->recv_op.in_flight && !conn->send_op.in_flight);
	hw_http_conn_account(conn, true);
	hw_timer_stop(&conn->server->reactor->timers, &conn->timer);
	hw_http_conn_head_release(conn);
	hw_http_conn_set_state(conn, HW_CONN_UPGRADED);
	conn->action = "upgraded";
	conn->handler = NULL;
	conn->upgrade = handler;
	conn->talk = user;
}

/* -- in -- */

void hw_http_upgrade_recv(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_UPGRADED && !hw_http_upgrade_is_receiving(conn));
	if (conn->input.bytes != NULL) {
		hw_http_upgrade_again(conn);
		return;
	}
	hw_http_conn_input_submit(conn);
}

void hw_http_upgrade_again(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_UPGRADED && !hw_http_upgrade_is_receiving(conn));
	conn->is_mailed = true;
	conn->mail.deliver = again_deliver;
	hw_mailbox_post(&conn->server->reactor->mailbox, conn->server->reactor->ring, &conn->mail);
}

static void again_deliver(struct hw_mail *mail)
{
	struct hw_http_conn *conn = hw_container_of(mail, struct hw_http_conn, mail);
	conn->is_mailed = false;
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	conn->upgrade->received(conn->talk, 1);
}

void hw_http_upgrade_input(struct hw_http_conn *conn, int32_t res)
{
	if (res > 0) {
		hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_received,
			       (uint64_t)res);
	}
	conn->upgrade->received(conn->talk, res);
}

bool hw_http_upgrade_is_receiving(const struct hw_http_conn *conn)
{
	return conn->recv_op.in_flight || conn->is_mailed ||
	       hw_list_is_linked(&conn->buffer_link) || (conn->tls != NULL && conn->tls->is_mailed);
}

struct hw_span hw_http_upgrade_bytes(const struct hw_http_conn *conn)
{
	const struct hw_http_input *input = &conn->input;
	if (input->bytes == NULL) {
		return (struct hw_span){NULL, 0};
	}
	return (struct hw_span){input->bytes + input->offset, input->size - input->offset};
}

void hw_http_upgrade_used(struct hw_http_conn *conn, uint32_t size)
{
	hw_assert(size <= hw_http_upgrade_bytes(conn).size);
	conn->input.offset += size;
	if (conn->input.bytes != NULL && conn->input.offset == conn->input.size) {
		hw_http_conn_input_release(conn);
	}
}

/* -- out -- */

void hw_http_upgrade_send(struct hw_http_conn *conn, const struct iovec *iov, uint32_t count)
{
	hw_assert(conn->state == HW_CONN_UPGRADED && !conn->send_op.in_flight);
	hw_assert(count > 0 && count <= HW_SEND_IOV_MAX);
	conn->send_left_size = 0;
	for (uint32_t i = 0; i < count; i++) {
		conn->iov[i] = iov[i];
		conn->send_left_size += iov[i].iov_len;
	}
	hw_assert(conn->send_left_size > 0);
	conn->message = (struct msghdr){.msg_iov = conn->iov, .msg_iovlen = count};
	send_submit(conn);
}

static void send_done(struct hw_op *op)
{
	struct hw_http_conn *conn = hw_container_of(op, struct hw_http_conn, send_op);
	if (conn->state == HW_CONN_CLOSING) {
		hw_http_conn_close_join(conn);
		return;
	}
	sent(conn, hw_http_tls_kernel_note(conn, op->res), 0);
}

static void sent(struct hw_http_conn *conn, int res, uint64_t moved)
{
	(void)moved; /* whoever has the connection judges its client */
	if (res < 0 && res != -EINTR && res != -EAGAIN) {
		conn->upgrade->sent(conn->talk, res);
		return;
	}
	uint64_t size = res > 0 ? (uint64_t)res : 0;
	conn->sent_size += size;
	conn->send_left_size -= size;
	hw_metrics_add(conn->server->reactor->metrics, HW_METRIC_bytes_sent, size);
	if (conn->send_left_size == 0 && hw_http_tls_unsent(conn) == 0) {
		conn->upgrade->sent(conn->talk, 0);
		return;
	}
	hw_http_iov_advance(&conn->message, size);
	send_submit(conn);
}

static void send_submit(struct hw_http_conn *conn)
{
	if (hw_http_tls_seals(conn)) {
		hw_http_tls_send(conn, sent);
		return;
	}
	hw_http_message_submit(conn, send_done);
}

/* -- the end -- */

void hw_http_upgrade_finish(struct hw_http_conn *conn)
{
	hw_assert(conn->state == HW_CONN_UPGRADED && !conn->send_op.in_flight);
	hw_assert(!hw_http_upgrade_is_receiving(conn));
	hw_http_conn_linger_begin(conn);
}

void hw_http_upgrade_close(struct hw_http_conn *conn)
{
	if (conn->state != HW_CONN_CLOSING && conn->upgrade != NULL) {
		hw_http_conn_close_begin(conn);
	}
}

void hw_http_upgrade_closed(struct hw_http_conn *conn)
{
	const struct hw_upgrade_handler *upgrade = conn->upgrade;
	conn->upgrade = NULL;
	if (upgrade != NULL) {
		upgrade->closed(conn->talk);
	}
}
