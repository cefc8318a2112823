/* SPDX-License-Identifier: Apache-2.0
 *
 * uri.h - paths, queries and percent escapes (RFC 3986)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 *
 * A path is first cut at its slashes and then decoded, segment by segment, once: so an escaped
 * slash can never cut, and "%252e" is the name "%2e".
 */
#ifndef HW_NET_WIRE_URI_H
#define HW_NET_WIRE_URI_H

#include "core/base/span.h"

/* What a decoded text may hold besides the usual. */
#define HW_URI_SLASH         1U /* "%2F" is a slash */
#define HW_URI_CONTROL       2U /* bytes < 0x20 and 0x7f */
#define HW_URI_PLUS_IS_SPACE 4U /* as forms encode a query */
#define HW_URI_NUL           8U /* only for callers who judge every byte themselves */

/* hw_uri_split - cut a target at its first "?"
 * @ret_query: without the "?"; size 0 when there is none. Both lent from @target. */
void hw_uri_split(struct hw_span target, struct hw_span *ret_path, struct hw_span *ret_query);

/* hw_uri_segment_next - the next segment of a path, still escaped
 * @path  begins with "/" or is empty; shortened by what was taken. "/a//b/" is "a", "", "b", "".
 * Returns false at the end, or when what is left does not begin with "/". */
bool hw_uri_segment_next(struct hw_span *path, struct hw_span *ret_segment);

/* hw_uri_decode - undo percent escapes, once
 * @flags  HW_URI_*; @ret_bytes  @capacity bytes, the caller's; not terminated
 * Returns the size, -EINVAL (broken escape, a NUL, slash or control not allowed by @flags), or
 * -ENAMETOOLONG (capacity). What is in @ret_bytes after a failure is of no meaning. */
int hw_uri_decode(struct hw_span raw, uint32_t flags, char *ret_bytes,
		  uint32_t capacity) HW_MUST_CHECK;

/* hw_uri_query_find - the first "name=value" of a query; @name is compared as it stands
 * @ret_value  still escaped; size 0 for "name" and "name=". Returns false when there is none. */
bool hw_uri_query_find(struct hw_span query, struct hw_span name, struct hw_span *ret_value);

/* hw_uri_encode - escape all but RFC 3986's unreserved characters: fit for one path segment
 * Returns the size, at most 3 * raw.size, or -ENAMETOOLONG (capacity). */
int hw_uri_encode(struct hw_span raw, char *ret_bytes, uint32_t capacity) HW_MUST_CHECK;

#endif
