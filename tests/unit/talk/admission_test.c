/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who has begun too much is told when to come again, for whatever moves bytes, and nothing of
 * a limit is kept when its transfers are over; without limits nobody is asked.
 *
 * Method: a talk world with limits of two transfers a minute and requests of every kind that
 * counts, one after the other; then a question on its own, answered and given back.
 */
#include "net/talk/admission.h"

#include "tests/unit/talk/asking.h"
#include "tests/unit/talk/talk_world.h"

#define HOLDS 8U
#define PUT_X "PUT /x HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\n\r\nx"
#define PATCH_X                                                                                    \
	"PATCH /api/v1/uploads/aaaaaaaaaaaaaaaaaaaaaaaaae HTTP/1.1\r\nHost: here\r\n"              \
	"Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: 1\r\n"                        \
	"Content-Type: application/offset+octet-stream\r\n\r\nx"
#define GET_X(path) "GET " path " HTTP/1.1\r\nHost: here\r\n\r\n"
#define LINK        "/s/aaaaaaaaaaaaaaaaaaaaaaaaae"

static struct talk_world g_world;
static struct hw_rates g_rates;
static struct asking g_asking;
static struct hw_admission g_admission;
static bool g_is_done;
static bool g_is_in;

static void world_start(uint32_t per_minute, uint32_t transfers_max)
{
	struct hw_sim_options sim = hw_sim_calm(1);
	struct talk_world_options options = talk_world_plenty();
	struct hw_rate_limits limits = {.per_minute = {per_minute, per_minute},
					.transfers_max = transfers_max};
	options.has_access_log = true; /* so peers have addresses */
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	hw_rates_init(&g_rates, &limits, 1);
	g_world.talks.options.rates = &g_rates;
	g_world.talks.options.worker = &g_world.worker;
	assert_int_equal(hw_pool_init(&g_world.talks.holds, sizeof(struct hw_rate_hold), 64, HOLDS),
			 0);
}

static void world_stop(void)
{
	talk_world_quiesce(&g_world);
	assert_int_equal(hw_pool_used_count(&g_world.talks.holds), 0);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void every_kind_counts(void **state)
{
	(void)state;
	static const struct {
		const char *request;
		uint32_t status;
	} rows[] = {
		{PUT_X, 201},
		{PATCH_X, 404},
		{GET_X(LINK), 404},
		{GET_X(LINK ".zip"), 404},
		{GET_X(LINK "/x.torrent"), 404},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		world_start(2, 0);
		for (uint32_t turn = 0; turn < 3; turn++) {
			struct hw_span answer =
				talk_world_ask(&g_world, hw_span_of(rows[i].request));
			assert_int_equal(talk_answer_status(answer),
					 turn < 2 ? rows[i].status : 429);
			struct hw_span later = talk_answer_field(answer, "Retry-After");
			assert_int_equal(later.size > 0, turn == 2);
		}
		world_stop();
	}
}

static void done(struct hw_admission *admission, bool is_in)
{
	assert_ptr_equal(admission, &g_admission);
	g_is_done = true;
	g_is_in = is_in;
}

static bool is_done(void *user)
{
	(void)user;
	return g_is_done;
}

static void it_is_asked_only_where_there_is_a_limit(void **state)
{
	(void)state;
	for (uint32_t transfers_max = 0; transfers_max < 2; transfers_max++) {
		world_start(0, transfers_max);
		struct hw_http_conn *conn = asking(&g_asking, "");
		asking_peer(&g_asking, "192.0.2.1");
		g_is_done = false;
		g_admission = (struct hw_admission){.talks = NULL};
		hw_admission_init(&g_admission, &g_world.talks, conn, done);
		enum hw_admission_verdict verdict = hw_admission_rate(&g_admission, HW_RATE_UPLOAD);
		assert_int_equal(verdict, transfers_max == 0 ? HW_ADMISSION_IN : HW_ADMISSION_WAIT);
		if (verdict == HW_ADMISSION_WAIT) {
			assert_int_equal(talk_world_run(&g_world, is_done, NULL), 0);
			assert_true(g_is_in);
			assert_int_equal(hw_pool_used_count(&g_world.talks.holds), 1);
		}
		static const struct hw_share_access open = {.password_size = 0};
		static const uint8_t share_id[HW_SHARE_ID_SIZE] = {1};
		assert_int_equal(hw_admission_password(&g_admission, share_id, &open),
				 HW_ADMISSION_IN);
		assert_false(g_admission.gives_pass);
		hw_admission_leave(&g_admission);
		hw_admission_leave(&g_admission); /* twice is once */
		world_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_counts),
		cmocka_unit_test(it_is_asked_only_where_there_is_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
