/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: after any sequence of requests, reclaiming and crashes the catalog names exactly the
 * content of the files that are there, each once; every other extent was punched exactly once; and
 * nothing that a file or a reader needs was ever punched. Method: thousands of random groups
 * against a model of plain arrays, for a number of seeds. The model knows files and contents, not
 * SQL: it says what each request must answer. Where the catalog is free to choose (which of two
 * equal extents it keeps), the model looks only at the outcome. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/prng.h"

#define SEEDS          12U
#define GROUPS         800U
#define GROUP_MAX      12U
#define FILES          60U  /* slots of the model */
#define CHUNKS_MAX     250U /* of one file; few have more than 20 */
#define PLACES_MAX     100000U
#define CONTENTS_FULL  25U                  /* 0 .. 24: full chunks */
#define CONTENTS       (CONTENTS_FULL + 8U) /* and short ones */
#define NEVER_PRESENT  UINT32_MAX
#define FIRST_SEED     UINT64_C(9000)
#define SEGMENT_PLACES 6U /* places in a segment, on average, before it is sealed */

enum model_state { MODEL_NONE = 0, MODEL_UNFINISHED, MODEL_SEALED, MODEL_DELETED };

struct model_file {
	enum model_state state;
	uint64_t id;
	uint32_t share;
	uint32_t pin_count;
	uint32_t chunk_count;
	uint8_t contents[CHUNKS_MAX];
	uint64_t size;
};

enum place_state { PLACE_FREE = 0, PLACE_UNNAMED, PLACE_NAMED, PLACE_GIVEN_BACK };

struct model_place {
	struct hw_extent extent;
	uint32_t content;
	enum place_state state;
	uint32_t punch_count;
};

struct model_segment {
	bool is_sealed;
	bool is_unlinked;
};

struct model {
	struct fixture fixture;
	struct hw_prng prng;
	struct model_file files[FILES];
	struct model_place *places;
	uint32_t place_count;
	struct model_segment segments[PLACES_MAX / SEGMENT_PLACES];
	uint32_t segment;
	uint64_t offset;
	uint32_t share_next;
	struct hw_catalog_request requests[GROUP_MAX];
	uint32_t slots[GROUP_MAX];        /* the file of each request */
	bool is_new[GROUP_MAX];           /* it begins that file */
	uint32_t extent_place[GROUP_MAX]; /* the first place of its extents */
	uint32_t request_count;
	uint32_t answered[2]; /* good, bad: neither may be rare */
};

static uint32_t content_size(uint32_t content)
{
	return content < CONTENTS_FULL ? HW_CHUNK_SIZE : 1 + (content - CONTENTS_FULL) * 5000;
}

/* The last content has the root of the first, and another size. */
static uint32_t content_root(uint32_t content)
{
	return content == CONTENTS - 1 ? 0 : content;
}

static uint32_t below(struct model *model, uint32_t bound)
{
	return (uint32_t)hw_prng_below(&model->prng, bound);
}

/* Places come in their order, so they can be searched. */
static struct model_place *place_find(struct model *model, const struct hw_extent *extent)
{
	for (uint32_t i = model->place_count; i > 0; i--) {
		struct model_place *place = &model->places[i - 1];
		if (place->extent.segment == extent->segment &&
		    place->extent.offset == extent->offset) {
			return place;
		}
	}
	return NULL;
}

static void on_act(struct fixture *fixture, const struct fixture_act *act)
{
	struct model *model = fixture->context;
	if (act->is_unlink) {
		struct model_segment *segment = &model->segments[act->extent.segment];
		assert_true(segment->is_sealed);
		assert_false(segment->is_unlinked);
		segment->is_unlinked = true;
		return;
	}
	struct model_place *place = place_find(model, &act->extent);
	assert_non_null(place);
	assert_int_equal(place->extent.size, act->extent.size);
	assert_true(place->state == PLACE_NAMED || place->state == PLACE_UNNAMED);
	assert_false(model->segments[act->extent.segment].is_unlinked);
	place->punch_count++;
	assert_int_equal(place->punch_count, 1);
}

