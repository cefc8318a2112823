/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_TURNS_MAX  100000U
#define SEGMENT_SIZE_MAX (UINT64_C(64) << 20)

static int act_add(struct fixture *fixture, struct fixture_act act)
{
	if (fixture->act_count == fixture->act_capacity) {
		fixture->act_capacity = fixture->act_capacity * 2 + 64;
		fixture->acts =
			realloc(fixture->acts, fixture->act_capacity * sizeof(*fixture->acts));
		assert_non_null(fixture->acts);
	}
	fixture->acts[fixture->act_count++] = act;
	if (fixture->on_act != NULL) {
		fixture->on_act(fixture, &act);
	}
	return fixture->port_result;
}

static int fake_punch(void *context, const struct hw_extent *extent, bool was_read)
{
	struct fixture *fixture = context;
	if (was_read && fixture->busy_count > 0) {
		fixture->busy_count--;
		return -EBUSY;
	}
	return act_add(context, (struct fixture_act){.extent = *extent});
}

static int fake_unlink(void *context, uint32_t shard, uint32_t segment)
{
	return act_add(context, (struct fixture_act){.extent = {.shard = shard, .segment = segment},
						     .is_unlink = true});
}

void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	(void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/hw-catalog-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/catalog.db", fixture->directory);
	fixture_open(fixture);
}

void fixture_deinit(struct fixture *fixture)
{
	hw_catalog_db_close(hw_move(&fixture->db));
	free(hw_move(&fixture->acts));
	const char *const names[] = {"catalog.db", "catalog.db-wal", "copy.db", "copy.db-wal"};
	for (uint32_t i = 0; i < hw_count_of(names); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, names[i]);
		(void)unlink(path); /* not every test has every file */
	}
	assert_int_equal(rmdir(fixture->directory), 0);
}

int fixture_setup(void **state)
{
	static struct fixture fixture;
	fixture_init(&fixture);
	*state = &fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	fixture_judge(fixture);
	fixture_deinit(fixture);
	return 0;
}

int fixture_try_open(struct fixture *fixture, char *ret_message, uint32_t message_size)
{
	assert_null(fixture->db);
	const struct hw_catalog_db_options options = {
		.path = fixture->path,
		.reclaim = {.context = fixture, .punch = fake_punch, .segment_unlink = fake_unlink},
		.pin_capacity = FIXTURE_PINS,
		.home_capacity = FIXTURE_HOMES,
		.cache_size = FIXTURE_CACHE_SIZE,
		.has_quick_check = true,
	};
	return hw_catalog_db_open(&fixture->db, &options, ret_message, message_size);
}

void fixture_open(struct fixture *fixture)
{
	char message[256] = "";
	int r = fixture_try_open(fixture, message, sizeof(message));
	if (r < 0) {
		fail_msg("open: %d, %s", r, message);
	}
}

void fixture_recover(struct fixture *fixture)
{
	assert_int_equal(hw_catalog_db_recover(fixture->db), 0);
}

void fixture_restart(struct fixture *fixture)
{
	hw_catalog_db_close(hw_move(&fixture->db));
	fixture_open(fixture);
	fixture_recover(fixture);
}

static void file_copy(const char *source, const char *target)
{
	FILE *in = fopen(source, "rb");
	FILE *out = in == NULL ? NULL : fopen(target, "wb");
	char bytes[65536];
	size_t size = 0;
	while (out != NULL && (size = fread(bytes, 1, sizeof(bytes), in)) > 0) {
		assert_int_equal(fwrite(bytes, 1, size, out), size);
	}
	if (out != NULL) {
		assert_int_equal(fclose(out), 0);
	}
	if (in != NULL) {
		assert_int_equal(fclose(in), 0);
	}
}

/* The catalog and its log, as a reader after a crash would find them. */
static void snapshot(const struct fixture *fixture, char *ret_path, uint32_t path_size)
{
	char source[128];
	char target[128];
	(void)snprintf(ret_path, path_size, "%s/copy.db", fixture->directory);
	(void)snprintf(source, sizeof(source), "%s-wal", fixture->path);
	(void)snprintf(target, sizeof(target), "%s-wal", ret_path);
	(void)unlink(target); /* of an earlier snapshot, perhaps */
	file_copy(fixture->path, ret_path);
	file_copy(source, target);
}

