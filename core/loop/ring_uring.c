/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's side of ring.h: the ring's life, files, completions. Sockets are in ring_socket.c,
 * what both need in ring_parts.h.
 *
 *   x(op) -> hw_ring_sqe_get -> prepared SQE ... hw_ring_turn -> submit, wait -> completions copied
 * -> op->done
 *
 * Invariants, besides those of ring_parts.h:
 *  1. Completions are copied out of the queue before any step runs: steps may submit.
 */
#include "core/loop/ring.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/limits.h"
#include "core/loop/ring_parts.h"

#define SUBMISSION_ENTRIES 1024U /* flushed when full */
#define COMPLETION_BURST   2048U /* entries; accepts and wakes have no operation of their own */
#define STEPS_BATCH        64U   /* completions copied at once */

/* -- life -- */

/* Queues for everything that can be in flight; less where RLIMIT_MEMLOCK does not allow them: the
 * kernel keeps what does not fit, which is slow and counted (cq_overflow). */
static int setup(struct hw_ring *ring)
{
	uint32_t entries = hw_min(SUBMISSION_ENTRIES, ring->options.in_flight_max);
	uint32_t completions = ring->options.in_flight_max + COMPLETION_BURST;
	int r = -ENOMEM;
	while (r == -ENOMEM && completions >= 2 * entries) {
		struct io_uring_params params = {
			.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
				 IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL |
				 IORING_SETUP_CQSIZE,
			.cq_entries = completions,
		};
		r = io_uring_queue_init_params(entries, &ring->uring, &params);
		completions /= 2;
	}
	return r;
}

static int heads_register(struct hw_ring *ring)
{
	uint32_t count = ring->options.head_buffer_count;
	if (count == 0) {
		return 0;
	}
	hw_assert((count & (count - 1)) == 0 && count <= 32768);
	uint64_t bytes_size = (uint64_t)count * HW_HEAD_BUFFER_SIZE;
	uint64_t map_size = bytes_size + count * sizeof(struct io_uring_buf);
	void *map =
		mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	ring->head_bytes = map;
	ring->heads_map_size = map_size;
	ring->heads = (struct io_uring_buf_ring *)(void *)(ring->head_bytes + bytes_size);
	struct io_uring_buf_reg reg = {
		.ring_addr = (uint64_t)(uintptr_t)ring->heads,
		.ring_entries = count,
		.bgid = HW_RING_HEAD_GROUP,
	};
	int r = io_uring_register_buf_ring(&ring->uring, &reg, 0);
	if (r < 0) {
		return r;
	}
	io_uring_buf_ring_init(ring->heads);
	for (uint32_t i = 0; i < count; i++) {
		hw_ring_head_give(ring, (uint16_t)i);
	}
	return 0;
}

/* Without RLIMIT_MEMLOCK for it the arena is used unregistered: slower, but it works. */
static int arena_register(struct hw_ring *ring)
{
	if (ring->options.arena == NULL) {
		return 0;
	}
	struct iovec arena = {ring->options.arena, ring->options.arena_size};
	int r = io_uring_register_buffers(&ring->uring, &arena, 1);
	if (r < 0 && r != -ENOMEM && r != -EPERM) {
		return r;
	}
	ring->has_fixed_buffers = r == 0;
	ring->arena = ring->options.arena;
	ring->arena_size = ring->options.arena_size;
	return 0;
}

static int slots_register(struct hw_ring *ring)
{
	uint32_t socket_slots = ring->has_plain_sockets ? 0 : ring->options.socket_slots;
	int r = io_uring_register_files_sparse(&ring->uring,
					       socket_slots + ring->options.file_slots);
	if (r < 0 || socket_slots == 0) {
		return r;
	}
	return io_uring_register_file_alloc_range(&ring->uring, 0, socket_slots);
}

static int all_register(struct hw_ring *ring)
{
	int r = slots_register(ring);
	if (r >= 0) {
		r = heads_register(ring);
	}
	if (r >= 0) {
		uint32_t workers[2] = {ring->options.io_workers_max, ring->options.io_workers_max};
		r = io_uring_register_iowq_max_workers(&ring->uring, workers);
	}
	if (r >= 0 && ring->options.is_restricted) {
		r = hw_ring_kernel_restrict(&ring->uring);
	}
	return r;
}

