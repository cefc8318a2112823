/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: after any sequence of requests on shares and uploads, restarts and crashes, the catalog
 * answers what a plain model says, and what was acknowledged of an upload is what whoever goes on
 * finds. Method: thousands of random requests for a number of seeds; the model knows shares, files
 * and contents, not SQL. The file is judged by SQL of its own all along, sums and quotas included.
 */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"

#define SEEDS      10U
#define FIRST_SEED UINT64_C(500)
#define STEPS      1500U
#define SHARES     12U
#define FILES      40U
#define NAMES      6U
#define CHUNKS_MAX 6U
#define CONTENTS   9U
#define STEP_MS    100U

struct model_share {
	bool was_made;
	bool has_ended;
	uint32_t generation; /* a slot whose share has ended serves for another */
	uint64_t expires_ms;
	uint32_t downloads_max;
	uint32_t downloads;
};

struct model_file {
	bool is_there;
	bool is_sealed;
	bool is_gone; /* but an upload id that is remembered */
	uint32_t share;
	uint32_t name;
	uint32_t number; /* its upload id */
	uint64_t file_id;
	uint64_t length;
	uint64_t size;
	uint64_t expires_ms;
	uint32_t tail_size;
	uint16_t home;
	uint32_t pin_count;
	uint32_t contents[CHUNKS_MAX];
	struct hw_merkle merkle;
};

struct model {
	struct fixture fixture;
	struct hw_prng prng;
	struct model_share shares[SHARES];
	struct model_file files[FILES];
	uint32_t number_next;
	uint64_t now_ms;
	uint32_t answered[2]; /* good, bad: neither may be rare */
};

static uint32_t below(struct model *model, uint32_t bound)
{
	return (uint32_t)hw_prng_below(&model->prng, bound);
}

static struct model_file *file_any(struct model *model)
{
	return &model->files[below(model, FILES)];
}

static int ask(struct model *model, struct hw_catalog_request *request, int expected)
{
	request->now_ms = model->now_ms;
	int r = run_one(&model->fixture, request);
	if (r != expected) {
		fail_msg("verb %d: %d, not %d", (int)request->verb, r, expected);
	}
	model->answered[r < 0]++;
	return r;
}

static void share_request(struct model *model, struct hw_catalog_request *request,
			  enum hw_catalog_verb verb, uint32_t share)
{
	request_share(request, verb, share + SHARES * model->shares[share].generation);
	request->free_size = UINT64_MAX;
}

static void name_set(struct hw_catalog_request *request, uint32_t name)
{
	request->name_size = (uint16_t)snprintf(request->name, sizeof(request->name), "n%u", name);
}

static int share_says(const struct model *model, uint32_t share)
{
	const struct model_share *s = &model->shares[share];
	if (!s->was_made) {
		return -ENOENT;
	}
	bool is_gone = s->has_ended || (s->expires_ms > 0 && s->expires_ms <= model->now_ms) ||
		       (s->downloads_max > 0 && s->downloads >= s->downloads_max);
	return is_gone ? -EIDRM : 0;
}

/* Whoever receives it is not told; whoever reads goes on. */
static void file_forget(struct model_file *file)
{
	file->is_there = false;
	file->is_gone = true;
}

static void share_forget(struct model *model, uint32_t share)
{
	model->shares[share].has_ended = true;
	for (uint32_t i = 0; i < FILES; i++) {
		if (model->files[i].is_there && model->files[i].share == share) {
			file_forget(&model->files[i]);
		}
	}
}

static struct model_file *file_named(struct model *model, uint32_t share, uint32_t name)
{
	for (uint32_t i = 0; i < FILES; i++) {
		struct model_file *file = &model->files[i];
		if (file->is_there && file->share == share && file->name == name) {
			return file;
		}
	}
	return NULL;
}

static uint64_t offset_of(const struct model_file *file)
{
	return file->size + file->tail_size;
}

