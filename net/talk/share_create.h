/* SPDX-License-Identifier: Apache-2.0
 *
 * share_create.h - POST /api/v1/shares: a link that works before a byte was uploaded
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (share_talk.h)
 */
#ifndef HW_NET_TALK_SHARE_CREATE_H
#define HW_NET_TALK_SHARE_CREATE_H

#include "net/talk/share_talk.h"

void hw_share_create_begin(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
