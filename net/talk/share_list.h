/* SPDX-License-Identifier: Apache-2.0
 *
 * share_list.h - GET /api/v1/shares: all of them, newest first, for the operator
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (share_talk.h)
 *
 * ?before= is the cursor that the page before ended with.
 */
#ifndef HW_NET_TALK_SHARE_LIST_H
#define HW_NET_TALK_SHARE_LIST_H

#include "net/talk/share_talk.h"

void hw_share_list_begin(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
