/* SPDX-License-Identifier: Apache-2.0
 *
 * put.h - PUT /{name}: a raw body becomes a share of one file, as its fields wish it
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of uploads)
 * Owns: its intake
 */
#ifndef HW_NET_TALK_PUT_H
#define HW_NET_TALK_PUT_H

#include "net/talk/admission.h"
#include "net/talk/intake.h"

enum hw_put_state {
	HW_PUT_FREE = 0,
	HW_PUT_ENTERING, /* the client's limits are looked at; the catalog's thread wakes it */
	HW_PUT_ASKING,   /* the catalog wakes it: is the link's name free? */
	HW_PUT_HASHING,  /* the thread of the passwords wakes it */
	HW_PUT_TAKING,   /* the intake wakes it */
	HW_PUT_REPLYING, /* the link is being sent */
	HW_PUT_STATE_COUNT,
};

struct hw_put {
	struct hw_intake intake; /* first: it is page-aligned */
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_share share;         /* as the header fields wish it */
	struct hw_admission admission; /* its password: to be hashed */
	uint64_t begun_us;
	uint64_t length; /* bytes announced, or HW_LENGTH_UNKNOWN */
	uint64_t promised_size;
	uint32_t name_size;
	char name[HW_NAME_SIZE_MAX];
	enum hw_put_state state;
	bool has_password;
	uint8_t token[HW_TOKEN_SIZE];
};

/* Does a PUT say how long its body is, and bring all of it? Returns false when it was told. */
bool hw_put_is_whole(struct hw_http_conn *conn);

/* @conn: a request with method PUT; @segment: the only segment of its path, escaped. */
void hw_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span segment);

#endif
