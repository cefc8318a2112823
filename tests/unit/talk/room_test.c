/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: everybody in a room comes to know the same, however slow they are and however often they go
 * and come back; nobody is told what is past after what came later; all is given back.
 *
 * Method: one simulated reactor on which rooms and clients live, with mail between them as between
 * threads; clients that come, go, come back with their identity, and keep their parcels for long;
 * reports that run, end and are joined. Thousands of random acts; at the end what each client has
 * heard is compared with what is true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/prng.h"
#include "net/talk/report.h"
#include "net/talk/talk.h"
#include "net/wire/base64.h"
#include "net/wire/json_scan.h"
#include "tests/sim/pump_sim.h"
#include "tests/sim/seeds.h"
#include "tests/sim/ws_peer.h"

#define CLIENTS   6U
#define REPORTS   4U
#define TEXT_SIZE 64U

struct client {
	struct hw_room_seat seat;
	struct hw_room_parcel *parcel; /* kept */
	char id[TEXT_SIZE];
	char secret[TEXT_SIZE];
	char states[REPORTS][TEXT_SIZE]; /* heard of each transfer, by file name */
	char stalled[REPORTS][TEXT_SIZE];
	uint64_t bytes[REPORTS];
	uint64_t seq;    /* heard last */
	uint64_t signal; /* number of the last signal heard */
	bool is_in;
	bool is_asking;
	bool is_slow;
	bool is_replaced;
	bool has_snapshot;
};

static struct hw_metrics g_metrics;
static struct hw_reactor g_reactor;
static struct hw_talks g_talks;
static struct hw_room_home g_home;
static struct client g_clients[CLIENTS];
static struct hw_report g_reports[REPORTS];
static uint32_t g_joined_count;
static const uint8_t g_share_id[HW_SHARE_ID_SIZE] = {7, 1, 2, 3, 4, 5};

/* -- clients -- */

static void member(struct hw_span text, const char *name, char ret_text[TEXT_SIZE])
{
	struct hw_span value;
	ret_text[0] = '\0';
	if (hw_json_find(text, hw_span_of(name), &value) && value.size < TEXT_SIZE) {
		memcpy(ret_text, value.bytes, value.size);
		ret_text[value.size] = '\0';
	}
}

static uint64_t number_of(struct hw_span text, const char *name)
{
	char digits[TEXT_SIZE];
	member(text, name, digits);
	return strtoull(digits, NULL, 10);
}

static void transfer_heard(struct client *client, struct hw_span text)
{
	char file[TEXT_SIZE] = {0};
	char state[TEXT_SIZE];
	member(text, "file", file);
	member(text, "state", state);
	uint32_t index = (uint32_t)(file[1] - '0');
	if (file[1] < '0' || index >= REPORTS) {
		return;
	}
	memcpy(client->states[index], state, TEXT_SIZE);
	member(text, "stalled", client->stalled[index]);
	uint64_t bytes = number_of(text, "bytes");
	assert_true(bytes >= client->bytes[index]);
	client->bytes[index] = bytes;
}

static void event_heard(struct client *client, struct hw_span text)
{
	char type[TEXT_SIZE];
	assert_true(hw_json_is_object(text));
	member(text, "type", type);
	uint64_t seq = number_of(text, "seq");
	if (strcmp(type, "\"welcome\"") == 0) {
		member(text, "client", client->id);
		member(text, "secret", client->secret);
		return;
	}
	assert_true(seq >= client->seq);
	client->seq = seq;
	if (strcmp(type, "\"transfer\"") == 0) {
		transfer_heard(client, text);
	} else if (strcmp(type, "\"signal\"") == 0) {
		uint64_t number = number_of(text, "data");
		assert_true(number > client->signal);
		client->signal = number;
	} else if (strcmp(type, "\"snapshot\"") == 0) {
		client->has_snapshot = true;
	}
}

