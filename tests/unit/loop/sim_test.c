/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the simulator keeps its own promises: equal seeds give equal runs; bytes stay in order
 *       whatever it does to them; it is as hostile as it says; it catches who breaks a rule.
 * Method: an echo and a file writer over many seeds; each fault is counted, and must have happened
 *         somewhere; broken callers run in a child that must abort. A failure prints its seed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "core/base/prng.h"
#include "tests/unit/base/dies.h"
#include "tests/unit/loop/sim_fixture.h"

#define SEEDS       2000U
#define BYTES_SIZE  20000U
#define BUFFER_SIZE 4096U

/* -- the echo: receive, send back, close at the end */

struct echo {
	struct hw_ring *ring;
	struct hw_op accept_op;
	struct hw_op recv_op;
	struct hw_op send_op; /* also carries the close */
	uint32_t socket;
	uint32_t listener;
	uint32_t held_size;
	uint32_t sent_size;
	uint32_t refused_count; /* of accept */
	bool is_open;
	bool is_ending;
	bool is_closed;
	bool was_lost;
	bool was_killed;
	uint8_t bytes[BUFFER_SIZE];
};

static void recv_submit(struct echo *echo);
static void recv_done(struct hw_op *op);
static void send_submit(struct echo *echo);
static void send_done(struct hw_op *op);
static void close_done(struct hw_op *op);

static void accept_done(struct hw_op *op)
{
	struct echo *echo = hw_container_of(op, struct echo, accept_op);
	if (op->res >= 0) {
		hw_assert(!echo->is_open);
		echo->is_open = true;
		echo->socket = (uint32_t)op->res;
		recv_submit(echo);
	} else if (!echo->is_closed) {
		echo->refused_count++;
	}
	if (!op->has_more && !echo->is_closed) {
		hw_ring_accept_many(echo->ring, op, echo->listener, accept_done);
	}
}

static void end(struct echo *echo)
{
	echo->is_ending = true;
	if (!echo->recv_op.in_flight && !echo->send_op.in_flight) {
		hw_ring_close(echo->ring, &echo->send_op, echo->socket, close_done);
	}
}

static void recv_submit(struct echo *echo)
{
	hw_ring_recv(echo->ring, &echo->recv_op, echo->socket, echo->bytes, BUFFER_SIZE, false,
		     recv_done);
}

static void recv_done(struct hw_op *op)
{
	struct echo *echo = hw_container_of(op, struct echo, recv_op);
	echo->was_lost |= op->res < 0;
	if (op->res <= 0 || echo->is_ending) {
		end(echo);
		return;
	}
	echo->held_size = (uint32_t)op->res;
	echo->sent_size = 0;
	send_submit(echo);
}

static void send_submit(struct echo *echo)
{
	hw_ring_send(echo->ring, &echo->send_op, echo->socket, echo->bytes + echo->sent_size,
		     echo->held_size - echo->sent_size, send_done);
}

static void send_done(struct hw_op *op)
{
	struct echo *echo = hw_container_of(op, struct echo, send_op);
	echo->was_lost |= op->res < 0;
	if (op->res < 0 || echo->is_ending) {
		end(echo);
		return;
	}
	echo->sent_size += (uint32_t)op->res;
	if (echo->sent_size < echo->held_size) {
		send_submit(echo);
	} else {
		recv_submit(echo);
	}
}

static void close_done(struct hw_op *op)
{
	struct echo *echo = hw_container_of(op, struct echo, send_op);
	hw_assert(op->res == 0);
	echo->is_closed = true;
	hw_ring_cancel(echo->ring, &echo->accept_op);
}

static bool echo_is_free(void *user)
{
	const struct echo *echo = user;
	return echo->is_closed && hw_ring_in_flight_count(echo->ring) == 0;
}

