/* SPDX-License-Identifier: Apache-2.0
 *
 * crc32c.h - the Castagnoli checksum, for link frames and disk structures
 *
 * Room: simd    Thread: any, pure    Blocks: never    Allocates: never
 * Owns: nothing; the bytes are lent for the length of the call
 *
 * CRC-32C as iSCSI (RFC 3720) has it: polynomial 0x1edc6f41 reflected, begun and ended with all
 * ones. It finds what a disk or a wire garbled; against somebody who means it only a hash helps.
 */
#ifndef HW_SIMD_CRC32C_H
#define HW_SIMD_CRC32C_H

#include <stdint.h>

/* The checksum of @size bytes that follow bytes whose checksum is @crc; 0 at the beginning. So
 * hw_crc32c(hw_crc32c(0, a, n), b, m) is that of a and b in a row. @bytes may be NULL when @size is
 * 0. */
uint32_t hw_crc32c(uint32_t crc, const void *bytes, uint64_t size);

#endif
