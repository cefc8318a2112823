/* SPDX-License-Identifier: Apache-2.0
 *
 * archive_head.h - what the head of a ZIP says: validator, range, size, name
 *
 * Room: net/talk, private to archive*.c    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_ARCHIVE_HEAD_H
#define HW_NET_TALK_ARCHIVE_HEAD_H

#include "net/talk/archive.h"
#include "net/wire/base32.h"
#include "net/wire/http_range.h"

#define HW_ARCHIVE_NAME_SIZE (HW_SHARE_ID_TEXT_SIZE + 4U) /* bytes of the id and ".zip" */

/* Which bytes the request wants. Returns the status: 200, 206, 304, 412 or 416. While the request's
 * head is there, as head_write. */
uint32_t hw_archive_select_range(const struct hw_archive *archive, struct hw_http_range *ret_range);
/* Into the reply buffer. Returns its size. */
uint32_t hw_archive_head_write(struct hw_archive *archive, uint32_t status,
			       const struct hw_http_range *range);
/* What the archive is called; lies in @name. */
struct hw_span hw_archive_name(const struct hw_archive *archive, char name[HW_ARCHIVE_NAME_SIZE]);

#endif
