/* SPDX-License-Identifier: Apache-2.0
 *
 * node.h - one reactor with all that lives on it, and its thread
 *
 * Room: core/main    Thread: init, start, join: main; the rest: its own    Blocks: start and join
 * Allocates: at init
 * Owns: reactor, store, catalog client, server, talks, listening sockets
 */
#ifndef HW_CORE_MAIN_NODE_H
#define HW_CORE_MAIN_NODE_H

#include "core/base/config.h"
#include "core/catalog/catalog_thread.h"
#include "core/loop/thread.h"
#include "core/main/listen.h"
#include "core/main/scrub_client.h"
#include "core/store/chunk_writer.h"
#include "net/talk/sweep.h"
#include "net/talk/talk.h"

struct hw_node;

struct hw_node_options {
	uint32_t index;
	uint32_t cpu; /* or HW_THREAD_ANY_CPU */
	uint32_t slab_count;
	uint32_t io_worker_count;
	const struct hw_files *files;
	struct hw_fills *fills; /* lent until deinit */
	struct hw_worker *worker;
	struct hw_catalog_thread *catalog;
	struct hw_segment_port segment_port;
	uint64_t segment_size;
	uint32_t next_segment;
	struct hw_http_limits limits;
	struct hw_talk_options talks;
	const struct hw_server_home *server_homes; /* of all nodes; lent until deinit */
	uint32_t server_home_count;
	struct hw_scrub_client
		*scrub; /* lent until deinit; NULL: another node's work, or nobody's */
	struct hw_scrub_options scrubbing; /* days, rate, rate_max */
	struct hw_metrics *metrics;
	struct hw_mailbox *main_mailbox;
	const struct hw_tokens *tokens;   /* lent until another is taken */
	const struct hw_tls_options *tls; /* lent for init; NULL: no listener speaks TLS */
	/* On main, by mail: this node has nothing left to do. */
	void (*ended)(struct hw_node *node);
	/* On main, by mail: it looks at the tokens that it was given last. */
	void (*tokens_taken)(struct hw_node *node);
	/* On main, by mail: it uses the certificates that it was given last. */
	void (*certificates_taken)(struct hw_node *node);
};

struct hw_node_listener {
	int fd;        /* until the ring has it */
	uint32_t slot; /* then */
	bool is_loopback;
	bool has_tls;
};

struct hw_node {
	struct hw_reactor reactor; /* first: it is aligned to a cache line */
	struct hw_node_options options;
	struct hw_store store;
	struct hw_catalog_client catalog;
	struct hw_http_server server;
	struct hw_talks talks;
	struct hw_sweep sweep; /* the first node's */
	struct hw_thread thread;
	struct hw_turn_hook hook; /* sees that all has ended */
	struct hw_mail drain_mail;
	struct hw_mail cut_mail;
	struct hw_mail stop_mail;
	struct hw_mail ended_mail;
	struct hw_mail tokens_mail;
	struct hw_mail certificates_mail;
	const struct hw_tokens *tokens;             /* on their way */
	const struct hw_tls_contexts *certificates; /* on their way */
	struct hw_node_listener listeners[HW_LISTEN_COUNT_MAX];
	uint32_t listener_count;
	bool has_ended;
	bool may_stop; /* all nodes have ended */
};

/* Operations that one ring may have in flight: what every pool's objects can have at once. */
uint32_t hw_node_in_flight_max(const struct hw_http_limits *limits,
			       const struct hw_talk_options *talks);

/* @listeners: their descriptors are moved. Returns 0 or -errno. */
int hw_node_init(struct hw_node *node, const struct hw_node_options *options,
		 const struct hw_node_listener *listeners, uint32_t listener_count) HW_MUST_CHECK;
int hw_node_start(struct hw_node *node) HW_MUST_CHECK;
/* From main; @ring: main's own. */
void hw_node_drain(struct hw_node *node, struct hw_ring *ring);
void hw_node_cut(struct hw_node *node, struct hw_ring *ring);
/* From now on these are the tokens; not before the last were taken. */
void hw_node_tokens(struct hw_node *node, struct hw_ring *ring, const struct hw_tokens *tokens);
/* Likewise with certificates: the node's own ones. */
void hw_node_certificates(struct hw_node *node, struct hw_ring *ring,
			  const struct hw_tls_contexts *certificates);
/* After ended of all nodes: until then each answers what others still ask it. */
void hw_node_stop(struct hw_node *node, struct hw_ring *ring);
void hw_node_join(struct hw_node *node);
void hw_node_deinit(struct hw_node *node);

#endif
