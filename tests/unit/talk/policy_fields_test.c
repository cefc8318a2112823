/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what a PUT says of its share is understood, and what cannot be understood is refused with
 * the name of the field; nothing is passed over.
 *
 * Method: a table of heads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/talk/policy_fields.h"
#include "net/wire/duration.h"
#include "net/wire/http_parser.h"

static struct hw_share_wish g_wish;
static char g_sentence[HW_SHARE_WISH_SENTENCE_MAX];

static uint32_t read_head(const char *target, const char *fields)
{
	static char text[16384];
	struct hw_http_parser parser;
	int size = snprintf(text, sizeof(text), "PUT %s HTTP/1.1\r\nHost: here\r\n%s\r\n", target,
			    fields);
	assert_in_range(size, 1, sizeof(text) - 1);
	hw_http_parser_init(&parser);
	assert_int_equal(hw_http_parser_feed(&parser, text, (uint32_t)size), HW_HTTP_DONE);
	memset(g_sentence, 'x', sizeof(g_sentence));
	return hw_policy_fields_read(&parser.request, text, &g_wish, g_sentence);
}

static void wish_check(const char *target, const char *fields)
{
	assert_int_equal(read_head(target, fields), 0);
	assert_int_equal(g_wish.given, HW_SHARE_WISH_EXPIRES_IN | HW_SHARE_WISH_DOWNLOADS |
					       HW_SHARE_WISH_MESSAGE | HW_SHARE_WISH_LINK_NAME);
	assert_int_equal(g_wish.expires_in_ms, 3600000);
	assert_int_equal(g_wish.downloads_max, 7);
	assert_int_equal(g_wish.message_size, 3);
	assert_memory_equal(g_wish.message, "a b", 3);
	assert_int_equal(g_wish.link_name_size, 4);
	assert_memory_equal(g_wish.link_name, "mine", 4);
}

static void all_is_understood(void **state)
{
	(void)state;
	wish_check("/a", "Hawser-Expires: 1h\r\nHAWSER-DOWNLOADS: 7\r\nhawser-message: a b\r\n"
			 "Hawser-Link: mine\r\n");
	wish_check("/a?expires=1h&downloads=7&message=a+b&link=mine", "");
	wish_check("/a?&expires=1h&&downloads=%37&message=a%20b&link=mine&", "");
	wish_check("/a?expires=1h&link=mine", "Hawser-Downloads: 7\r\nHawser-Message: a b\r\n");
	assert_int_equal(read_head("/a", ""), 0);
	assert_int_equal(g_wish.given, 0);
	assert_int_equal(read_head("/a?", "X-Hawser-Other: 1\r\nHawse: 2\r\n"), 0);
	assert_int_equal(g_wish.given, 0);
	assert_int_equal(read_head("/a", "Hawser-Password: p w\r\n"), 0);
	assert_int_equal(g_wish.given, HW_SHARE_WISH_PASSWORD);
	assert_int_equal(g_wish.password_size, 3);
	assert_int_equal(read_head("/a?expires=never&message=%E2%98%85%0A%2F", ""), 0);
	assert_int_equal(g_wish.expires_in_ms, HW_DURATION_NEVER);
	assert_memory_equal(g_wish.message, "\xe2\x98\x85\n/", 5);
	assert_int_equal(read_head("/a", "Hawser-Message:\r\n"), 0); /* none */
	assert_int_equal(g_wish.message_size, 0);
}

static void the_rest_is_refused(void **state)
{
	static const struct {
		const char *target;
		const char *fields;
		uint32_t status;
		const char *sentence; /* what it begins with */
	} rows[] = {
		{"/a", "Hawser-Expires: 1y\r\n", 422, "Hawser-Expires: It must be"},
		{"/a", "Hawser-Expires:\r\n", 422, "Hawser-Expires: "},
		{"/a", "hawser-expires: 1h\r\nHawser-Expires: 1h\r\n", 400, "Hawser-Expires: "},
		{"/a?expires=1h", "Hawser-Expires: 1h\r\n", 400, "expires: It is said twice"},
		{"/a?expires=1h&expires=1h", "", 400, "expires: "},
		{"/a?expires", "", 422, "expires: "},
		{"/a?expires=1h=", "", 422, "expires: "},
		{"/a?Expires=1h", "", 422, "Expires: There is no such parameter"},
		{"/a?=1h", "", 422, ": There is no such parameter"},
		{"/a?%65xpires=1h", "", 422, "%65xpires: "},
		{"/a", "Hawser-Downloads: 0\r\n", 422, "Hawser-Downloads: "},
		{"/a", "Hawser-Downloads: 4294967296\r\n", 422, "Hawser-Downloads: "},
		{"/a", "Hawser-Downloads: 1 2\r\n", 422, "Hawser-Downloads: "},
		{"/a", "Hawser-Message: \xff\r\n", 422, "Hawser-Message: "},
		{"/a?message=%00", "", 422, "message: "},
		{"/a?message=%1b", "", 422, "message: "},
		{"/a?message=%f", "", 422, "message: "},
		{"/a", "Hawser-Link: X\r\n", 422, "Hawser-Link: "},
		{"/a?link=aaaaaaaaaaaaaaaaaaaaaaaaaa", "", 422, "link: "},
		{"/a?password=x", "", 400, "password: Addresses are kept"},
		{"/a", "Hawser-Password:\r\n", 422, "Hawser-Password: "},
		{"/a", "Hawser-Pasword: x\r\n", 422, "Hawser-Pasword: There is no such field"},
		{"/a", "Hawser-: x\r\n", 422, "Hawser-: "},
		{"/a?pasword=x", "", 422, "pasword: "},
		{"/a?aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee", "", 422,
		 "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd: "},
	};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		uint32_t status = read_head(rows[i].target, rows[i].fields);
		if (status != rows[i].status ||
		    strncmp(g_sentence, rows[i].sentence, strlen(rows[i].sentence)) != 0) {
			fail_msg("%s %s: %u %.80s", rows[i].target, rows[i].fields, status,
				 g_sentence);
		}
	}
}

static void sizes_are_bounded(void **state)
{
	static char fields[2048];
	(void)state;
	for (uint32_t extra = 0; extra < 2; extra++) {
		(void)snprintf(fields, sizeof(fields), "Hawser-Message: %0*d\r\n",
			       (int)(HW_MESSAGE_SIZE_MAX + extra), 1);
		assert_int_equal(read_head("/a", fields), extra == 0 ? 0 : 422);
		(void)snprintf(fields, sizeof(fields), "/a?message=%0*d",
			       (int)(HW_MESSAGE_SIZE_MAX + extra), 1);
		assert_int_equal(read_head(fields, ""), extra == 0 ? 0 : 422);
		(void)snprintf(fields, sizeof(fields), "Hawser-Password: %0*d\r\n",
			       (int)(HW_PASSWORD_SIZE_MAX + extra), 1);
		assert_int_equal(read_head("/a", fields), extra == 0 ? 0 : 422);
		(void)snprintf(fields, sizeof(fields), "Hawser-Link: %0*d\r\n",
			       (int)(HW_LINK_NAME_SIZE_MAX + extra), 1);
		assert_int_equal(read_head("/a", fields), extra == 0 ? 0 : 422);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_understood),
		cmocka_unit_test(the_rest_is_refused),
		cmocka_unit_test(sizes_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
