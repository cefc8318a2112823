/* SPDX-License-Identifier: Apache-2.0
 *
 * digest.h - hash the blocks of slabs, once a turn, a bounded number of bytes
 *
 * Room: core/store    Thread: reactor    Blocks: never    Allocates: never
 * Owns: nothing; a job and its bytes are lent from submit to done
 *
 * Jobs of a turn are gathered and run together at its end, while their bytes are warm. Those of
 * less than a slab share a batch with the jobs behind them, whosever they are: four blocks alone
 * take half as long as sixteen (ARCHITECTURE.md has the figures).
 */
#ifndef HW_CORE_STORE_DIGEST_H
#define HW_CORE_STORE_DIGEST_H

#include "core/loop/reactor.h"
#include "simd/sha256.h"

struct hw_digest_job;
typedef void hw_digest_fn(struct hw_digest_job *job);

/* Embedded in its owner. */
struct hw_digest_job {
	struct hw_list link;
	const uint8_t *bytes; /* lent */
	uint32_t size;        /* 1 .. HW_SLAB_SIZE; whole blocks but for the last */
	struct hw_hash *ret_hashes;
	hw_digest_fn *done; /* from a later part of the turn, or from a later turn */
};

struct hw_digest {
	struct hw_turn_hook hook;
	struct hw_list jobs;
};

void hw_digest_init(struct hw_digest *digest, struct hw_reactor *reactor);
void hw_digest_submit(struct hw_digest *digest, struct hw_digest_job *job, hw_digest_fn *done);

#endif
