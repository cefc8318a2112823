/* SPDX-License-Identifier: Apache-2.0
 *
 * ring.h - kernel operations, one struct hw_op for each in flight
 *
 * Room: core/loop    Thread: the one that called hw_ring_enable()    Blocks: only in hw_ring_turn()
 * Allocates: at init    Owns: the kernel's ring, its file table, its head buffers
 *
 * Two implementations, chosen at link time: ring_uring.c (the kernel) and tests/sim/ring_sim.c (a
 * seeded adversary that delays, reorders, shortens and fails). Nothing above this header can tell
 * which.
 *
 * Promises:
 *  1. done runs exactly once for each submit (multishot: once for each completion; op->has_more
 * says whether another follows), from hw_ring_turn(), never from inside a submit.
 *  2. Memory given to a submit is lent until done.
 *  3. A socket has at most one receive and one send in flight (HAZARDS 1.6); that is asserted by
 * callers.
 *  4. Files and sockets are slots, which only the ring can turn into something else. A slot is
 * reused only after its close is done (HAZARDS 1.18), and what was in it is gone then.
 *  5. No submit fails: the queue is flushed when full, and there are never more operations in
 * flight than the completion queue holds (sized from the limits of the pools).
 */
#ifndef HW_CORE_LOOP_RING_H
#define HW_CORE_LOOP_RING_H

#include <sys/socket.h>

#include "core/base/check.h"
#include "core/loop/op.h"

struct hw_ring;

/* The kernel's largest completion queue has 65536 entries; some are left for bursts of accepts. */
#define HW_RING_IN_FLIGHT_MAX 61440U

struct hw_ring_options {
	uint32_t in_flight_max;     /* operations; sizes the completion queue */
	uint32_t socket_slots;      /* connections accepted at most */
	uint32_t file_slots;        /* files and listeners at most */
	uint32_t head_buffer_count; /* buffers of HW_HEAD_BUFFER_SIZE; a power of two; 0: none */
	void *arena;                /* slabs; lent until deinit; page-aligned; may be NULL */
	uint64_t arena_size;        /* bytes; at most 1 GiB, the kernel's limit for one buffer */
	uint32_t io_workers_max;    /* kernel threads for what cannot be done without blocking */
	bool is_restricted;         /* only the operations below, no further registration */
};

/* What this kernel offers, asked once before any ring is made. */
struct hw_ring_probe {
	/* 6.13: what leaves the table is gone at once. Before, it stays open until every operation
	 * that began earlier is over, an accept or an idle connection's poll included: so sockets
	 * are descriptors of the process there, and stay out of the table. */
	bool has_socket_slots;
	char text[160]; /* for the log: what was found */
};

/* Returns 0; -EPERM (disabled by sysctl or seccomp), -ENOSYS, or -ENOTSUP: older than 6.1. */
int hw_ring_probe(struct hw_ring_probe *ret_probe) HW_MUST_CHECK;

/* Make a ring, disabled: no operation may be submitted before hw_ring_enable().
 * Returns 0, -ENOMEM (RLIMIT_MEMLOCK), or what the kernel said. */
int hw_ring_init(struct hw_ring **ret_ring, const struct hw_ring_options *options) HW_MUST_CHECK;
/* Accepts NULL. Nothing may be in flight. */
void hw_ring_deinit(struct hw_ring *ring);
/* Put @fd into file slot @slot for the life of the ring; before enable only. @fd stays the
 * caller's. */
int hw_ring_file_register(struct hw_ring *ring, uint32_t slot, int fd) HW_MUST_CHECK;
/* The same for a listener, in file slot @slot if it can be there: *ret_listener is where it is. */
int hw_ring_listener_register(struct hw_ring *ring, uint32_t slot, int fd,
			      uint32_t *ret_listener) HW_MUST_CHECK;
