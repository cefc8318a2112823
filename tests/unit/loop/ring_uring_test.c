/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: on this kernel a turn does what ring.h says, and a ring nothing that it need not.
 * Method: a ring that is restricted as the daemon's are. Files are in ring_uring_file_test.c,
 *         sockets in ring_socket_test.c.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "core/loop/ring_kernel.h"
#include "tests/unit/loop/uring_fixture.h"

#define MANY 1500U /* more than the submission queue holds */

/* -- the turn */

static void test_turn_waits_and_bounds_its_steps(void **state)
{
	struct fixture *fixture = *state;
	uint64_t begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_ring_turn(fixture->ring, 50, 16), 0);
	uint64_t took_us = hw_clock_monotonic_us() - begun_us;
	assert_true(took_us >= 49000 && took_us < 2000000);
	begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_ring_turn(fixture->ring, 0, 16), 0);
	assert_true(hw_clock_monotonic_us() - begun_us < 40000);

	int fd = eventfd(1, EFD_CLOEXEC); /* readable for ever */
	struct landing landings[10] = {0};
	for (uint32_t i = 0; i < 10; i++) {
		hw_ring_poll_fd(fixture->ring, &landings[i].op, fd, landed);
	}
	assert_int_equal(hw_ring_turn(fixture->ring, 1000, 0), 0); /* submit and wait only */
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(landings[i].count, 0);
	}
	assert_int_equal(hw_ring_turn(fixture->ring, 0, 4), 4);
	assert_int_equal(hw_ring_turn(fixture->ring, 0, 100), 6);
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), 0);
	assert_int_equal(close(fd), 0);
}

static uint32_t g_many_count;

static void many_done(struct hw_op *op)
{
	assert_true((op->res & POLLIN) != 0);
	g_many_count++;
}

static void test_more_than_the_queue_holds(void **state)
{
	struct fixture *fixture = *state;
	static struct hw_op ops[MANY];
	int fd = eventfd(0, EFD_CLOEXEC);
	g_many_count = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		ops[i] = (struct hw_op){0};
		hw_ring_poll_fd(fixture->ring, &ops[i], fd, many_done);
	}
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), MANY);
	assert_int_equal(hw_ring_turn(fixture->ring, 10, 100), 0);
	assert_int_equal(eventfd_write(fd, 1), 0);
	for (uint32_t i = 0; g_many_count < MANY; i++) {
		assert_true(i < MANY);
		assert_true(hw_ring_turn(fixture->ring, 100, 256) >= 0);
	}
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), 0);
	assert_int_equal(close(fd), 0);
}

/* -- wakes */

struct sleeper {
	struct hw_ring *ring;
	uint64_t slept_us;
	int enabled;
	int turned;
};

static void *sleeper_run(void *user)
{
	struct sleeper *sleeper = user;
	sleeper->enabled = hw_ring_enable(sleeper->ring);
	uint64_t begun_us = hw_clock_monotonic_us();
	sleeper->turned = hw_ring_turn(sleeper->ring, PATIENCE_MS, 0);
	sleeper->slept_us = hw_clock_monotonic_us() - begun_us;
	return NULL;
}

static void test_wake_reaches_another_thread(void **state)
{
	struct fixture *fixture = *state;
	struct hw_ring_options options = {
		.in_flight_max = 8, .file_slots = 1, .is_restricted = true};
	struct sleeper sleeper = {0};
	pthread_t thread;
	assert_int_equal(hw_ring_init(&sleeper.ring, &options), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleeper_run, &sleeper), 0);
	assert_int_equal(hw_ring_turn(fixture->ring, MOMENT_MS, 0), 0); /* let it fall asleep */
	hw_ring_wake(fixture->ring, hw_ring_fd(sleeper.ring));
	assert_true(hw_ring_turn(fixture->ring, 0, 1) >= 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sleeper.enabled, 0);
	assert_int_equal(sleeper.turned, 0);
	assert_true(sleeper.slept_us < (uint64_t)PATIENCE_MS * 500U);
	hw_ring_deinit(sleeper.ring);
}

/* -- restriction: what the daemon's rings may not do, they cannot */

static struct io_uring_sqe *raw_entry(struct io_uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);
	hw_assert(sqe != NULL);
	return sqe;
}

static int32_t raw_result(struct io_uring *uring)
{
	struct io_uring_cqe *cqe = NULL;
	assert_true(io_uring_submit_and_wait(uring, 1) >= 0);
	assert_int_equal(io_uring_peek_cqe(uring, &cqe), 0);
	hw_assert(cqe != NULL);
	int32_t res = cqe->res;
	io_uring_cqe_seen(uring, cqe);
	return res;
}

static void test_restricted_ring_refuses_the_rest(void **state)
{
	(void)state;
	struct io_uring uring;
	assert_int_equal(io_uring_queue_init(8, &uring, IORING_SETUP_R_DISABLED), 0);
	assert_int_equal(hw_ring_kernel_restrict(&uring), 0);
	/* By number: Debian 12's liburing does not export io_uring_enable_rings(). */
	assert_int_equal(syscall(427, uring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0), 0);
	struct io_uring_sqe *sqe = raw_entry(&uring);
	io_uring_prep_openat(sqe, AT_FDCWD, "/etc/hostname", O_RDONLY, 0);
	assert_int_equal(raw_result(&uring), -EACCES);
	sqe = raw_entry(&uring);
	io_uring_prep_connect(sqe, 0, NULL, 0);
	assert_int_equal(raw_result(&uring), -EACCES);
	sqe = raw_entry(&uring);
	io_uring_prep_unlinkat(sqe, AT_FDCWD, "/nonexistent", 0);
	assert_int_equal(raw_result(&uring), -EACCES);
	struct iovec one = {&uring, 1};
	assert_true(io_uring_register_buffers(&uring, &one, 1) < 0); /* nor register */
	io_uring_queue_exit(&uring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_turn_waits_and_bounds_its_steps),
		RING_TEST(test_more_than_the_queue_holds),
		RING_TEST(test_wake_reaches_another_thread),
		cmocka_unit_test(test_restricted_ring_refuses_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