static void echo_start(struct echo *echo, struct hw_ring *ring)
{
	*echo = (struct echo){.ring = ring, .listener = hw_ring_file_slot(ring, 0)};
	assert_int_equal(hw_ring_file_register(ring, echo->listener, hw_sim_listener_fd()), 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	hw_ring_accept_many(ring, &echo->accept_op, echo->listener, accept_done);
}

struct echo_result {
	uint64_t trace;
	uint64_t steps;
	uint32_t got_size;
	uint32_t refused_count;
	bool was_lost;
};

static bool is_undecided(const struct echo *echo, const struct hw_sim_peer *peer)
{
	return !echo->is_open && !hw_sim_peer_is_closed(peer);
}

/* A client that is turned away comes again. */
static struct hw_sim_peer *connect_until_accepted(struct echo *echo, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < 100; i++) {
		struct hw_sim_peer *peer = hw_sim_connect(echo->ring, echo->listener);
		hw_sim_peer_write(peer, bytes, BYTES_SIZE);
		hw_sim_peer_shutdown(peer);
		for (uint32_t k = 0; k < 10000 && is_undecided(echo, peer); k++) {
			assert_true(hw_ring_turn(echo->ring, 10, 16) >= 0);
		}
		if (echo->is_open) {
			return peer;
		}
	}
	fail_msg("seed %llu: nobody was ever accepted", (unsigned long long)hw_sim_seed());
	return NULL;
}

static struct echo g_echo;

static struct echo_result echo_run(const struct hw_sim_options *options)
{
	static uint8_t bytes[BYTES_SIZE];
	struct hw_prng prng;
	hw_prng_init(&prng, options->seed);
	hw_prng_fill(&prng, bytes, sizeof(bytes));
	hw_sim_begin(options);
	struct hw_ring *ring = ring_new(4, 1);
	echo_start(&g_echo, ring);
	struct hw_sim_peer *peer = connect_until_accepted(&g_echo, bytes);
	pump(ring, echo_is_free, &g_echo);
	struct hw_span got = hw_sim_peer_got(peer);
	assert_true(got.size <= BYTES_SIZE);
	assert_true(got.size == 0 || memcmp(got.bytes, bytes, got.size) == 0);
	assert_true(hw_sim_peer_is_closed(peer));
	if (!g_echo.was_lost && !g_echo.was_killed) {
		assert_int_equal(got.size, BYTES_SIZE);
	}
	struct echo_result result = {hw_sim_trace(), hw_sim_step_count(), got.size,
				     g_echo.refused_count, g_echo.was_lost};
	hw_ring_deinit(ring);
	hw_sim_end();
	return result;
}

static struct echo_result echo_twice(uint64_t seed)
{
	struct hw_sim_options options = hw_sim_chaos(seed);
	struct echo_result first = echo_run(&options);
	struct echo_result again = echo_run(&options);
	if (first.trace != again.trace || first.steps != again.steps) {
		fail_msg("seed %llu does not replay", (unsigned long long)seed);
	}
	return first;
}

static void test_echo_survives_chaos_and_replays(void **state)
{
	(void)state;
	uint32_t lost_count = 0;
	uint32_t refused_count = 0;
	uint32_t same_count = 0;
	uint64_t trace = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct echo_result first = echo_twice(seed);
		lost_count += first.was_lost;
		refused_count += first.refused_count > 0;
		same_count += first.trace == trace;
		trace = first.trace;
	}
	assert_int_equal(same_count, 0); /* unlike seeds give unlike runs */
	assert_in_range(lost_count, SEEDS / 20, SEEDS * 3 / 4);
	assert_in_range(refused_count, SEEDS / 100, SEEDS * 3 / 4);
}

/* Close it before step g_kill_step, whatever it is doing. */
static uint64_t g_kill_step;
static uint32_t g_killed_count;

static void kill_at(void *user, uint64_t step)
{
	struct echo *echo = user;
	if (step == g_kill_step && echo->is_open && !echo->is_ending) {
		g_killed_count++;
		echo->was_killed = true;
		hw_ring_cancel(echo->ring, &echo->recv_op);
		hw_ring_cancel(echo->ring, &echo->send_op);
		end(echo);
	}
}

