/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: on this kernel the file operations of ring.h do what ring.h says, from registered memory
 *       and from any other; a slot is what was put into it last, also after the descriptor is gone.
 * Method: files in the working directory, unlinked at once; contents compared through the ring and
 *         around it.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "core/loop/pipe.h"
#include "tests/unit/loop/uring_fixture.h"

static int file_new(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		fd = memfd_create("ring-test", MFD_CLOEXEC); /* a file system without O_TMPFILE */
	}
	assert_true(fd >= 0);
	return fd;
}

static void set(struct fixture *fixture, uint32_t slot, int fd)
{
	struct landing landing = {0};
	hw_ring_file_set(fixture->ring, &landing.op, slot, fd, landed);
	assert_true(result_of(fixture, &landing) >= 0);
}

static int32_t write_at(struct fixture *fixture, uint32_t slot, const void *bytes, uint32_t size,
			uint64_t offset)
{
	struct landing landing = {0};
	hw_ring_write(fixture->ring, &landing.op, slot, bytes, size, offset, landed);
	return result_of(fixture, &landing);
}

static int32_t read_at(struct fixture *fixture, uint32_t slot, void *bytes, uint32_t size,
		       uint64_t offset)
{
	struct landing landing = {0};
	hw_ring_read(fixture->ring, &landing.op, slot, bytes, size, offset, landed);
	return result_of(fixture, &landing);
}

static int32_t sync_of(struct fixture *fixture, uint32_t slot)
{
	struct landing landing = {0};
	hw_ring_datasync(fixture->ring, &landing.op, slot, landed);
	return result_of(fixture, &landing);
}

static void test_write_sync_read(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t plain[HW_PAGE_SIZE];
	static uint8_t back[HW_PAGE_SIZE];
	uint32_t slot = hw_ring_file_slot(fixture->ring, 1);
	int fd = file_new();
	set(fixture, slot, fd);
	memset(fixture->arena, 'f', HW_SLAB_SIZE);
	memset(plain, 'p', sizeof(plain));
	if (!hw_ring_has_fixed_buffers(fixture->ring)) {
		print_message("arena not registered (RLIMIT_MEMLOCK): plain writes only\n");
	}
	assert_int_equal(write_at(fixture, slot, fixture->arena, HW_SLAB_SIZE, 0), HW_SLAB_SIZE);
	assert_int_equal(write_at(fixture, slot, plain, sizeof(plain), HW_SLAB_SIZE),
			 sizeof(plain));
	assert_int_equal(sync_of(fixture, slot), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), HW_SLAB_SIZE + sizeof(plain));
	assert_int_equal(pread(fd, back, sizeof(back), HW_SLAB_SIZE), sizeof(back));
	assert_memory_equal(back, plain, sizeof(back));
	/* Registered and not, across the border of the two, and the end. */
	assert_int_equal(read_at(fixture, slot, back, sizeof(back), 100), sizeof(back));
	assert_int_equal(back[0], 'f');
	assert_int_equal(back[sizeof(back) - 1], 'f');
	uint8_t *into = fixture->arena + HW_SLAB_SIZE;
	assert_int_equal(read_at(fixture, slot, into, 200, HW_SLAB_SIZE - 100), 200);
	assert_int_equal(into[99], 'f');
	assert_int_equal(into[100], 'p');
	assert_int_equal(read_at(fixture, slot, into, 200, HW_SLAB_SIZE + HW_PAGE_SIZE - 50), 50);
	assert_int_equal(read_at(fixture, slot, into, 200, UINT64_C(1) << 40), 0);
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
}

/* The last bytes of the arena are in it, and those after it are not. */
static void test_the_arena_s_edge(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = hw_ring_file_slot(fixture->ring, 1);
	int fd = file_new();
	set(fixture, slot, fd);
	uint8_t *last = fixture->arena + ARENA_SIZE - HW_PAGE_SIZE;
	memset(last, 'z', HW_PAGE_SIZE);
	assert_int_equal(write_at(fixture, slot, last, HW_PAGE_SIZE, 0), HW_PAGE_SIZE);
	memset(last, 0, HW_PAGE_SIZE);
	assert_int_equal(read_at(fixture, slot, last, HW_PAGE_SIZE, 0), HW_PAGE_SIZE);
	assert_int_equal(last[HW_PAGE_SIZE - 1], 'z');
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
}

