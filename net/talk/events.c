/* SPDX-License-Identifier: Apache-2.0
 *
 * The way in:
 *
 *   begin -> handshake_judge, query_read, token_read -> (catalog) find_done
 *         -> (admission.c: the password) admitted -> agree -> agreed
 *         -> (ws_conn.c) -> room_ask(JOIN) -> answered
 *
 * and then, side by side:
 *
 *   (room) brought -> the parcel is sent -> sent -> returned
 *   (client) message -> message_look -+-> signal -> room_ask -> answered -> message_end
 *                                     +-> confirm -> (catalog) lookup_done -> unpin_done
 *                                            -> room_ask
 *   closed -> leave_look -> room_ask(LEAVE) -> answered -> free
 */
#include "net/talk/events.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/talk/link.h"
#include "net/talk/reply.h"
#include "net/talk/share_policy.h"
#include "net/wire/authorization.h"
#include "net/wire/base64.h"
#include "net/wire/hex.h"
#include "net/wire/json_scan.h"
#include "net/wire/uri.h"
#include "simd/sha256.h"

#define PROTOCOL        "hawser"
#define PROTOCOL_BEARER "bearer."

static void find_done(struct hw_catalog_request *request);
static void password_ask(struct hw_events *events);
static void admitted(struct hw_admission *admission, bool is_in);
static void agree(struct hw_events *events);
static void agreed(void *talk, int res);
static void answered(struct hw_room_seat *seat, int res);
static void brought(struct hw_room_seat *seat, struct hw_room_parcel *parcel);
static void replaced(struct hw_room_seat *seat);
static void message(void *user, char *bytes, uint32_t size, bool is_text);
static void message_look(struct hw_events *events);
static void message_end(struct hw_events *events);
static void sent(void *user);
static void closed(void *user);
static void leave_look(struct hw_events *events);

static const struct hw_http_handler g_http_handler = {.body_done = hw_reply_no_body,
						      .send_done = agreed};
static const struct hw_ws_handler g_ws_handler = {
	.message = message, .sent = sent, .closed = closed};

static void set_state(struct hw_events *events, enum hw_events_state state)
{
	static const uint8_t g_next[HW_EVENTS_STATE_COUNT] = {
		[HW_EVENTS_FREE] = 1U << HW_EVENTS_FINDING,
		[HW_EVENTS_FINDING] = 1U << HW_EVENTS_AGREEING | 1U << HW_EVENTS_FREE,
		[HW_EVENTS_AGREEING] = 1U << HW_EVENTS_OPEN | 1U << HW_EVENTS_FREE,
		[HW_EVENTS_OPEN] = 1U << HW_EVENTS_LEAVING,
		[HW_EVENTS_LEAVING] = 1U << HW_EVENTS_FREE,
	};
	hw_assert((g_next[events->state] & (1U << state)) != 0);
	events->state = state;
}

static struct hw_reactor *reactor_of(const struct hw_events *events)
{
	return events->talks->reactor;
}

static void ask_give(struct hw_events *events)
{
	if (events->ask != NULL) {
		hw_pool_give(&events->talks->asks, hw_move(&events->ask));
	}
}

static void events_free(struct hw_events *events)
{
	hw_assert(!events->is_joined && !events->is_asking && events->parcel == NULL);
	ask_give(events);
	set_state(events, HW_EVENTS_FREE);
	hw_pool_give(&events->talks->events, events);
}

/* -- what is asked for -- */

/* Answers, and returns false, when the request cannot become a WebSocket. */
static bool handshake_judge(struct hw_http_conn *conn, char ret_accept[HW_WS_ACCEPT_SIZE])
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span key;
	enum hw_ws_verdict verdict = hw_ws_handshake_judge(request, bytes, &key);
	if (verdict == HW_WS_NO_UPGRADE || verdict == HW_WS_BAD_VERSION) {
		hw_reply_upgrade(conn, hw_ws_reason(verdict));
		return false;
	}
	if (verdict != HW_WS_GOOD) {
		hw_reply_error(conn, hw_ws_status(verdict), hw_ws_reason(verdict));
		return false;
	}
	if (conn->server->is_draining) {
		hw_reply_errno(conn, -ESHUTDOWN);
		return false;
	}
	int r = hw_ws_accept_write(key, ret_accept);
	if (r < 0) {
		hw_reply_errno(conn, r);
		return false;
	}
	return true;
}

/* A page of somebody else's must not act for who looks at it (browsers always say Origin), unless
 * the operator named it. */
