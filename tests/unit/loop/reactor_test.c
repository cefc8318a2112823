/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a reactor's turn runs mail, completions, timers, hooks and slab waiters, sleeps only when
 *       none of them has work, and never past a timer.
 * Method: reactors over the simulated ring, turned in seeded order in virtual time, so
 *         that "slept" and "late" can be measured exactly. A failure prints its seed.
 */
#include "core/base/prng.h"
#include "tests/unit/loop/reactor_fixture.h"

#define SEEDS  200U
#define TIMERS 50U

static void pump_reactor(struct hw_reactor *reactor, bool (*is_finished)(void *), void *user)
{
	struct hw_sim_pump pump = {.actors = {hw_sim_actor_reactor(reactor)},
				   .count = 1,
				   .is_finished = is_finished,
				   .user = user};
	int r = hw_sim_pump(&pump);
	if (r != 0) {
		fail_msg("seed %llu: %d", (unsigned long long)hw_sim_seed(), r);
	}
}

static void test_life(void **state)
{
	(void)state;
	struct hw_reactor reactor = {.index = 0};
	hw_reactor_deinit(NULL);
	hw_reactor_deinit(&reactor);
	world_begin(1);
	reactor_start(&reactor, 3);
	assert_int_equal(reactor.index, 3);
	assert_int_equal(hw_reactor_turn(&reactor, 0), 0);
	hw_reactor_deinit(&reactor);
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

/* -- timers */

struct alarm {
	struct hw_timer timer;
	uint64_t due_us;
	struct alarms *all;
};

struct alarms {
	struct hw_reactor *reactor;
	struct alarm alarms[TIMERS];
	uint32_t rung_count;
	uint64_t late_us_max;
};

static void ring_alarm(struct hw_timer *timer)
{
	struct alarm *alarm = hw_container_of(timer, struct alarm, timer);
	uint64_t now_us = hw_clock_monotonic_us();
	assert_true(now_us + 1000 > alarm->due_us); /* to the millisecond */
	uint64_t late_us = now_us > alarm->due_us ? now_us - alarm->due_us : 0;
	alarm->all->late_us_max = hw_max(alarm->all->late_us_max, late_us);
	alarm->all->rung_count++;
}

static bool all_rung(void *user)
{
	const struct alarms *alarms = user;
	return alarms->rung_count == TIMERS;
}

static void timers_run(uint64_t seed)
{
	static struct alarms alarms;
	struct hw_prng prng;
	struct hw_reactor reactor;
	hw_prng_init(&prng, seed);
	world_begin(seed);
	reactor_start(&reactor, 0);
	alarms = (struct alarms){.reactor = &reactor};
	for (uint32_t i = 0; i < TIMERS; i++) {
		uint64_t delay_ms = hw_prng_below(&prng, UINT64_C(1) << (i % 18));
		alarms.alarms[i].all = &alarms;
		alarms.alarms[i].due_us = reactor.now_us + delay_ms * 1000U;
		hw_timer_start(&reactor.timers, &alarms.alarms[i].timer, delay_ms, ring_alarm);
	}
	pump_reactor(&reactor, all_rung, &alarms);
	/* One for the tick it was started in, one for the tick it fires in. */
	if (alarms.late_us_max > 2100) {
		fail_msg("seed %llu: %llu us late", (unsigned long long)seed,
			 (unsigned long long)alarms.late_us_max);
	}
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

static void test_timers_are_in_time(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		timers_run(seed);
	}
}

/* -- hooks */

struct worker_hook {
	struct hw_turn_hook hook;
	uint32_t runs;
	uint32_t work_left;
	uint32_t *sequence;
	uint32_t seen;
};

static bool hook_run(struct hw_turn_hook *hook)
{
	struct worker_hook *mine = hw_container_of(hook, struct worker_hook, hook);
	mine->runs++;
	mine->seen = ++*mine->sequence;
	if (mine->work_left > 0) {
		mine->work_left--;
	}
	return mine->work_left > 0;
}

static void test_hooks_run_each_turn_and_keep_it_awake(void **state)
{
	(void)state;
	struct hw_reactor reactor;
	uint32_t sequence = 0;
	struct worker_hook first = {.hook = {.run = hook_run}, .sequence = &sequence};
	struct worker_hook second = {.hook = {.run = hook_run}, .sequence = &sequence};
	world_begin(1);
	reactor_start(&reactor, 0);
	hw_reactor_hook_add(&reactor, &first.hook);
	hw_reactor_hook_add(&reactor, &second.hook);
	second.work_left = 5;
	uint64_t begun_us = hw_clock_monotonic_us();
	for (uint32_t i = 1; i <= 4; i++) {
		assert_int_equal(hw_reactor_turn(&reactor, 1000), 0);
		assert_int_equal(first.runs, i);
		assert_int_equal(second.runs, i);
		assert_true(first.seen < second.seen); /* in the order of adding */
	}
	assert_true(hw_clock_monotonic_us() - begun_us < 1000);
	assert_int_equal(hw_reactor_turn(&reactor, 1000), 0); /* the work is done: it sleeps */
	assert_true(hw_clock_monotonic_us() - begun_us >= 1000000);
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

/* -- slabs */

struct customer {
	struct hw_slab_waiter waiter;
	struct hw_slab *slab;
	uint64_t served_us;
};

static void served(struct hw_slab_waiter *waiter, struct hw_slab *slab)
{
	struct customer *customer = hw_container_of(waiter, struct customer, waiter);
	customer->slab = slab;
	customer->served_us = hw_clock_monotonic_us();
}

struct giver {
	struct hw_turn_hook hook;
	struct hw_slab *slab;
};

static bool give_run(struct hw_turn_hook *hook)
{
	struct giver *giver = hw_container_of(hook, struct giver, hook);
	hw_slab_unref(giver->slab);
	giver->slab = NULL;
	return false;
}

/* Hash batches end in hooks and give slabs back there: who waits for one must not wait for the next
 * event, too. */
static void test_a_slab_given_back_by_a_hook_is_served_at_once(void **state)
{
	(void)state;
	struct hw_reactor reactor;
	struct customer customer = {.waiter = {.ready = served}};
	world_begin(2);
	reactor_start(&reactor, 0);
	struct hw_slab *kept = hw_slab_take(&reactor.slabs);
	struct giver giver = {.hook = {.run = give_run}, .slab = hw_slab_take(&reactor.slabs)};
	assert_non_null(kept);
	assert_non_null(giver.slab);
	hw_slab_wait(&reactor.slabs, &customer.waiter);
	hw_reactor_hook_add(&reactor, &giver.hook);
	uint64_t begun_us = hw_clock_monotonic_us();
	for (uint32_t i = 0; i < 3 && customer.slab == NULL; i++) {
		assert_int_equal(hw_reactor_turn(&reactor, 1000), 0);
	}
	assert_non_null(customer.slab);
	assert_true(customer.served_us - begun_us < 10000);
	hw_slab_unref(customer.slab);
	hw_slab_unref(kept);
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

/* -- stop */

static struct hw_reactor *g_stopping;

static void stop(struct hw_timer *timer)
{
	(void)timer;
	hw_reactor_stop(g_stopping);
}

static void test_run_ends_with_stop(void **state)
{
	(void)state;
	struct hw_reactor reactor;
	struct hw_timer timer = {0};
	world_begin(3);
	reactor_start(&reactor, 0);
	g_stopping = &reactor;
	uint64_t begun_us = hw_clock_monotonic_us();
	hw_timer_start(&reactor.timers, &timer, 12345, stop);
	assert_int_equal(hw_reactor_run(&reactor), 0);
	assert_in_range(hw_clock_monotonic_us() - begun_us, 12344000, 12350000);
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

/* -- mail */

/* Two reactors throw a ball; between throws both sleep. A lost wake-up would cost a second. */

struct thrown {
	struct hw_mail mail;
	struct hw_reactor *reactors;
	uint32_t at;
	uint32_t count;
};

static void throw_back(struct hw_mail *mail)
{
	struct thrown *ball = hw_container_of(mail, struct thrown, mail);
	struct hw_reactor *from = &ball->reactors[ball->at];
	ball->at ^= 1U;
	ball->count++;
	hw_mailbox_post(&ball->reactors[ball->at].mailbox, from->ring, mail);
}

static bool is_tired(void *user)
{
	const struct thrown *ball = user;
	return ball->count >= 1000;
}

static void ball_run(uint64_t seed)
{
	struct hw_reactor reactors[2];
	world_begin(seed);
	reactor_start(&reactors[0], 0);
	reactor_start(&reactors[1], 1);
	struct thrown ball = {.mail = {.deliver = throw_back}, .reactors = reactors};
	hw_mailbox_post(&reactors[0].mailbox, reactors[1].ring, &ball.mail);
	struct hw_sim_pump pump = {
		.actors = {hw_sim_actor_reactor(&reactors[0]), hw_sim_actor_reactor(&reactors[1])},
		.count = 2,
		.is_finished = is_tired,
		.user = &ball};
	uint64_t begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_sim_pump(&pump), 0);
	uint64_t took_us = hw_clock_monotonic_us() - begun_us;
	if (took_us > UINT64_C(1000) * (hw_sim_options()->delay_us_max + 1000)) {
		fail_msg("seed %llu: %llu us", (unsigned long long)seed,
			 (unsigned long long)took_us);
	}
	hw_reactor_deinit(&reactors[0]);
	hw_reactor_deinit(&reactors[1]);
	hw_sim_end();
}

static void test_mail_wakes_who_sleeps(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		ball_run(seed);
	}
}

/* A turn is bounded: many mails do not keep it from its timers. */

struct flood {
	struct hw_mail mail;
	struct hw_reactor *reactor;
	uint32_t *count;
};

static void flood_again(struct hw_mail *mail)
{
	struct flood *flood = hw_container_of(mail, struct flood, mail);
	++*flood->count;
	hw_mailbox_post(&flood->reactor->mailbox, flood->reactor->ring, mail); /* for ever */
}

static void test_a_flood_of_mail_does_not_stop_timers(void **state)
{
	(void)state;
	struct hw_reactor reactor;
	struct hw_timer timer = {0};
	uint32_t count = 0;
	world_begin(4);
	reactor_start(&reactor, 0);
	struct flood flood = {
		.mail = {.deliver = flood_again}, .reactor = &reactor, .count = &count};
	hw_mailbox_post(&reactor.mailbox, reactor.ring, &flood.mail);
	g_stopping = &reactor;
	hw_timer_start(&reactor.timers, &timer, 20, stop);
	assert_int_equal(hw_reactor_run(&reactor), 0);
	assert_true(count > 100);
	hw_reactor_deinit(&reactor);
	hw_sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_timers_are_in_time),
		cmocka_unit_test(test_hooks_run_each_turn_and_keep_it_awake),
		cmocka_unit_test(test_run_ends_with_stop),
		cmocka_unit_test(test_mail_wakes_who_sleeps),
		cmocka_unit_test(test_a_flood_of_mail_does_not_stop_timers),
		cmocka_unit_test(test_a_slab_given_back_by_a_hook_is_served_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
