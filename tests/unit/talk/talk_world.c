/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/talk/talk_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/talk/put.h"

#define LISTENER_INDEX 1U
#define STORE_INDEX    2U
#define RUN_LIMIT_MS   3600000U /* of virtual time: 8 MiB at 25 KB/s, again and again */
#define YEAR_MS        UINT64_C(31536000000)
#define QUIET_MS       3000U /* of virtual time: longer than anything that is not a stall */

struct talk_world_options talk_world_plenty(void)
{
	return (struct talk_world_options){
		.segment_size = UINT64_C(64) << 20,
		.object_cache_size = UINT64_C(1) << 20,
		.slab_count = 64,
		.head_buffer_count = 64,
		.head_count = HW_HEAD_BUFFER_COUNT,
		.spill_count = HW_HEAD_SPILL_COUNT,
		.connections_max = 64,
		.uploads_max = 16,
		.downloads_max = 16,
		.removals_max = HW_REMOVALS_MAX,
		.head_timeout_ms = 30000,
		.idle_timeout_ms = 30000,
		.stall_timeout_ms = 30000,
		.upload_policy = HW_UPLOAD_LOOPBACK,
		.is_direct = true,
	};
}

/* Leave only @count objects in @pool. */
static void shrink(struct talk_world *world, struct hw_pool *pool, uint32_t count)
{
	while (pool->capacity - hw_pool_used_count(pool) > count) {
		hw_assert(world->taken_count < TALK_WORLD_TAKEN_MAX);
		world->taken[world->taken_count] = hw_pool_take(pool);
		world->taken_from[world->taken_count++] = pool;
	}
}

static void unshrink(struct talk_world *world)
{
	while (world->taken_count > 0) {
		world->taken_count--;
		hw_pool_give(world->taken_from[world->taken_count],
			     world->taken[world->taken_count]);
	}
}

static void threads_start(struct talk_world *world)
{
	const struct talk_world_options *options = &world->options;
	struct hw_reactor_options reactor = {
		.slab_count = options->slab_count,
		.ring = {.in_flight_max = 8192,
			 .socket_slots = options->connections_max + HW_SPARE_CONN_COUNT,
			 .file_slots = STORE_INDEX + HW_STORE_FILE_COUNT,
			 .head_buffer_count = options->head_buffer_count},
		.metrics = &world->metrics,
	};
	int r = hw_reactor_init(&world->reactor, &reactor);
	hw_assert(r == 0);
	r = hw_worker_init(&world->worker);
	hw_assert(r == 0);
	world->listener = hw_ring_file_slot(world->reactor.ring, LISTENER_INDEX);
	r = hw_ring_file_register(world->reactor.ring, world->listener, hw_sim_listener_fd());
	hw_assert(r == 0);
	r = hw_ring_enable(world->reactor.ring);
	hw_assert(r == 0);
	r = hw_ring_enable(world->worker.ring);
	hw_assert(r == 0);
}

static void store_start(struct talk_world *world)
{
	int r = hw_files_open(&world->files, "", 0, world->options.is_direct);
	hw_assert(r == 0);
	if (world->options.disk_size > 0) {
		hw_sim_disk_size_set(world->options.disk_size);
	}
	hw_catalog_sim_init(&world->catalog, &world->reactor, &world->worker, &world->files,
			    hw_sim_seed());
	struct hw_segment_log_options log = {
		.reactor = &world->reactor,
		.worker = &world->worker,
		.files = &world->files,
		.port = {.user = &world->catalog, .sealed = hw_catalog_sim_sealed},
		.segment_size = world->options.segment_size,
		.next_segment = 1,
		.crowded = hw_intake_give_up,
		.crowded_user = &world->talks,
		.file_index_base = STORE_INDEX,
	};
	hw_store_init(&world->store, &log, &world->fills);
	world->store.drops = &world->catalog.metrics;
}

