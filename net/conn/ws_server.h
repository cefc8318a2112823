/* SPDX-License-Identifier: Apache-2.0
 *
 * ws_server.h - what the WebSocket connections of one reactor share: inboxes, limits
 *
 * Room: net/conn    Thread: reactor    Blocks: never    Allocates: at init, and as ws_inbox.h says
 * Owns: the inboxes; what deflates and inflates, for all in turn
 * Limits: HW_WS_INBOX_COUNT messages under way at once; above, who began first is closed (1008):
 * it is the slowest
 */
#ifndef HW_NET_CONN_WS_SERVER_H
#define HW_NET_CONN_WS_SERVER_H

#include "core/base/pool.h"
#include "core/loop/reactor.h"
#include "net/conn/ws_inbox.h"
#include "net/conn/ws_zlib.h"

#define HW_WS_INBOX_COUNT 64U /* 4.3 MiB a reactor, touched as messages are long */

struct hw_ws_server {
	struct hw_reactor *reactor;
	struct hw_pool inboxes;
	struct hw_list held;  /* oldest first */
	uint32_t ready_count; /* inboxes that init made */
	struct hw_ws_zlib zlib;
	char inflated[HW_WS_INFLATED_SIZE_MAX];
};

uint64_t hw_ws_server_bytes(void);
int hw_ws_server_init(struct hw_ws_server *server, struct hw_reactor *reactor) HW_MUST_CHECK;
/* Accepts one that was never inited (zeroed). */
void hw_ws_server_deinit(struct hw_ws_server *server);

/* An empty inbox for @holder, or NULL: none is free, see oldest. */
struct hw_ws_inbox *hw_ws_server_inbox_take(struct hw_ws_server *server, void *holder,
					    bool allows_compressed) HW_MUST_CHECK;
/* Whose inbox has been held for the longest time; NULL: nobody's. */
void *hw_ws_server_oldest_holder(const struct hw_ws_server *server);
void hw_ws_server_inbox_give(struct hw_ws_server *server, struct hw_ws_inbox *inbox);

#endif
