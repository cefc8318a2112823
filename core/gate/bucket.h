/* SPDX-License-Identifier: Apache-2.0
 *
 * bucket.h - so many a minute, all at once or one after the other
 *
 * Room: core/gate    Thread: its owner's    Blocks: never    Allocates: never
 * Owns: nothing; embedded in what is limited, all zero is full
 */
#ifndef HW_CORE_GATE_BUCKET_H
#define HW_CORE_GATE_BUCKET_H

#include "core/base/check.h"

#define HW_BUCKET_RATE_MAX 1000000U /* a minute */

struct hw_bucket {
	uint64_t full_us; /* when it will be full again, if nobody takes */
};

/* Take one of @per_minute (1 .. HW_BUCKET_RATE_MAX), which is also what may be taken at once.
 * Returns 0 taken, else the seconds until there is one (1 .. 60). */
uint32_t hw_bucket_take(struct hw_bucket *bucket, uint32_t per_minute, uint64_t now_us);

#endif
