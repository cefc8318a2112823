/* SPDX-License-Identifier: Apache-2.0
 *
 * remove.h - DELETE of a file, or of a share of one, by its owner or an operator
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of
 * removals)
 */
#ifndef HW_NET_TALK_REMOVE_H
#define HW_NET_TALK_REMOVE_H

#include "net/talk/talk.h"

struct hw_removal {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_catalog_request request;
};

void hw_remove_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
		     struct hw_span name);

#endif
