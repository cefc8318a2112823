/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the page of an origin that the operator named may send what we understand and read what we
 * answer, errors too; another's may not; nobody's browser acts with what it keeps; a cache is told
 * when an answer is one origin's only.
 *
 * Method: three configurations, seven origins, four kinds of request, with what must come back
 * written down for configuration and origin; then a request at a time of names on the edge.
 */
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

enum { CONFIGS = 3, ORIGINS = 7, KINDS = 4 };

static const char *const g_configs[CONFIGS] = {
	NULL, "*", "https://A.example:443, http://b.example:81,http://c.example:80"};

static const struct {
	const char *origin;           /* NULL: the field is not sent */
	const char *allowed[CONFIGS]; /* NULL: none */
} g_origins[ORIGINS] = {
	{NULL, {NULL, "*", NULL}},
	{"https://a.example", {NULL, "*", "https://a.example"}},
	{"http://b.example:81", {NULL, "*", "http://b.example:81"}},
	{"http://c.example", {NULL, "*", "http://c.example"}},
	{"http://b.example", {NULL, "*", NULL}},
	{"null", {NULL, "*", NULL}},
	{"https://a.example.evil", {NULL, "*", NULL}},
};

static const struct {
	const char *first;
	const char *fields;
	uint32_t status;
	bool is_preflight;
} g_kinds[KINDS] = {
	{"GET /health HTTP/1.1\r\n", "", 200, false},
	{"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa/x HTTP/1.1\r\n", "", 404, false},
	{"OPTIONS /api/v1/uploads/x HTTP/1.1\r\n", "", 204, false},
	{"OPTIONS /api/v1/uploads/x HTTP/1.1\r\n",
	 "Access-Control-Request-Method: PATCH\r\n"
	 "Access-Control-Request-Headers: upload-offset,tus-resumable\r\n",
	 204, true},
};

static bool field_is(struct hw_span answer, const char *name, const char *value)
{
	struct hw_span found = talk_answer_field(answer, name);
	return value == NULL ? found.size == 0 : hw_span_equal(found, hw_span_of(value));
}

static struct hw_span ask(uint32_t origin, uint32_t kind)
{
	char text[512];
	bool has_origin = g_origins[origin].origin != NULL;
	int size =
		snprintf(text, sizeof(text), "%sHost: here\r\n%s%s%s%s\r\n", g_kinds[kind].first,
			 has_origin ? "Origin: " : "", has_origin ? g_origins[origin].origin : "",
			 has_origin ? "\r\n" : "", g_kinds[kind].fields);
	assert_true(size > 0 && (size_t)size < sizeof(text));
	return talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
}

static void case_check(uint32_t config, uint32_t origin, uint32_t kind)
{
	struct hw_span answer = ask(origin, kind);
	const char *allowed = g_origins[origin].allowed[config];
	bool is_list = config == 2;
	bool is_preflight =
		g_kinds[kind].is_preflight && allowed != NULL && g_origins[origin].origin != NULL;
	assert_int_equal(talk_answer_status(answer), g_kinds[kind].status);
	assert_true(field_is(answer, "Access-Control-Allow-Origin", allowed));
	assert_true(field_is(answer, "Access-Control-Allow-Credentials", NULL));
	assert_true(
		field_is(answer, "Access-Control-Expose-Headers", allowed != NULL ? "*" : NULL));
	assert_true(field_is(answer, "Vary", is_list ? "Origin" : NULL));
	assert_true(field_is(answer, "Access-Control-Allow-Methods",
			     is_preflight ? "GET, HEAD, PUT, POST, PATCH, DELETE" : NULL));
	struct hw_span headers = talk_answer_field(answer, "Access-Control-Allow-Headers");
	assert_int_equal(headers.size > 0, is_preflight);
	assert_int_equal(talk_answer_field(answer, "Access-Control-Max-Age").size > 0,
			 is_preflight);
}

static void matrix(void **state)
{
	(void)state;
	g_running.part = "matrix";
	for (uint32_t config = 0; config < CONFIGS; config++) {
		struct talk_world_options options = talk_world_plenty();
		options.cors_origins = g_configs[config];
		talk_table_begin(&g_world, &options);
		for (uint32_t i = 0; i < ORIGINS * KINDS; i++) {
			g_running.place = config * ORIGINS * KINDS + i;
			case_check(config, i / KINDS, i % KINDS);
		}
		talk_table_end(&g_world);
	}
}

