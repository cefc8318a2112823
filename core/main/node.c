/* SPDX-License-Identifier: Apache-2.0
 *
 *   main:   init -> start                             ended_deliver (of all) -> stop -> join ->
 *   deinit
 *                     |                                    ^                     |
 *   node:            run: enable, listen, turns ... drain_deliver -> end_look   stop_deliver
 *                                                   (cut_deliver)
 */
#include "core/main/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/log.h"
#include "net/talk/intake.h"

/* The ring's file slots: the lock, the listeners, the store's segments. */
#define LOCK_INDEX     0U
#define LISTENER_INDEX 1U
#define STORE_INDEX    (LISTENER_INDEX + HW_LISTEN_COUNT_MAX)
#define FILE_COUNT     (STORE_INDEX + HW_STORE_FILE_COUNT)

#define SCRUB_IN_FLIGHT 1U /* operations: one read at a time */

static bool end_look(struct hw_turn_hook *hook);

uint32_t hw_node_in_flight_max(const struct hw_http_limits *limits,
			       const struct hw_talk_options *talks)
{
	return (limits->connections_max + HW_SPARE_CONN_COUNT) * 2 +
	       talks->uploads_max * 2 * (HW_WRITER_SLABS_MAX + 1) + talks->downloads_max +
	       HW_ARCHIVES_MAX + HW_STORE_FILE_COUNT * 2 + SCRUB_IN_FLIGHT +
	       2 * HW_LISTEN_COUNT_MAX + HW_HANDOVER_COUNT;
}

static int files_register(struct hw_node *node)
{
	struct hw_ring *ring = node->reactor.ring;
	/* The ring outlives us by as long as its writes do, and holds the lock as long
	 * (HAZARDS 1.1). */
	int r = hw_ring_file_register(ring, hw_ring_file_slot(ring, LOCK_INDEX),
				      node->options.files->lock_fd);
	for (uint32_t i = 0; r >= 0 && i < node->listener_count; i++) {
		r = hw_ring_listener_register(ring, hw_ring_file_slot(ring, LISTENER_INDEX + i),
					      node->listeners[i].fd, &node->listeners[i].slot);
		(void)close(node->listeners[i].fd); /* the ring has it, or we do not start */
		node->listeners[i].fd = -1;
	}
	return r;
}

static int rooms_init(struct hw_node *node)
{
	const struct hw_node_options *options = &node->options;
	struct hw_segment_log_options log = {
		.reactor = &node->reactor,
		.worker = options->worker,
		.files = options->files,
		.port = options->segment_port,
		.segment_size = options->segment_size,
		.shard = options->index,
		.next_segment = options->next_segment,
		.crowded = hw_intake_give_up,
		.crowded_user = &node->talks,
		.file_index_base = STORE_INDEX,
	};
	struct hw_route_port route = hw_talks_route(&node->talks);
	hw_store_init(&node->store, &log, options->fills);
	hw_catalog_client_init(&node->catalog, options->catalog, &node->reactor);
	node->store.drops = node->catalog.catalog.metrics;
	int r = hw_talks_init(&node->talks, &node->store, &node->catalog.catalog, &options->talks);
	node->talks.tokens = options->tokens;
	if (r >= 0) {
		r = hw_http_server_init(&node->server, &node->reactor, &route, &options->limits);
	}
	if (r >= 0) {
		hw_http_server_spread(&node->server, options->server_homes,
				      options->server_home_count);
	}
	if (r >= 0 && options->tls != NULL) {
		r = hw_http_server_tls(&node->server, options->tls);
	}
	node->options.tls = NULL; /* it has a secret in it */
	return r;
}

static void scrub_init(struct hw_node *node)
{
	const struct hw_node_options *options = &node->options;
	if (options->scrub == NULL) {
		return;
	}
	struct hw_scrub_options scrubbing = options->scrubbing;
	scrubbing.store = &node->store;
	scrubbing.worker = options->worker;
	scrubbing.files = options->files;
	hw_scrub_client_init(options->scrub, &node->catalog.catalog, &scrubbing);
}

