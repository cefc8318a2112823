/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a thread runs what it was given, on the cpu and under the name it was given, with signals
 *       blocked; join waits for it; what cannot be started says so.
 * Method: a real thread that looks at itself.
 */
#include "core/loop/thread.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct look {
	char name[16];
	cpu_set_t cpus;
	bool has_run;
	bool has_signals_blocked;
};

static void look_at_itself(void *user)
{
	struct look *look = user;
	sigset_t blocked;
	(void)pthread_getname_np(pthread_self(), look->name,
				 sizeof(look->name));                /* checked below */
	(void)sched_getaffinity(0, sizeof(look->cpus), &look->cpus); /* likewise */
	(void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);            /* likewise */
	look->has_signals_blocked =
		sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
	look->has_run = true;
}

static uint32_t first_cpu(void)
{
	cpu_set_t cpus;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &cpus)) {
			return cpu;
		}
	}
	fail_msg("no cpu");
	return 0;
}

static void test_runs_as_told(void **state)
{
	(void)state;
	struct hw_thread thread = {0};
	struct look look = {0};
	uint32_t cpu = first_cpu();
	assert_int_equal(hw_thread_start(&thread, "reactor-0", cpu, look_at_itself, &look), 0);
	hw_thread_join(&thread);
	assert_true(look.has_run);
	assert_true(look.has_signals_blocked);
	assert_string_equal(look.name, "reactor-0");
	assert_int_equal(CPU_COUNT(&look.cpus), 1);
	assert_true(CPU_ISSET(cpu, &look.cpus));
	sigset_t blocked;
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_int_equal(sigismember(&blocked, SIGTERM), 0); /* ours are as they were */
	hw_thread_join(&thread);                             /* not running: nothing */
}

static void test_any_cpu_and_a_long_name(void **state)
{
	(void)state;
	struct hw_thread thread = {0};
	struct look look = {0};
	cpu_set_t cpus;
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(hw_thread_start(&thread, "a name that is too long", HW_THREAD_ANY_CPU,
					 look_at_itself, &look),
			 0);
	hw_thread_join(&thread);
	assert_string_equal(look.name, "a name that is ");
	assert_true(CPU_EQUAL(&look.cpus, &cpus));
	/* And the same struct again. */
	look.has_run = false;
	assert_int_equal(
		hw_thread_start(&thread, "again", HW_THREAD_ANY_CPU, look_at_itself, &look), 0);
	hw_thread_join(&thread);
	assert_true(look.has_run);
}

static void test_no_such_cpu(void **state)
{
	(void)state;
	struct hw_thread thread = {0};
	struct look look = {0};
	assert_int_equal(hw_thread_start(&thread, "x", 1U << 20, look_at_itself, &look), -EINVAL);
	assert_int_equal(hw_thread_start(&thread, "x", CPU_SETSIZE - 1, look_at_itself, &look),
			 -EINVAL);
	assert_false(thread.is_running);
	hw_thread_join(&thread);
	assert_false(look.has_run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_as_told),
		cmocka_unit_test(test_any_cpu_and_a_long_name),
		cmocka_unit_test(test_no_such_cpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