static void test_close_before_every_step(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		for (g_kill_step = 0; g_kill_step < 30; g_kill_step++) {
			struct hw_sim_options options = hw_sim_chaos(seed);
			options.before_step = kill_at;
			options.before_step_user = &g_echo;
			struct echo_result result = echo_run(&options);
			assert_true(result.got_size <= BYTES_SIZE);
		}
	}
	assert_true(g_killed_count > 500);
}

static void test_calm_loses_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		struct echo_result result = echo_run(&options);
		assert_false(result.was_lost);
		assert_int_equal(result.refused_count, 0);
		assert_int_equal(result.got_size, BYTES_SIZE);
	}
}

/* -- one connection, for the finer rules */

static struct hw_op g_accept;
static int32_t g_slot;
static struct hw_ring *g_turned;

static void slot_done(struct hw_op *op)
{
	g_slot = op->res >= 0 ? op->res : g_slot; /* the last one is -ECANCELED */
}

static bool has_slot(void *user)
{
	(void)user;
	return g_slot >= 0;
}

static struct hw_ring *connected(const struct hw_sim_options *options,
				 struct hw_sim_peer **ret_peer)
{
	hw_sim_begin(options);
	struct hw_ring *ring = ring_new(2, 2);
	uint32_t listener = hw_ring_file_slot(ring, 0);
	g_slot = -1;
	g_op = (struct hw_op){0};
	g_accept = (struct hw_op){0};
	assert_int_equal(hw_ring_file_register(ring, listener, hw_sim_listener_fd()), 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	hw_ring_accept_many(ring, &g_accept, listener, slot_done);
	*ret_peer = hw_sim_connect(ring, listener);
	pump(ring, has_slot, NULL);
	return ring;
}

static void disconnected(struct hw_ring *ring)
{
	hw_ring_cancel(ring, &g_accept);
	finish(ring, &g_accept);
	hw_ring_close(ring, &g_op, (uint32_t)g_slot, any_done);
	finish(ring, &g_op);
	hw_ring_deinit(ring);
	hw_sim_end();
}

static void test_whole_receive_is_short_only_at_the_end(void **state)
{
	(void)state;
	static uint8_t sent[10000];
	static uint8_t got[10000];
	memset(sent, 'x', sizeof(sent));
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		options.short_percent = 100;
		options.piece_size_max = 100;
		struct hw_sim_peer *peer = NULL;
		struct hw_ring *ring = connected(&options, &peer);
		hw_sim_peer_write(peer, sent, 7000);
		hw_ring_recv(ring, &g_op, (uint32_t)g_slot, got, 5000, true, any_done);
		finish(ring, &g_op);
		assert_int_equal(g_op.res, 5000);
		hw_sim_peer_shutdown(peer);
		hw_ring_recv(ring, &g_op, (uint32_t)g_slot, got, 5000, true, any_done);
		finish(ring, &g_op);
		assert_int_equal(g_op.res, 2000);
		assert_memory_equal(got, sent, 2000);
		assert_int_equal(got[2000], 0xA5); /* spoiled: nobody may rely on it */
		disconnected(ring);
	}
}

static void test_cancel_is_a_race(void **state)
{
	(void)state;
	static uint8_t got[64];
	uint32_t outcomes[3] = {0}; /* cancelled, a part, all */
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		options.cancel_late_percent = 50;
		options.piece_size_max = 10;
		struct hw_sim_peer *peer = NULL;
		struct hw_ring *ring = connected(&options, &peer);
		hw_sim_peer_write(peer, "0123456789012345678901234567890123456789", 40);
		hw_ring_recv(ring, &g_op, (uint32_t)g_slot, got, 40, true, any_done);
		for (uint64_t turns = 0; turns < seed % 16; turns++) {
			assert_true(hw_ring_turn(ring, 1, 8) >= 0);
		}
		hw_ring_cancel(ring, &g_op);
		hw_ring_cancel(ring, &g_op); /* twice is no harm */
		finish(ring, &g_op);
		assert_true(g_op.res == -ECANCELED || (g_op.res > 0 && g_op.res <= 40));
		outcomes[g_op.res == 40 ? 2 : g_op.res > 0]++;
		disconnected(ring);
	}
	assert_true(outcomes[0] > 0 && outcomes[1] > 0 && outcomes[2] > 0);
}

