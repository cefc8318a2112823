/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin: judge -> UPLOAD_CREATE -> created -+-> 201 and where to go on
 *                                             +-> bytes came along, or there will be none:
 *                                                 as a PATCH at 0 (tus_patch.c), then 201
 */
#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "net/talk/link.h"
#include "net/talk/may.h"
#include "net/talk/reply.h"
#include "net/talk/share_talk.h"
#include "net/talk/tus.h"
#include "net/wire/base32.h"
#include "net/wire/name.h"
#include "net/wire/tus_metadata.h"

static void create_enter(struct hw_tus *tus);
static void create_submit(struct hw_tus *tus);
static void final_begin(struct hw_tus *tus, struct hw_span part_links);
static void parts_sized(void *owner, int res);
static void created(struct hw_catalog_request *request);

/* What can be said before the catalog is asked. Returns the status of the refusal, 0: go on. */
static uint32_t judge(const struct hw_talks *talks, const struct hw_http_conn *conn,
		      const struct hw_tus_head *head, const char **ret_sentence)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	bool has_body = request->is_chunked || request->content_length > 0;
	if (head->concat_kind == HW_TUS_FINAL && has_body) {
		*ret_sentence = "An upload that is made of others takes no bytes.";
		return 400;
	}
	if (head->concat_kind != HW_TUS_FINAL && !head->has_length && !head->defers_length) {
		*ret_sentence = "Say how long the file is (Upload-Length), or that you will "
				"(Upload-Defer-Length: 1).";
		return 400;
	}
	if (head->has_length && head->length > talks->options.file_size_max) {
		*ret_sentence = "The file is larger than this server accepts.";
		return 413;
	}
	if (has_body && !head->has_offset_type) {
		*ret_sentence = "Send the bytes as Content-Type: application/offset+octet-stream.";
		return 415;
	}
	if (has_body && head->checksum != HW_TUS_CHECKSUM_NONE) {
		*ret_sentence = "A checksum belongs to a PATCH.";
		return 400;
	}
	if (head->has_length && request->content_length > head->length) {
		*ret_sentence = "Those are more bytes than the upload was announced with.";
		return 413;
	}
	return 0;
}

void hw_tus_name_random(struct hw_catalog_request *request)
{
	static_assert(HW_BASE32_SIZE(HW_UPLOAD_ID_SIZE) <= HW_NAME_SIZE_MAX, "it fits");
	uint8_t random[HW_UPLOAD_ID_SIZE]; /* not the upload's id, which is a secret */
	hw_random_bytes(random, sizeof(random));
	hw_base32_encode(random, sizeof(random), request->name);
	request->name_size = HW_BASE32_SIZE(HW_UPLOAD_ID_SIZE);
}

/* The name of the file: what the metadata says, as tus clients call it, or else its id. */
static enum hw_name_verdict name_set(struct hw_tus *tus, const struct hw_tus_head *head)
{
	struct hw_catalog_request *request = &tus->query.request;
	if (head->concat_kind == HW_TUS_PARTIAL) {
		request->name_size = 0;
		return HW_NAME_GOOD;
	}
	int size = hw_tus_metadata_find(head->metadata, HW_SPAN("filename"), request->name,
					HW_NAME_SIZE_MAX);
	if (size == -ENOENT) {
		size = hw_tus_metadata_find(head->metadata, HW_SPAN("name"), request->name,
					    HW_NAME_SIZE_MAX);
	}
	if (size == -ENOENT) {
		hw_tus_name_random(request);
		return HW_NAME_GOOD;
	}
	if (size < 0) {
		return HW_NAME_TOO_LONG;
	}
	request->name_size = (uint16_t)size;
	return hw_name_judge((struct hw_span){request->name, (uint32_t)size});
}

