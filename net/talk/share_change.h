/* SPDX-License-Identifier: Apache-2.0
 *
 * share_change.h - PATCH /api/v1/shares/{id}: its owner, or the operator, thinks otherwise
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (share_talk.h)
 */
#ifndef HW_NET_TALK_SHARE_CHANGE_H
#define HW_NET_TALK_SHARE_CHANGE_H

#include "net/talk/share_talk.h"

/* @id: a segment of the path. */
void hw_share_change_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);

#endif
