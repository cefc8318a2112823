/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a ZIP that is asked for while files of the share are still being uploaded begins at once,
 * follows them one after the other, and is whole or seen to be cut; what it holds is what there was
 * when it was asked for; nobody waits for a receiver who is slow, and nothing is left behind.
 *
 * Method: what is known of the files, and what the head then says; uploads that stop, fail, go, and
 * come meanwhile; then several senders that are cut and go on (tus_client.h) and receivers of all
 * kinds, over seeds with and without failures; one receiver leaves at every step; the catalog
 * refuses each request in turn. Complete answers are read back by their directory (zip_content.h).
 *
 *	unit_talk_archive_live [SEED]       one seed only
 *	HW_TEST_MS=15000                    how long to go on with new seeds
 */
#include "tests/unit/talk/archive_live_world.h"

#define FILES_MAX     4U
#define RECEIVERS_MAX 8U

static uint64_t g_only_seed;

/* -- what comes, and when */

static void known_lengths_have_a_length(void **state)
{
	(void)state;
	g_running.part = "known_lengths_have_a_length";
	files_begin(HW_SHARE_STORED);
	file_add("a", 100 * KIB, 100 * KIB);
	file_add("b", 300 * KIB, 300 * KIB);
	file_add("c", 0, 0);
	file_say(0, 0, 100 * KIB, "");
	file_say(1, 0, 32 * KIB, ""); /* whole blocks: the rest of one is read when it is */
	struct hw_sim_peer *head = zip_ask("HEAD", "", false);
	struct hw_sim_peer *peer = zip_ask("GET", "Range: bytes=5-9\r\n", false);
	assert_true(has_field(head, "Content-Length", ""));
	struct hw_span length = talk_answer_field(hw_sim_peer_got(head), "Content-Length");
	assert_int_equal(talk_answer_body(hw_sim_peer_got(head)).size, 0);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 200);
	assert_true(has_field(peer, "ETag", NULL));
	assert_true(has_field(peer, "Accept-Ranges", "none"));
	assert_true(has_field(peer, "Cache-Control", "no-store"));
	/* What is there has come: the first file, and of the second what was sent of it. */
	assert_in_range(talk_answer_body(hw_sim_peer_got(peer)).size, 132 * KIB, 133 * KIB);
	file_say(1, 32 * KIB, 192 * KIB, "");
	assert_in_range(talk_answer_body(hw_sim_peer_got(peer)).size, 324 * KIB, 325 * KIB);
	assert_false(is_whole(peer));
	file_say(1, 224 * KIB, 76 * KIB, "");
	talk_world_pass(&g_world, 1500);
	assert_true(is_whole(peer));
	assert_int_equal(talk_answer_body(hw_sim_peer_got(peer)).size, talk_number(length));
	/* Now that all are complete it is an ordinary one. */
	struct hw_sim_peer *late = zip_ask("GET", "", false);
	talk_world_pass(&g_world, 500);
	assert_true(is_whole(late) && has_field(late, "ETag", "\""));
	talk_table_end(&g_world);
}

static void unknown_length_is_chunked(void **state)
{
	(void)state;
	g_running.part = "unknown_length_is_chunked";
	files_begin(HW_SHARE_STORED);
	file_add("a", 50 * KIB, HW_LENGTH_UNKNOWN);
	file_add("b", 70 * KIB, 70 * KIB);
	struct hw_sim_peer *head = zip_ask("HEAD", "", false);
	struct hw_sim_peer *match = zip_ask("GET", "If-Match: \"x\"\r\n", false);
	struct hw_sim_peer *peer = zip_ask("GET", "", false);
	assert_true(has_field(head, "Transfer-Encoding", "chunked"));
	assert_true(has_field(head, "Content-Length", NULL));
	assert_int_equal(talk_answer_status(hw_sim_peer_got(match)), 412);
	assert_true(has_field(peer, "Transfer-Encoding", "chunked"));
	assert_true(has_field(peer, "Cache-Control", "no-store"));
	file_say(1, 0, 70 * KIB, ""); /* it is not its turn */
	file_say(0, 0, 32 * KIB, "");
	assert_in_range(talk_answer_body(hw_sim_peer_got(peer)).size, 32 * KIB, 33 * KIB);
	file_say(0, 32 * KIB, 18 * KIB, "Upload-Length: 51200\r\n");
	talk_world_pass(&g_world, 1500);
	assert_true(is_whole(peer));
	talk_table_end(&g_world);
}

