/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit -> (mail to the worker) arrive -> pending -> pending_run -> act -> (mail back) answer
 */
#include "tests/sim/catalog_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

enum file_state {
	FILE_UNFINISHED = 0,
	FILE_SEALED,
	FILE_TOMBSTONED, /* still pinned */
};

struct hw_catalog_sim_chunk {
	struct hw_catalog_sim_chunk *next;
	struct hw_extent extent;
	uint64_t ref_count;
};

struct hw_catalog_sim_file {
	struct hw_catalog_sim_file *next;
	struct hw_catalog_sim_chunk **chunks;
	uint64_t id;
	uint64_t size;
	uint64_t created_ms;
	uint32_t chunk_count;
	uint32_t pin_count;
	enum file_state state;
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint8_t owner_hash[HW_HASH_SIZE];
	uint8_t root[HW_HASH_SIZE];
	char name[HW_NAME_SIZE_MAX];
	uint16_t name_size;
};

/* What ever became of a place on the disk. */
struct hw_catalog_sim_extent {
	struct hw_catalog_sim_extent *next;
	struct hw_catalog_sim_extent *next_to_punch;
	struct hw_extent extent;
	bool is_named;
	bool is_dropped;
};

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request);
static void arrive(struct hw_mail *mail);
static bool pending_run(struct hw_turn_hook *hook);
static int act(struct hw_catalog_sim *sim, struct hw_catalog_request *request);
static void answer(struct hw_mail *mail);

/* -- life */

void hw_catalog_sim_init(struct hw_catalog_sim *sim, struct hw_reactor *reactor,
			 struct hw_worker *worker, const struct hw_files *files, uint64_t seed)
{
	*sim = (struct hw_catalog_sim){
		.catalog.submit = submit,
		.reactor = reactor,
		.worker = worker,
		.files = files,
		.hook.run = pending_run,
		.next_file_id = 1,
	};
	hw_prng_init(&sim->prng, seed ^ UINT64_C(0xca7a106));
	hw_worker_hook_add(worker, &sim->hook);
}

static void file_free(struct hw_catalog_sim_file *file)
{
	free(file->chunks);
	free(file);
}

void hw_catalog_sim_deinit(struct hw_catalog_sim *sim)
{
	while (sim->files_first != NULL) {
		struct hw_catalog_sim_file *file = sim->files_first;
		sim->files_first = file->next;
		file_free(file);
	}
	while (sim->chunks_first != NULL) {
		struct hw_catalog_sim_chunk *chunk = sim->chunks_first;
		sim->chunks_first = chunk->next;
		free(chunk);
	}
	while (sim->extents_first != NULL) {
		struct hw_catalog_sim_extent *extent = sim->extents_first;
		sim->extents_first = extent->next;
		free(extent);
	}
	free(sim->pending);
	free(sim->due_us);
	free(sim->sealed);
}

bool hw_catalog_sim_is_idle(const struct hw_catalog_sim *sim)
{
	return sim->in_flight_count == 0;
}

/* -- the way of a request */

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request)
{
	struct hw_catalog_sim *sim = hw_container_of(catalog, struct hw_catalog_sim, catalog);
	hw_assert(request->done != NULL);
	hw_assert(request->verb > HW_CATALOG_NONE && request->verb < HW_CATALOG_VERB_COUNT);
	request->catalog = catalog;
	request->reply_to = &sim->reactor->mailbox;
	request->mail.deliver = arrive;
	sim->in_flight_count++;
	hw_mailbox_post(&sim->worker->mailbox, sim->reactor->ring, &request->mail);
}

static void arrive(struct hw_mail *mail)
{
	struct hw_catalog_request *request = hw_container_of(mail, struct hw_catalog_request, mail);
	struct hw_catalog_sim *sim =
		hw_container_of(request->catalog, struct hw_catalog_sim, catalog);
	if (sim->pending_count == sim->pending_capacity) {
		sim->pending_capacity = sim->pending_capacity * 2 + 16;
		sim->pending = realloc(sim->pending, sim->pending_capacity * sizeof(*sim->pending));
		sim->due_us = realloc(sim->due_us, sim->pending_capacity * sizeof(*sim->due_us));
		hw_assert(sim->pending != NULL && sim->due_us != NULL);
	}
	for (uint32_t i = 0; i < sim->pending_count; i++) {
		hw_assert(sim->pending[i] != request); /* lent already */
	}
	uint64_t due_us = hw_clock_monotonic_us();
	if (sim->late_us_max > 0 && hw_prng_chance(&sim->prng, sim->late_percent)) {
		due_us += hw_prng_below(&sim->prng, sim->late_us_max);
	}
	sim->pending[sim->pending_count] = request;
	sim->due_us[sim->pending_count++] = due_us;
}

