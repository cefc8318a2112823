/* SPDX-License-Identifier: Apache-2.0
 *
 * budget.h - the memory of the whole process, term by term, fixed before it starts
 *
 * Room: core/main    Thread: main    Blocks: never    Allocates: never
 */
#ifndef HW_CORE_MAIN_BUDGET_H
#define HW_CORE_MAIN_BUDGET_H

#include "core/base/config.h"
#include "net/talk/talk.h"

#define HW_BUDGET_TERM_COUNT 9U

struct hw_budget_term {
	const char *holder;
	uint64_t size; /* bytes */
};

struct hw_budget {
	struct hw_budget_term terms[HW_BUDGET_TERM_COUNT];
	uint64_t total_size;
};

/* What the terms are made of; lent for the call. */
struct hw_budget_options {
	const struct hw_http_limits *limits;
	const struct hw_talk_options *talks;
	uint64_t catalog_cache_size; /* bytes */
	uint32_t reactor_count;
	uint32_t slab_count; /* of a reactor */
	bool has_tls;
};

void hw_budget_add_up(struct hw_budget *budget, const struct hw_budget_options *options);

#endif