static void old_client_hears_the_end(void **state)
{
	(void)state;
	g_running.part = "old_client_hears_the_end";
	files_begin(HW_SHARE_STORED);
	file_add("a", 50 * KIB, HW_LENGTH_UNKNOWN);
	char text[256];
	int size = snprintf(text, sizeof(text), "GET %s.zip HTTP/1.0\r\n\r\n", g_share.path);
	struct hw_sim_peer *peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(peer, text, (uint64_t)size);
	talk_world_pass(&g_world, 100);
	file_say(0, 0, 50 * KIB, "Upload-Length: 51200\r\n");
	talk_world_pass(&g_world, 1500);
	assert_true(has_field(peer, "Transfer-Encoding", NULL));
	assert_true(hw_sim_peer_has_end(peer) && is_whole(peer));
	talk_table_end(&g_world);
}

/* Files that come later are not in it, whether before or behind the place where it is; also when a
 * whole page of them is between. */
static void added_files_are_passed_over(void **state)
{
	(void)state;
	g_running.part = "added_files_are_passed_over";
	for (uint32_t is_known = 0; is_known < 2; is_known++) {
		char path[TALK_PATH_SIZE];
		char name[16];
		files_begin(HW_SHARE_STORED);
		file_add("d", 10 * KIB, is_known ? 10 * KIB : HW_LENGTH_UNKNOWN);
		file_add("m", 10 * KIB, 10 * KIB);
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		for (uint32_t i = 0; i < 80; i++) {
			(void)snprintf(name, sizeof(name), "%c%02u", i % 2 == 0 ? 'a' : 'f', i);
			tus_create(&g_world, &g_share, name, 5, path);
		}
		file_say(0, 0, 10 * KIB, is_known ? "" : "Upload-Length: 10240\r\n");
		file_say(1, 0, 10 * KIB, "");
		talk_world_pass(&g_world, 1500);
		assert_true(is_whole(peer));
		talk_table_end(&g_world);
	}
}

/* -- what does not end well */

static void delete_say(uint32_t index)
{
	char text[512];
	int size = snprintf(text, sizeof(text),
			    "DELETE %s/%s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
			    "Authorization: Bearer %s\r\n\r\n",
			    g_share.path, g_files[index].name, g_share.token);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 204);
}

/* Before its turn, while it is sent, after it: the archive is never shorter than it was said. */
static void a_file_that_goes_cuts(void **state)
{
	(void)state;
	g_running.part = "a_file_that_goes_cuts";
	for (uint32_t place = 0; place < 6; place++) {
		uint32_t index = place % 3;
		g_running.place = place;
		files_begin(HW_SHARE_STORED);
		file_add("a", 10 * KIB, 10 * KIB);
		file_add("b", 20 * KIB, place < 3 ? 20 * KIB : HW_LENGTH_UNKNOWN);
		file_add("c", 30 * KIB, 30 * KIB);
		file_say(0, 0, 10 * KIB, "");
		file_say(1, 0, 5 * KIB, "");
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		delete_say(index);
		if (index != 1) {
			file_say(1, 5 * KIB, 15 * KIB, place < 3 ? "" : "Upload-Length: 20480\r\n");
		}
		if (index == 0) {
			file_say(2, 0, 30 * KIB, "");
		}
		talk_world_pass(&g_world, 2500);
		assert_true(is_cut(peer));
		talk_table_end(&g_world);
	}
}

