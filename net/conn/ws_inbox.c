/* SPDX-License-Identifier: Apache-2.0
 *
 *   feed -> wslay_frame_recv -> feed_take    wslay asks for bytes
 *             |
 *             +-> chunk_add -> frame_begin   judges its head
 *                           -> data_add | control_add
 *                           -> frame_end     a message, a control frame, or the next one
 */
#include "net/conn/ws_inbox.h"

#include <errno.h>
#include <string.h>
#include <wslay/wslay.h>

#include "net/wire/utf8.h"

static ssize_t feed_take(uint8_t *bytes, size_t size, int flags, void *user);
static enum hw_ws_find chunk_add(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk);
static enum hw_ws_find frame_begin(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk);
static enum hw_ws_find data_add(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk);
static enum hw_ws_find frame_end(struct hw_ws_inbox *inbox);

int hw_ws_inbox_init(struct hw_ws_inbox *inbox)
{
	inbox->framer = NULL;
	return hw_ws_inbox_reset(inbox, false);
}

void hw_ws_inbox_deinit(struct hw_ws_inbox *inbox)
{
	if (inbox->framer != NULL) {
		wslay_frame_context_free(hw_move(&inbox->framer));
	}
}

/* wslay has no reset: one that stopped in the middle of a frame is made anew. */
int hw_ws_inbox_reset(struct hw_ws_inbox *inbox, bool allows_compressed)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = feed_take};
	if (inbox->framer == NULL || !hw_ws_inbox_is_empty(inbox)) {
		hw_ws_inbox_deinit(inbox);
		if (wslay_frame_context_init(&inbox->framer, &callbacks, inbox) < 0) {
			inbox->framer = NULL;
			return -ENOMEM;
		}
	}
	inbox->feed = (struct hw_span){NULL, 0};
	inbox->given_size = 0;
	inbox->framed_size = 0;
	inbox->message_opcode = 0;
	inbox->is_in_frame = false;
	inbox->allows_compressed = allows_compressed;
	inbox->control_size = 0;
	inbox->code = 0;
	return 0;
}

bool hw_ws_inbox_is_empty(const struct hw_ws_inbox *inbox)
{
	return inbox->given_size == inbox->framed_size && !inbox->is_in_frame &&
	       inbox->message_opcode == 0;
}

static ssize_t feed_take(uint8_t *bytes, size_t size, int flags, void *user)
{
	struct hw_ws_inbox *inbox = user;
	(void)flags;
	uint32_t take_size = (uint32_t)hw_min(size, (size_t)inbox->feed.size);
	if (take_size == 0) {
		return -1; /* wslay: none now */
	}
	memcpy(bytes, inbox->feed.bytes, take_size);
	inbox->feed = hw_span_skip(inbox->feed, take_size);
	inbox->given_size += take_size;
	return (ssize_t)take_size;
}

static enum hw_ws_find fault(struct hw_ws_inbox *inbox, uint16_t code)
{
	inbox->code = code;
	inbox->is_in_frame = true; /* never empty again */
	return HW_WS_FOUND_FAULT;
}

enum hw_ws_find hw_ws_inbox_feed(struct hw_ws_inbox *inbox, struct hw_span bytes,
				 uint32_t *ret_used)
{
	enum hw_ws_find find = HW_WS_FOUND_NONE;
	bool is_hungry = false;
	inbox->feed = bytes;
	/* Each round takes bytes of the feed or of wslay's buffer, or ends. */
	while (find == HW_WS_FOUND_NONE && !is_hungry) {
		struct wslay_frame_iocb chunk = {0};
		ssize_t r = wslay_frame_recv(inbox->framer, &chunk);
		if (r >= 0) {
			find = chunk_add(inbox, &chunk);
		} else if (r == WSLAY_ERR_WANT_READ) {
			is_hungry = inbox->feed.size == 0;
		} else {
			find = fault(inbox, HW_WS_CODE_PROTOCOL);
		}
	}
	*ret_used = bytes.size - inbox->feed.size;
	inbox->feed = (struct hw_span){NULL, 0};
	return find;
}

static bool is_control(uint8_t opcode)
{
	return opcode >= HW_WS_CLOSE;
}

static enum hw_ws_find chunk_add(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk)
{
	enum hw_ws_find find = HW_WS_FOUND_NONE;
	if (!inbox->is_in_frame) {
		find = frame_begin(inbox, chunk);
	}
	if (find == HW_WS_FOUND_NONE) {
		find = data_add(inbox, chunk);
	}
	if (find == HW_WS_FOUND_NONE && inbox->frame_left == 0) {
		find = frame_end(inbox);
	}
	return find;
}

