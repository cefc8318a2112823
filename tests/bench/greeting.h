/* SPDX-License-Identifier: Apache-2.0
 *
 * greeting.h - the handshake of TLS 1.3 with AES-256-GCM and nothing else, from the client's side
 *
 * Room: tests/bench. Thread: one. Blocks: hw_greeting_run. Allocates: as OpenSSL does.
 * Owns: nothing that outlives a call, but OpenSSL's context.
 *
 * The suite is forced here, on the one end that all servers have in common. Certificates are not
 * looked at: that the right server answers with the right bytes curl shows before the clock runs.
 */
#ifndef HW_TESTS_BENCH_GREETING_H
#define HW_TESTS_BENCH_GREETING_H

#include "net/wire/tls_record.h"

/* Before any other; false: TLS cannot be set up. */
bool hw_greeting_init(void);

/* hw_greeting_run - by OpenSSL, on a socket that blocks; nothing is read behind the handshake
 * @ret_in, @ret_out: the keys of both directions; the caller deinits them. Returns 0, -errno. */
int hw_greeting_run(int fd, struct hw_tls_half *ret_in, struct hw_tls_half *ret_out) HW_MUST_CHECK;

#endif
