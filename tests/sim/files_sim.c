/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/files_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/sim/sim_world.h"

#define SEGMENTS_MAX 4096U
#define DISK_SIZE    (UINT64_C(1) << 40) /* bytes */

struct segment {
	uint64_t used_size; /* bytes allocated, less what was punched */
	uint32_t shard;
	uint32_t number;
	int fd;           /* names the contents; ours */
	bool is_there;    /* in the directory */
	bool was_there;   /* would be, after a power loss */
	bool is_occupied; /* this entry is in use */
};

static struct {
	struct segment segments[SEGMENTS_MAX];
	struct hw_prng prng;
	uint64_t size;
	uint8_t note[HW_FILES_NOTE_SIZE_MAX];
	uint32_t note_size; /* 0: there is none */
	bool is_locked;
	bool is_begun;
} g_disk;

static void disk_free(void)
{
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		if (g_disk.segments[i].is_occupied) {
			(void)close(g_disk.segments[i].fd); /* an empty memfd */
			g_disk.segments[i] = (struct segment){0};
		}
	}
	hw_assert(!g_disk.is_locked); /* hw_files_close was forgotten */
	g_disk.note_size = 0;
	g_disk.is_begun = false;
}

static void begin(void)
{
	hw_assert(hw_sim_world.is_begun); /* hw_sim_begin first */
	if (g_disk.is_begun) {
		return;
	}
	g_disk.is_begun = true;
	g_disk.size = DISK_SIZE;
	hw_prng_init(&g_disk.prng, hw_sim_world.options.seed ^ UINT64_C(0xd15c));
	hw_sim_world.disk_free = disk_free;
}

/* What every call does: take its time, perhaps fail. */
static int call(void)
{
	begin();
	const struct hw_sim_options *options = &hw_sim_world.options;
	if (options->delay_us_max > 0 && hw_prng_chance(&g_disk.prng, options->delay_percent)) {
		hw_sim_clock_advance(hw_prng_below(&g_disk.prng, options->delay_us_max));
	}
	if (++hw_sim_world.call_count == options->fail_call) {
		return -EIO;
	}
	return hw_prng_chance(&g_disk.prng, options->disk_error_percent) ? -EIO : 0;
}

static struct segment *segment_at(uint32_t shard, uint32_t number)
{
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		struct segment *segment = &g_disk.segments[i];
		if (segment->is_there && segment->shard == shard && segment->number == number) {
			return segment;
		}
	}
	return NULL;
}

/* -- what tests ask */

void hw_sim_disk_size_set(uint64_t size)
{
	begin();
	g_disk.size = size;
}

uint64_t hw_sim_disk_used_size(void)
{
	uint64_t size = 0;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		size += g_disk.segments[i].is_there ? g_disk.segments[i].used_size : 0;
	}
	return size;
}

uint32_t hw_sim_disk_segment_count(uint32_t shard)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		count += g_disk.segments[i].is_there && g_disk.segments[i].shard == shard;
	}
	return count;
}

int hw_sim_disk_segment_fd(uint32_t shard, uint32_t segment)
{
	const struct segment *found = segment_at(shard, segment);
	return found != NULL ? hw_sim_file_reopen(found->fd) : -ENOENT;
}

void hw_sim_disk_crash(uint64_t seed)
{
	hw_assert(!g_disk.is_locked);
	begin();
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		struct segment *segment = &g_disk.segments[i];
		if (!segment->is_occupied) {
			continue;
		}
		hw_sim_file_crash(segment->fd, seed * SEGMENTS_MAX + i);
		bool is_back = !segment->is_there && segment->was_there &&
			       hw_prng_chance(&g_disk.prng, 50);
		segment->is_there |= is_back;
		segment->was_there = segment->is_there;
		segment->used_size = hw_sim_file_size(segment->fd);
	}
}

/* -- files.h */

static int descriptor(void)
{
	int fd = eventfd(0, EFD_CLOEXEC); /* any will do */
	hw_assert(fd >= 0);
	return fd;
}

