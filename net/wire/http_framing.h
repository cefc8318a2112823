/* SPDX-License-Identifier: Apache-2.0
 *
 * http_framing.h - the fields that decide where a body ends and for whom a request is
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; a part of the parser, apart from it because every branch here is about safety
 *
 * Two servers that read these fields differently can be made to see different requests in the same
 * bytes (request smuggling). So nothing here is guessed: what is not plain is refused.
 */
#ifndef HW_NET_WIRE_HTTP_FRAMING_H
#define HW_NET_WIRE_HTTP_FRAMING_H

#include "net/wire/http_request.h"

/* What was seen so far, besides what the request says already. Private to http_framing.c. */
struct hw_http_framing {
	bool has_host;
	bool has_coding;       /* Transfer-Encoding was there */
	bool has_other_coding; /* one besides chunked */
	bool has_unknown_expect;
	bool has_close;      /* Connection: close */
	bool has_keep_alive; /* Connection: keep-alive */
	bool has_authority;  /* the target named its host, which is in request.host */
};

struct hw_http_judgement {
	enum hw_http_verdict verdict; /* MORE: no objection */
	const char *reason;           /* static; NULL with MORE and DONE */
};

/* hw_http_framing_target - which of the four forms the target has, and whether the method may
 * request->target and method are set; sets request->origin and, for the absolute form, host. */
struct hw_http_judgement hw_http_framing_target(struct hw_http_framing *framing,
						struct hw_http_request *request, const char *bytes);

/* hw_http_framing_field - judge one field line that is well formed
 * @field: one of request->fields; @bytes: the head. */
struct hw_http_judgement hw_http_framing_field(struct hw_http_framing *framing,
					       struct hw_http_request *request, const char *bytes,
					       const struct hw_http_field *field);

/* hw_http_framing_end - judge the fields against each other, at the empty line
 * Returns DONE with request->keep_alive and expect_continue set, or why not. */
struct hw_http_judgement hw_http_framing_end(const struct hw_http_framing *framing,
					     struct hw_http_request *request);

#endif
