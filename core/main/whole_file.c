/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW ".new"

static int owner_set(int fd, int owner_fd)
{
	struct stat dir;
	if (owner_fd < 0 || getuid() != 0) {
		return 0;
	}
	return fstat(owner_fd, &dir) < 0 || fchown(fd, dir.st_uid, dir.st_gid) < 0 ? -errno : 0;
}

int hw_whole_file_write(int dir_fd, const char *name, const void *bytes, uint64_t size,
			int owner_fd)
{
	char new_name[HW_WHOLE_FILE_NAME_SIZE_MAX + sizeof(NEW)];
	hw_assert(strlen(name) <= HW_WHOLE_FILE_NAME_SIZE_MAX);
	(void)snprintf(new_name, sizeof(new_name), "%s" NEW, name); /* fits */
	int fd = openat(dir_fd, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (fd < 0) {
		return -errno;
	}
	ssize_t written = write(fd, bytes, size);
	int r = written < 0 ? -errno : 0;
	if (r == 0 && (uint64_t)written != size) {
		r = -ENOSPC;
	}
	if (r == 0) {
		r = owner_set(fd, owner_fd);
	}
	if (r == 0 && (fsync(fd) < 0 || renameat(dir_fd, new_name, dir_fd, name) < 0)) {
		r = -errno;
	}
	(void)close(fd); /* synced, or failed already */
	return r;
}
