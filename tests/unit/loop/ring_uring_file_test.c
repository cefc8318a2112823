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

#include "core/base/page_cache.h"
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

#define SPLICED_SIZE (3U << 20)

/* A client that takes something only when there is no more room for it. */
struct taker {
	uint8_t *bytes;
	int fd;
	uint32_t size;
	uint32_t full_count; /* times there was no room */
};

static void take_some(struct taker *taker)
{
	ssize_t got = recv(taker->fd, taker->bytes + taker->size, SPLICED_SIZE - taker->size, 0);
	taker->size += got > 0 ? (uint32_t)got : 0;
}

/* From a file to a socket; a full one is told, and what it did not take comes the next time. */
static void test_pages(void **state)
{
	struct fixture *fixture = *state;
	if (!hw_page_cache_is_known()) {
		skip(); /* before Linux 6.5 nothing is sent this way */
	}
	uint8_t *bytes = malloc(SPLICED_SIZE);
	struct taker taker = {.bytes = malloc(SPLICED_SIZE)};
	struct hw_ring_pages pages = {.file = hw_ring_file_slot(fixture->ring, 1),
				      .file_fd = file_new()};
	struct landing landing = {0};
	for (uint32_t i = 0; i < SPLICED_SIZE; i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 4096);
	}
	assert_int_equal(pwrite(pages.file_fd, bytes, SPLICED_SIZE, 0), SPLICED_SIZE);
	set(fixture, pages.file, pages.file_fd);
	taker.fd = connection_new(fixture, &pages.socket);
	assert_int_equal(fcntl(taker.fd, F_SETFL, O_NONBLOCK), 0);
	hw_ring_fd_install(fixture->ring, &landing.op, pages.socket, landed);
	pages.socket_fd = result_of(fixture, &landing);
	assert_true(pages.socket_fd >= 0);
	for (pages.offset = 0; pages.offset < SPLICED_SIZE;) {
		pages.size = (uint32_t)(SPLICED_SIZE - pages.offset);
		int size = hw_ring_pages_send(fixture->ring, &pages);
		assert_true(size > 0 || size == -EAGAIN); /* told at once: nobody waited */
		assert_true(pages.is_full || size == (int)hw_min(pages.size, HW_PIPE_SIZE));
		pages.offset += size > 0 ? (uint32_t)size : 0;
		if (pages.is_full) {
			taker.full_count++;
			take_some(&taker);
		}
	}
	assert_true(taker.full_count > 0 || taker.size == 0);
	pages.size = 1;
	assert_int_equal(hw_ring_pages_send(fixture->ring, &pages), -ENODATA); /* it ends here */
	for (uint64_t until_us = deadline_after(PATIENCE_MS); taker.size < SPLICED_SIZE;) {
		take_some(&taker);
		assert_true(hw_clock_monotonic_us() < until_us);
	}
	assert_memory_equal(taker.bytes, bytes, SPLICED_SIZE);
	assert_int_equal(close(pages.socket_fd), 0);
	connection_end(fixture, taker.fd, pages.socket);
	slot_close(fixture, pages.file);
	assert_int_equal(close(pages.file_fd), 0);
	free(taker.bytes);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_write_sync_read),
		RING_TEST(test_the_arena_s_edge),
		RING_TEST(test_pages),
		RING_TEST(test_slot_outlives_the_descriptor),
		RING_TEST(test_errors_are_told),
		RING_TEST(test_many_at_once),
		RING_TEST(test_poll_fd_sees_a_signal),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	/* Once more as before Linux 6.13.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	(void)setenv("HW_PLAIN_SOCKETS", "1", 1);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
