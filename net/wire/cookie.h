/* SPDX-License-Identifier: Apache-2.0
 *
 * cookie.h - one cookie of a request, and one for a response (RFC 6265)
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_COOKIE_H
#define HW_NET_WIRE_COOKIE_H

#include "net/wire/http_request.h"
#include "net/wire/http_writer.h"

/* Where a search is. */
struct hw_cookies {
	const struct hw_http_request *request;
	const char *bytes;
	struct hw_span name;
	struct hw_span line; /* what is left of a Cookie field */
	uint32_t index;      /* of the field after it */
};

void hw_cookies_init(struct hw_cookies *cookies, const struct hw_http_request *request,
		     const char *bytes, struct hw_span name);

/* hw_cookies_next - the next cookie of this name, whose case counts, in all Cookie fields
 * Pairs that are broken are passed over: other servers of the same domain may have set them.
 * @ret_value  without quotes around it; lent from the head's bytes; may be empty
 * Returns false, *ret_value untouched, when there is no other. */
bool hw_cookies_next(struct hw_cookies *cookies, struct hw_span *ret_value);

struct hw_cookie {
	struct hw_span name;  /* a token */
	struct hw_span value; /* no white space, quote, comma, semicolon, backslash */
	struct hw_span path;  /* begins with a slash; no semicolon or control character */
	uint32_t max_age_s;   /* 0: the browser forgets it now */
	bool is_secure;       /* only over TLS */
};

/* hw_cookie_write - Set-Cookie: name=value; Path=...; Max-Age=...; HttpOnly; SameSite=Lax
 * HttpOnly: no script needs it. Lax: a link in a mail opens what was opened before.
 * What the fields of @cookie say above is asserted: they are ours, never a peer's. */
void hw_cookie_write(struct hw_http_writer *writer, const struct hw_cookie *cookie);

#endif
