/* SPDX-License-Identifier: Apache-2.0
 *
 * uring_fixture.h - a real ring with a listener on loopback, for the tests of the kernel's side
 *
 * Room: tests/unit/loop    Thread: one    Blocks: yes    Allocates: the ring
 */
#ifndef HW_TESTS_UNIT_LOOP_URING_FIXTURE_H
#define HW_TESTS_UNIT_LOOP_URING_FIXTURE_H

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/loop/ring.h"
#include "tests/unit/loop/loopback.h"

#define SOCKETS       4U
#define FILES         4U
#define HEADS         4U
#define IN_FLIGHT_MAX 2048U
#define ARENA_SIZE    (1U << 20)
#define PATIENCE_MS   5000U /* for what must happen */
#define MOMENT_MS     30U   /* for what must not happen */

struct landing {
	struct hw_op op;
	uint32_t count;
	int32_t results[16];
	bool more[16];
};

struct fixture {
	struct hw_ring *ring;
	uint8_t *arena;
	uint32_t listener; /* slot */
	int listener_fd;
	struct hw_ring_probe probe;
	struct landing accept;
};

static inline void landed(struct hw_op *op)
{
	struct landing *landing = hw_container_of(op, struct landing, op);
	uint32_t at = landing->count++ % hw_count_of(landing->results);
	landing->results[at] = op->res;
	landing->more[at] = op->has_more;
}

static inline uint64_t deadline_after(uint32_t ms)
{
	return hw_clock_monotonic_us() + (uint64_t)ms * 1000U;
}

/* Turn until @landing has been told @count times; false when the patience is over. */
static inline bool has_landed(struct fixture *fixture, const struct landing *landing,
			      uint32_t count, uint32_t limit_ms)
{
	uint64_t until_us = deadline_after(limit_ms);
	while (landing->count < count && hw_clock_monotonic_us() < until_us) {
		assert_true(hw_ring_turn(fixture->ring, 10, 256) >= 0);
	}
	return landing->count >= count;
}

/* Turn until the op of @landing is no longer in flight. Returns its result. */
static inline int32_t result_of(struct fixture *fixture, struct landing *landing)
{
	uint64_t until_us = deadline_after(PATIENCE_MS);
	while (landing->op.in_flight) {
		assert_true(hw_clock_monotonic_us() < until_us);
		assert_true(hw_ring_turn(fixture->ring, 10, 256) >= 0);
	}
	return landing->op.res;
}

static inline int client_new(const struct fixture *fixture)
{
	struct sockaddr_in address = address_of(fixture->listener_fd);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)), 0);
	return fd;
}

static inline int fixture_open(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){0};
	int r = hw_ring_probe(&fixture.probe);
	if (r < 0) {
		fail_msg("this machine gives no io_uring (%d): sysctl kernel.io_uring_disabled, "
			 "seccomp, or a kernel before 6.1; the daemon cannot run here",
			 r);
	}
	fixture.arena =
		mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(fixture.arena, MAP_FAILED);
	struct hw_ring_options options = {
		.in_flight_max = IN_FLIGHT_MAX,
		.socket_slots = SOCKETS,
		.file_slots = FILES,
		.head_buffer_count = HEADS,
		.arena = fixture.arena,
		.arena_size = ARENA_SIZE,
		.io_workers_max = 2,
		.is_restricted = true,
	};
	assert_int_equal(hw_ring_init(&fixture.ring, &options), 0);
	fixture.listener_fd = listener_new();
	assert_int_equal(hw_ring_listener_register(fixture.ring, hw_ring_file_slot(fixture.ring, 0),
						   fixture.listener_fd, &fixture.listener),
			 0);
	assert_int_equal(hw_ring_enable(fixture.ring), 0);
	*state = &fixture;
	return 0;
}

static inline void slot_close(struct fixture *fixture, uint32_t slot)
{
	struct landing landing = {0};
	hw_ring_close(fixture->ring, &landing.op, slot, landed);
	assert_int_equal(result_of(fixture, &landing), 0);
}

static inline int fixture_close(void **state)
{
	struct fixture *fixture = *state;
	if (fixture->accept.op.in_flight) { /* it stays so while others are closed */
		hw_ring_cancel(fixture->ring, &fixture->accept.op);
		assert_int_equal(result_of(fixture, &fixture->accept), -ECANCELED);
	}
	slot_close(fixture, fixture->listener);
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), 0);
	hw_ring_deinit(fixture->ring);
	assert_int_equal(close(fixture->listener_fd), 0);
	assert_int_equal(munmap(fixture->arena, ARENA_SIZE), 0);
	return 0;
}

static inline bool is_plain(const struct fixture *fixture)
{
	return !fixture->probe.has_socket_slots;
}

static inline void accept_arm(struct fixture *fixture)
{
	if (is_plain(fixture)) {
		hw_ring_accept(fixture->ring, &fixture->accept.op, fixture->listener, landed);
	} else {
		hw_ring_accept_many(fixture->ring, &fixture->accept.op, fixture->listener, landed);
	}
}

/* A connection: the client's descriptor; the server's slot in *ret_slot. */
static inline int connection_new(struct fixture *fixture, uint32_t *ret_slot)
{
	if (!fixture->accept.op.in_flight) {
		accept_arm(fixture);
	}
	uint32_t count = fixture->accept.count;
	int client = client_new(fixture);
	assert_true(has_landed(fixture, &fixture->accept, count + 1, PATIENCE_MS));
	assert_true(fixture->accept.op.res >= 0);
	assert_int_equal(fixture->accept.op.has_more, !is_plain(fixture));
	*ret_slot = (uint32_t)fixture->accept.op.res;
	if (!fixture->accept.op.in_flight) { /* one at a time: the next, as a server would */
		accept_arm(fixture);
	}
	return client;
}

static inline void connection_end(struct fixture *fixture, int client, uint32_t slot)
{
	slot_close(fixture, slot);
	assert_int_equal(close(client), 0);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

#endif
