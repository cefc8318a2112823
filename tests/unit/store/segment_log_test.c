/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: extents follow each other and never overlap; a segment is sealed and reported once, when
 * nothing in it is unsettled; one sync serves all who came before it and nobody who came after; a
 * failed sync is believed; who waits for space always hears; promises never exceed the space.
 * Method: examples over the simulated ring and disk, turn by turn.
 */
#include "core/store/segment_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "tests/unit/store/store_world.h"

#define MIB         STORE_WORLD_MIB
#define EXTENT_SIZE (4U << 20)
#define WAITERS_MAX 40U

struct waiter {
	struct hw_segment_waiter waiter;
	uint32_t order; /* in which they were called, from 1 */
	uint32_t call_count;
	int res;
};

struct place {
	struct hw_segment *segment;
	uint64_t offset;
	struct hw_extent_drop drop;
	bool is_dropped;
};

static struct store_world g_world;
static struct waiter g_waiters[WAITERS_MAX];
static uint32_t g_call_count;
static struct hw_segment_log *const g_log = &g_world.store.log;

static void begin(uint64_t seed, uint64_t disk_size)
{
	memset(g_waiters, 0, sizeof(g_waiters));
	g_call_count = 0;
	struct hw_sim_options options = hw_sim_calm(seed);
	hw_sim_begin(&options);
	hw_sim_disk_size_set(disk_size);
	struct store_world_options world = {.segment_size = STORE_WORLD_SEGMENT_MIN,
					    .slab_count = 1};
	store_world_start(&g_world, &world);
}

static void end(void)
{
	store_world_settle(&g_world);
	assert_true(hw_list_is_empty(&g_log->waiters));
	store_world_stop(&g_world);
	hw_sim_end();
}

static void called(struct hw_segment_waiter *waiter, int res)
{
	struct waiter *self = hw_container_of(waiter, struct waiter, waiter);
	self->order = ++g_call_count;
	self->call_count++;
	self->res = res;
}

static void wait_for_space(uint32_t index)
{
	g_waiters[index].waiter.done = called;
	hw_segment_wait(g_log, &g_waiters[index].waiter);
}

static bool is_called(void *user)
{
	return ((const struct waiter *)user)->call_count > 0;
}

static int wait_for(uint32_t index)
{
	assert_int_equal(store_world_run(&g_world, is_called, &g_waiters[index]), 0);
	assert_int_equal(g_waiters[index].call_count, 1);
	g_waiters[index].call_count = 0;
	return g_waiters[index].res;
}

/* Until there is an answer other than "wait". */
static int reserve(struct place *place, uint32_t size)
{
	for (uint32_t i = 0; i < 10; i++) {
		int r = hw_segment_reserve(g_log, size, &place->segment, &place->offset);
		if (r != -EAGAIN) {
			return r;
		}
		wait_for_space(WAITERS_MAX - 1);
		r = wait_for(WAITERS_MAX - 1);
		if (r < 0) {
			return r;
		}
	}
	fail_msg("space is promised again and again");
	return -EAGAIN;
}

static void dropped(struct hw_extent_drop *drop)
{
	hw_container_of(drop, struct place, drop)->is_dropped = true;
}

static void drop(struct place *place, uint64_t size, bool is_last)
{
	place->drop.offset = place->offset;
	place->drop.size = size;
	place->drop.done = dropped;
	hw_segment_drop(place->segment, &place->drop, is_last);
}

/* -- space */

static void test_reserve(void **state)
{
	(void)state;
	begin(1, 1024 * MIB);
	struct place places[9] = {0};
	assert_int_equal(hw_segment_reserve(g_log, 4096, &places[0].segment, &places[0].offset),
			 -EAGAIN); /* there is no segment yet */
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(reserve(&places[i], EXTENT_SIZE), 0);
		assert_int_equal(places[i].segment->number, 1 + i / 4);
		assert_true(places[i].offset == (uint64_t)(i % 4) * EXTENT_SIZE);
		assert_int_equal(places[i].segment->unsettled_count, i % 4 + 1);
	}
	assert_ptr_equal(places[0].segment, places[3].segment);
	/* The next one was made before it was needed: no waiting. */
	store_world_pass(&g_world, 100);
	assert_int_equal(hw_segment_reserve(g_log, 4096, &places[8].segment, &places[8].offset), 0);
	assert_int_equal(places[8].segment->number, 3);
	assert_int_equal(g_world.sealed_count, 0);
	for (uint32_t i = 0; i < 9; i++) {
		hw_segment_settle(places[i].segment);
	}
	store_world_settle(&g_world);
	assert_int_equal(g_world.sealed_count, 2);
	end();
}

