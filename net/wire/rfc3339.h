/* SPDX-License-Identifier: Apache-2.0
 *
 * rfc3339.h - moments as JSON has them: "2026-11-25T17:38:00Z"
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: years 1970 to 9999
 */
#ifndef HW_NET_WIRE_RFC3339_H
#define HW_NET_WIRE_RFC3339_H

#include "core/base/span.h"

#define HW_RFC3339_SIZE 20U /* bytes of what is written */

/* hw_rfc3339_write - in UTC and whole seconds, the rest cut off
 * @ret_text  HW_RFC3339_SIZE bytes, the caller's; not terminated. Later than the year 9999: its
 * last second. */
void hw_rfc3339_write(uint64_t unix_ms, char *ret_text);

/* hw_rfc3339_parse - any date-time of RFC 3339, 5.6: a fraction and an offset are understood
 * A leap second is the first of the next day, as in Unix time. Digits behind the ms are cut off.
 * Returns 0; -EINVAL: no such moment, or no offset; -ERANGE: before 1970 or after 9999 in UTC. */
int hw_rfc3339_parse(struct hw_span text, uint64_t *ret_unix_ms) HW_MUST_CHECK;

#endif
