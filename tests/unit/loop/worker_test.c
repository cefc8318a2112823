/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a worker delivers all mail before its hooks, sleeps only when neither has work, is woken by
 *       mail, and ends with stop.
 * Method: one worker over the simulated ring, where sleep is virtual time and can be measured; one
 * on a thread of its own and a real ring is in mailbox_test.c.
 */
#include "core/loop/worker.h"

#include "tests/unit/loop/reactor_fixture.h"

#define LETTERS 300U

struct desk {
	struct hw_worker worker;
	struct hw_turn_hook hook;
	struct letter {
		struct hw_mail mail;
		struct desk *desk;
	} letters[LETTERS];
	uint32_t read_count;
	uint32_t seen_by_hook; /* read_count at the last hook */
	uint32_t hook_count;
	uint32_t work_left; /* turns that the hook wants */
	bool is_stopped_by_mail;
};

static bool file_away(struct hw_turn_hook *hook)
{
	struct desk *desk = hw_container_of(hook, struct desk, hook);
	desk->hook_count++;
	desk->seen_by_hook = desk->read_count;
	desk->work_left -= desk->work_left > 0;
	return desk->work_left > 0;
}

static void read_letter(struct hw_mail *mail)
{
	struct letter *letter = hw_container_of(mail, struct letter, mail);
	letter->desk->read_count++;
	if (letter->desk->is_stopped_by_mail) {
		hw_worker_stop(&letter->desk->worker);
	}
}

static void desk_open(struct desk *desk)
{
	*desk = (struct desk){.hook = {.run = file_away}};
	world_begin(1);
	assert_int_equal(hw_worker_init(&desk->worker), 0);
	assert_int_equal(hw_ring_enable(desk->worker.ring), 0);
	hw_worker_hook_add(&desk->worker, &desk->hook);
	for (uint32_t i = 0; i < LETTERS; i++) {
		desk->letters[i] = (struct letter){.mail = {.deliver = read_letter}, .desk = desk};
	}
}

static void desk_close(struct desk *desk)
{
	hw_worker_deinit(&desk->worker);
	hw_worker_deinit(&desk->worker); /* twice is no harm */
	hw_worker_deinit(NULL);
	hw_sim_end();
}

static void test_hooks_see_all_that_came(void **state)
{
	(void)state;
	static struct desk desk;
	desk_open(&desk);
	for (uint32_t i = 0; i < LETTERS; i++) {
		hw_mailbox_post(&desk.worker.mailbox, desk.worker.ring, &desk.letters[i].mail);
	}
	assert_int_equal(hw_worker_turn(&desk.worker, 0), 0);
	assert_int_equal(desk.hook_count, 1);
	assert_int_equal(desk.seen_by_hook, LETTERS);
	desk_close(&desk);
}

static void test_it_sleeps_only_without_work(void **state)
{
	(void)state;
	static struct desk desk;
	desk_open(&desk);
	uint64_t begun_us = hw_clock_monotonic_us();
	desk.work_left = 4;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(hw_worker_turn(&desk.worker, 700), 0);
	}
	assert_true(hw_clock_monotonic_us() - begun_us < 1000);
	assert_int_equal(hw_worker_turn(&desk.worker, 700), 0);
	assert_in_range(hw_clock_monotonic_us() - begun_us, 700000, 701000);
	desk_close(&desk);
}

static void test_run_ends_with_stop(void **state)
{
	(void)state;
	static struct desk desk;
	desk_open(&desk);
	desk.is_stopped_by_mail = true;
	hw_mailbox_post(&desk.worker.mailbox, desk.worker.ring, &desk.letters[0].mail);
	uint64_t begun_us = hw_clock_monotonic_us();
	assert_int_equal(hw_worker_run(&desk.worker), 0);
	assert_int_equal(desk.read_count, 1);
	assert_int_equal(desk.seen_by_hook, 1); /* the hooks of the last turn have run */
	assert_true(hw_clock_monotonic_us() - begun_us < 1000);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks_see_all_that_came),
		cmocka_unit_test(test_it_sleeps_only_without_work),
		cmocka_unit_test(test_run_ends_with_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
