/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever stands before it, a name at the end of the list is found, and refused with a
 *       weight of zero; and a value never makes us read outside of it.
 *
 * Method: any value, in memory of exactly its size; then the same with a name behind it that it
 *         does not hold.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "net/wire/accept.h"

#define INPUT_SIZE_MAX 4096U
#define NAME           "zz/zz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_named_behind(const uint8_t *data, uint32_t size, struct hw_span end)
{
	char *bytes = malloc(size + end.size);
	hw_assert(bytes != NULL);
	memcpy(bytes, data, size);
	memcpy(bytes + size, end.bytes, end.size);
	bool is_named = hw_accept_names((struct hw_span){bytes, size + end.size}, HW_SPAN(NAME));
	free(bytes);
	return is_named;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > INPUT_SIZE_MAX) {
		return 0;
	}
	struct hw_span value = {(const char *)data, (uint32_t)size};
	bool is_named = hw_accept_names(value, HW_SPAN(NAME));
	if (memchr(data, 'z', size) == NULL && memchr(data, 'Z', size) == NULL) {
		hw_assert(!is_named);
		hw_assert(is_named_behind(data, value.size, HW_SPAN("," NAME)));
		hw_assert(is_named_behind(data, value.size, HW_SPAN(", " NAME " ;q=0.5")));
		hw_assert(!is_named_behind(data, value.size, HW_SPAN("," NAME ";q=0.00")));
	}
	return 0;
}
