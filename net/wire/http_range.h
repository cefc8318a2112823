/* SPDX-License-Identifier: Apache-2.0
 *
 * http_range.h - the Range field against a file of known size (RFC 9110, 14)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: HW_RANGE_COUNT_MAX ranges; a request for more is answered with the whole file
 *
 * Whoever asks must first have found that the answer would be 200 to a GET, and that If-Range
 * allows it (http_etag.h).
 */
#ifndef HW_NET_WIRE_HTTP_RANGE_H
#define HW_NET_WIRE_HTTP_RANGE_H

#include "core/base/limits.h"
#include "core/base/span.h"

enum hw_http_range_verdict {
	HW_HTTP_RANGE_NONE = 0,      /* ignore the field: 200 and the whole file */
	HW_HTTP_RANGE_SATISFIABLE,   /* 206 with set->count >= 1 parts */
	HW_HTTP_RANGE_UNSATISFIABLE, /* 416 and "Content-Range: bytes (star)/size" */
	HW_HTTP_RANGE_VERDICT_COUNT
};

struct hw_http_range {
	uint64_t first; /* offset of the first byte */
	uint64_t last;  /* offset of the last byte, < size */
};

struct hw_http_range_set {
	uint32_t count;
	struct hw_http_range ranges[HW_RANGE_COUNT_MAX];
};

/* hw_http_range_parse - what a Range value asks of a file
 * @value  lent; one field's value ("bytes=0-99,-5"). A request with two Range fields has none:
 *         the caller ignores both.
 * @size   bytes of the file
 * @ret_set  written when SATISFIABLE; disjoint, not even touching, in the order asked
 *
 * NONE: another unit, a fault in the syntax, last < first, more than HW_RANGE_COUNT_MAX ranges,
 * more than one overlap (RFC 9110, 14.2 lets a server ignore those: they cost us and help nobody),
 * or a file of zero bytes asked for its end (satisfiable by the RFC, but no 206 can say it). One
 * overlap is merged, and so are neighbours without a gap, into the place of the earlier one (RFC
 * 9110, 15.3.7.2). Ranges that begin behind the end are dropped; when all are: UNSATISFIABLE.
 * Numbers of any length are understood. Thread: any. */
enum hw_http_range_verdict hw_http_range_parse(struct hw_span value, uint64_t size,
					       struct hw_http_range_set *ret_set);

#endif
