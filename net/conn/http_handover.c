/* SPDX-License-Identifier: Apache-2.0
 *
 *   source: begin -> pass (into the target's slots) -> pass_done -> close (our slot) -> close_done
 *              | (nobody has fewer)         | (refused: it stays)                            |
 *              v                            v                                             (mail)
 *           it stays                   server_take, or close -> stay_done                    |
 *                                                                                            v
 *   source: return_deliver: the place is free again <- (mail) <- server_take <- target: arrive
 *
 * The kernel spreads connections over the listeners of a port by a hash: fair for many, not for the
 * few that move large files. Whoever accepts one looks how many each reactor has, in its metrics:
 * somewhat old, and never counted too low by us, for what is under way is counted here until it is
 * there.
 */
#include "net/conn/http_handover.h"

#include <errno.h>

#include "net/conn/http_server.h"

/* A handover costs some 60 us of CPU, two threads together: nothing for a transfer, as much as all
 * else for a connection of one small request. Where those come by the thousand, it is not worth it:
 * so they are this far apart on average, which is 1.5 % of a core. */
#define APART_US  UINT64_C(4000)
#define BURST_MAX 64U /* that come closer together */
/* On their way to one reactor. More come at once than anybody has counted yet: while it does not
 * run, and accepts its own, all others would send it theirs. One, where there are very many
 * others. */
#define UNDER_WAY_MAX 2U
static_assert(HW_HANDOVERS_UNSEEN_MAX >= HW_REACTOR_COUNT_MAX - 1, "one from each of the others");

static void pass_done(struct hw_op *op);
static void stay_done(struct hw_op *op);
static void close_done(struct hw_op *op);
static void arrive(struct hw_mail *mail);
static void refused_done(struct hw_op *op);
static void return_post(struct hw_handover *handover);
static void return_deliver(struct hw_mail *mail);

uint64_t hw_handovers_bytes(void)
{
	return hw_pool_bytes(sizeof(struct hw_handover), 64, HW_HANDOVER_COUNT);
}

int hw_handovers_init(struct hw_handovers *handovers)
{
	return hw_pool_init(&handovers->pool, sizeof(struct hw_handover), 64, HW_HANDOVER_COUNT);
}

void hw_handovers_deinit(struct hw_handovers *handovers)
{
	hw_pool_deinit(&handovers->pool);
}

/* -- at the source -- */

static uint64_t open_count(const struct hw_handovers *handovers, uint32_t index)
{
	return hw_metrics_read(handovers->homes[index].metrics, HW_METRIC_connections_open) +
	       handovers->under_way[index];
}

static uint32_t under_way_max(const struct hw_handovers *handovers)
{
	hw_assert(handovers->home_count > 1);
	return hw_min(UNDER_WAY_MAX, HW_HANDOVERS_UNSEEN_MAX / (handovers->home_count - 1));
}

/* Who is full gets none: his own accepts may have the last places. */
static bool has_place(const struct hw_http_server *server, uint32_t index)
{
	const struct hw_handovers *handovers = &server->handovers;
	uint64_t leaving =
		hw_metrics_read(handovers->homes[index].metrics, HW_METRIC_handovers_open);
	return handovers->under_way[index] < under_way_max(handovers) &&
	       open_count(handovers, index) + leaving < server->limits.connections_max;
}

/* Who has the fewest, and fewer than we; ourselves when nobody has. Each looks from itself on, so
 * that all do not choose the same. */
static uint32_t fewest_find(const struct hw_http_server *server)
{
	const struct hw_handovers *handovers = &server->handovers;
	uint32_t own = server->reactor->index;
	uint32_t fewest = own;
	uint64_t least_count = open_count(handovers, own);
	for (uint32_t i = 1; i < handovers->home_count; i++) {
		uint32_t index = (own + i) % handovers->home_count;
		uint64_t count = open_count(handovers, index);
		if (count < least_count && has_place(server, index)) {
			least_count = count;
			fewest = index;
		}
	}
	return fewest;
}

static bool is_soon(const struct hw_handovers *handovers, uint64_t now_us)
{
	return handovers->due_us > now_us + (BURST_MAX - 1) * APART_US;
}

