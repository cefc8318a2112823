/* SPDX-License-Identifier: Apache-2.0
 *
 *   limits_set (configuration) -> rates_set -> descriptors_raise (fewer connections, perhaps)
 *              -> ring_check -> budget_check: what came out fits, or we do not start
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/loop/pipe.h"
#include "core/main/budget.h"
#include "core/main/daemon_steps.h"
#include "core/main/listen.h"

#define CONNECTIONS_LEAST 16U /* fewer are not worth a start */

uint32_t hw_daemon_cpus(const struct hw_config *config, uint32_t *ret_cpus, uint32_t capacity)
{
	cpu_set_t allowed;
	uint32_t count = 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
		return 0;
	}
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE && count < capacity; cpu++) {
		bool is_wanted = config->cpus.count == 0 || hw_config_cpus_has(&config->cpus, cpu);
		if (is_wanted && CPU_ISSET(cpu, &allowed)) {
			ret_cpus[count++] = cpu;
		}
	}
	return count;
}

/* The process's table of descriptors gets its size while there is one thread: later each doubling
 * waits for all cpus, 6 to 31 ms in the middle of an accept. */
static void table_grow(uint64_t size)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int last = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, (int)size - 1);
	if (last >= 0) {
		(void)close(last); /* of /dev/null, like the next */
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

/* As many descriptors as may be had. A ring's table counts against the limit, each by itself; where
 * sockets are descriptors, all reactors share it. */
static int descriptors_raise(struct hw_daemon *daemon)
{
	struct rlimit limit = {0};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* checked below by asking again */
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	uint64_t share = daemon->probe.has_socket_slots ? 1 : daemon->node_count;
	uint64_t files = HW_STORE_FILE_COUNT + HW_LISTEN_COUNT_MAX + 1;
	files = (files + HW_SPARE_CONN_COUNT) * share;
	files += (uint64_t)HW_PIPE_FD_COUNT * daemon->node_count;
	if (limit.rlim_cur < files + CONNECTIONS_LEAST) {
		return hw_daemon_fail(
			"descriptors.too_few", -EMFILE,
			"raise RLIMIT_NOFILE (LimitNOFILE= in the unit) to 1024 or more");
	}
	uint64_t most = (limit.rlim_cur - files) / share;
	if (daemon->limits.connections_max > most) {
		HW_LOG(HW_LOG_WARN, "connections.fewer",
		       HW_F_U64("wanted", daemon->limits.connections_max),
		       HW_F_U64("possible", most),
		       HW_F_TEXT("advice", "raise RLIMIT_NOFILE (LimitNOFILE= in the unit)"));
		daemon->limits.connections_max = (uint32_t)most;
	}
	if (!daemon->probe.has_socket_slots) {
		table_grow(files + share * daemon->limits.connections_max);
	}
	return 0;
}

/* Who is limited must be known by an address. */
static void rates_set(struct hw_daemon *daemon)
{
	const struct hw_config *config = daemon->config;
	struct hw_rate_limits limits = {
		.per_minute = {[HW_RATE_UPLOAD] = config->uploads_per_minute,
			       [HW_RATE_DOWNLOAD] = config->downloads_per_minute},
		.transfers_max = config->transfers_per_client,
	};
	uint64_t seed = 0;
	hw_random_bytes(&seed, sizeof(seed));
	hw_rates_init(&daemon->rates, &limits, seed);
	bool has_rates = hw_rates_limit(&daemon->rates, HW_RATE_UPLOAD) ||
			 hw_rates_limit(&daemon->rates, HW_RATE_DOWNLOAD);
	bool needs_peers = has_rates || config->trusted_proxies.count > 0;
	daemon->talks.rates = has_rates ? &daemon->rates : NULL;
	daemon->limits.has_peers = needs_peers || config->has_access_log;
}

static void limits_set(struct hw_daemon *daemon)
{
	const struct hw_config *config = daemon->config;
	daemon->slab_count =
		(uint32_t)(hw_min(config->memory_size, UINT64_C(1) << 30) / HW_SLAB_SIZE);
	daemon->limits = (struct hw_http_limits){
		.connections_max = config->connections_max,
		.accept_burst_max = HW_LISTEN_BURST_MAX,
		.head_timeout_ms = config->head_timeout_ms,
		.idle_timeout_ms = config->idle_timeout_ms,
		.stall_timeout_ms = config->stall_timeout_ms,
		.has_access_log = config->has_access_log,
	};
	daemon->talks = (struct hw_talk_options){
		.upload_policy = (enum hw_upload_policy)config->upload,
		.expiry_default_ms = config->expiry_default_ms,
		.expiry_max_ms = config->expiry_max_ms,
		.upload_expiry_ms = config->upload_expiry_ms,
		.share_size_max = config->share_size_max,
		.quota_size = config->quota_size,
		.ws_messages_per_minute = config->ws_messages_per_minute,
		.may_expire_never = config->may_expire_never,
		.has_forwarded = config->proxy_header == HW_PROXY_FORWARDED,
		.cors_origins = config->cors_origins,
		.trusted_proxies = &config->trusted_proxies,
		.crypt = &daemon->crypt,
		.worker = &daemon->worker.worker,
		.file_size_max = config->file_size_max,
		.uploads_max = config->uploads_max,
		.downloads_max = config->downloads_max,
		.object_cache_size = config->object_cache_size,
		.public_url = config->public_url,
		.portal = daemon->portal,
		.node_id = daemon->node_id,
		.started_ms = hw_clock_wall_ms(),
		.all_metrics = daemon->all_metrics,
		.metrics_count = daemon->node_count + 1,
		.peers = daemon->peers,
		.peer_count = daemon->node_count,
		.followers_max = config->connections_max,
		.room_homes = daemon->room_homes,
		.room_home_count = daemon->node_count,
	};
}

/* A ring never has more in flight than its completion queue holds. */
static int ring_check(const struct hw_daemon *daemon)
{
	uint32_t in_flight = hw_node_in_flight_max(&daemon->limits, &daemon->talks);
	if (in_flight <= HW_RING_IN_FLIGHT_MAX) {
		return 0;
	}
	HW_LOG(HW_LOG_ERROR, "limits.too_high", HW_F_U64("operations", in_flight),
	       HW_F_U64("most", HW_RING_IN_FLIGHT_MAX),
	       HW_F_TEXT("advice",
			 "one ring cannot serve that much: lower connections_max, uploads_max "
			 "or downloads_max, or use more reactors"));
	return -EINVAL;
}

static int budget_check(struct hw_daemon *daemon)
{
	struct hw_budget budget;
	struct sysinfo machine;
	struct hw_budget_options options = {
		.limits = &daemon->limits,
		.talks = &daemon->talks,
		.catalog_cache_size = HW_CATALOG_CACHE_SIZE,
		.reactor_count = daemon->node_count,
		.slab_count = daemon->slab_count,
		.has_tls = hw_daemon_has_tls(daemon),
	};
	hw_budget_add_up(&budget, &options);
	for (uint32_t i = 0; i < HW_BUDGET_TERM_COUNT; i++) {
		HW_LOG(HW_LOG_INFO, "memory.budget", HW_F_TEXT("holder", budget.terms[i].holder),
		       HW_F_U64("bytes", budget.terms[i].size));
	}
	HW_LOG(HW_LOG_INFO, "memory.total", HW_F_U64("bytes", budget.total_size));
	daemon->talks.memory_size = budget.total_size;
	if (sysinfo(&machine) == 0 &&
	    budget.total_size > (uint64_t)machine.totalram * machine.mem_unit) {
		return hw_daemon_fail(
			"memory.too_much", -ENOMEM,
			"the budget is more than this machine has: lower memory, connections_max, "
			"uploads_max or reactors");
	}
	return 0;
}

int hw_daemon_limits_set(struct hw_daemon *daemon)
{
	limits_set(daemon);
	rates_set(daemon);
	int r = descriptors_raise(daemon);
	if (r >= 0) {
		r = ring_check(daemon);
	}
	if (r >= 0) {
		r = budget_check(daemon);
	}
	return r;
}
