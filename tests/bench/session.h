/* SPDX-License-Identifier: Apache-2.0
 *
 * session.h - TLS 1.3 of one wire once hands are shaken: bytes in, records out, and back
 *
 * Room: tests/bench. Thread: one. Blocks: hw_session_open only. Allocates: itself, at open.
 * Owns: the keys of both directions, what is sealed and not yet sent, the beginning of a record.
 *
 * Hawser's own record layer, whoever the server is: through SSL_read of Debian 12's OpenSSL the
 * load, and not the server, was the limit. A record that is not authentic is an error.
 */
#ifndef HW_TESTS_BENCH_SESSION_H
#define HW_TESTS_BENCH_SESSION_H

#include <sys/uio.h>

#include "core/base/check.h"
#include "net/wire/tls_record.h"

/* Of a record that has begun: never more. */
#define HW_SESSION_REST_MAX HW_TLS_RECORD_SIZE_MAX

struct hw_session;

/* Once, before any other; false: TLS cannot be set up. */
bool hw_session_init(void);

/* hw_session_open - shake hands on @fd, which blocks. Returns 0, -errno. */
int hw_session_open(int fd, struct hw_session **ret_session) HW_MUST_CHECK;
/* Accepts NULL. */
void hw_session_close(struct hw_session *session);

/* hw_session_seal - as many bytes of @parts as there is room for; @parts are used up
 * Nothing may wait to be sent. Returns bytes, -errno. */
int64_t hw_session_seal(struct hw_session *session, struct iovec *parts, size_t count);
/* hw_session_flush - 0: nothing waits to be sent; -EAGAIN, -errno */
int hw_session_flush(struct hw_session *session, int fd);

/* hw_session_rest - what came of a record that is not whole; it goes before what is received
 * @ret_bytes: HW_SESSION_REST_MAX bytes. Returns how many. */
uint32_t hw_session_rest(const struct hw_session *session, uint8_t *ret_bytes);
/* hw_session_feed - rest and what was received
 * @bytes: lent until hw_session_next gives none; records are opened in their places. */
void hw_session_feed(struct hw_session *session, uint8_t *bytes, uint32_t size);
/* hw_session_next - what the next record carries
 * Returns bytes, 0: no other is whole, -ECONNRESET: the peer said that it is over, -EBADMSG: not
 * authentic, or what may not be said, -errno. */
int64_t hw_session_next(struct hw_session *session, const uint8_t **ret_bytes);

#endif
