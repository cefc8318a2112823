/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of the start, which is the order of what depends on what:
 *
 *   probe -> limits (daemon_limits.c) -> listen -> privileges -> data directory (lock)
 *         -> catalog -> recovery -> nodes (rings) -> sandbox -> threads -> serve
 *
 * and of the end (daemon_serve.c):
 *
 *   signal -> nodes drain -> (time is up: cut) -> nodes ended -> the worker stops -> all given back
 *
 * Everything before "threads" runs in one thread and may block; everything after it is mail.
 */
#include "core/main/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/page_cache.h"
#include "core/main/daemon_steps.h"
#include "core/main/identity.h"
#include "core/main/kernel_tls.h"
#include "core/main/listen.h"
#include "core/main/prepare.h"
#include "core/main/sandbox.h"
#include "net/wire/share_wish.h"

#define MEMLOCK_ADVICE                                                                             \
	"the kernel refused memory for io_uring: raise RLIMIT_MEMLOCK (LimitMEMLOCK= in the "      \
	"unit), or "                                                                               \
	"lower reactors or connections_max"
#define CRYPT_NICE 10 /* a password may wait for bytes, bytes never for a password */

int hw_daemon_fail(const char *event, int error, const char *advice)
{
	HW_LOG(HW_LOG_ERROR, event, HW_F_ERRNO("error", error), HW_F_TEXT("advice", advice));
	return error;
}

/* -- the machine -- */

static int probe(struct hw_daemon *daemon)
{
	int r = hw_ring_probe(&daemon->probe);
	if (r == -EPERM || r == -EACCES) {
		return hw_daemon_fail(
			"io_uring.forbidden", r,
			"io_uring is switched off here: set sysctl kernel.io_uring_disabled=0; in "
			"a container allow the io_uring_* calls in its seccomp profile (docker: "
			"--security-opt seccomp=<profile>)");
	}
	if (r == -ENOMEM) {
		return hw_daemon_fail("io_uring.memory", r, MEMLOCK_ADVICE);
	}
	if (r < 0) {
		return hw_daemon_fail("io_uring.missing", r,
				      "Linux 6.1 or later with io_uring is needed");
	}
	HW_LOG(HW_LOG_INFO, "io_uring.ready", HW_F_TEXT("found", daemon->probe.text));
	return hw_prepare_simd(daemon->config);
}

/* What is asked for and cannot be had is said now, not found out by measuring. */
static int kernel_tls_probe(struct hw_daemon *daemon)
{
	if (!daemon->config->tls_kernel || !hw_daemon_has_tls(daemon)) {
		return 0;
	}
	int r = hw_page_cache_is_known() ? hw_kernel_tls_probe() : -ENOSYS;
	if (r == -ENOSYS) {
		return hw_daemon_fail("tls_kernel.missing", r,
				      "tls_kernel=on needs Linux 6.5 or later; leave it off");
	}
	if (r == -ENOENT) {
		return hw_daemon_fail(
			"tls_kernel.missing", r,
			"this kernel offers no TLS: load it (modprobe tls, and a file "
			"in /etc/modules-load.d), or leave tls_kernel off");
	}
	if (r < 0) {
		return hw_daemon_fail("tls_kernel.failed", r,
				      "the kernel's TLS could not be tried on loopback; leave "
				      "tls_kernel off");
	}
	daemon->tls.kernel_ciphers = (uint32_t)r;
	return 0;
}

static void secrets_make(struct hw_daemon *daemon)
{
	uint64_t seed = 0;
	hw_random_bytes(&seed, sizeof(seed));
	hw_share_wish_seed(seed | 1);
	hw_random_bytes(daemon->talks.pass_secret, sizeof(daemon->talks.pass_secret));
	hw_random_bytes(daemon->tls.ticket_seed, sizeof(daemon->tls.ticket_seed));
	daemon->tls.ticket_begun_us = hw_clock_monotonic_us();
	daemon->tls.hsts_s = (uint32_t)(daemon->config->hsts_ms / 1000);
}

bool hw_daemon_has_tls(const struct hw_daemon *daemon)
{
	return daemon->config->tls_listen.count > 0;
}

/* -- the data directory -- */

