/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: wherever the process dies, what was acknowledged is there after the restart, what was
 * deleted is not, no hole was made in anything that is, and what was acknowledged of an upload can
 * be gone on with.
 * Method: a child runs a scenario and is killed at each failpoint of the room, at several of its
 * visits; it tells what was acknowledged, and what it punched, through a pipe. The parent opens the
 * files, judges them, recovers, and compares. A failpoint that is never reached fails the test. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/failpoint.h"

#define SHARES       12U
#define CHUNKS       20U /* of each file */
#define UPLOADS      4U  /* that are gone on with; each in a share of its own */
#define UPLOAD_SHARE 100U

enum told_kind {
	TOLD_COMMITTED = 1, /* share: acknowledged */
	TOLD_DELETING,      /* share: from now on it may be gone */
	TOLD_DELETED,       /* share: acknowledged */
	TOLD_OFFSET,        /* upload: bytes acknowledged */
	TOLD_SEALED,        /* upload: acknowledged as whole */
	TOLD_ENDING,        /* upload: from now on its share may be gone */
	TOLD_ENDED,         /* upload: acknowledged */
	TOLD_ACT,           /* extent: about to be punched, or its segment unlinked */
};

struct told {
	enum told_kind kind;
	uint32_t share; /* or upload */
	uint64_t offset;
	struct fixture_act act;
};

static void tell(const struct fixture *fixture, const struct told *told)
{
	const int *fd = fixture->context;
	if (write(*fd, told, sizeof(*told)) != (ssize_t)sizeof(*told)) {
		_exit(3);
	}
}

static void tell_act(struct fixture *fixture, const struct fixture_act *act)
{
	const struct told told = {.kind = TOLD_ACT, .act = *act};
	tell(fixture, &told);
}

static void tell_share(struct fixture *fixture, enum told_kind kind, uint32_t share)
{
	const struct told told = {.kind = kind, .share = share};
	tell(fixture, &told);
}

static void tell_upload(struct fixture *fixture, enum told_kind kind, uint32_t number,
			uint64_t offset)
{
	const struct told told = {.kind = kind, .share = number, .offset = offset};
	tell(fixture, &told);
}

/* A chunk, then a short one with a tail, each acknowledged; both replaced by a full one; then one
 * is sealed, one given up by the end of its share, and two are left as they are. */
static void upload_run(struct fixture *fixture, uint32_t number)
{
	const uint64_t length = UINT64_C(2) * HW_CHUNK_SIZE + number % 2;
	struct hw_upload upload = {.length = length};
	struct hw_catalog_request request;
	uint64_t file_id = 0;
	fixture->segment = 1000 + number;
	fixture->offset_next = 0;
	assert_int_equal(share_create(fixture, UPLOAD_SHARE + number, NULL, 1), 0);
	assert_int_equal(
		upload_create(fixture, UPLOAD_SHARE + number, number + 1, "a", length, &file_id),
		0);
	tell_upload(fixture, TOLD_OFFSET, number, 0);
	struct hw_extent full = fixture_extent(fixture, 900 + number, HW_CHUNK_SIZE);
	assert_int_equal(upload_append(fixture, file_id, &upload, full, 0), 0);
	tell_upload(fixture, TOLD_OFFSET, number, upload.offset);
	struct hw_extent part = fixture_extent(fixture, 910, HW_BLOCK_SIZE);
	assert_int_equal(upload_append(fixture, file_id, &upload, part, 77), 0);
	tell_upload(fixture, TOLD_OFFSET, number, upload.offset);
	if (number == 0) {
		return;
	}
	request_append(&request, file_id);
	request.upload = &upload;
	request.is_replacing = true;
	request.is_leaving = true;
	upload.offset = UINT64_C(2) * HW_CHUNK_SIZE;
	upload.tail_size = 0;
	full = fixture_extent(fixture, 920 + number, HW_CHUNK_SIZE);
	struct hw_hash id;
	memcpy(id.bytes, full.root, HW_HASH_SIZE);
	hw_merkle_add(&upload.merkle, &id, HW_MERKLE_CHUNK_BLOCKS);
	request_extent(&request, full);
	assert_int_equal(run_one(fixture, &request), 0);
	tell_upload(fixture, TOLD_OFFSET, number, upload.offset);
	if (number == 2) {
		request_commit(&request, file_id, UPLOAD_SHARE + number, length);
		assert_int_equal(run_one(fixture, &request), 0);
		tell_upload(fixture, TOLD_SEALED, number, length);
	} else if (number == 3) {
		request_share(&request, HW_CATALOG_SHARE_END, UPLOAD_SHARE + number);
		tell_upload(fixture, TOLD_ENDING, number, 0);
		assert_int_equal(run_one(fixture, &request), 0);
		tell_upload(fixture, TOLD_ENDED, number, 0);
	}
	if (hw_catalog_db_reclaim(fixture->db) < 0) {
		_exit(7);
	}
}

