/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: segments of a path become the share and the name that they are, and what cannot be one
 * becomes a share that is never there.
 *
 * Method: a table, over requests that were another's before.
 */
#include "net/talk/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define ID "aebagbafaydqqcikbmga2dqpca" /* 1, 2, ... 16 */

static void links_are_read(void **state)
{
	static const struct {
		const char *id;
		const char *name;
		bool has_id;
		const char *link_name;
		const char *file;
	} rows[] = {
		{ID, "", true, "", ""},          {ID, "a.txt", true, "", "a.txt"},
		{ID, "a%20b", true, "", "a b"},  {ID, "%2e%2e", false, "", ""},
		{ID, "a%00b", false, "", ""},    {"my-iso", "a", false, "my-iso", "a"},
		{"my-iso", "..", false, "", ""}, {"x", "a", false, "", "a"},
		{"", "", false, "", ""},         {"MY ISO", "", false, "", ""},
	};
	static const uint8_t none[HW_SHARE_ID_SIZE];
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_catalog_request request;
		memset(&request, 0x55, sizeof(request));
		hw_link_parse(&request, hw_span_of(rows[i].id), hw_span_of(rows[i].name));
		bool has_id = memcmp(request.share_id, none, sizeof(none)) != 0;
		assert_int_equal(has_id, rows[i].has_id);
		if (has_id) {
			assert_int_equal(request.share_id[0], 1);
			assert_int_equal(request.share_id[15], 16);
		}
		struct hw_span link_name = {request.link_name, request.link_name_size};
		struct hw_span file = {request.name, request.name_size};
		assert_true(hw_span_equal(link_name, hw_span_of(rows[i].link_name)));
		assert_true(hw_span_equal(file, hw_span_of(rows[i].file)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