static void test_held_peer_stalls_the_send(void **state)
{
	(void)state;
	static uint8_t bytes[100000];
	static uint8_t got[100000];
	struct hw_sim_options options = hw_sim_calm(7);
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = connected(&options, &peer);
	hw_prng_fill(&(struct hw_prng){.state = {1, 2, 3, 4}}, bytes, sizeof(bytes));
	hw_sim_peer_hold(peer, true);
	hw_sim_peer_window_set(peer, 1000);
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, bytes, sizeof(bytes), any_done);
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(hw_ring_turn(ring, 1000, 8) >= 0);
	}
	assert_true(g_op.in_flight);
	assert_int_equal(hw_sim_peer_sent_size(peer), 1000);
	uint32_t got_size = 0;
	for (uint32_t i = 0; g_op.in_flight || got_size < sizeof(bytes); i++) {
		assert_true(i < 10000);
		got_size += hw_sim_peer_read(peer, got + got_size, 700);
		assert_true(hw_ring_turn(ring, 1, 8) >= 0);
	}
	assert_int_equal(g_op.res, sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
	disconnected(ring);
}

static void test_heads_run_out_and_come_back(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(3);
	options.short_percent = 0;
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = connected(&options, &peer);
	uint16_t held[4];
	for (uint32_t i = 0; i < 4; i++) {
		hw_sim_peer_write(peer, "head", 4);
		hw_ring_recv_head(ring, &g_op, (uint32_t)g_slot, any_done);
		finish(ring, &g_op);
		assert_true(g_op.res >= 1);
		held[i] = g_op.buffer_id;
	}
	hw_sim_peer_write(peer, "head", 4);
	hw_ring_recv_head(ring, &g_op, (uint32_t)g_slot, any_done);
	finish(ring, &g_op);
	assert_int_equal(g_op.res, -ENOBUFS);
	hw_ring_head_give(ring, held[2]);
	hw_ring_recv_head(ring, &g_op, (uint32_t)g_slot, any_done);
	finish(ring, &g_op);
	assert_true(g_op.res >= 1);
	assert_int_equal(g_op.buffer_id, held[2]);
	for (uint32_t i = 0; i < 4; i++) {
		hw_ring_head_give(ring, held[i]);
	}
	disconnected(ring);
}

static void test_reset_ends_all(void **state)
{
	(void)state;
	uint8_t got[16];
	uint32_t reset_count = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct hw_sim_options options = hw_sim_calm(seed);
		struct hw_sim_peer *peer = NULL;
		struct hw_ring *ring = connected(&options, &peer);
		hw_sim_peer_reset(peer);
		hw_ring_poll_in(ring, &g_op, (uint32_t)g_slot, any_done);
		finish(ring, &g_op);
		assert_true((g_op.res & POLLERR) != 0);
		hw_ring_recv(ring, &g_op, (uint32_t)g_slot, got, 16, false, any_done);
		finish(ring, &g_op);
		assert_int_equal(g_op.res, -ECONNRESET);
		hw_ring_send(ring, &g_op, (uint32_t)g_slot, "x", 1, any_done);
		finish(ring, &g_op);
		assert_int_equal(g_op.res, -EPIPE);
		reset_count += hw_sim_peer_is_reset(peer);
		disconnected(ring);
	}
	assert_int_equal(reset_count, 100);
}

/* -- time, wakes, descriptors */

