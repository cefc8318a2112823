/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what an upload was acknowledged for is there after any stop, and can be gone on with by
 * whoever knows its id, one at a time; what was announced is reserved and stays within the quotas.
 * Method: one small catalog for each case, judged by SQL after it. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const struct hw_extent g_nothing;

static int setup_share(void **state)
{
	(void)fixture_setup(state);
	assert_int_equal(share_create(*state, 1, NULL, 5), 0);
	return 0;
}

static struct hw_upload upload_new(uint64_t length)
{
	struct hw_upload upload = {.length = length, .expires_ms = 5000};
	hw_merkle_init(&upload.merkle);
	return upload;
}

static int upload_open(struct fixture *fixture, uint32_t number, uint16_t home, uint64_t now_ms,
		       struct hw_catalog_request *request, struct hw_upload *upload)
{
	request_upload(request, HW_CATALOG_UPLOAD_OPEN, number, upload);
	request->home = home;
	request->now_ms = now_ms;
	return run_one(fixture, request);
}

static int upload_end(struct fixture *fixture, uint32_t number)
{
	struct hw_catalog_request request;
	struct hw_upload upload;
	request_upload(&request, HW_CATALOG_UPLOAD_END, number, &upload);
	return run_one(fixture, &request);
}

static void gone_on_with_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t length = HW_CHUNK_SIZE + MIB + 100;
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	struct hw_upload found;
	struct hw_upload upload = upload_new(length);
	assert_int_equal(upload_create(fixture, 1, 9, "movie", length, &file_id), 0);
	assert_int_equal(upload_append(fixture, file_id, &upload,
				       fixture_extent(fixture, 1, HW_CHUNK_SIZE), 0),
			 0);
	struct hw_extent last = fixture_extent(fixture, 2, MIB);
	assert_int_equal(upload_append(fixture, file_id, &upload, last, 100), 0);
	fixture_crash(fixture);
	assert_int_equal(upload_open(fixture, 9, 4, 10, &request, &found), 0);
	assert_int_equal(request.file_id, file_id);
	assert_int_equal(request.file_size, HW_CHUNK_SIZE + MIB);
	assert_int_equal(request.home, 4);
	assert_int_equal(request.extent_count, 1);
	assert_int_equal(request.chunk_index, 1);
	assert_memory_equal(&request.extents[0], &last, sizeof(last));
	assert_int_equal(request.name_size, 5);
	assert_memory_equal(request.name, "movie", 5);
	assert_int_equal(found.length, length);
	assert_int_equal(found.offset, length);
	assert_int_equal(found.expires_ms, 5000);
	assert_int_equal(found.crc32, upload.crc32);
	assert_int_equal(found.tail_size, 100);
	assert_memory_equal(found.tail, upload.tail, 100);
	assert_false(found.is_sealed);
	struct hw_hash expected;
	struct hw_hash root;
	hw_merkle_root(&upload.merkle, &expected);
	hw_merkle_root(&found.merkle, &root);
	assert_memory_equal(&root, &expected, sizeof(root));
	/* The short chunk and the tail come anew, as one. */
	request_commit(&request, file_id, 77, length);
	request.is_replacing = true;
	found.crc32 = 0xdeadbeef;
	request.upload = &found;
	request_extent(&request, fixture_extent(fixture, 3, MIB + 100));
	assert_int_equal(run_one(fixture, &request), 0);
	fixture_drain(fixture);
	assert_int_equal(punches_of(fixture, &last), 1);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM share"), 1);
	assert_int_equal(upload_get(fixture, 9, &request, &found), 0);
	assert_true(found.is_sealed);
	assert_int_equal(found.offset, length);
	assert_int_equal(found.crc32, 0xdeadbeef);
	assert_int_equal(request.home, HW_HOME_NONE);
	assert_int_equal(request.file_state, HW_FILE_SEALED);
	/* Whoever opens it hears that, and does not become its home. */
	assert_int_equal(upload_open(fixture, 9, 4, UINT32_MAX, &request, &found), 0);
	assert_int_equal(request.home, HW_HOME_NONE);
	assert_int_equal(request.extent_count, 0);
	assert_int_equal(upload_end(fixture, 9), -EPERM);
}

