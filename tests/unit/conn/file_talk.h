/* SPDX-License-Identifier: Apache-2.0
 *
 * file_talk.h - a talk that answers "GET /file" with a file of the simulated disk
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * Piece by piece: as pages where the connection may have them, else as bytes. Asked to give way it
 * goes on with bytes where world->goes_on says so, else it waits and sends what is left of the
 * piece anew.
 */
#ifndef HW_TESTS_UNIT_CONN_FILE_TALK_H
#define HW_TESTS_UNIT_CONN_FILE_TALK_H

#include "tests/unit/conn/conn_world.h"

#define FILE_TALK_SIZE (3U << 20) /* bytes of the file */
#define FILE_TALK_GET  "GET /file HTTP/1.1\r\nHost: a\r\n\r\n"

struct file_talk {
	struct conn_world *world;
	struct hw_http_conn *conn;
	uint8_t *bytes; /* of the file */
	struct hw_op op;
	uint32_t file; /* its slot */
	int file_fd;
	/* May be set: bytes of an answer, and of a piece of it. */
	uint32_t size;
	uint32_t piece_size_max;
	uint32_t piece_size; /* under way */
	uint32_t sent_size;
	uint32_t page_count;      /* pieces that went as pages, and whole */
	uint32_t slab_count;      /* the others */
	uint32_t way_count;       /* times it was asked to give way, these included: */
	uint32_t forgotten_count; /* times that pages were not in memory */
	int result;
	bool has_head;
	bool is_waiting;
	bool is_paged;     /* the piece under way */
	bool is_forgotten; /* the next goes as bytes */
	bool is_over;
};

/* After conn_start(); all zero but bytes. */
void file_talk_begin(struct file_talk *talk, struct conn_world *world);
/* Before conn_stop(). */
void file_talk_end(struct file_talk *talk);
/* FILE_TALK_SIZE bytes of a pattern, once for all; the caller frees them. */
uint8_t *file_talk_bytes(void);

#endif