static uint64_t reserved_sum(const struct model *model)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < FILES; i++) {
		const struct model_file *file = &model->files[i];
		bool is_open = file->is_there && !file->is_sealed;
		if (is_open && file->length != HW_LENGTH_UNKNOWN) {
			sum += file->length - offset_of(file);
		}
	}
	return sum;
}

static uint64_t share_size(const struct model *model, uint32_t share)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < FILES; i++) {
		const struct model_file *file = &model->files[i];
		if (file->is_there && file->share == share) {
			sum += file->length != HW_LENGTH_UNKNOWN ? file->length : offset_of(file);
		}
	}
	return sum;
}

/* -- shares -- */

static void share_make(struct model *model)
{
	uint32_t share = below(model, SHARES);
	struct hw_share made = {.policy = {.downloads_max = below(model, 4)}};
	made.policy.expires_ms = below(model, 2) * (model->now_ms + below(model, 20000));
	struct model_share *s = &model->shares[share];
	if (s->has_ended) {
		*s = (struct model_share){.generation = s->generation + 1};
	}
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_SHARE_CREATE, share);
	memcpy(made.share_id, request.share_id, HW_SHARE_ID_SIZE);
	memcpy(made.owner_hash, request.owner_hash, HW_HASH_SIZE);
	request.share = &made;
	if (ask(model, &request, s->was_made ? -EEXIST : 0) == 0) {
		*s = (struct model_share){.was_made = true,
					  .generation = s->generation,
					  .expires_ms = made.policy.expires_ms,
					  .downloads_max = made.policy.downloads_max};
	}
}

static void share_end(struct model *model)
{
	uint32_t share = below(model, SHARES);
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_SHARE_END, share);
	if (ask(model, &request, share_says(model, share)) == 0) {
		share_forget(model, share);
	}
}

static void share_look(struct model *model)
{
	uint32_t share = below(model, SHARES);
	struct hw_share found;
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_SHARE_GET, share);
	request.share = &found;
	if (ask(model, &request, share_says(model, share)) == 0) {
		assert_int_equal(found.size, share_size(model, share));
		assert_int_equal(found.downloads, model->shares[share].downloads);
	}
}

static void share_count(struct model *model)
{
	struct model_file *file = file_any(model);
	if (!file->is_there || file->pin_count == 0) {
		return;
	}
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_COUNT, file->file_id);
	if (ask(model, &request, share_says(model, file->share)) == 0) {
		struct model_share *s = &model->shares[file->share];
		s->downloads++;
		if (s->downloads_max > 0 && s->downloads >= s->downloads_max) {
			share_forget(model, file->share);
		}
	}
}

/* -- uploads -- */

static void upload_make(struct model *model)
{
	struct model_file *file = file_any(model);
	if (file->is_there || file->pin_count > 0 || file->home != HW_HOME_NONE) {
		return;
	}
	struct model_file made = {.is_there = true,
				  .share = below(model, SHARES),
				  .name = below(model, NAMES),
				  .number = model->number_next++,
				  .expires_ms = model->now_ms + 1 + below(model, 5000),
				  .home = (uint16_t)(below(model, 2) == 0 ? 3 : HW_HOME_NONE)};
	made.length = below(model, 3) == 0
			      ? HW_LENGTH_UNKNOWN
			      : below(model, 3) * (uint64_t)HW_CHUNK_SIZE + below(model, 100000);
	hw_merkle_init(&made.merkle);
	struct hw_upload upload = {.length = made.length, .expires_ms = made.expires_ms};
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_UPLOAD_CREATE, made.share);
	memcpy(upload.upload_id, &made.number, sizeof(made.number));
	upload.upload_id[15] = 1;
	name_set(&request, made.name);
	request.upload = &upload;
	request.home = made.home;
	uint64_t length = made.length == HW_LENGTH_UNKNOWN ? 0 : made.length;
	uint64_t size = share_size(model, made.share) + length;
	request.share_size_max = below(model, 4) == 0 ? hw_max(size, 1) - below(model, 2) : 0;
	int expected = share_says(model, made.share);
	if (expected == 0 && file_named(model, made.share, made.name) != NULL) {
		expected = -EEXIST;
	}
	if (expected == 0 && request.share_size_max > 0 && size > request.share_size_max) {
		expected = -EDQUOT;
	}
	if (ask(model, &request, expected) == 0) {
		made.file_id = request.file_id;
		*file = made;
	}
}

