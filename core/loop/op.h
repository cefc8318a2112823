/* SPDX-License-Identifier: Apache-2.0
 *
 * op.h - one kernel operation
 *
 * Room: core/loop    Thread: the reactor that submitted it    Blocks: never    Allocates: never
 * Owns: nothing; embedded in its owner, which must outlive it while it is in flight
 *
 * The address and the generation of an op make the user_data of its submission. A completion whose
 * generation is not the op's own is a bug (a freed or reused owner) and stops the process.
 */
#ifndef HW_CORE_LOOP_OP_H
#define HW_CORE_LOOP_OP_H

#include "core/base/check.h"

struct hw_op;
typedef void hw_op_fn(struct hw_op *op);

struct hw_op {
	hw_op_fn *done;      /* the next step of the conversation */
	void *lent;          /* what the kernel may write until done (checked by ASan builds) */
	uint32_t lent_size;  /* bytes of it */
	int32_t res;         /* >= 0 value, < 0 negative errno, as the kernel said it */
	uint16_t generation; /* counts submits */
	uint16_t buffer_id;  /* of a head buffer, valid in done of hw_ring_recv_head */
	bool in_flight;      /* from submit until just before the last done */
	bool has_more;       /* multishot: this done is not the last one */
	bool is_accept;      /* the ring's: what comes is a socket */
	bool is_known;       /* the ring's: res stands; only its time is to come */
};

#endif
