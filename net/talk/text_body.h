/* SPDX-License-Identifier: Apache-2.0
 *
 * text_body.h - a small body of a request, whole, in a buffer from a pool
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of texts)
 * Owns: its text, from the first byte that came until hw_text_body_end()
 * Limits: HW_TEXT_SIZE_MAX bytes; HW_TEXT_PATIENCE_MS from the first byte to the last; HW_TEXTS_MAX
 * of them
 *
 * Until a byte is there no buffer is held, and afterwards not for long: who says little by little
 * what it wants of a share does not keep others from saying it.
 */
#ifndef HW_NET_TALK_TEXT_BODY_H
#define HW_NET_TALK_TEXT_BODY_H

#include "net/talk/talk.h"
#include "net/wire/share_wish.h"

#define HW_TEXT_SIZE_MAX    HW_SHARE_WISH_SIZE_MAX
#define HW_TEXT_PATIENCE_MS 10000U
#define HW_TEXT_FILES_MAX   96U /* rows of one page of a list */
#define HW_TEXT_SHARES_MAX  24U

/* A body on its way in, or a list on its way out with the rows that it is made of. */
struct hw_text {
	char bytes[HW_TEXT_SIZE_MAX + 1U]; /* one more shows that there are too many */
	union {
		struct hw_share_file files[HW_TEXT_FILES_MAX];
		struct hw_share shares[HW_TEXT_SHARES_MAX];
	};
};

struct hw_text_body;
typedef void hw_text_body_fn(struct hw_text_body *body, int res);

/* Embedded in its owner. */
struct hw_text_body {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_text *text; /* NULL: none is held */
	hw_text_body_fn *done;
	uint64_t begun_us; /* the first byte was there */
	uint32_t size;     /* bytes of text that are the body */
};

/* Take all of the request's body; its head is released. The owner hands body_done of its handler on
 * to hw_text_body_came().
 * @done  from a later turn: 0, also without a body (text is NULL then); -EMSGSIZE too large,
 * -ETIMEDOUT, -EPROTO, -ENOBUFS no text is free, or the connection's error. */
void hw_text_body_begin(struct hw_text_body *body, struct hw_talks *talks,
			struct hw_http_conn *conn, hw_text_body_fn *done);
void hw_text_body_came(struct hw_text_body *body, int res);
/* What was received. */
struct hw_span hw_text_body_span(const struct hw_text_body *body);
/* A text without a body, for an answer; false: none is free. One that is held already is kept. */
bool hw_text_body_take(struct hw_text_body *body) HW_MUST_CHECK;
/* What was received is forgotten: there may be a password in it. The text is kept. */
void hw_text_body_wipe(struct hw_text_body *body);
/* The text goes back, wiped. Idempotent. */
void hw_text_body_end(struct hw_text_body *body);

#endif
