/* SPDX-License-Identifier: Apache-2.0
 *
 * share_end.h - DELETE /api/v1/shares/{id}: the share and all its files
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of
 * removals)
 */
#ifndef HW_NET_TALK_SHARE_END_H
#define HW_NET_TALK_SHARE_END_H

#include "net/talk/talk.h"

/* @id: a segment of the path. */
void hw_share_end_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);

#endif
