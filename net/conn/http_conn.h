/* SPDX-License-Identifier: Apache-2.0
 *
 * http_conn.h - one HTTP/1.1 connection: heads in, bodies in, answers out, one request at a time
 *
 * Room: net/conn    Thread: the reactor that accepted it    Blocks: never    Allocates: never
 * Owns: its socket slot; while a request runs: the head's bytes until hw_http_conn_head_release()
 * Limits: see struct hw_http_limits
 *
 * The connection speaks HTTP; what a request means is a talk's business. The route port is told of
 * each request by begin(); from then on the talk drives: it receives the body, sends the answer,
 * and says end or abort, exactly once. The handler's callbacks never run inside a call of the talk.
 *
 *	begin -> [body_wait | body_recv -> body_done] ... -> [send -> send_done] ... -> end | abort
 */
#ifndef HW_NET_CONN_HTTP_CONN_H
#define HW_NET_CONN_HTTP_CONN_H

#include <netinet/in.h>
#include <sys/uio.h>

#include "core/base/limits.h"
#include "core/loop/reactor.h"
#include "net/conn/http_handler.h"
#include "net/conn/http_input.h"
#include "net/conn/http_splice.h"
#include "net/wire/http_parser.h"
#include "net/wire/http_writer.h"

/* Bytes of an answer's head: a name of 255 bytes in every disguise, and the rest. */
#define HW_REPLY_SIZE       3072U
#define HW_REPLY_EXTRA_MAX  3U
#define HW_SEND_IOV_MAX     3U
#define HW_ACCESS_PATH_SIZE 12U /* bytes of a path in the log: never a whole share id */

struct hw_http_server;
struct hw_tls;
struct hw_upgrade_handler;

enum hw_http_conn_state {
	HW_CONN_FREE = 0, /* in the pool */
	HW_CONN_NAMING,   /* the peer's address is asked for before all else: has_peers */
	HW_CONN_GREETING, /* TLS: keys are agreed on; the client or the timer wakes it */
	HW_CONN_IDLE, /* waits for the first bytes of a request; the client or the timer wakes it */
	HW_CONN_HEAD, /* has a part of a head; the client or the timer wakes it */
	HW_CONN_ANSWERING, /* a talk has the request */
	HW_CONN_FLUSHING,  /* the talk has ended; what is sealed of its answer goes out */
	HW_CONN_UPGRADED,  /* another protocol has the socket (http_upgrade.h) */
	HW_CONN_REFUSING,  /* an error answer of our own is being sent */
	HW_CONN_LINGERING, /* said all; reads on, so that the client sees the answer */
	HW_CONN_CLOSING,   /* no new operation starts; waits for those in flight */
	HW_CONN_STATE_COUNT,
};

/* A head that is being read, or that a talk still looks at. */
struct hw_http_head {
	struct hw_http_parser parser;
	char *spill; /* HW_HEAD_SIZE_MAX bytes when it did not come whole, else NULL */
	uint32_t spill_size;
};

struct hw_http_conn {
	struct hw_list link; /* in the server's list, or free */
	struct hw_http_server *server;
	struct hw_op recv_op;
	struct hw_op send_op; /* also shutdown and the final close */
	struct hw_mail mail;  /* an answer to the talk that must not come inside its call */
	struct hw_timer timer;
	struct hw_list buffer_link; /* waits for a head buffer */
	struct hw_http_head *head;
	struct hw_http_input input;
	struct hw_http_body body;
	struct hw_tls *tls; /* NULL: plain */
	const struct hw_http_handler *handler;
	const struct hw_upgrade_handler *upgrade; /* NULL: HTTP */
	void *talk;
	const char *action; /* what it is doing, for the log: a literal */
	struct msghdr message;
	struct iovec iov[HW_SEND_IOV_MAX];
	struct hw_http_splice splice;
	void (*unsent_done)(struct hw_http_conn *conn); /* goes on (http_unsent.c) */
	uint32_t unsent_size;       /* bytes that lay in the kernel when we last asked; 0: few */
	uint32_t unsent_gone_size;  /* bytes of it that had gone since the time before */
	struct hw_list splice_link; /* in the line of those who have pages to send */
	int socket_fd;              /* while pages of files are sent; -1: none (http_unsent.c) */
	uint32_t run_size;          /* bytes of pages to offer it next */
	uint64_t send_left_size;
	uint64_t sent_size;  /* bytes of this request's answer */
	uint64_t request_us; /* when its head was complete */
	uint64_t message_us; /* when the talk lent what message points to */
	uint64_t watched_us; /* when the operation in flight was started */
	uint64_t waited_us;  /* for the client, since its progress was last judged */
	uint64_t moved_size; /* bytes, in that time */
	uint32_t socket;
	uint32_t status; /* of the answer, for the log and the metrics */
	uint32_t lingered_size;
	uint32_t head_offset; /* of the head in input, when it is not spilled */
	int body_result;      /* what mail carries */
	enum hw_http_conn_state state;
	uint8_t method; /* enum hw_http_method */
	uint8_t version_minor;
	bool keep_alive;
	bool is_probing;   /* the operation in flight was cancelled to see its progress */
	bool has_no_fd;    /* there was no descriptor to be had */
	bool is_holding;   /* the descriptor that is asked for is to be kept */
	bool is_wide;      /* the kernel takes much that is not on its way (http_unsent.c) */
	bool is_answered;  /* some of the answer was sent: no other can be */
	bool is_cut;       /* the daemon stops now */
	bool has_dropped;  /* bytes behind this request, unread: the client may still be sending */
	bool is_loopback;  /* came by a loopback listener */
	bool wants_tls;    /* came by a listener for TLS */
	bool is_mailed;    /* upgraded: mail is on its way */
	bool is_pausing;   /* the talk has nothing to send, and hears when the client leaves */
	bool is_polled;    /* recv_op sees the client leave (http_pause.c) */
	bool has_left;     /* it did, while bytes were sent */
	bool accepts_json; /* as the request's Accept says; for answers when the head is gone */
	uint32_t interim_size; /* bytes of reply that go out before the body is asked for */
	uint32_t interim_sent_size;
	uint16_t host_size;
	char host[256];                                 /* of the request, for links */
	struct hw_span reply_extra[HW_REPLY_EXTRA_MAX]; /* whole fields that every answer carries */
	uint8_t access_path_size;
	char access_path[HW_ACCESS_PATH_SIZE];
	void (*named)(void *user); /* asked for the peer's address: hears when it is there */
	void *named_user;
	uint16_t peer_port;
	uint8_t peer_size; /* 0 unknown, 4, 16 */
	uint8_t peer[16];
	char reply[HW_REPLY_SIZE];
};

