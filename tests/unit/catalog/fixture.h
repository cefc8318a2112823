/* SPDX-License-Identifier: Apache-2.0
 *
 * fixture.h - a catalog in a directory of its own, a store that only remembers, and a judge
 *
 * For the tests of core/catalog. Every function fails the running test when something is wrong
 * that the test did not ask for.
 */
#ifndef HW_TESTS_UNIT_CATALOG_FIXTURE_H
#define HW_TESTS_UNIT_CATALOG_FIXTURE_H

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/catalog/catalog_parts.h"
#include "core/catalog/catalog_sqlite.h"

#define FIXTURE_CACHE_SIZE (1U << 20)
#define FIXTURE_PINS       128U
#define FIXTURE_HOMES      64U

/* What the port was asked to do, in that order. */
struct fixture_act {
	struct hw_extent extent; /* unlink: shard and segment only */
	bool is_unlink;
};

struct fixture {
	char directory[64];
	char path[96];
	struct hw_catalog_db *db;
	uint32_t busy_count; /* of the next punches: they are busy */
	struct fixture_act *acts;
	uint32_t act_count;
	uint32_t act_capacity;
	int port_result;      /* what the port answers from now on */
	uint64_t offset_next; /* of fixture_extent() */
	uint32_t segment;     /* likewise */
	void (*on_act)(struct fixture *fixture, const struct fixture_act *act); /* may be NULL */
	void *context;
};

/* A new directory and a new catalog in it. */
void fixture_init(struct fixture *fixture);
void fixture_deinit(struct fixture *fixture);
/* The same around a test of cmocka; *state is the fixture, and it is judged at the end. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Open what is there; recover as a start does. */
void fixture_open(struct fixture *fixture);
int fixture_try_open(struct fixture *fixture, char *ret_message, uint32_t message_size);
void fixture_recover(struct fixture *fixture);
/* Close, then open and recover. */
void fixture_restart(struct fixture *fixture);
/* As if the machine had stopped now: go on with a copy of the files as they are. */
void fixture_crash(struct fixture *fixture);
/* Reclaim until nothing is left. */
void fixture_drain(struct fixture *fixture);
/* SQL against the open connection, for what no request can do. */
void fixture_execute(struct fixture *fixture, const char *sql);
int64_t fixture_number(struct fixture *fixture, const char *sql);
/* Does the file hold what schema/0001.sql and catalog_file.c promise? */
void fixture_judge(struct fixture *fixture);

/* The root of content number @content: any number stands for a content of its own. */
void fixture_root(uint32_t content, uint8_t *ret_root);
/* An extent at a new place. */
struct hw_extent fixture_extent(struct fixture *fixture, uint32_t content, uint32_t size);

/* Requests. Share, token and name follow from @share: equal numbers are equal. */
void request_append(struct hw_catalog_request *request, uint64_t file_id);
void request_commit(struct hw_catalog_request *request, uint64_t file_id, uint32_t share,
		    uint64_t file_size);
void request_share(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint32_t share);
void request_file(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint64_t file_id);
void request_extent(struct hw_catalog_request *request, struct hw_extent extent);
/* An upload of the id that @number stands for, about @upload. */
void request_upload(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint32_t number,
		    struct hw_upload *upload);
/* Run one alone; returns res. */
int run_one(struct fixture *fixture, struct hw_catalog_request *request);

/* Shorter still: a sealed file of full chunks with contents @first, @first + 1, ... */
void file_make(struct fixture *fixture, uint32_t share, uint32_t first, uint32_t chunk_count);
int share_lookup(struct fixture *fixture, uint32_t share, struct hw_catalog_request *ret_found);
int share_delete(struct fixture *fixture, uint32_t share);
int file_unpin(struct fixture *fixture, uint64_t file_id);
/* A share with this policy (lent for the call; NULL: the default), made at @created_ms. */
int share_create(struct fixture *fixture, uint32_t share, const struct hw_share_policy *policy,
		 uint64_t created_ms);
/* An unfinished file @name of a share that can be gone on with, by the owner; home: 1.
 * @ret_file_id may be NULL. */
int upload_create(struct fixture *fixture, uint32_t share, uint32_t number, const char *name,
		  uint64_t length, uint64_t *ret_file_id);
/* Append an extent (of size 0: none) and a tail to it; @upload is as it was before and, if it went
 * well, as it is after. */
int upload_append(struct fixture *fixture, uint64_t file_id, struct hw_upload *upload,
		  struct hw_extent extent, uint32_t tail_size);
int upload_get(struct fixture *fixture, uint32_t number, struct hw_catalog_request *ret_request,
	       struct hw_upload *ret_upload);
int file_leave(struct fixture *fixture, uint64_t file_id);
uint32_t acts_count(const struct fixture *fixture, bool is_unlink);
/* How often this very place was punched. */
uint32_t punches_of(const struct fixture *fixture, const struct hw_extent *extent);

#endif