static bool may_fail(const struct hw_catalog_request *request)
{
	return request->verb != HW_CATALOG_UNPIN;
}

static int error_of(struct hw_catalog_sim *sim, enum hw_catalog_verb verb)
{
	static const int writes[] = {-ENOSPC, -EROFS, -ENOMEM, -EINVAL};
	static const int reads[] = {-EROFS, -EBADMSG, -ENOMEM, -ENOBUFS};
	bool is_read = verb == HW_CATALOG_LOOKUP || verb == HW_CATALOG_EXTENTS;
	uint32_t pick = (uint32_t)hw_prng_below(&sim->prng, hw_count_of(writes));
	return is_read ? reads[pick] : writes[pick];
}

static bool must_fail(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	if (!may_fail(request)) {
		return false;
	}
	sim->request_count++;
	return sim->request_count == sim->fail_request ||
	       hw_prng_chance(&sim->prng, sim->error_percent);
}

static struct hw_catalog_sim_extent *ledger_find(struct hw_catalog_sim *sim,
						 const struct hw_extent *extent)
{
	struct hw_catalog_sim_extent *entry = sim->extents_first;
	while (entry != NULL &&
	       (entry->extent.offset != extent->offset ||
		entry->extent.segment != extent->segment || entry->extent.shard != extent->shard)) {
		/* A place is reserved once and for all: no two that were ever told may overlap. */
		uint64_t end = entry->extent.offset + hw_extent_disk_size(entry->extent.size);
		hw_assert(entry->extent.segment != extent->segment ||
			  entry->extent.shard != extent->shard || end <= extent->offset ||
			  extent->offset + hw_extent_disk_size(extent->size) <=
				  entry->extent.offset);
		entry = entry->next;
	}
	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		hw_assert(entry != NULL);
		entry->extent = *extent;
		entry->next = sim->extents_first;
		sim->extents_first = entry;
	}
	hw_assert(entry->extent.size == extent->size);
	return entry;
}

static void ledger_drop(struct hw_catalog_sim *sim, const struct hw_extent *extent)
{
	struct hw_catalog_sim_extent *entry = ledger_find(sim, extent);
	hw_assert(!entry->is_dropped);
	entry->is_dropped = true;
	entry->is_named = false;
	entry->next_to_punch = sim->to_punch;
	sim->to_punch = entry;
}

static void drop_lost(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	for (uint32_t i = 0; i < request->extent_count; i++) {
		struct hw_catalog_sim_extent *entry = ledger_find(sim, &request->extents[i]);
		hw_assert(!entry->is_named && !entry->is_dropped);
		entry->is_dropped = true; /* not punched: the next start would */
	}
}

static void request_run(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	if (must_fail(sim, request)) {
		request->res = error_of(sim, request->verb);
		sim->abort_failures += request->verb == HW_CATALOG_ABORT;
		if (request->verb == HW_CATALOG_EXTENT_DROP) {
			drop_lost(sim, request);
		}
	} else {
		request->res = act(sim, request);
	}
	request->mail.deliver = answer;
	hw_mailbox_post(request->reply_to, sim->worker->ring, &request->mail);
}

/* What is dropped is punched out a while later. */
static void punch_some(struct hw_catalog_sim *sim)
{
	while (sim->to_punch != NULL && hw_prng_chance(&sim->prng, 50)) {
		struct hw_catalog_sim_extent *entry = sim->to_punch;
		sim->to_punch = entry->next_to_punch;
		/* An error of the disk: the next start would do it. */
		int r = hw_files_segment_punch(sim->files, entry->extent.shard,
					       entry->extent.segment, entry->extent.offset,
					       hw_extent_disk_size(entry->extent.size));
		(void)r;
	}
}

static bool has_named(const struct hw_catalog_sim *sim, uint32_t segment)
{
	for (const struct hw_catalog_sim_extent *entry = sim->extents_first; entry != NULL;
	     entry = entry->next) {
		if (entry->is_named && entry->extent.segment == segment) {
			return true;
		}
	}
	return false;
}

