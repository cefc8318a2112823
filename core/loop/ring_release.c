/* SPDX-License-Identifier: Apache-2.0
 *
 * Is what leaves a ring's table gone at once? It is tried: a pipe's end leaves the table while a
 * poll of another slot is in flight, and its reader sees the end of it, or does not.
 *
 * Before Linux 6.13 the table's entries are given back in the order in which operations that might
 * use them began (axboe/liburing#1192): one accept, or one idle client, and no socket that is
 * closed after it sends its FIN or gives its memory back, for as long as that lasts.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <unistd.h>

#include "core/loop/ring_kernel.h"

#define TRIES_MAX 4U /* turns until what is released late, but by itself, is released */

struct trial {
	struct io_uring uring;
	int idle[2]; /* nothing is ever written to it */
	int gone[2]; /* its writing end is in the table alone */
};

static int pipes_open(struct trial *trial)
{
	if (pipe2(trial->idle, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    pipe2(trial->gone, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	const int slots[2] = {trial->idle[0], trial->gone[1]};
	int r = io_uring_register_files(&trial->uring, slots, 2);
	(void)close(trial->gone[1]); /* the table has it, or there is no trial */
	trial->gone[1] = -1;
	return r;
}

static int submit(struct trial *trial)
{
	struct io_uring_sqe *poll = io_uring_get_sqe(&trial->uring);
	struct io_uring_sqe *leave = io_uring_get_sqe(&trial->uring);
	if (poll == NULL || leave == NULL) {
		return -EBUSY; /* never: the queue has room for eight */
	}
	io_uring_prep_poll_add(poll, 0, POLLIN);
	io_uring_sqe_set_flags(poll, IOSQE_FIXED_FILE);
	io_uring_prep_close_direct(leave, 1);
	return io_uring_submit_and_wait(&trial->uring, 1);
}

static bool is_gone(struct trial *trial)
{
	char byte = 0;
	bool has_end = false;
	for (uint32_t i = 0; i < TRIES_MAX && !has_end; i++) {
		has_end = read(trial->gone[0], &byte, 1) == 0;
		if (!has_end) {
			(void)io_uring_submit_and_get_events(&trial->uring); /* another turn */
		}
	}
	return has_end;
}

bool hw_ring_kernel_releases(void)
{
	struct trial trial = {.idle = {-1, -1}, .gone = {-1, -1}};
	if (io_uring_queue_init(8, &trial.uring,
				IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) < 0) {
		return false;
	}
	bool has_released = pipes_open(&trial) >= 0 && submit(&trial) >= 0 && is_gone(&trial);
	io_uring_queue_exit(&trial.uring);
	const int fds[] = {trial.idle[0], trial.idle[1], trial.gone[0], trial.gone[1]};
	for (uint32_t i = 0; i < hw_count_of(fds); i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]); /* nothing was written through it */
		}
	}
	return has_released;
}
