/* SPDX-License-Identifier: Apache-2.0
 *
 * seal_sim.h - kernel TLS of one simulated socket; no test includes it
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_SIM_SEAL_SIM_H
#define HW_TESTS_SIM_SEAL_SIM_H

#include "core/loop/ring.h"

struct hw_sim_seal {
	uint8_t keys[64]; /* the value of TLS_TX */
	bool has_protocol;
	bool is_keyed;
};

/* What a socket answers to an option of kernel TLS: 0 or -errno. */
int hw_sim_seal_option(struct hw_sim_seal *seal, const struct hw_ring_option *option);
/* What a message says that it is; 0: nothing, so application data. */
uint8_t hw_sim_record_type(const struct msghdr *message);
/* Bytes that @size more may become. */
uint64_t hw_sim_sealed_size_max(const struct hw_sim_seal *seal, uint64_t size);
/* @size bytes at @bytes become what the peer gets: their count. */
uint64_t hw_sim_seal(struct hw_sim_seal *seal, uint8_t type, uint8_t *bytes, uint64_t size);

#endif
