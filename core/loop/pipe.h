/* SPDX-License-Identifier: Apache-2.0
 *
 * pipe.h - pipes of the kernel, by which pages of a file get to a socket without a copy
 *
 * Room: core/loop    Thread: the owning reactor    Blocks: never    Allocates: in the kernel
 * Owns: HW_PIPE_COUNT pipes
 * Limits: HW_PIPE_SIZE bytes pass at once, or less where the system does not give a user as much
 *         (fs.pipe-user-pages-soft); when all pipes are out, bytes go another way
 *
 * A pipe holds references to pages, not memory. Whoever has one lets nothing lie in it when it is
 * given back: hw_pipe_empty() throws that away.
 */
#ifndef HW_CORE_LOOP_PIPE_H
#define HW_CORE_LOOP_PIPE_H

#include "core/base/check.h"

#define HW_PIPE_COUNT 16U
#define HW_PIPE_SIZE  1048576U /* bytes */

struct hw_pipe {
	struct hw_pipe *next_free;
	int source_fd;     /* bytes come out here */
	int target_fd;     /* and go in here; -1: it could not be made anew, and is not given out */
	uint32_t capacity; /* bytes */
};

/* All zero is without pipes. */
struct hw_pipes {
	struct hw_pipe pipes[HW_PIPE_COUNT];
	struct hw_pipe *free_first;
	uint32_t count;
};

/* As many as the process may have; none is no error. */
void hw_pipes_init(struct hw_pipes *pipes);
/* Every pipe came back. */
void hw_pipes_deinit(struct hw_pipes *pipes);
/* NULL: all are out. */
struct hw_pipe *hw_pipe_take(struct hw_pipes *pipes) HW_MUST_CHECK;
/* @pipe: moved; empty. */
void hw_pipe_give(struct hw_pipes *pipes, struct hw_pipe *pipe);
/* What lies in it is not wanted. Nothing may be in flight on it. */
void hw_pipe_empty(struct hw_pipe *pipe);

#endif