/* By PUT: what breaks off is given up. */
static void a_sender_that_vanishes_cuts(void **state)
{
	(void)state;
	g_running.part = "a_sender_that_vanishes_cuts";
	for (uint32_t is_chunked = 0; is_chunked < 2; is_chunked++) {
		files_begin(HW_SHARE_STORED);
		struct hw_sim_peer *sender = sender_begin(5 * MIB, is_chunked);
		sender_say(sender, 0, MIB, is_chunked);
		talk_world_pass(&g_world, 300);
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		assert_true(talk_answer_body(hw_sim_peer_got(peer)).size > 900 * KIB);
		hw_sim_peer_reset(sender);
		talk_world_pass(&g_world, 2500);
		assert_true(is_cut(peer));
		talk_table_end(&g_world);
	}
}

/* All bytes came, the seal does not: nobody says that it is there. */
static void unsealed_is_not_whole(void **state)
{
	(void)state;
	g_running.part = "unsealed_is_not_whole";
	files_begin(HW_SHARE_STORED);
	struct hw_sim_peer *sender = sender_begin(0, true);
	g_files[g_file_count++] = (struct zip_file){"f", MIB, SHIFT};
	sender_say(sender, 0, MIB, true);
	talk_world_pass(&g_world, 300);
	struct hw_sim_peer *peer = zip_ask("GET", "", false);
	g_world.catalog.error_percent = 100;
	hw_sim_peer_write(sender, "0\r\n\r\n", 5);
	talk_world_pass(&g_world, 1000);
	g_world.catalog.error_percent = 0;
	talk_world_pass(&g_world, 2500);
	assert_true(is_cut(peer));
	talk_table_end(&g_world);
}

static void what_is_not_stored_is_refused(void **state)
{
	(void)state;
	g_running.part = "what_is_not_stored_is_refused";
	for (enum hw_share_mode mode = HW_SHARE_LIVE; mode < HW_SHARE_MODE_COUNT; mode++) {
		files_begin(mode);
		struct hw_sim_peer *sender = sender_begin(5 * MIB, false);
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		struct hw_span body = talk_answer_body(hw_sim_peer_got(peer));
		assert_int_equal(talk_answer_status(hw_sim_peer_got(peer)), 409);
		assert_non_null(memmem(body.bytes, body.size, "one by one", 10));
		hw_sim_peer_reset(sender);
		talk_table_end(&g_world);
	}
}

/* A receiver that takes nothing holds up nobody and holds nothing; when it goes on, it gets all. */
static void slow_receiver_holds_nothing(void **state)
{
	(void)state;
	g_running.part = "slow_receiver_holds_nothing";
	for (uint32_t is_known = 0; is_known < 2; is_known++) {
		files_begin(HW_SHARE_STORED);
		file_add("a", 9 * MIB, is_known ? 9 * MIB : HW_LENGTH_UNKNOWN);
		file_add("b", 3 * MIB, 3 * MIB);
		file_say(0, 0, 256 * KIB, "");
		struct hw_sim_peer *peer = zip_ask("GET", "", true);
		for (uint64_t offset = 256 * KIB; offset < 8 * MIB; offset += MIB) {
			file_say(0, offset, MIB, "");
			talk_world_pass(&g_world, 100);
		}
		talk_world_pass(&g_world, 1500);
		assert_int_equal(g_world.reactor.slabs.free_count, g_world.reactor.slabs.count);
		hw_sim_peer_hold(peer, false);
		talk_world_pass(&g_world, 1000);
		assert_in_range(talk_answer_body(hw_sim_peer_got(peer)).size, 8 * MIB, 9 * MIB);
		file_say(0, 8 * MIB + 256 * KIB, MIB - 256 * KIB,
			 is_known ? "" : "Upload-Length: 9437184\r\n");
		file_say(1, 0, 3 * MIB, "");
		talk_world_pass(&g_world, 3000);
		assert_true(is_whole(peer));
		talk_table_end(&g_world);
	}
}

