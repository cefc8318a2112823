/* SPDX-License-Identifier: Apache-2.0
 *
 *   sender: create -> (201) -> patch -> (204) -> patch ... -> whole
 *                                 \-> cut, or any other answer -> head -> patch
 */
#include "tests/unit/talk/tus_client.h"

#include <stdlib.h>

#include "net/wire/base32.h"
#include "net/wire/base64.h"
#include "net/wire/hex.h"
#include "simd/crc32.h"
#include "simd/sha256.h"

#define TEXT_EXTRA   1024U
#define RETRY_US     20000U
#define REQUESTS_MAX 5000U

struct waiting {
	bool is_done;
	struct hw_catalog_request *request;
};

static struct waiting g_waiting;

static void catalog_done(struct hw_catalog_request *request)
{
	hw_assert(request == g_waiting.request);
	g_waiting.is_done = true;
}

static bool catalog_is_done(void *user)
{
	(void)user;
	return g_waiting.is_done;
}

void tus_catalog_ask(struct talk_world *world, struct hw_catalog_request *request,
		     enum hw_catalog_verb verb)
{
	g_waiting = (struct waiting){.request = request};
	hw_catalog_submit(&world->catalog.catalog, request, verb, catalog_done);
	int r = talk_world_run(world, catalog_is_done, NULL);
	hw_assert(r == 0);
}

void tus_share_make(struct talk_world *world, enum hw_share_mode mode, struct talk_share *ret_share)
{
	static uint8_t count;
	static struct hw_share share;
	static struct hw_catalog_request request;
	uint8_t token[HW_TOKEN_SIZE];
	struct hw_hash hash;
	count++;
	share = (struct hw_share){.policy = {.mode = (uint8_t)mode}};
	memset(share.share_id, 0x40, HW_SHARE_ID_SIZE);
	share.share_id[0] = count;
	memset(token, count, sizeof(token));
	hw_sha256(token, sizeof(token), &hash);
	memcpy(share.owner_hash, hash.bytes, HW_HASH_SIZE);
	share.created_ms = world->reactor.wall_ms;
	request = (struct hw_catalog_request){.share = &share};
	memcpy(request.share_id, share.share_id, HW_SHARE_ID_SIZE);
	tus_catalog_ask(world, &request, HW_CATALOG_SHARE_CREATE);
	hw_assert(request.res == 0);
	memset(ret_share, 0, sizeof(*ret_share));
	memcpy(ret_share->share_id, share.share_id, HW_SHARE_ID_SIZE);
	memcpy(ret_share->path, "/s/", 3);
	hw_base32_encode(share.share_id, HW_SHARE_ID_SIZE, ret_share->path + 3);
	hw_base64url_encode(token, sizeof(token), ret_share->token);
}

/* -- requests */

static uint64_t create_text(const struct talk_share *share, const char *name, uint64_t length,
			    char *text, size_t capacity)
{
	char encoded[HW_BASE64_SIZE(64) + 1] = {0};
	char said[64] = "Upload-Defer-Length: 1";
	hw_base64_encode((const uint8_t *)name, (uint32_t)strlen(name), encoded);
	if (length != HW_LENGTH_UNKNOWN) {
		(void)snprintf(said, sizeof(said), "Upload-Length: %llu",
			       (unsigned long long)length);
	}
	int size = snprintf(text, capacity,
			    "POST /api/v1/shares/%s/files HTTP/1.1\r\n" TUS_HEAD
			    "Authorization: Bearer %s\r\nUpload-Metadata: filename %s\r\n%s\r\n"
			    "Content-Length: 0\r\n\r\n",
			    share->path + 3, share->token, encoded, said);
	hw_assert(size > 0 && (size_t)size < capacity);
	return (uint64_t)size;
}

static void location_take(struct hw_span answer, char ret_path[TALK_PATH_SIZE])
{
	struct hw_span link = talk_answer_field(answer, "Location");
	hw_assert(link.size > sizeof(TUS_PATH) && link.size < TALK_PATH_SIZE);
	memcpy(ret_path, link.bytes, link.size);
	ret_path[link.size] = '\0';
}

void tus_create(struct talk_world *world, const struct talk_share *share, const char *name,
		uint64_t length, char ret_path[TALK_PATH_SIZE])
{
	char text[TEXT_EXTRA];
	uint64_t size = create_text(share, name, length, text, sizeof(text));
	struct hw_span answer = talk_world_ask(world, (struct hw_span){text, (uint32_t)size});
	hw_assert(talk_answer_status(answer) == 201);
	location_take(answer, ret_path);
}