int hw_node_init(struct hw_node *node, const struct hw_node_options *options,
		 const struct hw_node_listener *listeners, uint32_t listener_count)
{
	hw_assert(listener_count <= HW_LISTEN_COUNT_MAX);
	*node = (struct hw_node){.options = *options, .listener_count = listener_count};
	for (uint32_t i = 0; i < listener_count; i++) {
		node->listeners[i] = listeners[i];
	}
	struct hw_reactor_options reactor = {
		.index = options->index,
		.slab_count = options->slab_count,
		.metrics = options->metrics,
		.ring =
			{
				.in_flight_max =
					hw_node_in_flight_max(&options->limits, &options->talks),
				.socket_slots =
					options->limits.connections_max + HW_SPARE_CONN_COUNT,
				.file_slots = FILE_COUNT,
				.head_buffer_count = HW_HEAD_BUFFER_COUNT,
				.io_workers_max = options->io_worker_count,
				.is_restricted = true,
			},
	};
	int r = hw_reactor_init(&node->reactor, &reactor);
	if (r >= 0) {
		r = files_register(node);
	}
	if (r >= 0) {
		r = rooms_init(node);
	}
	if (r >= 0) {
		scrub_init(node);
		node->hook.run = end_look;
		hw_reactor_hook_add(&node->reactor, &node->hook);
	}
	return r;
}

static void run(void *user)
{
	struct hw_node *node = user;
	if (hw_log_thread_start(node->thread.name) < 0) {
		HW_LOG(HW_LOG_WARN, "log.no_ring"); /* lines are written directly then */
	}
	int r = hw_ring_enable(node->reactor.ring);
	if (r >= 0 && !hw_ring_has_fixed_buffers(node->reactor.ring)) {
		HW_LOG(HW_LOG_WARN, "memory.unregistered",
		       HW_F_U64("bytes", (uint64_t)node->options.slab_count * HW_SLAB_SIZE),
		       HW_F_TEXT("advice",
				 "RLIMIT_MEMLOCK is too small for registered buffers, which "
				 "cost less; raise it (LimitMEMLOCK= in the unit)"));
	}
	for (uint32_t i = 0; r >= 0 && i < node->listener_count; i++) {
		hw_http_server_listen(&node->server, node->listeners[i].slot,
				      node->listeners[i].is_loopback, node->listeners[i].has_tls);
	}
	if (r >= 0 && node->options.index == 0) {
		hw_sweep_start(&node->sweep, &node->talks);
	}
	if (r >= 0) {
		hw_history_start(&node->talks.history, &node->reactor,
				 node->options.talks.all_metrics,
				 node->options.talks.metrics_count);
	}
	if (r >= 0 && node->options.scrub != NULL) {
		hw_scrub_start(&node->options.scrub->scrub);
	}
	if (r >= 0) {
		r = hw_reactor_run(&node->reactor);
	}
	if (r < 0) {
		/* Without its ring a reactor cannot even say so to its clients. What was
		 * acknowledged is safe. */
		HW_LOG(HW_LOG_ERROR, "reactor.failed", HW_F_ERRNO("error", r));
		abort();
	}
	hw_log_thread_stop();
}

int hw_node_start(struct hw_node *node)
{
	char name[16];
	(void)snprintf(name, sizeof(name), "reactor-%u", node->options.index); /* fits */
	return hw_thread_start(&node->thread, name, node->options.cpu, run, node);
}

/* -- the end -- */

static void drain_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, drain_mail);
	hw_http_server_drain(&node->server);
	if (node->options.scrub != NULL) {
		hw_scrub_stop(&node->options.scrub->scrub);
	}
	hw_talks_drain(&node->talks);
}

static void cut_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, cut_mail);
	hw_http_server_cut(&node->server);
}

/* On main. */
static void ended_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, ended_mail);
	node->options.ended(node);
}

