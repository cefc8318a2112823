/* SPDX-License-Identifier: Apache-2.0
 *
 * talk_world.h - a whole reactor with all its rooms, over simulated ring, clock, disk and catalog
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_TALK_TALK_WORLD_H
#define HW_TESTS_UNIT_TALK_TALK_WORLD_H

#include "net/talk/talk.h"
#include "tests/sim/catalog_sim.h"
#include "tests/sim/files_sim.h"
#include "tests/sim/pump_sim.h"
#include "tests/sim/ring_sim.h"

#define TALK_WORLD_TAKEN_MAX 1024U

struct talk_world_options {
	uint64_t segment_size;
	uint64_t disk_size;     /* bytes, 0: as much as anybody wants */
	uint64_t file_size_max; /* bytes, 0: HW_FILE_SIZE_MAX */
	uint64_t share_size_max;
	uint64_t expiry_default_ms; /* 0: a year */
	uint64_t expiry_max_ms;
	bool may_expire_never;
	const char *public_url;   /* NULL: none */
	const char *cors_origins; /* NULL: none */
	uint64_t object_cache_size;
	uint32_t slab_count;
	uint32_t head_buffer_count; /* a power of two, at most HW_HEAD_BUFFER_COUNT */
	uint32_t head_count;        /* parsed heads at a time */
	uint32_t spill_count;
	uint32_t connections_max;
	uint32_t uploads_max;
	uint32_t downloads_max;
	uint32_t removals_max;
	uint32_t head_timeout_ms;
	uint32_t idle_timeout_ms;
	uint32_t stall_timeout_ms;
	enum hw_upload_policy upload_policy;
	bool has_access_log;
	bool is_direct;
	bool is_remote; /* clients do not come by a loopback listener */
};

struct talk_world {
	struct talk_world_options options;
	struct hw_metrics metrics;
	const struct hw_metrics *all_metrics[1];
	struct hw_reactor reactor;
	struct hw_worker worker;
	struct hw_files files;
	struct hw_fills fills;
	struct hw_room_home room_home;
	struct hw_catalog_sim catalog;
	struct hw_store store;
	struct hw_talks talks;
	struct hw_talks *peers[1];
	struct hw_http_server server;
	uint32_t listener;
	void *taken[TALK_WORLD_TAKEN_MAX]; /* out of pools that shall be small */
	struct hw_pool *taken_from[TALK_WORLD_TAKEN_MAX];
	uint32_t taken_count;
	bool is_crashed;
};

/* Plenty of everything, 30 s for everybody. */
struct talk_world_options talk_world_plenty(void);
/* After hw_sim_begin(); listens. */
void talk_world_start(struct talk_world *world, const struct talk_world_options *options);
/* Turn until @is_finished; after each turn, nobody may wait for a client without a timer. Returns
 * as hw_sim_pump. */
int talk_world_run(struct talk_world *world, bool (*is_finished)(void *user),
		   void *user) HW_MUST_CHECK;
void talk_world_pass(struct talk_world *world, uint64_t ms);
/* What is under way, to stderr. */
void talk_world_print(const struct talk_world *world);
/* Drain, wait until nothing is under way, and assert that nothing is left: operations, slabs, head
 * buffers, objects of pools, timers, promises, pins, unsettled extents. The caller's drain or cut
 * before it is allowed. */
void talk_world_quiesce(struct talk_world *world);
/* After quiesce: a power loss; what was not synced may be gone. Only stop may follow. */
void talk_world_crash(struct talk_world *world, uint64_t seed);
/* After quiesce. */
void talk_world_stop(struct talk_world *world);

/* One client of a calm world: sends @request, waits for the connection's end or for silence.
 * Returns all that came; lent until hw_sim_end(). The connection is left open. */
struct hw_span talk_world_ask(struct talk_world *world, struct hw_span request);
/* The value of the first field @name of an answer; empty when it is not there. */
struct hw_span talk_answer_field(struct hw_span answer, const char *name);
/* The digits at the beginning; a span is not terminated. */
uint64_t talk_number(struct hw_span digits);
/* A text whose bytes came from malloc. */
void talk_text_free(struct hw_span text);
/* Of an answer: 0 when there is none. */
uint32_t talk_answer_status(struct hw_span answer);
/* What follows the first answer's head. */
struct hw_span talk_answer_body(struct hw_span answer);

#endif
