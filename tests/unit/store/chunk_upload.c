/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store/chunk_upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define SLAB_COUNT 12U

struct scene g_scene;
uint64_t g_seed;

/* -- contents */

static uint64_t content_word(uint64_t content, uint64_t index)
{
	uint64_t word = (content ^ index) * UINT64_C(0x9e3779b97f4a7c15);
	return (word ^ (word >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
}

void content_fill(uint64_t content, uint32_t offset, uint8_t *ret_bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i += 8) {
		uint64_t word = content_word(content, (offset + i) / 8);
		memcpy(ret_bytes + i, &word, hw_min(8U, size - i));
	}
}

void content_check(uint64_t content, uint32_t offset, const uint8_t *bytes, uint32_t size)
{
	bool is_equal = true;
	for (uint32_t i = 0; is_equal && i < size; i += 8) {
		uint64_t word = content_word(content, (offset + i) / 8);
		is_equal = memcmp(bytes + i, &word, hw_min(8U, size - i)) == 0;
	}
	assert_true(is_equal);
}

static uint32_t size_of_chance(struct hw_prng *prng)
{
	static const uint32_t edges[] = {1,
					 HW_PAGE_SIZE,
					 HW_BLOCK_SIZE,
					 HW_SLAB_SIZE,
					 2 * HW_SLAB_SIZE,
					 4 * HW_SLAB_SIZE,
					 128 * HW_BLOCK_SIZE,
					 HW_CHUNK_SIZE};
	uint64_t kind = hw_prng_below(prng, 100);
	if (kind < 40) {
		return (uint32_t)hw_prng_between(prng, 1, UINT64_C(3) * HW_BLOCK_SIZE);
	}
	if (kind < 80) {
		return (uint32_t)hw_prng_between(prng, 1, UINT64_C(5) * HW_SLAB_SIZE);
	}
	if (kind < 95) {
		uint32_t edge = edges[hw_prng_below(prng, hw_count_of(edges) - 1)];
		return edge + (uint32_t)hw_prng_below(prng, 3) - (edge > 1 ? 1 : 0);
	}
	return (uint32_t)hw_prng_between(prng, HW_CHUNK_SIZE - HW_SLAB_SIZE, HW_CHUNK_SIZE);
}

/* -- one upload */

static void feed(struct client *client);
static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab);

static void timer_fired(struct hw_timer *timer)
{
	struct client *client = hw_container_of(timer, struct client, timer);
	hw_slab_unref(hw_move(&client->follower));
	if (client->is_active) {
		feed(client);
	} else if (client->chunks_left > 0) {
		client_begin(client);
	}
}

static void later(struct client *client)
{
	hw_timer_start(&g_scene.world.reactor.timers, &client->timer,
		       hw_prng_below(&client->prng, 30), timer_fired);
}

/* A slow client's slab goes before it is full; but never with a part of a block. */
static uint32_t slab_size(struct client *client)
{
	if (!hw_prng_chance(&client->prng, g_scene.part_percent)) {
		return HW_SLAB_SIZE;
	}
	return (uint32_t)hw_prng_between(&client->prng, 1, HW_SLAB_BLOCKS) * HW_BLOCK_SIZE;
}

static void slab_append(struct client *client, struct hw_slab *slab)
{
	uint32_t fill_size = slab_size(client);
	slab->size = hw_min(fill_size, client->size - client->appended_size);
	content_fill(client->content, client->appended_size, slab->bytes, slab->size);
	client->appended_size += slab->size;
	hw_chunk_writer_append(&client->writer, slab);
	bool is_part = fill_size < HW_SLAB_SIZE && client->appended_size < client->size;
	if (is_part || hw_prng_chance(&client->prng, g_scene.part_percent / 4)) {
		hw_chunk_writer_reserve(&client->writer); /* or the slab would wait with us */
	}
	if (client->follower == NULL && slab->state == HW_SLAB_HELD &&
	    hw_prng_chance(&client->prng, 10)) {
		client->follower = hw_slab_ref(slab);
		if (!hw_timer_is_running(&client->timer)) {
			later(client);
		}
	}
}

static bool may_append(const struct client *client)
{
	return client->is_active && !client->is_ended && !client->is_aborted &&
	       hw_chunk_writer_has_room(&client->writer);
}

static void slab_ready(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct client *client = hw_container_of(waiter, struct client, slab_waiter);
	if (!may_append(client)) {
		hw_slab_unref(slab);
		return;
	}
	slab_append(client, slab);
	feed(client);
}

