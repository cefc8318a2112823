/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every request that is submitted is answered once, on the reactor that asked; what comes at
 * the same time shares a commit; space is given back when nobody waits, and also when somebody
 * always does.
 * Method: first all in one thread, turn by turn; then with a thread of its own, as it runs. */
#include "tests/unit/catalog/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/catalog/catalog_thread.h"

#define ASKERS    64U
#define TURNS_MAX 10000000U

/* A reactor that only asks: a ring to wake others with, and a mailbox. */
struct asker {
	struct hw_catalog_request request;
	struct rig *rig;
	uint32_t share;
	uint32_t rounds_left;
	uint32_t step;
};

struct rig {
	struct hw_metrics metrics;
	struct hw_metrics asker_metrics;
	struct hw_reactor reactor;
	struct hw_worker worker;
	struct hw_catalog_thread thread;
	struct hw_catalog_client client;
	struct fixture fixture;
	struct asker askers[ASKERS];
	int worker_result;
	uint32_t done_count;
	uint32_t idle_count;
	struct hw_mail stop;
};

static struct rig *rig_new(void)
{
	struct rig *rig = aligned_alloc(_Alignof(struct rig), sizeof(*rig));
	assert_non_null(rig);
	memset(rig, 0, sizeof(*rig));
	fixture_init(&rig->fixture);
	assert_int_equal(hw_worker_init(&rig->worker), 0);
	const struct hw_ring_options options = {
		.in_flight_max = 64, .file_slots = 1, .io_workers_max = 1};
	assert_int_equal(hw_ring_init(&rig->reactor.ring, &options), 0);
	assert_int_equal(hw_ring_enable(rig->reactor.ring), 0);
	hw_mailbox_init(&rig->reactor.mailbox, hw_ring_fd(rig->reactor.ring));
	hw_catalog_thread_init(&rig->thread, &rig->worker, rig->fixture.db, &rig->metrics);
	rig->reactor.metrics = &rig->asker_metrics;
	hw_catalog_client_init(&rig->client, &rig->thread, &rig->reactor);
	return rig;
}

static void rig_free(struct rig *rig)
{
	hw_catalog_thread_deinit(&rig->thread);
	hw_catalog_thread_deinit(&rig->thread);
	hw_worker_deinit(&rig->worker);
	hw_ring_deinit(rig->reactor.ring);
	fixture_judge(&rig->fixture);
	fixture_deinit(&rig->fixture);
	free(rig);
}

static void ask_done(struct hw_catalog_request *request)
{
	struct asker *asker = hw_container_of(request, struct asker, request);
	asker->rig->done_count++;
}

static void ask(struct rig *rig, struct asker *asker)
{
	asker->rig = rig;
	hw_catalog_submit(&rig->client.catalog, &asker->request, asker->request.verb, ask_done);
}

static void turn(struct rig *rig)
{
	assert_int_equal(hw_worker_turn(&rig->worker, 0), 0);
	(void)hw_mailbox_deliver(&rig->reactor.mailbox, 1000);
}

static void upload(struct rig *rig, uint32_t i, uint32_t share)
{
	request_commit(&rig->askers[i].request, 0, share, HW_CHUNK_SIZE);
	request_extent(&rig->askers[i].request,
		       fixture_extent(&rig->fixture, share, HW_CHUNK_SIZE));
}

static void one_turn_is_one_commit(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	assert_int_equal(hw_ring_enable(rig->worker.ring), 0);
	turn(rig);
	assert_int_equal(rig->done_count, 0);
	uint64_t commits = hw_catalog_db_stats(rig->fixture.db)->commits;
	for (uint32_t i = 0; i < 40; i++) {
		upload(rig, i, i);
		ask(rig, &rig->askers[i]);
	}
	assert_int_equal(rig->done_count, 0); /* done never runs from inside submit */
	turn(rig);
	assert_int_equal(rig->done_count, 40);
	assert_int_equal(hw_catalog_db_stats(rig->fixture.db)->commits, commits + 1);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(rig->askers[i].request.res, 0);
		request_share(&rig->askers[i].request,
			      i % 2 == 0 ? HW_CATALOG_LOOKUP : HW_CATALOG_DELETE, i);
		ask(rig, &rig->askers[i]);
	}
	turn(rig);
	assert_int_equal(rig->done_count, 80);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(rig->askers[i].request.res, 0);
	}
	for (uint32_t i = 0; i < 5; i++) {
		turn(rig); /* nobody waits: reclaim */
	}
	assert_int_equal(acts_count(&rig->fixture, false), 20);
	assert_int_equal(hw_metrics_read(&rig->metrics, HW_METRIC_catalog_requests), 80);
	assert_int_equal(hw_metrics_read(&rig->metrics, HW_METRIC_extents_dropped), 20);
	assert_int_equal(hw_metrics_read(&rig->metrics, HW_METRIC_extents_punched), 20);
	assert_int_equal(
		hw_metrics_histogram_count(&rig->metrics, HW_HISTOGRAM_catalog_commit_requests), 2);
	rig_free(rig);
}

