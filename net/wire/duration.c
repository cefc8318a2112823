/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/duration.h"

#include "core/base/error.h"
#include "net/wire/decimal.h"
#include "net/wire/http_char.h"

static const struct {
	char name;
	uint32_t seconds;
} g_units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};

/* The seconds of a unit; 0 when it is none. */
static uint32_t unit_seconds(char name)
{
	for (uint32_t i = 0; i < hw_count_of(g_units); i++) {
		if (g_units[i].name == name) {
			return g_units[i].seconds;
		}
	}
	return 0;
}

int hw_duration_parse(struct hw_span text, uint64_t *ret_ms)
{
	if (hw_span_equal(text, HW_SPAN("never"))) {
		*ret_ms = HW_DURATION_NEVER;
		return 0;
	}
	if (text.size == 0) {
		return -EINVAL;
	}
	uint64_t unit_ms = 1000;
	char last = text.bytes[text.size - 1];
	if (!hw_http_char_is(last, HW_HTTP_CHAR_DIGIT)) {
		unit_ms *= unit_seconds(last);
		text.size--;
	}
	if (unit_ms == 0) {
		return -EINVAL;
	}
	uint64_t number = 0;
	int r = hw_decimal_parse(text, HW_DURATION_MAX_MS / unit_ms, &number);
	if (r < 0) {
		return r;
	}
	if (number == 0) {
		return -ERANGE;
	}
	*ret_ms = number * unit_ms;
	return 0;
}
