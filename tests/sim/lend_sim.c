/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory between submit and done: it is the kernel's. What it may write is poisoned, so that with
 * ASan any look at it is reported; what it may read is summed, so that any change is.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/lend_sim.h"
#include "tests/sim/sim_world.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#define SPOIL_SIZE_MAX 64U   /* bytes after a short result that are overwritten */
#define SPOIL_BYTE     0xA5U /* what they become */

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>

#define SHADOW_SHIFT   3U
#define SHADOW_BASE    UINT64_C(0x7fff8000) /* Linux, x86-64 */
#define SHADOW_BY_USER 0xf7U                /* what ASAN_POISON_MEMORY_REGION writes */

void hw_sim_hide(void *bytes, uint32_t size)
{
	ASAN_POISON_MEMORY_REGION(bytes, size);
}

void hw_sim_show(void *bytes, uint32_t size)
{
	ASAN_UNPOISON_MEMORY_REGION(bytes, size);
}

/* Freed memory looks different from what we poisoned: 0xfd instead of 0xf7. */
__attribute__((no_sanitize("address"))) static void freed_check(const uint8_t *bytes, uint32_t size)
{
	uintptr_t first = ((uintptr_t)bytes + 7U) >> SHADOW_SHIFT;
	uintptr_t after = ((uintptr_t)bytes + size) >> SHADOW_SHIFT;
	if (first < after) {
		const uint8_t *shadow = (const uint8_t *)SHADOW_BASE;
		hw_assert(shadow[first] == SHADOW_BY_USER); /* lent memory was freed or reused */
		hw_assert(shadow[after - 1] == SHADOW_BY_USER);
	}
}
#else
void hw_sim_hide(void *bytes, uint32_t size)
{
	(void)bytes;
	(void)size;
}

void hw_sim_show(void *bytes, uint32_t size)
{
	(void)bytes;
	(void)size;
}

static void freed_check(const uint8_t *bytes, uint32_t size)
{
	(void)bytes;
	(void)size;
}
#endif

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9fb21c651e98df25);
	return sum ^ (sum >> 32);
}

static uint64_t sum_of(const struct iovec *parts, uint32_t count)
{
	uint64_t sum = UINT64_C(0x2545f4914f6cdd1d);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes = parts[i].iov_base;
		size_t size = parts[i].iov_len;
		size_t at = 0;
		for (; at + 8 <= size; at += 8) {
			uint64_t word = 0;
			memcpy(&word, bytes + at, 8);
			sum = mix(sum, word);
		}
		uint64_t tail = size;
		for (; at < size; at++) {
			tail = tail << 8 | bytes[at];
		}
		sum = mix(sum, tail);
	}
	return sum;
}

void hw_sim_lend_into(struct hw_sim_flight *flight, void *bytes, uint32_t size)
{
	hw_assert(bytes != NULL);
	hw_assert(size > 0);
	flight->into = bytes;
	flight->size = size;
	flight->op->lent = bytes;
	flight->op->lent_size = size;
	hw_sim_hide(bytes, size);
}

void hw_sim_lend_from(struct hw_sim_flight *flight, const struct iovec *parts, uint32_t count)
{
	hw_assert(count > 0 && count <= HW_SIM_IOVECS_MAX);
	flight->parts = calloc(count, sizeof(*parts));
	hw_assert(flight->parts != NULL);
	memcpy(flight->parts, parts, count * sizeof(*parts));
	flight->part_count = count;
	uint64_t size = 0;
	for (uint32_t i = 0; i < count; i++) {
		size += parts[i].iov_len;
	}
	hw_assert(size > 0 && size <= INT32_MAX);
	flight->size = (uint32_t)size;
	flight->sum = sum_of(parts, count);
}

void hw_sim_lent_write(const struct hw_sim_flight *flight, uint32_t at, const void *bytes,
		       uint32_t size)
{
	hw_assert(at <= flight->size && size <= flight->size - at);
	if (size == 0) {
		return;
	}
	freed_check(flight->into, flight->size);
	hw_sim_show(flight->into, flight->size);
	memcpy(flight->into + at, bytes, size);
	hw_sim_hide(flight->into, flight->size);
}

static void from_check(const struct hw_sim_flight *flight)
{
	if (flight->given != NULL) { /* sendmsg: the list itself is lent too */
		hw_assert(flight->given->msg_iovlen == flight->part_count);
		hw_assert(memcmp(flight->given->msg_iov, flight->parts,
				 flight->part_count * sizeof(struct iovec)) == 0);
	}
	/* Somebody wrote to memory that was lent to the kernel. */
	hw_assert(sum_of(flight->parts, flight->part_count) == flight->sum);
}

void hw_sim_lent_read(const struct hw_sim_flight *flight, uint32_t at, void *ret_bytes,
		      uint32_t size)
{
	hw_assert(at <= flight->size && size <= flight->size - at);
	if (at == 0) {
		from_check(flight); /* and again at the end; each time would cost too much */
	}
	uint8_t *out = ret_bytes;
	for (uint32_t i = 0; i < flight->part_count && size > 0; i++) {
		uint32_t part_size = (uint32_t)flight->parts[i].iov_len;
		if (at >= part_size) {
			at -= part_size;
			continue;
		}
		uint32_t count = hw_min(size, part_size - at);
		memcpy(out, (const uint8_t *)flight->parts[i].iov_base + at, count);
		out += count;
		size -= count;
		at = 0;
	}
}

void hw_sim_lent_return(struct hw_sim_flight *flight, bool is_spoiling)
{
	if (flight->parts != NULL) {
		from_check(flight);
		hw_sim_lent_free(flight);
	}
	if (flight->into == NULL) {
		return;
	}
	freed_check(flight->into, flight->size);
	hw_sim_show(flight->into, flight->size);
	uint32_t rest = flight->size - flight->moved;
	if (is_spoiling && rest > 0) {
		memset(flight->into + flight->moved, SPOIL_BYTE, hw_min(rest, SPOIL_SIZE_MAX));
	}
	flight->into = NULL;
}

void hw_sim_lent_free(struct hw_sim_flight *flight)
{
	free(flight->parts);
	flight->parts = NULL;
	flight->given = NULL;
}