static void server_start(struct talk_world *world)
{
	const struct talk_world_options *options = &world->options;
	struct hw_talk_options talks = {
		.upload_policy = options->upload_policy,
		.file_size_max =
			options->file_size_max > 0 ? options->file_size_max : HW_FILE_SIZE_MAX,
		.uploads_max = options->uploads_max,
		.downloads_max = options->downloads_max,
		.object_cache_size = options->object_cache_size,
		.public_url = options->public_url != NULL ? options->public_url : "",
		.cors_origins = options->cors_origins,
		.all_metrics = world->all_metrics,
		.metrics_count = 1,
		.share_size_max = options->share_size_max,
		.expiry_default_ms =
			options->expiry_default_ms > 0 ? options->expiry_default_ms : YEAR_MS,
		.expiry_max_ms = options->expiry_max_ms,
		.may_expire_never = options->may_expire_never,
		.upload_expiry_ms = UINT64_C(86400000),
		.peers = world->peers,
		.peer_count = 1,
		.followers_max = options->connections_max,
		.room_homes = &world->room_home,
		.room_home_count = 1,
	};
	world->peers[0] = &world->talks;
	world->room_home = (struct hw_room_home){&world->reactor.mailbox, &world->talks.rooms};
	int r = hw_talks_init(&world->talks, &world->store, &world->catalog.catalog, &talks);
	hw_assert(r == 0);
	struct hw_http_limits limits = {
		.connections_max = options->connections_max,
		.accept_burst_max = 4,
		.head_timeout_ms = options->head_timeout_ms,
		.idle_timeout_ms = options->idle_timeout_ms,
		.stall_timeout_ms = options->stall_timeout_ms,
		.has_access_log = options->has_access_log,
		.has_peers = options->has_access_log,
	};
	struct hw_route_port route = hw_talks_route(&world->talks);
	r = hw_http_server_init(&world->server, &world->reactor, &route, &limits);
	hw_assert(r == 0);
	world->server.buffers_free = options->head_buffer_count;
	shrink(world, &world->server.heads, options->head_count);
	shrink(world, &world->server.spills, options->spill_count);
	shrink(world, &world->talks.removals, options->removals_max);
	hw_http_server_listen(&world->server, world->listener, !options->is_remote, false);
}

void talk_world_start(struct talk_world *world, const struct talk_world_options *options)
{
	memset(world, 0, sizeof(*world));
	world->options = *options;
	world->all_metrics[0] = &world->metrics;
	threads_start(world);
	store_start(world);
	server_start(world);
}

static struct hw_sim_pump pump_of(struct talk_world *world)
{
	return (struct hw_sim_pump){.actors = {hw_sim_actor_reactor(&world->reactor),
					       hw_sim_actor_worker(&world->worker)},
				    .count = 2};
}

/* What waits for a client would wait for ever, did the client say nothing more. */
static void watches_check(const struct talk_world *world)
{
	const struct hw_list *first = &world->server.open_conns;
	for (const struct hw_list *link = first->next; link != first; link = link->next) {
		const struct hw_http_conn *conn = (const struct hw_http_conn *)(const void *)link;
		bool is_received = conn->recv_op.in_flight && !conn->is_polled;
		bool is_asking = is_received || conn->send_op.in_flight;
		bool is_waiting = is_asking || hw_list_is_linked(&conn->buffer_link);
		bool is_ending = (conn->is_probing || conn->is_cut) && is_asking;
		hw_assert(conn->state == HW_CONN_CLOSING || conn->state == HW_CONN_NAMING ||
			  conn->state == HW_CONN_UPGRADED || /* it has a timer of its own */
			  !is_waiting || is_ending || hw_timer_is_running(&conn->timer));
	}
}

struct running {
	struct talk_world *world;
	bool (*is_finished)(void *user);
	void *user;
};

static bool turn_check(void *user)
{
	const struct running *running = user;
	watches_check(running->world);
	return running->is_finished(running->user);
}

