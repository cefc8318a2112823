/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_peer.h - what a WebSocket client says and reads: frames built and taken apart
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: never
 */
#ifndef HW_TESTS_SIM_WS_PEER_H
#define HW_TESTS_SIM_WS_PEER_H

#include <string.h>

#include "core/base/span.h"
#include "net/wire/ws_frame.h"

#define WS_HEAD_MAX 14U
#define WS_FIN      0x80U
#define WS_RSV1     0x40U
#define WS_RSV2     0x20U
#define WS_RSV3     0x10U
#define WS_MASKED   0x80U

/* A frame of a client. @first: FIN, RSV and opcode. Returns its size. */
static inline uint32_t ws_client_frame(uint32_t first, const void *payload, uint32_t size,
				       bool is_masked, char *ret_bytes)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint32_t at = 0;
	uint32_t flag = is_masked ? WS_MASKED : 0;
	ret_bytes[at++] = (char)first;
	if (size < 126) {
		ret_bytes[at++] = (char)(flag | size);
	} else {
		uint32_t count = size < 65536 ? 2 : 8;
		ret_bytes[at++] = (char)(flag | (count == 2 ? 126U : 127U));
		for (uint32_t i = count; i > 0; i--) {
			ret_bytes[at++] = (char)((uint64_t)size >> (8 * (i - 1)));
		}
	}
	for (uint32_t i = 0; is_masked && i < 4; i++) {
		ret_bytes[at++] = (char)mask[i];
	}
	for (uint32_t i = 0; i < size; i++) {
		uint8_t byte = ((const uint8_t *)payload)[i];
		ret_bytes[at++] = (char)(is_masked ? byte ^ mask[i % 4] : byte);
	}
	return at;
}

/* A frame of a server. */
struct ws_server_frame {
	uint8_t first; /* FIN, RSV and opcode */
	struct hw_span payload;
};

/* The next whole frame of @bytes, which is shortened. False: there is none, or it is masked. */
static inline bool ws_server_frame_next(struct hw_span *bytes, struct ws_server_frame *ret_frame)
{
	if (bytes->size < 2) {
		return false;
	}
	const uint8_t *at = (const uint8_t *)bytes->bytes;
	uint32_t size_size = at[1] == 126 ? 2 : at[1] == 127 ? 8 : 0;
	uint64_t size = size_size == 0 ? at[1] : 0;
	if ((at[1] & WS_MASKED) != 0 || bytes->size < 2 + size_size) {
		return false;
	}
	for (uint32_t i = 0; i < size_size; i++) {
		size = size << 8 | at[2 + i];
	}
	if (bytes->size - 2 - size_size < size) {
		return false;
	}
	ret_frame->first = at[0];
	ret_frame->payload = (struct hw_span){bytes->bytes + 2 + size_size, (uint32_t)size};
	*bytes = hw_span_skip(*bytes, 2 + size_size + (uint32_t)size);
	return true;
}

#endif
