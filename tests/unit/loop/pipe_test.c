/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: pages pass from a file to a socket, or not at all: what the socket does not take, and what
 * it refuses, is not met by the next one. Where there are no descriptors it is told.
 */
#include "core/loop/pipe.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/limits.h"
#include "core/base/page_cache.h"

#define FILE_SIZE (2U << 20)

static uint8_t g_bytes[FILE_SIZE];
static uint8_t g_got[FILE_SIZE];

static int file_new(void)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	assert_true(fd >= 0);
	for (uint32_t i = 0; i < FILE_SIZE; i++) {
		g_bytes[i] = (uint8_t)(i * 7 + i / 4096);
	}
	assert_int_equal(write(fd, g_bytes, FILE_SIZE), FILE_SIZE);
	return fd;
}

/* Both ends do not wait. */
static void sockets_new(int fds[2])
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	assert_int_equal(socketpair(AF_UNIX, type, 0, fds), 0);
}

static uint32_t take(int fd, uint32_t size_max)
{
	ssize_t got = recv(fd, g_got, size_max, 0);
	return got > 0 ? (uint32_t)got : 0;
}

static void what_one_does_not_take_another_does_not_get(void **state)
{
	(void)state;
	struct hw_pipe pipe;
	int slow[2];
	int fast[2];
	assert_int_equal(hw_pipe_open(&pipe), 0);
	assert_in_range(pipe.capacity, 65536, HW_PIPE_SIZE);
	struct hw_ring_pages pages = {.file_fd = file_new()};
	sockets_new(slow);
	sockets_new(fast);
	pages.socket_fd = slow[0];
	pages.size = FILE_SIZE;
	int size = 0;
	do { /* until it takes no more */
		size = hw_pipe_pass(&pipe, &pages);
		assert_true(size > 0 || size == -EAGAIN);
		pages.offset += size > 0 ? (uint32_t)size : 0;
		pages.size = (uint32_t)(FILE_SIZE - pages.offset);
	} while (size > 0);
	assert_true(pages.is_full);
	pages.socket_fd = fast[0];
	pages.offset = 4096 + 5;
	pages.size = 1000;
	assert_int_equal(hw_pipe_pass(&pipe, &pages), 1000);
	assert_false(pages.is_full);
	assert_int_equal(take(fast[1], FILE_SIZE), 1000);
	assert_memory_equal(g_got, g_bytes + 4096 + 5, 1000);
	assert_int_equal(take(slow[1], 5000), 5000);
	assert_memory_equal(g_got, g_bytes, 5000);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(close(slow[i]), 0);
		assert_int_equal(close(fast[i]), 0);
	}
	assert_int_equal(close(pages.file_fd), 0);
	hw_pipe_close(&pipe);
}

static void what_is_refused_is_told(void **state)
{
	(void)state;
	struct hw_pipe pipe;
	int gone[2];
	int there[2];
	assert_int_equal(hw_pipe_open(&pipe), 0);
	struct hw_ring_pages pages = {.file_fd = file_new(), .offset = FILE_SIZE - 10};
	sockets_new(gone);
	sockets_new(there);
	assert_int_equal(close(gone[1]), 0);
	pages.socket_fd = gone[0];
	pages.size = 10;
	assert_int_equal(hw_pipe_pass(&pipe, &pages), -EPIPE);
	pages.socket_fd = there[0];
	assert_int_equal(hw_pipe_pass(&pipe, &pages), 10);
	assert_false(pages.is_full);
	assert_int_equal(take(there[1], FILE_SIZE), 10);
	assert_memory_equal(g_got, g_bytes + FILE_SIZE - 10, 10);
	pages.size = HW_PAGE_SIZE + 10; /* more than there is in memory, or anywhere */
	assert_int_equal(hw_pipe_pass(&pipe, &pages), -ENODATA);
	pages.offset = FILE_SIZE;
	assert_int_equal(hw_pipe_pass(&pipe, &pages), -ENODATA);
	assert_false(pages.is_full);
	assert_int_equal(take(there[1], FILE_SIZE), 0);
	assert_int_equal(close(pages.file_fd), 0);
	assert_int_equal(close(gone[0]), 0);
	assert_int_equal(close(there[0]), 0);
	assert_int_equal(close(there[1]), 0);
	hw_pipe_close(&pipe);
}

static void no_descriptors_are_told(void **state)
{
	(void)state;
	struct hw_pipe pipe;
	struct rlimit was;
	int lowest = dup(0);
	assert_true(lowest >= 0);
	assert_int_equal(close(lowest), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (uint32_t i = 0; i < 3; i++) { /* it needs three */
		struct rlimit tight = {.rlim_cur = (rlim_t)lowest + i, .rlim_max = was.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
		assert_int_equal(hw_pipe_open(&pipe), -EMFILE);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		int next = dup(0);
		assert_int_equal(next, lowest); /* none was kept */
		assert_int_equal(close(next), 0);
	}
}

/* Before Linux 6.5 nothing is sent this way. */
static int needs_page_cache(void **state)
{
	(void)state;
	if (!hw_page_cache_is_known()) {
		skip();
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_one_does_not_take_another_does_not_get,
				       needs_page_cache),
		cmocka_unit_test_setup(what_is_refused_is_told, needs_page_cache),
		cmocka_unit_test(no_descriptors_are_told),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
