/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a reader gets the segment that it asked for, or an error, once; the least recently used
 * makes room; when all are in use, readers wait in line and none is forgotten.
 * Method: examples over the simulated ring and disk, each segment holding its own number; then
 * seeds of random opens and closes with faults.
 */
#include "core/store/segment_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/prng.h"
#include "tests/unit/store/store_world.h"

#define SEGMENT_COUNT 150U
#define READERS_MAX   200U
#define SEED_COUNT    300U

struct user {
	struct hw_segment_reader reader;
	struct hw_op op;
	uint64_t found; /* the number that the segment holds */
	int res;
	bool is_waiting;
	bool is_open;
	struct user *chained; /* opened from inside our ready, if that says -ENOENT */
};

static struct store_world g_world;
static struct user g_users[READERS_MAX];
static uint64_t g_seed;

static void begin(const struct hw_sim_options *options)
{
	g_seed = options->seed;
	memset(g_users, 0, sizeof(g_users));
	hw_sim_begin(options);
	struct store_world_options world = {.segment_size = STORE_WORLD_SEGMENT_MIN,
					    .slab_count = 1};
	store_world_start(&g_world, &world);
	uint32_t disk_error_percent = hw_sim_options()->disk_error_percent;
	hw_sim_options()->disk_error_percent = 0;
	for (uint64_t i = 1; i <= SEGMENT_COUNT; i++) {
		uint64_t size = HW_PAGE_SIZE;
		int fd = hw_files_segment_create(&g_world.files, 1, (uint32_t)i, &size, size);
		assert_true(fd >= 0);
		hw_sim_file_poke(fd, &i, sizeof(i), 0);
		assert_int_equal(close(fd), 0);
	}
	hw_sim_options()->disk_error_percent = disk_error_percent;
}

static void end(void)
{
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		assert_int_equal(g_world.store.cache.views[i].user_count, 0);
	}
	store_world_settle(&g_world);
	store_world_stop(&g_world);
	hw_sim_end();
}

static void ready(struct hw_segment_reader *reader, int res);

/* Returns true: it is open now. */
static bool user_open(struct user *user, uint32_t segment)
{
	assert_true(!user->is_waiting && !user->is_open);
	user->reader.shard = 1;
	user->reader.segment = segment;
	user->reader.ready = ready;
	user->res = 1;
	user->is_open = hw_segment_reader_open(&g_world.store.cache, &user->reader);
	user->is_waiting = !user->is_open;
	return user->is_open;
}

static void ready(struct hw_segment_reader *reader, int res)
{
	struct user *user = hw_container_of(reader, struct user, reader);
	assert_true(user->is_waiting); /* once */
	user->is_waiting = false;
	user->is_open = res == 0;
	user->res = res;
	assert_int_equal(reader->view != NULL, res == 0);
	if (res < 0 && user->chained != NULL) {
		(void)user_open(user->chained, 1); /* tested by who chained it */
	}
}

static void user_close(struct user *user)
{
	assert_true(user->is_open);
	user->is_open = false;
	hw_segment_reader_close(&g_world.store.cache, &user->reader);
	assert_null(user->reader.view);
}

static bool is_nobody_waiting(void *user)
{
	(void)user;
	for (uint32_t i = 0; i < READERS_MAX; i++) {
		if (g_users[i].is_waiting) {
			return false;
		}
	}
	return true;
}

static void all_wait(void)
{
	assert_int_equal(store_world_run(&g_world, is_nobody_waiting, NULL), 0);
}

static void read_done(struct hw_op *op)
{
	hw_container_of(op, struct user, op)->res = op->res;
}

static bool is_read(void *user)
{
	return !((const struct user *)user)->op.in_flight;
}

/* The view is of the segment that was asked for. */
static void user_check(struct user *user)
{
	assert_true(user->is_open);
	assert_int_equal(user->reader.view->segment, user->reader.segment);
	assert_int_equal(user->reader.view->state, HW_SEGMENT_VIEW_READY);
	hw_ring_read(g_world.reactor.ring, &user->op, user->reader.view->slot, &user->found,
		     sizeof(user->found), 0, read_done);
	assert_int_equal(store_world_run(&g_world, is_read, user), 0);
	assert_int_equal(user->res, sizeof(user->found));
	assert_int_equal(user->found, user->reader.segment);
}

