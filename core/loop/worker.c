/* SPDX-License-Identifier: Apache-2.0 */
#include "core/loop/worker.h"

#define TURN_MAILS_MAX 4096U /* mails gathered before the hooks run: the largest group */
#define TURN_STEPS_MAX 64U
#define TURN_WAIT_MAX  1000U /* ms */

int hw_worker_init(struct hw_worker *worker)
{
	*worker = (struct hw_worker){.is_stopping = false};
	hw_list_init(&worker->hooks);
	struct hw_ring_options options = {
		.in_flight_max = 64, .file_slots = 1, .io_workers_max = 1, .is_restricted = true};
	int r = hw_ring_init(&worker->ring, &options);
	if (r < 0) {
		return r;
	}
	hw_mailbox_init(&worker->mailbox, hw_ring_fd(worker->ring));
	return 0;
}

void hw_worker_deinit(struct hw_worker *worker)
{
	if (worker == NULL || worker->ring == NULL) {
		return;
	}
	hw_ring_deinit(hw_move(&worker->ring));
}

void hw_worker_hook_add(struct hw_worker *worker, struct hw_turn_hook *hook)
{
	hw_assert(hook->run != NULL);
	hw_list_append(&worker->hooks, &hook->link);
}

int hw_worker_turn(struct hw_worker *worker, uint32_t wait_ms)
{
	(void)hw_mailbox_deliver(&worker->mailbox, TURN_MAILS_MAX); /* the rest: next turn */
	bool has_work = false;
	for (struct hw_list *link = worker->hooks.next; link != &worker->hooks; link = link->next) {
		struct hw_turn_hook *hook = hw_container_of(link, struct hw_turn_hook, link);
		has_work |= hook->run(hook);
	}
	bool is_awake =
		has_work || worker->is_stopping || !hw_mailbox_sleep_begin(&worker->mailbox);
	int r = hw_ring_turn(worker->ring, is_awake ? 0 : hw_min(wait_ms, TURN_WAIT_MAX),
			     TURN_STEPS_MAX);
	hw_mailbox_sleep_end(&worker->mailbox);
	return r < 0 ? r : 0;
}

int hw_worker_run(struct hw_worker *worker)
{
	while (!worker->is_stopping) {
		int r = hw_worker_turn(worker, TURN_WAIT_MAX);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

void hw_worker_stop(struct hw_worker *worker)
{
	worker->is_stopping = true;
}