static void test_seal(void **state)
{
	(void)state;
	begin(2, 1024 * MIB);
	struct place places[5] = {0};
	uint32_t odd_size = EXTENT_SIZE - 4096;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(reserve(&places[i], odd_size), 0);
	}
	struct hw_segment *first = places[0].segment;
	assert_int_equal(first->state, HW_SEGMENT_FULL);
	assert_int_equal(places[4].segment->number, 2);
	for (uint32_t i = 0; i < 3; i++) {
		hw_segment_settle(first);
	}
	store_world_pass(&g_world, 100);
	assert_int_equal(g_world.sealed_count, 0); /* one is unsettled still */
	/* A drop is the last to end: only then is it sealed. */
	places[3].is_dropped = false;
	drop(&places[3], odd_size, true);
	assert_false(hw_store_is_idle(&g_world.store)); /* it is lent to the worker */
	store_world_settle(&g_world);
	assert_true(places[3].is_dropped);
	assert_int_equal(g_world.sealed_count, 1);
	assert_int_equal(g_world.sealed[0], 1);
	assert_int_equal(first->state, HW_SEGMENT_FREE);
	uint64_t size = 0;
	assert_int_equal(hw_files_segment_size(&g_world.files, STORE_WORLD_SHARD, 1, &size), 0);
	assert_true(size == 4 * (uint64_t)odd_size); /* cut behind its tail */
	hw_segment_settle(places[4].segment);
	end();
}

/* A part of an extent goes, the extent stays: two things to wait for. */
static void test_drop_part(void **state)
{
	(void)state;
	begin(3, 1024 * MIB);
	struct place places[5] = {0};
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(reserve(&places[i], EXTENT_SIZE), 0);
	}
	for (uint32_t i = 1; i < 4; i++) {
		hw_segment_settle(places[i].segment);
	}
	places[0].is_dropped = false;
	drop(&places[0], 8192, false);
	assert_int_equal(places[0].segment->unsettled_count, 2);
	hw_segment_settle(places[0].segment);
	store_world_settle(&g_world);
	assert_true(places[0].is_dropped);
	assert_int_equal(g_world.sealed_count, 1);
	assert_true(hw_sim_disk_used_size() ==
		    STORE_WORLD_SEGMENT_MIN * hw_sim_disk_segment_count(STORE_WORLD_SHARD) - 8192);
	hw_segment_settle(places[4].segment);
	end();
}

static void test_waiters(void **state)
{
	(void)state;
	begin(4, 1024 * MIB);
	struct place place = {0};
	assert_int_equal(hw_segment_reserve(g_log, 4096, &place.segment, &place.offset), -EAGAIN);
	for (uint32_t i = 0; i < 10; i++) {
		wait_for_space(i);
	}
	hw_segment_wait_end(&g_waiters[4].waiter);
	hw_segment_wait_end(&g_waiters[4].waiter); /* again: harmless */
	assert_int_equal(wait_for(9), 0);
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(g_waiters[i].call_count, i == 4 ? 0 : 1);
		assert_int_equal(g_waiters[i].order, i == 4 ? 0 : (i < 4 ? i + 1 : i));
	}
	end();
}

/* All entries of the table are held by slow uploads. */
static void test_all_open(void **state)
{
	(void)state;
	begin(5, 8192 * MIB);
	static struct place places[HW_SEGMENT_OPEN_MAX * 4];
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX * 4; i++) {
		assert_int_equal(reserve(&places[i], EXTENT_SIZE), 0);
	}
	struct place more = {0};
	assert_int_equal(hw_segment_reserve(g_log, 4096, &more.segment, &more.offset), -EAGAIN);
	wait_for_space(0);
	store_world_pass(&g_world, 3000);
	assert_int_equal(g_waiters[0].call_count, 0);
	for (uint32_t i = 40; i < 44; i++) {
		hw_segment_settle(places[i].segment);
	}
	assert_int_equal(wait_for(0), 0);
	assert_int_equal(hw_segment_reserve(g_log, 4096, &more.segment, &more.offset), 0);
	assert_int_equal(more.segment->number, HW_SEGMENT_OPEN_MAX + 1);
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX * 4; i++) {
		if (i < 40 || i >= 44) {
			hw_segment_settle(places[i].segment);
		}
	}
	hw_segment_settle(more.segment);
	end();
}