/* More writes than one group holds are all answered, and none of their chunks is given back. */
static void more_than_one_group(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	struct asker *many = calloc(600, sizeof(*many));
	assert_non_null(many);
	assert_int_equal(hw_ring_enable(rig->worker.ring), 0);
	fixture_drain(&rig->fixture);
	for (uint32_t i = 0; i < 31; i++) { /* the next busy turn reclaims */
		request_share(&rig->askers[0].request, HW_CATALOG_LOOKUP, 1);
		ask(rig, &rig->askers[0]);
		turn(rig);
	}
	for (uint32_t i = 0; i < 600; i++) {
		struct hw_catalog_request *request = &many[i].request;
		request_commit(request, 0, i, 1);
		request_extent(request, fixture_extent(&rig->fixture, i, 1));
		request->extents[0].segment = i == 598 ? 5 : 4;
		ask(rig, &many[i]);
	}
	for (uint32_t i = 0; i < 10; i++) {
		turn(rig);
	}
	assert_int_equal(rig->done_count, 31 + 600);
	assert_int_equal(many[598].request.res, 0);
	assert_int_equal(rig->fixture.act_count, 0);
	free(many);
	rig_free(rig);
}

static void busy_catalog_gives_back_too(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	assert_int_equal(hw_ring_enable(rig->worker.ring), 0);
	file_make(&rig->fixture, 1, 1, 40);
	assert_int_equal(share_delete(&rig->fixture, 1), 0);
	for (uint32_t i = 0; i < 31; i++) {
		request_share(&rig->askers[0].request, HW_CATALOG_LOOKUP, 1);
		ask(rig, &rig->askers[0]);
		turn(rig);
	}
	assert_int_equal(rig->fixture.act_count, 0);
	for (uint32_t i = 0; i < 100; i++) {
		request_share(&rig->askers[0].request, HW_CATALOG_LOOKUP, 1);
		ask(rig, &rig->askers[0]);
		turn(rig);
	}
	assert_int_equal(rig->fixture.act_count, 40);
	rig_free(rig);
}

static void stopping_does_not_wait_for_reclaim(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	assert_int_equal(hw_ring_enable(rig->worker.ring), 0);
	file_make(&rig->fixture, 1, 1, 40);
	assert_int_equal(share_delete(&rig->fixture, 1), 0);
	hw_worker_stop(&rig->worker);
	upload(rig, 0, 2);
	ask(rig, &rig->askers[0]);
	turn(rig);
	assert_int_equal(rig->done_count, 1);
	assert_int_equal(rig->askers[0].request.res, 0);
	assert_int_equal(rig->fixture.act_count, 0);
	rig_free(rig);
}

/* A watch is kept while others come and go; the stop answers those that are left. */
static void watches_wait_and_are_answered(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	uint64_t file_id = 0;
	assert_int_equal(hw_ring_enable(rig->worker.ring), 0);
	assert_int_equal(share_create(&rig->fixture, 1, NULL, 5), 0);
	assert_int_equal(upload_create(&rig->fixture, 1, 9, "file-1.bin", 10, &file_id), 0);
	for (uint32_t i = 0; i < 10; i++) {
		struct hw_catalog_request *request = &rig->askers[i].request;
		assert_int_equal(share_lookup(&rig->fixture, 1, request), 0);
		request->verb = HW_CATALOG_WATCH;
		ask(rig, &rig->askers[i]);
	}
	for (uint32_t i = 0; i < 3; i++) {
		turn(rig);
	}
	assert_int_equal(rig->done_count, 0);
	request_file(&rig->askers[10].request, HW_CATALOG_UPLOAD_LEAVE, file_id);
	ask(rig, &rig->askers[10]);
	turn(rig);
	assert_int_equal(rig->done_count, 11);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(rig->askers[i].request.res, 0);
		assert_int_equal(rig->askers[i].request.home, HW_HOME_NONE);
		ask(rig, &rig->askers[i]);
	}
	turn(rig);
	/* now_ms is set by submit, so the sweep of a second later answers them. */
	const uint64_t sweeps_ms[] = {999, 1000};
	const uint32_t done_counts[] = {12, 23};
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(rig->done_count, 11 + i);
		rig->reactor.wall_ms = sweeps_ms[i];
		request_file(&rig->askers[10].request, HW_CATALOG_SWEEP, 0);
		ask(rig, &rig->askers[10]);
		turn(rig);
		assert_int_equal(rig->done_count, done_counts[i]);
	}
	for (uint32_t i = 0; i < 10; i++) {
		ask(rig, &rig->askers[i]);
	}
	turn(rig);
	assert_int_equal(rig->done_count, 23);
	hw_worker_stop(&rig->worker);
	turn(rig);
	assert_int_equal(rig->done_count, 33);
	rig_free(rig);
}

