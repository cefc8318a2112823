/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no Cookie, Hawser-Pass, Authorization or Hawser-Password of a stranger opens a share or
 *       breaks the reader; a good pass is found whatever stands in front of it; a password is gone
 *       from the head once it was taken.
 *
 * Method: the input as the value of each of these fields; cookies also with a good pass behind
 * them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net/talk/may.h"
#include "net/talk/pass.h"
#include "net/talk/password.h"

#define INPUT_SIZE_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hw_http_conn g_conn;
static struct hw_http_head g_head;
static char g_bytes[INPUT_SIZE_MAX + 512];
static const uint8_t g_id[HW_SHARE_ID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Returns false when that is no head. */
static bool head_make(const char *field, struct hw_span value, const char *behind)
{
	int start = snprintf(g_bytes, sizeof(g_bytes), "GET / HTTP/1.1\r\nHost: a\r\n%s: ", field);
	uint32_t size = (uint32_t)start;
	memcpy(g_bytes + size, value.bytes, value.size);
	size += value.size;
	size += (uint32_t)snprintf(g_bytes + size, sizeof(g_bytes) - size, "%s\r\n\r\n", behind);
	memset(&g_head, 0, sizeof(g_head));
	hw_http_parser_init(&g_head.parser);
	g_conn.head = &g_head;
	g_conn.input.bytes = g_bytes;
	return hw_http_parser_feed(&g_head.parser, g_bytes, size) == HW_HTTP_DONE &&
	       g_head.parser.request.head_size == size;
}

static void pass_check(struct hw_talks *talks, struct hw_span value)
{
	char text[HW_PASS_TEXT_SIZE + 1] = {0};
	char cookie[128];
	struct hw_share_access access = {.password_size = 3, .password = "phc"};
	hw_pass_make(talks, g_id, &access, text);
	if (head_make("Cookie", value, "")) {
		hw_assert(!hw_pass_came(talks, &g_conn, g_id, &access));
	}
	if (head_make("Hawser-Pass", value, "")) {
		hw_assert(!hw_pass_came(talks, &g_conn, g_id, &access));
	}
	(void)snprintf(cookie, sizeof(cookie), "; hawser-aebagbaf=%s", text);
	if (head_make("Cookie", value, cookie)) {
		hw_assert(hw_pass_came(talks, &g_conn, g_id, &access));
	}
}

static void password_check(struct hw_span value)
{
	static const char *const fields[] = {"Hawser-Password", "Authorization"};
	static struct hw_password_job job;
	for (uint32_t i = 0; i < hw_count_of(fields); i++) {
		if (!head_make(fields[i], value, "")) {
			continue;
		}
		struct hw_span before;
		bool has_field = hw_http_request_field(&g_head.parser.request, g_bytes,
						       hw_span_of(fields[i]), &before);
		hw_assert(has_field);
		int r = hw_password_take(&job, &g_conn);
		hw_assert(r <= 1);
		hw_assert((r == 1) == (job.request.password_size > 0));
		for (uint32_t j = 0; r != 0 && j < before.size; j++) {
			hw_assert(before.bytes[j] == '\0');
		}
		hw_password_drop(&job);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hw_reactor reactor;
	static struct hw_tokens tokens = {.count = 1, .tokens = {{.kind = HW_TOKEN_OPERATOR}}};
	struct hw_talks talks = {.reactor = &reactor, .tokens = &tokens};
	struct hw_span value = {(const char *)data, (uint32_t)size};
	/* One value: a line of its own would be another field. */
	if (size == 0 || size > INPUT_SIZE_MAX || memchr(data, '\r', size) != NULL) {
		return 0;
	}
	reactor.wall_ms = UINT64_C(1764000000000);
	pass_check(&talks, value);
	password_check(value);
	if (head_make("Authorization", value, "")) {
		hw_assert(hw_may_token(&talks, &g_conn) == HW_TOKEN_NONE);
	}
	return 0;
}
