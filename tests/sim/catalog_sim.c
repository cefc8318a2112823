/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit -> (mail to the worker) arrive -> pending -> pending_run -> act -> (mail back) answer
 *
 * One catalog for the whole process, emptied for each world: to make its schema takes longer than
 * most worlds live.
 */
#include "tests/sim/catalog_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/catalog/catalog_parts.h"

#define CAPACITY        1024U /* pins, homes */
#define CACHE_SIZE      (1U << 22)
#define DRAIN_TURNS_MAX 100000U

/* What ever became of a place on the disk. */
struct hw_catalog_sim_extent {
	struct hw_catalog_sim_extent *next;
	struct hw_extent extent;
	bool is_told;    /* the catalog took it: it names it, or drops it by itself */
	bool is_dropped; /* and punched */
};

static struct hw_catalog_db *g_db; /* kept from world to world */

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request);
static void arrive(struct hw_mail *mail);
static bool pending_run(struct hw_turn_hook *hook);
static int act(struct hw_catalog_sim *sim, struct hw_catalog_request *request);
static void answer(struct hw_mail *mail);
static int punch(void *context, const struct hw_extent *extent, bool was_read);
static int segment_unlink(void *context, uint32_t shard, uint32_t segment);

/* -- life */

static void db_open(void)
{
	const struct hw_catalog_db_options options = {
		.reclaim = {.punch = punch, .segment_unlink = segment_unlink},
		.pin_capacity = CAPACITY,
		.home_capacity = CAPACITY,
		.cache_size = CACHE_SIZE,
	};
	char message[256] = "";
	int r = hw_catalog_db_open(&g_db, &options, message, sizeof(message));
	hw_assert(r == 0);
}

static void execute(const char *text)
{
	int code = sqlite3_exec(g_db->sql.handle, text, NULL, NULL, NULL);
	hw_assert(code == SQLITE_OK);
}

/* As after open, whatever the last world left. */
static void db_empty(void)
{
	execute("DELETE FROM upload; DELETE FROM file_chunk; DELETE FROM file; DELETE FROM chunk; "
		"DELETE FROM share; DELETE FROM gone; DELETE FROM dropped; "
		"DELETE FROM temp.sealed; UPDATE total SET stored = 0, reserved = 0");
	hw_pins_deinit(&g_db->pins);
	hw_homes_deinit(&g_db->homes);
	int r = hw_pins_init(&g_db->pins, CAPACITY);
	hw_assert(r == 0);
	r = hw_homes_init(&g_db->homes, CAPACITY);
	hw_assert(r == 0);
	struct hw_catalog_watches *watches = &g_db->watches;
	memset(watches->buckets, 0, (watches->bucket_mask + 1U) * sizeof(struct hw_mail *));
	watches->ready = NULL;
	g_db->reclaim = (struct hw_catalog_reclaim){0};
	g_db->pending = (struct hw_catalog_pending){0};
	g_db->stats = (struct hw_catalog_stats){0};
	g_db->stored_size = 0;
	g_db->reserved_size = 0;
	g_db->gone_count = 0;
	g_db->file_id_next = 1;
}

void hw_catalog_sim_init(struct hw_catalog_sim *sim, struct hw_reactor *reactor,
			 struct hw_worker *worker, const struct hw_files *files, uint64_t seed)
{
	*sim = (struct hw_catalog_sim){
		.catalog = {.submit = submit, .metrics = &sim->metrics},
		.reactor = reactor,
		.worker = worker,
		.files = files,
		.hook.run = pending_run,
	};
	if (g_db == NULL) {
		db_open();
	}
	db_empty();
	g_db->port.context = sim;
	hw_prng_init(&sim->prng, seed ^ UINT64_C(0xca7a106));
	hw_worker_hook_add(worker, &sim->hook);
}