/* A slab to fill; NULL: it will be called again. */
static struct hw_slab *slab_next(struct client *client)
{
	if (hw_list_is_linked(&client->slab_waiter.link)) {
		return NULL;
	}
	if (hw_prng_chance(&client->prng, g_scene.pause_percent)) {
		later(client);
		return NULL;
	}
	struct hw_slab *slab = hw_slab_take(&g_scene.world.reactor.slabs);
	if (slab == NULL) {
		hw_slab_unref(hw_move(&client->follower)); /* else all wait for us */
		hw_slab_wait(&g_scene.world.reactor.slabs, &client->slab_waiter);
	}
	return slab;
}

static void feed(struct client *client)
{
	while (may_append(client)) {
		if (client->appended_size == client->size) {
			client->is_ended = true;
			hw_chunk_writer_finish(&client->writer);
			return;
		}
		struct hw_slab *slab = slab_next(client);
		if (slab == NULL) {
			return;
		}
		slab_append(client, slab);
	}
}

void client_abort(struct client *client)
{
	client->is_aborted = true;
	hw_chunk_writer_abort(&client->writer);
}

static void progress(struct hw_chunk_writer *writer)
{
	struct client *client = hw_container_of(writer, struct client, writer);
	assert_true(client->is_active && !client->is_ended && !client->is_aborted);
	if (hw_prng_chance(&client->prng, g_scene.abort_percent / 10)) {
		client_abort(client);
		return;
	}
	feed(client);
}

static void settle_fired(struct hw_timer *timer)
{
	struct stored *stored = hw_container_of(timer, struct stored, timer);
	stored->is_settled = true;
	hw_segment_settle(stored->segment);
}

static void dropped(struct hw_extent_drop *drop)
{
	hw_container_of(drop, struct stored, drop)->is_settled = true;
}

/* What the catalog would do with it: name it now, later, or have it already. */
static void chunk_stored(struct client *client)
{
	assert_true(g_scene.stored_count < STORED_MAX);
	struct stored *stored = &g_scene.stored[g_scene.stored_count++];
	stored->extent = client->writer.extent;
	stored->segment = client->writer.segment;
	stored->content = client->content;
	assert_int_equal(stored->extent.size, client->size);
	assert_int_equal(stored->extent.shard, STORE_WORLD_SHARD);
	assert_int_equal(stored->extent.segment, stored->segment->number);
	uint64_t way = hw_prng_below(&client->prng, 3);
	if (way == 0) {
		settle_fired(&stored->timer);
	} else if (way == 1) {
		hw_timer_start(&g_scene.world.reactor.timers, &stored->timer,
			       hw_prng_below(&client->prng, 50), settle_fired);
	} else {
		stored->is_dropped = true;
		stored->drop.offset = stored->extent.offset;
		stored->drop.size = hw_extent_disk_size(stored->extent.size);
		stored->drop.done = dropped;
		hw_segment_drop(stored->segment, &stored->drop, true);
	}
}

static void done(struct hw_chunk_writer *writer, int res)
{
	struct client *client = hw_container_of(writer, struct client, writer);
	assert_true(client->is_active); /* once */
	assert_true(hw_chunk_writer_is_idle(writer));
	client->is_active = false;
	hw_slab_wait_end(&client->slab_waiter);
	assert_true(res <= 0);
	if (res == 0) {
		assert_true(client->is_ended && !client->is_aborted);
		chunk_stored(client);
	} else {
		assert_true(g_scene.may_fail || client->is_aborted);
		assert_true(res != -ECANCELED || client->is_aborted);
		g_scene.failed_count++;
	}
	if (client->chunks_left > 0 && hw_prng_chance(&client->prng, 30)) {
		client_begin(client);
	} else {
		later(client);
	}
}

void client_begin(struct client *client)
{
	struct hw_prng *prng = &client->prng;
	client->chunks_left--;
	client->content = hw_prng_next(prng);
	client->size = size_of_chance(prng);
	client->appended_size = 0;
	client->is_active = true;
	client->is_ended = false;
	client->is_aborted = false;
	client->abort_step = hw_prng_chance(prng, g_scene.abort_percent)
				     ? hw_sim_step_count() + hw_prng_below(prng, 60)
				     : NEVER;
	bool is_exact = hw_prng_chance(prng, 50);
	uint32_t size_max = is_exact || hw_prng_chance(prng, 10) ? client->size : HW_CHUNK_SIZE;
	client->writer.progress = progress;
	client->writer.done = done;
	client->slab_waiter.ready = slab_ready;
	hw_chunk_writer_begin(&client->writer, &g_scene.world.store, size_max, is_exact);
	feed(client);
}

