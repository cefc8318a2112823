/* SPDX-License-Identifier: Apache-2.0
 *
 * talk_client.h - scripted HTTP clients, and the model of the shares that they made
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * A client says its requests one after the other, or several ahead of the answers, or stops in the
 * middle. Every answer is judged: one that is complete is right to the last byte, or is an error
 * that the circumstances allow; one that is not complete is seen to be cut.
 */
#ifndef HW_TESTS_UNIT_TALK_TALK_CLIENT_H
#define HW_TESTS_UNIT_TALK_TALK_CLIENT_H

#include "core/base/prng.h"
#include "tests/unit/talk/talk_world.h"

#define TALK_SHARES_MAX    256U
#define TALK_EXCHANGES_MAX 8U
#define TALK_PATH_SIZE     256U
#define TALK_CONTENT_SIZE  1048583U /* a prime: chunks of one content differ */

enum talk_verb {
	TALK_PUT = 0,
	TALK_GET,
	TALK_HEAD,
	TALK_RANGE,  /* one range */
	TALK_RANGES, /* several */
	TALK_MATCH,  /* If-None-Match: a 304 */
	TALK_DELETE,
	TALK_PAGE,
	TALK_NOTHING, /* 404, 405 */
	TALK_GARBAGE, /* never a request */
	TALK_VERB_COUNT,
};

struct talk_share {
	char path[TALK_PATH_SIZE];
	char token[64];
	char root[65];
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint64_t size;
	uint64_t shift; /* of its content */
	bool is_delete_sent;
	bool is_deleted; /* 204 was read */
};

struct talk_exchange {
	enum talk_verb verb;
	uint32_t share;      /* index, all but PUT */
	uint64_t size;       /* PUT: bytes */
	uint64_t shift;      /* PUT: of the content */
	uint64_t sent_limit; /* bytes of the request that are written; UINT64_MAX: all */
	uint64_t first;      /* RANGE */
	uint64_t last;
	uint64_t body_offset; /* of the body in the request's bytes */
	bool is_chunked;
	bool is_broken;    /* PUT: its chunked framing */
	bool is_expecting; /* PUT: waits for 100 before the body */
	bool is_padded;    /* a head that needs more than one buffer */
	bool must_be_gone; /* 204 was read before this was written */
	bool must_be_there;
};

enum talk_doom {
	TALK_DOOM_NONE = 0, /* FIN when all is said */
	TALK_DOOM_RESET,    /* at doom_us */
	TALK_DOOM_FIN,      /* at doom_us */
	TALK_DOOM_STAY,     /* says nothing more and does not go */
	TALK_DOOM_COUNT,
};

struct talk_model {
	struct talk_share shares[TALK_SHARES_MAX];
	uint32_t share_count;
	uint64_t answer_counts[600]; /* by status */
	bool is_strict;              /* nothing fails here: every request gets what it asks for */
};

struct talk_client {
	struct talk_world *world;
	struct talk_model *model;
	struct hw_sim_peer *peer;
	struct hw_prng prng;
	struct talk_exchange exchanges[TALK_EXCHANGES_MAX];
	char *body_waiting; /* behind an Expect */
	uint64_t body_waiting_size;
	uint64_t read_offset; /* bytes of what came that were judged */
	uint64_t doom_us;
	uint64_t unhold_us;
	uint64_t next_us; /* before this moment it says nothing */
	uint32_t exchange_count;
	uint32_t written_count;
	uint32_t answered_count;
	uint32_t ahead_max; /* requests written and not answered */
	enum talk_doom doom;
	bool is_doomed;
	bool is_stuck; /* a request was written in part: nothing can follow it */
	bool is_over;
};

/* Once for all tests: what files consist of. */
void talk_content_init(void);
uint8_t talk_content_at(uint64_t shift, uint64_t offset);
void talk_content_copy(void *ret_bytes, uint64_t size, uint64_t shift, uint64_t offset);
bool talk_content_equal(const void *bytes, uint64_t size, uint64_t shift, uint64_t offset);

/* @client: its exchanges, ahead_max and doom are set; connects. */
void talk_client_begin(struct talk_client *client, struct talk_world *world,
		       struct talk_model *model, uint64_t seed);
/* Call after every turn: judges what came, says what is next. */
void talk_client_step(struct talk_client *client);
void talk_client_end(struct talk_client *client);

/* A file of @size bytes is uploaded; it must succeed. Returns its index in the model. */
uint32_t talk_share_make(struct talk_world *world, struct talk_model *model, uint64_t size,
			 uint64_t shift);

/* When all is at rest: every file that a 201 promised is on the disk to the last byte, and what a
 * 204 removed is not in the catalog. */
void talk_model_check(const struct talk_model *model, const struct talk_world *world);

#endif