static struct hw_extent content_extent(struct model *model, uint32_t size, uint32_t *ret_content)
{
	/* A content is known by its size too, so that equal numbers are equal bytes. */
	*ret_content = below(model, CONTENTS) + size * 16;
	return fixture_extent(&model->fixture, *ret_content, size);
}

static int append_says(const struct model *model, const struct model_file *file, uint64_t offset)
{
	if (!file->is_there) {
		return file->home != HW_HOME_NONE ? -EIDRM : -ENOENT;
	}
	if (file->is_sealed) {
		return -ENOENT;
	}
	int r = share_says(model, file->share);
	return r == 0 && file->length != HW_LENGTH_UNKNOWN && offset > file->length ? -EINVAL : r;
}

static void extent_drop(struct model *model, const struct hw_catalog_request *failed)
{
	struct hw_catalog_request drop;
	request_file(&drop, HW_CATALOG_EXTENT_DROP, 0);
	for (uint32_t i = 0; i < failed->extent_count; i++) {
		request_extent(&drop, failed->extents[i]);
	}
	assert_int_equal(run_one(&model->fixture, &drop), 0);
}

static void upload_add(struct model *model)
{
	struct model_file *file = file_any(model);
	uint32_t short_size = (uint32_t)(file->size % HW_CHUNK_SIZE);
	uint32_t chunk_count = (uint32_t)(file->size / HW_CHUNK_SIZE);
	if (file->file_id == 0 || chunk_count + 1 >= CHUNKS_MAX ||
	    (!file->is_there && !file->home)) {
		return;
	}
	struct model_file after = *file;
	bool is_full = below(model, 2) == 0;
	uint32_t size = is_full ? HW_CHUNK_SIZE : HW_BLOCK_SIZE * (1 + below(model, 3));
	struct hw_extent extent = content_extent(model, size, &after.contents[chunk_count]);
	struct hw_upload upload = {.length = file->length,
				   .expires_ms = model->now_ms + 1 + below(model, 5000)};
	after.size = file->size - short_size + size;
	after.tail_size = below(model, 2) * below(model, HW_BLOCK_SIZE);
	after.expires_ms = upload.expires_ms;
	if (is_full) {
		struct hw_hash id;
		memcpy(id.bytes, extent.root, HW_HASH_SIZE);
		hw_merkle_add(&after.merkle, &id, HW_MERKLE_CHUNK_BLOCKS);
	}
	upload.merkle = after.merkle;
	upload.offset = offset_of(&after);
	upload.tail_size = (uint16_t)after.tail_size;
	memset(upload.tail, (int)(after.number & 0xff), after.tail_size);
	struct hw_catalog_request request;
	request_append(&request, file->file_id);
	request.is_replacing = short_size > 0;
	request.is_leaving = below(model, 3) == 0;
	request.upload = &upload;
	request.free_size = UINT64_MAX;
	request_extent(&request, extent);
	int expected = append_says(model, file, upload.offset);
	if (!file->is_there && file->home == HW_HOME_NONE) {
		/* -EIDRM as long as its share is being let go of. */
		request.now_ms = model->now_ms;
		int r = run_one(&model->fixture, &request);
		assert_true(r == -ENOENT || r == -EIDRM);
		extent_drop(model, &request);
		return;
	}
	if (ask(model, &request, expected) == 0) {
		*file = after;
	} else {
		extent_drop(model, &request);
	}
	file->home = request.is_leaving ? HW_HOME_NONE : file->home;
}