static void parcel_open(struct client *client)
{
	struct hw_room_parcel *parcel = hw_move(&client->parcel);
	struct hw_span frames = {parcel->bytes, parcel->size};
	struct ws_server_frame frame = {0};
	while (ws_server_frame_next(&frames, &frame)) {
		assert_int_equal(frame.first, 0x81);
		event_heard(client, frame.payload);
	}
	assert_int_equal(frames.size, 0);
	hw_room_parcel_return(parcel, g_reactor.ring, &g_home);
}

static void brought(struct hw_room_seat *seat, struct hw_room_parcel *parcel)
{
	struct client *client = hw_container_of(seat, struct client, seat);
	assert_null(client->parcel);
	client->parcel = parcel;
	if (!client->is_slow) {
		parcel_open(client);
	}
}

static void answered(struct hw_room_seat *seat, int res)
{
	struct client *client = hw_container_of(seat, struct client, seat);
	client->is_asking = false;
	if (!client->is_in) {
		client->is_in = res >= 0;
		g_joined_count += res >= 0;
	} else if (seat->is_leaving_for_good || client->is_replaced) {
		client->is_in = false;
	}
}

static void replaced(struct hw_room_seat *seat)
{
	hw_container_of(seat, struct client, seat)->is_replaced = true;
}

static void ask(struct client *client, enum hw_room_question question)
{
	client->is_asking = true;
	hw_room_ask(&client->seat, g_reactor.ring, question);
}

static int id_of(const char *quoted, uint8_t ret_id[HW_CLIENT_ID_SIZE])
{
	return strlen(quoted) == HW_CLIENT_ID_TEXT + 2
		       ? hw_base64url_decode((struct hw_span){quoted + 1, HW_CLIENT_ID_TEXT},
					     ret_id, HW_CLIENT_ID_SIZE)
		       : -1;
}

static void come(struct client *client, bool is_back)
{
	client->seat = (struct hw_room_seat){
		.mailbox = &g_reactor.mailbox,
		.answered = answered,
		.brought = brought,
		.replaced = replaced,
		.home = &g_home,
	};
	memcpy(client->seat.share_id, g_share_id, HW_SHARE_ID_SIZE);
	client->is_replaced = false;
	client->seat.has_identity = is_back && id_of(client->id, client->seat.client_id) == 0 &&
				    id_of(client->secret, client->seat.secret) == 0;
	client->seat.since = is_back ? client->seq : 0;
	if (!is_back) {
		client->seq = 0;
		client->signal = 0;
		memset(client->bytes, 0, sizeof(client->bytes));
	}
	ask(client, HW_ROOM_JOIN);
}

/* Here, as if it were the only way; is_leaving_for_good makes answered() see the end. */
static void go(struct client *client)
{
	if (client->parcel != NULL) {
		parcel_open(client);
	}
	client->seat.is_leaving_for_good = true;
	ask(client, HW_ROOM_LEAVE);
}

/* -- the world -- */

static void pass(uint64_t ms)
{
	struct hw_sim_pump pump = {
		.actors = {hw_sim_actor_reactor(&g_reactor)}, .count = 1, .limit_ms = ms};
	assert_int_equal(hw_sim_pump(&pump), 0);
}

static void world_begin(uint64_t seed)
{
	struct hw_sim_options sim = hw_sim_calm(seed);
	struct hw_reactor_options options = {.slab_count = 1,
					     .ring = {.in_flight_max = 64,
						      .socket_slots = 1,
						      .file_slots = 1,
						      .head_buffer_count = 1},
					     .metrics = &g_metrics};
	g_running.seed = seed;
	hw_sim_begin(&sim);
	memset(&g_metrics, 0, sizeof(g_metrics));
	memset(g_clients, 0, sizeof(g_clients));
	memset(g_reports, 0, sizeof(g_reports));
	assert_int_equal(hw_reactor_init(&g_reactor, &options), 0);
	assert_int_equal(hw_ring_enable(g_reactor.ring), 0);
	memset(&g_talks, 0, sizeof(g_talks));
	g_talks.reactor = &g_reactor;
	g_home = (struct hw_room_home){&g_reactor.mailbox, &g_talks.rooms};
	g_talks.options.room_homes = &g_home;
	g_talks.options.room_home_count = 1;
	hw_list_init(&g_talks.open_reports);
	assert_int_equal(hw_rooms_init(&g_talks.rooms, &g_reactor, 16), 0);
	pass(10);
}

