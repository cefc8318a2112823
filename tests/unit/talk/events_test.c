/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who may follow a share follows it, nobody else does, and however a follower, the catalog or
 * the daemon ends, everything comes back.
 *
 * Method: tables of requests; a scene with a receiver that signals itself and confirms a file, once
 * undisturbed and then with a disturbance before each of its steps, and with each request to the
 * catalog failing.
 *
 *	unit_talk_events
 */
#include "tests/sim/ws_peer.h"
#include "tests/unit/talk/talk_table.h"

#define SHARE_SIZE 5000U
#define ORIGIN     "Host: here\r\n"
#define UPGRADE                                                                                    \
	ORIGIN "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"        \
	       "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

static struct talk_world g_world;
static struct talk_model g_model;

static const char *id_of(const struct talk_share *share)
{
	return share->path + strlen("/s/");
}

static struct hw_span request_make(const struct talk_share *share, const char *more,
				   const char *fields, char text[1024])
{
	int size = snprintf(text, 1024, "GET /api/v1/events?share=%.26s%s HTTP/1.1\r\n%s\r\n",
			    id_of(share), more, fields);
	assert_true(size > 0 && size < 1024);
	return (struct hw_span){text, (uint32_t)size};
}

static uint32_t status_of(const struct talk_share *share, const char *more, const char *fields)
{
	char text[1024];
	return talk_answer_status(
		talk_world_ask(&g_world, request_make(share, more, fields, text)));
}

static void who_may(void **state)
{
	(void)state;
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	memset(&g_model, 0, sizeof(g_model));
	uint32_t index = talk_share_make(&g_world, &g_model, SHARE_SIZE, 0);
	const struct talk_share *share = &g_model.shares[index];
	struct talk_share nothing = *share;
	memset(nothing.path + strlen("/s/"), 'a', 26);
	char owner[1024];
	(void)snprintf(owner, sizeof(owner), UPGRADE "Authorization: Bearer %s\r\n", share->token);
	char page[1024];
	(void)snprintf(page, sizeof(page), UPGRADE "Sec-WebSocket-Protocol: hawser, bearer.%s\r\n",
		       share->token);
	assert_int_equal(status_of(share, "", UPGRADE), 101);
	assert_int_equal(status_of(share, "&role=receiver&since=7", UPGRADE), 101);
	assert_int_equal(status_of(share, "&role=sender", UPGRADE), 401);
	assert_int_equal(status_of(share, "&role=sender", owner), 101);
	assert_int_equal(status_of(share, "&role=sender", page), 101);
	assert_int_equal(status_of(share, "&role=sender",
				   UPGRADE "Authorization: Bearer "
					   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"),
			 403);
	assert_int_equal(status_of(&nothing, "", UPGRADE), 404);
	assert_int_equal(status_of(share, "", ORIGIN), 426);
	assert_int_equal(status_of(share, "", UPGRADE "Origin: http://there\r\n"), 403);
	assert_int_equal(status_of(share, "", UPGRADE "Origin: http://here\r\n"), 101);
	talk_table_end(&g_world);
}

/* -- a scene -- */

enum disturbance {
	NOTHING = 0,
	PEER_RESETS,
	PEER_FINISHES,
	DRAIN,
	CUT,
	REQUEST_FAILS,
	DISTURBANCE_COUNT,
};

static struct {
	enum disturbance disturbance;
	uint64_t place;
	struct hw_sim_peer *peer;
	bool has_signal;
	bool is_confirmed;
	bool has_spoken;
	char client[32];
} g_scene;

static void before_step(void *user, uint64_t step)
{
	(void)user;
	if (step + 1 != g_scene.place || g_scene.peer == NULL) {
		return;
	}
	switch (g_scene.disturbance) {
	case PEER_RESETS:
		hw_sim_peer_reset(g_scene.peer);
		g_scene.has_spoken = true;
		break;
	case PEER_FINISHES:
		hw_sim_peer_shutdown(g_scene.peer);
		g_scene.has_spoken = true;
		break;
	case DRAIN:
		hw_http_server_drain(&g_world.server);
		hw_talks_drain(&g_world.talks);
		break;
	case CUT:
		hw_http_server_drain(&g_world.server);
		hw_talks_drain(&g_world.talks);
		hw_http_server_cut(&g_world.server);
		break;
	default:
		break;
	}
}

static void say(const char *text)
{
	char bytes[1024];
	uint32_t size = ws_client_frame(0x81, text, (uint32_t)strlen(text), true, bytes);
	hw_sim_peer_write(g_scene.peer, bytes, size);
}

static void speak(const struct talk_share *share)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "{\"type\":\"signal\",\"to\":\"%.22s\",\"data\":[1]}",
		       g_scene.client);
	say(text);
	say("{\"type\":\"hello\"}");
	say("no JSON");
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"confirm\",\"file\":\"%s\",\"root\":\"%.64s\"}", "file 0.bin",
		       share->root); /* as talk_share_make names the first */
	say(text);
	g_scene.has_spoken = true;
}

