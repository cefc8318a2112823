/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: what a reader sees now, what a power loss would leave, and the writes between the two.
 *
 * Invariants:
 *  1. A page without unsynced records has no durable copy: what is seen is what is durable.
 *  2. A record is made durable by a sync that succeeds and was submitted after the write's done had
 *     run (HAZARDS 1.8); never by any other.
 *  3. After a failed sync its records are lost: seen, but no later sync makes them durable (1.9).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "tests/sim/lend_sim.h"
#include "tests/sim/sim_world.h"

#define NOT_DONE      UINT64_MAX
#define FILE_FDS_MAX  4096U                /* descriptors made in one world */
#define FILE_SIZE_MAX (UINT64_C(64) << 30) /* bytes; an offset beyond is a bug of the caller */

/* One write, or one hole, that is seen but not durable. */
struct record {
	uint8_t *bytes; /* NULL: zeros */
	uint64_t offset;
	uint64_t size;
	uint64_t ticket;
	uint64_t done; /* count of writes whose done had run, with this one; NOT_DONE */
	bool is_lost;
};

struct page {
	uint8_t *seen;    /* NULL: zeros */
	uint8_t *durable; /* NULL: as seen, if record_count is 0; else zeros */
	uint32_t record_count;
};

struct hw_sim_file {
	struct hw_sim_file *next;
	struct page *pages;
	uint64_t page_count;
	struct record *records; /* in the order of writing */
	uint32_t record_count;
	uint32_t record_capacity;
	uint64_t size;
	uint64_t durable_size;
	bool is_poked; /* behind everybody's back: memory does not have what the disk has */
	uint64_t tickets;
	uint64_t done_count;
};

/* Which inode (of a memfd) names which file. */
static struct name {
	uint64_t inode;
	struct hw_sim_file *file;
	bool is_direct;
	bool is_read_only;
} g_names[FILE_FDS_MAX];
static uint32_t g_name_count;
static struct hw_sim_file *g_files;

/* -- names */

static int name_new(struct hw_sim_file *file)
{
	hw_assert(g_name_count < FILE_FDS_MAX);
	int fd = memfd_create("hw-sim", MFD_CLOEXEC);
	hw_assert(fd >= 0);
	struct stat status;
	int r = fstat(fd, &status);
	hw_assert(r == 0);
	g_names[g_name_count++] = (struct name){.inode = status.st_ino, .file = file};
	return fd;
}

static struct name *name_of(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0) {
		hw_sim_unreachable("a descriptor that is not open");
	}
	/* The newest first: numbers of closed ones may come again. */
	for (uint32_t i = g_name_count; i > 0; i--) {
		if (g_names[i - 1].inode == status.st_ino) {
			return &g_names[i - 1];
		}
	}
	return NULL;
}

struct hw_sim_file *hw_sim_file_of(int fd)
{
	const struct name *name = name_of(fd);
	return name != NULL ? name->file : NULL;
}

void hw_sim_file_bind(struct hw_sim_slot *slot, int fd)
{
	const struct name *name = name_of(fd);
	if (name != NULL) {
		slot->file = name->file;
		slot->is_direct = name->is_direct;
		slot->is_read_only = name->is_read_only;
	}
}

static struct hw_sim_file *file_at(int fd)
{
	struct hw_sim_file *file = hw_sim_file_of(fd);
	hw_assert(file != NULL);
	return file;
}

int hw_sim_file_create(void)
{
	struct hw_sim_file *file = calloc(1, sizeof(*file));
	hw_assert(file != NULL);
	file->next = g_files;
	g_files = file;
	return name_new(file);
}

int hw_sim_file_reopen(int fd)
{
	return name_new(file_at(fd));
}

void hw_sim_file_direct_set(int fd, bool is_direct)
{
	name_of(fd)->is_direct = is_direct;
}

void hw_sim_file_read_only_set(int fd, bool is_read_only)
{
	name_of(fd)->is_read_only = is_read_only;
}

/* -- pages */

