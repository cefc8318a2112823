/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a share:
 *
 *   share_create, or commit -> share_add -> [find, change, count] -> share_end_now (owner,
 *   operator, sweep, the last download) -> its row says ended, and gone has its names
 *     -> ended_release, a piece at a time: file_forget for each file, at last the row itself
 *
 * A share may have ten thousand files: so ending it is one row, and the rest can wait.
 */
#include <errno.h>
#include <string.h>

#include "core/catalog/catalog_parts.h"
#include "simd/sha256.h"

#define SHARE_ID_TEXT_SIZE 26U /* characters of a share id in a link */

static bool link_name_is_valid(const char *name, uint32_t size);
static int share_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		     struct hw_catalog_share *ret_share);
static int share_step(struct hw_catalog_db *db, sqlite3_stmt *statement,
		      struct hw_catalog_share *ret_share);
static int found_or_gone(int step, int gone, const struct hw_catalog_share *share, uint64_t now_ms,
			 struct hw_catalog_share *ret_share);
static bool is_gone(const struct hw_catalog_share *share, uint64_t now_ms);
static int whole_read(struct hw_catalog_db *db, const struct hw_catalog_share *share,
		      struct hw_share *ret_whole);
static bool change_is_valid(const struct hw_share_policy *policy, uint32_t mask);
static int policy_change(struct hw_catalog_db *db, const struct hw_catalog_share *share,
			 const struct hw_catalog_request *request);
static int ended_next(struct hw_catalog_db *db, uint8_t *ret_share_id, uint64_t *ret_ended_ms);
static int files_some(struct hw_catalog_db *db, const uint8_t *share_id, uint64_t *ret_file_ids,
		      uint32_t *ret_count);

int hw_catalog_share_create(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	struct hw_catalog_request *request = write->request;
	return request->share == NULL ? -EINVAL : hw_catalog_share_add(db, request->share, false);
}

int hw_catalog_share_add(struct hw_catalog_db *db, const struct hw_share *share,
			 bool is_made_by_commit)
{
	const struct hw_share_policy *policy = &share->policy;
	if (!hw_share_policy_is_valid(policy) || share->created_ms > INT64_MAX) {
		return -EINVAL;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_ADD);
	hw_sql_bind_bytes(statement, 1, share->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind_bytes(statement, 2, share->owner_hash, HW_HASH_SIZE);
	hw_sql_bind(statement, 3, share->created_ms);
	hw_sql_bind(statement, 4, policy->expires_ms);
	hw_sql_bind(statement, 5, policy->downloads_max);
	hw_sql_bind(statement, 6, policy->mode);
	hw_sql_bind(statement, 7, is_made_by_commit ? 1 : 0);
	hw_sql_bind_optional(statement, 8, policy->link_name, policy->link_name_size);
	hw_sql_bind_optional(statement, 9, policy->password, policy->password_size);
	hw_sql_bind_optional(statement, 10, policy->message, policy->message_size);
	int r = hw_sql_run(&db->sql, statement);
	if (r < 0) {
		return r;
	}
	return hw_sql_changes(&db->sql) == 1 ? 0 : -EEXIST;
}

bool hw_share_policy_is_valid(const struct hw_share_policy *policy)
{
	bool has_link = policy->link_name_size > 0;
	return policy->expires_ms <= INT64_MAX && policy->mode < HW_SHARE_MODE_COUNT &&
	       policy->password_size <= HW_PASSWORD_PHC_MAX &&
	       policy->message_size <= HW_MESSAGE_SIZE_MAX &&
	       (!has_link || link_name_is_valid(policy->link_name, policy->link_name_size));
}

static bool link_name_is_valid(const char *name, uint32_t size)
{
	if (size < HW_LINK_NAME_SIZE_MIN || size > HW_LINK_NAME_SIZE_MAX) {
		return false;
	}
	bool is_like_id = size == SHARE_ID_TEXT_SIZE;
	for (uint32_t i = 0; i < size; i++) {
		bool is_mark = name[i] == '-' || name[i] == '_';
		bool is_letter =
			(name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');
		if (!is_mark && !is_letter) {
			return false;
		}
		is_like_id = is_like_id && is_letter;
	}
	return !is_like_id;
}

int hw_catalog_share_find(struct hw_catalog_db *db, const struct hw_catalog_request *request,
			  struct hw_catalog_share *ret_share)
{
	if (request->link_name_size == 0) {
		return hw_catalog_share_of(db, request->share_id, request->now_ms, ret_share);
	}
	if (request->link_name_size > HW_LINK_NAME_SIZE_MAX) {
		return -EINVAL;
	}
	struct hw_catalog_share share = {0};
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_BY_LINK);
	hw_sql_bind_bytes(statement, 1, request->link_name, request->link_name_size);
	int r = share_step(db, statement, &share);
	int gone = hw_catalog_gone_has(db, HW_CATALOG_GONE_LINK, request->link_name,
				       request->link_name_size);
	return found_or_gone(r, gone, &share, request->now_ms, ret_share);
}

int hw_catalog_share_of(struct hw_catalog_db *db, const uint8_t *share_id, uint64_t now_ms,
			struct hw_catalog_share *ret_share)
{
	struct hw_catalog_share share = {0};
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_BY_ID);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	int r = share_step(db, statement, &share);
	int gone = hw_catalog_gone_has(db, HW_CATALOG_GONE_SHARE, share_id, HW_SHARE_ID_SIZE);
	return found_or_gone(r, gone, &share, now_ms, ret_share);
}