static void extent_add(struct model *model, struct hw_catalog_request *request, uint32_t content)
{
	assert_true(model->place_count < PLACES_MAX);
	struct model_place *place = &model->places[model->place_count++];
	*place = (struct model_place){.content = content, .state = PLACE_UNNAMED};
	place->extent = (struct hw_extent){
		.segment = model->segment, .offset = model->offset, .size = content_size(content)};
	fixture_root(content_root(content), place->extent.root);
	model->offset += hw_extent_disk_size(place->extent.size);
	request_extent(request, place->extent);
}

static void extents_add(struct model *model, struct hw_catalog_request *request)
{
	uint32_t count = 1 + below(model, 5);
	uint32_t first = below(model, CONTENTS_FULL);
	for (uint32_t i = 0; i < count; i++) {
		/* Runs, so that files share them, and repetitions; now and then a short one. */
		uint32_t kind = below(model, 20);
		uint32_t content = (first + (kind < 15 ? i : 0)) % CONTENTS_FULL;
		if (i + 1 == count && kind >= 17) {
			content = CONTENTS_FULL + below(model, CONTENTS - CONTENTS_FULL);
		}
		extent_add(model, request, content);
	}
}

static uint32_t slot_any(struct model *model, enum model_state state)
{
	uint32_t first = below(model, FILES);
	for (uint32_t i = 0; i < FILES; i++) {
		uint32_t slot = (first + i) % FILES;
		if (model->files[slot].state == state) {
			return slot;
		}
	}
	return FILES;
}

/* The state that a file must be in for such a request to be worth asking. */
static enum model_state state_for(struct model *model, enum hw_catalog_verb verb)
{
	switch (verb) {
	case HW_CATALOG_APPEND:
	case HW_CATALOG_COMMIT:
		return below(model, 2) == 0 ? MODEL_NONE : MODEL_UNFINISHED;
	case HW_CATALOG_ABORT:
		return MODEL_UNFINISHED;
	case HW_CATALOG_UNPIN:
	case HW_CATALOG_EXTENTS:
		return below(model, 3) == 0 ? MODEL_DELETED : MODEL_SEALED;
	default:
		return MODEL_SEALED;
	}
}

static void commit_fill(struct model *model, struct hw_catalog_request *request,
			const struct model_file *file)
{
	request_commit(request, file->id, model->share_next++, file->size);
	if (below(model, 3) > 0) {
		extents_add(model, request);
	}
	for (uint32_t k = 0; k < request->extent_count; k++) {
		request->file_size += request->extents[k].size;
	}
	request->file_size += below(model, 10) == 0 ? 1 : 0;
}

static void request_fill(struct model *model, struct hw_catalog_request *request,
			 enum hw_catalog_verb verb, const struct model_file *file)
{
	switch (verb) {
	case HW_CATALOG_APPEND:
		request_append(request, file->id);
		extents_add(model, request);
		break;
	case HW_CATALOG_COMMIT:
		commit_fill(model, request, file);
		break;
	case HW_CATALOG_LOOKUP:
	case HW_CATALOG_DELETE:
		request_share(request, verb, file->share);
		request->owner_hash[3] ^= below(model, 5) == 0 ? 1 : 0;
		break;
	default:
		request_file(request, verb, file->id);
		request->chunk_index = below(model, 40);
		break;
	}
}

static void request_new(struct model *model, enum hw_catalog_verb verb)
{
	uint32_t i = model->request_count;
	enum model_state state = state_for(model, verb);
	uint32_t slot = slot_any(model, state);
	if (slot == FILES) {
		return;
	}
	/* Two requests of a group may be about one file, but not begin it twice. */
	for (uint32_t k = 0; k < i; k++) {
		if (state == MODEL_NONE && model->slots[k] == slot) {
			return;
		}
	}
	model->slots[i] = slot;
	model->is_new[i] = state == MODEL_NONE;
	model->extent_place[i] = model->place_count;
	request_fill(model, &model->requests[i], verb, &model->files[slot]);
	model->request_count++;
}

