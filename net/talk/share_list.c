/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> SHARE_LIST -> listed -> JSON
 *
 * A cursor is the moment and the id of the last share of a page: "1795628280000-<id>".
 */
#include "net/talk/share_list.h"

#include <errno.h>

#include "net/talk/may.h"
#include "net/wire/base32.h"
#include "net/wire/decimal.h"
#include "net/wire/uri.h"

#define CURSOR_SIZE_MAX (20U + 1U + HW_SHARE_ID_TEXT_SIZE) /* digits of 2^64, dash, id */

static void listed(struct hw_catalog_request *request);

static bool cursor_parse(struct hw_span text, struct hw_catalog_request *request)
{
	const char *dash = text.size > 0 ? memchr(text.bytes, '-', text.size) : NULL;
	if (dash == NULL) {
		return false;
	}
	struct hw_span moment = {text.bytes, (uint32_t)(dash - text.bytes)};
	struct hw_span id = hw_span_skip(text, moment.size + 1);
	return hw_decimal_parse(moment, INT64_MAX, &request->cursor_ms) == 0 &&
	       hw_base32_decode(id, request->share_id, HW_SHARE_ID_SIZE) == 0;
}

static bool before_read(const struct hw_http_conn *conn, struct hw_catalog_request *request)
{
	struct hw_span path;
	struct hw_span query;
	struct hw_span value;
	hw_uri_split(
		hw_http_request_target(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn)),
		&path, &query);
	request->cursor_ms = UINT64_MAX;
	return !hw_uri_query_find(query, HW_SPAN("before"), &value) || cursor_parse(value, request);
}

static bool is_operator(const struct hw_talks *talks, struct hw_http_conn *conn)
{
	uint8_t hash[HW_HASH_SIZE];
	if (hw_may_operate(talks, conn)) {
		return true;
	}
	if (hw_may_bearer(conn, hash)) {
		hw_reply_error(conn, 403, "Only an operator's token shows all shares.");
	} else {
		hw_reply_unauthorized(
			conn, "Send an operator's token, as Authorization: Bearer <token>.");
	}
	return false;
}

void hw_share_list_begin(struct hw_talks *talks, struct hw_http_conn *conn)
{
	if (!is_operator(talks, conn)) {
		return;
	}
	struct hw_share_talk *talk = hw_share_talk_take(talks, conn);
	if (talk == NULL) {
		return;
	}
	if (!before_read(conn, &talk->request)) {
		hw_share_talk_refuse(talk, 400, "before= is not the cursor of a page.");
		return;
	}
	if (!hw_text_body_take(&talk->body)) {
		hw_share_talk_fail(talk, -ENOBUFS);
		return;
	}
	talk->request.is_operator = true;
	talk->request.shares = talk->body.text->shares;
	talk->request.row_capacity = HW_TEXT_SHARES_MAX;
	hw_catalog_submit(talks->catalog, &talk->request, HW_CATALOG_SHARE_LIST, listed);
}

static void cursor_write(const struct hw_share *last, struct hw_http_writer *cursor)
{
	char id[HW_SHARE_ID_TEXT_SIZE];
	hw_base32_encode(last->share_id, HW_SHARE_ID_SIZE, id);
	hw_http_writer_number(cursor, last->created_ms);
	hw_http_writer_text(cursor, "-");
	hw_http_writer_bytes(cursor, (struct hw_span){id, sizeof(id)});
	hw_assert(!cursor->is_overflowed);
}

/* The last row of a full list is not shown: it only says that there are more. */
static void page_write(const struct hw_share_talk *talk, struct hw_http_writer *json)
{
	const struct hw_share *shares = talk->body.text->shares;
	uint32_t most = hw_min(talk->request.row_count, HW_TEXT_SHARES_MAX - 1U);
	char cursor_bytes[CURSOR_SIZE_MAX];
	struct hw_http_writer cursor;
	struct hw_share_json_page page;
	struct hw_share_row row;
	uint32_t count = 0;
	hw_share_json_page_begin(&page, json, "shares", CURSOR_SIZE_MAX);
	for (; count < most; count++) {
		hw_share_talk_row(talk, &shares[count], &row);
		if (!hw_share_json_page_share(&page, &row.json)) {
			break;
		}
	}
	hw_http_writer_init(&cursor, cursor_bytes, sizeof(cursor_bytes));
	if (count > 0 && count < talk->request.row_count) {
		cursor_write(&shares[count - 1], &cursor);
	}
	hw_share_json_page_end(&page, hw_http_writer_span(&cursor));
}

static void listed(struct hw_catalog_request *request)
{
	struct hw_share_talk *talk = hw_container_of(request, struct hw_share_talk, request);
	struct hw_http_writer json;
	struct hw_http_writer head;
	if (request->res < 0) {
		hw_share_talk_fail(talk, request->res);
		return;
	}
	hw_http_writer_init(&json, talk->body.text->bytes, HW_TEXT_SIZE_MAX);
	page_write(talk, &json);
	hw_share_talk_head(talk, 200, json.size, &head);
	hw_share_talk_send(talk, &head, json.size);
}
