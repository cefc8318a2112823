/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/talk/talk_list.h"

#include <errno.h>

#include "net/wire/hex.h"
#include "simd/crc32.h"

struct talk_list g_list;

static const uint8_t g_list_id[HW_SHARE_ID_SIZE] = {[HW_SHARE_ID_SIZE - 1] = 1};

static int compare(const struct hw_share_file *row, const char *name, uint32_t size)
{
	int r = memcmp(row->name, name, hw_min(row->name_size, size));
	return r != 0 ? r : (int)row->name_size - (int)size;
}

static struct talk_list_file *find(const char *name, uint32_t size)
{
	for (uint32_t i = 0; i < g_list.file_count; i++) {
		struct talk_list_file *file = &g_list.files[i];
		if (!file->is_gone && compare(&file->row, name, size) == 0) {
			return file;
		}
	}
	return NULL;
}

static void rows(struct hw_catalog_request *request)
{
	request->row_count = 0;
	request->newest_id = UINT64_MAX; /* nothing is added */
	request->access.password_size = (uint8_t)g_list.password_size;
	request->access.mode = (uint8_t)g_list.mode;
	for (uint32_t i = 0; i < g_list.file_count; i++) {
		const struct talk_list_file *file = &g_list.files[i];
		if (file->is_gone || request->row_count == request->row_capacity ||
		    (request->name_size > 0 &&
		     compare(&file->row, request->name, request->name_size) <= 0)) {
			continue;
		}
		request->files[request->row_count++] = file->row;
	}
}

static void deliver(struct hw_mail *mail)
{
	struct hw_catalog_request *request = hw_container_of(mail, struct hw_catalog_request, mail);
	if (request->res == 0 && request->verb == HW_CATALOG_FILE_LIST) {
		rows(request);
	}
	request->done(request);
}

static void answer(struct hw_catalog_request *request, int res)
{
	struct hw_reactor *reactor = &g_list.world->reactor;
	request->res = res;
	request->mail.deliver = deliver;
	hw_mailbox_post(&reactor->mailbox, reactor->ring, &request->mail);
}

/* What the share says of itself stands for what its files' own ones said. */
static void looked_up(struct hw_catalog_request *request)
{
	for (uint32_t i = 0; i < TALK_LIST_ASKED_MAX; i++) {
		struct talk_list_asked *asked = &g_list.asked[i];
		if (asked->request != request) {
			continue;
		}
		const struct hw_share_file *row = &asked->file->row;
		asked->request = NULL;
		memcpy(request->share_id, g_list_id, HW_SHARE_ID_SIZE);
		memcpy(request->name, row->name, row->name_size);
		request->name_size = row->name_size;
		request->created_ms = row->created_ms;
		request->file_state = row->is_sealed ? HW_FILE_SEALED : HW_FILE_UNFINISHED;
		request->access.password_size = (uint8_t)g_list.password_size;
		asked->done(request);
		return;
	}
	hw_assert_fail("nobody asked", __FILE__, __LINE__);
}

static void look_up(struct hw_catalog *catalog, struct hw_catalog_request *request)
{
	struct talk_list_file *file = find(request->name, request->name_size);
	if (file == NULL) {
		answer(request, -ENOENT);
		return;
	}
	for (uint32_t i = 0; i < TALK_LIST_ASKED_MAX; i++) {
		struct talk_list_asked *asked = &g_list.asked[i];
		if (asked->request == NULL) {
			*asked = (struct talk_list_asked){request, request->done, file};
			memcpy(request->share_id, file->share_id, HW_SHARE_ID_SIZE);
			request->name_size = 0;
			request->done = looked_up;
			catalog->submit(catalog, request);
			return;
		}
	}
	hw_assert_fail("too many ask at once", __FILE__, __LINE__);
}

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request)
{
	hw_assert(catalog == &g_list.catalog);
	bool is_count = request->verb == HW_CATALOG_COUNT;
	bool is_ours =
		memcmp(request->share_id, g_list_id, HW_SHARE_ID_SIZE) == 0 &&
		(request->verb == HW_CATALOG_FILE_LIST || request->verb == HW_CATALOG_LOOKUP);
	if (!is_count && !is_ours) {
		g_list.real->submit(g_list.real, request);
		return;
	}
	g_list.request_count++;
	if (g_list.before_request != NULL) {
		g_list.before_request(g_list.request_count);
	}
	if (g_list.request_count == g_list.fail_request) {
		answer(request, -EIO);
	} else if (request->verb == HW_CATALOG_LOOKUP) {
		look_up(g_list.real, request);
	} else {
		g_list.count_count += is_count;
		answer(request, 0);
	}
}

void talk_list_begin(struct talk_world *world)
{
	memset(&g_list, 0, sizeof(g_list));
	g_list.world = world;
	g_list.real = world->talks.catalog;
	g_list.catalog = (struct hw_catalog){.submit = submit, .metrics = g_list.real->metrics};
	world->talks.catalog = &g_list.catalog;
}

void talk_list_add(struct talk_model *model, const char *name, uint64_t size, uint64_t shift)
{
	static uint8_t bytes[HW_CHUNK_SIZE];
	assert_true(g_list.file_count < TALK_LIST_FILES_MAX);
	struct talk_list_file *file = &g_list.files[g_list.file_count++];
	const struct talk_share *share =
		&model->shares[talk_share_make(g_list.world, model, size, shift)];
	struct hw_share_file *row = &file->row;
	row->length = size;
	row->offset = size;
	row->created_ms = TALK_LIST_CREATED_S * 1000;
	row->is_sealed = true;
	row->has_crc32 = true;
	row->name_size = (uint16_t)strlen(name);
	memcpy(row->name, name, row->name_size);
	file->shift = shift;
	memcpy(file->share_id, share->share_id, HW_SHARE_ID_SIZE);
	assert_int_equal(hw_hex_decode((struct hw_span){share->root, HW_HASH_TEXT_SIZE}, row->root,
				       HW_HASH_SIZE),
			 0);
	for (uint64_t offset = 0; offset < size; offset += sizeof(bytes)) {
		uint64_t step = hw_min(size - offset, (uint64_t)sizeof(bytes));
		for (uint64_t i = 0; i < step; i++) {
			bytes[i] = talk_content_at(shift, offset + i);
		}
		row->crc32 = hw_crc32(row->crc32, bytes, step);
	}
	uint64_t size_found = 0;
	assert_true(hw_catalog_sim_find(&g_list.world->catalog, share->share_id, &row->file_id,
					&size_found));
	assert_int_equal(size_found, size);
}
