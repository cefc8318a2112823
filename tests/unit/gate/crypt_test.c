/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a password is hashed and known again on its thread; who guesses too often is refused
 * before and after waiting; the queue has its end; nothing of a password is left.
 *
 * Method: a reactor and a worker in any order of turns, cheap parameters for the checks; virtual
 * time.
 */
#include "core/gate/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/base/clock.h"
#include "tests/sim/clock_sim.h"
#include "tests/unit/base/dies.h"
#include "tests/unit/loop/reactor_fixture.h"

#define SEEDS        100U
#define REQUESTS_MAX (HW_CRYPT_QUEUE_MAX + 20U)
/* "password", computed in no time. */
#define CHEAP                                                                                      \
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"                                                \
	"nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

struct office {
	struct hw_reactor reactor;
	struct hw_worker worker;
	struct hw_crypt crypt;
	struct hw_crypt_request requests[REQUESTS_MAX];
	uint32_t wanted_count;
	uint32_t done_count;
};

static struct office g_office;

static void office_begin(uint64_t seed)
{
	world_begin(seed);
	memset(&g_office, 0, sizeof(g_office));
	reactor_start(&g_office.reactor, 0);
	assert_int_equal(hw_worker_init(&g_office.worker), 0);
	assert_int_equal(hw_ring_enable(g_office.worker.ring), 0);
	hw_crypt_init(&g_office.crypt, &g_office.worker);
}

static void office_end(void)
{
	hw_crypt_deinit(&g_office.crypt);
	hw_worker_deinit(&g_office.worker);
	hw_reactor_deinit(&g_office.reactor);
	hw_sim_end();
}

static void done(struct hw_crypt_request *request)
{
	static const char nothing[HW_PASSWORD_SIZE_MAX];
	assert_false(request->in_flight);
	assert_int_equal(request->password_size, 0);
	assert_memory_equal(request->password, nothing, sizeof(nothing));
	g_office.done_count++;
}

static bool all_done(void *user)
{
	(void)user;
	return g_office.done_count == g_office.wanted_count;
}

static void wait_all(void)
{
	struct hw_sim_pump pump = {.actors = {hw_sim_actor_reactor(&g_office.reactor),
					      hw_sim_actor_worker(&g_office.worker)},
				   .count = 2,
				   .is_finished = all_done};
	assert_int_equal(hw_sim_pump(&pump), 0);
}

static void pass_ms(uint64_t ms)
{
	struct hw_sim_pump pump = {.actors = {hw_sim_actor_reactor(&g_office.reactor),
					      hw_sim_actor_worker(&g_office.worker)},
				   .count = 2,
				   .limit_ms = ms};
	assert_int_equal(hw_sim_pump(&pump), 0);
}

static void submit(struct hw_crypt_request *request, enum hw_crypt_verb verb, const char *password)
{
	request->password_size = (uint16_t)strlen(password);
	memcpy(request->password, password, request->password_size);
	g_office.wanted_count++;
	hw_crypt_submit(&g_office.crypt, &g_office.reactor, request, verb, done);
}

/* @share, @client: numbers that stand for one. */
static struct hw_crypt_request *check(uint32_t index, uint8_t share, uint8_t client,
				      const char *password)
{
	struct hw_crypt_request *request = &g_office.requests[index];
	struct hw_span phc = HW_SPAN(CHEAP);
	const uint8_t address[4] = {192, 0, 2, client};
	memset(request->share_id, share, sizeof(request->share_id));
	request->client = hw_address_of(address, client == 0 ? 0 : 4);
	request->phc_size = (uint8_t)phc.size;
	memcpy(request->phc, phc.bytes, phc.size);
	submit(request, HW_CRYPT_CHECK, password);
	return request;
}

static void test_hash_and_check(void **state)
{
	(void)state;
	office_begin(1);
	struct hw_crypt_request *request = &g_office.requests[0];
	submit(request, HW_CRYPT_HASH, "secret");
	wait_all();
	assert_int_equal(request->res, 0);
	assert_in_range(request->phc_size, 90, 100);
	submit(request, HW_CRYPT_CHECK, "secret");
	wait_all();
	assert_int_equal(request->res, 0);
	submit(request, HW_CRYPT_CHECK, "Secret");
	wait_all();
	assert_int_equal(request->res, -EACCES);
	request->phc[0] = 'x';
	submit(request, HW_CRYPT_CHECK, "secret");
	wait_all();
	assert_int_equal(request->res, -EBADMSG);
	office_end();
}

