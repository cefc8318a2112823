/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "core/base/page_cache.h"

#define LOCK_TRIES         100U /* of LOCK_WAIT_MS: 5 s */
#define LOCK_WAIT_MS       50U
#define PATH_SIZE          40U
#define FOLIO_SIZE_MAX     (UINT64_C(2) << 20) /* bytes; of the page cache: a huge page */
#define SYS_PATH_SIZE      80U
#define AHEAD_SIZE_UNKNOWN (UINT64_C(64) << 20) /* bytes; more than any file system reads ahead */
#define FORMAT_TEXT        "hawser 1\n"

#define STAT_BLOCK_SIZE UINT64_C(512) /* bytes; of st_blocks, whatever the file system's are */
#define NOTE_NAME       "scrub"
#define NOTE_NAME_NEW   "scrub.new"

/* -1 and errno as it stands become -errno. */
static int result(int r)
{
	return r < 0 ? -errno : r;
}

static void shard_path(char path[PATH_SIZE], uint32_t shard)
{
	(void)snprintf(path, PATH_SIZE, "shard-%02u", shard); /* fits: 16 bytes at most */
}

static void segment_path(char path[PATH_SIZE], uint32_t shard, uint32_t segment)
{
	(void)snprintf(path, PATH_SIZE, "shard-%02u/seg-%08u.dat", shard, segment); /* fits: 33 */
}

static int directory_sync(int dir_fd, const char *path)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	int r = result(fsync(fd));
	(void)close(fd); /* read only: nothing to lose */
	return r;
}

/* A predecessor that was killed keeps the lock until its last writes are done. */
static int lock_take(int lock_fd)
{
	for (uint32_t i = 0; i < LOCK_TRIES; i++) {
		if (flock(lock_fd, LOCK_EX | LOCK_NB) == 0) {
			return 0;
		}
		if (errno != EWOULDBLOCK) {
			return -errno;
		}
		struct timespec pause = {.tv_nsec = LOCK_WAIT_MS * 1000000L};
		(void)nanosleep(&pause, NULL); /* shorter is fine */
	}
	return -EBUSY;
}

