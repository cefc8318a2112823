/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox.h - what the process gives up before it reads its first byte from a stranger
 *
 * Room: core/main    Thread: main, before the others (they inherit it)    Blocks: never
 * Allocates: never
 *
 * Order: privileges_drop -> (rings are made) -> lock. Rings made as root would stay root's
 * (RELIABILITY 2.9). seccomp does not see what a ring does, so Landlock is the wall; seccomp only
 * keeps a second, unrestricted ring from being made.
 */
#ifndef HW_CORE_MAIN_SANDBOX_H
#define HW_CORE_MAIN_SANDBOX_H

#include <sys/types.h>

#include "core/base/check.h"

struct hw_sandbox_user {
	uid_t uid;
	gid_t gid;
};

/* Returns 0, -ENOENT no such user. */
int hw_sandbox_user_find(const char *name, struct hw_sandbox_user *ret_user) HW_MUST_CHECK;
/* Become @user for ever, with no other group. Returns 0 or -errno. */
int hw_sandbox_privileges_drop(const struct hw_sandbox_user *user) HW_MUST_CHECK;

struct hw_sandbox_report {
	int landlock_abi;   /* 0: the kernel has none */
	bool is_walled;     /* only the data directory can be touched */
	bool has_ring_lock; /* no further ring can be made */
};

/* @dir_fd: what may be touched; @read_fds: directories whose files may be read. Never fails for
 * what the kernel lacks: the report says it. Returns 0, or -errno when something that is there was
 * refused. */
int hw_sandbox_lock(int dir_fd, const int *read_fds, uint32_t read_count,
		    struct hw_sandbox_report *ret_report) HW_MUST_CHECK;

#endif
