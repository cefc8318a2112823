/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics_json.h - the daemon's figures for the operator's page: now, the last hour, what is moving
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (a page from the pool)
 * Owns: its page until the answer is sent
 * Limits: HW_PAGE_TEXT_SIZE_MAX; transfers that do not fit are left out, and it is said
 *
 * Figures are for everybody, as /metrics is. Which files are moving is for operators: a share's id
 * is the right to read it. Those are on all reactors, so the page travels: by mail from one to the
 * next, each of which writes what it moves, and home again.
 */
#ifndef HW_NET_TALK_METRICS_JSON_H
#define HW_NET_TALK_METRICS_JSON_H

#include "net/talk/talk.h"

/* GET /metrics/json. Takes the request over. */
void hw_metrics_json_begin(struct hw_talks *talks, struct hw_http_conn *conn);
/* GET /api/v1/cluster: who is in it; this node alone. Takes the request over. */
void hw_cluster_json_reply(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
