/* SPDX-License-Identifier: Apache-2.0
 *
 *   pass: fill (file -> pipe) -> drain (pipe -> socket) -> discard (pipe -> /dev/null) what is left
 *
 * The ring has an operation for it, which goes through a kernel thread: twice the CPU. sendfile(2)
 * does the same by a pipe of 64 KiB of its own: 10 % slower for a single client.
 */
#include "core/loop/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/page_cache.h"

#define PIPE_SIZE_MIN  65536U /* what a pipe has that is not made larger */
#define INTERRUPTS_MAX 16U    /* in a row, of one step */

/* Not blocking: an empty or a full one is told, whoever asks. */
static int ends_open(struct hw_pipe *pipe)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	int size = fcntl(fds[1], F_SETPIPE_SZ, HW_PIPE_SIZE);
	if (size < 0) { /* a user may have only so many pages in pipes */
		size = fcntl(fds[1], F_GETPIPE_SZ);
	}
	pipe->source_fd = fds[0];
	pipe->target_fd = fds[1];
	pipe->capacity = hw_min(size > 0 ? (uint32_t)size : PIPE_SIZE_MIN, HW_PIPE_SIZE);
	return 0;
}

static void ends_close(struct hw_pipe *pipe)
{
	(void)close(pipe->target_fd); /* nothing is in it that anybody wants */
	(void)close(pipe->source_fd);
	pipe->target_fd = -1;
	pipe->source_fd = -1;
}

int hw_pipe_open(struct hw_pipe *pipe)
{
	pipe->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (pipe->null_fd < 0) {
		return -errno;
	}
	int r = ends_open(pipe);
	if (r < 0) {
		(void)close(pipe->null_fd); /* nothing is in it */
	}
	return r;
}

void hw_pipe_close(struct hw_pipe *pipe)
{
	if (pipe->target_fd >= 0) {
		ends_close(pipe);
	}
	(void)close(pipe->null_fd); /* as above */
}

/* Returns bytes; -errno. */
static int pages_move(int from_fd, off64_t *from, int to_fd, uint32_t size)
{
	ssize_t r = -1;
	errno = EINTR;
	for (uint32_t i = 0; i < INTERRUPTS_MAX && r < 0 && errno == EINTR; i++) {
		r = splice(from_fd, from, to_fd, NULL, size, SPLICE_F_NONBLOCK);
	}
	return r < 0 ? -errno : (int)r;
}

/* It takes everything; should it not, another pipe is empty. */
static void discard(struct hw_pipe *pipe, uint32_t size)
{
	while (size > 0) {
		int r = pages_move(pipe->source_fd, NULL, pipe->null_fd, size);
		if (r <= 0 && r != -EINTR) {
			ends_close(pipe); /* the next pass opens it */
			return;
		}
		size -= r > 0 ? (uint32_t)r : 0;
	}
}

int hw_pipe_pass(struct hw_pipe *pipe, struct hw_ring_pages *pages)
{
	off64_t from = (off64_t)pages->offset;
	pages->is_full = false;
	if (pipe->target_fd < 0 && ends_open(pipe) < 0) {
		return -ENODATA; /* it goes by another way */
	}
	uint32_t size = hw_min(pages->size, pipe->capacity);
	if (!hw_page_cache_has(pages->file_fd, pages->offset, size)) {
		return -ENODATA;
	}
	int filled = pages_move(pages->file_fd, &from, pipe->target_fd, size);
	if (filled <= 0) { /* the file ends there, or says what the disk would have said */
		return filled == 0 || filled == -EAGAIN ? -ENODATA : filled;
	}
	int r = pages_move(pipe->source_fd, NULL, pages->socket_fd, (uint32_t)filled);
	pages->is_full = r < filled;
	discard(pipe, (uint32_t)(filled - hw_max(r, 0)));
	return r;
}
