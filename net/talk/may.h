/* SPDX-License-Identifier: Apache-2.0
 *
 * may.h - who may do what
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 *
 * All of these look at the request's head.
 */
#ifndef HW_NET_TALK_MAY_H
#define HW_NET_TALK_MAY_H

#include "net/talk/talk.h"

/* May files and shares be made by who asks? When not, the request is answered (403) and the caller
 * forgets it. */
bool hw_may_upload(const struct hw_talks *talks, struct hw_http_conn *conn);
/* May who asks look at everything and end it? */
bool hw_may_operate(const struct hw_talks *talks, const struct hw_http_conn *conn);

#endif
