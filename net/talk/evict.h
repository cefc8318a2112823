/* SPDX-License-Identifier: Apache-2.0
 *
 * evict.h - make room for who goes on with an upload: the connection that still has it lets go
 *
 * Room: net/talk    Thread: the asking reactor; its mail runs at the upload's home    Blocks: never
 * Allocates: never (embedded in who asks)
 *
 * A client whose link broke comes back before the server has seen the break. The old request's
 * body is then ended where it is, what came is stored, and the new request finds the upload
 * free. The old client's answer is a closed connection.
 */
#ifndef HW_NET_TALK_EVICT_H
#define HW_NET_TALK_EVICT_H

#include "core/loop/mailbox.h"
#include "core/loop/timers.h"

#define HW_EVICT_TRIES_MAX 150U /* of HW_EVICT_WAIT_MS: 3 s; a disk that takes longer is 423 */
#define HW_EVICT_WAIT_MS   20U

struct hw_talks;

struct hw_evict {
	struct hw_mail mail;
	struct hw_timer timer;
	struct hw_talks *talks; /* who asks */
	struct hw_talks *home;
	uint64_t file_id;
	uint32_t tries;
	void (*done)(
		struct hw_evict *evict); /* it was told, and had a moment: ask the catalog again */
};

/* @evict: talks, file_id, done are set, tries counts on; lent until done. @home: index of a
 * reactor. */
void hw_evict_begin(struct hw_evict *evict, uint16_t home);

#endif
