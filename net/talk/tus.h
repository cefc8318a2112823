/* SPDX-License-Identifier: Apache-2.0
 *
 * tus.h - resumable uploads as tus 1.0.0 has them: what its conversations share
 *
 * Room: net/talk    Thread: reactor    Blocks: never
 * Allocates: never (from the pools of uploads and of queries), but for SHA-1: tus_digest.h
 * Owns: its intake
 *
 *   OPTIONS, HEAD, DELETE   tus_query.c        POST   tus_create.c        PATCH   tus_patch.c
 *
 * The standard: https://tus.io/protocols/resumable-upload, version 1.0.0, with creation,
 * creation-with-upload, creation-defer-length, checksum, expiration, termination, concatenation.
 */
#ifndef HW_NET_TALK_TUS_H
#define HW_NET_TALK_TUS_H

#include "net/talk/admission.h"
#include "net/talk/evict.h"
#include "net/talk/intake.h"
#include "net/talk/report.h"
#include "net/talk/tus_digest.h"
#include "net/talk/tus_parts.h"
#include "net/wire/tus_head.h"

/* A question to the catalog about one upload, asked again while another connection lets go of
 * it. */
struct hw_tus_query {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_catalog_request request;
	struct hw_upload upload;
	struct hw_evict evict;
	struct hw_report report; /* of the upload; what follows its share hears */
	enum hw_catalog_verb verb;
	/* request.res, or -EBUSY: it was not let go of. */
	void (*answered)(struct hw_tus_query *query, int res);
};

enum hw_tus_state {
	HW_TUS_FREE = 0,
	HW_TUS_ASKING,   /* the catalog wakes it */
	HW_TUS_TAKING,   /* the intake wakes it */
	HW_TUS_LEAVING,  /* the catalog wakes it: the upload is left, for an answer says no */
	HW_TUS_REPLYING, /* the answer is being sent */
	HW_TUS_TELLING,  /* the share's followers hear of the end; their room wakes it */
	HW_TUS_STATE_COUNT,
};

/* A request that brings bytes, in either protocol: resume.h is the other. */
struct hw_tus {
	struct hw_intake intake; /* first: it is page-aligned */
	struct hw_tus_query query;
	struct hw_admission admission;
	struct hw_notice notice;
	struct hw_tus_digest digest;
	struct hw_tus_parts *concat; /* the bytes come from other uploads; else NULL */
	uint64_t begun_us;
	uint64_t offset;    /* where the client says that it goes on */
	uint64_t length;    /* what it says of the length, or HW_LENGTH_UNKNOWN */
	uint64_t body_size; /* or HW_LENGTH_UNKNOWN */
	uint64_t promised_size;
	enum hw_tus_state state;
	uint32_t refusal;     /* status of the answer, once the upload is left */
	const char *sentence; /* of it */
	const char *problem;  /* of it, as the draft calls it; or NULL */
	bool is_creation;     /* the answer is 201 with Location */
	bool is_live;         /* nothing of it is stored */
	bool is_draft;        /* it speaks the draft: the rest is never true else */
	bool is_last;         /* the file ends where the body does */
	bool wants_interim;   /* it understands 104 */
	bool has_notice;      /* followers are to hear that there is a file more */
	void (*entered)(struct hw_tus *tus);
};

/* -- tus_query.c -- */

void hw_tus_options(struct hw_talks *talks, struct hw_http_conn *conn);
/* HEAD and DELETE. @id: a segment of the path. */
void hw_tus_query_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);
/* The same once the protocol is known: the end of the upload, or @answered, which gives the query
 * back to its pool. */
void hw_tus_query_take(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		       bool is_end, void (*answered)(struct hw_tus_query *query, int res));
/* Ask @verb with query->request and answer with answered(); -EBUSY and, for UPLOAD_GET, a home:
 * whoever has the upload is made to let go first. */
void hw_tus_ask(struct hw_tus_query *query, enum hw_catalog_verb verb);
/* From a segment of the path; what is no id becomes one that is never there. */
void hw_tus_id_parse(struct hw_tus_query *query, struct hw_span id);
/* The request's tus fields, judged; false: the answer was sent. */
bool hw_tus_head_judge(struct hw_http_conn *conn, struct hw_tus_head *ret_head);
/* The answer to what the catalog or the intake said no to. */
void hw_tus_reply_errno(struct hw_http_conn *conn, int error);
/* Upload-Expires, where there is anything to expire. */
void hw_tus_write_expires(struct hw_http_writer *head, const struct hw_upload *upload);
void hw_tus_write_location(struct hw_http_writer *head, const struct hw_upload *upload);

/* -- tus_create.c -- */

/* @id: the share's segment of the path. */
void hw_tus_create_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);
/* Make a file for @tus, whose request has its name: of tus->length, in the share @id (a segment of
 * the path). Then come the bytes, and the answer. */
void hw_tus_create(struct hw_tus *tus, struct hw_span id, const uint8_t owner_hash[HW_HASH_SIZE]);
/* The hash of the token that came; false: 401 was answered. */
bool hw_tus_owner(struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE]);
/* For who says no name. */
void hw_tus_name_random(struct hw_catalog_request *request);
/* What its parts made did not come to an end: it is forgotten, and @error answered. */
void hw_tus_final_failed(struct hw_tus *tus, int error);

/* -- tus_patch.c -- */

void hw_tus_patch_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);
/* An object, with the store's promise for the request's body; NULL: the answer was sent. */
struct hw_tus *hw_tus_take(struct hw_talks *talks, struct hw_http_conn *conn);
/* Find the upload @id (a segment of the path), make it ours, and go on with it. */
void hw_tus_open(struct hw_tus *tus, struct hw_span id);
/* Bytes will come: @entered when the client may send them; else the request is answered, and the
 * object free. */
void hw_tus_enter(struct hw_tus *tus, void (*entered)(struct hw_tus *tus));
/* The upload is known: those who follow its share hear of it. While the request's head is there. */
void hw_tus_report_begin(struct hw_tus_query *query);
/* The upload is ours, at @query->upload: take the body. */
void hw_tus_receive(struct hw_tus *tus);
/* The intake failed; the answer is @error's. For who has something to do before it. */
void hw_tus_failed_reply(struct hw_tus *tus, int error);
/* Say no: @sentence is a literal. */
void hw_tus_refuse(struct hw_tus *tus, uint32_t status, const char *sentence);
/* The same of an upload that was just made, and is forgotten. */
void hw_tus_abandon(struct hw_tus *tus, uint32_t status, const char *sentence);
/* 201 or 204, with the offset. */
void hw_tus_reply(struct hw_tus *tus);
/* The object, its promise and its place among its client's go back; it may be told of its end
 * before. */
void hw_tus_free(struct hw_tus *tus);

#endif