/* Who leaves while the sender says nothing keeps nothing: by a reset, or the end of its side. */
static void who_leaves_a_pause_keeps_nothing(void **state)
{
	(void)state;
	g_running.part = "who_leaves_a_pause_keeps_nothing";
	for (uint32_t i = 0; i < 8; i++) {
		bool has_all = i >= 4; /* it waits for the seal */
		struct hw_sim_peer *sender = NULL;
		files_begin(HW_SHARE_STORED);
		if (has_all) {
			sender = sender_begin(0, true);
			g_files[g_file_count++] = (struct zip_file){"f", MIB, SHIFT};
			sender_say(sender, 0, MIB, true);
			talk_world_pass(&g_world, 300);
		} else {
			file_add("a", 9 * MIB, 9 * MIB);
			file_say(0, 0, 256 * KIB, "");
		}
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		talk_world_pass(&g_world, i % 4 < 2 ? 100 : 5000);
		assert_int_equal(hw_pool_used_count(&g_world.talks.archives), 1);
		if (i % 2 == 0) {
			hw_sim_peer_reset(peer);
		} else {
			hw_sim_peer_shutdown(peer);
		}
		talk_world_pass(&g_world, 2500);
		assert_int_equal(hw_pool_used_count(&g_world.talks.archives), 0);
		assert_int_equal(g_world.talks.archives_live_count, 0);
		assert_true(hw_sim_peer_is_closed(peer));
		if (sender != NULL) {
			hw_sim_peer_write(sender, "0\r\n\r\n", 5);
		}
		talk_table_end(&g_world);
	}
}

/* Those who wait leave room for others, and say when they do not. */
static void waiting_ones_leave_room(void **state)
{
	(void)state;
	g_running.part = "waiting_ones_leave_room";
	struct hw_sim_peer *peers[HW_ARCHIVES_LIVE_MAX];
	files_begin(HW_SHARE_STORED);
	file_add("a", MIB, MIB);
	for (uint32_t i = 0; i < HW_ARCHIVES_LIVE_MAX; i++) {
		peers[i] = zip_ask("GET", "", false);
		assert_int_equal(talk_answer_status(hw_sim_peer_got(peers[i])), 200);
	}
	struct hw_sim_peer *over = zip_ask("GET", "", false);
	assert_int_equal(talk_answer_status(hw_sim_peer_got(over)), 503);
	assert_true(has_field(over, "Retry-After", "1"));
	assert_int_equal(hw_pool_used_count(&g_world.talks.archives), HW_ARCHIVES_LIVE_MAX);
	file_say(0, 0, MIB, "");
	talk_world_pass(&g_world, 3000);
	for (uint32_t i = 0; i < HW_ARCHIVES_LIVE_MAX; i++) {
		assert_true(is_whole(peers[i]));
	}
	assert_int_equal(g_world.talks.archives_live_count, 0);
	talk_table_end(&g_world);
}

/* -- several of each, over seeds */

enum receiver_end { OPEN = 0, WHOLE, CUT, REFUSED };

struct receiver {
	struct hw_sim_peer *peer; /* NULL: it has not come yet */
	uint64_t come_us;
	uint64_t leave_us;  /* 0: never */
	uint64_t hold_us;   /* 0: it reads all the time; else it stops and goes on in turn */
	uint64_t turn_us;   /* when it does so next */
	uint32_t seen_size; /* bytes of the answer that were looked at */
	bool is_held;
	bool is_old; /* HTTP/1.0 */
	bool has_left;
	enum receiver_end end;
};

static struct tus_sender g_senders[FILES_MAX];
static struct receiver g_receivers[RECEIVERS_MAX];
static uint32_t g_receiver_count;
static uint64_t g_drain_us; /* 0: never */
static uint64_t g_leave_step;
static bool g_is_calm;

static uint32_t pick(struct hw_prng *prng, uint32_t low, uint32_t high)
{
	return (uint32_t)hw_prng_between(prng, low, high);
}

static uint32_t level(struct hw_prng *prng, uint32_t percent_max)
{
	return hw_prng_chance(prng, 50) ? 0 : pick(prng, 1, percent_max);
}

static void taker_come(struct receiver *receiver)
{
	char text[256];
	int size = snprintf(text, sizeof(text), "GET %s.zip HTTP/1.%d\r\nHost: here\r\n\r\n",
			    g_share.path, receiver->is_old ? 0 : 1);
	receiver->peer = hw_sim_connect(g_world.reactor.ring, g_world.listener);
	hw_sim_peer_write(receiver->peer, text, (uint64_t)size);
}

