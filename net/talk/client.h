/* SPDX-License-Identifier: Apache-2.0
 *
 * client.h - whose request this is, as far as it can be known
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_CLIENT_H
#define HW_NET_TALK_CLIENT_H

#include "net/talk/talk.h"

/* The peer's address, or what a trusted proxy says of it. size 0: not known (the kernel cannot
 * tell). While the request's head is there. */
struct hw_address hw_client_of(const struct hw_talks *talks, const struct hw_http_conn *conn);

/* Who the client is in its share's room: Hawser-Client, or ?client=. False: it has not said. While
 * the request's head is there. */
bool hw_client_id_of(const struct hw_http_conn *conn, uint8_t ret_id[HW_CLIENT_ID_SIZE]);

#endif
