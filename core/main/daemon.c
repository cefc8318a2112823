/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of the start, which is the order of what depends on what:
 *
 *   probe -> listen -> privileges -> data directory (lock) -> catalog -> recovery
 *         -> nodes (rings) -> sandbox -> threads -> serve
 *
 * and of the end:
 *
 *   signal -> nodes drain -> (time is up: cut) -> nodes ended -> the worker stops -> all given back
 *
 * Everything before "threads" runs in one thread and may block; everything after it is mail.
 */
#include "core/main/daemon.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/main/budget.h"
#include "core/main/certificates.h"
#include "core/main/listen.h"
#include "core/main/node.h"
#include "core/main/ports.h"
#include "core/main/prepare.h"
#include "core/main/sandbox.h"
#include "core/main/token_tables.h"
#include "core/main/worker_thread.h"
#include "net/wire/share_wish.h"

#define CATALOG_CACHE_SIZE (64U << 20) /* bytes of SQLite's page cache */
#define MEMLOCK_ADVICE                                                                             \
	"the kernel refused memory for io_uring: raise RLIMIT_MEMLOCK (LimitMEMLOCK= in the "      \
	"unit), or "                                                                               \
	"lower reactors or connections_max"
#define CONNECTIONS_LEAST 16U /* fewer are not worth a start */
#define WAIT_MS           1000U
#define CRYPT_NICE        10    /* a password may wait for bytes, bytes never for a password */
#define CUT_PATIENCE_MS   5000U /* for conversations to end once they were cut */

struct daemon {
	struct hw_worker main_worker;   /* main's own ring and mailbox */
	struct hw_worker_thread worker; /* the catalog's */
	struct hw_worker_thread crypt_worker;
	struct hw_config *config;
	struct hw_ring_probe probe;
	struct hw_files files;
	struct hw_ports ports;
	struct hw_catalog_thread catalog;
	struct hw_crypt crypt;
	struct hw_rates rates; /* the catalog's worker's */
	struct hw_token_tables tokens;
	struct hw_certificates certificates;
	struct hw_tls_options tls;
	struct hw_recover recovered;
	struct hw_node *nodes;
	struct hw_scrub_client *scrub; /* the first node's; NULL: scrub_days = 0 */
	struct hw_metrics *metrics;    /* of the nodes, then of the worker */
	const struct hw_metrics *all_metrics[HW_REACTOR_COUNT_MAX + 1];
	struct hw_talks *peers[HW_REACTOR_COUNT_MAX];         /* of the nodes */
	struct hw_room_home room_homes[HW_REACTOR_COUNT_MAX]; /* const once threads run */
	uint32_t node_count;
	uint32_t nodes_running;
	uint32_t slab_count;
	struct hw_http_limits limits;
	struct hw_talk_options talks;
	struct hw_op signal_op;
	struct hw_op log_op;
	int signal_fd;
	int log_fd;
	uint64_t drain_us; /* when we were told to stop; 0: not yet */
	bool is_cut;
};

/* Written before threads, read by the waker in all of them. */
static int g_log_event_fd = -1;

static int fail(const char *event, int error, const char *advice)
{
	HW_LOG(HW_LOG_ERROR, event, HW_F_ERRNO("error", error), HW_F_TEXT("advice", advice));
	return error;
}

/* -- the machine -- */

static int probe(struct daemon *daemon)
{
	int r = hw_ring_probe(&daemon->probe);
	if (r == -EPERM || r == -EACCES) {
		return fail(
			"io_uring.forbidden", r,
			"io_uring is switched off here: set sysctl kernel.io_uring_disabled=0; in "
			"a container allow the io_uring_* calls in its seccomp profile (docker: "
			"--security-opt seccomp=<profile>)");
	}
	if (r == -ENOMEM) {
		return fail("io_uring.memory", r, MEMLOCK_ADVICE);
	}
	if (r < 0) {
		return fail("io_uring.missing", r, "Linux 6.1 or later with io_uring is needed");
	}
	HW_LOG(HW_LOG_INFO, "io_uring.ready", HW_F_TEXT("found", daemon->probe.text));
	return hw_prepare_simd(daemon->config);
}