static void world_end(void)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		if (g_clients[i].is_in) {
			go(&g_clients[i]);
		}
	}
	pass(10);
	hw_rooms_drain(&g_talks.rooms);
	assert_int_equal(hw_metrics_read(&g_metrics, HW_METRIC_rooms_open), 0);
	assert_int_equal(hw_pool_used_count(&g_talks.rooms.parcels), 0);
	assert_int_equal(hw_pool_used_count(&g_talks.rooms.clients), 0);
	assert_int_equal(hw_pool_used_count(&g_talks.rooms.transfers), 0);
	assert_int_equal(g_reactor.timers.count, 0);
	hw_rooms_deinit(&g_talks.rooms);
	hw_reactor_deinit(&g_reactor);
	hw_sim_end();
}

static void report_begin(uint32_t index, uint64_t size)
{
	char name[] = {(char)('0' + index)};
	struct hw_report_options options = {
		.share_id = g_share_id, .name = {name, 1}, .size = size};
	hw_report_begin(&g_reports[index], &g_talks, &options);
}

/* -- the tests -- */

static void a_client_hears_what_is(void **state)
{
	(void)state;
	world_begin(1);
	come(&g_clients[0], false);
	pass(10);
	assert_true(g_clients[0].is_in && g_clients[0].has_snapshot);
	report_begin(0, 1000);
	pass(10);
	assert_string_equal(g_clients[0].states[0], "\"waiting\"");
	hw_report_progress(&g_reports[0], 100, NULL);
	pass(300);
	assert_string_equal(g_clients[0].states[0], "\"uploading\"");
	for (uint64_t size = 101; size < 600; size++) { /* more than is told */
		hw_report_progress(&g_reports[0], size, NULL);
		pass(10);
	}
	uint64_t made = hw_metrics_read(&g_metrics, HW_METRIC_events_made);
	assert_true(made > 15 && made < 30);
	come(&g_clients[1], false);
	pass(10);
	assert_string_equal(g_clients[1].states[0], "\"uploading\"");
	hw_report_progress(&g_reports[0], 1000, HW_STALL_DISK);
	hw_report_end(&g_reports[0], HW_TRANSFER_UPLOADED);
	hw_report_end(&g_reports[0], HW_TRANSFER_FAILED); /* too late */
	pass(10);
	for (uint32_t i = 0; i < 2; i++) {
		assert_string_equal(g_clients[i].states[0], "\"uploaded\"");
		assert_int_equal(g_clients[i].bytes[0], 1000);
	}
	made = hw_metrics_read(&g_metrics, HW_METRIC_events_made);
	struct hw_room_letter late = g_reports[0].letter;
	late.state = HW_TRANSFER_UPLOADING;
	late.moved_size = 500;
	assert_true(hw_room_transfer_tell(&g_talks.rooms, &late));
	assert_int_equal(hw_metrics_read(&g_metrics, HW_METRIC_events_made), made);
	world_end();
}

static bool g_is_joined;

static void joined(struct hw_report *report)
{
	assert_true(hw_report_is_idle(report));
	g_is_joined = true;
}