/* Is this a frame that may come now? */
static bool is_in_order(const struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk)
{
	bool is_first = chunk->opcode == HW_WS_TEXT || chunk->opcode == HW_WS_BINARY;
	bool is_under_way = inbox->message_opcode != 0;
	if (chunk->mask == 0 || wslay_get_rsv2(chunk->rsv) || wslay_get_rsv3(chunk->rsv)) {
		return false;
	}
	if (wslay_get_rsv1(chunk->rsv) && !(inbox->allows_compressed && is_first)) {
		return false;
	}
	if (is_control(chunk->opcode)) {
		return chunk->opcode <= HW_WS_PONG;
	}
	return is_first ? !is_under_way : chunk->opcode == HW_WS_CONTINUATION && is_under_way;
}

static uint64_t head_size(uint64_t payload_size)
{
	static const uint64_t mask_size = 4;
	return mask_size + (payload_size < 126 ? 2 : payload_size < 65536 ? 4 : 10);
}

static enum hw_ws_find frame_begin(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk)
{
	if (!is_in_order(inbox, chunk)) {
		return fault(inbox, HW_WS_CODE_PROTOCOL);
	}
	inbox->is_in_frame = true;
	inbox->is_final = chunk->fin != 0;
	inbox->frame_opcode = chunk->opcode;
	inbox->frame_left = chunk->payload_length;
	if (is_control(chunk->opcode)) {
		inbox->control_size = 0;
	} else if (chunk->opcode != HW_WS_CONTINUATION) {
		inbox->message_opcode = chunk->opcode;
		inbox->message_size = 0;
		inbox->checked_size = 0;
		inbox->is_compressed = wslay_get_rsv1(chunk->rsv) != 0;
	}
	bool is_data = !is_control(chunk->opcode);
	if (is_data && chunk->payload_length > HW_WS_MESSAGE_SIZE_MAX - inbox->message_size) {
		return fault(inbox, HW_WS_CODE_TOO_BIG);
	}
	inbox->framed_size += head_size(chunk->payload_length) + chunk->payload_length;
	return HW_WS_FOUND_NONE;
}

/* What cannot become text is refused as soon as it is seen (8.1). */
static bool is_text_good(struct hw_ws_inbox *inbox, bool is_complete)
{
	if (inbox->message_opcode != HW_WS_TEXT || inbox->is_compressed) {
		return true;
	}
	struct hw_span text = {inbox->message + inbox->checked_size,
			       inbox->message_size - inbox->checked_size};
	int64_t size = hw_utf8_check(text);
	if (size < 0) {
		return false;
	}
	inbox->checked_size += (uint32_t)size;
	return !is_complete || inbox->checked_size == inbox->message_size;
}

static enum hw_ws_find data_add(struct hw_ws_inbox *inbox, const struct wslay_frame_iocb *chunk)
{
	uint32_t size = (uint32_t)chunk->data_length;
	hw_assert(size <= inbox->frame_left);
	inbox->frame_left -= size;
	if (size == 0) {
		return HW_WS_FOUND_NONE;
	}
	if (is_control(inbox->frame_opcode)) {
		hw_assert(size <= HW_WS_CONTROL_SIZE_MAX - inbox->control_size);
		memcpy(inbox->control + inbox->control_size, chunk->data, size);
		inbox->control_size = (uint8_t)(inbox->control_size + size);
		return HW_WS_FOUND_NONE;
	}
	hw_assert(size <= HW_WS_MESSAGE_SIZE_MAX - inbox->message_size);
	memcpy(inbox->message + inbox->message_size, chunk->data, size);
	inbox->message_size += size;
	return is_text_good(inbox, false) ? HW_WS_FOUND_NONE : fault(inbox, HW_WS_CODE_BAD_DATA);
}

static enum hw_ws_find close_found(struct hw_ws_inbox *inbox)
{
	int code = hw_ws_close_parse((struct hw_span){inbox->control, inbox->control_size});
	if (code < 0) {
		return fault(inbox, code == -EILSEQ ? HW_WS_CODE_BAD_DATA : HW_WS_CODE_PROTOCOL);
	}
	inbox->code = (uint16_t)code;
	return HW_WS_FOUND_CLOSE;
}

static enum hw_ws_find frame_end(struct hw_ws_inbox *inbox)
{
	inbox->is_in_frame = false;
	if (inbox->frame_opcode == HW_WS_CLOSE) {
		return close_found(inbox);
	}
	if (is_control(inbox->frame_opcode)) {
		return inbox->frame_opcode == HW_WS_PING ? HW_WS_FOUND_PING : HW_WS_FOUND_PONG;
	}
	if (!inbox->is_final) {
		return HW_WS_FOUND_NONE;
	}
	if (!is_text_good(inbox, true)) {
		return fault(inbox, HW_WS_CODE_BAD_DATA);
	}
	bool is_text = inbox->message_opcode == HW_WS_TEXT;
	inbox->message_opcode = 0;
	return is_text ? HW_WS_FOUND_TEXT : HW_WS_FOUND_BINARY;
}
