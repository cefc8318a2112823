/* SPDX-License-Identifier: Apache-2.0 */
#include "core/loop/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/descriptor.h"

#define PIPE_SIZE_MIN 65536U /* what a pipe has that is not made larger */

/* Not blocking: an empty or a full one is told, whoever asks. */
static bool pipe_open(struct hw_pipe *pipe)
{
	int fds[2];
	pipe->source_fd = -1;
	pipe->target_fd = -1;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		return false;
	}
	if (hw_descriptor_is_scarce(fds[1])) {
		(void)close(fds[0]); /* nothing is in it */
		(void)close(fds[1]);
		return false;
	}
	int size = fcntl(fds[1], F_SETPIPE_SZ, HW_PIPE_SIZE);
	if (size < 0) { /* a user may have only so many pages in pipes */
		size = fcntl(fds[1], F_GETPIPE_SZ);
	}
	pipe->source_fd = fds[0];
	pipe->target_fd = fds[1];
	pipe->capacity = hw_min(size > 0 ? (uint32_t)size : PIPE_SIZE_MIN, HW_PIPE_SIZE);
	return true;
}

static void pipe_close(struct hw_pipe *pipe)
{
	if (pipe->target_fd >= 0) {
		(void)close(pipe->target_fd); /* nothing is lost that anybody wants */
		(void)close(pipe->source_fd);
	}
	pipe->target_fd = -1;
	pipe->source_fd = -1;
}

void hw_pipes_init(struct hw_pipes *pipes)
{
	*pipes = (struct hw_pipes){.free_first = NULL};
	for (uint32_t i = 0; i < HW_PIPE_COUNT; i++) {
		if (!pipe_open(&pipes->pipes[i])) {
			return;
		}
		pipes->count++;
		hw_pipe_give(pipes, &pipes->pipes[i]);
	}
}

void hw_pipes_deinit(struct hw_pipes *pipes)
{
	for (uint32_t i = 0; i < pipes->count; i++) {
		pipe_close(&pipes->pipes[i]);
	}
	*pipes = (struct hw_pipes){.free_first = NULL};
}

struct hw_pipe *hw_pipe_take(struct hw_pipes *pipes)
{
	struct hw_pipe *pipe = pipes->free_first;
	while (pipe != NULL && pipe->target_fd < 0 && !pipe_open(pipe)) {
		pipe = pipe->next_free; /* no descriptors just now: perhaps the next time */
	}
	if (pipe == NULL) {
		return NULL;
	}
	struct hw_pipe **link = &pipes->free_first;
	while (*link != pipe) {
		link = &(*link)->next_free;
	}
	*link = pipe->next_free;
	pipe->next_free = NULL;
	return pipe;
}

void hw_pipe_give(struct hw_pipes *pipes, struct hw_pipe *pipe)
{
	hw_assert(pipe >= pipes->pipes && pipe < pipes->pipes + pipes->count);
	pipe->next_free = pipes->free_first;
	pipes->free_first = pipe;
}

/* Closing is the only way to throw pages away that costs no copy of them. */
void hw_pipe_empty(struct hw_pipe *pipe)
{
	pipe_close(pipe);
	(void)pipe_open(pipe); /* if not, hw_pipe_take tries again */
}
