/* SPDX-License-Identifier: Apache-2.0
 *
 *   file_read -> file_take -> [leave -> left] -> [UNPIN ->] LOOKUP -> found -> go_on
 *                   |                                                           |
 *                   +-> (follower.c) -> read_done <-----------------------------+
 *
 *   file_end -> [file_take] -> [leave -> left] -> is it sealed? its checksum
 *                                                    | no
 *                                                    +-> WATCH -> watched -> go_on
 *
 * There is one request. The follower has it from begin until left.
 */
#include <errno.h>
#include <string.h>

#include "net/talk/archive_steps.h"

static void left(struct hw_follower *file);
static bool is_wanted(struct hw_follower *file);
static void unpinned(struct hw_catalog_request *request);
static void found(struct hw_catalog_request *request);
static void watched(struct hw_catalog_request *request);

void hw_archive_file_init(struct hw_archive *archive)
{
	archive->hold = HW_ARCHIVE_HOLD_NONE;
	archive->end_asked_us = 0;
	archive->file.done = hw_archive_read_done;
	archive->file.left = left;
	archive->file.is_wanted = is_wanted;
	hw_follower_init(&archive->file, archive->talks);
}

/* Where a pause has not begun yet. */
static bool is_wanted(struct hw_follower *file)
{
	const struct hw_archive *archive = hw_container_of(file, struct hw_archive, file);
	return archive->conn == NULL || !archive->conn->is_cut;
}

/* -- from one file to the next -- */

static bool is_held(const struct hw_archive *archive)
{
	return archive->hold != HW_ARCHIVE_HOLD_NONE && archive->held_id == archive->entry.file_id;
}

/* The catalog has answered. Returns whether there is a next step; else all is under way to its end.
 */
static bool is_going_on(struct hw_archive *archive)
{
	archive->is_asking = false;
	if (archive->state == HW_ARCHIVE_ENDING) {
		hw_archive_join(archive);
		return false;
	}
	return true;
}

bool hw_archive_file_leave(struct hw_archive *archive)
{
	hw_assert(archive->hold == HW_ARCHIVE_HOLD_OPEN);
	if (archive->pieces[0].bytes.follow != NULL || archive->pieces[1].bytes.follow != NULL) {
		return false; /* a slab of the home's is out: when it was sent we come again */
	}
	bool is_under_way = hw_follower_cancel(&archive->file); /* an open chunk is closed */
	hw_assert(!is_under_way);
	archive->is_asking = true;
	archive->is_leaving = true;
	hw_follower_leave(&archive->file);
	archive->is_leaving = false;
	return !archive->is_asking;
}

static void left(struct hw_follower *file)
{
	struct hw_archive *archive = hw_container_of(file, struct hw_archive, file);
	archive->hold = HW_ARCHIVE_HOLD_LEFT;
	if (archive->is_leaving) {
		archive->is_asking = false;
	} else if (archive->state == HW_ARCHIVE_LEAVING) {
		archive->is_asking = false;
		hw_archive_leave(archive);
	} else if (is_going_on(archive)) {
		hw_archive_go_on(archive);
	}
}

/* The cursor's file, as the catalog knows it. Returns 1: it may be read, 0: not yet. */
static int file_take(struct hw_archive *archive)
{
	struct hw_catalog_request *request = &archive->file.reader.request;
	if (is_held(archive) && archive->hold != HW_ARCHIVE_HOLD_LEFT) {
		return 1;
	}
	if (archive->hold == HW_ARCHIVE_HOLD_OPEN && !hw_archive_file_leave(archive)) {
		return 0;
	}
	archive->is_asking = true;
	archive->end_asked_us = 0;
	if (archive->hold != HW_ARCHIVE_HOLD_NONE) {
		request->file_id = archive->held_id;
		hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_UNPIN, unpinned);
		return 0;
	}
	memcpy(request->share_id, archive->share_id, HW_SHARE_ID_SIZE);
	memcpy(request->name, archive->entry.name, archive->entry.name_size);
	request->name_size = archive->entry.name_size;
	archive->asked_id = archive->entry.file_id;
	hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_LOOKUP, found);
	return 0;
}

static void unpinned(struct hw_catalog_request *request)
{
	struct hw_archive *archive =
		hw_container_of(request, struct hw_archive, file.reader.request);
	archive->hold = HW_ARCHIVE_HOLD_NONE;
	if (is_going_on(archive)) {
		hw_archive_go_on(archive);
	}
}

/* A file that took the name meanwhile is another one. */
static void found(struct hw_catalog_request *request)
{
	struct hw_archive *archive =
		hw_container_of(request, struct hw_archive, file.reader.request);
	if (request->res >= 0) {
		archive->hold = HW_ARCHIVE_HOLD_FOUND;
		archive->held_id = request->file_id;
	}
	if (!is_going_on(archive)) {
		return;
	}
	if (request->res < 0 || archive->held_id != archive->asked_id) {
		hw_archive_fail(archive, request->res < 0 ? request->res : -EIDRM);
		return;
	}
	hw_archive_go_on(archive);
}

/* -- its bytes -- */

int hw_archive_file_read(struct hw_archive *archive)
{
	uint64_t offset = 0;
	if (file_take(archive) == 0 || !hw_archive_may_read(archive)) {
		return 0; /* when it was found; when what is sent is sent */
	}
	if (archive->hold == HW_ARCHIVE_HOLD_FOUND) {
		hw_follower_begin(&archive->file);
		archive->hold = HW_ARCHIVE_HOLD_OPEN;
	}
	(void)hw_zip_cursor_file(&archive->cursor, &offset); /* how many: when they are there */
	hw_follower_read(&archive->file, offset);
	return 0;
}

/* -- its seal -- */

static int seal_wait(struct hw_archive *archive)
{
	struct hw_catalog_request *request = &archive->file.reader.request;
	uint64_t now_us = archive->talks->reactor->now_us;
	archive->end_asked_us = archive->end_asked_us == 0 ? now_us : archive->end_asked_us;
	if (!is_wanted(&archive->file)) {
		return -ESHUTDOWN;
	}
	if (now_us - archive->end_asked_us > HW_FOLLOWER_PATIENCE_MS * UINT64_C(1000)) {
		return -ETIMEDOUT;
	}
	archive->is_asking = true;
	request->file_id = archive->held_id;
	hw_catalog_submit(archive->talks->catalog, request, HW_CATALOG_WATCH, watched);
	return 0;
}

static void watched(struct hw_catalog_request *request)
{
	struct hw_archive *archive =
		hw_container_of(request, struct hw_archive, file.reader.request);
	if (!is_going_on(archive)) {
		return;
	}
	if (request->res < 0) {
		hw_archive_fail(archive, request->res);
		return;
	}
	hw_archive_go_on(archive);
}

int hw_archive_file_end(struct hw_archive *archive)
{
	const struct hw_catalog_request *request = &archive->file.reader.request;
	if (!is_held(archive) && file_take(archive) == 0) {
		return 0;
	}
	if (archive->hold == HW_ARCHIVE_HOLD_OPEN && !hw_archive_file_leave(archive)) {
		return 0;
	}
	switch (request->file_state) {
	case HW_FILE_SEALED:
		archive->end_asked_us = 0;
		hw_zip_cursor_end(&archive->cursor, request->crc32);
		return 1;
	case HW_FILE_UNFINISHED:
		return seal_wait(archive);
	default:
		return -EIDRM;
	}
}
