/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/pages.h"

#include "net/talk/reply.h"

/* A text in a slab, until it is sent. */
static void slab_sent(void *talk, int res);
static const struct hw_http_handler g_slab_handler = {
	.body_done = hw_reply_no_body, .send_done = slab_sent, .gives_way = true};

static const char g_usage[] =
	"Hawser " HW_VERSION "\n"
	"\n"
	"Send a file:   curl -T big.iso http://this-address/     answers with the link\n"
	"Get it:        curl -O <link>\n"
	"Remove it:     curl -X DELETE -H 'Authorization: Bearer <token>' <link>\n"
	"               (the token is in the answer to the upload: Hawser-Owner-Token)\n"
	"\n"
	"/health says whether all is well, /metrics how much is going on.\n";

void hw_page_usage(struct hw_talks *talks, struct hw_http_conn *conn)
{
	(void)talks;
	hw_reply_text(conn, HW_SPAN(g_usage));
}

void hw_page_health(struct hw_talks *talks, struct hw_http_conn *conn)
{
	char bytes[256];
	struct hw_http_writer json;
	uint64_t free_size = hw_segment_log_free_size(&talks->store->log);
	bool is_stopping = conn->server->is_draining;
	bool is_allowed = talks->options.upload_policy == HW_UPLOAD_EVERYONE ||
			  (talks->options.upload_policy == HW_UPLOAD_LOOPBACK && conn->is_loopback);
	bool may_upload = is_allowed && free_size > 0 && !is_stopping && !talks->is_read_only;
	hw_http_writer_init(&json, bytes, sizeof(bytes));
	hw_http_writer_text(&json, "{\"status\":");
	hw_http_writer_text(&json, is_stopping ? "\"stopping\"" : "\"ready\"");
	hw_http_writer_text(&json, ",\"version\":\"" HW_VERSION "\",\"uploads\":");
	hw_http_writer_text(&json, may_upload ? "true" : "false");
	hw_http_writer_text(&json, ",\"bytes_free\":");
	hw_http_writer_number(&json, free_size);
	hw_http_writer_text(&json, "}\n");
	hw_reply_json(conn, is_stopping ? 503 : 200, hw_http_writer_span(&json));
}

void hw_page_metrics(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_slab_pool *slabs = &talks->reactor->slabs;
	struct hw_slab *slab = hw_slab_take(slabs);
	if (slab == NULL) {
		hw_reply_busy(conn, "No memory is free for this answer; try again in a moment.");
		return;
	}
	uint64_t size = hw_metrics_render(talks->options.all_metrics, talks->options.metrics_count,
					  (char *)slab->bytes, HW_SLAB_SIZE);
	hw_assert(size <= HW_SLAB_SIZE); /* some 30 KiB, whatever the number of threads */
	slab->size = (uint32_t)size;
	hw_slab_seal(slab);
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &g_slab_handler, slab);
	slab->user = conn;
	hw_http_conn_reply_begin(conn, &head, 200);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"),
			     HW_SPAN("text/plain; version=0.0.4; charset=utf-8"));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), slab->size);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, slab->bytes, slab->size);
}

static void slab_sent(void *talk, int res)
{
	struct hw_slab *slab = talk;
	struct hw_http_conn *conn = slab->user;
	hw_slab_unref(slab);
	if (res < 0) { /* -EAGAIN too: who cannot take 30 KiB in a second keeps no slab */
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}