static void a_report_is_joined(void **state)
{
	(void)state;
	world_begin(1);
	struct hw_report unused = {0};
	hw_report_progress(&unused, 5, NULL); /* begin was not called: nothing */
	hw_report_end(&unused, HW_TRANSFER_FAILED);
	assert_true(hw_report_is_idle(&unused));
	report_begin(0, 10);
	assert_true(hw_report_is_idle(&g_reports[0])); /* nobody is there: no letter */
	hw_report_end(&g_reports[0], HW_TRANSFER_CANCELLED);
	assert_true(hw_report_is_idle(&g_reports[0]));
	come(&g_clients[0], false);
	pass(10);
	report_begin(0, 10);
	assert_false(hw_report_is_idle(&g_reports[0]));
	hw_report_end(&g_reports[0], HW_TRANSFER_CANCELLED);
	g_is_joined = false;
	hw_report_join(&g_reports[0], joined);
	assert_false(g_is_joined);
	pass(10);
	assert_true(g_is_joined);
	/* The follower goes while the last letter is on its way: it is joined all the same. */
	report_begin(1, 10);
	hw_report_end(&g_reports[1], HW_TRANSFER_FAILED);
	g_is_joined = false;
	hw_report_join(&g_reports[1], joined);
	go(&g_clients[0]);
	pass(10);
	assert_true(g_is_joined);
	world_end();
}

/* What is waited for is said after a second, and to who comes later too; the next byte unsays it.
 * A transfer that is gone on with is the same one. */
static void what_stands_still_says_why(void **state)
{
	(void)state;
	static const uint8_t upload_id[HW_UPLOAD_ID_SIZE] = {7};
	struct hw_report_options options = {
		.share_id = g_share_id, .name = HW_SPAN("0"), .size = 100, .upload_id = upload_id};
	world_begin(1);
	hw_report_begin(&g_reports[0], &g_talks, &options);
	hw_report_progress(&g_reports[0], 10, NULL);
	hw_report_wait(&g_reports[0], HW_STALL_SENDER);
	pass(3 * HW_REPORT_STALL_MS);
	come(&g_clients[0], false);
	pass(HW_REPORT_QUIET_MS + 10);
	assert_string_equal(g_clients[0].stalled[0], "\"sender idle\"");
	hw_report_progress(&g_reports[0], 20, NULL);
	hw_report_wait(&g_reports[0], HW_STALL_DISK);
	pass(HW_REPORT_INTERVAL_MS + 10);
	assert_string_equal(g_clients[0].stalled[0], "null");
	pass(HW_REPORT_STALL_MS + HW_REPORT_QUIET_MS);
	assert_string_equal(g_clients[0].stalled[0], "\"disk\"");
	hw_report_pause(&g_reports[0], HW_STALL_QUOTA);
	hw_report_end(&g_reports[0], HW_TRANSFER_FAILED); /* it is over: nothing more is said */
	pass(10);
	assert_string_equal(g_clients[0].states[0], "\"uploading\"");
	assert_string_equal(g_clients[0].stalled[0], "\"quota\"");
	options.offset = 20;
	hw_report_begin(&g_reports[1], &g_talks, &options);
	hw_report_progress(&g_reports[1], 100, NULL);
	hw_report_end(&g_reports[1], HW_TRANSFER_UPLOADED);
	pass(10);
	assert_string_equal(g_clients[0].states[0], "\"uploaded\"");
	assert_int_equal(hw_pool_used_count(&g_talks.rooms.transfers), 1);
	world_end();
}

/* While nobody follows, letters are rarer; who comes then hears soon. */
static void nobody_is_told_rarely(void **state)
{
	(void)state;
	world_begin(1);
	report_begin(0, UINT64_MAX);
	for (uint64_t size = 1; size <= 500; size++) {
		hw_report_progress(&g_reports[0], size, NULL);
		pass(10);
	}
	assert_int_equal(hw_metrics_read(&g_metrics, HW_METRIC_events_made), 0);
	come(&g_clients[0], false);
	hw_report_progress(&g_reports[0], 501, HW_STALL_SENDER);
	pass(HW_REPORT_QUIET_MS + 10);
	assert_string_equal(g_clients[0].states[0], "\"uploading\"");
	assert_int_equal(g_clients[0].bytes[0], 501);
	hw_report_end(&g_reports[0], HW_TRANSFER_FAILED);
	pass(10);
	world_end();
}

