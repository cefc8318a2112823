/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_tickets.h - the keys that session tickets are sealed with
 *
 * Room: net/conn    Thread: one at a time    Blocks: never    Allocates: OpenSSL, while it runs
 * Owns: a seed and two keys; wiped when their time is over
 *
 * Every reactor makes the same keys out of one seed, without a word between them. The seed itself
 * moves on with each period, and only forwards: who reads memory today cannot open the tickets of
 * the day before yesterday. A restart begins anew, and makes all tickets void.
 */
#ifndef HW_NET_CONN_TLS_TICKETS_H
#define HW_NET_CONN_TLS_TICKETS_H

#include "core/base/check.h"

#define HW_TLS_SEED_SIZE        32U
#define HW_TLS_TICKET_NAME_SIZE 16U
#define HW_TLS_TICKET_KEY_SIZE  32U
#define HW_TLS_TICKET_PERIOD_US (UINT64_C(12) * 3600 * 1000000) /* then new ones are made */

struct hw_tls_ticket_key {
	uint8_t name[HW_TLS_TICKET_NAME_SIZE];
	uint8_t cipher[HW_TLS_TICKET_KEY_SIZE];
	uint8_t mac[HW_TLS_TICKET_KEY_SIZE];
};

struct hw_tls_tickets {
	uint8_t seed[HW_TLS_SEED_SIZE]; /* of the next period */
	struct hw_tls_ticket_key now;
	struct hw_tls_ticket_key before;
	uint64_t begun_us; /* when the present period began */
	bool has_before;
};

/* @seed: HW_TLS_SEED_SIZE random bytes, the same for all reactors, as is @now_us. */
void hw_tls_tickets_init(struct hw_tls_tickets *tickets, const uint8_t *seed, uint64_t now_us);
void hw_tls_tickets_deinit(struct hw_tls_tickets *tickets);
/* It is @now_us (monotonic): move on as far as that. */
void hw_tls_tickets_turn(struct hw_tls_tickets *tickets, uint64_t now_us);
/* The key with that name; NULL: unknown, or too old. */
const struct hw_tls_ticket_key *hw_tls_tickets_find(const struct hw_tls_tickets *tickets,
						    const uint8_t *name);

#endif
