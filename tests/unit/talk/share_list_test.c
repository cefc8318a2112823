/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: an operator sees every share once, newest first, and nobody else sees any.
 *
 * Method: tokens of all kinds; more shares than a page has rows, many of one moment; cursors that
 * are none.
 */
#include "net/wire/base64.h"
#include "tests/unit/talk/share_world.h"

#define SHARE_COUNT         60U
#define LIST(query, fields) "GET /api/v1/shares" query HERE fields "\r\n"
#define ID                  "aaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct talk_world g_world;
static struct hw_tokens g_tokens;
static struct talk_share g_operator; /* its token */
static struct talk_share g_shares[SHARE_COUNT];

static void operator_make(void)
{
	uint8_t token[HW_TOKEN_SIZE];
	memset(token, 1, sizeof(token));
	hw_sha256(token, sizeof(token), &g_tokens.tokens[0].hash);
	g_tokens.tokens[0].kind = HW_TOKEN_OPERATOR;
	g_tokens.count = 1;
	hw_base64url_encode(token, sizeof(token), g_operator.token);
	g_world.talks.tokens = &g_tokens;
}

static void only_operators_see(void **state)
{
	static const struct talk_row rows[] = {
		{LIST("", ""), 401, "WWW-Authenticate", "Bearer", "operator"},
		{LIST("", "Authorization: Bearer x\r\n"), 403, NULL, NULL, "operator"},
		{LIST("", AS_OWNER), 200, NULL, NULL, "{\"shares\":[],\"next\":null}"},
		{"HEAD /api/v1/shares" HERE AS_OWNER "\r\n", 200, "Content-Length", "26", ""},
		{LIST("?before=x", AS_OWNER), 400, NULL, NULL, "before="},
		{LIST("?before=", AS_OWNER), 400, NULL, NULL, NULL},
		{LIST("?before=-" ID, AS_OWNER), 400, NULL, NULL, NULL},
		{LIST("?before=1-", AS_OWNER), 400, NULL, NULL, NULL},
		{LIST("?before=1-" ID "a", AS_OWNER), 400, NULL, NULL, NULL},
		{LIST("?before=99999999999999999999-" ID, AS_OWNER), 400, NULL, NULL, NULL},
		{LIST("?before=1-" ID, AS_OWNER), 200, NULL, NULL, "[]"},
	};
	(void)state;
	g_running.part = "only_operators_see";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	operator_make();
	talk_rows_check(&g_world, &g_operator, rows, hw_count_of(rows));
	/* Of a share the operator sees what the owner sees, and it ends it. */
	share_make(&g_world, "{}", &g_shares[0]);
	memcpy(g_shares[0].token, g_operator.token, sizeof(g_operator.token));
	share_row(&g_world, &g_shares[0], SHARE_GET(AS_OWNER), 200, "\"downloads\":0");
	share_row(&g_world, &g_shares[0], "DELETE /api/v1/shares/%R" HERE AS_OWNER "\r\n", 204, "");
	talk_rows_check(&g_world, &g_operator, &rows[2], 1);
	talk_table_end(&g_world);
}

/* How many of the shares stand in this page; each must be there once at most. */
static uint32_t page_look(struct hw_span body, bool seen[SHARE_COUNT])
{
	char id[64];
	uint32_t count = 0;
	for (uint32_t i = 0; i < SHARE_COUNT; i++) {
		(void)snprintf(id, sizeof(id), "\"id\":\"%s\"", g_shares[i].root);
		if (memmem(body.bytes, body.size, id, strlen(id)) != NULL) {
			assert_false(seen[i]);
			seen[i] = true;
			count++;
		}
	}
	return count;
}

static void pages_have_no_gap(void **state)
{
	bool seen[SHARE_COUNT] = {false};
	char text[512];
	char filled[512];
	char cursor[64] = "";
	uint32_t count = 0;
	(void)state;
	g_running.part = "pages_have_no_gap";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	operator_make();
	for (uint32_t i = 0; i < SHARE_COUNT; i++) {
		share_make(&g_world, "{}", &g_shares[i]);
	}
	for (uint32_t page = 0; page < 3; page++) {
		(void)snprintf(text, sizeof(text), "GET /api/v1/shares%s%s" HERE,
			       page > 0 ? "?before=" : "", cursor);
		uint32_t size = (uint32_t)strlen(text);
		talk_text_add(text, sizeof(text), &size, AS_OWNER "\r\n");
		struct hw_span answer = talk_world_ask(
			&g_world, talk_row_fill(text, &g_operator, filled, sizeof(filled)));
		assert_int_equal(talk_answer_status(answer), 200);
		count += page_look(talk_answer_body(answer), seen);
		if (page < 2) {
			share_text_find(talk_answer_body(answer), "\"next\":\"", cursor,
					sizeof(cursor));
		}
	}
	assert_int_equal(count, SHARE_COUNT);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_operators_see),
		cmocka_unit_test(pages_have_no_gap),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
