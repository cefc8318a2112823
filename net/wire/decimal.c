/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire/decimal.h"

#include "core/base/error.h"
#include "net/wire/http_char.h"

int hw_decimal_parse(struct hw_span text, uint64_t max, uint64_t *ret_number)
{
	/* All of it first: "1e99" is no number, rather than one that is too large. */
	if (!hw_http_char_all(text, HW_HTTP_CHAR_DIGIT)) {
		return -EINVAL;
	}
	uint64_t number = 0;
	for (uint32_t i = 0; i < text.size; i++) {
		uint64_t digit = (uint64_t)(text.bytes[i] - '0');
		if (digit > max || number > (max - digit) / 10) {
			return -ERANGE;
		}
		number = number * 10 + digit;
	}
	*ret_number = number;
	return 0;
}
