/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a watch:
 *
 *   watch -> changed already? answered
 *         -> else into its bucket -> [touch: its file changed; expire: a second is over; close]
 *         -> ready -> hw_catalog_db_watch_next: answered with what is true then
 *
 * Requests are linked by their mail, which nobody else uses until they are given back.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/catalog/catalog_parts.h"

#define WAIT_MS_MAX  1000U
#define CAPACITY_MAX (1U << 16) /* buckets; more watches make the chains longer */

static int seen_read(struct hw_catalog_db *db, struct hw_catalog_request *request);
static struct hw_catalog_request *request_of(struct hw_mail *mail);
static void ready_move(struct hw_catalog_watches *watches, struct hw_mail **slot);
static void bucket_expire(struct hw_catalog_watches *watches, struct hw_mail **slot,
			  uint64_t now_ms);
static void all_ready(struct hw_catalog_watches *watches);

int hw_catalog_watches_init(struct hw_catalog_watches *watches, uint32_t capacity)
{
	uint32_t bucket_count = 1;
	while (bucket_count < hw_min(capacity, CAPACITY_MAX)) {
		bucket_count *= 2;
	}
	*watches = (struct hw_catalog_watches){.bucket_mask = bucket_count - 1};
	watches->buckets = calloc(bucket_count, sizeof(struct hw_mail *));
	return watches->buckets == NULL ? -ENOMEM : 0;
}

void hw_catalog_watches_deinit(struct hw_catalog_watches *watches)
{
	for (uint32_t i = 0; watches->buckets != NULL && i <= watches->bucket_mask; i++) {
		hw_assert(watches->buckets[i] == NULL);
	}
	hw_assert(watches->ready == NULL);
	free(hw_move(&watches->buckets));
}

int hw_catalog_watch(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	struct hw_catalog_watches *watches = &db->watches;
	const uint64_t file_size = request->file_size;
	const uint16_t home = request->home;
	const enum hw_file_state state = request->file_state;
	int r = seen_read(db, request);
	bool has_changed = request->file_size != file_size || request->home != home ||
			   request->file_state != state;
	if (r < 0 || has_changed || watches->is_closed) {
		return r;
	}
	struct hw_mail **bucket = &watches->buckets[request->file_id & watches->bucket_mask];
	request->mail.next = *bucket;
	*bucket = &request->mail;
	return -EINPROGRESS;
}

static int seen_read(struct hw_catalog_db *db, struct hw_catalog_request *request)
{
	if (!hw_pins_has(&db->pins, request->file_id)) {
		return -ENOENT;
	}
	struct hw_catalog_file file = {0};
	int r = hw_catalog_file_get(db, request->file_id, &file);
	if (r == 0) {
		hw_catalog_file_tell(db, &file, request);
	}
	return r;
}

void hw_catalog_file_tell(const struct hw_catalog_db *db, const struct hw_catalog_file *file,
			  struct hw_catalog_request *request)
{
	request->file_size = file->file_size;
	request->length = file->length;
	request->first_offset = file->first_offset;
	request->file_state = hw_catalog_file_state_seen(file);
	request->home = hw_homes_of(&db->homes, file->file_id);
	if (request->file_state == HW_FILE_SEALED) {
		request->crc32 = file->crc32;
	}
}

void hw_catalog_watch_touch(struct hw_catalog_db *db, uint64_t file_id)
{
	struct hw_catalog_watches *watches = &db->watches;
	struct hw_mail **slot = &watches->buckets[file_id & watches->bucket_mask];
	while (*slot != NULL) {
		if (request_of(*slot)->file_id == file_id) {
			ready_move(watches, slot);
		} else {
			slot = &(*slot)->next;
		}
	}
}

void hw_catalog_watch_expire(struct hw_catalog_db *db, uint64_t now_ms)
{
	struct hw_catalog_watches *watches = &db->watches;
	for (uint32_t i = 0; i <= watches->bucket_mask; i++) {
		bucket_expire(watches, &watches->buckets[i], now_ms);
	}
}

static void bucket_expire(struct hw_catalog_watches *watches, struct hw_mail **slot,
			  uint64_t now_ms)
{
	while (*slot != NULL) {
		/* A clock that was set back is an answer too early, not one too late. */
		uint64_t since_ms = request_of(*slot)->now_ms;
		if (now_ms < since_ms || now_ms - since_ms >= WAIT_MS_MAX) {
			ready_move(watches, slot);
		} else {
			slot = &(*slot)->next;
		}
	}
}

void hw_catalog_db_watch_close(struct hw_catalog_db *db)
{
	db->watches.is_closed = true;
	all_ready(&db->watches);
}

static void all_ready(struct hw_catalog_watches *watches)
{
	for (uint32_t i = 0; i <= watches->bucket_mask; i++) {
		while (watches->buckets[i] != NULL) {
			ready_move(watches, &watches->buckets[i]);
		}
	}
}

struct hw_catalog_request *hw_catalog_db_watch_next(struct hw_catalog_db *db)
{
	struct hw_mail *mail = db->watches.ready;
	if (mail == NULL) {
		return NULL;
	}
	db->watches.ready = mail->next;
	struct hw_catalog_request *request = request_of(mail);
	request->res = seen_read(db, request);
	return request;
}

static struct hw_catalog_request *request_of(struct hw_mail *mail)
{
	return hw_container_of(mail, struct hw_catalog_request, mail);
}

static void ready_move(struct hw_catalog_watches *watches, struct hw_mail **slot)
{
	struct hw_mail *mail = *slot;
	*slot = mail->next;
	mail->next = watches->ready;
	watches->ready = mail;
}
