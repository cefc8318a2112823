/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a name is taken for accepted exactly when it stands in the list with a weight above zero.
 *
 * Method: one table of values as browsers and tools send them, and of broken ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/check.h"
#include "net/wire/accept.h"

static const struct {
	const char *value;
	const char *name;
	bool is_named;
} g_rows[] = {
	{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", true},
	{"application/xml;q=0.9, TEXT/HTML ; q=0.1", "text/html", true},
	{"*/*", "text/html", false},
	{"text/*", "text/html", false},
	{"text/html2", "text/html", false},
	{"xtext/html", "text/html", false},
	{"application/json", "text/html", false},
	{"text/html;q=0", "text/html", false},
	{"text/html;level=1;q=0.000", "text/html", false},
	{"text/html;Q=0.", "text/html", false},
	{"text/html;q=0.001", "text/html", true},
	{"text/html;q=0;q=1", "text/html", false},
	{"text/html;q=00", "text/html", true}, /* no weight at all: passed over */
	{"text/html;q=0, text/html", "text/html", false},
	{"gzip, deflate, br, zstd", "br", true},
	{"gzip;q=1.0,br;q=0", "br", false},
	{"gzip;q=1.0,br;q=0", "gzip", true},
	{"br", "gzip", false},
	{"brotli", "br", false},
	{"", "br", false},
	{",", "br", false},
	{" , ;, br", "br", true},
	{";q=1", "", true},
	{"br;", "br", true},
	{"\t br \t", "br", true},
};

static void names_are_found(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_rows); i++) {
		bool is_named =
			hw_accept_names(hw_span_of(g_rows[i].value), hw_span_of(g_rows[i].name));
		if (is_named != g_rows[i].is_named) {
			print_message("\"%s\" has %s\n", g_rows[i].value, g_rows[i].name);
		}
		assert_true(is_named == g_rows[i].is_named);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_found)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
