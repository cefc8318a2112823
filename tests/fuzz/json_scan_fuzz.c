/* SPDX-License-Identifier: Apache-2.0
 *
 * What is taken for an object has members that are values: each, put into an object of its own, is
 * one again; strings are undone within their size.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/wire/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void value_check(struct hw_span value)
{
	char *text = malloc((size_t)value.size + 8);
	char *bytes = malloc((size_t)value.size + 1);
	hw_assert(text != NULL && bytes != NULL);
	memcpy(text, "{\"a\":", 5);
	memcpy(text + 5, value.bytes, value.size);
	text[5 + value.size] = '}';
	hw_assert(hw_json_is_object((struct hw_span){text, value.size + 6}));
	int r = hw_json_string(value, bytes, value.size);
	hw_assert(r <= (int)value.size);
	free(bytes);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"type", "to", "data", "file", "root", "a"};
	char *copy = malloc(size + 1);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	struct hw_span text = {copy, (uint32_t)size};
	if (hw_json_is_object(text)) {
		for (uint32_t i = 0; i < hw_count_of(names); i++) {
			struct hw_span value;
			if (hw_json_find(text, hw_span_of(names[i]), &value)) {
				value_check(value);
			}
		}
	}
	free(copy);
	return 0;
}
