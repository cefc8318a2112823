/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: who comes back for an upload gets it within a second, though the connection before still
 * hangs; that one's bytes stay, to the last that came, and its answer is a closed connection.
 *
 * Method: a PATCH that stops in the middle, at sizes around a block, a slab and a chunk; then each
 * of what may follow it. Every step between is tus_steps_test.c's.
 */
#include "tests/unit/talk/tus_client.h"

#define MIB       (UINT64_C(1) << 20)
#define SIZE      (5 * MIB + 3)
#define SHIFT     5U
#define WITHIN_MS 1000U

static struct talk_world g_world;
static struct talk_share g_share;

/* A PATCH of all the rest, of which @said bytes come. */
static struct hw_sim_peer *hang(const char *path, uint64_t offset, uint64_t said)
{
	struct hw_span text = tus_patch_text(path, offset, SIZE - offset, SHIFT, "");
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text.bytes, text.size - (SIZE - offset) + said);
	talk_text_free(text);
	talk_world_pass(&g_world, 200);
	return peer;
}

/* What is asked now is answered in time. Returns the answer. */
static struct hw_span ask_in_time(struct hw_span text)
{
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text.bytes, text.size);
	talk_world_pass(&g_world, WITHIN_MS);
	struct hw_span answer = hw_sim_peer_got(peer);
	assert_true(talk_answer_status(answer) != 0);
	return answer;
}

static void is_let_go(const struct hw_sim_peer *old)
{
	assert_true(hw_sim_peer_is_closed(old) || hw_sim_peer_has_end(old));
	assert_int_equal(hw_sim_peer_sent_size(old), 0);
}

static void who_comes_back_goes_on(void **state)
{
	static const uint64_t saids[] = {0,     1,      16383,  16384,   16385,
					 20000, 262144, 262145, 4194304, 4194305};
	(void)state;
	g_running.part = "who_comes_back_goes_on";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	for (uint32_t i = 0; i < hw_count_of(saids); i++) {
		char path[TALK_PATH_SIZE];
		char name[16];
		char text[512];
		(void)snprintf(name, sizeof(name), "e%u", i); /* fits */
		tus_create(&g_world, &g_share, name, SIZE, path);
		struct hw_sim_peer *old = hang(path, 0, saids[i]);
		int size =
			snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\n" TUS_HEAD "\r\n", path);
		struct hw_span answer = ask_in_time((struct hw_span){text, (uint32_t)size});
		struct hw_span offset = talk_answer_field(answer, "Upload-Offset");
		assert_int_equal(talk_number(offset), saids[i]);
		is_let_go(old);
		/* Once more, by the PATCH itself. */
		old = hang(path, saids[i], 0);
		struct hw_span patch = tus_patch_text(path, saids[i], SIZE - saids[i], SHIFT, "");
		answer = ask_in_time(patch);
		talk_text_free(patch);
		assert_int_equal(talk_answer_status(answer), 204);
		is_let_go(old);
		tus_file_check(&g_world, &g_share, name, SIZE, SHIFT);
	}
	talk_table_end(&g_world);
}

static void who_ends_it_ends_it(void **state)
{
	(void)state;
	g_running.part = "who_ends_it_ends_it";
	struct talk_world_options options = talk_world_plenty();
	char path[TALK_PATH_SIZE];
	char text[512];
	talk_table_begin(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	tus_create(&g_world, &g_share, "f", SIZE, path);
	struct hw_sim_peer *old = hang(path, 0, 300000);
	int size = snprintf(text, sizeof(text), "DELETE %s HTTP/1.1\r\n" TUS_HEAD "\r\n", path);
	struct hw_span answer = ask_in_time((struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 204);
	is_let_go(old);
	assert_int_equal(tus_offset(&g_world, path), -410);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_back_goes_on),
		cmocka_unit_test(who_ends_it_ends_it),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
