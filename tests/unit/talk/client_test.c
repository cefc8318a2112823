/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a client is who the connection says, or whom a trusted proxy names, in its own header only.
 *
 * Method: a table of peers and headers, for both settings of the header; ids that are ones or not.
 */
#include "net/talk/client.h"

#include "tests/unit/talk/asking.h"

static struct asking g_asking;

static void client_check(const struct hw_talks *talks, const char *peer, const char *fields,
			 const char *expected)
{
	char text[HW_ADDRESS_TEXT_SIZE];
	struct hw_http_conn *conn = asking(&g_asking, fields);
	if (peer != NULL) {
		asking_peer(&g_asking, peer);
	}
	struct hw_address client = hw_client_of(talks, conn);
	hw_address_print(&client, text);
	assert_string_equal(text, expected);
}

static void test_client(void **state)
{
	(void)state;
	static const struct {
		bool has_forwarded;
		const char *peer;
		const char *fields;
		const char *expected;
	} rows[] = {
		{false, "192.0.2.1", "", "192.0.2.1"},
		{false, "192.0.2.1", "X-Forwarded-For: 6.6.6.6\r\n", "192.0.2.1"},
		{false, "10.0.0.1", "", "10.0.0.1"},
		{false, "10.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"},
		{false, "10.0.0.1", "x-forwarded-for: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7\r\n",
		 "192.0.2.7"},
		{false, "10.0.0.1", "Forwarded: for=6.6.6.6\r\n", "10.0.0.1"},
		{true, "10.0.0.1", "Forwarded: for=\"[2001:db8::1]\"\r\n", "2001:db8::1"},
		{true, "10.0.0.1", "X-Forwarded-For: 6.6.6.6\r\n", "10.0.0.1"},
		{true, "192.0.2.1", "Forwarded: for=6.6.6.6\r\n", "192.0.2.1"},
		{false, NULL, "X-Forwarded-For: 6.6.6.6\r\n", "-"},
	};
	struct hw_networks trusted = {.count = 1};
	assert_int_equal(hw_network_parse(HW_SPAN("10.0.0.0/8"), &trusted.networks[0]), 0);
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct hw_talks talks = {.options = {.trusted_proxies = &trusted,
						     .has_forwarded = rows[i].has_forwarded}};
		client_check(&talks, rows[i].peer, rows[i].fields, rows[i].expected);
	}
	struct hw_talks talks = {.options = {.trusted_proxies = NULL}};
	client_check(&talks, "10.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n", "10.0.0.1");
}

static void test_id(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		bool is_one;
	} rows[] = {
		{"", false},
		{"Hawser-Client: AAECAwQFBgcICQoLDA0ODw\r\n", true},
		{"Hawser-Client: AAECAwQFBgcICQoLDA0ODw==\r\n", false},
		{"Hawser-Client: AAECAwQFBgcICQoLDA0OD\r\n", false},
		{"Hawser-Client: AAECAwQFBgcICQoLDA0OD!\r\n", false},
		{"Hawser-Client:\r\n", false},
	};
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		uint8_t id[HW_CLIENT_ID_SIZE] = {0};
		const struct hw_http_conn *conn = asking(&g_asking, rows[i].fields);
		assert_int_equal(hw_client_id_of(conn, id), rows[i].is_one);
		if (rows[i].is_one) {
			assert_int_equal(id[1], 1);
			assert_int_equal(id[HW_CLIENT_ID_SIZE - 1], HW_CLIENT_ID_SIZE - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
