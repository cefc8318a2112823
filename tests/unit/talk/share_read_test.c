/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: everybody sees what a share has, its owner a little more, page after page without a gap;
 * a link without a single file is a list for programs or for people.
 *
 * Method: shares with no, one, several and too many files for one page; wrong cursors.
 */
#include "tests/unit/talk/share_world.h"

static struct talk_world g_world;
static struct talk_share g_share;

#define LINK(fields) "GET %P" HERE fields "\r\n"
#define JSON         "Accept: application/json\r\n"

static void file_put(const char *name)
{
	char text[1024];
	char filled[2048];
	int size = snprintf(text, sizeof(text),
			    "PUT %%P/%s" HERE "Authorization: Bearer %%T\r\n"
			    "Content-Length: 1\r\n\r\nx",
			    name);
	assert_in_range(size, 1, sizeof(text) - 1);
	struct hw_span request = talk_row_fill(text, &g_share, filled, sizeof(filled));
	assert_int_equal(talk_answer_status(talk_world_ask(&g_world, request)), 201);
}

static void shares_are_shown(void **state)
{
	static const struct talk_row empty[] = {
		{SHARE_GET(""), 200, "Content-Type", "application/json",
		 "\"files\":[],\"next\":null}"},
		{SHARE_GET(""), 200, "X-Content-Type-Options", "nosniff", "\"message\":\"hello\""},
		{SHARE_GET("Authorization: Bearer x\r\n"), 200, NULL, NULL,
		 "Z\",\"downloads_max\""},
		{SHARE_GET(AS_OWNER), 200, NULL, NULL, "\"downloads\":0,\"downloads_max\""},
		{"HEAD /api/v1/shares/%R" HERE "\r\n", 200, "Content-Type", "application/json", ""},
		{LINK(""), 200, "Content-Type", "text/plain", "no file in this share yet"},
		{LINK(JSON), 200, "Content-Type", "application/json", "\"files\":[]"},
		{LINK(""), 200, "Vary", "Accept", NULL},
		{"HEAD %P" HERE "\r\n", 200, "Content-Type", "text/plain", ""},
		{"GET /api/v1/shares/aaaaaaaaaaaaaaaaaaaaaaaaaa" HERE "\r\n", 404, NULL, NULL,
		 NULL},
		{"GET /api/v1/shares/%%" HERE "\r\n", 404, NULL, NULL, NULL},
		{"GET /api/v1/shares/%R?after=%00" HERE "\r\n", 400, NULL, NULL, "after="},
		{"GET /api/v1/shares/%R?after=%z" HERE "\r\n", 400, NULL, NULL, NULL},
		{"GET /api/v1/shares/%R?after=" HERE "\r\n", 200, NULL, NULL, NULL},
		{"GET %P?after=%00" HERE "\r\n", 400, NULL, NULL, NULL},
	};
	static const struct talk_row one[] = {
		{LINK(""), 200, "Content-Type", "application/octet-stream", "x"},
		{SHARE_GET(""), 200, NULL, NULL, "\"name\":\"b\",\"url\":\"http://here/s/"},
	};
	static const struct talk_row several[] = {
		{LINK(""), 200, "Content-Type", "text/plain", "/a%20c\nhttp://here/s/"},
		{LINK(JSON), 200, NULL, NULL, "\"name\":\"a c\""},
		{"GET /api/v1/shares/%R?after=a+c" HERE "\r\n", 200, NULL, NULL,
		 "\"files\":[{\"name\":\"b\""},
		{"GET /api/v1/shares/%R?after=b" HERE "\r\n", 200, NULL, NULL, "\"files\":[]"},
		{"GET %P/b" HERE "\r\n", 200, NULL, NULL, "x"},
	};
	(void)state;
	g_running.part = "shares_are_shown";
	struct talk_world_options options = talk_world_plenty();
	talk_table_begin(&g_world, &options);
	share_make(&g_world, "{\"message\":\"hello\"}", &g_share);
	talk_rows_check(&g_world, &g_share, empty, hw_count_of(empty));
	file_put("b");
	talk_rows_check(&g_world, &g_share, one, hw_count_of(one));
	file_put("a%20c");
	talk_rows_check(&g_world, &g_share, several, hw_count_of(several));
	talk_table_end(&g_world);
}

/* Names as long as can be: the links of a page then fill its text, not its rows. */
static void name_make(uint32_t index, bool is_long, char *ret_name)
{
	char number[8];
	(void)snprintf(number, sizeof(number), "%04u", index);
	memcpy(ret_name, number, 5);
	for (uint32_t i = 0; is_long && i < (HW_NAME_SIZE_MAX - 4) / 3; i++) {
		memcpy(ret_name + 4 + 9 * i, "%E2%98%85", 10);
	}
}

static void pages_have_no_gap(void **state)
{
	static char target[2048];
	static char text[4096];
	char name[800];
	(void)state;
	g_running.part = "pages_have_no_gap";
	for (int is_long = 0; is_long < 2; is_long++) {
		struct talk_world_options options = talk_world_plenty();
		talk_table_begin(&g_world, &options);
		share_make(&g_world, "{\"link_name\":\"many\"}", &g_share);
		uint32_t count = is_long ? 90 : 200;
		for (uint32_t i = 0; i < count; i++) {
			name_make(i, is_long, name);
			file_put(name);
		}
		uint32_t seen = 0;
		uint32_t pages = 0;
		(void)snprintf(target, sizeof(target), "/s/many");
		while (target[0] != '\0') {
			(void)snprintf(text, sizeof(text), "GET %s" HERE "\r\n", target);
			struct hw_span answer = talk_world_ask(&g_world, hw_span_of(text));
			assert_int_equal(talk_answer_status(answer), 200);
			struct hw_span body = talk_answer_body(answer);
			while (body.size > 0) {
				name_make(seen++, is_long, name);
				(void)snprintf(text, sizeof(text), "http://here/s/many/%s\n", name);
				assert_true(hw_span_starts_with(body, hw_span_of(text)));
				body = hw_span_skip(body, (uint32_t)strlen(text));
			}
			struct hw_span link = talk_answer_field(answer, "Link");
			target[0] = '\0';
			if (link.size > 0) {
				uint32_t size =
					link.size - (uint32_t)strlen("<http://here>; rel=\"next\"");
				memcpy(target, link.bytes + strlen("<http://here"), size);
				target[size] = '\0';
			}
			pages++;
		}
		assert_int_equal(seen, count);
		assert_true(pages == (is_long ? 2 : 3));
		talk_table_end(&g_world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_shown),
		cmocka_unit_test(pages_have_no_gap),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
