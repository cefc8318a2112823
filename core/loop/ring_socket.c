/* SPDX-License-Identifier: Apache-2.0
 *
 * The sockets of ring.h: slots of the ring's table, or descriptors of the process where the kernel
 * gives such slots back late ("plain", see ring_release.c). Which of the two a socket is, its
 * number says; nobody above needs to know.
 *
 *   listener_register -> accept -> recv, send ... -> close, or drop
 *                          pass -> a slot of another ring (plain: one more descriptor)
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>

#include "core/base/limits.h"
#include "core/loop/ring_parts.h"

static void known_submit(struct hw_ring *ring, struct hw_op *op, int32_t res, hw_op_fn *done);
static int32_t plain_copy(uint32_t socket);

/* -- come and go -- */

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
	*ret_listener = HW_RING_PLAIN_FIRST + (uint32_t)copy;
	return 0;
}

/* Receives and sends wait all the same, though it is non-blocking; a splice does not. */
void hw_ring_accept(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	op->is_accept = true;
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	if (hw_ring_is_plain(listener)) {
		io_uring_prep_accept(sqe, 0, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} else {
		io_uring_prep_accept(sqe, 0, NULL, NULL, SOCK_NONBLOCK);
		sqe->file_index = IORING_FILE_INDEX_ALLOC;
	}
	hw_ring_sqe_own_socket(sqe, op, listener, 0);
}

void hw_ring_accept_many(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done)
{
	hw_assert(hw_ring_has_accept_many(ring));
	hw_ring_op_begin(ring, op, done);
	op->is_accept = true;
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_multishot_accept_direct(sqe, 0, NULL, NULL, SOCK_NONBLOCK);
	hw_ring_sqe_own_socket(sqe, op, listener, 0);
}

bool hw_ring_has_accept_many(const struct hw_ring *ring)
{
	return !ring->has_plain_sockets;
}

void hw_ring_close(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	if (hw_ring_is_plain(slot)) {
		io_uring_prep_close(sqe, hw_ring_plain_fd(slot));
	} else {
		io_uring_prep_close_direct(sqe, slot);
	}
	hw_ring_sqe_own(sqe, op, 0);
}

void hw_ring_socket_drop(struct hw_ring *ring, uint32_t socket)
{
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	if (hw_ring_is_plain(socket)) {
		io_uring_prep_close(sqe, hw_ring_plain_fd(socket));
	} else {
		io_uring_prep_close_direct(sqe, socket);
	}
	io_uring_sqe_set_data64(sqe, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
}

void hw_ring_fd_install(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	if (hw_ring_is_plain(slot)) {
		known_submit(ring, op, plain_copy(slot), done);
		return;
	}
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	sqe->opcode = HW_OP_FIXED_FD_INSTALL;
	sqe->fd = (int)slot;
	hw_ring_sqe_own(sqe, op, IOSQE_FIXED_FILE);
}

/* The other ring is not told by a completion: one without an operation of its own has no place in
 * its count of what is in flight. */
void hw_ring_socket_pass(struct hw_ring *ring, struct hw_op *op, uint32_t socket, int ring_fd,
			 hw_op_fn *done)
{
	if (hw_ring_is_plain(socket)) {
		int32_t copy = plain_copy(socket);
		known_submit(ring, op, copy < 0 ? copy : (int32_t)HW_RING_PLAIN_FIRST + copy, done);
		return;
	}
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	sqe->opcode = IORING_OP_MSG_RING; /* newer liburing: io_uring_prep_msg_ring_fd_alloc */
	sqe->fd = ring_fd;
	sqe->addr = IORING_MSG_SEND_FD;
	sqe->addr3 = socket;
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	sqe->msg_ring_flags = IORING_MSG_RING_CQE_SKIP;
	hw_ring_sqe_own(sqe, op, 0);
}

/* -- as descriptors -- */

/* What is known already is told in its turn, as promise 1 has it. */
static void known_submit(struct hw_ring *ring, struct hw_op *op, int32_t res, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	op->res = res;
	op->is_known = true;
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_nop(sqe);
	hw_ring_sqe_own(sqe, op, 0);
}

/* One more descriptor of what a plain socket is. */
static int32_t plain_copy(uint32_t socket)
{
	int copy = fcntl(hw_ring_plain_fd(socket), F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

/* -- bytes -- */

void hw_ring_recv_head(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_recv(sqe, 0, NULL, HW_HEAD_BUFFER_SIZE, 0);
	hw_ring_sqe_own_socket(sqe, op, socket, IOSQE_BUFFER_SELECT);
	sqe->buf_group = HW_RING_HEAD_GROUP;
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
	hw_ring_op_begin(ring, op, done);
	hw_ring_op_lend(op, bytes, size);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_recv(sqe, 0, bytes, size, is_whole ? MSG_WAITALL : 0);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_in(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLIN | POLLRDHUP);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_hangup(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLRDHUP); /* POLLHUP and POLLERR always come */
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

/* TCP counts with MSG_TRUNC what MSG_PEEK would show, and copies nothing: so there is no buffer. */
void hw_ring_recv_count(struct hw_ring *ring, struct hw_op *op, uint32_t socket, uint32_t size,
			hw_op_fn *done)
{
	hw_assert(size > 0);
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_recv(sqe, 0, NULL, size, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_poll_out(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_poll_add(sqe, 0, POLLOUT);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_send(struct hw_ring *ring, struct hw_op *op, uint32_t socket, const void *bytes,
		  uint32_t size, hw_op_fn *done)
{
	hw_assert(size > 0);
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_send(sqe, 0, bytes, size, MSG_WAITALL | MSG_NOSIGNAL);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_sendmsg(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
		     const struct msghdr *message, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_sendmsg(sqe, 0, message, MSG_WAITALL | MSG_NOSIGNAL);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_sendmsg_some(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
			  const struct msghdr *message, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_sendmsg(sqe, 0, message, MSG_NOSIGNAL);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
}

void hw_ring_shutdown(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_ring_op_begin(ring, op, done);
	struct io_uring_sqe *sqe = hw_ring_sqe_get(ring);
	io_uring_prep_shutdown(sqe, 0, SHUT_WR);
	hw_ring_sqe_own_socket(sqe, op, socket, 0);
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
