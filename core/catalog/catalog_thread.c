/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a request:
 *
 *   submit (reactor)  -> mail -> request_arrived: into reads or writes
 *   turn_run          -> group_take, hw_catalog_db_run, reply_post, watches_answer -> mail
 *   reply_arrived (reactor) -> request->done
 *
 * Reads and writes are two queues, so that a look-up never waits for the fsync of an upload that
 * came in the same turn. Requests of one conversation come one after the other (each waits for the
 * done of the last), so nothing is overtaken that was meant to be before.
 */
#include "core/catalog/catalog_thread.h"

#include <errno.h>

#include "core/base/clock.h"

#define GROUPS_MAX     16U /* of each kind in one turn; then the mail is looked at again */
#define BUSY_TURNS_MAX 32U /* turns without reclaiming, while somebody waits */
#define AGAIN_US       UINT64_C(1000000) /* until what was busy is tried again */

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request);
static void request_arrived(struct hw_mail *mail);
static void queue_append(struct hw_catalog_queue *queue, struct hw_mail *mail);
static bool turn_run(struct hw_turn_hook *hook);
static void group_run(struct hw_catalog_thread *thread, struct hw_catalog_queue *queue);
static void reply_post(struct hw_catalog_thread *thread, struct hw_catalog_request *request);
static void watches_answer(struct hw_catalog_thread *thread);
static uint32_t group_take(struct hw_catalog_queue *queue, struct hw_catalog_request **ret_group);
static void reply_arrived(struct hw_mail *mail);
static bool reclaim_run(struct hw_catalog_thread *thread, bool is_busy);
static void stats_count(struct hw_catalog_thread *thread);

void hw_catalog_thread_init(struct hw_catalog_thread *thread, struct hw_worker *worker,
			    struct hw_catalog_db *db, struct hw_metrics *metrics)
{
	*thread = (struct hw_catalog_thread){.worker = worker,
					     .db = db,
					     .metrics = metrics,
					     .counted = *hw_catalog_db_stats(db)};
	hw_list_init(&thread->hook.link);
	thread->hook.run = turn_run;
	hw_worker_hook_add(worker, &thread->hook);
}

void hw_catalog_thread_deinit(struct hw_catalog_thread *thread)
{
	if (thread == NULL || thread->worker == NULL) {
		return;
	}
	hw_assert(thread->reads.first == NULL);
	hw_assert(thread->writes.first == NULL);
	hw_list_remove(&thread->hook.link);
	thread->worker = NULL;
}

void hw_catalog_client_init(struct hw_catalog_client *client, struct hw_catalog_thread *thread,
			    struct hw_reactor *reactor)
{
	*client = (struct hw_catalog_client){
		.catalog = {.submit = submit, .metrics = thread->metrics},
		.thread = thread,
		.reactor = reactor};
}

static void submit(struct hw_catalog *catalog, struct hw_catalog_request *request)
{
	struct hw_catalog_client *client =
		hw_container_of(catalog, struct hw_catalog_client, catalog);
	hw_assert(request->verb > HW_CATALOG_NONE);
	hw_assert(request->verb < HW_CATALOG_VERB_COUNT);
	hw_assert(request->done != NULL);
	request->catalog = catalog;
	request->reply_to = &client->reactor->mailbox;
	request->begun_us = client->reactor->now_us;
	request->now_ms = client->reactor->wall_ms;
	request->mail.deliver = request_arrived;
	hw_mailbox_post(&client->thread->worker->mailbox, client->reactor->ring, &request->mail);
}

static void request_arrived(struct hw_mail *mail)
{
	struct hw_catalog_request *request = hw_container_of(mail, struct hw_catalog_request, mail);
	struct hw_catalog_client *client =
		hw_container_of(request->catalog, struct hw_catalog_client, catalog);
	struct hw_catalog_thread *thread = client->thread;
	queue_append(hw_catalog_verb_is_read(request->verb) ? &thread->reads : &thread->writes,
		     mail);
	thread->has_given_up = false;
}

static void queue_append(struct hw_catalog_queue *queue, struct hw_mail *mail)
{
	mail->next = NULL;
	if (queue->first == NULL) {
		queue->first = mail;
	} else {
		queue->last->next = mail;
	}
	queue->last = mail;
}

