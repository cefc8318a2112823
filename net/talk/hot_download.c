/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> find -> (head, object) -> sent -> the connection goes on, or is cut
 */
#include "net/talk/hot_download.h"

#include <string.h>

#include "core/base/log.h"
#include "net/talk/reply.h"
#include "net/talk/report.h"
#include "net/wire/uri.h"

static void sent(void *talk, int res);

static const struct hw_http_handler g_handler = {.body_done = hw_reply_no_body, .send_done = sent};

/* "Range" and "If-...": the only fields that make an answer another one. */
static bool is_conditional(struct hw_span name)
{
	return (name.size == 5 && hw_span_equal_nocase(name, HW_SPAN("range"))) ||
	       (name.size > 3 &&
		hw_span_equal_nocase((struct hw_span){name.bytes, 3}, HW_SPAN("if-")));
}

bool hw_hot_download_is_plain(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	if (talks->objects.board_count == 0 || talks->options.rates != NULL ||
	    (request->method != HW_HTTP_GET && request->method != HW_HTTP_HEAD) ||
	    hw_http_conn_has_body(conn)) {
		return false;
	}
	for (uint32_t i = 0; i < request->field_count; i++) {
		if (is_conditional(hw_http_place_span(request->fields[i].name, bytes))) {
			return false;
		}
	}
	return true;
}

/* Is what is kept what a look-up would find now? */
static bool is_good(const struct hw_talks *talks, const struct hw_object *object)
{
	bool is_over = object->expires_ms != HW_EXPIRES_NEVER &&
		       talks->reactor->wall_ms >= object->expires_ms;
	return !is_over && object->revision == hw_catalog_revision(talks->catalog) &&
	       !hw_report_is_heard(talks, object->share_id);
}

/* What a browser is shown the portal for, and others the bytes, is not kept under that address. */
static bool is_for_pages(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	struct hw_span path;
	struct hw_span query;
	hw_uri_split(
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn)),
		&path, &query);
	bool has_name = path.size > 3 && memchr(path.bytes + 3, '/', path.size - 3) != NULL;
	return talks->options.portal != NULL && !has_name;
}

struct hw_object *hw_hot_download_prepare(struct hw_talks *talks, const struct hw_http_conn *conn,
					  const struct hw_catalog_request *file,
					  struct hw_span fields, uint64_t revision)
{
	bool is_for_all = file->access.password_size == 0 && file->access.downloads_max == 0;
	if (!is_for_all || file->file_size > HW_OBJECT_SIZE_MAX ||
	    !hw_hot_download_is_plain(talks, conn) || is_for_pages(talks, conn)) {
		return NULL;
	}
	struct hw_object_wish wish = {
		.key = hw_http_request_target(hw_http_conn_request(conn),
					      hw_http_conn_head_bytes(conn)),
		.fields = fields,
		.share_id = file->share_id,
		.revision = revision,
		.expires_ms = file->access.expires_ms,
		.body_size = (uint32_t)file->file_size,
	};
	return hw_object_prepare(&talks->objects, &wish);
}

static void object_send(struct hw_hot_download *hot)
{
	struct hw_http_conn *conn = hot->conn;
	struct hw_object *object = hot->object;
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &g_handler, hot);
	hw_http_conn_reply_begin(conn, &head, 200);
	hw_http_writer_bytes(&head, hw_object_fields(object));
	hw_http_writer_head_end(&head);
	hw_http_conn_head_release(conn);
	hw_http_conn_reply_send(conn, &head, hw_object_body(object), object->body_size);
}

bool hw_hot_download_begin(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_metrics *metrics = talks->reactor->metrics;
	if (!hw_hot_download_is_plain(talks, conn)) {
		return false;
	}
	struct hw_object *object = hw_object_find(
		&talks->objects,
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn)));
	if (object == NULL || !is_good(talks, object)) {
		return false;
	}
	struct hw_hot_download *hot = hw_pool_take(&talks->hot_downloads);
	if (hot == NULL) {
		return false;
	}
	hw_object_ref(object);
	*hot = (struct hw_hot_download){.talks = talks, .conn = conn, .object = object};
	hw_metrics_add(metrics, HW_METRIC_object_cache_hits, 1);
	hw_metrics_add(metrics, HW_METRIC_downloads_started, 1);
	hw_metrics_add(metrics, HW_METRIC_downloads_open, 1);
	object_send(hot);
	return true;
}

static void sent(void *talk, int res)
{
	struct hw_hot_download *hot = talk;
	struct hw_talks *talks = hot->talks;
	struct hw_http_conn *conn = hot->conn;
	struct hw_metrics *metrics = talks->reactor->metrics;
	hw_object_unref(hot->object);
	hw_pool_give(&talks->hot_downloads, hot);
	hw_metrics_sub(metrics, HW_METRIC_downloads_open, 1);
	if (res < 0) {
		hw_metrics_add(metrics, HW_METRIC_downloads_failed, 1);
		HW_LOG(HW_LOG_INFO, "download.failed", HW_F_ERRNO("error", res),
		       HW_F_U64("sent", conn->sent_size));
		hw_http_conn_abort(conn);
		return;
	}
	hw_metrics_add(metrics, HW_METRIC_downloads_completed, 1);
	hw_http_conn_end(conn);
}