static uint32_t refused_count(uint32_t count)
{
	uint32_t refused = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct hw_crypt_request *request = &g_office.requests[i];
		bool is_refused = request->res == -EAGAIN;
		assert_true(is_refused || request->res == -EACCES);
		assert_true(!is_refused || request->retry_s > 0);
		refused += is_refused;
	}
	return refused;
}

/* All at once: those behind the tenth find, when it is their turn, that it was too many. */
static void share_run(uint64_t seed)
{
	office_begin(seed);
	for (uint32_t i = 0; i < 20; i++) {
		(void)check(i, 1, (uint8_t)(10 + i), "wrong");
	}
	wait_all();
	assert_int_equal(refused_count(20), 20 - HW_ATTEMPTS_FREE);
	/* The right one is refused too, until the pause is over; another share is not. */
	struct hw_crypt_request *request = check(0, 1, 99, "password");
	struct hw_crypt_request *other = check(1, 2, 99, "password");
	wait_all();
	assert_int_equal(request->res, -EAGAIN);
	assert_in_range(request->retry_s, 1, HW_ATTEMPTS_PAUSE_S);
	assert_int_equal(other->res, 0);
	pass_ms(UINT64_C(1000) * HW_ATTEMPTS_PAUSE_S);
	(void)check(0, 1, 99, "password");
	wait_all();
	assert_int_equal(request->res, 0);
	office_end();
}

static void test_a_share(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		share_run(seed);
	}
}

static void test_a_client(void **state)
{
	(void)state;
	office_begin(2);
	for (uint32_t i = 0; i < HW_ATTEMPTS_FREE; i++) {
		(void)check(i, (uint8_t)(1 + i), 7, "wrong");
	}
	wait_all();
	struct hw_crypt_request *request = check(0, 100, 7, "password");
	struct hw_crypt_request *other = check(1, 100, 8, "password");
	wait_all();
	assert_int_equal(request->res, -EAGAIN);
	assert_int_equal(other->res, 0);
	office_end();
}

/* Right ones never count, nor do clients whom nobody can name. */
static void test_what_does_not_count(void **state)
{
	(void)state;
	office_begin(3);
	for (uint32_t i = 0; i < 3 * HW_ATTEMPTS_FREE; i++) {
		(void)check(0, 1, 7, "password");
		wait_all();
		assert_int_equal(g_office.requests[0].res, 0);
		(void)check(1, (uint8_t)(10 + i), 0, "wrong");
		wait_all();
		assert_int_equal(g_office.requests[1].res, -EACCES);
	}
	office_end();
}

static void test_the_queue_has_an_end(void **state)
{
	(void)state;
	office_begin(4);
	for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
		(void)check(i, (uint8_t)i, 0, "password");
	}
	wait_all();
	uint32_t refused_count = 0;
	for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
		const struct hw_crypt_request *request = &g_office.requests[i];
		assert_true(request->res == 0 || request->res == -ENOBUFS);
		refused_count += request->res == -ENOBUFS;
		assert_int_equal(request->retry_s, request->res == 0 ? 0 : HW_CRYPT_RETRY_S);
	}
	assert_in_range(refused_count, 1, REQUESTS_MAX - HW_CRYPT_QUEUE_MAX);
	office_end();
}

static void cut_run(uint64_t seed)
{
	office_begin(seed);
	for (uint32_t i = 0; i < 40; i++) {
		if (i == 10) {
			hw_crypt_cut(&g_office.crypt, g_office.reactor.ring);
		}
		(void)check(i, (uint8_t)i, 0, "password");
	}
	wait_all();
	for (uint32_t i = 0; i < 40; i++) {
		int res = g_office.requests[i].res;
		assert_true(res == -ESHUTDOWN || (i < 10 && res == 0));
	}
	office_end();
}

static void test_a_cut_answers_all(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		cut_run(seed);
	}
}

static void submitted_twice(void)
{
	office_begin(1);
	(void)check(0, 1, 1, "password");
	(void)check(0, 1, 1, "password");
}

static void test_a_request_in_flight_is_not_submitted_again(void **state)
{
	(void)state;
	assert_true(aborts(submitted_twice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_and_check),
		cmocka_unit_test(test_a_share),
		cmocka_unit_test(test_a_client),
		cmocka_unit_test(test_what_does_not_count),
		cmocka_unit_test(test_the_queue_has_an_end),
		cmocka_unit_test(test_a_cut_answers_all),
		cmocka_unit_test(test_a_request_in_flight_is_not_submitted_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