static struct page *page_at(struct hw_sim_file *file, uint64_t index)
{
	if (index >= file->page_count) {
		uint64_t count = hw_max(index + 1, hw_max(file->page_count * 2, UINT64_C(64)));
		file->pages = realloc(file->pages, count * sizeof(*file->pages));
		hw_assert(file->pages != NULL);
		memset(file->pages + file->page_count, 0,
		       (count - file->page_count) * sizeof(*file->pages));
		file->page_count = count;
	}
	return &file->pages[index];
}

static uint8_t *page_new(const uint8_t *contents)
{
	uint8_t *bytes = calloc(1, HW_PAGE_SIZE);
	hw_assert(bytes != NULL);
	if (contents != NULL) {
		memcpy(bytes, contents, HW_PAGE_SIZE);
	}
	return bytes;
}

/* Write to one of the two images. */
static void image_write(struct hw_sim_file *file, const uint8_t *bytes, uint64_t offset,
			uint64_t size, bool is_durable)
{
	while (size > 0) {
		struct page *page = page_at(file, offset / HW_PAGE_SIZE);
		uint8_t **image = is_durable ? &page->durable : &page->seen;
		uint64_t at = offset % HW_PAGE_SIZE;
		uint64_t count = hw_min(size, HW_PAGE_SIZE - at);
		if (*image == NULL && bytes != NULL) {
			*image = page_new(NULL);
		}
		if (bytes != NULL) {
			memcpy(*image + at, bytes, count);
			bytes += count;
		} else if (*image != NULL) { /* else it is zeros already */
			memset(*image + at, 0, count);
		}
		offset += count;
		size -= count;
	}
}

static void image_read(const struct hw_sim_file *file, uint8_t *ret_bytes, uint64_t offset,
		       uint64_t size)
{
	while (size > 0) {
		uint64_t index = offset / HW_PAGE_SIZE;
		uint64_t at = offset % HW_PAGE_SIZE;
		uint64_t count = hw_min(size, HW_PAGE_SIZE - at);
		const uint8_t *seen = index < file->page_count ? file->pages[index].seen : NULL;
		if (seen != NULL) {
			memcpy(ret_bytes, seen + at, count);
		} else {
			memset(ret_bytes, 0, count);
		}
		ret_bytes += count;
		offset += count;
		size -= count;
	}
}

/* -- records */

static void pages_hold(struct hw_sim_file *file, uint64_t offset, uint64_t size)
{
	uint64_t after = (offset + size + HW_PAGE_SIZE - 1) / HW_PAGE_SIZE;
	for (uint64_t i = offset / HW_PAGE_SIZE; i < after; i++) {
		struct page *page = page_at(file, i);
		if (page->record_count++ == 0 && page->seen != NULL) {
			page->durable = page_new(page->seen);
		}
	}
}

static void pages_release(struct hw_sim_file *file, uint64_t offset, uint64_t size)
{
	uint64_t after = (offset + size + HW_PAGE_SIZE - 1) / HW_PAGE_SIZE;
	for (uint64_t i = offset / HW_PAGE_SIZE; i < after; i++) {
		struct page *page = page_at(file, i);
		hw_assert(page->record_count > 0);
		if (--page->record_count == 0) {
			free(page->durable);
			page->durable = NULL;
		}
	}
}

/* Seen at once, durable later. Returns the record's ticket. */
static uint64_t record_add(struct hw_sim_file *file, uint8_t *bytes, uint64_t offset, uint64_t size)
{
	if (file->record_count == file->record_capacity) {
		file->record_capacity = hw_max(file->record_capacity * 2, 16U);
		file->records =
			realloc(file->records, file->record_capacity * sizeof(*file->records));
		hw_assert(file->records != NULL);
	}
	pages_hold(file, offset, size);
	image_write(file, bytes, offset, size, false);
	file->records[file->record_count++] = (struct record){
		.bytes = bytes,
		.offset = offset,
		.size = size,
		.ticket = ++file->tickets,
		.done = NOT_DONE,
	};
	return file->tickets;
}

