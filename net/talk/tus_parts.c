/* SPDX-License-Identifier: Apache-2.0
 *
 *   size -> part_sized (each) -> done
 *
 *   recv -> step -> LOOKUP -> part_found -> read -> read_done (copy) -> step ... -> answer
 *             ^                                          | part over
 *             +--------------- part_left <- UNPIN <------+
 */
#include "net/talk/tus_parts.h"

#include <errno.h>
#include <string.h>

#include "net/wire/base32.h"
#include "net/wire/tus_head.h"

static void part_sized(struct hw_catalog_request *request);
static void step(struct hw_tus_parts *concat);
static void part_found(struct hw_catalog_request *request);
static void read_done(struct hw_file_reader *reader, struct hw_slab *slab, int res);
static void part_leave(struct hw_tus_parts *concat);
static void part_left(struct hw_catalog_request *request);
static void answer_later(struct hw_tus_parts *concat, int res);

/* -- the parts -- */

int hw_tus_parts_init(struct hw_tus_parts *concat, struct hw_talks *talks,
		      struct hw_span part_links)
{
	struct hw_span path;
	struct hw_span prefix = HW_SPAN("/api/v1/uploads/");
	concat->talks = talks;
	concat->size = 0;
	concat->part_count = 0;
	concat->part_index = 0;
	concat->part_offset = 0;
	concat->is_pinned = false;
	concat->is_wanted = false;
	concat->is_stopped = false;
	concat->is_closing = false;
	concat->state = HW_TUS_PARTS_IDLE;
	while (hw_tus_part_next(&part_links, &path)) {
		if (concat->part_count == HW_UPLOAD_PARTS_MAX ||
		    !hw_span_starts_with(path, prefix) ||
		    hw_base32_decode(hw_span_skip(path, prefix.size),
				     concat->upload_ids[concat->part_count],
				     HW_UPLOAD_ID_SIZE) < 0) {
			return -EINVAL;
		}
		concat->part_count++;
	}
	hw_file_reader_init(&concat->reader, talks, read_done);
	return concat->part_count > 0 ? 0 : -EINVAL;
}

static void part_ask(struct hw_tus_parts *concat, enum hw_catalog_verb verb, hw_catalog_fn *done)
{
	struct hw_catalog_request *request = &concat->reader.request;
	memcpy(concat->part.upload_id, concat->upload_ids[concat->part_index], HW_UPLOAD_ID_SIZE);
	*request = (struct hw_catalog_request){.upload = &concat->part};
	hw_catalog_submit(concat->talks->catalog, request, verb, done);
}

void hw_tus_parts_size(struct hw_tus_parts *concat, void *owner, hw_tus_parts_fn *done)
{
	concat->owner = owner;
	concat->done = done;
	concat->state = HW_TUS_PARTS_SIZING;
	part_ask(concat, HW_CATALOG_UPLOAD_GET, part_sized);
}

static int part_judge(struct hw_tus_parts *concat, const struct hw_catalog_request *request)
{
	if (request->res < 0) {
		return request->res;
	}
	if (concat->part.kind != HW_UPLOAD_PARTIAL || !concat->part.is_sealed) {
		return -EAGAIN;
	}
	if (concat->part_index == 0) {
		memcpy(concat->share_id, request->share_id, HW_SHARE_ID_SIZE);
	}
	bool is_same = memcmp(concat->share_id, request->share_id, HW_SHARE_ID_SIZE) == 0;
	concat->size += concat->part.offset;
	return is_same ? 0 : -EXDEV;
}

static void part_sized(struct hw_catalog_request *request)
{
	struct hw_tus_parts *concat = hw_container_of(request, struct hw_tus_parts, reader.request);
	int r = part_judge(concat, request);
	concat->part_index++;
	if (r == 0 && concat->part_index < concat->part_count) {
		part_ask(concat, HW_CATALOG_UPLOAD_GET, part_sized);
		return;
	}
	concat->state = HW_TUS_PARTS_IDLE;
	concat->part_index = 0;
	concat->left_size = concat->size;
	concat->done(concat->owner, r);
}

/* -- the source -- */

static struct hw_tus_parts *concat_of(const struct hw_intake *intake)
{
	return intake->options.source_owner;
}

static bool parts_has_more(struct hw_intake *intake)
{
	return concat_of(intake)->left_size > 0;
}

static void parts_wait(struct hw_intake *intake)
{
	struct hw_tus_parts *concat = concat_of(intake);
	concat->intake = intake;
	concat->is_wanted = true;
	concat->is_stopped = false;
	concat->had_size = 0;
	answer_later(concat, concat->left_size > 0 ? 1 : 0);
}

