/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of an operation:
 *
 *   hw_ring_x -> flight_new (QUEUED) ... hw_ring_turn -> events_run -> attempt -+-> wait (WAITING)
 *                                                            ^                  |      |
 *                                                            +------------------|-kick-+
 *                                                                               v
 *                 step_run -> op->done <- ready <- (a while later) <- hw_sim_land (LANDED)
 *
 * Invariants:
 *  1. Every op with in_flight set is in exactly one flight of flights or ready (accept: one in
 *     flights or its last one in ready, and any number of ready ones that say has_more).
 *  2. Nothing but events_run chooses: all chance comes from ring->prng, in the order of events.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "tests/sim/lend_sim.h"
#include "tests/sim/sim_world.h"

#define QUICK_US_MAX     20U      /* us; what an operation takes that is not delayed */
#define TURN_COST_US_MAX 10U      /* us; what a turn takes */
#define EVENTS_MAX       1000000U /* in one turn: more is a loop without progress */

struct hw_sim_world hw_sim_world;

static const char *const g_kind_names[HW_SIM_KIND_COUNT] = {
	"none",       "accept", "recv_head", "recv",    "poll_in",    "poll_out",    "poll_hangup",
	"recv_count", "send",   "shutdown",  "close",   "fd_install", "socket_pass", "file_set",
	"read",       "write",  "datasync",  "poll_fd", "cancel",     "wake",
};

/* -- time */

uint64_t hw_sim_delay_us(struct hw_ring *ring)
{
	const struct hw_sim_options *options = &hw_sim_world.options;
	if (options->delay_us_max > 0 && hw_prng_chance(&ring->prng, options->delay_percent)) {
		return hw_prng_below(&ring->prng, options->delay_us_max);
	}
	return hw_prng_below(&ring->prng, QUICK_US_MAX);
}

/* -- flights */

static struct hw_sim_flight *flights_add(struct hw_sim_flights *flights)
{
	if (flights->count == flights->capacity) {
		flights->capacity = flights->capacity == 0 ? 16 : flights->capacity * 2;
		flights->items =
			realloc(flights->items, flights->capacity * sizeof(*flights->items));
		hw_assert(flights->items != NULL);
	}
	struct hw_sim_flight *flight = &flights->items[flights->count++];
	*flight = (struct hw_sim_flight){0};
	return flight;
}

static void flights_take(struct hw_sim_flights *flights, uint32_t index)
{
	flights->items[index] = flights->items[--flights->count];
}

static struct hw_sim_flight *flight_bare(struct hw_ring *ring, enum hw_sim_kind kind)
{
	struct hw_sim_flight *flight = flights_add(&ring->flights);
	flight->kind = (uint8_t)kind;
	flight->slot = UINT32_MAX;
	flight->due_us = hw_clock_monotonic_us() + hw_sim_delay_us(ring);
	return flight;
}

static void op_unknown_check(const struct hw_ring *ring, const struct hw_op *op)
{
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		const struct hw_sim_flight *flight = &ring->flights.items[i];
		/* The op was wiped or reused while in flight. */
		hw_assert(flight->op != op || flight->kind == HW_SIM_CANCEL);
	}
	for (uint32_t i = ring->ready_first; i < ring->ready.count; i++) {
		hw_assert(ring->ready.items[i].op != op);
	}
}

static struct hw_sim_flight *flight_new(struct hw_ring *ring, struct hw_op *op,
					enum hw_sim_kind kind, hw_op_fn *done)
{
	hw_assert(ring->is_enabled);
	hw_assert(done != NULL);
	hw_assert(!op->in_flight);
	hw_assert(ring->in_flight_count < ring->options.in_flight_max);
	op_unknown_check(ring, op);
	ring->in_flight_count++;
	op->done = done;
	op->generation++;
	op->in_flight = true;
	op->has_more = false;
	op->lent = NULL;
	op->lent_size = 0;
	struct hw_sim_flight *flight = flight_bare(ring, kind);
	flight->op = op;
	flight->generation = op->generation;
	return flight;
}

static struct hw_sim_slot *slot_of(struct hw_ring *ring, uint32_t slot)
{
	hw_assert(slot < ring->slot_count);
	return &ring->slots[slot];
}

