/* SPDX-License-Identifier: Apache-2.0
 *
 * The public interface, as a table: what stands at which path, and who answers.
 *
 *   GET HEAD        /                    how to use it
 *   PUT             /{name}              put.c
 *   GET HEAD DELETE /s/{id}              the share's only file: download.c, remove.c
 *   GET HEAD DELETE /s/{id}/{name}
 *   GET HEAD        /health /metrics     pages.c
 *   GET             /api/v1/events       who follows a share: events.c (WebSocket)
 *   OPTIONS         anything             what would be allowed
 */
#include "net/talk/download.h"
#include "net/talk/events.h"
#include "net/talk/pages.h"
#include "net/talk/put.h"
#include "net/talk/remove.h"
#include "net/talk/reply.h"
#include "net/wire/uri.h"

#define SEGMENTS_MAX 4U /* more than any path of ours has */
#define READS        (1U << HW_HTTP_GET | 1U << HW_HTTP_HEAD)
#define SHARES       (READS | 1U << HW_HTTP_DELETE)

struct path {
	struct hw_span segments[SEGMENTS_MAX];
	uint32_t count; /* SEGMENTS_MAX + 1: too many */
	struct hw_span query;
};

typedef void route_fn(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path);

struct route {
	const char *first;  /* the first segment; NULL: any */
	uint32_t count_min; /* segments */
	uint32_t count_max;
	uint32_t methods;    /* bits of enum hw_http_method */
	const char *allowed; /* the same for Allow */
	route_fn *begin;
};

static void usage(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	hw_page_usage(talks, conn);
}

static void health(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	hw_page_health(talks, conn);
}

static void metrics(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	hw_page_metrics(talks, conn);
}

static void put(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	hw_put_begin(talks, conn, path->segments[0]);
}

static void share(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	struct hw_span id = path->segments[1];
	struct hw_span name = path->count > 2 ? path->segments[2] : HW_SPAN("");
	if (conn->method == HW_HTTP_DELETE) {
		hw_remove_begin(talks, conn, id, name);
		return;
	}
	hw_download_begin(talks, conn, id, name);
}

static void events(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	if (!hw_span_equal(path->segments[1], HW_SPAN("v1")) ||
	    !hw_span_equal(path->segments[2], HW_SPAN("events"))) {
		hw_reply_error(conn, 404, "There is nothing at this address.");
		return;
	}
	hw_events_begin(talks, conn, path->query);
}

/* The first row whose path and method fit. Rows of one path stand together. */
static const struct route g_routes[] = {
	{"", 1, 1, READS, "GET, HEAD, OPTIONS", usage},
	{"health", 1, 1, READS, "GET, HEAD, PUT, OPTIONS", health},
	{"metrics", 1, 1, READS, "GET, HEAD, PUT, OPTIONS", metrics},
	{"s", 2, 3, SHARES, "GET, HEAD, DELETE, OPTIONS", share},
	{"api", 3, 3, 1U << HW_HTTP_GET, "GET, OPTIONS", events},
	{NULL, 1, 1, 1U << HW_HTTP_PUT, "PUT, OPTIONS", put},
};

static void path_split(struct hw_http_conn *conn, struct path *ret_path)
{
	struct hw_span path;
	struct hw_span segment;
	hw_uri_split(
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn)),
		&path, &ret_path->query);
	ret_path->count = 0;
	while (hw_uri_segment_next(&path, &segment)) {
		if (ret_path->count == SEGMENTS_MAX) {
			ret_path->count++;
			return;
		}
		ret_path->segments[ret_path->count++] = segment;
	}
}

static bool path_fits(const struct route *route, const struct path *path)
{
	return path->count >= route->count_min && path->count <= route->count_max &&
	       (route->first == NULL || hw_span_equal(path->segments[0], hw_span_of(route->first)));
}

static void begin(void *user, struct hw_http_conn *conn)
{
	struct hw_talks *talks = user;
	struct path path = {0};
	const char *allowed = NULL;
	path_split(conn, &path);
	for (uint32_t i = 0; i < hw_count_of(g_routes); i++) {
		const struct route *route = &g_routes[i];
		if (!path_fits(route, &path)) {
			continue;
		}
		if ((route->methods & (1U << conn->method)) != 0) {
			route->begin(talks, conn, &path);
			return;
		}
		allowed = allowed == NULL ? route->allowed : allowed;
	}
	if (conn->method == HW_HTTP_OPTIONS) {
		hw_reply_allow(conn, allowed != NULL ? allowed : "GET, HEAD, PUT, DELETE, OPTIONS");
	} else if (allowed != NULL) {
		hw_reply_method(conn, allowed);
	} else {
		hw_reply_error(conn, 404, "There is nothing at this address.");
	}
}

struct hw_route_port hw_talks_route(struct hw_talks *talks)
{
	return (struct hw_route_port){.user = talks, .begin = begin, .refuse = hw_reply_refuse};
}