/* @step, @gone: what share_step and gone_has said. */
static int found_or_gone(int step, int gone, const struct hw_catalog_share *share, uint64_t now_ms,
			 struct hw_catalog_share *ret_share)
{
	if (step < 0 || (step == 0 && gone < 0)) {
		return step < 0 ? step : gone;
	}
	if (step == 0) {
		return gone == 1 ? -EIDRM : -ENOENT;
	}
	*ret_share = *share;
	return is_gone(share, now_ms) ? -EIDRM : 0;
}

/* Returns 1 it is there, 0, or -errno. */
static int share_step(struct hw_catalog_db *db, sqlite3_stmt *statement,
		      struct hw_catalog_share *ret_share)
{
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r;
	}
	r = share_row(db, statement, ret_share);
	hw_sql_end(statement);
	return r < 0 ? r : 1;
}

static int share_row(struct hw_catalog_db *db, sqlite3_stmt *statement,
		     struct hw_catalog_share *ret_share)
{
	struct hw_catalog_share share = {
		.size = (uint64_t)sqlite3_column_int64(statement, 2),
		.file_count = (uint32_t)sqlite3_column_int(statement, 3),
		.part_count = (uint32_t)sqlite3_column_int(statement, 4),
		.is_made_by_commit = sqlite3_column_int(statement, 5) != 0,
		.has_ended = sqlite3_column_int(statement, 6) != 0,
		.access = {.expires_ms = (uint64_t)sqlite3_column_int64(statement, 7),
			   .downloads_max = (uint32_t)sqlite3_column_int64(statement, 8),
			   .downloads = (uint32_t)sqlite3_column_int64(statement, 9),
			   .mode = (uint8_t)sqlite3_column_int(statement, 10)},
	};
	uint32_t password_size = 0;
	int r = hw_sql_bytes(&db->sql, statement, 0, HW_SHARE_ID_SIZE, share.share_id);
	if (r == 0) {
		r = hw_sql_bytes(&db->sql, statement, 1, HW_HASH_SIZE, share.owner_hash);
	}
	if (r == 0) {
		r = hw_sql_blob(&db->sql, statement, 11, HW_PASSWORD_PHC_MAX, share.access.password,
				&password_size);
	}
	share.access.password_size = (uint8_t)password_size;
	if (r == 0 && share.access.mode >= HW_SHARE_MODE_COUNT) {
		db->sql.is_broken = true;
		r = -EBADMSG;
	}
	if (r == 0) {
		*ret_share = share;
	}
	return r;
}