static int head_text(const char *upload_path, char *text, size_t capacity)
{
	return snprintf(text, capacity, "HEAD %s HTTP/1.1\r\n" TUS_HEAD "\r\n", upload_path);
}

static int64_t offset_of(struct hw_span answer)
{
	struct hw_span offset = talk_answer_field(answer, "Upload-Offset");
	return offset.size > 0 ? (int64_t)talk_number(offset) : -1;
}

int64_t tus_offset(struct talk_world *world, const char *upload_path)
{
	char text[TEXT_EXTRA];
	int size = head_text(upload_path, text, sizeof(text));
	struct hw_span answer = talk_world_ask(world, (struct hw_span){text, (uint32_t)size});
	uint32_t status = talk_answer_status(answer);
	return status == 200 ? offset_of(answer) : -(int64_t)status;
}

struct hw_span tus_patch_text(const char *upload_path, uint64_t offset, uint64_t size,
			      uint64_t shift, const char *fields)
{
	char *text = malloc(size + TEXT_EXTRA);
	hw_assert(text != NULL);
	int head =
		snprintf(text, TEXT_EXTRA,
			 "PATCH %s HTTP/1.1\r\n" TUS_HEAD TUS_PATCHING
			 "Upload-Offset: %llu\r\nContent-Length: %llu\r\n%s\r\n",
			 upload_path, (unsigned long long)offset, (unsigned long long)size, fields);
	hw_assert(head > 0 && head < (int)TEXT_EXTRA);
	talk_content_copy(text + head, size, shift, offset);
	return (struct hw_span){text, (uint32_t)head + (uint32_t)size};
}

uint32_t tus_patch(struct talk_world *world, const char *upload_path, uint64_t offset,
		   uint64_t size, uint64_t shift, const char *fields)
{
	struct hw_span text = tus_patch_text(upload_path, offset, size, shift, fields);
	struct hw_span answer = talk_world_ask(world, text);
	talk_text_free(text);
	uint32_t status = talk_answer_status(answer);
	hw_assert(status != 204 || offset_of(answer) == (int64_t)(offset + size));
	return status;
}

/* -- what must come of it */

void tus_expect(uint64_t size, uint64_t shift, char ret_root[65], uint32_t *ret_crc32)
{
	static char block[HW_BLOCK_SIZE];
	uint32_t count = (uint32_t)((size + HW_BLOCK_SIZE - 1) / HW_BLOCK_SIZE);
	uint32_t width = 1;
	struct hw_hash none;
	while (width < count) {
		width *= 2;
	}
	struct hw_hash *row = calloc(width, sizeof(*row)); /* what is missing is zeros */
	hw_assert(row != NULL);
	*ret_crc32 = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = (uint64_t)i * HW_BLOCK_SIZE;
		uint32_t step = (uint32_t)hw_min(size - offset, (uint64_t)HW_BLOCK_SIZE);
		talk_content_copy(block, step, shift, offset);
		*ret_crc32 = hw_crc32(*ret_crc32, block, step);
		hw_sha256(block, step, &row[i]);
	}
	for (; width > 1; width /= 2) {
		for (uint32_t i = 0; i < width / 2; i++) {
			hw_sha256(row[2 * i].bytes, 2 * HW_HASH_SIZE, &none);
			row[i] = none;
		}
	}
	if (size == 0) {
		hw_sha256("", 0, &row[0]);
	}
	hw_hex_encode(row[0].bytes, HW_HASH_SIZE, ret_root);
	ret_root[64] = '\0';
	free(row);
}

void tus_file_check(struct talk_world *world, const struct talk_share *share, const char *name,
		    uint64_t size, uint64_t shift)
{
	static struct hw_share_file file;
	static struct hw_catalog_request request;
	char text[TEXT_EXTRA];
	char root[65];
	uint32_t crc32 = 0;
	tus_expect(size, shift, root, &crc32);
	int head = snprintf(text, sizeof(text), "GET %s/%s HTTP/1.1\r\nHost: here\r\n\r\n",
			    share->path, name);
	struct hw_span answer = talk_world_ask(world, (struct hw_span){text, (uint32_t)head});
	struct hw_span body = talk_answer_body(answer);
	struct hw_span etag = talk_answer_field(answer, "ETag");
	hw_assert(talk_answer_status(answer) == 200);
	hw_assert(body.size == size && talk_content_equal(body.bytes, size, shift, 0));
	hw_assert(etag.size == 66 && memcmp(etag.bytes + 1, root, 64) == 0);
	request = (struct hw_catalog_request){.files = &file, .row_capacity = 1};
	memcpy(request.share_id, share->share_id, HW_SHARE_ID_SIZE);
	/* Rows come after the name that is given: one just before ours. */
	request.name_size = (uint16_t)(strlen(name) + 1);
	memcpy(request.name, name, strlen(name));
	request.name[strlen(name) - 1]--;
	request.name[strlen(name)] = '~';
	tus_catalog_ask(world, &request, HW_CATALOG_FILE_LIST);
	hw_assert(request.res == 0 && request.row_count == 1);
	hw_assert(file.is_sealed && file.offset == size && file.length == size);
	hw_assert(file.has_crc32 && file.crc32 == crc32);
}

