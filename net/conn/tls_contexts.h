/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_contexts.h - the certificates that one reactor speaks for, and how it speaks TLS
 *
 * Room: net/conn    Thread: made on main, then one reactor's    Blocks: never
 * Allocates: OpenSSL, when certificates are added
 * Owns: one SSL_CTX for each certificate, keys included
 * Limits: HW_TLS_CERTIFICATE_COUNT_MAX
 *
 * Each reactor has its own, made from the same bytes: OpenSSL keeps locks in a key and in a
 * context, and reactors share none. The first certificate answers who names no host, or one that no
 * certificate has.
 */
#ifndef HW_NET_CONN_TLS_CONTEXTS_H
#define HW_NET_CONN_TLS_CONTEXTS_H

#include "core/base/span.h"

#define HW_TLS_CERTIFICATE_COUNT_MAX 16U

struct hw_tls_contexts {
	void *contexts[HW_TLS_CERTIFICATE_COUNT_MAX]; /* SSL_CTX */
	uint32_t count;
};

/* @chain: PEM, the certificate first. @key: PEM; may be the same bytes.
 * @ret_reason: a sentence that ends with what was wrong, when it fails.
 * Returns 0, -EINVAL what is in the PEM cannot be used, -ENOSPC too many, -ENOMEM. */
int hw_tls_contexts_add(struct hw_tls_contexts *contexts, struct hw_span chain, struct hw_span key,
			const char **ret_reason) HW_MUST_CHECK;
/* Handshakes that still use one keep it until they end. Accepts the empty. */
void hw_tls_contexts_deinit(struct hw_tls_contexts *contexts);

#endif
