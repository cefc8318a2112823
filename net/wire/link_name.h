/* SPDX-License-Identifier: Apache-2.0
 *
 * link_name.h - which names a link may have besides its id
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: HW_LINK_NAME_SIZE_MIN to HW_LINK_NAME_SIZE_MAX bytes
 *
 * An id and an own name stand at the same place of a link, so no name may look like an id: whoever
 * saw the id of another's share could otherwise take it as a name. Lower case only: links are read
 * aloud, and mail programs change the case.
 */
#ifndef HW_NET_WIRE_LINK_NAME_H
#define HW_NET_WIRE_LINK_NAME_H

#include "core/base/limits.h"
#include "core/base/span.h"

enum hw_link_name_verdict {
	HW_LINK_NAME_GOOD = 0,
	HW_LINK_NAME_TOO_SHORT,
	HW_LINK_NAME_TOO_LONG,
	HW_LINK_NAME_CHARACTER, /* not [a-z0-9_-], or a first one that is not [a-z0-9] */
	HW_LINK_NAME_LIKE_ID,   /* 26 characters of base32 */
	HW_LINK_NAME_RESERVED,  /* a word that people would take for a page of ours */
	HW_LINK_NAME_VERDICT_COUNT
};

enum hw_link_name_verdict hw_link_name_judge(struct hw_span name);

/* One plain sentence for the client; static; NULL for GOOD. */
const char *hw_link_name_reason(enum hw_link_name_verdict verdict);

#endif