int hw_files_open(struct hw_files *files, const char *path, uint64_t reserve_size,
		  bool wants_direct)
{
	(void)path; /* there is one disk */
	begin();
	if (g_disk.is_locked) {
		hw_sim_clock_advance(5000000);
		return -EBUSY;
	}
	g_disk.is_locked = true;
	*files = (struct hw_files){
		.dir_fd = descriptor(),
		.lock_fd = descriptor(),
		.reserve_size = reserve_size,
		.is_direct = wants_direct,
	};
	return 0;
}

void hw_files_close(struct hw_files *files)
{
	if (files == NULL || files->dir_fd < 0) {
		return;
	}
	(void)close(files->dir_fd);  /* placeholders */
	(void)close(files->lock_fd); /* likewise */
	files->dir_fd = -1;
	files->lock_fd = -1;
	g_disk.is_locked = false;
}

static uint64_t free_size_of(const struct hw_files *files)
{
	uint64_t taken = hw_sim_disk_used_size() + files->reserve_size;
	return g_disk.size > taken ? g_disk.size - taken : 0;
}

int hw_files_free_size(const struct hw_files *files, uint64_t *ret_size)
{
	int r = call();
	if (r < 0) {
		return r;
	}
	*ret_size = free_size_of(files);
	return 0;
}

/* A sync of the shard's directory: what was unlinked in it stays so. */
static void directory_sync(uint32_t shard)
{
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		struct segment *segment = &g_disk.segments[i];
		if (segment->is_occupied && segment->shard == shard) {
			segment->was_there = segment->is_there;
		}
	}
}

static struct segment *segment_new(uint32_t shard, uint32_t number)
{
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		struct segment *segment = &g_disk.segments[i];
		if (segment->is_there || segment->was_there) {
			continue;
		}
		if (segment->is_occupied) {
			(void)close(segment->fd); /* gone for good */
		}
		*segment = (struct segment){
			.shard = shard,
			.number = number,
			.fd = hw_sim_file_create(),
			.is_there = true,
			.is_occupied = true,
		};
		return segment;
	}
	hw_sim_unreachable("too many segments for the simulated disk");
}

int hw_files_segment_create(const struct hw_files *files, uint32_t shard, uint32_t segment,
			    uint64_t *size, uint64_t size_min)
{
	int r = call();
	if (r < 0) {
		return r;
	}
	uint64_t free_size = free_size_of(files);
	uint64_t wanted_size = *size;
	while (wanted_size > free_size && wanted_size > size_min) {
		wanted_size = hw_max(wanted_size / 2, size_min);
	}
	if (wanted_size > free_size) {
		return -ENOSPC;
	}
	if (segment_at(shard, segment) != NULL) {
		return -EEXIST;
	}
	struct segment *made = segment_new(shard, segment);
	made->used_size = wanted_size;
	hw_sim_file_allocate(made->fd, wanted_size);
	directory_sync(shard);
	*size = wanted_size;
	int fd = hw_sim_file_reopen(made->fd);
	hw_sim_file_direct_set(fd, files->is_direct);
	return fd;
}

int hw_files_segment_open(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	(void)files;
	int r = call();
	if (r < 0) {
		return r;
	}
	const struct segment *found = segment_at(shard, segment);
	if (found == NULL) {
		return -ENOENT;
	}
	int fd = hw_sim_file_reopen(found->fd);
	hw_sim_file_read_only_set(fd, true);
	return fd;
}

uint64_t hw_files_ahead_size(const struct hw_files *files)
{
	(void)files;
	return UINT64_C(8) << 20;
}

/* A memory that forgets by chance; what was changed behind everybody's back is on the disk only. */
bool hw_files_is_cached(int fd, uint64_t offset, uint64_t size)
{
	(void)offset;
	(void)size;
	begin();
	return !hw_sim_file_is_poked(fd) && hw_prng_chance(&g_disk.prng, 80);
}

