/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog_sim.h - the catalog behind its port, with seeded delays, order and errors
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: yes, it is a test
 * Owns: a ledger of every extent that it ever heard of; the catalog is the process's
 *
 * Requests go by mail to a worker's turn and are answered from it, in any order, each for itself;
 * some wait for a while. What answers them is core/catalog over a database in memory, so what a
 * request means is said once. What a caller breaks (an extent named twice, or named after it was
 * dropped, or dropped twice) is asserted at once. Extents that are dropped are punched out of the
 * simulated disk, so that whoever still reads them finds zeros; a sealed segment without live
 * extents is unlinked. A WATCH is answered when its file changes, or after a simulated second or
 * two; nobody needs to sweep for that.
 */
#ifndef HW_TESTS_SIM_CATALOG_SIM_H
#define HW_TESTS_SIM_CATALOG_SIM_H

#include "core/base/prng.h"
#include "core/catalog/catalog.h"
#include "core/loop/worker.h"
#include "core/store/files.h"

struct hw_catalog_sim_extent;

/* Readable by tests; written by catalog_sim.c, but for what may be set. */
struct hw_catalog_sim {
	struct hw_catalog catalog; /* the port */
	struct hw_metrics metrics;
	struct hw_reactor *reactor;
	struct hw_worker *worker;
	const struct hw_files *files;
	struct hw_prng prng;
	struct hw_turn_hook hook;
	uint32_t error_percent; /* of the requests that may fail; may be set at any time */
	uint32_t late_percent;  /* of the answers: they wait for up to late_us_max; may be set */
	uint32_t late_us_max;
	uint64_t fail_request;  /* this one fails (1: the first that may), 0: none; may be set */
	uint64_t request_count; /* of those that may fail */
	struct hw_catalog_request **pending;
	uint64_t *due_us; /* of pending[i] */
	uint32_t pending_count;
	uint32_t pending_capacity;
	struct hw_catalog_sim_extent *extents_first;
	bool has_reclaim;         /* there may be something to punch, or to unlink */
	uint32_t in_flight_count; /* requests submitted and not answered */
	uint32_t abort_failures;  /* unfinished files that an ABORT was refused for */
};

/* @reactor: whose requests come; @worker: on whose turns they are answered; both lent until deinit,
 * as is @files. */
void hw_catalog_sim_init(struct hw_catalog_sim *sim, struct hw_reactor *reactor,
			 struct hw_worker *worker, const struct hw_files *files, uint64_t seed);
void hw_catalog_sim_deinit(struct hw_catalog_sim *sim);
/* For struct hw_segment_port; @user: the catalog. */
void hw_catalog_sim_sealed(void *user, uint32_t shard, uint32_t segment);
bool hw_catalog_sim_is_idle(const struct hw_catalog_sim *sim);

/* Everything has come to rest: punches what is left, then asserts that no pin and no home is left,
 * that only files whose ABORT was refused, or that can be gone on with, are unfinished, that
 * references and sums add up, that every extent is either named or dropped. */
void hw_catalog_sim_check(struct hw_catalog_sim *sim);

/* The sealed file of a share, as a request sees it; nothing is pinned. Returns false: not there. */
bool hw_catalog_sim_find(const struct hw_catalog_sim *sim, const uint8_t share_id[HW_SHARE_ID_SIZE],
			 uint64_t *ret_file_id, uint64_t *ret_file_size);
/* Where chunk @index of a file is; false behind the last one. */
bool hw_catalog_sim_extent(const struct hw_catalog_sim *sim, uint64_t file_id, uint32_t index,
			   struct hw_extent *ret_extent);
uint32_t hw_catalog_sim_file_count(const struct hw_catalog_sim *sim); /* sealed ones */

#endif
