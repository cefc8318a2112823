/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/budget.h"

#include "core/base/log.h"
#include "core/main/scrub_client.h"
#include "core/store/store.h"

#define RING_SIZE   (2U << 20) /* bytes; queues of one ring, in the kernel, at most */
#define THREAD_SIZE (1U << 20) /* bytes; a stack, with what libraries keep beside it */

void hw_budget_add_up(struct hw_budget *budget, const struct hw_budget_options *options)
{
	const struct hw_http_limits *limits = options->limits;
	const struct hw_talk_options *talks = options->talks;
	uint64_t reactors = options->reactor_count;
	uint64_t tls_size = hw_tls_server_bytes(limits->connections_max + HW_SPARE_CONN_COUNT);
	const struct hw_budget_term terms[HW_BUDGET_TERM_COUNT] = {
		{"slabs", reactors * options->slab_count * HW_SLAB_SIZE},
		{"connections", reactors * hw_http_server_bytes(limits)},
		{"tls", options->has_tls ? reactors * tls_size : 0},
		{"conversations", reactors * hw_talks_bytes(talks) +
					  (talks->rates != NULL ? sizeof(*talks->rates) : 0)},
		{"segments", reactors * sizeof(struct hw_store)},
		{"scrubber", sizeof(struct hw_scrub_client)},
		{"catalog", options->catalog_cache_size},
		{"passwords", UINT64_C(1024) * HW_PHC_MEMORY_KIB + sizeof(struct hw_crypt)},
		{"threads", (reactors + 3) * (RING_SIZE + THREAD_SIZE + HW_LOG_RING_SIZE)},
	};
	budget->total_size = 0;
	for (uint32_t i = 0; i < HW_BUDGET_TERM_COUNT; i++) {
		budget->terms[i] = terms[i];
		budget->total_size += terms[i].size;
	}
}