static bool is_origin_good(const struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_span origin;
	struct hw_span host = {conn->host, conn->host_size};
	struct hw_span scheme = hw_http_conn_is_plain(conn) ? HW_SPAN("http") : HW_SPAN("https");
	if (!hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				   HW_SPAN("Origin"), &origin)) {
		return true;
	}
	return hw_cors_is_allowed(conn) ||
	       hw_ws_origin_allowed(origin, scheme, host, hw_span_of(talks->options.public_url));
}

static bool id_read(struct hw_span query, struct hw_span name, uint8_t ret_id[HW_CLIENT_ID_SIZE])
{
	struct hw_span value;
	return hw_uri_query_find(query, name, &value) &&
	       hw_base64url_decode(value, ret_id, HW_CLIENT_ID_SIZE) >= 0;
}

static uint64_t number_of(struct hw_span digits)
{
	uint64_t number = 0;
	for (uint32_t i = 0; i < digits.size && i < 18; i++) { /* 18 digits fit */
		if (digits.bytes[i] < '0' || digits.bytes[i] > '9') {
			return 0;
		}
		number = number * 10 + (uint64_t)(digits.bytes[i] - '0');
	}
	return number;
}

static void query_read(struct hw_events *events, struct hw_span query)
{
	struct hw_room_seat *seat = &events->seat;
	struct hw_span value = {NULL, 0};
	bool has_share = hw_uri_query_find(query, HW_SPAN("share"), &value);
	hw_share_ref_parse(&events->ask->request, has_share ? value : HW_SPAN(""));
	bool has_role = hw_uri_query_find(query, HW_SPAN("role"), &value);
	seat->role = has_role && hw_span_equal(value, HW_SPAN("sender")) ? HW_ROOM_SENDER
									 : HW_ROOM_RECEIVER;
	seat->has_identity = id_read(query, HW_SPAN("client"), seat->client_id) &&
			     id_read(query, HW_SPAN("secret"), seat->secret);
	bool has_since = hw_uri_query_find(query, HW_SPAN("since"), &value);
	seat->since = has_since ? number_of(value) : 0;
}

static bool token_of_list(struct hw_span list, struct hw_span *ret_token)
{
	struct hw_span prefix = HW_SPAN(PROTOCOL_BEARER);
	struct hw_span element;
	while (hw_http_list_next(&list, &element)) {
		if (hw_span_starts_with(element, prefix)) {
			*ret_token = hw_span_skip(element, prefix.size);
			return true;
		}
	}
	return false;
}

/* Of Authorization, or of the subprotocols. */
static bool token_find(struct hw_http_conn *conn, struct hw_span *ret_token)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span list;
	uint32_t index = 0;
	if (hw_authorization_bearer(request, bytes, ret_token) >= 0) {
		return true;
	}
	while (hw_http_request_field_next(request, bytes, HW_SPAN("Sec-WebSocket-Protocol"), &index,
					  &list)) {
		if (token_of_list(list, ret_token)) {
			return true;
		}
	}
	return false;
}

/* The owner's, or an operator's: which, the catalog and the file of tokens know. */
static void token_read(struct hw_events_ask *ask, const struct hw_tokens *tokens,
		       struct hw_http_conn *conn)
{
	struct hw_span text;
	uint8_t token[HW_TOKEN_SIZE];
	ask->has_token =
		token_find(conn, &text) && hw_base64url_decode(text, token, HW_TOKEN_SIZE) >= 0;
	if (ask->has_token) {
		struct hw_hash hash;
		hw_sha256(token, HW_TOKEN_SIZE, &hash);
		memcpy(ask->request.owner_hash, hash.bytes, HW_HASH_SIZE);
		const struct hw_token *known =
			tokens == NULL ? NULL : hw_tokens_find(tokens, &hash);
		ask->request.is_operator = known != NULL && known->kind == HW_TOKEN_OPERATOR;
		explicit_bzero(token, sizeof(token));
	}
}

/* Both, or NULL: the answer is on its way. */
static struct hw_events *events_take(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_events *events = hw_pool_take(&talks->events);
	struct hw_events_ask *ask = events != NULL ? hw_pool_take(&talks->asks) : NULL;
	if (ask == NULL) {
		if (events != NULL) {
			hw_pool_give(&talks->events, events);
		}
		hw_reply_busy(conn, "Too many follow shares just now; try again in a moment.");
		return NULL;
	}
	*events = (struct hw_events){.talks = talks, .conn = conn, .ask = ask};
	events->seat.mailbox = &talks->reactor->mailbox;
	events->seat.answered = answered;
	events->seat.brought = brought;
	events->seat.replaced = replaced;
	ask->events = events;
	ask->request = (struct hw_catalog_request){.file_id = 0}; /* nothing of another's */
	ask->admission.password = (struct hw_password_job){.talks = NULL};
	return events;
}

