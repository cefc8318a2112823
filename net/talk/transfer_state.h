/* SPDX-License-Identifier: Apache-2.0
 *
 * transfer_state.h - the states of a transfer, which only go forward
 *
 * Room: net/talk    Thread: any, pure    Blocks: never    Allocates: never
 *
 *	waiting -> uploading -> uploaded -> confirmed
 *	   |           |
 *	   +-----------+-> failed | cancelled
 *
 * What is said twice, late, or out of order changes nothing: an event that arrives after one that
 * was further on is the past. What arrived is never unsaid: an uploaded file cannot fail any more.
 */
#ifndef HW_NET_TALK_TRANSFER_STATE_H
#define HW_NET_TALK_TRANSFER_STATE_H

#include "core/base/check.h"

enum hw_transfer_state {
	HW_TRANSFER_WAITING = 0, /* announced; no byte has passed */
	HW_TRANSFER_UPLOADING,   /* bytes pass (either way) */
	HW_TRANSFER_UPLOADED,  /* all of them have passed, and are safe where that was asked for */
	HW_TRANSFER_CONFIRMED, /* the receiver has verified the whole; final */
	HW_TRANSFER_FAILED,    /* final */
	HW_TRANSFER_CANCELLED, /* final */
	HW_TRANSFER_STATE_COUNT,
};

/* What a transfer that was in @was is in after @said came. */
enum hw_transfer_state hw_transfer_state_next(enum hw_transfer_state was,
					      enum hw_transfer_state said);
/* The word of the interface; static. */
const char *hw_transfer_state_name(enum hw_transfer_state state);

#endif