static int format_write(int dir_fd)
{
	int fd = openat(dir_fd, "format", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	ssize_t size = write(fd, FORMAT_TEXT, sizeof(FORMAT_TEXT) - 1);
	int r = size == (ssize_t)sizeof(FORMAT_TEXT) - 1 ? result(fsync(fd)) : -EIO;
	(void)close(fd); /* synced */
	return r < 0 ? r : directory_sync(dir_fd, ".");
}

static int format_check(int dir_fd)
{
	int fd = openat(dir_fd, "format", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT ? format_write(dir_fd) : -errno;
	}
	char text[32] = {0};
	ssize_t size = read(fd, text, sizeof(text) - 1);
	int r = size < 0 ? -errno : 0;
	(void)close(fd); /* read only */
	if (r < 0) {
		return r;
	}
	bool is_unfinished = (size_t)size < sizeof(FORMAT_TEXT) - 1 &&
			     memcmp(text, FORMAT_TEXT, (size_t)size) == 0;
	if (is_unfinished) { /* killed, or out of space, in the first start: nothing else is there
			      */
		r = result(unlinkat(dir_fd, "format", 0));
		return r < 0 ? r : format_write(dir_fd);
	}
	return strcmp(text, FORMAT_TEXT) == 0 ? 0 : -EPROTO;
}

static bool direct_probe(int dir_fd)
{
	int fd = openat(dir_fd, "lock", O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	(void)close(fd); /* nothing written */
	return true;
}

int hw_files_open(struct hw_files *files, const char *path, uint64_t reserve_size,
		  bool wants_direct)
{
	*files = (struct hw_files){.dir_fd = -1, .lock_fd = -1, .reserve_size = reserve_size};
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	files->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->dir_fd < 0) {
		return -errno;
	}
	files->lock_fd = openat(files->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = result(files->lock_fd);
	if (r >= 0) {
		r = lock_take(files->lock_fd);
	}
	if (r >= 0) {
		r = format_check(files->dir_fd);
	}
	if (r < 0) {
		hw_files_close(files);
		return r;
	}
	files->is_direct = wants_direct && direct_probe(files->dir_fd);
	return 0;
}

void hw_files_close(struct hw_files *files)
{
	if (files == NULL) {
		return;
	}
	if (files->lock_fd >= 0) {
		(void)close(files->lock_fd); /* the lock ends with it */
	}
	if (files->dir_fd >= 0) {
		(void)close(files->dir_fd); /* read only */
	}
	files->lock_fd = -1;
	files->dir_fd = -1;
}

int hw_files_free_size(const struct hw_files *files, uint64_t *ret_size)
{
	struct statvfs disk;
	if (fstatvfs(files->dir_fd, &disk) < 0) {
		return -errno;
	}
	uint64_t free_size = (uint64_t)disk.f_bavail * disk.f_frsize;
	*ret_size = free_size > files->reserve_size ? free_size - files->reserve_size : 0;
	return 0;
}

/* Allocated, so that an fdatasync has no size to write; synced, so that its extents can be. */
static int segment_allocate(const struct hw_files *files, uint32_t shard, int fd, uint64_t size)
{
	char path[PATH_SIZE];
	shard_path(path, shard);
	int r = result(fallocate(fd, 0, 0, (off_t)size));
	if (r >= 0) {
		r = result(fsync(fd));
	}
	return r < 0 ? r : directory_sync(files->dir_fd, path);
}

static int shard_make(const struct hw_files *files, uint32_t shard)
{
	char path[PATH_SIZE];
	shard_path(path, shard);
	if (mkdirat(files->dir_fd, path, 0700) < 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	return directory_sync(files->dir_fd, ".");
}

int hw_files_segment_create(const struct hw_files *files, uint32_t shard, uint32_t segment,
			    uint64_t *size, uint64_t size_min)
{
	uint64_t free_size = 0;
	int r = hw_files_free_size(files, &free_size);
	if (r >= 0) {
		r = shard_make(files, shard);
	}
	if (r < 0) {
		return r;
	}
	uint64_t wanted_size = *size;
	while (wanted_size > free_size && wanted_size > size_min) {
		wanted_size = hw_max(wanted_size / 2, size_min);
	}
	if (wanted_size > free_size) {
		return -ENOSPC;
	}
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | (files->is_direct ? O_DIRECT : 0);
	int fd = openat(files->dir_fd, path, flags, 0600);
	if (fd < 0) {
		return -errno;
	}
	r = segment_allocate(files, shard, fd, wanted_size);
	if (r < 0) {
		(void)close(fd);                        /* empty */
		(void)unlinkat(files->dir_fd, path, 0); /* else recovery does it */
		return r;
	}
	*size = wanted_size;
	return fd;
}

int hw_files_segment_open(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	return result(openat(files->dir_fd, path, O_RDONLY | O_CLOEXEC));
}

bool hw_files_is_cached(int fd, uint64_t offset, uint64_t size)
{
	return hw_page_cache_has(fd, offset, size);
}

/* KiB; 0: it is not said there. */
static uint64_t ahead_read(const char *folder, dev_t device, const char *file)
{
	char path[SYS_PATH_SIZE];
	char text[32] = {0};
	(void)snprintf(path, sizeof(path), "%s/%u:%u/%s", folder, major(device), minor(device),
		       file); /* fits */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0) {
		(void)close(fd); /* read only */
	}
	return size > 0 ? strtoull(text, NULL, 10) : 0;
}

/* A window of read_ahead_kb, and the next one, which is asked for while the first is read. It is
 * the disk's, where the file system lies on a part of one. */
uint64_t hw_files_ahead_size(const struct hw_files *files)
{
	struct stat status;
	if (fstat(files->dir_fd, &status) < 0) {
		return AHEAD_SIZE_UNKNOWN;
	}
	uint64_t kib = ahead_read("/sys/class/bdi", status.st_dev, "read_ahead_kb");
	if (kib == 0) {
		kib = ahead_read("/sys/dev/block", status.st_dev, "../queue/read_ahead_kb");
	}
	return kib == 0 ? AHEAD_SIZE_UNKNOWN : 2 * hw_min(kib, AHEAD_SIZE_UNKNOWN / 1024) * 1024;
}

/* Without O_DIRECT at least nothing that others read is pushed out by what is read once. */
int hw_files_segment_open_direct(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	int flags = O_RDONLY | O_CLOEXEC | (files->is_direct ? O_DIRECT : 0);
	int fd = result(openat(files->dir_fd, path, flags));
	if (fd >= 0 && !files->is_direct) {
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_NOREUSE); /* a wish */
	}
	return fd;
}

static int open_rw(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	return result(openat(files->dir_fd, path, O_RDWR | O_CLOEXEC));
}

static bool is_across(int fd, uint64_t edge)
{
	return hw_page_cache_has(fd, edge - HW_PAGE_SIZE, UINT64_C(2) * HW_PAGE_SIZE);
}

/* Is the page before @edge in the cache, and the one behind it, and cannot be made to leave? */
static bool is_held_across(int fd, uint64_t edge)
{
	uint64_t first = edge / FOLIO_SIZE_MAX * FOLIO_SIZE_MAX;
	/* Folios lie at multiples of their size. */
	if (edge == first || !is_across(fd, edge)) {
		return false;
	}
	(void)posix_fadvise(fd, (off_t)first, FOLIO_SIZE_MAX, POSIX_FADV_DONTNEED); /* a wish */
	return is_across(fd, edge);
}

/* There everything is in memory, always, in single pages. */
static bool is_in_memory(int fd)
{
	struct statfs status;
	return fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

bool hw_files_is_on_its_way(const struct hw_files *files, uint32_t shard, uint32_t segment,
			    uint64_t offset, uint64_t size)
{
	int fd = hw_files_segment_open(files, shard, segment);
	if (fd < 0) {
		return false; /* punch says so */
	}
	bool is_held = !is_in_memory(fd) &&
		       (is_held_across(fd, offset) || is_held_across(fd, offset + size));
	(void)close(fd); /* read only */
	return is_held;
}

int hw_files_segment_punch(const struct hw_files *files, uint32_t shard, uint32_t segment,
			   uint64_t offset, uint64_t size)
{
	int fd = open_rw(files, shard, segment);
	if (fd == -ENOENT) {
		return 0;
	}
	if (fd < 0) {
		return fd;
	}
	int r = result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
				 (off_t)size));
	(void)close(fd); /* nothing written through it */
	return r;
}

