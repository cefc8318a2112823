/* SPDX-License-Identifier: Apache-2.0
 *
 * chunk_upload.h - clients that upload chunks into a simulated store, as a seed has it
 *
 * Room: tests/unit/store    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_STORE_CHUNK_UPLOAD_H
#define HW_TESTS_UNIT_STORE_CHUNK_UPLOAD_H

#include "core/base/prng.h"
#include "core/store/chunk_writer.h"
#include "tests/unit/store/store_world.h"

#define CLIENTS_MAX 4U
#define CHUNKS_MAX  5U /* of a client */
#define STORED_MAX  (CLIENTS_MAX * CHUNKS_MAX)
#define NEVER       UINT64_MAX

/* A chunk that was said to be durable. */
struct stored {
	struct hw_extent extent;
	struct hw_extent_drop drop;
	struct hw_segment *segment;
	struct hw_timer timer; /* to settle later */
	uint64_t content;
	bool is_settled;
	bool is_dropped; /* nobody will name it */
};

struct client {
	struct hw_chunk_writer writer;
	struct hw_slab_waiter slab_waiter;
	struct hw_timer timer;
	struct hw_prng prng;
	struct hw_slab *follower; /* held by somebody who reads the upload as it comes */
	uint64_t content;
	uint64_t abort_step;
	uint32_t size;
	uint32_t appended_size;
	uint32_t chunks_left;
	bool is_active; /* between begin and done */
	bool is_ended;  /* finish was called */
	bool is_aborted;
};

struct scene {
	struct store_world world;
	struct hw_prng prng;
	struct client clients[CLIENTS_MAX];
	struct stored stored[STORED_MAX];
	uint32_t client_count;
	uint32_t stored_count;
	uint32_t failed_count;
	uint32_t pause_percent;
	uint32_t part_percent; /* slabs that are not full */
	uint32_t abort_percent;
	uint64_t crash_step;
	bool may_fail; /* some fault is switched on */
};

extern struct scene g_scene;
extern uint64_t g_seed; /* of the scene; for the message of a failure */

/* The bytes of a chunk are a function of @content. @offset: a multiple of 8. */
void content_fill(uint64_t content, uint32_t offset, uint8_t *ret_bytes, uint32_t size);
void content_check(uint64_t content, uint32_t offset, const uint8_t *bytes, uint32_t size);

/* Begin the world and its clients: all of it from the seed; or one client that waits, no faults. */
void scene_begin(uint64_t seed);
void scene_begin_calm(uint64_t seed);
/* For hw_sim_pump: all uploads ended and all is at rest, or the moment of the power loss came. */
bool scene_is_finished(void *user);
/* Nothing is held by anybody; a segment that could be sealed is. */
void scene_quiet_check(void);
/* Percent: 0 in 60 of a hundred, else up to @percent_max. */
uint32_t scene_level(uint32_t percent_max);

/* The next chunk of @client. */
void client_begin(struct client *client);
void client_abort(struct client *client);

#endif
