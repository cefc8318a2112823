/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_handshake.h - from a client's first record to the keys of both directions
 *
 * Room: net/conn    Thread: reactor    Blocks: never, but for the private key's signature (an ECDSA
 * P-256 one takes some 15 us, an RSA-2048 one some 220)    Allocates: OpenSSL, while it lasts
 * Limits: HW_TLS_HANDSHAKE_FED_MAX
 * Owns: an SSL object; it is gone when the handshake is over, which is what makes an idle
 * connection cheap
 *
 *	begin -> feed (one record), output, ... -> DONE -> keys -> end
 *
 * OpenSSL is given one record at a time, so that what comes behind the last one is still sealed,
 * and ours.
 */
#ifndef HW_NET_CONN_TLS_HANDSHAKE_H
#define HW_NET_CONN_TLS_HANDSHAKE_H

#include "core/base/list.h"
#include "core/base/span.h"
#include "net/conn/tls_contexts.h"
#include "net/conn/tls_tickets.h"
#include "net/wire/tls_record.h"

/* Bytes of a client's side of one; a hello with keys of every kind has 4 KiB. OpenSSL would take
 * and keep 128. */
#define HW_TLS_HANDSHAKE_FED_MAX 32768U

struct hw_tls_handshake {
	struct hw_list link; /* in the server's list, oldest first */
	void *user;          /* whose it is */
	void *ssl;           /* SSL */
	void *in;            /* BIO, the SSL's: the record that is read */
	void *out;           /* BIO, the SSL's: what is to be sent */
	const struct hw_tls_contexts *contexts;
	const struct hw_tls_tickets *tickets;
	uint8_t client_secret[HW_TLS_SECRET_SIZE_MAX];
	uint8_t server_secret[HW_TLS_SECRET_SIZE_MAX];
	uint32_t client_secret_size;
	uint32_t server_secret_size;
	uint32_t fed_size;
	uint64_t sealed_count; /* records that went out under server_secret */
};

/* @contexts: lent for this call. @tickets: lent until end. Returns 0 or -ENOMEM. */
int hw_tls_handshake_begin(struct hw_tls_handshake *handshake,
			   const struct hw_tls_contexts *contexts,
			   const struct hw_tls_tickets *tickets) HW_MUST_CHECK;
/* Accepts the empty. Nothing of its output is lent any more. */
void hw_tls_handshake_end(struct hw_tls_handshake *handshake);

enum hw_tls_feed {
	HW_TLS_FEED_MORE = 0, /* send the output, if any, and bring the next record */
	HW_TLS_FEED_DONE,     /* send the output, then all is sealed with the keys */
	HW_TLS_FEED_FAILED,   /* send the output, which says why, and close */
	HW_TLS_FEED_COUNT,
};

/* @contexts: lent for this call. */
enum hw_tls_feed hw_tls_handshake_feed(struct hw_tls_handshake *handshake,
				       const struct hw_tls_contexts *contexts,
				       const uint8_t *record, uint32_t size);
/* What is to be sent; lent until taken says that it was. */
struct hw_span hw_tls_handshake_output(const struct hw_tls_handshake *handshake);
void hw_tls_handshake_output_taken(struct hw_tls_handshake *handshake);

bool hw_tls_handshake_is_resumed(const struct hw_tls_handshake *handshake);
/* After DONE: bytes that the client takes in one record, HW_TLS_PLAIN_SIZE_MAX or as few as it
 * asked for (RFC 6066, 4: max_fragment_length). */
uint32_t hw_tls_handshake_record_size(const struct hw_tls_handshake *handshake);
/* After DONE. Returns 0, -ENOMEM, or -EPROTO: a suite that we never offered. */
int hw_tls_handshake_keys(const struct hw_tls_handshake *handshake, struct hw_tls_half *ret_in,
			  struct hw_tls_half *ret_out) HW_MUST_CHECK;

#endif