static void one_home_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	struct hw_upload found;
	struct hw_upload upload = upload_new(MIB);
	assert_int_equal(upload_create(fixture, 1, 9, "a", MIB, &file_id), 0);
	assert_int_equal(upload_open(fixture, 9, 2, 10, &request, &found), -EBUSY);
	assert_int_equal(request.home, 1);
	assert_int_equal(upload_end(fixture, 9), -EBUSY);
	/* In one group: the look comes before the leaving is settled. */
	struct hw_catalog_request leave;
	request_append(&leave, file_id);
	leave.upload = &upload;
	leave.is_leaving = true;
	request_upload(&request, HW_CATALOG_UPLOAD_OPEN, 9, &found);
	request.home = 2;
	struct hw_catalog_request *both[] = {&leave, &request};
	hw_catalog_db_run(fixture->db, both, 2);
	assert_int_equal(leave.res, 0);
	assert_int_equal(request.res, -EBUSY);
	assert_int_equal(upload_open(fixture, 9, 2, 10, &request, &found), 0);
	assert_int_equal(file_leave(fixture, file_id), 0);
	assert_int_equal(file_leave(fixture, file_id), -ENOENT);
	assert_int_equal(upload_open(fixture, 9, 3, 10, &request, &found), 0);
	/* It leaves also when it fails. */
	upload.offset = 5;
	assert_int_equal(run_one(fixture, &leave), -EINVAL);
	assert_int_equal(upload_open(fixture, 9, HW_HOME_NONE, 10, &request, &found), -EINVAL);
	assert_int_equal(upload_open(fixture, 9, 3, 10, &request, &found), 0);
	request_file(&request, HW_CATALOG_ABORT, file_id);
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(fixture->db->homes.used_count, 0);
	assert_int_equal(upload_open(fixture, 9, 3, 10, &request, &found), -EIDRM);
	assert_int_equal(upload_open(fixture, 8, 3, 10, &request, &found), -ENOENT);
}

static void homes_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	char name[8] = "f0000";
	for (uint32_t i = 0; i < FIXTURE_HOMES; i++) {
		name[1] = (char)('a' + i / 26);
		name[2] = (char)('a' + i % 26);
		assert_int_equal(upload_create(fixture, 1, i + 1, name, 1, NULL), 0);
	}
	assert_int_equal(upload_create(fixture, 1, 999, "more", 1, NULL), -ENOBUFS);
	assert_int_equal(file_leave(fixture, 1), 0);
	assert_int_equal(upload_create(fixture, 1, 999, "more", 1, NULL), 0);
}

static void what_does_not_add_up_is_refused(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	assert_int_equal(upload_create(fixture, 1, 9, "a", 2 * MIB, &file_id), 0);
	for (uint32_t i = 0; i < 9; i++) {
		struct hw_upload upload = upload_new(2 * MIB);
		upload.offset = MIB;
		struct hw_catalog_request request;
		request_append(&request, file_id);
		request.upload = &upload;
		struct hw_extent extent = fixture_extent(fixture, i, MIB);
		switch (i) {
		case 0:
			upload.offset++; /* more than there is */
			break;
		case 1:
			upload.tail_size = 3; /* and not in offset */
			break;
		case 2:
			extent.size -= 1; /* a tail must begin on a block */
			upload.offset -= 1;
			break;
		case 3:
			upload.length++; /* it was announced */
			break;
		case 4:
			upload.merkle.chunk_count = 1; /* there is no full one */
			break;
		case 5:
			upload.tail_size = HW_BLOCK_SIZE;
			upload.offset += HW_BLOCK_SIZE;
			break;
		case 6:
			request.upload = NULL; /* where would its tail be? */
			break;
		case 7:
			request.is_replacing = true; /* there is no short chunk */
			break;
		default:
			upload.expires_ms = UINT64_MAX;
			break;
		}
		request_extent(&request, extent);
		assert_int_equal(run_one(fixture, &request), -EINVAL);
	}
	/* More than was announced. */
	struct hw_upload upload = upload_new(2 * MIB);
	assert_int_equal(
		upload_append(fixture, file_id, &upload, fixture_extent(fixture, 50, 2 * MIB), 1),
		-EINVAL);
	assert_int_equal(
		upload_append(fixture, file_id, &upload, fixture_extent(fixture, 51, 2 * MIB), 0),
		0);
	struct hw_catalog_request request;
	request_append(&request, file_id);
	request.is_replacing = true;
	request.upload = &upload;
	assert_int_equal(run_one(fixture, &request), -EINVAL); /* by nothing */
	struct hw_catalog_request commit;
	request_commit(&commit, file_id, 1, MIB);
	assert_int_equal(run_one(fixture, &commit), -EINVAL);
}