/* What has come so far. */
static bool scene_listen(void *user)
{
	const struct talk_share *share = user;
	struct hw_span got = hw_sim_peer_got(g_scene.peer);
	const char *text = got.size > 0 ? memmem(got.bytes, got.size, "\"client\":\"", 10) : NULL;
	if (text != NULL && !g_scene.has_spoken && got.bytes + got.size - text > 40) {
		memcpy(g_scene.client, text + 10, HW_CLIENT_ID_TEXT);
		speak(share);
	}
	g_scene.has_signal |= got.size > 0 && memmem(got.bytes, got.size, "\"data\":[1]", 10);
	g_scene.is_confirmed |=
		got.size > 0 && memmem(got.bytes, got.size, "\"state\":\"confirmed\"", 19) != NULL;
	return (g_scene.has_signal && g_scene.is_confirmed) || hw_sim_peer_has_end(g_scene.peer) ||
	       hw_sim_peer_is_closed(g_scene.peer) || hw_sim_peer_is_reset(g_scene.peer);
}

static uint64_t scene_run(enum disturbance disturbance, uint64_t place, uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	char text[1024];
	sim.before_step = before_step;
	memset(&g_scene, 0, sizeof(g_scene));
	memset(&g_model, 0, sizeof(g_model));
	g_running.seed = seed;
	g_running.place = place;
	hw_sim_begin(&sim);
	struct talk_world_options options = talk_world_plenty();
	talk_world_start(&g_world, &options);
	uint32_t index = talk_share_make(&g_world, &g_model, SHARE_SIZE, 0);
	struct talk_share *share = &g_model.shares[index];
	uint64_t step_count = hw_sim_step_count();
	uint64_t request_count = g_world.catalog.request_count;
	g_scene.disturbance = disturbance;
	g_scene.place = place + step_count;
	if (disturbance == REQUEST_FAILS) {
		g_world.catalog.fail_request = place + request_count;
	}
	struct hw_span request = request_make(share, "", UPGRADE, text);
	g_scene.peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(g_scene.peer, request.bytes, request.size);
	if (disturbance != NOTHING) {
		for (uint32_t i = 0; i < 100; i++) {
			(void)scene_listen(share);
			talk_world_pass(&g_world, 10);
		}
	} else {
		assert_int_equal(talk_world_run(&g_world, scene_listen, share), 0);
	}
	if (disturbance == NOTHING) {
		assert_true(g_scene.has_signal && g_scene.is_confirmed);
	}
	uint64_t count = hw_sim_step_count() - step_count;
	g_scene.place = UINT64_MAX;
	talk_world_quiesce(&g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
	return count;
}

static void anything_may_happen_at_every_step(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		g_running.part = "scene";
		uint64_t step_count = scene_run(NOTHING, 0, seed);
		assert_true(step_count > 5);
		for (uint32_t i = 1; i < REQUEST_FAILS; i++) {
			for (uint64_t place = 1; place <= step_count; place++) {
				(void)scene_run((enum disturbance)i, place, seed);
			}
		}
		for (uint64_t place = 1; place <= 3; place++) { /* find, look up, unpin */
			(void)scene_run(REQUEST_FAILS, place, seed);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_may),
					   cmocka_unit_test(anything_may_happen_at_every_step)};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