static void user_visit(uint32_t segment, bool is_known)
{
	struct user *user = &g_users[READERS_MAX - 1];
	assert_int_equal(user_open(user, segment), is_known);
	all_wait();
	user_check(user);
	user_close(user);
}

static void test_shared(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(1);
	begin(&options);
	assert_false(user_open(&g_users[0], 7));
	assert_false(user_open(&g_users[1], 7)); /* the same open */
	assert_false(user_open(&g_users[2], 8));
	all_wait();
	assert_ptr_equal(g_users[0].reader.view, g_users[1].reader.view);
	assert_ptr_not_equal(g_users[0].reader.view, g_users[2].reader.view);
	assert_true(user_open(&g_users[3], 7)); /* now it is there */
	for (uint32_t i = 0; i < 4; i++) {
		user_check(&g_users[i]);
		user_close(&g_users[i]);
	}
	hw_segment_reader_close(&g_world.store.cache, &g_users[0].reader); /* again: harmless */
	assert_true(user_open(&g_users[0], 7));                            /* kept for the next */
	user_close(&g_users[0]);
	end();
}

static void test_least_recently_used(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(2);
	begin(&options);
	for (uint32_t i = 1; i <= HW_SEGMENT_CACHE_MAX; i++) {
		user_visit(i, false);
	}
	user_visit(1, true); /* now 2 is the oldest */
	user_visit(HW_SEGMENT_CACHE_MAX + 1, false);
	user_visit(1, true);
	user_visit(3, true); /* then 4 is */
	user_visit(2, false);
	user_visit(4, false);
	user_visit(2, true);
	/* One in use is never the one that goes, however old. */
	assert_true(user_open(&g_users[0], 6));
	for (uint32_t i = 10; i < 10 + HW_SEGMENT_CACHE_MAX; i++) {
		struct user *user = &g_users[1];
		(void)user_open(user, i); /* some are there, some not */
		all_wait();
		user_check(user);
		user_close(user);
	}
	user_check(&g_users[0]);
	user_close(&g_users[0]);
	end();
}

static void test_all_in_use(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(3);
	begin(&options);
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX; i++) {
		assert_false(user_open(&g_users[i], i + 1));
	}
	all_wait();
	struct user *late = &g_users[HW_SEGMENT_CACHE_MAX];
	assert_false(user_open(&late[0], 140));
	assert_false(user_open(&late[1], 141));
	assert_false(user_open(&late[2], 140));
	assert_true(user_open(&late[3], 1)); /* it is there: no need to wait */
	store_world_pass(&g_world, 100);
	assert_true(late[0].is_waiting && late[1].is_waiting && late[2].is_waiting);
	user_close(&g_users[0]); /* another one uses it still */
	store_world_pass(&g_world, 100);
	assert_true(late[0].is_waiting);
	user_close(&late[3]);
	store_world_pass(&g_world, 100);
	assert_true(late[0].is_open); /* first come, first served */
	assert_true(late[2].is_open); /* the same segment: no view of its own */
	assert_true(late[1].is_waiting);
	user_close(&g_users[1]);
	all_wait();
	for (uint32_t i = 0; i < 3; i++) {
		user_check(&late[i]);
		user_close(&late[i]);
	}
	for (uint32_t i = 2; i < HW_SEGMENT_CACHE_MAX; i++) {
		user_check(&g_users[i]);
		user_close(&g_users[i]);
	}
	end();
}

static void test_missing(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(4);
	begin(&options);
	assert_false(user_open(&g_users[0], 999));
	assert_false(user_open(&g_users[1], 999));
	all_wait();
	assert_int_equal(g_users[0].res, -ENOENT);
	assert_int_equal(g_users[1].res, -ENOENT);
	assert_false(user_open(&g_users[0], 999)); /* asked anew, it may be there now */
	all_wait();
	assert_int_equal(g_users[0].res, -ENOENT);
	end();
}