/* As many descriptors as may be had: a ring's table counts against the limit. */
static int descriptors_raise(struct daemon *daemon)
{
	struct rlimit limit = {0};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* checked below by asking again */
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	uint64_t files = HW_STORE_FILE_COUNT + HW_LISTEN_COUNT_MAX + 1;
	files += HW_SPARE_CONN_COUNT;
	if (limit.rlim_cur < files + CONNECTIONS_LEAST) {
		return fail("descriptors.too_few", -EMFILE,
			    "raise RLIMIT_NOFILE (LimitNOFILE= in the unit) to 1024 or more");
	}
	uint64_t most = limit.rlim_cur - files;
	if (daemon->limits.connections_max > most) {
		HW_LOG(HW_LOG_WARN, "connections.fewer",
		       HW_F_U64("wanted", daemon->limits.connections_max),
		       HW_F_U64("possible", most),
		       HW_F_TEXT("advice", "raise RLIMIT_NOFILE (LimitNOFILE= in the unit)"));
		daemon->limits.connections_max = (uint32_t)most;
	}
	return 0;
}

static uint32_t cpus_allowed(const struct hw_config *config, uint32_t *ret_cpus, uint32_t capacity)
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

/* -- limits -- */

/* Who is limited must be known by an address, and the kernel must be able to tell it. */
static int rates_set(struct daemon *daemon)
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
	if (needs_peers && !daemon->probe.has_fd_install) {
		return fail("limits.unsupported", -ENOSYS,
			    "limits for each client and trusted_proxies need Linux 6.8 or later, "
			    "which can tell a client's address; set them to 0 and to nothing");
	}
	return 0;
}

static void limits_set(struct daemon *daemon)
{
	const struct hw_config *config = daemon->config;
	daemon->slab_count =
		(uint32_t)(hw_min(config->memory_size, UINT64_C(1) << 30) / HW_SLAB_SIZE);
	daemon->limits = (struct hw_http_limits){
		.connections_max = config->connections_max,
		.head_timeout_ms = config->head_timeout_ms,
		.idle_timeout_ms = config->idle_timeout_ms,
		.stall_timeout_ms = config->stall_timeout_ms,
		.has_access_log = config->has_access_log,
		.has_fd_install = daemon->probe.has_fd_install,
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
		.all_metrics = daemon->all_metrics,
		.metrics_count = daemon->node_count + 1,
		.peers = daemon->peers,
		.peer_count = daemon->node_count,
		.followers_max = config->connections_max,
		.room_homes = daemon->room_homes,
		.room_home_count = daemon->node_count,
	};
}

static void secrets_make(struct daemon *daemon)
{
	uint64_t seed = 0;
	hw_random_bytes(&seed, sizeof(seed));
	hw_share_wish_seed(seed | 1);
	hw_random_bytes(daemon->talks.pass_secret, sizeof(daemon->talks.pass_secret));
	hw_random_bytes(daemon->tls.ticket_seed, sizeof(daemon->tls.ticket_seed));
	daemon->tls.ticket_begun_us = hw_clock_monotonic_us();
	daemon->tls.hsts_s = (uint32_t)(daemon->config->hsts_ms / 1000);
}

static bool has_tls(const struct daemon *daemon)
{
	return daemon->config->tls_listen.count > 0;
}

/* A ring never has more in flight than its completion queue holds. */
static int ring_check(const struct daemon *daemon)
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

static int budget_check(const struct daemon *daemon)
{
	struct hw_budget budget;
	struct sysinfo machine;
	struct hw_budget_options options = {
		.limits = &daemon->limits,
		.talks = &daemon->talks,
		.catalog_cache_size = CATALOG_CACHE_SIZE,
		.reactor_count = daemon->node_count,
		.slab_count = daemon->slab_count,
		.has_tls = has_tls(daemon),
	};
	hw_budget_add_up(&budget, &options);
	for (uint32_t i = 0; i < HW_BUDGET_TERM_COUNT; i++) {
		HW_LOG(HW_LOG_INFO, "memory.budget", HW_F_TEXT("holder", budget.terms[i].holder),
		       HW_F_U64("bytes", budget.terms[i].size));
	}
	HW_LOG(HW_LOG_INFO, "memory.total", HW_F_U64("bytes", budget.total_size));
	if (sysinfo(&machine) == 0 &&
	    budget.total_size > (uint64_t)machine.totalram * machine.mem_unit) {
		return fail(
			"memory.too_much", -ENOMEM,
			"the budget is more than this machine has: lower memory, connections_max, "
			"uploads_max or reactors");
	}
	return 0;
}

