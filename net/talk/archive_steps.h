/* SPDX-License-Identifier: Apache-2.0
 *
 * archive_steps.h - the inside of an archive's conversation, shared by its two files
 *
 * Room: net/talk, private to it    Thread: reactor    Blocks: never    Allocates: never
 *
 *   archive.c       find, list, head, end
 *   archive_body.c  make pieces, send them, give way
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
/* Ask for the page that follows the cursor's (or the listing's) last entry. */
void hw_archive_page_fetch(struct hw_archive *archive, uint32_t index, struct hw_span after,
			   hw_catalog_fn *done);
/* Row @index of the list as the ZIP has it; lent from the page. */
struct hw_zip_entry hw_archive_row_entry(const struct hw_share_file *row);

/* -- archive_body.c -- */

extern const struct hw_http_handler hw_archive_handler;
/* The head is in the reply buffer; make and send what follows it. */
void hw_archive_body_begin(struct hw_archive *archive);
/* The reader's done. */
void hw_archive_read_done(struct hw_file_reader *file, struct hw_slab *slab, int res);

#endif
