/* SPDX-License-Identifier: Apache-2.0
 *
 * crypt.h - the thread that computes passwords, and knows who guessed how often
 *
 * Room: core/gate    Thread: crypt, except hw_crypt_submit and done (reactor)
 * Blocks: for a tenth of a second at a time    Allocates: as phc.h says
 * Owns: the queue, and the tables of wrong guesses by share and by client
 * Limits: HW_CRYPT_QUEUE_MAX requests that wait; more are answered -ENOBUFS at once
 *
 * A request is refused where it arrives when its share or its client has guessed too often, so that
 * the queue is for those who may; and looked at again when its turn comes, for what stood before it
 * may have been wrong too.
 */
#ifndef HW_CORE_GATE_CRYPT_H
#define HW_CORE_GATE_CRYPT_H

#include "core/base/limits.h"
#include "core/gate/attempts.h"
#include "core/gate/phc.h"
#include "core/loop/worker.h"

#define HW_CRYPT_QUEUE_MAX 64U /* some 8 s of work: longer nobody waits */
#define HW_CRYPT_RETRY_S   5U  /* what who found the queue full is told */

enum hw_crypt_verb {
	HW_CRYPT_NONE = 0,
	HW_CRYPT_HASH,  /* password -> phc */
	HW_CRYPT_CHECK, /* is it the password of phc? */
	HW_CRYPT_VERB_COUNT,
};

struct hw_crypt;
struct hw_crypt_request;
typedef void hw_crypt_fn(struct hw_crypt_request *request);

/* Embedded in the conversation that asks, lent from submit until done. */
struct hw_crypt_request {
	struct hw_mail mail;
	struct hw_crypt *crypt;
	struct hw_reactor *reactor;
	hw_crypt_fn *done;
	enum hw_crypt_verb verb;
	/* 0, -EACCES wrong, -EAGAIN guessed too often: not before retry_s, -ENOBUFS too many wait:
	 * likewise, -EBADMSG phc is no such text, -ENOMEM, -ESHUTDOWN. */
	int32_t res;
	uint32_t retry_s;
	uint8_t share_id[HW_SHARE_ID_SIZE]; /* CHECK */
	struct hw_address client;           /* CHECK; size 0: not known, and not counted */
	uint16_t password_size;             /* 1 .. HW_PASSWORD_SIZE_MAX */
	uint8_t phc_size;                   /* CHECK: in; HASH: out */
	char phc[HW_PHC_SIZE_MAX];
	char password[HW_PASSWORD_SIZE_MAX]; /* wiped before done runs */
	bool in_flight;
};

struct hw_crypt {
	struct hw_turn_hook hook;
	struct hw_worker *worker;
	struct hw_mail cut_mail;
	struct hw_mail *first; /* of the queue, linked by their mail */
	struct hw_mail *last;
	uint32_t queue_count;
	bool is_cut; /* the daemon stops: what waits is answered, not computed */
	struct hw_attempts shares;
	struct hw_attempts clients;
};

/* Hang it into @worker, before that runs. @worker: lent until deinit. */
void hw_crypt_init(struct hw_crypt *crypt, struct hw_worker *worker);
/* After the worker's thread has ended. Asserts that every request was answered. */
void hw_crypt_deinit(struct hw_crypt *crypt);
/* From now on everything is answered -ESHUTDOWN. From main, once; @ring: main's own. */
void hw_crypt_cut(struct hw_crypt *crypt, struct hw_ring *ring);

/* @request: lent until @done, which runs on @reactor from a later turn. */
void hw_crypt_submit(struct hw_crypt *crypt, struct hw_reactor *reactor,
		     struct hw_crypt_request *request, enum hw_crypt_verb verb, hw_crypt_fn *done);

#endif
