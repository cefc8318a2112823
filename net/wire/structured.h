/* SPDX-License-Identifier: Apache-2.0
 *
 * structured.h - items of structured fields (RFC 9651): booleans and integers
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 *
 * Parameters behind an item are read strictly and forgotten. A value that breaks the syntax
 * anywhere is no value at all: the RFC wants the whole field ignored then.
 */
#ifndef HW_NET_WIRE_STRUCTURED_H
#define HW_NET_WIRE_STRUCTURED_H

#include "core/base/span.h"

/* Fifteen digits are what the RFC lets an integer have. */
#define HW_STRUCTURED_INTEGER_MAX UINT64_C(999999999999999)

/* "?1" or "?0". Returns 0 or -EINVAL; *ret_value is untouched on failure. */
int hw_structured_boolean(struct hw_span value, bool *ret_value) HW_MUST_CHECK;

/* An integer that is not negative ("-0" is 0). Returns 0 or -EINVAL, as above. */
int hw_structured_count(struct hw_span value, uint64_t *ret_value) HW_MUST_CHECK;

#endif