static void upload_set(struct hw_tus *tus, enum hw_upload_kind kind, struct hw_span metadata)
{
	struct hw_upload *upload = &tus->query.upload;
	const struct hw_talks *talks = tus->query.talks;
	hw_random_bytes(upload->upload_id, HW_UPLOAD_ID_SIZE);
	upload->length = tus->length;
	upload->offset = 0;
	upload->expires_ms = talks->reactor->wall_ms + talks->options.upload_expiry_ms;
	upload->kind = (uint8_t)kind;
	upload->is_sealed = false;
	upload->tail_size = 0;
	upload->crc32 = 0;
	hw_merkle_init(&upload->merkle);
	upload->metadata_size = (uint16_t)metadata.size;
	if (metadata.size > 0) {
		memcpy(upload->metadata, metadata.bytes, metadata.size);
	}
}

bool hw_tus_owner(struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE])
{
	bool is_there = hw_may_bearer(conn, ret_hash);
	if (!is_there) {
		hw_reply_unauthorized(conn,
				      "Send the share's owner token, as Authorization: Bearer "
				      "<token>.");
	}
	return is_there;
}

/* All that is asked of the catalog, but for what only parts tell. */
static void creation_set(struct hw_tus *tus, struct hw_span id,
			 const uint8_t owner_hash[HW_HASH_SIZE], enum hw_upload_kind kind,
			 struct hw_span metadata)
{
	struct hw_catalog_request *create = &tus->query.request;
	bool takes_bytes = tus->body_size > 0 || tus->length == 0;
	upload_set(tus, kind, metadata);
	hw_share_ref_parse(create, id);
	memcpy(create->owner_hash, owner_hash, HW_HASH_SIZE);
	tus->is_creation = true;
	create->home = takes_bytes ? (uint16_t)tus->query.talks->reactor->index : HW_HOME_NONE;
}

void hw_tus_create_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id)
{
	struct hw_tus_head head;
	const char *sentence = NULL;
	uint8_t owner_hash[HW_HASH_SIZE];
	if (!hw_tus_head_judge(conn, &head)) {
		return;
	}
	uint32_t status = judge(talks, conn, &head, &sentence);
	if (status != 0) {
		hw_reply_error(conn, status, sentence);
		return;
	}
	if (!hw_tus_owner(conn, owner_hash)) {
		return;
	}
	struct hw_tus *tus = hw_tus_take(talks, conn);
	if (tus == NULL) {
		return;
	}
	enum hw_name_verdict verdict = name_set(tus, &head);
	if (verdict != HW_NAME_GOOD) {
		hw_tus_free(tus);
		hw_reply_error(conn, 400, hw_name_reason(verdict));
		return;
	}
	tus->length = head.has_length ? head.length : HW_LENGTH_UNKNOWN;
	hw_tus_digest_begin(&tus->digest, &head);
	creation_set(tus, id, owner_hash,
		     head.concat_kind == HW_TUS_PARTIAL ? HW_UPLOAD_PARTIAL : HW_UPLOAD_WHOLE,
		     head.metadata);
	if (head.concat_kind == HW_TUS_FINAL) {
		final_begin(tus, head.part_links);
		return;
	}
	create_enter(tus);
}

/* Who brings bytes begins a transfer, in either protocol. */
static void create_enter(struct hw_tus *tus)
{
	if (tus->body_size > 0) {
		hw_tus_enter(tus, create_submit);
		return;
	}
	create_submit(tus);
}

void hw_tus_create(struct hw_tus *tus, struct hw_span id, const uint8_t owner_hash[HW_HASH_SIZE])
{
	creation_set(tus, id, owner_hash, HW_UPLOAD_WHOLE, HW_SPAN(""));
	create_enter(tus);
}

static void create_submit(struct hw_tus *tus)
{
	const struct hw_talks *talks = tus->query.talks;
	struct hw_catalog_request *create = &tus->query.request;
	create->upload = &tus->query.upload;
	create->is_operator = hw_may_operate(talks, tus->query.conn);
	create->free_size = hw_segment_log_free_size(&talks->store->log);
	create->share_size_max = talks->options.share_size_max;
	create->store_size_max = talks->options.quota_size;
	hw_catalog_submit(talks->catalog, create, HW_CATALOG_UPLOAD_CREATE, created);
}

/* -- a file made of parts -- */

