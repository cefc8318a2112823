/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no Range leads outside the file, no number overflows, and a slow second reading of RFC 9110
 * gives the same ranges.
 *
 * Method: the first byte of the input says where the file's size lies (small, or at the end of 64
 * bits), the second how far from there, the rest is the value. The second reading counts in 128
 * bits, and merges by asking for every pair again until nothing changes.
 */
#include <stdlib.h>

#include "net/wire/http_range.h"

#define SPEC_COUNT_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__extension__ typedef unsigned __int128 wide;

/* More than any size; still apart from other numbers of up to 30 digits. */
#define WIDE_MAX ((wide)1 << 100)

struct part {
	wide first;
	wide last;
};

/* Digits up to @end; false when there are none, or others. Numbers of more than 30 digits are all
 * one: the caller gives up there. */
static bool wide_read(const char *begin, const char *end, wide *ret_number, bool *ret_is_huge)
{
	wide number = 0;
	if (begin == end) {
		return false;
	}
	for (; begin < end; begin++) {
		if (*begin < '0' || *begin > '9') {
			return false;
		}
		number = number >= WIDE_MAX ? number : number * 10 + (wide)(*begin - '0');
	}
	*ret_is_huge = *ret_is_huge || number >= WIDE_MAX;
	*ret_number = number;
	return true;
}

/* 1 good, 0 outside, -1 malformed, -2 nothing to say (numbers too large for this reader), -3 the
 * end of an empty file. */
static int part_read(const char *begin, const char *end, uint64_t size, struct part *ret_part)
{
	const char *dash = begin;
	while (dash < end && *dash != '-') {
		dash++;
	}
	if (dash == end) {
		return -1;
	}
	wide first = 0;
	wide last = WIDE_MAX;
	bool is_huge = false;
	if (dash == begin) {
		if (!wide_read(dash + 1, end, &last, &is_huge)) {
			return -1;
		}
		*ret_part = (struct part){last >= size ? 0 : size - last, (wide)size - 1};
		return last == 0 ? 0 : size == 0 ? -3 : 1;
	}
	if (!wide_read(begin, dash, &first, &is_huge) ||
	    (dash + 1 < end && !wide_read(dash + 1, end, &last, &is_huge))) {
		return -1;
	}
	if (is_huge) {
		return -2;
	}
	*ret_part = (struct part){first, hw_min(last, (wide)size - 1)};
	return last < first ? -1 : first >= size ? 0 : 1;
}

static uint32_t overlaps_count(const struct part *parts, uint32_t count, struct part part)
{
	uint32_t overlaps = 0;
	/* Of the union so far: parts that touch one another count as one. */
	for (uint32_t i = 0; i < count; i++) {
		overlaps += parts[i].first <= part.last && part.first <= parts[i].last;
	}
	return overlaps;
}

static bool touches(struct part a, struct part b)
{
	return a.first <= b.last + 1 && b.first <= a.last + 1;
}

/* The last of the parts joins the first that it touches, until it touches none. */
static uint32_t merge(struct part *parts, uint32_t count)
{
	uint32_t last = count - 1;
	for (uint32_t i = 0; i < last; i++) {
		if (!touches(parts[i], parts[last])) {
			continue;
		}
		parts[i].first = hw_min(parts[i].first, parts[last].first);
		parts[i].last = hw_max(parts[i].last, parts[last].last);
		/* Now it is this one that may touch others, all behind it: the first was taken. */
		for (uint32_t k = i + 1; k < last; k++) {
			if (touches(parts[i], parts[k])) {
				parts[i].first = hw_min(parts[i].first, parts[k].first);
				parts[i].last = hw_max(parts[i].last, parts[k].last);
				memmove(&parts[k], &parts[k + 1], (last - k) * sizeof(parts[0]));
				last--;
				k = i; /* from the beginning: it has grown */
			}
		}
		return last;
	}
	return count;
}

/* The verdict, or -1 when this reader has nothing to say. */
static int slow_parse(struct hw_span value, uint64_t size, struct part *parts, uint32_t *ret_count)
{
	struct hw_span start = {value.bytes, hw_min(value.size, 6U)};
	if (!hw_span_equal_nocase(start, HW_SPAN("bytes="))) {
		return HW_HTTP_RANGE_NONE;
	}
	uint32_t count = 0;
	uint32_t seen = 0;
	uint32_t overlaps = 0;
	bool is_empty_end = false;
	bool is_unsure = false;
	const char *end = value.bytes + value.size;
	for (const char *at = value.bytes + 6; at <= end;) {
		const char *comma = at;
		while (comma < end && *comma != ',') {
			comma++;
		}
		const char *begin = at;
		const char *last = comma;
		while (begin < last && (*begin == ' ' || *begin == '\t')) {
			begin++;
		}
		while (begin < last && (last[-1] == ' ' || last[-1] == '\t')) {
			last--;
		}
		at = comma + 1;
		if (begin == last) {
			continue;
		}
		struct part part;
		int verdict = part_read(begin, last, size, &part);
		seen++;
		if (verdict == -1) {
			return HW_HTTP_RANGE_NONE;
		}
		is_unsure = is_unsure || verdict == -2;
		is_empty_end = is_empty_end || verdict == -3;
		if (verdict == 1 && seen <= HW_RANGE_COUNT_MAX) {
			overlaps += overlaps_count(parts, count, part);
			parts[count++] = part;
			count = merge(parts, count);
		}
	}
	if (is_unsure) {
		return -1;
	}
	if (seen == 0 || seen > HW_RANGE_COUNT_MAX || overlaps > 1 || is_empty_end) {
		return HW_HTTP_RANGE_NONE;
	}
	*ret_count = count;
	return count == 0 ? HW_HTTP_RANGE_UNSATISFIABLE : HW_HTTP_RANGE_SATISFIABLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 65536) {
		return 0;
	}
	uint64_t file_size = data[0] % 2 == 0 ? data[1] : UINT64_MAX - data[1];
	uint32_t value_size = (uint32_t)size - 2;
	char *copy = malloc(value_size == 0 ? 1 : value_size);
	hw_assert(copy != NULL);
	memcpy(copy, data + 2, value_size);
	struct hw_span value = {copy, value_size};
	struct hw_http_range_set set = {0};
	enum hw_http_range_verdict verdict = hw_http_range_parse(value, file_size, &set);
	if (verdict == HW_HTTP_RANGE_SATISFIABLE) {
		hw_assert(set.count >= 1 && set.count <= HW_RANGE_COUNT_MAX);
	} else {
		hw_assert(set.count == 0);
	}
	for (uint32_t i = 0; i < set.count; i++) {
		hw_assert(set.ranges[i].first <= set.ranges[i].last);
		hw_assert(set.ranges[i].last < file_size);
	}
	struct part parts[HW_RANGE_COUNT_MAX + 1];
	uint32_t count = 0;
	int slow = slow_parse(value, file_size, parts, &count);
	hw_assert(slow < 0 || slow == (int)verdict);
	if (slow == HW_HTTP_RANGE_SATISFIABLE) {
		hw_assert(count == set.count);
		for (uint32_t i = 0; i < count; i++) {
			hw_assert(parts[i].first == set.ranges[i].first);
			hw_assert(parts[i].last == set.ranges[i].last);
		}
	}
	free(copy);
	return 0;
}