/* An old failure to make a segment is no answer when only the table is full. */
static void test_all_open_after_failure(void **state)
{
	(void)state;
	begin(6, 8192 * MIB);
	static struct place places[HW_SEGMENT_OPEN_MAX * 4];
	uint32_t count = (HW_SEGMENT_OPEN_MAX - 1) * 4;
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(reserve(&places[i], EXTENT_SIZE), 0);
	}
	store_world_pass(&g_world, 100);
	assert_non_null(g_log->ahead); /* the last free entry */
	/* It is used, and the one after it fails for want of space. */
	hw_segment_settle(places[0].segment);
	for (uint32_t i = 1; i < 4; i++) {
		hw_segment_settle(places[i].segment);
	}
	store_world_pass(&g_world, 100);
	hw_sim_disk_size_set(MIB);
	for (uint32_t i = count; i < count + 4; i++) {
		assert_int_equal(reserve(&places[i], EXTENT_SIZE), 0);
	}
	store_world_pass(&g_world, 100);
	assert_true(g_log->failed_us != 0);
	struct place more = {0};
	assert_int_equal(hw_segment_reserve(g_log, 4096, &more.segment, &more.offset), -ENOSPC);
	/* Space is back, and another entry is taken by hand: none is left. */
	hw_sim_disk_size_set(8192 * MIB);
	store_world_pass(&g_world, 1500);
	struct hw_segment *left = NULL;
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		if (g_log->segments[i].state == HW_SEGMENT_FREE) {
			left = &g_log->segments[i];
			left->state = HW_SEGMENT_FULL;
		}
	}
	assert_non_null(left);
	assert_int_equal(hw_segment_reserve(g_log, 4096, &more.segment, &more.offset), -EAGAIN);
	wait_for_space(0);
	for (uint32_t i = 4; i < 8; i++) {
		hw_segment_settle(places[i].segment);
	}
	assert_int_equal(wait_for(0), 0);
	assert_int_equal(hw_segment_reserve(g_log, 4096, &more.segment, &more.offset), 0);
	left->state = HW_SEGMENT_FREE;
	hw_segment_settle(more.segment);
	for (uint32_t i = 8; i < count + 4; i++) {
		hw_segment_settle(places[i].segment);
	}
	end();
}

static void test_no_space(void **state)
{
	(void)state;
	begin(7, 10 * MIB); /* less than the smallest segment */
	struct place place = {0};
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(
			i == 0 ? hw_segment_reserve(g_log, 4096, &place.segment, &place.offset)
			       : -EAGAIN,
			-EAGAIN);
		wait_for_space(i);
	}
	assert_int_equal(wait_for(4), -ENOSPC);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(g_waiters[i].call_count, 1);
		assert_int_equal(g_waiters[i].res, -ENOSPC);
	}
	/* At once again: the same answer, without asking the disk each time. */
	assert_int_equal(hw_segment_reserve(g_log, 4096, &place.segment, &place.offset), -ENOSPC);
	/* Somebody made room. */
	hw_sim_disk_size_set(40 * MIB);
	store_world_pass(&g_world, 1100);
	assert_int_equal(reserve(&place, EXTENT_SIZE), 0);
	hw_segment_settle(place.segment);
	end();
}

/* The disk holds less than a whole segment: half of one is made. */
static void test_small_segment(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(8);
	hw_sim_begin(&options);
	hw_sim_disk_size_set(70 * MIB);
	struct store_world_options world = {.segment_size = 256 * MIB, .slab_count = 1};
	store_world_start(&g_world, &world);
	struct place places[20] = {0};
	uint32_t count = 0;
	while (count < 20 && reserve(&places[count], EXTENT_SIZE) == 0) {
		assert_true(places[count].offset + EXTENT_SIZE <= places[count].segment->size);
		count++;
	}
	assert_int_equal(places[0].segment->size, 64 * MIB);
	assert_int_equal(count, 16); /* and 6 MiB are too few for another */
	for (uint32_t i = 0; i < count; i++) {
		hw_segment_settle(places[i].segment);
	}
	end();
}