void hw_events_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span query)
{
	char accept[HW_WS_ACCEPT_SIZE];
	if (!handshake_judge(conn, accept)) {
		return;
	}
	if (!is_origin_good(talks, conn)) {
		hw_reply_error(conn, 403, "Pages of other sites may not follow shares here.");
		return;
	}
	struct hw_events *events = events_take(talks, conn);
	if (events == NULL) {
		return;
	}
	struct hw_events_ask *ask = events->ask;
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	memcpy(ask->accept, accept, sizeof(accept));
	query_read(events, query);
	token_read(ask, talks->tokens, conn);
	hw_ws_deflate_choose(request, bytes, &ask->deflate);
	ask->has_protocol = hw_ws_protocol_offered(request, bytes, HW_SPAN(PROTOCOL));
	ask->request.share = &ask->share;
	set_state(events, HW_EVENTS_FINDING);
	hw_http_conn_handle(conn, &g_http_handler, events);
	hw_catalog_submit(talks->catalog, &ask->request, HW_CATALOG_SHARE_GET, find_done);
}

/* -- who may -- */

static void refuse(struct hw_events *events, uint32_t status, const char *sentence)
{
	struct hw_http_conn *conn = events->conn;
	events_free(events);
	if (status == 401) {
		hw_reply_unauthorized(conn, sentence);
	} else {
		hw_reply_error(conn, status, sentence);
	}
}

static void find_done(struct hw_catalog_request *request)
{
	struct hw_events_ask *ask = hw_container_of(request, struct hw_events_ask, request);
	struct hw_events *events = ask->events;
	int res = request->res;
	bool is_owner = res >= 0 && request->is_owner;
	if (res < 0) {
		struct hw_http_conn *conn = events->conn;
		events_free(events);
		hw_reply_errno(conn, res);
	} else if (events->seat.role == HW_ROOM_SENDER && !ask->has_token) {
		refuse(events, 401, "Send the owner token that came with the share.");
	} else if (events->seat.role == HW_ROOM_SENDER && !is_owner) {
		refuse(events, 403, "The owner token does not belong to this share.");
	} else if (is_owner || request->is_operator) {
		agree(events);
	} else {
		password_ask(events);
	}
}

/* As for a download: a pass, in a cookie too, or the password itself. */
static void password_ask(struct hw_events *events)
{
	struct hw_events_ask *ask = events->ask;
	struct hw_share_access access = hw_share_policy_access(&ask->share);
	hw_admission_init(&ask->admission, events->talks, events->conn, admitted);
	enum hw_admission_verdict verdict =
		hw_admission_password(&ask->admission, ask->request.share_id, &access);
	if (verdict != HW_ADMISSION_WAIT) {
		admitted(&ask->admission, verdict == HW_ADMISSION_IN);
	}
}

static void admitted(struct hw_admission *admission, bool is_in)
{
	struct hw_events_ask *ask = hw_container_of(admission, struct hw_events_ask, admission);
	if (is_in) {
		agree(ask->events);
	} else {
		events_free(ask->events); /* it was answered */
	}
}

static void agree(struct hw_events *events)
{
	const struct hw_events_ask *ask = events->ask;
	struct hw_http_writer head;
	set_state(events, HW_EVENTS_AGREEING);
	events->seat.takes_deflated = ask->deflate.is_agreed;
	memcpy(events->seat.share_id, ask->request.share_id, HW_SHARE_ID_SIZE);
	hw_http_conn_reply_begin(events->conn, &head, 101);
	hw_http_writer_field(&head, HW_SPAN("Upgrade"), HW_SPAN("websocket"));
	hw_http_writer_field(&head, HW_SPAN("Connection"), HW_SPAN("Upgrade"));
	hw_http_writer_field(&head, HW_SPAN("Sec-WebSocket-Accept"),
			     (struct hw_span){ask->accept, HW_WS_ACCEPT_SIZE});
	if (ask->has_protocol) {
		hw_http_writer_field(&head, HW_SPAN("Sec-WebSocket-Protocol"), HW_SPAN(PROTOCOL));
	}
	hw_ws_deflate_write(&head, &ask->deflate);
	hw_http_writer_head_end(&head);
	hw_http_conn_reply_send(events->conn, &head, NULL, 0);
}