/* Odd shares have the content of the even one before them; the next content begins half a file
 * later, so neighbours share chunks too. */
static uint32_t share_content(uint32_t share)
{
	return share / 2 * (CHUNKS / 2);
}

static void scenario(struct fixture *fixture)
{
	for (uint32_t number = 0; number < UPLOADS; number++) {
		upload_run(fixture, number);
	}
	for (uint32_t share = 0; share < SHARES; share++) {
		fixture->segment = share * 4; /* a file of this size takes two */
		fixture->offset_next = 0;
		file_make(fixture, share, share_content(share), CHUNKS);
		tell_share(fixture, TOLD_COMMITTED, share);
		if (hw_catalog_db_segment_known(fixture->db, 0, share * 4) < 0) {
			_exit(4);
		}
		if (share >= 4 && share % 3 == 0) {
			tell_share(fixture, TOLD_DELETING, share - 4);
			assert_int_equal(share_delete(fixture, share - 4), 0);
			tell_share(fixture, TOLD_DELETED, share - 4);
		}
		if (hw_catalog_db_reclaim(fixture->db) < 0) {
			_exit(5);
		}
	}
	for (uint32_t share = 0; share < SHARES; share += 2) {
		if (share != 2 && share != 8) {
			tell_share(fixture, TOLD_DELETING, share);
			(void)share_delete(fixture, share); /* some are gone already */
			tell_share(fixture, TOLD_DELETED, share);
		}
	}
	fixture_drain(fixture);
}

static void child_run(struct fixture *fixture, const char *setting, int fd)
{
	fixture->on_act = tell_act;
	fixture->context = &fd;
	if (hw_failpoint_start(setting) < 0) {
		_exit(6);
	}
	fixture_open(fixture);
	fixture_recover(fixture);
	scenario(fixture);
	_exit(0);
}

struct history {
	bool is_committed[SHARES];
	bool is_deleting[SHARES];
	bool is_deleted[SHARES];
	bool is_begun[UPLOADS];
	bool is_sealed[UPLOADS];
	bool is_ending[UPLOADS];
	bool is_ended[UPLOADS];
	uint64_t offsets[UPLOADS];
	uint32_t told_count;
};

static void history_read(struct fixture *fixture, int fd, struct history *history)
{
	struct told told;
	while (read(fd, &told, sizeof(told)) == (ssize_t)sizeof(told)) {
		history->told_count++;
		switch (told.kind) {
		case TOLD_COMMITTED:
			history->is_committed[told.share] = true;
			break;
		case TOLD_DELETING:
			history->is_deleting[told.share] = true;
			break;
		case TOLD_DELETED:
			history->is_deleted[told.share] = true;
			break;
		case TOLD_OFFSET:
			history->is_begun[told.share] = true;
			history->offsets[told.share] = told.offset;
			break;
		case TOLD_SEALED:
			history->is_sealed[told.share] = true;
			break;
		case TOLD_ENDING:
			history->is_ending[told.share] = true;
			break;
		case TOLD_ENDED:
			history->is_ended[told.share] = true;
			break;
		default:
			assert_int_equal(told.kind, TOLD_ACT);
			assert_true(fixture->act_count < fixture->act_capacity);
			fixture->acts[fixture->act_count++] = told.act;
			break;
		}
	}
}

static bool is_harmed(const struct fixture *fixture, const struct hw_extent *extent)
{
	for (uint32_t i = 0; i < fixture->act_count; i++) {
		const struct fixture_act *act = &fixture->acts[i];
		if (act->is_unlink && act->extent.segment == extent->segment) {
			return true;
		}
	}
	return punches_of(fixture, extent) > 0;
}

