/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a job runs once on the worker and its done once on the reactor, in the order of submission,
 *       with the result it left; no wake-up is lost; a worker's hook sees all that came.
 * Method: two reactors and one worker in any order of turns, many seeds, each twice; a lost wake-up
 *         would cost a second of virtual time. A failure prints its seed.
 */
#include "core/loop/job.h"

#include "tests/unit/base/dies.h"
#include "tests/unit/loop/reactor_fixture.h"

#define SEEDS 200U
#define JOBS  40U

struct task {
	struct hw_job job;
	struct office *office;
	uint32_t number; /* in the order of submission, for each reactor */
	uint32_t runs;
	uint32_t dones;
};

struct office {
	struct hw_reactor reactors[2];
	struct hw_worker worker;
	struct task tasks[2][JOBS];
	struct hw_turn_hook hook;
	uint32_t run_next[2]; /* what the worker expects */
	uint32_t done_next[2];
	uint32_t unhooked_count; /* jobs run since the last hook */
	uint32_t group_max;
	uint32_t done_count;
};

static bool group_run(struct hw_turn_hook *hook)
{
	struct office *office = hw_container_of(hook, struct office, hook);
	office->group_max = hw_max(office->group_max, office->unhooked_count);
	office->unhooked_count = 0;
	return false;
}

static void task_run(struct hw_job *job)
{
	struct task *task = hw_container_of(job, struct task, job);
	uint32_t who = job->reactor->index;
	assert_int_equal(task->number, task->office->run_next[who]++);
	task->runs++;
	task->office->unhooked_count++;
	job->res = (int)task->number - 10; /* errors travel, too */
}

static void task_done(struct hw_job *job)
{
	struct task *task = hw_container_of(job, struct task, job);
	uint32_t who = job->reactor->index;
	assert_false(job->in_flight);
	assert_int_equal(job->res, (int)task->number - 10);
	assert_int_equal(task->number, task->office->done_next[who]++);
	task->dones++;
	task->office->done_count++;
}

static bool all_done(void *user)
{
	const struct office *office = user;
	return office->done_count == 2 * JOBS;
}

static uint64_t office_run(uint64_t seed, uint32_t *ret_group_max)
{
	static struct office office;
	office = (struct office){.hook = {.run = group_run}};
	world_begin(seed);
	reactor_start(&office.reactors[0], 0);
	reactor_start(&office.reactors[1], 1);
	assert_int_equal(hw_worker_init(&office.worker), 0);
	assert_int_equal(hw_ring_enable(office.worker.ring), 0);
	hw_worker_hook_add(&office.worker, &office.hook);
	for (uint32_t i = 0; i < 2 * JOBS; i++) {
		struct task *task = &office.tasks[i % 2][i / 2];
		*task = (struct task){.office = &office, .number = i / 2};
		hw_job_submit(&task->job, &office.reactors[i % 2], &office.worker, task_run,
			      task_done);
		assert_true(task->job.in_flight);
	}
	uint64_t begun_us = hw_clock_monotonic_us();
	struct hw_sim_pump pump = {.actors = {hw_sim_actor_reactor(&office.reactors[0]),
					      hw_sim_actor_reactor(&office.reactors[1]),
					      hw_sim_actor_worker(&office.worker)},
				   .count = 3,
				   .is_finished = all_done,
				   .user = &office};
	int r = hw_sim_pump(&pump);
	if (r != 0 || hw_clock_monotonic_us() - begun_us > 500000) {
		fail_msg("seed %llu: %d, after %llu us: a wake-up was lost",
			 (unsigned long long)seed, r,
			 (unsigned long long)(hw_clock_monotonic_us() - begun_us));
	}
	for (uint32_t i = 0; i < 2 * JOBS; i++) {
		assert_int_equal(office.tasks[i % 2][i / 2].runs, 1);
		assert_int_equal(office.tasks[i % 2][i / 2].dones, 1);
	}
	uint64_t end_us = hw_clock_monotonic_us();
	*ret_group_max = office.group_max;
	hw_worker_deinit(&office.worker);
	hw_reactor_deinit(&office.reactors[0]);
	hw_reactor_deinit(&office.reactors[1]);
	hw_sim_end();
	return end_us;
}

static void test_jobs_run_once_in_order_and_come_back(void **state)
{
	(void)state;
	uint32_t grouped_count = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint32_t group_max = 0;
		uint64_t end_us = office_run(seed, &group_max);
		assert_int_equal(office_run(seed, &group_max), end_us); /* it replays */
		grouped_count += group_max > 1;
	}
	assert_int_equal(grouped_count, SEEDS); /* a hook sees all that came: group commit */
}

static void nothing(struct hw_job *job)
{
	(void)job;
}

static void submitted_twice(void)
{
	struct hw_reactor reactor;
	struct hw_worker worker;
	static struct hw_job job;
	world_begin(1);
	reactor_start(&reactor, 0);
	assert_int_equal(hw_worker_init(&worker), 0);
	hw_job_submit(&job, &reactor, &worker, nothing, nothing);
	hw_job_submit(&job, &reactor, &worker, nothing, nothing);
}

static void test_a_job_in_flight_is_not_submitted_again(void **state)
{
	(void)state;
	assert_true(aborts(submitted_twice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_run_once_in_order_and_come_back),
		cmocka_unit_test(test_a_job_in_flight_is_not_submitted_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