static struct hw_sim_flight *flight_on(struct hw_ring *ring, struct hw_op *op,
				       enum hw_sim_kind kind, uint32_t slot, hw_op_fn *done)
{
	slot_of(ring, slot)->in_flight_count++;
	struct hw_sim_flight *flight = flight_new(ring, op, kind, done);
	flight->slot = slot;
	return flight;
}

void hw_sim_land(struct hw_ring *ring, struct hw_sim_flight *flight, int32_t res)
{
	hw_assert(flight->phase != HW_SIM_LANDED);
	flight->phase = HW_SIM_LANDED;
	flight->res = res;
	if (flight->into != NULL) {
		hw_assert(res <= (int32_t)flight->size);
		flight->moved = res > 0 ? (uint32_t)res : 0;
	}
	/* Accept's completions keep their order. */
	flight->due_us = hw_clock_monotonic_us() +
			 (flight->kind == HW_SIM_ACCEPT ? 0 : hw_sim_delay_us(ring));
}

void hw_sim_wait(struct hw_sim_flight *flight, uint64_t at_us)
{
	flight->phase = HW_SIM_WAITING;
	flight->due_us = at_us;
}

void hw_sim_kick(struct hw_ring *ring, uint32_t slot)
{
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		struct hw_sim_flight *flight = &ring->flights.items[i];
		if (flight->slot == slot && flight->phase == HW_SIM_WAITING) {
			uint64_t at_us = hw_clock_monotonic_us() + hw_sim_delay_us(ring);
			flight->due_us = hw_min(flight->due_us, at_us);
		}
	}
}

void hw_sim_tell_more(struct hw_ring *ring, const struct hw_sim_flight *flight, int32_t res)
{
	struct hw_sim_flight *told = flights_add(&ring->ready);
	*told = *flight;
	told->res = res;
	told->has_more = true;
}

/* -- submits */

static uint32_t socket_check(struct hw_ring *ring, uint32_t socket)
{
	hw_assert(slot_of(ring, socket)->kind == HW_SIM_SLOT_SOCKET);
	return socket;
}

static uint32_t receive_begin(struct hw_ring *ring, uint32_t socket)
{
	struct hw_sim_slot *slot = slot_of(ring, socket_check(ring, socket));
	hw_assert(!slot->is_receiving); /* HAZARDS 1.6: one receive for each socket */
	slot->is_receiving = true;
	return socket;
}

static uint32_t send_begin(struct hw_ring *ring, uint32_t socket)
{
	struct hw_sim_slot *slot = slot_of(ring, socket_check(ring, socket));
	hw_assert(!slot->is_sending); /* HAZARDS 1.6: one send for each socket */
	slot->is_sending = true;
	return socket;
}

void hw_ring_accept(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done)
{
	hw_assert(slot_of(ring, listener)->kind == HW_SIM_SLOT_OTHER);
	(void)flight_on(ring, op, HW_SIM_ACCEPT, listener, done);
}

void hw_ring_accept_many(struct hw_ring *ring, struct hw_op *op, uint32_t listener, hw_op_fn *done)
{
	hw_assert(slot_of(ring, listener)->kind == HW_SIM_SLOT_OTHER);
	flight_on(ring, op, HW_SIM_ACCEPT, listener, done)->is_multishot = true;
}

void hw_ring_recv_head(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	hw_assert(ring->options.head_buffer_count > 0);
	(void)flight_on(ring, op, HW_SIM_RECV_HEAD, receive_begin(ring, socket), done);
}

/* NOLINTNEXTLINE(readability-function-size): ring.h has seven parameters */
void hw_ring_recv(struct hw_ring *ring, struct hw_op *op, uint32_t socket, void *bytes,
		  uint32_t size, bool is_whole, hw_op_fn *done)
{
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_RECV, receive_begin(ring, socket), done);
	hw_sim_lend_into(flight, bytes, size);
	flight->is_whole = is_whole;
}

void hw_ring_poll_in(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	(void)flight_on(ring, op, HW_SIM_POLL_IN, receive_begin(ring, socket), done);
}

void hw_ring_poll_hangup(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	(void)flight_on(ring, op, HW_SIM_POLL_HANGUP, receive_begin(ring, socket), done);
}

void hw_ring_recv_count(struct hw_ring *ring, struct hw_op *op, uint32_t socket, uint32_t size,
			hw_op_fn *done)
{
	hw_assert(size > 0);
	flight_on(ring, op, HW_SIM_RECV_COUNT, receive_begin(ring, socket), done)->size = size;
}

