/* SPDX-License-Identifier: Apache-2.0
 *
 * share_read.h - GET and HEAD of a share: what is known of it, and its files, page by page
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (share_talk.h)
 *
 * ?after=NAME is the next page. Who has the owner's token is told more than a stranger; and of a
 * share with a password a stranger is told nothing.
 */
#ifndef HW_NET_TALK_SHARE_READ_H
#define HW_NET_TALK_SHARE_READ_H

#include "net/talk/share_talk.h"

/* GET /api/v1/shares/{id}. @id: a segment of the path. */
void hw_share_read_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id);
/* GET /s/{id} of a share that has not one file but several, or none: the same as JSON for who
 * accepts that, else one link a line. @asked: its share_id and link_name are copied. */
void hw_share_read_links(struct hw_talks *talks, struct hw_http_conn *conn,
			 const struct hw_catalog_request *asked);

#endif
