/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no value of Forwarded or X-Forwarded-For makes us believe what stands in front of the last
 *       hop that is not ours.
 *
 * Method: any value; then the same with an honest hop behind it, as a proxy adds it: the client is
 *         that hop, whatever was there before. Only a quote that the value left open may hide the
 *         hop, and then it is the proxy.
 */
#include <stdlib.h>

#include "net/wire/forwarded.h"

#define INPUT_SIZE_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(const struct hw_address *client, const char *expected)
{
	char text[HW_ADDRESS_TEXT_SIZE];
	hw_address_print(client, text);
	return strcmp(text, expected) == 0;
}

static void check(struct hw_span value, bool is_forwarded)
{
	static char bytes[INPUT_SIZE_MAX + 32];
	struct hw_networks trusted = {.count = 1};
	struct hw_address peer;
	int r = hw_network_parse(HW_SPAN("10.0.0.1"), &trusted.networks[0]);
	hw_assert(r == 0);
	r = hw_address_parse(HW_SPAN("10.0.0.1"), &peer);
	hw_assert(r == 0);
	struct hw_span hop = is_forwarded ? HW_SPAN(", for=192.0.2.1") : HW_SPAN(", 192.0.2.1");
	memcpy(bytes, value.bytes, value.size);
	memcpy(bytes + value.size, hop.bytes, hop.size);
	struct hw_span both = {bytes, value.size + hop.size};
	for (uint32_t i = 0; i < 2; i++) {
		struct hw_forwarded forwarded = {.count = 0};
		if (is_forwarded) {
			hw_forwarded_add(&forwarded, i == 0 ? value : both);
		} else {
			hw_forwarded_add_for(&forwarded, i == 0 ? value : both);
		}
		hw_assert(forwarded.count <= HW_FORWARDED_COUNT_MAX);
		struct hw_address client = hw_forwarded_client(&forwarded, &trusted, &peer);
		hw_assert(client.size == 4 || client.size == 16);
		bool has_quote = is_forwarded && memchr(bytes, '"', value.size) != NULL;
		hw_assert(i == 0 || is_text(&client, "192.0.2.1") ||
			  (has_quote && is_text(&client, "10.0.0.1")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= INPUT_SIZE_MAX && size > 0) {
		struct hw_span value = {(const char *)data, (uint32_t)size};
		check(value, false);
		check(value, true);
	}
	return 0;
}
