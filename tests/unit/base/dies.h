/* SPDX-License-Identifier: Apache-2.0
 *
 * dies.h - does this abort, as a broken assertion must?
 *
 * Room: tests/unit/base    Thread: main    Blocks: until the child is gone    Allocates: never
 */
#ifndef HW_TESTS_UNIT_BASE_DIES_H
#define HW_TESTS_UNIT_BASE_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run @act in a child, silently. Returns the signal that ended it, 0 when it returned, -1 when
 * there was no child. */
static inline int signal_of(void (*act)(void))
{
	pid_t child = fork();
	if (child == 0) {
		const struct rlimit no_core = {0, 0};
		(void)setrlimit(RLIMIT_CORE, &no_core);
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, 2);
		act();
		_exit(0);
	}
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) != child) {
		return -1;
	}
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static inline bool aborts(void (*act)(void))
{
	return signal_of(act) == SIGABRT;
}

#endif
