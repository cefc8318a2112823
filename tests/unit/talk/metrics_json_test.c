/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: /metrics/json is JSON whatever the figures are, fits its page, and tells what moves to
 * operators only; /api/v1/cluster names this node.
 *
 * Method: jansson reads the answers; a world with a full history of the largest numbers; a follower
 * that does not read, so that a transfer is there to be seen; more transfers than fit.
 */
#include <jansson.h>

#include "net/talk/report.h"
#include "net/wire/base64.h"
#include "simd/sha256.h"
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;

#define GET(path, fields) "GET " path " HTTP/1.1\r\nHost: here\r\n" fields "\r\n"

static void world_begin(const char *part)
{
	g_running.part = part;
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	g_world.talks.options.node_id = "abcdefghijklmnopqrstuvwxyz";
	g_world.talks.options.memory_size = 12345;
}

/* The answer's body, read; the caller's. */
static json_t *ask(const char *request)
{
	struct hw_span answer = talk_world_ask(&g_world, hw_span_of(request));
	assert_int_equal(talk_answer_status(answer), 200);
	struct hw_span body = talk_answer_body(answer);
	json_error_t error;
	json_t *json = json_loadb(body.bytes, body.size, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		print_message("%s at %d\n", error.text, error.position);
	}
	assert_non_null(json);
	return json;
}

static json_int_t number(json_t *json, const char *object, const char *name)
{
	json_t *value = json_object_get(json_object_get(json, object), name);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void figures_are_told(void **state)
{
	(void)state;
	world_begin("figures_are_told");
	static struct talk_model model;
	memset(&model, 0, sizeof(model));
	(void)talk_share_make(&g_world, &model, 70000,
			      5); /* two requests follow: that is in them */
	json_t *json = ask(GET("/metrics/json", ""));
	assert_string_equal(json_string_value(json_object_get(json, "node")),
			    "abcdefghijklmnopqrstuvwxyz");
	assert_true(json_is_real(json_object_get(json, "cpu_seconds")));
	assert_int_equal(number(json, "memory", "budget"), 12345);
	assert_in_range(number(json, "memory", "resident_peak"), 1 << 20, UINT64_C(1) << 36);
	assert_int_equal(number(json, "totals", "uploads_completed"), 1);
	assert_in_range(number(json, "totals", "received_bytes"), 70000, 72000);
	assert_true(json_is_null(json_object_get(json_object_get(json, "store"), "quota")));
	json_t *reactor = json_array_get(json_object_get(json, "reactors"), 0);
	assert_int_equal(json_integer_value(json_object_get(reactor, "slabs")),
			 g_world.reactor.slabs.count);
	assert_null(json_object_get(json, "transfers"));
	json_decref(json);
	talk_table_end(&g_world);
}

static void a_full_history_fits(void **state)
{
	(void)state;
	world_begin("a_full_history_fits");
	struct hw_history *history = &g_world.talks.history;
	memset(history->steps, 0x7f, sizeof(history->steps));
	history->step_count = HW_HISTORY_STEPS;
	json_t *json = ask(GET("/metrics/json", ""));
	json_t *sent = json_object_get(json_object_get(json, "history"), "sent_bytes");
	assert_int_equal(json_array_size(sent), HW_HISTORY_STEPS);
	json_decref(json);
	talk_table_end(&g_world);
}

#define REPORTS_MAX 400U
static struct hw_report g_reports[REPORTS_MAX];
static char g_ask[512];

static void operator_make(void)
{
	static struct hw_tokens tokens;
	uint8_t token[HW_TOKEN_SIZE] = {7};
	char text[64] = "";
	tokens.tokens[0].kind = HW_TOKEN_OPERATOR;
	hw_sha256(token, sizeof(token), &tokens.tokens[0].hash);
	tokens.count = 1;
	g_world.talks.tokens = &tokens;
	hw_base64url_encode(token, sizeof(token), text);
	(void)snprintf(
		g_ask, sizeof(g_ask),
		"GET /metrics/json HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n\r\n",
		text); /* fits */
}

static void reports_begin(uint32_t count, struct hw_span name, bool is_down)
{
	static const uint8_t share_id[HW_SHARE_ID_SIZE] = {1, 2, 3};
	for (uint32_t i = 0; i < count; i++) {
		struct hw_report_options options = {.share_id = share_id,
						    .name = name,
						    .size = i % 2 == 0 ? 1000 : UINT64_MAX,
						    .is_down = is_down};
		hw_report_begin(&g_reports[i], &g_world.talks, &options);
		hw_report_progress(&g_reports[i], 10 + i, i % 3 == 0 ? HW_STALL_DISK : NULL);
	}
}

static void reports_end(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		hw_report_end(&g_reports[i], HW_TRANSFER_CANCELLED);
	}
}