static void upload_commit(struct model *model)
{
	struct model_file *file = file_any(model);
	if (!file->is_there) {
		return;
	}
	uint64_t offset = offset_of(file);
	uint32_t chunk_count = (uint32_t)(file->size / HW_CHUNK_SIZE);
	uint32_t rest = (uint32_t)(offset - chunk_count * (uint64_t)HW_CHUNK_SIZE);
	struct model_file after = *file;
	struct hw_catalog_request request;
	request_commit(&request, file->file_id, file->share, offset);
	if (rest > 0) {
		request.is_replacing = file->size % HW_CHUNK_SIZE > 0;
		request_extent(&request, content_extent(model, rest, &after.contents[chunk_count]));
	}
	int expected = append_says(model, file, offset);
	if (expected == 0 && file->length != HW_LENGTH_UNKNOWN && file->length != offset) {
		expected = -EINVAL;
	}
	if (ask(model, &request, expected) == 0) {
		after.is_sealed = true;
		after.size = offset;
		after.tail_size = 0;
		after.length = offset;
		after.home = HW_HOME_NONE;
		*file = after;
	} else {
		extent_drop(model, &request);
	}
}

static int upload_says(const struct model *model, const struct model_file *file)
{
	if (!file->is_there) {
		return file->is_gone ? -EIDRM : -ENOENT;
	}
	int r = share_says(model, file->share);
	bool has_expired = file->expires_ms <= model->now_ms && file->home == HW_HOME_NONE;
	return r == 0 && !file->is_sealed && has_expired ? -EIDRM : r;
}

static void upload_open_or_get(struct model *model)
{
	struct model_file *file = file_any(model);
	struct hw_catalog_request request;
	struct hw_upload found;
	if (file->file_id == 0) {
		return;
	}
	bool is_open = below(model, 2) == 0;
	request_upload(&request, is_open ? HW_CATALOG_UPLOAD_OPEN : HW_CATALOG_UPLOAD_GET,
		       file->number, &found);
	found.upload_id[15] = 1;
	request.home = 5;
	int expected = upload_says(model, file);
	if (expected == 0 && is_open && file->home != HW_HOME_NONE) {
		expected = -EBUSY;
	}
	if (ask(model, &request, expected) < 0) {
		return;
	}
	if (is_open && !file->is_sealed) {
		file->home = 5;
		bool is_short = file->size % HW_CHUNK_SIZE > 0;
		assert_int_equal(request.extent_count, is_short ? 1 : 0);
	}
	assert_int_equal(request.file_id, file->file_id);
	assert_int_equal(request.home, file->home);
	assert_int_equal(request.file_size, file->size);
	assert_true(found.length == file->length);
	assert_int_equal(found.offset, offset_of(file));
	assert_int_equal(found.is_sealed, file->is_sealed);
	if (!file->is_sealed) {
		assert_int_equal(found.expires_ms, file->expires_ms);
		assert_int_equal(found.tail_size, file->tail_size);
		assert_true(file->tail_size == 0 || found.tail[0] == (file->number & 0xff));
		struct hw_hash expected_root;
		struct hw_hash root;
		hw_merkle_root(&file->merkle, &expected_root);
		hw_merkle_root(&found.merkle, &root);
		assert_memory_equal(&root, &expected_root, sizeof(root));
	}
}