void hw_ring_poll_out(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	(void)flight_on(ring, op, HW_SIM_POLL_OUT, send_begin(ring, socket), done);
}

void hw_ring_send(struct hw_ring *ring, struct hw_op *op, uint32_t socket, const void *bytes,
		  uint32_t size, hw_op_fn *done)
{
	struct iovec part = {.iov_base = NULL, .iov_len = size};
	memcpy(&part.iov_base, &bytes, sizeof(bytes)); /* struct iovec knows no const */
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_SEND, send_begin(ring, socket), done);
	hw_sim_lend_from(flight, &part, 1);
	flight->is_whole = true;
}

static void sendmsg_begin(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
			  const struct msghdr *message, hw_op_fn *done, bool is_whole)
{
	hw_assert(message->msg_name == NULL);
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_SEND, send_begin(ring, socket), done);
	hw_sim_lend_from(flight, message->msg_iov, (uint32_t)message->msg_iovlen);
	flight->given = message;
	flight->record_type = hw_sim_record_type(message);
	flight->is_whole = is_whole;
	bool is_keyed = hw_sim_socket_seal(slot_of(ring, socket)->peer)->is_keyed;
	hw_assert(!is_whole || !is_keyed); /* -EOPNOTSUPP: MSG_WAITALL */
	hw_assert(flight->record_type == 0 || is_keyed);
}

void hw_ring_sendmsg(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
		     const struct msghdr *message, hw_op_fn *done)
{
	sendmsg_begin(ring, op, socket, message, done, true);
}

void hw_ring_sendmsg_some(struct hw_ring *ring, struct hw_op *op, uint32_t socket,
			  const struct msghdr *message, hw_op_fn *done)
{
	sendmsg_begin(ring, op, socket, message, done, false);
}

void hw_ring_shutdown(struct hw_ring *ring, struct hw_op *op, uint32_t socket, hw_op_fn *done)
{
	(void)flight_on(ring, op, HW_SIM_SHUTDOWN, socket_check(ring, socket), done);
}

void hw_ring_close(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	struct hw_sim_slot *closing = slot_of(ring, slot);
	hw_assert(closing->kind == HW_SIM_SLOT_SOCKET || closing->kind == HW_SIM_SLOT_FILE ||
		  closing->kind == HW_SIM_SLOT_OTHER);
	hw_assert(closing->in_flight_count == 0); /* HAZARDS 1.10 */
	closing->kind = HW_SIM_SLOT_CLOSING;
	(void)flight_on(ring, op, HW_SIM_CLOSE, slot, done);
}

void hw_ring_fd_install(struct hw_ring *ring, struct hw_op *op, uint32_t slot, hw_op_fn *done)
{
	(void)flight_on(ring, op, HW_SIM_FD_INSTALL, socket_check(ring, slot), done);
}

static struct hw_ring *ring_numbered(int ring_fd)
{
	for (uint32_t i = 0; i < hw_sim_world.ring_count; i++) {
		if (hw_sim_world.rings[i]->fd == ring_fd) {
			return hw_sim_world.rings[i];
		}
	}
	hw_sim_unreachable("a ring that is not there");
}

void hw_ring_socket_pass(struct hw_ring *ring, struct hw_op *op, uint32_t socket, int ring_fd,
			 hw_op_fn *done)
{
	hw_assert(ring_fd != ring->fd);
	hw_assert(slot_of(ring, socket)->in_flight_count == 0);
	flight_on(ring, op, HW_SIM_SOCKET_PASS, socket_check(ring, socket), done)->fd = ring_fd;
}

void hw_ring_file_set(struct hw_ring *ring, struct hw_op *op, uint32_t slot, int fd, hw_op_fn *done)
{
	hw_assert(slot >= ring->options.socket_slots); /* the others are accept's */
	hw_assert(slot_of(ring, slot)->kind == HW_SIM_SLOT_FREE);
	hw_assert(fd >= 0);
	slot_of(ring, slot)->kind = HW_SIM_SLOT_TAKEN;
	flight_on(ring, op, HW_SIM_FILE_SET, slot, done)->fd = fd;
}

static uint32_t file_check(struct hw_ring *ring, uint32_t file)
{
	hw_assert(slot_of(ring, file)->kind == HW_SIM_SLOT_FILE);
	return file;
}

