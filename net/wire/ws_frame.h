/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_frame.h - the heads of the WebSocket frames that a server sends, and what a close says (RFC
 * 6455)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: ours are never in pieces and never masked (5.1)
 */
#ifndef HW_NET_WIRE_WS_FRAME_H
#define HW_NET_WIRE_WS_FRAME_H

#include "core/base/span.h"

#define HW_WS_HEAD_SIZE_MAX    10U  /* bytes of a head of ours */
#define HW_WS_CONTROL_SIZE_MAX 125U /* bytes of a ping, a pong, a close (5.5) */

enum hw_ws_opcode {
	HW_WS_CONTINUATION = 0,
	HW_WS_TEXT = 1,
	HW_WS_BINARY = 2,
	HW_WS_CLOSE = 8,
	HW_WS_PING = 9,
	HW_WS_PONG = 10,
};

/* What a close frame says (7.4.1, and IANA's registry). */
enum hw_ws_code {
	HW_WS_CODE_NORMAL = 1000,
	HW_WS_CODE_GOING_AWAY = 1001, /* the daemon stops */
	HW_WS_CODE_PROTOCOL = 1002,
	HW_WS_CODE_UNSUPPORTED = 1003, /* binary where text is expected */
	HW_WS_CODE_NONE = 1005,        /* the frame said nothing; never sent */
	HW_WS_CODE_BAD_DATA = 1007,    /* no UTF-8, or what cannot be inflated */
	HW_WS_CODE_POLICY = 1008,      /* too slow, too many, not allowed */
	HW_WS_CODE_TOO_BIG = 1009,
	HW_WS_CODE_AGAIN = 1013,    /* try again later */
	HW_WS_CODE_REPLACED = 4001, /* ours: the client has come by another connection */
};

/* Write the head of a whole frame of @size bytes. Returns its size, at most HW_WS_HEAD_SIZE_MAX. */
uint32_t hw_ws_frame_head(enum hw_ws_opcode opcode, bool is_compressed, uint32_t size,
			  uint8_t ret_head[HW_WS_HEAD_SIZE_MAX]);

/* A whole close frame with a code and no reason. Returns its size. HW_WS_CODE_NONE: without. */
uint32_t hw_ws_frame_close(uint16_t code, uint8_t ret_frame[HW_WS_HEAD_SIZE_MAX]);

/* hw_ws_close_parse - the payload of a close frame
 * Returns its code (HW_WS_CODE_NONE: empty), -EPROTO for what must not be said, -EILSEQ for a
 * reason that is no UTF-8. */
int hw_ws_close_parse(struct hw_span payload) HW_MUST_CHECK;

#endif