static int tokens_open(struct hw_daemon *daemon)
{
	char message[HW_TOKENS_MESSAGE_SIZE] = "";
	int r = hw_token_tables_init(&daemon->tokens, daemon->files.dir_fd, message);
	if (r < 0) {
		return hw_daemon_fail("tokens.failed", r, message);
	}
	const struct hw_tokens *tokens = hw_token_tables_now(&daemon->tokens);
	if (hw_tokens_count(tokens, HW_TOKEN_OPERATOR) == 0) {
		HW_LOG(HW_LOG_INFO, "tokens.no_operator",
		       HW_F_TEXT("advice", "hawserd --new-token operator makes the token that may "
					   "look at everything and end it"));
	}
	return 0;
}

static int identity_load(struct hw_daemon *daemon)
{
	int r = hw_identity_load(daemon->files.dir_fd, daemon->node_id);
	if (r < 0) {
		return hw_daemon_fail("identity.failed", r,
				      r == -EBADMSG
					      ? "data_dir/" HW_IDENTITY_FILE
						" is damaged: remove it, and this node gets a "
						"new name"
					      : "data_dir/" HW_IDENTITY_FILE
						" could not be read or written");
	}
	HW_LOG(HW_LOG_INFO, "node", HW_F_TEXT("id", daemon->node_id));
	return 0;
}

static int catalog_open(struct hw_daemon *daemon)
{
	char path[HW_CONFIG_TEXT_SIZE_MAX + 16];
	char message[512] = "";
	(void)snprintf(path, sizeof(path), "%s/" HW_CATALOG_NAME,
		       daemon->config->data_dir); /* fits */
	daemon->ports.files = &daemon->files;
	struct hw_catalog_db_options options = {
		.path = path,
		.reclaim = hw_ports_reclaim(&daemon->ports),
		.pin_capacity =
			2 * daemon->node_count *
			(daemon->config->downloads_max + HW_ARCHIVES_MAX + HW_METAINFOS_MAX),
		.home_capacity = 2 * daemon->node_count * daemon->config->uploads_max,
		.cache_size = HW_CATALOG_CACHE_SIZE,
	};
	int r = hw_catalog_db_open(&daemon->ports.db, &options, message, sizeof(message));
	if (r < 0) {
		return hw_daemon_fail("catalog.failed", r, message);
	}
	uint64_t begun_us = hw_clock_monotonic_us();
	r = hw_ports_recover(&daemon->ports, &daemon->recovered);
	if (r < 0) {
		return hw_daemon_fail(
			"recovery.failed", r,
			r == -EBADMSG ? "the catalog names bytes that the segments do not have; "
					"nothing was changed: restore both from the same backup"
				      : "the data directory could not be read or written");
	}
	HW_LOG(HW_LOG_INFO, "recovery.done", HW_F_U64("segments", daemon->recovered.kept_count),
	       HW_F_U64("unlinked", daemon->recovered.unlinked_count),
	       HW_F_U64("punched", daemon->recovered.punched_size),
	       HW_F_U64("us", hw_clock_monotonic_us() - begun_us));
	return 0;
}

/* -- nodes -- */

static struct hw_scrub_options scrubbing_of(const struct hw_config *config)
{
	return (struct hw_scrub_options){
		.days = config->scrub_days,
		.rate = config->scrub_rate,
		.rate_max = config->scrub_rate_max,
	};
}

static int node_init(struct hw_daemon *daemon, const struct hw_node_options *options,
		     const int *fds)
{
	struct hw_node_listener listeners[HW_LISTEN_COUNT_MAX];
	uint32_t count = hw_listen_count(daemon->config);
	for (uint32_t i = 0; i < count; i++) {
		listeners[i] = (struct hw_node_listener){
			.fd = fds[i],
			.is_loopback = hw_listen_address(daemon->config, i)->is_loopback,
			.has_tls = hw_listen_has_tls(daemon->config, i),
		};
	}
	return hw_node_init(&daemon->nodes[options->index], options, listeners, count);
}