static void upload_leave_or_end(struct model *model)
{
	struct model_file *file = file_any(model);
	struct hw_catalog_request request;
	struct hw_upload upload;
	if (file->file_id == 0) {
		return;
	}
	switch (below(model, 3)) {
	case 0:
		request_file(&request, HW_CATALOG_UPLOAD_LEAVE, file->file_id);
		ask(model, &request, file->home == HW_HOME_NONE ? -ENOENT : 0);
		file->home = HW_HOME_NONE;
		break;
	case 1:
		request_upload(&request, HW_CATALOG_UPLOAD_END, file->number, &upload);
		upload.upload_id[15] = 1;
		int expected = upload_says(model, file);
		if (expected == 0 && (file->home != HW_HOME_NONE || file->is_sealed)) {
			expected = file->home != HW_HOME_NONE ? -EBUSY : -EPERM;
		}
		if (ask(model, &request, expected) == 0) {
			file_forget(file);
		}
		break;
	default:
		if (!file->is_there) {
			break; /* the row of a share that has ended may be there still */
		}
		request_file(&request, HW_CATALOG_ABORT, file->file_id);
		if (ask(model, &request, file->is_sealed ? -ENOENT : 0) == 0) {
			file_forget(file);
		}
		file->home = HW_HOME_NONE;
		break;
	}
}

/* -- files -- */

static void contents_check(const struct model_file *file, const struct hw_catalog_request *request)
{
	uint32_t count = (uint32_t)((file->size + HW_CHUNK_SIZE - 1) / HW_CHUNK_SIZE);
	assert_int_equal(request->file_size, file->size);
	assert_int_equal(request->extent_count, count);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t root[HW_HASH_SIZE];
		fixture_root(file->contents[i], root);
		assert_memory_equal(request->extents[i].root, root, HW_HASH_SIZE);
	}
}

static void file_look(struct model *model)
{
	uint32_t share = below(model, SHARES);
	uint32_t name = below(model, NAMES);
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_LOOKUP, share);
	name_set(&request, name);
	struct model_file *file = file_named(model, share, name);
	int expected = share_says(model, share);
	if (expected == 0 && file == NULL) {
		expected = -ENOENT;
	}
	if (ask(model, &request, expected) == 0 && file != NULL) {
		assert_int_equal(request.file_id, file->file_id);
		assert_int_equal(request.home, file->home);
		assert_int_equal(request.file_state,
				 file->is_sealed ? HW_FILE_SEALED : HW_FILE_UNFINISHED);
		contents_check(file, &request);
		file->pin_count++;
	}
}

static void file_read_or_unpin(struct model *model)
{
	struct model_file *file = file_any(model);
	struct hw_catalog_request request;
	if (file->file_id == 0) {
		return;
	}
	request_file(&request, HW_CATALOG_EXTENTS, file->file_id);
	if (ask(model, &request, file->pin_count > 0 ? 0 : -ENOENT) == 0) {
		contents_check(file, &request);
		assert_int_equal(request.file_state == HW_FILE_TOMBSTONED, !file->is_there);
		request.verb = HW_CATALOG_UNPIN;
		ask(model, &request, 0);
		file->pin_count--;
	}
}

static void file_delete(struct model *model)
{
	uint32_t share = below(model, SHARES);
	uint32_t name = below(model, NAMES);
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_DELETE, share);
	name_set(&request, name);
	bool is_owner = below(model, 5) > 0;
	request.owner_hash[7] ^= is_owner ? 0 : 1;
	struct model_file *file = file_named(model, share, name);
	int expected = share_says(model, share);
	if (expected == 0 && (!is_owner || file == NULL)) {
		expected = is_owner ? -ENOENT : -EACCES;
	}
	if (ask(model, &request, expected) == 0 && file != NULL) {
		file_forget(file);
	}
}

static void share_list(struct model *model)
{
	uint32_t share = below(model, SHARES);
	struct hw_share_file rows[NAMES];
	struct hw_catalog_request request;
	share_request(model, &request, HW_CATALOG_FILE_LIST, share);
	request.name_size = 0;
	request.files = rows;
	request.row_capacity = NAMES;
	if (ask(model, &request, share_says(model, share)) < 0) {
		return;
	}
	uint32_t count = 0;
	for (uint32_t name = 0; name < NAMES; name++) {
		const struct model_file *file = file_named(model, share, name);
		if (file != NULL) {
			assert_int_equal(rows[count].file_id, file->file_id);
			assert_int_equal(rows[count].offset, offset_of(file));
			assert_true(rows[count].length == file->length);
			count++;
		}
	}
	assert_int_equal(request.row_count, count);
}

