/* SPDX-License-Identifier: Apache-2.0
 *
 * share_talk.h - what talks about shares have in common: who asks, what is wished, the answer
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pools of shares
 * and of texts)
 * Owns: a text while there is a body or an answer
 * Limits: HW_SHARES_MAX, HW_TEXTS_MAX; more are answered 503 with Retry-After
 *
 *	take -> [wish -> password] -> (the catalog) -> send | fail | refuse
 *
 * Each talk about shares is a file that begins with take; whichever of the last three it calls, the
 * object is free afterwards, or when the answer is sent.
 */
#ifndef HW_NET_TALK_SHARE_TALK_H
#define HW_NET_TALK_SHARE_TALK_H

#include "net/talk/admission.h"
#include "net/talk/reply.h"
#include "net/talk/report.h"
#include "net/talk/text_body.h"
#include "net/wire/base32.h"

/* A share as JSON, with the texts that are made for it. */
struct hw_share_row {
	struct hw_share_json_share json;
	char id[HW_SHARE_ID_TEXT_SIZE];
	char url[HW_SHARE_URL_SIZE_MAX];
};

struct hw_share_talk;
typedef void hw_share_talk_fn(struct hw_share_talk *talk);

struct hw_share_talk {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_catalog_request request;
	struct hw_share share; /* request.share */
	struct hw_share_wish wish;
	struct hw_text_body body;      /* its text is the answer's too */
	hw_share_talk_fn *done;        /* of wish and password */
	struct hw_admission admission; /* its password: to be hashed, or to be checked */
	struct hw_notice notice;       /* change: the share's followers hear of it */
	uint32_t send_tries;
	bool is_change;
	bool is_retried;              /* create: the id was taken */
	bool is_text;                 /* read: links, not JSON */
	uint8_t token[HW_TOKEN_SIZE]; /* create: the owner's */
};

/* Who asks, out of the head: the owner's token, or the operator's. Returns false when neither
 * came. */
bool hw_share_talk_asker(const struct hw_talks *talks, const struct hw_http_conn *conn,
			 struct hw_catalog_request *ret_request);

/* NULL: the request is answered. */
struct hw_share_talk *hw_share_talk_take(struct hw_talks *talks, struct hw_http_conn *conn);
void hw_share_talk_free(struct hw_share_talk *talk);

/* The body, as a wish; what is wrong with it is answered, and then @done does not run. The head is
 * released. */
void hw_share_talk_wish(struct hw_share_talk *talk, bool is_change, hw_share_talk_fn *done);
/* The wish's password, hashed, into the share's policy; likewise. Without one @done runs now. */
void hw_share_talk_password(struct hw_share_talk *talk, hw_share_talk_fn *done);
/* Why a file cannot come into a share. */
void hw_share_reply_errno(struct hw_http_conn *conn, int error);
bool hw_share_wishes_password(const struct hw_share_wish *wish);

/* The share as it is written as JSON, for its owner and without a token; what the spans of @ret_row
 * point to is @share's and its own. */
void hw_share_talk_row(const struct hw_share_talk *talk, const struct hw_share *share,
		       struct hw_share_row *ret_row);
/* The link to hand out, ".../s/id" or with its own name. */
void hw_share_talk_url_write(const struct hw_share_talk *talk, const struct hw_share *share,
			     struct hw_http_writer *writer);
/* ".../s/id/name" */
void hw_share_talk_file_url_write(const struct hw_share_talk *talk, const struct hw_share *share,
				  struct hw_span name, struct hw_http_writer *writer);

/* The head with its length and type, into the reply buffer, for further fields. */
void hw_share_talk_head(struct hw_share_talk *talk, uint32_t status, uint32_t size,
			struct hw_http_writer *ret_head);
/* End the head, and send the text's first @size bytes. */
void hw_share_talk_send(struct hw_share_talk *talk, struct hw_http_writer *head, uint32_t size);
/* The share alone, for its owner; the text was taken before. @token: size 0 but of a new one. */
void hw_share_talk_answer(struct hw_share_talk *talk, uint32_t status, struct hw_span token);
void hw_share_talk_fail(struct hw_share_talk *talk, int error);
/* @sentence: copied. */
void hw_share_talk_refuse(struct hw_share_talk *talk, uint32_t status, const char *sentence);

#endif
