/* SPDX-License-Identifier: Apache-2.0
 *
 * http_request.h - one request head as the parser left it
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; it holds offsets into the head's bytes, so the bytes may move, and every question
 *       is asked together with the place where they are now
 * Limits: HW_FIELD_COUNT_MAX fields, HW_HEAD_SIZE_MAX bytes
 */
#ifndef HW_NET_WIRE_HTTP_REQUEST_H
#define HW_NET_WIRE_HTTP_REQUEST_H

#include "core/base/limits.h"
#include "core/base/span.h"

enum hw_http_method {
	HW_HTTP_METHOD_NONE = 0, /* not parsed yet, or none of ours */
	HW_HTTP_GET,
	HW_HTTP_HEAD,
	HW_HTTP_PUT,
	HW_HTTP_POST,
	HW_HTTP_PATCH,
	HW_HTTP_DELETE,
	HW_HTTP_OPTIONS,
	HW_HTTP_METHOD_COUNT
};

/* What the bytes of a head come to. All but MORE and DONE end the connection: where the next
 * request begins is not known then. */
enum hw_http_verdict {
	HW_HTTP_MORE = 0,            /* the head is not complete: grow the buffer, feed again */
	HW_HTTP_DONE,                /* the request is valid */
	HW_HTTP_BAD,                 /* 400 */
	HW_HTTP_TARGET_TOO_LONG,     /* 414 */
	HW_HTTP_HEAD_TOO_LARGE,      /* 431 */
	HW_HTTP_METHOD_UNKNOWN,      /* 501 */
	HW_HTTP_NOT_IMPLEMENTED,     /* 501: a transfer coding besides chunked */
	HW_HTTP_VERSION_UNSUPPORTED, /* 505 */
	HW_HTTP_EXPECTATION_FAILED,  /* 417 */
	HW_HTTP_VERDICT_COUNT
};

static_assert(HW_HEAD_SIZE_MAX <= UINT16_MAX, "places in a head are 16 bits");

/* A piece of the head: where it begins and how many bytes it has. */
struct hw_http_place {
	uint16_t offset;
	uint16_t size;
};

struct hw_http_field {
	struct hw_http_place name;
	struct hw_http_place value; /* without the white space around it */
};

/* Readable by all after DONE; written by http_parser.c only. */
struct hw_http_request {
	uint64_t content_length; /* bytes; 0 when !has_content_length */
	uint32_t head_size;      /* bytes consumed, the empty line included; the body begins here */
	uint16_t field_count;
	uint8_t method;        /* enum hw_http_method */
	uint8_t version_minor; /* 0 or 1 */
	bool has_content_length;
	bool is_chunked;
	bool keep_alive;      /* what the version and Connection say; the server may still close */
	bool expect_continue; /* HTTP/1.1, and a body follows: it waits for "100 Continue" */
	struct hw_http_place target; /* as sent */
	struct hw_http_place origin; /* the target from its path on; size 0: the path is "/" */
	struct hw_http_place host;   /* host[:port] of Host or of the absolute form */
	struct hw_http_field fields[HW_FIELD_COUNT_MAX];
};

/* The name of a method, "GET"; static, never NULL ("?" for NONE). */
const char *hw_http_method_name(enum hw_http_method method);

/* @bytes: lent; the head, wherever it is now. The spans point into it (or to static text). */
static inline struct hw_span hw_http_place_span(struct hw_http_place place, const char *bytes)
{
	return (struct hw_span){bytes + place.offset, place.size};
}

/* hw_http_request_target - path and query: "/s/x?y", or "*" (OPTIONS only), never empty
 * An absolute form has lost its scheme and host here. Percent escapes are as sent. */
struct hw_span hw_http_request_target(const struct hw_http_request *request, const char *bytes);

/* hw_http_request_host - host[:port] as sent; empty only in HTTP/1.0 without Host
 * Letters, digits, "-._~", or an IPv6 literal in brackets: safe to copy into a link. */
struct hw_span hw_http_request_host(const struct hw_http_request *request, const char *bytes);

/* hw_http_request_field - the first field of this name (any case)
 * Returns false, and leaves *ret_value alone, when there is none. */
bool hw_http_request_field(const struct hw_http_request *request, const char *bytes,
			   struct hw_span name, struct hw_span *ret_value);

/* hw_http_request_field_next - all fields of this name, one a call, in the order sent
 * @index: 0 at first; the walk's own afterwards. Returns false at the end. */
bool hw_http_request_field_next(const struct hw_http_request *request, const char *bytes,
				struct hw_span name, uint32_t *index, struct hw_span *ret_value);

/* How many fields have this name. For those which must come once. */
uint32_t hw_http_request_field_count(const struct hw_http_request *request, const char *bytes,
				     struct hw_span name);

/* hw_http_list_next - the elements of a comma-separated value, white space and empty ones skipped
 * @list: shortened by what was taken. Quoted strings are not understood: for lists of tokens. */
bool hw_http_list_next(struct hw_span *list, struct hw_span *ret_element);

/* Whether any field of this name has the token in its list ("Connection" has "upgrade"). */
bool hw_http_request_has_token(const struct hw_http_request *request, const char *bytes,
			       struct hw_span name, struct hw_span token);

/* hw_http_request_has_media_type - whether the body is said to be of this type
 * Parameters behind it do not count. False when Content-Type is missing or comes twice. */
bool hw_http_request_has_media_type(const struct hw_http_request *request, const char *bytes,
				    struct hw_span type);

#endif
