/* SPDX-License-Identifier: Apache-2.0
 *
 *   serve: turns of main's own ring
 *      log_done     <- log_wake, from any thread: lines are written
 *      signal_done  <- SIGHUP: tokens and certificates are read again, each node is told by mail
 *                   <- SIGTERM, SIGINT: drain_begin; a second one: at once
 *      time_look    time is up: cut
 *      node_ended   the last one: serve is over -> stop
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/main/daemon_steps.h"

#define WAIT_MS         1000U
#define CUT_PATIENCE_MS 5000U /* for conversations to end once they were cut */

static void log_done(struct hw_op *op);
static void signal_done(struct hw_op *op);

/* Written before threads, read by the waker in all of them. */
static int g_log_event_fd = -1;

void hw_daemon_log_wake(void *user)
{
	uint64_t one = 1;
	(void)user;
	/* Non-blocking; when it is full main is awake anyway. */
	ssize_t size = write(g_log_event_fd, &one, sizeof(one));
	(void)size;
}

static void log_drain_all(struct hw_daemon *daemon)
{
	while (hw_log_drain(STDERR_FILENO) > 0) {
	}
	hw_metrics_set(&daemon->metrics[daemon->node_count], HW_METRIC_log_lines_dropped,
		       hw_log_dropped_count());
}

static void log_done(struct hw_op *op)
{
	struct hw_daemon *daemon = hw_container_of(op, struct hw_daemon, log_op);
	uint64_t count = 0;
	ssize_t size = read(daemon->log_fd, &count, sizeof(count));
	(void)size; /* non-blocking: nothing there is fine */
	log_drain_all(daemon);
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->log_op, daemon->log_fd, log_done);
}

static void drain_begin(struct hw_daemon *daemon)
{
	HW_LOG(HW_LOG_INFO, "stop.begun",
	       HW_F_U64("patience_ms", daemon->config->shutdown_timeout_ms));
	daemon->drain_us = hw_clock_monotonic_us();
	for (uint32_t i = 0; i < daemon->node_count; i++) {
		hw_node_drain(&daemon->nodes[i], daemon->main_worker.ring);
	}
}

static void stop_asked(struct hw_daemon *daemon)
{
	if (daemon->drain_us != 0) {
		HW_LOG(HW_LOG_WARN, "stop.now");
		log_drain_all(daemon);
		_exit(EXIT_FAILURE); /* asked twice; what was acknowledged is on disk */
	}
	drain_begin(daemon);
}

/* SIGHUP: the file of tokens has changed. */
static void tokens_reload(struct hw_daemon *daemon)
{
	const struct hw_tokens *tokens =
		hw_token_tables_reload(&daemon->tokens, daemon->node_count);
	for (uint32_t i = 0; tokens != NULL && i < daemon->node_count; i++) {
		hw_node_tokens(&daemon->nodes[i], daemon->main_worker.ring, tokens);
	}
}

/* SIGHUP: the files of certificates may have changed, too. */
static void certificates_reload(struct hw_daemon *daemon)
{
	bool is_new = hw_daemon_has_tls(daemon) && hw_certificates_reload(&daemon->certificates);
	for (uint32_t i = 0; is_new && i < daemon->node_count; i++) {
		hw_node_certificates(&daemon->nodes[i], daemon->main_worker.ring,
				     hw_certificates_of(&daemon->certificates, i));
	}
}

static void signal_done(struct hw_op *op)
{
	struct hw_daemon *daemon = hw_container_of(op, struct hw_daemon, signal_op);
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

static struct hw_daemon *daemon_of(const struct hw_node *node)
{
	return hw_container_of(node->options.main_mailbox, struct hw_daemon, main_worker.mailbox);
}

void hw_daemon_node_tokens_taken(struct hw_node *node)
{
	struct hw_daemon *daemon = daemon_of(node);
	if (hw_token_tables_taken(&daemon->tokens) && daemon->drain_us == 0) {
		tokens_reload(daemon); /* it changed again meanwhile */
	}
}

void hw_daemon_node_certificates_taken(struct hw_node *node)
{
	struct hw_daemon *daemon = daemon_of(node);
	if (hw_certificates_taken(&daemon->certificates) && daemon->drain_us == 0) {
		certificates_reload(daemon);
	}
}

void hw_daemon_node_ended(struct hw_node *node)
{
	struct hw_daemon *daemon = daemon_of(node);
	hw_assert(daemon->nodes_running > 0);
	daemon->nodes_running--;
}

int hw_daemon_events_open(struct hw_daemon *daemon)
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

static void time_look(struct hw_daemon *daemon)
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

int hw_daemon_serve(struct hw_daemon *daemon)
{
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->signal_op, daemon->signal_fd,
			signal_done);
	hw_ring_poll_fd(daemon->main_worker.ring, &daemon->log_op, daemon->log_fd, log_done);
	while (daemon->nodes_running > 0) {
		uint32_t wait_ms = daemon->drain_us == 0 ? WAIT_MS : 20;
		int r = hw_worker_turn(&daemon->main_worker, wait_ms);
		if (r < 0) {
			return hw_daemon_fail("main.failed", r, "main's ring broke");
		}
		time_look(daemon);
	}
	return 0;
}

void hw_daemon_stop(struct hw_daemon *daemon)
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
