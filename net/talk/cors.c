/* SPDX-License-Identifier: Apache-2.0
 *
 *   init -> origin_add (each)
 *   mark (each request) -> line_find        is_preflight -> reply
 */
#include "net/talk/cors.h"

#include "net/talk/reply.h"
#include "net/wire/http_char.h"

#define LINE_INDEX 1U /* of reply_extra: 0 is the protocol's */
#define MORE_INDEX 2U

/* Seconds for which a browser need not ask again; it takes less if it likes. */
#define MAX_AGE_S 7200U

/* An answer that depends on Origin says so, whoever asked: a cache would mix them up else. */
#define VARY   "Vary: Origin\r\n"
#define EXPOSE "Access-Control-Expose-Headers: *\r\n"

/* All that a client of ours sends and that is not always allowed. A list, for a wildcard does not
 * hold Authorization. */
#define HEADERS                                                                                    \
	"Authorization, Content-Type, Content-Disposition, Range, If-Range, If-Match, "            \
	"If-None-Match, If-Modified-Since, If-Unmodified-Since, Tus-Resumable, Upload-Length, "    \
	"Upload-Offset, Upload-Defer-Length, Upload-Metadata, Upload-Checksum, Upload-Concat, "    \
	"Upload-Complete, Upload-Draft-Interop-Version, X-HTTP-Method-Override, X-Request-ID, "    \
	"X-Requested-With, Hawser-Password, Hawser-Pass, Hawser-Client, Hawser-Expires, "          \
	"Hawser-Downloads, Hawser-Message, Hawser-Link"

static void origin_add(struct hw_cors *cors, struct hw_span origin);

/* -- at start -- */

void hw_cors_init(struct hw_cors *cors, const char *origins)
{
	struct hw_span list = hw_span_of(origins != NULL ? origins : "");
	struct hw_span origin;
	cors->count = 0;
	cors->text_size = 0;
	cors->is_any = hw_span_equal(list, HW_SPAN("*"));
	while (!cors->is_any && hw_http_list_next(&list, &origin)) {
		origin_add(cors, origin);
	}
}

static bool ends_with(struct hw_span text, struct hw_span suffix)
{
	return text.size > suffix.size &&
	       memcmp(text.bytes + text.size - suffix.size, suffix.bytes, suffix.size) == 0;
}

/* As browsers say it: without the port that its scheme has anyway, and in lower case. */
static struct hw_span port_cut(struct hw_span origin)
{
	bool is_tls = origin.size > 5 && (origin.bytes[4] | 0x20) == 's';
	struct hw_span port = is_tls ? HW_SPAN(":443") : HW_SPAN(":80");
	if (ends_with(origin, port)) {
		origin.size -= port.size;
	}
	return origin;
}

static void text_add(struct hw_cors *cors, struct hw_span more)
{
	hw_assert(cors->text_size + more.size <= sizeof(cors->text));
	memcpy(cors->text + cors->text_size, more.bytes, more.size);
	cors->text_size += more.size;
}

static void origin_add(struct hw_cors *cors, struct hw_span origin)
{
	struct hw_span said = port_cut(origin);
	uint32_t begin = cors->text_size;
	if (said.size > HW_CORS_ORIGIN_SIZE_MAX) {
		return;
	}
	hw_assert(cors->count < HW_CORS_ORIGINS_MAX);
	text_add(cors, HW_SPAN(HW_CORS_LINE));
	for (uint32_t i = 0; i < said.size; i++) {
		bool is_upper = said.bytes[i] >= 'A' && said.bytes[i] <= 'Z';
		char low = (char)(said.bytes[i] + (is_upper ? 'a' - 'A' : 0));
		text_add(cors, (struct hw_span){&low, 1});
	}
	text_add(cors, HW_SPAN("\r\n"));
	cors->lines[cors->count++] = (struct hw_span){cors->text + begin, cors->text_size - begin};
}

/* -- each request -- */

static struct hw_span line_find(const struct hw_cors *cors, struct hw_span origin)
{
	uint32_t before = (uint32_t)sizeof(HW_CORS_LINE) - 1;
	for (uint32_t i = 0; i < cors->count; i++) {
		struct hw_span said = hw_span_skip(cors->lines[i], before);
		said.size -= 2; /* the end of the line */
		if (hw_span_equal(said, origin)) {
			return cors->lines[i];
		}
	}
	return (struct hw_span){NULL, 0};
}

static bool field_read(const struct hw_http_conn *conn, struct hw_span name,
		       struct hw_span *ret_value)
{
	return hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				     name, ret_value);
}

void hw_cors_mark(const struct hw_cors *cors, struct hw_http_conn *conn)
{
	struct hw_span origin;
	if (cors->is_any) {
		conn->reply_extra[LINE_INDEX] = HW_SPAN(HW_CORS_LINE "*\r\n");
		conn->reply_extra[MORE_INDEX] = HW_SPAN(EXPOSE);
		return;
	}
	if (cors->count == 0) {
		return;
	}
	conn->reply_extra[MORE_INDEX] = HW_SPAN(VARY);
	if (!field_read(conn, HW_SPAN("Origin"), &origin)) {
		return;
	}
	conn->reply_extra[LINE_INDEX] = line_find(cors, origin);
	if (conn->reply_extra[LINE_INDEX].size > 0) {
		conn->reply_extra[MORE_INDEX] = HW_SPAN(VARY EXPOSE);
	}
}

bool hw_cors_is_allowed(const struct hw_http_conn *conn)
{
	return conn->reply_extra[LINE_INDEX].size > 0;
}

bool hw_cors_is_preflight(const struct hw_http_conn *conn)
{
	struct hw_span value;
	return conn->method == HW_HTTP_OPTIONS && hw_cors_is_allowed(conn) &&
	       field_read(conn, HW_SPAN("Origin"), &value) &&
	       field_read(conn, HW_SPAN("Access-Control-Request-Method"), &value);
}

void hw_cors_reply(struct hw_http_conn *conn)
{
	struct hw_http_writer head;
	hw_http_conn_handle(conn, &hw_reply_handler, conn);
	hw_http_conn_reply_begin(conn, &head, 204);
	hw_http_writer_field(&head, HW_SPAN("Access-Control-Allow-Methods"),
			     HW_SPAN("GET, HEAD, PUT, POST, PATCH, DELETE"));
	hw_http_writer_field(&head, HW_SPAN("Access-Control-Allow-Headers"), HW_SPAN(HEADERS));
	hw_http_writer_field_number(&head, HW_SPAN("Access-Control-Max-Age"), MAX_AGE_S);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(conn, &head, NULL, 0);
}