/* -- the data directory -- */

static int tokens_open(struct daemon *daemon)
{
	char message[HW_TOKENS_MESSAGE_SIZE] = "";
	int r = hw_token_tables_init(&daemon->tokens, daemon->files.dir_fd, message);
	if (r < 0) {
		return fail("tokens.failed", r, message);
	}
	const struct hw_tokens *tokens = hw_token_tables_now(&daemon->tokens);
	if (hw_tokens_count(tokens, HW_TOKEN_OPERATOR) == 0) {
		HW_LOG(HW_LOG_INFO, "tokens.no_operator",
		       HW_F_TEXT("advice", "hawserd --new-token operator makes the token that may "
					   "look at everything and end it"));
	}
	return 0;
}

static int catalog_open(struct daemon *daemon)
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
		.cache_size = CATALOG_CACHE_SIZE,
	};
	int r = hw_catalog_db_open(&daemon->ports.db, &options, message, sizeof(message));
	if (r < 0) {
		return fail("catalog.failed", r, message);
	}
	uint64_t begun_us = hw_clock_monotonic_us();
	r = hw_ports_recover(&daemon->ports, &daemon->recovered);
	if (r < 0) {
		return fail("recovery.failed", r,
			    r == -EBADMSG
				    ? "the catalog names bytes that the segments do not have; "
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

static void node_ended(struct hw_node *node);
static void node_tokens_taken(struct hw_node *node);
static void node_certificates_taken(struct hw_node *node);

static struct hw_scrub_options scrubbing_of(const struct hw_config *config)
{
	return (struct hw_scrub_options){
		.days = config->scrub_days,
		.rate = config->scrub_rate,
		.rate_max = config->scrub_rate_max,
	};
}

static int node_init(struct daemon *daemon, const struct hw_node_options *options, const int *fds)
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

static int nodes_init(struct daemon *daemon, int fds[][HW_LISTEN_COUNT_MAX], const uint32_t *cpus,
		      uint32_t cpu_count)
{
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		daemon->tls.contexts = hw_certificates_of(&daemon->certificates, i);
		daemon->room_homes[i] = (struct hw_room_home){&daemon->nodes[i].reactor.mailbox,
							      &daemon->nodes[i].talks.rooms};
		struct hw_node_options options = {
			.index = i,
			.cpu = i < cpu_count ? cpus[i] : HW_THREAD_ANY_CPU,
			.slab_count = daemon->slab_count,
			.io_worker_count = daemon->config->io_worker_count,
			.files = &daemon->files,
			.worker = &daemon->worker.worker,
			.catalog = &daemon->catalog,
			.segment_port = hw_ports_segment(&daemon->ports),
			.segment_size = daemon->config->segment_size,
			.next_segment = daemon->recovered.next_segments[i],
			.limits = daemon->limits,
			.talks = daemon->talks,
			.scrub = i == 0 ? daemon->scrub : NULL,
			.scrubbing = scrubbing_of(daemon->config),
			.metrics = &daemon->metrics[i],
			.main_mailbox = &daemon->main_worker.mailbox,
			.tokens = hw_token_tables_now(&daemon->tokens),
			.ended = node_ended,
			.tokens_taken = node_tokens_taken,
			.tls = has_tls(daemon) ? &daemon->tls : NULL,
			.certificates_taken = node_certificates_taken,
		};
		int r = node_init(daemon, &options, fds[i]);
		if (r < 0) {
			return fail(
				"reactor.failed", r,
				r == -ENOMEM
					? MEMLOCK_ADVICE
					: "a ring or its memory could not be had; lower memory or "
					  "connections_max");
		}
	}
	explicit_bzero(daemon->tls.ticket_seed, sizeof(daemon->tls.ticket_seed));
	return 0;
}

static int sandbox_enter(const struct daemon *daemon)
{
	struct hw_sandbox_report report;
	if (!daemon->config->has_sandbox) {
		HW_LOG(HW_LOG_WARN, "sandbox.off",
		       HW_F_TEXT("advice", "sandbox = on costs nothing"));
		return 0;
	}
	int dirs[HW_CERTIFICATE_DIRS_MAX];
	uint32_t dir_count = has_tls(daemon) ? hw_certificates_dirs(daemon->config, dirs) : 0;
	int r = hw_sandbox_lock(daemon->files.dir_fd, dirs, dir_count, &report);
	for (uint32_t i = 0; i < dir_count; i++) {
		(void)close(dirs[i]); /* it only named a place */
	}
	if (r < 0) {
		return fail(
			"sandbox.refused", r,
			"the kernel refused Landlock or seccomp; allow them, or set sandbox = off");
	}
	HW_LOG(report.is_walled && report.has_ring_lock ? HW_LOG_INFO : HW_LOG_WARN, "sandbox.on",
	       HW_F_U64("landlock", (uint64_t)report.landlock_abi),
	       HW_F_BOOL("data_dir_only", report.is_walled),
	       HW_F_BOOL("no_second_ring", report.has_ring_lock));
	return 0;
}

static int threads_start(struct daemon *daemon)
{
	int r = hw_worker_thread_start(&daemon->worker);
	if (r >= 0) {
		r = hw_worker_thread_start(&daemon->crypt_worker);
	}
	for (uint32_t i = 0; r >= 0 && i < daemon->node_count; i++) {
		r = hw_node_start(&daemon->nodes[i]);
		daemon->nodes_running += r >= 0;
	}
	return r < 0 ? fail("thread.failed", r, "threads could not be started") : 0;
}

/* -- main's own events -- */

static void log_wake(void *user)
{
	uint64_t one = 1;
	(void)user;
	/* Non-blocking; when it is full main is awake anyway. */
	ssize_t size = write(g_log_event_fd, &one, sizeof(one));
	(void)size;
}

static void log_done(struct hw_op *op);
static void signal_done(struct hw_op *op);

static void log_drain_all(struct daemon *daemon)
{
	while (hw_log_drain(STDERR_FILENO) > 0) {
	}
	hw_metrics_set(&daemon->metrics[daemon->node_count], HW_METRIC_log_lines_dropped,
		       hw_log_dropped_count());
}

static void log_done(struct hw_op *op)
{
	struct daemon *daemon = hw_container_of(op, struct daemon, log_op);
	uint64_t count = 0;
	ssize_t size = read(daemon->log_fd, &count, sizeof(count));
	(void)size; /* non-blocking: nothing there is fine */
	log_drain_all(daemon);
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->log_op, daemon->log_fd, log_done);
}