static int nodes_init(struct hw_daemon *daemon, int fds[][HW_LISTEN_COUNT_MAX],
		      const uint32_t *cpus, uint32_t cpu_count)
{
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		daemon->tls.contexts = hw_certificates_of(&daemon->certificates, i);
		daemon->room_homes[i] = (struct hw_room_home){&daemon->nodes[i].reactor.mailbox,
							      &daemon->nodes[i].talks.rooms};
		daemon->server_homes[i] = (struct hw_server_home){
			.server = &daemon->nodes[i].server,
			.mailbox = &daemon->nodes[i].reactor.mailbox,
			.metrics = &daemon->metrics[i],
		};
		struct hw_node_options options = {
			.index = i,
			.cpu = i < cpu_count ? cpus[i] : HW_THREAD_ANY_CPU,
			.slab_count = daemon->slab_count,
			.io_worker_count = daemon->config->io_worker_count,
			.files = &daemon->files,
			.fills = &daemon->fills,
			.worker = &daemon->worker.worker,
			.catalog = &daemon->catalog,
			.segment_port = hw_ports_segment(&daemon->ports),
			.segment_size = daemon->config->segment_size,
			.next_segment = daemon->recovered.next_segments[i],
			.limits = daemon->limits,
			.talks = daemon->talks,
			.server_homes = daemon->server_homes,
			.server_home_count = daemon->node_count,
			.scrub = i == 0 ? daemon->scrub : NULL,
			.scrubbing = scrubbing_of(daemon->config),
			.metrics = &daemon->metrics[i],
			.main_mailbox = &daemon->main_worker.mailbox,
			.tokens = hw_token_tables_now(&daemon->tokens),
			.ended = hw_daemon_node_ended,
			.tokens_taken = hw_daemon_node_tokens_taken,
			.tls = hw_daemon_has_tls(daemon) ? &daemon->tls : NULL,
			.certificates_taken = hw_daemon_node_certificates_taken,
		};
		int r = node_init(daemon, &options, fds[i]);
		if (r < 0) {
			return hw_daemon_fail(
				"reactor.failed", r,
				r == -ENOMEM   ? MEMLOCK_ADVICE
				: r == -ENOENT ? "there is no /dev/null"
					       : "a ring or its memory could not be had; lower "
						 "memory or connections_max");
		}
	}
	explicit_bzero(daemon->tls.ticket_seed, sizeof(daemon->tls.ticket_seed));
	return 0;
}

static int sandbox_enter(const struct hw_daemon *daemon)
{
	struct hw_sandbox_report report;
	if (!daemon->config->has_sandbox) {
		HW_LOG(HW_LOG_WARN, "sandbox.off",
		       HW_F_TEXT("advice", "sandbox = on costs nothing"));
		return 0;
	}
	int dirs[HW_CERTIFICATE_DIRS_MAX];
	uint32_t dir_count =
		hw_daemon_has_tls(daemon) ? hw_certificates_dirs(daemon->config, dirs) : 0;
	int r = hw_sandbox_lock(daemon->files.dir_fd, dirs, dir_count, &report);
	for (uint32_t i = 0; i < dir_count; i++) {
		(void)close(dirs[i]); /* it only named a place */
	}
	if (r < 0) {
		return hw_daemon_fail(
			"sandbox.refused", r,
			"the kernel refused Landlock or seccomp; allow them, or set sandbox = off");
	}
	HW_LOG(report.is_walled && report.has_ring_lock ? HW_LOG_INFO : HW_LOG_WARN, "sandbox.on",
	       HW_F_U64("landlock", (uint64_t)report.landlock_abi),
	       HW_F_BOOL("data_dir_only", report.is_walled),
	       HW_F_BOOL("no_second_ring", report.has_ring_lock));
	return 0;
}

static int threads_start(struct hw_daemon *daemon)
{
	int r = hw_worker_thread_start(&daemon->worker);
	if (r >= 0) {
		r = hw_worker_thread_start(&daemon->crypt_worker);
	}
	for (uint32_t i = 0; r >= 0 && i < daemon->node_count; i++) {
		r = hw_node_start(&daemon->nodes[i]);
		daemon->nodes_running += r >= 0;
	}
	return r < 0 ? hw_daemon_fail("thread.failed", r, "threads could not be started") : 0;
}

/* -- all of it -- */

static int memory_get(struct hw_daemon *daemon)
{
	daemon->nodes = calloc(daemon->node_count, sizeof(*daemon->nodes));
	daemon->metrics = aligned_alloc(64, (daemon->node_count + 1) * sizeof(*daemon->metrics));
	bool has_scrub = daemon->config->scrub_days > 0;
	if (has_scrub) {
		daemon->scrub = aligned_alloc(HW_PAGE_SIZE, sizeof(*daemon->scrub));
	}
	if (daemon->nodes == NULL || daemon->metrics == NULL ||
	    (has_scrub && daemon->scrub == NULL)) {
		return hw_daemon_fail("memory.none", -ENOMEM,
				      "the machine has no memory to start with");
	}
	memset(daemon->metrics, 0, (daemon->node_count + 1) * sizeof(*daemon->metrics));
	if (has_scrub) {
		memset(daemon->scrub, 0, sizeof(*daemon->scrub));
	}
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		daemon->peers[i] = &daemon->nodes[i].talks;
	}
	for (uint32_t i = 0; i <= daemon->node_count; i++) {
		daemon->all_metrics[i] = &daemon->metrics[i];
	}
	return 0;
}

