/* SPDX-License-Identifier: Apache-2.0
 *
 * archive_live_world.h - a share whose files are being uploaded, and who asks for its ZIP
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_TALK_ARCHIVE_LIVE_WORLD_H
#define HW_TESTS_UNIT_TALK_ARCHIVE_LIVE_WORLD_H

#include "tests/unit/talk/live_world.h"
#include "tests/unit/talk/zip_content.h"

#define KIB           (UINT64_C(1) << 10)
#define ZIP_FILES_MAX 70U /* more than two pages */

static struct zip_file g_files[ZIP_FILES_MAX];
static char g_paths[ZIP_FILES_MAX][TALK_PATH_SIZE]; /* of their uploads */
static uint32_t g_file_count;

/* -- a share, and who asks for its ZIP */

/* An upload that is announced; @length: or HW_LENGTH_UNKNOWN. Names in the order of the calls. */
static inline void file_add(const char *name, uint64_t size, uint64_t length)
{
	uint32_t index = g_file_count++;
	g_files[index] = (struct zip_file){name, size, 10 + index};
	tus_create(&g_world, &g_share, name, length, g_paths[index]);
}

static inline void file_say(uint32_t index, uint64_t offset, uint64_t size, const char *fields)
{
	uint32_t status =
		tus_patch(&g_world, g_paths[index], offset, size, g_files[index].shift, fields);
	assert_int_equal(status, 204);
}

static inline void files_begin(enum hw_share_mode mode)
{
	live_begin(mode);
	g_file_count = 0;
}

static inline struct hw_sim_peer *zip_ask(const char *method, const char *fields, bool is_held)
{
	char text[512];
	int size = snprintf(text, sizeof(text), "%s %s.zip HTTP/1.1\r\nHost: here\r\n%s\r\n",
			    method, g_share.path, fields);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_hold(peer, is_held);
	hw_sim_peer_write(peer, text, (uint64_t)size);
	talk_world_pass(&g_world, 100);
	return peer;
}

static inline bool is_whole(const struct hw_sim_peer *peer)
{
	uint32_t status = 0;
	return zip_answer_is_whole(hw_sim_peer_got(peer), g_files, g_file_count, &status) &&
	       status == 200;
}

static inline bool is_cut(const struct hw_sim_peer *peer)
{
	return !is_whole(peer) && (hw_sim_peer_has_end(peer) || hw_sim_peer_is_closed(peer) ||
				   hw_sim_peer_is_reset(peer));
}

static inline bool has_field(const struct hw_sim_peer *peer, const char *name, const char *value)
{
	struct hw_span field = talk_answer_field(hw_sim_peer_got(peer), name);
	return value == NULL ? field.size == 0
			     : hw_span_starts_with(field, hw_span_of(value)) && field.size > 0;
}

#endif
