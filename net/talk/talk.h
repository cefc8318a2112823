/* SPDX-License-Identifier: Apache-2.0
 *
 * talk.h - what all conversations of one reactor share
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the pools of conversations
 * Limits: uploads_max, downloads_max, HW_REMOVALS_MAX; an empty pool answers 503 with Retry-After
 */
#ifndef HW_NET_TALK_TALK_H
#define HW_NET_TALK_TALK_H

#include "core/base/pool.h"
#include "core/catalog/catalog.h"
#include "core/store/store.h"
#include "net/conn/http_server.h"
#include "net/conn/ws_server.h"
#include "net/talk/room.h"

#define HW_REMOVALS_MAX 256U /* DELETEs under way */
#define HW_PAGES_MAX    16U  /* /metrics under way */
#define HW_EVENTS_ASKS  512U /* of those who follow, questions to the catalog under way */

/* Who may upload. The words are the configuration's. */
enum hw_upload_policy {
	HW_UPLOAD_LOOPBACK = 0, /* who came by a loopback listener */
	HW_UPLOAD_EVERYONE,
	HW_UPLOAD_NOBODY,
	HW_UPLOAD_COUNT,
};

struct hw_talk_options {
	enum hw_upload_policy upload_policy;
	uint64_t file_size_max; /* bytes */
	uint32_t uploads_max;
	uint32_t downloads_max;
	const char *public_url;                      /* lent for ever; "" : from the Host field */
	const struct hw_metrics *const *all_metrics; /* of every thread; lent for ever */
	uint32_t metrics_count;
	uint32_t followers_max;                /* WebSocket connections */
	const struct hw_room_home *room_homes; /* one for each reactor; lent for ever */
	uint32_t room_home_count;
};

struct hw_talks {
	struct hw_reactor *reactor;
	struct hw_store *store;
	struct hw_catalog *catalog;
	struct hw_talk_options options;
	struct hw_pool puts;
	struct hw_list open_puts;
	struct hw_pool downloads;
	struct hw_pool removals;
	struct hw_pool pages; /* of their own: an operator asks when slabs are short */
	struct hw_pool events;
	struct hw_pool asks;
	struct hw_ws_server ws;
	struct hw_rooms rooms;
	bool is_read_only; /* the catalog took an I/O error: no upload works until a restart */
};

uint64_t hw_talks_bytes(const struct hw_talk_options *options);
int hw_talks_init(struct hw_talks *talks, struct hw_store *store, struct hw_catalog *catalog,
		  const struct hw_talk_options *options) HW_MUST_CHECK;
void hw_talks_deinit(struct hw_talks *talks);
/* We are stopping: rooms that nobody is in are closed. */
void hw_talks_drain(struct hw_talks *talks);
/* No conversation is under way (those whose client has gone included). */
bool hw_talks_is_idle(const struct hw_talks *talks);

/* What core/main gives to the server. */
struct hw_route_port hw_talks_route(struct hw_talks *talks);

#endif
