/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn/ws_server.h"

#include <errno.h>
#include <string.h>

uint64_t hw_ws_server_bytes(void)
{
	static const uint64_t framer_size = 4608; /* bytes, at most, that wslay allocates */
	return hw_pool_bytes(sizeof(struct hw_ws_inbox), 64, HW_WS_INBOX_COUNT) +
	       framer_size * HW_WS_INBOX_COUNT + HW_WS_ZLIB_SIZE;
}

/* Do @act with each inbox; the pool keeps what is in them. */
static void inboxes_visit(struct hw_ws_server *server, uint32_t count,
			  void (*act)(struct hw_ws_server *server, struct hw_ws_inbox *inbox))
{
	struct hw_ws_inbox *taken[HW_WS_INBOX_COUNT];
	for (uint32_t i = 0; i < count; i++) {
		taken[i] = hw_pool_take(&server->inboxes);
		hw_assert(taken[i] != NULL);
		act(server, taken[i]);
	}
	while (count > 0) { /* so that the next take finds them in the same order */
		hw_pool_give(&server->inboxes, taken[--count]);
	}
}

static void inbox_make(struct hw_ws_server *server, struct hw_ws_inbox *inbox)
{
	server->ready_count += hw_ws_inbox_init(inbox) >= 0;
}

static void inbox_unmake(struct hw_ws_server *server, struct hw_ws_inbox *inbox)
{
	(void)server;
	hw_ws_inbox_deinit(inbox);
}

int hw_ws_server_init(struct hw_ws_server *server, struct hw_reactor *reactor)
{
	memset(server, 0, offsetof(struct hw_ws_server, inflated));
	server->reactor = reactor;
	hw_list_init(&server->held);
	int r = hw_pool_init(&server->inboxes, sizeof(struct hw_ws_inbox), 64, HW_WS_INBOX_COUNT);
	if (r < 0) {
		return r;
	}
	inboxes_visit(server, HW_WS_INBOX_COUNT, inbox_make);
	if (server->ready_count < HW_WS_INBOX_COUNT) {
		hw_ws_server_deinit(server);
		return -ENOMEM;
	}
	r = hw_ws_zlib_init(&server->zlib);
	if (r < 0) {
		hw_ws_server_deinit(server);
	}
	return r;
}

void hw_ws_server_deinit(struct hw_ws_server *server)
{
	if (server->inboxes.base == NULL) {
		return;
	}
	hw_assert(hw_list_is_empty(&server->held));
	hw_ws_zlib_deinit(&server->zlib);
	inboxes_visit(server, HW_WS_INBOX_COUNT, inbox_unmake);
	hw_pool_deinit(&server->inboxes);
}

struct hw_ws_inbox *hw_ws_server_inbox_take(struct hw_ws_server *server, void *holder,
					    bool allows_compressed)
{
	struct hw_ws_inbox *inbox = hw_pool_take(&server->inboxes);
	if (inbox == NULL) {
		return NULL;
	}
	if (hw_ws_inbox_reset(inbox, allows_compressed) < 0) {
		hw_pool_give(&server->inboxes, inbox);
		return NULL;
	}
	inbox->holder = holder;
	hw_list_init(&inbox->link);
	hw_list_append(&server->held, &inbox->link);
	return inbox;
}

void *hw_ws_server_oldest_holder(const struct hw_ws_server *server)
{
	if (hw_list_is_empty(&server->held)) {
		return NULL;
	}
	return hw_container_of(server->held.next, struct hw_ws_inbox, link)->holder;
}

void hw_ws_server_inbox_give(struct hw_ws_server *server, struct hw_ws_inbox *inbox)
{
	hw_list_remove(&inbox->link);
	hw_pool_give(&server->inboxes, inbox);
}