static void who_went_is_forgotten_in_time(void **state)
{
	(void)state;
	world_begin(1);
	come(&g_clients[0], false);
	pass(10);
	g_clients[0].is_replaced = true; /* answered() takes it for the end */
	ask(&g_clients[0], HW_ROOM_LEAVE);
	pass(HW_ROOM_GHOST_MS - 1000);
	assert_int_equal(hw_metrics_read(&g_metrics, HW_METRIC_rooms_open), 1);
	pass(2000);
	assert_int_equal(hw_metrics_read(&g_metrics, HW_METRIC_rooms_open), 0);
	world_end();
}

static void act(struct hw_prng *prng, uint64_t *signal)
{
	struct client *client = &g_clients[hw_prng_below(prng, CLIENTS)];
	struct client *other = &g_clients[hw_prng_below(prng, CLIENTS)];
	struct hw_report *report = &g_reports[hw_prng_below(prng, REPORTS)];
	static char data[32];
	switch (hw_prng_below(prng, 8)) {
	case 0:
		if (!client->is_in && !client->is_asking) {
			come(client, hw_prng_chance(prng, 70));
		}
		break;
	case 1:
		if (client->is_in && !client->is_asking && client->is_replaced) {
			go(client);
		} else if (client->is_in && !client->is_asking && hw_prng_chance(prng, 30)) {
			if (client->parcel != NULL) {
				parcel_open(client);
			}
			client->is_replaced = true; /* gone, and may come back */
			ask(client, HW_ROOM_LEAVE);
		}
		break;
	case 2:
		client->is_slow = !client->is_slow;
		if (!client->is_slow && client->parcel != NULL) {
			parcel_open(client);
		}
		break;
	case 3:
		if (client->is_in && !client->is_asking && id_of(other->id, client->seat.to) == 0) {
			int size =
				snprintf(data, sizeof(data), "%llu", (unsigned long long)++*signal);
			client->seat.bytes = (struct hw_span){data, (uint32_t)size};
			ask(client, HW_ROOM_SIGNAL);
			pass(1);
		}
		break;
	default:
		hw_report_progress(report, report->next.moved_size + hw_prng_below(prng, 100),
				   hw_prng_chance(prng, 50) ? NULL : HW_STALL_RECEIVER);
		break;
	}
}

static void all_come_to_know_the_same(void **state)
{
	(void)state;
	g_running.part = "random";
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct hw_prng prng;
		uint64_t signal = 0;
		hw_prng_init(&prng, seed);
		world_begin(seed);
		g_joined_count = 0;
		for (uint32_t i = 0; i < REPORTS; i++) {
			report_begin(i, 1000000);
		}
		for (uint32_t i = 0; i < 300; i++) {
			act(&prng, &signal);
			pass(1 + hw_prng_below(&prng, 60));
		}
		for (uint32_t i = 0; i < CLIENTS; i++) { /* all hear again */
			g_clients[i].is_slow = false;
			if (g_clients[i].parcel != NULL) {
				parcel_open(&g_clients[i]);
			}
		}
		for (uint32_t i = 0; i < REPORTS; i++) {
			hw_report_progress(&g_reports[i], 1000000, NULL);
			hw_report_end(&g_reports[i], HW_TRANSFER_UPLOADED);
		}
		pass(2000);
		for (uint32_t i = 0; i < CLIENTS; i++) {
			struct client *client = &g_clients[i];
			for (uint32_t j = 0; client->is_in && !client->is_replaced && j < REPORTS;
			     j++) {
				assert_string_equal(client->states[j], "\"uploaded\"");
				assert_int_equal(client->bytes[j], 1000000);
			}
		}
		assert_true(g_joined_count > 3);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_hears_what_is),
		cmocka_unit_test(a_report_is_joined),
		cmocka_unit_test(what_stands_still_says_why),
		cmocka_unit_test(nobody_is_told_rarely),
		cmocka_unit_test(who_went_is_forgotten_in_time),
		cmocka_unit_test(all_come_to_know_the_same),
	};
	seeds_watch();
	seeds_log();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
