/* SPDX-License-Identifier: Apache-2.0
 *
 * cors.h - which web pages of others may use us: the CORS protocol (Fetch standard, 3.2)
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (embedded in the talks)
 * Limits: HW_CORS_ORIGINS_MAX origins
 *
 * A page of an origin that the operator named may send every request of ours and read every answer,
 * errors included. It never acts with what the browser keeps (cookies, as a share's pass is):
 * Access-Control-Allow-Credentials is not said to anybody, so names may be said by wildcard.
 */
#ifndef HW_NET_TALK_CORS_H
#define HW_NET_TALK_CORS_H

#include "core/base/config.h"
#include "net/conn/http_conn.h"

/* "http://a," is the shortest member of a list. */
#define HW_CORS_ORIGINS_MAX (HW_CONFIG_TEXT_SIZE_MAX / 9U)
#define HW_CORS_LINE        "Access-Control-Allow-Origin: "
#define HW_CORS_TEXT_SIZE                                                                          \
	(HW_CONFIG_TEXT_SIZE_MAX + HW_CORS_ORIGINS_MAX * (uint32_t)(sizeof(HW_CORS_LINE "\r\n")))
/* Scheme, host of 253 bytes, port: no browser says a longer one, and it fits into every answer. */
#define HW_CORS_ORIGIN_SIZE_MAX 267U

/* Private. The answers' lines, made once; they live as long as the talks. */
struct hw_cors {
	struct hw_span lines[HW_CORS_ORIGINS_MAX]; /* into text; with their end of line */
	uint32_t count;
	uint32_t text_size;
	bool is_any;
	char text[HW_CORS_TEXT_SIZE];
};

/* @origins: "*", or origins with commas between them, as the configuration judged them; "" or NULL:
 * none. */
void hw_cors_init(struct hw_cors *cors, const char *origins);
/* Every answer to this request says what its page may see. First thing of a request. */
void hw_cors_mark(const struct hw_cors *cors, struct hw_http_conn *conn);
/* After that: may the page that asks use us, if it is one of another origin? */
bool hw_cors_is_allowed(const struct hw_http_conn *conn);
/* Does a browser ask whether a page may send something? Only when it may, after hw_cors_mark. */
bool hw_cors_is_preflight(const struct hw_http_conn *conn);
/* Then: yes. */
void hw_cors_reply(struct hw_http_conn *conn);

#endif
