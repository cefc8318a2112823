/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's side of ring.h.
 *
 *   x(op) -> sqe_take -> prepared SQE ... hw_ring_turn -> submit, wait -> completions copied ->
 * op->done
 *
 * Invariants:
 *  1. user_data is 0 (nobody waits: wakes, cancels) or the op's address with its generation above
 * bit 48.
 *  2. in_flight_count is the number of ops with in_flight set; it never exceeds the completion
 * queue.
 *  3. Completions are copied out of the queue before any step runs: steps may submit.
 *  4. A slot below PLAIN_FIRST is one of the table; one from there on is a socket, PLAIN_FIRST more
 * than its descriptor.
 */
#include "core/loop/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/limits.h"
#include "core/base/pool.h"
#include "core/loop/pipe.h"
#include "core/loop/ring_kernel.h"

#define SUBMISSION_ENTRIES 1024U /* flushed when full */
#define COMPLETION_BURST   2048U /* entries; accepts and wakes have no operation of their own */
#define HEAD_GROUP         1U    /* the one buffer group */
#define STEPS_BATCH        64U   /* completions copied at once */
#define GENERATION_SHIFT   48U
#define ADDRESS_MASK       ((UINT64_C(1) << GENERATION_SHIFT) - 1)
#define PLAIN_FIRST        UINT32_C(0x40000000) /* no table is as large; positive in int32_t */
#define FLUSH_TRIES_MAX    1000U /* the kernel says EAGAIN when short of memory for a moment */

struct hw_ring {
	struct io_uring uring;
	struct io_uring_buf_ring *heads;
	char *head_bytes;
	uint64_t heads_map_size; /* bytes: the buffers, then the ring of their addresses */
	uint8_t *arena;
	uint64_t arena_size;
	struct hw_ring_options options;
	struct hw_pipe pipe; /* where there are sockets */
	uint32_t in_flight_count;
	bool has_fixed_buffers;
	bool has_plain_sockets;
};

static bool is_plain(uint32_t slot)
{
	return slot >= PLAIN_FIRST;
}

static int plain_fd(uint32_t slot)
{
	return (int)(slot - PLAIN_FIRST);
}

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
		.bgid = HEAD_GROUP,
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

int hw_ring_listener_register(struct hw_ring *ring, uint32_t slot, int fd, uint32_t *ret_listener)
{
	*ret_listener = slot;
	if (!ring->has_plain_sockets) {
		return hw_ring_file_register(ring, slot, fd);
	}
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0) {
		return -errno;
	}
	*ret_listener = PLAIN_FIRST + (uint32_t)copy;
	return 0;
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

bool hw_ring_is_overflowing(const struct hw_ring *ring)
{
	return io_uring_cq_has_overflow(&ring->uring);
}

int hw_ring_fd(const struct hw_ring *ring)
{
	return ring->uring.ring_fd;
}

/* -- submission -- */

static struct io_uring_sqe *sqe_get(struct hw_ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
	for (uint32_t i = 0; sqe == NULL; i++) {
		hw_assert(i < FLUSH_TRIES_MAX);
		(void)io_uring_submit(&ring->uring); /* short or EAGAIN: tried again above */
		sqe = io_uring_get_sqe(&ring->uring);
	}
	memset(sqe, 0, sizeof(*sqe)); /* HAZARDS 1.20: what is not set must be zero */
	return sqe;
}

static uint64_t user_data_of(const struct hw_op *op)
{
	uint64_t address = (uint64_t)(uintptr_t)op;
	hw_assert((address & ~ADDRESS_MASK) == 0);
	return address | (uint64_t)op->generation << GENERATION_SHIFT;
}

/* Own the op: what every submit does first. The caller prepares the entry, then calls sqe_own. */
static void op_begin(struct hw_ring *ring, struct hw_op *op, hw_op_fn *done)
{
	hw_assert(!op->in_flight);
	hw_assert(done != NULL);
	hw_assert(ring->in_flight_count < ring->options.in_flight_max);
	ring->in_flight_count++;
	op->done = done;
	op->generation++;
	op->in_flight = true;
	op->has_more = false;
	op->is_accept = false;
	op->is_known = false;
	op->lent = NULL;
	op->lent_size = 0;
}

/* The kernel will write here: with ASan, touching it before done is reported. */
static void op_lend(struct hw_op *op, void *bytes, uint32_t size)
{
	op->lent = bytes;
	op->lent_size = size;
	hw_poison(bytes, size);
}

/* The preparing functions of liburing reset the entry: user_data and flags come after them. */
static void sqe_own(struct io_uring_sqe *sqe, const struct hw_op *op, uint32_t flags)
{
	io_uring_sqe_set_data64(sqe, user_data_of(op));
	io_uring_sqe_set_flags(sqe, flags);
}

