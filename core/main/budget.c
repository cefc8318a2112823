/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/budget.h"

#include "core/base/log.h"
#include "core/main/scrub_client.h"
#include "core/store/store.h"

#define RING_SIZE   (2U << 20) /* bytes; queues of one ring, in the kernel, at most */
#define THREAD_SIZE (1U << 20) /* bytes; a stack, with what libraries keep beside it */

void hw_budget_add_up(struct hw_budget *budget, uint32_t reactor_count, uint32_t slab_count,
		      const struct hw_http_limits *limits, const struct hw_talk_options *talks,
		      uint64_t catalog_cache_size, bool has_tls)
{
	uint64_t tls_size = hw_tls_server_bytes(limits->connections_max + HW_SPARE_CONN_COUNT);
	const struct hw_budget_term terms[HW_BUDGET_TERM_COUNT] = {
		{"slabs", (uint64_t)reactor_count * slab_count * HW_SLAB_SIZE},
		{"connections", reactor_count * hw_http_server_bytes(limits)},
		{"tls", has_tls ? reactor_count * tls_size : 0},
		{"conversations", reactor_count * hw_talks_bytes(talks) +
					  (talks->rates != NULL ? sizeof(*talks->rates) : 0)},
		{"segments", reactor_count * (uint64_t)sizeof(struct hw_store)},
		{"scrubber", sizeof(struct hw_scrub_client)},
		{"catalog", catalog_cache_size},
		{"passwords", UINT64_C(1024) * HW_PHC_MEMORY_KIB + sizeof(struct hw_crypt)},
		{"threads",
		 (reactor_count + 3) * (uint64_t)(RING_SIZE + THREAD_SIZE + HW_LOG_RING_SIZE)},
	};
	budget->total_size = 0;
	for (uint32_t i = 0; i < HW_BUDGET_TERM_COUNT; i++) {
		budget->terms[i] = terms[i];
		budget->total_size += terms[i].size;
	}
}