static void test_bind_fails(void **state)
{
	(void)state;
	begin(9, 1024 * MIB);
	hw_sim_options()->set_error_percent = 100;
	struct place place = {0};
	assert_int_equal(hw_segment_reserve(g_log, 4096, &place.segment, &place.offset), -EAGAIN);
	wait_for_space(0);
	wait_for_space(1);
	int r = wait_for(0);
	assert_true(r == -ENOMEM || r == -EBADF);
	assert_int_equal(g_waiters[1].res, r);
	store_world_settle(&g_world);
	assert_int_equal(g_world.sealed_count, 1); /* so that the catalog unlinks it */
	assert_true(hw_sim_disk_used_size() == 0);
	hw_sim_options()->set_error_percent = 0;
	store_world_pass(&g_world, 1100);
	assert_int_equal(reserve(&place, 4096), 0);
	assert_int_equal(place.segment->number, 2);
	hw_segment_settle(place.segment);
	end();
}

/* -- sync */

static void sync_wait(struct place *place, uint32_t index)
{
	g_waiters[index].waiter.done = called;
	hw_segment_sync(place->segment, &g_waiters[index].waiter);
}

static uint64_t sync_count(void)
{
	return hw_metrics_read(&g_world.metrics, HW_METRIC_segment_syncs);
}

static void test_sync_group(void **state)
{
	(void)state;
	begin(10, 1024 * MIB);
	struct place place = {0};
	assert_int_equal(reserve(&place, EXTENT_SIZE), 0);
	for (uint32_t i = 0; i < 10; i++) {
		sync_wait(&place, i);
	}
	assert_int_equal(g_call_count - 1, 0); /* one: reserve's own waiter; none in a submit */
	assert_int_equal(wait_for(9), 0);
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(g_waiters[i].call_count, 1);
		assert_int_equal(g_waiters[i].res, 0);
	}
	assert_int_equal(sync_count(), 1); /* of all ten */
	hw_segment_settle(place.segment);
	end();
}

static bool is_sync_in_flight(void *user)
{
	return ((const struct place *)user)->segment->sync_op.in_flight;
}

static void test_sync_in_flight(void **state)
{
	(void)state;
	begin(11, 1024 * MIB);
	struct place place = {0};
	assert_int_equal(reserve(&place, EXTENT_SIZE), 0);
	sync_wait(&place, 0);
	sync_wait(&place, 1);
	assert_int_equal(store_world_run(&g_world, is_sync_in_flight, &place), 0);
	sync_wait(&place, 2); /* its writes are not covered: it gets the next one */
	sync_wait(&place, 3);
	hw_segment_wait_end(&g_waiters[1].waiter); /* given up while it is in flight */
	hw_segment_wait_end(&g_waiters[3].waiter); /* and before */
	assert_int_equal(wait_for(0), 0);
	assert_int_equal(sync_count(), 1);
	assert_int_equal(g_waiters[2].call_count, 0);
	assert_int_equal(wait_for(2), 0);
	assert_int_equal(sync_count(), 2);
	assert_int_equal(g_waiters[1].call_count, 0);
	assert_int_equal(g_waiters[3].call_count, 0);
	hw_segment_settle(place.segment);
	end();
}

static void test_sync_fails(void **state)
{
	(void)state;
	begin(12, 1024 * MIB);
	struct place places[2] = {0};
	struct place next = {0};
	assert_int_equal(reserve(&places[0], EXTENT_SIZE), 0);
	assert_int_equal(reserve(&places[1], EXTENT_SIZE), 0);
	sync_wait(&places[0], 0);
	assert_int_equal(store_world_run(&g_world, is_sync_in_flight, &places[0]), 0);
	hw_sim_options()->sync_error_percent = 100;
	sync_wait(&places[1], 1);
	int r = wait_for(0); /* may have been done before the fault */
	if (r == 0) {
		sync_wait(&places[0], 0);
		r = wait_for(0);
	}
	assert_int_equal(r, -EIO);
	/* Later syncs of the kernel say that all is well; nobody believes them. */
	hw_sim_options()->sync_error_percent = 0;
	if (g_waiters[1].call_count == 0) {
		(void)wait_for(1);
	}
	assert_int_equal(g_waiters[1].res, -EIO);
	sync_wait(&places[1], 2);
	assert_int_equal(wait_for(2), -EIO);
	assert_true(hw_metrics_read(&g_world.metrics, HW_METRIC_store_errors) > 0);
	/* Nothing new goes there. */
	assert_int_equal(reserve(&next, EXTENT_SIZE), 0);
	assert_int_equal(next.segment->number, 2);
	sync_wait(&next, 3);
	assert_int_equal(wait_for(3), 0);
	drop(&places[0], EXTENT_SIZE, true);
	drop(&places[1], EXTENT_SIZE, true);
	store_world_settle(&g_world);
	assert_int_equal(g_world.sealed_count, 1);
	assert_int_equal(g_world.sealed[0], 1);
	hw_segment_settle(next.segment);
	end();
}

