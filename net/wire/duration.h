/* SPDX-License-Identifier: Apache-2.0
 *
 * duration.h - a span of time as people write it: "24h", "7d", "never"
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: HW_DURATION_MAX_MS
 */
#ifndef HW_NET_WIRE_DURATION_H
#define HW_NET_WIRE_DURATION_H

#include "core/base/span.h"

/* A hundred years: added to any clock that is right, it is still a year of four digits. */
#define HW_DURATION_MAX_MS UINT64_C(3153600000000)
#define HW_DURATION_NEVER  UINT64_MAX

/* hw_duration_parse - a number and one of s, m, h, d, w; a bare number is seconds; or "never"
 * Nothing else: no space, sign, fraction, other case or second unit.
 * @ret_ms  1000..HW_DURATION_MAX_MS, or HW_DURATION_NEVER; untouched on failure
 * Returns 0; -EINVAL; -ERANGE: longer than the limit, or 0, which some take for "at once" and some
 * for "never". */
int hw_duration_parse(struct hw_span text, uint64_t *ret_ms) HW_MUST_CHECK;

/* What hw_duration_parse takes, as the end of a sentence; static. */
#define HW_DURATION_HINT "a time such as 90s, 30m, 24h, 7d or 2w, a number of seconds, or never"

#endif
