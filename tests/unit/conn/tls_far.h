/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_far.h - OpenSSL as the client of a simulated connection
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_CONN_TLS_FAR_H
#define HW_TESTS_UNIT_CONN_TLS_FAR_H

#include "tests/unit/conn/conn_world.h"
#include "tests/unit/conn/tls_client.h"

#define FAR_GOT_MAX  (4U << 20) /* bytes that it keeps */
#define FAR_ROUND_MS 2U

/* A client at its end of a simulated connection. */
struct far {
	struct conn_world *world;
	struct tls_client client;
	struct hw_sim_peer *peer;
	char *got;
	uint32_t got_size;
	bool is_closed; /* close_notify came */
	bool is_broken; /* OpenSSL does not go on */
	bool is_gone;   /* it has reset its connection */
};

void far_open(struct far *far, struct conn_world *world, int version);
void far_open_as(struct far *far, struct conn_world *world,
		 const struct tls_client_options *options);
void far_close(struct far *far);
/* What came, into OpenSSL and out of it: far->got. */
void far_read(struct far *far);
/* What OpenSSL wants to say goes on its way. */
void far_write(struct far *far);
/* Time passes, and whatever either side has to say is brought over. */
void far_pass(struct far *far, uint64_t ms);
/* The handshake. */
bool far_agree(struct far *far);
void far_say(struct far *far, const void *bytes, uint32_t size);
/* Answers with status 200 in what it got. */
uint32_t far_answer_count(const struct far *far);

#endif