int hw_files_segment_open_direct(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	int fd = hw_files_segment_open(files, shard, segment);
	if (fd >= 0) {
		hw_sim_file_direct_set(fd, files->is_direct);
	}
	return fd;
}

int hw_files_segment_punch(const struct hw_files *files, uint32_t shard, uint32_t segment,
			   uint64_t offset, uint64_t size)
{
	(void)files;
	int r = call();
	struct segment *found = segment_at(shard, segment);
	if (r < 0 || found == NULL) {
		return r;
	}
	hw_sim_file_punch(found->fd, offset, size);
	found->used_size -= hw_min(size, found->used_size);
	return 0;
}

int hw_files_segment_cut(const struct hw_files *files, uint32_t shard, uint32_t segment,
			 uint64_t size)
{
	(void)files;
	int r = call();
	if (r < 0) {
		return r;
	}
	struct segment *found = segment_at(shard, segment);
	if (found == NULL) {
		return -ENOENT;
	}
	hw_sim_file_truncate(found->fd, size);
	found->used_size = hw_min(found->used_size, size);
	return 0;
}

int hw_files_segment_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			  uint64_t *ret_size)
{
	(void)files;
	int r = call();
	if (r < 0) {
		return r;
	}
	const struct segment *found = segment_at(shard, segment);
	if (found == NULL) {
		return -ENOENT;
	}
	*ret_size = hw_sim_file_size(found->fd);
	return 0;
}

int hw_files_segment_used_size(const struct hw_files *files, uint32_t shard, uint32_t segment,
			       uint64_t *ret_size)
{
	(void)files;
	int r = call();
	if (r < 0) {
		return r;
	}
	const struct segment *found = segment_at(shard, segment);
	if (found == NULL) {
		return -ENOENT;
	}
	*ret_size = found->used_size;
	return 0;
}

/* A power loss leaves it: nobody may depend on it. */
int hw_files_note_write(const struct hw_files *files, const void *bytes, uint32_t size)
{
	(void)files;
	hw_assert(size > 0 && size <= HW_FILES_NOTE_SIZE_MAX);
	int r = call();
	if (r < 0) {
		return r;
	}
	memcpy(g_disk.note, bytes, size);
	g_disk.note_size = size;
	return 0;
}

int hw_files_note_read(const struct hw_files *files, void *ret_bytes, uint32_t size)
{
	(void)files;
	int r = call();
	if (r < 0 || g_disk.note_size == 0) {
		return r < 0 ? r : -ENOENT;
	}
	memcpy(ret_bytes, g_disk.note, hw_min(size, g_disk.note_size));
	return (int)hw_min(size, g_disk.note_size);
}

int hw_files_segment_unlink(const struct hw_files *files, uint32_t shard, uint32_t segment)
{
	int r = hw_files_segment_cut(files, shard, segment, 0);
	if (r < 0) {
		return r == -ENOENT ? 0 : r;
	}
	segment_at(shard, segment)->is_there = false;
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

int hw_files_has(const struct hw_files *files, const char *name)
{
	(void)files;
	(void)name;
	return 0; /* the simulated disk has segments only */
}

int hw_files_segment_list(const struct hw_files *files, uint32_t shard, uint32_t **ret_segments)
{
	(void)files;
	*ret_segments = NULL;
	int r = call();
	uint32_t count = hw_sim_disk_segment_count(shard);
	if (r < 0 || count == 0) {
		return r;
	}
	uint32_t *numbers = calloc(count, sizeof(*numbers));
	hw_assert(numbers != NULL);
	uint32_t filled = 0;
	for (uint32_t i = 0; i < SEGMENTS_MAX; i++) {
		const struct segment *segment = &g_disk.segments[i];
		if (segment->is_there && segment->shard == shard) {
			numbers[filled++] = segment->number;
		}
	}
	qsort(numbers, count, sizeof(*numbers), number_compare);
	*ret_segments = numbers;
	return (int)count;
}

void hw_files_list_free(uint32_t *segments)
{
	free(segments);
}
