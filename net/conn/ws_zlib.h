/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_zlib.h - messages deflated and inflated, each for itself (RFC 7692, without a window kept)
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: by zlib, at init
 * Owns: one deflater and one inflater, which all connections of a reactor use in turn
 * Limits: HW_WS_INFLATED_SIZE_MAX bytes come out of a message, whatever it promises
 */
#ifndef HW_NET_CONN_WS_ZLIB_H
#define HW_NET_CONN_WS_ZLIB_H

#include <zlib.h>

#include "core/base/span.h"

#define HW_WS_INFLATED_SIZE_MAX 65536U /* bytes; HW_WS_MESSAGE_SIZE_MAX */
#define HW_WS_DEFLATE_SIZE_MIN  1024U  /* bytes; smaller messages go as they are */

struct hw_ws_zlib {
	z_stream deflater;
	z_stream inflater;
	bool is_ready;
};

/* Bytes that zlib allocates, at most. */
#define HW_WS_ZLIB_SIZE (320U << 10)

int hw_ws_zlib_init(struct hw_ws_zlib *zlib) HW_MUST_CHECK;
/* Accepts one that was never inited (zeroed). */
void hw_ws_zlib_deinit(struct hw_ws_zlib *zlib);

/* hw_ws_deflate - the payload of a compressed message
 * Returns its size; -ENOSPC: it is not smaller than @capacity. @ret_bytes: @capacity bytes. */
int hw_ws_deflate(struct hw_ws_zlib *zlib, struct hw_span message, char *ret_bytes,
		  uint32_t capacity) HW_MUST_CHECK;
/* hw_ws_inflate - the message that a payload is
 * Returns its size; -EBADMSG: it is no deflated text; -EMSGSIZE: it is longer than @capacity. */
int hw_ws_inflate(struct hw_ws_zlib *zlib, struct hw_span payload, char *ret_bytes,
		  uint32_t capacity) HW_MUST_CHECK;

#endif