/* -- a sender */

static void sender_say(struct tus_sender *sender, struct hw_span text)
{
	struct talk_world *world = sender->world;
	sender->request_count++;
	hw_assert(sender->request_count < REQUESTS_MAX); /* it gets nowhere */
	sender->peer = hw_sim_connect(world->reactor.ring, world->listener);
	hw_sim_peer_write(sender->peer, text.bytes, text.size);
}

static void create_say(struct tus_sender *sender)
{
	char text[TEXT_EXTRA];
	uint64_t length = sender->is_deferring ? HW_LENGTH_UNKNOWN : sender->size;
	uint64_t size = create_text(sender->share, sender->name, length, text, sizeof(text));
	sender_say(sender, (struct hw_span){text, (uint32_t)size});
}

static void head_say(struct tus_sender *sender)
{
	char text[TEXT_EXTRA];
	int size = head_text(sender->path, text, sizeof(text));
	sender_say(sender, (struct hw_span){text, (uint32_t)size});
}

static void checksum_add(const struct tus_sender *sender, char *fields, size_t capacity)
{
	char text[HW_BASE64_SIZE(HW_HASH_SIZE) + 1] = {0};
	struct hw_hash hash;
	char *bytes = malloc(sender->patch_size + 1);
	hw_assert(bytes != NULL);
	talk_content_copy(bytes, sender->patch_size, sender->shift, sender->offset);
	hw_sha256(bytes, sender->patch_size, &hash);
	free(bytes);
	hw_base64_encode(hash.bytes, HW_HASH_SIZE, text);
	size_t used = strlen(fields);
	(void)snprintf(fields + used, capacity - used, "Upload-Checksum: sha256 %s\r\n", text);
}

static void patch_say(struct tus_sender *sender)
{
	struct hw_prng *prng = &sender->prng;
	uint64_t left = sender->size - sender->offset;
	uint64_t most = hw_min(left, sender->patch_size_max);
	char fields[256] = "";
	sender->patch_size = left == 0 ? 0 : hw_prng_between(prng, 1, most);
	if (hw_prng_chance(prng, 20)) {
		uint64_t block_end = (sender->offset / HW_BLOCK_SIZE + 1) * HW_BLOCK_SIZE;
		sender->patch_size = hw_min(left, block_end - sender->offset);
	}
	if (sender->is_deferring && sender->patch_size == left) {
		(void)snprintf(fields, sizeof(fields), "Upload-Length: %llu\r\n",
			       (unsigned long long)sender->size);
	}
	if (hw_prng_chance(prng, sender->checksum_percent)) {
		checksum_add(sender, fields, sizeof(fields));
	}
	struct hw_span text = tus_patch_text(sender->path, sender->offset, sender->patch_size,
					     sender->shift, fields);
	sender->said = hw_max(sender->said, sender->offset + sender->patch_size);
	sender->cut_us = 0;
	if (hw_prng_chance(prng, sender->cut_percent)) {
		sender->cut_us = hw_clock_monotonic_us() + hw_prng_below(prng, 30000);
		if (hw_prng_chance(prng, 50)) { /* what is missing never comes, the end does */
			text.size = (uint32_t)hw_prng_between(prng, 1, text.size);
		}
	}
	sender_say(sender, text);
	talk_text_free(text);
}

static void sender_next(struct tus_sender *sender, enum tus_step step)
{
	sender->step = step;
	sender->peer = NULL;
	sender->cut_us = 0;
}

static void offset_judge(struct tus_sender *sender, int64_t offset)
{
	hw_assert(offset >= 0 && (uint64_t)offset >= sender->acked);
	hw_assert((uint64_t)offset <= sender->said);
	sender->offset = (uint64_t)offset;
	sender->acked = sender->offset;
}

/* What may happen to who does nothing wrong. 409: a request that was left alone may still lie
 * before the server, and be taken up behind our question for the offset. */
static bool is_failure(const struct tus_sender *sender, uint32_t status)
{
	bool is_overtaken = status == 409 && sender->step == TUS_PATCH_SAY && sender->has_left;
	return status == 408 || status == 423 || status >= 500 || is_overtaken;
}

