/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan.h - reads small JSON texts where they lie (RFC 8259), strictly
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; what it returns are views of the text
 * Limits: HW_JSON_DEPTH_MAX objects and arrays within each other
 *
 * For texts of a few members that are looked at once. A text is first judged as a whole; after that
 * every question has an answer. Strings are taken to be UTF-8: who asks has checked it.
 */
#ifndef HW_NET_WIRE_JSON_SCAN_H
#define HW_NET_WIRE_JSON_SCAN_H

#include "core/base/span.h"

#define HW_JSON_DEPTH_MAX 32U

/* Is the text one object, and nothing but white space around it? */
bool hw_json_is_object(struct hw_span text);
/* The first member of this name (as it is written between the quotes) of an object that
 * hw_json_is_object() liked. @ret_value: the value as it stands, without white space around it. */
bool hw_json_find(struct hw_span object, struct hw_span name, struct hw_span *ret_value);
/* hw_json_string - the string that a value is, with its escapes undone
 * Returns its size; -EINVAL: it is no string, or has half a surrogate pair; -ENAMETOOLONG. */
int hw_json_string(struct hw_span value, char *ret_bytes, uint32_t capacity) HW_MUST_CHECK;

#endif