static void pipe_close(struct hw_ring *ring)
{
	if (ring->options.socket_slots > 0) {
		hw_pipe_close(&ring->pipe);
	}
}

int hw_ring_init(struct hw_ring **ret_ring, const struct hw_ring_options *options)
{
	hw_assert(options->in_flight_max > 0);
	hw_assert(options->arena_size <= UINT32_C(1) << 30);
	void *map = mmap(NULL, sizeof(struct hw_ring), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	struct hw_ring *ring = map;
	ring->options = *options;
	ring->has_plain_sockets = !hw_ring_kernel_has_socket_slots();
	bool has_sockets = options->socket_slots > 0;
	int r = has_sockets ? hw_pipe_open(&ring->pipe) : 0;
	if (r < 0) {
		(void)munmap(map, sizeof(*ring)); /* cannot fail for what mmap gave */
		return r;
	}
	r = setup(ring);
	if (r < 0) {
		pipe_close(ring);
		(void)munmap(map, sizeof(*ring)); /* as above */
		return r;
	}
	r = all_register(ring);
	if (r < 0) {
		hw_ring_deinit(ring);
		return r;
	}
	*ret_ring = ring;
	return 0;
}

void hw_ring_deinit(struct hw_ring *ring)
{
	if (ring == NULL) {
		return;
	}
	io_uring_queue_exit(&ring->uring);
	pipe_close(ring);
	if (ring->head_bytes != NULL) {
		(void)munmap(ring->head_bytes, ring->heads_map_size); /* as above */
	}
	(void)munmap(ring, sizeof(*ring)); /* as above */
}

int hw_ring_file_register(struct hw_ring *ring, uint32_t slot, int fd)
{
	int r = io_uring_register_files_update(&ring->uring, slot, &fd, 1);
	return r < 0 ? r : 0;
}

int hw_ring_enable(struct hw_ring *ring)
{
	int r = arena_register(ring);
	return r < 0 ? r : hw_ring_kernel_enable(&ring->uring);
}

bool hw_ring_has_fixed_buffers(const struct hw_ring *ring)
{
	return ring->has_fixed_buffers;
}

uint32_t hw_ring_file_slot(const struct hw_ring *ring, uint32_t index)
{
	hw_assert(index < ring->options.file_slots);
	return (ring->has_plain_sockets ? 0 : ring->options.socket_slots) + index;
}

uint32_t hw_ring_in_flight_count(const struct hw_ring *ring)
{
	return ring->in_flight_count;
}

uint32_t hw_ring_ready_count(const struct hw_ring *ring)
{
	return io_uring_cq_ready(&ring->uring);
}

bool hw_ring_is_overflowing(const struct hw_ring *ring)
{
	return io_uring_cq_has_overflow(&ring->uring);
}

int hw_ring_fd(const struct hw_ring *ring)
{
	return ring->uring.ring_fd;
}

/* -- submission -- */

void hw_ring_file_set(struct hw_ring *ring, struct hw_op *op, uint32_t slot, int fd, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	op->res = fd; /* the kernel reads the descriptor from here: lent, as the op is */
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_files_update(sqe, &op->res, 1, (int)slot);
	hw_ring_sqe_own(sqe, op, 0);
}

static bool is_in_arena(const struct hw_ring *ring, const void *bytes, uint32_t size)
{
	const uint8_t *first = bytes;
	return ring->has_fixed_buffers && first >= ring->arena &&
	       first + size <= ring->arena + ring->arena_size;
}

/* NOLINTNEXTLINE(readability-function-size): the call's own six, and done */
void hw_ring_read(struct hw_ring *ring, struct hw_op *op, uint32_t file, void *bytes, uint32_t size,
		  uint64_t offset, hw_op_fn *done)
{
	hw_assert(size > 0);
	hw_ring_op_begin(ring, op, done);
	hw_ring_op_lend(op, bytes, size);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	if (is_in_arena(ring, bytes, size)) {
		io_uring_prep_read_fixed(sqe, (int)file, bytes, size, offset, 0);
	} else {
		io_uring_prep_read(sqe, (int)file, bytes, size, offset);
	}
	hw_ring_sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

/* NOLINTNEXTLINE(readability-function-size): the call's own six, and done */
void hw_ring_write(struct hw_ring *ring, struct hw_op *op, uint32_t file, const void *bytes,
		   uint32_t size, uint64_t offset, hw_op_fn *done)
{
	hw_assert(size > 0);
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	if (is_in_arena(ring, bytes, size)) {
		io_uring_prep_write_fixed(sqe, (int)file, bytes, size, offset, 0);
	} else {
		io_uring_prep_write(sqe, (int)file, bytes, size, offset);
	}
	hw_ring_sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

int hw_ring_pages_send(struct hw_ring *ring, struct hw_ring_pages *pages)
{
	return hw_pipe_pass(&ring->pipe, pages);
}

void hw_ring_datasync(struct hw_ring *ring, struct hw_op *op, uint32_t file, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_fsync(sqe, (int)file, IORING_FSYNC_DATASYNC);
	hw_ring_sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

void hw_ring_poll_fd(struct hw_ring *ring, struct hw_op *op, int fd, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	hw_ring_sqe_own(sqe, op, 0);
}

void hw_ring_cancel(struct hw_ring *ring, struct hw_op *target)
{
	if (!target->in_flight) {
		return;
	}
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_cancel64(sqe, hw_ring_user_data(target), 0);
	io_uring_sqe_set_data64(sqe, 0);
}

void hw_ring_wake(struct hw_ring *ring, int ring_fd)
{
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_msg_ring(sqe, ring_fd, 0, 0, 0);
	io_uring_sqe_set_data64(sqe, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
}

/* -- completion -- */

static int submit_and_wait(struct hw_ring *ring, uint32_t wait_ms)
{
	int r = 0;
	if (wait_ms == 0) {
		r = io_uring_submit_and_get_events(&ring->uring);
	} else {
		struct io_uring_cqe *first = NULL;
		struct __kernel_timespec limit = {
			.tv_sec = wait_ms / 1000,
			.tv_nsec = (long long)(wait_ms % 1000) * 1000000,
		};
		r = io_uring_submit_and_wait_timeout(&ring->uring, &first, 1, &limit, NULL);
	}
	/* Time passed, a signal, or the kernel wants completions taken first: all of them: go on.
	 */
	if (r == -ETIME || r == -EINTR || r == -EAGAIN || r == -EBUSY) {
		return 0;
	}
	return r < 0 ? r : 0;
}

static void step_run(struct hw_ring *ring, const struct io_uring_cqe *cqe)
{
	if (cqe->user_data == 0) {
		return; /* a wake or the answer to a cancel */
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): what user_data is for */
	struct hw_op *op = (struct hw_op *)(uintptr_t)(cqe->user_data & HW_RING_ADDRESS_MASK);
	hw_assert(op->in_flight);
	hw_assert(op->generation == (uint16_t)(cqe->user_data >> HW_RING_GENERATION_SHIFT));
	if (!op->is_known) {
		op->res = cqe->res;
	}
	if (op->is_accept && op->res >= 0 && ring->has_plain_sockets) {
		op->res += (int32_t)HW_RING_PLAIN_FIRST;
	}
	op->has_more = (cqe->flags & IORING_CQE_F_MORE) != 0;
	op->buffer_id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	if (!op->has_more) {
		op->in_flight = false;
		ring->in_flight_count--;
		if (op->lent != NULL) {
			hw_unpoison(op->lent, op->lent_size);
		}
	}
	op->done(op);
}

static uint32_t batch_run(struct hw_ring *ring, uint32_t count_max)
{
	struct io_uring_cqe batch[STEPS_BATCH];
	struct io_uring_cqe *ready[STEPS_BATCH];
	uint32_t count =
		io_uring_peek_batch_cqe(&ring->uring, ready, hw_min(count_max, STEPS_BATCH));
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&batch[i], ready[i], sizeof(batch[i]));
	}
	io_uring_cq_advance(&ring->uring, count);
	for (uint32_t i = 0; i < count; i++) {
		step_run(ring, &batch[i]);
	}
	return count;
}

int hw_ring_turn(struct hw_ring *ring, uint32_t wait_ms, uint32_t steps_max)
{
	if (steps_max == 0 || io_uring_cq_ready(&ring->uring) == 0) {
		int r = submit_and_wait(ring, wait_ms);
		if (r < 0) {
			return r;
		}
	}
	uint32_t steps = 0;
	while (steps < steps_max) {
		uint32_t count = batch_run(ring, steps_max - steps);
		if (count == 0) {
			break;
		}
		steps += count;
	}
	return (int)steps;
}