static void record_end(struct hw_sim_file *file, struct record *record)
{
	pages_release(file, record->offset, record->size);
	free(record->bytes);
	record->bytes = NULL;
	record->size = 0; /* swept by records_sweep */
}

static void records_sweep(struct hw_sim_file *file)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < file->record_count; i++) {
		if (file->records[i].size > 0) {
			file->records[kept++] = file->records[i];
		}
	}
	file->record_count = kept;
}

void hw_sim_file_write_done(struct hw_sim_file *file, uint64_t ticket)
{
	for (uint32_t i = file->record_count; i > 0; i--) {
		if (file->records[i - 1].ticket == ticket) {
			file->records[i - 1].done = ++file->done_count;
			return;
		}
	}
}

uint64_t hw_sim_file_ticket(const struct hw_sim_file *file)
{
	return file->done_count;
}

/* -- operations */

void hw_sim_file_check(const struct hw_sim_slot *slot, struct hw_sim_flight *flight)
{
	hw_assert(flight->kind == HW_SIM_READ || !slot->is_read_only);
	hw_assert(flight->offset <= FILE_SIZE_MAX - flight->size);
	flight->is_direct = slot->is_direct;
	if (!slot->is_direct) {
		return;
	}
	const void *bytes = flight->into != NULL ? flight->into : flight->parts[0].iov_base;
	hw_assert((uintptr_t)bytes % HW_PAGE_SIZE == 0); /* O_DIRECT: memory, */
	hw_assert(flight->offset % HW_PAGE_SIZE == 0);   /* place */
	hw_assert(flight->size % HW_PAGE_SIZE == 0);     /* and size */
}

static uint32_t shorten(struct hw_ring *ring, const struct hw_sim_flight *flight, uint32_t size)
{
	uint32_t unit = flight->is_direct ? HW_SIM_SECTOR_SIZE : 1;
	if (size <= unit || !hw_prng_chance(&ring->prng, hw_sim_world.options.short_percent)) {
		return size;
	}
	return (uint32_t)hw_prng_between(&ring->prng, 1, (size - 1) / unit) * unit;
}

static void read_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			 const struct hw_sim_file *file)
{
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.read_error_percent)) {
		hw_sim_land(ring, flight, -EIO);
		return;
	}
	if (flight->offset >= file->size) {
		hw_sim_land(ring, flight, 0);
		return;
	}
	uint64_t rest = file->size - flight->offset;
	uint32_t count = shorten(ring, flight, (uint32_t)hw_min((uint64_t)flight->size, rest));
	uint8_t *bytes = malloc(count);
	hw_assert(bytes != NULL);
	image_read(file, bytes, flight->offset, count);
	hw_sim_lent_write(flight, 0, bytes, count);
	free(bytes);
	hw_sim_land(ring, flight, (int32_t)count);
}

static uint64_t g_looked_size;

uint64_t hw_sim_looked_size(void)
{
	return g_looked_size;
}

int hw_sim_file_look(struct hw_ring *ring, const struct hw_sim_file *file, uint64_t offset,
		     uint8_t *bytes, uint32_t size)
{
	const struct hw_sim_options *options = &hw_sim_world.options;
	if (hw_prng_chance(&ring->prng, options->interrupt_percent)) {
		return -EINTR;
	}
	if (hw_prng_chance(&ring->prng, options->read_error_percent)) {
		return -EIO;
	}
	uint64_t rest = file->size - hw_min(offset, file->size);
	if (rest == 0 || hw_prng_chance(&ring->prng, options->evict_percent)) {
		return -ENODATA;
	}
	uint32_t count = (uint32_t)hw_min((uint64_t)size, rest);
	if (count > 1 && hw_prng_chance(&ring->prng, options->short_percent)) {
		count = (uint32_t)hw_prng_between(&ring->prng, 1, count - 1);
	}
	if (count > 0) {
		image_read(file, bytes, offset, count);
	}
	g_looked_size += count;
	return (int)count;
}