/* NOLINTNEXTLINE(readability-function-size): ring.h has seven parameters */
void hw_ring_read(struct hw_ring *ring, struct hw_op *op, uint32_t file, void *bytes, uint32_t size,
		  uint64_t offset, hw_op_fn *done)
{
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_READ, file_check(ring, file), done);
	flight->offset = offset;
	hw_sim_lend_into(flight, bytes, size);
	hw_sim_file_check(slot_of(ring, file), flight);
}

/* NOLINTNEXTLINE(readability-function-size): ring.h has seven parameters */
void hw_ring_write(struct hw_ring *ring, struct hw_op *op, uint32_t file, const void *bytes,
		   uint32_t size, uint64_t offset, hw_op_fn *done)
{
	struct iovec part = {.iov_base = NULL, .iov_len = size};
	memcpy(&part.iov_base, &bytes, sizeof(bytes)); /* as in hw_ring_send */
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_WRITE, file_check(ring, file), done);
	flight->offset = offset;
	hw_sim_lend_from(flight, &part, 1);
	hw_sim_file_check(slot_of(ring, file), flight);
}

int hw_ring_option_set(struct hw_ring *ring, uint32_t socket, int socket_fd,
		       const struct hw_ring_option *option)
{
	struct hw_sim_slot *slot = slot_of(ring, socket_check(ring, socket));
	hw_assert(socket_fd >= 0 && !slot->is_sending);
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.set_error_percent)) {
		return -ENOMEM;
	}
	return hw_sim_seal_option(hw_sim_socket_seal(slot->peer), option);
}

int hw_ring_pages_send(struct hw_ring *ring, struct hw_ring_pages *pages)
{
	struct hw_sim_slot *slot = slot_of(ring, socket_check(ring, pages->socket));
	hw_assert(pages->file_fd >= 0 && pages->socket_fd >= 0);
	hw_assert(!slot->is_sending); /* HAZARDS 1.6: one send for each socket */
	pages->is_full = false;
	uint8_t *bytes = malloc(hw_max(pages->size, 1U));
	hw_assert(bytes != NULL);
	int r = hw_sim_file_look(ring, slot_of(ring, file_check(ring, pages->file))->file,
				 pages->offset, bytes, pages->size);
	if (r > 0) {
		int offered = r;
		r = hw_sim_socket_take(ring, slot->peer, bytes, (uint32_t)offered);
		pages->is_full = r < offered;
	}
	free(bytes);
	return r;
}

void hw_ring_datasync(struct hw_ring *ring, struct hw_op *op, uint32_t file, hw_op_fn *done)
{
	struct hw_sim_flight *flight =
		flight_on(ring, op, HW_SIM_DATASYNC, file_check(ring, file), done);
	flight->ticket = hw_sim_file_ticket(slot_of(ring, file)->file);
}

void hw_ring_poll_fd(struct hw_ring *ring, struct hw_op *op, int fd, hw_op_fn *done)
{
	hw_assert(fd >= 0);
	flight_new(ring, op, HW_SIM_POLL_FD, done)->fd = fd;
}

void hw_ring_cancel(struct hw_ring *ring, struct hw_op *target)
{
	hw_assert(ring->is_enabled);
	if (!target->in_flight) {
		return;
	}
	struct hw_sim_flight *flight = flight_bare(ring, HW_SIM_CANCEL);
	flight->op = target;
	flight->generation = target->generation;
}

void hw_ring_wake(struct hw_ring *ring, int ring_fd)
{
	hw_assert(ring->is_enabled);
	(void)flight_bare(ring_numbered(ring_fd), HW_SIM_WAKE);
}

/* -- events */

static void attempt_any(struct hw_ring *ring, struct hw_sim_flight *flight);

static void fd_install(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	/* A datagram socket that has a peer but never talks to it: getpeername() works. */
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.set_error_percent)) {
		hw_sim_land(ring, flight, -EMFILE);
		return;
	}
	int fd = hw_sim_loopback_fd(flight->slot);
	hw_sim_land(ring, flight, fd);
}

static void file_set(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.set_error_percent)) {
		hw_sim_land(ring, flight, hw_prng_chance(&ring->prng, 50) ? -ENOMEM : -EBADF);
		return;
	}
	hw_sim_file_bind(slot_of(ring, flight->slot), flight->fd);
	hw_sim_land(ring, flight, 1); /* the kernel counts descriptors */
}

