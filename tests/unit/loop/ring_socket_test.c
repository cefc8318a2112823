/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: on this kernel each socket operation of ring.h does what ring.h says, for both kinds of
 *       sockets.
 * Method: real connections over loopback, one operation at a time; a ring that is restricted as the
 *         daemon's are.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/unit/loop/uring_fixture.h"

static void test_accept_goes_on(void **state)
{
	struct fixture *fixture = *state;
	int clients[SOCKETS];
	uint32_t slots[SOCKETS];
	bool is_used[SOCKETS] = {false};
	for (uint32_t i = 0; i < SOCKETS; i++) {
		clients[i] = connection_new(fixture, &slots[i]);
		assert_true(slots[i] < SOCKETS); /* never among the files */
		assert_false(is_used[slots[i]]);
		is_used[slots[i]] = true;
	}
	/* The table is full: the multishot ends, and says so. */
	uint32_t count = fixture->accept.count;
	int refused = client_new(fixture);
	assert_true(has_landed(fixture, &fixture->accept, count + 1, PATIENCE_MS));
	assert_int_equal(fixture->accept.op.res, -ENFILE);
	assert_false(fixture->accept.op.has_more);
	assert_false(fixture->accept.op.in_flight);
	assert_int_equal(close(refused), 0);
	/* Armed again, it hands out the slot that was given back. */
	connection_end(fixture, clients[1], slots[1]);
	uint32_t was_slot = slots[1];
	clients[1] = connection_new(fixture, &slots[1]);
	assert_int_equal(slots[1], was_slot);
	for (uint32_t i = 0; i < SOCKETS; i++) {
		connection_end(fixture, clients[i], slots[i]);
	}
}

/* Who comes next waits in the backlog, until we ask. */
static void test_accept_takes_one(void **state)
{
	struct fixture *fixture = *state;
	int first = client_new(fixture);
	int second = client_new(fixture);
	struct landing landing = {0};
	hw_ring_accept(fixture->ring, &landing.op, fixture->listener, landed);
	uint32_t first_slot = (uint32_t)result_of(fixture, &landing);
	assert_false(landing.op.has_more);
	assert_false(has_landed(fixture, &landing, 2, MOMENT_MS));
	hw_ring_accept(fixture->ring, &landing.op, fixture->listener, landed);
	uint32_t second_slot = (uint32_t)result_of(fixture, &landing);
	assert_int_not_equal(first_slot, second_slot);
	assert_int_equal(landing.count, 2);
	assert_int_equal(send(second, "x", 1, 0), 1); /* each is itself */
	char byte = 0;
	hw_ring_recv(fixture->ring, &landing.op, second_slot, &byte, 1, true, landed);
	assert_int_equal(result_of(fixture, &landing), 1);
	connection_end(fixture, first, first_slot);
	connection_end(fixture, second, second_slot);
	hw_ring_accept(fixture->ring, &landing.op, fixture->listener, landed);
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), 1);
	hw_ring_cancel(fixture->ring, &landing.op);
	assert_int_equal(result_of(fixture, &landing), -ECANCELED);
}

static void test_head_buffers_run_out_and_come_back(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	uint16_t held[HEADS];
	for (uint32_t i = 0; i < HEADS; i++) {
		hw_ring_recv_head(fixture->ring, &landing.op, slot, landed);
		assert_false(has_landed(fixture, &landing, i + 1, 5));
		assert_int_equal(send(client, "abcd", i + 1, 0), i + 1);
		assert_int_equal(result_of(fixture, &landing), i + 1);
		held[i] = landing.op.buffer_id;
		assert_memory_equal(hw_ring_head_bytes(fixture->ring, held[i]), "abcd", i + 1);
	}
	assert_int_equal(send(client, "kept", 4, 0), 4);
	hw_ring_recv_head(fixture->ring, &landing.op, slot, landed);
	assert_int_equal(result_of(fixture, &landing), -ENOBUFS);
	hw_ring_head_give(fixture->ring, held[2]);
	hw_ring_recv_head(fixture->ring, &landing.op, slot, landed);
	assert_int_equal(result_of(fixture, &landing), 4); /* nothing was lost meanwhile */
	assert_int_equal(landing.op.buffer_id, held[2]);
	assert_memory_equal(hw_ring_head_bytes(fixture->ring, held[2]), "kept", 4);
	for (uint32_t i = 0; i < HEADS; i++) {
		hw_ring_head_give(fixture->ring, held[i]);
	}
	/* The end takes no buffer: all four can be had afterwards. */
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	for (uint32_t i = 0; i < HEADS * 2; i++) {
		hw_ring_recv_head(fixture->ring, &landing.op, slot, landed);
		assert_int_equal(result_of(fixture, &landing), 0);
	}
	connection_end(fixture, client, slot);
}

