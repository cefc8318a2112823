/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a password is read from wherever it may stand and found nowhere afterwards; it is hashed
 * and
 *       checked for the client who brought it; each outcome has its answer.
 *
 * Method: tables of heads, searched afterwards; a crypt worker and a reactor in any order of turns;
 *         each answer as a client sees it, in a talk world.
 */
#include "net/talk/password.h"

#include <errno.h>

#include "tests/unit/talk/asking.h"
#include "tests/unit/talk/talk_world.h"

/* "password", computed in no time. */
#define CHEAP                                                                                      \
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"                                                \
	"nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

static struct asking g_asking;
static struct hw_password_job g_job;

static void test_where_it_stands(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		int result;
		const char *password;
	} rows[] = {
		{"", 0, ""},
		{"Authorization: Bearer abc\r\n", 0, ""},
		{"Hawser-Password: s3cret word\r\n", 1, "s3cret word"},
		{"hawser-password: \xc3\xa4\r\n", 1, "\xc3\xa4"},
		{"Authorization: Basic dXNlcjpzM2NyZXQ=\r\n", 1, "s3cret"},
		{"Authorization: basic OnMzOmNyZXQ=\r\n", 1, "s3:cret"},
		{"Hawser-Password: a\r\nAuthorization: Basic OnMzOmNyZXQ=\r\n", 1, "a"},
		{"Hawser-Password: \r\n", -EINVAL, ""},
		{"Authorization: Basic dXNlcjo=\r\n", -EINVAL, ""},
		{"Authorization: Basic dXNlcg==\r\n", -EINVAL, ""},
		{"Authorization: Basic !\r\n", -EINVAL, ""},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_http_conn *conn = asking(&g_asking, rows[i].fields);
		assert_int_equal(hw_password_take(&g_job, conn), rows[i].result);
		struct hw_span password = {g_job.request.password, g_job.request.password_size};
		assert_true(hw_span_equal(password, hw_span_of(rows[i].password)));
		assert_null(memmem(g_asking.bytes, sizeof(g_asking.bytes), "s3", 2));
		assert_null(memmem(g_asking.bytes, sizeof(g_asking.bytes), "zM2Ny", 5));
		hw_password_drop(&g_job);
	}
	char longest[HW_PASSWORD_SIZE_MAX + 1];
	memset(longest, 'x', sizeof(longest));
	struct hw_span text = {longest, sizeof(longest)};
	assert_int_equal(hw_password_set(&g_job, text), -EINVAL);
	text.size--;
	assert_int_equal(hw_password_set(&g_job, text), 0);
	hw_password_drop(&g_job);
	assert_null(memmem(&g_job, sizeof(g_job), "xxx", 3));
}

/* -- on its thread -- */

static struct talk_world g_world;
static struct hw_crypt g_crypt;
static bool g_is_done;

static void world_start(uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct talk_world_options options = talk_world_plenty();
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	hw_crypt_init(&g_crypt, &g_world.worker);
	g_world.talks.options.crypt = &g_crypt;
}

static void world_stop(void)
{
	talk_world_quiesce(&g_world);
	hw_crypt_deinit(&g_crypt);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void done(struct hw_password_job *job)
{
	assert_ptr_equal(job, &g_job);
	g_is_done = true;
}

static bool is_done(void *user)
{
	(void)user;
	return g_is_done;
}

static void job_wait(void)
{
	assert_false(g_is_done);
	assert_int_equal(talk_world_run(&g_world, is_done, NULL), 0);
	g_is_done = false;
}

static int check(const char *password, const char *peer, const char *phc)
{
	static const uint8_t id[HW_SHARE_ID_SIZE] = {1};
	struct hw_share_access access = {.password_size = (uint8_t)strlen(phc)};
	struct hw_http_conn *conn = asking(&g_asking, "");
	asking_peer(&g_asking, peer);
	memcpy(access.password, phc, access.password_size);
	assert_int_equal(hw_password_set(&g_job, hw_span_of(password)), 0);
	hw_password_check(&g_job, &g_world.talks, conn, id, &access, done);
	job_wait();
	return g_job.request.res;
}

static void test_hash_and_check(void **state)
{
	(void)state;
	world_start(1);
	assert_int_equal(hw_password_set(&g_job, HW_SPAN("s3cret")), 0);
	hw_password_hash(&g_job, &g_world.talks, done);
	job_wait();
	assert_int_equal(g_job.request.res, 0);
	char phc[HW_PHC_SIZE_MAX + 1] = {0};
	memcpy(phc, g_job.request.phc, g_job.request.phc_size);
	assert_int_equal(check("s3cret", "192.0.2.1", phc), 0);
	assert_int_equal(check("S3cret", "192.0.2.1", phc), -EACCES);
	world_stop();
}

static void test_a_client_is_counted(void **state)
{
	(void)state;
	world_start(2);
	for (uint32_t i = 0; i < HW_ATTEMPTS_FREE; i++) {
		assert_int_equal(check("wrong", "2001:db8::1", CHEAP), -EACCES);
	}
	assert_int_equal(check("password", "2001:db8::2", CHEAP), -EAGAIN);
	assert_in_range(g_job.request.retry_s, 1, HW_ATTEMPTS_PAUSE_S);
	world_stop();
}

/* -- answers -- */

static const struct {
	int res;
	uint32_t status;
	const char *field;
	const char *value;
} g_answers[] = {
	{-EACCES, 401, "WWW-Authenticate", "Hawser-Password"},
	{-EAGAIN, 429, "Retry-After", "77"},
	{-ENOBUFS, 503, "Retry-After", "77"},
	{-ENOMEM, 503, "Retry-After", "5"},
	{-EBADMSG, 500, NULL, NULL},
	{-ESHUTDOWN, 503, NULL, NULL},
	{0, 401, "WWW-Authenticate", "Hawser-Password"}, /* wanted */
};
static uint32_t g_answer;

static void answer_begin(void *user, struct hw_http_conn *conn)
{
	(void)user;
	g_job.request.res = g_answers[g_answer].res;
	g_job.request.retry_s = 77;
	if (g_job.request.res == 0) {
		hw_password_reply_wanted(conn);
	} else {
		hw_password_reply(&g_job, conn);
	}
}

static void test_answers(void **state)
{
	(void)state;
	world_start(3);
	g_world.server.route.begin = answer_begin;
	for (g_answer = 0; g_answer < hw_count_of(g_answers); g_answer++) {
		struct hw_span answer =
			talk_world_ask(&g_world, HW_SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
		assert_int_equal(talk_answer_status(answer), g_answers[g_answer].status);
		if (g_answers[g_answer].field != NULL) {
			assert_true(
				hw_span_equal(talk_answer_field(answer, g_answers[g_answer].field),
					      hw_span_of(g_answers[g_answer].value)));
		}
	}
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_it_stands),
		cmocka_unit_test(test_hash_and_check),
		cmocka_unit_test(test_a_client_is_counted),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
