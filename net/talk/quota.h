/* SPDX-License-Identifier: Apache-2.0
 *
 * quota.h - is there room for a new share's file, before its first byte?
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 *
 * The sums are those that the last sweep told, a second ago at most, as every thread may read them.
 * The catalog has the last word when bytes are named: this only spares who sends too much.
 */
#ifndef HW_NET_TALK_QUOTA_H
#define HW_NET_TALK_QUOTA_H

#include "net/talk/talk.h"

/* @size: bytes announced; 0: nobody knows. Returns 0, -EDQUOT (the file's or the share's limit) or
 * -ENOSPC (the store's quota). */
int hw_quota_judge(const struct hw_talks *talks, uint64_t size) HW_MUST_CHECK;

#endif