static int create_with(struct fixture *fixture, const struct hw_catalog_request *with,
		       uint32_t number, const struct hw_upload *like)
{
	struct hw_upload upload = *like;
	struct hw_catalog_request request = *with;
	memcpy(upload.upload_id, &number, sizeof(number));
	request.verb = HW_CATALOG_UPLOAD_CREATE;
	request.upload = &upload;
	request.home = HW_HOME_NONE;
	return run_one(fixture, &request);
}

static void who_may_create_and_what(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request with;
	const struct hw_upload good = {.length = 5, .metadata_size = 4};
	struct hw_upload bad[5] = {good, good, good, good, good};
	request_share(&with, HW_CATALOG_NONE, 1);
	with.free_size = 1000;
	with.owner_hash[0] ^= 1;
	assert_int_equal(create_with(fixture, &with, 1, &good), -EACCES);
	with.is_operator = true;
	assert_int_equal(create_with(fixture, &with, 1, &good), 0);
	assert_int_equal(create_with(fixture, &with, 2, &good), -EEXIST); /* the name */
	with.name[0] = 'F';
	assert_int_equal(create_with(fixture, &with, 1, &good), -EEXIST); /* the id */
	bad[0].length = HW_FILE_SIZE_MAX + 1;
	bad[1].kind = HW_UPLOAD_KIND_COUNT;
	bad[2].metadata_size = HW_UPLOAD_METADATA_MAX + 1;
	bad[3].expires_ms = UINT64_MAX;
	bad[4].kind = HW_UPLOAD_PARTIAL; /* has no name */
	for (uint32_t i = 0; i < hw_count_of(bad); i++) {
		assert_int_equal(create_with(fixture, &with, 3, &bad[i]), -EINVAL);
	}
	with.name_size = 0;
	assert_int_equal(create_with(fixture, &with, 3, &good), -EINVAL);
	assert_int_equal(create_with(fixture, &with, 3, &bad[4]), 0);
	assert_int_equal(create_with(fixture, &with, 4, &bad[4]), 0); /* any number without */
	with.share_id[5] ^= 1;
	assert_int_equal(create_with(fixture, &with, 5, &bad[4]), -ENOENT);
	assert_int_equal(fixture_number(fixture, "SELECT file_count * 10 + part_count FROM share"),
			 12);
	/* An id of zeros is none: it ends with the process. */
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	assert_int_equal(upload_create(fixture, 1, 0, "x", 10, &file_id), 0);
	assert_int_equal(upload_create(fixture, 1, 0, "y", 10, NULL), 0);
	request_append(&request, file_id);
	request_extent(&request, fixture_extent(fixture, 8, 7));
	assert_int_equal(run_one(fixture, &request), 0);
	fixture_crash(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT file_count * 10 + part_count FROM share"),
			 12);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 0);
}

static void announced_is_reserved(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request with;
	const struct hw_upload upload = {.length = 100};
	request_share(&with, HW_CATALOG_NONE, 1);
	with.free_size = 250;
	with.share_size_max = 200;
	assert_int_equal(create_with(fixture, &with, 1, &upload), 0);
	with.name[0] = 'b';
	assert_int_equal(create_with(fixture, &with, 2, &upload), 0);
	with.name[0] = 'c';
	assert_int_equal(create_with(fixture, &with, 3, &upload), -EDQUOT);
	with.share_size_max = 300;
	assert_int_equal(create_with(fixture, &with, 3, &upload), -ENOSPC); /* the disk */
	with.free_size = 300;
	with.store_size_max = 299;
	assert_int_equal(create_with(fixture, &with, 3, &upload), -ENOSPC);
	with.store_size_max = 300;
	assert_int_equal(create_with(fixture, &with, 3, &upload), 0);
	/* What is given up is not reserved any more; a restart knows the rest. */
	assert_int_equal(upload_end(fixture, 2), 0);
	fixture_restart(fixture);
	assert_int_equal(fixture->db->reserved_size, 200);
	with.name[0] = 'd';
	assert_int_equal(create_with(fixture, &with, 4, &upload), 0);
	assert_int_equal(create_with(fixture, &with, 5, &upload), -EEXIST);
	assert_int_equal(upload_end(fixture, 2), -EIDRM);
}