/* From a file to a socket through a pipe; a full socket is told. */
static void test_splice(void **state)
{
	struct fixture *fixture = *state;
	enum { SIZE = 3 << 20 };
	uint8_t *bytes = malloc(SIZE);
	uint8_t *back = malloc(SIZE);
	uint32_t slot = hw_ring_file_slot(fixture->ring, 1);
	struct hw_pipes pipes;
	int fd = file_new();
	for (uint32_t i = 0; i < SIZE; i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 4096);
	}
	assert_int_equal(pwrite(fd, bytes, SIZE, 0), SIZE);
	set(fixture, slot, fd);
	hw_pipes_init(&pipes);
	struct hw_pipe *pipe = hw_pipe_take(&pipes);
	assert_non_null(pipe);
	uint32_t socket = 0;
	int client = connection_new(fixture, &socket);
	assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
	uint32_t sent = 0;
	uint32_t came = 0;
	uint32_t full_count = 0;
	while (sent < SIZE) {
		struct landing in = {0};
		hw_ring_splice_in(fixture->ring, &in.op, slot, sent, pipe->target_fd,
				  hw_min(pipe->capacity, SIZE - sent), landed);
		int32_t piped = result_of(fixture, &in);
		assert_true(piped > 0);
		while (piped > 0) {
			struct landing out = {0};
			hw_ring_splice_out(fixture->ring, &out.op, pipe->source_fd, socket,
					   (uint32_t)piped, landed);
			int32_t size = result_of(fixture, &out);
			if (size == -EAGAIN) { /* nobody waited: now the client takes some */
				full_count++;
				ssize_t got = recv(client, back + came, SIZE - came, 0);
				assert_true(got > 0);
				came += (uint32_t)got;
				continue;
			}
			assert_true(size > 0);
			piped -= size;
			sent += (uint32_t)size;
		}
	}
	assert_true(full_count > 0 || came == 0);
	for (uint64_t until_us = deadline_after(PATIENCE_MS); came < SIZE;) {
		ssize_t got = recv(client, back + came, SIZE - came, 0);
		came += got > 0 ? (uint32_t)got : 0;
		assert_true(hw_clock_monotonic_us() < until_us);
	}
	assert_memory_equal(back, bytes, SIZE);
	hw_pipe_give(&pipes, pipe);
	hw_pipes_deinit(&pipes);
	connection_end(fixture, client, socket);
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
	free(back);
	free(bytes);
}

static void test_slot_outlives_the_descriptor(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = hw_ring_file_slot(fixture->ring, 2);
	char back[8] = {0};
	int one = file_new();
	int two = file_new();
	assert_int_equal(pwrite(one, "one", 3, 0), 3);
	assert_int_equal(pwrite(two, "two", 3, 0), 3);
	set(fixture, slot, one);
	assert_int_equal(close(one), 0); /* "who may close it when done" */
	assert_int_equal(read_at(fixture, slot, back, 3, 0), 3);
	assert_string_equal(back, "one");
	slot_close(fixture, slot);
	assert_int_equal(read_at(fixture, slot, back, 3, 0), -EBADF);
	set(fixture, slot, two); /* the slot is used again, for another */
	assert_int_equal(read_at(fixture, slot, back, 3, 0), 3);
	assert_string_equal(back, "two");
	slot_close(fixture, slot);
	assert_int_equal(close(two), 0);
}

static void test_errors_are_told(void **state)
{
	struct fixture *fixture = *state;
	uint32_t slot = hw_ring_file_slot(fixture->ring, 1);
	struct landing landing = {0};
	hw_ring_file_set(fixture->ring, &landing.op, slot, 9999, landed); /* no such descriptor */
	assert_int_equal(result_of(fixture, &landing), -EBADF);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	set(fixture, slot, fd);
	assert_int_equal(write_at(fixture, slot, "x", 1, 0), -EBADF); /* read only */
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
	fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	set(fixture, slot, fd);
	assert_int_equal(write_at(fixture, slot, "x", 1, 0), -ENOSPC);
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
}

static void test_many_at_once(void **state)
{
	struct fixture *fixture = *state;
	static struct landing landings[64];
	uint32_t slot = hw_ring_file_slot(fixture->ring, 1);
	int fd = file_new();
	set(fixture, slot, fd);
	for (uint32_t i = 0; i < 64; i++) {
		landings[i] = (struct landing){0};
		memset(fixture->arena + (uint64_t)i * 4096U, (int)i, 4096);
		hw_ring_write(fixture->ring, &landings[i].op, slot,
			      fixture->arena + (uint64_t)i * 4096U, 4096, (uint64_t)i * 4096U,
			      landed);
	}
	for (uint32_t i = 0; i < 64; i++) {
		assert_int_equal(result_of(fixture, &landings[i]), 4096);
		assert_int_equal(landings[i].count, 1);
	}
	static uint8_t back[64 * 4096];
	assert_int_equal(pread(fd, back, sizeof(back), 0), sizeof(back));
	for (uint32_t i = 0; i < sizeof(back); i++) {
		assert_int_equal(back[i], i / 4096);
	}
	slot_close(fixture, slot);
	assert_int_equal(close(fd), 0);
}

static void test_poll_fd_sees_a_signal(void **state)
{
	struct fixture *fixture = *state;
	struct landing landing = {0};
	int fd = eventfd(0, EFD_CLOEXEC);
	hw_ring_poll_fd(fixture->ring, &landing.op, fd, landed);
	assert_false(has_landed(fixture, &landing, 1, MOMENT_MS));
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_true((result_of(fixture, &landing) & POLLIN) != 0);
	hw_ring_poll_fd(fixture->ring, &landing.op, fd, landed);
	assert_true((result_of(fixture, &landing) & POLLIN) != 0); /* still to be read */
	assert_int_equal(close(fd), 0);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_write_sync_read),
		RING_TEST(test_the_arena_s_edge),
		RING_TEST(test_splice),
		RING_TEST(test_slot_outlives_the_descriptor),
		RING_TEST(test_errors_are_told),
		RING_TEST(test_many_at_once),
		RING_TEST(test_poll_fd_sees_a_signal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
