/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/pages.h"

#include "net/talk/may.h"
#include "net/talk/reply.h"

static void page_sent(void *talk, int res);
static const struct hw_http_handler g_page_handler = {
	.body_done = hw_reply_no_body, .send_done = page_sent, .gives_way = true};

static const char g_usage[] =
	"Hawser " HW_VERSION "\n"
	"\n"
	"Send a file:   curl -T big.iso http://this-address/     answers with the link\n"
	"Get it:        curl -O <link>\n"
	"Remove it:     curl -X DELETE -H 'Authorization: Bearer <token>' <link>\n"
	"               (the token is in the answer to the upload: Hawser-Owner-Token)\n"
	"For a while:   curl -T big.iso -H 'Hawser-Expires: 2h' http://this-address/\n"
	"               also Hawser-Downloads, Hawser-Password, Hawser-Link, Hawser-Message\n"
	"Several files: curl -d '{}' http://this-address/api/v1/shares     a link, and its token\n"
	"               curl -T a -H 'Authorization: Bearer <token>' <link>/a\n"
	"               curl -OJ <link>.zip     all of them\n"
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
	bool may_upload =
		hw_may_begin(talks, conn) && free_size > 0 && !is_stopping && !talks->is_read_only;
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

struct hw_page *hw_page_take(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_page *page = hw_pool_take(&talks->pages);
	if (page == NULL) {
		hw_reply_busy(conn, "Others are reading the metrics; try again in a moment.");
		return NULL;
	}
	page->talks = talks;
	page->conn = conn;
	page->visited_count = 0;
	page->is_cut = false;
	hw_http_writer_init(&page->writer, page->text, sizeof(page->text));
	hw_http_conn_handle(conn, &g_page_handler, page);
	return page;
}

void hw_page_send(struct hw_page *page, const char *type)
{
	struct hw_http_writer head;
	hw_assert(!page->writer.is_overflowed);
	hw_http_conn_reply_begin(page->conn, &head, 200);
	hw_http_writer_field(&head, HW_SPAN("Content-Type"), hw_span_of(type));
	hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), page->writer.size);
	hw_http_writer_field(&head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(page->conn, &head, page->text, page->writer.size);
}

void hw_page_metrics(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_page *page = hw_page_take(talks, conn);
	if (page == NULL) {
		return;
	}
	uint64_t size = hw_metrics_render(talks->options.all_metrics, talks->options.metrics_count,
					  page->text, sizeof(page->text));
	hw_assert(size <= sizeof(page->text));
	page->writer.size = (uint32_t)size;
	hw_page_send(page, "text/plain; version=0.0.4; charset=utf-8");
}

/* -EAGAIN too: who cannot take 30 KiB in a second keeps no page. */
static void page_sent(void *talk, int res)
{
	struct hw_page *page = talk;
	struct hw_http_conn *conn = page->conn;
	hw_pool_give(&page->talks->pages, page);
	if (res < 0) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}