static void operators_see_what_moves(void **state)
{
	(void)state;
	world_begin("operators_see_what_moves");
	operator_make();
	json_t *json = ask(g_ask);
	assert_int_equal(json_array_size(json_object_get(json, "transfers")), 0);
	json_decref(json);
	reports_begin(3, HW_SPAN("a \"b\"\n"), true);
	json = ask(g_ask);
	json_t *transfers = json_object_get(json, "transfers");
	assert_int_equal(json_array_size(transfers), 3);
	for (uint32_t i = 0; i < 3; i++) {
		json_t *row = json_array_get(transfers, i);
		assert_string_equal(json_string_value(json_object_get(row, "file")), "a \"b\"\n");
		assert_string_equal(json_string_value(json_object_get(row, "direction")), "down");
		assert_int_equal(json_integer_value(json_object_get(row, "bytes")), 10 + i);
		assert_true(json_is_null(json_object_get(row, "size")) == (i % 2 == 1));
		assert_true(json_is_null(json_object_get(row, "stalled")) == (i % 3 != 0));
	}
	json_decref(json);
	json = ask(GET("/metrics/json", ""));
	assert_null(json_object_get(json, "transfers"));
	json_decref(json);
	/* Another token than an operator's is told so. */
	struct hw_span answer = talk_world_ask(
		&g_world, hw_span_of(GET("/metrics/json", "Authorization: Bearer "
							  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
							  "AAAAAAA\r\n")));
	assert_int_equal(talk_answer_status(answer), 403);
	reports_end(3);
	json = ask(g_ask);
	assert_int_equal(json_array_size(json_object_get(json, "transfers")), 0);
	json_decref(json);
	talk_table_end(&g_world);
}

static void too_many_are_cut(void **state)
{
	char name[HW_NAME_SIZE_MAX];
	(void)state;
	world_begin("too_many_are_cut");
	operator_make();
	memset(name, '<', sizeof(name)); /* six characters each, in JSON */
	reports_begin(REPORTS_MAX, (struct hw_span){name, sizeof(name)}, false);
	json_t *json = ask(g_ask);
	assert_in_range(json_array_size(json_object_get(json, "transfers")), 20, REPORTS_MAX - 1);
	assert_true(json_is_true(json_object_get(json, "transfers_cut")));
	json_decref(json);
	reports_end(REPORTS_MAX);
	talk_table_end(&g_world);
}

static void the_cluster_is_this_node(void **state)
{
	(void)state;
	world_begin("the_cluster_is_this_node");
	json_t *json = ask(GET("/api/v1/cluster", ""));
	const char *self = json_string_value(json_object_get(json, "self"));
	json_t *node = json_array_get(json_object_get(json, "nodes"), 0);
	assert_string_equal(self, "abcdefghijklmnopqrstuvwxyz");
	assert_string_equal(json_string_value(json_object_get(json, "mode")), "standalone");
	assert_string_equal(json_string_value(json_object_get(node, "id")), self);
	assert_string_equal(json_string_value(json_object_get(node, "address")), "http://here");
	assert_string_equal(json_string_value(json_object_get(node, "health")), "up");
	assert_true(json_is_real(json_object_get(node, "load")));
	json_decref(json);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_told),         cmocka_unit_test(a_full_history_fits),
		cmocka_unit_test(operators_see_what_moves), cmocka_unit_test(too_many_are_cut),
		cmocka_unit_test(the_cluster_is_this_node),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
