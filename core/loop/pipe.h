/* SPDX-License-Identifier: Apache-2.0
 *
 * pipe.h - the pipe by which pages of a file get to a socket without a copy (splice(2))
 *
 * Room: core/loop    Thread: the owning reactor    Blocks: never
 * Allocates: in the kernel, at open
 * Owns: a pipe, and a descriptor of what swallows pages
 * Limits: HW_PIPE_SIZE bytes pass at once, or less where the system does not give a user as much
 *         (fs.pipe-user-pages-soft)
 *
 * Between two passes nothing lies in it, so one serves all the sockets of a ring: what a socket
 * does not take is thrown away, and comes out of the page cache again. (A pipe for each answer
 * would have to be held for as long as its client is slow: there were sixteen, and with 64 large
 * answers at once the others went by slabs, at half the speed.)
 */
#ifndef HW_CORE_LOOP_PIPE_H
#define HW_CORE_LOOP_PIPE_H

#include "core/loop/ring.h"

#define HW_PIPE_SIZE     1048576U /* bytes */
#define HW_PIPE_FD_COUNT 3U       /* descriptors of one */

struct hw_pipe {
	int source_fd;     /* bytes come out here */
	int target_fd;     /* and go in here; -1: given up, and opened by the next pass */
	int null_fd;       /* takes any page, and lets go of it */
	uint32_t capacity; /* bytes */
};

/* Returns 0 or -errno. */
int hw_pipe_open(struct hw_pipe *pipe) HW_MUST_CHECK;
void hw_pipe_close(struct hw_pipe *pipe);
/* hw_ring_pages_send() has the contract. */
int hw_pipe_pass(struct hw_pipe *pipe, struct hw_ring_pages *pages) HW_MUST_CHECK;

#endif
