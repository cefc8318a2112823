/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: structured items are read inside their bytes, and a count that was read, written plainly,
 * is read the same; what follows an item cannot change it, only spoil it.
 *
 * Method: the input as field lines of a request, and as one item.
 */
#include <stdio.h>

#include "net/wire/resume_head.h"
#include "net/wire/structured.h"
#include "tests/fuzz/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void item_check(struct hw_span value)
{
	uint64_t count = 0;
	uint64_t again = 0;
	bool flag = false;
	bool is_count = hw_structured_count(value, &count) == 0;
	bool is_flag = hw_structured_boolean(value, &flag) == 0;
	hw_assert(!(is_count && is_flag));
	if (is_count) {
		char text[32];
		hw_assert(count <= HW_STRUCTURED_INTEGER_MAX);
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
		hw_assert(hw_structured_count(hw_span_of(text), &again) == 0 && again == count);
	}
	/* A parameter more is as good; a comma makes a list of it, which is no item. */
	char *more = malloc((size_t)value.size + 8);
	hw_assert(more != NULL);
	if (value.size > 0) {
		memcpy(more, value.bytes, value.size);
	}
	memcpy(more + value.size, ";a=1", 4);
	bool has_space = value.size > 0 && value.bytes[value.size - 1] == ' ';
	struct hw_span longer = {more, value.size + 4};
	hw_assert(has_space || (hw_structured_count(longer, &again) == 0) == is_count);
	hw_assert(has_space || (hw_structured_boolean(longer, &flag) == 0) == is_flag);
	memcpy(more + value.size, ", ?1", 4);
	hw_assert(!(is_count || is_flag) || hw_structured_count(longer, &again) != 0);
	free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields fields;
	struct hw_resume_head head;
	if (fields_make(&fields, "PATCH /f", data, size)) {
		hw_resume_head_parse(&fields.parser.request, fields.bytes, &head);
		hw_assert(head.has_length || head.length == 0);
		hw_assert(head.has_offset || head.offset == 0);
		hw_assert(head.has_complete || !head.is_complete);
		hw_assert(head.length <= HW_STRUCTURED_INTEGER_MAX);
		fields_free(&fields);
	}
	if (size <= 4096) {
		char *copy = malloc(size == 0 ? 1 : size);
		hw_assert(copy != NULL);
		memcpy(copy, data, size);
		item_check((struct hw_span){copy, (uint32_t)size});
		free(copy);
	}
	return 0;
}
