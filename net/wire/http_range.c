/* SPDX-License-Identifier: Apache-2.0
 *
 *   parse -> (for each element) spec_read -> number_read
 *                               set_add
 */
#include "net/wire/http_range.h"

#include "net/wire/http_char.h"
#include "net/wire/http_request.h"

#define HW_RANGE_OVERLAP_MAX 1U

/* A number of any size: saturated, with its digits for comparing what saturated. */
struct number {
	uint64_t value;
	struct hw_span digits; /* without leading zeros */
};

enum spec_verdict {
	SPEC_BAD = 0, /* not in the grammar, or last < first: the whole field is ignored */
	SPEC_OUTSIDE, /* nothing of it is in the file */
	SPEC_INSIDE,
	SPEC_END_OF_NOTHING, /* the last n > 0 bytes of an empty file */
};

static enum spec_verdict spec_read(struct hw_span spec, uint64_t size,
				   struct hw_http_range *ret_range);
static enum spec_verdict suffix_read(struct hw_span digits, uint64_t size,
				     struct hw_http_range *ret_range);
static bool number_read(struct hw_span digits, struct number *ret_number);
static bool number_less(struct number a, struct number b);
static uint32_t set_add(struct hw_http_range_set *set, struct hw_http_range range);

enum hw_http_range_verdict hw_http_range_parse(struct hw_span value, uint64_t size,
					       struct hw_http_range_set *ret_set)
{
	static const struct hw_span unit = {"bytes=", sizeof("bytes=") - 1};
	struct hw_span start = {value.bytes, hw_min(value.size, unit.size)};
	if (!hw_span_equal_nocase(start, unit)) {
		return HW_HTTP_RANGE_NONE;
	}
	struct hw_http_range_set set = {0};
	struct hw_span list = hw_span_skip(value, unit.size);
	struct hw_span spec;
	uint32_t spec_count = 0;
	uint32_t overlap_count = 0;
	bool asks_end_of_nothing = false;
	while (hw_http_list_next(&list, &spec)) {
		struct hw_http_range range = {0};
		enum spec_verdict verdict = spec_read(spec, size, &range);
		if (verdict == SPEC_BAD || ++spec_count > HW_RANGE_COUNT_MAX) {
			return HW_HTTP_RANGE_NONE;
		}
		if (verdict == SPEC_INSIDE) {
			overlap_count += set_add(&set, range);
		}
		asks_end_of_nothing = asks_end_of_nothing || verdict == SPEC_END_OF_NOTHING;
	}
	if (spec_count == 0 || overlap_count > HW_RANGE_OVERLAP_MAX || asks_end_of_nothing) {
		return HW_HTTP_RANGE_NONE;
	}
	if (set.count == 0) {
		return HW_HTTP_RANGE_UNSATISFIABLE;
	}
	*ret_set = set;
	return HW_HTTP_RANGE_SATISFIABLE;
}

/* "first-last", "first-" or "-count"; no white space inside. */
static enum spec_verdict spec_read(struct hw_span spec, uint64_t size,
				   struct hw_http_range *ret_range)
{
	const char *dash = memchr(spec.bytes, '-', spec.size);
	if (dash == NULL) {
		return SPEC_BAD;
	}
	struct hw_span before = {spec.bytes, (uint32_t)(dash - spec.bytes)};
	struct hw_span after = hw_span_skip(spec, before.size + 1);
	if (before.size == 0) {
		return suffix_read(after, size, ret_range);
	}
	struct number first;
	struct number last = {.value = UINT64_MAX};
	if (!number_read(before, &first)) {
		return SPEC_BAD;
	}
	if (after.size > 0 && (!number_read(after, &last) || number_less(last, first))) {
		return SPEC_BAD;
	}
	if (first.value >= size) {
		return SPEC_OUTSIDE;
	}
	ret_range->first = first.value;
	ret_range->last = hw_min(last.value, size - 1);
	hw_assert(ret_range->first <= ret_range->last);
	return SPEC_INSIDE;
}

static enum spec_verdict suffix_read(struct hw_span digits, uint64_t size,
				     struct hw_http_range *ret_range)
{
	struct number count;
	if (!number_read(digits, &count)) {
		return SPEC_BAD;
	}
	if (count.value == 0) {
		return SPEC_OUTSIDE;
	}
	if (size == 0) {
		return SPEC_END_OF_NOTHING;
	}
	ret_range->first = count.value >= size ? 0 : size - count.value;
	ret_range->last = size - 1;
	return SPEC_INSIDE;
}

static bool number_read(struct hw_span digits, struct number *ret_number)
{
	if (!hw_http_char_all(digits, HW_HTTP_CHAR_DIGIT)) {
		return false;
	}
	while (digits.size > 0 && digits.bytes[0] == '0') {
		digits = hw_span_skip(digits, 1);
	}
	uint64_t value = 0;
	for (uint32_t i = 0; i < digits.size; i++) {
		uint64_t digit = (uint64_t)(digits.bytes[i] - '0');
		if (value > (UINT64_MAX - digit) / 10) {
			value = UINT64_MAX;
			break;
		}
		value = value * 10 + digit;
	}
	*ret_number = (struct number){value, digits};
	return true;
}

static bool number_less(struct number a, struct number b)
{
	if (a.digits.size != b.digits.size) {
		return a.digits.size < b.digits.size;
	}
	return a.digits.size > 0 && memcmp(a.digits.bytes, b.digits.bytes, a.digits.size) < 0;
}

/* Adds a range, merged with those that it overlaps or touches, at the place of the first of them.
 * The merged one can touch no further one: it covers what its parts covered and nothing else.
 * Returns how many it overlapped. */
static uint32_t set_add(struct hw_http_range_set *set, struct hw_http_range range)
{
	uint32_t overlap_count = 0;
	uint32_t kept = 0;
	uint32_t place = HW_RANGE_COUNT_MAX; /* none yet */
	struct hw_http_range merged = range;
	for (uint32_t i = 0; i < set->count; i++) {
		struct hw_http_range other = set->ranges[i];
		/* No overflow: both ends are below a size that fits 64 bits. */
		if (other.first > range.last + 1 || range.first > other.last + 1) {
			set->ranges[kept++] = other;
			continue;
		}
		if (other.first <= range.last && range.first <= other.last) {
			overlap_count++;
		}
		merged.first = hw_min(merged.first, other.first);
		merged.last = hw_max(merged.last, other.last);
		if (place == HW_RANGE_COUNT_MAX) {
			place = kept++;
		}
	}
	if (place == HW_RANGE_COUNT_MAX) {
		place = kept++;
	}
	hw_assert(kept <= HW_RANGE_COUNT_MAX);
	set->ranges[place] = merged;
	set->count = kept;
	return overlap_count;
}