/* As sqe_own, for a socket wherever it is. */
static void sqe_own_socket(struct io_uring_sqe *sqe, const struct hw_op *op, uint32_t socket,
			   uint32_t flags)
{
	sqe->fd = is_plain(socket) ? plain_fd(socket) : (int)socket;
	sqe_own(sqe, op, flags | (is_plain(socket) ? 0U : IOSQE_FIXED_FILE));
}

/* What is known already is told in its turn, as promise 1 has it. */
static void known_submit(struct hw_ring *ring, struct hw_op *op, int32_t res, hw_op_fn *done)
{
	op_begin(ring, op, done);
	op->res = res;
	op->is_known = true;
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_nop(sqe);
	sqe_own(sqe, op, 0);
}

/* One more descriptor of what a plain socket is. */
static int32_t plain_copy(uint32_t socket)
{
	int copy = fcntl(plain_fd(socket), F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

void hw_ring_accept(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done)
{
	op_begin(ring, op, done);
	op->is_accept = true;
	struct io_uring_sqe *sqe = sqe_get(ring);
	/* Receives and sends wait all the same; a splice does not. A multishot ends when the table
	 * is full; where there is none it would take all who wait, place or not. */
	if (is_plain(listener)) {
		io_uring_prep_accept(sqe, 0, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} else {
		io_uring_prep_multishot_accept_direct(sqe, 0, NULL, NULL, SOCK_NONBLOCK);
	}
	sqe_own_socket(sqe, op, listener, 0);
}

void hw_ring_recv_head(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_recv(sqe, 0, NULL, HW_HEAD_BUFFER_SIZE, 0);
	sqe_own_socket(sqe, op, socket, IOSQE_BUFFER_SELECT);
	sqe->buf_group = HEAD_GROUP;
}

char *hw_ring_head_bytes(struct hw_ring *ring, uint16_t buffer_id)
{
	hw_assert(buffer_id < ring->options.head_buffer_count);
	return ring->head_bytes + (uint64_t)buffer_id * HW_HEAD_BUFFER_SIZE;
}

void hw_ring_head_give(struct hw_ring *ring, uint16_t buffer_id)
{
	int mask = io_uring_buf_ring_mask(ring->options.head_buffer_count);
	io_uring_buf_ring_add(ring->heads, hw_ring_head_bytes(ring, buffer_id), HW_HEAD_BUFFER_SIZE,
			      buffer_id, mask, 0);
	io_uring_buf_ring_advance(ring->heads, 1);
}

/* NOLINTNEXTLINE(readability-function-size): the call's own six, and done */
void hw_ring_recv(struct hw_ring *ring, struct hw_op *op, uint32_t socket, void *bytes,
		  uint32_t size, bool is_whole, hw_op_fn *done)
{
	hw_assert(size > 0);
	op_begin(ring, op, done);
	op_lend(op, bytes, size);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_recv(sqe, 0, bytes, size, is_whole ? MSG_WAITALL : 0);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_in(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLIN | POLLRDHUP);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_hangup(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLRDHUP); /* POLLHUP and POLLERR always come */
	sqe_own_socket(sqe, op, socket, 0);
}

/* TCP counts with MSG_TRUNC what MSG_PEEK would show, and copies nothing: so there is no buffer. */
void hw_ring_recv_count(struct hw_ring *ring, struct hw_op *op, uint32_t socket, uint32_t size,
			hw_op_fn *done)
{
	hw_assert(size > 0);
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_recv(sqe, 0, NULL, size, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_out(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLOUT);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_send(struct hw_ring *ring, struct hw_op *op, uint32_t socket, const void *bytes,
		  uint32_t size, hw_op_fn *done)
{
	hw_assert(size > 0);
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_send(sqe, 0, bytes, size, MSG_WAITALL | MSG_NOSIGNAL);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_sendmsg(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
		     const struct msghdr *message, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_sendmsg(sqe, 0, message, MSG_WAITALL | MSG_NOSIGNAL);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_sendmsg_some(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
			  const struct msghdr *message, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_sendmsg(sqe, 0, message, MSG_NOSIGNAL);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_shutdown(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_shutdown(sqe, 0, SHUT_WR);
	sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_close(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	if (is_plain(slot)) {
		io_uring_prep_close(sqe, plain_fd(slot));
	} else {
		io_uring_prep_close_direct(sqe, slot);
	}
	sqe_own(sqe, op, 0);
}

void hw_ring_socket_drop(struct hw_ring *ring, uint32_t socket)
{
	struct io_uring_sqe *sqe = sqe_get(ring);
	if (is_plain(socket)) {
		io_uring_prep_close(sqe, plain_fd(socket));
	} else {
		io_uring_prep_close_direct(sqe, socket);
	}
	io_uring_sqe_set_data64(sqe, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
}

void hw_ring_fd_install(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	if (is_plain(slot)) {
		known_submit(ring, op, plain_copy(slot), done);
		return;
	}
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	sqe->opcode = HW_OP_FIXED_FD_INSTALL;
	sqe->fd = (int)slot;
	sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

/* The other ring is not told by a completion: one without an operation of its own has no place in
 * its count of what is in flight. */
void hw_ring_socket_pass(struct hw_ring *ring, struct hw_op *op, uint32_t socket, int ring_fd,
			 hw_op_fn *done)
{
	if (is_plain(socket)) {
		int32_t copy = plain_copy(socket);
		known_submit(ring, op, copy < 0 ? copy : (int32_t)PLAIN_FIRST + copy, done);
		return;
	}
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	sqe->opcode = IORING_OP_MSG_RING; /* newer liburing: io_uring_prep_msg_ring_fd_alloc */
	sqe->fd = ring_fd;
	sqe->addr = IORING_MSG_SEND_FD;
	sqe->addr3 = socket;
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	sqe->msg_ring_flags = IORING_MSG_RING_CQE_SKIP;
	sqe_own(sqe, op, 0);
}

void hw_ring_file_set(struct hw_ring *ring, struct hw_op *op, uint32_t slot, int fd, hw_op_fn *done)
{
	op_begin(ring, op, done);
	op->res = fd; /* the kernel reads the descriptor from here: lent, as the op is */
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_files_update(sqe, &op->res, 1, (int)slot);
	sqe_own(sqe, op, 0);
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
	op_begin(ring, op, done);
	op_lend(op, bytes, size);
	struct io_uring_sqe *sqe = sqe_get(ring);
	if (is_in_arena(ring, bytes, size)) {
		io_uring_prep_read_fixed(sqe, (int)file, bytes, size, offset, 0);
	} else {
		io_uring_prep_read(sqe, (int)file, bytes, size, offset);
	}
	sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

/* NOLINTNEXTLINE(readability-function-size): the call's own six, and done */
void hw_ring_write(struct hw_ring *ring, struct hw_op *op, uint32_t file, const void *bytes,
		   uint32_t size, uint64_t offset, hw_op_fn *done)
{
	hw_assert(size > 0);
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	if (is_in_arena(ring, bytes, size)) {
		io_uring_prep_write_fixed(sqe, (int)file, bytes, size, offset, 0);
	} else {
		io_uring_prep_write(sqe, (int)file, bytes, size, offset);
	}
	sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

int hw_ring_option_set(struct hw_ring *ring, uint32_t socket, int socket_fd,
		       const struct hw_ring_option *option)
{
	(void)ring; /* IORING_OP_URING_CMD: no faster, and another operation to allow */
	(void)socket;
	return setsockopt(socket_fd, option->level, option->name, option->value, option->size) < 0
		       ? -errno
		       : 0;
}

int hw_ring_pages_send(struct hw_ring *ring, struct hw_ring_pages *pages)
{
	return hw_pipe_pass(&ring->pipe, pages);
}

void hw_ring_datasync(struct hw_ring *ring, struct hw_op *op, uint32_t file, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_fsync(sqe, (int)file, IORING_FSYNC_DATASYNC);
	sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

void hw_ring_poll_fd(struct hw_ring *ring, struct hw_op *op, int fd, hw_op_fn *done)
{
	op_begin(ring, op, done);
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe_own(sqe, op, 0);
}

void hw_ring_cancel(struct hw_ring *ring, struct hw_op *target)
{
	if (!target->in_flight) {
		return;
	}
	struct io_uring_sqe *sqe = sqe_get(ring);
	io_uring_prep_cancel64(sqe, user_data_of(target), 0);
	io_uring_sqe_set_data64(sqe, 0);
}

void hw_ring_wake(struct hw_ring *ring, int ring_fd)
{
	struct io_uring_sqe *sqe = sqe_get(ring);
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
	struct hw_op *op = (struct hw_op *)(uintptr_t)(cqe->user_data & ADDRESS_MASK);
	hw_assert(op->in_flight);
	hw_assert(op->generation == (uint16_t)(cqe->user_data >> GENERATION_SHIFT));
	if (!op->is_known) {
		op->res = cqe->res;
	}
	if (op->is_accept && op->res >= 0 && ring->has_plain_sockets) {
		op->res += (int32_t)PLAIN_FIRST;
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
