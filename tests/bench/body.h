/* SPDX-License-Identifier: Apache-2.0
 *
 * body.h - bytes to upload that no other request has
 *
 * Room: tests/bench. Thread: one. Blocks: only hw_body_print. Allocates: nothing.
 *
 * A body is one hot slice over and over, with the seed, the number of the body and that of its
 * slice stamped into its first bytes: making it costs the load nothing, a server that stores equal
 * chunks once has nothing to save, and each byte can be checked wherever it comes back.
 */
#ifndef HW_TESTS_BENCH_BODY_H
#define HW_TESTS_BENCH_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define HW_BODY_SLICE_SIZE UINT64_C(262144)
#define HW_BODY_STAMP_SIZE UINT64_C(16)
#define HW_BODY_PART_COUNT 8U /* a stamp and the rest of its slice, four times */

/* Where stamps live as long as the parts that point to them. */
struct hw_body_stamps {
	uint8_t bytes[HW_BODY_PART_COUNT][HW_BODY_STAMP_SIZE];
};

void hw_body_init(uint64_t seed);

/* hw_body_parts - bytes [offset, size) of body @number, or as many as HW_BODY_PART_COUNT parts hold
 * @ret_parts   room for HW_BODY_PART_COUNT; they point into the slice, and into @ret_stamps
 * Returns how many parts. */
size_t hw_body_parts(uint64_t number, uint64_t offset, uint64_t size, struct iovec *ret_parts,
		     struct hw_body_stamps *ret_stamps);

/* Is what was received at @offset of body @number what hw_body_parts gives there? */
bool hw_body_verify(uint64_t number, const uint8_t *bytes, uint64_t offset, uint64_t size);

/* hw_body_print - the first @size bytes of body @number to the standard output, for other tools */
bool hw_body_print(uint64_t number, uint64_t size);

#endif
