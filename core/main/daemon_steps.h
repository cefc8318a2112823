/* SPDX-License-Identifier: Apache-2.0
 *
 * daemon_steps.h - the whole process as its files see it
 *
 * Room: core/main, private to daemon*.c    Thread: main    Blocks: yes    Allocates: at start
 *
 *   daemon.c         the order of the start
 *   daemon_limits.c  what configuration and machine allow
 *   daemon_serve.c   main's own turns: log, signals, the end
 */
#ifndef HW_CORE_MAIN_DAEMON_STEPS_H
#define HW_CORE_MAIN_DAEMON_STEPS_H

#include "core/main/certificates.h"
#include "core/main/daemon.h"
#include "core/main/identity.h"
#include "core/main/node.h"
#include "core/main/ports.h"
#include "core/main/token_tables.h"
#include "core/main/worker_thread.h"

#define HW_CATALOG_CACHE_SIZE (64U << 20) /* bytes of SQLite's page cache */

struct hw_daemon {
	struct hw_worker main_worker;   /* main's own ring and mailbox */
	struct hw_worker_thread worker; /* the catalog's */
	struct hw_worker_thread crypt_worker;
	struct hw_config *config;
	char node_id[HW_IDENTITY_TEXT_SIZE + 1];
	const struct hw_portal *portal; /* NULL: none */
	struct hw_ring_probe probe;
	struct hw_files files;
	struct hw_fills fills;
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
	struct hw_talks *peers[HW_REACTOR_COUNT_MAX];             /* of the nodes */
	struct hw_room_home room_homes[HW_REACTOR_COUNT_MAX];     /* const once threads run */
	struct hw_server_home server_homes[HW_REACTOR_COUNT_MAX]; /* likewise */
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

/* -- daemon.c -- */

/* Say on the log that the start ends here. Returns @error. */
int hw_daemon_fail(const char *event, int error, const char *advice);
bool hw_daemon_has_tls(const struct hw_daemon *daemon);

/* -- daemon_limits.c: each says on the log what is refused, and returns 0 or -errno -- */

/* The cpus that reactors may have. Returns how many; 0: none. */
uint32_t hw_daemon_cpus(const struct hw_config *config, uint32_t *ret_cpus, uint32_t capacity);
/* limits, talks, rates, slab_count, out of the configuration; probe, node_count are known. As many
 * descriptors as may be had; what comes out fits rings and memory. */
int hw_daemon_limits_set(struct hw_daemon *daemon) HW_MUST_CHECK;

/* -- daemon_serve.c -- */

/* Where signals and the log's readers wake main. Before threads, which inherit the mask. */
int hw_daemon_events_open(struct hw_daemon *daemon) HW_MUST_CHECK;
/* The log's waker, from any thread. */
void hw_daemon_log_wake(void *user);
/* Until all nodes have ended, because we were told to stop. */
int hw_daemon_serve(struct hw_daemon *daemon) HW_MUST_CHECK;
/* Threads end, and all is given back. */
void hw_daemon_stop(struct hw_daemon *daemon);
/* Mails of nodes: which one it was does not matter. */
void hw_daemon_node_ended(struct hw_node *node);
void hw_daemon_node_tokens_taken(struct hw_node *node);
void hw_daemon_node_certificates_taken(struct hw_node *node);

#endif
