/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> (wait) -> came: a byte is there -> a text -> (recv) -> came -> ... -> done
 */
#include "net/talk/text_body.h"

#include <errno.h>
#include <string.h>

static void receive(struct hw_text_body *body);

void hw_text_body_begin(struct hw_text_body *body, struct hw_talks *talks,
			struct hw_http_conn *conn, hw_text_body_fn *done)
{
	body->talks = talks;
	body->conn = conn;
	body->text = NULL;
	body->done = done;
	body->size = 0;
	hw_http_conn_body_wait(conn);
}

struct hw_span hw_text_body_span(const struct hw_text_body *body)
{
	return (struct hw_span){body->text != NULL ? body->text->bytes : NULL, body->size};
}

bool hw_text_body_take(struct hw_text_body *body)
{
	if (body->text == NULL) {
		body->text = hw_pool_take(&body->talks->texts);
		body->size = 0;
	}
	return body->text != NULL;
}

void hw_text_body_wipe(struct hw_text_body *body)
{
	if (body->text != NULL) {
		explicit_bzero(body->text->bytes, body->size);
	}
	body->size = 0;
}

void hw_text_body_end(struct hw_text_body *body)
{
	hw_text_body_wipe(body);
	if (body->text != NULL) {
		hw_pool_give(&body->talks->texts, hw_move(&body->text));
	}
}

/* The first byte is there, or there will be none. */
static void first_came(struct hw_text_body *body, int res)
{
	if (res == 0) {
		body->done(body, 0);
		return;
	}
	if (!hw_text_body_take(body)) {
		body->done(body, -ENOBUFS);
		return;
	}
	body->begun_us = body->talks->reactor->now_us;
	receive(body);
}

void hw_text_body_came(struct hw_text_body *body, int res)
{
	if (res < 0) {
		body->done(body, res == -EBADMSG ? -EPROTO : res);
		return;
	}
	if (body->text == NULL) {
		first_came(body, res);
		return;
	}
	uint64_t held_us = body->talks->reactor->now_us - body->begun_us;
	body->size += (uint32_t)res;
	if (body->size > HW_TEXT_SIZE_MAX) {
		body->done(body, -EMSGSIZE);
	} else if (!hw_http_conn_has_body(body->conn)) {
		body->done(body, 0);
	} else if (held_us > HW_TEXT_PATIENCE_MS * UINT64_C(1000)) {
		body->done(body, -ETIMEDOUT);
	} else {
		receive(body);
	}
}

static void receive(struct hw_text_body *body)
{
	hw_http_conn_body_recv(body->conn, (uint8_t *)body->text->bytes + body->size,
			       (uint32_t)sizeof(body->text->bytes) - body->size);
}
