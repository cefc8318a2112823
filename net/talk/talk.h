/* SPDX-License-Identifier: Apache-2.0
 *
 * talk.h - what all conversations of one reactor share
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the pools of conversations
 * Limits: uploads_max, downloads_max, HW_*_MAX below; an empty pool answers 503 with Retry-After
 */
#ifndef HW_NET_TALK_TALK_H
#define HW_NET_TALK_TALK_H

#include "core/base/pool.h"
#include "core/catalog/catalog.h"
#include "core/store/store.h"
#include "net/conn/http_server.h"

#define HW_REMOVALS_MAX 256U /* DELETEs under way */
#define HW_PAGES_MAX    16U  /* /metrics under way */
#define HW_QUERIES_MAX  128U /* questions about uploads under way */
#define HW_SHARES_MAX   128U /* shares being created, looked at, changed */
#define HW_TEXTS_MAX    16U  /* their bodies and lists */

/* Who may upload. The words are the configuration's. */
enum hw_upload_policy {
	HW_UPLOAD_LOOPBACK = 0, /* who came by a loopback listener */
	HW_UPLOAD_EVERYONE,
	HW_UPLOAD_NOBODY,
	HW_UPLOAD_COUNT,
};

struct hw_talk_options {
	enum hw_upload_policy upload_policy;
	uint64_t file_size_max;     /* bytes */
	uint64_t share_size_max;    /* bytes of all files of a share; 0: no limit */
	uint64_t store_size_max;    /* bytes of all shares; 0: what the disk has */
	uint64_t expiry_default_ms; /* of a share, when nobody says otherwise */
	uint64_t expiry_max_ms;     /* the longest that may be asked for; 0: any */
	bool may_expire_never;
	uint64_t upload_expiry_ms; /* an unfinished upload is kept so long after its last byte */
	uint32_t uploads_max;
	uint32_t downloads_max;
	const char *public_url;                      /* lent for ever; "" : from the Host field */
	const struct hw_metrics *const *all_metrics; /* of every thread; lent for ever */
	uint32_t metrics_count;
	struct hw_talks *const *peers; /* of every reactor, by index; lent for ever, and of another
					* reactor only its mailbox is touched */
	uint32_t peer_count;
};

struct hw_talks {
	struct hw_reactor *reactor;
	struct hw_store *store;
	struct hw_catalog *catalog;
	struct hw_talk_options options;
	struct hw_pool puts;         /* whatever brings bytes: struct hw_put, struct hw_tus */
	struct hw_pool queries;      /* struct hw_tus_query */
	struct hw_list open_intakes; /* of all uploads */
	struct hw_pool downloads;
	struct hw_pool removals;
	struct hw_pool shares;     /* struct hw_share_talk */
	struct hw_pool texts;      /* struct hw_text */
	struct hw_pool live_seats; /* of those who follow uploads that are at home here */
	struct hw_pool pages;      /* of their own: an operator asks when slabs are short */
	bool is_read_only; /* the catalog took an I/O error: no upload works until a restart */
};

uint64_t hw_talks_bytes(const struct hw_talk_options *options);
int hw_talks_init(struct hw_talks *talks, struct hw_store *store, struct hw_catalog *catalog,
		  const struct hw_talk_options *options) HW_MUST_CHECK;
void hw_talks_deinit(struct hw_talks *talks);
/* No conversation is under way (those whose client has gone included). */
bool hw_talks_is_idle(const struct hw_talks *talks);

/* What core/main gives to the server. */
struct hw_route_port hw_talks_route(struct hw_talks *talks);

#endif
