/* SPDX-License-Identifier: Apache-2.0
 *
 * tus_client.h - shares made at the catalog, tus requests to them, and a sender that never gives up
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_TALK_TUS_CLIENT_H
#define HW_TESTS_UNIT_TALK_TUS_CLIENT_H

#include "core/base/prng.h"
#include "tests/unit/talk/talk_table.h"

#define TUS_HEAD     "Host: here\r\nTus-Resumable: 1.0.0\r\n"
#define TUS_PATCHING "Content-Type: application/offset+octet-stream\r\n"
#define TUS_PATH     "/api/v1/uploads/"

/* A share without files; path, token and share_id of @ret_share are set. */
void tus_share_make(struct talk_world *world, enum hw_share_mode mode,
		    struct talk_share *ret_share);
/* The upload's offset, by HEAD; -status: another answer. */
int64_t tus_offset(struct talk_world *world, const char *upload_path);
/* POST; it must succeed. @length: or HW_LENGTH_UNKNOWN. Returns the upload's path in @ret_path. */
void tus_create(struct talk_world *world, const struct talk_share *share, const char *name,
		uint64_t length, char ret_path[TALK_PATH_SIZE]);
/* A PATCH as one text; for talk_text_free. @fields: more of them, or "". */
struct hw_span tus_patch_text(const char *upload_path, uint64_t offset, uint64_t size,
			      uint64_t shift, const char *fields);
/* PATCH on a connection of its own. Returns the status. */
uint32_t tus_patch(struct talk_world *world, const char *upload_path, uint64_t offset,
		   uint64_t size, uint64_t shift, const char *fields);
/* Root, hex, and CRC-32 of a file, reckoned without the way of an upload. */
void tus_expect(uint64_t size, uint64_t shift, char ret_root[65], uint32_t *ret_crc32);
/* The file is sealed, has the right CRC-32 in the catalog's list, and GET gives all of it. */
void tus_file_check(struct talk_world *world, const struct talk_share *share, const char *name,
		    uint64_t size, uint64_t shift);
/* Answered when @request is. */
void tus_catalog_ask(struct talk_world *world, struct hw_catalog_request *request,
		     enum hw_catalog_verb verb);

enum tus_step {
	TUS_CREATE = 0,
	TUS_HEAD_ASK,
	TUS_PATCH_SAY,
	TUS_WHOLE,
	TUS_LOST, /* the upload is not there any more, or nobody listens */
};

struct tus_sender {
	struct talk_world *world;
	const struct talk_share *share;
	struct hw_prng prng;
	struct hw_sim_peer *peer; /* of the request under way; NULL: none */
	char path[TALK_PATH_SIZE];
	const char *name;
	uint64_t size;
	uint64_t shift;
	uint64_t offset;     /* as the server said last */
	uint64_t acked;      /* durable, as the server said */
	uint64_t said;       /* bytes that may have arrived */
	uint64_t patch_size; /* of the one under way */
	uint64_t patch_size_max;
	uint64_t cut_us;      /* when the connection breaks off; 0: never */
	uint64_t next_us;     /* nothing is said before */
	uint32_t cut_percent; /* of the PATCHes: they break off */
	uint32_t checksum_percent;
	uint32_t chunked_percent;
	uint32_t request_count;
	enum tus_step step;
	bool is_length_known; /* by the server */
	bool is_deferring;    /* it is told with the last PATCH only */
	bool has_left;        /* a PATCH before its answer */
};

/* @sender: world, share, name, size, shift, percents are set, all else zero. After every turn.
 * Returns true when it is over: WHOLE or LOST. */
bool tus_sender_step(struct tus_sender *sender, uint64_t seed);

#endif
