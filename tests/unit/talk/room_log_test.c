/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what must be heard is kept, or known to be lost; what is past is not kept; the limits hold.
 *
 * Method: a reader that follows a log of random events from random places, against a list of all
 * events ever made; limits and pools at their ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "net/talk/room_log.h"
#include "tests/sim/seeds.h"

#define EVENTS_MAX 2000U

static struct hw_room_log_pools g_pools;
static struct hw_room_log g_log;
static struct hw_room_event_head g_all[EVENTS_MAX + 1]; /* by seq */
static char g_text[HW_ROOM_LOG_SIZE_MAX];

static void begin(uint32_t event_count)
{
	assert_int_equal(hw_room_log_pools_init(&g_pools, event_count), 0);
	hw_room_log_init(&g_log);
}

static void end(void)
{
	hw_room_log_clear(&g_log, &g_pools);
	hw_room_log_pools_deinit(&g_pools);
}

static uint32_t add(uint64_t seq, enum hw_room_event_kind kind, uint64_t key, uint64_t to,
		    uint32_t size)
{
	g_all[seq] = (struct hw_room_event_head){.seq = seq, .key = key, .to = to, .kind = kind};
	memset(g_text, (int)('a' + seq % 26), size);
	return hw_room_log_append(&g_log, &g_pools, &g_all[seq], (struct hw_span){g_text, size});
}

/* May this event be missing for who has heard nothing of it? */
static bool is_past(uint64_t seq, uint64_t last)
{
	const struct hw_room_event_head *head = &g_all[seq];
	for (uint64_t later = seq + 1; later <= last; later++) {
		const struct hw_room_event_head *other = &g_all[later];
		bool is_transfer =
			other->kind == HW_ROOM_EVENT_PROGRESS || other->kind == HW_ROOM_EVENT_STATE;
		bool is_same = head->kind == HW_ROOM_EVENT_PROGRESS && is_transfer &&
			       other->key == head->key;
		if (is_same || (head->kind == HW_ROOM_EVENT_PRESENCE &&
				other->kind == HW_ROOM_EVENT_PRESENCE)) {
			return true;
		}
	}
	return head->kind == HW_ROOM_EVENT_PROGRESS; /* the first to be pushed out */
}

static void reader_check(uint64_t since, uint64_t last, uint64_t to)
{
	uint64_t seq = since;
	uint64_t own_seq = since;
	uint64_t heard = since;
	const struct hw_room_event *event;
	while ((event = hw_room_log_next(&g_log, seq, own_seq, to)) != NULL) {
		assert_true(event->seq > heard);
		for (uint64_t missing = heard + 1; missing < event->seq; missing++) {
			bool is_ours = g_all[missing].to == 0 || g_all[missing].to == to;
			assert_true(!is_ours || is_past(missing, last));
		}
		hw_room_event_text(event, g_text);
		assert_int_equal(g_text[event->size - 1], 'a' + event->seq % 26);
		heard = event->seq;
		if (event->to == 0) {
			seq = event->seq;
		} else {
			own_seq = event->seq;
		}
	}
}

static void readers_miss_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct hw_prng prng;
		hw_prng_init(&prng, seed);
		g_running.seed = seed;
		begin(seed % 3 == 0 ? 100 : 600);
		uint32_t size_max = seed % 2 == 0 ? 300 : 3000;
		for (uint64_t seq = 1; seq <= EVENTS_MAX; seq++) {
			static const enum hw_room_event_kind kinds[] = {
				HW_ROOM_EVENT_PROGRESS, HW_ROOM_EVENT_PROGRESS, HW_ROOM_EVENT_STATE,
				HW_ROOM_EVENT_PRESENCE, HW_ROOM_EVENT_OTHER};
			enum hw_room_event_kind kind = kinds[hw_prng_below(&prng, 5)];
			uint64_t to = kind == HW_ROOM_EVENT_OTHER ? hw_prng_below(&prng, 3) : 0;
			(void)add(seq, kind, hw_prng_below(&prng, 4), to,
				  (uint32_t)hw_prng_between(&prng, 1, size_max));
			assert_true(g_log.count <= HW_ROOM_LOG_EVENTS_MAX);
			assert_true(g_log.size <= HW_ROOM_LOG_SIZE_MAX);
			uint64_t since = hw_prng_below(&prng, seq + 1);
			if (hw_room_log_is_whole(&g_log, since)) {
				reader_check(since, seq, 1 + hw_prng_below(&prng, 2));
			}
			assert_true(hw_room_log_is_whole(&g_log, seq));
		}
		end();
	}
}

static void the_newest_progress_is_enough(void **state)
{
	(void)state;
	begin(600);
	for (uint64_t seq = 1; seq <= 1000; seq++) {
		assert_int_equal(add(seq, HW_ROOM_EVENT_PROGRESS, seq % 3, 0, 200), 0);
	}
	assert_int_equal(g_log.count, 3);
	assert_true(hw_room_log_is_whole(&g_log, 0));
	(void)add(1001, HW_ROOM_EVENT_STATE, 1, 0, 200);
	assert_int_equal(g_log.count, 3); /* its progress is past */
	end();
}

static void progress_goes_before_states(void **state)
{
	(void)state;
	begin(600);
	(void)add(1, HW_ROOM_EVENT_STATE, 1, 0, 200);
	for (uint64_t seq = 2; seq <= HW_ROOM_LOG_EVENTS_MAX; seq++) {
		assert_int_equal(add(seq, HW_ROOM_EVENT_PROGRESS, 1000 + seq, 0, 200), 0);
	}
	for (uint64_t seq = 300; seq < 300 + HW_ROOM_LOG_EVENTS_MAX - 1; seq++) {
		assert_int_equal(add(seq, HW_ROOM_EVENT_OTHER, 0, 0, 200), 0);
		assert_true(hw_room_log_is_whole(&g_log, 0));
	}
	assert_int_equal(add(1000, HW_ROOM_EVENT_OTHER, 0, 0, 200), 1);
	assert_false(hw_room_log_is_whole(&g_log, 0));
	assert_true(hw_room_log_is_whole(&g_log, 1));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_miss_nothing),
		cmocka_unit_test(the_newest_progress_is_enough),
		cmocka_unit_test(progress_goes_before_states),
	};
	seeds_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
