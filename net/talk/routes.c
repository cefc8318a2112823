/* SPDX-License-Identifier: Apache-2.0
 *
 * The public interface, as a table: what stands at which path, and who answers.
 *
 *   GET HEAD        /                            the portal (portal.c), or how to use it (pages.c)
 *   GET HEAD        /shares /operator            the portal
 *   GET HEAD        /assets/{name}               its files
 *   PUT             /{name}                      put.c
 *   GET HEAD DELETE /s/{id}                      for browsers the portal; else
 *                                                the share's only file: download.c, remove.c
 *                                                or its files: share_read.c
 *   GET HEAD DELETE /s/{id}/{name}
 *   GET HEAD        /s/{id}.zip                  all its files: archive.c
 *   GET HEAD        /s/{id}/{name}.torrent       metainfo.c
 *   PUT             /s/{id}/{name}               share_put.c
 *   POST            /api/v1/shares               share_create.c
 *   GET HEAD        /api/v1/shares               share_list.c
 *   GET HEAD PATCH DELETE /api/v1/shares/{id}    share_read.c, share_change.c, share_end.c
 *   POST            /api/v1/shares/{id}/files    tus_create.c, or, in the IETF's draft, resume.c
 *   HEAD DELETE     /api/v1/uploads/{id}         tus_query.c, likewise, and GET
 *   PATCH           /api/v1/uploads/{id}         tus_patch.c, likewise
 *   GET             /api/v1/events               who follows a share: events.c (WebSocket)
 *   GET HEAD        /health /metrics             pages.c
 *   GET HEAD        /metrics/json /api/v1/cluster metrics_json.c
 *   OPTIONS         anything                     what would be allowed
 */
#include "net/talk/archive.h"
#include "net/talk/cors.h"
#include "net/talk/download.h"
#include "net/talk/events.h"
#include "net/talk/hot_download.h"
#include "net/talk/metainfo.h"
#include "net/talk/metrics_json.h"
#include "net/talk/pages.h"
#include "net/talk/portal.h"
#include "net/talk/put.h"
#include "net/talk/remove.h"
#include "net/talk/reply.h"
#include "net/talk/resume.h"
#include "net/talk/share_change.h"
#include "net/talk/share_create.h"
#include "net/talk/share_end.h"
#include "net/talk/share_list.h"
#include "net/talk/share_put.h"
#include "net/talk/share_read.h"
#include "net/talk/tus.h"
#include "net/wire/uri.h"

#define SEGMENTS_MAX 6U /* more than any path of ours has */
#define READS        (1U << HW_HTTP_GET | 1U << HW_HTTP_HEAD)
#define SHARES       (READS | 1U << HW_HTTP_DELETE)
#define SHARE_FILES  (SHARES | 1U << HW_HTTP_PUT)
#define SHARE_ALL    (READS | 1U << HW_HTTP_POST)
#define SHARE_ONE    (SHARES | 1U << HW_HTTP_PATCH)
#define CREATES      (1U << HW_HTTP_POST | 1U << HW_HTTP_OPTIONS)
#define UPLOADS                                                                                    \
	(READS | 1U << HW_HTTP_PATCH | 1U << HW_HTTP_DELETE | 1U << HW_HTTP_POST |                 \
	 1U << HW_HTTP_OPTIONS)

struct path {
	struct hw_span segments[SEGMENTS_MAX];
	uint32_t count; /* SEGMENTS_MAX + 1: too many */
	struct hw_span query;
};

typedef void route_fn(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path);

struct route {
	const char *pattern; /* of the path, without its first slash; a segment "*" is any */
	uint32_t methods;    /* bits of enum hw_http_method */
	const char *allowed; /* the same for Allow */
	route_fn *begin;
};

/* Whatever else the answer is, a cache keeps it for who asks alike only. */
static void vary_mark(struct hw_http_conn *conn)
{
	conn->reply_extra[0] = HW_SPAN("Vary: Accept\r\n");
}

