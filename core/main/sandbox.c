/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's header: ABI 2, 3 and 5. Asking for what the kernel does not know is
 * -EINVAL and no sandbox at all, so the set is cut to its ABI. */
#define ACCESS_REFER     (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15)
#define ACCESS_ABI_1     ((UINT64_C(1) << 13) - 1)

int hw_sandbox_user_find(const char *name, struct hw_sandbox_user *ret_user)
{
	errno = 0;
	const struct passwd *entry =
		getpwnam(name); /* NOLINT(concurrency-mt-unsafe): one thread yet */
	if (entry == NULL) {
		return errno != 0 ? -errno : -ENOENT;
	}
	*ret_user = (struct hw_sandbox_user){entry->pw_uid, entry->pw_gid};
	return 0;
}

int hw_sandbox_privileges_drop(const struct hw_sandbox_user *user)
{
	if (setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0) {
		return -errno;
	}
	/* Proof, not hope: if root can be had again, stop. */
	if (user->uid != 0 && setuid(0) == 0) {
		return -EPERM;
	}
	return 0;
}

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi < 0 ? 0 : (int)abi;
}

static uint64_t handled_accesses(int abi)
{
	uint64_t accesses = ACCESS_ABI_1;
	if (abi >= 2) {
		accesses |= ACCESS_REFER;
	}
	if (abi >= 3) {
		accesses |= ACCESS_TRUNCATE;
	}
	if (abi >= 5) {
		accesses |= ACCESS_IOCTL_DEV;
	}
	return accesses;
}

static int rule_add(int fd, int dir_fd, uint64_t allowed)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = allowed,
						     .parent_fd = dir_fd};
	return syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0
		       ? -errno
		       : 0;
}

static int wall_build(int dir_fd, const int *read_fds, uint32_t read_count, int abi)
{
	uint64_t handled = handled_accesses(abi);
	uint64_t allowed = handled & (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				      LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				      LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				      LANDLOCK_ACCESS_FS_MAKE_DIR | ACCESS_TRUNCATE);
	struct landlock_ruleset_attr ruleset = {.handled_access_fs = handled};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0) {
		return -errno;
	}
	int r = rule_add(fd, dir_fd, allowed);
	for (uint32_t i = 0; r == 0 && i < read_count; i++) {
		r = rule_add(fd, read_fds[i], LANDLOCK_ACCESS_FS_READ_FILE);
	}
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		r = -errno;
	}
	(void)close(fd); /* the rules stay with the thread */
	return r;
}

/* io_uring_setup: EPERM; all else as before. Another architecture's numbers mean other calls:
 * refused. */
static int ring_lock(void)
{
	static struct sock_filter g_filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(g_filter) / sizeof(g_filter[0]),
				     .filter = g_filter};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		return -errno;
	}
	return 0;
}

int hw_sandbox_lock(int dir_fd, const int *read_fds, uint32_t read_count,
		    struct hw_sandbox_report *ret_report)
{
	struct hw_sandbox_report report = {.landlock_abi = landlock_abi()};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	if (report.landlock_abi > 0) {
		int r = wall_build(dir_fd, read_fds, read_count, report.landlock_abi);
		if (r < 0) {
			return r;
		}
		report.is_walled = true;
	}
	int r = ring_lock();
	if (r < 0 && r != -EINVAL) { /* EINVAL: a kernel without seccomp filters */
		return r;
	}
	report.has_ring_lock = r == 0;
	*ret_report = report;
	return 0;
}