static void receiver_leave(struct receiver *receiver)
{
	receiver->has_left = true;
	receiver->end = CUT;
	hw_sim_peer_reset(receiver->peer);
}

static void receiver_turn(struct receiver *receiver, uint64_t now_us)
{
	if (receiver->hold_us > 0 && now_us >= receiver->turn_us) {
		receiver->is_held = !receiver->is_held;
		receiver->turn_us = now_us + receiver->hold_us;
		hw_sim_peer_hold(receiver->peer, receiver->is_held);
	}
}

static void receiver_judge(struct receiver *receiver, bool is_over)
{
	uint32_t status = 0;
	struct hw_span answer = hw_sim_peer_got(receiver->peer);
	bool is_same = answer.size == receiver->seen_size;
	receiver->seen_size = answer.size;
	if (!is_over && (is_same || receiver->is_old)) {
		return;
	}
	if (zip_answer_is_whole(answer, g_files, g_file_count, &status)) {
		receiver->end = status == 200 ? WHOLE : REFUSED;
		hw_assert(status == 200 || !g_is_calm);
		hw_sim_peer_shutdown(receiver->peer);
	} else if (is_over) {
		receiver->end = CUT;
	}
}

static bool are_announced(void)
{
	for (uint32_t i = 0; i < g_file_count; i++) {
		if (g_senders[i].path[0] == '\0' && g_senders[i].step != TUS_LOST) {
			return false;
		}
	}
	return true;
}

static bool receiver_step(struct receiver *receiver)
{
	uint64_t now_us = hw_clock_monotonic_us();
	struct hw_sim_peer *peer = receiver->peer;
	if (receiver->end != OPEN) {
		return true;
	}
	if (peer == NULL) {
		if (g_world.server.is_draining) {
			receiver->end = CUT;
		} else if (are_announced() && now_us >= receiver->come_us) {
			taker_come(receiver);
		}
		return false;
	}
	receiver_turn(receiver, now_us);
	bool is_unheard = g_world.server.is_draining && !hw_sim_peer_is_accepted(peer);
	if (receiver->leave_us > 0 && now_us >= receiver->leave_us) {
		receiver_leave(receiver);
	} else {
		receiver_judge(receiver, is_unheard || hw_sim_peer_has_end(peer) ||
						 hw_sim_peer_is_closed(peer) ||
						 hw_sim_peer_is_reset(peer));
	}
	return receiver->end != OPEN;
}

static bool all_step(void *user)
{
	(void)user;
	bool is_over = true;
	for (uint32_t i = 0; i < g_file_count; i++) {
		is_over &= tus_sender_step(&g_senders[i], hw_sim_seed() + i);
	}
	for (uint32_t i = 0; i < g_receiver_count; i++) {
		is_over &= receiver_step(&g_receivers[i]);
	}
	if (g_drain_us > 0 && hw_clock_monotonic_us() > g_drain_us) {
		g_drain_us = 0;
		hw_http_server_drain(&g_world.server);
		hw_http_server_cut(&g_world.server);
	}
	return is_over;
}

static void senders_make(struct hw_prng *prng)
{
	static const char *const names[FILES_MAX] = {"a", "bb", "c", "d d"};
	g_file_count = pick(prng, 1, FILES_MAX);
	for (uint32_t i = 0; i < g_file_count; i++) {
		uint64_t size = hw_prng_below(prng, UINT64_C(1) << pick(prng, 1, 20));
		size = hw_prng_chance(prng, 4) ? 4 * MIB + hw_prng_below(prng, 2 * MIB) : size;
		g_files[i] = (struct zip_file){names[i], size, 20 + i};
		g_senders[i] = (struct tus_sender){
			.world = &g_world,
			.share = &g_share,
			.name = names[i],
			.size = size,
			.shift = 20 + i,
			.patch_size_max = hw_max(size / pick(prng, 1, 8), UINT64_C(1)),
			.cut_percent = level(prng, 40),
			.is_deferring = hw_prng_chance(prng, 40),
		};
	}
}

