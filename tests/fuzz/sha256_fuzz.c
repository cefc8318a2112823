/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the sizes, strides, counts and cuts, every kernel gives the bytes of the portable
 * one, reads no byte outside its messages and writes none outside its results.
 *
 * Method: the first bytes of the input choose kernel, stride, count, size and cut, the rest is
 * data, copied so that it ends where the heap block ends (the address sanitizer sees a read past
 * it). Batch, one shot and stream are compared with each other and with the portable kernel;
 * CRC-32C and CRC-32 likewise.
 */
#include <stdlib.h>
#include <string.h>

#include "simd/crc32.h"
#include "simd/crc32c.h"
#include "simd/kernels.h"
#include "simd/sha256.h"

#define HEAD_SIZE 6U
#define COUNT_MAX 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static struct hw_hash stream_hash(const uint8_t *bytes, uint32_t size, uint32_t step)
{
	struct hw_sha256 sha;
	struct hw_hash hash;
	hw_sha256_init(&sha);
	for (uint32_t offset = 0; offset < size;) {
		uint32_t piece = step < size - offset ? step : size - offset;
		hw_sha256_update(&sha, bytes + offset, piece);
		offset += piece;
		step = step * 5 % 257 + 1;
	}
	hw_sha256_final(&sha, &hash);
	return hash;
}

/* The same messages in another order, by their addresses, must give the same hashes. */
static void gather_compare(const uint8_t *blocks, uint32_t stride, uint32_t size, uint32_t count,
			   const struct hw_hash *expected)
{
	const uint8_t *messages[COUNT_MAX];
	struct hw_hash hashes[COUNT_MAX];
	struct hw_hash *places[COUNT_MAX];
	must(count <= COUNT_MAX);
	for (uint32_t i = 0; i < count; i++) {
		places[i] = &hashes[count - 1 - i];
		messages[i] = blocks + (size_t)(count - 1 - i) * stride;
	}
	hw_sha256_gather(messages, size, count, places);
	for (uint32_t i = 0; i < count; i++) {
		must(hw_hash_equal(&hashes[i], &expected[i]));
	}
}

/* The messages @blocks + i * @stride of @size bytes in the kernel under test, then in the portable.
 */
static void batch_compare(const uint8_t *blocks, uint32_t stride, uint32_t size, uint32_t count,
			  enum hw_simd_choice choice)
{
	struct hw_hash *found = malloc((count + (size_t)1) * sizeof(*found));
	struct hw_hash *expected = malloc((count + (size_t)1) * sizeof(*expected));
	must(found != NULL && expected != NULL);
	must(hw_simd_init(choice) == 0);
	hw_sha256_batch(blocks, stride, size, count, found);
	gather_compare(blocks, stride, size, count, found);
	must(hw_simd_init(HW_SIMD_SCALAR) == 0);
	for (uint32_t i = 0; i < count; i++) {
		hw_sha256(blocks + (size_t)i * stride, size, &expected[i]);
		must(hw_hash_equal(&found[i], &expected[i]));
	}
	free(found);
	free(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD_SIZE || size > 65536) {
		return 0;
	}
	enum hw_simd_choice choice = (enum hw_simd_choice)(data[0] % HW_SIMD_COUNT);
	if (hw_simd_init(choice) < 0) {
		return 0; /* this machine has no such kernel */
	}
	uint32_t bytes_size = (uint32_t)size - HEAD_SIZE;
	uint32_t step = data[1] + 1U;
	uint32_t count = data[2] % (COUNT_MAX + 1);
	uint32_t stride = data[3] + 256U * (data[4] % 8U);
	uint8_t *bytes = malloc(bytes_size == 0 ? 1 : bytes_size);
	must(bytes != NULL);
	memcpy(bytes, data + HEAD_SIZE, bytes_size);

	struct hw_hash whole;
	hw_sha256(bytes, bytes_size, &whole);
	struct hw_hash pieces = stream_hash(bytes, bytes_size, step);
	must(hw_hash_equal(&whole, &pieces));
	uint32_t cut = bytes_size * data[5] / 255U;
	uint32_t crc = hw_crc32c(hw_crc32c(0, bytes, cut), bytes + cut, bytes_size - cut);
	uint32_t zip = hw_crc32(hw_crc32(0, bytes, cut), bytes + cut, bytes_size - cut);
	must(hw_simd_init(HW_SIMD_SCALAR) == 0);
	must(crc == hw_crc32c(0, bytes, bytes_size));
	must(zip == hw_crc32(0, bytes, bytes_size));
	struct hw_hash portable;
	hw_sha256(bytes, bytes_size, &portable);
	must(hw_hash_equal(&whole, &portable));

	/* As many messages as the bytes hold, the last one ending with them. */
	while (count > 0 && (count - 1) * stride > bytes_size) {
		count--;
	}
	if (count > 0) {
		uint32_t most = bytes_size - (count - 1) * stride;
		batch_compare(bytes, stride, most, count, choice);
	}
	free(bytes);
	return 0;
}
