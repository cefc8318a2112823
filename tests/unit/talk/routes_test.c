/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every address answers the methods that it has, names them to who uses another, and nothing
 * is at any other address.
 *
 * Method: the whole table, address by method; the statuses say who answered.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaa"

enum { METHODS = 7 };

static const char *const g_methods[METHODS] = {"GET",   "HEAD",   "PUT",    "POST",
					       "PATCH", "DELETE", "OPTIONS"};

static const struct {
	const char *path;
	const char *allowed;        /* NULL: nothing is there */
	uint32_t statuses[METHODS]; /* in the order above; PUT is sent without a length: 411 */
} g_rows[] = {
	{"/", "GET, HEAD, OPTIONS", {200, 200, 411, 405, 405, 405, 204}},
	{"/?x=y", "GET, HEAD, OPTIONS", {200, 200, 411, 405, 405, 405, 204}},
	{"/health", "GET, HEAD, PUT, OPTIONS", {200, 200, 411, 405, 405, 405, 204}},
	{"/health?full", "GET, HEAD, PUT, OPTIONS", {200, 200, 411, 405, 405, 405, 204}},
	{"/metrics", "GET, HEAD, PUT, OPTIONS", {200, 200, 411, 405, 405, 405, 204}},
	{"/s/" ID, "GET, HEAD, DELETE, OPTIONS", {404, 404, 405, 405, 405, 401, 204}},
	{"/s/" ID "/x", "GET, HEAD, PUT, DELETE, OPTIONS", {404, 404, 401, 405, 405, 401, 204}},
	{"/s/" ID "/x?y", "GET, HEAD, PUT, DELETE, OPTIONS", {404, 404, 401, 405, 405, 401, 204}},
	{"/api/v1/shares", "GET, HEAD, POST, OPTIONS", {401, 401, 405, 201, 405, 405, 204}},
	{"/api/v1/shares/" ID,
	 "GET, HEAD, PATCH, DELETE, OPTIONS",
	 {404, 404, 405, 405, 401, 401, 204}},
	{"/anything", "PUT, OPTIONS", {405, 405, 411, 405, 405, 405, 204}},
	{"/s", "PUT, OPTIONS", {405, 405, 411, 405, 405, 405, 204}},
	{"/api/v1/events", "GET, OPTIONS", {426, 405, 405, 405, 405, 405, 204}},
	{"/api/v1/x", NULL, {404, 404, 404, 404, 404, 404, 204}},
	{"/api/v2/events", NULL, {404, 404, 404, 404, 404, 404, 204}},
	{"/s/" ID "/x/y", NULL, {404, 404, 404, 404, 404, 404, 204}},
	{"/a/b", NULL, {404, 404, 404, 404, 404, 404, 204}},
	{"/a/b/c/d/e/f/g/h", NULL, {404, 404, 404, 404, 404, 404, 204}},
	{"/health/x", NULL, {404, 404, 404, 404, 404, 404, 204}},
};

static void address_check(uint32_t index, uint32_t method)
{
	char text[512];
	int size = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: here\r\n\r\n",
			    g_methods[method], g_rows[index].path);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	uint32_t status = talk_answer_status(answer);
	if (status != g_rows[index].statuses[method]) {
		print_message("%s %s: %u\n", g_methods[method], g_rows[index].path, status);
	}
	assert_int_equal(status, g_rows[index].statuses[method]);
	struct hw_span allowed = talk_answer_field(answer, "Allow");
	bool is_named = status == 405 || status == 204;
	assert_int_equal(allowed.size > 0, is_named);
	if (is_named && g_rows[index].allowed != NULL) {
		assert_true(hw_span_equal(allowed, hw_span_of(g_rows[index].allowed)));
	}
	if (strcmp(g_methods[method], "HEAD") == 0 || status == 204) {
		assert_int_equal(talk_answer_body(answer).size, 0);
	} else {
		assert_true(talk_answer_body(answer).size > 0);
	}
}

static void every_address_answers(void **state)
{
	(void)state;
	g_running.part = "every_address_answers";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		for (uint32_t j = 0; j < METHODS; j++) {
			g_running.place = i * METHODS + j;
			address_check(i, j);
		}
	}
	static const struct talk_row star = {"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n", 204,
					     "Allow", "GET", ""};
	talk_rows_check(&g_world, NULL, &star, 1);
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_address_answers)};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