/* Register the arena, if there is memory for it (RLIMIT_MEMLOCK; all rings have been made by then):
 * see hw_ring_has_fixed_buffers(). From now on the calling thread is the only one that may use the
 * ring. */
int hw_ring_enable(struct hw_ring *ring) HW_MUST_CHECK;

bool hw_ring_has_fixed_buffers(const struct hw_ring *ring);
/* The slot, in the ring's table, of file number @index (0 .. file_slots - 1). */
uint32_t hw_ring_file_slot(const struct hw_ring *ring, uint32_t index);
uint32_t hw_ring_in_flight_count(const struct hw_ring *ring);
/* Completions that have come and whose steps hw_ring_turn() has not begun to run. */
uint32_t hw_ring_ready_count(const struct hw_ring *ring);

/* -- sockets; @socket is a slot -- */

/* One connection, whose slot is in op->res. A slot must be free when it comes: the kernel takes a
 * connection first and looks for its slot then; if there is none it closes it: -ENFILE. */
void hw_ring_accept(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done);
/* Multishot: one after the other, as above; has_more false: arm again. All that wait in the
 * listener's backlog may come in one go, before the first is told. */
void hw_ring_accept_many(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done);
bool hw_ring_has_accept_many(const struct hw_ring *ring); /* where sockets are in the table */
/* Into a buffer of the ring, chosen when bytes are there. op->res > 0:
 * hw_ring_head_bytes(op->buffer_id) holds op->res bytes, moved to the caller until
 * hw_ring_head_give. -ENOBUFS: none is free. */
void hw_ring_recv_head(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done);
char *hw_ring_head_bytes(struct hw_ring *ring, uint16_t buffer_id);
void hw_ring_head_give(struct hw_ring *ring, uint16_t buffer_id);
/* @is_whole: wait until @size bytes are there, the peer ends, or the op is cancelled (then op->res
 * has what came, if anything did). */
void hw_ring_recv(struct hw_ring *ring, struct hw_op *op, uint32_t socket, void *bytes,
		  uint32_t size, bool is_whole, hw_op_fn *done);
/* Until bytes can be read or the peer is gone. */
void hw_ring_poll_in(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done);
/* Until the peer says that it sends no more (POLLRDHUP in op->res) or is gone (POLLHUP, POLLERR),
 * whatever lies there to be received. A receive as to promise 3. */
void hw_ring_poll_hangup(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done);
/* How many bytes lie there to be received, counted up to @size: they stay there, and it does not
 * wait (-EAGAIN: none; 0: none, and none comes). A receive as to promise 3. */
void hw_ring_recv_count(struct hw_ring *ring, struct hw_op *op, uint32_t socket, uint32_t size,
			hw_op_fn *done);
/* Until more can be sent, or the peer is gone. A send as to promise 3. */
void hw_ring_poll_out(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done);
/* Sends all, unless it fails or is cancelled (then op->res may be short). @message and what it
 * points to are lent until done. */
void hw_ring_send(struct hw_ring *ring, struct hw_op *op, uint32_t socket, const void *bytes,
		  uint32_t size, hw_op_fn *done);
void hw_ring_sendmsg(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
		     const struct msghdr *message, hw_op_fn *done);
/* As much as the kernel takes at once; the caller goes on. All that a socket whose kernel seals can
 * do: to wait for all of it is not supported there. */
void hw_ring_sendmsg_some(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
			  const struct msghdr *message, hw_op_fn *done);
/* No more bytes from us (FIN). */
void hw_ring_shutdown(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done);
/* Close a socket or file slot. Nothing else may be in flight on it. */
void hw_ring_close(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done);
/* Close a socket that came when there was no place for it; nobody is told. */
void hw_ring_socket_drop(struct hw_ring *ring, uint32_t socket);
/* The connection in @socket gets a socket slot of the ring whose number is @ring_fd, too: op->res
 * has it; -ENFILE: none is free there. Nothing else may be in flight on it. Ours is to be closed
 * then, which does not end the connection; the other ring's thread must be told by mail. */
