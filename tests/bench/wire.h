/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h - the load's end of a connection: plain TCP, or TLS 1.3 with AES-256-GCM and nothing else
 *
 * Room: tests/bench. Thread: one. Blocks: hw_wire_open only. Allocates: as OpenSSL does.
 * Owns: the socket and the session.
 *
 * The suite is forced here, on the one end that all servers have in common. Certificates are not
 * looked at: that the right server answers with the right bytes curl shows before the clock runs.
 */
#ifndef HW_TESTS_BENCH_WIRE_H
#define HW_TESTS_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ssl_st;

struct hw_wire {
	int fd;
	struct ssl_st *ssl;    /* NULL: plain */
	uint64_t flushed_size; /* of what is encrypted and waits */
};

/* hw_wire_init - where all wires of this process lead; false: TLS cannot be set up */
bool hw_wire_init(uint16_t port, bool has_tls);

/* hw_wire_open - connect to 127.0.0.1, shake hands; then nothing blocks. Returns 0, -errno. */
int hw_wire_open(struct hw_wire *wire);
void hw_wire_close(struct hw_wire *wire);

/* hw_wire_send - as many bytes of @parts as there is room for; TLS takes them before they go
 * Returns bytes taken, -EAGAIN, -errno. */
int64_t hw_wire_send(struct hw_wire *wire, struct iovec *parts, size_t count);

/* hw_wire_flush - 0: nothing that was taken waits here; -EAGAIN, -errno */
int hw_wire_flush(struct hw_wire *wire);

/* Bytes that came; lent until it returns. */
typedef void hw_wire_take_fn(void *user, const uint8_t *bytes, uint64_t size);

/* hw_wire_recv - @take what is there, in one piece or several; none is kept
 * Returns 0, also when nothing was there; -ECONNRESET: closed, -errno. */
int hw_wire_recv(struct hw_wire *wire, hw_wire_take_fn *take, void *user);

/* The congestion control of this end. */
void hw_wire_congestion(const struct hw_wire *wire, char *ret_name, size_t size);

#endif