static void test_receive_whole(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	char *bytes = (char *)fixture->arena;
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, 10, true, landed);
	assert_int_equal(send(client, "0123", 4, 0), 4);
	assert_false(has_landed(fixture, &landing, 1, MOMENT_MS));
	assert_int_equal(send(client, "456789ab", 8, 0), 8);
	assert_int_equal(result_of(fixture, &landing), 10);
	assert_memory_equal(bytes, "0123456789", 10);
	/* Cancelled: what came, came; the rest of the stream follows without a gap. */
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, 10, true, landed);
	assert_false(has_landed(fixture, &landing, 2, MOMENT_MS));
	hw_ring_cancel(fixture->ring, &landing.op);
	assert_int_equal(result_of(fixture, &landing), 2);
	assert_memory_equal(bytes, "ab", 2);
	assert_int_equal(send(client, "cde", 3, 0), 3);
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, 10, true, landed);
	assert_false(has_landed(fixture, &landing, 3, MOMENT_MS));
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(result_of(fixture, &landing), 3); /* the end makes it short */
	assert_memory_equal(bytes, "cde", 3);
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, 10, true, landed);
	assert_int_equal(result_of(fixture, &landing), 0);
	connection_end(fixture, client, slot);
}

static void test_receive_some(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	char bytes[10] = {0};
	assert_int_equal(send(client, "0123", 4, 0), 4);
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), false, landed);
	assert_int_equal(result_of(fixture, &landing), 4);
	assert_memory_equal(bytes, "0123", 4);
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), false, landed);
	assert_true(landing.op.in_flight);
	assert_int_equal(hw_ring_in_flight_count(fixture->ring), 2); /* with the accept */
	hw_ring_cancel(fixture->ring, &landing.op);
	hw_ring_cancel(fixture->ring, &landing.op); /* twice is no harm */
	assert_int_equal(result_of(fixture, &landing), -ECANCELED);
	hw_ring_cancel(fixture->ring, &landing.op); /* nothing in flight: nothing */
	assert_false(has_landed(fixture, &landing, 3, MOMENT_MS));
	connection_end(fixture, client, slot);
}

static void test_reset_is_told(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	char bytes[10];
	struct linger none = {.l_onoff = 1};
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), false, landed);
	assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
	assert_int_equal(close(client), 0);
	assert_int_equal(result_of(fixture, &landing), -ECONNRESET);
	hw_ring_send(fixture->ring, &landing.op, slot, "x", 1, landed);
	assert_int_equal(result_of(fixture, &landing), -EPIPE); /* and no SIGPIPE */
	slot_close(fixture, slot);
}

static void test_poll_sees_bytes_and_the_end(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	hw_ring_poll_in(fixture->ring, &landing.op, slot, landed);
	assert_false(has_landed(fixture, &landing, 1, MOMENT_MS));
	assert_int_equal(send(client, "x", 1, 0), 1);
	assert_true((result_of(fixture, &landing) & POLLIN) != 0);
	char byte = 0;
	hw_ring_recv(fixture->ring, &landing.op, slot, &byte, 1, false, landed);
	assert_int_equal(result_of(fixture, &landing), 1);
	hw_ring_poll_in(fixture->ring, &landing.op, slot, landed);
	assert_false(has_landed(fixture, &landing, 3, MOMENT_MS));
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_true((result_of(fixture, &landing) & POLLRDHUP) != 0);
	connection_end(fixture, client, slot);
}