static void write_apply(struct hw_sim_file *file, struct hw_sim_flight *flight, uint32_t size)
{
	if (size == 0) {
		return;
	}
	uint8_t *bytes = malloc(size);
	hw_assert(bytes != NULL);
	hw_sim_lent_read(flight, 0, bytes, size);
	flight->ticket = record_add(file, bytes, flight->offset, size);
	file->size = hw_max(file->size, flight->offset + size);
}

void hw_sim_file_write_lost(struct hw_sim_file *file, struct hw_sim_flight *flight, uint32_t size)
{
	write_apply(file, flight, size);
}

static void write_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			  struct hw_sim_file *file)
{
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.write_error_percent)) {
		/* Some of it may have come through; nobody is told how much. */
		write_apply(file, flight, (uint32_t)hw_prng_below(&ring->prng, flight->size));
		hw_sim_land(ring, flight, hw_prng_chance(&ring->prng, 50) ? -EIO : -ENOSPC);
		return;
	}
	uint32_t count = shorten(ring, flight, flight->size);
	write_apply(file, flight, count);
	hw_sim_land(ring, flight, (int32_t)count);
}

/* Make durable, or lose, what was done before @ticket. */
static void sync_apply(struct hw_sim_file *file, uint64_t ticket, bool is_good)
{
	for (uint32_t i = 0; i < file->record_count; i++) {
		struct record *record = &file->records[i];
		if (record->done > ticket || record->is_lost) {
			continue;
		}
		if (!is_good) {
			record->is_lost = true;
			continue;
		}
		image_write(file, record->bytes, record->offset, record->size, true);
		record_end(file, record);
	}
	records_sweep(file);
	file->durable_size = is_good ? file->size : file->durable_size;
}

static void datasync_attempt(struct hw_ring *ring, struct hw_sim_flight *flight,
			     struct hw_sim_file *file)
{
	bool is_bad = hw_prng_chance(&ring->prng, hw_sim_world.options.sync_error_percent);
	sync_apply(file, flight->ticket, !is_bad);
	hw_sim_land(ring, flight, is_bad ? -EIO : 0);
}

void hw_sim_file_attempt(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	struct hw_sim_file *file = ring->slots[flight->slot].file;
	hw_assert(file != NULL);
	if (hw_prng_chance(&ring->prng, hw_sim_world.options.interrupt_percent)) {
		hw_sim_land(ring, flight, -EINTR);
		return;
	}
	if (flight->kind == HW_SIM_READ) {
		read_attempt(ring, flight, file);
	} else if (flight->kind == HW_SIM_WRITE) {
		write_attempt(ring, flight, file);
	} else {
		datasync_attempt(ring, flight, file);
	}
}

/* -- what the test, or a call outside the ring, does */

uint32_t hw_sim_file_peek(int fd, void *ret_bytes, uint32_t size, uint64_t offset)
{
	const struct hw_sim_file *file = file_at(fd);
	if (offset >= file->size) {
		return 0;
	}
	uint32_t count = (uint32_t)hw_min((uint64_t)size, file->size - offset);
	image_read(file, ret_bytes, offset, count);
	return count;
}

void hw_sim_file_poke(int fd, const void *bytes, uint32_t size, uint64_t offset)
{
	struct hw_sim_file *file = file_at(fd);
	pages_hold(file, offset, size); /* so that both images can be written */
	image_write(file, bytes, offset, size, false);
	image_write(file, bytes, offset, size, true);
	pages_release(file, offset, size);
	file->size = hw_max(file->size, offset + size);
	file->durable_size = hw_max(file->durable_size, offset + size);
	file->is_poked = true;
}

bool hw_sim_file_is_poked(int fd)
{
	return file_at(fd)->is_poked;
}

uint64_t hw_sim_file_size(int fd)
{
	return file_at(fd)->size;
}

uint64_t hw_sim_file_unsynced_size(int fd)
{
	const struct hw_sim_file *file = file_at(fd);
	uint64_t size = 0;
	for (uint32_t i = 0; i < file->record_count; i++) {
		size += file->records[i].size;
	}
	return size;
}

