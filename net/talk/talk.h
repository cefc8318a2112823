/* SPDX-License-Identifier: Apache-2.0
 *
 * talk.h - what all conversations of one reactor share
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the pools of conversations
 * Limits: uploads_max, downloads_max, HW_*_MAX below; an empty pool answers 503 with Retry-After
 *
 * The options are what the operator decided; each talk keeps those that are its business.
 */
#ifndef HW_NET_TALK_TALK_H
#define HW_NET_TALK_TALK_H

#include "core/base/pool.h"
#include "core/catalog/catalog.h"
#include "core/gate/crypt.h"
#include "core/gate/rates.h"
#include "core/gate/tokens.h"
#include "core/store/store.h"
#include "net/conn/http_server.h"
#include "net/conn/ws_server.h"
#include "net/talk/cors.h"
#include "net/talk/history.h"
#include "net/talk/object_cache.h"
#include "net/talk/room.h"

#define HW_ARCHIVES_MAX      64U  /* ZIPs at a time; each pins a file and reads one */
#define HW_METAINFOS_MAX     64U  /* .torrent files at a time; each pins a file */
#define HW_REMOVALS_MAX      256U /* DELETEs under way */
#define HW_PAGES_MAX         16U  /* /metrics under way */
#define HW_CONCATS_MAX       16U  /* uploads that are being put together from others */
#define HW_QUERIES_MAX       128U /* questions about uploads under way */
#define HW_EVENTS_ASKS       512U /* of those who follow, questions to the catalog under way */
#define HW_SHARES_MAX        128U /* shares being created, looked at, changed */
#define HW_UPLOAD_LIMIT_SIZE 96U  /* bytes of an Upload-Limit of two numbers */
#define HW_TEXTS_MAX         16U  /* their bodies and lists */

/* ZIPs that wait for senders, which may last: the others are for those that do not. */
#define HW_ARCHIVES_LIVE_MAX (HW_ARCHIVES_MAX / 2)

/* Who may upload. The words are the configuration's. */
enum hw_upload_policy {
	HW_UPLOAD_LOOPBACK = 0, /* who came by a loopback listener */
	HW_UPLOAD_OPEN,         /* everyone */
	HW_UPLOAD_TOKEN,        /* who has an upload token */
	HW_UPLOAD_OFF,          /* nobody but an operator, who always may */
	HW_UPLOAD_COUNT,
};

struct hw_portal;

struct hw_talk_options {
	enum hw_upload_policy upload_policy;
	uint64_t file_size_max;    /* bytes */
	uint64_t share_size_max;   /* bytes of all files of a share; 0: no limit */
	uint64_t quota_size;       /* bytes of all shares; 0: what the disk has */
	uint64_t upload_expiry_ms; /* an unfinished upload is kept so long after its last byte */
	uint32_t uploads_max;
	uint32_t downloads_max;
	uint64_t object_cache_size; /* bytes; 0: none */
	/* Shares: may.h, pass.h, password.h, rate.h say who looks at what. */
	uint64_t expiry_default_ms;
	uint64_t expiry_max_ms;          /* 0: any */
	uint32_t ws_messages_per_minute; /* of one connection; 0: no limit */
	bool may_expire_never;
	bool has_forwarded;                        /* proxies say Forwarded, not X-Forwarded-For */
	const char *cors_origins;                  /* "*", or a list with commas; lent for ever */
	const struct hw_networks *trusted_proxies; /* lent for ever; NULL: none */
	struct hw_crypt *crypt;                    /* likewise; NULL: no passwords */
	struct hw_rates *rates;         /* likewise, worker's; NULL: no limits for each client */
	struct hw_worker *worker;       /* the catalog's */
	uint8_t pass_secret[32];        /* random; new at each start */
	const char *public_url;         /* lent for ever; "" : from the Host field */
	const char *node_id;            /* lent for ever; "" : none */
	uint64_t memory_size;           /* bytes: the budget of the process */
	uint64_t started_ms;            /* wall clock */
	const struct hw_portal *portal; /* lent for ever; NULL: no pages for browsers */
	const struct hw_metrics *const *all_metrics; /* of every thread; lent for ever */
	uint32_t metrics_count;
	struct hw_talks *const *peers; /* of every reactor, by index; lent for ever, and of another
					* reactor only its mailbox is touched */
	uint32_t peer_count;
	uint32_t followers_max;                /* WebSocket connections */
	const struct hw_room_home *room_homes; /* one for each reactor; lent for ever */
	uint32_t room_home_count;
};

struct hw_talks {
	struct hw_reactor *reactor;
	struct hw_store *store;
	struct hw_catalog *catalog;
	struct hw_talk_options options;
	struct hw_pool puts;         /* whatever brings bytes: struct hw_put, struct hw_tus */
	struct hw_pool queries;      /* struct hw_tus_query */
	struct hw_pool concats;      /* struct hw_tus_parts */
	struct hw_list open_intakes; /* of all uploads */
	struct hw_list open_reports; /* of all transfers that somebody may follow */
	struct hw_pool downloads;
	struct hw_pool hot_downloads; /* struct hw_hot_download */
	struct hw_object_cache objects;
	struct hw_pool archives;
	uint32_t archives_live_count; /* of them, up to HW_ARCHIVES_LIVE_MAX */
	struct hw_pool metainfos;
	struct hw_pool removals;
	struct hw_pool shares;     /* struct hw_share_talk */
	struct hw_pool texts;      /* struct hw_text */
	struct hw_pool live_seats; /* of those who follow uploads that are at home here */
	struct hw_pool pages;      /* of their own: an operator asks when slabs are short */
	struct hw_pool events;
	struct hw_pool asks;
	struct hw_ws_server ws;
	struct hw_rooms rooms;
	struct hw_pool holds; /* struct hw_rate_hold; none where there is no limit */
	struct hw_history history;
	struct hw_cors cors;
	char upload_limit[HW_UPLOAD_LIMIT_SIZE]; /* the field with its end of line: resume.h */
	uint32_t upload_limit_size;
	const struct hw_tokens *tokens; /* mail replaces it; NULL: none */
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
