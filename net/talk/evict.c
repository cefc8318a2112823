/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> mail -> (home) told: the intake stops -> mail -> was_told -> timer -> done
 */
#include "net/talk/evict.h"

#include <errno.h>

#include "net/talk/intake.h"

static void told(struct hw_mail *mail);
static void was_told(struct hw_mail *mail);
static void waited(struct hw_timer *timer);

void hw_evict_begin(struct hw_evict *evict, uint16_t home)
{
	hw_assert(home < evict->talks->options.peer_count);
	evict->home = evict->talks->options.peers[home];
	evict->tries++;
	evict->mail.deliver = told;
	hw_mailbox_post(&evict->home->reactor->mailbox, evict->talks->reactor->ring, &evict->mail);
}

static void told(struct hw_mail *mail)
{
	struct hw_evict *evict = hw_container_of(mail, struct hw_evict, mail);
	struct hw_intake *intake = hw_intake_find(evict->home, evict->file_id);
	if (intake != NULL) {
		hw_intake_stop(intake, -ECANCELED);
	}
	evict->mail.deliver = was_told;
	hw_mailbox_post(&evict->talks->reactor->mailbox, evict->home->reactor->ring, &evict->mail);
}

static void was_told(struct hw_mail *mail)
{
	struct hw_evict *evict = hw_container_of(mail, struct hw_evict, mail);
	hw_timer_start(&evict->talks->reactor->timers, &evict->timer, HW_EVICT_WAIT_MS, waited);
}

static void waited(struct hw_timer *timer)
{
	struct hw_evict *evict = hw_container_of(timer, struct hw_evict, timer);
	evict->done(evict);
}
