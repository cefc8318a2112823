/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_thread.h - the catalog's thread: gathers what came by mail, answers it in groups
 *
 * Room: core/catalog    Thread: catalog, except hw_catalog_client_init and submit (reactor)
 * Blocks: yes, on the disk    Allocates: never    Owns: nothing but its queue
 * Limits: none of its own: there are never more requests than objects that embed one
 *
 * A turn: reads are answered at once; then the writes that came meanwhile share one commit and are
 * answered; then, when nobody waits, one piece of reclaiming. When somebody always waits, every
 * BUSY_TURNS_MAX-th turn does a piece, so that space comes back under any load.
 */
#ifndef HW_CORE_CATALOG_CATALOG_THREAD_H
#define HW_CORE_CATALOG_CATALOG_THREAD_H

#include "core/catalog/catalog.h"
#include "core/catalog/catalog_sqlite.h"
#include "core/loop/worker.h"

/* Requests in the order of their arrival, linked by their mail. */
struct hw_catalog_queue {
	struct hw_mail *first;
	struct hw_mail *last;
};

struct hw_catalog_thread {
	struct hw_turn_hook hook;
	struct hw_worker *worker;
	struct hw_catalog_db *db;
	struct hw_metrics *metrics;
	struct hw_catalog_queue reads; /* hw_catalog_verb_is_read */
	struct hw_catalog_queue writes;
	struct hw_catalog_stats counted; /* what the metrics were told */
	uint32_t busy_turns;
	uint64_t again_us; /* when what was busy was last tried again */
	bool has_given_up; /* reclaiming failed, and waits for the next request */
};

/* One for each reactor; embedded by core/main. */
struct hw_catalog_client {
	struct hw_catalog catalog; /* what conversations are given */
	struct hw_catalog_thread *thread;
	struct hw_reactor *reactor;
};

/* Hang the catalog into @worker, before it runs.
 * @worker, @db, @metrics  lent until deinit; from then on used by the worker's thread only */
void hw_catalog_thread_init(struct hw_catalog_thread *thread, struct hw_worker *worker,
			    struct hw_catalog_db *db, struct hw_metrics *metrics);
/* After the worker's thread has ended. Asserts that every request was answered. */
void hw_catalog_thread_deinit(struct hw_catalog_thread *thread);

/* @thread, @reactor: lent as long as the client is used. Thread: any, before the reactor runs. */
void hw_catalog_client_init(struct hw_catalog_client *client, struct hw_catalog_thread *thread,
			    struct hw_reactor *reactor);

#endif