static void test_waits_cost_virtual_time_only(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(1);
	hw_sim_begin(&options);
	struct hw_ring *ring = ring_new(0, 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	uint64_t begun_us = hw_clock_monotonic_us();
	uint64_t wall_ms = hw_clock_wall_ms();
	for (uint32_t i = 0; i < 3600; i++) {
		assert_int_equal(hw_ring_turn(ring, 1000, 8), 0);
	}
	assert_in_range(hw_clock_monotonic_us() - begun_us, 3600000000, 3600100000);
	assert_in_range(hw_clock_wall_ms() - wall_ms, 3600000, 3600100);
	hw_ring_deinit(ring);
	hw_sim_end();
}

static void test_wake_ends_a_wait(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(1);
	hw_sim_begin(&options);
	struct hw_ring *sleeper = ring_new(0, 0);
	struct hw_ring *waker = ring_new(0, 0);
	assert_int_equal(hw_ring_enable(sleeper), 0);
	assert_int_equal(hw_ring_enable(waker), 0);
	hw_ring_wake(waker, hw_ring_fd(sleeper));
	uint64_t begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_ring_turn(sleeper, 1000, 0), 0);
	assert_true(hw_clock_monotonic_us() - begun_us < 10000);
	assert_int_equal(hw_ring_turn(sleeper, 0, 8), 0);
	begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_ring_turn(sleeper, 1000, 0), 0);
	assert_true(hw_clock_monotonic_us() - begun_us >= 1000000);
	hw_ring_deinit(sleeper);
	hw_ring_deinit(waker);
	hw_sim_end();
}

static void test_poll_fd_sees_an_eventfd(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(1);
	hw_sim_begin(&options);
	struct hw_ring *ring = ring_new(0, 0);
	assert_int_equal(hw_ring_enable(ring), 0);
	int fd = eventfd(0, EFD_CLOEXEC);
	g_op = (struct hw_op){0};
	hw_ring_poll_fd(ring, &g_op, fd, any_done);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(hw_ring_turn(ring, 100, 8), 0);
	}
	assert_int_equal(eventfd_write(fd, 1), 0);
	finish(ring, &g_op);
	assert_true((g_op.res & POLLIN) != 0);
	assert_int_equal(close(fd), 0);
	hw_ring_deinit(ring);
	hw_sim_end();
}

static void test_random_is_the_seeds(void **state)
{
	(void)state;
	uint8_t a[32];
	uint8_t b[32];
	hw_sim_random_seed(9);
	hw_random_bytes(a, sizeof(a));
	hw_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	hw_sim_random_seed(9);
	hw_random_bytes(b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	hw_sim_random_seed(10);
	hw_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

/* -- who breaks a rule is stopped */

static struct hw_ring *bad_begin(struct hw_sim_peer **ret_peer)
{
	struct hw_sim_options options = hw_sim_calm(11);
	return connected(&options, ret_peer);
}

static void two_receives(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static uint8_t a[8];
	static struct hw_op other;
	hw_ring_recv(ring, &g_op, (uint32_t)g_slot, a, 8, false, any_done);
	hw_ring_poll_in(ring, &other, (uint32_t)g_slot, any_done);
}

static void two_sends(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static struct hw_op other;
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, "a", 1, any_done);
	hw_ring_send(ring, &other, (uint32_t)g_slot, "b", 1, any_done);
}

static void changed_while_sending(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static char bytes[5000];
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, bytes, sizeof(bytes), any_done);
	bytes[4999] = 1;
	finish(ring, &g_op);
}

static void closed_while_receiving(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static uint8_t a[8];
	static struct hw_op other;
	hw_ring_recv(ring, &g_op, (uint32_t)g_slot, a, 8, false, any_done);
	hw_ring_close(ring, &other, (uint32_t)g_slot, any_done);
}

static void used_after_close(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static struct hw_op other;
	hw_ring_close(ring, &other, (uint32_t)g_slot, any_done);
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, "a", 1, any_done);
}