static bool is_gone(const struct hw_catalog_share *share, uint64_t now_ms)
{
	const struct hw_share_access *access = &share->access;
	bool has_expired = access->expires_ms != HW_EXPIRES_NEVER && access->expires_ms <= now_ms;
	bool is_used_up = access->downloads_max > 0 && access->downloads >= access->downloads_max;
	return share->has_ended || has_expired || is_used_up;
}

bool hw_catalog_share_allows(const struct hw_catalog_share *share,
			     const struct hw_catalog_request *request)
{
	static const struct hw_hash none;
	struct hw_hash stored = {0};
	struct hw_hash given = {0};
	memcpy(stored.bytes, share->owner_hash, sizeof(stored.bytes));
	memcpy(given.bytes, request->owner_hash, sizeof(given.bytes));
	bool is_owner = hw_hash_equal(&stored, &given);
	bool is_given = !hw_hash_equal(&none, &given);
	return (is_owner && is_given) || request->is_operator;
}

int hw_catalog_share_get(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (request->share == NULL) {
		return -EINVAL;
	}
	struct hw_catalog_share share = {0};
	int r = hw_catalog_share_find(db, request, &share);
	if (r == 0) {
		r = whole_read(db, &share, request->share);
	}
	if (r < 0) {
		return r;
	}
	struct hw_catalog_request asking = {.is_operator = false};
	memcpy(asking.owner_hash, request->owner_hash, HW_HASH_SIZE);
	request->is_owner = hw_catalog_share_allows(&share, &asking);
	memcpy(request->share_id, share.share_id, HW_SHARE_ID_SIZE);
	return 0;
}

static int whole_read(struct hw_catalog_db *db, const struct hw_catalog_share *share,
		      struct hw_share *ret_whole)
{
	struct hw_share whole = {
		.policy = {.expires_ms = share->access.expires_ms,
			   .downloads_max = share->access.downloads_max,
			   .mode = share->access.mode,
			   .password_size = share->access.password_size},
		.size = share->size,
		.downloads = share->access.downloads,
		.file_count = share->file_count,
	};
	memcpy(whole.share_id, share->share_id, HW_SHARE_ID_SIZE);
	memcpy(whole.owner_hash, share->owner_hash, HW_HASH_SIZE);
	memcpy(whole.policy.password, share->access.password, share->access.password_size);
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_REST);
	hw_sql_bind_bytes(statement, 1, share->share_id, HW_SHARE_ID_SIZE);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	uint32_t link_name_size = 0;
	uint32_t message_size = 0;
	whole.created_ms = (uint64_t)sqlite3_column_int64(statement, 0);
	r = hw_sql_blob(&db->sql, statement, 1, HW_LINK_NAME_SIZE_MAX, whole.policy.link_name,
			&link_name_size);
	if (r == 0) {
		r = hw_sql_blob(&db->sql, statement, 2, HW_MESSAGE_SIZE_MAX, whole.policy.message,
				&message_size);
	}
	hw_sql_end(statement);
	whole.policy.link_name_size = (uint8_t)link_name_size;
	whole.policy.message_size = (uint16_t)message_size;
	if (r == 0) {
		*ret_whole = whole;
	}
	return r;
}

int hw_catalog_share_change(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_share share = {0};
	int r = hw_catalog_share_find(db, request, &share);
	if (r == 0 && !hw_catalog_share_allows(&share, request)) {
		r = -EACCES;
	}
	if (r == 0 && (request->share == NULL ||
		       !change_is_valid(&request->share->policy, request->change_mask))) {
		r = -EINVAL;
	}
	if (r == 0) {
		r = policy_change(db, &share, request);
	}
	if (r < 0) {
		return r;
	}
	struct hw_catalog_share changed = {0};
	r = hw_catalog_share_of(db, share.share_id, request->now_ms, &changed);
	bool has_ended = r == -EIDRM; /* by what was just changed */
	if (r == 0 || has_ended) {
		r = whole_read(db, &changed, request->share);
	}
	if (r == 0 && has_ended) {
		r = hw_catalog_share_end_now(db, share.share_id, request->now_ms);
	}
	return r;
}

