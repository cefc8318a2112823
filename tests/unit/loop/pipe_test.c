/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: pipes go out and come back, empty; what lay in one is gone for good; where the process may
 * have no more descriptors there are fewer pipes, and none is no error.
 */
#include "core/loop/pipe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static void all_go_out_and_come_back(void **state)
{
	(void)state;
	struct hw_pipes pipes;
	struct hw_pipe *taken[HW_PIPE_COUNT];
	hw_pipes_init(&pipes);
	assert_int_equal(pipes.count, HW_PIPE_COUNT);
	for (uint32_t i = 0; i < HW_PIPE_COUNT; i++) {
		taken[i] = hw_pipe_take(&pipes);
		assert_non_null(taken[i]);
		assert_in_range(taken[i]->capacity, 4096, HW_PIPE_SIZE);
	}
	assert_null(hw_pipe_take(&pipes));
	for (uint32_t i = 0; i < HW_PIPE_COUNT; i++) {
		hw_pipe_give(&pipes, taken[i]);
	}
	assert_ptr_equal(hw_pipe_take(&pipes), taken[HW_PIPE_COUNT - 1]);
	hw_pipe_give(&pipes, taken[HW_PIPE_COUNT - 1]);
	hw_pipes_deinit(&pipes);
}

static void what_lay_in_it_is_gone(void **state)
{
	(void)state;
	struct hw_pipes pipes;
	char byte = 'x';
	hw_pipes_init(&pipes);
	struct hw_pipe *pipe = hw_pipe_take(&pipes);
	assert_non_null(pipe);
	assert_int_equal(write(pipe->target_fd, &byte, 1), 1);
	hw_pipe_empty(pipe);
	assert_int_equal(read(pipe->source_fd, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(pipe->target_fd, &byte, 1), 1);
	assert_int_equal(read(pipe->source_fd, &byte, 1), 1);
	hw_pipe_give(&pipes, pipe);
	hw_pipes_deinit(&pipes);
}

static void few_descriptors_make_few_pipes(void **state)
{
	(void)state;
	struct hw_pipes pipes;
	struct rlimit was;
	int lowest = dup(0);
	assert_true(lowest >= 0);
	assert_int_equal(close(lowest), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	struct rlimit tight = {.rlim_cur = 2 * ((rlim_t)lowest + 5), .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	hw_pipes_init(&pipes);
	assert_int_equal(pipes.count, 2); /* of half of the descriptors; the rest is for others */
	struct hw_pipe *pipe = hw_pipe_take(&pipes);
	assert_non_null(pipe);
	tight.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	hw_pipe_empty(pipe); /* and cannot be made anew */
	hw_pipe_give(&pipes, pipe);
	struct hw_pipe *other = hw_pipe_take(&pipes);
	assert_non_null(other);
	assert_ptr_not_equal(other, pipe);
	assert_null(hw_pipe_take(&pipes));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_ptr_equal(hw_pipe_take(&pipes), pipe); /* there is room again */
	hw_pipe_give(&pipes, pipe);
	hw_pipe_give(&pipes, other);
	hw_pipes_deinit(&pipes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_go_out_and_come_back),
		cmocka_unit_test(what_lay_in_it_is_gone),
		cmocka_unit_test(few_descriptors_make_few_pipes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