static void socket_pass(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	struct hw_ring *target = ring_numbered(flight->fd);
	if (!target->is_enabled) {
		hw_sim_land(ring, flight, -EBADFD);
		return;
	}
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.set_error_percent)) {
		static const int g_errors[] = {-ENOMEM, -ENFILE, -EINVAL}; /* EINVAL: too old */
		uint32_t pick = (uint32_t)hw_prng_below(&ring->prng, hw_count_of(g_errors));
		hw_sim_land(ring, flight, g_errors[pick]);
		return;
	}
	hw_sim_land(ring, flight, hw_sim_socket_pass(ring, flight->slot, target));
}

static void poll_fd(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	struct pollfd query = {.fd = flight->fd, .events = POLLIN};
	int r = poll(&query, 1, 0);
	if (r > 0) {
		hw_sim_land(ring, flight, query.revents);
		return;
	}
	hw_sim_wait(flight, HW_SIM_NEVER_US); /* each turn looks again */
}

static bool is_counted(const struct hw_sim_flight *flight)
{
	switch ((enum hw_sim_kind)flight->kind) {
	case HW_SIM_RECV_HEAD:
	case HW_SIM_RECV:
	case HW_SIM_SEND:
	case HW_SIM_FILE_SET:
	case HW_SIM_READ:
	case HW_SIM_WRITE:
	case HW_SIM_DATASYNC:
		return flight->phase == HW_SIM_QUEUED; /* not when it is tried again */
	default:
		return false;
	}
}

/* The one that is chosen fails as chance would have it, were chance certain. */
static void attempt(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	struct hw_sim_options *options = &hw_sim_world.options;
	if (!is_counted(flight) || ++hw_sim_world.attempt_count != options->fail_attempt) {
		attempt_any(ring, flight);
		return;
	}
	struct hw_sim_options saved = *options;
	options->reset_percent = 100;
	options->read_error_percent = 100;
	options->write_error_percent = 100;
	options->sync_error_percent = 100;
	options->set_error_percent = 100;
	options->interrupt_percent = 0;
	attempt_any(ring, flight);
	*options = saved;
}

static void attempt_any(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	switch ((enum hw_sim_kind)flight->kind) {
	case HW_SIM_ACCEPT:
	case HW_SIM_RECV_HEAD:
	case HW_SIM_RECV:
	case HW_SIM_POLL_IN:
	case HW_SIM_POLL_OUT:
	case HW_SIM_POLL_HANGUP:
	case HW_SIM_RECV_COUNT:
	case HW_SIM_SEND:
	case HW_SIM_SHUTDOWN:
		hw_sim_socket_attempt(ring, flight);
		break;
	case HW_SIM_CLOSE:
		if (slot_of(ring, flight->slot)->peer != NULL) {
			hw_sim_socket_close(ring, slot_of(ring, flight->slot)->peer);
		}
		hw_sim_land(ring, flight, 0);
		break;
	case HW_SIM_FD_INSTALL:
		fd_install(ring, flight);
		break;
	case HW_SIM_SOCKET_PASS:
		socket_pass(ring, flight);
		break;
	case HW_SIM_FILE_SET:
		file_set(ring, flight);
		break;
	case HW_SIM_READ:
	case HW_SIM_WRITE:
	case HW_SIM_DATASYNC:
		hw_sim_file_attempt(ring, flight);
		break;
	case HW_SIM_POLL_FD:
		poll_fd(ring, flight);
		break;
	default:
		hw_sim_unreachable("a flight that is never attempted");
	}
}

/* What a cancel leaves of @flight (HAZARDS 1.11). */
static void cancel_apply(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	bool is_late = hw_prng_chance(&ring->prng, hw_sim_world.options.cancel_late_percent);
	switch ((enum hw_sim_kind)flight->kind) {
	case HW_SIM_DATASYNC:
		/* Only while it waits for a kernel thread. */
		if (flight->phase == HW_SIM_QUEUED && !is_late) {
			hw_sim_land(ring, flight, -ECANCELED);
		}
		return;
	case HW_SIM_ACCEPT:
	case HW_SIM_RECV_HEAD:
	case HW_SIM_RECV:
	case HW_SIM_POLL_IN:
	case HW_SIM_POLL_OUT:
	case HW_SIM_POLL_HANGUP:
	case HW_SIM_RECV_COUNT:
	case HW_SIM_SEND:
	case HW_SIM_POLL_FD:
		break;
	default:
		return; /* disk I/O in flight cannot be cancelled; the rest is never long */
	}
	if (is_late && flight->phase == HW_SIM_QUEUED) {
		attempt(ring, flight); /* it was being done just then */
	}
	if (flight->phase != HW_SIM_LANDED) {
		bool has_part = flight->moved > 0;
		hw_sim_land(ring, flight, has_part ? (int32_t)flight->moved : -ECANCELED);
	}
}