static bool change_is_valid(const struct hw_share_policy *policy, uint32_t mask)
{
	bool has_expires = (mask & HW_SHARE_CHANGE_EXPIRES) != 0;
	bool has_password = (mask & HW_SHARE_CHANGE_PASSWORD) != 0;
	bool has_message = (mask & HW_SHARE_CHANGE_MESSAGE) != 0;
	return (!has_expires || policy->expires_ms <= INT64_MAX) &&
	       (!has_password || policy->password_size <= HW_PASSWORD_PHC_MAX) &&
	       (!has_message || policy->message_size <= HW_MESSAGE_SIZE_MAX);
}

static int policy_change(struct hw_catalog_db *db, const struct hw_catalog_share *share,
			 const struct hw_catalog_request *request)
{
	const struct hw_share_policy *policy = &request->share->policy;
	uint32_t mask = request->change_mask;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_CHANGE);
	hw_sql_bind_bytes(statement, 1, share->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind(statement, 2, mask);
	if ((mask & HW_SHARE_CHANGE_EXPIRES) != 0) {
		hw_sql_bind(statement, 3, policy->expires_ms);
	}
	if ((mask & HW_SHARE_CHANGE_DOWNLOADS) != 0) {
		hw_sql_bind(statement, 4, policy->downloads_max);
	}
	if ((mask & HW_SHARE_CHANGE_PASSWORD) != 0) {
		hw_sql_bind_optional(statement, 5, policy->password, policy->password_size);
	}
	if ((mask & HW_SHARE_CHANGE_MESSAGE) != 0) {
		hw_sql_bind_optional(statement, 6, policy->message, policy->message_size);
	}
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_share_end(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_share share = {0};
	int r = hw_catalog_share_find(db, request, &share);
	if (r == 0 && !hw_catalog_share_allows(&share, request)) {
		r = -EACCES;
	}
	return r < 0 ? r : hw_catalog_share_end_now(db, share.share_id, request->now_ms);
}

int hw_catalog_share_end_now(struct hw_catalog_db *db, const uint8_t *share_id, uint64_t now_ms)
{
	char link_name[HW_LINK_NAME_SIZE_MAX];
	uint32_t link_name_size = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_REST);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r < 0 ? r : -ENOENT;
	}
	r = hw_sql_blob(&db->sql, statement, 1, sizeof(link_name), link_name, &link_name_size);
	hw_sql_end(statement);
	if (r == 0) {
		r = hw_catalog_gone_add(db, HW_CATALOG_GONE_SHARE, share_id, HW_SHARE_ID_SIZE,
					now_ms);
	}
	if (r == 0 && link_name_size > 0) {
		r = hw_catalog_gone_add(db, HW_CATALOG_GONE_LINK, link_name, link_name_size,
					now_ms);
	}
	if (r < 0) {
		return r;
	}
	statement = hw_sql_take(&db->sql, HW_SQL_SHARE_END);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind(statement, 2, now_ms);
	db->pending.has_releasing = true;
	return hw_sql_run(&db->sql, statement);
}