static void receivers_make(struct hw_prng *prng)
{
	uint64_t now_us = hw_clock_monotonic_us();
	g_receiver_count = pick(prng, 1, RECEIVERS_MAX);
	for (uint32_t i = 0; i < g_receiver_count; i++) {
		struct receiver *receiver = &g_receivers[i];
		*receiver = (struct receiver){.is_old = hw_prng_chance(prng, 15)};
		receiver->come_us = now_us + hw_prng_below(prng, 1U << pick(prng, 4, 19));
		if (hw_prng_chance(prng, 15)) {
			receiver->leave_us = receiver->come_us + hw_prng_below(prng, 300000);
		}
		if (hw_prng_chance(prng, 40)) {
			receiver->hold_us = 1 + hw_prng_below(prng, 1800000);
			receiver->turn_us = receiver->come_us + hw_prng_below(prng, 100000);
		}
	}
}

static void world_begin(struct hw_prng *prng, const struct hw_sim_options *sim)
{
	struct talk_world_options options = talk_world_plenty();
	options.slab_count = hw_prng_chance(prng, 40) ? pick(prng, 6, 16) : 64;
	options.downloads_max = 32;
	options.segment_size = pick(prng, 16, 64) * MIB;
	options.stall_timeout_ms = pick(prng, 4000, 8000);
	hw_sim_begin(sim);
	struct hw_sim_options given = *hw_sim_options();
	struct hw_sim_options calm = hw_sim_calm(sim->seed);
	calm.has_fixed_buffers = given.has_fixed_buffers;
	*hw_sim_options() = calm;
	talk_world_start(&g_world, &options);
	tus_share_make(&g_world, HW_SHARE_STORED, &g_share);
	*hw_sim_options() = given;
}

static void world_end(void)
{
	struct hw_sim_options calm = hw_sim_calm(hw_sim_seed());
	calm.has_fixed_buffers = hw_sim_options()->has_fixed_buffers;
	*hw_sim_options() = calm;
	g_world.catalog.error_percent = 0;
	talk_world_quiesce(&g_world);
	talk_world_stop(&g_world);
	hw_sim_end();
}

static void seed_run(uint64_t seed)
{
	struct hw_prng prng;
	hw_prng_init(&prng, seed);
	g_running.seed = seed;
	g_is_calm = hw_prng_chance(&prng, 50);
	struct hw_sim_options sim = hw_sim_calm(seed);
	if (!g_is_calm) {
		sim = hw_sim_chaos(seed);
		sim.piece_size_max = hw_max(sim.piece_size_max, 64U);
		sim.window_size = hw_max(sim.window_size, 4096U);
		sim.read_error_percent = level(&prng, 2);
		sim.write_error_percent = level(&prng, 1);
	} else {
		sim.window_size = 1U << pick(&prng, 12, 19);
	}
	world_begin(&prng, &sim);
	g_drain_us = 0;
	if (!g_is_calm) {
		g_world.catalog.error_percent = level(&prng, 3);
		g_world.catalog.late_percent = level(&prng, 40);
		g_world.catalog.late_us_max = 1U << pick(&prng, 4, 18);
		/* A file whose sender gave up is waited for; not for ever. */
		g_drain_us = hw_clock_monotonic_us() +
			     (hw_prng_chance(&prng, 80) ? 30000000 : hw_prng_below(&prng, 2000000));
	}
	senders_make(&prng);
	receivers_make(&prng);
	int r = talk_world_run(&g_world, all_step, NULL);
	assert_int_equal(r, 0);
	for (uint32_t i = 0; i < g_receiver_count && g_is_calm; i++) {
		/* Nothing failed: who stayed has it all. */
		assert_true(g_receivers[i].end == WHOLE || g_receivers[i].has_left);
	}
	world_end();
}

static void seeds_hold(void **state)
{
	(void)state;
	g_running.part = "seeds";
	(void)seeds_run(g_only_seed, 12000, seed_run);
}

/* -- one receiver that leaves at every step */

static void leave_at(void *user, uint64_t step)
{
	(void)user;
	struct receiver *receiver = &g_receivers[0];
	if (g_leave_step > 0 && step + 1 == g_leave_step && receiver->peer != NULL &&
	    receiver->end == OPEN) {
		receiver_leave(receiver);
	}
}