static void unlink_some(struct hw_catalog_sim *sim)
{
	for (uint32_t i = 0; i < sim->sealed_count; i++) {
		if (!has_named(sim, sim->sealed[i]) && sim->to_punch == NULL) {
			int r = hw_files_segment_unlink(sim->files, 0, sim->sealed[i]);
			(void)r; /* as above */
			sim->sealed[i] = sim->sealed[--sim->sealed_count];
			return;
		}
	}
}

static bool pending_run(struct hw_turn_hook *hook)
{
	struct hw_catalog_sim *sim = hw_container_of(hook, struct hw_catalog_sim, hook);
	uint64_t now_us = hw_clock_monotonic_us();
	bool has_due = false;
	for (uint32_t i = 0; i < sim->pending_count;) {
		bool is_due = sim->due_us[i] <= now_us;
		if (!is_due || hw_prng_chance(&sim->prng, 40)) {
			has_due |= is_due;
			i++;
			continue;
		}
		struct hw_catalog_request *request = sim->pending[i];
		sim->pending_count--;
		sim->pending[i] = sim->pending[sim->pending_count];
		sim->due_us[i] = sim->due_us[sim->pending_count];
		request_run(sim, request);
	}
	punch_some(sim);
	unlink_some(sim);
	return has_due;
}

/* On the reactor. */
static void answer(struct hw_mail *mail)
{
	struct hw_catalog_request *request = hw_container_of(mail, struct hw_catalog_request, mail);
	struct hw_catalog_sim *sim =
		hw_container_of(request->catalog, struct hw_catalog_sim, catalog);
	hw_assert(sim->in_flight_count > 0);
	sim->in_flight_count--;
	request->done(request);
}

/* -- the rules */

static struct hw_catalog_sim_file *file_at(const struct hw_catalog_sim *sim, uint64_t id)
{
	struct hw_catalog_sim_file *file = sim->files_first;
	while (file != NULL && file->id != id) {
		file = file->next;
	}
	return file;
}

static struct hw_catalog_sim_file *share_at(const struct hw_catalog_sim *sim,
					    const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	for (struct hw_catalog_sim_file *file = sim->files_first; file != NULL; file = file->next) {
		if (file->state == FILE_SEALED &&
		    memcmp(file->share_id, share_id, HW_SHARE_ID_SIZE) == 0) {
			return file;
		}
	}
	return NULL;
}

static struct hw_catalog_sim_chunk *chunk_add(struct hw_catalog_sim *sim,
					      const struct hw_extent *extent)
{
	struct hw_catalog_sim_extent *entry = ledger_find(sim, extent);
	hw_assert(!entry->is_named && !entry->is_dropped);
	for (struct hw_catalog_sim_chunk *chunk = sim->chunks_first; chunk != NULL;
	     chunk = chunk->next) {
		if (chunk->extent.size == extent->size &&
		    memcmp(chunk->extent.root, extent->root, HW_HASH_SIZE) == 0) {
			ledger_drop(sim, extent);
			chunk->ref_count++;
			return chunk;
		}
	}
	struct hw_catalog_sim_chunk *chunk = calloc(1, sizeof(*chunk));
	hw_assert(chunk != NULL);
	entry->is_named = true;
	chunk->extent = *extent;
	chunk->ref_count = 1;
	chunk->next = sim->chunks_first;
	sim->chunks_first = chunk;
	return chunk;
}

static void chunk_unref(struct hw_catalog_sim *sim, struct hw_catalog_sim_chunk *chunk)
{
	hw_assert(chunk->ref_count > 0);
	if (--chunk->ref_count > 0) {
		return;
	}
	ledger_drop(sim, &chunk->extent);
	struct hw_catalog_sim_chunk **place = &sim->chunks_first;
	while (*place != chunk) {
		place = &(*place)->next;
	}
	*place = chunk->next;
	free(chunk);
}

static void file_release(struct hw_catalog_sim *sim, struct hw_catalog_sim_file *file)
{
	for (uint32_t i = 0; i < file->chunk_count; i++) {
		chunk_unref(sim, file->chunks[i]);
	}
	struct hw_catalog_sim_file **place = &sim->files_first;
	while (*place != file) {
		place = &(*place)->next;
	}
	*place = file->next;
	file_free(file);
}