/* The extents of an answer are those of the file, and nobody punched them. */
static void extents_check(struct model *model, const struct model_file *file,
			  const struct hw_catalog_request *request)
{
	uint32_t first = request->chunk_index;
	uint32_t left = first < file->chunk_count ? file->chunk_count - first : 0;
	assert_int_equal(request->extent_count, hw_min(left, HW_EXTENT_BATCH_MAX));
	for (uint32_t i = 0; i < request->extent_count; i++) {
		const struct model_place *place = place_find(model, &request->extents[i]);
		assert_non_null(place);
		assert_int_equal(place->content, file->contents[first + i]);
		assert_memory_equal(&place->extent, &request->extents[i], sizeof(place->extent));
		assert_int_equal(place->punch_count, 0);
		assert_int_equal(place->state, PLACE_NAMED);
	}
}

static int read_expected(struct model *model, struct model_file *file,
			 const struct hw_catalog_request *request)
{
	switch (request->verb) {
	case HW_CATALOG_LOOKUP:
		file->pin_count++;
		assert_int_equal(request->file_id, file->id);
		assert_int_equal(request->file_size, file->size);
		extents_check(model, file, request);
		return 0;
	case HW_CATALOG_EXTENTS:
		if (file->pin_count > 0) {
			extents_check(model, file, request);
		}
		return file->pin_count > 0 ? 0 : -ENOENT;
	default:
		assert_int_equal(request->verb, HW_CATALOG_UNPIN);
		if (file->pin_count == 0) {
			return -ENOENT;
		}
		file->pin_count--;
		if (file->pin_count == 0 && file->state == MODEL_DELETED) {
			file->state = MODEL_NONE;
		}
		return 0;
	}
}

static void extents_named(struct model *model, struct model_file *file, uint32_t i)
{
	const struct hw_catalog_request *request = &model->requests[i];
	for (uint32_t k = 0; k < request->extent_count; k++) {
		struct model_place *place = &model->places[model->extent_place[i] + k];
		place->state = PLACE_NAMED;
		assert_true(file->chunk_count < CHUNKS_MAX);
		file->contents[file->chunk_count++] = (uint8_t)place->content;
		file->size += place->extent.size;
	}
}

static int write_expected(struct model *model, struct model_file *file, uint32_t i)
{
	const struct hw_catalog_request *request = &model->requests[i];
	if (request->verb == HW_CATALOG_DELETE) {
		if (file->state != MODEL_SEALED) {
			return -ENOENT; /* deleted earlier in this group */
		}
		struct hw_catalog_request right;
		request_share(&right, HW_CATALOG_DELETE, file->share);
		if (memcmp(right.owner_hash, request->owner_hash, HW_HASH_SIZE) != 0) {
			return -EACCES;
		}
		file->state = file->pin_count > 0 ? MODEL_DELETED : MODEL_NONE;
		return 0;
	}
	bool is_new = model->is_new[i];
	if (!is_new && file->state != MODEL_UNFINISHED) {
		return -ENOENT; /* ended earlier in this group */
	}
	if (request->verb == HW_CATALOG_ABORT) {
		file->state = MODEL_NONE;
		return 0;
	}
	struct model_file before = *file;
	if (is_new) {
		*file = (struct model_file){.state = MODEL_UNFINISHED};
	}
	bool is_whole = file->size == (uint64_t)file->chunk_count * HW_CHUNK_SIZE;
	for (uint32_t k = 0; k + 1 < request->extent_count; k++) {
		is_whole = is_whole && request->extents[k].size == HW_CHUNK_SIZE;
	}
	uint64_t size = file->size;
	for (uint32_t k = 0; k < request->extent_count; k++) {
		size += request->extents[k].size;
	}
	bool is_commit = request->verb == HW_CATALOG_COMMIT;
	if ((request->extent_count > 0 && !is_whole) || (is_commit && size != request->file_size)) {
		*file = before;
		return -EINVAL;
	}
	extents_named(model, file, i);
	file->state = is_commit ? MODEL_SEALED : MODEL_UNFINISHED;
	return 0;
}

/* After a good write: what the catalog told, and what the test set itself. */
static void write_learn(struct model_file *file, const struct hw_catalog_request *request)
{
	if (request->verb == HW_CATALOG_APPEND || request->verb == HW_CATALOG_COMMIT) {
		assert_int_not_equal(request->file_id, 0);
		assert_true(file->id == 0 || file->id == request->file_id);
		file->id = request->file_id;
	}
	if (request->verb == HW_CATALOG_COMMIT) {
		memcpy(&file->share, request->share_id, sizeof(file->share));
	}
	if (file->state == MODEL_NONE) {
		*file = (struct model_file){0};
	}
}

