/* SPDX-License-Identifier: Apache-2.0
 *
 * failpoint.h - named places at which a test lets the process die
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 *
 * HAWSER_FAILPOINT=name or name:count in the environment kills the process (SIGKILL, no clean-up)
 * when the named place is reached for the count-th time. Built in by -DHW_FAILPOINTS=ON (debug,
 * asan, tsan presets); in a release each is nothing. Add a step of upload, commit, delete or
 * recovery: add its name here, and tests/crash kills there from then on (a name that no run reaches
 * fails the suite).
 */
#ifndef HW_CORE_BASE_FAILPOINT_H
#define HW_CORE_BASE_FAILPOINT_H

#include "core/base/check.h"

#define HW_FAILPOINT_LIST(X)                                                                       \
	X(segment_created)      /* the file is there and allocated, nobody uses it yet */          \
	X(extent_reserved)      /* the tail moved; nothing written */                              \
	X(slab_written)         /* some bytes of a chunk are in the segment, not synced */         \
	X(leaves_written)       /* a whole chunk is in the segment, not synced */                  \
	X(segment_synced)       /* the bytes are durable, the catalog does not know them */        \
	X(append_before_commit) /* chunks of an unfinished file are in an open transaction */      \
	X(append_after_commit)  /* chunks of an unfinished file are committed */                   \
	X(commit_before_commit) /* the finished file is in an open transaction */                  \
	X(commit_after_commit)  /* the finished file is durable, nobody was told */                \
	X(put_before_reply)     /* the answer is about to be sent */                               \
	X(tus_before_reply)     /* the answer to a tus request that brought bytes is to be sent */ \
	X(delete_before_commit)                                                                    \
	X(delete_after_commit)                                                                     \
	X(extent_dropped) /* the catalog forgot the chunk; its bytes are still there */            \
	X(extent_punched) /* the hole is made; the catalog's list still names it */                \
	X(segment_sealed)                                                                          \
	X(segment_unlinked)                                                                        \
	X(recovery_opened)  /* the catalog is open, nothing given back yet */                      \
	X(recovery_forgot)  /* unfinished files are forgotten */                                   \
	X(recovery_punched) /* one segment's free space is given back */

#define HW_FAILPOINT_ENUM(name) HW_FAILPOINT_##name,
enum hw_failpoint { HW_FAILPOINT_LIST(HW_FAILPOINT_ENUM) HW_FAILPOINT_COUNT };
#undef HW_FAILPOINT_ENUM

/* Read the environment. Call once from main, before threads. Returns 0, -EINVAL unknown name. */
int hw_failpoint_start(const char *setting) HW_MUST_CHECK;
const char *hw_failpoint_name(enum hw_failpoint point);

#if HW_FAILPOINTS
void hw_failpoint_hit(enum hw_failpoint point);
#define HW_FAILPOINT(name) hw_failpoint_hit(HW_FAILPOINT_##name)
#else
#define HW_FAILPOINT(name) ((void)0)
#endif

#endif
