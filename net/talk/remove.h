/* SPDX-License-Identifier: Apache-2.0
 *
 * remove.h - DELETE of a file, or of a share of one, by its owner or an operator
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of
 * removals)
 */
#ifndef HW_NET_TALK_REMOVE_H
#define HW_NET_TALK_REMOVE_H

#include "net/talk/report.h"
#include "net/talk/talk.h"

struct hw_removal {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_catalog_request request;
	struct hw_notice notice;
};

/* It is done: followers hear of it as @kind, then 204; and the removal is free. */
void hw_removal_end(struct hw_removal *removal, enum hw_notice_kind kind);

void hw_remove_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		     struct hw_span name);

#endif
