/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what a ZIP holds is what there was when it was asked for, also when its list takes several
 * pages, and files are added between them.
 *
 * Method: pages of the first list are held back at the catalog's port; meanwhile more files than a
 * page has come before, between and behind those that were there.
 */
#include "net/talk/archive.h"
#include "tests/unit/talk/archive_live_world.h"

/* The pages of the first list come one by one, when the test says so. */
static struct {
	void (*submit)(struct hw_catalog *catalog, struct hw_catalog_request *request);
	struct hw_catalog *catalog;
	struct hw_catalog_request *request; /* held back */
	uint32_t left_count;                /* pages to hold back yet, behind the first */
} g_pages;

static void page_submit(struct hw_catalog *catalog, struct hw_catalog_request *request)
{
	bool is_later = request->verb == HW_CATALOG_FILE_LIST && request->name_size > 0 &&
			request->row_capacity == HW_ARCHIVE_ROWS;
	if (!is_later || g_pages.left_count == 0) {
		g_pages.submit(catalog, request);
		return;
	}
	assert_null(g_pages.request);
	g_pages.left_count--;
	g_pages.request = request;
}

static void others_add(uint32_t round)
{
	static const char *const places[] = {"a", "m0", "m40", "m69", "z"};
	char path[TALK_PATH_SIZE];
	char name[16];
	for (uint32_t i = 0; i < 80; i++) {
		const char *place = places[i < 40 ? 0 : i % hw_count_of(places)];
		(void)snprintf(name, sizeof(name), "%s-%u-%02u", place, round, i);
		tus_create(&g_world, &g_share, name, 5, path);
	}
}

/* Nor those that come while the first list is made, a page at a time. */
static void files_between_pages_are_passed_over(void **state)
{
	static char names[ZIP_FILES_MAX][8];
	(void)state;
	g_running.part = "files_between_pages_are_passed_over";
	for (uint32_t is_live = 0; is_live < 2; is_live++) {
		files_begin(HW_SHARE_STORED);
		for (uint32_t i = 0; i < ZIP_FILES_MAX; i++) {
			uint64_t size = is_live == 1 && i % 30 == 0 ? 10 * KIB : 0;
			(void)snprintf(names[i], sizeof(names[i]), "m%02u", i);
			file_add(names[i], size, size);
		}
		g_pages.catalog = g_world.talks.catalog;
		g_pages.submit = g_pages.catalog->submit;
		g_pages.catalog->submit = page_submit;
		g_pages.left_count = 2;
		struct hw_sim_peer *peer = zip_ask("GET", "", false);
		for (uint32_t round = 0; round < 2; round++) {
			assert_non_null(g_pages.request);
			others_add(round);
			g_pages.submit(g_pages.catalog, hw_move(&g_pages.request));
			talk_world_pass(&g_world, 100);
		}
		g_pages.catalog->submit = g_pages.submit;
		for (uint32_t i = 0; is_live == 1 && i < ZIP_FILES_MAX; i += 30) {
			file_say(i, 0, 10 * KIB, "");
		}
		talk_world_pass(&g_world, 2500);
		assert_true(is_whole(peer));
		talk_table_end(&g_world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_between_pages_are_passed_over),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
