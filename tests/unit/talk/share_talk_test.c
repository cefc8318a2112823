/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: there is no step of a conversation about a share at which an operation may not fail, the
 * catalog may not refuse, the daemon may not stop.
 *
 * Method: one small scenario over all of them, first undisturbed, which says how many steps,
 * operations and requests it has; then once for each of them, with the disturbance there. Whatever
 * is answered, everything must come back.
 */
#include "tests/unit/talk/share_world.h"

#define SEED_COUNT 8U

enum disturbance { NOTHING = 0, DRAIN, CUT, OPERATION_FAILS, REQUEST_FAILS, DISTURBANCE_COUNT };

struct run {
	enum disturbance disturbance;
	uint64_t place; /* 1 is the first */
	uint64_t step_count;
	uint64_t attempt_count;
	uint64_t request_count;
};

static struct talk_world g_world;
static struct talk_share g_share;

static void before_step(void *user, uint64_t step)
{
	const struct run *run = user;
	if (step + 1 != run->place || g_world.server.is_draining) {
		return;
	}
	if (run->disturbance == DRAIN || run->disturbance == CUT) {
		hw_http_server_drain(&g_world.server);
	}
	if (run->disturbance == CUT) {
		hw_http_server_cut(&g_world.server);
	}
}

/* All that one client says on one connection, and then it is silent. */
static void talk_all(bool is_strict)
{
	static const char *const requests[] = {
		"PUT %P/a" HERE AS_OWNER "Content-Length: 3\r\n\r\nabc",
		"PUT %P/b" HERE AS_OWNER "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		SHARE_GET(AS_OWNER),
		"GET %P" HERE "\r\n",
		"PATCH /api/v1/shares/%R" HERE AS_OWNER
		"Content-Length: 15\r\n\r\n{\"message\":\"a\"}",
		"PUT /c" HERE "Hawser-Link: other\r\nContent-Length: 1\r\n\r\nx",
		"DELETE /api/v1/shares/%R" HERE AS_OWNER "\r\n",
		"PUT /c" HERE "Hawser-Link: other\r\nContent-Length: 1\r\n\r\nx",
	};
	static const uint32_t statuses[] = {201, 201, 200, 200, 200, 201, 204, 409};
	char text[512];
	for (uint32_t i = 0; i < hw_count_of(requests) && !g_world.server.is_draining; i++) {
		struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
		struct hw_span request = talk_row_fill(requests[i], &g_share, text, sizeof(text));
		hw_sim_peer_write(peer, request.bytes, request.size);
		talk_world_pass(&g_world, 200);
		if (is_strict) {
			assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), statuses[i]);
		}
		hw_sim_peer_shutdown(peer);
	}
}

/* Returns whether a share was made. */
static bool create(void)
{
	if (g_world.server.is_draining) {
		return false;
	}
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	static const char request[] = SHARE_POST("22", "{\"link_name\":\"a-link\"}");
	hw_sim_peer_write(peer, request, sizeof(request) - 1);
	talk_world_pass(&g_world, 200);
	struct hw_span answer = hw_sim_peer_got(peer);
	hw_sim_peer_shutdown(peer);
	if (talk_answer_status(answer) != 201) {
		return false;
	}
	struct hw_span body = talk_answer_body(answer);
	if (memmem(body.bytes, body.size, "\"file_count\":0}", 15) == NULL) {
		return false; /* it was cut */
	}
	share_text_find(body, "{\"id\":\"", g_share.root, sizeof(g_share.root));
	share_text_find(body, "\"owner_token\":\"", g_share.token, sizeof(g_share.token));
	share_text_find(body, "\"url\":\"http://here", g_share.path, sizeof(g_share.path));
	return true;
}

static void scenario_run(struct run *run, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	sim.before_step = before_step;
	sim.before_step_user = run;
	sim.fail_attempt = run->disturbance == OPERATION_FAILS ? run->place : 0;
	g_running.seed = seed;
	g_running.place = run->place;
	struct talk_world_options options = talk_world_plenty();
	options.idle_timeout_ms = 100;
	options.stall_timeout_ms = 2500;
	hw_sim_begin(&sim);
	talk_world_start(&g_world, &options);
	g_world.catalog.fail_request = run->disturbance == REQUEST_FAILS ? run->place : 0;
	bool is_made = create();
	assert_true(is_made || run->disturbance != NOTHING);
	if (is_made) {
		talk_all(run->disturbance == NOTHING);
	}
	run->step_count = hw_sim_step_count();
	run->attempt_count = hw_sim_attempt_count();
	run->request_count = g_world.catalog.request_count;
	talk_world_quiesce(&g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static uint64_t place_count(enum disturbance disturbance, const struct run *calm)
{
	if (disturbance == OPERATION_FAILS) {
		return calm->attempt_count;
	}
	return disturbance == REQUEST_FAILS ? calm->request_count : calm->step_count;
}

static void every_place_is_disturbed(void **state)
{
	uint64_t total = 0;
	(void)state;
	g_running.part = "every_place_is_disturbed";
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		struct run calm = {.disturbance = NOTHING};
		scenario_run(&calm, seed);
		for (enum disturbance kind = DRAIN; kind < DISTURBANCE_COUNT; kind++) {
			uint64_t places = place_count(kind, &calm);
			assert_true(places > 3);
			for (uint64_t place = 1; place <= places; place++) {
				struct run run = {.disturbance = kind, .place = place};
				scenario_run(&run, seed);
			}
			total += places;
		}
	}
	print_message("%llu places\n", (unsigned long long)total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_place_is_disturbed)};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
