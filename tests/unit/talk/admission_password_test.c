/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who looks at a share is asked for its password before its bytes, and then has a pass.
 *
 * Method: a table of requests to a share with a password, each with an answer as a client sees it,
 * over the real hashing of passwords.
 */
#include "net/talk/admission.h"

#include "core/gate/crypt.h"
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;
static struct talk_share g_share;
static struct hw_crypt g_crypt;

static void begin(void)
{
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	hw_crypt_init(&g_crypt, &g_world.worker);
	g_world.talks.options.crypt = &g_crypt;
}

static void end(void)
{
	talk_world_quiesce(&g_world);
	hw_crypt_deinit(&g_crypt);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void a_password_is_asked_for(void **state)
{
	static const struct talk_row rows[] = {
		{"PUT %P/a" HERE AS_OWNER "Content-Length: 3\r\n\r\nabc", 201, NULL, NULL, NULL},
		{"GET %P/a" HERE "\r\n", 401, "WWW-Authenticate", NULL, "password"},
		{"GET %P/none" HERE "\r\n", 401, NULL, NULL, NULL},
		/* What another asked for is no part of this question. */
		{"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa/none" HERE "\r\n", 404, NULL, NULL, NULL},
		{"GET %P/none.torrent" HERE "\r\n", 401, NULL, NULL, NULL},
		{"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa/none.torrent" HERE "\r\n", 404, NULL, NULL,
		 NULL},
		{"GET %P.zip" HERE "\r\n", 401, NULL, NULL, NULL},
		{"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa.zip" HERE "\r\n", 404, NULL, NULL, NULL},
		{"GET %P/a" HERE "Hawser-Password: wrong\r\n\r\n", 401, NULL, NULL, NULL},
		{"GET %P/a" HERE "Hawser-Pass: AAAA\r\n\r\n", 401, NULL, NULL, NULL},
		{"GET %P/a" HERE "Hawser-Password: s3cret\r\n\r\n", 200, "Hawser-Pass", NULL,
		 "abc"},
		{"GET %P/a" HERE "Authorization: Basic OnMzY3JldA==\r\n\r\n", 200, NULL, NULL,
		 "abc"},
		{SHARE_GET(""), 401, NULL, NULL, NULL},
		{SHARE_GET(AS_OWNER), 200, NULL, NULL, "\"a\""},
		{SHARE_GET("Hawser-Password: s3cret\r\n"), 200, NULL, NULL, "\"a\""},
	};
	(void)state;
	g_running.part = "a_password_is_asked_for";
	begin();
	share_make(&g_world, "{\"password\":\"s3cret\"}", &g_share);
	talk_rows_check(&g_world, &g_share, rows, hw_count_of(rows));
	end();
}

static void a_pass_opens_it_again(void **state)
{
	char text[1024];
	(void)state;
	g_running.part = "a_pass_opens_it_again";
	begin();
	share_make(&g_world, "{\"password\":\"s3cret\"}", &g_share);
	share_row(&g_world, &g_share, "PUT %P/a" HERE AS_OWNER "Content-Length: 3\r\n\r\nabc", 201,
		  NULL);
	struct hw_span request = talk_row_fill("GET %P/a" HERE "Hawser-Password: s3cret\r\n\r\n",
					       &g_share, text, sizeof(text));
	struct hw_span answer = talk_world_ask(&g_world, request);
	struct hw_span pass = talk_answer_field(answer, "Hawser-Pass");
	assert_true(pass.size > 0);
	int size = snprintf(text, sizeof(text), "GET %s/a" HERE "Hawser-Pass: %.*s\r\n\r\n",
			    g_share.path, (int)pass.size, pass.bytes);
	answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 200);
	assert_int_equal(talk_answer_field(answer, "Hawser-Pass").size, 0); /* it has one */
	/* Another password: what the old one opened is closed. */
	share_row(&g_world, &g_share,
		  "PATCH /api/v1/shares/%R" HERE AS_OWNER
		  "Content-Length: 18\r\n\r\n{\"password\":\"new\"}",
		  200, NULL);
	answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 401);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_asked_for),
		cmocka_unit_test(a_pass_opens_it_again),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
