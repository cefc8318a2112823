/* SPDX-License-Identifier: Apache-2.0
 *
 * ring_parts.h - what ring_uring.c and ring_socket.c share: the ring itself, and how an entry is
 * filled
 *
 * Room: core/loop, those two alone    Thread: the ring's    Blocks: never    Allocates: never
 *
 * A submit is: hw_ring_op_begin, hw_ring_sqe_get, one of liburing's preparing functions (they reset
 * the entry), hw_ring_sqe_own.
 *
 * Invariants:
 *  1. user_data is 0 (nobody waits: wakes, cancels) or the op's address with its generation above
 * bit 48.
 *  2. in_flight_count is the number of ops with in_flight set; it never exceeds the completion
 * queue.
 *  3. A slot below HW_RING_PLAIN_FIRST is one of the table; one from there on is a socket,
 * HW_RING_PLAIN_FIRST more than its descriptor.
 */
#ifndef HW_CORE_LOOP_RING_PARTS_H
#define HW_CORE_LOOP_RING_PARTS_H

#include <liburing.h>
#include <string.h>

#include "core/loop/pipe.h"
#include "core/loop/ring.h"
#include "core/loop/ring_kernel.h"

/* No table is as large; positive in int32_t. */
#define HW_RING_PLAIN_FIRST      UINT32_C(0x40000000)
#define HW_RING_HEAD_GROUP       1U /* the one buffer group */
#define HW_RING_GENERATION_SHIFT 48U
#define HW_RING_ADDRESS_MASK     ((UINT64_C(1) << HW_RING_GENERATION_SHIFT) - 1)
/* The kernel says EAGAIN when short of memory for a moment. */
#define HW_RING_FLUSH_TRIES_MAX 1000U

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

static inline bool hw_ring_is_plain(uint32_t slot)
{
	return slot >= HW_RING_PLAIN_FIRST;
}

static inline int hw_ring_plain_fd(uint32_t slot)
{
	return (int)(slot - HW_RING_PLAIN_FIRST);
}

static inline struct io_uring_sqe *hw_ring_sqe_get(struct hw_ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
	for (uint32_t i = 0; sqe == NULL; i++) {
		hw_assert(i < HW_RING_FLUSH_TRIES_MAX);
		(void)io_uring_submit(&ring->uring); /* short or EAGAIN: tried again above */
		sqe = io_uring_get_sqe(&ring->uring);
	}
	memset(sqe, 0, sizeof(*sqe)); /* HAZARDS 1.20: what is not set must be zero */
	return sqe;
}

static inline uint64_t hw_ring_user_data(const struct hw_op *op)
{
	uint64_t address = (uint64_t)(uintptr_t)op;
	hw_assert((address & ~HW_RING_ADDRESS_MASK) == 0);
	return address | (uint64_t)op->generation << HW_RING_GENERATION_SHIFT;
}

/* Own the op: what every submit does first. The caller prepares the entry, then calls sqe_own. */
static inline void hw_ring_op_begin(struct hw_ring *ring, struct hw_op *op, hw_op_fn *done)
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
static inline void hw_ring_op_lend(struct hw_op *op, void *bytes, uint32_t size)
{
	op->lent = bytes;
	op->lent_size = size;
	hw_poison(bytes, size);
}

/* The preparing functions of liburing reset the entry: user_data and flags come after them. */
static inline void hw_ring_sqe_own(struct io_uring_sqe *sqe, const struct hw_op *op, uint32_t flags)
{
	io_uring_sqe_set_data64(sqe, hw_ring_user_data(op));
	io_uring_sqe_set_flags(sqe, flags);
}

/* As sqe_own, for a socket wherever it is. */
static inline void hw_ring_sqe_own_socket(struct io_uring_sqe *sqe, const struct hw_op *op,
					  uint32_t socket, uint32_t flags)
{
	sqe->fd = hw_ring_is_plain(socket) ? hw_ring_plain_fd(socket) : (int)socket;
	hw_ring_sqe_own(sqe, op, flags | (hw_ring_is_plain(socket) ? 0U : IOSQE_FIXED_FILE));
}

#endif