int hw_catalog_count(struct hw_catalog_db *db, struct hw_catalog_write *write)
{
	const struct hw_catalog_request *request = write->request;
	struct hw_catalog_file file = {0};
	struct hw_catalog_share share = {0};
	int r = hw_catalog_file_get(db, request->file_id, &file);
	if (r == 0 && !file.has_share) {
		r = hw_pins_has(&db->pins, request->file_id) ? -EIDRM : -ENOENT;
	}
	if (r == 0) {
		r = hw_catalog_share_of(db, file.share_id, request->now_ms, &share);
	}
	if (r < 0) {
		return r;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_COUNT);
	hw_sql_bind_bytes(statement, 1, share.share_id, HW_SHARE_ID_SIZE);
	r = hw_sql_run(&db->sql, statement);
	bool is_last = share.access.downloads_max > 0 &&
		       share.access.downloads + 1 >= share.access.downloads_max;
	if (r == 0 && is_last) {
		r = hw_catalog_share_end_now(db, share.share_id, request->now_ms);
	}
	return r;
}

int hw_catalog_ended_release(struct hw_catalog_db *db)
{
	uint8_t share_id[HW_SHARE_ID_SIZE];
	uint64_t ended_ms = 0;
	uint64_t file_ids[HW_CATALOG_PIECE_FILES];
	uint32_t count = 0;
	int r = ended_next(db, share_id, &ended_ms);
	if (r <= 0) {
		return r;
	}
	r = files_some(db, share_id, file_ids, &count);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		struct hw_catalog_file file = {0};
		r = hw_catalog_file_get(db, file_ids[i], &file);
		if (r == 0) {
			r = hw_catalog_file_forget(db, &file, ended_ms);
		}
	}
	if (r < 0 || count == HW_CATALOG_PIECE_FILES) {
		return r < 0 ? r : 1;
	}
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_FORGET);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	r = hw_sql_run(&db->sql, statement);
	return r < 0 ? r : 1;
}

static int ended_next(struct hw_catalog_db *db, uint8_t *ret_share_id, uint64_t *ret_ended_ms)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_ENDED);
	int r = hw_sql_step(&db->sql, statement);
	if (r <= 0) {
		return r;
	}
	r = hw_sql_bytes(&db->sql, statement, 0, HW_SHARE_ID_SIZE, ret_share_id);
	*ret_ended_ms = (uint64_t)sqlite3_column_int64(statement, 1);
	hw_sql_end(statement);
	return r < 0 ? r : 1;
}

static int files_some(struct hw_catalog_db *db, const uint8_t *share_id, uint64_t *ret_file_ids,
		      uint32_t *ret_count)
{
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_FILES);
	hw_sql_bind_bytes(statement, 1, share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind(statement, 2, HW_CATALOG_PIECE_FILES);
	uint32_t count = 0;
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		hw_assert(count < HW_CATALOG_PIECE_FILES);
		ret_file_ids[count++] = (uint64_t)sqlite3_column_int64(statement, 0);
		r = hw_sql_step(&db->sql, statement);
	}
	*ret_count = count;
	return r;
}

int hw_catalog_share_list(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (!request->is_operator) {
		return -EACCES;
	}
	if ((request->row_capacity > 0 && request->shares == NULL) || request->now_ms > INT64_MAX) {
		return -EINVAL;
	}
	uint32_t count = 0;
	sqlite3_stmt *statement = hw_sql_take(&db->sql, HW_SQL_SHARE_LIST);
	hw_sql_bind(statement, 1, hw_min(request->cursor_ms, (uint64_t)INT64_MAX));
	hw_sql_bind_bytes(statement, 2, request->share_id, HW_SHARE_ID_SIZE);
	hw_sql_bind(statement, 3, request->now_ms);
	hw_sql_bind(statement, 4, request->row_capacity);
	int r = hw_sql_step(&db->sql, statement);
	while (r == 1) {
		struct hw_catalog_share share = {0};
		r = share_row(db, statement, &share);
		if (r == 0) {
			r = whole_read(db, &share, &request->shares[count]);
		}
		if (r < 0) {
			hw_sql_end(statement);
			return r;
		}
		count++;
		r = hw_sql_step(&db->sql, statement);
	}
	if (r == 0) {
		request->row_count = count;
	}
	return r;
}