int hw_files_segment_cut(const struct hw_files *files, uint32_t shard, uint32_t segment,
			 uint64_t size)
{
	int fd = open_rw(files, shard, segment);
	if (fd < 0) {
		return fd;
	}
	int r = result(ftruncate(fd, (off_t)size));
	(void)close(fd); /* as above */
	return r;
}

static int segment_stat(const struct hw_files *files, uint32_t shard, uint32_t segment,
			struct stat *ret_stat)
{
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	return fstatat(files->dir_fd, path, ret_stat, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int hw_files_segment_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			  uint64_t *ret_size)
{
	struct stat file = {0};
	int r = segment_stat(files, shard, segment, &file);
	if (r == 0) {
		*ret_size = (uint64_t)file.st_size;
	}
	return r;
}

int hw_files_segment_used_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			       uint64_t *ret_size)
{
	struct stat file = {0};
	int r = segment_stat(files, shard, segment, &file);
	if (r == 0) {
		*ret_size = (uint64_t)file.st_blocks * STAT_BLOCK_SIZE;
	}
	return r;
}

int hw_files_segment_unlink(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	char path[PATH_SIZE];
	segment_path(path, shard, segment);
	/* Cut first: a reactor may have it open for reading still, and its space must not wait for
	 * that. */
	int r = hw_files_segment_cut(files, shard, segment, 0);
	if (r < 0) {
		return r == -ENOENT ? 0 : r;
	}
	return result(unlinkat(files->dir_fd, path, 0));
}

int hw_files_note_write(const struct hw_files *files, const void *bytes, uint32_t size)
{
	hw_assert(size > 0 && size <= HW_FILES_NOTE_SIZE_MAX);
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	int fd = openat(files->dir_fd, NOTE_NAME_NEW, flags, 0600);
	if (fd < 0) {
		return -errno;
	}
	ssize_t written = write(fd, bytes, size);
	int r = result((int)written);
	(void)close(fd); /* not synced: it may be lost */
	if (r >= 0 && (uint32_t)r < size) {
		r = -ENOSPC;
	}
	return r < 0 ? r : result(renameat(files->dir_fd, NOTE_NAME_NEW, files->dir_fd, NOTE_NAME));
}

int hw_files_note_read(const struct hw_files *files, void *ret_bytes, uint32_t size)
{
	hw_assert(size > 0 && size <= HW_FILES_NOTE_SIZE_MAX);
	int fd = openat(files->dir_fd, NOTE_NAME, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	int r = result((int)read(fd, ret_bytes, size));
	(void)close(fd); /* read only */
	return r;
}

/* Digits and nothing else: sscanf and strtoul would take blanks and signs too, and then two names
 * would be one number. */
int hw_files_has(const struct hw_files *files, const char *name)
{
	struct stat file;
	if (fstatat(files->dir_fd, name, &file, AT_SYMLINK_NOFOLLOW) == 0) {
		return 1;
	}
	return errno == ENOENT ? 0 : -errno;
}

static int is_segment(const struct dirent *entry)
{
	static const char shape[] = "seg-########.dat";
	const char *name = entry->d_name;
	if (strlen(name) != sizeof(shape) - 1) {
		return 0;
	}
	for (uint32_t i = 0; i < sizeof(shape) - 1; i++) {
		bool is_digit = name[i] >= '0' && name[i] <= '9';
		if (shape[i] == '#' ? !is_digit : name[i] != shape[i]) {
			return 0;
		}
	}
	return 1;
}

int hw_files_segment_list(const struct hw_files *files, uint32_t shard, uint32_t **ret_segments)
{
	char path[PATH_SIZE];
	shard_path(path, shard);
	struct dirent **entries = NULL;
	int count = scandirat(files->dir_fd, path, &entries, is_segment, alphasort);
	if (count < 0) {
		*ret_segments = NULL;
		return errno == ENOENT ? 0 : -errno;
	}
	uint32_t *segments = calloc((size_t)count + 1, sizeof(*segments));
	for (int i = 0; i < count; i++) {
		if (segments != NULL) {
			segments[i] = (uint32_t)strtoul(entries[i]->d_name + 4, NULL, 10);
		}
		free(entries[i]);
	}
	free(entries);
	*ret_segments = segments;
	return segments == NULL ? -ENOMEM : count;
}

void hw_files_list_free(uint32_t *segments)
{
	free(segments);
}