/* What we read of a request is what a page may send. */
static void every_field_may_be_sent(void **state)
{
	static const char *const fields[] = {
		"Authorization",   "Content-Type",    "Content-Disposition", "Range",
		"If-Range",        "If-None-Match",   "Tus-Resumable",       "Upload-Length",
		"Upload-Offset",   "Upload-Metadata", "Upload-Checksum",     "Upload-Concat",
		"Upload-Complete", "Hawser-Password", "Hawser-Expires",      "Hawser-Downloads",
		"Hawser-Message",  "Hawser-Link",     "Upload-Defer-Length", "Hawser-Pass",
		"Hawser-Client",
	};
	(void)state;
	g_running.part = "every_field_may_be_sent";
	struct talk_world_options options = talk_world_plenty();
	options.cors_origins = "*";
	talk_table_begin(&g_world, &options);
	struct hw_span list = talk_answer_field(ask(1, 3), "Access-Control-Allow-Headers");
	assert_true(list.size > 0);
	for (uint32_t i = 0; i < hw_count_of(fields); i++) {
		struct hw_span rest = list;
		struct hw_span one;
		bool is_there = false;
		g_running.place = i;
		while (hw_http_list_next(&rest, &one)) {
			is_there |= hw_span_equal(one, hw_span_of(fields[i]));
		}
		assert_true(is_there);
	}
	talk_table_end(&g_world);
}

/* The longest name, address and origin at once: every answer still fits, heads and all. */
static void the_longest_answers_fit(void **state)
{
	static const char *const gets[] = {"GET", "HEAD"};
	static char list[HW_CONFIG_TEXT_SIZE_MAX];
	static char url[256];
	static char name[3 * HW_NAME_SIZE_MAX + 1];
	static char text[4096];
	static char link[HW_LINK_NAME_SIZE_MAX + 1];
	(void)state;
	g_running.part = "the_longest_answers_fit";
	memset(list, 'o', HW_CORS_ORIGIN_SIZE_MAX);
	memcpy(list, "http://", 7);
	memset(url, 'u', sizeof(url) - 1);
	memcpy(url, "http://", 7);
	memset(link, 'l', HW_LINK_NAME_SIZE_MAX);
	for (uint32_t i = 0; i < HW_NAME_SIZE_MAX / 3; i++) {
		memcpy(name + (size_t)9 * i, "%E2%82%AC", 9);
	}
	struct talk_world_options options = talk_world_plenty();
	options.cors_origins = list;
	options.public_url = url;
	talk_table_begin(&g_world, &options);
	int size = snprintf(text, sizeof(text),
			    "PUT /%s?link=%s HTTP/1.1\r\nHost: here\r\nOrigin: %s\r\n"
			    "Content-Length: 3\r\n\r\nabc",
			    name, link, list);
	struct hw_span answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
	assert_int_equal(talk_answer_status(answer), 201);
	assert_true(field_is(answer, "Access-Control-Allow-Origin", list));
	struct hw_span location = talk_answer_field(answer, "Location");
	assert_true(location.size > 255 + HW_LINK_NAME_SIZE_MAX + 765);
	struct hw_span path = hw_span_skip(location, 255);
	for (uint32_t i = 0; i < hw_count_of(gets); i++) {
		size = snprintf(text, sizeof(text),
				"%s %.*s HTTP/1.1\r\nHost: here\r\nOrigin: %s\r\n\r\n", gets[i],
				(int)path.size, path.bytes, list);
		answer = talk_world_ask(&g_world, (struct hw_span){text, (uint32_t)size});
		assert_int_equal(talk_answer_status(answer), 200);
		assert_true(field_is(answer, "Access-Control-Allow-Origin", list));
	}
	talk_table_end(&g_world);
}

/* As many origins as a configuration holds; and one that no browser can say. */
static void a_long_list(void **state)
{
	static struct hw_cors cors;
	char list[HW_CONFIG_TEXT_SIZE_MAX];
	uint32_t size = 0;
	(void)state;
	for (uint32_t i = 0; i < HW_CORS_ORIGINS_MAX; i++) {
		char one[10];
		(void)snprintf(one, sizeof(one), "http://%c,", 'a' + (int)(i % 26));
		memcpy(list + size, one, 9);
		size += 9;
	}
	list[size - 1] = '\0';
	hw_cors_init(&cors, list);
	assert_int_equal(cors.count, HW_CORS_ORIGINS_MAX);
	memset(list, 'a', sizeof(list));
	memcpy(list, "http://", 7);
	list[HW_CORS_ORIGIN_SIZE_MAX + 1] = '\0';
	hw_cors_init(&cors, list);
	assert_int_equal(cors.count, 0);
	list[HW_CORS_ORIGIN_SIZE_MAX] = '\0';
	hw_cors_init(&cors, list);
	assert_int_equal(cors.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrix),
		cmocka_unit_test(every_field_may_be_sent),
		cmocka_unit_test(the_longest_answers_fit),
		cmocka_unit_test(a_long_list),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
