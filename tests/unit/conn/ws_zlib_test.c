/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what was deflated is inflated to the same; a bomb and rubbish are refused within the limit.
 *
 * Method: messages of all sizes and kinds both ways, one after the other through the same streams;
 * RFC 7692's own examples; every payload cut and every bit of one turned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/conn/ws_zlib.h"

#include "core/base/error.h"
#include "core/base/prng.h"

static struct hw_ws_zlib g_zlib;
static char g_message[HW_WS_INFLATED_SIZE_MAX + 1];
static char g_payload[HW_WS_INFLATED_SIZE_MAX + 1];
static char g_back[HW_WS_INFLATED_SIZE_MAX + 1];

static void both_ways_test(void **state)
{
	struct hw_prng prng;
	(void)state;
	hw_prng_init(&prng, 1);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t size = (uint32_t)hw_prng_below(&prng, i % 50 == 0 ? 65536 : 3000);
		for (uint32_t j = 0; j < size; j++) {
			g_message[j] = (char)hw_prng_below(&prng, i % 2 == 0 ? 4 : 256);
		}
		int packed = hw_ws_deflate(&g_zlib, (struct hw_span){g_message, size}, g_payload,
					   size + 16);
		if (i % 2 == 0 && size > 100) {
			assert_true(packed > 0 && (uint32_t)packed < size);
		}
		if (packed < 0) {
			continue;
		}
		int back = hw_ws_inflate(&g_zlib, (struct hw_span){g_payload, (uint32_t)packed},
					 g_back, HW_WS_INFLATED_SIZE_MAX);
		assert_int_equal(back, size);
		assert_memory_equal(g_back, g_message, size);
	}
}

static void examples_test(void **state)
{
	static const struct {
		struct hw_span payload;
		const char *text;
	} rows[] = {
		{{"\xf2\x48\xcd\xc9\xc9\x07\x00", 7}, "Hello"},
		{{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}, "Hello"}, /* a final block */
		{{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}, "Hello"},
		{{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}, "Hello"},
		{{"\x00", 1}, ""},
	};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		int size = hw_ws_inflate(&g_zlib, rows[i].payload, g_back, 100);
		assert_int_equal(size, strlen(rows[i].text));
		assert_memory_equal(g_back, rows[i].text, (uint32_t)size);
	}
}

static void bombs_test(void **state)
{
	(void)state;
	memset(g_message, 'x', sizeof(g_message));
	int size = hw_ws_deflate(&g_zlib, (struct hw_span){g_message, HW_WS_INFLATED_SIZE_MAX},
				 g_payload, sizeof(g_payload));
	assert_true(size > 0 && size < 1000);
	struct hw_span payload = {g_payload, (uint32_t)size};
	assert_int_equal(hw_ws_inflate(&g_zlib, payload, g_back, HW_WS_INFLATED_SIZE_MAX), 65536);
	assert_int_equal(hw_ws_inflate(&g_zlib, payload, g_back, 65535), -EMSGSIZE);
	assert_int_equal(hw_ws_inflate(&g_zlib, payload, g_back, 100), -EMSGSIZE);
}

static void rubbish_test(void **state)
{
	(void)state;
	uint32_t bad_count = 0;
	for (uint32_t bit = 0; bit < 56; bit++) {
		char bytes[] = "\xf2\x48\xcd\xc9\xc9\x07";
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
		int r = hw_ws_inflate(&g_zlib, (struct hw_span){bytes, 7}, g_back, 100);
		assert_true(r == -EBADMSG || r == -EMSGSIZE || (r >= 0 && r <= 100));
		bad_count += r < 0;
	}
	assert_true(bad_count > 5);
	assert_int_equal(hw_ws_inflate(&g_zlib, HW_SPAN("\xff\xff\xff\xff"), g_back, 100),
			 -EBADMSG);
}

static int setup(void **state)
{
	(void)state;
	return hw_ws_zlib_init(&g_zlib);
}

static int teardown(void **state)
{
	(void)state;
	hw_ws_zlib_deinit(&g_zlib);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_test),
		cmocka_unit_test(examples_test),
		cmocka_unit_test(bombs_test),
		cmocka_unit_test(rubbish_test),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
