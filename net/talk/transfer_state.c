/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/transfer_state.h"

/* Where each state may lead: bits. */
static const uint8_t g_next[HW_TRANSFER_STATE_COUNT] = {
	[HW_TRANSFER_WAITING] = 1U << HW_TRANSFER_UPLOADING | 1U << HW_TRANSFER_UPLOADED |
				1U << HW_TRANSFER_CONFIRMED | 1U << HW_TRANSFER_FAILED |
				1U << HW_TRANSFER_CANCELLED,
	[HW_TRANSFER_UPLOADING] = 1U << HW_TRANSFER_UPLOADED | 1U << HW_TRANSFER_CONFIRMED |
				  1U << HW_TRANSFER_FAILED | 1U << HW_TRANSFER_CANCELLED,
	[HW_TRANSFER_UPLOADED] = 1U << HW_TRANSFER_CONFIRMED,
};

enum hw_transfer_state hw_transfer_state_next(enum hw_transfer_state was,
					      enum hw_transfer_state said)
{
	hw_assert(was < HW_TRANSFER_STATE_COUNT && said < HW_TRANSFER_STATE_COUNT);
	return (g_next[was] & (1U << said)) != 0 ? said : was;
}

const char *hw_transfer_state_name(enum hw_transfer_state state)
{
	static const char *const names[HW_TRANSFER_STATE_COUNT] = {
		"waiting", "uploading", "uploaded", "confirmed", "failed", "cancelled",
	};
	hw_assert(state < HW_TRANSFER_STATE_COUNT);
	return names[state];
}
