/* SPDX-License-Identifier: Apache-2.0
 *
 * download_head.h - what the head of a download says: validators, ranges, size
 *
 * Room: net/talk, private to download*.c    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_DOWNLOAD_HEAD_H
#define HW_NET_TALK_DOWNLOAD_HEAD_H

#include "net/talk/download.h"

/* The file was found unfinished. */
bool hw_download_is_growing(const struct hw_download *download);
/* Which bytes the request wants, into download->ranges. Returns the status: 200, 206, 304, 412 or
 * 416. While the request's head is there, as head_write. */
uint32_t hw_download_select_ranges(struct hw_download *download);
/* The head goes into the reply buffer; ranges are those whose bytes follow it. */
void hw_download_head_write(struct hw_download *download, uint32_t status);
/* What it says of the file, without its last line; lent until the head is sent. */
struct hw_span hw_download_fields(const struct hw_download *download);
/* Is the body in chunks of the transfer coding? */
bool hw_download_has_coding(const struct hw_download *download);
/* What stands before a range of several, and behind the last one. */
void hw_download_part_head_write(const struct hw_download *download, struct hw_http_writer *writer,
				 uint32_t index);
void hw_download_parts_end_write(const struct hw_download *download, struct hw_http_writer *writer);
/* Are there bytes among those asked for that passed before the file was stored? */
bool hw_download_is_before_first(const struct hw_download *download);

#endif
