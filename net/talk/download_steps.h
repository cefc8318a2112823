/* SPDX-License-Identifier: Apache-2.0
 *
 * download_steps.h - the inside of a download's conversation, shared by its two files
 *
 * Room: net/talk, private to download*.c    Thread: reactor    Blocks: never    Allocates: never
 *
 *   download.c       find, admission, the head, the end
 *   download_body.c  read, send, give way
 */
#ifndef HW_NET_TALK_DOWNLOAD_STEPS_H
#define HW_NET_TALK_DOWNLOAD_STEPS_H

#include "net/talk/download.h"

/* -- download.c -- */

/* As far as the answer has come, it cannot be completed. */
void hw_download_fail(struct hw_download *download, int error);
/* ENDING: the last to land ends it. */
void hw_download_join(struct hw_download *download);
/* All is sent. */
void hw_download_finish(struct hw_download *download);

/* -- download_body.c -- */

extern const struct hw_http_handler hw_download_handler;
/* The head is in the reply buffer: send it, and the ranges behind it. */
void hw_download_body_begin(struct hw_download *download);
/* The follower's done. */
void hw_download_read_done(struct hw_follower *file, const struct hw_piece *piece, int res);

#endif