static int rings_make(struct hw_daemon *daemon, int fds[][HW_LISTEN_COUNT_MAX],
		      const uint32_t *cpus, uint32_t cpu_count)
{
	int r = hw_worker_init(&daemon->main_worker);
	if (r >= 0) {
		r = hw_worker_thread_init(&daemon->worker, "catalog", 0);
	}
	if (r >= 0) {
		r = hw_worker_thread_init(&daemon->crypt_worker, "crypt", CRYPT_NICE);
	}
	if (r >= 0) {
		r = hw_ring_enable(daemon->main_worker.ring);
	}
	if (r < 0) {
		return hw_daemon_fail("io_uring.failed", r,
				      r == -ENOMEM ? MEMLOCK_ADVICE : "a ring could not be made");
	}
	hw_crypt_init(&daemon->crypt, &daemon->crypt_worker.worker);
	hw_catalog_thread_init(&daemon->catalog, &daemon->worker.worker, daemon->ports.db,
			       &daemon->metrics[daemon->node_count]);
	/* Not before the lock is taken and the store is whole: who connects is answered. */
	r = hw_listen_begin_all(daemon->config, daemon->node_count, fds);
	if (r < 0) {
		return hw_daemon_fail("listen.failed", r,
				      "another process took the port meanwhile");
	}
	return nodes_init(daemon, fds, cpus, cpu_count);
}

static int start(struct hw_daemon *daemon)
{
	static int fds[HW_REACTOR_COUNT_MAX][HW_LISTEN_COUNT_MAX];
	static uint32_t cpus[HW_REACTOR_COUNT_MAX];
	uint32_t cpu_count = hw_daemon_cpus(daemon->config, cpus, HW_REACTOR_COUNT_MAX);
	if (cpu_count == 0) {
		return hw_daemon_fail("cpus.none", -EINVAL,
				      "none of the cpus that cpus= names may be used");
	}
	daemon->node_count =
		daemon->config->reactor_count != 0 ? daemon->config->reactor_count : cpu_count;
	int r = probe(daemon);
	if (r >= 0) {
		r = kernel_tls_probe(daemon);
	}
	if (r >= 0) {
		r = memory_get(daemon);
	}
	if (r < 0) {
		return r;
	}
	r = hw_daemon_limits_set(daemon);
	if (r >= 0) {
		secrets_make(daemon);
		r = hw_listen_open_all(daemon->config, daemon->node_count, fds);
	}
	if (r >= 0) {
		r = hw_prepare_user(daemon->config);
	}
	if (r >= 0) {
		r = hw_prepare_files(daemon->config, &daemon->files);
	}
	if (r >= 0) {
		r = identity_load(daemon);
	}
	if (r >= 0) {
		r = tokens_open(daemon);
	}
	if (r >= 0) {
		r = hw_certificates_open(&daemon->certificates, daemon->config,
					 daemon->files.dir_fd, daemon->node_count);
	}
	if (r >= 0) {
		daemon->fills.ahead_size = hw_files_ahead_size(&daemon->files);
		r = hw_prepare_catalog(&daemon->files);
	}
	if (r >= 0) {
		r = catalog_open(daemon);
	}
	if (r >= 0) {
		r = hw_daemon_events_open(daemon);
	}
	if (r >= 0) {
		r = rings_make(daemon, fds, cpus, cpu_count);
	}
	if (r >= 0) {
		r = sandbox_enter(daemon);
	}
	if (r >= 0) {
		hw_log_set_waker(hw_daemon_log_wake, NULL);
		r = threads_start(daemon);
	}
	return r;
}

int hw_daemon_run(struct hw_config *config, const struct hw_portal *portal)
{
	static struct hw_daemon daemon;
	daemon.config = config;
	daemon.portal = portal;
	hw_log_start(&(struct hw_log_options){
		.fd = STDERR_FILENO,
		.level = (enum hw_log_level)config->log_level,
		.format = (enum hw_log_format)config->log_format,
		.wall_ms = hw_clock_wall_ms,
	});
	HW_LOG(HW_LOG_INFO, "start", HW_F_TEXT("version", HW_VERSION));
	int r = start(&daemon);
	if (r >= 0) {
		hw_listen_announce(config, daemon.node_count);
		r = hw_daemon_serve(&daemon);
	}
	if (r >= 0) {
		hw_daemon_stop(&daemon);
	}
	hw_log_stop();
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