static void cancel_run(struct hw_ring *ring, const struct hw_op *target, uint16_t generation)
{
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		struct hw_sim_flight *flight = &ring->flights.items[i];
		if (flight->op == target && flight->generation == generation &&
		    flight->kind != HW_SIM_CANCEL && flight->phase != HW_SIM_LANDED) {
			cancel_apply(ring, flight);
			return;
		}
	}
}

static void event_run(struct hw_ring *ring, uint32_t index)
{
	struct hw_sim_flight *flight = &ring->flights.items[index];
	if (flight->kind == HW_SIM_CANCEL) {
		struct hw_sim_flight cancel = *flight;
		flights_take(&ring->flights, index);
		cancel_run(ring, cancel.op, cancel.generation);
	} else if (flight->kind == HW_SIM_WAKE) {
		ring->is_woken = true;
		flights_take(&ring->flights, index);
	} else if (flight->phase == HW_SIM_LANDED) {
		struct hw_sim_flight landed = *flight;
		flights_take(&ring->flights, index);
		*flights_add(&ring->ready) = landed;
	} else {
		attempt(ring, flight);
	}
}

/* One of the events that are due, by chance. Returns false when there is none. */
static bool event_any(struct hw_ring *ring, uint64_t now_us)
{
	uint32_t count = ring->flights.count;
	if (count == 0) {
		return false;
	}
	uint32_t start = (uint32_t)hw_prng_below(&ring->prng, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = start + i < count ? start + i : start + i - count;
		if (ring->flights.items[index].due_us <= now_us) {
			event_run(ring, index);
			return true;
		}
	}
	return false;
}

static void events_run(struct hw_ring *ring)
{
	uint64_t now_us = hw_clock_monotonic_us();
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		if (ring->flights.items[i].kind == HW_SIM_POLL_FD &&
		    ring->flights.items[i].phase == HW_SIM_WAITING) {
			ring->flights.items[i].due_us = now_us;
		}
	}
	for (uint32_t i = 0; event_any(ring, now_us); i++) {
		hw_assert(i < EVENTS_MAX);
	}
}

static uint64_t ring_next_us(const struct hw_ring *ring)
{
	if (ring->ready.count > ring->ready_first || ring->is_woken) {
		return hw_clock_monotonic_us();
	}
	uint64_t next_us = HW_SIM_NEVER_US;
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		next_us = hw_min(next_us, ring->flights.items[i].due_us);
	}
	return next_us;
}

uint64_t hw_sim_next_us(void)
{
	uint64_t next_us = HW_SIM_NEVER_US;
	for (uint32_t i = 0; i < hw_sim_world.ring_count; i++) {
		next_us = hw_min(next_us, ring_next_us(hw_sim_world.rings[i]));
	}
	return next_us;
}

/* -- turns */

static bool has_ready(const struct hw_ring *ring)
{
	return ring->ready.count > ring->ready_first || ring->is_woken;
}

/* Sleep: to our next event, to the end of the wait, or to another ring's event, whichever is first;
 * then the other ring must be turned, so we come back early. */
static void sleep_until(struct hw_ring *ring, uint64_t until_us)
{
	while (!has_ready(ring) && hw_clock_monotonic_us() < until_us) {
		uint64_t own_us = ring_next_us(ring);
		uint64_t next_us = hw_min(hw_sim_next_us(), until_us);
		if (next_us > hw_clock_monotonic_us()) {
			hw_sim_clock_set(next_us);
		}
		if (own_us > next_us) {
			return;
		}
		events_run(ring);
	}
}

static void slot_release(struct hw_ring *ring, uint32_t index)
{
	ring->slots[index] = (struct hw_sim_slot){0};
	if (index < ring->options.socket_slots) {
		ring->slot_freed = index;
	}
}

void hw_ring_socket_drop(struct hw_ring *ring, uint32_t socket)
{
	hw_sim_socket_close(ring, slot_of(ring, socket_check(ring, socket))->peer);
	slot_release(ring, socket);
}

