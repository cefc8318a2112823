/* SPDX-License-Identifier: Apache-2.0
 *
 * admission.h - what stands before the bytes of a share: the client's limits, the share's password
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (embedded in a talk)
 * Owns: a hold on the client's rates; the password, until it was looked at
 *
 * Each question is answered at once where nothing has to be asked (no limit configured, no
 * password, or a pass that is good), and from a later turn where something has.
 */
#ifndef HW_NET_TALK_ADMISSION_H
#define HW_NET_TALK_ADMISSION_H

#include "net/talk/password.h"
#include "net/talk/rate.h"

enum hw_admission_verdict {
	HW_ADMISSION_IN = 0, /* go on */
	HW_ADMISSION_WAIT,   /* done comes */
	HW_ADMISSION_OUT,    /* the request was answered; the talk forgets it */
};

struct hw_admission {
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_rate_hold *hold; /* until leave */
	struct hw_password_job password;
	void (*done)(struct hw_admission *admission, bool is_in); /* false: it was answered */
	enum hw_rate_kind kind;
	bool gives_pass; /* a password was right: the answer carries a pass (hw_pass_write) */
};

void hw_admission_init(struct hw_admission *admission, struct hw_talks *talks,
		       struct hw_http_conn *conn,
		       void (*done)(struct hw_admission *admission, bool is_in));
/* May this client begin one more transfer? While the request's head is there. */
enum hw_admission_verdict hw_admission_rate(struct hw_admission *admission, enum hw_rate_kind kind);
/* May it see this share? Likewise; the head stays until done. */
enum hw_admission_verdict hw_admission_password(struct hw_admission *admission,
						const uint8_t share_id[HW_SHARE_ID_SIZE],
						const struct hw_share_access *access);
/* The transfer has ended, or never began. */
void hw_admission_leave(struct hw_admission *admission);

#endif
