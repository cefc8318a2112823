/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: each policy lets in whom it names and nobody else, an operator always; who is not let in is
 *       told how.
 *
 * Method: every policy with every token, by a loopback listener and not; then whole PUTs in a talk
 *         world.
 */
#include "net/talk/may.h"

#include "net/wire/base64.h"
#include "tests/unit/talk/asking.h"
#include "tests/unit/talk/talk_world.h"

enum { NONE = 0, UPLOAD, OPERATOR, UNKNOWN, BROKEN, TOKENS };

static struct asking g_asking;
static struct hw_tokens g_tokens;

static void token_text(uint32_t which, char *ret_field)
{
	uint8_t token[HW_TOKEN_SIZE];
	char text[HW_TOKEN_TEXT_SIZE];
	memset(token, (int)which, sizeof(token));
	hw_base64url_encode(token, sizeof(token), text);
	ret_field[0] = '\0';
	if (which != NONE) {
		(void)snprintf(ret_field, 100, "Authorization: Bearer %.*s\r\n",
			       which == BROKEN ? 20 : (int)sizeof(text), text);
	}
}

static void tokens_make(void)
{
	uint8_t token[HW_TOKEN_SIZE];
	g_tokens.count = 2;
	memset(token, UPLOAD, sizeof(token));
	hw_sha256(token, sizeof(token), &g_tokens.tokens[0].hash);
	g_tokens.tokens[0].kind = HW_TOKEN_UPLOAD;
	memset(token, OPERATOR, sizeof(token));
	hw_sha256(token, sizeof(token), &g_tokens.tokens[1].hash);
	g_tokens.tokens[1].kind = HW_TOKEN_OPERATOR;
}

static bool is_expected(enum hw_upload_policy policy, uint32_t which, bool is_loopback)
{
	return which == OPERATOR || policy == HW_UPLOAD_OPEN ||
	       (policy == HW_UPLOAD_LOOPBACK && is_loopback) ||
	       (policy == HW_UPLOAD_TOKEN && which == UPLOAD);
}

static void test_who_may(void **state)
{
	(void)state;
	tokens_make();
	for (uint32_t i = 0; i < HW_UPLOAD_COUNT * TOKENS * 2; i++) {
		enum hw_upload_policy policy = (enum hw_upload_policy)(i / (TOKENS * 2));
		uint32_t which = i / 2 % TOKENS;
		char field[100];
		token_text(which, field);
		struct hw_talks talks = {.options = {.upload_policy = policy}, .tokens = &g_tokens};
		struct hw_http_conn *conn = asking(&g_asking, field);
		conn->is_loopback = i % 2 == 1;
		assert_int_equal(hw_may_begin(&talks, conn),
				 is_expected(policy, which, conn->is_loopback));
		assert_int_equal(hw_may_operate(&talks, conn), which == OPERATOR);
		enum hw_token_kind kind = hw_may_token(&talks, conn);
		assert_int_equal(kind, which == OPERATOR ? HW_TOKEN_OPERATOR
				       : which == UPLOAD ? HW_TOKEN_UPLOAD
							 : HW_TOKEN_NONE);
		talks.tokens = NULL; /* no file yet */
		assert_int_equal(hw_may_token(&talks, conn), HW_TOKEN_NONE);
	}
}

static void test_bearer(void **state)
{
	(void)state;
	uint8_t hash[HW_HASH_SIZE];
	static const char *const none[] = {"", "Authorization: Basic YTpi\r\n",
					   "Authorization: Bearer\r\n",
					   "Authorization: Bearerx\r\n"};
	for (uint32_t i = 0; i < hw_count_of(none); i++) {
		assert_false(hw_may_bearer(asking(&g_asking, none[i]), hash));
	}
	assert_true(hw_may_bearer(asking(&g_asking, "authorization: BEARER x\r\n"), hash));
}

static struct talk_world g_world;

static void put_check(uint32_t which, uint32_t status, const char *field, const char *value)
{
	char text[100];
	char request[300];
	token_text(which, text);
	int size = snprintf(request, sizeof(request),
			    "PUT /n HTTP/1.1\r\nHost: here\r\n%sContent-Length: 1\r\n\r\nx", text);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){request, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), status);
	if (field != NULL) {
		assert_true(hw_span_equal(talk_answer_field(answer, field), hw_span_of(value)));
	}
}

static void test_put(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct hw_sim_options sim = hw_sim_calm(i);
		struct talk_world_options options = talk_world_plenty();
		options.upload_policy = i == 0 ? HW_UPLOAD_TOKEN : HW_UPLOAD_OFF;
		hw_sim_begin(&sim);
		talk_world_start(&g_world, &options);
		tokens_make();
		g_world.talks.tokens = &g_tokens;
		if (i == 0) {
			put_check(NONE, 401, "WWW-Authenticate", "Bearer");
			put_check(UNKNOWN, 401, "WWW-Authenticate", "Bearer");
			put_check(UPLOAD, 201, NULL, NULL);
		} else {
			put_check(NONE, 403, NULL, NULL);
			put_check(UPLOAD, 403, NULL, NULL);
		}
		put_check(OPERATOR, 201, NULL, NULL);
		g_tokens.count = 0; /* taken away */
		put_check(OPERATOR, i == 0 ? 401 : 403, NULL, NULL);
		talk_world_quiesce(&g_world);
		talk_world_stop(&g_world);
		hw_sim_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may),
		cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_put),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