static void drain_begin(struct daemon *daemon)
{
	HW_LOG(HW_LOG_INFO, "stop.begun",
	       HW_F_U64("patience_ms", daemon->config->shutdown_timeout_ms));
	daemon->drain_us = hw_clock_monotonic_us();
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		hw_node_drain(&daemon->nodes[i], daemon->main_worker.ring);
	}
}

static void stop_asked(struct daemon *daemon)
{
	if (daemon->drain_us != 0) {
		HW_LOG(HW_LOG_WARN, "stop.now");
		log_drain_all(daemon);
		_exit(EXIT_FAILURE); /* asked twice; what was acknowledged is on disk */
	}
	drain_begin(daemon);
}

/* SIGHUP: the file of tokens has changed. */
static void tokens_reload(struct daemon *daemon)
{
	const struct hw_tokens *tokens =
		hw_token_tables_reload(&daemon->tokens, daemon->node_count);
	for (uint32_t i = 0; tokens != NULL && i < daemon->node_count; i++) {
		hw_node_tokens(&daemon->nodes[i], daemon->main_worker.ring, tokens);
	}
}

/* SIGHUP: the files of certificates may have changed, too. */
static void certificates_reload(struct daemon *daemon)
{
	bool is_new = has_tls(daemon) && hw_certificates_reload(&daemon->certificates);
	for (uint32_t i = 0; is_new && i < daemon->node_count; i++) {
		hw_node_certificates(&daemon->nodes[i], daemon->main_worker.ring,
				     hw_certificates_of(&daemon->certificates, i));
	}
}

