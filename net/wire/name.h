/* SPDX-License-Identifier: Apache-2.0
 *
 * name.h - which file names we take
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing
 * Limits: HW_NAME_SIZE_MAX bytes
 *
 * A name is for people: it is shown, and given to the receiver's computer, which makes a file of
 * it. It never becomes a path here. So a name is refused, and never repaired, when it could lead
 * out of a folder on any system, or read as something that it is not. The backslash is a separator
 * to Windows and to its ZIP programs.
 */
#ifndef HW_NET_WIRE_NAME_H
#define HW_NET_WIRE_NAME_H

#include "core/base/limits.h"
#include "core/base/span.h"

enum hw_name_verdict {
	HW_NAME_GOOD = 0,
	HW_NAME_EMPTY,
	HW_NAME_TOO_LONG,   /* more than HW_NAME_SIZE_MAX bytes once decoded */
	HW_NAME_BAD_ESCAPE, /* a broken percent escape (hw_name_clean only) */
	HW_NAME_NOT_UTF8,   /* overlong forms and surrogates included */
	HW_NAME_SEPARATOR,  /* a slash or a backslash, escaped or not */
	HW_NAME_CONTROL,    /* NUL, C0, DEL, C1, U+2028, U+2029 */
	HW_NAME_DIRECTION,  /* U+202A..U+202E, U+2066..U+2069: "exe" is shown as something else */
	HW_NAME_DOTS,       /* "." or ".." */
	HW_NAME_VERDICT_COUNT
};

/* hw_name_judge - whether these bytes, nothing escaped in them, may be a file's name
 * The first fault in the order of the bytes is told; size and dots are judged before. */
enum hw_name_verdict hw_name_judge(struct hw_span name);

/* hw_name_clean - a file's name out of one segment of a URL's path
 * @segment  lent; percent escapes in it
 * @ret_name HW_NAME_SIZE_MAX bytes, the caller's; @ret_size bytes in it; not terminated
 * Both are of meaning only when GOOD. */
enum hw_name_verdict hw_name_clean(struct hw_span segment, char *ret_name, uint32_t *ret_size);

/* One plain sentence for the client; static; NULL for GOOD. */
const char *hw_name_reason(enum hw_name_verdict verdict);

#endif
