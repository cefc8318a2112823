/* SPDX-License-Identifier: Apache-2.0
 *
 *   take -> wish -> body_done -> wished -> done
 *   password -> (the thread of the passwords) -> hashed -> done
 *   answer, or head and send -> send_done -> free
 */
#include "net/talk/share_talk.h"

#include <errno.h>
#include <string.h>

#include "net/talk/may.h"
#include "net/talk/share_policy.h"

#define SEND_TRIES_MAX 10U /* seconds that a slow client may keep a text */

static void body_done(void *talk, int res);
static void wished(struct hw_text_body *body, int res);
static void hashed(struct hw_password_job *job);
static void send_done(void *talk, int res);

static const struct hw_http_handler g_handler = {
	.body_done = body_done, .send_done = send_done, .gives_way = true};

/* -- who asks -- */

bool hw_share_talk_asker(const struct hw_talks *talks, const struct hw_http_conn *conn,
			 struct hw_catalog_request *ret_request)
{
	memset(ret_request->owner_hash, 0, HW_HASH_SIZE);
	bool has_token = hw_may_bearer(conn, ret_request->owner_hash);
	ret_request->is_operator = hw_may_operate(talks, conn);
	return has_token || ret_request->is_operator;
}

void hw_share_reply_errno(struct hw_http_conn *conn, int error)
{
	switch (error) {
	case -EEXIST:
		hw_reply_error(conn, 409, "The share has a file of that name already.");
		break;
	case -EDQUOT:
		hw_reply_error(conn, 413,
			       "The file, or the share with it, would be larger than this server "
			       "allows; another share may have room for it.");
		break;
	default:
		hw_reply_errno(conn, error);
	}
}

struct hw_share_talk *hw_share_talk_take(struct hw_talks *talks, struct hw_http_conn *conn)
{
	struct hw_share_talk *talk = hw_pool_take(&talks->shares);
	if (talk == NULL) {
		hw_reply_busy(conn, "Too many shares are asked about; try again in a moment.");
		return NULL;
	}
	talk->talks = talks;
	talk->conn = conn;
	talk->request = (struct hw_catalog_request){.share = &talk->share};
	talk->share = (struct hw_share){.size = 0};
	talk->wish.given = 0;
	talk->wish.password_size = 0;
	talk->body = (struct hw_text_body){.talks = talks, .conn = conn};
	talk->send_tries = 0;
	talk->is_retried = false;
	talk->is_text = false;
	hw_http_conn_handle(conn, &g_handler, talk);
	return talk;
}

void hw_share_talk_free(struct hw_share_talk *talk)
{
	hw_text_body_end(&talk->body);
	explicit_bzero(talk->wish.password, talk->wish.password_size);
	explicit_bzero(talk->token, sizeof(talk->token));
	hw_pool_give(&talk->talks->shares, talk);
}

/* -- what is wished -- */

void hw_share_talk_wish(struct hw_share_talk *talk, bool is_change, hw_share_talk_fn *done)
{
	talk->is_change = is_change;
	talk->done = done;
	hw_text_body_begin(&talk->body, talk->talks, talk->conn, wished);
}

static void body_done(void *owner, int res)
{
	struct hw_share_talk *talk = owner;
	hw_text_body_came(&talk->body, res);
}

