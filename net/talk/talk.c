/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/talk.h"

#include <string.h>

#include "net/talk/download.h"
#include "net/talk/pages.h"
#include "net/talk/put.h"
#include "net/talk/remove.h"
#include "net/talk/share_put.h"
#include "net/talk/share_talk.h"
#include "net/talk/tus.h"

/* Objects of one pool: the largest of them. */
union upload {
	struct hw_put put;
	struct hw_share_put share_put;
	struct hw_tus tus;
};
#define UPLOAD_SIZE ((uint32_t)sizeof(union upload))

uint64_t hw_talks_bytes(const struct hw_talk_options *options)
{
	return hw_pool_bytes(UPLOAD_SIZE, HW_PAGE_SIZE, options->uploads_max) +
	       hw_pool_bytes(sizeof(struct hw_tus_query), 64, HW_QUERIES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_download), 64, options->downloads_max) +
	       hw_pool_bytes(sizeof(struct hw_removal), 64, HW_REMOVALS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_page), 64, HW_PAGES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_share_talk), 64, HW_SHARES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_text), 64, HW_TEXTS_MAX) +
	       hw_live_seats_bytes(options->downloads_max);
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
	hw_list_init(&talks->open_intakes);
	int r = hw_pool_init(&talks->puts, UPLOAD_SIZE, HW_PAGE_SIZE, options->uploads_max);
	if (r >= 0) {
		r = hw_pool_init(&talks->queries, sizeof(struct hw_tus_query), 64, HW_QUERIES_MAX);
	}
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
	if (r >= 0) {
		r = hw_pool_init(&talks->shares, sizeof(struct hw_share_talk), 64, HW_SHARES_MAX);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->texts, sizeof(struct hw_text), 64, HW_TEXTS_MAX);
	}
	if (r >= 0) {
		r = hw_live_seats_init(&talks->live_seats, options->downloads_max);
	}
	if (r < 0) {
		hw_talks_deinit(talks);
	}
	return r;
}

void hw_talks_deinit(struct hw_talks *talks)
{
	hw_pool_deinit(&talks->live_seats);
	hw_pool_deinit(&talks->texts);
	hw_pool_deinit(&talks->shares);
	hw_pool_deinit(&talks->pages);
	hw_pool_deinit(&talks->removals);
	hw_pool_deinit(&talks->downloads);
	hw_pool_deinit(&talks->queries);
	hw_pool_deinit(&talks->puts);
}

bool hw_talks_is_idle(const struct hw_talks *talks)
{
	return hw_pool_used_count(&talks->puts) == 0 && hw_pool_used_count(&talks->queries) == 0 &&
	       hw_pool_used_count(&talks->downloads) == 0 &&
	       hw_pool_used_count(&talks->removals) == 0 &&
	       hw_pool_used_count(&talks->pages) == 0 && hw_pool_used_count(&talks->shares) == 0 &&
	       hw_pool_used_count(&talks->texts) == 0 &&
	       hw_pool_used_count(&talks->live_seats) == 0;
}
