/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/quota.h"

#include <errno.h>

static uint64_t sum(const struct hw_talk_options *options, enum hw_metric metric)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < options->metrics_count; i++) {
		total += hw_metrics_read(options->all_metrics[i], metric);
	}
	return total;
}

int hw_quota_judge(const struct hw_talks *talks, uint64_t size)
{
	const struct hw_talk_options *options = &talks->options;
	if (size > options->file_size_max ||
	    (options->share_size_max > 0 && size > options->share_size_max)) {
		return -EDQUOT;
	}
	if (options->quota_size == 0) {
		return 0;
	}
	uint64_t used_size =
		sum(options, HW_METRIC_stored_bytes) + sum(options, HW_METRIC_reserved_bytes);
	bool is_over = used_size > options->quota_size || size > options->quota_size - used_size;
	return is_over ? -ENOSPC : 0;
}
