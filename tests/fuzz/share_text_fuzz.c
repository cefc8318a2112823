/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: the small texts of a share (durations, moments, own names, plain numbers) are read inside
 * their bytes, and what is read and written again is the same.
 *
 * Method: the input as each of them; eight bytes of it as a moment that is written and read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net/wire/base32.h"
#include "net/wire/calendar.h"
#include "net/wire/decimal.h"
#include "net/wire/duration.h"
#include "net/wire/link_name.h"
#include "net/wire/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void duration_check(struct hw_span text)
{
	uint64_t ms = 0;
	uint64_t again = 0;
	if (hw_duration_parse(text, &ms) == 0 && ms != HW_DURATION_NEVER) {
		char seconds[32];
		hw_assert(ms > 0 && ms <= HW_DURATION_MAX_MS && ms % 1000 == 0);
		(void)snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)(ms / 1000));
		hw_assert(hw_duration_parse(hw_span_of(seconds), &again) == 0 && again == ms);
	}
}

static void moment_check(uint64_t ms)
{
	char text[HW_RFC3339_SIZE];
	uint64_t again = 0;
	hw_rfc3339_write(ms, text);
	hw_assert(hw_rfc3339_parse((struct hw_span){text, sizeof(text)}, &again) == 0);
	hw_assert(again == hw_min(ms / 1000, HW_CALENDAR_SECONDS_MAX) * 1000);
}

static void link_name_check(struct hw_span name)
{
	uint8_t id[HW_SHARE_ID_SIZE];
	if (hw_link_name_judge(name) != HW_LINK_NAME_GOOD) {
		return;
	}
	hw_assert(name.size >= HW_LINK_NAME_SIZE_MIN && name.size <= HW_LINK_NAME_SIZE_MAX);
	hw_assert(hw_base32_decode(name, id, sizeof(id)) < 0);
	for (uint32_t i = 0; i < name.size; i++) {
		hw_assert(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name.bytes[i]) != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 256) {
		return 0;
	}
	char *copy = malloc(size == 0 ? 1 : size);
	hw_assert(copy != NULL);
	memcpy(copy, data, size);
	struct hw_span text = {copy, (uint32_t)size};
	uint64_t number = 0;
	duration_check(text);
	link_name_check(text);
	if (hw_rfc3339_parse(text, &number) == 0) {
		moment_check(number);
	}
	if (hw_decimal_parse(text, HW_FILE_SIZE_MAX, &number) == 0) {
		hw_assert(number <= HW_FILE_SIZE_MAX);
	}
	if (size >= sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		moment_check(number);
		moment_check(number % (HW_CALENDAR_SECONDS_MAX * 1000));
	}
	free(copy);
	return 0;
}