/* What waits for a sync keeps the segment open, settled or not. */
static void test_sync_before_seal(void **state)
{
	(void)state;
	begin(13, 1024 * MIB);
	struct place place = {0};
	assert_int_equal(reserve(&place, EXTENT_SIZE), 0);
	sync_wait(&place, 0);
	hw_segment_fail(place.segment, -EIO); /* FULL */
	hw_segment_fail(place.segment, -EIO); /* again: harmless */
	assert_int_equal(place.segment->state, HW_SEGMENT_FULL);
	hw_segment_settle(place.segment);
	assert_int_equal(place.segment->state, HW_SEGMENT_FULL);
	assert_int_equal(wait_for(0), -EIO);
	store_world_settle(&g_world);
	assert_int_equal(g_world.sealed_count, 1);
	end();
}

/* -- promises */

static void test_promise(void **state)
{
	(void)state;
	begin(14, 100 * MIB);
	assert_true(hw_segment_log_free_size(g_log) == 100 * MIB);
	assert_int_equal(hw_segment_promise(g_log, 60 * MIB), 0);
	assert_int_equal(hw_segment_promise(g_log, 41 * MIB), -ENOSPC);
	assert_int_equal(hw_segment_promise(g_log, UINT64_MAX), -ENOSPC);
	assert_int_equal(hw_segment_promise(g_log, 40 * MIB), 0);
	assert_int_equal(hw_segment_promise(g_log, 1), -ENOSPC);
	assert_int_equal(hw_segment_promise(g_log, 0), 0);
	hw_segment_promise_end(g_log, 40 * MIB);
	assert_int_equal(hw_segment_promise(g_log, 40 * MIB), 0);
	hw_segment_promise_end(g_log, 100 * MIB);
	/* A new segment is free space still, but not twice. */
	struct place place = {0};
	assert_int_equal(reserve(&place, EXTENT_SIZE), 0);
	assert_true(hw_segment_log_free_size(g_log) == 96 * MIB);
	assert_int_equal(hw_segment_promise(g_log, 97 * MIB), -ENOSPC);
	store_world_settle(&g_world);
	assert_true(hw_segment_log_free_size(g_log) == 96 * MIB);
	/* Others fill the disk: seen a moment later. */
	hw_sim_disk_size_set(50 * MIB);
	store_world_pass(&g_world, 1000);
	assert_int_equal(hw_segment_promise(g_log, 0), 0);
	store_world_settle(&g_world);
	assert_true(hw_segment_log_free_size(g_log) == 46 * MIB);
	assert_int_equal(hw_segment_promise(g_log, 47 * MIB), -ENOSPC);
	/* More was promised than there is now: no new promise, and no underflow. */
	assert_int_equal(hw_segment_promise(g_log, 46 * MIB), 0);
	hw_sim_disk_size_set(20 * MIB);
	store_world_pass(&g_world, 1000);
	assert_int_equal(hw_segment_promise(g_log, 1), -ENOSPC);
	store_world_settle(&g_world);
	assert_int_equal(hw_segment_promise(g_log, 0), -ENOSPC);
	hw_segment_promise_end(g_log, 46 * MIB);
	hw_segment_settle(place.segment);
	end();
}

int main(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct hw_log_options quiet = {.fd = null, .level = HW_LOG_ERROR};
	hw_log_start(&quiet);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_drop_part),
		cmocka_unit_test(test_waiters),
		cmocka_unit_test(test_all_open),
		cmocka_unit_test(test_all_open_after_failure),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_small_segment),
		cmocka_unit_test(test_bind_fails),
		cmocka_unit_test(test_sync_group),
		cmocka_unit_test(test_sync_in_flight),
		cmocka_unit_test(test_sync_fails),
		cmocka_unit_test(test_sync_before_seal),
		cmocka_unit_test(test_promise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