/* Two senders, one of which tells the length at last. */
static void two_make(uint64_t seed)
{
	g_file_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		g_files[i] = (struct zip_file){i == 0 ? "a" : "b", 90 * KIB + 5, 7 + i};
		g_senders[i] = (struct tus_sender){.world = &g_world,
						   .share = &g_share,
						   .name = g_files[i].name,
						   .size = g_files[i].size,
						   .shift = g_files[i].shift,
						   .patch_size_max = 50 * KIB,
						   .is_deferring = i == seed % 2};
		g_receivers[i] = (struct receiver){.end = OPEN};
	}
}

static uint64_t leaving_run(uint64_t seed, uint64_t step)
{
	struct hw_prng prng;
	struct hw_sim_options sim = hw_sim_calm(seed);
	hw_prng_init(&prng, seed);
	sim.before_step = leave_at;
	g_running.place = step;
	g_is_calm = true;
	g_drain_us = 0;
	g_leave_step = 0;
	world_begin(&prng, &sim);
	g_leave_step = step;
	two_make(seed);
	g_receiver_count = 2;
	int r = talk_world_run(&g_world, all_step, NULL);
	assert_int_equal(r, 0);
	assert_int_equal(g_receivers[1].end, WHOLE);
	uint64_t steps = hw_sim_step_count();
	g_leave_step = 0;
	world_end();
	return steps;
}

static void receiver_leaves_at_every_step(void **state)
{
	(void)state;
	g_running.part = "receiver_leaves_at_every_step";
	for (uint64_t seed = 1; seed <= 2; seed++) {
		g_running.seed = seed;
		uint64_t steps = leaving_run(seed, 0);
		for (uint64_t step = seeds_place_first(seed); step <= steps;
		     step += seeds_stride()) {
			(void)leaving_run(seed, step);
		}
	}
}

/* -- the catalog refuses one request after the other */

static uint64_t refusal_run(uint64_t seed, uint64_t place)
{
	struct hw_prng prng;
	struct hw_sim_options sim = hw_sim_calm(seed);
	hw_prng_init(&prng, seed);
	g_running.place = place;
	g_is_calm = place == 0;
	world_begin(&prng, &sim);
	g_drain_us = hw_clock_monotonic_us() + 20000000;
	two_make(seed);
	g_receiver_count = 1;
	uint64_t before = g_world.catalog.request_count;
	g_world.catalog.fail_request = place == 0 ? 0 : before + place;
	int r = talk_world_run(&g_world, all_step, NULL);
	assert_int_equal(r, 0);
	assert_true(place > 0 || g_receivers[0].end == WHOLE);
	uint64_t count = g_world.catalog.request_count - before;
	world_end();
	return count;
}

static void every_request_fails(void **state)
{
	(void)state;
	g_running.part = "every_request_fails";
	for (uint64_t seed = 1; seed <= 4; seed++) {
		g_running.seed = seed;
		uint64_t count = refusal_run(seed, 0);
		assert_true(count > 10);
		for (uint64_t place = seeds_place_first(seed); place <= count;
		     place += seeds_stride()) {
			(void)refusal_run(seed, place);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_lengths_have_a_length),
		cmocka_unit_test(unknown_length_is_chunked),
		cmocka_unit_test(old_client_hears_the_end),
		cmocka_unit_test(added_files_are_passed_over),
		cmocka_unit_test(a_file_that_goes_cuts),
		cmocka_unit_test(a_sender_that_vanishes_cuts),
		cmocka_unit_test(unsealed_is_not_whole),
		cmocka_unit_test(what_is_not_stored_is_refused),
		cmocka_unit_test(slow_receiver_holds_nothing),
		cmocka_unit_test(who_leaves_a_pause_keeps_nothing),
		cmocka_unit_test(waiting_ones_leave_room),
		cmocka_unit_test(receiver_leaves_at_every_step),
		cmocka_unit_test(every_request_fails),
		cmocka_unit_test(seeds_hold),
	};
	g_only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	cmocka_set_test_filter(
		getenv("HW_TEST_ONLY")); /* NOLINT(concurrency-mt-unsafe): one thread */
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