static void unknown_length_grows_within_the_quota(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	struct hw_upload upload = upload_new(HW_LENGTH_UNKNOWN);
	assert_int_equal(upload_create(fixture, 1, 9, "a", HW_LENGTH_UNKNOWN, &file_id), 0);
	assert_int_equal(upload_append(fixture, file_id, &upload,
				       fixture_extent(fixture, 1, HW_CHUNK_SIZE), 0),
			 0);
	assert_int_equal(fixture_number(fixture, "SELECT size FROM share"), HW_CHUNK_SIZE);
	request_append(&request, file_id);
	request.upload = &upload;
	request.share_size_max = HW_CHUNK_SIZE + MIB - 1;
	request_extent(&request, fixture_extent(fixture, 2, MIB));
	upload.offset += MIB;
	assert_int_equal(run_one(fixture, &request), -EDQUOT);
	request.share_size_max = 0;
	request.store_size_max = HW_CHUNK_SIZE + MIB - 1;
	assert_int_equal(run_one(fixture, &request), -ENOSPC);
	assert_int_equal(fixture->db->stored_size, HW_CHUNK_SIZE);
	/* The length is known now, and reserved; the disk must have room for it. */
	request.store_size_max = 0;
	upload.length = HW_CHUNK_SIZE + 2 * MIB;
	request.free_size = MIB - 1;
	assert_int_equal(run_one(fixture, &request), -ENOSPC);
	request.free_size = MIB;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.reserved_size, MIB);
	assert_int_equal(request.stored_size, HW_CHUNK_SIZE + MIB);
	assert_int_equal(fixture_number(fixture, "SELECT size FROM share"),
			 HW_CHUNK_SIZE + 2 * MIB);
	assert_int_equal(fixture_number(fixture, "SELECT length FROM file"),
			 HW_CHUNK_SIZE + 2 * MIB);
}

static void live_reserves_nothing(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy policy = {.mode = HW_SHARE_LIVE};
	uint64_t file_id = 0;
	struct hw_upload upload = upload_new(MIB);
	struct hw_catalog_request request;
	assert_int_equal(share_create(fixture, 2, &policy, 5), 0);
	assert_int_equal(upload_create(fixture, 2, 9, "a", MIB, &file_id), 0);
	assert_int_equal(fixture->db->reserved_size, 0);
	assert_int_equal(
		upload_append(fixture, file_id, &upload, fixture_extent(fixture, 1, MIB), 0),
		-EINVAL);
	request_commit(&request, file_id, 2, 0);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_share(&request, HW_CATALOG_LOOKUP, 2);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.length, MIB);
	assert_int_equal(request.file_size, 0);
	assert_int_equal(request.home, 1);
	assert_int_equal(request.access.mode, HW_SHARE_LIVE);
	request_file(&request, HW_CATALOG_ABORT, file_id);
	assert_int_equal(run_one(fixture, &request), 0);
	fixture_judge(fixture);
	assert_int_equal(file_unpin(fixture, file_id), 0);
}

static int append_from(struct fixture *fixture, uint64_t file_id, uint64_t first_offset,
		       struct hw_extent extent)
{
	struct hw_catalog_request request;
	request_append(&request, file_id);
	request_extent(&request, extent);
	request.first_offset = first_offset;
	return run_one(fixture, &request);
}