static void parts_recv(struct hw_intake *intake, uint8_t *bytes, uint32_t size)
{
	struct hw_tus_parts *concat = concat_of(intake);
	concat->intake = intake;
	concat->is_wanted = true;
	concat->is_stopped = false;
	concat->bytes = bytes;
	concat->wanted_size = (uint32_t)hw_min((uint64_t)size, concat->left_size);
	concat->had_size = 0;
	step(concat);
}

static void parts_stop(struct hw_intake *intake)
{
	struct hw_tus_parts *concat = concat_of(intake);
	concat->is_stopped = true;
	if (concat->state != HW_TUS_PARTS_READING) {
		return; /* the catalog, or our own mail, wakes it */
	}
	hw_file_reader_cancel(&concat->reader);
	if (!hw_file_reader_is_reading(&concat->reader)) {
		answer_later(concat, -ECANCELED);
	}
}

static uint32_t parts_came(const struct hw_intake *intake)
{
	return concat_of(intake)->had_size;
}

const struct hw_intake_source hw_tus_parts_source = {.has_more = parts_has_more,
						     .wait = parts_wait,
						     .recv = parts_recv,
						     .stop = parts_stop,
						     .came = parts_came};

static void answer_deliver(struct hw_mail *mail)
{
	struct hw_tus_parts *concat = hw_container_of(mail, struct hw_tus_parts, mail);
	concat->state = HW_TUS_PARTS_IDLE;
	concat->is_wanted = false;
	hw_intake_source_done(concat->intake, concat->is_stopped ? -ECANCELED : concat->result);
}

/* Never inside a call of the intake's: a mail to ourselves. */
static void answer_later(struct hw_tus_parts *concat, int res)
{
	struct hw_reactor *reactor = concat->talks->reactor;
	concat->state = HW_TUS_PARTS_IDLE;
	concat->result = res;
	concat->mail.deliver = answer_deliver;
	hw_mailbox_post(&reactor->mailbox, reactor->ring, &concat->mail);
}

static void step(struct hw_tus_parts *concat)
{
	if (concat->is_stopped || concat->had_size == concat->wanted_size) {
		answer_later(concat, concat->is_stopped ? -ECANCELED : (int)concat->had_size);
		return;
	}
	if (!concat->is_pinned) {
		concat->state = HW_TUS_PARTS_FINDING;
		part_ask(concat, HW_CATALOG_LOOKUP, part_found);
		return;
	}
	if (concat->part_offset == concat->reader.request.file_size) {
		part_leave(concat);
		return;
	}
	concat->state = HW_TUS_PARTS_READING;
	int r = hw_file_reader_read(&concat->reader, concat->part_offset);
	if (r < 0) {
		answer_later(concat, r);
	}
}

static void part_found(struct hw_catalog_request *request)
{
	struct hw_tus_parts *concat = hw_container_of(request, struct hw_tus_parts, reader.request);
	if (request->res < 0 || concat->part_index >= concat->part_count) {
		answer_later(concat, request->res < 0 ? request->res : -EBADMSG);
		return;
	}
	concat->is_pinned = true;
	concat->part_offset = 0;
	hw_file_reader_begin(&concat->reader);
	step(concat);
}

static void read_done(struct hw_file_reader *reader, struct hw_slab *slab, int res)
{
	struct hw_tus_parts *concat = hw_container_of(reader, struct hw_tus_parts, reader);
	if (slab == NULL) {
		answer_later(concat, res);
		return;
	}
	uint32_t offset = (uint32_t)res;
	uint32_t size = hw_min(slab->size - offset, concat->wanted_size - concat->had_size);
	memcpy(concat->bytes + concat->had_size, slab->bytes + offset, size);
	hw_slab_unref(slab);
	concat->had_size += size;
	concat->part_offset += size;
	concat->left_size -= size;
	step(concat);
}

static void part_leave(struct hw_tus_parts *concat)
{
	struct hw_catalog_request *request = &concat->reader.request;
	concat->state = HW_TUS_PARTS_LEAVING;
	hw_file_reader_cancel(&concat->reader);
	request->file_id = concat->reader.file_id;
	hw_catalog_submit(concat->talks->catalog, request, HW_CATALOG_UNPIN, part_left);
}

static void part_left(struct hw_catalog_request *request)
{
	struct hw_tus_parts *concat = hw_container_of(request, struct hw_tus_parts, reader.request);
	concat->is_pinned = false;
	concat->part_index++;
	if (concat->is_closing) {
		concat->state = HW_TUS_PARTS_IDLE;
		concat->done(concat->owner, 0);
		return;
	}
	step(concat);
}

void hw_tus_parts_close(struct hw_tus_parts *concat, void *owner, hw_tus_parts_fn *done)
{
	hw_assert(!concat->is_wanted && concat->state == HW_TUS_PARTS_IDLE);
	concat->owner = owner;
	concat->done = done;
	if (!concat->is_pinned) {
		done(owner, 0);
		return;
	}
	concat->is_closing = true;
	part_leave(concat);
}
