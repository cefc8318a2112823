/* SPDX-License-Identifier: Apache-2.0
 *
 * share_world.h - shares made over the public interface, for tables of requests about them
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 *
 * In rows (talk_table.h) %P is the path of the link, %R the share's id, %T the owner's token.
 */
#ifndef HW_TESTS_UNIT_TALK_SHARE_WORLD_H
#define HW_TESTS_UNIT_TALK_SHARE_WORLD_H

#include <stdio.h>

#include "tests/unit/talk/talk_table.h"

#define HERE                " HTTP/1.1\r\nHost: here\r\n"
#define AS_OWNER            "Authorization: Bearer %T\r\n"
#define SHARE_POST(size, x) "POST /api/v1/shares" HERE "Content-Length: " size "\r\n\r\n" x
#define SHARE_GET(fields)   "GET /api/v1/shares/%R" HERE fields "\r\n"

/* The text between @before and the next quote. */
static inline void share_text_find(struct hw_span body, const char *before, char *ret_text,
				   uint32_t capacity)
{
	const char *at = memmem(body.bytes, body.size, before, strlen(before));
	assert_non_null(at);
	at += strlen(before);
	const char *end = memchr(at, '"', body.size - (uint32_t)(at - body.bytes));
	assert_non_null(end);
	assert_true((uint32_t)(end - at) < capacity);
	memcpy(ret_text, at, (size_t)(end - at));
	ret_text[end - at] = '\0';
}

/* @wish: JSON. */
static inline void share_make(struct talk_world *world, const char *wish,
			      struct talk_share *ret_share)
{
	char text[4096];
	int size = snprintf(text, sizeof(text),
			    "POST /api/v1/shares" HERE "Content-Length: %zu\r\n\r\n%s",
			    strlen(wish), wish);
	struct hw_span answer = talk_world_ask(world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 201);
	struct hw_span body = talk_answer_body(answer);
	memset(ret_share, 0, sizeof(*ret_share));
	share_text_find(body, "{\"id\":\"", ret_share->root, sizeof(ret_share->root));
	share_text_find(body, "\"owner_token\":\"", ret_share->token, sizeof(ret_share->token));
	share_text_find(body, "\"url\":\"http://here", ret_share->path, sizeof(ret_share->path));
}

/* One row. */
static inline void share_row(struct talk_world *world, const struct talk_share *share,
			     const char *request, uint32_t status, const char *body)
{
	struct talk_row row = {request, status, NULL, NULL, body};
	talk_rows_check(world, share, &row, 1);
}

#endif
