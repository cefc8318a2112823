/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a short last chunk is read back before anything follows it: whatever its size, with few
 * slabs, and not when it is damaged.
 *
 * Method: uploads in two pieces over calm worlds, looked at from inside.
 */
#include <unistd.h>

#include "tests/unit/talk/tus_client.h"

#define KIB   (UINT64_C(1) << 10)
#define MIB   (UINT64_C(1) << 20)
#define SHIFT 2U

static struct talk_world g_world;
static struct talk_share g_share;

static void begin(uint32_t slab_count)
{
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = slab_count;
	options.stall_timeout_ms = 20000;
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
}

static void any_size_is_read_back(void **state)
{
	static const uint64_t firsts[] = {16384,  32768,   16389,       262144,
					  262149, 1000000, 4194304 - 1, 4194304 + 16384 + 7};
	(void)state;
	g_running.part = "any_size_is_read_back";
	for (uint32_t slab_count = 1; slab_count <= 4; slab_count++) {
		begin(slab_count);
		for (uint32_t i = 0; i < hw_count_of(firsts); i++) {
			char path[TALK_PATH_SIZE];
			char name[16];
			uint64_t size = firsts[i] + 300 * KIB + i;
			(void)snprintf(name, sizeof(name), "l%u", i); /* fits */
			tus_create(&g_world, &g_share, name, size, path);
			assert_int_equal(tus_patch(&g_world, path, 0, firsts[i], SHIFT, ""), 204);
			assert_int_equal(
				tus_patch(&g_world, path, firsts[i], size - firsts[i], SHIFT, ""),
				204);
			tus_file_check(&g_world, &g_share, name, size, SHIFT);
		}
		talk_table_end(&g_world);
	}
}

/* What was read back keeps no slab while its sender says nothing. */
static void who_waits_keeps_no_slab(void **state)
{
	(void)state;
	g_running.part = "who_waits_keeps_no_slab";
	char path[TALK_PATH_SIZE];
	begin(8);
	tus_create(&g_world, &g_share, "f", MIB, path);
	assert_int_equal(tus_patch(&g_world, path, 0, 32768, SHIFT, ""), 204);
	struct hw_span text = tus_patch_text(path, 32768, MIB - 32768, SHIFT, "");
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text.bytes, text.size - (MIB - 32768) + 1);
	talk_world_pass(&g_world, 3000);
	assert_int_equal(g_world.reactor.slabs.free_count, g_world.reactor.slabs.count);
	hw_sim_peer_write(peer, text.bytes + text.size - (MIB - 32768) + 1, MIB - 32768 - 1);
	talk_text_free(text);
	talk_world_pass(&g_world, 1000);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 204);
	tus_file_check(&g_world, &g_share, "f", MIB, SHIFT);
	talk_table_end(&g_world);
}

static void damage_is_not_gone_on_with(void **state)
{
	(void)state;
	g_running.part = "damage_is_not_gone_on_with";
	static struct hw_catalog_request request;
	char path[TALK_PATH_SIZE];
	struct hw_extent extent;
	uint64_t file_id = 0;
	begin(8);
	tus_create(&g_world, &g_share, "f", MIB, path);
	assert_int_equal(tus_patch(&g_world, path, 0, 100000, SHIFT, ""), 204);
	request = (struct hw_catalog_request){.name_size = 1};
	request.name[0] = 'f';
	memcpy(request.share_id, g_share.share_id, HW_SHARE_ID_SIZE);
	tus_catalog_ask(&g_world, &request, HW_CATALOG_LOOKUP);
	assert_int_equal(request.res, 0);
	file_id = request.file_id;
	assert_true(hw_catalog_sim_extent(&g_world.catalog, file_id, 0, &extent));
	tus_catalog_ask(&g_world, &request, HW_CATALOG_UNPIN);
	int fd = hw_sim_disk_segment_fd(extent.shard, extent.segment);
	assert_true(fd >= 0);
	hw_sim_file_poke(fd, "rot", 3, extent.offset + 20000);
	(void)close(fd); /* an empty memfd */
	assert_int_equal(tus_patch(&g_world, path, 100000, 5, SHIFT, ""), 500);
	assert_int_equal(tus_offset(&g_world, path), 100000);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_size_is_read_back),
		cmocka_unit_test(who_waits_keeps_no_slab),
		cmocka_unit_test(damage_is_not_gone_on_with),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
