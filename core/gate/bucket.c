/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate/bucket.h"

#define MINUTE_US UINT64_C(60000000)

/* One number instead of a level and a time: each one taken moves the moment at which the bucket is
 * full by what it takes to bring one back, and that moment is never more than a minute away. */
uint32_t hw_bucket_take(struct hw_bucket *bucket, uint32_t per_minute, uint64_t now_us)
{
	hw_assert(per_minute > 0);
	hw_assert(per_minute <= HW_BUCKET_RATE_MAX);
	uint64_t each_us = MINUTE_US / per_minute;
	uint64_t full_us = hw_max(bucket->full_us, now_us) + each_us;
	if (full_us > now_us + MINUTE_US) {
		uint64_t wait_us = full_us - now_us - MINUTE_US;
		return (uint32_t)hw_min((wait_us + 999999) / 1000000, UINT64_C(60));
	}
	bucket->full_us = full_us;
	return 0;
}
