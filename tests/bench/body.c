/* SPDX-License-Identifier: Apache-2.0
 *
 *	hw_body_init -> hw_body_parts -> stamp_make
 *		     -> hw_body_verify -> stamp_make
 *		     -> hw_body_print -> hw_body_parts
 */
#include "tests/bench/body.h"

#include <string.h>
#include <unistd.h>

static uint8_t g_slice[HW_BODY_SLICE_SIZE];
static uint64_t g_seed;

void hw_body_init(uint64_t seed)
{
	uint64_t word = UINT64_C(0x9e3779b97f4a7c15);
	g_seed = seed;
	for (uint64_t i = 0; i < HW_BODY_SLICE_SIZE; i += sizeof(word)) {
		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		memcpy(g_slice + i, &word, sizeof(word));
	}
}

static void stamp_make(uint8_t *ret_stamp, uint64_t number, uint64_t slice)
{
	uint64_t words[2] = {g_seed * UINT64_C(0x9e3779b97f4a7c15) + number, slice};
	memcpy(ret_stamp, words, HW_BODY_STAMP_SIZE);
}

/* How many bytes from @at of a slice are all stamp, or all slice. */
static uint64_t part_size(uint64_t at, uint64_t left)
{
	uint64_t limit = at < HW_BODY_STAMP_SIZE ? HW_BODY_STAMP_SIZE : HW_BODY_SLICE_SIZE;
	return limit - at < left ? limit - at : left;
}

size_t hw_body_parts(uint64_t number, uint64_t offset, uint64_t size, struct iovec *ret_parts,
		     struct hw_body_stamps *ret_stamps)
{
	size_t count = 0;
	while (count < HW_BODY_PART_COUNT && offset < size) {
		uint64_t at = offset % HW_BODY_SLICE_SIZE;
		uint8_t *stamp = ret_stamps->bytes[count];
		stamp_make(stamp, number, offset / HW_BODY_SLICE_SIZE);
		ret_parts[count].iov_base = at < HW_BODY_STAMP_SIZE ? stamp + at : g_slice + at;
		ret_parts[count].iov_len = part_size(at, size - offset);
		offset += ret_parts[count].iov_len;
		count++;
	}
	return count;
}

bool hw_body_verify(uint64_t number, const uint8_t *bytes, uint64_t offset, uint64_t size)
{
	uint8_t stamp[HW_BODY_STAMP_SIZE];
	for (uint64_t i = 0; i < size;) {
		uint64_t at = (offset + i) % HW_BODY_SLICE_SIZE;
		uint64_t part = part_size(at, size - i);
		stamp_make(stamp, number, (offset + i) / HW_BODY_SLICE_SIZE);
		const uint8_t *wanted = at < HW_BODY_STAMP_SIZE ? stamp + at : g_slice + at;
		if (memcmp(bytes + i, wanted, part) != 0) {
			return false;
		}
		i += part;
	}
	return true;
}

bool hw_body_print(uint64_t number, uint64_t size)
{
	struct iovec parts[HW_BODY_PART_COUNT];
	struct hw_body_stamps stamps;
	for (uint64_t offset = 0; offset < size;) {
		size_t count = hw_body_parts(number, offset, size, parts, &stamps);
		ssize_t written = writev(STDOUT_FILENO, parts, (int)count);
		if (written <= 0) {
			return false;
		}
		offset += (uint64_t)written;
	}
	return true;
}