static void answer_judge(struct tus_sender *sender, struct hw_span answer)
{
	uint32_t status = talk_answer_status(answer);
	if (sender->step == TUS_CREATE && status == 201) {
		location_take(answer, sender->path);
		/* Of no bytes it is whole at once, unless nobody said that there are none. */
		bool is_whole = sender->size == 0 && !sender->is_deferring;
		sender_next(sender, is_whole ? TUS_WHOLE : TUS_PATCH_SAY);
		return;
	}
	if (sender->step == TUS_CREATE && status == 409) {
		sender_next(sender, TUS_LOST); /* the answer before was lost; its path as well */
		return;
	}
	if (sender->step == TUS_HEAD_ASK && status == 200) {
		offset_judge(sender, offset_of(answer));
		bool is_sealed = talk_answer_field(answer, "Upload-Expires").size == 0;
		sender_next(sender, is_sealed ? TUS_WHOLE : TUS_PATCH_SAY);
		hw_assert(!is_sealed || sender->offset == sender->size);
		return;
	}
	if (sender->step == TUS_PATCH_SAY && status == 204) {
		hw_assert(offset_of(answer) == (int64_t)(sender->offset + sender->patch_size));
		offset_judge(sender, offset_of(answer));
		sender_next(sender, sender->offset == sender->size ? TUS_WHOLE : TUS_PATCH_SAY);
		return;
	}
	if (!is_failure(sender, status)) {
		print_message("step %d of %s at %llu of %llu, %llu said:\n%.*s\n", sender->step,
			      sender->path, (unsigned long long)sender->offset,
			      (unsigned long long)sender->size, (unsigned long long)sender->said,
			      (int)hw_min(answer.size, 800U), answer.bytes);
	}
	hw_assert(is_failure(sender, status));
	sender_next(sender, sender->step == TUS_PATCH_SAY ? TUS_HEAD_ASK : sender->step);
	sender->next_us = hw_clock_monotonic_us() + RETRY_US;
}

static bool is_gone(const struct hw_sim_peer *peer)
{
	return hw_sim_peer_has_end(peer) || hw_sim_peer_is_closed(peer) ||
	       hw_sim_peer_is_reset(peer);
}

static void answer_take(struct tus_sender *sender, uint64_t now_us)
{
	struct hw_span answer = hw_sim_peer_got(sender->peer);
	bool has_head = answer.size > 0 && memmem(answer.bytes, answer.size, "\r\n\r\n", 4) != NULL;
	if (has_head && !hw_span_starts_with(answer, HW_SPAN("HTTP/1.1 100"))) {
		struct hw_sim_peer *peer = sender->peer;
		answer_judge(sender, answer);
		if (!is_gone(peer)) {
			hw_sim_peer_shutdown(peer);
		}
	} else if (is_gone(sender->peer)) {
		sender_next(sender, sender->step == TUS_PATCH_SAY ? TUS_HEAD_ASK : sender->step);
		sender->next_us = now_us + RETRY_US;
	} else if (sender->cut_us != 0 && now_us >= sender->cut_us) {
		bool is_reset = hw_prng_chance(&sender->prng, 50);
		if (is_reset) {
			hw_sim_peer_reset(sender->peer);
		} else if (hw_prng_chance(&sender->prng, 50)) {
			hw_sim_peer_shutdown(sender->peer);
		} /* else: it hangs, and whoever comes next makes it let go */
		sender->has_left = true;
		sender_next(sender, TUS_HEAD_ASK);
	}
}

bool tus_sender_step(struct tus_sender *sender, uint64_t seed)
{
	uint64_t now_us = hw_clock_monotonic_us();
	if (sender->request_count == 0 && sender->peer == NULL) {
		hw_prng_init(&sender->prng, seed ^ UINT64_C(0x7e5));
		sender->patch_size_max = hw_max(sender->patch_size_max, UINT64_C(1));
	}
	if (sender->world->server.is_draining && sender->step < TUS_WHOLE &&
	    (sender->peer == NULL || !hw_sim_peer_is_accepted(sender->peer))) {
		sender_next(sender, TUS_LOST);
	}
	if (sender->step >= TUS_WHOLE) {
		return true;
	}
	if (sender->peer != NULL) {
		answer_take(sender, now_us);
	} else if (now_us >= sender->next_us) {
		static void (*const say[])(struct tus_sender *) = {create_say, head_say, patch_say};
		say[sender->step](sender);
	}
	return sender->step >= TUS_WHOLE;
}
