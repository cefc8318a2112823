/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox.h - how threads talk: many senders, one receiver, no lock, no allocation
 *
 * Room: core/loop    Thread: post from any, the rest from the owner    Blocks: never    Allocates:
 * never
 *
 * A mail is embedded in the object that it is about, and carries the function that its receiver
 * runs. To send it is to lend the whole object: the sender does not touch it until the receiver
 * mails it back. So there are never more mails than objects in the (bounded) pools, and a mailbox
 * cannot be full. Mails of one sender arrive in the order in which they were posted.
 */
#ifndef HW_CORE_LOOP_MAILBOX_H
#define HW_CORE_LOOP_MAILBOX_H

#include <stdatomic.h>

#include "core/loop/ring.h"

struct hw_mail;
typedef void hw_mail_fn(struct hw_mail *mail);

struct hw_mail {
	struct hw_mail *next;
	hw_mail_fn *deliver; /* runs on the receiver's thread, from hw_mailbox_deliver() */
};

struct hw_mailbox {
	_Alignas(64) _Atomic(struct hw_mail *) newest; /* pushed by senders: last one first */
	atomic_bool is_asleep;                         /* the owner waits in its ring */
	int ring_fd;                                   /* of the owner, to wake it */
	struct hw_mail *ready;                         /* taken over, oldest first; owner only */
};

/* @ring_fd: the owner's ring. */
void hw_mailbox_init(struct hw_mailbox *box, int ring_fd);

/* @mail: lent until its deliver has run. @ring: the calling thread's own, to wake a sleeping
 * receiver with its next turn. */
void hw_mailbox_post(struct hw_mailbox *box, struct hw_ring *ring, struct hw_mail *mail);

/* Run at most @count_max mails. Returns how many ran. Owner only. */
uint32_t hw_mailbox_deliver(struct hw_mailbox *box, uint32_t count_max);

/* Around a wait. begin returns false when there is mail: do not wait. Owner only. */
bool hw_mailbox_sleep_begin(struct hw_mailbox *box) HW_MUST_CHECK;
void hw_mailbox_sleep_end(struct hw_mailbox *box);

#endif