/* Who hears that a segment is not there opens another at once, in the same view. */
static void test_missing_then_another(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(5);
	begin(&options);
	/* All views but one are held: the failed one is the only one that can be taken. */
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX - 1; i++) {
		assert_false(user_open(&g_users[i], i + 2));
	}
	all_wait();
	struct user *late = &g_users[HW_SEGMENT_CACHE_MAX];
	late[0].chained = &late[2];
	late[1].chained = &late[3];
	assert_false(user_open(&late[0], 999));
	assert_false(user_open(&late[1], 999));
	all_wait();
	assert_int_equal(late[0].res, -ENOENT);
	assert_int_equal(late[1].res, -ENOENT);
	for (uint32_t i = 2; i < 4; i++) {
		assert_int_equal(late[i].res, 0);
		user_check(&late[i]);
		user_close(&late[i]);
	}
	for (uint32_t i = 0; i < HW_SEGMENT_CACHE_MAX - 1; i++) {
		user_close(&g_users[i]);
	}
	end();
}

/* A slot that held another segment is empty when the new one could not be opened. */
static void test_reuse_fails(void **state)
{
	(void)state;
	struct hw_sim_options options = hw_sim_calm(6);
	begin(&options);
	for (uint32_t i = 1; i <= HW_SEGMENT_CACHE_MAX; i++) {
		user_visit(i, false);
	}
	assert_false(user_open(&g_users[0], 999)); /* in the place of 1 */
	all_wait();
	assert_int_equal(g_users[0].res, -ENOENT);
	hw_sim_options()->set_error_percent = 100;
	assert_false(user_open(&g_users[0], 1));
	all_wait();
	assert_true(g_users[0].res == -ENOMEM || g_users[0].res == -EBADF);
	assert_false(user_open(&g_users[0], 1));
	all_wait();
	assert_true(g_users[0].res < 0);
	hw_sim_options()->set_error_percent = 0;
	user_visit(1, false);
	user_visit(128, true);
	end();
}

static void all_close(void)
{
	for (uint32_t i = 0; i < READERS_MAX; i++) {
		if (g_users[i].is_open) {
			user_close(&g_users[i]);
		}
	}
}

static void seed_run(uint64_t seed)
{
	struct hw_sim_options options = hw_sim_chaos(seed);
	options.disk_error_percent = seed % 3 == 0 ? 10 : 0;
	options.set_error_percent = seed % 4 == 0 ? 10 : 0;
	options.short_percent = 0; /* our reads of the number are whole */
	begin(&options);
	struct hw_prng prng;
	hw_prng_init(&prng, seed);
	uint32_t segment_count = hw_prng_chance(&prng, 50) ? SEGMENT_COUNT + 3 : 5;
	for (uint32_t i = 0; i < 600; i++) {
		struct user *user = &g_users[hw_prng_below(&prng, READERS_MAX)];
		if (user->is_open && hw_prng_chance(&prng, 20)) {
			user_check(user);
			user_close(user);
		} else if (user->is_open) {
			user_close(user);
		} else if (!user->is_waiting) {
			(void)user_open(user, (uint32_t)hw_prng_between(&prng, 1, segment_count));
		}
		if (hw_prng_chance(&prng, 10)) {
			store_world_pass(&g_world, hw_prng_below(&prng, 3));
		}
	}
	for (uint32_t i = 0; i < READERS_MAX; i++) { /* closing lets those in line go on */
		all_close();
		store_world_pass(&g_world, 50);
	}
	all_wait();
	all_close();
	end();
}

static void test_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		seed_run(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_least_recently_used),
		cmocka_unit_test(test_all_in_use),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_missing_then_another),
		cmocka_unit_test(test_reuse_fails),
		cmocka_unit_test(test_seeds),
	};
	int failed_count = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed_count > 0) {
		print_error("segment_cache_test: the last seed was %llu\n",
			    (unsigned long long)g_seed);
	}
	return failed_count;
}
