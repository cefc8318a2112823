/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: browsers get the portal's page where others get a text, a list or a file's bytes; its files
 * come in the best coding that the client names, with tags that differ by coding; what is not there
 * is not found.
 *
 * Method: tables over a portal of three small files; the same addresses with and without it, and
 * twice, so that what is kept in memory for one kind of client is not sent to the other.
 */
#include "net/talk/portal.h"
#include "tests/unit/talk/share_world.h"
#include "tests/unit/talk/talk_table.h"

static struct talk_world g_world;

static const uint8_t g_bytes[] = "<html>page</html>plain script....gzip....br..";
static const struct hw_portal_file g_files[] = {
	{"index.html", "text/html; charset=utf-8", false, {{0, 17, "page"}, {0}, {0}}},
	{"assets/a-1.js",
	 "text/javascript",
	 true,
	 {{17, 16, "script"}, {33, 8, "script-gzip"}, {41, 4, "script-br"}}},
	{"assets/b-2.svg", "image/svg+xml", true, {{17, 5, "icon"}, {33, 4, "icon-gzip"}, {0}}},
};
static const struct hw_portal g_portal = {
	.files = g_files, .file_count = hw_count_of(g_files), .page = g_files, .bytes = g_bytes};

#define ASK(path, fields)     "GET " path " HTTP/1.1\r\nHost: here\r\n" fields "\r\n"
#define BROWSER               "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
#define PAGE                  "<html>page</html>"
#define CODED(codings, field) ASK("/assets/a-1.js", "Accept-Encoding: " codings "\r\n" field)

static void world_begin(bool has_portal)
{
	struct talk_world_options options = talk_world_plenty();
	options.object_cache_size = UINT32_C(1) << 20;
	talk_table_begin(&g_world, &options);
	g_world.talks.options.portal = has_portal ? &g_portal : NULL;
}