/* What is told changes the slot only now: nobody can know earlier. */
static void slot_step(struct hw_ring *ring, const struct hw_sim_flight *flight)
{
	if (flight->slot == UINT32_MAX) {
		return;
	}
	struct hw_sim_slot *slot = slot_of(ring, flight->slot);
	if (flight->kind == HW_SIM_ACCEPT && flight->res >= 0) {
		struct hw_sim_slot *accepted = slot_of(ring, (uint32_t)flight->res);
		hw_assert(accepted->kind == HW_SIM_SLOT_TAKEN);
		accepted->kind = HW_SIM_SLOT_SOCKET;
	}
	if (flight->has_more) {
		return;
	}
	hw_assert(slot->in_flight_count > 0);
	slot->in_flight_count--;
	if (flight->kind == HW_SIM_RECV || flight->kind == HW_SIM_RECV_HEAD ||
	    flight->kind == HW_SIM_POLL_IN || flight->kind == HW_SIM_POLL_HANGUP ||
	    flight->kind == HW_SIM_RECV_COUNT) {
		slot->is_receiving = false;
	} else if (flight->kind == HW_SIM_SEND || flight->kind == HW_SIM_POLL_OUT) {
		slot->is_sending = false;
	} else if (flight->kind == HW_SIM_WRITE && flight->ticket != 0) {
		hw_sim_file_write_done(slot->file, flight->ticket);
	} else if (flight->kind == HW_SIM_CLOSE ||
		   (flight->kind == HW_SIM_FILE_SET && flight->res < 0)) {
		slot_release(ring, flight->slot);
	} else if (flight->kind == HW_SIM_FILE_SET) {
		slot->kind = slot->file != NULL ? HW_SIM_SLOT_FILE : HW_SIM_SLOT_OTHER;
	}
}

static void step_run(struct hw_ring *ring)
{
	uint64_t step = hw_sim_world.step_count++;
	if (hw_sim_world.options.before_step != NULL) {
		hw_sim_world.options.before_step(hw_sim_world.options.before_step_user, step);
	}
	if (ring->ready_first >= ring->ready.count) {
		return; /* before_step was a power loss */
	}
	struct hw_sim_flight flight = ring->ready.items[ring->ready_first++];
	struct hw_op *op = flight.op;
	hw_assert(op->in_flight);
	hw_assert(op->generation == flight.generation);
	if (!flight.has_more) {
		hw_sim_lent_return(&flight, true);
		op->in_flight = false;
		ring->in_flight_count--;
	}
	slot_step(ring, &flight);
	hw_sim_note(ring, g_kind_names[flight.kind], flight.kind, flight.slot, flight.res);
	op->res = flight.res;
	op->has_more = flight.has_more;
	op->buffer_id = flight.buffer_id;
	op->done(op);
}

static void ready_compact(struct hw_ring *ring)
{
	struct hw_sim_flights *ready = &ring->ready;
	if (ring->ready_first == 0) {
		return;
	}
	ready->count -= ring->ready_first;
	memmove(ready->items, ready->items + ring->ready_first,
		ready->count * sizeof(*ready->items));
	ring->ready_first = 0;
}

int hw_ring_turn(struct hw_ring *ring, uint32_t wait_ms, uint32_t steps_max)
{
	hw_assert(ring->is_enabled);
	hw_assert(!ring->is_turning); /* done never runs from inside a submit, nor turns */
	ring->is_turning = true;
	ring->has_turned = true;
	hw_sim_clock_advance(hw_prng_below(&ring->prng, TURN_COST_US_MAX));
	if (steps_max == 0 || !has_ready(ring)) {
		events_run(ring);
	}
	if (wait_ms > 0 && !has_ready(ring)) {
		uint64_t until_us = hw_clock_monotonic_us() + (uint64_t)wait_ms * 1000U;
		if (hw_sim_world.is_pumped) {
			ring->wait_until_us = until_us;
			ring->is_waiting = true;
		} else {
			sleep_until(ring, until_us);
		}
	}
	uint32_t steps = 0;
	if (steps_max > 0 && ring->is_woken) {
		ring->is_woken = false;
	}
	uint32_t count = hw_min(steps_max, ring->ready.count - ring->ready_first);
	for (; steps < count; steps++) {
		step_run(ring);
	}
	ready_compact(ring);
	ring->is_turning = false;
	return (int)steps;
}
