/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a pass opens its share as long as it lives and the password stays; nothing else does.
 *
 * Method: made and checked; every bit of it changed; another share, password, secret, time; in
 *         cookies among others, and in the header; what is written comes back.
 */
#include "net/talk/pass.h"

#include "tests/unit/talk/asking.h"

static struct asking g_asking;
static struct hw_reactor g_reactor;
static struct hw_talks g_talks;
static struct hw_share_access g_access;
static const uint8_t g_id[HW_SHARE_ID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

#define COOKIE "hawser-aebagbaf"

static int setup(void **state)
{
	(void)state;
	memset(&g_talks, 0, sizeof(g_talks));
	g_reactor.wall_ms = UINT64_C(1764000000000);
	g_talks.reactor = &g_reactor;
	g_talks.options.public_url = "";
	memset(g_talks.options.pass_secret, 7, sizeof(g_talks.options.pass_secret));
	g_access.password_size = 5;
	memcpy(g_access.password, "$phc$", 5);
	return 0;
}

static bool is_good(const char *text)
{
	return hw_pass_check(&g_talks, g_id, &g_access, (struct hw_span){text, HW_PASS_TEXT_SIZE});
}

static void test_life(void **state)
{
	(void)state;
	char text[HW_PASS_TEXT_SIZE];
	hw_pass_make(&g_talks, g_id, &g_access, text);
	assert_true(is_good(text));
	g_reactor.wall_ms += HW_PASS_LIFE_MS - 1;
	assert_true(is_good(text));
	g_reactor.wall_ms += 1;
	assert_false(is_good(text));
}

static void test_what_it_is_for(void **state)
{
	(void)state;
	char text[HW_PASS_TEXT_SIZE];
	uint8_t other[HW_SHARE_ID_SIZE];
	hw_pass_make(&g_talks, g_id, &g_access, text);
	memcpy(other, g_id, sizeof(other));
	other[15] ^= 1;
	assert_false(hw_pass_check(&g_talks, other, &g_access, (struct hw_span){text, 54}));
	g_access.password[4] = '%';
	assert_false(is_good(text));
	g_access.password[4] = '$';
	assert_true(is_good(text));
	g_talks.options.pass_secret[31] ^= 1;
	assert_false(is_good(text));
}

/* None of the texts that differ in one character from a good one is good. */
static void test_every_change(void **state)
{
	(void)state;
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=";
	char text[HW_PASS_TEXT_SIZE];
	hw_pass_make(&g_talks, g_id, &g_access, text);
	for (uint32_t i = 0; i < sizeof(text); i++) {
		char kept = text[i];
		for (uint32_t j = 0; j < sizeof(alphabet) - 1; j++) {
			text[i] = alphabet[j];
			assert_int_equal(is_good(text), alphabet[j] == kept);
		}
		text[i] = kept;
	}
	for (uint32_t size = 0; size < sizeof(text); size++) {
		assert_false(
			hw_pass_check(&g_talks, g_id, &g_access, (struct hw_span){text, size}));
	}
}

/* @around: what stands before the pass and behind it, with % for the pass. */
static bool came(const char *around, const char *text)
{
	char fields[400];
	int size = snprintf(fields, sizeof(fields), "%.*s%.*s%s", (int)strcspn(around, "%"), around,
			    (int)HW_PASS_TEXT_SIZE, text, strchr(around, '%') + 1);
	assert_in_range(size, 1, sizeof(fields) - 1);
	return hw_pass_came(&g_talks, asking(&g_asking, fields), g_id, &g_access);
}

static void test_where_it_stands(void **state)
{
	(void)state;
	char text[HW_PASS_TEXT_SIZE];
	hw_pass_make(&g_talks, g_id, &g_access, text);
	static const struct {
		const char *fields;
		bool has_come;
	} rows[] = {
		{"Hawser-Pass: %\r\n", true},
		{"hawser-pass: %\r\n", true},
		{"Hawser-Pass: x%\r\n", false},
		{"Cookie: " COOKIE "=%\r\n", true},
		{"Cookie: a=b; " COOKIE "=%; c=d\r\n", true},
		{"Cookie: " COOKIE "=old; " COOKIE "=%\r\n", true},
		{"Cookie: a=b\r\nCookie: " COOKIE "=%\r\n", true},
		{"Hawser-Pass: no\r\nCookie: " COOKIE "=%\r\n", true},
		{"Cookie: ;;; " COOKIE "=%;\r\n", true},
		{"Cookie: x" COOKIE "=%\r\n", false},
		{"Cookie: " COOKIE "x=%\r\n", false},
		{"Cookie: a=b," COOKIE "=%\r\n", false},
		{"Cookie: " COOKIE "\r\nX: %\r\n", false},
		{"Cookie: " COOKIE "=\r\nX: %\r\n", false},
		{"Cookie: hawser-aebagbag=%\r\n", false},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		assert_int_equal(came(rows[i].fields, text), rows[i].has_come);
	}
	assert_false(hw_pass_came(&g_talks, asking(&g_asking, ""), g_id, &g_access));
}

static void test_what_is_written_comes_back(void **state)
{
	(void)state;
	char bytes[400];
	struct hw_http_writer writer;
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_pass_write(&g_talks, g_id, &g_access, &writer);
	assert_false(writer.is_overflowed);
	bytes[writer.size] = '\0';
	assert_int_equal(strncmp(bytes, "Set-Cookie: " COOKIE "=", 12 + 16), 0);
	assert_non_null(strstr(bytes, "; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax\r\n"));
	assert_null(strstr(bytes, "Secure"));
	assert_true(came("Cookie: " COOKIE "=%\r\n", bytes + 12 + 16));
	const char *header = strstr(bytes, "Hawser-Pass: ");
	assert_non_null(header);
	assert_true(came("Hawser-Pass: %\r\n", header + 13));
	g_talks.options.public_url = "https://a.example";
	hw_http_writer_init(&writer, bytes, sizeof(bytes));
	hw_pass_write(&g_talks, g_id, &g_access, &writer);
	bytes[writer.size] = '\0';
	assert_non_null(strstr(bytes, "; Secure; "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_life, setup),
		cmocka_unit_test_setup(test_what_it_is_for, setup),
		cmocka_unit_test_setup(test_every_change, setup),
		cmocka_unit_test_setup(test_where_it_stands, setup),
		cmocka_unit_test_setup(test_what_is_written_comes_back, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