static void test_hangup_is_seen_behind_bytes(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	hw_ring_recv_count(fixture->ring, &landing.op, slot, 100, landed);
	assert_int_equal(result_of(fixture, &landing), -EAGAIN);
	hw_ring_poll_hangup(fixture->ring, &landing.op, slot, landed);
	assert_int_equal(send(client, "0123456789", 10, 0), 10);
	assert_false(has_landed(fixture, &landing, 2, MOMENT_MS));
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(result_of(fixture, &landing), POLLRDHUP);
	hw_ring_recv_count(fixture->ring, &landing.op, slot, 100, landed);
	assert_int_equal(result_of(fixture, &landing), 10);
	hw_ring_recv_count(fixture->ring, &landing.op, slot, 7, landed);
	assert_int_equal(result_of(fixture, &landing), 7);
	char bytes[10];
	hw_ring_recv(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), true, landed);
	assert_int_equal(result_of(fixture, &landing), 10);
	assert_memory_equal(bytes, "0123456789", 10);
	hw_ring_recv_count(fixture->ring, &landing.op, slot, 100, landed);
	assert_int_equal(result_of(fixture, &landing), 0);
	connection_end(fixture, client, slot);
}

/* Much more than the socket takes at once: one op, one done, all of it. */
static void test_send_sends_all(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t bytes[16U << 20];
	static uint8_t back[65536];
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 2654435761U >> 24);
	}
	hw_ring_send(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), landed);
	assert_false(has_landed(fixture, &landing, 1, MOMENT_MS)); /* stalled */
	uint32_t size = 0;
	while (size < sizeof(bytes)) {
		assert_true(hw_ring_turn(fixture->ring, 0, 16) >= 0);
		ssize_t r = recv(client, back, sizeof(back), MSG_DONTWAIT);
		if (r < 0 && errno == EAGAIN) {
			continue;
		}
		assert_true(r > 0);
		assert_memory_equal(back, bytes + size, (size_t)r);
		size += (uint32_t)r;
	}
	assert_int_equal(result_of(fixture, &landing), sizeof(bytes));
	assert_int_equal(landing.count, 1);
	/* Cancelled while stalled: short, or nothing at all. */
	hw_ring_send(fixture->ring, &landing.op, slot, bytes, sizeof(bytes), landed);
	assert_false(has_landed(fixture, &landing, 2, MOMENT_MS));
	hw_ring_cancel(fixture->ring, &landing.op);
	int32_t sent = result_of(fixture, &landing);
	assert_true(sent > 0 && sent < (int32_t)sizeof(bytes));
	connection_end(fixture, client, slot);
}