static void signal_done(struct hw_op *op)
{
	struct daemon *daemon = hw_container_of(op, struct daemon, signal_op);
	struct signalfd_siginfo info;
	if (read(daemon->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			stop_asked(daemon);
		} else if (daemon->drain_us == 0) {
			tokens_reload(daemon);
			certificates_reload(daemon);
		}
	}
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->signal_op, daemon->signal_fd,
			signal_done);
}

static struct daemon *daemon_of(const struct hw_node *node)
{
	return hw_container_of(node->options.main_mailbox, struct daemon, main_worker.mailbox);
}

/* Which one it was does not matter. */
static void node_tokens_taken(struct hw_node *node)
{
	struct daemon *daemon = daemon_of(node);
	if (hw_token_tables_taken(&daemon->tokens) && daemon->drain_us == 0) {
		tokens_reload(daemon); /* it changed again meanwhile */
	}
}

static void node_certificates_taken(struct hw_node *node)
{
	struct daemon *daemon = daemon_of(node);
	if (hw_certificates_taken(&daemon->certificates) && daemon->drain_us == 0) {
		certificates_reload(daemon);
	}
}

static void node_ended(struct hw_node *node)
{
	struct daemon *daemon = daemon_of(node);
	hw_assert(daemon->nodes_running > 0);
	daemon->nodes_running--;
}

static int events_open(struct daemon *daemon)
{
	sigset_t signals;
	(void)sigemptyset(&signals); /* these four cannot fail with valid numbers */
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	int r = -pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (r < 0) {
		return r;
	}
	daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->log_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (daemon->signal_fd < 0 || daemon->log_fd < 0) {
		return -errno;
	}
	g_log_event_fd = daemon->log_fd;
	(void)signal(SIGPIPE, SIG_IGN); /* a closed log pipe; sockets say MSG_NOSIGNAL */
	return 0;
}

static void time_look(struct daemon *daemon)
{
	if (daemon->drain_us == 0) {
		return;
	}
	uint64_t passed_ms = (hw_clock_monotonic_us() - daemon->drain_us) / 1000;
	if (!daemon->is_cut && passed_ms >= daemon->config->shutdown_timeout_ms) {
		HW_LOG(HW_LOG_WARN, "stop.cut");
		daemon->is_cut = true;
		for (uint32_t i = 0; i < daemon->node_count; i++) {
			hw_node_cut(&daemon->nodes[i], daemon->main_worker.ring);
		}
		hw_crypt_cut(&daemon->crypt, daemon->main_worker.ring);
	}
	if (passed_ms >= (uint64_t)daemon->config->shutdown_timeout_ms + CUT_PATIENCE_MS) {
		HW_LOG(HW_LOG_WARN, "stop.unfinished");
		log_drain_all(daemon);
		_exit(EXIT_SUCCESS); /* what was acknowledged is on disk; the rest the next start
					forgets */
	}
}

static int serve(struct daemon *daemon)
{
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->signal_op, daemon->signal_fd,
			signal_done);
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->log_op, daemon->log_fd, log_done);
	while (daemon->nodes_running > 0) {
		uint32_t wait_ms = daemon->drain_us == 0 ? WAIT_MS : 20;
		int r = hw_worker_turn(&daemon->main_worker, wait_ms);
		if (r < 0) {
			return fail("main.failed", r, "main's ring broke");
		}
		time_look(daemon);
	}
	return 0;
}

static void stop(struct daemon *daemon)
{
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		hw_node_stop(&daemon->nodes[i], daemon->main_worker.ring);
	}
	if (hw_worker_turn(&daemon->main_worker, 0) < 0) { /* submits the wakes */
		HW_LOG(HW_LOG_WARN, "stop.unwoken"); /* they turn by themselves once a second */
	}
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		hw_node_join(&daemon->nodes[i]);
	}
	hw_worker_thread_join(&daemon->crypt_worker, &daemon->main_worker);
	hw_worker_thread_join(&daemon->worker, &daemon->main_worker);
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		hw_node_deinit(&daemon->nodes[i]);
	}
	hw_certificates_close(&daemon->certificates);
	hw_crypt_deinit(&daemon->crypt);
	hw_catalog_thread_deinit(&daemon->catalog);
	hw_catalog_db_close(daemon->ports.db);
	hw_files_close(&daemon->files);
	HW_LOG(HW_LOG_INFO, "stop.done");
}

