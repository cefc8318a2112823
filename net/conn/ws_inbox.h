/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_inbox.h - the frames of a WebSocket client become messages (RFC 6455, 5 and 8.1)
 *
 * Room: net/conn    Thread: one at a time    Blocks: never
 * Allocates: by wslay, one struct of 4 KiB; at init, and when an inbox is reset in the middle
 * Owns: one message of at most HW_WS_MESSAGE_SIZE_MAX bytes
 *
 * wslay reads the frames; what it leaves to others is here: masks are enforced, reserved bits and
 * codes refused, pieces put together, text checked as it comes. A connection has an inbox only
 * while something is in it (hw_ws_inbox_is_empty).
 */
#ifndef HW_NET_CONN_WS_INBOX_H
#define HW_NET_CONN_WS_INBOX_H

#include "core/base/list.h"
#include "core/base/span.h"
#include "net/wire/ws_frame.h"

#define HW_WS_MESSAGE_SIZE_MAX 65536U /* bytes of one message; else 1009 */

struct wslay_frame_context;
struct wslay_frame_iocb;

/* What was found in the bytes so far. */
enum hw_ws_find {
	HW_WS_FOUND_NONE = 0, /* all bytes are used, nothing is complete */
	HW_WS_FOUND_TEXT,     /* message */
	HW_WS_FOUND_BINARY,
	HW_WS_FOUND_PING, /* control */
	HW_WS_FOUND_PONG,
	HW_WS_FOUND_CLOSE, /* code */
	HW_WS_FOUND_FAULT, /* code says what to answer; no more bytes */
	HW_WS_FIND_COUNT,
};

/* Embedded in its pool; the fields are private to ws_inbox.c but for the results. */
struct hw_ws_inbox {
	struct hw_list link; /* among those held; ws_server.c's */
	void *holder;        /* likewise */
	struct wslay_frame_context *framer;
	struct hw_span feed;    /* what the framer has not taken yet */
	uint64_t given_size;    /* bytes that the framer took */
	uint64_t framed_size;   /* bytes of the frames that began */
	uint64_t frame_left;    /* bytes of the frame's payload that are to come */
	uint32_t checked_size;  /* bytes of message that are whole characters */
	uint8_t message_opcode; /* of the message under way; 0: none */
	uint8_t frame_opcode;
	bool is_in_frame;
	bool is_final; /* the frame is its message's last */
	bool allows_compressed;
	/* Results. */
	bool is_compressed; /* the message is */
	uint8_t control_size;
	uint16_t code;         /* CLOSE: what the peer said; FAULT: what to say */
	uint32_t message_size; /* bytes */
	char control[HW_WS_CONTROL_SIZE_MAX];
	char message[HW_WS_MESSAGE_SIZE_MAX];
};

/* Returns 0 or -ENOMEM. */
int hw_ws_inbox_init(struct hw_ws_inbox *inbox) HW_MUST_CHECK;
void hw_ws_inbox_deinit(struct hw_ws_inbox *inbox);
/* As after init, whatever is in it; -ENOMEM: it cannot be used before it was reset again. */
int hw_ws_inbox_reset(struct hw_ws_inbox *inbox, bool allows_compressed) HW_MUST_CHECK;

/* hw_ws_inbox_feed - find the next thing in what came
 * @bytes     lent for the call
 * @ret_used  how many of them were taken
 * Call again with the rest, also when there is none, until it finds NONE. A message and a control's
 * payload stay until the next call. */
enum hw_ws_find hw_ws_inbox_feed(struct hw_ws_inbox *inbox, struct hw_span bytes,
				 uint32_t *ret_used);

/* Neither a frame nor a message is under way. */
bool hw_ws_inbox_is_empty(const struct hw_ws_inbox *inbox);

#endif