static void test_sendmsg_gathers(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	char head[] = "head ";
	char body[] = "body";
	struct iovec parts[] = {{head, 5}, {body, 4}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	char back[16] = {0};
	hw_ring_sendmsg(fixture->ring, &landing.op, slot, &message, landed);
	assert_int_equal(result_of(fixture, &landing), 9);
	assert_int_equal(recv(client, back, 9, MSG_WAITALL), 9);
	assert_string_equal(back, "head body");
	connection_end(fixture, client, slot);
}

static void test_shutdown_ends_one_way(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	char byte = 0;
	hw_ring_shutdown(fixture->ring, &landing.op, slot, landed);
	assert_int_equal(result_of(fixture, &landing), 0);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	assert_int_equal(send(client, "x", 1, 0), 1);
	hw_ring_recv(fixture->ring, &landing.op, slot, &byte, 1, false, landed);
	assert_int_equal(result_of(fixture, &landing), 1);
	assert_int_equal(byte, 'x');
	connection_end(fixture, client, slot);
}

static void test_close_sends_the_end(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	char byte = 0;
	slot_close(fixture, slot);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	assert_int_equal(close(client), 0);
}

static void test_fd_install_shows_the_peer(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	int client = connection_new(fixture, &slot);
	struct landing landing = {0};
	hw_ring_fd_install(fixture->ring, &landing.op, slot, landed);
	int fd = result_of(fixture, &landing);
	assert_true(fd >= 0);
	struct sockaddr_in peer = {0};
	socklen_t size = sizeof(peer);
	assert_int_equal(getpeername(fd, (struct sockaddr *)(void *)&peer, &size), 0);
	assert_int_equal(peer.sin_port, address_of(client).sin_port);
	assert_int_equal(close(fd), 0);
	connection_end(fixture, client, slot);
}

/* -- a connection goes to another ring, whose thread sleeps meanwhile */

struct taker {
	struct hw_ring *ring;
	_Atomic bool is_over;
	_Atomic bool is_ready;
};

static void *taker_run(void *user)
{
	struct taker *taker = user;
	assert_int_equal(hw_ring_enable(taker->ring), 0);
	taker->is_ready = true;
	while (!taker->is_over) {
		assert_true(hw_ring_turn(taker->ring, MOMENT_MS, 16) >= 0);
	}
	return NULL;
}

static void test_pass_moves_a_connection(void **state)
{
	struct fixture *fixture = *state;
	struct taker taker = {0};
	struct hw_ring_options options = {.in_flight_max = 16,
					  .socket_slots = 2,
					  .file_slots = 1,
					  .io_workers_max = 2,
					  .is_restricted = true};
	pthread_t thread;
	struct landing passed = {0};
	uint32_t slots[3];
	int clients[3];
	assert_int_equal(hw_ring_init(&taker.ring, &options), 0);
	for (uint32_t i = 0; i < 3; i++) {
		clients[i] = connection_new(fixture, &slots[i]);
	}
	/* Nobody has the ring yet. */
	hw_ring_socket_pass(fixture->ring, &passed.op, slots[0], hw_ring_fd(taker.ring), landed);
	assert_int_equal(result_of(fixture, &passed), -EBADFD);
	assert_int_equal(pthread_create(&thread, NULL, taker_run, &taker), 0);
	while (!taker.is_ready) {
		assert_true(hw_ring_turn(fixture->ring, 1, 16) >= 0);
	}
	for (uint32_t i = 0; i < 3; i++) { /* it has two slots */
		hw_ring_socket_pass(fixture->ring, &passed.op, slots[i], hw_ring_fd(taker.ring),
				    landed);
		assert_int_equal(result_of(fixture, &passed), i < 2 ? (int)i : -ENFILE);
		slot_close(fixture, slots[i]);
	}
	/* The one that was passed goes on without us; the other is over. */
	char byte = 0;
	assert_int_equal(recv(clients[0], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(recv(clients[2], &byte, 1, 0), 0);
	taker.is_over = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	hw_ring_deinit(taker.ring);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(close(clients[i]), 0);
	}
}

/* A descriptor is every ring's: what is passed is another one of the same connection. */
static void test_pass_of_a_descriptor(void **state)
{
	struct fixture *fixture = *state;
	struct landing passed = {0};
	uint32_t slot = 0;
	char byte = 0;
	int client = connection_new(fixture, &slot);
	hw_ring_socket_pass(fixture->ring, &passed.op, slot, hw_ring_fd(fixture->ring), landed);
	assert_int_equal(passed.count, 0); /* promise 1: not inside the call */
	uint32_t taken = (uint32_t)result_of(fixture, &passed);
	assert_int_not_equal(taken, slot);
	slot_close(fixture, slot);
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	slot_close(fixture, taken);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	assert_int_equal(close(client), 0);
}

static void test_drop_ends_a_connection(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = 0;
	char byte = 0;
	int client = connection_new(fixture, &slot);
	hw_ring_socket_drop(fixture->ring, slot);
	assert_true(hw_ring_turn(fixture->ring, MOMENT_MS, 16) >= 0);
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	assert_int_equal(close(client), 0);
}

static bool has_table(void)
{
	struct hw_ring_probe probe;
	return hw_ring_probe(&probe) >= 0 && probe.has_socket_slots;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_accept_takes_one),
		RING_TEST(test_head_buffers_run_out_and_come_back),
		RING_TEST(test_receive_whole),
		RING_TEST(test_receive_some),
		RING_TEST(test_reset_is_told),
		RING_TEST(test_poll_sees_bytes_and_the_end),
		RING_TEST(test_hangup_is_seen_behind_bytes),
		RING_TEST(test_send_sends_all),
		RING_TEST(test_sendmsg_gathers),
		RING_TEST(test_shutdown_ends_one_way),
		RING_TEST(test_close_sends_the_end),
		RING_TEST(test_fd_install_shows_the_peer),
		RING_TEST(test_drop_ends_a_connection),
	};
	const struct CMUnitTest table_tests[] = {
		RING_TEST(test_accept_goes_on),
		RING_TEST(test_pass_moves_a_connection),
	};
	const struct CMUnitTest descriptor_tests[] = {
		RING_TEST(test_pass_of_a_descriptor),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (has_table()) {
		failed += cmocka_run_group_tests(table_tests, NULL, NULL);
	}
	/* Once more as before Linux 6.13.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	(void)setenv("HW_PLAIN_SOCKETS", "1", 1);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed + cmocka_run_group_tests(descriptor_tests, NULL, NULL);
}