int talk_world_run(struct talk_world *world, bool (*is_finished)(void *user), void *user)
{
	struct running running = {world, is_finished, user};
	struct hw_sim_pump pump = pump_of(world);
	pump.is_finished = turn_check;
	pump.user = &running;
	pump.limit_ms = RUN_LIMIT_MS;
	int r = hw_sim_pump(&pump);
	if (r != 0) {
		talk_world_print(world); /* somebody waits for ever */
	}
	return r;
}

void talk_world_pass(struct talk_world *world, uint64_t ms)
{
	struct hw_sim_pump pump = pump_of(world);
	pump.limit_ms = ms;
	int r = hw_sim_pump(&pump);
	hw_assert(r == 0);
}

/* -- the end */

static bool is_quiet(void *user)
{
	struct talk_world *world = user;
	return hw_http_server_is_idle(&world->server) &&
	       hw_pool_used_count(&world->talks.puts) == 0 &&
	       hw_pool_used_count(&world->talks.downloads) == 0 &&
	       hw_pool_used_count(&world->talks.archives) == 0 &&
	       hw_pool_used_count(&world->talks.metainfos) == 0 &&
	       hw_pool_used_count(&world->talks.events) == 0 &&
	       hw_catalog_sim_is_idle(&world->catalog) && hw_store_is_idle(&world->store) &&
	       hw_ring_in_flight_count(world->reactor.ring) == 0;
}

static uint32_t unsettled_count(const struct talk_world *world)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < HW_SEGMENT_OPEN_MAX; i++) {
		count += world->store.log.segments[i].unsettled_count;
	}
	return count;
}

void talk_world_print(const struct talk_world *world)
{
	(void)fprintf(stderr,
		      "seed %llu: puts %u downloads %u catalog %u ring %u idle %d store %d\n",
		      (unsigned long long)hw_sim_seed(), hw_pool_used_count(&world->talks.puts),
		      hw_pool_used_count(&world->talks.downloads), world->catalog.in_flight_count,
		      hw_ring_in_flight_count(world->reactor.ring),
		      hw_http_server_is_idle(&world->server), hw_store_is_idle(&world->store));
	const struct hw_list *first = &world->server.open_conns;
	for (const struct hw_list *link = first->next; link != first; link = link->next) {
		const struct hw_http_conn *conn = (const struct hw_http_conn *)(const void *)link;
		(void)fprintf(stderr, "  connection: state %d, %s, recv %d send %d timer %d\n",
			      (int)conn->state, conn->action, conn->recv_op.in_flight,
			      conn->send_op.in_flight, hw_timer_is_running(&conn->timer));
	}
}

void talk_world_quiesce(struct talk_world *world)
{
	if (!world->server.is_draining) {
		hw_http_server_drain(&world->server);
	}
	hw_talks_drain(&world->talks);
	int r = talk_world_run(world, is_quiet, world);
	hw_assert(r == 0);
	unshrink(world);
	hw_assert(hw_talks_is_idle(&world->talks));
	hw_assert(world->reactor.timers.count == 0);
	hw_assert(world->reactor.slabs.free_count == world->reactor.slabs.count);
	hw_assert(!hw_slab_has_waiters(&world->reactor.slabs));
	hw_assert(world->server.buffers_free == world->options.head_buffer_count);
	hw_assert(hw_list_is_empty(&world->server.buffer_waiters));
	hw_assert(hw_pool_used_count(&world->server.conns) == 0);
	hw_assert(hw_pool_used_count(&world->server.heads) == 0);
	hw_assert(hw_pool_used_count(&world->server.spills) == 0);
	hw_assert(world->store.log.promised_size == 0);
	hw_assert(unsettled_count(world) == 0);
	hw_assert(hw_metrics_read(&world->metrics, HW_METRIC_connections_open) == 0);
	hw_assert(hw_metrics_read(&world->metrics, HW_METRIC_uploads_open) == 0);
	hw_assert(hw_metrics_read(&world->metrics, HW_METRIC_downloads_open) == 0);
	hw_catalog_sim_check(&world->catalog);
}

