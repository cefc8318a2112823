/* SPDX-License-Identifier: Apache-2.0
 *
 * archive_steps.h - the inside of an archive's conversation, shared by its files
 *
 * Room: net/talk, private to it    Thread: reactor    Blocks: never    Allocates: never
 *
 *   archive.c       find, list, head, end
 *   archive_body.c  make pieces, send them, give way
 *   archive_file.c  one file after the other: pin, follow, wait for its seal
 */
#ifndef HW_NET_TALK_ARCHIVE_STEPS_H
#define HW_NET_TALK_ARCHIVE_STEPS_H

#include "net/talk/archive.h"

/* -- archive.c -- */

/* As far as the answer has come, it cannot be completed. */
void hw_archive_fail(struct hw_archive *archive, int error);
/* ENDING: the last to land ends it. */
void hw_archive_join(struct hw_archive *archive);
/* All is sent. */
void hw_archive_finish(struct hw_archive *archive);
/* LEAVING: give back what is held, one thing after the other. */
void hw_archive_leave(struct hw_archive *archive);
/* Ask for the page that follows the cursor's (or the listing's) last entry. */
void hw_archive_page_fetch(struct hw_archive *archive, uint32_t index, struct hw_span after,
			   hw_catalog_fn *done);
/* The page is there: files that are newer than the archive are not in it. Returns how many rows are
 * left. */
uint32_t hw_archive_rows_keep(struct hw_archive *archive, uint32_t count);
/* File @index of the list as the ZIP has it; lent from the page. */
struct hw_zip_entry hw_archive_row_entry(const struct hw_archive *archive, uint32_t index,
					 const struct hw_share_file *row);

/* -- archive_body.c -- */

extern const struct hw_http_handler hw_archive_handler;
/* The head is in the reply buffer; make and send what follows it. */
void hw_archive_body_begin(struct hw_archive *archive);
/* What was waited for is there: the next step. */
void hw_archive_go_on(struct hw_archive *archive);
/* The follower's done. */
void hw_archive_read_done(struct hw_follower *file, const struct hw_piece *piece, int res);
/* A second slab is a luxury that is taken only while there are plenty. */
bool hw_archive_may_read(struct hw_archive *archive);

/* -- archive_file.c -- */

/* Once, before anything is asked. */
void hw_archive_file_init(struct hw_archive *archive);
/* Ask for bytes of the cursor's file: read_done, or go_on when something had to come before.
 * Returns 0, or -errno. */
int hw_archive_file_read(struct hw_archive *archive) HW_MUST_CHECK;
/* All bytes of the cursor's file were taken. Returns 1: the cursor has its checksum, 0: that is
 * waited for, or -errno. */
int hw_archive_file_end(struct hw_archive *archive) HW_MUST_CHECK;
/* The follower gives the file up. Returns whether it has; else left does what comes next. */
bool hw_archive_file_leave(struct hw_archive *archive);

#endif
