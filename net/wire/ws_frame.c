/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/ws_frame.h"

#include "core/base/error.h"
#include "net/wire/utf8.h"

#define FIN             0x80U
#define RSV1            0x40U /* permessage-deflate (RFC 7692, 6) */
#define SIZE_SHORT_MAX  125U  /* what fits into the head's 7 bits */
#define SIZE_16_MAX     65535U
#define SIZE_IS_16_BITS 126U
#define SIZE_IS_64_BITS 127U

uint32_t hw_ws_frame_head(enum hw_ws_opcode opcode, bool is_compressed, uint32_t size,
			  uint8_t ret_head[HW_WS_HEAD_SIZE_MAX])
{
	hw_assert(opcode < HW_WS_CLOSE || size <= HW_WS_CONTROL_SIZE_MAX);
	ret_head[0] = (uint8_t)(FIN | (is_compressed ? RSV1 : 0U) | (uint32_t)opcode);
	if (size <= SIZE_SHORT_MAX) {
		ret_head[1] = (uint8_t)size;
		return 2;
	}
	uint32_t size_size = size <= SIZE_16_MAX ? 2 : 8;
	ret_head[1] = size_size == 2 ? SIZE_IS_16_BITS : SIZE_IS_64_BITS;
	for (uint32_t i = 0; i < size_size; i++) {
		ret_head[1 + size_size - i] = (uint8_t)((uint64_t)size >> (8 * i));
	}
	return 2 + size_size;
}

uint32_t hw_ws_frame_close(uint16_t code, uint8_t ret_frame[HW_WS_HEAD_SIZE_MAX])
{
	bool is_silent = code == HW_WS_CODE_NONE;
	uint32_t head_size = hw_ws_frame_head(HW_WS_CLOSE, false, is_silent ? 0 : 2, ret_frame);
	if (is_silent) {
		return head_size;
	}
	ret_frame[2] = (uint8_t)(code >> 8);
	ret_frame[3] = (uint8_t)code;
	return 4;
}

static bool may_be_said(uint32_t code)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} ranges[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
	for (uint32_t i = 0; i < hw_count_of(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last) {
			return true;
		}
	}
	return false;
}

int hw_ws_close_parse(struct hw_span payload)
{
	if (payload.size == 0) {
		return HW_WS_CODE_NONE;
	}
	if (payload.size == 1) {
		return -EPROTO;
	}
	uint32_t code = (uint32_t)(uint8_t)payload.bytes[0] << 8 | (uint8_t)payload.bytes[1];
	if (!may_be_said(code)) {
		return -EPROTO;
	}
	struct hw_span reason = hw_span_skip(payload, 2);
	if (hw_utf8_check(reason) != (int64_t)reason.size) {
		return -EILSEQ;
	}
	return (int)code;
}