void talk_world_crash(struct talk_world *world, uint64_t seed)
{
	world->is_crashed = true;
	hw_files_close(&world->files);
	hw_sim_disk_crash(seed);
}

void talk_world_stop(struct talk_world *world)
{
	hw_http_server_deinit(&world->server);
	hw_talks_deinit(&world->talks);
	hw_store_deinit(&world->store);
	hw_worker_deinit(&world->worker);
	hw_reactor_deinit(&world->reactor);
	hw_catalog_sim_deinit(&world->catalog);
	if (!world->is_crashed) {
		hw_files_close(&world->files);
	}
}

/* -- one question, one answer */

struct asking {
	struct hw_sim_peer *peer;
	uint64_t sent_size;
	uint64_t since_us;
};

static bool is_answered(void *user)
{
	struct asking *asking = user;
	uint64_t sent_size = hw_sim_peer_sent_size(asking->peer);
	if (sent_size != asking->sent_size || sent_size == 0) {
		asking->sent_size = sent_size;
		asking->since_us = hw_clock_monotonic_us();
	}
	bool is_over = hw_sim_peer_has_end(asking->peer) || hw_sim_peer_is_closed(asking->peer) ||
		       hw_sim_peer_is_reset(asking->peer);
	return is_over ||
	       (sent_size > 0 && hw_clock_monotonic_us() - asking->since_us > QUIET_MS * 1000U);
}

struct hw_span talk_world_ask(struct talk_world *world, struct hw_span request)
{
	struct asking asking = {.peer = hw_sim_connect(world->reactor.ring, world->listener)};
	hw_sim_peer_write(asking.peer, request.bytes, request.size);
	int r = talk_world_run(world, is_answered, &asking);
	hw_assert(r == 0);
	return hw_sim_peer_got(asking.peer);
}

uint32_t talk_answer_status(struct hw_span answer)
{
	bool is_answer = hw_span_starts_with(answer, HW_SPAN("HTTP/1.1 ")) && answer.size > 13;
	return is_answer ? (uint32_t)strtoul(answer.bytes + 9, NULL, 10) : 0;
}

static uint32_t head_size(struct hw_span answer)
{
	const char *end = answer.size > 0 ? memmem(answer.bytes, answer.size, "\r\n\r\n", 4) : NULL;
	return end == NULL ? answer.size : (uint32_t)(end - answer.bytes) + 4;
}

struct hw_span talk_answer_body(struct hw_span answer)
{
	return hw_span_skip(answer, head_size(answer));
}

void talk_text_free(struct hw_span text)
{
	free((void *)(uintptr_t)text.bytes); /* NOLINT(performance-no-int-to-ptr): not const */
}

uint64_t talk_number(struct hw_span digits)
{
	uint64_t number = 0;
	for (uint32_t i = 0; i < digits.size && digits.bytes[i] >= '0' && digits.bytes[i] <= '9';
	     i++) {
		number = number * 10 + (uint64_t)(digits.bytes[i] - '0');
	}
	return number;
}

struct hw_span talk_answer_field(struct hw_span answer, const char *name)
{
	struct hw_span head = {answer.bytes, head_size(answer)};
	uint32_t name_size = (uint32_t)strlen(name);
	while (head.size > 0) {
		const char *end = memmem(head.bytes, head.size, "\r\n", 2);
		uint32_t size = end == NULL ? head.size : (uint32_t)(end - head.bytes);
		struct hw_span line = {head.bytes, size};
		if (line.size > name_size + 1 && line.bytes[name_size] == ':' &&
		    hw_span_equal_nocase((struct hw_span){line.bytes, name_size},
					 hw_span_of(name))) {
			line = hw_span_skip(line, name_size + 1);
			return line.size > 0 && line.bytes[0] == ' ' ? hw_span_skip(line, 1) : line;
		}
		head = hw_span_skip(head, hw_min(head.size, size + 2));
	}
	return (struct hw_span){NULL, 0};
}