/* The sizes add up: only the last chunk may be short. */
static bool is_appendable(const struct hw_catalog_sim_file *file,
			  const struct hw_catalog_request *request)
{
	uint64_t size = file != NULL ? file->size : 0;
	for (uint32_t i = 0; i < request->extent_count; i++) {
		uint32_t extent_size = request->extents[i].size;
		if (size % HW_CHUNK_SIZE != 0 || extent_size == 0 || extent_size > HW_CHUNK_SIZE) {
			return false;
		}
		size += extent_size;
	}
	return request->extent_count <= HW_EXTENT_BATCH_MAX &&
	       (request->verb != HW_CATALOG_COMMIT || size == request->file_size);
}

static int append(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	struct hw_catalog_sim_file *file = NULL;
	if (request->file_id != 0) {
		file = file_at(sim, request->file_id);
		if (file == NULL || file->state != FILE_UNFINISHED) {
			return -ENOENT;
		}
	}
	hw_assert(is_appendable(file, request)); /* -EINVAL; but our caller is to be right */
	if (file == NULL) {
		file = calloc(1, sizeof(*file));
		hw_assert(file != NULL);
		file->id = sim->next_file_id++;
		file->next = sim->files_first;
		sim->files_first = file;
	}
	uint32_t count = file->chunk_count + request->extent_count;
	file->chunks = realloc(file->chunks, hw_max(count, 1U) * sizeof(*file->chunks));
	hw_assert(file->chunks != NULL);
	for (uint32_t i = 0; i < request->extent_count; i++) {
		file->chunks[file->chunk_count++] = chunk_add(sim, &request->extents[i]);
		file->size += request->extents[i].size;
	}
	request->file_id = file->id;
	return 0;
}

static int commit(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	if (share_at(sim, request->share_id) != NULL) {
		return -EEXIST;
	}
	hw_assert(request->name_size > 0 && request->name_size <= HW_NAME_SIZE_MAX);
	int r = append(sim, request);
	if (r < 0) {
		return r;
	}
	struct hw_catalog_sim_file *file = file_at(sim, request->file_id);
	file->state = FILE_SEALED;
	file->created_ms = request->created_ms;
	file->name_size = request->name_size;
	memcpy(file->name, request->name, request->name_size);
	memcpy(file->share_id, request->share_id, HW_SHARE_ID_SIZE);
	memcpy(file->owner_hash, request->owner_hash, HW_HASH_SIZE);
	memcpy(file->root, request->file_root, HW_HASH_SIZE);
	return 0;
}

static void extents_give(const struct hw_catalog_sim_file *file, struct hw_catalog_request *request)
{
	request->extent_count = 0;
	for (uint32_t i = request->chunk_index;
	     i < file->chunk_count && request->extent_count < HW_EXTENT_BATCH_MAX; i++) {
		request->extents[request->extent_count++] = file->chunks[i]->extent;
	}
}

static bool has_name(const struct hw_catalog_sim_file *file,
		     const struct hw_catalog_request *request)
{
	return request->name_size == 0 || (request->name_size == file->name_size &&
					   memcmp(request->name, file->name, file->name_size) == 0);
}

static int lookup(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	struct hw_catalog_sim_file *file = share_at(sim, request->share_id);
	if (file == NULL || !has_name(file, request)) {
		return -ENOENT;
	}
	file->pin_count++;
	request->file_id = file->id;
	request->file_size = file->size;
	request->created_ms = file->created_ms;
	request->name_size = file->name_size;
	memcpy(request->name, file->name, file->name_size);
	memcpy(request->file_root, file->root, HW_HASH_SIZE);
	request->chunk_index = 0;
	extents_give(file, request);
	return 0;
}

static int unpin(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	struct hw_catalog_sim_file *file = file_at(sim, request->file_id);
	hw_assert(file != NULL && file->pin_count > 0); /* -ENOENT; our caller is to be right */
	file->pin_count--;
	if (file->state == FILE_TOMBSTONED && file->pin_count == 0) {
		file_release(sim, file);
	}
	return 0;
}

static int tombstone(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	struct hw_catalog_sim_file *file = share_at(sim, request->share_id);
	if (file == NULL || !has_name(file, request)) {
		return -ENOENT;
	}
	if (memcmp(file->owner_hash, request->owner_hash, HW_HASH_SIZE) != 0) {
		return -EACCES;
	}
	file->state = FILE_TOMBSTONED;
	if (file->pin_count == 0) {
		file_release(sim, file);
	}
	return 0;
}

