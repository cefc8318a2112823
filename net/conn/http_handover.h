/* SPDX-License-Identifier: Apache-2.0
 *
 * http_handover.h - a new connection goes to the reactor that has the fewest
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: at init
 * Owns: the sockets that are on their way from this reactor to others
 * Limits: HW_HANDOVER_COUNT of them; who finds no place stays where it was accepted
 */
#ifndef HW_NET_CONN_HTTP_HANDOVER_H
#define HW_NET_CONN_HTTP_HANDOVER_H

#include "core/base/limits.h"
#include "core/base/metrics.h"
#include "core/base/pool.h"
#include "core/loop/mailbox.h"

struct hw_http_server;
struct hw_listener;

#define HW_HANDOVER_COUNT 64U
/* Sockets that all others together have passed to one reactor and that it does not know of yet. */
#define HW_HANDOVERS_UNSEEN_MAX HW_REACTOR_COUNT_MAX

/* What the others may know of a server: where its mail goes, and what it has. @server is for those
 * who read that mail. */
struct hw_server_home {
	struct hw_http_server *server;
	struct hw_mailbox *mailbox;
	const struct hw_metrics *metrics;
};

/* A socket on its way. Lent to the target with the mail. */
struct hw_handover {
	struct hw_op op;
	struct hw_mail mail;
	const struct hw_server_home *homes;
	uint32_t source; /* indices of homes */
	uint32_t target;
	uint32_t listener_index;
	uint32_t source_socket; /* slots */
	uint32_t target_socket;
};

struct hw_handovers {
	const struct hw_server_home *homes;       /* of all reactors, by index; lent until deinit */
	uint32_t home_count;                      /* 0: there is only this one */
	uint32_t under_way[HW_REACTOR_COUNT_MAX]; /* that its metrics may not count yet */
	uint64_t due_us; /* when the next one would be, were they evenly apart */
	struct hw_pool pool;
	bool is_unknown; /* to the kernel */
};

uint64_t hw_handovers_bytes(void);
int hw_handovers_init(struct hw_handovers *handovers) HW_MUST_CHECK;
void hw_handovers_deinit(struct hw_handovers *handovers);

/* @socket: accepted by @listener just now. Returns true when it is on its way to another reactor:
 * moved; false: it is to stay. */
bool hw_handover_begin(struct hw_listener *listener, uint32_t socket) HW_MUST_CHECK;

#endif
