/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/crc32.h"

#include "simd/kernels.h"

#define POLYNOMIAL  0xedb88320U /* reflected: the bit of x^31 is the lowest */
#define ONE         0x80000000U /* x^0 */
#define POWER_COUNT 32U

/* x^(2^k) modulo the polynomial. Its powers come again after 2^32 - 1 of them, so x^(2^32) is x,
 * and the table goes round. */
static const uint32_t g_powers[POWER_COUNT] = {
	0x40000000, 0x20000000, 0x08000000, 0x00800000, 0x00008000, 0xedb88320, 0xb1e6b092,
	0xa06a2517, 0xed627dae, 0x88d14467, 0xd7bbfe6a, 0xec447f11, 0x8e7ea170, 0x6427800e,
	0x4d47bae0, 0x09fe548f, 0x83852d0f, 0x30362f1a, 0x7b5a9cc3, 0x31fec169, 0x9fec022a,
	0x6c8dedc4, 0x15d6874d, 0x5fde7a4e, 0xbad90e37, 0x2e4e5eef, 0x4eaba214, 0xa8a472c0,
	0x429a969e, 0x148d302a, 0xc40ba6d0, 0xc4e22c3c,
};

uint32_t hw_crc32(uint32_t crc, const void *bytes, uint64_t size)
{
	return hw_simd_kernels()->crc32(crc, bytes, size);
}

/* a times b modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;
	for (uint32_t bit = ONE; bit != 0; bit >>= 1) {
		product ^= (a & bit) != 0 ? b : 0;
		b = b >> 1 ^ ((b & 1U) != 0 ? POLYNOMIAL : 0);
	}
	return product;
}

/* The ones that each began and ended with fall out of the sum: what is left of a is its remainder
 * with the zeros of size_b bytes behind it. */
uint32_t hw_crc32_combine(uint32_t crc_a, uint32_t crc_b, uint64_t size_b)
{
	uint32_t k = 3; /* 8 bits in a byte */
	for (; size_b > 0; size_b >>= 1) {
		if ((size_b & 1U) != 0) {
			crc_a = multiply(crc_a, g_powers[k % POWER_COUNT]);
		}
		k++;
	}
	return crc_a ^ crc_b;
}
