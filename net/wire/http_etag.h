/* SPDX-License-Identifier: Apache-2.0
 *
 * http_etag.h - If-Match, If-None-Match and If-Range against our strong tag (RFC 9110, 13.1)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 *
 * @etag is the opaque part without its quotes: the 64 hex digits of the file root. Size 0 says that
 * there is no file yet, so that no tag and no star matches.
 *
 * A list that breaks the syntax matches as far as it was understood and no further: If-Match then
 * refuses, If-None-Match and If-Range then send the whole file; none of them can do harm.
 */
#ifndef HW_NET_WIRE_HTTP_ETAG_H
#define HW_NET_WIRE_HTTP_ETAG_H

#include "net/wire/http_request.h"

/* The tag and its quotes; what ETag carries. */
#define HW_HTTP_ETAG_SIZE (2U * HW_HASH_SIZE)

/* hw_http_etag_list_has - whether one field's value names the tag
 * @is_weak_good  true: W/"x" matches "x" (If-None-Match); false: it never does (If-Match) */
bool hw_http_etag_list_has(struct hw_span value, struct hw_span etag, bool is_weak_good);

/* If-Match: true when absent or when any of its lines has the tag; false: answer 412. */
bool hw_http_etag_if_match(const struct hw_http_request *request, const char *bytes,
			   struct hw_span etag);

/* If-None-Match: true when absent or when none has the tag; false: answer 304 (GET, HEAD) or 412.
 */
bool hw_http_etag_if_none_match(const struct hw_http_request *request, const char *bytes,
				struct hw_span etag);

/* If-Range: true when absent or exactly our tag: Range counts; false: ignore Range. */
bool hw_http_etag_if_range(const struct hw_http_request *request, const char *bytes,
			   struct hw_span etag);

#endif