/* -- what a talk may do -- */

/* Who hears of this request from now on; first thing in begin, and again when a talk leaves the
 * rest of the answer to another. Nothing may be under way. */
void hw_http_conn_handle(struct hw_http_conn *conn, const struct hw_http_handler *handler,
			 void *talk);
/* The request and its bytes; until hw_http_conn_head_release(). */
const struct hw_http_request *hw_http_conn_request(const struct hw_http_conn *conn);
const char *hw_http_conn_head_bytes(const struct hw_http_conn *conn);
/* A piece of these bytes that nobody shall find in memory later (a password). */
void hw_http_conn_head_wipe(struct hw_http_conn *conn, struct hw_span piece);
/* Ask for the peer's address, where has_peers did not when the connection came: that costs three
 * calls to the kernel, and few requests need it.
 * @named  runs from a later turn with @user; peer_size may still be 0. Until then the talk does
 *         nothing with the connection.
 * Returns false, and @named does not run, when it is known, or cannot be. */
bool hw_http_conn_peer_ask(struct hw_http_conn *conn, void (*named)(void *user), void *user);
/* It is not needed any more. Before the first body call; idempotent; end does it too. */
void hw_http_conn_head_release(struct hw_http_conn *conn);
bool hw_http_conn_has_body(const struct hw_http_conn *conn);
/* Wait until a byte of the body is there, without a buffer: a slow client costs no slab. */
void hw_http_conn_body_wait(struct hw_http_conn *conn);
/* @bytes: lent until body_done; @size > 0. Full unless the body ends. */
void hw_http_conn_body_recv(struct hw_http_conn *conn, uint8_t *bytes, uint32_t size);
/* In body_done with an error: bytes that came before it. */
uint32_t hw_http_conn_body_came(const struct hw_http_conn *conn);
/* No room for more: body_done, 0: all may be there; -ECONNRESET: gone; -ECANCELED: ask again. */
void hw_http_conn_body_watch(struct hw_http_conn *conn);
/* Do not wait for more: body_done comes soon, with what there is; nothing without a call. */
void hw_http_conn_body_stop(struct hw_http_conn *conn);

/* An interim answer (1xx, but for 100, which comes by itself): begin, add fields, end. It goes out
 * before the first byte of the body is asked for, and not at all to HTTP/1.0. Before the first body
 * call, in the reply buffer. */
void hw_http_conn_interim_begin(struct hw_http_conn *conn, struct hw_http_writer *writer,
				uint32_t status);
void hw_http_conn_interim_end(struct hw_http_conn *conn, struct hw_http_writer *writer);
/* Begin an answer's head in the connection's own reply buffer: status, Date, Server, Connection.
 * The caller adds fields, ends the head and sends. */
void hw_http_conn_reply_begin(struct hw_http_conn *conn, struct hw_http_writer *writer,
			      uint32_t status);
/* @iov: copied; what it points to is lent until send_done. */
void hw_http_conn_send(struct hw_http_conn *conn, const struct iovec *iov, uint32_t count);
/* After send_done(-EAGAIN): go on (not with pages: what is left of them is another splice); or
 * wait, with nothing lent, until the client takes more (send_done(0) says so; the rest is then the
 * talk's to send again). */
void hw_http_conn_send_more(struct hw_http_conn *conn);
void hw_http_conn_send_wait(struct hw_http_conn *conn);
/* There is nothing to send for now: the handler's left says when the client leaves meanwhile, or we
 * stop; from a later turn, and not before a second is over. Until the next send; idempotent. */
void hw_http_conn_send_pause(struct hw_http_conn *conn);
/* The reply buffer as far as written, and, unless the method is HEAD, @body behind it. */
void hw_http_conn_reply_send(struct hw_http_conn *conn, const struct hw_http_writer *writer,
			     const void *body, uint64_t body_size);

/* The answer is complete: the next request, or a close that lets the client read it. */
void hw_http_conn_end(struct hw_http_conn *conn);
/* The answer cannot be completed: close, so that the client sees it was cut. */
void hw_http_conn_abort(struct hw_http_conn *conn);
/* The connection closes after this answer. Before reply_begin. */
void hw_http_conn_close_after(struct hw_http_conn *conn);

#endif