/* -- all of it -- */

static int memory_get(struct daemon *daemon)
{
	daemon->nodes = calloc(daemon->node_count, sizeof(*daemon->nodes));
	daemon->metrics = aligned_alloc(64, (daemon->node_count + 1) * sizeof(*daemon->metrics));
	bool has_scrub = daemon->config->scrub_days > 0;
	if (has_scrub) {
		daemon->scrub = aligned_alloc(HW_PAGE_SIZE, sizeof(*daemon->scrub));
	}
	if (daemon->nodes == NULL || daemon->metrics == NULL ||
	    (has_scrub && daemon->scrub == NULL)) {
		return fail("memory.none", -ENOMEM, "the machine has no memory to start with");
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

static int rings_make(struct daemon *daemon, int fds[][HW_LISTEN_COUNT_MAX], const uint32_t *cpus,
		      uint32_t cpu_count)
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
		return fail("io_uring.failed", r,
			    r == -ENOMEM ? MEMLOCK_ADVICE : "a ring could not be made");
	}
	hw_crypt_init(&daemon->crypt, &daemon->crypt_worker.worker);
	hw_catalog_thread_init(&daemon->catalog, &daemon->worker.worker, daemon->ports.db,
			       &daemon->metrics[daemon->node_count]);
	/* Not before the lock is taken and the store is whole: who connects is answered. */
	r = hw_listen_begin_all(daemon->config, daemon->node_count, fds);
	if (r < 0) {
		return fail("listen.failed", r, "another process took the port meanwhile");
	}
	return nodes_init(daemon, fds, cpus, cpu_count);
}

static int start(struct daemon *daemon)
{
	static int fds[HW_REACTOR_COUNT_MAX][HW_LISTEN_COUNT_MAX];
	static uint32_t cpus[HW_REACTOR_COUNT_MAX];
	uint32_t cpu_count = cpus_allowed(daemon->config, cpus, HW_REACTOR_COUNT_MAX);
	if (cpu_count == 0) {
		return fail("cpus.none", -EINVAL, "none of the cpus that cpus= names may be used");
	}
	daemon->node_count =
		daemon->config->reactor_count != 0 ? daemon->config->reactor_count : cpu_count;
	int r = probe(daemon);
	if (r >= 0) {
		r = memory_get(daemon);
	}
	if (r < 0) {
		return r;
	}
	limits_set(daemon);
	secrets_make(daemon);
	r = rates_set(daemon);
	if (r >= 0) {
		r = descriptors_raise(daemon);
	}
	if (r >= 0) {
		r = ring_check(daemon);
	}
	if (r >= 0) {
		r = budget_check(daemon);
	}
	if (r >= 0) {
		r = hw_listen_open_all(daemon->config, daemon->node_count, fds);
	}
	if (r >= 0) {
		r = hw_prepare_user(daemon->config);
	}
	if (r >= 0) {
		r = hw_prepare_files(daemon->config, &daemon->files);
	}
	if (r >= 0) {
		r = tokens_open(daemon);
	}
	if (r >= 0) {
		r = hw_certificates_open(&daemon->certificates, daemon->config,
					 daemon->files.dir_fd, daemon->node_count);
	}
	if (r >= 0) {
		r = hw_prepare_catalog(&daemon->files);
	}
	if (r >= 0) {
		r = catalog_open(daemon);
	}
	if (r >= 0) {
		r = events_open(daemon);
	}
	if (r >= 0) {
		r = rings_make(daemon, fds, cpus, cpu_count);
	}
	if (r >= 0) {
		r = sandbox_enter(daemon);
	}
	if (r >= 0) {
		hw_log_set_waker(log_wake, NULL);
		r = threads_start(daemon);
	}
	return r;
}

int hw_daemon_run(struct hw_config *config)
{
	static struct daemon daemon;
	daemon.config = config;
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
		r = serve(&daemon);
	}
	if (r >= 0) {
		stop(&daemon);
	}
	hw_log_stop();
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