static int extents(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	const struct hw_catalog_sim_file *file = file_at(sim, request->file_id);
	if (file == NULL || file->pin_count == 0) {
		return -ENOENT;
	}
	extents_give(file, request);
	return 0;
}

static int forget(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	struct hw_catalog_sim_file *file = file_at(sim, request->file_id);
	if (file == NULL || file->state != FILE_UNFINISHED) {
		return -ENOENT;
	}
	file_release(sim, file);
	return 0;
}

static int extent_drop(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	hw_assert(request->extent_count > 0 && request->extent_count <= HW_EXTENT_BATCH_MAX);
	for (uint32_t i = 0; i < request->extent_count; i++) {
		hw_assert(!ledger_find(sim, &request->extents[i])->is_named);
		ledger_drop(sim, &request->extents[i]);
	}
	return 0;
}

static int act(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	switch (request->verb) {
	case HW_CATALOG_APPEND:
		hw_assert(request->extent_count > 0);
		return append(sim, request);
	case HW_CATALOG_COMMIT:
		return commit(sim, request);
	case HW_CATALOG_ABORT:
		return forget(sim, request);
	case HW_CATALOG_LOOKUP:
		return lookup(sim, request);
	case HW_CATALOG_EXTENTS:
		return extents(sim, request);
	case HW_CATALOG_UNPIN:
		return unpin(sim, request);
	case HW_CATALOG_DELETE:
		return tombstone(sim, request);
	case HW_CATALOG_EXTENT_DROP:
		return extent_drop(sim, request);
	default:
		return -EINVAL;
	}
}

void hw_catalog_sim_sealed(void *user, uint32_t shard, uint32_t segment)
{
	struct hw_catalog_sim *sim = user;
	hw_assert(shard == 0); /* one reactor, one shard */
	if (sim->sealed_count == sim->sealed_capacity) {
		sim->sealed_capacity = sim->sealed_capacity * 2 + 16;
		sim->sealed = realloc(sim->sealed, sim->sealed_capacity * sizeof(*sim->sealed));
		hw_assert(sim->sealed != NULL);
	}
	sim->sealed[sim->sealed_count++] = segment;
}

/* -- what tests ask */

void hw_catalog_sim_check(const struct hw_catalog_sim *sim)
{
	uint32_t unfinished_count = 0;
	uint64_t ref_count = 0;
	hw_assert(hw_catalog_sim_is_idle(sim));
	for (const struct hw_catalog_sim_file *file = sim->files_first; file != NULL;
	     file = file->next) {
		hw_assert(file->pin_count == 0);
		hw_assert(file->state != FILE_TOMBSTONED);
		unfinished_count += file->state == FILE_UNFINISHED;
		ref_count += file->chunk_count;
	}
	hw_assert(unfinished_count <= sim->abort_failures);
	for (const struct hw_catalog_sim_chunk *chunk = sim->chunks_first; chunk != NULL;
	     chunk = chunk->next) {
		hw_assert(chunk->ref_count > 0 && chunk->ref_count <= ref_count);
		ref_count -= chunk->ref_count;
	}
	hw_assert(ref_count == 0);
	for (const struct hw_catalog_sim_extent *entry = sim->extents_first; entry != NULL;
	     entry = entry->next) {
		hw_assert(entry->is_named != entry->is_dropped);
	}
}

bool hw_catalog_sim_find(const struct hw_catalog_sim *sim, const uint8_t share_id[HW_SHARE_ID_SIZE],
			 uint64_t *ret_file_id, uint64_t *ret_file_size)
{
	const struct hw_catalog_sim_file *file = share_at(sim, share_id);
	if (file == NULL) {
		return false;
	}
	*ret_file_id = file->id;
	*ret_file_size = file->size;
	return true;
}

bool hw_catalog_sim_extent(const struct hw_catalog_sim *sim, uint64_t file_id, uint32_t index,
			   struct hw_extent *ret_extent)
{
	const struct hw_catalog_sim_file *file = file_at(sim, file_id);
	if (file == NULL || index >= file->chunk_count) {
		return false;
	}
	*ret_extent = file->chunks[index]->extent;
	return true;
}

uint32_t hw_catalog_sim_file_count(const struct hw_catalog_sim *sim)
{
	uint32_t count = 0;
	for (const struct hw_catalog_sim_file *file = sim->files_first; file != NULL;
	     file = file->next) {
		count += file->state == FILE_SEALED;
	}
	return count;
}