/* -- a scene: many of them */

static void before_step(void *user, uint64_t step)
{
	(void)user;
	for (uint32_t i = 0; i < g_scene.client_count; i++) {
		struct client *client = &g_scene.clients[i];
		if (client->is_active && !client->is_aborted && step >= client->abort_step) {
			client_abort(client);
		}
	}
}

uint32_t scene_level(uint32_t percent_max)
{
	return hw_prng_chance(&g_scene.prng, 60)
		       ? 0
		       : (uint32_t)hw_prng_between(&g_scene.prng, 1, percent_max);
}

void scene_begin(uint64_t seed)
{
	g_seed = seed;
	memset(&g_scene, 0, sizeof(g_scene));
	struct hw_prng *prng = &g_scene.prng;
	hw_prng_init(prng, seed);
	struct hw_sim_options options = hw_sim_chaos(seed);
	options.write_error_percent = scene_level(5);
	options.sync_error_percent = scene_level(10);
	options.disk_error_percent = scene_level(20);
	options.set_error_percent = scene_level(30);
	options.interrupt_percent = scene_level(40);
	options.before_step = before_step;
	hw_sim_begin(&options);
	g_scene.abort_percent = scene_level(50);
	bool is_small = hw_prng_chance(prng, 20);
	g_scene.may_fail = options.write_error_percent + options.sync_error_percent +
				   options.disk_error_percent + options.set_error_percent +
				   options.interrupt_percent >
			   0;
	g_scene.may_fail |= is_small;
	if (is_small) {
		hw_sim_disk_size_set(hw_prng_between(prng, 0, 70) * STORE_WORLD_MIB);
	}
	g_scene.pause_percent = scene_level(50);
	g_scene.part_percent = scene_level(80);
	g_scene.crash_step = hw_prng_chance(prng, 40) ? hw_prng_below(prng, 400) : NEVER;
	struct store_world_options world = {
		.segment_size = hw_prng_between(prng, 4, 8) * 4 * STORE_WORLD_MIB,
		.slab_count = (uint32_t)hw_prng_between(prng, 1, SLAB_COUNT),
		.is_direct = hw_prng_chance(prng, 50),
	};
	store_world_start(&g_scene.world, &world);
	g_scene.client_count = (uint32_t)hw_prng_between(prng, 1, CLIENTS_MAX);
	for (uint32_t i = 0; i < g_scene.client_count; i++) {
		struct client *client = &g_scene.clients[i];
		hw_prng_init(&client->prng, hw_prng_next(prng));
		client->chunks_left = (uint32_t)hw_prng_between(prng, 1, CHUNKS_MAX);
		later(client);
	}
}

void scene_begin_calm(uint64_t seed)
{
	g_seed = seed;
	memset(&g_scene, 0, sizeof(g_scene));
	hw_prng_init(&g_scene.prng, seed);
	struct hw_sim_options options = hw_sim_calm(seed);
	hw_sim_begin(&options);
	g_scene.crash_step = NEVER;
	struct store_world_options world = {.segment_size = STORE_WORLD_SEGMENT_MIN,
					    .slab_count = 6};
	store_world_start(&g_scene.world, &world);
	g_scene.client_count = 1;
	hw_prng_init(&g_scene.clients[0].prng, seed);
}

bool scene_is_finished(void *user)
{
	(void)user;
	if (hw_sim_step_count() >= g_scene.crash_step) {
		return true;
	}
	for (uint32_t i = 0; i < g_scene.client_count; i++) {
		const struct client *client = &g_scene.clients[i];
		if (client->is_active || client->chunks_left > 0 ||
		    hw_timer_is_running(&client->timer)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < g_scene.stored_count; i++) {
		if (!g_scene.stored[i].is_settled) {
			return false;
		}
	}
	return hw_store_is_idle(&g_scene.world.store);
}

void scene_quiet_check(void)
{
	const struct store_world *world = &g_scene.world;
	assert_int_equal(store_world_unsettled_count(world), 0);
	assert_int_equal(world->reactor.slabs.free_count, world->reactor.slabs.count);
	assert_true(hw_list_is_empty(&world->store.digest.jobs));
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		const struct hw_segment *segment = &world->store.log.segments[i];
		assert_true(hw_list_is_empty(&segment->sync_next));
		assert_true(hw_list_is_empty(&segment->sync_now));
		assert_true(segment->state == HW_SEGMENT_FREE ||
			    segment->state == HW_SEGMENT_READY ||
			    segment->state == HW_SEGMENT_ACTIVE);
	}
}
