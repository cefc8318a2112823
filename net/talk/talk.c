/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/talk.h"

#include <string.h>

#include "net/talk/download.h"
#include "net/talk/events.h"
#include "net/talk/pages.h"
#include "net/talk/put.h"
#include "net/talk/remove.h"

uint64_t hw_talks_bytes(const struct hw_talk_options *options)
{
	return hw_pool_bytes(sizeof(struct hw_put), HW_PAGE_SIZE, options->uploads_max) +
	       hw_pool_bytes(sizeof(struct hw_download), 64, options->downloads_max) +
	       hw_pool_bytes(sizeof(struct hw_removal), 64, HW_REMOVALS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_page), 64, HW_PAGES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_events), 64, options->followers_max) +
	       hw_pool_bytes(sizeof(struct hw_events_ask), 64, HW_EVENTS_ASKS) +
	       hw_ws_server_bytes() + hw_rooms_bytes(options->followers_max);
}

static int events_init(struct hw_talks *talks, const struct hw_talk_options *options)
{
	int r = hw_pool_init(&talks->events, sizeof(struct hw_events), 64, options->followers_max);
	if (r >= 0) {
		r = hw_pool_init(&talks->asks, sizeof(struct hw_events_ask), 64, HW_EVENTS_ASKS);
	}
	if (r >= 0) {
		r = hw_ws_server_init(&talks->ws, talks->reactor);
	}
	return r < 0 ? r : hw_rooms_init(&talks->rooms, talks->reactor, options->followers_max);
}

int hw_talks_init(struct hw_talks *talks, struct hw_store *store, struct hw_catalog *catalog,
		  const struct hw_talk_options *options)
{
	memset(talks, 0, sizeof(*talks));
	talks->reactor = store->reactor;
	talks->store = store;
	talks->catalog = catalog;
	talks->options = *options;
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
	if (r >= 0) {
		r = events_init(talks, options);
	}
	if (r < 0) {
		hw_talks_deinit(talks);
	}
	return r;
}

void hw_talks_deinit(struct hw_talks *talks)
{
	hw_rooms_deinit(&talks->rooms);
	hw_ws_server_deinit(&talks->ws);
	hw_pool_deinit(&talks->asks);
	hw_pool_deinit(&talks->events);
	hw_pool_deinit(&talks->pages);
	hw_pool_deinit(&talks->removals);
	hw_pool_deinit(&talks->downloads);
	hw_pool_deinit(&talks->puts);
}

void hw_talks_drain(struct hw_talks *talks)
{
	hw_rooms_drain(&talks->rooms);
}

bool hw_talks_is_idle(const struct hw_talks *talks)
{
	return hw_pool_used_count(&talks->puts) == 0 &&
	       hw_pool_used_count(&talks->downloads) == 0 &&
	       hw_pool_used_count(&talks->removals) == 0 &&
	       hw_pool_used_count(&talks->pages) == 0 && hw_pool_used_count(&talks->events) == 0;
}