static void room_ask(struct hw_events *events, enum hw_room_question question)
{
	hw_assert(!events->is_asking);
	events->is_asking = true;
	hw_room_ask(&events->seat, reactor_of(events)->ring, question);
}

static void agreed(void *talk, int res)
{
	struct hw_events *events = talk;
	struct hw_talks *talks = events->talks;
	struct hw_http_conn *conn = events->conn;
	ask_give(events);
	if (res < 0) {
		events_free(events);
		hw_http_conn_abort(conn);
		return;
	}
	set_state(events, HW_EVENTS_OPEN);
	events->seat.home = hw_room_home_of(talks->options.room_homes,
					    talks->options.room_home_count, events->seat.share_id);
	hw_ws_conn_open(&events->ws, &talks->ws, conn, &g_ws_handler, events,
			events->seat.takes_deflated);
	room_ask(events, HW_ROOM_JOIN);
}

/* -- the room -- */

static enum hw_ws_code code_of(int error)
{
	switch (error) {
	case -EACCES:
		return HW_WS_CODE_POLICY;
	case -ESHUTDOWN:
		return HW_WS_CODE_GOING_AWAY;
	default:
		return HW_WS_CODE_AGAIN;
	}
}

static void answered(struct hw_room_seat *seat, int res)
{
	struct hw_events *events = hw_container_of(seat, struct hw_events, seat);
	events->is_asking = false;
	if (events->is_going) {
		events->is_joined = false;
		events_free(events);
		return;
	}
	if (!events->is_joined) {
		events->is_joined = res >= 0;
		if (res < 0) {
			hw_ws_conn_close(&events->ws, code_of(res));
		}
	} else if (events->has_message) {
		message_end(events); /* a signal to somebody who is not there is lost */
	}
	if (events->state == HW_EVENTS_LEAVING) {
		leave_look(events);
	} else if (events->is_joined && events->has_message && events->ask == NULL) {
		message_look(events); /* it came before the room had answered */
	}
}

static void parcel_return(struct hw_events *events)
{
	hw_room_parcel_return(hw_move(&events->parcel), reactor_of(events)->ring,
			      events->seat.home);
}

static void brought(struct hw_room_seat *seat, struct hw_room_parcel *parcel)
{
	struct hw_events *events = hw_container_of(seat, struct hw_events, seat);
	hw_assert(events->parcel == NULL);
	events->parcel = parcel;
	if (events->state == HW_EVENTS_OPEN && hw_ws_conn_is_open(&events->ws)) {
		hw_ws_conn_send(&events->ws, parcel->bytes, parcel->size);
		return;
	}
	parcel_return(events);
}

static void replaced(struct hw_room_seat *seat)
{
	struct hw_events *events = hw_container_of(seat, struct hw_events, seat);
	if (events->state == HW_EVENTS_OPEN) {
		hw_ws_conn_close(&events->ws, HW_WS_CODE_REPLACED);
	}
}

/* -- the client -- */

static void sent(void *user)
{
	struct hw_events *events = user;
	parcel_return(events);
}

/* A client that talks more than anybody has to say is cut off. */
static bool is_in_limit(struct hw_events *events)
{
	uint32_t per_minute = events->talks->options.ws_messages_per_minute;
	return per_minute == 0 ||
	       hw_bucket_take(&events->bucket, per_minute, reactor_of(events)->now_us) == 0;
}

static void message(void *user, char *bytes, uint32_t size, bool is_text)
{
	struct hw_events *events = user;
	hw_assert(!events->has_message);
	events->message = (struct hw_span){bytes, size};
	events->message_bytes = bytes;
	events->has_message = true;
	if (!is_text) {
		hw_ws_conn_close(&events->ws, HW_WS_CODE_UNSUPPORTED);
		message_end(events);
	} else if (!is_in_limit(events)) {
		hw_ws_conn_close(&events->ws, HW_WS_CODE_POLICY);
		message_end(events);
	} else if (events->is_joined) {
		message_look(events);
	}
}

static void message_end(struct hw_events *events)
{
	events->has_message = false;
	if (events->state == HW_EVENTS_OPEN) {
		hw_ws_conn_message_done(&events->ws);
	}
}

/* Returns false when the message is not what a signal must be. */
static bool signal_read(struct hw_events *events)
{
	struct hw_room_seat *seat = &events->seat;
	struct hw_span value;
	char to[HW_CLIENT_ID_TEXT];
	if (!hw_json_find(events->message, HW_SPAN("to"), &value) ||
	    hw_json_string(value, to, sizeof(to)) != (int)sizeof(to) ||
	    hw_base64url_decode((struct hw_span){to, sizeof(to)}, seat->to, HW_CLIENT_ID_SIZE) <
		    0) {
		return false;
	}
	return hw_json_find(events->message, HW_SPAN("data"), &seat->bytes) &&
	       seat->bytes.size <= HW_SIGNAL_SIZE_MAX;
}

