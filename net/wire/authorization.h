/* SPDX-License-Identifier: Apache-2.0
 *
 * authorization.h - the Authorization field: Basic (RFC 7617) and Bearer (RFC 6750)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_AUTHORIZATION_H
#define HW_NET_WIRE_AUTHORIZATION_H

#include "net/wire/http_request.h"

/* hw_authorization_bearer - the token as it stands there; its case counts, "Bearer"'s does not
 * @ret_token  lent from the head's bytes; letters, digits, "-._~+/" and "=" at the end
 * Returns 0; -ENOENT: no Authorization, or another scheme; -EINVAL: no token, or two fields. */
int hw_authorization_bearer(const struct hw_http_request *request, const char *bytes,
			    struct hw_span *ret_token) HW_MUST_CHECK;

/* What Basic says; both are lent from the buffer that was given. */
struct hw_basic_auth {
	struct hw_span user; /* may be empty; no colon in it */
	struct hw_span password;
};

/* hw_authorization_basic - user and password, neither with control characters in it
 * @buffer  @capacity bytes, the caller's, who wipes it after use; written also on failure
 * Returns 0; -ENOENT: no Authorization, or another scheme; -EINVAL: bad base64, no colon, control
 * characters, or two fields; -ENOBUFS: more than @capacity. */
int hw_authorization_basic(const struct hw_http_request *request, const char *bytes, char *buffer,
			   uint32_t capacity, struct hw_basic_auth *ret_auth) HW_MUST_CHECK;

#endif
