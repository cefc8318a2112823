/* SPDX-License-Identifier: Apache-2.0
 *
 * http_tls.h - a connection whose bytes are sealed: what http_steps.h's files ask of TLS
 *
 * Room: net/conn    Thread: the connection's reactor    Blocks: never Allocates: OpenSSL, while the
 * handshake lasts    Owns: the keys of both directions, the rooms that it holds; the connection
 * owns the rest
 *
 * Bytes are opened straight into the talk's buffer, or, where nobody has said how many are wanted
 * (heads, framing, frames of WebSocket), in the place where they came. What is sealed goes out as
 * it is: it is never sealed a second time, so a client that stops reading keeps the room of what
 * was sealed for it, and nothing else.
 */
#ifndef HW_NET_CONN_HTTP_TLS_H
#define HW_NET_CONN_HTTP_TLS_H

#include "net/conn/http_conn.h"
#include "net/conn/tls_server.h"

#define HW_TLS_FAREWELL_SIZE 64U
#define HW_TLS_CIPHER_BYTES  2048U /* that OpenSSL keeps for one direction, at the most */

/* What was given to hw_http_tls_send is sealed as far as @res bytes, and @moved bytes were sent;
 * has hw_http_tls_unsent() none, all of that. @res < 0: an error of the socket's. */
typedef void hw_tls_sent_fn(struct hw_http_conn *conn, int res, uint64_t moved);

/* Whether a client takes, or brings, more than a record at a time. */
struct hw_tls_pace {
	uint8_t quick_count; /* records in a row that were quick */
	bool is_slow;
};

struct hw_tls {
	struct hw_tls_half in;
	struct hw_tls_half out;
	struct hw_http_conn *conn;
	struct hw_tls_handshake *handshake; /* NULL: not begun, or over */
	struct hw_tls_room in_room;         /* came, and was not opened yet; or is input */
	struct hw_tls_room out_room;        /* sealed, and was not sent yet */
	struct hw_tls_pace in_pace;
	struct hw_tls_pace out_pace;
	struct hw_list out_link; /* waits for a room to seal into */
	struct hw_mail mail;     /* input that is there already */
	hw_tls_sent_fn *sent;
	hw_op_fn *in_done;       /* of a body's receive */
	uint32_t wanted_size;    /* bytes that it is to bring */
	uint32_t sealed_size;    /* bytes of the message that are sealed, and not told of */
	uint32_t record_size;    /* bytes that the client takes in one record */
	uint32_t dataless_count; /* records in a row that carried none */
	bool is_secured;         /* the handshake is over */
	bool is_offloaded;       /* the kernel seals what is sent (http_tls_kernel.c) */
	bool is_refused;         /* it would not */
	bool is_failed;          /* it came to nothing: close when that is said */
	bool is_over;            /* nothing more is opened */
	bool is_mailed;
	bool is_body;     /* the room that it waits for is a body's */
	bool is_flushing; /* only what is sealed already */
	bool owes_update; /* the peer wants us to take a new key */
	bool owes_alert;  /* what it did is said to the peer before the close */
	uint8_t alert;    /* enum hw_tls_alert */
	_Alignas(uint64_t) uint8_t farewell[HW_TLS_FAREWELL_SIZE];
};

/* -- http_tls.c */

/* From accept to the first request. */
void hw_http_tls_greet(struct hw_http_conn *conn);
/* Before the socket is closed, with nothing in flight: false while something of it runs. */
bool hw_http_tls_close(struct hw_http_conn *conn);
/* Seal an alert: close_notify, or what is owed. Returns false when there is nothing to say. @done
 * runs as of hw_ring_send. */
bool hw_http_tls_farewell(struct hw_http_conn *conn, hw_op_fn *done);
/* Judge a pace by what one operation took. */
void hw_tls_pace_note(struct hw_tls_pace *pace, const struct hw_http_conn *conn, bool was_probed);

/* A room is free for a handshake that waited. */
void hw_http_tls_greet_ready(struct hw_http_conn *conn);

/* -- http_tls_in.c */

/* As hw_http_conn_input_submit: ends with hw_http_conn_input_ended(). */
void hw_http_tls_input_submit(struct hw_http_conn *conn);
/* conn->input was used up, or is dropped. */
void hw_http_tls_input_used(struct hw_http_conn *conn);
/* May input stay where it is while an answer takes its time? */
bool hw_http_tls_input_may_stay(const struct hw_http_conn *conn);
/* Nothing that came is looked at any more. */
void hw_http_tls_input_drop(struct hw_http_conn *conn);
/* Open the next record into @bytes. Returns the count; 0: it did not fit, and is conn->input;
 * -EAGAIN: it is not whole yet; -ECONNRESET: there is none, now or ever. */
int hw_http_tls_open(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size);
/* Receive what @size bytes more come sealed in, at the least, so that it never waits for more than
 * the peer has to send. @done: of recv_op; tells hw_http_tls_received. */
void hw_http_tls_body_recv(struct hw_http_conn *conn, uint32_t size, hw_op_fn *done);
/* @res: of that receive. */
void hw_http_tls_received(struct hw_http_conn *conn, int32_t res);
/* A room is free: on with who waited for it. */
void hw_http_tls_in_ready(struct hw_http_conn *conn);
/* Room for the next record; false: it stands in line, for @is_body. */
bool hw_http_tls_in_room(struct hw_http_conn *conn, bool wants_batch, bool is_body);

/* -- http_tls_out.c */

/* Seal conn->message, as much as is good, and send it. */
void hw_http_tls_send(struct hw_http_conn *conn, hw_tls_sent_fn *sent);
/* Send what is sealed. There is something. */
void hw_http_tls_flush(struct hw_http_conn *conn, hw_tls_sent_fn *sent);
uint32_t hw_http_tls_unsent(const struct hw_http_conn *conn);
/* Must what is sent be sealed by us? Not plain, and not offloaded. */
bool hw_http_tls_seals(const struct hw_http_conn *conn);
/* It waits for a room, with nothing in flight: ends that wait. False: it does not. */
bool hw_http_tls_wait_end(struct hw_http_conn *conn);
void hw_http_tls_out_ready(struct hw_http_conn *conn);

/* -- http_tls_kernel.c */

/* May the kernel seal @size bytes of pages that go to this client? It does already, or may be asked
 * to. */
bool hw_http_tls_kernel_may(const struct hw_http_conn *conn, uint64_t size);
/* The kernel gets the key, and seals whatever is sent from now on. conn->socket_fd is there, and
 * all that we have sealed is sent. Returns 0, or -errno: it stays with us. */
int hw_http_tls_kernel_begin(struct hw_http_conn *conn) HW_MUST_CHECK;
/* @res: of a send, or of pages. Returns it; -EKEYEXPIRED: no more may be sealed with this key, and
 * the kernel has no other. Of any connection. */
int32_t hw_http_tls_kernel_note(struct hw_http_conn *conn, int32_t res);
/* So much is sealed that no other request should be answered here. Of any connection. */
bool hw_http_tls_kernel_is_worn(const struct hw_http_conn *conn);
/* tls->farewell has an alert: send it as what it is. */
void hw_http_tls_kernel_alert(struct hw_http_conn *conn, hw_op_fn *done);

#endif
