/* SPDX-License-Identifier: Apache-2.0
 *
 * error.h - what each errno means in this house
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 *
 * Results are int: >= 0 good, -errno bad. The kernel's own errors pass through unchanged; these are
 * the ones we give ourselves.
 *
 *   -EAGAIN        a queue or a segment is not ready; the caller waits to be called
 *   -ENOBUFS       a pool is empty (slabs, heads, transfers): backpressure, 503 where it must be
 * said -ENOSPC        no room on the disk, or the reserve would be touched: 507 -EDQUOT above a
 * budget or a quota: 413 or 507 -EBADMSG       bytes do not match their hash, or a peer broke the
 * framing -ETIMEDOUT     the peer was too slow -ECONNRESET    the peer went away before the end
 *   -ENOENT        no such share, file or chunk
 *   -EIDRM         it was there and is gone: expired, ended, taken as often as it may be
 *   -EACCES        the token does not match
 *   -EBUSY         somebody else has the upload
 *   -EEXIST        the name is taken
 *   -EROFS         the segment or the store took an I/O error and accepts no more writes
 *   -ESHUTDOWN     the daemon is stopping
 *   -ECANCELED     the operation was cancelled by us
 *   -ESTALE        an older epoch (cluster)
 */
#ifndef HW_CORE_BASE_ERROR_H
#define HW_CORE_BASE_ERROR_H

#include <errno.h>

/* "ENOSPC" for -ENOSPC or ENOSPC, "UNKNOWN" for what is no errno; static storage, never NULL. */
const char *hw_error_name(int error);

#endif
