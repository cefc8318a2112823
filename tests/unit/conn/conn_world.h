/* SPDX-License-Identifier: Apache-2.0
 *
 * conn_world.h - a reactor and a server over the simulated ring, with a talk of the tests' own
 *
 * Room: tests/unit/conn    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * The talk reads the whole body and answers it: /echo with the same bytes, /count with their
 * number; /bytes answers world->answer_size bytes of a pattern; /hold does nothing until the test
 * does. What a body call ended with, when it was an error, is in world->error, and answered as 400.
 */
#ifndef HW_TESTS_UNIT_CONN_CONN_WORLD_H
#define HW_TESTS_UNIT_CONN_CONN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn/http_server.h"
#include "tests/sim/pump_sim.h"
#include "tests/sim/ring_sim.h"

#define CONN_TALKS_MAX 16U
#define CONN_BODY_MAX  (1U << 20)

struct conn_world;

struct conn_talk {
	struct conn_world *world;
	struct hw_http_conn *conn; /* NULL: free */
	uint8_t *bytes;            /* CONN_BODY_MAX */
	uint32_t size;
	uint32_t wanted_size; /* of the call under way */
	bool is_echo;
	bool is_held;
	bool is_waiting; /* in body_wait */
};

struct conn_world {
	struct hw_metrics metrics;
	struct hw_reactor reactor;
	struct hw_http_server server;
	struct conn_talk talks[CONN_TALKS_MAX];
	uint32_t listener;
	/* How the talk behaves; may be set. */
	uint32_t recv_size;   /* bytes of one body_recv; 1 .. CONN_BODY_MAX */
	uint32_t answer_size; /* of /bytes */
	bool waits_first;     /* body_wait before each body_recv */
	bool goes_on;         /* send_more when asked to give way, else send_wait */
	/* Another talk: it has the request when it returns true. */
	bool (*takes)(struct conn_world *world, struct hw_http_conn *conn);
	/* What it saw. */
	uint32_t begun_count;
	uint32_t refused_count;
	uint32_t ended_count;
	uint32_t aborted_count;
	uint32_t way_count; /* times it was asked to give way */
	uint32_t wait_count;
	int error; /* the last one of a body call */
	char target[256];
};

struct conn_options {
	struct hw_http_limits limits;
	uint32_t head_buffer_count;
	uint32_t index;                         /* of the reactor, where there are several worlds */
	uint32_t spare_slots;                   /* of the ring, beyond connections_max */
	uint32_t more_listeners;                /* besides the one; at most 2 */
	const struct hw_tls_contexts *contexts; /* NULL: plain */
	uint32_t kernel_ciphers;                /* it may seal with (hw_sim_options.seal) */
};

struct conn_options conn_plenty(void);
/* After hw_sim_begin(). */
void conn_start(struct conn_world *world, const struct conn_options *options);
/* Drains, waits until idle, asserts that all came back. */
void conn_stop(struct conn_world *world);
void conn_pass(struct conn_world *world, uint64_t ms);
/* Until nothing happens but time-outs of more than @ms. */
struct hw_sim_peer *conn_connect(struct conn_world *world);
/* @listener: 0 is the one of all others. */
struct hw_sim_peer *conn_connect_by(struct conn_world *world, uint32_t listener);
void conn_say(struct hw_sim_peer *peer, const char *text);
/* A connection of its own: says it, waits 100 ms. */
struct hw_sim_peer *conn_ask(struct conn_world *world, const char *text);
bool conn_got_status(struct hw_sim_peer *peer, uint32_t status);
bool conn_got(struct hw_sim_peer *peer, const char *text);
uint32_t conn_answer_count(struct hw_sim_peer *peer);
bool conn_is_over(struct hw_sim_peer *peer);
/* The only held talk. */
struct conn_talk *conn_held(struct conn_world *world);
/* It answers 200 now. */
void conn_release(struct conn_talk *talk);
uint8_t conn_byte(uint64_t index);

#endif
