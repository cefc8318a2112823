/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/may.h"

#include "net/talk/reply.h"
#include "net/wire/base64.h"

bool hw_may_bearer(const struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE])
{
	struct hw_span value;
	if (!hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				   HW_SPAN("Authorization"), &value)) {
		return false;
	}
	struct hw_span scheme = HW_SPAN("Bearer ");
	if (value.size <= scheme.size ||
	    !hw_span_equal_nocase((struct hw_span){value.bytes, scheme.size}, scheme)) {
		return false;
	}
	uint8_t token[HW_TOKEN_SIZE] = {0};
	struct hw_span text = hw_span_skip(value, scheme.size);
	int r = hw_base64url_decode(text, token, HW_TOKEN_SIZE);
	struct hw_hash hash;
	hw_sha256(token, r < 0 ? 0 : HW_TOKEN_SIZE, &hash);
	memcpy(ret_hash, hash.bytes, HW_HASH_SIZE);
	explicit_bzero(token, sizeof(token));
	return true;
}

enum hw_token_kind hw_may_token(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	struct hw_hash hash;
	if (talks->tokens == NULL || !hw_may_bearer(conn, hash.bytes)) {
		return HW_TOKEN_NONE;
	}
	const struct hw_token *token = hw_tokens_find(talks->tokens, &hash);
	return token == NULL ? HW_TOKEN_NONE : token->kind;
}

bool hw_may_begin(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	enum hw_token_kind kind = hw_may_token(talks, conn);
	if (kind == HW_TOKEN_OPERATOR) {
		return true;
	}
	switch (talks->options.upload_policy) {
	case HW_UPLOAD_OPEN:
		return true;
	case HW_UPLOAD_LOOPBACK:
		return conn->is_loopback;
	case HW_UPLOAD_TOKEN:
		return kind == HW_TOKEN_UPLOAD;
	default:
		return false;
	}
}

bool hw_may_upload(const struct hw_talks *talks, struct hw_http_conn *conn)
{
	if (hw_may_begin(talks, conn)) {
		return true;
	}
	if (talks->options.upload_policy == HW_UPLOAD_TOKEN) {
		hw_reply_unauthorized(conn,
				      "Uploads need a token here: ask the operator for one and "
				      "send it as Authorization: Bearer <token>.");
		return false;
	}
	hw_reply_error(conn, 403,
		       "Uploads are closed on this address; the operator can open them with "
		       "upload = open, or give you a token with upload = token.");
	return false;
}
