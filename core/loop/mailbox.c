/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a mail:
 *
 *   post: next = newest, newest = mail  ->  (owner asleep? wake its ring)
 *   deliver: take the whole stack, turn it round (oldest first) -> mail->deliver(mail) one by one
 *
 * Why a stack that is taken whole, and not a ring for each pair of threads: nodes are embedded, so
 * it is never full and nobody needs a plan for "full"; the receiver pays one exchange for any
 * number of mails; and N threads need N mailboxes, not N * N rings. ABA cannot happen: only the
 * owner removes, and it removes everything.
 *
 * Sleeping: the owner says is_asleep, then looks once more; the sender pushes, then looks at
 * is_asleep. Both are sequentially consistent, so at least one of the two sees the other.
 */
#include "core/loop/mailbox.h"

void hw_mailbox_init(struct hw_mailbox *box, int ring_fd)
{
	atomic_init(&box->newest, NULL);
	atomic_init(&box->is_asleep, false);
	box->ring_fd = ring_fd;
	box->ready = NULL;
}

void hw_mailbox_post(struct hw_mailbox *box, struct hw_ring *ring, struct hw_mail *mail)
{
	hw_assert(mail->deliver != NULL);
	struct hw_mail *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);
	do {
		mail->next = newest;
	} while (!atomic_compare_exchange_weak(&box->newest, &newest, mail));
	if (atomic_load(&box->is_asleep) && atomic_exchange(&box->is_asleep, false)) {
		hw_ring_wake(ring, box->ring_fd);
	}
}

static void ready_refill(struct hw_mailbox *box)
{
	struct hw_mail *mail = atomic_exchange(&box->newest, NULL);
	while (mail != NULL) {
		struct hw_mail *older = mail->next;
		mail->next = box->ready;
		box->ready = mail;
		mail = older;
	}
}

uint32_t hw_mailbox_deliver(struct hw_mailbox *box, uint32_t count_max)
{
	uint32_t count = 0;
	while (count < count_max) {
		if (box->ready == NULL) {
			ready_refill(box);
		}
		struct hw_mail *mail = box->ready;
		if (mail == NULL) {
			break;
		}
		box->ready = mail->next;
		mail->next = NULL;
		mail->deliver(mail); /* may free or post @mail again */
		count++;
	}
	return count;
}

bool hw_mailbox_sleep_begin(struct hw_mailbox *box)
{
	if (box->ready != NULL) {
		return false;
	}
	atomic_store(&box->is_asleep, true);
	if (atomic_load(&box->newest) != NULL) {
		atomic_store(&box->is_asleep, false);
		return false;
	}
	return true;
}

void hw_mailbox_sleep_end(struct hw_mailbox *box)
{
	atomic_store(&box->is_asleep, false);
}
