/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32.h - the checksum that ZIP has of every file
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; the bytes are lent for the length of the call
 *
 * CRC-32 as ISO 3309, ZIP, gzip and PNG have it: polynomial 0x04c11db7 reflected, begun and ended
 * with all ones. What we check ourselves is checked by SHA-256, or by crc32c.h.
 */
#ifndef HW_SIMD_CRC32_H
#define HW_SIMD_CRC32_H

#include <stdint.h>

/* The checksum of @size bytes that follow bytes whose checksum is @crc; 0 at the beginning. So
 * hw_crc32(hw_crc32(0, a, n), b, m) is that of a and b in a row. @bytes may be NULL when @size is
 * 0. */
uint32_t hw_crc32(uint32_t crc, const void *bytes, uint64_t size);

#endif