static void body_fail(struct hw_share_talk *talk, int error)
{
	struct hw_http_conn *conn = talk->conn;
	if (error == -ECONNRESET || error == -EPIPE) {
		hw_share_talk_free(talk);
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_close_after(conn);
	if (error == -EMSGSIZE) {
		hw_share_talk_refuse(talk, 413,
				     "That is too much for what can be said of a share; 64 KiB are "
				     "plenty.");
		return;
	}
	hw_share_talk_fail(talk, error);
}

static void wished(struct hw_text_body *body, int res)
{
	struct hw_share_talk *talk = hw_container_of(body, struct hw_share_talk, body);
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	if (res < 0) {
		body_fail(talk, res);
		return;
	}
	enum hw_share_wish_verdict verdict = hw_share_wish_parse(
		hw_text_body_span(body), talk->is_change, &talk->wish, sentence);
	hw_text_body_wipe(body);
	if (verdict != HW_SHARE_WISH_GOOD) {
		hw_share_talk_refuse(talk, hw_share_wish_status(verdict), sentence);
		return;
	}
	talk->done(talk);
}

bool hw_share_wishes_password(const struct hw_share_wish *wish)
{
	return (wish->given & HW_SHARE_WISH_PASSWORD) != 0 && wish->password_size > 0;
}

void hw_share_talk_password(struct hw_share_talk *talk, hw_share_talk_fn *done)
{
	struct hw_password_job *job = &talk->admission.password;
	talk->done = done;
	if (!hw_share_wishes_password(&talk->wish)) {
		done(talk);
		return;
	}
	int r = hw_password_set(job,
				(struct hw_span){talk->wish.password, talk->wish.password_size});
	hw_assert(r == 0); /* the wish was judged */
	explicit_bzero(talk->wish.password, talk->wish.password_size);
	hw_password_hash(job, talk->talks, hashed);
}

static void hashed(struct hw_password_job *job)
{
	struct hw_share_talk *talk = hw_container_of(job, struct hw_share_talk, admission.password);
	if (job->request.res < 0) {
		hw_password_reply(job, talk->conn);
		hw_share_talk_free(talk);
		return;
	}
	hw_share_policy_password_set(&talk->share.policy, job);
	talk->done(talk);
}

/* -- the answer -- */

void hw_share_talk_url_write(const struct hw_share_talk *talk, const struct hw_share *share,
			     struct hw_http_writer *writer)
{
	hw_reply_write_share(talk->conn, writer, talk->talks->options.public_url, share);
}

void hw_share_talk_file_url_write(const struct hw_share_talk *talk, const struct hw_share *share,
				  struct hw_span name, struct hw_http_writer *writer)
{
	hw_share_talk_url_write(talk, share, writer);
	hw_http_writer_text(writer, "/");
	hw_http_writer_uri(writer, name);
}

void hw_share_talk_row(const struct hw_share_talk *talk, const struct hw_share *share,
		       struct hw_share_row *ret_row)
{
	struct hw_http_writer url;
	const struct hw_share_policy *policy = &share->policy;
	hw_base32_encode(share->share_id, HW_SHARE_ID_SIZE, ret_row->id);
	hw_http_writer_init(&url, ret_row->url, sizeof(ret_row->url));
	hw_share_talk_url_write(talk, share, &url);
	hw_assert(!url.is_overflowed);
	ret_row->json = (struct hw_share_json_share){
		.id = {ret_row->id, sizeof(ret_row->id)},
		.url = hw_http_writer_span(&url),
		.link_name = {policy->link_name, policy->link_name_size},
		.message = {policy->message, policy->message_size},
		.created_ms = share->created_ms,
		.expires_ms = policy->expires_ms,
		.size = share->size,
		.file_count = share->file_count,
		.downloads = share->downloads,
		.downloads_max = policy->downloads_max,
		.mode = policy->mode,
		.has_password = policy->password_size > 0,
	};
}

void hw_share_talk_head(struct hw_share_talk *talk, uint32_t status, uint32_t size,
			struct hw_http_writer *ret_head)
{
	hw_http_conn_reply_begin(talk->conn, ret_head, status);
	hw_http_writer_field(ret_head, HW_SPAN("Content-Type"),
			     talk->is_text ? HW_SPAN("text/plain; charset=utf-8")
					   : HW_SPAN("application/json"));
	hw_http_writer_field_number(ret_head, HW_SPAN("Content-Length"), size);
	hw_http_writer_field(ret_head, HW_SPAN("Cache-Control"), HW_SPAN("no-store"));
	hw_http_writer_field(ret_head, HW_SPAN("X-Content-Type-Options"), HW_SPAN("nosniff"));
}

void hw_share_talk_send(struct hw_share_talk *talk, struct hw_http_writer *head, uint32_t size)
{
	hw_assert(talk->body.text != NULL && size <= sizeof(talk->body.text->bytes));
	talk->body.size = size; /* to be wiped */
	hw_http_writer_head_end(head);
	hw_assert(!head->is_overflowed);
	hw_http_conn_reply_send(talk->conn, head, talk->body.text->bytes, size);
}

void hw_share_talk_answer(struct hw_share_talk *talk, uint32_t status, struct hw_span token)
{
	struct hw_http_writer json;
	struct hw_http_writer head;
	struct hw_share_row row;
	hw_assert(talk->body.text != NULL);
	hw_http_writer_init(&json, talk->body.text->bytes, HW_TEXT_SIZE_MAX);
	static_assert(HW_SHARE_JSON_SHARE_SIZE(HW_SHARE_URL_SIZE_MAX) < HW_TEXT_SIZE_MAX,
		      "it fits");
	hw_share_talk_row(talk, &talk->share, &row);
	row.json.owner_token = token;
	hw_share_json_share_write(&json, &row.json);
	hw_http_writer_text(&json, "\n");
	hw_assert(!json.is_overflowed);
	hw_share_talk_head(talk, status, json.size, &head);
	if (status == 201) {
		hw_http_writer_text(&head, "Location: /api/v1/shares/");
		hw_http_writer_bytes(&head, row.json.id);
		hw_http_writer_text(&head, "\r\n");
	}
	hw_share_talk_send(talk, &head, json.size);
}

static void send_done(void *owner, int res)
{
	struct hw_share_talk *talk = owner;
	struct hw_http_conn *conn = talk->conn;
	if (res == -EAGAIN && talk->send_tries < SEND_TRIES_MAX) {
		talk->send_tries++;
		hw_http_conn_send_more(conn);
		return;
	}
	hw_share_talk_free(talk);
	if (res < 0) {
		hw_http_conn_abort(conn);
		return;
	}
	hw_http_conn_end(conn);
}

void hw_share_talk_fail(struct hw_share_talk *talk, int error)
{
	struct hw_http_conn *conn = talk->conn;
	hw_share_talk_free(talk);
	if (error == -ENOBUFS) {
		hw_reply_busy(conn, "Too much is said of shares; try again in a moment.");
		return;
	}
	hw_reply_errno(conn, error);
}

void hw_share_talk_refuse(struct hw_share_talk *talk, uint32_t status, const char *sentence)
{
	struct hw_http_conn *conn = talk->conn;
	hw_share_talk_free(talk);
	if (status == 503) {
		hw_reply_busy(conn, sentence);
		return;
	}
	hw_reply_error(conn, status, sentence);
}