static void wiped_in_flight(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, "a", 1, any_done);
	g_op = (struct hw_op){0};
	hw_ring_shutdown(ring, &g_op, (uint32_t)g_slot, any_done);
}

static void unknown_slot(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	hw_ring_send(ring, &g_op, (uint32_t)g_slot ^ 1U, "a", 1, any_done);
}

static void left_in_flight(void)
{
	struct hw_sim_peer *peer = NULL;
	hw_ring_deinit(bad_begin(&peer)); /* accept is armed */
}

static void given_back_twice(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	hw_sim_peer_write(peer, "a", 1);
	hw_ring_recv_head(ring, &g_op, (uint32_t)g_slot, any_done);
	finish(ring, &g_op);
	hw_ring_head_give(ring, g_op.buffer_id);
	hw_ring_head_give(ring, g_op.buffer_id);
}

static void turn_again(struct hw_op *op)
{
	(void)op;
	assert_int_equal(hw_ring_turn(g_turned, 0, 1), 0); /* never gets so far */
}

static void turned_from_a_step(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	g_turned = ring;
	hw_ring_send(ring, &g_op, (uint32_t)g_slot, "a", 1, turn_again);
	finish(ring, &g_op);
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN true
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN false
#endif

static void touched_while_receiving(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	static uint8_t bytes[64];
	uint8_t *volatile lent = bytes; /* else the compiler proves the access good */
	hw_ring_recv(ring, &g_op, (uint32_t)g_slot, lent, 64, false, any_done);
	_exit(lent[8] == 77); /* ASan ends it here */
}

static void freed_while_receiving(void)
{
	struct hw_sim_peer *peer = NULL;
	struct hw_ring *ring = bad_begin(&peer);
	uint8_t *bytes = malloc(64);
	hw_ring_recv(ring, &g_op, (uint32_t)g_slot, bytes, 64, false, any_done);
	free(bytes);
	hw_sim_peer_shutdown(peer);
	finish(ring, &g_op);
}

/* ASan leaves with an exit status, an assertion with a signal. */
static bool ends_badly(void (*act)(void))
{
	pid_t child = fork();
	if (child == 0) {
		(void)close(2);
		act();
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_lent_memory_is_watched(void **state)
{
	(void)state;
	if (!HAS_ASAN) {
		skip(); /* only ASan sees it */
	}
	assert_true(ends_badly(touched_while_receiving));
	assert_true(ends_badly(freed_while_receiving));
}

static void test_rules_are_watched(void **state)
{
	(void)state;
	assert_true(aborts(two_receives));
	assert_true(aborts(two_sends));
	assert_true(aborts(changed_while_sending));
	assert_true(aborts(closed_while_receiving));
	assert_true(aborts(used_after_close));
	assert_true(aborts(wiped_in_flight));
	assert_true(aborts(unknown_slot));
	assert_true(aborts(left_in_flight));
	assert_true(aborts(given_back_twice));
	assert_true(aborts(turned_from_a_step));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_survives_chaos_and_replays),
		cmocka_unit_test(test_close_before_every_step),
		cmocka_unit_test(test_calm_loses_nothing),
		cmocka_unit_test(test_whole_receive_is_short_only_at_the_end),
		cmocka_unit_test(test_cancel_is_a_race),
		cmocka_unit_test(test_held_peer_stalls_the_send),
		cmocka_unit_test(test_heads_run_out_and_come_back),
		cmocka_unit_test(test_reset_ends_all),
		cmocka_unit_test(test_waits_cost_virtual_time_only),
		cmocka_unit_test(test_wake_ends_a_wait),
		cmocka_unit_test(test_poll_fd_sees_an_eventfd),
		cmocka_unit_test(test_random_is_the_seeds),
		cmocka_unit_test(test_rules_are_watched),
		cmocka_unit_test(test_lent_memory_is_watched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