static void unpin_done(struct hw_catalog_request *request)
{
	struct hw_events_ask *ask = hw_container_of(request, struct hw_events_ask, request);
	struct hw_events *events = ask->events;
	bool is_true = ask->request.file_state == HW_FILE_SEALED &&
		       memcmp(ask->root, ask->request.file_root, HW_HASH_SIZE) == 0;
	events->seat.file_size = ask->request.file_size;
	ask_give(events);
	if (events->state == HW_EVENTS_LEAVING) {
		leave_look(events);
	} else if (is_true) {
		room_ask(events, HW_ROOM_CONFIRM);
	} else {
		message_end(events);
	}
}

static void lookup_done(struct hw_catalog_request *request)
{
	struct hw_events_ask *ask = hw_container_of(request, struct hw_events_ask, request);
	if (request->res < 0) {
		request->file_state = HW_FILE_UNFINISHED;
		unpin_done(request);
		return;
	}
	hw_catalog_submit(ask->events->talks->catalog, request, HW_CATALOG_UNPIN, unpin_done);
}

/* Returns false when it is no confirmation, or nobody has time for it. */
static bool confirm_begin(struct hw_events *events)
{
	struct hw_span file;
	struct hw_span root;
	char name[HW_NAME_SIZE_MAX];
	char hex[HW_HASH_TEXT_SIZE];
	if (!hw_json_find(events->message, HW_SPAN("file"), &file) ||
	    !hw_json_find(events->message, HW_SPAN("root"), &root)) {
		return false;
	}
	int name_size = hw_json_string(file, name, sizeof(name));
	if (name_size <= 0 || hw_json_string(root, hex, sizeof(hex)) != (int)sizeof(hex)) {
		return false;
	}
	struct hw_events_ask *ask = hw_pool_take(&events->talks->asks);
	if (ask == NULL) {
		return false;
	}
	ask->events = events;
	if (hw_hex_decode((struct hw_span){hex, sizeof(hex)}, ask->root, HW_HASH_SIZE) < 0) {
		hw_pool_give(&events->talks->asks, ask);
		return false;
	}
	events->ask = ask;
	/* The message's bytes are ours until message_end, and longer than a name that is in it. */
	memcpy(events->message_bytes, name, (uint32_t)name_size);
	events->seat.bytes = (struct hw_span){events->message_bytes, (uint32_t)name_size};
	ask->request = (struct hw_catalog_request){.name_size = (uint16_t)name_size};
	memcpy(ask->request.share_id, events->seat.share_id, HW_SHARE_ID_SIZE);
	memcpy(ask->request.name, name, (uint32_t)name_size);
	hw_catalog_submit(events->talks->catalog, &ask->request, HW_CATALOG_LOOKUP, lookup_done);
	return true;
}

/* What is no message of ours is not heard: pages of a later version may say more. */
static void message_look(struct hw_events *events)
{
	struct hw_span value;
	char type[16];
	int size = -EINVAL;
	if (hw_json_is_object(events->message) &&
	    hw_json_find(events->message, HW_SPAN("type"), &value)) {
		size = hw_json_string(value, type, sizeof(type));
	}
	struct hw_span name = {type, size < 0 ? 0 : (uint32_t)size};
	if (hw_span_equal(name, HW_SPAN("signal")) && signal_read(events)) {
		room_ask(events, HW_ROOM_SIGNAL);
		return;
	}
	if (hw_span_equal(name, HW_SPAN("confirm")) && confirm_begin(events)) {
		return;
	}
	message_end(events);
}

/* -- the end -- */

static void closed(void *user)
{
	struct hw_events *events = user;
	set_state(events, HW_EVENTS_LEAVING);
	events->has_message = false;
	if (events->parcel != NULL) {
		parcel_return(events);
	}
	leave_look(events);
}

/* When nothing is asked any more, the room is told; then we may go. */
static void leave_look(struct hw_events *events)
{
	if (events->is_asking || events->ask != NULL) {
		return;
	}
	if (!events->is_joined) {
		events_free(events);
		return;
	}
	events->seat.is_leaving_for_good = hw_ws_conn_said_goodbye(&events->ws);
	events->is_going = true;
	room_ask(events, HW_ROOM_LEAVE);
}
