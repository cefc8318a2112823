/* SPDX-License-Identifier: Apache-2.0
 *
 * may.h - who may do what: the operator's policy and the tokens it gave away
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 *
 * All of these look at the request's head. A token is HW_TOKEN_SIZE random bytes as base64url, in
 * Authorization: Bearer; it is hashed and the hashes are compared in constant time.
 */
#ifndef HW_NET_TALK_MAY_H
#define HW_NET_TALK_MAY_H

#include "core/gate/tokens.h"
#include "net/talk/talk.h"

/* The hash of the token that came with the request. Returns false when none did. What is no token
 * of ours hashes to something that matches nothing. */
bool hw_may_bearer(const struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE]);
/* What the operator gave the client: HW_TOKEN_NONE when it says nothing that we know. */
enum hw_token_kind hw_may_token(const struct hw_talks *talks, const struct hw_http_conn *conn);
static inline bool hw_may_operate(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	return hw_may_token(talks, conn) == HW_TOKEN_OPERATOR;
}

/* May files and shares be made by who asks? */
bool hw_may_begin(const struct hw_talks *talks, const struct hw_http_conn *conn);
/* The same; when not, the request is answered (401, 403) and the caller forgets it. */
bool hw_may_upload(const struct hw_talks *talks, struct hw_http_conn *conn);

#endif
