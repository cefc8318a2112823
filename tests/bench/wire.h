/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h - the load's end of a connection: plain TCP, or TLS 1.3 over it
 *
 * Room: tests/bench. Thread: one. Blocks: hw_wire_open only. Allocates: a session, at open.
 * Owns: the socket and the session.
 */
#ifndef HW_TESTS_BENCH_WIRE_H
#define HW_TESTS_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct hw_session;

struct hw_wire {
	int fd;
	struct hw_session *session; /* NULL: plain */
};

/* hw_wire_init - where all wires of this process lead; false: TLS cannot be set up */
bool hw_wire_init(uint16_t port, bool has_tls);

/* hw_wire_open - connect to 127.0.0.1, shake hands; then nothing blocks. Returns 0, -errno. */
int hw_wire_open(struct hw_wire *wire);
void hw_wire_close(struct hw_wire *wire);

/* hw_wire_send - as many bytes of @parts as there is room for; TLS takes them before they go
 * @parts: used up, or in an unknown state. Returns bytes taken, -EAGAIN, -errno. */
int64_t hw_wire_send(struct hw_wire *wire, struct iovec *parts, size_t count);

/* hw_wire_flush - 0: nothing that was taken waits here; -EAGAIN, -errno */
int hw_wire_flush(struct hw_wire *wire);

/* Bytes that came; lent until it returns. */
typedef void hw_wire_take_fn(void *user, const uint8_t *bytes, uint64_t size);

/* hw_wire_recv - @take what one call of the kernel gives, in one piece or several; none is kept
 * Returns 0, also when nothing was there; -ECONNRESET: closed; -EBADMSG: TLS was broken; -errno. */
int hw_wire_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user);

/* The congestion control of this end. */
void hw_wire_congestion(const struct hw_wire *wire, char *ret_name, size_t size);

#endif
