/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/talk.h"

#include <string.h>

#include "core/base/clock.h"
#include "net/talk/archive.h"
#include "net/talk/download.h"
#include "net/talk/events.h"
#include "net/talk/hot_download.h"
#include "net/talk/metainfo.h"
#include "net/talk/pages.h"
#include "net/talk/put.h"
#include "net/talk/rate.h"
#include "net/talk/remove.h"
#include "net/talk/resume.h"
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

/* Every transfer, and as many whose end is still on its way. */
static uint32_t hold_count(const struct hw_talk_options *options)
{
	return options->rates != NULL ? 2 * (options->uploads_max + options->downloads_max) : 0;
}

uint64_t hw_talks_bytes(const struct hw_talk_options *options)
{
	uint32_t holds = hold_count(options);
	uint64_t holds_size = holds > 0 ? hw_pool_bytes(sizeof(struct hw_rate_hold), 64, holds) : 0;
	return holds_size + hw_pool_bytes(UPLOAD_SIZE, HW_PAGE_SIZE, options->uploads_max) +
	       hw_pool_bytes(sizeof(struct hw_tus_query), 64, HW_QUERIES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_tus_parts), 64, HW_CONCATS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_download), 64, options->downloads_max) +
	       hw_pool_bytes(sizeof(struct hw_hot_download), 64, options->downloads_max) +
	       hw_object_cache_bytes(options->object_cache_size) +
	       hw_pool_bytes(sizeof(struct hw_archive), 64, HW_ARCHIVES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_metainfo), 64, HW_METAINFOS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_removal), 64, HW_REMOVALS_MAX) +
	       hw_pool_bytes(sizeof(struct hw_page), 64, HW_PAGES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_share_talk), 64, HW_SHARES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_text), 64, HW_TEXTS_MAX) +
	       hw_live_seats_bytes(options->downloads_max + HW_ARCHIVES_MAX) +
	       hw_pool_bytes(sizeof(struct hw_events), 64, options->followers_max) +
	       hw_pool_bytes(sizeof(struct hw_events_ask), 64, HW_EVENTS_ASKS) +
	       hw_ws_server_bytes() + hw_rooms_bytes(options->followers_max);
}

static int downloads_init(struct hw_talks *talks, const struct hw_talk_options *options)
{
	uint64_t seed = 0;
	hw_random_bytes(&seed, sizeof(seed));
	int r = hw_pool_init(&talks->downloads, sizeof(struct hw_download), 64,
			     options->downloads_max);
	if (r >= 0) {
		r = hw_pool_init(&talks->hot_downloads, sizeof(struct hw_hot_download), 64,
				 options->downloads_max);
	}
	return r < 0 ? r : hw_object_cache_init(&talks->objects, options->object_cache_size, seed);
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
	hw_list_init(&talks->open_intakes);
	hw_list_init(&talks->open_reports);
	hw_resume_prepare(talks);
	hw_cors_init(&talks->cors, options->cors_origins);
	int r = hw_pool_init(&talks->puts, UPLOAD_SIZE, HW_PAGE_SIZE, options->uploads_max);
	if (r >= 0) {
		r = hw_pool_init(&talks->queries, sizeof(struct hw_tus_query), 64, HW_QUERIES_MAX);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->concats, sizeof(struct hw_tus_parts), 64, HW_CONCATS_MAX);
	}
	if (r >= 0) {
		r = downloads_init(talks, options);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->archives, sizeof(struct hw_archive), 64, HW_ARCHIVES_MAX);
	}
	if (r >= 0) {
		r = hw_pool_init(&talks->metainfos, sizeof(struct hw_metainfo), 64,
				 HW_METAINFOS_MAX);
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
		r = hw_live_seats_init(&talks->live_seats,
				       options->downloads_max + HW_ARCHIVES_MAX);
	}
	if (r >= 0) {
		r = events_init(talks, options);
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
	hw_rooms_deinit(&talks->rooms);
	hw_ws_server_deinit(&talks->ws);
	hw_pool_deinit(&talks->asks);
	hw_pool_deinit(&talks->events);
	hw_pool_deinit(&talks->live_seats);
	hw_pool_deinit(&talks->holds);
	hw_pool_deinit(&talks->texts);
	hw_pool_deinit(&talks->shares);
	hw_pool_deinit(&talks->pages);
	hw_pool_deinit(&talks->removals);
	hw_pool_deinit(&talks->metainfos);
	hw_pool_deinit(&talks->archives);
	hw_object_cache_deinit(&talks->objects);
	hw_pool_deinit(&talks->hot_downloads);
	hw_pool_deinit(&talks->downloads);
	hw_pool_deinit(&talks->concats);
	hw_pool_deinit(&talks->queries);
	hw_pool_deinit(&talks->puts);
}

void hw_talks_drain(struct hw_talks *talks)
{
	hw_rooms_drain(&talks->rooms);
}

bool hw_talks_is_idle(const struct hw_talks *talks)
{
	return hw_pool_used_count(&talks->puts) == 0 && hw_pool_used_count(&talks->queries) == 0 &&
	       hw_pool_used_count(&talks->downloads) == 0 &&
	       hw_pool_used_count(&talks->hot_downloads) == 0 &&
	       hw_pool_used_count(&talks->archives) == 0 &&
	       hw_pool_used_count(&talks->metainfos) == 0 &&
	       hw_pool_used_count(&talks->removals) == 0 &&
	       hw_pool_used_count(&talks->pages) == 0 && hw_pool_used_count(&talks->shares) == 0 &&
	       hw_pool_used_count(&talks->texts) == 0 &&
	       hw_pool_used_count(&talks->live_seats) == 0 &&
	       hw_pool_used_count(&talks->events) == 0 && hw_pool_used_count(&talks->holds) == 0;
}