/* Give up the extents of a request that failed. */
static void extents_drop(struct model *model, uint32_t i)
{
	struct hw_catalog_request drop;
	request_file(&drop, HW_CATALOG_EXTENT_DROP, 0);
	for (uint32_t k = 0; k < model->requests[i].extent_count; k++) {
		request_extent(&drop, model->places[model->extent_place[i] + k].extent);
	}
	assert_int_equal(run_one(&model->fixture, &drop), 0);
	for (uint32_t k = 0; k < drop.extent_count; k++) {
		struct model_place *place = &model->places[model->extent_place[i] + k];
		assert_int_equal(place->punch_count, 1);
		place->state = PLACE_GIVEN_BACK;
	}
}

static bool is_file_gone(const struct model *model, uint32_t i)
{
	/* A file that an earlier request of the group ended, so that its slot forgot it. */
	return model->requests[i].verb != HW_CATALOG_APPEND &&
	       model->requests[i].verb != HW_CATALOG_COMMIT &&
	       model->files[model->slots[i]].state == MODEL_NONE;
}

static void group_check(struct model *model)
{
	for (uint32_t i = 0; i < model->request_count; i++) {
		const struct hw_catalog_request *request = &model->requests[i];
		struct model_file *file = &model->files[model->slots[i]];
		if (!hw_catalog_verb_is_read(request->verb)) {
			continue;
		}
		int expected =
			is_file_gone(model, i) ? -ENOENT : read_expected(model, file, request);
		assert_int_equal(request->res, expected);
		model->answered[expected < 0]++;
	}
	for (uint32_t i = 0; i < model->request_count; i++) {
		const struct hw_catalog_request *request = &model->requests[i];
		struct model_file *file = &model->files[model->slots[i]];
		if (hw_catalog_verb_is_read(request->verb)) {
			continue;
		}
		int expected = is_file_gone(model, i) ? -ENOENT : write_expected(model, file, i);
		assert_int_equal(request->res, expected);
		model->answered[expected < 0]++;
		if (expected == 0) {
			write_learn(file, request);
		}
	}
	for (uint32_t i = 0; i < model->request_count; i++) {
		if (model->requests[i].res < 0 && model->requests[i].extent_count > 0 &&
		    !hw_catalog_verb_is_read(model->requests[i].verb)) {
			extents_drop(model, i);
		}
	}
	/* Files that are gone altogether. */
	for (uint32_t i = 0; i < FILES; i++) {
		if (model->files[i].state == MODEL_NONE) {
			model->files[i] = (struct model_file){0};
		}
	}
}

static void group_run(struct model *model)
{
	static const enum hw_catalog_verb verbs[] = {
		HW_CATALOG_APPEND, HW_CATALOG_APPEND, HW_CATALOG_COMMIT, HW_CATALOG_COMMIT,
		HW_CATALOG_ABORT,  HW_CATALOG_LOOKUP, HW_CATALOG_LOOKUP, HW_CATALOG_EXTENTS,
		HW_CATALOG_UNPIN,  HW_CATALOG_UNPIN,  HW_CATALOG_DELETE, HW_CATALOG_DELETE};
	model->request_count = 0;
	uint32_t count = 1 + below(model, GROUP_MAX);
	for (uint32_t i = 0; i < count; i++) {
		request_new(model, verbs[below(model, hw_count_of(verbs))]);
	}
	struct hw_catalog_request *pointers[GROUP_MAX];
	for (uint32_t i = 0; i < model->request_count; i++) {
		pointers[i] = &model->requests[i];
	}
	hw_catalog_db_run(model->fixture.db, pointers, model->request_count);
	group_check(model);
}

static void segment_seal(struct model *model)
{
	assert_int_equal(hw_catalog_db_segment_known(model->fixture.db, 0, model->segment), 0);
	model->segments[model->segment].is_sealed = true;
	model->segment++;
	model->offset = 0;
}