/* What passed before a share spilled is counted, and nowhere; only such a file may be so. */
static void spilled_file_has_no_beginning(void **state)
{
	struct fixture *fixture = *state;
	const struct hw_share_policy policy = {.mode = HW_SHARE_SPILL};
	const uint64_t first = 3 * (uint64_t)HW_CHUNK_SIZE;
	const uint64_t size = 4 * (uint64_t)HW_CHUNK_SIZE + 100;
	uint64_t file_id = 0;
	uint64_t other_id = 0;
	struct hw_catalog_request request;
	struct hw_extent whole = fixture_extent(fixture, 1, HW_CHUNK_SIZE);
	assert_int_equal(share_create(fixture, 2, &policy, 5), 0);
	assert_int_equal(upload_create(fixture, 2, 0, "a", size, &file_id), 0);
	assert_int_equal(upload_create(fixture, 1, 0, "b", size, &other_id), 0);
	assert_int_equal(append_from(fixture, other_id, first, whole), -EINVAL);
	assert_int_equal(append_from(fixture, file_id, first + 1, whole), -EINVAL);
	assert_int_equal(append_from(fixture, file_id, first, whole), 0);
	request_share(&request, HW_CATALOG_LOOKUP, 2);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.first_offset, first);
	assert_int_equal(request.file_size, first + HW_CHUNK_SIZE);
	assert_int_equal(request.chunk_index, 3);
	assert_int_equal(request.extent_count, 1);
	request.chunk_index = 2;
	request.verb = HW_CATALOG_EXTENTS;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.extent_count, 0);
	struct hw_extent last = fixture_extent(fixture, 2, 100);
	assert_int_equal(append_from(fixture, file_id, 0, last), -EINVAL);
	request_commit(&request, file_id, 2, size);
	request_extent(&request, last);
	request.first_offset = first;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(file_unpin(fixture, file_id), 0);
	fixture_judge(fixture);
	fixture_recover(fixture);
	fixture_judge(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM file_chunk"), 2);
	request_share(&request, HW_CATALOG_SHARE_END, 2);
	request.is_operator = true;
	assert_int_equal(run_one(fixture, &request), 0);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk"), 0);
}

static void past_its_time_unless_it_is_received(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	struct hw_upload upload = upload_new(100);
	struct hw_upload found;
	assert_int_equal(upload_create(fixture, 1, 9, "a", 100, &file_id), 0);
	upload.expires_ms = 5000;
	assert_int_equal(upload_append(fixture, file_id, &upload, g_nothing, 7), 0);
	request_upload(&request, HW_CATALOG_UPLOAD_GET, 9, &found);
	request.now_ms = 5000;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(found.offset, 7);
	assert_int_equal(file_leave(fixture, file_id), 0);
	request.now_ms = 4999;
	assert_int_equal(run_one(fixture, &request), 0);
	request.now_ms = 5000;
	assert_int_equal(run_one(fixture, &request), -EIDRM);
	assert_int_equal(upload_open(fixture, 9, 1, 5000, &request, &found), -EIDRM);
	assert_int_equal(upload_open(fixture, 9, 1, 4999, &request, &found), 0);
}

static void taken_away_from_who_receives_it(void **state)
{
	struct fixture *fixture = *state;
	uint64_t file_id = 0;
	struct hw_catalog_request request;
	struct hw_upload upload = upload_new(MIB);
	assert_int_equal(upload_create(fixture, 1, 9, "a", MIB, &file_id), 0);
	request_share(&request, HW_CATALOG_SHARE_END, 1);
	assert_int_equal(run_one(fixture, &request), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(upload_append(fixture, file_id, &upload,
					       fixture_extent(fixture, i, MIB), 0),
				 -EIDRM);
		fixture_drain(fixture);
	}
	request_commit(&request, file_id, 1, 0);
	assert_int_equal(run_one(fixture, &request), -EIDRM);
	assert_int_equal(file_leave(fixture, file_id), 0);
	assert_int_equal(
		upload_append(fixture, file_id, &upload, fixture_extent(fixture, 5, MIB), 0),
		-ENOENT);
	assert_int_equal(upload_get(fixture, 9, &request, &upload), -EIDRM);
}