void fixture_crash(struct fixture *fixture)
{
	char copy[128];
	char source[140];
	char target[140];
	snapshot(fixture, copy, sizeof(copy));
	hw_catalog_db_close(hw_move(&fixture->db));
	assert_int_equal(rename(copy, fixture->path), 0);
	(void)snprintf(source, sizeof(source), "%s-wal", copy);
	(void)snprintf(target, sizeof(target), "%s-wal", fixture->path);
	assert_int_equal(rename(source, target), 0);
	fixture_open(fixture);
	fixture_recover(fixture);
}

void fixture_drain(struct fixture *fixture)
{
	for (uint32_t turn = 0; turn < DRAIN_TURNS_MAX; turn++) {
		int r = hw_catalog_db_reclaim(fixture->db);
		if (r == 0) {
			return;
		}
		assert_int_equal(r, 1);
	}
	fail_msg("reclaiming does not end");
}

void fixture_execute(struct fixture *fixture, const char *sql)
{
	assert_int_equal(sqlite3_exec(fixture->db->sql.handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t number_of(sqlite3 *handle, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	}
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	return number;
}

int64_t fixture_number(struct fixture *fixture, const char *sql)
{
	return number_of(fixture->db->sql.handle, sql);
}

/* Bytes that a chunk takes, in SQL: hw_extent_disk_size() said a second time, on purpose. */
#define DISK_SIZE                                                                                  \
	"((size + 4095) / 4096 * 4096 + "                                                          \
	"iif(size > 16384, ((size + 16383) / 16384 * 32 + 4095) / 4096 * 4096, 0))"

/* Each counts what must not be there. */
static const char *const g_zeros[] = {
	"SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'",
	"SELECT count(*) FROM pragma_foreign_key_check",
	"SELECT count(*) FROM chunk c WHERE refs <> (SELECT count(*) FROM file_chunk f "
	"WHERE f.root = c.root AND f.size = c.size)",
	"SELECT count(*) FROM file_chunk f WHERE NOT EXISTS (SELECT 1 FROM chunk c "
	"WHERE f.root = c.root AND f.size = c.size)",
	"SELECT count(*) FROM (SELECT offset, lag(offset + " DISK_SIZE ") OVER "
	"(PARTITION BY shard, segment ORDER BY offset) AS before FROM "
	"(SELECT shard, segment, offset, size FROM chunk UNION ALL "
	"SELECT shard, segment, offset, size FROM dropped)) WHERE before > offset",
	"SELECT count(*) FROM file WHERE state <> 3 AND (chunk_count - first_offset / 4194304 <> "
	"(SELECT count(*) FROM file_chunk c WHERE c.file_id = file.file_id) OR file_size "
	"<> "
	"first_offset + "
	"(SELECT coalesce(sum(size), 0) FROM file_chunk c WHERE c.file_id = file.file_id))",
	"SELECT count(*) FROM file_chunk c JOIN file USING (file_id) WHERE state <> 3 AND "
	"(chunk_index >= chunk_count OR chunk_index < 0)",
	"SELECT count(*) FROM file_chunk c JOIN file USING (file_id) WHERE state <> 3 AND "
	"chunk_index < chunk_count - 1 AND size <> 4194304",
	"SELECT count(*) FROM share WHERE is_made_by_commit AND ended_ms IS NULL AND NOT EXISTS "
	"(SELECT 1 FROM file WHERE file.share_id = share.share_id)",
	"SELECT count(*) FROM share WHERE size <> (SELECT coalesce(sum(counted), 0) FROM file "
	"WHERE file.share_id = share.share_id) OR file_count <> (SELECT count(*) FROM file "
	"WHERE file.share_id = share.share_id AND name IS NOT NULL) OR part_count <> "
	"(SELECT count(*) FROM file WHERE file.share_id = share.share_id AND name IS NULL)",
	"SELECT count(*) FROM share WHERE ended_ms IS NOT NULL AND (link_name IS NOT NULL OR "
	"NOT EXISTS (SELECT 1 FROM gone WHERE kind = 0 AND id = share_id))",
	"SELECT count(*) FROM file JOIN share USING (share_id) WHERE mode <> 1 AND (counted <> "
	"coalesce(length, file_size + tail_size) OR reserved <> "
	"coalesce(length - file_size - tail_size, 0))",
	"SELECT count(*) FROM file JOIN share USING (share_id) WHERE mode = 1 AND state = 0 AND "
	"(counted <> 0 OR reserved <> 0 OR file_size <> 0)",
	"SELECT count(*) FROM upload u WHERE NOT EXISTS (SELECT 1 FROM file f "
	"WHERE f.file_id = u.file_id AND f.state = u.is_sealed "
	"AND f.tail_size = coalesce(length(u.tail), 0) AND (f.name IS NULL) = (u.kind = 1))",
	"SELECT count(*) FROM total WHERE stored <> (SELECT coalesce(sum(size), 0) FROM chunk) OR "
	"reserved <> (SELECT coalesce(sum(reserved), 0) FROM file)",
	"SELECT count(*) <> 1 FROM total",
};

void fixture_judge(struct fixture *fixture)
{
	char copy[128];
	sqlite3 *handle = NULL;
	snapshot(fixture, copy, sizeof(copy));
	assert_int_equal(sqlite3_open_v2(copy, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	for (uint32_t i = 0; i < hw_count_of(g_zeros); i++) {
		long long number = number_of(handle, g_zeros[i]);
		if (number == 0) {
			continue;
		}
		fail_msg("%lld rows: %s", number, g_zeros[i]);
	}
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	(void)unlink(copy); /* its log went with the close */
}

void fixture_root(uint32_t content, uint8_t *ret_root)
{
	memset(ret_root, 0, HW_HASH_SIZE);
	for (uint32_t i = 0; i < HW_HASH_SIZE; i++) {
		content = content * 1664525U + 1013904223U;
		ret_root[i] = (uint8_t)(content >> 24);
	}
}

struct hw_extent fixture_extent(struct fixture *fixture, uint32_t content, uint32_t size)
{
	struct hw_extent extent = {.segment = fixture->segment, .size = size};
	extent.offset = fixture->offset_next;
	fixture_root(content, extent.root);
	fixture->offset_next += hw_extent_disk_size(size);
	if (fixture->offset_next > SEGMENT_SIZE_MAX) {
		fixture->offset_next = 0;
		fixture->segment++;
	}
	return extent;
}

void request_append(struct hw_catalog_request *request, uint64_t file_id)
{
	memset(request, 0, sizeof(*request));
	request->verb = HW_CATALOG_APPEND;
	request->file_id = file_id;
}

void request_share(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint32_t share)
{
	memset(request, 0, sizeof(*request));
	request->verb = verb;
	memcpy(request->share_id, &share, sizeof(share));
	memset(request->owner_hash, (int)(share % 255 + 1), HW_HASH_SIZE);
	request->name_size =
		(uint16_t)snprintf(request->name, sizeof(request->name), "file-%u.bin", share);
}

void request_commit(struct hw_catalog_request *request, uint64_t file_id, uint32_t share,
		    uint64_t file_size)
{
	request_share(request, HW_CATALOG_COMMIT, share);
	request->file_id = file_id;
	request->file_size = file_size;
	request->created_ms = 1000000U + share;
	memset(request->file_root, (int)((share + 1) & 0xff), HW_HASH_SIZE);
}

void request_file(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint64_t file_id)
{
	memset(request, 0, sizeof(*request));
	request->verb = verb;
	request->file_id = file_id;
}

void request_extent(struct hw_catalog_request *request, struct hw_extent extent)
{
	assert_true(request->extent_count < HW_EXTENT_BATCH_MAX);
	request->extents[request->extent_count++] = extent;
}

void request_upload(struct hw_catalog_request *request, enum hw_catalog_verb verb, uint32_t number,
		    struct hw_upload *upload)
{
	memset(request, 0, sizeof(*request));
	request->verb = verb;
	request->upload = upload;
	memset(upload->upload_id, 0, HW_UPLOAD_ID_SIZE);
	memcpy(upload->upload_id, &number, sizeof(number));
}

int run_one(struct fixture *fixture, struct hw_catalog_request *request)
{
	request->res = 4711;
	hw_catalog_db_run(fixture->db, &request, 1);
	assert_int_not_equal(request->res, 4711);
	return request->res;
}

void file_make(struct fixture *fixture, uint32_t share, uint32_t first, uint32_t chunk_count)
{
	struct hw_catalog_request request;
	uint64_t file_id = 0;
	for (uint32_t i = 0; i < chunk_count;) {
		request_append(&request, file_id);
		for (; i < chunk_count && request.extent_count < HW_EXTENT_BATCH_MAX; i++) {
			request_extent(&request, fixture_extent(fixture, first + i, HW_CHUNK_SIZE));
		}
		assert_int_equal(run_one(fixture, &request), 0);
		file_id = request.file_id;
	}
	request_commit(&request, file_id, share, (uint64_t)chunk_count * HW_CHUNK_SIZE);
	assert_int_equal(run_one(fixture, &request), 0);
}

int share_lookup(struct fixture *fixture, uint32_t share, struct hw_catalog_request *ret_found)
{
	request_share(ret_found, HW_CATALOG_LOOKUP, share);
	return run_one(fixture, ret_found);
}

int share_delete(struct fixture *fixture, uint32_t share)
{
	struct hw_catalog_request request;
	request_share(&request, HW_CATALOG_DELETE, share);
	return run_one(fixture, &request);
}

int file_unpin(struct fixture *fixture, uint64_t file_id)
{
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_UNPIN, file_id);
	return run_one(fixture, &request);
}

int share_create(struct fixture *fixture, uint32_t share, const struct hw_share_policy *policy,
		 uint64_t created_ms)
{
	struct hw_catalog_request request;
	request_share(&request, HW_CATALOG_SHARE_CREATE, share);
	struct hw_share made = {.created_ms = created_ms};
	if (policy != NULL) {
		made.policy = *policy;
	}
	memcpy(made.share_id, request.share_id, HW_SHARE_ID_SIZE);
	memcpy(made.owner_hash, request.owner_hash, HW_HASH_SIZE);
	request.share = &made;
	return run_one(fixture, &request);
}

int upload_create(struct fixture *fixture, uint32_t share, uint32_t number, const char *name,
		  uint64_t length, uint64_t *ret_file_id)
{
	struct hw_catalog_request request;
	struct hw_upload upload = {.length = length};
	memcpy(upload.upload_id, &number, sizeof(number));
	request_share(&request, HW_CATALOG_UPLOAD_CREATE, share);
	request.name_size = (uint16_t)strlen(name);
	memcpy(request.name, name, request.name_size);
	upload.kind = request.name_size == 0 ? HW_UPLOAD_PARTIAL : HW_UPLOAD_WHOLE;
	request.upload = &upload;
	request.home = 1;
	request.free_size = UINT64_MAX;
	int r = run_one(fixture, &request);
	if (r == 0 && ret_file_id != NULL) {
		*ret_file_id = request.file_id;
	}
	return r;
}

int upload_append(struct fixture *fixture, uint64_t file_id, struct hw_upload *upload,
		  struct hw_extent extent, uint32_t tail_size)
{
	struct hw_catalog_request request;
	request_append(&request, file_id);
	const struct hw_upload before = *upload;
	upload->offset += extent.size + tail_size - upload->tail_size;
	upload->tail_size = (uint16_t)tail_size;
	memset(upload->tail, (int)(tail_size & 0xff), tail_size);
	upload->crc32 = (uint32_t)upload->offset * 3U;
	if (extent.size == HW_CHUNK_SIZE) {
		struct hw_hash id;
		memcpy(id.bytes, extent.root, HW_HASH_SIZE);
		hw_merkle_add(&upload->merkle, &id, HW_MERKLE_CHUNK_BLOCKS);
	}
	request.upload = upload;
	request.free_size = UINT64_MAX;
	if (extent.size > 0) {
		request_extent(&request, extent);
	}
	int r = run_one(fixture, &request);
	if (r < 0) {
		*upload = before;
	}
	return r;
}

int upload_get(struct fixture *fixture, uint32_t number, struct hw_catalog_request *ret_request,
	       struct hw_upload *ret_upload)
{
	request_upload(ret_request, HW_CATALOG_UPLOAD_GET, number, ret_upload);
	return run_one(fixture, ret_request);
}

int file_leave(struct fixture *fixture, uint64_t file_id)
{
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_UPLOAD_LEAVE, file_id);
	return run_one(fixture, &request);
}

uint32_t acts_count(const struct fixture *fixture, bool is_unlink)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < fixture->act_count; i++) {
		count += fixture->acts[i].is_unlink == is_unlink ? 1 : 0;
	}
	return count;
}

uint32_t punches_of(const struct fixture *fixture, const struct hw_extent *extent)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < fixture->act_count; i++) {
		const struct hw_extent *punched = &fixture->acts[i].extent;
		bool is_same = !fixture->acts[i].is_unlink && punched->shard == extent->shard &&
			       punched->segment == extent->segment &&
			       punched->offset == extent->offset;
		count += is_same ? 1 : 0;
	}
	return count;
}