static void browsers_get_the_page(void **state)
{
	static const struct talk_row rows[] = {
		{ASK("/", BROWSER), 200, "Content-Type", "text/html", PAGE},
		{ASK("/", BROWSER), 200, "Content-Security-Policy", "default-src 'none'", PAGE},
		{ASK("/", BROWSER), 200, "Vary", "Accept, Accept-Encoding", PAGE},
		{ASK("/", BROWSER), 200, "Cache-Control", "no-cache", PAGE},
		{ASK("/", BROWSER), 200, "Referrer-Policy", "no-referrer", PAGE},
		{ASK("/", "Accept: */*\r\n"), 200, "Content-Type", "text/plain", "curl -T"},
		{ASK("/", ""), 200, "Content-Type", "text/plain", "curl -T"},
		{ASK("/", ""), 200, "Vary", "Accept", "curl -T"},
		{ASK("/s/abcdefghijklmnopqrstuvwxyz", ""), 404, "Vary", "Accept", NULL},
		{ASK("/shares", ""), 200, "Content-Type", "text/html", PAGE},
		{ASK("/operator", BROWSER), 200, "Content-Type", "text/html", PAGE},
		{ASK("/s/abcdefghijklmnopqrstuvwxyz", BROWSER), 200, "Content-Type", "text/html",
		 PAGE},
		{ASK("/s/abcdefghijklmnopqrstuvwxyz/x", BROWSER), 404, NULL, NULL, NULL},
		{ASK("/s/abcdefghijklmnopqrstuvwxyz.zip", BROWSER), 404, NULL, NULL, NULL},
		{ASK("/x", BROWSER), 405, "Allow", "PUT", NULL},
		{"HEAD / HTTP/1.1\r\nHost: here\r\n" BROWSER "\r\n", 200, "Content-Length", "17",
		 ""},
		{ASK("/", BROWSER "If-None-Match: \"page\"\r\n"), 304, "ETag", "\"page\"", ""},
		{ASK("/", BROWSER "If-None-Match: W/\"page\", \"x\"\r\n"), 304, "Vary", NULL, ""},
		{ASK("/", BROWSER "If-None-Match: \"script\"\r\n"), 200, "ETag", "\"page\"", PAGE},
		{"POST /shares HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n", 405, "Allow",
		 "GET, HEAD, PUT", NULL},
	};
	(void)state;
	g_running.part = "browsers_get_the_page";
	world_begin(true);
	talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

static void files_come_in_the_best_coding(void **state)
{
	static const struct talk_row rows[] = {
		{ASK("/assets/a-1.js", ""), 200, "Content-Type", "text/javascript",
		 "plain script...."},
		{ASK("/assets/a-1.js", ""), 200, "Cache-Control", "public, max-age=31536000",
		 "plain"},
		{ASK("/assets/a-1.js", ""), 200, "ETag", "\"script\"", "plain"},
		{CODED("gzip, deflate, br", ""), 200, "Content-Encoding", "br", "br.."},
		{CODED("gzip, deflate, br", ""), 200, "ETag", "\"script-br\"", "br.."},
		{CODED("gzip, br;q=0", ""), 200, "Content-Encoding", "gzip", "gzip...."},
		{CODED("identity", ""), 200, "ETag", "\"script\"", "plain"},
		{CODED("gzip", "If-None-Match: \"script-gzip\"\r\n"), 304, "ETag",
		 "\"script-gzip\"", ""},
		{CODED("br", "If-None-Match: \"script-gzip\"\r\n"), 200, "ETag", "\"script-br\"",
		 "br.."},
		{ASK("/assets/b-2.svg", "Accept-Encoding: br, gzip\r\n"), 200, "Content-Encoding",
		 "gzip", "gzip"},
		{ASK("/assets/", ""), 404, NULL, NULL, NULL},
		{ASK("/assets/a-1", ""), 404, NULL, NULL, NULL},
		{ASK("/assets/..", ""), 404, NULL, NULL, NULL},
		{ASK("/assets/index.html", ""), 404, NULL, NULL, NULL},
		{ASK("/assets/a-1.js/x", ""), 404, NULL, NULL, NULL},
	};
	(void)state;
	g_running.part = "files_come_in_the_best_coding";
	world_begin(true);
	talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

static void without_a_portal_all_is_as_it_was(void **state)
{
	static const struct talk_row rows[] = {
		{ASK("/", BROWSER), 200, "Content-Type", "text/plain", "curl -T"},
		{ASK("/", BROWSER), 200, "Vary", "Accept", "curl -T"},
		{ASK("/shares", BROWSER), 404, NULL, NULL, "without its portal"},
		{ASK("/assets/a-1.js", ""), 404, NULL, NULL, NULL},
		{ASK("/s/abcdefghijklmnopqrstuvwxyz", BROWSER), 404, NULL, NULL, NULL},
	};
	(void)state;
	g_running.part = "without_a_portal_all_is_as_it_was";
	world_begin(false);
	talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	talk_table_end(&g_world);
}

/* The bytes of a share's only file are small and often asked for: still a browser gets the page. */
static void kept_files_are_no_pages(void **state)
{
	(void)state;
	g_running.part = "kept_files_are_no_pages";
	world_begin(true);
	static struct talk_model model;
	memset(&model, 0, sizeof(model));
	const struct talk_share *share = &model.shares[talk_share_make(&g_world, &model, 1000, 5)];
	char plain[200];
	char browser[200];
	const char *name = strrchr(share->path, '/');
	(void)snprintf(plain, sizeof(plain), "GET %.*s HTTP/1.1\r\nHost: here\r\n\r\n",
		       (int)(name - share->path), share->path); /* fits */
	(void)snprintf(browser, sizeof(browser), "GET %.*s HTTP/1.1\r\nHost: here\r\n%s\r\n",
		       (int)(name - share->path), share->path, BROWSER); /* fits */
	for (uint32_t i = 0; i < 4; i++) {
		const struct talk_row rows[] = {
			{plain, 200, "Content-Type", "application/octet-stream", NULL},
			{plain, 200, "Vary", "Accept", NULL},
			{browser, 200, "Content-Type", "text/html", PAGE},
		};
		talk_rows_check(&g_world, NULL, rows, hw_count_of(rows));
	}
	talk_table_end(&g_world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(browsers_get_the_page),
		cmocka_unit_test(files_come_in_the_best_coding),
		cmocka_unit_test(without_a_portal_all_is_as_it_was),
		cmocka_unit_test(kept_files_are_no_pages),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