void hw_ring_socket_pass(struct hw_ring *ring, struct hw_op *op, uint32_t socket, int ring_fd,
			 hw_op_fn *done);
/* A process-wide descriptor for the slot in op->res; the caller closes it. */
void hw_ring_fd_install(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done);

/* -- files; @file is a slot -- */

/* Put @fd into file slot @slot. @fd stays the caller's, who may close it when done. */
void hw_ring_file_set(struct hw_ring *ring, struct hw_op *op, uint32_t slot, int fd,
		      hw_op_fn *done);
/* May be short; the caller goes on. Registered memory (the arena) is used as such. */
void hw_ring_read(struct hw_ring *ring, struct hw_op *op, uint32_t file, void *bytes, uint32_t size,
		  uint64_t offset, hw_op_fn *done);
void hw_ring_write(struct hw_ring *ring, struct hw_op *op, uint32_t file, const void *bytes,
		   uint32_t size, uint64_t offset, hw_op_fn *done);
/* fdatasync: covers exactly the writes whose done has run before this submit (HAZARDS 1.8). */
void hw_ring_datasync(struct hw_ring *ring, struct hw_op *op, uint32_t file, hw_op_fn *done);
/* From now on until @fd can be read (an eventfd or signalfd; plain descriptor). */
void hw_ring_poll_fd(struct hw_ring *ring, struct hw_op *op, int fd, hw_op_fn *done);

/* -- pages of a file to a socket, without a copy: now, not in flight -- */

/* As setsockopt(2) has it. */
struct hw_ring_option {
	int level;
	int name;
	const void *value;
	uint32_t size; /* bytes of it */
};
/* What the kernel makes of the pages (kernel TLS). @socket: a slot, and a process-wide descriptor
 * of it. Returns 0 or -errno. */
int hw_ring_option_set(struct hw_ring *ring, uint32_t socket, int socket_fd,
		       const struct hw_ring_option *option) HW_MUST_CHECK;

/* Of file and socket a slot, and a process-wide descriptor. */
struct hw_ring_pages {
	uint64_t offset; /* in the file */
	uint32_t file;
	int file_fd;
	uint32_t socket;
	int socket_fd;
	uint32_t size; /* bytes */
	bool is_full;  /* set: the socket did not take all that it was offered */
};
/* hw_ring_pages_send - as sendfile(2): what the socket takes now, of at most @pages->size bytes
 * Returns bytes, perhaps fewer than the socket had room for (HW_PIPE_SIZE); -EAGAIN: it takes none
 * just now; -ENODATA: they are not all in memory, and nobody waits for the disk here; -EINTR: try
 * again; -errno. Nothing else may be sent meanwhile (promise 3). */
int hw_ring_pages_send(struct hw_ring *ring, struct hw_ring_pages *pages) HW_MUST_CHECK;

/* -- the rest -- */

/* Ask the kernel to end @target early; its done still runs (HAZARDS 1.11). Nothing if not in
 * flight. */
void hw_ring_cancel(struct hw_ring *ring, struct hw_op *target);
/* Wake the thread that waits in hw_ring_turn() of the ring whose number is @ring_fd. */
void hw_ring_wake(struct hw_ring *ring, int ring_fd);
int hw_ring_fd(const struct hw_ring *ring);
/* The completion queue is full and the kernel keeps the rest: slow, and never so by promise 5. */
bool hw_ring_is_overflowing(const struct hw_ring *ring);

/* Submit what is queued; wait up to @wait_ms for a completion (0: do not wait); run the steps of at
 * most @steps_max of them (0: only submit and wait; a second call with @wait_ms 0 then runs them,
 * without a system call: between the two the reactor reads its clock). Returns steps run, or -errno
 * when the ring is broken. */
int hw_ring_turn(struct hw_ring *ring, uint32_t wait_ms, uint32_t steps_max) HW_MUST_CHECK;

#endif