static bool is_scrub_idle(const struct hw_node *node)
{
	return node->options.scrub == NULL || hw_scrub_is_idle(&node->options.scrub->scrub);
}

static bool end_look(struct hw_turn_hook *hook)
{
	struct hw_node *node = hw_container_of(hook, struct hw_node, hook);
	bool is_idle = node->server.is_draining && hw_http_server_is_idle(&node->server) &&
		       hw_talks_is_idle(&node->talks) && hw_store_is_idle(&node->store) &&
		       is_scrub_idle(node) && hw_ring_in_flight_count(node->reactor.ring) == 0;
	if (!is_idle) {
		return false;
	}
	if (node->may_stop) { /* nothing of ours is in flight, and nobody asks us any more */
		hw_reactor_stop(&node->reactor);
	}
	if (!node->has_ended) {
		node->has_ended = true;
		node->ended_mail.deliver = ended_deliver;
		hw_mailbox_post(node->options.main_mailbox, node->reactor.ring, &node->ended_mail);
		return true;
	}
	return false;
}

/* On main. */
static void tokens_taken_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, tokens_mail);
	node->options.tokens_taken(node);
}

static void tokens_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, tokens_mail);
	node->talks.tokens = node->tokens;
	node->tokens_mail.deliver = tokens_taken_deliver;
	hw_mailbox_post(node->options.main_mailbox, node->reactor.ring, &node->tokens_mail);
}

void hw_node_tokens(struct hw_node *node, struct hw_ring *ring, const struct hw_tokens *tokens)
{
	node->tokens = tokens;
	node->tokens_mail.deliver = tokens_deliver;
	hw_mailbox_post(&node->reactor.mailbox, ring, &node->tokens_mail);
}

/* On main. */
static void certificates_taken_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, certificates_mail);
	node->options.certificates_taken(node);
}

static void certificates_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, certificates_mail);
	node->server.tls.contexts = node->certificates;
	node->certificates_mail.deliver = certificates_taken_deliver;
	hw_mailbox_post(node->options.main_mailbox, node->reactor.ring, &node->certificates_mail);
}

void hw_node_certificates(struct hw_node *node, struct hw_ring *ring,
			  const struct hw_tls_contexts *certificates)
{
	node->certificates = certificates;
	node->certificates_mail.deliver = certificates_deliver;
	hw_mailbox_post(&node->reactor.mailbox, ring, &node->certificates_mail);
}

void hw_node_drain(struct hw_node *node, struct hw_ring *ring)
{
	node->drain_mail.deliver = drain_deliver;
	hw_mailbox_post(&node->reactor.mailbox, ring, &node->drain_mail);
}

void hw_node_cut(struct hw_node *node, struct hw_ring *ring)
{
	node->cut_mail.deliver = cut_deliver;
	hw_mailbox_post(&node->reactor.mailbox, ring, &node->cut_mail);
}

static void sweep_stopped(struct hw_sweep *sweep)
{
	struct hw_node *node = hw_container_of(sweep, struct hw_node, sweep);
	node->may_stop = true;
}

static void stop_deliver(struct hw_mail *mail)
{
	struct hw_node *node = hw_container_of(mail, struct hw_node, stop_mail);
	hw_history_stop(&node->talks.history);
	if (node->options.index == 0) {
		hw_sweep_stop(&node->sweep, sweep_stopped);
	} else {
		node->may_stop = true;
	}
}

void hw_node_stop(struct hw_node *node, struct hw_ring *ring)
{
	node->stop_mail.deliver = stop_deliver;
	hw_mailbox_post(&node->reactor.mailbox, ring, &node->stop_mail);
}

void hw_node_join(struct hw_node *node)
{
	hw_thread_join(&node->thread);
}

void hw_node_deinit(struct hw_node *node)
{
	hw_http_server_deinit(&node->server);
	hw_scrub_client_deinit(node->options.scrub);
	hw_talks_deinit(&node->talks);
	hw_store_deinit(&node->store);
	hw_reactor_deinit(&node->reactor);
}
