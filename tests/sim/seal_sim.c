/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernel TLS of a simulated socket: how records are made is the test's (hw_sim_options.seal), when,
 * and how many of how many bytes, is the simulator's: one for each piece that the window took.
 */
#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim_world.h"

#define RECORD_DATA 23U

int hw_sim_seal_option(struct hw_sim_seal *seal, const struct hw_ring_option *option)
{
	if (option->level == IPPROTO_TCP && option->name == TCP_ULP) {
		hw_assert(strcmp(option->value, "tls") == 0 && !seal->is_keyed);
		if (hw_sim_world.options.seal == NULL) {
			return -ENOENT;
		}
		seal->has_protocol = true; /* a second time is -EEXIST: nobody asks twice */
		return 0;
	}
	hw_assert(option->level == SOL_TLS && option->name == TLS_TX);
	hw_assert(seal->has_protocol && !seal->is_keyed);
	hw_assert(option->size <= sizeof(seal->keys));
	memcpy(seal->keys, option->value, option->size);
	seal->is_keyed = true;
	return 0;
}

uint8_t hw_sim_record_type(const struct msghdr *message)
{
	/* CMSG_FIRSTHDR takes what is not const. */
	struct msghdr copy = message != NULL ? *message : (struct msghdr){0};
	const struct cmsghdr *kind = CMSG_FIRSTHDR(&copy);
	if (kind == NULL) {
		return 0;
	}
	hw_assert(kind->cmsg_level == SOL_TLS && kind->cmsg_type == TLS_SET_RECORD_TYPE);
	hw_assert(kind->cmsg_len == CMSG_LEN(1));
	return *CMSG_DATA(kind);
}

static uint64_t record_count(uint64_t size)
{
	return (size + HW_SIM_RECORD_SIZE - 1) / HW_SIM_RECORD_SIZE;
}

uint64_t hw_sim_sealed_size_max(const struct hw_sim_seal *seal, uint64_t size)
{
	return seal->is_keyed ? size + record_count(size) * HW_SIM_SEALED_MORE : size;
}

uint64_t hw_sim_seal(struct hw_sim_seal *seal, uint8_t type, uint8_t *bytes, uint64_t size)
{
	if (!seal->is_keyed) {
		return size;
	}
	uint8_t *plain = malloc(size);
	hw_assert(plain != NULL);
	memcpy(plain, bytes, size);
	uint64_t sealed_size = 0;
	for (uint64_t at = 0; at < size; at += HW_SIM_RECORD_SIZE) {
		uint32_t step = (uint32_t)hw_min(size - at, (uint64_t)HW_SIM_RECORD_SIZE);
		sealed_size += hw_sim_world.options.seal(seal->keys, type == 0 ? RECORD_DATA : type,
							 plain + at, step, bytes + sealed_size);
	}
	free(plain);
	return sealed_size;
}