static void final_begin(struct hw_tus *tus, struct hw_span part_links)
{
	struct hw_http_conn *conn = tus->query.conn;
	tus->concat = hw_pool_take(&tus->query.talks->concats);
	if (tus->concat == NULL) {
		hw_tus_free(tus);
		hw_reply_busy(conn, "Too many uploads are being put together; try again.");
		return;
	}
	if (hw_tus_parts_init(tus->concat, tus->query.talks, part_links) < 0) {
		hw_tus_free(tus);
		hw_reply_error(conn, 400, "Upload-Concat names something that is no upload here.");
		return;
	}
	hw_tus_parts_size(tus->concat, tus, parts_sized);
}

static void parts_sized(void *owner, int res)
{
	struct hw_tus *tus = owner;
	struct hw_http_conn *conn = tus->query.conn;
	if (res == 0 && tus->concat->size > tus->query.talks->options.file_size_max) {
		res = -EDQUOT;
	}
	if (res < 0) {
		hw_tus_free(tus);
		if (res == -EAGAIN || res == -EXDEV) {
			hw_reply_error(conn, 409,
				       res == -EAGAIN
					       ? "One of the parts is not complete, or is no part."
					       : "The parts do not all belong to this share.");
		} else {
			hw_tus_reply_errno(conn, res);
		}
		return;
	}
	tus->query.upload.kind = HW_UPLOAD_FINAL;
	tus->query.upload.length = tus->concat->size;
	tus->query.request.home = (uint16_t)tus->query.talks->reactor->index;
	create_submit(tus);
}

static void final_forgotten(struct hw_catalog_request *request)
{
	struct hw_tus *tus = hw_container_of(request, struct hw_tus, query.request);
	/* If the catalog could not, its time will come. */
	hw_tus_failed_reply(tus, tus->intake.error);
}

static void parts_closed(void *owner, int res)
{
	struct hw_tus *tus = owner;
	(void)res; /* there is nothing to be done about it */
	tus->query.request.upload = &tus->query.upload;
	hw_catalog_submit(tus->query.talks->catalog, &tus->query.request, HW_CATALOG_UPLOAD_END,
			  final_forgotten);
}

void hw_tus_final_failed(struct hw_tus *tus, int error)
{
	hw_assert(error == tus->intake.error);
	hw_tus_parts_close(tus->concat, tus, parts_closed);
}

/* What is not stored cannot be gone on with: it comes with its creation, whole. */
static void live_receive(struct hw_tus *tus)
{
	const struct hw_upload *upload = &tus->query.upload;
	if (upload->kind != HW_UPLOAD_WHOLE || upload->length == HW_LENGTH_UNKNOWN ||
	    tus->body_size != upload->length) {
		hw_tus_abandon(tus, 409,
			       "This share stores nothing, so nothing can be gone on with: send "
			       "the whole file along with the POST.");
		return;
	}
	tus->is_live = true;
	hw_tus_receive(tus);
}

static void created(struct hw_catalog_request *request)
{
	struct hw_tus *tus = hw_container_of(request, struct hw_tus, query.request);
	struct hw_http_conn *conn = tus->query.conn;
	bool takes_bytes = request->home != HW_HOME_NONE;
	if (request->res == 0 && tus->concat != NULL &&
	    memcmp(tus->concat->share_id, request->share_id, HW_SHARE_ID_SIZE) != 0) {
		/* Its home is ours, and no intake is there to leave it. */
		hw_tus_abandon(tus, 409, "The parts do not all belong to this share.");
		return;
	}
	if (request->res < 0) {
		int error = request->res;
		hw_tus_free(tus);
		hw_share_reply_errno(conn, error);
		return;
	}
	request->extent_count = 0;
	if (request->access.mode == HW_SHARE_LIVE) {
		live_receive(tus);
		return;
	}
	if (takes_bytes) {
		hw_tus_receive(tus);
		return;
	}
	hw_tus_report_begin(&tus->query); /* announced; the bytes come by PATCH */
	hw_report_pause(&tus->query.report, NULL);
	tus->has_notice = true;
	hw_tus_reply(tus);
}
