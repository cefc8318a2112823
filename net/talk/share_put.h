/* SPDX-License-Identifier: Apache-2.0
 *
 * share_put.h - PUT /s/{id}/{name}: a raw body becomes a file of a share, by its owner
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never (from the pool of uploads)
 * Owns: its intake
 *
 * The catalog knows the file before its first byte, so that receivers can follow it. It cannot be
 * gone on with: when the body breaks off it is forgotten. In a share of mode live nothing is
 * stored.
 */
#ifndef HW_NET_TALK_SHARE_PUT_H
#define HW_NET_TALK_SHARE_PUT_H

#include "net/talk/admission.h"
#include "net/talk/intake.h"
#include "net/talk/report.h"

enum hw_share_put_state {
	HW_SHARE_PUT_FREE = 0,
	HW_SHARE_PUT_ENTERING,   /* the client's limits are asked for; their owner wakes it */
	HW_SHARE_PUT_CREATING,   /* the catalog wakes it */
	HW_SHARE_PUT_TAKING,     /* the intake wakes it */
	HW_SHARE_PUT_ABANDONING, /* the catalog wakes it: there is no room for the file */
	HW_SHARE_PUT_REPLYING,   /* the link is being sent */
	HW_SHARE_PUT_TELLING,    /* the share's followers hear of the end; their room wakes it */
	HW_SHARE_PUT_STATE_COUNT,
};

struct hw_share_put {
	struct hw_intake intake; /* first: it is page-aligned */
	struct hw_report report; /* of the upload, for those who follow the share */
	struct hw_notice notice;
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_admission admission;
	struct hw_catalog_request request;
	struct hw_upload upload;
	uint64_t begun_us;
	enum hw_share_put_state state;
	bool has_notice; /* followers are to hear that there is a file more */
	bool is_live;    /* nothing of it is stored; may_spill: as it turned out */
	bool may_spill;
};

/* @id, @name: segments of the path, escaped. */
void hw_share_put_begin(struct hw_talks *talks, struct hw_http_conn *conn, struct hw_span id,
			struct hw_span name);

#endif