/* All of the file is where it says, as it was uploaded. */
static void file_check(struct fixture *fixture, struct hw_catalog_request *found, uint32_t share)
{
	for (uint32_t i = 0; i < CHUNKS; i++) {
		if (i > 0 && i % HW_EXTENT_BATCH_MAX == 0) {
			found->verb = HW_CATALOG_EXTENTS;
			found->chunk_index = i;
			assert_int_equal(run_one(fixture, found), 0);
		}
		uint8_t root[HW_HASH_SIZE];
		const struct hw_extent *extent = &found->extents[i % HW_EXTENT_BATCH_MAX];
		fixture_root(share_content(share) + i, root);
		assert_memory_equal(extent->root, root, HW_HASH_SIZE);
		assert_false(is_harmed(fixture, extent));
	}
}

static void shares_check(struct fixture *fixture, const struct history *history)
{
	for (uint32_t share = 0; share < SHARES; share++) {
		struct hw_catalog_request found;
		int r = share_lookup(fixture, share, &found);
		assert_true(r == 0 || r == -ENOENT);
		if (history->is_committed[share] && !history->is_deleting[share]) {
			assert_int_equal(r, 0);
		}
		if (history->is_deleted[share]) {
			assert_int_equal(r, -ENOENT);
		}
		if (r == 0) {
			file_check(fixture, &found, share);
		}
	}
}

static void upload_check(struct fixture *fixture, const struct history *history, uint32_t number)
{
	struct hw_upload upload;
	struct hw_catalog_request request;
	int r = upload_get(fixture, number + 1, &request, &upload);
	if (history->is_begun[number] && !history->is_ending[number]) {
		assert_int_equal(r, 0);
	}
	if (history->is_ended[number]) {
		assert_int_equal(r, -EIDRM);
	}
	if (r < 0) {
		return;
	}
	assert_true(upload.offset >= history->offsets[number]);
	assert_true(upload.is_sealed || !history->is_sealed[number]);
	assert_int_equal(upload.tail_size, upload.offset % HW_BLOCK_SIZE);
	assert_true(upload.tail_size == 0 || upload.tail[76] == 77);
	request_share(&request, HW_CATALOG_LOOKUP, UPLOAD_SHARE + number);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.file_size, upload.offset - upload.tail_size);
	for (uint32_t i = 0; i < request.extent_count; i++) {
		assert_false(is_harmed(fixture, &request.extents[i]));
	}
}

static void run_to(const char *setting, bool is_killed, bool crash_again)
{
	static struct fixture_act acts[4096];
	struct fixture fixture;
	struct history history = {0};
	int pipe_fds[2];
	fixture_init(&fixture);
	hw_catalog_db_close(hw_move(&fixture.db));
	assert_int_equal(pipe(pipe_fds), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		child_run(&fixture, setting, pipe_fds[1]);
	}
	assert_int_equal(close(pipe_fds[1]), 0);
	fixture.acts = acts;
	fixture.act_capacity = hw_count_of(acts);
	history_read(&fixture, pipe_fds[0], &history);
	assert_int_equal(close(pipe_fds[0]), 0);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (was_killed != is_killed) {
		fail_msg("%s: status %d", setting, status);
	}
	fixture_open(&fixture);
	fixture_judge(&fixture);
	if (crash_again) {
		fixture_crash(&fixture);
	} else {
		fixture_recover(&fixture);
	}
	fixture_judge(&fixture);
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM file WHERE state > 1"), 0);
	shares_check(&fixture, &history);
	for (uint32_t number = 0; number < UPLOADS; number++) {
		upload_check(&fixture, &history, number);
	}
	fixture.acts = NULL;
	fixture_deinit(&fixture);
}

static void nobody_dies(void **state)
{
	(void)state;
	run_to("", false, false);
}

static void death_at_each_failpoint(void **state)
{
	(void)state;
	if (!HW_FAILPOINTS) {
		skip();
	}
	static const char *const points[] = {
		"append_before_commit", "append_after_commit",  "commit_before_commit",
		"commit_after_commit",  "delete_before_commit", "delete_after_commit",
		"extent_dropped",       "extent_punched",       "segment_unlinked"};
	for (uint32_t i = 0; i < hw_count_of(points); i++) {
		/* The first visits are of uploads that are gone on with. */
		const uint32_t visits[] = {1, 2, 3, 4, 5, 7, 13, 15, 21};
		uint32_t count = i < 2 ? hw_count_of(visits) : 5;
		for (uint32_t k = 0; k < count; k++) {
			char setting[64];
			(void)snprintf(setting, sizeof(setting), "%s:%u", points[i], visits[k]);
			run_to(setting, true, k % 2 == 0);
		}
	}
	run_to("recovery_opened", true, false);
	run_to("recovery_forgot", true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_dies),
		cmocka_unit_test(death_at_each_failpoint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