bool hw_handover_begin(struct hw_listener *listener, uint32_t socket)
{
	struct hw_http_server *server = listener->server;
	struct hw_handovers *handovers = &server->handovers;
	uint32_t own = server->reactor->index;
	uint64_t now_us = server->reactor->now_us;
	if (handovers->home_count < 2 || handovers->is_unknown || server->is_draining ||
	    is_soon(handovers, now_us)) {
		return false;
	}
	uint32_t target = fewest_find(server);
	struct hw_handover *handover = target != own ? hw_pool_take(&handovers->pool) : NULL;
	if (handover == NULL) {
		return false;
	}
	handover->homes = handovers->homes;
	handover->source = own;
	handover->target = target;
	handover->listener_index = (uint32_t)(listener - server->listeners);
	handover->source_socket = socket;
	handovers->under_way[target]++;
	handovers->due_us = hw_max(handovers->due_us, now_us) + APART_US;
	hw_metrics_add(server->reactor->metrics, HW_METRIC_handovers_open, 1);
	hw_ring_socket_pass(server->reactor->ring, &handover->op, socket,
			    handovers->homes[target].mailbox->ring_fd, pass_done);
	return true;
}

static void handover_free(struct hw_handover *handover)
{
	struct hw_http_server *server = handover->homes[handover->source].server;
	hw_assert(server->handovers.under_way[handover->target] > 0);
	server->handovers.under_way[handover->target]--;
	hw_metrics_sub(server->reactor->metrics, HW_METRIC_handovers_open, 1);
	hw_pool_give(&server->handovers.pool, handover);
}

/* There may be no slot, or not yet a thread; a kernel that cannot do it at all is not asked again.
 */
static void pass_done(struct hw_op *op)
{
	struct hw_handover *handover = hw_container_of(op, struct hw_handover, op);
	struct hw_http_server *server = handover->homes[handover->source].server;
	if (op->res < 0) {
		struct hw_listener *listener = &server->listeners[handover->listener_index];
		uint32_t socket = handover->source_socket;
		server->handovers.is_unknown = op->res == -EINVAL || op->res == -EOPNOTSUPP;
		if (hw_http_server_take(listener, socket)) {
			handover_free(handover);
			return;
		}
		/* Another's handover has taken the last place meanwhile, without asking. */
		hw_ring_close(server->reactor->ring, op, socket, stay_done);
		return;
	}
	handover->target_socket = (uint32_t)op->res;
	hw_ring_close(server->reactor->ring, op, handover->source_socket, close_done);
}

static void stay_done(struct hw_op *op)
{
	return_deliver(&hw_container_of(op, struct hw_handover, op)->mail);
}

static void close_done(struct hw_op *op)
{
	struct hw_handover *handover = hw_container_of(op, struct hw_handover, op);
	struct hw_http_server *server = handover->homes[handover->source].server;
	hw_metrics_add(server->reactor->metrics, HW_METRIC_connections_handed_over, 1);
	handover->mail.deliver = arrive;
	hw_mailbox_post(handover->homes[handover->target].mailbox, server->reactor->ring,
			&handover->mail);
}

/* On the source: it may have paused for the sake of this one. */
static void return_deliver(struct hw_mail *mail)
{
	struct hw_handover *handover = hw_container_of(mail, struct hw_handover, mail);
	struct hw_http_server *server = handover->homes[handover->source].server;
	handover_free(handover);
	hw_http_server_resume(server);
}

/* -- at the target -- */

static void arrive(struct hw_mail *mail)
{
	struct hw_handover *handover = hw_container_of(mail, struct hw_handover, mail);
	struct hw_http_server *target = handover->homes[handover->target].server;
	if (hw_http_server_take(&target->listeners[handover->listener_index],
				handover->target_socket)) {
		return_post(handover);
		return;
	}
	/* Its slot was given up by one whose end we have not heard of yet, and all are full. */
	hw_ring_close(target->reactor->ring, &handover->op, handover->target_socket, refused_done);
}

static void refused_done(struct hw_op *op)
{
	struct hw_handover *handover = hw_container_of(op, struct hw_handover, op);
	return_post(handover);
}

static void return_post(struct hw_handover *handover)
{
	const struct hw_http_server *target = handover->homes[handover->target].server;
	handover->mail.deliver = return_deliver;
	hw_mailbox_post(handover->homes[handover->source].mailbox, target->reactor->ring,
			&handover->mail);
}
