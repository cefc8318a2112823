/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/talk.h"

#include <string.h>

#include "net/talk/download.h"
#include "net/talk/pages.h"
#include "net/talk/put.h"
#include "net/talk/rate.h"
#include "net/talk/remove.h"

/* Every transfer, and as many whose end is still on its way. */
static uint32_t hold_count(const struct hw_talk_options *options)
{
	return options->rates != NULL ? 2 * (options->uploads_max + options->downloads_max) : 0;
}

uint64_t hw_talks_bytes(const struct hw_talk_options *options)
{
	uint32_t holds = hold_count(options);
	uint64_t holds_size = holds > 0 ? hw_pool_bytes(sizeof(struct hw_rate_hold), 64, holds) : 0;
	return holds_size +
	       hw_pool_bytes(sizeof(struct hw_put), HW_PAGE_SIZE, options->uploads_max) +
	       hw_pool_bytes(sizeof(struct hw_download), 64, options->downloads_max) +
	       hw_pool_bytes(sizeof(struct hw_removal), 64, HW_REMOVALS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_page), 64, HW_PAGES_MAX);
}

int hw_talks_init(struct hw_talks *talks, struct hw_store *store, struct hw_catalog *catalog,
		  const struct hw_talk_options *options)
{
	*talks = (struct hw_talks){
		.reactor = store->reactor,
		.store = store,
		.catalog = catalog,
		.options = *options,
	};
	hw_list_init(&talks->open_puts);
	int r = hw_pool_init(&talks->puts, sizeof(struct hw_put), HW_PAGE_SIZE,
			     options->uploads_max);
	if (r >= 0) {
		r = hw_pool_init(&talks->downloads, sizeof(struct hw_download), 64,
				 options->downloads_max);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->removals, sizeof(struct hw_removal), 64, HW_REMOVALS_MAX);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->pages, sizeof(struct hw_page), 64, HW_PAGES_MAX);
	}
	if (r >= 0 && hold_count(options) > 0) {
		r = hw_pool_init(&talks->holds, sizeof(struct hw_rate_hold), 64,
				 hold_count(options));
	}
	if (r < 0) {
		hw_talks_deinit(talks);
	}
	return r;
}

void hw_talks_deinit(struct hw_talks *talks)
{
	hw_pool_deinit(&talks->holds);
	hw_pool_deinit(&talks->pages);
	hw_pool_deinit(&talks->removals);
	hw_pool_deinit(&talks->downloads);
	hw_pool_deinit(&talks->puts);
}

bool hw_talks_is_idle(const struct hw_talks *talks)
{
	return hw_pool_used_count(&talks->puts) == 0 &&
	       hw_pool_used_count(&talks->downloads) == 0 &&
	       hw_pool_used_count(&talks->removals) == 0 &&
	       hw_pool_used_count(&talks->pages) == 0 && hw_pool_used_count(&talks->holds) == 0;
}
