/* SPDX-License-Identifier: Apache-2.0
 *
 *   page_send | asset_send -> file_send -> coding_choose -> 304, or head and the binary's own bytes
 */
#include "net/talk/portal.h"

#include "net/talk/reply.h"
#include "net/wire/accept.h"
#include "net/wire/http_etag.h"

#define ASSETS "assets/"

/* Scripts, styles and sockets of our own and nothing else. Referrer: an address here is the right
 * to read. */
#define PAGE_FIELDS                                                                                \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
	"img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; " \
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"                          \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                                              \
	"Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"

static struct hw_span field_of(const struct hw_http_conn *conn, struct hw_span name)
{
	struct hw_span value = HW_SPAN("");
	(void)hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn), name,
				    &value); /* absent: the empty one */
	return value;
}

bool hw_portal_is_wanted(const struct hw_portal *portal, const struct hw_http_conn *conn)
{
	return portal != NULL &&
	       hw_accept_names(field_of(conn, HW_SPAN("Accept")), HW_SPAN("text/html"));
}

static enum hw_portal_coding coding_choose(const struct hw_portal_file *file,
					   const struct hw_http_conn *conn)
{
	struct hw_span accepted = field_of(conn, HW_SPAN("Accept-Encoding"));
	if (file->bodies[HW_PORTAL_BROTLI].size > 0 && hw_accept_names(accepted, HW_SPAN("br"))) {
		return HW_PORTAL_BROTLI;
	}
	if (file->bodies[HW_PORTAL_GZIP].size > 0 && hw_accept_names(accepted, HW_SPAN("gzip"))) {
		return HW_PORTAL_GZIP;
	}
	return HW_PORTAL_PLAIN;
}

static void fields_write(struct hw_http_writer *head, const struct hw_portal_file *file,
			 struct hw_span etag)
{
	hw_http_writer_text(head, "ETag: \"");
	hw_http_writer_bytes(head, etag);
	hw_http_writer_text(head, "\"\r\n");
	hw_http_writer_field(head, HW_SPAN("Cache-Control"),
			     file->is_hashed ? HW_SPAN("public, max-age=31536000, immutable")
					     : HW_SPAN("no-cache"));
	/* The same address gives curl a text, or a file's bytes. */
	hw_http_writer_field(head, HW_SPAN("Vary"),
			     file->is_hashed ? HW_SPAN("Accept-Encoding")
					     : HW_SPAN("Accept, Accept-Encoding"));
	hw_http_writer_text(head, "X-Content-Type-Options: nosniff\r\n"
				  "Referrer-Policy: no-referrer\r\n");
	if (!file->is_hashed) {
		hw_http_writer_text(head, PAGE_FIELDS);
	}
}

static void file_send(const struct hw_portal *portal, struct hw_http_conn *conn,
		      const struct hw_portal_file *file)
{
	static const char *const g_codings[HW_PORTAL_CODING_COUNT] = {NULL, "gzip", "br"};
	enum hw_portal_coding coding = coding_choose(file, conn);
	const struct hw_portal_body *body = &file->bodies[coding];
	struct hw_span etag = hw_span_of(body->etag);
	bool is_new = hw_http_etag_if_none_match(hw_http_conn_request(conn),
						 hw_http_conn_head_bytes(conn), etag);
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, is_new ? 200 : 304);
	fields_write(&head, file, etag);
	if (is_new) {
		hw_http_writer_field(&head, HW_SPAN("Content-Type"), hw_span_of(file->type));
		hw_http_writer_field_number(&head, HW_SPAN("Content-Length"), body->size);
	}
	if (is_new && g_codings[coding] != NULL) {
		hw_http_writer_field(&head, HW_SPAN("Content-Encoding"),
				     hw_span_of(g_codings[coding]));
	}
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, portal->bytes + body->offset, is_new ? body->size : 0);
}

void hw_portal_page_send(const struct hw_portal *portal, struct hw_http_conn *conn)
{
	file_send(portal, conn, portal->page);
}

void hw_portal_asset_send(const struct hw_portal *portal, struct hw_http_conn *conn,
			  struct hw_span name)
{
	for (uint32_t i = 0; portal != NULL && i < portal->file_count; i++) {
		struct hw_span path = hw_span_of(portal->files[i].path);
		if (path.size == sizeof(ASSETS) - 1 + name.size &&
		    hw_span_starts_with(path, HW_SPAN(ASSETS)) &&
		    hw_span_equal(hw_span_skip(path, sizeof(ASSETS) - 1), name)) {
			file_send(portal, conn, &portal->files[i]);
			return;
		}
	}
	hw_reply_error(conn, 404, "There is no such part of the portal; load the page again.");
}
