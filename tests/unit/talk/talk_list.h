/* SPDX-License-Identifier: Apache-2.0
 *
 * talk_list.h - one share of many files, made of many shares of one file
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: no
 *
 * Stands before the simulated catalog: it answers FILE_LIST and COUNT, and turns a LOOKUP in the
 * share into one in that of the file; all else goes through. Tests take files away, exchange them,
 * leave them unfinished.
 */
#ifndef HW_TESTS_UNIT_TALK_TALK_LIST_H
#define HW_TESTS_UNIT_TALK_TALK_LIST_H

#include "tests/unit/talk/talk_table.h"

#define TALK_LIST_FILES_MAX 128U
#define TALK_LIST_ASKED_MAX 64U
#define TALK_LIST_PATH      "/s/aaaaaaaaaaaaaaaaaaaaaaaaae" /* 16 bytes: 0 ... 0 1 */
#define TALK_LIST_CREATED_S UINT64_C(1700000000)

struct talk_list_file {
	struct hw_share_file row;
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* of its own share */
	uint64_t shift;
	bool is_gone;
};

struct talk_list_asked {
	struct hw_catalog_request *request;
	hw_catalog_fn *done;
	struct talk_list_file *file;
};

struct talk_list {
	struct hw_catalog catalog;
	struct hw_catalog *real;
	struct talk_world *world;
	struct talk_list_file files[TALK_LIST_FILES_MAX];
	struct talk_list_asked asked[TALK_LIST_ASKED_MAX];
	uint32_t file_count;
	uint32_t count_count;
	uint32_t request_count; /* of the share's */
	uint32_t fail_request;  /* this one fails: 1 is the first, 0 none */
	uint32_t password_size;
	enum hw_share_mode mode;
	void (*before_request)(uint32_t index);
};

extern struct talk_list g_list;

/* After talk_world_start(). */
void talk_list_begin(struct talk_world *world);
/* Names in the order of the calls. */
void talk_list_add(struct talk_model *model, const char *name, uint64_t size, uint64_t shift);

#endif