static bool turn_run(struct hw_turn_hook *hook)
{
	struct hw_catalog_thread *thread = hw_container_of(hook, struct hw_catalog_thread, hook);
	bool is_busy = thread->reads.first != NULL || thread->writes.first != NULL;
	for (uint32_t i = 0; i < GROUPS_MAX && thread->reads.first != NULL; i++) {
		group_run(thread, &thread->reads);
	}
	/* One commit: while it waited for the disk, others may have come to look something up. */
	if (thread->writes.first != NULL) {
		uint64_t start_us = hw_clock_monotonic_us();
		group_run(thread, &thread->writes);
		hw_metrics_observe_us(thread->metrics, HW_HISTOGRAM_catalog_commit_duration,
				      hw_clock_monotonic_us() - start_us);
	}
	if (thread->worker->is_stopping) {
		hw_catalog_db_watch_close(thread->db);
		watches_answer(thread);
	}
	stats_count(thread); /* what was dropped is counted before it is punched out */
	bool has_work = reclaim_run(thread, is_busy);
	stats_count(thread);
	return has_work || thread->reads.first != NULL || thread->writes.first != NULL;
}

/* Before anybody is answered: who hears that a share is over may rely on it. */
static void revocations_count(struct hw_catalog_thread *thread,
			      struct hw_catalog_request *const *group, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (group[i]->res >= 0 && hw_catalog_verb_is_revoking(group[i]->verb)) {
			hw_metrics_add(thread->metrics, HW_METRIC_catalog_revocations, 1);
		}
	}
}

static void group_run(struct hw_catalog_thread *thread, struct hw_catalog_queue *queue)
{
	struct hw_catalog_request *group[HW_CATALOG_GROUP_MAX];
	bool is_commit = queue == &thread->writes;
	uint32_t count = group_take(queue, group);
	hw_catalog_db_run(thread->db, group, count);
	hw_metrics_add(thread->metrics, HW_METRIC_catalog_requests, count);
	if (is_commit) {
		hw_metrics_observe(thread->metrics, HW_HISTOGRAM_catalog_commit_requests, count);
	}
	revocations_count(thread, group, count);
	for (uint32_t i = 0; i < count; i++) {
		if (group[i]->res != -EINPROGRESS) {
			reply_post(thread, group[i]);
		}
		group[i] = NULL; /* it is the reactor's again, or kept */
	}
	watches_answer(thread);
}

static void reply_post(struct hw_catalog_thread *thread, struct hw_catalog_request *request)
{
	request->mail.deliver = reply_arrived;
	hw_mailbox_post(request->reply_to, thread->worker->ring, &request->mail);
}

/* Those whose wait is over. */
static void watches_answer(struct hw_catalog_thread *thread)
{
	struct hw_catalog_request *request = hw_catalog_db_watch_next(thread->db);
	while (request != NULL) {
		reply_post(thread, request);
		request = hw_catalog_db_watch_next(thread->db);
	}
}

static uint32_t group_take(struct hw_catalog_queue *queue, struct hw_catalog_request **ret_group)
{
	uint32_t count = 0;
	while (queue->first != NULL && count < HW_CATALOG_GROUP_MAX) {
		struct hw_mail *mail = queue->first;
		queue->first = mail->next;
		ret_group[count++] = hw_container_of(mail, struct hw_catalog_request, mail);
	}
	return count;
}

static void reply_arrived(struct hw_mail *mail)
{
	struct hw_catalog_request *request = hw_container_of(mail, struct hw_catalog_request, mail);
	struct hw_catalog_client *client =
		hw_container_of(request->catalog, struct hw_catalog_client, catalog);
	hw_metrics_observe_us(client->reactor->metrics, HW_HISTOGRAM_catalog_request_duration,
			      client->reactor->now_us - request->begun_us);
	request->done(request);
}

/* Returns true when there is more to do now. */
static bool reclaim_run(struct hw_catalog_thread *thread, bool is_busy)
{
	thread->busy_turns = is_busy ? thread->busy_turns + 1 : 0;
	if (thread->has_given_up || thread->worker->is_stopping) {
		return false; /* the next start goes on */
	}
	if (is_busy && thread->busy_turns < BUSY_TURNS_MAX) {
		return true;
	}
	thread->busy_turns = 0;
	uint64_t now_us = hw_clock_monotonic_us();
	if (now_us - thread->again_us >= AGAIN_US) {
		thread->again_us = now_us;
		hw_catalog_db_reclaim_again(thread->db);
	}
	int r = hw_catalog_db_reclaim(thread->db);
	/* No room, most likely: the next request is the time to try again. */
	thread->has_given_up = r < 0;
	return r > 0;
}

static void stats_count(struct hw_catalog_thread *thread)
{
	const struct hw_catalog_stats *stats = hw_catalog_db_stats(thread->db);
	struct hw_catalog_stats *counted = &thread->counted;
	hw_metrics_add(thread->metrics, HW_METRIC_extents_dropped,
		       stats->extents_dropped - counted->extents_dropped);
	hw_metrics_add(thread->metrics, HW_METRIC_extents_punched,
		       stats->extents_punched - counted->extents_punched);
	hw_metrics_add(thread->metrics, HW_METRIC_store_errors,
		       stats->reclaim_errors - counted->reclaim_errors);
	*counted = *stats;
}