static int live_mark(void *context, const struct hw_extent *extent)
{
	struct model *model = context;
	struct model_place *place = place_find(model, extent);
	assert_non_null(place);
	assert_memory_equal(&place->extent, extent, sizeof(*extent));
	assert_int_equal(place->state, PLACE_NAMED);
	assert_int_equal(place->punch_count, 0);
	assert_false(model->segments[extent->segment].is_unlinked);
	place->state = PLACE_FREE; /* marked: seen in this walk */
	return 0;
}

/* What is named is what the files need, each content once. @is_recovered: the rest is the store's
 * to give back, whatever became of it; otherwise it was punched. */
static void live_check(struct model *model, bool is_recovered)
{
	uint32_t present[CONTENTS] = {0};
	bool is_needed[CONTENTS] = {false};
	assert_int_equal(hw_catalog_db_extents_each(model->fixture.db, live_mark, model), 0);
	for (uint32_t i = 0; i < FILES; i++) {
		const struct model_file *file = &model->files[i];
		for (uint32_t k = 0; k < file->chunk_count; k++) {
			is_needed[file->contents[k]] = true;
		}
	}
	for (uint32_t i = 0; i < model->place_count; i++) {
		struct model_place *place = &model->places[i];
		if (place->state == PLACE_FREE) {
			present[place->content]++;
			place->state = PLACE_NAMED;
		} else if (is_recovered) {
			place->state = PLACE_GIVEN_BACK;
		} else if (place->state == PLACE_NAMED) {
			assert_int_equal(place->punch_count, 1);
			place->state = PLACE_GIVEN_BACK;
		}
	}
	for (uint32_t i = 0; i < CONTENTS; i++) {
		assert_int_equal(present[i], is_needed[i] ? 1 : 0);
	}
}

static void crash(struct model *model)
{
	if (below(model, 2) == 0) {
		fixture_crash(&model->fixture);
	} else {
		fixture_restart(&model->fixture);
	}
	for (uint32_t i = 0; i < FILES; i++) {
		struct model_file *file = &model->files[i];
		file->pin_count = 0;
		if (file->state != MODEL_SEALED) {
			*file = (struct model_file){0};
		}
	}
	live_check(model, true);
	for (uint32_t i = 0; i <= model->segment; i++) {
		if (!model->segments[i].is_unlinked && i < model->segment) {
			model->segments[i].is_sealed = true;
			assert_int_equal(hw_catalog_db_segment_known(model->fixture.db, 0, i), 0);
		}
	}
}

static void step(struct model *model)
{
	uint32_t kind = below(model, 100);
	if (kind < 70) {
		group_run(model);
	} else if (kind < 90) {
		assert_true(hw_catalog_db_reclaim(model->fixture.db) >= 0);
	} else if (kind < 94) {
		segment_seal(model);
	} else if (kind < 97) {
		fixture_judge(&model->fixture);
	} else if (kind < 99) {
		fixture_drain(&model->fixture);
		live_check(model, false);
	} else {
		crash(model);
	}
}

/* A sealed segment in which nothing lives is gone after a drain. */
static void segments_check(struct model *model)
{
	bool *is_in_use = calloc(model->segment + 1, sizeof(*is_in_use));
	assert_non_null(is_in_use);
	for (uint32_t i = 0; i < model->place_count; i++) {
		is_in_use[model->places[i].extent.segment] |= model->places[i].state == PLACE_NAMED;
	}
	for (uint32_t i = 0; i < model->segment; i++) {
		assert_int_equal(model->segments[i].is_unlinked, !is_in_use[i]);
	}
	free(is_in_use);
}

static void seed_run(uint64_t seed)
{
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	model->places = calloc(PLACES_MAX, sizeof(*model->places));
	assert_non_null(model->places);
	hw_prng_init(&model->prng, seed);
	fixture_init(&model->fixture);
	model->fixture.on_act = on_act;
	model->fixture.context = model;
	for (uint32_t i = 0; i < GROUPS; i++) {
		step(model);
	}
	fixture_drain(&model->fixture);
	live_check(model, false);
	segments_check(model);
	fixture_judge(&model->fixture);
	/* The test itself must have done something. */
	assert_true(model->answered[0] > 500);
	assert_true(model->answered[1] > 100);
	fixture_deinit(&model->fixture);
	free(model->places);
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