static void usage(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	if (hw_portal_is_wanted(talks->options.portal, conn)) {
		hw_portal_page_send(talks->options.portal, conn);
	} else {
		vary_mark(conn);
		hw_page_usage(talks, conn);
	}
}

static void page(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	if (talks->options.portal == NULL) {
		hw_reply_error(conn, 404, "This hawserd was built without its portal.");
	} else {
		hw_portal_page_send(talks->options.portal, conn);
	}
}

static void asset(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	hw_portal_asset_send(talks->options.portal, conn, path->segments[1]);
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

static void metrics_json(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	hw_metrics_json_begin(talks, conn);
}

static void cluster(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	hw_cluster_json_reply(talks, conn);
}

static void put(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	hw_put_begin(talks, conn, path->segments[0]);
}

/* Is there something before @suffix, and what? */
static bool ends_with(struct hw_span text, struct hw_span suffix, struct hw_span *ret_stem)
{
	if (text.size <= suffix.size ||
	    memcmp(text.bytes + text.size - suffix.size, suffix.bytes, suffix.size) != 0) {
		return false;
	}
	*ret_stem = (struct hw_span){text.bytes, text.size - suffix.size};
	return true;
}

static void share(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	struct hw_span id = path->segments[1];
	struct hw_span name = path->count > 2 ? path->segments[2] : HW_SPAN("");
	if (conn->method == HW_HTTP_PUT) {
		hw_share_put_begin(talks, conn, id, name);
		return;
	}
	if (conn->method == HW_HTTP_DELETE) {
		hw_remove_begin(talks, conn, id, name);
		return;
	}
	struct hw_span stem = {0};
	if (path->count == 2 && ends_with(id, HW_SPAN(".zip"), &stem)) {
		hw_archive_begin(talks, conn, stem);
	} else if (path->count == 2 && hw_portal_is_wanted(talks->options.portal, conn)) {
		hw_portal_page_send(talks->options.portal, conn);
	} else if (path->count > 2 && ends_with(name, HW_SPAN(".torrent"), &stem)) {
		hw_metainfo_begin(talks, conn, id, name);
	} else {
		if (path->count == 2) {
			vary_mark(conn);
		}
		hw_download_begin(talks, conn, id, name);
	}
}

static void shares_api(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	(void)path;
	if (conn->method == HW_HTTP_POST) {
		hw_share_create_begin(talks, conn);
		return;
	}
	hw_share_list_begin(talks, conn);
}

static void share_api(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	struct hw_span id = path->segments[3];
	switch (conn->method) {
	case HW_HTTP_PATCH:
		hw_share_change_begin(talks, conn, id);
		break;
	case HW_HTTP_DELETE:
		hw_share_end_begin(talks, conn, id);
		break;
	default:
		vary_mark(conn);
		hw_share_read_begin(talks, conn, id);
	}
}

static void tus_mark(struct hw_http_conn *conn)
{
	conn->reply_extra[0] = HW_SPAN("Tus-Resumable: 1.0.0\r\n"); /* every answer carries it */
}

static void files(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	if (conn->method == HW_HTTP_POST && hw_resume_is_spoken(conn)) {
		hw_resume_mark(talks, conn);
		hw_resume_create_begin(talks, conn, path->segments[3], path->query);
		return;
	}
	tus_mark(conn);
	if (conn->method == HW_HTTP_OPTIONS) {
		hw_tus_options(talks, conn);
		return;
	}
	hw_tus_create_begin(talks, conn, path->segments[3]);
}

/* What the request means: some clients can only POST, and say PATCH or DELETE in a field. */
static enum hw_http_method method_of(const struct hw_http_conn *conn)
{
	struct hw_tus_head head;
	(void)hw_tus_head_parse(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				&head); /* what is wrong with it is said by who begins */
	return (enum hw_http_method)head.method;
}

static void draft_upload(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	hw_resume_mark(talks, conn);
	if (conn->method == HW_HTTP_PATCH) {
		hw_resume_patch_begin(talks, conn, path->segments[3]);
	} else if (conn->method == HW_HTTP_POST) {
		hw_reply_method(conn, "HEAD, GET, PATCH, DELETE, OPTIONS");
	} else {
		hw_resume_query_begin(talks, conn, path->segments[3]);
	}
}

static void upload(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	if (conn->method != HW_HTTP_OPTIONS && hw_resume_is_spoken(conn)) {
		draft_upload(talks, conn, path);
		return;
	}
	tus_mark(conn);
	switch (conn->method == HW_HTTP_OPTIONS ? HW_HTTP_OPTIONS : method_of(conn)) {
	case HW_HTTP_OPTIONS:
		hw_tus_options(talks, conn);
		break;
	case HW_HTTP_PATCH:
		hw_tus_patch_begin(talks, conn, path->segments[3]);
		break;
	case HW_HTTP_HEAD:
	case HW_HTTP_DELETE:
		hw_tus_query_begin(talks, conn, path->segments[3]);
		break;
	default:
		hw_reply_method(conn, "HEAD, GET, PATCH, DELETE, OPTIONS");
	}
}

static void events(struct hw_talks *talks, struct hw_http_conn *conn, const struct path *path)
{
	hw_events_begin(talks, conn, path->query);
}

/* The first row whose path and method fit. Rows of one path stand together. */
static const struct route g_routes[] = {
	{"", READS, "GET, HEAD, OPTIONS", usage},
	{"shares", READS, "GET, HEAD, PUT, OPTIONS", page},
	{"operator", READS, "GET, HEAD, PUT, OPTIONS", page},
	{"assets/*", READS, "GET, HEAD, OPTIONS", asset},
	{"health", READS, "GET, HEAD, PUT, OPTIONS", health},
	{"metrics", READS, "GET, HEAD, PUT, OPTIONS", metrics},
	{"metrics/json", READS, "GET, HEAD, OPTIONS", metrics_json},
	{"s/*", SHARES, "GET, HEAD, DELETE, OPTIONS", share},
	{"s/*/*", SHARE_FILES, "GET, HEAD, PUT, DELETE, OPTIONS", share},
	{"api/v1/shares", SHARE_ALL, "GET, HEAD, POST, OPTIONS", shares_api},
	{"api/v1/shares/*", SHARE_ONE, "GET, HEAD, PATCH, DELETE, OPTIONS", share_api},
	{"api/v1/shares/*/files", CREATES, "POST, OPTIONS", files},
	{"api/v1/uploads/*", UPLOADS, "HEAD, GET, PATCH, DELETE, OPTIONS", upload},
	{"api/v1/cluster", READS, "GET, HEAD, OPTIONS", cluster},
	{"api/v1/events", 1U << HW_HTTP_GET, "GET, OPTIONS", events},
	{"*", 1U << HW_HTTP_PUT, "PUT, OPTIONS", put},
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
	struct hw_span pattern = hw_span_of(route->pattern);
	for (uint32_t i = 0; i < path->count; i++) {
		const char *slash =
			pattern.size > 0 ? memchr(pattern.bytes, '/', pattern.size) : NULL;
		bool is_last = slash == NULL;
		struct hw_span segment = {
			pattern.bytes, is_last ? pattern.size : (uint32_t)(slash - pattern.bytes)};
		bool is_any = hw_span_equal(segment, HW_SPAN("*"));
		if (i == SEGMENTS_MAX || is_last != (i + 1 == path->count) ||
		    !(is_any || hw_span_equal(segment, path->segments[i]))) {
			return false;
		}
		pattern = hw_span_skip(pattern, is_last ? segment.size : segment.size + 1);
	}
	return path->count > 0;
}

static void begin(void *user, struct hw_http_conn *conn)
{
	struct hw_talks *talks = user;
	struct path path = {0};
	const char *allowed = NULL;
	hw_cors_mark(&talks->cors, conn);
	if (hw_cors_is_preflight(conn)) {
		hw_cors_reply(conn);
		return;
	}
	if (hw_hot_download_begin(talks, conn)) {
		return;
	}
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