/* -- with a thread of its own -- */

static void asker_next(struct hw_catalog_request *request)
{
	struct asker *asker = hw_container_of(request, struct asker, request);
	struct rig *rig = asker->rig;
	rig->done_count++;
	assert_int_equal(request->res, 0);
	uint64_t file_id = request->file_id;
	switch (asker->step++ % 4) {
	case 0:
		request_share(request, HW_CATALOG_LOOKUP, asker->share);
		break;
	case 1:
		assert_int_equal(request->extent_count, 1);
		request_share(request, HW_CATALOG_DELETE, asker->share);
		request->file_id = file_id;
		break;
	case 2:
		request_file(request, HW_CATALOG_UNPIN, file_id);
		break;
	default:
		if (--asker->rounds_left == 0) {
			rig->idle_count++;
			return;
		}
		asker->share += ASKERS;
		request_commit(request, 0, asker->share, HW_CHUNK_SIZE);
		request_extent(request,
			       fixture_extent(&rig->fixture, asker->share / 2, HW_CHUNK_SIZE));
		break;
	}
	hw_catalog_submit(&rig->client.catalog, request, request->verb, asker_next);
}

static void *worker_main(void *argument)
{
	struct rig *rig = argument;
	int r = hw_ring_enable(rig->worker.ring);
	if (r == 0) {
		r = hw_worker_run(&rig->worker);
	}
	rig->worker_result = r;
	return NULL;
}

static void stop_arrived(struct hw_mail *mail)
{
	struct rig *rig = hw_container_of(mail, struct rig, stop);
	hw_worker_stop(&rig->worker);
}

static void thread_answers_all(void **state)
{
	(void)state;
	struct rig *rig = rig_new();
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, worker_main, rig), 0);
	for (uint32_t i = 0; i < ASKERS; i++) {
		struct asker *asker = &rig->askers[i];
		*asker = (struct asker){.rig = rig, .share = i, .rounds_left = 20};
		request_commit(&asker->request, 0, i, HW_CHUNK_SIZE);
		request_extent(&asker->request,
			       fixture_extent(&rig->fixture, i / 2, HW_CHUNK_SIZE));
		hw_catalog_submit(&rig->client.catalog, &asker->request, HW_CATALOG_COMMIT,
				  asker_next);
	}
	for (uint32_t i = 0; i < TURNS_MAX && rig->idle_count < ASKERS; i++) {
		(void)hw_mailbox_deliver(&rig->reactor.mailbox, 1000);
		bool is_quiet = hw_mailbox_sleep_begin(&rig->reactor.mailbox);
		assert_true(hw_ring_turn(rig->reactor.ring, is_quiet ? 100 : 0, 64) >= 0);
		hw_mailbox_sleep_end(&rig->reactor.mailbox);
	}
	assert_int_equal(rig->idle_count, ASKERS);
	assert_int_equal(rig->done_count, ASKERS * 20 * 4);
	rig->stop.deliver = stop_arrived;
	hw_mailbox_post(&rig->worker.mailbox, rig->reactor.ring, &rig->stop);
	assert_true(hw_ring_turn(rig->reactor.ring, 0, 64) >= 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(rig->worker_result, 0);
	uint64_t commits = hw_catalog_db_stats(rig->fixture.db)->commits;
	print_message("%u requests, %llu commits\n", rig->done_count, (unsigned long long)commits);
	fixture_drain(&rig->fixture);
	assert_int_equal(acts_count(&rig->fixture, false), ASKERS * 20);
	assert_int_equal(fixture_number(&rig->fixture, "SELECT count(*) FROM chunk"), 0);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_turn_is_one_commit),
		cmocka_unit_test(more_than_one_group),
		cmocka_unit_test(busy_catalog_gives_back_too),
		cmocka_unit_test(stopping_does_not_wait_for_reclaim),
		cmocka_unit_test(watches_wait_and_are_answered),
		cmocka_unit_test(thread_answers_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
