/* SPDX-License-Identifier: Apache-2.0
 *
 * rates.h - how much one client may begin in a minute, and have at a time
 *
 * Room: core/gate    Thread: the catalog's worker    Blocks: never    Allocates: never
 * Owns: a table of clients
 * Limits: HW_KEYED_CAPACITY clients; who begins nothing for longest is forgotten first
 *
 * One table for the whole node, or a client with connections to N reactors would have N times its
 * due. It lives on the catalog's thread, not on that of the passwords: a transfer asks the catalog
 * anyway before it moves a byte, so a question to the same thread waits for nothing that the
 * transfer would not wait for; behind a password it would wait a tenth of a second, and whoever
 * sends many of those could slow everybody.
 */
#ifndef HW_CORE_GATE_RATES_H
#define HW_CORE_GATE_RATES_H

#include "core/gate/bucket.h"
#include "core/gate/keyed.h"

#define HW_RATES_RETRY_S 5U /* when a client has all the transfers it may: nobody knows how long */

enum hw_rate_kind {
	HW_RATE_UPLOAD = 0,
	HW_RATE_DOWNLOAD,
	HW_RATE_KIND_COUNT,
};

/* 0: no limit. */
struct hw_rate_limits {
	uint32_t per_minute[HW_RATE_KIND_COUNT];
	uint32_t transfers_max; /* of one client at a time */
};

struct hw_rate_client {
	struct hw_bucket buckets[HW_RATE_KIND_COUNT];
	uint32_t transfer_count;
};

struct hw_rates {
	struct hw_rate_limits limits;
	struct hw_keyed keyed;
	struct hw_rate_client clients[HW_KEYED_CAPACITY];
};

void hw_rates_init(struct hw_rates *rates, const struct hw_rate_limits *limits, uint64_t seed);
/* Is there anything to ask about transfers of this kind? Thread: any; it never changes. */
bool hw_rates_limit(const struct hw_rates *rates, enum hw_rate_kind kind);
/* @client begins a transfer. Returns 0 it may: hw_rates_end follows when it has ended; else the
 * seconds after which it may ask again. */
uint32_t hw_rates_begin(struct hw_rates *rates, const struct hw_key *client, enum hw_rate_kind kind,
			uint64_t now_us);
void hw_rates_end(struct hw_rates *rates, const struct hw_key *client);

#endif