void hw_sim_file_punch(int fd, uint64_t offset, uint64_t size)
{
	struct hw_sim_file *file = file_at(fd);
	if (offset >= file->size || size == 0) {
		return;
	}
	uint64_t ticket = record_add(file, NULL, offset, hw_min(size, file->size - offset));
	hw_sim_file_write_done(file, ticket);
}

void hw_sim_file_truncate(int fd, uint64_t size)
{
	struct hw_sim_file *file = file_at(fd);
	hw_assert(size <= FILE_SIZE_MAX);
	if (size < file->size) {
		hw_sim_file_punch(fd, size, file->size - size);
	}
	file->size = size;
}

void hw_sim_file_allocate(int fd, uint64_t size)
{
	struct hw_sim_file *file = file_at(fd);
	hw_assert(size >= file->size && size <= FILE_SIZE_MAX);
	file->size = size;
	file->durable_size = size;
}

int hw_sim_file_sync(int fd)
{
	struct hw_sim_file *file = file_at(fd);
	static struct hw_prng chance; /* its own: such calls are outside any ring */
	static uint64_t seed;
	if (seed != hw_sim_seed()) {
		seed = hw_sim_seed();
		hw_prng_init(&chance, seed ^ UINT64_C(0x5a5a));
	}
	bool is_bad = hw_prng_chance(&chance, hw_sim_world.options.sync_error_percent);
	sync_apply(file, file->done_count, !is_bad);
	return is_bad ? -EIO : 0;
}

/* How much of what was not synced a power loss keeps: nothing, all, or a coin for each sector. */
enum crash_way { CRASH_NONE = 0, CRASH_ALL, CRASH_COIN, CRASH_WAY_COUNT };

static void crash_record(struct hw_sim_file *file, const struct record *record,
			 struct hw_prng *prng, enum crash_way way)
{
	uint64_t offset = record->offset;
	uint64_t end = offset + record->size;
	while (offset < end) {
		uint64_t next = (offset / HW_SIM_SECTOR_SIZE + 1) * HW_SIM_SECTOR_SIZE;
		uint64_t size = hw_min(next, end) - offset;
		bool is_kept = way == CRASH_ALL || (way == CRASH_COIN && hw_prng_chance(prng, 50));
		if (is_kept) {
			const uint8_t *bytes = record->bytes;
			bytes = bytes != NULL ? bytes + (offset - record->offset) : NULL;
			image_write(file, bytes, offset, size, true);
		}
		offset += size;
	}
}

void hw_sim_file_crash(int fd, uint64_t seed)
{
	struct hw_sim_file *file = file_at(fd);
	struct hw_prng prng;
	hw_prng_init(&prng, seed ^ UINT64_C(0xc4a5));
	enum crash_way way = (enum crash_way)hw_prng_below(&prng, CRASH_WAY_COUNT);
	for (uint32_t i = 0; i < file->record_count; i++) {
		crash_record(file, &file->records[i], &prng, way);
	}
	for (uint64_t i = 0; i < file->page_count; i++) {
		struct page *page = &file->pages[i];
		if (page->record_count > 0) {
			free(page->seen);
			page->seen = page->durable;
			page->durable = NULL;
			page->record_count = 0;
		}
	}
	for (uint32_t i = 0; i < file->record_count; i++) {
		free(file->records[i].bytes);
	}
	file->record_count = 0;
	bool is_grown = way == CRASH_ALL || (way == CRASH_COIN && hw_prng_chance(&prng, 50));
	file->size = is_grown ? file->size : file->durable_size;
	file->durable_size = file->size;
}

void hw_sim_files_free(void)
{
	while (g_files != NULL) {
		struct hw_sim_file *file = g_files;
		g_files = file->next;
		for (uint32_t i = 0; i < file->record_count; i++) {
			free(file->records[i].bytes);
		}
		for (uint64_t i = 0; i < file->page_count; i++) {
			free(file->pages[i].seen);
			free(file->pages[i].durable);
		}
		free(file->records);
		free(file->pages);
		free(file);
	}
	g_name_count = 0;
}