/* -- time -- */

static void sweep(struct model *model)
{
	struct hw_catalog_request request;
	request_file(&request, HW_CATALOG_SWEEP, 0);
	ask(model, &request, 0);
	for (uint32_t i = 0; i < SHARES; i++) {
		const struct model_share *s = &model->shares[i];
		if (s->was_made && s->expires_ms > 0 && s->expires_ms <= model->now_ms) {
			share_forget(model, i);
		}
	}
	for (uint32_t i = 0; i < FILES; i++) {
		struct model_file *file = &model->files[i];
		bool is_over = file->is_there && !file->is_sealed && file->home == HW_HOME_NONE &&
			       file->expires_ms <= model->now_ms;
		if (is_over) {
			file_forget(file);
		}
	}
}

static void restart(struct model *model)
{
	if (below(model, 2) == 0) {
		fixture_crash(&model->fixture);
	} else {
		fixture_restart(&model->fixture);
	}
	for (uint32_t i = 0; i < FILES; i++) {
		model->files[i].home = HW_HOME_NONE;
		model->files[i].pin_count = 0;
		if (!model->files[i].is_there) {
			model->files[i] = (struct model_file){.home = HW_HOME_NONE};
		} /* else its id may be another's in the next life */
	}
}

static void judge(struct model *model)
{
	fixture_drain(&model->fixture);
	fixture_judge(&model->fixture);
	assert_int_equal(model->fixture.db->reserved_size, reserved_sum(model));
	assert_int_equal(model->fixture.db->stored_size,
			 fixture_number(&model->fixture, "SELECT stored FROM total"));
}

static void step(struct model *model)
{
	static void (*const acts[])(struct model * model) = {
		share_make,    share_make,         share_look,         share_count,
		upload_make,   upload_make,        upload_make,        upload_add,
		upload_add,    upload_add,         upload_add,         upload_commit,
		upload_commit, upload_open_or_get, upload_open_or_get, upload_leave_or_end,
		file_look,     file_look,          file_read_or_unpin, file_delete,
		share_list,
	};
	uint32_t kind = below(model, 1000);
	model->now_ms += below(model, STEP_MS);
	if (kind < 6) {
		restart(model);
	} else if (kind < 12) {
		judge(model);
	} else if (kind < 60) {
		sweep(model);
	} else if (kind < 66) {
		share_end(model);
	} else if (kind < 150) {
		assert_true(hw_catalog_db_reclaim(model->fixture.db) >= 0);
	} else {
		acts[below(model, hw_count_of(acts))](model);
	}
}

static void seed_run(uint64_t seed)
{
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	hw_prng_init(&model->prng, seed);
	fixture_init(&model->fixture);
	model->now_ms = 1000;
	model->number_next = 1;
	for (uint32_t i = 0; i < FILES; i++) {
		model->files[i].home = HW_HOME_NONE;
	}
	for (uint32_t i = 0; i < STEPS; i++) {
		step(model);
	}
	judge(model);
	/* The test itself must have done something. */
	assert_true(model->answered[0] > STEPS / 10);
	assert_true(model->answered[1] > STEPS / 10);
	fixture_deinit(&model->fixture);
	free(model);
}

static void random_lives_match_the_model(void **state)
{
	(void)state;
	const char *only =
		getenv("HAWSER_TEST_SEED"); /* NOLINT(concurrency-mt-unsafe): one thread */
	uint64_t first = only != NULL ? strtoull(only, NULL, 10) : FIRST_SEED;
	uint64_t count = only != NULL ? 1 : SEEDS;
	for (uint64_t seed = first; seed < first + count; seed++) {
		print_message("HAWSER_TEST_SEED=%llu\n", (unsigned long long)seed);
		seed_run(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lives_match_the_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
