/* SPDX-License-Identifier: Apache-2.0
 *
 * bearer.h - the token that a request carries, as the hash it is known by
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_BEARER_H
#define HW_NET_TALK_BEARER_H

#include "net/conn/http_conn.h"

/* "Authorization: Bearer <token>" (RFC 6750). Returns false when there is none. What is no token of
 * ours hashes to something that matches nothing. */
bool hw_bearer_hash(const struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE]);

#endif