static void parts_make_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request request;
	struct hw_catalog_request final;
	struct hw_upload upload;
	request_share(&final, HW_CATALOG_UPLOAD_CREATE, 1);
	struct hw_upload joined = {
		.upload_id = {99}, .length = UINT64_C(2) * HW_CHUNK_SIZE, .kind = HW_UPLOAD_FINAL};
	final.upload = &joined;
	final.home = 3;
	final.free_size = UINT64_MAX;
	assert_int_equal(run_one(fixture, &final), 0);
	struct hw_catalog_request commit;
	request_commit(&commit, final.file_id, 1, UINT64_C(2) * HW_CHUNK_SIZE);
	for (uint32_t part = 1; part <= 2; part++) {
		uint64_t file_id = 0;
		assert_int_equal(upload_create(fixture, 1, part, "", HW_CHUNK_SIZE, &file_id), 0);
		request_commit(&request, file_id, 1, HW_CHUNK_SIZE);
		request_extent(&request, fixture_extent(fixture, part, HW_CHUNK_SIZE));
		assert_int_equal(run_one(fixture, &request), 0);
		/* A part has no name: it is looked up by its upload id. */
		request_upload(&request, HW_CATALOG_LOOKUP, part, &upload);
		assert_int_equal(run_one(fixture, &request), 0);
		assert_int_equal(request.file_id, file_id);
		assert_int_equal(request.name_size, 0);
		assert_int_equal(request.file_size, HW_CHUNK_SIZE);
		request_extent(&commit, request.extents[0]);
		assert_int_equal(file_unpin(fixture, file_id), 0);
	}
	commit.upload = &joined;
	assert_int_equal(run_one(fixture, &commit), 0);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk WHERE refs = 2"), 2);
	assert_int_equal(fixture->db->stored_size, 2 * HW_CHUNK_SIZE);
	/* The parts may go; what was made of them stays, and is the only file. */
	assert_int_equal(upload_end(fixture, 1), 0);
	assert_int_equal(upload_end(fixture, 2), 0);
	assert_int_equal(upload_end(fixture, 99), -EPERM);
	fixture_drain(fixture);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM chunk WHERE refs = 1"), 2);
	request_share(&request, HW_CATALOG_LOOKUP, 1);
	request.name_size = 0;
	assert_int_equal(run_one(fixture, &request), 0);
	assert_int_equal(request.file_id, final.file_id);
	request_upload(&request, HW_CATALOG_LOOKUP, 1, &upload);
	assert_int_equal(run_one(fixture, &request), -EIDRM);
}

static void metadata_and_parts_of_answers(void **state)
{
	struct fixture *fixture = *state;
	struct hw_catalog_request with;
	struct hw_catalog_request request;
	static struct hw_upload upload = {.length = HW_LENGTH_UNKNOWN,
					  .metadata_size = HW_UPLOAD_METADATA_MAX,
					  .expires_ms = 99,
					  .crc32 = 5};
	static struct hw_upload found;
	memset(upload.metadata, 'k', sizeof(upload.metadata));
	request_share(&with, HW_CATALOG_NONE, 1);
	assert_int_equal(create_with(fixture, &with, 7, &upload), 0);
	fixture_restart(fixture);
	assert_int_equal(upload_get(fixture, 7, &request, &found), 0);
	assert_memory_equal(request.share_id, with.share_id, HW_SHARE_ID_SIZE);
	assert_int_equal(request.home, HW_HOME_NONE);
	assert_int_equal(found.metadata_size, HW_UPLOAD_METADATA_MAX);
	assert_memory_equal(found.metadata, upload.metadata, HW_UPLOAD_METADATA_MAX);
	assert_true(found.length == HW_LENGTH_UNKNOWN);
	assert_int_equal(found.offset, 0);
	assert_int_equal(found.crc32, 0); /* of no bytes */
	assert_int_equal(found.kind, HW_UPLOAD_WHOLE);
	request_file(&request, HW_CATALOG_UPLOAD_GET, 0);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
	request_share(&request, HW_CATALOG_UPLOAD_CREATE, 1);
	assert_int_equal(run_one(fixture, &request), -EINVAL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_share, fixture_teardown)
	const struct CMUnitTest tests[] = {
		CASE(gone_on_with_after_a_restart),
		CASE(one_home_at_a_time),
		CASE(homes_are_bounded),
		CASE(what_does_not_add_up_is_refused),
		CASE(who_may_create_and_what),
		CASE(announced_is_reserved),
		CASE(unknown_length_grows_within_the_quota),
		CASE(live_reserves_nothing),
		CASE(spilled_file_has_no_beginning),
		CASE(past_its_time_unless_it_is_received),
		CASE(taken_away_from_who_receives_it),
		CASE(parts_make_a_file),
		CASE(metadata_and_parts_of_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
