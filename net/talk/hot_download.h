/* SPDX-License-Identifier: Apache-2.0
 *
 * hot_download.h - GET and HEAD of a small file out of memory (object_cache.h): no catalog, no disk
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from its pool)
 * Owns: while it is sent, a hold on the object
 *
 * Only what needs no further look is answered here: a whole file, of a share that everybody with
 * the link may have as often as they like, that nobody follows, while no limits for each client are
 * configured. All else is a download's business, which also fills the cache.
 */
#ifndef HW_NET_TALK_HOT_DOWNLOAD_H
#define HW_NET_TALK_HOT_DOWNLOAD_H

#include "net/talk/talk.h"

struct hw_hot_download {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_object *object; /* held */
};

/* May this request be answered from the cache, or what it brings kept there? It asks for all of a
 * file, without conditions. */
bool hw_hot_download_is_plain(const struct hw_talks *talks, const struct hw_http_conn *conn);
/* hw_hot_download_prepare - room in the cache for what the request found, if it should be kept
 * @file: the answer to a LOOKUP. @fields: of the head. @revision: from before the LOOKUP. NULL: it
 * is not for everybody, or as hw_object_prepare() says. */
struct hw_object *hw_hot_download_prepare(struct hw_talks *talks, const struct hw_http_conn *conn,
					  const struct hw_catalog_request *file,
					  struct hw_span fields, uint64_t revision);
/* Returns false, having done nothing, when the request is not for us. */
bool hw_hot_download_begin(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
