/* SPDX-License-Identifier: Apache-2.0
 *
 * decimal.h - a number as protocols write sizes: decimal digits and nothing else
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_DECIMAL_H
#define HW_NET_WIRE_DECIMAL_H

#include "core/base/span.h"

/* hw_decimal_parse - no sign, no space, no other base; zeros before it are harmless
 * @max  the greatest number that is taken
 * Returns 0; -EINVAL: empty, or a byte that is no digit; -ERANGE: digits, but more than @max.
 * *ret_number is untouched on failure. */
int hw_decimal_parse(struct hw_span text, uint64_t max, uint64_t *ret_number) HW_MUST_CHECK;

#endif