void hw_catalog_sim_deinit(struct hw_catalog_sim *sim)
{
	while (sim->extents_first != NULL) {
		struct hw_catalog_sim_extent *extent = sim->extents_first;
		sim->extents_first = extent->next;
		free(extent);
	}
	free(sim->pending);
	free(sim->due_us);
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
	request->now_ms = sim->reactor->wall_ms;
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

/* Nobody could do anything about these; and the sweep is nobody's. */
static bool may_fail(const struct hw_catalog_request *request)
{
	return request->verb != HW_CATALOG_UNPIN && request->verb != HW_CATALOG_UPLOAD_LEAVE &&
	       request->verb != HW_CATALOG_SWEEP;
}

static int error_of(struct hw_catalog_sim *sim, enum hw_catalog_verb verb)
{
	static const int writes[] = {-ENOSPC, -EROFS, -ENOMEM, -EINVAL};
	static const int reads[] = {-EROFS, -EBADMSG, -ENOMEM, -ENOBUFS};
	uint32_t pick = (uint32_t)hw_prng_below(&sim->prng, hw_count_of(writes));
	return hw_catalog_verb_is_read(verb) ? reads[pick] : writes[pick];
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

static void drop_lost(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	for (uint32_t i = 0; i < request->extent_count; i++) {
		struct hw_catalog_sim_extent *entry = ledger_find(sim, &request->extents[i]);
		hw_assert(!entry->is_told && !entry->is_dropped);
		entry->is_dropped = true; /* not punched: the next start would */
	}
}

/* What holds also of a request that fails: nobody receives the file any more. */
static void home_leave(const struct hw_catalog_request *request)
{
	if (request->verb == HW_CATALOG_ABORT || request->is_leaving) {
		struct hw_catalog_request leave = {.verb = HW_CATALOG_UPLOAD_LEAVE,
						   .file_id = request->file_id};
		struct hw_catalog_request *one = &leave;
		hw_catalog_db_run(g_db, &one, 1); /* -ENOENT: it had no home */
	}
}

static void reply(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	if (request->res >= 0 && hw_catalog_verb_is_revoking(request->verb)) {
		hw_metrics_add(&sim->metrics, HW_METRIC_catalog_revocations, 1);
	}
	request->mail.deliver = answer;
	hw_mailbox_post(request->reply_to, sim->worker->ring, &request->mail);
}

static void request_run(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	if (must_fail(sim, request)) {
		request->res = error_of(sim, request->verb);
		sim->abort_failures += request->verb == HW_CATALOG_ABORT;
		if (request->verb == HW_CATALOG_EXTENT_DROP) {
			drop_lost(sim, request);
		}
		home_leave(request);
		reply(sim, request);
	} else {
		bool is_kept = act(sim, request) == -EINPROGRESS;
		hw_metrics_set(&sim->metrics, HW_METRIC_extents_dropped,
			       hw_catalog_db_stats(g_db)->extents_dropped);
		if (!is_kept) {
			reply(sim, request);
		}
	}
	sim->has_reclaim = true;
}

/* What is dropped is punched out a while later. */
static void reclaim_some(struct hw_catalog_sim *sim)
{
	while (sim->has_reclaim && hw_prng_chance(&sim->prng, 50)) {
		int r = hw_catalog_db_reclaim(g_db);
		hw_assert(r >= 0);
		sim->has_reclaim = r > 0;
	}
}

static void watches_answer(struct hw_catalog_sim *sim)
{
	struct hw_catalog_request *request = hw_catalog_db_watch_next(g_db);
	while (request != NULL) {
		reply(sim, request);
		request = hw_catalog_db_watch_next(g_db);
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
	reclaim_some(sim);
	hw_catalog_watch_expire(g_db, hw_clock_wall_ms());
	watches_answer(sim);
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

/* -- the rules that the catalog cannot check: who may say what of a place on the disk */

static void extents_judge(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	/* What is made of parts names their chunks a second time. */
	bool is_joining = request->upload != NULL && request->upload->kind == HW_UPLOAD_FINAL;
	for (uint32_t i = 0; i < request->extent_count; i++) {
		const struct hw_catalog_sim_extent *entry = ledger_find(sim, &request->extents[i]);
		hw_assert(!entry->is_dropped);
		hw_assert(!entry->is_told ||
			  (is_joining && request->verb != HW_CATALOG_EXTENT_DROP));
	}
}

static void extents_told(struct hw_catalog_sim *sim, const struct hw_catalog_request *request)
{
	for (uint32_t i = 0; i < request->extent_count; i++) {
		ledger_find(sim, &request->extents[i])->is_told = true;
	}
}

static int act(struct hw_catalog_sim *sim, struct hw_catalog_request *request)
{
	bool is_naming = request->verb == HW_CATALOG_APPEND || request->verb == HW_CATALOG_COMMIT;
	bool is_dropping = request->verb == HW_CATALOG_EXTENT_DROP;
	hw_assert(!is_dropping ||
		  (request->extent_count > 0 && request->extent_count <= HW_EXTENT_BATCH_MAX));
	if (is_naming || is_dropping) {
		extents_judge(sim, request);
	}
	hw_catalog_db_run(g_db, &request, 1);
	/* Answers that the catalog has ready for callers who are wrong; ours are to be right. */
	hw_assert(!is_naming || request->res != -EINVAL);
	hw_assert(!is_dropping || request->res == 0);
	hw_assert(request->verb != HW_CATALOG_UNPIN || request->res == 0);
	if (is_naming && request->res >= 0) {
		extents_told(sim, request);
	}
	return request->res;
}

static int punch(void *context, const struct hw_extent *extent, bool was_read)
{
	struct hw_catalog_sim *sim = context;
	(void)was_read;
	struct hw_catalog_sim_extent *entry = ledger_find(sim, extent);
	hw_assert(!entry->is_dropped);
	entry->is_dropped = true;
	return hw_files_segment_punch(sim->files, extent->shard, extent->segment, extent->offset,
				      hw_extent_disk_size(extent->size));
}

static int segment_unlink(void *context, uint32_t shard, uint32_t segment)
{
	const struct hw_catalog_sim *sim = context;
	for (const struct hw_catalog_sim_extent *entry = sim->extents_first; entry != NULL;
	     entry = entry->next) {
		hw_assert(entry->extent.segment != segment || !entry->is_told || entry->is_dropped);
	}
	return hw_files_segment_unlink(sim->files, shard, segment);
}

void hw_catalog_sim_sealed(void *user, uint32_t shard, uint32_t segment)
{
	struct hw_catalog_sim *sim = user;
	hw_assert(shard == 0); /* one reactor, one shard */
	int r = hw_catalog_db_segment_known(g_db, shard, segment);
	hw_assert(r == 0);
	sim->has_reclaim = true;
}

/* -- what tests ask */

static sqlite3_stmt *question(const char *text)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(g_db->sql.handle, text, -1, &statement, NULL);
	hw_assert(code == SQLITE_OK);
	return statement;
}

static uint64_t number(const char *text)
{
	sqlite3_stmt *statement = question(text);
	int code = sqlite3_step(statement);
	hw_assert(code == SQLITE_ROW);
	uint64_t found = (uint64_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement); /* it went well */
	return found;
}

/* Each place is named by a chunk or was punched, and never both. */
static void extents_check(const struct hw_catalog_sim *sim)
{
	uint64_t named_count = 0;
	sqlite3_stmt *statement =
		question("SELECT 1 FROM chunk WHERE shard = ?1 AND segment = ?2 AND offset = ?3");
	for (const struct hw_catalog_sim_extent *entry = sim->extents_first; entry != NULL;
	     entry = entry->next) {
		hw_sql_bind_place(statement, 1, &entry->extent);
		bool is_named = sqlite3_step(statement) == SQLITE_ROW;
		(void)sqlite3_reset(statement); /* it went well */
		hw_assert(is_named != entry->is_dropped);
		named_count += is_named;
	}
	(void)sqlite3_finalize(statement); /* likewise */
	hw_assert(named_count == number("SELECT count(*) FROM chunk"));
}

void hw_catalog_sim_check(struct hw_catalog_sim *sim)
{
	hw_assert(hw_catalog_sim_is_idle(sim));
	hw_assert(g_db->homes.used_count == 0);
	int r = 1;
	for (uint32_t i = 0; i < DRAIN_TURNS_MAX && r == 1; i++) {
		r = hw_catalog_db_reclaim(g_db);
	}
	hw_assert(r == 0);
	hw_assert(g_db->pins.used_count == 0);
	hw_assert(number("SELECT count(*) FROM file WHERE state > 1") == 0);
	/* Those that can be gone on with may wait for that. */
	hw_assert(number("SELECT count(*) FROM file WHERE state = 0 AND file_id NOT IN "
			 "(SELECT file_id FROM upload)") <= sim->abort_failures);
	hw_assert(number("SELECT count(*) FROM chunk c WHERE refs <> (SELECT count(*) "
			 "FROM file_chunk f WHERE f.root = c.root AND f.size = c.size)") == 0);
	hw_assert(number("SELECT count(*) FROM dropped") == 0);
	hw_assert(number("SELECT reserved FROM total") ==
		  number("SELECT coalesce(sum(reserved), 0) FROM file"));
	hw_assert(number("SELECT stored FROM total") ==
		  number("SELECT coalesce(sum(size), 0) FROM chunk"));
	extents_check(sim);
}

bool hw_catalog_sim_find(const struct hw_catalog_sim *sim, const uint8_t share_id[HW_SHARE_ID_SIZE],
			 uint64_t *ret_file_id, uint64_t *ret_file_size)
{
	(void)sim; /* there is one catalog */
	sqlite3_stmt *statement =
		question("SELECT file_id, file_size FROM file WHERE share_id = ?1 AND state = 1");
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	bool is_found = sqlite3_step(statement) == SQLITE_ROW;
	if (is_found) {
		*ret_file_id = (uint64_t)sqlite3_column_int64(statement, 0);
		*ret_file_size = (uint64_t)sqlite3_column_int64(statement, 1);
	}
	(void)sqlite3_finalize(statement); /* it went well */
	return is_found;
}

bool hw_catalog_sim_extent(const struct hw_catalog_sim *sim, uint64_t file_id, uint32_t index,
			   struct hw_extent *ret_extent)
{
	(void)sim; /* as above */
	sqlite3_stmt *statement = hw_sql_take(&g_db->sql, HW_SQL_EXTENTS);
	hw_sql_bind(statement, 1, file_id);
	hw_sql_bind(statement, 2, index);
	hw_sql_bind(statement, 3, 1);
	int r = hw_sql_step(&g_db->sql, statement);
	hw_assert(r >= 0);
	if (r == 1) {
		r = hw_sql_extent(&g_db->sql, statement, ret_extent);
		hw_assert(r == 0);
		hw_sql_end(statement);
		return true;
	}
	return false;
}

uint32_t hw_catalog_sim_file_count(const struct hw_catalog_sim *sim)
{
	(void)sim; /* as above */
	return (uint32_t)number("SELECT count(*) FROM file WHERE state = 1");
}
